# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the numbers of the trusted server mean, as one table. Private.

Alibaba Cloud documents none of them. Only one is certain enough to build on: C(SystemTrustStatus) 1 goes with the code
C(TrustedStatus). All others are assumptions, so each can be replaced by an option, and results carry the raw numbers.
"""

from __future__ import annotations

import typing as t

from .._cloud.errors import InvalidInput

Table = dict[str, dict[int, str]]

#: The one number that stands for a trusted system; not to be changed by any option.
TRUSTED = 1

DEFAULTS: Table = {
    # SystemTrustStatus and ProgramTrustStatus: what is not listed is untrusted.
    "system_status": {TRUSTED: "trusted", 4: "unmeasured"},
    "program_status": {TRUSTED: "trusted", 4: "unmeasured"},
    # EventStatus, EventLevel and HandleType of a finding: what is not listed is unknown.
    "event_status": {0: "open", 1: "handled"},
    "event_level": {1: "low", 2: "medium", 3: "high"},
    "handle_type": {1: "accepted", 2: "ignored"},
    # HandleStyle, which TrustEvents and IgnoreEvents are told.
    "handle_style": {1: "accepted", 2: "ignored"},
}

_NAMES: dict[str, tuple[str, ...]] = {
    "system_status": ("trusted", "untrusted", "unmeasured", "unknown"),
    "program_status": ("trusted", "untrusted", "unmeasured", "unknown"),
    "event_status": ("open", "handled"),
    "event_level": ("low", "medium", "high"),
    "handle_type": ("accepted", "ignored"),
    "handle_style": ("accepted", "ignored"),
}


def table(given: t.Mapping[str, t.Any] | None) -> Table:
    """The defaults with what a user says about single tables in their place.

    :param given: table name -> number -> name; a table that is given replaces the default one as a whole
    :raises InvalidInput: an unknown table or name, or another number for a trusted system
    """
    merged = dict(DEFAULTS)
    for name, entries in (given or {}).items():
        if name not in DEFAULTS:
            raise InvalidInput(f"trust_meanings has {name!r}; expected one of {', '.join(DEFAULTS)}.")
        if not isinstance(entries, t.Mapping):
            raise InvalidInput(f"trust_meanings.{name} must map numbers to names, for example {DEFAULTS[name]}.")
        merged[name] = {_number(name, key): _name(name, value) for key, value in entries.items()}
    others = [key for key, value in merged["system_status"].items() if value == "trusted" and key != TRUSTED]
    if others:
        raise InvalidInput(
            f"trust_meanings.system_status calls {others[0]} trusted; only {TRUSTED} is known to mean that, and what "
            "is not known must not count as trusted."
        )
    return merged


def numbers(meanings: Table, kind: str, name: str) -> list[int]:
    """The numbers that stand for a name, smallest first."""
    return sorted(number for number, meaning in meanings[kind].items() if meaning == name)


def _number(kind: str, key: t.Any) -> int:
    try:
        return int(key)
    except (TypeError, ValueError):
        raise InvalidInput(f"trust_meanings.{kind} has the key {key!r}; expected a number.") from None


def _name(kind: str, value: t.Any) -> str:
    if value not in _NAMES[kind]:
        raise InvalidInput(f"trust_meanings.{kind} has the name {value!r}; expected one of {', '.join(_NAMES[kind])}.")
    return str(value)
