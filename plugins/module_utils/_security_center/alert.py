# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts of Security Center that are handled: C(security_center_alert). Private."""

from __future__ import annotations

import fnmatch
import typing as t

from .._cloud.door import Cloud, chunks, dig
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core.plan import Plan, Step
from .._core.resource import Resource
from .._core.summary import counted
from .._core.waiter import wait_for
from . import findings, servers
from .findings import Found
from .servers import PRODUCT

#: State asked for -> what the step is called, OperationCode.
_ACTIONS = {"ignored": ("ignore", "ignore"), "handled": ("mark as handled", "manual_handled")}
#: States that wait for somebody.
_OPEN = ("open", "handling")
#: Alerts in one call. No limit is documented; the IDs go into the address of the request, which has one.
_AT_ONCE = 50
_NAMED = 5
#: What a check run calls an alert.
_KIND = "security_alert"

SPEC: dict[str, dict[str, t.Any]] = {
    **servers.SPEC,
    "state": {"type": "str", "choices": list(_ACTIONS), "required": True},
    "alert_ids": {"type": "list", "elements": "str"},
    "levels": {"type": "list", "elements": "str", "choices": findings.LEVELS},
    "expected": {"type": "list", "elements": "str"},
    "all_alerts": {"type": "bool", "default": False},
    "remark": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 120},
}


def explained(one: Found, expected: t.Sequence[str] | None) -> bool:
    """Whether an alert is one of those expected, by patterns in the manner of the shell; None expects everything."""
    text = str(one["name"]).lower()
    return expected is None or any(fnmatch.fnmatchcase(text, pattern.strip().lower()) for pattern in expected)


def words(one: Found) -> str:
    return f"{one['name'] or one['alert_id']} on {one['instance_id'] or one['uuid']}"


def plan(found: t.Sequence[Found], state: str, ids: t.Sequence[str] | None, expected: t.Sequence[str] | None) -> Plan:
    """Steps that handle alerts.

    :param found: those that pass the filters; of alerts that are named, also those that were handled before
    :param ids: the alerts that were named; None where filters select
    :param expected: patterns of what may be handled; None for everything
    :raises UnexpectedState: an alert that was named does not exist, or one is not expected
    """
    if lost := sorted(set(ids or ()) - {one["alert_id"] for one in found}):
        raise UnexpectedState(
            f"There is no alert {', '.join(lost)} that passes the other filters.",
            hint="List what there is with alitrust.ecs.security_center_info.",
        )
    to_handle = [one for one in found if one["state"] in _OPEN]
    if surprises := [one for one in to_handle if not explained(one, expected)]:
        raise UnexpectedState(
            f"{len(surprises)} of {counted(len(to_handle), 'alerts')} not expected: "
            f"{'; '.join(map(words, surprises[:_NAMED]))}{' and more' if surprises[_NAMED:] else ''}. "
            "Nothing was handled.",
            hint="Find out how this came about. Add it to expected only when you know.",
            unexpected=surprises,
        )
    name, code = _ACTIONS[state]
    return Plan(
        {one["alert_id"]: _shown(one) for one in to_handle},
        {one["alert_id"]: {**_shown(one), "state": state} for one in to_handle},
        tuple(
            Step(f"{name}: {_list(some)}", "handle", {"code": code, "ids": [one["alert_id"] for one in some]})
            for some in chunks(to_handle, _AT_ONCE)
        ),
    )


def _shown(one: Found) -> dict[str, t.Any]:
    return {key: one[key] for key in ("instance_id", "name", "level", "state")}


def _list(some: t.Sequence[Found]) -> str:
    more = f" and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
    return ", ".join(map(words, some[:_NAMED])) + more


