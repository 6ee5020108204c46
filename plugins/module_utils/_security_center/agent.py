# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent of Security Center on instances: C(security_center_agent) and its info twin. Private."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass

from .._cloud.door import Cloud, chunks
from .._cloud.errors import AlreadyExists, InvalidInput, UnexpectedState
from .._core.plan import Plan, Step
from .._core.resource import Resource
from .._core.summary import counted
from .._core.waiter import wait_for
from . import servers
from .servers import ENGLISH, PRODUCT, UUIDS_AT_ONCE, Server, listed

ROLE = "AliyunServiceRoleForSas"
#: What a check run calls the role, and an agent.
_ROLE_KIND, _KIND = "security_role", "security_agent"
#: Agents that are there, whether they work at the moment or not.
_THERE = ("online", "offline", "paused", "stopped")
_TOLD = ("instance_id", "name", "uuid", "region", "running", "agent", "protected")
_FAILED = 2
#: ResuleCode of DescribeAgentInstallStatus.
_REASONS = {
    "1": "its folder could not be made",
    "2": "its package could not be fetched",
    "3": "its file is not there",
    "4": "what its file is verified by is not there",
    "5": "its file is not what it should be",
    "6": "its file could not be run",
    "7": "rights are missing in the instance",
    "8": "its process was not found",
    "100": "the cause is not known",
    "1001": "the region has no installation by Security Center",
    "1002": "servers outside of Alibaba Cloud need the installation script",
    "1003": "the operating system is not supported",
    "1004": "Security Center had an internal error",
    "1005": "the instance is not running",
    "1006": "the classic network has no installation by Security Center",
    "1007": "somebody stopped it",
    "1008": "the instance has no Cloud Assistant",
    "1009": "it took too long",
}

SPEC: dict[str, dict[str, t.Any]] = {
    **servers.SPEC,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "service_role": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
}


INFO_SPEC = servers.SPEC


@dataclass(frozen=True)
class Found:
    """What is there.

    :ivar role: whether Security Center may read the account; None where nobody asks
    """

    servers: list[Server]
    role: bool | None


def has_role(cloud: Cloud) -> bool:
    """Whether the service-linked role exists; in a check run, whether it would by now."""
    if cloud.foretold.find(_ROLE_KIND, ROLE):
        return True
    answer = cloud.call(PRODUCT, "DescribeServiceLinkedRoleStatus", ServiceLinkedRole=ROLE)
    return bool(answer["RoleStatus"].get("Status"))


def read_servers(cloud: Cloud, ids: list[str] | None) -> list[Server]:
    """What is told of agents; in a check run as earlier tasks would have left them."""
    found = [{name: one[name] for name in _TOLD} for one in servers.read(cloud, ids)]
    foresee(cloud, found)
    return found


def foresee(cloud: Cloud, found: list[Server]) -> None:
    """In a check run, have these servers' agents as earlier tasks would have left them."""
    for one in found:
        if record := cloud.foretold.find(_KIND, one["instance_id"]):
            one.update(agent=record["agent"], protected=record["agent"] == "online")


def plan(found: Found, *, present: bool) -> Plan:
    """Steps that install or uninstall agents."""
    if not present:
        leaving = [one for one in found.servers if one["agent"] in _THERE]
        lost = (
            f"Security Center no longer protects {listed(leaving)}: no alerts, vulnerabilities and risks are found on "
            "them any more, and what was found is not shown."
        )
        return Plan(
            _agents(found.servers),
            {**_agents(found.servers), **{one["instance_id"]: "uninstalled" for one in leaving}},
            tuple(_step("uninstall the agent from", "uninstall", some) for some in chunks(leaving, UUIDS_AT_ONCE)),
            (lost,) if leaving else (),
        )
    new = [one for one in found.servers if one["agent"] in ("uninstalled", "offline", "unknown")]
    steps = [Step(f"let Security Center read the account, by the role {ROLE}", "create_role")] * (found.role is False)
    unheard = [one for one in new if one["agent"] == "unknown"]
    if unheard:
        steps.append(Step(f"have Security Center look for {listed(unheard)}", "look_for"))
    steps += [_step("install the agent on", "install", some) for some in chunks(new, UUIDS_AT_ONCE)]
    paused = [one for one in found.servers if one["agent"] == "paused"]
    return Plan(
        {**_agents(found.servers), **({"service_role": found.role} if found.role is not None else {})},
        {
            **_agents(found.servers),
            **{one["instance_id"]: "online" for one in new},
            **({"service_role": True} if found.role is not None else {}),
        },
        tuple(steps),
        (f"The agent is paused on {listed(paused)}, and protects nothing there until it is enabled again.",)
        if paused
        else (),
    )


def _agents(ones: t.Iterable[Server]) -> dict[str, t.Any]:
    return {one["instance_id"]: one["agent"] for one in ones}


def _step(words: str, do: str, some: list[Server]) -> Step:
    return Step(f"{words} {listed(some)}", do, {"ids": [one["instance_id"] for one in some]})


