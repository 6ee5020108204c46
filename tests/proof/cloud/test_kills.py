# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kill at any moment loses nothing that was answered, and leaves of what was not answered all or nothing."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import random
import shutil
import ssl
import subprocess
import sys
import threading
import time
import typing as t
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from proof.cloud.account import POLICY, REGION, TRUST, Account, caller, furnish
from proof.cloud.fuzzing import mistakes
from proof.conftest import Figure

from local_cloud.control import LocalCloud

Params = dict[str, str]
#: what there is, by kind and name; what is not there has no entry
State = dict[tuple[str, str], t.Any]


@dataclass
class Write:
    """One writing call, and what it makes of the state."""

    product: str
    action: str
    params: Params
    after: State  # None as a value: gone
    answer: dict[str, t.Any] | None = None

    @property
    def token(self) -> bool:
        return "ClientToken" in self.params


@dataclass
class Client:
    """One client, which writes to its own corner of the account, and notes what it was told."""

    number: int
    account: Account
    random: random.Random
    state: State = field(default_factory=dict)
    answered: int = 0
    unanswered: Write | None = None
    #: the last answered writes that have a ClientToken
    repeatable: list[Write] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    #: of rules and shares, by name
    ids: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def work(self, cloud: LocalCloud) -> None:
        """Write until the server is gone."""
        wire = caller(cloud)
        while not self.wrong:
            write = self.next()
            self.unanswered = write
            try:
                reply = wire.v3(write.product, write.action, **write.params)
                answer = json.loads(reply.body)
            except (OSError, http.client.HTTPException, ValueError):
                return
            if reply.status != 200:
                self.wrong.append(f"{write.action} {write.params}: {reply.body!r}")
            self.note(write, answer)

    def note(self, write: Write, answer: dict[str, t.Any]) -> None:
        """Take down that a write was answered."""
        write.answer = answer
        self.unanswered = None
        self.answered += 1
        changed(self.state, write.after)
        if write.action == "AssumeRole":
            self.state["session", answer["Credentials"]["AccessKeyId"]] = True
        if write.action == "CreateResourceShare":
            self.ids[write.params["ResourceShareName"]] = answer["ResourceShare"]["ResourceShareId"]
        if write.token:
            self.repeatable = [*self.repeatable[-5:], write]

    def there(self, kind: str) -> list[str]:
        """Names of what this client has of a kind."""
        return [name for one, name in self.state if one == kind]

    def next(self) -> Write:
        """Something to write, of any service; it is right by what has been answered so far."""
        self._count += 1
        name = f"c{self.number}-{self._count}"
        makers = [
            self._ram,
            self._rule,
            self._kms,
            self._tags,
            self._instances,
            self._sharing,
            self._event,
            self._network,
        ]
        return self.random.choice(makers)(name)

    def _ram(self, name: str) -> Write:
        users, groups = self.there("user"), self.there("group")
        match self.random.randrange(7):
            case 0 if users:
                if held := [one for one in users if self.state["user", one]]:  # a user who is in a group can't go
                    user = self.random.choice(held)
                    group = self.state["user", user]
                    return Write(
                        "ram", "RemoveUserFromGroup", {"UserName": user, "GroupName": group}, {("user", user): ""}
                    )
                user = self.random.choice(users)
                return Write("ram", "DeleteUser", {"UserName": user}, {("user", user): None})
            case 1 if groups and (free := [one for one in users if not self.state["user", one]]):
                user, group = self.random.choice(free), self.random.choice(groups)
                return Write("ram", "AddUserToGroup", {"UserName": user, "GroupName": group}, {("user", user): group})
            case 2 if len(groups) < 5:
                return Write("ram", "CreateGroup", {"GroupName": name}, {("group", name): True})
            case 3 if len(self.there("policy")) < 20:
                params = {"PolicyName": name, "PolicyDocument": POLICY}
                return Write("ram", "CreatePolicy", params, {("policy", name): True})
            case 4 if len(self.there("role")) < 20:
                params = {"RoleName": name, "AssumeRolePolicyDocument": TRUST}
                return Write("ram", "CreateRole", params, {("role", name): True})
            case 5:
                role = f"acs:ram::{self.account.account_id}:role/reporter"
                return Write("sts", "AssumeRole", {"RoleArn": role, "RoleSessionName": name}, {})
        return Write("ram", "CreateUser", {"UserName": name}, {("user", name): ""})

    def _rule(self, name: str) -> Write:
        rules = [rule for rule in self.there("rule") if rule in self.ids]
        group = {"RegionId": REGION, "SecurityGroupId": self.account.group_id}
        if len(rules) > 20 or (rules and self.random.random() < 0.4):
            gone = self.random.sample(rules, min(10, len(rules)))
            params = {f"SecurityGroupRuleId.{at}": self.ids[rule] for at, rule in enumerate(gone, 1)}
            return Write("ecs", "RevokeSecurityGroup", group | params, {("rule", rule): None for rule in gone})
        names = [f"{name}-{number}" for number in range(3)]  # three in a call: all or none
        params = {}
        for at, one in enumerate(names, 1):
            port = 1000 + self._count * 3 + at
            params |= {
                f"Permissions.{at}.IpProtocol": "tcp",
                f"Permissions.{at}.PortRange": f"{port}/{port}",
                f"Permissions.{at}.SourceCidrIp": f"10.{self.number}.0.0/16",
                f"Permissions.{at}.Description": one,
            }
        token = {"ClientToken": name}
        return Write("ecs", "AuthorizeSecurityGroup", group | params | token, {("rule", one): True for one in names})

    def _kms(self, name: str) -> Write:
        secrets = self.there("secret")
        if secrets and self.random.random() < 0.5:
            secret = self.random.choice(secrets)
            params = {"SecretName": secret, "SecretData": f"value {name}", "VersionId": name}
            versions = sorted([*self.state["secret", secret], name])
            return Write("kms", "PutSecretValue", params, {("secret", secret): versions})
        if self.random.random() < 0.3:
            return Write("kms", "CreateKey", {"Description": name}, {("key", name): True})
        params = {"SecretName": name, "SecretData": "value", "VersionId": "first"}
        return Write("kms", "CreateSecret", params, {("secret", name): ["first"]})

    def _tags(self, name: str) -> Write:
        vpc = {"RegionId": REGION, "ResourceType": "VPC", "ResourceId.1": self.account.vpc_id}
        tags = self.there("tag")
        if tags:
            gone = {f"TagKey.{at}": tag for at, tag in enumerate(tags, 1)}
            return Write("vpc", "UnTagResources", vpc | gone, {("tag", tag): None for tag in tags})
        made = [f"{name}-{number}" for number in range(2)]
        params = {f"Tag.{at}.Key": tag for at, tag in enumerate(made, 1)}
        return Write("vpc", "TagResources", vpc | params, {("tag", tag): True for tag in made})

    def _instances(self, name: str) -> Write:
        params = {**self.account.place(), "Amount": "3", "InstanceName": name, "ClientToken": name}
        return Write("ecs", "RunInstances", params, {("instances", name): 3})

    def _sharing(self, name: str) -> Write:
        shares = self.there("share")
        if shares:
            share = self.random.choice(shares)
            params = {"ResourceShareId": self.ids[share], "ResourceShareName": name}
            self.ids[name] = self.ids[share]
            return Write(
                "resourcesharing", "UpdateResourceShare", params, {("share", share): None, ("share", name): True}
            )
        return Write("resourcesharing", "CreateResourceShare", {"ResourceShareName": name}, {("share", name): True})

    def _event(self, name: str) -> Write:
        waiting = [one for one in self.there("event") if self.state["event", one] == "0"]
        if not waiting:
            return self._network(name)
        chosen = self.random.sample(waiting, min(2, len(waiting)))
        params = {"EventUuids": json.dumps(chosen)}
        return Write("trusted-server", "IgnoreEvents", params, {("event", one): "1" for one in chosen})

    def _network(self, name: str) -> Write:
        if len(self.there("list")) > 20:
            return self._tags(name)
        prefix = self.random.randrange(200)
        entry = {"Entry.1.Cidr": f"10.{prefix}.0.0/16", "AddressFamily": "IPv4", "MaxEntries": "5"}
        params = {"RegionId": REGION, "PrefixListName": name, **entry, "ClientToken": name}
        return Write("ecs", "CreatePrefixList", params, {("list", name): f"10.{prefix}.0.0/16"})


