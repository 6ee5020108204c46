# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network interface: made, changed, attached to an instance, detached, deleted. Private."""

from __future__ import annotations

import ipaddress
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, CloudError, Twins, UnexpectedState
from .._cloud.foretold import is_id
from .._cloud.writes import DOUBT
from .._core import ownership, tagging, twins
from .._core import tags as tags_of
from .._core.module import TAGS_SPEC
from .._core.plan import Plan
from .._core.removal import delete_when_free
from .._core.resource import Resource
from .._core.waiter import seen_within, wait_for
from .._instance import finder
from .._network import find as network
from .._security_group import find as groups_of
from .._security_group.users import MEMBERSHIP
from . import find, planner
from .find import Shape

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "detached", "absent"], "default": "present"},
    "name": {"type": "str"},
    "network_interface_id": {"type": "str"},
    "vswitch_id": {"type": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "description": {"type": "str"},
    "primary_ip_address": {"type": "str"},
    "private_ip_addresses": {"type": "list", "elements": "str"},
    "delete_on_release": {"type": "bool"},
    "instance_id": {"type": "str"},
    "detach": {"type": "bool", "default": False},
    "max_groups": {"type": "int", "default": 5},
    **TAGS_SPEC,
    **ownership.SPEC,
    "wait_timeout": {"type": "int", "default": 300},
}
CONSTRAINTS: dict[str, t.Any] = {"required_one_of": [("name", "network_interface_id")]}
#: By which attaching, detaching and deleting say that it is on its way, or already where it is to be.
_OTHER_STATE = "InvalidOperation.InvalidEniState"
_TYPE_NAMES = {"normal": "basic", "enterprise": "advanced"}


