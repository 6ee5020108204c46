# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of prefix lists, written from the documentation of their module."""

from __future__ import annotations

import typing as t

from proof.model.model_parts import OWNER, TERMS, Facts, Options, Refused, State, Subject, leaves, options

if t.TYPE_CHECKING:
    from modules.harness import Modules

_NAMES = ["office", "partners"]
_ENTRIES: list[list[Options]] = [
    [],
    [{"cidr": "192.0.2.0/24"}],
    [{"cidr": "192.0.2.0/24", "description": "first office"}, {"cidr": "198.51.100.0/24"}],
    [{"cidr": "2001:db8::/32"}],
]


def prefix_list(state: State, given: Options) -> None:
    lists, name = state["prefix_lists"], given["name"]
    there = lists.get(name)
    if given.get("state") == "absent":
        if there is not None and not leaves(OWNER in there["tags"], given):
            del lists[name]
        return
    entries = given.get("entries")
    if there is None:
        if "address_family" not in given or "max_entries" not in given:
            raise Refused("it cannot be made")
        there = lists[name] = {"description": "", "entries": {}, "tags": {OWNER: name}}
        there |= {one: given[one] for one in ("address_family", "max_entries")}
    elif any(given.get(one, there[one]) != there[one] for one in ("address_family", "max_entries")):
        raise Refused("that cannot be changed")
    if entries is not None:
        if any((":" in one["cidr"]) != (there["address_family"] == "IPv6") for one in entries):
            raise Refused("an entry is of the other family")
        old = there["entries"]
        wanted = {one["cidr"]: one.get("description", old.get(one["cidr"], "")) for one in entries}
        there["entries"] = wanted if given.get("purge_entries", True) else {**old, **wanted}
        if len(there["entries"]) > there["max_entries"]:
            raise Refused("there is no room")
    if given.get("description") == "" and there["description"]:
        raise Refused("a description cannot be cleared")
    there["description"] = given.get("description") or there["description"]


def told_lists(modules: Modules) -> State:
    names = ("description", "address_family", "max_entries", "tags")
    return {
        one["name"]: {
            **{name: one[name] for name in names},
            "entries": {entry["cidr"]: entry["description"] for entry in one["entries"]},
        }
        for one in modules.run("prefix_list_info", names=_NAMES)["prefix_lists"]
    }


FACTS: Facts = {"prefix_lists": told_lists}

SUBJECTS = [
    Subject(
        "prefix_list",
        options(
            {
                "address_family": ["IPv4", "IPv6"],
                "max_entries": [1, 5],
                "entries": _ENTRIES,
                "purge_entries": [True, False],
                "description": ["", "for tests", "another"],
                **TERMS,
            },
            name=_NAMES,
        )
        | options(TERMS, name=_NAMES, state=["absent"]),
        prefix_list,
        ("prefix_lists",),
    )
]
