# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether instances can have the security groups, the key pair and the RAM role that they are to have. Private; pure.

The same for instances that are created and for those that exist: what takes the place of something is proved before
that is let go.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._ram import documents
from .._security_group.interface import too_many
from .._security_group.shape import rule_count
from .disk_limits import DEFAULT_CATEGORY
from .disks import New
from .families import ROLE_SERVICE
from .names import listing
from .room import DATA, categories
from .shape import Instance

if t.TYPE_CHECKING:
    from .requirements import Facts, Verdict

Item = t.Mapping[str, t.Any]

_LIST_GROUPS = "alitrust.ecs.security_group_info lists the groups that are there."


@dataclass(frozen=True)
class Changes:
    """Instances that exist and get something else.

    :ivar disks: data disks that they get and that have to be made
    """

    groups: tuple[Instance, ...] = ()
    key_pair: tuple[Instance, ...] = ()
    role: tuple[Instance, ...] = ()
    disks: tuple[New, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups or self.key_pair or self.role or self.disks)


@dataclass(frozen=True)
class Network:
    """Where instances are that are to be in the groups.

    :ivar who: in words, for example C(the vSwitch vsw-1)
    :ivar vpc_id: empty for the classic network
    """

    who: str
    vpc_id: str


def of_vswitches(items: t.Iterable[Item]) -> list[Network]:
    """The networks of new instances, from items of DescribeVSwitches."""
    return [Network(f"the vSwitch {one.get('VSwitchId')}", str(one.get("VpcId") or "")) for one in items]


def of_instances(ones: t.Iterable[Instance]) -> list[Network]:
    """The networks of existing ones, those of the same VPC together."""
    by_vpc: dict[str, list[str]] = {}
    for one in ones:
        by_vpc.setdefault(one["vpc_id"] or "", []).append(_title(one))
    return [Network(listing(names), vpc) for vpc, names in by_vpc.items()]


def judge(options: t.Mapping[str, t.Any], facts: Facts, changes: Changes, verdict: Verdict) -> None:
    """What stands in the way of changing existing instances.

    :param options: checked options of the module
    """
    if changes.groups and facts.groups is not None:
        wanted = options["security_group_ids"] or []
        groups(wanted, facts.groups, of_instances(changes.groups), verdict)
        joining = {one: sum(one not in old["security_group_ids"] for old in changes.groups) for one in wanted}
        capacity(facts.groups, joining, verdict)
    if changes.key_pair:
        key_pair(options["key_name"], facts.key_pair, verdict)
        windows = [one for one in changes.key_pair if str(one["os_type"]).lower() == "windows"]
        if windows:
            no_key_pair_for(
                f"{listing([_title(one) for one in windows])} run{'s' if len(windows) == 1 else ''}", verdict
            )
    if changes.role:
        role(options["ram_role_name"], facts.role, verdict)
        classic = [_title(one) for one in changes.role if not one["vpc_id"]]
        if classic:
            verdict.refuse(
                "RAM role",
                "ram_role_name",
                f"{listing(classic)} {'is' if len(classic) == 1 else 'are'} in the classic network.",
                expected="instances in a VPC, which alone can have a role",
            )
    if changes.disks:
        disks(facts, changes.disks, verdict)


def groups(wanted: t.Collection[str], found: t.Sequence[Item], networks: t.Sequence[Network], verdict: Verdict) -> None:
    """Security groups have to exist, to be of the instances' VPC, all of one type, and not to have too many rules.

    :param found: items of DescribeSecurityGroups
    """

    def refuse(problem: str, *, unseen: bool = False, **more: str) -> None:
        verdict.refuse("security group", "security_group_ids", problem, unseen=unseen, **more)

    known = {str(group.get("SecurityGroupId")): group for group in found}
    for one in wanted:
        if one not in known:
            refuse(f"There is no security group {one} in this region.", unseen=True, todo=_LIST_GROUPS)
            continue
        its_vpc = str(known[one].get("VpcId") or "")
        for network in networks:
            if its_vpc == network.vpc_id:
                continue
            if not its_vpc:
                refuse(f"The security group {one} is of the classic network, {network.who} in {network.vpc_id}.")
            else:
                where = f"in {network.vpc_id}" if network.vpc_id else "in the classic network"
                refuse(
                    f"The security group {one} is in the VPC {its_vpc}, {network.who} {where}.",
                    expected=f"groups {where}",
                )
    types = {group.get("SecurityGroupType") or "normal" for one, group in known.items() if one in wanted}
    if len(types) > 1:
        refuse(
            "Basic and advanced security groups cannot be mixed on one instance.",
            expected="groups of one type",
            todo="Leave out those of the other type.",
        )
    crowd = too_many({one: rule_count(group) for one, group in known.items() if one in wanted})
    if crowd:
        refuse(f"These security groups {crowd}.", todo="Leave one out, or merge rules.")


