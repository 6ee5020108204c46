# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The section C(trust) of an instance: verdict, raw numbers, age of the last report. Private."""

from __future__ import annotations

import time
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import CloudError
from .._cloud.texts import printable
from . import options as shared
from . import server
from .verdict import Judgement, Record, Rules, clock, judge, last_report

Instance = dict[str, t.Any]
Section = dict[str, t.Any]


def with_trust(
    cloud: Cloud,
    instances: t.Sequence[Instance],
    options: t.Mapping[str, t.Any],
    rules: Rules,
    *,
    findings: bool = True,
    since: t.Mapping[str, float] | None = None,
) -> list[Instance]:
    """The same instances with a section C(trust).

    :param options: those of L{options}
    :param findings: whether to count the open findings, at the cost of one or a few calls more
    :param since: instance id -> time before which its reports do not count, where that differs from the rules'
    """
    uuids = {one["instance_id"]: shared.property_uuid(one, options) for one in instances}
    known = list(dict.fromkeys(uuid for uuid in uuids.values() if uuid))
    records = server.records(cloud, known)
    counts = server.open_findings(cloud, known, rules.meanings) if findings else {}
    now = time.time()
    found = []
    for one in instances:
        uuid = uuids[one["instance_id"]]
        own = Rules(
            rules.fresh_seconds,
            max(filter(None, (rules.since, (since or {}).get(one["instance_id"]))), default=None),
            rules.programs,
            rules.meanings,
        )
        record = records.get(uuid) if uuid else None
        found.append(told(one, section(one, uuid, record, counts.get(uuid or ""), own, now)))
    return found


def section(
    one: Instance, uuid: str | None, record: Record | CloudError | None, findings: int | None, rules: Rules, now: float
) -> Section:
    """The section of one instance, purely."""
    if not uuid:
        judgement = Judgement("unknown", "nothing tells its PropertyUuid; give it in property_uuids")
    elif isinstance(record, CloudError):
        judgement = Judgement("unknown", f"the trusted server does not tell: {record.message}")
    else:
        judgement = judge(record, rules, now)
    known: Record = record if record is not None and not isinstance(record, CloudError) else {}
    reported = last_report(known)
    return {
        "verdict": judgement.verdict,
        "reason": printable(judgement.reason),
        "causes": [],
        "property_uuid": uuid,
        "supports_vtpm": one["trusted"]["supports_vtpm"],
        "last_report": clock(reported) if reported else None,
        "last_report_age": round(now - reported) if reported else None,
        "findings": findings,
        "system_trust_status": known.get("SystemTrustStatus"),
        "system_trust_detail": known.get("SystemTrustDetail") or "",
        "system_exceptions": known.get("SystemExceptionNum"),
        "program_trust_status": known.get("ProgramTrustStatus"),
        "program_trust_detail": known.get("ProgramTrustDetail") or "",
        "program_exceptions": known.get("ProgramExceptionNum"),
        "online_status": known.get("OnlineStatus"),
    }


def told(one: Instance, trust: Section) -> Instance:
    """The instance with this section and its verdict in one line."""
    why = "; ".join(filter(None, (trust["reason"], *trust["causes"])))
    line = f"{one['name'] or one['instance_id']} is {trust['verdict']}" + (f": {why}" if why else "")
    return {**one, "trust": {**trust, "summary": printable(line)}}


def summary(one: Instance) -> str:
    """The verdict of one instance in one line."""
    return str(one["trust"]["summary"])
