# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until instances are trusted. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import UnexpectedState, WaitTimeout
from .._core.waiter import wait_for
from .causes import with_causes
from .section import Instance, summary, with_trust
from .verdict import Rules

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
_NAMED = 5


def until_trusted(
    cloud: Cloud,
    instances: t.Sequence[Instance],
    options: t.Mapping[str, t.Any],
    rules: Rules,
    *,
    since: t.Mapping[str, float],
    timeout: float,
    probe: bool,
    refresh: t.Callable[[list[Instance]], list[Instance]],
) -> list[Instance]:
    """The instances with their section C(trust), once all are trusted.

    :param since: instance id -> when it was started by this task; reports from before do not count
    :param refresh: reads the instances again, which may have changed when the wait ran out
    :raises UnexpectedState: there is no instance
    :raises WaitTimeout: naming those that are not trusted and what was found out about the reason
    """
    if not instances:
        raise UnexpectedState("There is no instance to wait for until it is trusted.")
    seen: list[Instance] = []

    def poll() -> list[Instance]:
        nonlocal seen
        seen = with_trust(cloud, instances, options, rules, findings=False, since=since)
        return seen

    try:
        done = wait_for(
            cloud,
            "the instances to be trusted",
            poll,
            lambda now: not untrusted(now),
            lambda now: "; ".join(map(summary, untrusted(now)[:_NAMED])) + _more(untrusted(now)),
            timeout=timeout,
            interval=_FIRST_PAUSE,
            longest=_LONGEST_PAUSE,
        ).value
    except WaitTimeout as error:
        explained = untrusted(with_causes(cloud, refresh(seen), probe=probe))
        raise WaitTimeout(
            f"{len(explained)} of {len(seen)} instances are not trusted after {timeout:g} s: "
            f"{'. '.join(map(summary, explained[:_NAMED]))}{_more(explained)}.",
            hint="A trust client reports about 5 minutes after its start for the first time; raise trust_timeout, or "
            "mend what is named. Findings are listed by alitrust.ecs.trust_event_info.",
            **{**error.details, "untrusted": explained},
        ) from error
    return with_trust(cloud, done, options, rules, since=since)


def untrusted(instances: t.Iterable[Instance]) -> list[Instance]:
    """Those that are not trusted."""
    return [one for one in instances if one["trust"]["verdict"] != "trusted"]


def _more(ones: t.Sequence[t.Any]) -> str:
    return f"; and {len(ones) - _NAMED} more" if len(ones) > _NAMED else ""
