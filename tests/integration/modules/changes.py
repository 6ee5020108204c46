# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes that put something in the place of something else, one for each way that a module does so."""

from __future__ import annotations

import json
import typing as t
import uuid
from dataclasses import dataclass, field

from modules import records, shareable, trust_records
from modules.network import Network
from modules.test_keypair import OTHER_PUBLIC, PUBLIC
from modules.trusted_world import TRUST, World

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules

#: What a thing is made of, by name: sets of words. What of a part is exchanged together is one name.
Parts = dict[str, set[str]]
Options = dict[str, t.Any]

FIRST, SECOND = "1111222233334444", "5555666677778888"
READ_ONLY = {"name": "AliyunECSReadOnlyAccess", "type": "System"}
FULL = {"name": "AliyunECSFullAccess", "type": "System"}
OLD_TAGS, NEW_TAGS = {"team": "ops", "cost": "42"}, {"repo": "x"}


@dataclass
class Change:
    """A task that exchanges something.

    :ivar look: the parts of what it exchanges
    :ivar steps: the methods of the resource that it takes
    :ivar loses: refused call -> the part that cannot be given back then, which the message says; else it stays
    :ivar unseen: whether the next run does not see that the last call was refused, which costs nothing
    """

    module: str
    options: Options
    look: t.Callable[[], Parts]
    steps: set[str]
    loses: dict[str, str] = field(default_factory=dict)
    unseen: bool = False


Maker = t.Callable[["Modules", "Path"], Change]


def words(value: t.Any) -> set[str]:
    """The words of a list or dictionary, or the one that the value is."""
    if isinstance(value, dict):
        return {f"{key}={json.dumps(one, sort_keys=True)}" for key, one in value.items()}
    return {json.dumps(one, sort_keys=True) for one in (value if isinstance(value, list) else [value])}


def parts(shape: dict[str, t.Any], *names: str) -> Parts:
    return {name: words(shape[name]) for name in names}


def only(modules: Modules, kind: str, **where: str) -> dict[str, t.Any]:
    found = [one for one in modules.cloud.resources(kind) if all(one[name] == value for name, value in where.items())]
    return found[0] if found else {}


def tags(record: dict[str, t.Any]) -> set[str]:
    """Other tags than ours."""
    return words({key: value for key, value in records.tags(record).items() if not key.startswith("alitrust.ecs:")})


def document(action: str) -> dict[str, t.Any]:
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}]}


# ---------------------------------------------------------------------- networks and security groups


def vpc(modules: Modules, _folder: Path) -> Change:
    door = modules.door()
    vpc_id = door.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8", VpcName="web")["VpcId"]
    modules.cloud.clock_advance(10)
    old = {"name": "a", "zone_id": "cn-hangzhou-h", "cidr_block": "10.1.0.0/16"}
    door.call("vpc", "CreateVSwitch", VpcId=vpc_id, VSwitchName="a", ZoneId=old["zone_id"], CidrBlock="10.1.0.0/16")
    modules.cloud.clock_advance(10)
    items = [{"Key": key, "Value": value} for key, value in OLD_TAGS.items()]
    door.call("vpc", "TagResources", ResourceType="VPC", ResourceId=[vpc_id], Tag=items)
    return Change(
        "vpc",
        {
            "name": "web",
            "cidr_block": "10.0.0.0/8",
            "vswitches": [old, {**old, "name": "b", "cidr_block": "10.2.0.0/16"}],
            "tags": NEW_TAGS,
            "adopt": True,
        },
        lambda: {
            "tags": tags(only(modules, "vpc", VpcId=vpc_id)),
            "vswitches": {one["VSwitchName"] for one in modules.cloud.resources("vswitch")},
        },
        {"tag", "tag_vswitch", "make_vswitch"},
    )


# ---------------------------------------------------------------------- snapshots and images


def _of_disk(modules: Modules) -> tuple[str, str]:
    """An instance and its disk."""
    network = Network(modules)
    (instance,) = network.new_instances(network.new_group("web"))
    (disk,) = network.api.pages("ecs", "DescribeDisks", InstanceId=instance)
    return instance, str(disk["DiskId"])