class SecurityCenterAgent(Resource[Found]):
    """Instances with the agent, or without it."""

    unseen = frozenset({"look_for"})

    def validate(self) -> None:
        if self.options["instance_ids"] is None and not self.options["fleet"]:
            raise InvalidInput("Nothing says which instances are meant; give instance_ids or fleet.")
        if self.options["wait_timeout"] <= 0:
            raise InvalidInput(f"wait_timeout is {self.options['wait_timeout']}; expected seconds above 0.")

    @property
    def present(self) -> bool:
        return bool(self.options["state"] == "present")

    def find(self) -> Found:
        ids = servers.wanted_ids(self.cloud, self.options)
        role = has_role(self.cloud) if self.present and self.options["service_role"] else None
        return Found(read_servers(self.cloud, ids), role)

    def plan(self, actual: Found) -> Plan:
        return plan(actual, present=self.present)

    def preflight(self, plan: Plan, actual: Found) -> None:
        down = [one for one in actual.servers if one["agent"] == "uninstalled" and not one["running"]]
        if self.present and down:
            raise UnexpectedState(
                f"The agent can only be installed on instances that run, and {listed(down)} "
                f"{'does' if len(down) == 1 else 'do'} not. Nothing was changed.",
                hint="Start them first, for example with alitrust.ecs.trusted_instance.",
            )

    def create_role(self) -> None:
        with contextlib.suppress(AlreadyExists):  # somebody else was quicker
            self.cloud.call(PRODUCT, "CreateServiceLinkedRole", ServiceLinkedRole=ROLE)

    def look_for(self) -> None:
        self.cloud.call(PRODUCT, "RefreshAssets", AssetType="ecs")

    def install(self, ids: list[str]) -> None:
        known = wait_for(
            self.cloud,
            f"Security Center to know {counted(len(ids), 'instances')}",
            lambda: servers.read(self.cloud, ids),
            lambda seen: all(one["uuid"] for one in seen),
            lambda seen: f"it does not know {listed([one for one in seen if not one['uuid']])}",
            timeout=self.options["wait_timeout"],
        ).value
        uuids = [one["uuid"] for one in known if one["agent"] != "online"]
        if uuids:
            self.cloud.call(PRODUCT, "OperateAgentClientInstall", {**ENGLISH, "Uuids": ",".join(uuids)})

    def uninstall(self, ids: list[str]) -> None:
        uuids = [one["uuid"] for one in servers.read(self.cloud, ids) if one["agent"] in _THERE]
        if uuids:
            self.cloud.call(PRODUCT, "AddUninstallClientsByUuids", Uuids=",".join(uuids))

    def settle(self, plan: Plan, actual: Found) -> dict[str, t.Any]:
        ids = [one["instance_id"] for one in actual.servers]
        aims = {name: agent for name, agent in plan.after.items() if plan.before[name] != agent and name in ids}

        def late(seen: list[Server]) -> list[Server]:
            return [one for one in seen if one["agent"] != aims.get(one["instance_id"], one["agent"])]

        def poll() -> list[Server]:
            seen = read_servers(self.cloud, ids)
            if self.present and (waiting := late(seen)):
                self._look_for_failures(waiting)
            return seen

        seen = wait_for(
            self.cloud,
            f"the agent to be {'online' if self.present else 'gone'} on {counted(len(aims), 'instances')}",
            poll,
            lambda now: not late(now),
            lambda now: ", ".join(f"{one['agent']} on {servers.words(one)}" for one in late(now)[:5]),
            timeout=self.options["wait_timeout"],
        ).value
        return {"servers": seen}

    def _look_for_failures(self, waiting: list[Server]) -> None:
        """:raises UnexpectedState: an installation has failed, and why"""
        by_uuid = {one["uuid"]: one for one in waiting if one["uuid"]}
        failed = [
            f"on {servers.words(by_uuid[told['Uuid']])}: {_REASONS.get(code, 'no reason is known')} (code {code})"
            for some in chunks(list(by_uuid), UUIDS_AT_ONCE)
            for told in self._told_of_installing(some)
            if told.get("Result") == _FAILED and (code := str(told.get("ResuleCode"))) and told.get("Uuid") in by_uuid
        ]
        if failed:
            raise UnexpectedState(
                f"The agent could not be installed {'; '.join(failed)}.",
                hint="Mend that and run the task again, or install the agent by hand with a command of the console.",
            )

    def _told_of_installing(self, uuids: list[str]) -> list[dict[str, t.Any]]:
        answer = self.cloud.call(PRODUCT, "DescribeAgentInstallStatus", {**ENGLISH, "Uuids": ",".join(uuids)})
        told: list[dict[str, t.Any]] = answer["AegisClientInvokeStatusResponseList"]
        return told

    def foretell(self, plan: Plan, actual: Found) -> dict[str, t.Any]:
        if plan.does("create_role"):
            self.cloud.foretold.would_change(_ROLE_KIND, ROLE, ROLE, global_=True)
        told = []
        for one in actual.servers:
            agent = plan.after[one["instance_id"]]
            if agent != one["agent"]:
                self.cloud.foretold.would_change(_KIND, one["instance_id"], one["name"], agent=agent)
            told.append({**one, "agent": agent, "protected": agent == "online"})
        return {"servers": told}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(security_center_agent_info) returns.

    :raises InvalidInput: what is no ID of an instance
    """
    ids = servers.wanted_ids(cloud, options)
    found = read_servers(cloud, ids)
    protected = sum(one["protected"] for one in found)
    return {
        "service_role": has_role(cloud),
        "servers": found,
        "unprotected": [one["instance_id"] for one in found if not one["protected"]],
        "summary": f"{protected} of {counted(len(found), 'servers')} protected",
    }
