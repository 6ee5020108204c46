# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With whom this collection has shared an image, kept in tags of the image. Private; pure functions.

The share of an image has no tags of its own, and DescribeImageSharePermission does not tell who made it. A tag takes
the numbers of several accounts, and its key one of them: so runs that share with different accounts at the same time do
not write over each other's tags.
"""

from __future__ import annotations

import typing as t

from .._core import tags

_PREFIX = f"{tags.OWN_PREFIX}shared-with-"

#: The record in words.
PROOF = f"a tag {_PREFIX}... that names them"
#: Tags of an image that this takes at most, of the 20 that it can have.
_MOST = 8


def accounts_in(labels: t.Mapping[str, str]) -> frozenset[str]:
    """The accounts that tags of an image record."""
    return frozenset(one for key, value in labels.items() if key.startswith(_PREFIX) for one in value.split())


def changes(labels: t.Mapping[str, str], accounts: t.Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Tags to set and keys to remove, by which an image records these accounts and no others."""
    left = {
        key: " ".join(one for one in value.split() if one in accounts)
        for key, value in labels.items()
        if key.startswith(_PREFIX)
    }
    wanted = {key: value for key, value in left.items() if value}
    wanted |= _packed(set(accounts) - accounts_in(wanted), taken=wanted)
    if len(wanted) > _MOST:
        wanted = _packed(accounts, taken=())
    to_set = {key: value for key, value in wanted.items() if labels.get(key) != value}
    return to_set, sorted(key for key in labels if key.startswith(_PREFIX) and key not in wanted)


def _packed(accounts: t.Collection[str], taken: t.Container[str]) -> dict[str, str]:
    """:param taken: keys of other accounts"""
    values: list[str] = []
    for one in sorted(accounts):
        if values and len(values[-1]) + 1 + len(one) <= tags.LONGEST_VALUE:
            values[-1] += f" {one}"
        else:
            values.append(one)
    return {
        next((key for one in value.split() if (key := f"{_PREFIX}{one}") not in taken), f"{_PREFIX}{number}"): value
        for number, value in enumerate(values, 1)
    }