def snapshot(modules: Modules, _folder: Path) -> Change:
    _instance, disk = _of_disk(modules)
    modules.run("snapshot", name="base", disk_id=disk, description="old", retention_days=7, tags=OLD_TAGS)

    def look() -> Parts:
        (shown,) = modules.run("snapshot_info", names=["base"])["snapshots"]
        own = {key: value for key, value in shown["tags"].items() if not key.startswith("alitrust.ecs:")}
        return {**parts(shown, "description", "retention_days"), "tags": words(own)}

    new = {"name": "base", "description": "new", "retention_days": 30, "tags": NEW_TAGS}
    return Change("snapshot", new, look, {"describe", "tag"})


def image(modules: Modules, _folder: Path) -> Change:
    instance, _disk = _of_disk(modules)
    modules.run("image", name="golden", instance_id=instance, description="old", family="web", tags=OLD_TAGS)

    def look() -> Parts:
        (shown,) = modules.run("image_info", names=["golden"])["images"]
        own = {key: value for key, value in shown["tags"].items() if not key.startswith("alitrust.ecs:")}
        return {**parts(shown, "description", "family"), "tags": words(own)}

    new = {"name": "golden", "description": "new", "family": "shop", "tags": NEW_TAGS}
    return Change("image", new, look, {"describe", "tag"})


def _rules(modules: Modules, group_id: str) -> Parts:
    """Without ids and times, which a rule has anew when it is there again."""
    about = ("IpProtocol", "PortRange", "SourceCidrIp", "DestCidrIp", "Policy")
    found: Parts = {"ingress": set(), "egress": set()}
    for rule in only(modules, "security_group", SecurityGroupId=group_id)["Permissions"]:
        found[rule["Direction"]] |= words(" ".join(str(rule.get(name) or "") for name in about))
        if rule["PortRange"] == "22/22":
            found["words"] = {rule["Description"]}
    return found


def security_group(modules: Modules, _folder: Path) -> Change:
    vpc_id = Network(modules).vpc
    old: Options = {
        "name": "web",
        "vpc_id": vpc_id,
        "description": "web servers",
        "outbound": "allow",
        "tags": OLD_TAGS,
    }
    group_id = modules.run("security_group", **old)["security_group"]["security_group_id"]

    def look() -> Parts:
        record = only(modules, "security_group", SecurityGroupId=group_id)
        found = parts(record, "SecurityGroupName", "Description", "InnerAccessPolicy")
        return {**found, "egress": _rules(modules, group_id)["egress"], "tags": tags(record)}

    new = {"name": "shop", "description": "shops", "outbound": "deny", "inner_access_policy": "drop", "tags": NEW_TAGS}
    steps = {"modify", "isolate", "add_rules", "tag"}
    return Change("security_group", {"security_group_id": group_id, **new}, look, steps)


def _rule(port: int, direction: str = "ingress", **more: t.Any) -> Options:
    return {"direction": direction, "protocol": "tcp", "ports": [str(port)], "cidr": ["10.0.0.0/8"], **more}


def rules(modules: Modules, _folder: Path) -> Change:
    group_id = Network(modules).new_own_group("web")
    old = [_rule(22, description="old"), _rule(25), _rule(80), _rule(443, "egress")]
    there = modules.run("sg_rule", security_group_id=group_id, state="exact", rules=old)["rules"]
    mail = next(one["security_group_rule_id"] for one in there if one["ports"] in ("25/25", ["25/25"], "25"))
    new = [
        _rule(22, description="new"),
        _rule(26, security_group_rule_id=mail),
        _rule(8080),
        _rule(8443, "egress"),
    ]
    options = {"security_group_id": group_id, "state": "exact", "rules": new}
    return Change("sg_rule", options, lambda: _rules(modules, group_id), {"add", "reword", "remove"})


def rules_of_a_full_group(modules: Modules, _folder: Path) -> Change:
    group_id = Network(modules).new_own_group("web")
    task: Options = {"security_group_id": group_id, "state": "exact", "max_rules": 3}
    modules.run("sg_rule", **task, rules=[_rule(80), _rule(81), _rule(443, "egress")])
    options = {**task, "rules": [_rule(8080), _rule(8081), _rule(8443, "egress")]}
    return Change("sg_rule", options, lambda: _rules(modules, group_id), {"add", "remove"})


def _groups(modules: Modules, ids: t.Sequence[str]) -> Parts:
    return {one: set(only(modules, "instance", InstanceId=one)["SecurityGroupIds"]) for one in ids}


