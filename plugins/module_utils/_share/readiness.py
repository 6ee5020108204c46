# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what is encrypted can be shared: the share role is in place, for these recipients and keys. Private."""

from __future__ import annotations

import typing as t

from .._audit import rights
from .._cloud.door import Cloud
from .._cloud.errors import UnexpectedState
from .._ram import policies, recipients, roles
from .._ram.recipients import Recipients
from .._ram.share_role import ROLES, read_key
from .sources import Source

_USES = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")
_PURPOSE = {"image": "share_image", "snapshot": "share_snapshot"}


def check(cloud: Cloud, sources: t.Sequence[Source], wanted: Recipients) -> None:
    """Prove that the recipients could use what they are given.

    :raises UnexpectedState: everything that is missing, at once
    """
    by_service_key = [str(source) for source in sources if source.service_key]
    if by_service_key:
        raise UnexpectedState(
            f"The {', '.join(by_service_key)} is encrypted with the service key of ECS, which cannot be shared.",
            hint="Copy it with a CMK of your own, and share the copy.",
        )
    encrypted = [source for source in sources if source.encrypted]
    if not encrypted:
        return
    purpose = _PURPOSE[encrypted[0].kind]
    missing = _missing(cloud, ROLES[purpose], wanted, sorted({key for one in encrypted for key in one.key_ids}))
    if missing:
        raise UnexpectedState(
            f"The {', '.join(map(str, encrypted))} is encrypted and cannot be shared yet: {' '.join(missing)}",
            hint=f"Run alitrust.ecs.kms_share_role with purpose {purpose}, these recipients and kms_key_ids first.",
            missing=missing,
        )


def _missing(cloud: Cloud, name: str, wanted: Recipients, key_ids: list[str]) -> list[str]:
    role = roles.read_role(cloud, name)
    if role is None:
        return [f"the role {name} does not exist."]
    found = []
    left_out = untrusted(recipients.of_trust_policy(role.trust_policy), wanted)
    if left_out:
        found.append(f"the role {name} does not trust {', '.join(left_out)}.")
    read = [policies.read_policy(cloud, ref) for ref in roles.read_attached(cloud, name)]
    statements = [one for policy in read if policy for one in rights.statements(policy.document)]
    for key_id in key_ids:
        key = read_key(cloud, key_id)
        arn = f"acs:kms:{key.region}:{key.account}:key/{key.id}"
        if not all(rights.allows(statements, action, arn) for action in _USES):
            found.append(f"the role {name} may not use the key {key_id}.")
    return found


def untrusted(trusted: Recipients | None, wanted: Recipients) -> list[str]:
    """Recipients that a share role leaves out, as far as its trust policy tells.

    Whether an account is in a directory or folder cannot be told from here, and a trust policy that is none of the
    documented ones is not judged; neither counts as missing.
    """
    if trusted is None or (wanted.kind == "account_ids" and trusted.kind != "account_ids"):
        return []
    if trusted.kind == wanted.kind:
        return [one for one in wanted.ids if not any(_covers(other, one) for other in trusted.ids)]
    if trusted.kind == "resource_directory_ids":
        return [one for one in wanted.ids if one.split("/")[0] not in trusted.ids]
    return list(wanted.ids)


def _covers(trusted: str, wanted: str) -> bool:
    """Whether a folder's path includes another's; other IDs only equal themselves."""
    return wanted == trusted or (trusted.endswith("*") and wanted.startswith(trusted[:-1]))