class NetworkInterface(Resource["Shape | None"]):
    """One network interface, by ID or by name."""

    def __init__(self, cloud: Cloud, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.desired = planner.Desired()
        self._id = ""
        #: Where a new one would be.
        self._place: dict[str, str] = {}

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
                f"{len(found)} network interfaces are named {self.desired.name}: "
                f"{', '.join(one['network_interface_id'] for one in found)}.",
                hint="Say which one with network_interface_id, or with vswitch_id where they are in different ones.",
            )
        self._id = found[0]["network_interface_id"] if found else ""
        self._was_at = found[0]["instance_id"] if found else ""
        return found[0] if found else None

    def plan(self, actual: Shape | None) -> Plan:
        return planner.plan(self.desired, actual, self.cloud.region)

    # ------------------------------------------------------------------ before the first write

    def preflight(self, plan: Plan, actual: Shape | None) -> None:
        place = actual or {}
        if plan.does("create"):
            place = self._place = self._new_place()
        regrouped = plan.before.get("security_group_ids") != plan.after.get("security_group_ids")
        if plan.does("create", "modify") and regrouped:
            self._check_groups(place["vpc_id"])
        if plan.does("attach", "move"):
            self._check_instance(place, plan.after["private_ip_addresses"])

    def _new_place(self) -> dict[str, str]:
        """:raises UnexpectedState: there is no such vSwitch, or it has not the addresses"""
        (vswitch,) = network.chosen_vswitches(self.cloud, [str(self.desired.vswitch_id)])
        block = ipaddress.IPv4Network(vswitch["CidrBlock"])
        addresses = [one for one in (self.desired.primary_ip, *(self.desired.private_ips or ())) if one]
        outside = [one for one in addresses if ipaddress.IPv4Address(one) not in block]
        if outside:
            raise UnexpectedState(
                f"{', '.join(outside)} {'is' if len(outside) == 1 else 'are'} not in {block}, the addresses of vSwitch "
                f"{self.desired.vswitch_id}.",
                hint="Choose addresses of the vSwitch, or leave them out to have one chosen.",
            )
        return {"vpc_id": str(vswitch["VpcId"]), "zone_id": str(vswitch["ZoneId"])}

    def _check_groups(self, vpc_id: str) -> None:
        """:raises UnexpectedState: a group is not there, of another VPC, or does not go with the others"""
        items = groups_of.chosen(self.cloud, self.desired.group_ids or ())
        for item in items:
            if item.get("VpcId") != vpc_id:
                raise UnexpectedState(
                    f"The security group {item['SecurityGroupId']} is in {item.get('VpcId') or 'the classic network'}, "
                    f"and the {self.desired.label} in VPC {vpc_id}.",
                    hint="Choose groups of the VPC of the network interface.",
                )
        kinds = {str(item["SecurityGroupId"]): str(item.get("SecurityGroupType") or "normal") for item in items}
        if len(set(kinds.values())) > 1:
            listed = ", ".join(f"{one} {_TYPE_NAMES.get(kind, kind)}" for one, kind in kinds.items())
            raise UnexpectedState(
                f"The {self.desired.label} cannot be in basic and advanced groups at once ({listed}).",
                hint="Choose groups of one type.",
            )

    def _check_instance(self, place: t.Mapping[str, str], addresses: t.Sequence[str]) -> None:
        """:raises UnexpectedState: it cannot be attached to the instance"""
        key = str(self.desired.instance_id)
        instance = next(iter(finder.describe(self.cloud, [key])), None)
        if instance is None:
            raise UnexpectedState(
                f"There is no instance {key} in {self.cloud.region}.", hint="Check instance_id and the region."
            )
        for what, name in (("VPC", "vpc_id"), ("zone", "zone_id")):
            if instance[name] and instance[name] != place[name]:
                raise UnexpectedState(
                    f"The instance {key} is in {what} {instance[name]}, and the {self.desired.label} in {place[name]}.",
                    hint="Both have to be in one VPC and one zone.",
                )
        if instance["status"] not in ("Running", "Stopped"):
            raise UnexpectedState(
                f"The instance {key} is {instance['status']}; it has to be Running or Stopped.",
                hint="Wait for it, and try again.",
            )
        if instance["instance_type"]:
            self._check_type(key, instance["instance_type"], addresses)

    def _check_type(self, key: str, type_id: str, addresses: t.Sequence[str]) -> None:
        """:raises UnexpectedState: the type of the instance does not allow for another network interface"""
        types = self.cloud.pages("ecs", "DescribeInstanceTypes", InstanceTypes=[type_id])
        about = next((one for one in types if one["InstanceTypeId"] == type_id), {})
        most, each = about.get("EniQuantity"), about.get("EniPrivateIpAddressQuantity")
        there = find.interfaces(self.cloud, fits=lambda one: one["instance_id"] == key, InstanceId=key)
        # One that does not exist yet has its primary one by then.
        count = len(there) + is_id(key)
        if most is not None and count >= int(most):
            raise UnexpectedState(
                f"The instance {key} has {count} network interfaces; its type {type_id} can have {most}.",
                hint="Detach another one, or choose a larger type.",
            )
        if each is not None and len(addresses) + 1 > int(each):
            raise UnexpectedState(
                f"The {self.desired.label} has {len(addresses) + 1} private addresses; a network interface of the type "
                f"{type_id} can have {each}.",
                hint="Choose fewer addresses, or a larger type.",
            )

    # ------------------------------------------------------------------ steps

    def create(self, after: dict[str, t.Any]) -> None:
        answer = self.cloud.call(
            "ecs",
            "CreateNetworkInterface",
            NetworkInterfaceName=after["name"],
            Description=after["description"] or None,
            VSwitchId=after["vswitch_id"],
            SecurityGroupIds=after["security_group_ids"],
            PrimaryIpAddress=after.get("primary_ip_address"),
            PrivateIpAddress=after["private_ip_addresses"] or None,
            DeleteOnRelease=after["delete_on_release"],
            Tag=tags_of.to_api(after["tags"]),
        )
        own = str(answer["NetworkInterfaceId"])
        self._id = twins.to_use(self.cloud, own, self._made)
        if own != self._id:
            delete = {"NetworkInterfaceId": own}
            what = f"the {self.desired.label}"
            twins.give_up(what, own, self._id, lambda: self.cloud.call("ecs", "DeleteNetworkInterface", delete))

    def modify(self, changes: dict[str, t.Any]) -> None:
        self.cloud.call(
            "ecs",
            "ModifyNetworkInterfaceAttribute",
            NetworkInterfaceId=self._id,
            NetworkInterfaceName=changes.get("name"),
            Description=changes.get("description"),
            SecurityGroupId=changes.get("security_group_ids"),
            DeleteOnRelease=changes.get("delete_on_release"),
        )

    def tag(self, to_set: dict[str, str], to_remove: list[str]) -> None:
        tagging.write(self.cloud, "ecs", "eni", [self._id], to_set, to_remove)

    def attach(self, instance_id: str) -> None:
        self._until("")
        self._call("AttachNetworkInterface", instance_id, instance_id)

    def detach(self, instance_id: str) -> None:
        self._until(instance_id)
        self._call("DetachNetworkInterface", instance_id, "")

    def move(self, old_id: str, instance_id: str) -> None:
        """Where the new instance refuses it, the old one gets it back."""
        self.detach(old_id)
        try:
            self.attach(instance_id)
        except AlitrustError as error:
            try:
                self.attach(old_id)
            except AlitrustError as trouble:
                error.message += f" It is attached to {old_id} no more ({trouble.message.rstrip('.')})."
            else:
                error.message += f" It is attached to {old_id} again."
            raise

    def delete(self) -> None:
        delete_when_free(
            self.cloud,
            self.desired.label,
            lambda: self.cloud.call("ecs", "DeleteNetworkInterface", NetworkInterfaceId=self._id),
            list,
            blocked=(_OTHER_STATE,),
            timeout=self.options["wait_timeout"],
        )

    def _call(self, action: str, instance_id: str, then: str) -> None:
        """Attach or detach it, and wait for that.

        :param then: ID of the instance that it is attached to after that, if any
        """
        try:
            self.cloud.call("ecs", action, NetworkInterfaceId=self._id, InstanceId=instance_id)
        except CloudError as error:
            # The answer to an earlier try may have been lost, or another run does the same.
            if error.code != _OTHER_STATE or not seen_within(self.cloud, lambda: self._on_its_way(then), DOUBT):
                raise
        self._until(then)

    def _on_its_way(self, instance_id: str) -> Shape | None:
        """It, if it is attached to this instance by now, or will be in a moment."""
        there = self._self()
        return there if there and there["instance_id"] == instance_id else None

    def _until(self, instance_id: str) -> None:
        """Wait until it is attached to this instance, or to none.

        :raises UnexpectedState: somebody else has attached it to another
        """
        status = "InUse" if instance_id else "Available"
        begun: list[float] = []

        def is_there(there: Shape | None) -> bool:
            if there and there["status"] == "InUse" and there["instance_id"] not in (instance_id, self._was_at):
                begun.append(self.cloud.monotonic())  # not at once, because a read may be behind
                if begun[-1] - begun[0] > DOUBT:
                    raise UnexpectedState(
                        f"Somebody else attached {self.desired.label} to {there['instance_id']} at the same time.",
                        hint="Find out who, then run the task again.",
                    )
            return there is not None and (there["instance_id"], there["status"]) == (instance_id, status)

        wait_for(
            self.cloud,
            f"{self.desired.label} to be {status}",
            self._self,
            is_there,
            lambda there: there["status"] if there else "not listed",
            timeout=self.options["wait_timeout"],
        )

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: Shape | None) -> dict[str, t.Any]:
        timeout = self.options["wait_timeout"]
        if self.desired.state == "absent":
            wait_for(
                self.cloud,
                f"{self.desired.label} to be gone",
                self._self,
                lambda there: there is None,
                lambda there: "still listed",
                timeout=timeout,
                shows=True,
            )
            return {"network_interface": None}
        if plan.unsettled:
            self._until(plan.after["instance_id"])
        self.desired = self._by_id()
        there = self.reread(self.desired.label, timeout, self._shows)
        return {"network_interface": there}

    def _by_id(self) -> planner.Desired:
        """The same, of the one that is known by now: a read that is behind may find its old name."""
        return planner.Desired(**{**vars(self.desired), "id": self._id})

    def _shows(self, there: Shape | None) -> bool:
        about = self.desired.instance_id or self.desired.state == "detached"
        return there is not None and (not about or there["status"] in planner.SETTLED)

    def foretell(self, plan: Plan, actual: Shape | None) -> dict[str, t.Any]:
        foretold = self.cloud.foretold
        if not plan.changed:
            return {"network_interface": actual}
        if self.desired.state == "absent":
            foretold.would_delete(find.KIND, self._id, (actual or {})["name"])
            foretold.would_delete(MEMBERSHIP, self._id)
            return {"network_interface": None}
        unborn = {"type": "Secondary", "mac_address": "", "primary_ip_address": "", "creation_time": "", **self._place}
        after = {**(actual or unborn), **plan.after}
        after["status"] = "InUse" if after["instance_id"] else "Available"
        told = {key: value for key, value in after.items() if key != "network_interface_id"}
        if actual is not None:
            foretold.would_change(find.KIND, self._id, after["name"], thing=told)
            self._tell_groups(self._id, after)
            return {"network_interface": after}
        made_up = foretold.would_make(find.KIND, "eni", after["name"], thing=told)
        self._tell_groups(made_up, after)
        unknown = {key: None for key in ("mac_address", "primary_ip_address", "creation_time") if not after[key]}
        return {"network_interface": {**after, **unknown, "network_interface_id": made_up, "status": None}}

    def _tell_groups(self, key: str, after: Shape) -> None:
        if after["type"] != "Primary":
            groups = after["security_group_ids"]
            self.cloud.foretold.would_change(MEMBERSHIP, key, key, member="interface", security_group_ids=groups)

    # ------------------------------------------------------------------ reading

    def _found(self) -> list[Shape]:
        if self.desired.id:
            return find.interfaces(self.cloud, [self.desired.id])
        return self._of_name()

    def _of_name(self) -> list[Shape]:
        """The secondary ones of the name, in the vSwitch where one is given."""
        name, vswitch = self.desired.name, self.desired.vswitch_id
        query = {"NetworkInterfaceName": name, "Type": "Secondary", **({"VSwitchId": vswitch} if vswitch else {})}
        return find.interfaces(
            self.cloud,
            fits=lambda one: (
                one["name"] == name and vswitch in (None, one["vswitch_id"]) and one["type"] == "Secondary"
            ),
            **query,
        )

    def _made(self) -> list[twins.Twin]:
        mark = tags_of.fitting(str(self.desired.name))
        return [
            twins.Twin(one["creation_time"], one["network_interface_id"])
            for one in self._of_name()
            if one["tags"].get(tags_of.OWNER_KEY) == mark
        ]

    def _self(self) -> Shape | None:
        return next(iter(find.interfaces(self.cloud, [self._id])), None)