def changed(state: State, after: State) -> State:
    """The state with a write done to it, in place."""
    for key, value in after.items():
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
    return state


def observed(cloud: LocalCloud) -> State:
    """What there is, as stored."""
    found: State = {}
    for user in cloud.resources("user"):
        found["user", user["UserName"]] = (user["Groups"] or [""])[0]
    for group in cloud.resources("group"):
        found["group", group["GroupName"]] = True
    for policy in cloud.resources("policy"):
        if policy["PolicyType"] == "Custom":
            found["policy", policy["PolicyName"]] = True
    for role in cloud.resources("role"):
        found["role", role["RoleName"]] = True
    for group in cloud.resources("security_group"):
        for rule in group["Permissions"]:
            found["rule", rule["Description"]] = True
    for secret in cloud.resources("kms_secret"):
        found["secret", secret["SecretName"]] = sorted(version["VersionId"] for version in secret["Versions"])
    for key in cloud.resources("kms_key"):
        found["key", key["Description"]] = True
    for vpc in cloud.resources("vpc"):
        for tag in vpc["Tags"]["Tag"]:
            found["tag", tag["Key"]] = True
    for instance in cloud.resources("instance"):
        name = instance["InstanceName"]
        found["instances", name] = found.get(("instances", name), 0) + 1
    for share in cloud.resources("resource_share"):
        found["share", share["ResourceShareName"]] = True
    for event in cloud.resources("trust_event"):
        found["event", event["EventUuid"]] = event["EventStatus"]
    for one in cloud.resources("prefix_list"):
        found["list", one["PrefixListName"]] = one["_Entries"][0]["Cidr"] if one["_Entries"] else ""
    for session in cloud.resources("sts_session"):
        found["session", session["access_key_id"]] = True
    return found


