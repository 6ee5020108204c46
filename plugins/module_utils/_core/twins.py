# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Things of one name that runs at the same time have made, where names are not unique: which of them stays. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud

#: How long another run may take from its creation to giving its own thing up, in seconds.
PATIENCE = 5.0
#: How long several of one name are taken for those of runs that are at it, of which all but one go, in seconds.
TOGETHER = 3 * PATIENCE
_PAUSE = 0.5


class Twin(t.NamedTuple):
    """One of them; C(created) is a time as the API tells it, to the second."""

    created: str
    id: str


def to_use(cloud: Cloud, own: str, read: t.Callable[[], t.Iterable[Twin]]) -> str:
    """ID of the one that all runs use: that of the task, or another, in which case the task deletes its own.

    The oldest stays. Of two from the same second that with the smaller ID does; but the other run may have looked
    before this one's was there, and then it does not give way. So that is waited for, and else this one gives way.

    :param own: ID of what this task has just made
    :param read: all that this collection has made of the name, as far as they are listed
    """
    start = cloud.monotonic()
    while True:
        there = sorted(read())
        if not there or there[0].id != own:
            return there[0].id if there else own
        rivals = [one for one in there[1:] if one.created == there[0].created]
        if not rivals:
            return own
        if cloud.monotonic() - start >= PATIENCE:
            return rivals[0].id
        cloud.sleep(_PAUSE)
