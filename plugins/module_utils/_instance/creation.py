# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating instances, exactly once each, whatever happens to the answer or to this process. Private.

The first call for a run of names carries the deterministic token of request.py. Its answer may be that of an earlier
call: either a crashed run's, whose instances are just not visible yet, or one whose instances were deleted since.
Both look the same until the time within which a new instance becomes visible has passed. Then what is still missing
is created with a token nobody else has: whatever an earlier run made is visible by then and was counted.

Where there are several places, they are asked in order, each with the same token. A place that has no room is passed
over. A place whose request the API refuses because the token was used with another one shows that an earlier run
created elsewhere, which is treated like an answer whose instances cannot be seen yet.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.door import Cloud, dig, new_token
from .._cloud.errors import CloudError, UnexpectedState, WaitTimeout
from .._core.waiter import wait_for
from . import finder, places
from .names import counted
from .places import Place

#: How long an instance may stay invisible after RunInstances told its id, in seconds.
VISIBLE_WITHIN = 30.0
#: Codes by which the API says that a token was used with other parameters.
_TOKEN_USED = ("IdempotentParameterMismatch", "InvalidIdempotenceParameter.Mismatch", "IdempotenceParamNotMatch")

Offers = t.Sequence[tuple[Place, dict[str, t.Any]]]


@dataclass(frozen=True)
class Created:
    """What came of a creation.

    :ivar seen: ids in the answer of instances that were seen
    :ivar lost: whether instances that an answer told of, or that an earlier run made with this token, were never seen
    :ivar place: where they are, None where no place answered with instances
    """

    seen: list[str]
    lost: bool
    place: Place | None
    passed_over: list[dict[str, t.Any]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def run_instances(cloud: Cloud, offers: Offers, token: str | None) -> Created:
    """Create instances in the first place that has room, and look until all of them are visible.

    :param offers: places with the parameters of RunInstances, the preferred one first
    :param token: None: each call has one that was never used before
    :raises CloudError: no place has room (the last place's refusal), or a call failed for another reason
    """
    passed: list[dict[str, t.Any]] = []
    used_elsewhere = False
    refusal: CloudError | None = None
    for place, params in offers:
        try:
            answer = cloud.call("ecs", "RunInstances", params, ClientToken=token or new_token())
        except CloudError as error:
            if token and error.code in _TOKEN_USED:
                used_elsewhere = True
            elif places.no_room(error):
                passed.append(place.passed_over(error.message))
                refusal = error
            else:
                raise
            continue
        ids = list(dig(answer, "InstanceIdSets.InstanceIdSet") or [])
        never = _never_seen(cloud, ids)
        return Created([one for one in ids if one not in never], bool(never), place, passed, ids)
    if used_elsewhere:
        return Created([], lost=True, place=None, passed_over=passed)
    if refusal is None:
        raise ValueError("nothing was offered")
    if len(passed) > 1:
        refusal.message = "No place has room. " + " ".join(one["reason"] for one in passed)
    raise refusal


def run_anew(cloud: Cloud, offers: Offers) -> Created:
    """Create instances with a token that was never used before.

    :raises UnexpectedState: they never appeared
    """
    created = run_instances(cloud, offers, None)
    if created.lost:
        lost = [one for one in created.told if one not in created.seen]
        raise UnexpectedState(
            f"RunInstances told the ids {', '.join(lost)}, but these instances did not appear within "
            f"{VISIBLE_WITHIN:.0f} s.",
            hint="Look at the instances and the account's events in the console, then run the task again.",
            instance_ids=lost,
        )
    return created


def _never_seen(cloud: Cloud, ids: list[str]) -> list[str]:
    """Ids of instances that stay invisible for the whole time they may need."""
    seen: set[str] = set()

    def poll() -> int:
        seen.update(one["instance_id"] for one in finder.describe(cloud, ids))
        return len(seen)

    try:
        wait_for(
            cloud,
            f"{counted(len(ids))} to be visible",
            poll,
            lambda number: number == len(ids),
            lambda number: f"{number} of them",
            timeout=VISIBLE_WITHIN,
            longest=2.0,
            shows=True,
        )
    except WaitTimeout:
        return [one for one in ids if one not in seen]
    return []