def members(modules: Modules, _folder: Path) -> Change:
    network = Network(modules)
    old, new = network.new_group(), network.new_group()
    ids = [*network.new_instances(old), *network.new_instances(old)]
    network.api.call("ecs", "JoinSecurityGroup", InstanceId=ids[1], SecurityGroupId=network.new_group())
    options = {"state": "present", "instance_ids": ids, "security_group_ids": [new]}
    return Change("sg_member", options, lambda: _groups(modules, ids), {"put"})


def members_in_the_classic_network(modules: Modules, _folder: Path) -> Change:
    network = Network(modules)
    modules.cloud.set("ecs.classic_network", True)
    groups = [
        modules.run("security_group", name=name, network_type="classic")["security_group"]["security_group_id"]
        for name in ("a1", "a2", "b1", "b2")
    ]
    (instance,) = network.new_instances(network.new_group())
    data = {**only(modules, "instance"), "VpcId": "", "VSwitchId": "", "SecurityGroupIds": groups[:2]}
    modules.cloud.preload([{"kind": "instance", "id": instance, "region": modules.region, "data": data}])

    def look() -> Parts:
        there = _groups(modules, [instance])[instance]
        # One group after another is exchanged, so each pair of them is a part.
        return {name: {one for one in (groups[number], groups[number + 2]) if one in there} for number, name in pairs}

    pairs = [(0, "first"), (1, "second")]
    options = {"state": "exact", "instance_ids": [instance], "security_group_ids": groups[2:], "max_groups": 3}
    return Change("sg_member", options, look, {"join", "leave", "change_over"})


# ---------------------------------------------------------------------- key pairs


def tags_of_a_pair(modules: Modules, _folder: Path) -> Change:
    modules.run("keypair", name="web", public_key=PUBLIC, tags=OLD_TAGS)
    options = {"name": "web", "public_key": PUBLIC, "tags": NEW_TAGS}
    return Change("keypair", options, lambda: {"tags": tags(only(modules, "key_pair", KeyPairName="web"))}, {"tag"})


def _bound_pair(modules: Modules) -> tuple[list[str], t.Callable[[], Parts]]:
    """A pair and the instance that it is bound to."""
    network = Network(modules)
    ids = network.new_instances(network.new_group())
    modules.run("keypair", name="web", public_key=PUBLIC, state="bound", instance_ids=ids, tags={"team": "ops"})

    def look() -> Parts:
        pair = only(modules, "key_pair", KeyPairName="web")
        old = pair and pair["PublicKey"].split()[1] == PUBLIC.split()[1]
        bound = {one for one in ids if only(modules, "instance", InstanceId=one)["KeyPairName"] == "web"}
        return {"key": {"old" if old else "new"} if pair else set(), "bound": bound}

    return ids, look


#: Only another binding could give it back, and that is what was refused.
UNBOUND = {"ecs:AttachKeyPair": "bound"}


def another_public_key(modules: Modules, _folder: Path) -> Change:
    ids, look = _bound_pair(modules)
    options = {"name": "web", "public_key": OTHER_PUBLIC, "replace": True, "if_bound": "unbind"}
    steps = {"unbind", "delete", "bring", "bind"}
    return Change("keypair", {**options, "state": "bound", "instance_ids": ids}, look, steps, UNBOUND)


def another_private_key(modules: Modules, folder: Path) -> Change:
    ids, look = _bound_pair(modules)
    file = str(folder / uuid.uuid4().hex)
    options = {"name": "web", "private_key_file": file, "replace": True, "if_bound": "unbind", "tags": {"team": "ops"}}
    return Change("keypair", {**options, "state": "bound", "instance_ids": ids}, look, {"make", "bind"}, UNBOUND)


def another_private_key_in_a_secret(modules: Modules, _folder: Path) -> Change:
    modules.door().call("kms", "OpenKmsService")
    ids, look = _bound_pair(modules)
    options = {"name": "web", "private_key_secret": "keys/web", "replace": True, "if_bound": "unbind"}
    steps = {"create_secret", "unbind", "delete", "bring", "bind"}
    return Change("keypair", {**options, "state": "bound", "instance_ids": ids}, look, steps, UNBOUND)


# ---------------------------------------------------------------------- RAM


