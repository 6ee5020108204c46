# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks that a crash is tried in, each with the account that it starts from."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from modules import shareable
from modules.shareable import PARTNER

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules

Variables = dict[str, t.Any]
THIRD = "4567890123456789"
KEY_FILE = "alitrust-web.pem"
SECRET = "fleets/web"
FLEET: Variables = {
    "fleet_name": "web",
    "fleet_count": 2,
    "fleet_instance_type": "ecs.g7t.large",
    "fleet_image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
    "fleet_reach": False,
    "network_name": "web",
    "network_zone_id": "cn-hangzhou-h",
    "network_ssh_from": ["192.0.2.0/24"],
    "network_rules": [{"protocol": "tcp", "ports": "443", "cidr": "192.0.2.0/24", "description": "HTTPS"}],
}
#: The private key goes to a secret, disks are encrypted with a key of the account, and the account has more to do.
SECRET_FLEET: Variables = {
    **FLEET,
    "fleet_private_key_secret": SECRET,
    "fleet_tags": {"team": "a"},
    "account_kms_key_alias": "account",
    "account_trust_actions": ["yundun-systrust:GenerateNonce", "yundun-systrust:PutMessage"],
}
KNOWN_HOSTS = """\
192.0.2.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ
# BEGIN alitrust.ecs fleet web
172.16.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ
# END alitrust.ecs fleet web
"""


def nothing(_modules: Modules, _home: Path) -> Variables:
    """What is there is what the start has."""
    return {}


@dataclass(frozen=True)
class Scenario:
    """A playbook and what it starts from.

    :ivar after: the scenario whose result it starts from; None for an empty account
    :ivar prepare: makes what else is there, and returns more variables
    :ivar sample: how many of its points the default run tries
    """

    name: str
    playbook: str
    sample: int
    variables: Variables = field(default_factory=dict)
    after: str | None = None
    prepare: t.Callable[[Modules, Path], Variables] = nothing


def _encrypted_disks(modules: Modules, _home: Path) -> Variables:
    disk = {"category": "cloud_essd", "size": 40, "encrypted": True, "kms_key_id": shareable.key(modules)}
    return {"fleet_system_disk": disk, "fleet_data_disks": [disk]}


def _drifted(modules: Modules, _home: Path) -> Variables:
    """Somebody has stopped an instance and taken the role from the other; wishes have changed as well."""
    first, second = sorted(modules.cloud.resources("instance"), key=lambda one: str(one["InstanceName"]))
    call = modules.door().call
    call("ecs", "DetachInstanceRamRole", InstanceIds=f'["{second["InstanceId"]}"]', RamRoleName="alitrust-instance")
    call("ecs", "StopInstance", InstanceId=first["InstanceId"])
    modules.cloud.clock_advance(60)
    key = modules.run("kms_key", alias="disks")["kms_key"]["key_id"]
    return {
        "fleet_data_disks": [{"category": "cloud_essd", "size": 40, "encrypted": True, "kms_key_id": key}],
    }


def _key(modules: Modules, _home: Path) -> Variables:
    shareable.key(modules)
    return {}


def _image(modules: Modules, _home: Path) -> Variables:
    return {"encrypted_share_image_id": shareable.image(modules, shareable.key(modules))}


def _snapshots(modules: Modules, _home: Path) -> Variables:
    key = shareable.key(modules)
    ids = [shareable.snapshot(modules, number, key) for number in (0, 1)]
    return {"encrypted_share_snapshot_ids": ids, "encrypted_share_name": "backup"}


def _instances(modules: Modules, _home: Path) -> Variables:
    return {"isolate_instance_ids": [one["InstanceId"] for one in modules.cloud.resources("instance")]}


def _known_hosts(_modules: Modules, home: Path) -> Variables:
    (home / ".ssh" / "known_hosts").write_text(KNOWN_HOSTS)
    return {}


_CHANGED: Variables = {
    **FLEET,
    "fleet_count": 3,
    "fleet_tags": {"stage": "test"},
    "fleet_deletion_protection": True,
    "fleet_internet_max_bandwidth_out": 5,
    "fleet_system_disk": {"size": 500, "performance_level": "PL2"},
    "network_ssh_from": ["198.51.100.0/24"],
    "network_rules_state": "exact",
    "network_outbound": "deny",
}
_SHARE: Variables = {"encrypted_share_account_ids": [PARTNER, THIRD]}
_WITH_NOBODY: Variables = {"encrypted_share_account_ids": []}
SCENARIOS = {
    one.name: one
    for one in (
        Scenario("provision", "provision", 5, FLEET),
        Scenario("provision-secret", "provision", 2, SECRET_FLEET, prepare=_encrypted_disks),
        Scenario("provision-changed", "provision", 2, _CHANGED, after="provision", prepare=_drifted),
        Scenario("share-image", "share", 1, _SHARE, prepare=_image),
        Scenario("share-snapshots", "share", 1, _SHARE, prepare=_snapshots),
        Scenario("unshare-image", "unshare", 1, after="share-image"),
        Scenario("unshare-snapshots", "unshare", 1, after="share-snapshots"),
        Scenario("unshare-image-all", "unshare", 1, _WITH_NOBODY, after="share-image"),
        Scenario("unshare-snapshots-all", "unshare", 1, _WITH_NOBODY, after="share-snapshots"),
        Scenario("isolate", "isolate", 1, after="provision", prepare=_instances),
        Scenario(
            "kms_access",
            "kms_access",
            1,
            {"kms_access_key": "alias/disks", "kms_access_fleet": "web", "kms_access_hosts": "localhost:!localhost"},
            after="provision",
            prepare=_key,
        ),
        Scenario("teardown", "teardown", 2, FLEET, after="provision", prepare=_known_hosts),
        Scenario("teardown-secret", "teardown", 1, SECRET_FLEET, after="provision-secret"),
    )
}
