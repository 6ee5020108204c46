# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operations of Security Center share.

An account has one Security Center for all its regions. Its servers are the account's instances, so no record is kept of
them but ``security_agent`` (id: InstanceId): Installed and Removed, the moments from which the agent is there and gone,
Leaving, once it is being uninstalled, Offline and Paused, and Result, the code of the last attempt to install it. Where
instances have hosts, it is a process in them (in_hosts.py). What the service found comes by the control
API: ``security_alert`` (id: Id), ``security_vulnerability`` (id: PrimaryId) and ``security_risk`` (id: RiskId and
InstanceId) have members of DescribeSuspEvents, DescribeVulList and DescribeWarningMachines, InstanceId and AccountId.
"""

from __future__ import annotations

import datetime as dt
import functools
import typing as t
import uuid
from dataclasses import dataclass

from local_cloud.clock import MINUTE_FORMAT
from local_cloud.framework import ApiError, Call, Handler, operation
from local_cloud.services.sas import in_hosts
from local_cloud.services.sas.in_hosts import AGENT, NEVER, fresh
from local_cloud.services.shapes import complete
from local_cloud.settings import define
from local_cloud.store import Store, on_transition

Record = dict[str, t.Any]

define("sas.largest_page", 100, "largest PageSize of Security Center; more is taken as this (UNCERTAIN)")
define(
    "sas.install_seconds",
    2.0,
    "how long until an agent that is installed is online, without hosts (UNCERTAIN)",
)
define(
    "sas.uninstall_seconds",
    1.0,
    "how long until an agent that is uninstalled is gone, without hosts (UNCERTAIN)",
)
define(
    "sas.install_result",
    0,
    "ResuleCode of an installation of the agent; 0: it succeeds",
    (0, 2, 6, 1001, 1004, 1008),
)
define("sas.new_server_seconds", 0.0, "how long Security Center does not know a new instance (UNCERTAIN)")

ALERT, VULNERABILITY, RISK = "security_alert", "security_vulnerability", "security_risk"


def sas(action: str) -> t.Callable[[Handler], Handler]:
    """Register a handler; its answer is completed to the SDK's response model."""

    def register(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def served(call: Call) -> Record:
            return complete("sas", action, handler(call))

        operation("sas", action)(served)
        return handler

    return register


def invalid(name: str, why: str) -> ApiError:
    return ApiError("InvalidParameter", 400, f"The specified parameter {name} is not valid. {why}")


def texts(call: Call, name: str) -> list[str] | None:
    """A parameter of several texts with commas between them; None where it is not given."""
    text = call.get(name)
    return [one.strip() for one in text.split(",") if one.strip()] if text else None


Paged = t.TypeVar("Paged")


def paged(call: Call, items: list[Paged], default: int = 20) -> tuple[list[Paged], Record]:
    """A page of a list, and what the answer says about it."""
    number, size = (_positive(call, name, usual) for name, usual in (("CurrentPage", 1), ("PageSize", default)))
    size = min(size, int(call.settings["sas.largest_page"]))
    page = items[(number - 1) * size : number * size]
    return page, {"CurrentPage": number, "PageSize": size, "Count": len(page), "TotalCount": len(items)}


def _positive(call: Call, name: str, usual: int) -> int:
    """A number, which some operations take as text."""
    text = str(call.get(name, usual))
    if not text.isdecimal() or not 1 <= int(text) < 10**9:
        raise invalid(name, "Expected a number from 1.")
    return int(text)


# -- servers


@dataclass(frozen=True)
class Server:
    """An instance as Security Center sees it."""

    instance: Record
    agent: Record | None
    now: float
    heard: t.Callable[[], bool]
    """Whether the agent, where it is installed, sends anything; asking costs a look into the host."""

    @property
    def region(self) -> str:
        return str(self.instance["RegionId"])

    @property
    def uuid(self) -> str:
        return uuid_of(self.instance["InstanceId"])

    @property
    def installed(self) -> bool:
        """Whether the agent is in it."""
        agent = self.agent
        return agent is not None and agent["Installed"] <= self.now and not agent["Removed"] <= self.now

    @functools.cached_property
    def status(self) -> str:
        """ClientSubStatus."""
        if not self.installed or self.agent is None:
            return "uninstalled"
        if self.instance["Status"] != "Running":
            return "stopped"
        if self.agent["Offline"] or not self.heard():
            return "offline"
        return "pause" if self.agent["Paused"] else "online"


def uuid_of(instance_id: str) -> str:
    """By what Security Center calls an instance."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"acs:ecs:instance/{instance_id}"))


def servers(call: Call, *, lagged: bool = True) -> list[Server]:
    """The account's instances that Security Center knows."""
    found = call.store.find("instance", where={"AccountId": call.account_id}, lagged=lagged)
    agents = {one["InstanceId"]: one for one in call.store.find(AGENT, lagged=lagged)}
    now = call.clock.timestamp()

    def heard(instance_id: str) -> t.Callable[[], bool]:
        return lambda: in_hosts.heard(call.store, instance_id)

    return [
        Server(one, agents.get(one["InstanceId"]) or _of_image(one), now, heard(one["InstanceId"]))
        for one in found
        if not one.get("_Releasing") and _is_known(call, one, now)
    ]


def _is_known(call: Call, instance: Record, now: float) -> bool:
    """Whether Security Center has heard of an instance: some time after it was made, or when it is told to look."""
    delay = float(call.settings["sas.new_server_seconds"])
    if not delay:
        return True
    made = instance_time(instance["CreationTime"])
    asked = (call.store.get("security_refresh", call.account_id) or {"At": 0.0})["At"]
    return now >= made + delay or asked >= made


def instance_time(text: str) -> float:
    """A time of ECS, which knows minutes only, in seconds since 1970."""
    return dt.datetime.strptime(text, MINUTE_FORMAT).replace(tzinfo=dt.UTC).timestamp()


def _of_image(instance: Record) -> Record | None:
    """The agent that came with the instance, by SecurityEnhancementStrategy."""
    return fresh(instance["InstanceId"]) if instance.get("_SecurityEnhancement") == "Active" else None


#: what an agent can be made by the control API
STATES = ("online", "offline", "paused", "uninstalled")


def switch(store: Store, instance_id: str, state: str) -> None:
    """Have an instance's agent be in a state, whatever it was before.

    :raises ValueError: there is no such instance, or no such state
    """
    instance = store.get("instance", instance_id)
    if instance is None:
        raise ValueError(f"there is no instance {instance_id!r}")
    if state not in STATES:
        raise ValueError(f"an agent is one of {', '.join(STATES)}, not {state!r}")
    changes = {
        "Offline": state == "offline",
        "Paused": state == "paused",
        "Removed": 0.0 if state == "uninstalled" else NEVER,
        "Leaving": state == "uninstalled",
    }
    store.put(AGENT, instance_id, {**fresh(instance_id), **changes}, region=instance["RegionId"])
    in_hosts.follow(store, instance_id)


def visible(call: Call, kind: str) -> list[tuple[Record, Server]]:
    """What was found on servers that have the agent: without it there is nothing to be seen."""
    found = call.store.find(kind, where={"AccountId": call.account_id}, lagged=True)
    if not found:
        return []
    known = {one.instance["InstanceId"]: one for one in servers(call) if one.installed}
    return [(current(call, one), known[one["InstanceId"]]) for one in found if one["InstanceId"] in known]


def current(call: Call, alert: Record) -> Record:
    """A finding; an alert is handled if its task is over."""
    task = alert.get("_Task")
    shown = {name: value for name, value in alert.items() if name != "_Task"}
    if task and call.clock.timestamp() >= task["At"]:
        shown |= task["Then"]
    elif task:
        shown["EventStatus"] = 16
    return shown


def named(server: Server) -> Record:
    """The members by which a finding names its server."""
    return {
        "Uuid": server.uuid,
        "InstanceId": server.instance["InstanceId"],
        "InstanceName": server.instance["InstanceName"],
        "InternetIp": server.instance["PublicIpAddress"],
        "IntranetIp": server.instance["PrivateIpAddress"],
    }


@on_transition("instance")
def _forget(store: Store, before: Record, after: Record | None) -> None:
    """A released instance has no agent, and nothing is found on it."""
    if after is not None:
        return
    store.delete(AGENT, before["InstanceId"])
    for kind, member in ((ALERT, "Id"), (VULNERABILITY, "PrimaryId"), (RISK, "_Key")):
        for one in store.find(kind, where={"InstanceId": before["InstanceId"]}):
            store.delete(kind, str(one[member]))
