# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of tasks that get into each other's way."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass

from modules import shareable
from modules.changes import CHANGES, FIRST, FULL, READ_ONLY, SECOND, Maker, document
from modules.network import Network
from modules.test_keypair import OTHER_PUBLIC, PUBLIC
from modules.trusted_world import World

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules
    from proof.together.workers import Tasks

Options = dict[str, t.Any]
Task = tuple[str, Options]


@dataclass(frozen=True)
class Pair:
    """Two lists of tasks.

    :ivar again: what puts things right, whatever came of the two; by default one after the other
    :ivar says: what a loser says, as a pattern: somebody else is at it, or what it found between two of its tasks
    """

    one: Tasks
    other: Tasks
    again: Tasks = ()
    says: str = "somebody else|another task"


PairMaker = t.Callable[["Modules", "Path"], Pair]


def _with(task: Task, **changed: t.Any) -> Task:
    module, options = task
    return module, {**options, **changed}


def _same(task: Task) -> Pair:
    return Pair([task], [task])


# ---------------------------------------------------------------------- networks


def _vpc(*names: str, **more: t.Any) -> Task:
    zone = {"zone_id": "cn-hangzhou-h"}
    switches = [{"name": name, "cidr_block": f"10.{number}.0.0/16", **zone} for number, name in enumerate(names)]
    return "vpc", {"name": "web", "cidr_block": "10.0.0.0/8", "vswitches": switches, **more}


_NO_VPC: Task = ("vpc", {"name": "web", "state": "absent"})


def vpc_twice(_modules: Modules, _folder: Path) -> Pair:
    return _same(_vpc("a", "b"))


def vpc_with_other_vswitches(_modules: Modules, _folder: Path) -> Pair:
    return Pair([_vpc("a", "b", tags={"x": "1"})], [_vpc("a", "b", "c", tags={"y": "1"})])


def vpc_and_no_vpc(modules: Modules, _folder: Path) -> Pair:
    modules.run("vpc", **_vpc("a")[1])
    return Pair([_vpc("a", "b")], [_NO_VPC])


def no_vpc_twice(modules: Modules, _folder: Path) -> Pair:
    modules.run("vpc", **_vpc("a", "b")[1])
    return _same(_NO_VPC)


def no_vpc_and_a_group_in_it(modules: Modules, _folder: Path) -> Pair:
    modules.run("vpc", **_vpc("a")[1])
    group: Task = ("security_group", {"name": "web", "vpc": "web"})
    return Pair(
        [_NO_VPC], [_vpc("a"), group], [_with(group, state="absent"), _NO_VPC], "somebody else|no VPC named web"
    )


# ---------------------------------------------------------------------- security groups


def _group(modules: Modules, **more: t.Any) -> Task:
    vpcs = modules.cloud.resources("vpc")
    vpc_id = vpcs[0]["VpcId"] if vpcs else Network(modules).vpc
    return "security_group", {"name": "web", "vpc_id": vpc_id, **more}


def group_twice(modules: Modules, _folder: Path) -> Pair:
    return _same(_group(modules, outbound="deny", inner_access_policy="drop", tags={"x": "1"}))


def group_and_another_description(modules: Modules, _folder: Path) -> Pair:
    task = _group(modules, description="one", tags={"x": "1"})
    return Pair([task], [_with(task, description="other", outbound="deny")])


def group_and_no_group(modules: Modules, _folder: Path) -> Pair:
    task = _group(modules)
    modules.run("security_group", **task[1])
    return Pair([_with(task, outbound="deny", description="new", tags={"x": "1"})], [_with(task, state="absent")])


def no_group_twice(modules: Modules, _folder: Path) -> Pair:
    task = _group(modules)
    modules.run("security_group", **task[1])
    return _same(_with(task, state="absent"))


def _rules(*ports: int, **more: t.Any) -> Options:
    rules = [{"protocol": "tcp", "ports": [str(port)], "cidr": ["10.0.0.0/8"]} for port in ports]
    return {"rules": rules, **more}


def _ruled(modules: Modules, *ports: int) -> Options:
    group_id = Network(modules).new_own_group("web")
    modules.run("sg_rule", security_group_id=group_id, **_rules(*ports, state="exact"))
    return {"security_group_id": group_id}


def rules_twice(modules: Modules, _folder: Path) -> Pair:
    return _same(("sg_rule", _ruled(modules, 22, 80) | _rules(80, 443, 8080, state="exact")))


def other_rules(modules: Modules, _folder: Path) -> Pair:
    group = _ruled(modules, 22, 80)
    return Pair([("sg_rule", group | _rules(80, 443, 8080))], [("sg_rule", group | _rules(8080, 9090))])


