# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A prefix list: a named set of networks that rules of security groups can name. Private."""

from __future__ import annotations

import contextlib
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import NotFound, Twins, UnexpectedState
from .._core import ownership, twins
from .._core import tags as tagging
from .._core.plan import Plan
from .._core.removal import delete_when_free
from .._core.resource import Resource
from .._core.waiter import wait_for
from . import find, planner
from .find import Shape

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str"},
    "prefix_list_id": {"type": "str"},
    "address_family": {"type": "str", "choices": ["IPv4", "IPv6"]},
    "max_entries": {"type": "int"},
    "entries": {
        "type": "list",
        "elements": "dict",
        "options": {"cidr": {"type": "str", "required": True}, "description": {"type": "str"}},
    },
    "purge_entries": {"type": "bool", "default": True},
    "description": {"type": "str"},
    "tags": {"type": "dict"},
    **ownership.SPEC,
    "wait_timeout": {"type": "int", "default": 300},
}
CONSTRAINTS: dict[str, t.Any] = {
    "required_one_of": [("name", "prefix_list_id")],
    "mutually_exclusive": [("name", "prefix_list_id")],
}
#: By which deleting says that rules name it; which code it is, is documented nowhere.
_BLOCKED = ("DependencyViolation", "InvalidOperation", "PrefixListInUse")


class PrefixList(Resource["Shape | None"]):
    """One prefix list, by ID or by name."""

    def __init__(self, cloud: Cloud, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.desired = planner.Desired()
        self._id = ""

    def validate(self) -> None:
        self.desired = planner.Desired.from_options(self.options)
        self.desired.check()

    def find(self) -> Shape | None:
        found = self._found()
        if len(found) > 1 and self.desired.terms.leave_others:
            found = ownership.ours_first(found, lambda one: one["tags"])
        if len(found) > 1:
            ours = all(ownership.proven(one["tags"]) for one in found)
            raise (Twins if ours else UnexpectedState)(
                f"{len(found)} prefix lists are named {self.desired.name}: "
                f"{', '.join(one['prefix_list_id'] for one in found)}.",
                hint="Say which one with prefix_list_id.",
            )
        self._id = found[0]["prefix_list_id"] if found else ""
        return found[0] if found else None

    def plan(self, actual: Shape | None) -> Plan:
        return planner.plan(self.desired, actual, self.cloud.region)

    # ------------------------------------------------------------------ steps

    def create(self, after: dict[str, t.Any]) -> None:
        answer = self.cloud.call(
            "ecs",
            "CreatePrefixList",
            PrefixListName=after["name"],
            AddressFamily=after["address_family"],
            MaxEntries=after["max_entries"],
            Description=after["description"] or None,
            Entry=_entries({one["cidr"]: one["description"] for one in after["entries"]}) or None,
            Tag=tagging.to_api(after["tags"]),
        )
        own = str(answer["PrefixListId"])
        self._id = twins.to_use(self.cloud, own, self._made)
        if own != self._id:
            with contextlib.suppress(NotFound):
                self.cloud.call("ecs", "DeletePrefixList", PrefixListId=own)

    def modify(
        self,
        added: dict[str, str] | None = None,
        removed: t.Sequence[str] = (),
        description: str | None = None,
    ) -> None:
        # All in one call, so that no rule is without an entry that stays. An entry that is there gets its description.
        self.cloud.call(
            "ecs",
            "ModifyPrefixList",
            PrefixListId=self._id,
            Description=description,
            AddEntry=_entries(added or {}) or None,
            RemoveEntry=[{"Cidr": block} for block in removed] or None,
        )

    def delete(self) -> None:
        delete_when_free(
            self.cloud,
            self.desired.label,
            lambda: self.cloud.call("ecs", "DeletePrefixList", PrefixListId=self._id),
            self._users,
            blocked=_BLOCKED,
            timeout=self.options["wait_timeout"],
            hint="Take it out of the rules first, with alitrust.ecs.sg_rule.",
        )

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: Shape | None) -> dict[str, t.Any]:
        timeout = self.options["wait_timeout"]
        if not self.desired.present:
            wait_for(
                self.cloud,
                f"{self.desired.label} to be gone",
                lambda: bool(find.lists(self.cloud, [self._id])),
                lambda there: not there,
                lambda there: "still listed",
                timeout=timeout,
                shows=True,
            )
            return {"prefix_list": None}
        there = self.reread(self.desired.label, timeout, lambda seen: seen is not None)
        return {"prefix_list": there}

    def foretell(self, plan: Plan, actual: Shape | None) -> dict[str, t.Any]:
        foretold = self.cloud.foretold
        if not plan.changed:
            return {"prefix_list": actual}
        if not self.desired.present:
            foretold.would_delete(find.KIND, self._id, (actual or {})["name"])
            return {"prefix_list": None}
        after = {"association_count": 0, "creation_time": "", **(actual or {}), **plan.after}
        told = {key: value for key, value in after.items() if key != "prefix_list_id"}
        if actual is not None:
            foretold.would_change(find.KIND, self._id, after["name"], thing=told)
            return {"prefix_list": after}
        made_up = foretold.would_make(find.KIND, "pl", after["name"], thing=told)
        return {"prefix_list": {**after, "prefix_list_id": made_up, "creation_time": None}}

    # ------------------------------------------------------------------ reading

    def _found(self) -> list[Shape]:
        if self.desired.prefix_list_id:
            return find.lists(self.cloud, [self.desired.prefix_list_id])
        return find.lists(self.cloud, name=self.desired.name)

    def _made(self) -> list[twins.Twin]:
        mark = tagging.fitting(str(self.desired.name))
        return [
            twins.Twin(one["creation_time"], one["prefix_list_id"])
            for one in find.lists(self.cloud, name=self.desired.name)
            if one["tags"].get(tagging.OWNER_KEY) == mark
        ]

    def _users(self) -> list[str]:
        there = find.lists(self.cloud, [self._id])
        count = there[0]["association_count"] if there else 0
        return [f"rules of {count} security group{'' if count == 1 else 's'}"] if count else []


def _entries(entries: t.Mapping[str, str]) -> list[dict[str, str]]:
    """Entries for a request."""
    return [{"Cidr": block, **({"Description": text} if text else {})} for block, text in sorted(entries.items())]