def capacity(found: t.Iterable[Item], joining: t.Mapping[str, int], verdict: Verdict) -> None:
    """A group holds so many instances. An empty group without room is one whose numbers are not told.

    :param joining: how many instances each group gets
    """
    for group in found:
        key = str(group.get("SecurityGroupId"))
        members, room = group.get("EcsCount"), group.get("AvailableInstanceAmount")
        if not isinstance(members, int) or not isinstance(room, int) or not members + room:
            continue
        if joining.get(key, 0) > room:
            verdict.refuse(
                "security group",
                "security_group_ids",
                f"The security group {key} has room for {room} more instance{'' if room == 1 else 's'}, "
                f"{joining[key]} are to join it.",
                todo="Use another group for some, or an advanced one, which holds more.",
            )


def key_pair(name: str, found: Item | None, verdict: Verdict) -> None:
    """The key pair has to exist.

    :param found: item of DescribeKeyPairs, empty where there is none, None where it was not read
    """
    if found is not None and not found:
        verdict.refuse(
            "key pair",
            "key_name",
            f"There is no key pair {name} in this region.",
            todo="Check the name, or make it with alitrust.ecs.keypair.",
            unseen=True,
        )


def no_key_pair_for(who: str, verdict: Verdict) -> None:
    """Key pairs are for Linux only.

    :param who: what has Windows, with its verb
    """
    verdict.refuse(
        "key pair",
        "key_name",
        f"{who} Windows, and key pairs are for Linux only.",
        todo="Leave key_name out, and set a password in the console.",
    )


def role(name: str, found: Item | None, verdict: Verdict) -> None:
    """The role has to exist, and ECS has to be allowed to assume it.

    :param found: C(trust_policy) of the role, empty where there is none, None where it was not read
    """
    if found is None:
        return
    if not found:
        verdict.refuse(
            "RAM role",
            "ram_role_name",
            f"There is no RAM role {name}.",
            todo="Check the name, or make it with alitrust.ecs.instance_ram_role.",
        )
    elif not documents.trusts_service(found["trust_policy"], ROLE_SERVICE):
        verdict.refuse(
            "RAM role",
            "ram_role_name",
            f"The trust policy of the RAM role {name} does not let {ROLE_SERVICE} assume it.",
            todo="Let it do so, for example with alitrust.ecs.instance_ram_role, or name another role.",
        )


def disks(facts: Facts, new: t.Sequence[New], verdict: Verdict) -> None:
    """What data disks that existing instances get are made of and encrypted with has to be there, and the category in
    the instance's zone."""
    for option, wanted in {one.option: one.wanted for one in new}.items():
        snapshot(option, wanted, facts.snapshots, verdict)
    encrypted = next((one.option for one in new if one.wanted.get("encrypted")), "")
    for problem in (facts.encryption or ()) if encrypted else ():
        verdict.refuse("encrypted disks", encrypted, problem)
    for one in new:
        category = one.wanted.get("category") or DEFAULT_CATEGORY
        kind, zone_id = str(one.instance["instance_type"]), str(one.instance["zone_id"])
        having = categories((facts.disks or {}).get((kind, DATA)), zone_id)
        if having and category not in having:
            problem = f"{kind} in {zone_id} takes no data disk of the category {category}."
            verdict.refuse("data disk", f"{one.option}.category", problem, expected=f"one of {', '.join(having)}")


def snapshot(option: str, wanted: Item, found: t.Mapping[str, Item] | None, verdict: Verdict) -> None:
    """The snapshot that a data disk is made from has to exist, to be complete, and to fit.

    :param found: items of DescribeSnapshots by id, None where they were not read
    """
    snapshot_id = wanted.get("snapshot_id")
    if not snapshot_id or found is None:
        return
    item = found.get(snapshot_id)
    if not item:
        verdict.refuse("snapshot", f"{option}.snapshot_id", f"There is no snapshot {snapshot_id} in this region.")
    elif item.get("Status") not in (None, "accomplished"):
        message = f"The snapshot {snapshot_id} is {item.get('Status')}."
        verdict.refuse("snapshot", f"{option}.snapshot_id", message, expected="one that is accomplished")
    elif wanted.get("size") is not None and wanted["size"] < int(item.get("SourceDiskSize") or 0):
        verdict.refuse(
            "data disk",
            f"{option}.size",
            f"The snapshot {snapshot_id} is of a disk of {item['SourceDiskSize']} GiB, {option} has {wanted['size']}.",
            expected=f"{item['SourceDiskSize']} GiB or more",
        )


def _title(one: Instance) -> str:
    return f"{one['name']} ({one['instance_id']})"
