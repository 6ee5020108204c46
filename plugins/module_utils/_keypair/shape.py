# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key pair as results show it, the same from the module and its C(_info). Private."""

from __future__ import annotations

import typing as t

from .._core import tags


def key_pair(item: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """From an item of DescribeKeyPairs with C(IncludePublicKey)."""
    return {
        "name": str(item["KeyPairName"]),
        "fingerprint": str(item.get("KeyPairFingerPrint") or ""),
        "public_key": str(item.get("PublicKey") or "").strip(),
        "tags": tags.own(tags.from_api((item.get("Tags") or {}).get("Tag"))),
        "creation_time": str(item.get("CreationTime") or ""),
    }