def other_exact_rules(modules: Modules, _folder: Path) -> Pair:
    group = _ruled(modules, 22, 80)
    one, other = _rules(80, 443, state="exact"), _rules(22, 8080, state="exact")
    return Pair([("sg_rule", group | one)], [("sg_rule", group | other)])


def rules_and_exact_rules(modules: Modules, _folder: Path) -> Pair:
    group = _ruled(modules, 22, 80)
    return Pair([("sg_rule", group | _rules(443))], [("sg_rule", group | _rules(22, 8080, state="exact"))])


def rules_and_no_rules(modules: Modules, _folder: Path) -> Pair:
    group = _ruled(modules, 22, 80)
    return Pair([("sg_rule", group | _rules(22, 80, 443))], [("sg_rule", group | _rules(22, 80, state="absent"))])


def rules_and_no_group(modules: Modules, _folder: Path) -> Pair:
    task = _group(modules)
    modules.run("security_group", **task[1])
    named = {"vpc_id": task[1]["vpc_id"], "security_group": "web"}
    rules: Task = ("sg_rule", named | _rules(22, 80, state="exact"))
    return Pair([task, rules], [_with(task, state="absent")], says="somebody else|There is no security group web")


def _members(modules: Modules) -> tuple[Options, str]:
    network = Network(modules)
    first, second = network.new_group(), network.new_group()
    return {"instance_ids": network.new_instances(first, 2)}, second


def member_twice(modules: Modules, _folder: Path) -> Pair:
    options, group = _members(modules)
    return _same(("sg_member", {**options, "security_group_ids": [group], "state": "exact"}))


def member_and_no_member(modules: Modules, _folder: Path) -> Pair:
    options, group = _members(modules)
    task: Task = ("sg_member", {**options, "security_group_ids": [group]})
    return Pair([_with(task, state="present")], [_with(task, state="absent")])


# ---------------------------------------------------------------------- key pairs


def _pair_file(folder: Path, **more: t.Any) -> Task:
    return "keypair", {"name": "web", "private_key_file": str(folder / f"{uuid.uuid4().hex}.pem"), **more}


def key_file_twice(_modules: Modules, folder: Path) -> Pair:
    return _same(_pair_file(folder))


def key_file_replaced_twice(modules: Modules, folder: Path) -> Pair:
    modules.run("keypair", name="web", public_key=PUBLIC)
    return _same(_pair_file(folder, replace=True))


def key_and_no_key(_modules: Modules, _folder: Path) -> Pair:
    return Pair(
        [("keypair", {"name": "web", "public_key": PUBLIC, "tags": {"x": "1"}})],
        [("keypair", {"name": "web", "state": "absent"})],
    )


def no_key_and_key(modules: Modules, _folder: Path) -> Pair:
    modules.run("keypair", name="web", public_key=PUBLIC)
    return key_and_no_key(modules, _folder)


def no_key_twice(modules: Modules, _folder: Path) -> Pair:
    modules.run("keypair", name="web", public_key=PUBLIC)
    return _same(("keypair", {"name": "web", "state": "absent"}))


def key_imported_twice(_modules: Modules, _folder: Path) -> Pair:
    return _same(("keypair", {"name": "web", "public_key": PUBLIC, "tags": {"x": "1"}}))


def other_keys(_modules: Modules, _folder: Path) -> Pair:
    task = ("keypair", {"name": "web", "public_key": PUBLIC, "replace": True})
    return Pair([task], [_with(task, public_key=OTHER_PUBLIC)])


def key_in_a_secret_twice(modules: Modules, _folder: Path) -> Pair:
    modules.door().call("kms", "OpenKmsService")
    return _same(("keypair", {"name": "web", "private_key_secret": "keys/web"}))


def key_in_a_secret_and_none(modules: Modules, _folder: Path) -> Pair:
    modules.door().call("kms", "OpenKmsService")
    task: Task = ("keypair", {"name": "web", "private_key_secret": "keys/web"})
    modules.run(task[0], **task[1])
    return Pair([task], [_with(task, state="absent")])


# ---------------------------------------------------------------------- RAM


def _policy(action: str, **more: t.Any) -> Task:
    return "ram_policy", {"name": "reader", "document": document(action), **more}


def policy_twice(_modules: Modules, _folder: Path) -> Pair:
    return _same(_policy("ecs:StopInstance", description="one"))


def policy_changed_twice(modules: Modules, _folder: Path) -> Pair:
    for number in range(4):
        modules.run("ram_policy", **_policy(f"ecs:Describe{number}")[1])
    return _same(_policy("ecs:StopInstance", rotate=True))


def other_policies(_modules: Modules, _folder: Path) -> Pair:
    return Pair([_policy("ecs:StopInstance")], [_policy("ecs:StartInstance")])


