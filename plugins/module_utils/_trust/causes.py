# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why an instance is not measured: what Alibaba Cloud's documents name as reasons, looked at one by one. Private."""

from __future__ import annotations

import typing as t

from .._assistant import commands
from .._cloud.door import Cloud, chunks
from .._cloud.errors import AlitrustError, CloudError, UnexpectedState
from .._ram import documents
from .._ram.attachments import read_carriers
from .._ram.instance_role import TRUST_ACTIONS
from .._ram.policies import read_policy
from .._ram.roles import read_attached, read_role
from .section import Instance, told

_PROBE_SECONDS = 60.0

#: Run in the instance on request. It prints one word for each thing that is as it should be.
_PROBE = """\
conf=/etc/ali_trust_net.conf
[ -e /dev/tpm0 ] || [ -e /dev/tpmrm0 ] || grep -Eqs '^ *tcti *= *[^ ]' "$conf" && echo tpm
systemctl is-active --quiet t-trustclient.service && echo unit
host=trusted-server-vpc.{region}.aliyuncs.com
getent hosts "$host" > /dev/null && echo name
timeout 5 bash -c "exec 3<>/dev/tcp/$host/443" 2> /dev/null && echo server
exit 0
"""
_PROBED = {
    "tpm": "there is no TPM device in the instance",
    "unit": "the unit t-trustclient.service does not run; see the role alitrust.ecs.guest",
    "name": "the instance cannot resolve trusted-server-vpc.{region}.aliyuncs.com",
    "server": "trusted-server-vpc.{region}.aliyuncs.com does not answer the instance at port 443; a security group "
    "rule or a route may be in the way",
}


def with_causes(cloud: Cloud, instances: t.Sequence[Instance], *, probe: bool = False) -> list[Instance]:
    """The same instances; where the verdict is C(unmeasured) or C(unknown), C(trust.causes) says what was found.

    :param probe: also look from inside the instances, through Cloud Assistant
    """
    silent = [one for one in instances if one["trust"]["verdict"] in ("unmeasured", "unknown")]
    if not silent:
        return list(instances)
    ids = [one["instance_id"] for one in silent]
    found: dict[str, list[str]] = {one["instance_id"]: _status(one) for one in silent}
    _roles(cloud, ids, found)
    if probe:
        running = [one["instance_id"] for one in silent if one["status"] == "Running"]
        for some in chunks(running, commands.AT_ONCE):
            _inside(cloud, some, found)
    return [
        told(one, {**one["trust"], "causes": found[one["instance_id"]]}) if one["instance_id"] in found else one
        for one in instances
    ]


def _status(one: Instance) -> list[str]:
    causes = [] if one["status"] == "Running" else [f"the instance is {one['status']}, not Running"]
    if not one["trust"]["supports_vtpm"]:
        causes.append("the instance has no vTPM: it does not carry the tag acs:ecs:supportVtpm")
    return causes


def _roles(cloud: Cloud, ids: t.Sequence[str], found: dict[str, list[str]]) -> None:
    try:
        carriers = read_carriers(cloud, ids)
    except CloudError as error:
        for one in ids:
            found[one].append(f"whether a RAM role is attached could not be checked ({error.code})")
        return
    causes = {role: _role_causes(cloud, role) for role in sorted(set(carriers.values())) if role}
    for one, role in carriers.items():
        found[one] += causes[role] if role else ["no RAM role is attached; see alitrust.ecs.instance_ram_role"]


def _role_causes(cloud: Cloud, name: str) -> list[str]:
    """What keeps instances with this role from reporting."""
    try:
        role = read_role(cloud, name)
        if role is None:
            return [f"its RAM role {name} does not exist"]
        policies = [read_policy(cloud, ref) for ref in read_attached(cloud, name)]
    except CloudError as error:
        return [f"what the RAM role {name} permits could not be checked ({error.code})"]
    except AlitrustError as error:
        return [error.message]
    causes = []
    if not documents.trusts_service(role.trust_policy, "ecs.aliyuncs.com"):
        causes.append(f"the trust policy of its RAM role {name} does not name ecs.aliyuncs.com")
    granted = [policy.document for policy in policies if policy]
    missing = [action for action in TRUST_ACTIONS if not documents.permits(granted, action)]
    if missing:
        causes.append(f"its RAM role {name} does not permit {', '.join(missing)}")
    return causes


def _inside(cloud: Cloud, ids: list[str], found: dict[str, list[str]]) -> None:
    command = _PROBE.format(region=cloud.region)
    try:
        answers = {
            one["InstanceId"]: one
            for one in commands.run_shell(cloud, ids, command, "alitrust-trust-probe", _PROBE_SECONDS)
        }
    except AlitrustError as error:
        for one in ids:
            found[one].append(f"the instance could not be looked into: {error.message}")
        return
    for one in ids:
        answer = answers.get(one, {})
        if not commands.succeeded(answer):
            found[one].append(
                f"Cloud Assistant does not answer ({answer.get('ErrorCode') or answer.get('InvocationStatus')})"
            )
            continue
        said = _words(answer)
        found[one] += [text.format(region=cloud.region) for word, text in _PROBED.items() if word not in said]


def _words(answer: t.Mapping[str, t.Any]) -> list[str]:
    try:
        return commands.output(answer).split()
    except UnexpectedState:
        return []
