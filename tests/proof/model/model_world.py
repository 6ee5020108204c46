# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there when a program begins, in the account and in the model."""

from __future__ import annotations

import json
import typing as t

from modules import shareable, trust_records
from proof.model import model_instances, model_kms, model_network, model_ram
from proof.model.model_bench import SETTLED, Bench
from proof.model.model_parts import Options, State

TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
}

#: What the collection has made, by its own modules.
STEPS: list[tuple[str, Options]] = [
    ("kms_service", {}),
    ("ram_policy", {"name": "reader", "document": model_ram.document("ecs:DescribeA")}),
    *(("ram_policy", {"name": "full", "document": model_ram.document(f"ecs:Describe{at}")}) for at in "VWXYZ"),
    ("ram_group", {"name": "dev", "comments": "for tests", "policies": [{"name": "reader"}]}),
    ("ram_user", {"name": "ann", "groups": ["dev"]}),
    ("instance_ram_role", {"name": "app"}),
    (
        "vpc",
        {
            "name": "corp",
            "cidr_block": "10.0.0.0/8",
            "vswitches": [{"name": "a", "zone_id": model_network.ZONE, "cidr_block": "10.1.0.0/16"}],
        },
    ),
    ("security_group", {"name": "web", "vpc": "corp", "tags": {"team": "ops"}}),
    ("sg_rule", {"security_group": "web", "rules": model_network.RULES[3:5]}),
    ("security_group", {"name": "apps", "vpc": "corp", "outbound": "deny"}),
    ("security_group", {"name": "db", "vpc": "corp", "type": "advanced", "outbound": "allow"}),
    ("keypair", {"name": "ops", "public_key": "$key:1"}),
    (
        "trusted_instance",
        {
            "fleet": "web",
            "name": "web-[1,3]",
            "count": 2,
            "instance_type": "ecs.g7t.large",
            "image_id": model_instances.IMAGE,
            "vswitch_names": ["a"],
            "security_group_names": ["web"],
            "key_name": "ops",
            "ram_role_name": "app",
        },
    ),
    ("kms_key", {"alias": "disks"}),
    ("kms_secret", {"name": "db", "value": "Canary-1", "description": "for tests"}),
    ("kms_share_role", {"purpose": "share_image", "account_ids": [model_kms.FIRST], "kms_key_ids": ["alias/disks"]}),
    ("encrypted_share", {"name": "backup", "snapshot_ids": model_kms.SNAPSHOTS[:1], "account_ids": [model_kms.FIRST]}),
]


def nothing() -> State:
    """The model of an empty account."""
    kinds = ("users", "user_groups", "policies", "roles", "vpcs", "groups", "instances", "pairs", "findings")
    more = ("prefix_lists", "keys", "secrets", "share_roles", "shares", "files", "snapshots", "images")
    state: State = {kind: {} for kind in (*kinds, *more)}
    usual = {"methods": ["email", "internal_message"], "hours": "any"}
    notices = dict.fromkeys(model_instances.NOTICES, usual)
    alerts = dict.fromkeys(model_instances.LOGON_ALERTS, False)
    return {**state, "kms": False, "session_manager": False, "notices": notices, "logon_alerts": alerts}


def theirs(bench: Bench) -> State:
    """What others have made by other means."""
    modules, state = bench.modules, nothing()
    door = modules.door()
    reading = model_ram.document("ecs:DescribeA")
    door.call("ram", "CreatePolicy", PolicyName="their-policy", PolicyDocument=json.dumps(reading))
    door.call("ram", "CreateGroup", GroupName="their-group", Comments="theirs")
    door.call("ram", "CreateUser", UserName="their-user", DisplayName="T.", Comments="theirs")
    door.call("ram", "AddUserToGroup", UserName="their-user", GroupName="their-group")
    door.call("ram", "AttachPolicyToGroup", GroupName="their-group", PolicyName="their-policy", PolicyType="Custom")
    state["policies"]["their-policy"] = model_ram.new_policy(["ecs:DescribeA"], ours=False)
    of_group = {"comments": "theirs", "policies": [("Custom", "their-policy")], "_ours": False}
    state["user_groups"]["their-group"] = of_group
    state["users"]["their-user"] = {**model_ram.new_user("T.", "theirs", ours=False), "groups": ["their-group"]}

    vpc_id = door.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8", VpcName="theirs")["VpcId"]
    modules.cloud.clock_advance(SETTLED)
    switch = {"cidr_block": "10.1.0.0/16", "zone_id": model_network.ZONE}
    door.call("vpc", "CreateVSwitch", VpcId=vpc_id, VSwitchName="t", ZoneId=model_network.ZONE, CidrBlock="10.1.0.0/16")
    state["vpcs"]["theirs"] = {"cidr_block": "10.0.0.0/8", "tags": {}, "vswitches": {"t": {**switch, "tags": {}}}}
    key = model_instances.KEYS["1"]
    door.call("ecs", "ImportKeyPair", KeyPairName="their-pair", PublicKeyBody=key)
    state["pairs"]["their-pair"] = {"key": "1", "tags": {}}
    shareable.image(modules, accounts=[model_kms.THIRD])
    state["shares"]["image"] = {"account_ids": [model_kms.THIRD], "_ours": []}
    for number in (0, 1):
        shareable.snapshot(modules, number)
    host = {"SerialNumber": "51d1353b-22bf-4567-a176-8b3e12e40000", "InstanceId": "i-theirs", "InstanceName": "theirs"}
    for number, (suspect, level) in enumerate([("PCR 9", 3), ("PCR 4", 3), ("/usr/bin/x", 1)], 1):
        name = trust_records.found(modules, number, host, suspect, EventLevel=str(level))
        state["findings"][name] = {"state": "open", "level": {1: "low", 3: "high"}[level], "suspect": suspect}
    return state


def their_share(bench: Bench) -> None:
    """What others have made in the furnished account."""
    modules, state = bench.modules, bench.state
    door = modules.door()
    vpc_id = modules.run("vpc_info", names=["corp"])["vpcs"][0]["vpc_id"]
    door.call("ecs", "CreateSecurityGroup", SecurityGroupName="their-sg", VpcId=vpc_id)
    group = {
        "vpc": "corp",
        "description": "",
        "type": "normal",
        "inner_access_policy": "accept",
        "tags": {},
        "rules": {},
    }
    state["groups"]["their-sg"] = group
    key_id = door.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    door.call("kms", "CreateAlias", KeyId=key_id, AliasName="alias/their-key")
    state["keys"]["their-key"] = {**model_kms.new_key(), "tags": {}}
    door.call("kms", "CreateSecret", SecretName="their-secret", SecretData="Canary-1", VersionId="v1")
    state["secrets"]["their-secret"] = {"description": "", "pending": False, "_value": "Canary-1", "tags": {}}


class World(t.NamedTuple):
    records: list[dict[str, t.Any]]
    state: State


def worlds(bench: Bench) -> list[World]:
    """The beginnings of programs: an account where others have made things, and one that the collection furnished."""
    bench.empty()
    bench.state = theirs(bench)
    bench.modules.cloud.clock_advance(SETTLED)
    found = [World(bench.modules.cloud.records(), bench.state)]
    bench.begin(*found[0])
    for module, options in STEPS:
        bench.step(module, options)
    their_share(bench)
    bench.modules.cloud.clock_advance(SETTLED)
    bench.end()
    found.append(World(bench.modules.cloud.records(), bench.state))
    bench.counts.clear()
    bench.by_module.clear()
    return found
