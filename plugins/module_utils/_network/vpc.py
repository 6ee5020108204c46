# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VPC with its vSwitches: found, created, deleted. Private."""

from __future__ import annotations

import functools
import re
import typing as t

from .._cloud.errors import AlitrustError, CloudError, InvalidInput, NotFound, UnexpectedState, WaitTimeout
from .._cloud.foretold import is_id
from .._cloud.writes import DOUBT
from .._core import ownership, tagging, twins
from .._core import tags as tags_of
from .._core.module import TAGS_SPEC
from .._core.plan import Plan, Step
from .._core.removal import delete_when_free, lasting_users
from .._core.resource import Resource
from .._core.waiter import wait_for
from . import find, planner, shape

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str"},
    "vpc_id": {"type": "str"},
    "cidr_block": {"type": "str"},
    "vswitches": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "zone_id": {"type": "str", "required": True},
            "cidr_block": {"type": "str", "required": True},
        },
    },
    **TAGS_SPEC,
    **ownership.SPEC,
    "wait_timeout": {"type": "int", "default": 600},
}
CONSTRAINTS: dict[str, t.Any] = {"required_one_of": [("name", "vpc_id")]}

_LISTED = 20
#: How long something that was just created may take to show up in lists, in seconds.
_SHOW_UP = DOUBT
#: What every VPC has of itself, and what is looked at one by one.
_OWN_PARTS = ("VRouter", "VSwitch", "SecurityGroup")


