# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on an instance: a pure function of what the trusted server tells. Private.

Trusted is only what says so (C(SystemTrustStatus) 1) and has said so lately (C(GmtRecentReport)). Everything else fails
closed.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from . import meanings as known

Record = t.Mapping[str, t.Any]
Verdict = t.Literal["trusted", "untrusted", "unmeasured", "unknown"]

#: How far in the future a report may lie because clocks differ, in seconds; signatures allow 900 s.
_CLOCK_DIFFERENCE = 900.0


@dataclass(frozen=True)
class Rules:
    """What an instance must fulfil.

    :ivar fresh_seconds: age from which the last report no longer counts, in seconds
    :ivar since: time before which a report does not count, in seconds since 1970, or None
    :ivar programs: whether programs that are untrusted make the instance untrusted
    :ivar meanings: see L{meanings}
    """

    fresh_seconds: float = 3600.0
    since: float | None = None
    programs: bool = True
    meanings: known.Table = field(default_factory=lambda: known.DEFAULTS)


@dataclass(frozen=True)
class Judgement:
    """A verdict and, where it is not C(trusted), the reason in one sentence without a full stop."""

    verdict: Verdict
    reason: str = ""


def judge(record: Record | None, rules: Rules, now: float) -> Judgement:
    """The verdict.

    :param record: answer of DescribeInstance, None for an instance that is not enrolled
    :param now: in seconds since 1970
    """
    reported = last_report(record)
    if record is None or reported is None:
        return Judgement("unmeasured", "it has never reported to the trusted server")
    if rules.since is not None and reported < rules.since:
        return Judgement("unmeasured", f"it has not reported since {clock(rules.since)}")
    system = _meaning(record.get("SystemTrustStatus"), rules.meanings["system_status"])
    program = _meaning(record.get("ProgramTrustStatus"), rules.meanings["program_status"])
    if system == "untrusted":
        return Judgement("untrusted", _told(record, "System"))
    if rules.programs and program == "untrusted":
        return Judgement("untrusted", _told(record, "Program"))
    age = now - reported
    if age < -_CLOCK_DIFFERENCE:
        return Judgement("unknown", f"its last report lies {-age:.0f} s in the future: the clocks do not agree")
    if age > rules.fresh_seconds:
        return Judgement("unmeasured", f"its last report is {age:.0f} s old; at most {rules.fresh_seconds:g} s count")
    if system == "trusted":
        return Judgement("trusted")
    if system == "unmeasured":
        return Judgement("unmeasured", f"it reports, but is not measured: {_told(record, 'System')}")
    return Judgement("unknown", _told(record, "System"))


def last_report(record: Record | None) -> float | None:
    """When the instance reported last, in seconds since 1970; None where it never did."""
    value = _integer((record or {}).get("GmtRecentReport"))
    return value / 1000 if value and value > 0 else None


def clock(seconds: float) -> str:
    """A time as people and the API write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _meaning(value: t.Any, table: t.Mapping[int, str]) -> str:
    number = _integer(value)
    return "unknown" if number is None else table.get(number, "untrusted")


def _integer(value: t.Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _told(record: Record, kind: str) -> str:
    status = record.get(f"{kind}TrustStatus")
    detail = str(record.get(f"{kind}TrustDetail") or "").strip()
    return f"{kind}TrustStatus is {status}" + (f" ({detail})" if detail else "")