class SecurityCenterAlert(Resource[list[Found]]):
    """Alerts that are ignored, or marked as handled."""

    def validate(self) -> None:
        given = [name for name in ("alert_ids", "instance_ids", "fleet", "levels", "expected") if self.options[name]]
        if not given and not self.options["all_alerts"]:
            raise InvalidInput(
                "Nothing says which alerts are meant; give alert_ids, instance_ids, fleet, levels or expected, or "
                "all_alerts: true for all that wait in the region."
            )
        for one in self.options["alert_ids"] or ():
            if not (one.isascii() and one.isdigit()):
                raise InvalidInput(f"alert_ids has {one!r}; expected the ID of an alert, which is a number.")
        if self.options["alert_ids"] == []:
            raise InvalidInput("alert_ids is empty; give at least one ID, or use a filter.")
        if self.options["wait_timeout"] <= 0:
            raise InvalidInput(f"wait_timeout is {self.options['wait_timeout']}; expected seconds above 0.")

    def find(self) -> list[Found]:
        ids = self.options["alert_ids"]
        there = servers.read(self.cloud, servers.wanted_ids(self.cloud, self.options))
        uuids = [one["uuid"] for one in there if one["uuid"]]
        # Of what is named it is told, too, that it was handled before.
        found = findings.alerts(self.cloud, uuids, self.options["levels"], handled=None if ids else False)
        for one in found:
            if record := self.cloud.foretold.find(_KIND, one["alert_id"]):
                one["state"] = record["state"]
        return [one for one in found if (one["alert_id"] in ids if ids else one["state"] in _OPEN)]

    def plan(self, actual: list[Found]) -> Plan:
        return plan(actual, self.options["state"], self.options["alert_ids"], self.options["expected"])

    def handle(self, code: str, ids: list[str]) -> None:
        given = {"OperationCode": code, "SecurityEventIds": ids, "Remark": self.options["remark"]}
        answer = self.cloud.call(PRODUCT, "HandleSecurityEvents", given)
        task = dig(answer, "HandleSecurityEventsResponse.TaskId")
        if task is None:
            return  # the alerts themselves will tell
        over = wait_for(
            self.cloud,
            f"{counted(len(ids), 'alerts')} to be handled",
            lambda: _progress(self.cloud, task, ids),
            lambda told: told["TaskStatus"] not in ("Processing", "Pending"),
            lambda told: str(told["TaskStatus"]).lower(),
            timeout=self.options["wait_timeout"],
        ).value
        failed = [
            f"{one.get('SecurityEventId')} ({one.get('ErrorCode') or 'no reason given'})"
            for one in over.get("SecurityEventOperationStatuses") or ()
            if one.get("Status") == "Failed"
        ]
        if failed or over["TaskStatus"] != "Success":
            raise UnexpectedState(
                f"Security Center could not handle {', '.join(failed[:_NAMED]) or 'the alerts'}.",
                hint="The console tells more, and other ways to handle them.",
            )

    def settle(self, plan: Plan, actual: list[Found]) -> dict[str, t.Any]:
        there = servers.read(self.cloud, servers.wanted_ids(self.cloud, self.options))
        uuids = [one["uuid"] for one in there if one["uuid"]]
        told = {one["alert_id"] for one in actual}

        def read() -> list[Found]:
            return [one for one in findings.alerts(self.cloud, uuids, handled=None) if one["alert_id"] in told]

        seen = wait_for(
            self.cloud,
            f"{counted(len(plan.after), 'alerts')} to be {self.options['state']}",
            read,
            lambda now: all(one["state"] not in _OPEN for one in now if one["alert_id"] in plan.after),
            lambda now: f"{sum(one['state'] in _OPEN for one in now)} are not yet",
            timeout=self.options["wait_timeout"],
            shows=True,
        ).value
        return {"alerts": seen}

    def foretell(self, plan: Plan, actual: list[Found]) -> dict[str, t.Any]:
        for name, one in plan.after.items():
            self.cloud.foretold.would_change(_KIND, name, one["name"], global_=True, state=one["state"])
        # What only Security Center can tell of it.
        unknown = dict.fromkeys(("status_number", "handled_time"))
        state = {"state": self.options["state"], **unknown}
        return {"alerts": [{**one, **(state if one["alert_id"] in plan.after else {})} for one in actual]}


def _progress(cloud: Cloud, task: int, ids: list[str]) -> dict[str, t.Any]:
    answer = cloud.call(PRODUCT, "DescribeSecurityEventOperationStatus", TaskId=task, SecurityEventIds=ids)
    told: dict[str, t.Any] = answer["SecurityEventOperationStatusResponse"]
    return told
