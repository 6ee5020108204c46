# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Things of one name that runs at the same time have made, where names are not unique: which of them stays. Private."""

from __future__ import annotations

import re
import typing as t
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .._cloud.door import Cloud
from .._cloud.errors import CloudError, NotFound, UnexpectedState

#: How long another run may take from its creation to giving its own thing up, in seconds.
PATIENCE = 5.0
#: How long several of one name are taken for those of runs that are at it, of which all but one go, in seconds.
TOGETHER = 3 * PATIENCE
_PAUSE = 0.5
#: How long after its creation another of the name may show up that is of the same second, and stays in its place.
_SHOWS = 2.0
_TO_THE_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)")

Item = dict[str, t.Any]


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


def settled(cloud: Cloud, read: t.Callable[[], list[Item]], twin: t.Callable[[Item], Twin | None]) -> list[Item]:
    """What there is of a name once no run gives any of it up any more; whoever only looks is not told of one that goes.

    How old something is the clock of Alibaba Cloud says, which has set its time, too; what it does not say is old.

    :param twin: what an item is as a twin, None where this collection has not made it
    """
    start = cloud.monotonic()
    while True:
        found = read()
        made = [twin(one) for one in found]
        patience = TOGETHER if len(found) > 1 else _SHOWS
        ages = [_age(cloud.date, one.created) for one in made if one]
        fresh = [age for age in ages if age is not None and -_SHOWS < age < patience]
        if None in made or not fresh or cloud.monotonic() - start >= patience + _SHOWS:
            return found
        cloud.sleep(_PAUSE if len(found) > 1 else min(_SHOWS - fresh[0], _SHOWS))


def give_up(what: str, own: str, kept: str, delete: t.Callable[[], object]) -> None:
    """Delete what this task has just made, where another is used.

    :param what: for example C(the VPC web)
    :raises UnexpectedState: it stays; says what to do
    """
    try:
        delete()
    except NotFound:
        return
    except CloudError as error:
        raise UnexpectedState(
            f"Somebody else made {what} at the same moment, and theirs, {kept}, is the one to use. That of this task, "
            f"{own}, could not be deleted: {error.message}",
            hint=f"Delete {own}, then run the task again.",
        ) from error


def _age(date: str, created: str) -> float | None:
    """Seconds between two times of Alibaba Cloud, to the second; None where one is not readable."""
    if not _TO_THE_SECOND.fullmatch(created):
        return None
    try:
        made = datetime.fromisoformat(created)  # strptime() would be imported, and compile its forms, in each task anew
        return (parsedate_to_datetime(date).astimezone(UTC) - made).total_seconds()
    except (TypeError, ValueError):
        return None