def settle(cloud: LocalCloud, clients: list[Client]) -> int:
    """Find after a restart that everything answered is there, and what was not wholly is or wholly isn't.

    :returns: how many calls were repeated
    """
    found = observed(cloud)
    expected: State = {}
    for client in clients:
        expected |= client.state
        if (write := client.unanswered) and write.after:
            before = {key: expected.get(key) for key in write.after}
            now = {key: found.get(key) for key in write.after}
            assert now in (before, write.after), f"{write.action} is done by half: {before} became {now}"
            changed(client.state, now)
            changed(expected, now)
    own = {key: value for key, value in found.items() if key in expected or _is_ours(key[1])}
    assert own == expected, (
        f"lost: {[(key, value, own.get(key)) for key, value in expected.items() if own.get(key) != value]}; "
        f"more: {own.keys() - expected.keys()}"
    )
    wire, repeated = caller(cloud), 0
    for client in clients:
        writes = [*client.repeatable, *([client.unanswered] if client.unanswered and client.unanswered.token else [])]
        for write in writes:
            reply = wire.v3(write.product, write.action, **write.params)
            assert reply.status == 200, f"{write.action} can't be repeated: {reply.body!r}"
            repeated += 1
            if write.answer is None:
                client.note(write, reply.json)
            else:
                assert {**reply.json, "RequestId": ""} == {**write.answer, "RequestId": ""}, f"{write.action}, repeated"
        client.unanswered = None
    own = {key: value for key, value in observed(cloud).items() if _is_ours(key[1])}
    assert own == {key: value for client in clients for key, value in client.state.items() if _is_ours(key[1])}
    check_references(cloud)
    rules = [rule for group in cloud.resources("security_group") for rule in group["Permissions"]]
    for client in clients:
        client.ids |= {rule["Description"]: rule["SecurityGroupRuleId"] for rule in rules}
        client.ids |= {
            share["ResourceShareName"]: share["ResourceShareId"] for share in cloud.resources("resource_share")
        }
    return repeated