def policy_and_no_policy(modules: Modules, _folder: Path) -> Pair:
    modules.run("ram_policy", **_policy("ecs:StopInstance")[1])
    return Pair(
        [_policy("ecs:StartInstance", description="new")], [("ram_policy", {"name": "reader", "state": "absent"})]
    )


def no_policy_twice(modules: Modules, _folder: Path) -> Pair:
    modules.run("ram_policy", **_policy("ecs:StopInstance")[1])
    return _same(("ram_policy", {"name": "reader", "state": "absent"}))


def _role(*policies: t.Any, **more: t.Any) -> Task:
    return "instance_ram_role", {"name": "app", "policies": list(policies), **more}


_OWN = {"name": "app-a", "document": document("ecs:StopInstance")}
_NO_ROLE: Task = ("instance_ram_role", {"name": "app", "state": "absent"})


def role_twice(_modules: Modules, _folder: Path) -> Pair:
    return _same(_role(_OWN, READ_ONLY, description="app"))


def other_policies_of_a_role(modules: Modules, _folder: Path) -> Pair:
    modules.run("instance_ram_role", **_role(_OWN)[1])
    return Pair([_role(FULL, purge_policies=True)], [_role(READ_ONLY, purge_policies=True)])


def role_and_no_role(modules: Modules, _folder: Path) -> Pair:
    modules.run("instance_ram_role", **_role(_OWN)[1])
    return Pair([_role(_OWN, READ_ONLY, description="new")], [_NO_ROLE])


def no_role_twice(modules: Modules, _folder: Path) -> Pair:
    modules.run("instance_ram_role", **_role(_OWN, READ_ONLY)[1])
    return _same(_NO_ROLE)


def two_roles_with_one_policy(_modules: Modules, _folder: Path) -> Pair:
    return Pair([_role(_OWN)], [_with(_role(_OWN), name="shop")])


def user_twice(modules: Modules, _folder: Path) -> Pair:
    modules.run("ram_group", name="dev")
    return _same(("ram_user", {"name": "ann", "groups": ["dev"], "policies": [READ_ONLY], "comments": "x"}))


def user_and_no_user(modules: Modules, _folder: Path) -> Pair:
    modules.run("ram_group", name="dev")
    modules.run("ram_user", name="ann")
    task = ("ram_user", {"name": "ann", "groups": ["dev"], "policies": [READ_ONLY], "comments": "x"})
    return Pair([task], [("ram_user", {"name": "ann", "state": "absent"})])


def group_of_users_and_none(modules: Modules, _folder: Path) -> Pair:
    modules.run("ram_user", name="ann")
    modules.run("ram_group", name="dev")
    task = ("ram_group", {"name": "dev", "users": ["ann"], "policies": [READ_ONLY]})
    return Pair([task], [("ram_group", {"name": "dev", "state": "absent", "remove_users": True})])


# ---------------------------------------------------------------------- keys and what is shared


def kms_key_twice(modules: Modules, _folder: Path) -> Pair:
    modules.run("kms_service")
    return _same(("kms_key", {"alias": "disks", "description": "x", "rotation_days": 30, "tags": {"x": "1"}}))


def kms_service_twice(_modules: Modules, _folder: Path) -> Pair:
    return _same(("kms_service", {}))


def kms_key_and_none(modules: Modules, _folder: Path) -> Pair:
    modules.run("kms_service")
    modules.run("kms_key", alias="disks")
    task: Task = ("kms_key", {"alias": "disks", "description": "x"})
    return Pair([task], [("kms_key", {"alias": "disks", "state": "pending_deletion"})])


def secret_twice(modules: Modules, _folder: Path) -> Pair:
    modules.run("kms_service")
    return _same(("kms_secret", {"name": "db", "value": "Pass-1", "tags": {"x": "1"}}))


def secret_and_none(modules: Modules, _folder: Path) -> Pair:
    modules.run("kms_service")
    modules.run("kms_secret", name="db", value="Pass-1")
    return Pair(
        [("kms_secret", {"name": "db", "value": "Pass-2"})], [("kms_secret", {"name": "db", "state": "absent"})]
    )


def _share_role(*accounts: str, **more: t.Any) -> Task:
    return "kms_share_role", {"purpose": "share_image", "account_ids": list(accounts), **more}


def share_role_twice(modules: Modules, _folder: Path) -> Pair:
    return _same(_share_role(FIRST, kms_key_ids=[shareable.key(modules)]))


def other_recipients_of_a_share_role(_modules: Modules, _folder: Path) -> Pair:
    return Pair([_share_role(FIRST)], [_share_role(SECOND)])


