# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading all regions of an account: what belongs to the account may be used in any of them. Private."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, CloudError

Read = t.TypeVar("Read")

_SIDE_BY_SIDE = 16
#: What stands for the regions that nobody tells the names of.
_OTHERS = "all other regions"


def names(cloud: Cloud) -> tuple[list[str], dict[str, str]]:
    """The regions that the account can use, the task's own among them; and what could not be asked, with the reason."""
    try:
        listed = [str(item["RegionId"]) for item in cloud.pages("ecs", "DescribeRegions")]
    except CloudError as error:
        return [cloud.region], {_OTHERS: error.code}
    return sorted({cloud.region, *listed}), {}


def read(
    cloud: Cloud, regions: t.Sequence[str], of_region: t.Callable[[Cloud], Read]
) -> tuple[dict[str, Read], dict[str, str]]:
    """What each region holds, read side by side.

    :param of_region: reads one of them
    :returns: region -> what was read, and region -> why it could not be asked
    :raises AlitrustError: the task's own region could not be read, which is a matter of its options or rights
    """

    def one(region: str) -> Read | AlitrustError:
        try:
            return of_region(cloud.in_region(region))
        except AlitrustError as error:
            return error

    found: dict[str, Read] = {}
    unread: dict[str, str] = {}
    with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(regions)) or 1) as pool:
        for region, outcome in zip(regions, pool.map(one, regions), strict=True):
            if region == cloud.region and isinstance(outcome, AlitrustError):
                raise outcome
            if isinstance(outcome, CloudError):
                unread[region] = outcome.code
            elif isinstance(outcome, AlitrustError):
                unread[region] = outcome.message.rstrip(".")
            else:
                found[region] = outcome
    return found, unread
