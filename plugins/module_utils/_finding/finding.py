# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(trust_event), and the reader behind C(trust_event_info). Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput
from .._core.plan import Plan
from .._core.resource import Resource
from .._core.summary import counted
from .._core.waiter import wait_for
from .._trust import meanings as known
from .._trust.server import PRODUCT
from . import finding_planner, findings
from .findings import Finding

STATES = ["open", "accepted", "ignored", "handled", "unknown"]

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["accepted", "ignored"], "required": True},
    "expected": {"type": "list", "elements": "str"},
    "unexpected": {"type": "str", "choices": ["fail", "leave"], "default": "fail"},
    "all_findings": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 60},
    **findings.SPEC,
}

INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "states": {"type": "list", "elements": "str", "choices": STATES},
    **findings.SPEC,
}


class TrustEvent(Resource[list[Finding]]):
    """Findings that are accepted or ignored."""

    def validate(self) -> None:
        self.meanings = findings.check(self.options)
        given = [name for name in ("event_ids", "levels", "since", "until", "expected") if self.options[name]]
        if not given and not findings.names_instances(self.options) and not self.options["all_findings"]:
            raise InvalidInput(
                "Nothing says which findings are meant; give event_ids, instance_ids, fleet, levels, since, until or "
                "expected, or all_findings: true for everything that is open in the region."
            )
        if self.options["event_ids"] == []:
            raise InvalidInput("event_ids is empty; give at least one id, or use a filter.")
        style = known.numbers(self.meanings, "handle_style", self.options["state"])
        if not style:
            raise InvalidInput(f"trust_meanings.handle_style has no number for {self.options['state']}.")
        self.style = style[0]
        if self.options["wait_timeout"] <= 0:
            raise InvalidInput(f"wait_timeout is {self.options['wait_timeout']}; expected seconds above 0.")

    def find(self) -> list[Finding]:
        states = None if self.options["event_ids"] else ["open"]
        return findings.read(self.cloud, self.options, self.meanings, states)

    def plan(self, actual: list[Finding]) -> Plan:
        return finding_planner.plan(
            actual,
            self.options["state"],
            ids=self.options["event_ids"],
            expected=self.options["expected"],
            leave_unexpected=self.options["unexpected"] == "leave",
        )

    def handle(self, operation: str, ids: list[str]) -> None:
        self.cloud.call(PRODUCT, operation, EventUuids=",".join(ids), HandleStyle=self.style)

    def settle(self, plan: Plan, actual: list[Finding]) -> dict[str, t.Any]:
        handled = set(plan.after)
        by_id = {**self.options, "event_ids": self._told(plan, actual)}
        seen = wait_for(
            self.cloud,
            f"{len(handled)} findings to be {self.options['state']}",
            lambda: findings.read(self.cloud, by_id, self.meanings, None),
            lambda now: not _late(now, handled, self.options["state"]),
            lambda now: f"{len(_late(now, handled, self.options['state']))} are not yet",
            timeout=self.options["wait_timeout"],
        ).value
        return {"findings": seen}

    def foretell(self, plan: Plan, actual: list[Finding]) -> dict[str, t.Any]:
        # What only the trusted server can tell of a decision.
        unknown = dict.fromkeys(("modified", "handled", "status_number", "handle_type_number"))
        decided = {"state": self.options["state"], **unknown}
        told = self._told(plan, actual)
        return {
            "findings": [
                {**one, **(decided if one["event_id"] in plan.after else {})}
                for one in actual
                if one["event_id"] in told
            ]
        }

    def _told(self, plan: Plan, actual: list[Finding]) -> list[str]:
        """Of which findings the result tells: those that are handled, and named ones that were handled before."""
        before = {one["event_id"] for one in actual if self.options["event_ids"] and one["state"] != "open"}
        return sorted({*plan.after, *before})


def _late(seen: t.Sequence[Finding], handled: set[str], state: str) -> set[str]:
    # What is handled in a way that the table of meanings does not know is handled all the same.
    return handled - {one["event_id"] for one in seen if one["state"] in (state, "handled")}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Findings that pass every filter given.

    :raises InvalidInput: a filter that cannot match
    """
    found = findings.read(cloud, options, findings.check(options), options["states"])
    open_ones = [one for one in found if one["state"] == "open"]
    return {
        "findings": found,
        "event_ids": [one["event_id"] for one in found],
        "open_count": len(open_ones),
        "summary": f"{counted(len(found), 'findings')}, {len(open_ones)} open",
    }
