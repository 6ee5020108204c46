# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what is encrypted can be shared: the share role is in place, for these recipients and keys. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import UnexpectedState
from .._kms.share_role import ROLES, may_use, read_key
from .._ram import policies, recipients, roles
from .._ram.recipients import Recipients
from .sources import Source

_PURPOSE = {"image": "share_image", "snapshot": "share_snapshot"}


def check(cloud: Cloud, sources: t.Sequence[Source], wanted: Recipients) -> None:
    """Prove that the recipients could use what they are given.

    :raises UnexpectedState: everything that is missing, at once
    :raises InvalidInput: they are this account itself
    """
    recipients.refuse_own(cloud, wanted)
    by_service_key = [str(source) for source in sources if source.service_key]
    if by_service_key:
        raise UnexpectedState(
            f"The {', '.join(by_service_key)} is encrypted with the service key of ECS, which cannot be shared.",
            hint="Copy it with a CMK of your own (alitrust.ecs.image, alitrust.ecs.snapshot), and share the copy.",
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
    left_out = recipients.untrusted(recipients.of_trust_policy(role.trust_policy), wanted)
    if left_out:
        found.append(f"the role {name} does not trust {', '.join(left_out)}.")
    granted = policies.read_documents(cloud, roles.read_attached(cloud, name))
    unusable = [key_id for key_id in key_ids if not may_use(granted, read_key(cloud, key_id))]
    return found + [f"the role {name} may not use the key {key_id}." for key_id in unusable]
