# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request that creates instances, and the token that keeps it from creating them twice. Private.

A re-run after a crash must send the token of the crashed run, so the token is made from what both know: the fleet and
the instances it had before. It does not depend on how many more are wanted, nor on which of several instance types,
vSwitches or images is used: two runs that want or choose differently then cannot both create, because a token that was
used with other parameters is refused. Only where all have one name, so that it cannot be told which of them are there,
is it made from the whole request as the options have it. A token that depended on the request alone would bring back
the ids of instances that were deleted since; the same can still happen here when a fleet is back at a former set of
instances, which is why the ids in the answer are believed only once they are seen (creation.py).
"""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

from .._core import tags as tagging
from . import encryption, user_data
from .desired import Desired
from .disk_limits import DEFAULT_CATEGORY
from .families import PARAMETER, TRUSTED_SYSTEM_MODE, family
from .names import Pattern
from .trust_client_script import script

#: What RunInstances cannot do without, as options of the module; one of each.
NEEDED = (
    ("instance_type", "instance_types"),
    ("image_id", "image_family", "image_name"),
    ("vswitch_id", "vswitch_ids", "vswitch_names"),
    ("security_group_ids", "security_group_names"),
)
MOST_AT_ONCE = 100

_PLAIN = {
    "instance_type": "InstanceType",
    "image_id": "ImageId",
    "vswitch_id": "VSwitchId",
    "zone_id": "ZoneId",
    "key_name": "KeyPairName",
    "ram_role_name": "RamRoleName",
    "description": "Description",
    "http_endpoint": "HttpEndpoint",
    "http_tokens": "HttpTokens",
    "deletion_protection": "DeletionProtection",
    "security_enhancement_strategy": "SecurityEnhancementStrategy",
    "internet_max_bandwidth_out": "InternetMaxBandwidthOut",
    "internet_charge_type": "InternetChargeType",
}
#: Parameters that depend on which choice is taken, and the options that say among which.
_CHOSEN = ("InstanceType", "VSwitchId", "ImageId", "SecurityOptions")
_CHOICES = (
    *(name for names in NEEDED[:3] for name in names),
    "image_owner",
    "trusted_mode",
    "trusted_families",
    "secure_boot",
)
_DISK = {
    "category": "Category",
    "performance_level": "PerformanceLevel",
    "encrypted": "Encrypted",
    "kms_key_id": "KMSKeyId",
    "snapshot_id": "SnapshotId",
    "delete_with_instance": "DeleteWithInstance",
}


def calls(amount: int) -> list[int]:
    """How many instances each call creates, where their names follow each other."""
    return [min(MOST_AT_ONCE, amount - begin) for begin in range(0, amount, MOST_AT_ONCE)]


def parameters(options: t.Mapping[str, t.Any], desired: Desired, numbers: t.Sequence[int | None]) -> dict[str, t.Any]:
    """Parameters of RunInstances for a run of consecutive numbers; C([None]) for the one instance with a plain name.

    :param options: with one instance type, one vSwitch and the image chosen
    """
    given = {**encryption.made(options, desired.plain_disks), **desired.of_new}
    params: dict[str, t.Any] = {api: given[key] for key, api in _PLAIN.items() if given[key] not in (None, "")}
    params["SecurityGroupIds"] = list(desired.attributes["security_group_ids"])
    params["Amount"] = len(numbers)
    params["InstanceName"] = _sequence(desired.pattern, numbers) or desired.name_with(numbers[0])
    host_name = _host_name(desired, numbers)
    if host_name:
        params["HostName"] = host_name
    security = _security(options)
    if security:
        params["SecurityOptions"] = security
    params["SystemDisk"] = _disk(given["system_disk"] or {}, text_size=True)
    if given["data_disks"]:
        params["DataDisk"] = [_disk(disk) for disk in given["data_disks"]]
    text = script(options["user_data_allow_http"]) if options["user_data_trust_client"] else options["user_data"]
    if text is not None:
        params["UserData"] = base64.b64encode(user_data.raw(text)).decode()
    params["Tag"] = tagging.to_api({**(desired.tags or {}), tagging.OWNER_KEY: desired.fleet})
    return params


def token(
    options: t.Mapping[str, t.Any],
    params: t.Mapping[str, t.Any],
    fleet: str | None,
    existing: t.Iterable[str],
    *,
    numbered: bool = False,
) -> str:
    """A ClientToken that a re-run makes again, as long as the fleet still looks the same to it.

    :param options: as the task has them, with every choice
    :param params: for any of the choices
    :param existing: ids of the fleet's instances before the call
    :param numbered: whether each of the new instances has a name of its own
    """
    same = {key: value for key, value in params.items() if key not in _CHOSEN}
    choices = {key: options[key] for key in _CHOICES}
    about = [] if numbered else [same, choices]
    text = json.dumps([fleet, sorted(existing), *about], sort_keys=True, separators=(",", ":"))
    return "alitrust-" + hashlib.sha256(text.encode()).hexdigest()[:48]


def _security(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    security: dict[str, t.Any] = {}
    needs = family(options["instance_type"], options["trusted_families"])
    if options["trusted_mode"] and needs is not None and needs.mode == PARAMETER:
        security["TrustedSystemMode"] = TRUSTED_SYSTEM_MODE
    if options["secure_boot"] is not None:
        security["EnableSecureBoot"] = options["secure_boot"]
    return security


def _sequence(pattern: Pattern | None, numbers: t.Sequence[int | None]) -> str | None:
    if pattern is None or numbers[0] is None:
        return None
    return pattern.sequence(numbers[0]) if len(numbers) > 1 else pattern.name(numbers[0])


def _host_name(desired: Desired, numbers: t.Sequence[int | None]) -> str | None:
    hosts = Pattern.parse("host_name", desired.host_name) if desired.host_name else None
    if hosts is None or desired.pattern is None or numbers[0] is None:
        return desired.host_name
    first = hosts.begin + numbers[0] - desired.pattern.begin
    return _sequence(hosts, [first, *numbers[1:]])


def _disk(disk: t.Mapping[str, t.Any], *, text_size: bool = False) -> dict[str, t.Any]:
    given = {**disk, "category": disk.get("category") or DEFAULT_CATEGORY}
    params = {api: given[key] for key, api in _DISK.items() if given.get(key) is not None}
    if disk.get("size") is not None:
        params["Size"] = str(disk["size"]) if text_size else disk["size"]
    if "Encrypted" in params and not text_size:
        params["Encrypted"] = str(params["Encrypted"]).lower()  # text for data disks, a boolean for the system disk
    return params