def role(modules: Modules, _folder: Path) -> Change:
    for user in ("ann", "bob"):
        modules.run("ram_user", name=user)
    old = [{"name": "app-a", "document": document("ecs:StopInstance")}, FULL]
    modules.run("instance_ram_role", name="app", description="old", policies=old, users=["ann"])
    allowed = {"PolicyType": "Custom", "PolicyName": "app-use"}

    def look() -> Parts:
        (shown,) = modules.run("instance_ram_role_info", names=["app"])["instance_ram_roles"]
        (policy,) = modules.run("ram_policy_info", names=["app-a"])["ram_policies"]
        using = modules.door().call("ram", "ListEntitiesForPolicy", allowed)["Users"]["User"]
        return {
            **parts(shown, "description", "max_session_duration", "policies"),
            "trust_policy": words([shown["trust_policy"]]),
            "document": words([policy["document"]]),
            "users": {one["UserName"] for one in using},
        }

    new: Options = {
        "description": "new",
        "trust_policy": json.loads(json.dumps(TRUST).replace('"ecs.', '"fc.aliyuncs.com", "ecs.')),
        "max_session_duration": 7200,
        "policies": [
            {"name": "app-a", "document": document("ecs:StartInstance")},
            {"name": "app-b", "document": document("ecs:StartInstance")},
            READ_ONLY,
        ],
        "purge_policies": True,
        "users": ["bob"],
    }
    steps = {"update_role", "create_policy", "create_policy_version", "attach_policy", "detach_policy"}
    return Change("instance_ram_role", {"name": "app", **new}, look, steps)


def carriers_of_a_role(modules: Modules, _folder: Path) -> Change:
    world = World(modules)
    ids = [world.foreign("app-1", RamRoleName="web"), world.foreign("app-2")]
    modules.run("instance_ram_role", name="app")
    options = {"name": "app", "instance_ids": ids, "replace": True}

    def look() -> Parts:
        return {one: words(only(modules, "instance", InstanceId=one)["_RamRoleName"]) for one in ids}

    return Change("instance_ram_role", options, look, {"exchange_roles", "attach_instances"})


def versions_of_a_policy(modules: Modules, _folder: Path) -> Change:
    modules.run("ram_policy", name="reader", document=document("ecs:Describe1"), description="old")
    for number in range(2, 6):
        modules.run("ram_policy", name="reader", document=document(f"ecs:Describe{number}"))
    options = {"name": "reader", "document": document("ecs:Describe6"), "description": "new", "rotate": True}
    return Change("ram_policy", options, lambda: _policy(modules), {"create_policy_version", "describe_policy"})


def default_version_of_a_policy(modules: Modules, _folder: Path) -> Change:
    door = modules.door()
    old, new = (json.dumps(document(action)) for action in ("ecs:Describe1", "ecs:Describe2"))
    door.call("ram", "CreatePolicy", PolicyName="reader", PolicyDocument=old)
    door.call("ram", "CreatePolicyVersion", PolicyName="reader", PolicyDocument=new)
    options = {"name": "reader", "default_version": "v2", "description": "new", "adopt": True}
    steps = {"set_default_version", "describe_policy", "tag_resource"}
    return Change("ram_policy", options, lambda: _policy(modules), steps)


def _policy(modules: Modules) -> Parts:
    (shown,) = modules.run("ram_policy_info", names=["reader"])["ram_policies"]
    return {"document": words([shown["document"]]), "description": words(shown["description"])}


def ram_user(modules: Modules, _folder: Path) -> Change:
    for group in ("dev", "ops"):
        modules.run("ram_group", name=group)
    old: Options = {"comments": "old", "groups": ["dev"], "policies": [FULL], "password": "Canary-Pass-1"}
    modules.run("ram_user", name="ann", **old)
    about = ("comments", "groups", "policies", "password_reset_required")
    new = {"comments": "new", "groups": ["ops"], "policies": [READ_ONLY], "password_reset_required": True}
    return Change(
        "ram_user",
        {"name": "ann", **new, "purge_groups": True, "purge_policies": True},
        lambda: parts(modules.run("ram_user_info", names=["ann"])["ram_users"][0], *about),
        {"update_user", "update_login_profile", "join_group", "leave_group", "attach_policy", "detach_policy"},
    )


def ram_group(modules: Modules, _folder: Path) -> Change:
    for user in ("ann", "bob"):
        modules.run("ram_user", name=user)
    modules.run("ram_group", name="dev", comments="old", users=["ann"], policies=[FULL])
    new = {"comments": "new", "users": ["bob"], "policies": [READ_ONLY]}
    return Change(
        "ram_group",
        {"name": "dev", **new, "purge_users": True, "purge_policies": True},
        lambda: parts(modules.run("ram_group_info", names=["dev"])["ram_groups"][0], *new),
        {"update_group", "join_group", "leave_group", "attach_policy", "detach_policy"},
    )


