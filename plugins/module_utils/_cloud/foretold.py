# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlier tasks of a check run would have made or deleted: a layer over what the cloud can show. Private.

A check from nothing plans a whole chain, in which a later task names what an earlier one would have made. The action
plugin hands each task of a check run the records of those before it, and takes the task's own records from its result.
A record says what kind of thing it is, its region, ID and name, whether it would be gone, and whatever a later task
has to know of it (the zone of a vSwitch, the type of a group).
"""

from __future__ import annotations

import hashlib
import re
import typing as t

Record = dict[str, t.Any]

_MADE_UP = "-foretold-"
_ID = re.compile(r"[a-z]+-foretold-[A-Za-z0-9\-]+")


def is_id(value: t.Any) -> bool:
    """Whether that is an ID that a check run made up, for something that does not exist."""
    return isinstance(value, str) and _MADE_UP in value and bool(_ID.fullmatch(value))


def ids_in(value: t.Any) -> list[str]:
    """All such IDs anywhere in the options of a task."""
    # Python writes down a list of hundreds of rules faster than a loop looks at the first of them.
    if _MADE_UP not in repr(value):
        return []
    found = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if is_id(one):
                found.append(one)
        elif isinstance(one, dict):
            waiting += reversed(one.values())
        elif isinstance(one, (list, tuple)):
            waiting += reversed(one)
    return found


class Foretold:
    """The records that one task knows, and those that it adds.

    :param records: of the tasks before, oldest first
    :param account: tells one account and endpoint from another; see L{options.Connection.account}
    :param region: region of the task; None where it has none
    :ivar made: records of this task
    """

    def __init__(self, records: t.Iterable[Record] = (), *, account: str = "", region: str | None = None) -> None:
        self._records = [one for one in records if one.get("account", "") == account]
        self._account = account
        self._region = region or ""
        self.made: list[Record] = []

    def in_region(self, region: str | None) -> Foretold:
        """The same as seen from another region; what is added there is added here."""
        other = Foretold(account=self._account, region=region)
        other._records, other.made = self._records, self.made
        return other

    def with_made(self) -> Foretold:
        """The same after this task: what it would make or delete is known to what comes next."""
        other = Foretold(account=self._account, region=self._region)
        other._records = [*self._records, *self.made]
        return other

    def find(self, kind: str, key: str, **where: t.Any) -> Record | None:
        """What would be there by now and has this ID or name.

        :param kind: for example C(security_group)
        :param where: what the record has to say besides, for example C(vpc_id)
        """
        for one in reversed(self._records):
            if self._is(one, kind, key) and all(one.get(name) == value for name, value in where.items()):
                return None if one["gone"] else one
        return None

    def all_of(self, kind: str, **where: t.Any) -> list[Record]:
        """All things of a kind that would be there by now, oldest first."""
        found: dict[str, Record] = {}
        for one in self._records:
            if self._is(one, kind, one["id"]):
                found.pop(one["id"], None)
                if not one["gone"] and all(one.get(name) == value for name, value in where.items()):
                    found[one["id"]] = one
        return [*found.values()]

    def is_gone(self, kind: str, key: str) -> bool:
        """Whether what has this ID or name, and is still there, would be gone by now."""
        last = next((one for one in reversed(self._records) if self._is(one, kind, key)), None)
        return last is not None and bool(last["gone"])

    def staying(self, kind: str, keys: t.Iterable[str]) -> list[str]:
        """Those of these IDs or names that would not be gone by now."""
        return [key for key in keys if not self.is_gone(kind, key)]

    def would_make(self, kind: str, prefix: str, name: str, *, global_: bool = False, **known: t.Any) -> str:
        """Note that the task would make something; returns the ID that stands for it until then.

        :param prefix: what IDs of the kind begin with, for example C(sg)
        :param global_: whether it belongs to the account instead of a region
        """
        region = "" if global_ else self._region
        unique = hashlib.sha256(repr((self._account, region, kind, name, sorted(known.items()))).encode()).hexdigest()
        words = re.sub("[^A-Za-z0-9]+", "-", name).strip("-") or kind.replace("_", "-")
        made_up = f"{prefix}-foretold-{words}-{unique[:6]}"
        self._add({"kind": kind, "region": region, "id": made_up, "name": name, "gone": False, **known})
        return made_up

    def would_change(self, kind: str, key: str, name: str, *, global_: bool = False, **known: t.Any) -> None:
        """Note what the task would make of something that is there, or will be by then.

        :param key: its ID
        :param known: all that later tasks have to know of it, whether it is changed or not
        """
        region = "" if global_ else self._region
        self._add({"kind": kind, "region": region, "id": key, "name": name, "gone": False, **known})

    def would_delete(self, kind: str, key: str, name: str = "", *, global_: bool = False) -> None:
        """Note that the task would delete something.

        :param key: its ID, or its name where the kind has no ID
        """
        region = "" if global_ else self._region
        self._add({"kind": kind, "region": region, "id": key, "name": name or key, "gone": True})

    def _add(self, record: Record) -> None:
        record["account"] = self._account
        self.made.append(record)

    def _is(self, one: Record, kind: str, key: str) -> bool:
        return one["kind"] == kind and key in (one["id"], one["name"]) and one["region"] in ("", self._region)
