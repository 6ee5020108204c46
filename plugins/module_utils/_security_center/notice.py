# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of what Security Center tells people, how and when: C(security_center_notice) and its info twin. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput
from .._core.plan import Plan, Step
from .._core.resource import Resource
from .servers import PRODUCT

Notice = dict[str, t.Any]

#: Route of ModifyNoticeConfig is the sum of these.
_BITS = {"text_message": 1, "email": 2, "internal_message": 4}
_KNOWN = sum(_BITS.values())
#: TimeLimit.
_HOURS = {"any": 0, "daytime": 1}
#: What a check run calls a notification.
_KIND = "security_notice"

SPEC: dict[str, dict[str, t.Any]] = {
    "items": {"type": "list", "elements": "str", "required": True},
    "methods": {"type": "list", "elements": "str", "choices": list(_BITS)},
    "hours": {"type": "str", "choices": list(_HOURS)},
    "wait_timeout": {"type": "int", "default": 60},
}
INFO_SPEC: dict[str, dict[str, t.Any]] = {"items": {"type": "list", "elements": "str"}}


def shape(item: t.Mapping[str, t.Any]) -> Notice:
    """The shape of an item of DescribeNoticeConfig."""
    route = int(item.get("Route") or 0)
    limit = int(item.get("TimeLimit") or 0)
    return {
        "item": item.get("Project") or "",
        "methods": [name for name, bit in _BITS.items() if route & bit],
        "hours": next((name for name, number in _HOURS.items() if number == limit), str(limit)),
        "route_number": route,
        "time_limit_number": limit,
    }


def all_of(cloud: Cloud) -> dict[str, Notice]:
    """The notifications of the account by item; in a check run as earlier tasks would have left them."""
    found = {one["item"]: one for one in map(shape, cloud.call(PRODUCT, "DescribeNoticeConfig")["NoticeConfigList"])}
    for name in found:
        if record := cloud.foretold.find(_KIND, name):
            found[name] = record["notice"]
    return found


def chosen(found: t.Mapping[str, Notice], items: t.Sequence[str]) -> list[Notice]:
    """These of the notifications, in their order.

    :raises InvalidInput: there is no such item
    """
    if unknown := [one for one in items if one not in found]:
        raise InvalidInput(f"items has {unknown[0]!r}, which is none of the account's: {', '.join(sorted(found))}.")
    return [found[one] for one in dict.fromkeys(items)]


def wanted(now: Notice, methods: t.Sequence[str] | None, hours: str | None) -> Notice:
    """What a notification is to be. Ways that nobody has documented stay as they are."""
    route, limit = now["route_number"], now["time_limit_number"]
    if methods is not None:
        route = (route & ~_KNOWN) | sum(_BITS[one] for one in set(methods))
    if hours is not None:
        limit = _HOURS[hours]
    return shape({"Project": now["item"], "Route": route, "TimeLimit": limit})


def plan(found: t.Sequence[Notice], methods: t.Sequence[str] | None, hours: str | None) -> Plan:
    """A step for each notification that is to be another one."""
    pairs = [(one, wanted(one, methods, hours)) for one in found]
    return Plan(
        {one["item"]: _shown(one) for one, _after in pairs},
        {after["item"]: _shown(after) for _one, after in pairs},
        tuple(
            Step(
                f"notify of {after['item']} {_words(after)}",
                "notify",
                {"item": after["item"], "route": after["route_number"], "limit": after["time_limit_number"]},
            )
            for one, after in pairs
            if one != after
        ),
    )


def _shown(one: Notice) -> dict[str, t.Any]:
    return {"methods": one["methods"], "hours": one["hours"]}


def _words(one: Notice) -> str:
    if not one["route_number"]:
        return "no more"
    ways = " and ".join(name.replace("_", " ") for name in one["methods"]) or "as before"
    return f"by {ways}, {'at any time' if one['hours'] == 'any' else 'from 8:00 to 22:00'}"


class SecurityCenterNotice(Resource[list[Notice]]):
    """How people are told of some kinds of events."""

    def validate(self) -> None:
        if not self.options["items"]:
            raise InvalidInput("items is empty; expected notifications, for example sas_suspicious.")
        if self.options["methods"] is None and self.options["hours"] is None:
            raise InvalidInput("Neither methods nor hours is given; expected at least one of them.")
        if self.options["wait_timeout"] <= 0:
            raise InvalidInput(f"wait_timeout is {self.options['wait_timeout']}; expected seconds above 0.")

    def find(self) -> list[Notice]:
        return chosen(all_of(self.cloud), self.options["items"])

    def plan(self, actual: list[Notice]) -> Plan:
        return plan(actual, self.options["methods"], self.options["hours"])

    def notify(self, item: str, route: int, limit: int) -> None:
        self.cloud.call(PRODUCT, "ModifyNoticeConfig", Project=item, Route=route, TimeLimit=limit)

    def settle(self, plan: Plan, actual: list[Notice]) -> dict[str, t.Any]:
        return {"notices": self.reread("the notifications", self.options["wait_timeout"])}

    def foretell(self, plan: Plan, actual: list[Notice]) -> dict[str, t.Any]:
        after = [wanted(one, self.options["methods"], self.options["hours"]) for one in actual]
        for one, before in zip(after, actual, strict=True):
            if one != before:
                self.cloud.foretold.would_change(_KIND, one["item"], one["item"], global_=True, notice=one)
        return {"notices": after}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(security_center_notice_info) returns.

    :raises InvalidInput: there is no such item
    """
    found = all_of(cloud)
    return {"notices": [*found.values()] if options["items"] is None else chosen(found, options["items"])}
