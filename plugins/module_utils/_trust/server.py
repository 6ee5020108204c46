# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the trusted server. It has no list of instances, so many are read side by side. Private."""

from __future__ import annotations

import math
import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from .._cloud.door import Cloud
from .._cloud.errors import AccessDenied, CloudError, NotFound, TransportFailure
from .._cloud.operations import PAGING
from . import meanings as known
from .verdict import Record

PRODUCT = "trusted-server"
_AT_ONCE = 10
_EVENTS = (PRODUCT, "DescribeEvents")


def records(cloud: Cloud, uuids: t.Sequence[str]) -> dict[str, Record | CloudError | None]:
    """PropertyUuid -> what the server tells of it, None where it is not enrolled, or why it does not tell.

    :raises TransportFailure: the server does not answer
    """
    return _each(uuids, lambda uuid: _record(cloud, uuid))


def _record(cloud: Cloud, uuid: str) -> Record | CloudError | None:
    try:
        answer = cloud.call(PRODUCT, "DescribeInstance", PropertyUuid=uuid)
    except TransportFailure:
        raise
    except CloudError as error:
        return None if isinstance(error, NotFound) and "Property" in error.code else error
    if answer.get("PropertyUuid") not in (uuid, None, ""):
        return CloudError(PRODUCT, "DescribeInstance", "WrongAnswer", f"it tells of {answer['PropertyUuid']}")
    return answer


def open_findings(cloud: Cloud, uuids: t.Sequence[str], meanings: known.Table) -> dict[str, int | None]:
    """PropertyUuid -> number of findings nobody has handled; None where the caller may not know.

    A list of all of them is read where that takes fewer calls than asking for each instance.
    """
    status = known.numbers(meanings, "event_status", "open")
    try:
        return _counts(cloud, uuids, status)
    except AccessDenied:
        return dict.fromkeys(uuids)


def _counts(cloud: Cloud, uuids: t.Sequence[str], status: list[int]) -> dict[str, int | None]:
    if not uuids or not status:
        return dict.fromkeys(uuids)
    total = sum(_number(cloud, number) for number in status)
    if not total:
        return dict.fromkeys(uuids, 0)
    if math.ceil(total / PAGING[_EVENTS].size) > len(uuids) * len(status):
        return _each(uuids, lambda uuid: sum(_number(cloud, number, uuid) for number in status))
    found = Counter(item.get("PropertyUuid") for number in status for item in cloud.pages(*_EVENTS, EventStatus=number))
    return {uuid: found[uuid] for uuid in uuids}


def _number(cloud: Cloud, status: int, uuid: str | None = None) -> int:
    answer = cloud.call(*_EVENTS, CurrentPage=1, PageSize=1, EventStatus=status, PropertyUuid=uuid)
    return int(answer.get("TotalCount") or 0)


Found = t.TypeVar("Found")


def _each(uuids: t.Sequence[str], read: t.Callable[[str], Found]) -> dict[str, Found]:
    """What is read of each; the first alone, so that the client and its credentials exist before threads share them."""
    if not uuids:
        return {}
    first = read(uuids[0])
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(uuids, [first, *pool.map(read, uuids[1:])], strict=True))