def share_role_and_none(modules: Modules, _folder: Path) -> Pair:
    key_id = shareable.key(modules)
    modules.run("kms_share_role", **_share_role(FIRST, kms_key_ids=[key_id])[1])
    return Pair(
        [_share_role(FIRST, SECOND, kms_key_ids=[key_id])],
        [("kms_share_role", {"purpose": "share_image", "state": "absent"})],
    )


def other_accounts_of_an_image(modules: Modules, _folder: Path) -> Pair:
    task: Options = {"image_id": shareable.image(modules)}
    return Pair(
        [("encrypted_share", {**task, "account_ids": [FIRST]})],
        [("encrypted_share", {**task, "account_ids": [SECOND]})],
    )


def image_shared_and_not(modules: Modules, _folder: Path) -> Pair:
    task: Options = {"image_id": shareable.image(modules), "account_ids": [FIRST]}
    modules.run("encrypted_share", **task)
    return Pair([("encrypted_share", task)], [("encrypted_share", {**task, "state": "absent"})])


def share_of_snapshots_twice(modules: Modules, _folder: Path) -> Pair:
    task = {"name": "backup", "snapshot_ids": [shareable.snapshot(modules)], "account_ids": [FIRST]}
    return _same(("encrypted_share", task))


def snapshots_shared_and_not(modules: Modules, _folder: Path) -> Pair:
    task: Options = {"name": "backup", "snapshot_ids": [shareable.snapshot(modules)], "account_ids": [FIRST]}
    modules.run("encrypted_share", **task)
    return Pair([("encrypted_share", task)], [("encrypted_share", {"name": "backup", "state": "absent"})])


# ---------------------------------------------------------------------- instances


def _fleet(modules: Modules, **more: t.Any) -> Task:
    world = World(modules)
    return "trusted_instance", {**world.fleet(count=2), "fleet": "web", **more}


def fleet_twice(modules: Modules, _folder: Path) -> Pair:
    return _same(_fleet(modules))


def fleets_of_other_sizes(modules: Modules, _folder: Path) -> Pair:
    task = _fleet(modules)
    return Pair([task], [_with(task, count=3)], [_with(task, count=3)])


def two_fleets(modules: Modules, _folder: Path) -> Pair:
    task = _fleet(modules)
    return Pair([task], [_with(task, fleet="shop")])


def fleet_and_no_fleet(modules: Modules, _folder: Path) -> Pair:
    task = _fleet(modules)
    modules.run("trusted_instance", **{**task[1], "count": 1})
    return Pair([task], [("trusted_instance", {"fleet": "web", "state": "absent"})])


def no_fleet_twice(modules: Modules, _folder: Path) -> Pair:
    task = _fleet(modules)
    modules.run("trusted_instance", **task[1])
    return _same(("trusted_instance", {"fleet": "web", "state": "absent"}))


# ---------------------------------------------------------------------- every exchange, twice


def _twice(make: Maker) -> PairMaker:
    def twice(modules: Modules, folder: Path) -> Pair:
        change = make(modules, folder)
        return _same((change.module, change.options))

    twice.__name__ = f"{make.__name__}_exchanged_twice"
    return twice


PAIRS: list[PairMaker] = [
    vpc_twice,
    vpc_with_other_vswitches,
    vpc_and_no_vpc,
    no_vpc_twice,
    no_vpc_and_a_group_in_it,
    group_twice,
    group_and_another_description,
    group_and_no_group,
    no_group_twice,
    rules_twice,
    other_rules,
    other_exact_rules,
    rules_and_exact_rules,
    rules_and_no_rules,
    rules_and_no_group,
    member_twice,
    member_and_no_member,
    key_file_twice,
    key_file_replaced_twice,
    key_and_no_key,
    no_key_and_key,
    no_key_twice,
    key_imported_twice,
    other_keys,
    key_in_a_secret_twice,
    key_in_a_secret_and_none,
    policy_twice,
    policy_changed_twice,
    other_policies,
    policy_and_no_policy,
    no_policy_twice,
    role_twice,
    other_policies_of_a_role,
    role_and_no_role,
    no_role_twice,
    two_roles_with_one_policy,
    user_twice,
    user_and_no_user,
    group_of_users_and_none,
    kms_key_twice,
    kms_service_twice,
    kms_key_and_none,
    secret_twice,
    secret_and_none,
    share_role_twice,
    other_recipients_of_a_share_role,
    share_role_and_none,
    other_accounts_of_an_image,
    image_shared_and_not,
    share_of_snapshots_twice,
    snapshots_shared_and_not,
    fleet_twice,
    fleets_of_other_sizes,
    two_fleets,
    fleet_and_no_fleet,
    no_fleet_twice,
    *map(_twice, CHANGES),
]