def _is_ours(name: str) -> bool:
    start, _dash, number = name.partition("-")
    return start[:1] == "c" and start[1:].isdecimal() and number[:1].isdecimal()


def check_references(cloud: LocalCloud) -> None:
    """Find that what belongs together is together: each instance has its disk and interface, and each of these it."""
    instances = {one["InstanceId"] for one in cloud.resources("instance")}
    for kind in ("disk", "eni"):
        owners = [one["InstanceId"] for one in cloud.resources(kind) if one.get("InstanceId")]
        assert set(owners) == instances, f"{kind}s of {set(owners) ^ instances}"


@pytest.mark.parametrize("seed", range(2))
def test_kills_while_clients_write(tmp_path: Path, seed: int, figure: Figure, long: bool) -> None:
    choose = random.Random(seed)
    kills = 60 if long else 8
    with LocalCloud.start(tmp_path / "state") as cloud:
        account = furnish(cloud)
        cloud.set("ecs.instances", 10**6)
        clients = []
        for number in range(6):
            group = caller(cloud).v3("ecs", "CreateSecurityGroup", RegionId=REGION, VpcId=account.vpc_id)
            own = dataclasses.replace(account, group_id=group.json["SecurityGroupId"], answers=[])
            clients.append(Client(number, own, random.Random(f"{seed}/{number}")))
            events = [f"c{number}-{count}-event" for count in range(200)]
            cloud.preload([_finding(cloud, one) for one in events])
            clients[-1].state = {("event", one): "0" for one in events}
        repeated = 0
        for _kill in range(kills):
            threads = [threading.Thread(target=client.work, args=(cloud,)) for client in clients]
            before = sum(client.answered for client in clients)
            for thread in threads:
                thread.start()
            enough = before + choose.randrange(120)
            while sum(client.answered for client in clients) < enough and all(thread.is_alive() for thread in threads):
                time.sleep(0.001)
            time.sleep(choose.random() * 0.02)
            cloud.kill()
            for thread in threads:
                thread.join()
            assert not [client.wrong for client in clients if client.wrong]
            cloud.restart()
            repeated += settle(cloud, clients)
        assert not mistakes(cloud)
        figure("kills", kills)
        figure("answered writes found again", sum(client.answered for client in clients))
        figure("calls repeated with their ClientToken", repeated)


def _finding(cloud: LocalCloud, name: str) -> dict[str, t.Any]:
    data = {"EventUuid": name, "PropertyUuid": "p", "EventStatus": "0", "AccountId": cloud.account_id}
    return {"kind": "trust_event", "id": name, "data": data}


def test_kills_at_the_start(tmp_path: Path, figure: Figure, long: bool) -> None:
    """A first start that is killed at any moment leaves a folder on which the next one works, keys and all."""
    choose = random.Random(1)
    kills = 60 if long else 4
    for number in range(kills):
        state_dir = tmp_path / str(number)
        for _again in range(2):
            start_and_kill(state_dir, choose.random() * 0.8)
        with LocalCloud.start(state_dir) as cloud:
            assert caller(cloud).v3("vpc", "DescribeVpcs", RegionId=REGION).status == 200
            context = ssl.create_default_context(cafile=cloud.ca_certificate)
            with urllib.request.urlopen(cloud.tls_endpoint + "/_local/status", context=context) as answer:
                assert answer.status == 200
        shutil.rmtree(state_dir)
    figure("kills", 2 * kills)


def start_and_kill(state_dir: Path, seconds: float) -> None:
    """Start a server and kill it so many seconds after its first file is there."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "local_cloud",
        "serve",
        "--state-dir",
        state_dir,
        "--hosts",
        "off",
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (state_dir / "lock").exists() and process.poll() is None:  # until there Python loads what is needed
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(seconds)
    finally:
        process.kill()
        process.wait()
