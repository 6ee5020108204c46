# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From where, when and as whom people log on usually: C(security_center_logon) and its info twin. Private."""

from __future__ import annotations

import ipaddress
import json
import re
import typing as t
from dataclasses import dataclass, field

from .._cloud import foretold
from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core.plan import Plan, Step
from .._core.resource import Resource
from . import servers
from .servers import PRODUCT, Server, listed

#: Option -> Type of the API, the members of Config.
_KINDS = {
    "locations": ("login_common_location", ("location",)),
    "ips": ("login_common_ip", ("ip",)),
    "times": ("login_common_time", ("startTime", "endTime")),
    "accounts": ("login_common_account", ("account",)),
}
#: What has a switch; of unusual places Security Center tells in any case.
_SWITCHED = ("ips", "times", "accounts")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_SPAN = re.compile(rf"({_TIME.pattern})-({_TIME.pattern})")

SPEC: dict[str, dict[str, t.Any]] = {
    **servers.SPEC,
    **{name: {"type": "list", "elements": "str"} for name in _KINDS},
    **{f"alert_on_{name}": {"type": "bool"} for name in _SWITCHED},
    "purge": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 60},
}
INFO_SPEC = servers.SPEC


@dataclass(frozen=True)
class Usual:
    """What is usual, of one kind.

    :ivar value: as people write it, for example C(08:00-18:00)
    :ivar config: as the API has told it, which is how it is named in a change; empty where it is to be made
    :ivar uuids: the servers that it was set for one by one
    :ivar wide: whether it was also set for a group of servers, or for all
    :ivar everywhere: whether it was set for all
    """

    kind: str
    value: str
    config: dict[str, str] = field(default_factory=dict)
    uuids: frozenset[str] = frozenset()
    wide: bool = False
    everywhere: bool = False


@dataclass(frozen=True)
class Found:
    """What is there."""

    servers: list[Server]
    usual: list[Usual]
    switches: dict[str, bool]


def value_of(kind: str, config: t.Mapping[str, str]) -> str:
    """A setting as people write it. Seconds, which some answers have, are left out."""
    texts = [config[name] for name in _KINDS[kind][1]]
    return "-".join(text[:5] for text in texts) if kind == "times" else texts[0]


def config_of(kind: str, value: str) -> dict[str, str]:
    """A setting as the API takes it."""
    if kind == "times":
        start, _to, end = value.partition("-")
        return {"startTime": f"{start[:5]}:00", "endTime": f"{end[:5]}:00"}
    return {_KINDS[kind][1][0]: value}


def usual(cloud: Cloud, kinds: t.Iterable[str]) -> list[Usual]:
    """What is usual in the account, of these kinds."""
    found = []
    for kind in kinds:
        action, members = _KINDS[kind]
        for item in cloud.pages(PRODUCT, "DescribeLoginBaseConfigs", Type=action):
            config = {name: str(item.get(name[0].upper() + name[1:]) or "") for name in members}
            targets = item.get("TargetList") or []
            of_servers = frozenset(one.get("Target") or "" for one in targets if one.get("TargetType") == "uuid")
            others = {one.get("TargetType") for one in targets} - {"uuid"}
            found.append(
                Usual(kind, value_of(kind, config), config, of_servers, bool(others), everywhere="global" in others)
            )
    return found


def switches(cloud: Cloud) -> dict[str, bool]:
    """Of what is unusual Security Center tells, by option."""
    listed_ones = cloud.call(PRODUCT, "DescribeLoginSwitchConfigs")["ConfigList"]
    told = {one.get("Item"): one.get("Status") == 1 for one in listed_ones}
    return {name: told.get(_KINDS[name][0], False) for name in _SWITCHED}


def plan(found: Found, wanted: t.Mapping[str, list[str] | None], on: t.Mapping[str, bool | None], purge: bool) -> Plan:
    """Steps that make what is wanted usual on the servers, and switch alerts."""
    uuids_here = [one["uuid"] for one in found.servers]
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    steps: list[Step] = []
    kept: list[str] = []
    for kind, values in wanted.items():
        if values is None:
            continue
        there = {one.value: one for one in found.usual if one.kind == kind}
        added = {value: set(uuids_here) - _having(there.get(value), uuids_here) for value in dict.fromkeys(values)}
        others = {value: one for value, one in there.items() if purge and value not in values}
        gone = {value: set(uuids_here) & one.uuids for value, one in others.items()}
        for flag, changes in (("add", added), ("del", gone)):
            for value, uuids in changes.items():
                config = there[value].config if value in there else config_of(kind, value)
                if uuids:
                    ones = [one for one in found.servers if one["uuid"] in uuids]
                    steps.append(_step(kind, value, flag, config, ones))
        wide = [value for value, one in others.items() if one.wide]
        kept += [f"{value} is usual for a group of servers, or for all, and stays." for value in wide]
        before[kind] = {one["instance_id"]: of_server(one, found.usual, kind) for one in found.servers}
        after[kind] = {
            one["instance_id"]: sorted(
                {value for value in before[kind][one["instance_id"]] if not _goes(one, others.get(value))} | set(values)
            )
            for one in found.servers
        }
    for kind, state in on.items():
        if state is not None:
            before[f"alert_on_{kind}"], after[f"alert_on_{kind}"] = found.switches[kind], state
            if found.switches[kind] != state:
                name = f"{'tell' if state else 'tell no more'} of logons with unusual {kind}"
                steps.append(Step(name, "switch_alerts", {"kind": kind, "on": state}))
    return Plan(before, after, tuple(steps), kept=tuple(kept))


