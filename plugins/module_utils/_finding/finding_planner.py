# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which findings to accept or to ignore, decided purely. Private."""

from __future__ import annotations

import fnmatch
import typing as t

from .._cloud.door import chunks
from .._cloud.errors import UnexpectedState
from .._core.plan import Plan, Step
from .findings import Finding, words

#: State asked for -> what the step is called and which operation handles.
ACTIONS = {
    "accepted": ("accept as the new baseline: {}", "TrustEvents"),
    "ignored": ("ignore: {}", "IgnoreEvents"),
}
#: Findings in one call. No limit is documented; the ids go into the address of the request, which has one.
AT_ONCE = 50
_NAMED = 5


def explained(one: Finding, expected: t.Sequence[str] | None) -> bool:
    """Whether a finding is about something expected, by patterns in the manner of the shell; None expects everything.

    A pattern fits the whole suspect, or what it begins with up to a colon: C(PCR 9) also fits C(PCR 9: initrd).
    """
    if expected is None:
        return True
    suspect = str(one["suspect"]).strip().lower()
    texts = (suspect, suspect.partition(":")[0].strip())
    return any(fnmatch.fnmatchcase(text, pattern.strip().lower()) for pattern in expected for text in texts)


def plan(
    found: t.Sequence[Finding],
    wanted: str,
    *,
    ids: t.Sequence[str] | None,
    expected: t.Sequence[str] | None,
    leave_unexpected: bool,
) -> Plan:
    """Steps that handle the findings.

    :param found: those that pass the filters; of findings that are named by id, also those that were handled before
    :param wanted: C(accepted) or C(ignored)
    :param ids: the findings that were named, None where filters select
    :param expected: patterns of what may be handled, None for everything
    :param leave_unexpected: whether what is not expected is left open, in place of a failure before anything is done
    :raises UnexpectedState: a finding that was named does not exist, or one is not expected
    """
    lost = sorted(set(ids or ()) - {one["event_id"] for one in found})
    if lost:
        raise UnexpectedState(
            f"There is no finding {', '.join(lost)} that passes the other filters.",
            hint="List what there is with alitrust.ecs.trust_event_info.",
        )
    # By a filter, only what nobody has decided about is handled; what is named is decided anew. What was handled in a
    # way that the table of meanings does not know counts as decided.
    done = (wanted, "handled")
    to_handle = [one for one in found if one["state"] not in done and (ids is not None or one["state"] == "open")]
    surprises = [one for one in to_handle if not explained(one, expected)]
    if surprises and not leave_unexpected:
        raise UnexpectedState(
            f"{len(surprises)} of {len(to_handle)} findings are not expected: {'; '.join(map(words, surprises))}. "
            "Nothing was handled.",
            hint="Find out how this came about. Add it to expected only when you know.",
            unexpected=surprises,
        )
    handled = [one for one in to_handle if explained(one, expected)]
    name, operation = ACTIONS[wanted]
    return Plan(
        before={one["event_id"]: _shown(one) for one in handled},
        after={one["event_id"]: {**_shown(one), "state": wanted} for one in handled},
        steps=tuple(
            Step(name.format(_list(some)), "handle", {"operation": operation, "ids": [one["event_id"] for one in some]})
            for some in chunks(handled, AT_ONCE)
        ),
        warnings=tuple(f"Left open, because it is not expected: {words(one)}." for one in surprises),
    )


def _shown(one: Finding) -> dict[str, t.Any]:
    return {key: one[key] for key in ("property_name", "suspect", "level", "state")}


def _list(some: t.Sequence[Finding]) -> str:
    more = f" and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
    return ", ".join(map(words, some[:_NAMED])) + more