def share_role(modules: Modules, _folder: Path) -> Change:
    old, new = shareable.key(modules, "old"), shareable.key(modules, "new")
    task: Options = {"purpose": "share_image", "recipients_mode": "exact", "purge_keys": True}
    modules.run("kms_share_role", **task, account_ids=[FIRST], kms_key_ids=[old], description="old")

    def look() -> Parts:
        (shown,) = modules.run("kms_share_role_info", purpose="share_image")["kms_share_roles"]
        return {**parts(shown, "description", "policies"), "trust_policy": words([shown["trust_policy"]])}

    options = {**task, "account_ids": [SECOND], "kms_key_ids": [new], "description": "new"}
    return Change(
        "kms_share_role",
        options,
        look,
        {"update_role", "create_policy", "attach_policy", "detach_policy", "delete_policy"},
    )


def scrubbing_thresholds(modules: Modules, _folder: Path) -> Change:
    network = Network(modules)
    ids = network.new_instances(network.new_group("web"), 2, InternetMaxBandwidthOut=5)
    modules.run("ddos_threshold", instance_ids=ids, mbps=100, pps=20_000)

    def look() -> Parts:
        shown = modules.run("ddos_threshold_info", instance_ids=ids)["thresholds"]
        return {one["instance_id"]: words([one["automatic"], one["mbps"], one["pps"]]) for one in shown}

    options = {"instance_ids": ids, "mbps": 200, "pps": 30_000}
    return Change("ddos_threshold", options, look, {"set_thresholds"})


# ---------------------------------------------------------------------- keys and what is encrypted


def kms_key(modules: Modules, _folder: Path) -> Change:
    shareable.key(modules, "spare")
    old: Options = {"description": "old", "rotation_days": 30, "tags": OLD_TAGS}
    key_id = modules.run("kms_key", alias="disks", **old)["kms_key"]["key_id"]

    def look() -> Parts:
        (shown,) = modules.run("kms_key_info", key_ids=[key_id])["kms_keys"]
        moved = modules.door().call("kms", "DescribeKey", KeyId="alias/spare")["KeyMetadata"]["KeyId"]
        about = ("description", "rotation_days", "key_state", "deletion_protection", "tags")
        return {**parts(shown, *about), "alias": words(moved)}

    options = {"key_id": key_id, "alias": "spare", "move_alias": True, "description": "new", "rotation_days": 60}
    more = {"enabled": False, "deletion_protection": True, "tags": NEW_TAGS}
    steps = {"update_alias", "switch", "describe", "rotate", "protect", "tag"}
    return Change("kms_key", {**options, **more}, look, steps)


def secret(modules: Modules, _folder: Path) -> Change:
    shareable.key(modules, "spare")
    modules.run("kms_secret", name="db", value="Old-Pass-1", description="old", tags=OLD_TAGS)

    def look() -> Parts:
        (shown,) = modules.run("kms_secret_info", names=["db"])["kms_secrets"]
        value = modules.door().call("kms", "GetSecretValue", SecretName="db")["SecretData"]
        return {**parts(shown, "description", "tags"), "value": {value}}

    options = {"name": "db", "value": "New-Pass-1", "description": "new", "tags": NEW_TAGS}
    return Change("kms_secret", options, look, {"store", "describe", "tag"})


def share_of_an_image(modules: Modules, _folder: Path) -> Change:
    task: Options = {"image_id": shareable.image(modules), "state": "exact"}
    modules.run("encrypted_share", **task, account_ids=[FIRST])
    return Change(
        "encrypted_share",
        {**task, "account_ids": [SECOND]},
        lambda: {"accounts": {one["AliyunId"] for one in only(modules, "image", ImageId=task["image_id"])["_Shares"]}},
        {"share", "unshare"},
        unseen=True,  # that an account is recorded which has nothing any more
    )


