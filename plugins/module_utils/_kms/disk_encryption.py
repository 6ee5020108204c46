# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to encrypt disks: KMS, usable keys, and the role by which ECS uses them. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AccessDenied, UnexpectedState
from .._ram import documents, roles
from .._ram.roles import ECS
from . import keys
from .service import read_status
from .share_role import DISK_POLICY, ROLES, SERVICE_KEY, read_key, service_key_id

_ROLE = ROLES["disk_encrypt"]
_ALIAS = "alias/"
_MEND = "Mend that with alitrust.ecs.kms_share_role and purpose: disk_encrypt."


def problems(cloud: Cloud, key_ids: t.Iterable[str | None]) -> list[str]:
    """What stands in the way of encrypting disks, a sentence each; empty when nothing does.

    A CMK is used by ECS through a role of the account; the service key needs none (Encryption-related permissions).

    :param key_ids: the key of each encrypted disk, None for the service key
    :raises AccessDenied: one of the facts cannot be read
    """
    wanted = list(dict.fromkeys(key_ids))
    if not wanted:
        return []
    status = read_status(cloud)
    if status != "Enabled":
        return [f"KMS is {status}; encrypted disks need it. Switch it on with alitrust.ecs.kms_service."]
    service_key = service_key_id(cloud) if any(wanted) else ""
    own = [key_id for key_id in wanted if key_id and key_id not in (service_key, SERVICE_KEY)]
    found = [problem for key_id in own if (problem := _key_problem(cloud, key_id))]
    return found + (_role_problems(cloud) if own else [])


def key_ids(cloud: Cloud, names: t.Iterable[str]) -> dict[str, str | None]:
    """The keys that aliases stand for, which ECS does not take. An alias without a key is left out; it is one of
    L(problems). The alias of the service key stands for none before ECS has made that key, and needs none.

    :raises AccessDenied: a key cannot be read
    """
    aliases = [name for name in dict.fromkeys(names) if name.startswith(_ALIAS)]
    if not aliases or not _is_on(cloud):
        return {}
    found = {name: keys.describe(cloud, name) for name in aliases}
    known: dict[str, str | None] = {name: str(metadata["KeyId"]) for name, metadata in found.items() if metadata}
    return {**dict.fromkeys({SERVICE_KEY} & found.keys()), **known}


def _is_on(cloud: Cloud) -> bool:
    try:
        return read_status(cloud) == "Enabled"
    except AccessDenied:
        return True


def _key_problem(cloud: Cloud, key_id: str) -> str:
    try:
        read_key(cloud, key_id)
    except UnexpectedState as error:
        return error.message
    return ""


def _role_problems(cloud: Cloud) -> list[str]:
    role = roles.read_role(cloud, _ROLE)
    if role is None:
        return [f"Disks are encrypted with a CMK through the RAM role {_ROLE}, which does not exist. {_MEND}"]
    if not documents.trusts_service(role.trust_policy, ECS):
        return [f"The RAM role {_ROLE} does not trust {ECS}, so that disks cannot be encrypted with a CMK. {_MEND}"]
    if DISK_POLICY not in roles.read_attached(cloud, _ROLE):
        return [f"The RAM role {_ROLE} lacks the {DISK_POLICY}, so that disks cannot be encrypted with a CMK. {_MEND}"]
    return []
