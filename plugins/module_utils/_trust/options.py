# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options about trust that modules and plugins share (documented in doc_fragments/trust.py). Private."""

from __future__ import annotations

import datetime
import typing as t

from .._cloud.errors import InvalidInput
from . import meanings
from .verdict import Rules

#: How an instance is found at the trusted server.
PROPERTY_SPEC: dict[str, dict[str, t.Any]] = {
    "trust_meanings": {"type": "dict", "default": {}},
    "property_uuid_from": {
        "type": "str",
        "choices": ["serial_number", "instance_id"],
        "default": "serial_number",
    },
    "property_uuids": {"type": "dict", "default": {}},
}

#: And what it must fulfil to be trusted.
SPEC: dict[str, dict[str, t.Any]] = {
    "trust_fresh_seconds": {"type": "int", "default": 3600},
    "trust_since": {"type": "str"},
    "trust_programs": {"type": "bool", "default": True},
    **PROPERTY_SPEC,
}
#: In seconds since 1970; a smaller number is a year, or what YAML makes of a time of day.
_EARLIEST = 1e9


def rules(options: t.Mapping[str, t.Any]) -> Rules:
    """The rules that the options make.

    :raises InvalidInput: what is wrong with them
    """
    fresh = options["trust_fresh_seconds"]
    if fresh <= 0:
        raise InvalidInput(f"trust_fresh_seconds is {fresh}; expected a number of seconds above 0.")
    check_properties(options)
    return Rules(
        fresh_seconds=float(fresh),
        since=moment("trust_since", options["trust_since"]),
        programs=options["trust_programs"],
        meanings=meanings.table(options["trust_meanings"]),
    )


def check_properties(options: t.Mapping[str, t.Any]) -> None:
    """:raises InvalidInput: property_uuids does not map ids of instances"""
    for instance_id, uuid in (options["property_uuids"] or {}).items():
        if not str(instance_id).startswith("i-") or not isinstance(uuid, str) or not uuid.strip():
            raise InvalidInput(
                f"property_uuids maps {instance_id!r} to {uuid!r}; expected ids of instances, which begin with i-, and "
                "the PropertyUuid of each as text."
            )


def moment(option: str, text: str | None) -> float | None:
    """A time that a user gives, in seconds since 1970.

    :raises InvalidInput: it is neither a number of seconds nor a UTC time
    """
    if text is None:
        return None
    try:
        seconds = float(text)
        if seconds and seconds < _EARLIEST:
            seconds = -1.0
    except ValueError:
        seconds = _timestamp(text)
    if not 0 <= seconds < 1e11:  # what is larger is in milliseconds
        raise InvalidInput(
            f"{option} is {text!r}; expected a UTC time like 2026-01-31T04:20:00Z, or seconds since 1970."
        )
    return seconds


def _timestamp(text: str) -> float:
    """Seconds since 1970 of a time in ISO 8601, below 0 where it is none.

    YAML makes a date of an unquoted time, which comes here with a space in it and an offset.
    """
    try:
        parsed = datetime.datetime.fromisoformat(text) if len(text) > len("2026-01-31") else None
    except ValueError:
        parsed = None
    if parsed is None:
        return -1.0
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)).timestamp()


def property_uuid(instance: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> str | None:
    """By what the trusted server knows an instance, None where nothing tells."""
    mapped = (options["property_uuids"] or {}).get(instance["instance_id"])
    return str(mapped or instance[options["property_uuid_from"]] or "") or None