def _having(one: Usual | None, uuids: t.Iterable[str]) -> set[str]:
    """The servers that have a setting, which may be there or not."""
    if one is None:
        return set()
    return set(uuids) if one.everywhere else set(one.uuids)


def _goes(server: Server, one: Usual | None) -> bool:
    """Whether a setting is taken off a server: not where it is everybody's."""
    return one is not None and not one.everywhere and server["uuid"] in one.uuids


def of_server(server: Server, found: t.Iterable[Usual], kind: str) -> list[str]:
    """What of a kind is usual on a server."""
    return sorted(one.value for one in found if one.kind == kind and server["uuid"] in _having(one, [server["uuid"]]))


def _step(kind: str, value: str, flag: str, config: dict[str, str], ones: list[Server]) -> Step:
    words = f"let {kind[:-1]} {value} be usual on" if flag == "add" else f"let {kind[:-1]} {value} no more be usual on"
    uuids = [one["uuid"] for one in ones]
    return Step(f"{words} {listed(ones)}", "change", {"kind": kind, "config": config, "flag": flag, "uuids": uuids})


class SecurityCenterLogon(Resource[Found]):
    """What is usual on some servers, and whether anything else raises an alert."""

    @property
    def wanted(self) -> dict[str, list[str] | None]:
        """By option, written as they are compared; None where it is not given."""
        given = {name: self.options[name] for name in _KINDS}
        if given["times"] is not None:
            pairs = [one.replace(" ", "").split("-") for one in given["times"]]
            given["times"] = [f"{start[:5]}-{end[:5]}" for start, end in pairs]
        return given

    @property
    def on(self) -> dict[str, bool | None]:
        return {name: self.options[f"alert_on_{name}"] for name in _SWITCHED}

    @property
    def of_servers(self) -> bool:
        return any(self.options[name] is not None for name in _KINDS)

    def validate(self) -> None:
        for one in self.options["ips"] or ():
            try:
                ipaddress.ip_address(one)
            except ValueError:
                raise InvalidInput(f"ips has {one!r}; expected an address, for example 192.0.2.10.") from None
        for one in self.options["times"] or ():
            if not _SPAN.fullmatch(one.replace(" ", "")):
                raise InvalidInput(f"times has {one!r}; expected hours and minutes, for example 08:00-18:00.")
        named = self.options["instance_ids"] is not None or bool(self.options["fleet"])
        if self.of_servers and not named:
            raise InvalidInput("Nothing says on which instances that is usual; give instance_ids or fleet.")
        if not self.of_servers and all(one is None for one in self.on.values()):
            kinds = ", ".join(_KINDS)
            raise InvalidInput(
                f"Nothing is to be set; give one of {kinds}, alert_on_ips, alert_on_times and alert_on_accounts."
            )
        if self.options["wait_timeout"] <= 0:
            raise InvalidInput(f"wait_timeout is {self.options['wait_timeout']}; expected seconds above 0.")

    def find(self) -> Found:
        there: list[Server] = []
        if self.of_servers:
            there = servers.read(self.cloud, servers.wanted_ids(self.cloud, self.options))
            for one in there:
                if foretold.is_id(one["instance_id"]):  # Security Center will know it by then
                    one["uuid"] = one["instance_id"]
        kinds = [name for name, values in self.wanted.items() if values is not None]
        on = switches(self.cloud) if any(one is not None for one in self.on.values()) else {}
        return Found(there, usual(self.cloud, kinds), on)

    def plan(self, actual: Found) -> Plan:
        return plan(actual, self.wanted, self.on, self.options["purge"])

    def preflight(self, plan: Plan, actual: Found) -> None:
        if unknown := [one for one in actual.servers if not one["uuid"]]:
            raise UnexpectedState(
                f"Security Center does not know {listed(unknown)}. Nothing was changed.",
                hint="alitrust.ecs.security_center_agent makes it look for new instances.",
            )

    def change(self, kind: str, config: dict[str, str], flag: str, uuids: list[str]) -> None:
        target = [{"target": one, "targetType": "uuid", "flag": flag} for one in uuids]
        self.cloud.call(
            PRODUCT,
            "ModifyLoginBaseConfig",
            Type=_KINDS[kind][0],
            Config=json.dumps(config, ensure_ascii=False),
            Target=json.dumps(target),
        )

    def switch_alerts(self, kind: str, on: bool) -> None:
        self.cloud.call(PRODUCT, "ModifyLoginSwitchConfig", Item=_KINDS[kind][0], Status=int(on))

    def settle(self, plan: Plan, actual: Found) -> dict[str, t.Any]:
        self.reread("the settings of logons", self.options["wait_timeout"])
        return self.foretell(plan, actual)

    def foretell(self, plan: Plan, actual: Found) -> dict[str, t.Any]:
        kinds = [name for name in _KINDS if name in plan.after]
        return {
            "servers": [
                {**_named(one), **{kind: plan.after[kind][one["instance_id"]] for kind in kinds}}
                for one in actual.servers
            ],
            **{name: value for name, value in plan.after.items() if name not in kinds},
        }


def _named(one: Server) -> dict[str, t.Any]:
    return {name: one[name] for name in ("instance_id", "name")}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(security_center_logon_info) returns.

    :raises InvalidInput: what is no ID of an instance
    """
    found = Found(servers.read(cloud, servers.wanted_ids(cloud, options)), usual(cloud, _KINDS), switches(cloud))
    return {
        "servers": [
            {**_named(one), **{kind: of_server(one, found.usual, kind) for kind in _KINDS}} for one in found.servers
        ],
        "for_many": {
            kind: sorted(one.value for one in found.usual if one.kind == kind and one.wide) for kind in _KINDS
        },
        **{f"alert_on_{name}": on for name, on in found.switches.items()},
    }
