# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a state, with a limit and a last word. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.door import Cloud
from .._cloud.errors import WaitTimeout
from . import progress

Seen = t.TypeVar("Seen")

#: How long nothing is said where nothing changes, in seconds.
_SILENCE = 60.0


@dataclass(frozen=True)
class Waited(t.Generic[Seen]):
    """What was seen last, after how many seconds and polls."""

    value: Seen
    seconds: float
    polls: int


def wait_for(
    cloud: Cloud,
    what: str,
    poll: t.Callable[[], Seen],
    done: t.Callable[[Seen], bool],
    describe: t.Callable[[Seen], str],
    *,
    timeout: float,
    interval: float = 0.5,
    longest: float = 5.0,
    shows: bool = False,
) -> Waited[Seen]:
    """Poll until C(done).

    :param what: for messages, for example C(3 instances to be Running)
    :param describe: the state seen, in words; a line of progress is shown when it changes, and now and then when not
    :param interval: first pause in seconds; grows to C(longest)
    :param shows: what is waited for is done already; only reads may not show it yet
    :raises WaitTimeout: with the last state seen and how long it waited
    """
    start = cloud.monotonic()
    last = ""
    told = 0.0
    polls = 0
    while True:
        value = poll()
        polls += 1
        waited = cloud.monotonic() - start
        if done(value):
            return Waited(value, waited, polls)
        pause = interval
        if shows:
            cloud.reads_are_behind()
            # Whatever one read shows before all do, the next one may not.
            pause = max(interval, min(cloud.behind_for(), timeout - waited - interval))
        words = describe(value)
        if words != last or waited - told >= _SILENCE:
            still = "still " if words == last else ""
            progress.report(f"{still}waiting for {what}: {words} (at most {max(0.0, timeout - waited):.0f} s more)")
            last, told = words, waited
        if waited + pause > timeout:
            raise WaitTimeout(
                f"Waited {waited:.0f} s for {what}; last seen: {words}.",
                hint="Raise wait_timeout, or look at the resource in the console.",
                waited_seconds=round(waited, 1),
                polls=polls,
                last_state=words,
            )
        cloud.sleep(pause)
        # So a wait is at most a quarter and the first pause longer than what is waited for; reads count towards quotas.
        interval = min(interval * 1.25, longest)


def seen_within(cloud: Cloud, read: t.Callable[[], Seen | None], patience: float) -> Seen | None:
    """What C(read) finds within a few seconds, or None: whether a call whose answer was lost has done its work.

    :param patience: in seconds; how far reads may be behind writes
    """
    start = cloud.monotonic()
    pause = 0.2
    while True:
        found = read()
        if found is not None or cloud.monotonic() - start + pause > patience:
            return found
        cloud.sleep(pause)
        pause = min(pause * 2, 1.0)
