# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting, stopping, restarting and deleting many instances, until the cloud has taken every one on. Private.

Each of these calls is refused for an instance that is on its way between two states, or is where it should go already
(an answer that got lost, somebody else's click). So nothing here trusts a single answer: who was not accepted is
looked at again, and asked again only if that still makes sense.
"""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud, chunks, dig
from .._cloud.errors import CloudError, NotFound, OutcomeUnknown, UnexpectedState
from .._cloud.writes import DOUBT
from .._core.waiter import wait_for
from . import finder
from .names import counted
from .planner import MOVING

_AT_ONCE = 100
#: Refusals that pass when the instance has reached a stable state.
_PASSING = (
    "IncorrectInstanceStatus",
    "InvalidOperation.Conflict",
    "Operation.Conflict",
    "OperationConflict",
    "InstanceNotReady",
)

Statuses = dict[str, str]


#: An instance that starts or restarts may be Stopped for a moment; one that is for longer stays so. In seconds.
STOP_PASSES_WITHIN = 30.0


class StoppedForGood:
    """Tells a stop on the way up, which passes, from one that lasts."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._since: dict[str, float] = {}

    def among(self, seen: t.Mapping[str, str]) -> list[str]:
        """Ids that have been Stopped for longer than a start takes; to be asked at each look."""
        now = self._cloud.monotonic()
        self._since = {id: self._since.get(id, now) for id, status in seen.items() if status == "Stopped"}
        return [id for id, since in self._since.items() if now - since >= STOP_PASSES_WITHIN]


def statuses(cloud: Cloud, ids: t.Sequence[str]) -> Statuses:
    """Status by id of the instances that exist."""
    return {one["instance_id"]: one["status"] for one in finder.describe(cloud, ids)}


def words(seen: Statuses, ids: t.Sequence[str]) -> str:
    """How many instances are in which state: C(2 Running, 1 Starting)."""
    counts: dict[str, int] = {}
    for one in ids:
        status = seen.get(one, "not visible")
        counts[status] = counts.get(status, 0) + 1
    return ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))


def start(cloud: Cloud, ids: t.Sequence[str], *, timeout: float) -> None:
    """Have instances started; returns once each is at least Starting."""
    _drive(cloud, "StartInstances", {}, ids, source="Stopped", there=("Starting", "Running"), timeout=timeout)


def stop(cloud: Cloud, ids: t.Sequence[str], *, force: bool, mode: str | None, timeout: float) -> None:
    """Have instances stopped; returns once each is at least Stopping."""
    params = {"ForceStop": force, "StoppedMode": mode}
    _drive(cloud, "StopInstances", params, ids, source="Running", there=("Stopping", "Stopped"), timeout=timeout)


def restart(cloud: Cloud, ids: t.Sequence[str], *, force: bool, timeout: float) -> None:
    """Have running instances restarted; returns once each was asked."""
    _drive(
        cloud, "RebootInstances", {"ForceReboot": force}, ids, source="Running", there=("Starting",), timeout=timeout
    )


def delete(cloud: Cloud, ids: t.Sequence[str], *, force: bool, wait: bool, timeout: float) -> None:
    """Delete instances, running ones too, and wait until they are gone.

    :param force: cut the power instead of shutting the guest down
    """
    asked: set[str] = set()
    seen: Statuses | None = None

    def poll() -> Statuses:
        nonlocal seen
        # The plan was made from a fresh look, so the first round asks without another.
        seen = dict.fromkeys(ids, "to be deleted") if seen is None else statuses(cloud, ids)
        for some in chunks([one for one in ids if one in seen and one not in asked], _AT_ONCE):
            try:
                cloud.call("ecs", "DeleteInstances", InstanceId=some, Force=True, ForceStop=force)
            except NotFound:
                continue  # one of them went by itself: look again
            except CloudError as error:
                if not error.code.startswith(_PASSING):
                    raise
                continue
            asked.update(some)
        return seen

    wait_for(
        cloud,
        f"{counted(len(ids))} to be deleted",
        poll,
        lambda seen: not seen if wait else asked.issuperset(seen),
        lambda seen: words(seen, [one for one in ids if one in seen]),
        timeout=timeout,
    )


def _drive(
    cloud: Cloud,
    action: str,
    params: t.Mapping[str, t.Any],
    ids: t.Sequence[str],
    *,
    source: str,
    there: tuple[str, ...],
    timeout: float,
) -> None:
    """Ask every instance that is in the state C(source), until each was accepted or is C(there) without having been."""
    accepted: set[str] = set()
    seen: Statuses = dict.fromkeys(ids, source)  # the plan was made from a fresh look
    start = cloud.monotonic()

    def poll() -> Statuses:
        nonlocal seen
        asking = [one for one in ids if one not in accepted and seen.get(one) == source]
        for some in chunks(asking, _AT_ONCE):
            accepted.update(_ask(cloud, action, params, some))
        if not accepted.issuperset(ids):
            seen = statuses(cloud, ids)
            gone = [one for one in ids if one not in seen]
            if gone and cloud.monotonic() - start > DOUBT:  # one that was just made may not be seen by each read
                raise UnexpectedState(f"{', '.join(gone)} disappeared before {action} was carried out.")
        return seen

    wait_for(
        cloud,
        f"{action} of {counted(len(ids))} to be accepted",
        poll,
        lambda now: all(one in accepted or now.get(one) in there for one in ids),
        lambda now: words(now, [one for one in ids if one not in accepted]),
        timeout=timeout,
    )


def _ask(cloud: Cloud, action: str, params: t.Mapping[str, t.Any], ids: list[str]) -> set[str]:
    """Ids that were accepted.

    :raises CloudError: an instance was refused for a reason that does not pass
    """
    try:
        answer = cloud.call("ecs", action, params, InstanceId=ids, BatchOptimization="SuccessFirst")
    except OutcomeUnknown:
        seen = statuses(cloud, ids)
        if not any(status in MOVING for status in seen.values()):
            raise
        return {one for one, status in seen.items() if status in MOVING}
    except CloudError as error:
        if error.code.startswith(_PASSING):
            return set()
        raise
    accepted = set()
    for item in dig(answer, "InstanceResponses.InstanceResponse") or []:
        code = str(item.get("Code") or "200")
        if code == "200":
            accepted.add(item["InstanceId"])
        elif not code.startswith(_PASSING):
            raise CloudError("ecs", action, code, f"{item['InstanceId']}: {item.get('Message') or ''}")
    return accepted