def share_of_snapshots(modules: Modules, _folder: Path) -> Change:
    old, new = (shareable.snapshot(modules, number) for number in (0, 1))
    task: Options = {"name": "backup", "state": "exact"}
    modules.run("encrypted_share", **task, snapshot_ids=[old], account_ids=[FIRST])

    def look() -> Parts:
        (shown,) = modules.run("encrypted_share_info", kinds=["snapshot"])["encrypted_shares"]
        return parts(shown, "snapshot_ids", "account_ids")

    options = {**task, "snapshot_ids": [new], "account_ids": [SECOND]}
    return Change("encrypted_share", options, look, {"associate", "disassociate"})


# ---------------------------------------------------------------------- instances


def trusted_instance(modules: Modules, _folder: Path) -> Change:
    world = World(modules)
    world.api.call("ecs", "CreateKeyPair", KeyPairName="other")
    old = {"description": "old", "ram_role_name": "web", "key_name": "web", "tags": OLD_TAGS}
    (instance,) = world.run(**world.fleet(count=1), **old)["instance_ids"]

    def look() -> Parts:
        record = only(modules, "instance", InstanceId=instance)
        about = ("Description", "_RamRoleName", "KeyPairName", "SecurityGroupIds", "MetadataOptions")
        return {**parts(record, *about), "tags": tags(record)}

    new = {"description": "new", "ram_role_name": "other", "key_name": "other", "tags": NEW_TAGS}
    more = {"security_group_ids": world.groups[1:], "http_tokens": "optional"}
    steps = {"modify", "modify_metadata", "write_tags", "exchange_roles", "bind_key_pair"}
    return Change("trusted_instance", {"fleet": "web", **new, **more}, look, steps)


def moved_interface(modules: Modules, _folder: Path) -> Change:
    network = Network(modules)
    network.local.set("ecs.attaching_seconds", 0.05)
    old, new = network.new_group("old"), network.new_group("new")
    one, other = network.new_instances(old, 2)
    task: Options = {"name": "second", "vswitch_id": network.vswitch, "security_group_ids": [old], "instance_id": one}
    modules.run("network_interface", **task, description="old", tags=OLD_TAGS)

    def look() -> Parts:
        record = only(modules, "eni", NetworkInterfaceName="second")
        return {**parts(record, "InstanceId", "Description", "SecurityGroupIds"), "tags": tags(record)}

    changed: Options = {"security_group_ids": [new], "description": "new", "tags": NEW_TAGS}
    options = {**task, **changed, "instance_id": other, "detach": True}
    return Change("network_interface", options, look, {"modify", "tag", "move"})


def findings(modules: Modules, _folder: Path) -> Change:
    (instance,) = trust_records.fleet(modules, 1)
    modules.cloud.preload([trust_records.found_record(modules, number, instance, f"/{number}") for number in range(51)])

    def look() -> Parts:
        return {one["event_id"]: {one["state"]} for one in modules.run("trust_event_info")["findings"]}

    return Change("trust_event", {"state": "accepted", "all_findings": True}, look, {"handle"})


def notices(modules: Modules, _folder: Path) -> Change:
    items = ["sas_suspicious", "sas_healthcheck"]

    def look() -> Parts:
        found = modules.run("security_center_notice_info", items=items)["notices"]
        return {one["item"]: words(one["methods"]) for one in found}

    return Change("security_center_notice", {"items": items, "methods": ["text_message"]}, look, {"notify"})


def usual_logons(modules: Modules, _folder: Path) -> Change:
    network = Network(modules)
    given: Options = {"instance_ids": network.new_instances(network.new_group("web"), 2)}
    modules.run("security_center_logon", **given, ips=["192.0.2.10"])

    def look() -> Parts:
        found = modules.run("security_center_logon_info", **given)["servers"]
        return {str(number): words(one["ips"]) for number, one in enumerate(found)}

    return Change("security_center_logon", {**given, "ips": ["192.0.2.11"], "purge": True}, look, {"change"})


CHANGES: list[Maker] = [
    vpc,
    snapshot,
    image,
    security_group,
    rules,
    rules_of_a_full_group,
    members,
    members_in_the_classic_network,
    tags_of_a_pair,
    another_public_key,
    another_private_key,
    another_private_key_in_a_secret,
    role,
    carriers_of_a_role,
    versions_of_a_policy,
    default_version_of_a_policy,
    ram_user,
    ram_group,
    scrubbing_thresholds,
    share_role,
    kms_key,
    secret,
    share_of_an_image,
    share_of_snapshots,
    trusted_instance,
    moved_interface,
    findings,
    notices,
    usual_logons,
]
