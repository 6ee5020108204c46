# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating instances, exactly once each, whatever happens to the answer or to this process. Private.

The first call for a run of names carries the deterministic token of request.py. Its answer may be that of an earlier
call: either a crashed run's, whose instances are just not visible yet, or one whose instances were deleted since.
Both look the same until the time within which a new instance becomes visible has passed. Then what is still missing
is created with a token nobody else has: whatever an earlier run made is visible by then and was counted.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.door import Cloud, dig, new_token
from .._cloud.errors import UnexpectedState, WaitTimeout
from .._core.waiter import wait_for
from . import finder

#: How long an instance may stay invisible after RunInstances told its id, in seconds.
VISIBLE_WITHIN = 30.0


@dataclass(frozen=True)
class Created:
    """Ids in the answer: of instances that were seen, and of those that never were."""

    seen: list[str]
    lost: list[str]


def run_instances(cloud: Cloud, params: dict[str, t.Any], token: str) -> Created:
    """Create instances, and look until all of them are visible or the time for that is over."""
    ids = list(dig(cloud.call("ecs", "RunInstances", params, ClientToken=token), "InstanceIdSets.InstanceIdSet") or [])
    lost = _never_seen(cloud, ids)
    return Created([one for one in ids if one not in lost], lost)


def run_anew(cloud: Cloud, params: dict[str, t.Any]) -> list[str]:
    """Create instances with a token that was never used before.

    :raises UnexpectedState: they never appeared
    """
    created = run_instances(cloud, params, new_token())
    if created.lost:
        raise UnexpectedState(
            f"RunInstances told the ids {', '.join(created.lost)}, but these instances did not appear within "
            f"{VISIBLE_WITHIN:.0f} s.",
            hint="Look at the instances and the account's events in the console, then run the task again.",
            instance_ids=created.lost,
        )
    return created.seen


def _never_seen(cloud: Cloud, ids: list[str]) -> list[str]:
    """Ids of instances that stay invisible for the whole time they may need."""
    seen: set[str] = set()

    def poll() -> int:
        seen.update(one["instance_id"] for one in finder.describe(cloud, ids))
        return len(seen)

    try:
        wait_for(
            cloud,
            f"{len(ids)} new instances to be visible",
            poll,
            lambda number: number == len(ids),
            lambda number: f"{number} of them",
            timeout=VISIBLE_WITHIN,
            longest=2.0,
        )
    except WaitTimeout:
        return [one for one in ids if one not in seen]
    return []
