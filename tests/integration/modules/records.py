# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud's own records, read alike whatever product they are of."""

from __future__ import annotations

import typing as t


def tags(record: dict[str, t.Any]) -> dict[str, str]:
    """The tags of a record, in whichever of the products' spellings."""
    found = record.get("Tags") or []
    if isinstance(found, dict):
        found = found.get("Tag", [])
    return {str(tag.get("TagKey", tag.get("Key"))): str(tag.get("TagValue", tag.get("Value"))) for tag in found}
