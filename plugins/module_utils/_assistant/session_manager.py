# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Session Manager of an account, behind C(session_manager) and its info twin. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._core import naming
from .._core.plan import Plan, Step
from .._core.resource import Resource
from .._core.summary import counted
from .._core.waiter import wait_for
from . import agents, sessions, settings

SPEC: dict[str, dict[str, t.Any]] = {
    "enabled": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 60},
}
INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "instance_ids": {"type": "list", "elements": "str"},
    "all_sessions": {"type": "bool", "default": False},
}


class SessionManager(Resource[bool]):
    """The account's switch, on or off."""

    def find(self) -> bool:
        return settings.session_manager_is_on(self.cloud)

    def plan(self, actual: bool) -> Plan:
        wanted = self.options["enabled"]
        steps = () if actual == wanted else (Step(f"switch Session Manager {'on' if wanted else 'off'}", "switch"),)
        return Plan({"enabled": actual}, {"enabled": wanted}, steps)

    def preflight(self, plan: Plan, actual: bool) -> None:
        if not plan.changed or self.options["enabled"]:
            return
        running = sessions.open_ones(self.cloud)
        if running:
            named = sorted({one["instance_id"] for one in running})
            self.warnings.append(
                f"{counted(len(running), 'sessions')} to {', '.join(named[:5])}{' and others' if named[5:] else ''} "
                f"in {self.cloud.region} {'is' if len(running) == 1 else 'are'} open; whether they go on is not "
                "documented. Hosts with the connection alitrust.ecs.session are out of reach from now on."
            )

    def switch(self) -> None:
        settings.switch_session_manager(self.cloud, self.options["enabled"])

    def settle(self, plan: Plan, actual: bool) -> dict[str, t.Any]:
        wanted = self.options["enabled"]
        wait_for(
            self.cloud,
            f"Session Manager to be {'on' if wanted else 'off'}",
            self.find,
            lambda seen: seen == wanted,
            lambda seen: "on" if seen else "off",
            timeout=self.options["wait_timeout"],
        )
        return {"session_manager": {"enabled": wanted}}

    def foretell(self, plan: Plan, actual: bool) -> dict[str, t.Any]:
        if plan.changed:
            settings.foretell_session_manager(self.cloud, self.options["enabled"])
        return {"session_manager": dict(plan.after)}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(session_manager_info) returns.

    :raises InvalidInput: what is no instance ID
    """
    ids = options["instance_ids"]
    naming.check_instance_ids(ids)
    on = settings.session_manager_is_on(cloud)
    found = [one.shown() for one in agents.read(cloud, ids)]
    seen = sessions.all_of(cloud, ids) if options["all_sessions"] else sessions.open_ones(cloud, ids)
    online = sum(one["online"] for one in found)
    return {
        "session_manager": {"enabled": on},
        "agents": found,
        "sessions": seen,
        "summary": f"Session Manager is {'on' if on else 'off'}, {online} of {counted(len(found), 'agents')} online, "
        f"{counted(len(seen), 'sessions')}",
    }
