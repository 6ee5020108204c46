# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With whom this collection has shared an image, kept in tags of the image. Private; pure functions.

The share of an image has no tags of its own, and DescribeImageSharePermission does not tell who made it. A tag takes
the numbers of several accounts; there are as many tags as it takes.
"""

from __future__ import annotations

import typing as t

from .._core import tags

_PREFIX = f"{tags.OWN_PREFIX}shared-with-"

#: The record in words.
PROOF = f"a tag {_PREFIX}1 that names them"


def accounts_in(labels: t.Mapping[str, str]) -> frozenset[str]:
    """The accounts that tags of an image record."""
    return frozenset(one for key, value in labels.items() if key.startswith(_PREFIX) for one in value.split())


def changes(labels: t.Mapping[str, str], accounts: t.Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Tags to set and keys to remove, by which an image records these accounts and no others."""
    wanted = _packed(accounts)
    to_set = {key: value for key, value in wanted.items() if labels.get(key) != value}
    return to_set, sorted(key for key in labels if key.startswith(_PREFIX) and key not in wanted)


def _packed(accounts: t.Collection[str]) -> dict[str, str]:
    values: list[str] = []
    for one in sorted(accounts):
        if values and len(values[-1]) + 1 + len(one) <= tags.LONGEST_VALUE:
            values[-1] += f" {one}"
        else:
            values.append(one)
    return {f"{_PREFIX}{number}": value for number, value in enumerate(values, 1)}
