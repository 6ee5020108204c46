# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSH host keys of instances, learnt through Cloud Assistant. Private.

A scan of port 22 trusts whoever answers. Cloud Assistant's answer comes through the signed API instead.
"""

from __future__ import annotations

import re
import typing as t

from .._assistant import commands
from .._cloud.door import Cloud, chunks
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming
from .._core.waiter import wait_for
from .names import counted

_COMMAND = "cat /etc/ssh/ssh_host_*_key.pub"
_KEY = re.compile(r"^(?P<type>[a-z0-9@.-]+) (?P<blob>AAAA[0-9A-Za-z+/=]+)(?: .*)?$")

#: Reasons of a failed invocation that pass while an instance is still booting.
_NOT_YET = frozenset({"ClientNotRunning", "ClientNotResponse", "InstanceNotRunning", "DeliveryTimeout"})


def read_host_keys(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The module's result: for each instance its id and its public host keys.

    :raises InvalidInput: no ids
    :raises UnexpectedState: an instance that does not exist, or whose command failed
    :raises WaitTimeout: an instance whose agent did not answer in time
    """
    ids = options["instance_ids"]
    if not ids:
        raise InvalidInput("instance_ids is empty; expected at least one instance id.")
    naming.check_instance_ids(ids)
    found = [item for part in chunks(ids, commands.AT_ONCE) for item in _ask(cloud, part, options["wait_timeout"])]
    by_id = {item["instance_id"]: item for item in found}
    return {"host_keys": [by_id[instance_id] for instance_id in ids]}


def _ask(cloud: Cloud, ids: list[str], timeout: float) -> list[dict[str, t.Any]]:
    """Ask until every instance has answered: the agent of a fresh instance comes up a little after it is Running."""
    answers: dict[str, dict[str, t.Any]] = {}

    def poll() -> dict[str, str]:
        waiting = [one for one in ids if one not in answers]
        states = {}
        for result in commands.run_shell(cloud, waiting, _COMMAND, "alitrust-host-keys", timeout):
            instance_id = result["InstanceId"]
            if commands.succeeded(result):
                answers[instance_id] = {"instance_id": instance_id, "public_keys": _keys(instance_id, result)}
            elif result.get("ErrorCode") in _NOT_YET:
                states[instance_id] = str(result["ErrorCode"])
            else:
                raise UnexpectedState(
                    f"Cloud Assistant could not read the host keys of {instance_id}: {result.get('InvocationStatus')} "
                    f"{result.get('ErrorCode') or ''} {result.get('ErrorInfo') or ''}".rstrip()
                    + "."
                )
        return states

    wait_for(
        cloud,
        f"Cloud Assistant to answer for {counted(len(ids))}",
        poll,
        lambda states: len(answers) == len(ids),
        lambda states: ", ".join(f"{one}: {why}" for one, why in sorted(states.items())) or "no result yet",
        timeout=timeout,
        interval=1.0,
    )
    return list(answers.values())


def _keys(instance_id: str, result: dict[str, t.Any]) -> list[str]:
    text = commands.output(result)
    matches = [_KEY.match(line.strip()) for line in text.splitlines()]
    keys = sorted(f"{match['type']} {match['blob']}" for match in matches if match)
    if not keys:
        raise UnexpectedState(f"{instance_id} has no SSH host keys in /etc/ssh.", hint="Is an SSH server installed?")
    return keys
