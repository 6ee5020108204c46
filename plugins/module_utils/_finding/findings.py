# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the trusted server found: one shape everywhere, read and filtered. Private."""

from __future__ import annotations

import typing as t

from .._cloud import texts
from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming
from .._core import tags as tagging
from .._instance import finder
from .._trust import meanings as known
from .._trust import options as shared
from .._trust.server import PRODUCT
from .._trust.verdict import clock

Finding = dict[str, t.Any]
Options = t.Mapping[str, t.Any]

#: Options that select findings, of the module and of its info twin.
SPEC: dict[str, dict[str, t.Any]] = {
    "event_ids": {"type": "list", "elements": "str"},
    "levels": {"type": "list", "elements": "str"},
    "since": {"type": "str"},
    "until": {"type": "str"},
    "instance_ids": {"type": "list", "elements": "str"},
    "fleet": {"type": "str"},
    **shared.PROPERTY_SPEC,
}


def check(options: Options) -> known.Table:
    """Refuse what cannot work; what the numbers mean.

    :raises InvalidInput: what is wrong, what was expected
    """
    shared.check_properties(options)
    naming.check_instance_ids(options["instance_ids"])
    since, until = (shared.moment(name, options[name]) for name in ("since", "until"))
    if since is not None and until is not None and since > until:
        raise InvalidInput(f"since is {options['since']}, which is after until, {options['until']}.")
    meanings = known.table(options["trust_meanings"])
    levels(options, meanings)
    return meanings


def levels(options: Options, meanings: known.Table) -> list[int] | None:
    """The levels asked for, as numbers; None for all.

    :raises InvalidInput: a level that nobody knows
    """
    if options["levels"] is None:
        return None
    by_name = {name: number for number, name in meanings["event_level"].items()}
    wanted = []
    for level in options["levels"]:
        number = by_name.get(level, texts.whole(level))
        if number is None:
            raise InvalidInput(f"levels has {level!r}; expected {', '.join(by_name)} or a number.")
        wanted.append(number)
    return wanted


def names_instances(options: Options) -> bool:
    """Whether the findings of some instances are asked for, not of all."""
    return options["instance_ids"] is not None or options["fleet"] is not None


def read(cloud: Cloud, options: Options, meanings: known.Table, states: t.Sequence[str] | None) -> list[Finding]:
    """The findings that pass every filter given, oldest first.

    Levels, states and a single instance are asked for; times are compared here, because nothing tells in which unit the
    API takes them.

    :param states: C(open), C(accepted), C(ignored), C(handled), C(unknown); None for all
    """
    properties: dict[str, str] = _properties(cloud, options) if names_instances(options) else {}
    if names_instances(options) and not properties:
        return []
    query: dict[str, t.Any] = {}
    wanted_levels = levels(options, meanings)
    if wanted_levels is not None and len(wanted_levels) == 1:
        query["EventLevel"] = wanted_levels[0]
    if states is not None and list(states) == ["open"]:
        numbers = known.numbers(meanings, "event_status", "open")
        if len(numbers) == 1:
            query["EventStatus"] = numbers[0]
    if len(properties) == 1:
        query["PropertyUuid"] = next(iter(properties))
    found = [shape(item, meanings, properties) for item in cloud.pages(PRODUCT, "DescribeEvents", query)]
    since, until = (shared.moment(name, options[name]) for name in ("since", "until"))
    ids = options["event_ids"]
    passed = [
        one
        for one in found
        if (ids is None or one["event_id"] in ids)
        and (wanted_levels is None or one["level_number"] in wanted_levels)
        and (states is None or one["state"] in states)
        and (not names_instances(options) or one["property_uuid"] in properties)
        and (since is None or (one["_created"] or 0) >= since)
        and (until is None or (one["_created"] or 0) <= until)
    ]
    passed.sort(key=lambda one: (one["_created"] or 0, one["event_id"]))
    return [{key: value for key, value in one.items() if key != "_created"} for one in passed]


def _properties(cloud: Cloud, options: Options) -> dict[str, str]:
    """PropertyUuid -> instance id, of the instances asked for."""
    ids = options["instance_ids"]
    tags = tagging.to_api({tagging.OWNER_KEY: options["fleet"]}) if options["fleet"] else None
    if ids == []:
        return {}
    found = finder.describe(cloud, ids and list(dict.fromkeys(ids)), **({"Tag": tags} if tags else {}))
    lost = sorted(set(ids or ()) - {one["instance_id"] for one in found})
    if lost:
        raise UnexpectedState(
            f"There are no instances {', '.join(lost)} in {cloud.region}"
            + (f" that belong to the fleet {options['fleet']}." if options["fleet"] else ".")
        )
    uuids = {shared.property_uuid(one, options): one["instance_id"] for one in found}
    return {uuid: instance_id for uuid, instance_id in uuids.items() if uuid}


def shape(item: t.Mapping[str, t.Any], meanings: known.Table, properties: t.Mapping[str, str]) -> Finding:
    """The shape of an item of DescribeEvents.

    :param properties: PropertyUuid -> instance id, where that is known
    """
    status = _number(item.get("EventStatus"))
    handling = _number(item.get("HandleType"))
    level = _number(item.get("EventLevel"))
    state = meanings["event_status"].get(-1 if status is None else status, "unknown")
    if state == "handled":
        state = meanings["handle_type"].get(-1 if handling is None else handling, "handled")
    uuid = item.get("PropertyUuid") or ""
    created = _seconds(item.get("GmtCreate"))
    return {
        "event_id": item.get("EventUuid") or "",
        "state": state,
        "level": meanings["event_level"].get(-1 if level is None else level, "unknown"),
        "suspect": item.get("Suspect") or "",
        "suspect_signature": item.get("SuspectSig") or "",
        "expected": item.get("SuspectWhiteList") or "",
        "accumulation": _number(item.get("Accumulation")),
        "instance_id": properties.get(uuid),
        "property_uuid": uuid,
        "property_name": item.get("PropertyName") or "",
        "private_ip": item.get("PropertyPrivateIp") or None,
        "created": clock(created) if created else None,
        "modified": _time(item.get("GmtModified")),
        "handled": _time(item.get("GmtHandle")),
        "type_number": _number(item.get("EventType")),
        "level_number": level,
        "status_number": status,
        "handle_type_number": handling,
        "_created": created,
    }


def words(one: Finding) -> str:
    """A finding in a few words."""
    where = one["property_name"] or one["instance_id"] or one["property_uuid"]
    return f"{one['suspect'] or one['event_id']} on {where}"


def _number(value: t.Any) -> int | None:
    """Numbers come as text in answers."""
    return texts.whole(value)


def _seconds(value: t.Any) -> float | None:
    number = _number(value)
    return number / 1000 if number else None


def _time(value: t.Any) -> str | None:
    seconds = _seconds(value)
    return clock(seconds) if seconds else None