class Vpc(Resource[planner.Actual]):
    """One VPC, by id or by name, and the vSwitches that the task names."""

    def __init__(self, cloud: t.Any, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.desired = planner.Desired()
        self.vpc_id = ""
        self.found: planner.Shape = {}
        self.gone: list[str] = []  # IDs of the vSwitches that this task has deleted

    def validate(self) -> None:
        for index, one in enumerate(self.options["vswitches"] or ()):
            blank = [name for name, value in one.items() if not str(value or "").strip()]
            if blank:
                raise InvalidInput(f"vswitches[{index}] needs {' and '.join(blank)}.")
        self.desired = planner.Desired.from_options(self.options)
        self.desired.check()

    def find(self) -> planner.Actual:
        item = self._item()
        if item is None:
            return planner.Actual()
        self.vpc_id = item["VpcId"]
        vpc = self.found = self._shape(item)
        if not planner.may_go(self.desired, vpc):
            return planner.Actual(vpc)
        if self.desired.terms.leave_others:
            return planner.Actual(vpc, lasting_users(self.cloud, self._users))
        return planner.Actual(vpc, self._users())

    def plan(self, actual: planner.Actual) -> Plan:
        return planner.plan(self.desired, actual)

    # ------------------------------------------------------------------ steps

    def make(self, name: str, cidr_block: str, tags: dict[str, str]) -> None:
        answer = self.cloud.call("vpc", "CreateVpc", VpcName=name, CidrBlock=cidr_block, Tag=tags_of.to_api(tags))
        self.vpc_id = answer["VpcId"]
        self._wait_available()
        self._settle_duplicates(name)

    def make_vswitch(self, switch: planner.Switch) -> None:
        try:
            self.cloud.call(
                "vpc",
                "CreateVSwitch",
                VpcId=self.vpc_id,
                VSwitchName=switch.name,
                ZoneId=switch.zone_id,
                CidrBlock=switch.cidr_block,
                Tag=tags_of.to_api({tags_of.OWNER_KEY: self.desired.label}),
            )
        except CloudError as error:
            # A run that broke off may have made it a moment ago, so that it was not listed yet.
            if "cidr" not in error.code.lower() or not self._shows_up(switch):
                raise

    def tag(self, to_set: dict[str, str], to_remove: list[str]) -> None:
        tagging.write(self.cloud, "vpc", "VPC", [self.vpc_id], to_set, to_remove)

    def tag_vswitch(self, vswitch_id: str, to_set: dict[str, str]) -> None:
        tagging.write(self.cloud, "vpc", "VSWITCH", [vswitch_id], to_set, [])

    def delete_vswitch(self, vswitch_id: str) -> None:
        # Nothing is deleted before the whole VPC is free: without vSwitches it is of no use to what is left in it.
        self._delete(f"vSwitch {vswitch_id}", "DeleteVSwitch", VSwitchId=vswitch_id)
        self.gone.append(vswitch_id)

    def delete(self) -> None:
        self._delete(f"VPC {self.desired.label}", "DeleteVpc", VpcId=self.vpc_id)

    def apply(self, step: Step) -> None:
        try:
            super().apply(step)
        except UnexpectedState as error:
            if self.gone:
                error.message += f" Somebody else has begun to use it at the same time.{self._give_back()}"
            raise

    def _give_back(self) -> str:
        """The vSwitches again where somebody has begun to use the VPC, which goes whole or not at all; in words."""
        words = ""
        for one in self.found["vswitches"]:
            if one["vswitch_id"] not in self.gone:
                continue
            request = {
                "VpcId": self.vpc_id,
                "VSwitchName": one["name"] or None,
                "ZoneId": one["zone_id"],
                "CidrBlock": one["cidr_block"],
                "Tag": tags_of.to_api(one["tags"]),
            }
            try:
                made = self.cloud.call("vpc", "CreateVSwitch", request)["VSwitchId"]
                words += f" vSwitch {one['name'] or one['vswitch_id']} is there again, as {made}."
            except AlitrustError as trouble:
                if isinstance(trouble, CloudError) and "cidr" in trouble.code.lower():
                    continue  # they have made it again themselves
                words += f" vSwitch {one['name'] or one['vswitch_id']} is gone ({trouble.message.rstrip('.')})."
        return words

    def _delete(self, what: str, action: str, **target: str) -> None:
        delete_when_free(
            self.cloud,
            what,
            lambda: self.cloud.call("vpc", action, target),
            self._users,
            blocked=("DependencyViolation",),
            timeout=self.options["wait_timeout"],
            hint="Delete these first, for example with alitrust.ecs.trusted_instance and alitrust.ecs.security_group.",
        )

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: planner.Actual) -> dict[str, t.Any]:
        if not self.desired.present:
            return {"vpc": None}
        wanted = {one["name"] for one in plan.after["vswitches"]}

        def state() -> tuple[planner.Shape | None, list[str]]:
            item = self._read_item()
            if item is None:
                self.cloud.reads_are_behind()
                return None, ["the VPC is not listed"]
            vpc = self._shape(item)
            status = {f"vSwitch {one['name']}": one["status"] for one in vpc["vswitches"]}
            missing = [f"vSwitch {name} is not listed" for name in sorted(wanted - {n[8:] for n in status})]
            pending = [f"{name} is {word}" for name, word in status.items() if word != "Available"]
            tags = [] if plan.after["tags"].items() <= vpc["tags"].items() else ["the tags are not as set"]
            if missing or tags:
                self.cloud.reads_are_behind()
            return vpc, missing + pending + tags

        waited = wait_for(
            self.cloud,
            f"VPC {self.desired.label} and its vSwitches to be Available",
            state,
            lambda seen: not seen[1],
            lambda seen: ", ".join(seen[1]),
            timeout=self.options["wait_timeout"],
        )
        return {"vpc": waited.value[0]}

    def foretell(self, plan: Plan, actual: planner.Actual) -> dict[str, t.Any]:
        if not self.desired.present and plan.changed:
            self._foretell_removal(actual.vpc or {})
        if not self.desired.present and not plan.kept:
            return {"vpc": None}
        if not plan.changed:
            return {"vpc": actual.vpc}
        known = {one["cidr_block"]: one for one in (actual.vpc or {}).get("vswitches", ())}
        vpc = {"vpc_id": self.vpc_id, "status": None, **(actual.vpc or {}), **plan.after}
        vpc["vpc_id"] = self._foretell("vpc", "vpc", vpc["vpc_id"], vpc, "cidr_block")
        switches = []
        for one in plan.after["vswitches"]:
            new = {
                "vswitch_id": "",
                "vpc_id": vpc["vpc_id"],
                "status": None,
                "available_ip_address_count": find.addresses(one["cidr_block"]),
            }
            switch = {**new, **known.get(one["cidr_block"], {}), **one}
            told = ("vpc_id", "zone_id", "cidr_block", "available_ip_address_count")
            switch["vswitch_id"] = self._foretell("vswitch", "vsw", switch["vswitch_id"], switch, *told)
            switches.append(switch)
        return {"vpc": {**vpc, "vswitches": switches}}

    def _foretell(self, kind: str, prefix: str, known_id: str, thing: dict[str, t.Any], *told: str) -> str:
        """Hand on what the VPC or a vSwitch of it will be; returns its id."""
        told_values = {key: thing[key] for key in (*told, "status", "tags")}
        if not known_id:
            return self.cloud.foretold.would_make(kind, prefix, thing["name"], **told_values)
        self.cloud.foretold.would_change(kind, known_id, thing["name"], **told_values)
        return known_id

    def _foretell_removal(self, vpc: planner.Shape) -> None:
        for one in vpc["vswitches"]:
            self.cloud.foretold.would_delete("vswitch", one["vswitch_id"], one["name"])
        self.cloud.foretold.would_delete("vpc", vpc["vpc_id"], vpc["name"])

    # ------------------------------------------------------------------ reading

    def _item(self) -> dict[str, t.Any] | None:
        """The VPC that the task is about, from DescribeVpcs.

        :raises UnexpectedState: when several have the name
        """
        if self.desired.vpc_id:
            self.vpc_id = self.desired.vpc_id
            return self._read_item()
        return find.vpc_by_name(self.cloud, str(self.desired.name), ours_first=self.desired.terms.leave_others)

    def _read_item(self) -> dict[str, t.Any] | None:
        return find.vpc_by_id(self.cloud, self.vpc_id)

    def _shape(self, item: dict[str, t.Any]) -> planner.Shape:
        return shape.vpc(item, find.vswitches_of(self.cloud, item["VpcId"]))

    def _users(self) -> list[str]:
        """What keeps the VPC from being deleted, in words."""
        query = {"VpcId": self.vpc_id}
        found = (
            ("instance", find.instances(self.cloud, query)),
            ("network interface", find.secondary_interfaces(self.cloud, query)),
            ("security group", self._groups()),
        )
        return [*(_several(noun, names) for noun, names in found if names), *self._other_parts()]

    def _groups(self) -> list[str]:
        foretold, items = self.cloud.foretold, []
        if not is_id(self.vpc_id):
            items = self.cloud.pages("ecs", "DescribeSecurityGroups", VpcId=self.vpc_id)
        there = {
            **{str(item["SecurityGroupId"]): str(item.get("SecurityGroupName") or "") for item in items},
            **{one["id"]: one["name"] for one in foretold.all_of("security_group", vpc_id=self.vpc_id)},
        }
        return [f"{there[one] or 'unnamed'} {one}" for one in foretold.staying("security_group", there)]

    def _other_parts(self) -> list[str]:
        """NAT gateways and whatever else only VPC itself knows of, counted."""
        if is_id(self.vpc_id):
            return []
        try:
            answer = self.cloud.call("vpc", "DescribeVpcAttribute", VpcId=self.vpc_id)
        except NotFound:
            return []
        counts = {
            str(one["ResourceType"]): int(one["ResourceCount"])
            for one in (answer.get("CloudResources") or {}).get("CloudResourceSetType") or ()
        }
        counts["RouteTable"] = counts.get("RouteTable", 0) - 1  # that of the system
        return [
            f"{count} {re.sub('(?<=[a-z])(?=[A-Z])', ' ', kind)}"
            for kind, count in sorted(counts.items())
            if kind not in _OWN_PARTS and count > 0
        ]

    def _wait_available(self) -> None:
        wait_for(
            self.cloud,
            f"VPC {self.desired.label} to be Available",
            lambda: str((self._read_item() or {}).get("Status") or "not listed yet"),
            lambda status: status == "Available",
            str,
            timeout=self.options["wait_timeout"],
        )

    def _settle_duplicates(self, name: str) -> None:
        """Give way to an older VPC of this name that a broken-off or parallel run of this task made."""

        def made() -> list[twins.Twin]:
            return [
                twins.Twin(str(item.get("CreationTime")), str(item["VpcId"]))
                for item in find.vpcs(self.cloud, names=[name])
                if shape.vpc(item, ())["tags"].get(tags_of.OWNER_KEY) == name
            ]

        own, self.vpc_id = self.vpc_id, twins.to_use(self.cloud, self.vpc_id, made)
        if own != self.vpc_id:
            delete = functools.partial(self.cloud.call, "vpc", "DeleteVpc", VpcId=own)
            twins.give_up(f"the VPC {name}", own, self.vpc_id, delete)
            self._wait_available()

    def _shows_up(self, switch: planner.Switch) -> bool:
        def found() -> bool:
            items = self.cloud.pages("vpc", "DescribeVSwitches", VpcId=self.vpc_id)
            return any(
                (item.get("VSwitchName"), item.get("CidrBlock")) == (switch.name, switch.cidr_block) for item in items
            )

        try:
            what = f"vSwitch {switch.name} to be listed"
            wait_for(self.cloud, what, found, bool, lambda seen: "not listed", timeout=_SHOW_UP)
        except WaitTimeout:
            return False
        return True


def _several(noun: str, names: list[str]) -> str:
    shown = ", ".join(names[:_LISTED])
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'} ({shown}{', ...' if len(names) > _LISTED else ''})"
