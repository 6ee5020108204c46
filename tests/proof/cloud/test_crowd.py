# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred clients at once: each gets its own answer, no change is lost, and no quota is passed."""

from __future__ import annotations

import collections
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from proof.cloud.account import REGION, Account, caller, furnish
from proof.cloud.fuzzing import mistakes
from proof.conftest import Figure
from wire import Reply, Wire

from local_cloud.control import LocalCloud

CLIENTS = 100
Act = t.Callable[[int, Wire], t.Any]


class Crowd:
    """A hundred clients that all begin at the same moment."""

    def __init__(self, cloud: LocalCloud, account: Account) -> None:
        self.cloud = cloud
        self.account = account
        self.calls = 0

    def all(self, act: Act) -> list[t.Any]:
        """Let each client do something; what each got, by number."""
        together = threading.Barrier(CLIENTS)

        def do(number: int) -> t.Any:
            wire = caller(self.cloud)
            together.wait(60)
            try:
                return act(number, wire)
            finally:
                self.calls += len(wire.sent)

        with ThreadPoolExecutor(CLIENTS) as clients:
            return list(clients.map(do, range(CLIENTS)))

    def codes(self, act: t.Callable[[int, Wire], Reply]) -> collections.Counter[str | None]:
        """How often each error code came; None is success."""
        return collections.Counter(reply.code for reply in self.all(act))


@pytest.fixture
def crowd(tmp_path: Path, figure: Figure) -> t.Iterator[Crowd]:
    with LocalCloud.start(tmp_path / "state") as cloud:
        crowd = Crowd(cloud, furnish(cloud))
        yield crowd
        assert not mistakes(cloud)
        figure("calls of a hundred clients at once", crowd.calls)


def rules(crowd: Crowd) -> dict[str, str]:
    """The rules of the group: their ids by description."""
    (group,) = crowd.cloud.resources("security_group")
    return {rule["Description"]: rule["SecurityGroupRuleId"] for rule in group["Permissions"]}


def test_rules_of_one_group(crowd: Crowd, long: bool) -> None:
    """All add rules to one group and remove them again: the quota is reached and not passed, and nothing is lost."""
    group = {"RegionId": REGION, "SecurityGroupId": crowd.account.group_id}

    def add(number: int, wire: Wire) -> list[str]:
        added = []
        for again in range(3):
            name = f"r{number}-{again}"
            rule = {"Permissions.1.IpProtocol": "tcp", "Permissions.1.SourceCidrIp": f"10.{number}.{again}.0/24"}
            rule |= {"Permissions.1.PortRange": "22/22", "Permissions.1.Description": name}
            reply = wire.v3("ecs", "AuthorizeSecurityGroup", **group, **rule)
            assert reply.code in (None, "AuthorizationLimitExceed")
            if reply.code is None:
                added.append(name)
        return added

    for _round in range(10 if long else 1):
        added = [name for names in crowd.all(add) for name in names]
        there = rules(crowd)
        assert len(added) == 200
        assert sorted(there) == sorted(added)

        def remove(number: int, wire: Wire, there: dict[str, str] = there) -> Reply:
            own = [rule for name, rule in there.items() if name.startswith(f"r{number}-")]
            ids = {f"SecurityGroupRuleId.{at}": rule for at, rule in enumerate(own, 1)}
            return wire.v3("ecs", "RevokeSecurityGroup", **group, **ids) if own else wire.v3("sts", "GetCallerIdentity")

        assert crowd.codes(remove) == {None: CLIENTS}
        assert rules(crowd) == {}


def test_quotas_hold(crowd: Crowd) -> None:
    """What is the last one for many is got by as many as there is room for."""
    made = crowd.codes(lambda _number, wire: wire.v3("vpc", "CreateVpc", RegionId=REGION, CidrBlock="10.0.0.0/16"))
    assert made == {None: 9, "QuotaExceeded.Vpc": CLIENTS - 9}
    assert len(crowd.cloud.resources("vpc")) == 10

    def tag(number: int, wire: Wire) -> Reply:
        about = {"RegionId": REGION, "ResourceType": "instance", "ResourceId.1": instance}
        return wire.v3("ecs", "TagResources", **about, **{"Tag.1.Key": f"k{number}", "Tag.1.Value": "v"})

    instance = crowd.cloud.resources("instance")[0]["InstanceId"]
    assert crowd.codes(tag) == {None: 20, "QuotaExceed.Tags": CLIENTS - 20}
    crowd.cloud.set("ecs.instances", 50)
    made = crowd.codes(lambda _number, wire: wire.v3("ecs", "RunInstances", **crowd.account.place(), Amount="3"))
    assert made == {None: 16, "QuotaExceed.AfterpayInstance": CLIENTS - 16}
    assert len(crowd.cloud.resources("instance")) == 50
    addresses = [one["PrivateIpAddress"] for one in crowd.cloud.resources("instance")]
    assert len(set(addresses)) == 50


def test_one_name_one_token(crowd: Crowd) -> None:
    """Of a hundred that make the same thing one does; with one ClientToken all are told of the same."""
    made = crowd.codes(lambda _number, wire: wire.v3("ram", "CreateUser", UserName="same"))
    assert made == {None: 1, "EntityAlreadyExists.User": CLIENTS - 1}
    before = len(crowd.cloud.resources("instance"))

    def start(_number: int, wire: Wire) -> tuple[str, ...]:
        while True:
            reply = wire.v3("ecs", "RunInstances", **crowd.account.place(), Amount="2", ClientToken="same")
            if reply.code != "LastTokenProcessing":
                return tuple(reply.json["InstanceIdSets"]["InstanceIdSet"])

    assert len(set(crowd.all(start))) == 1
    assert len(crowd.cloud.resources("instance")) == before + 2


def test_everybody_reads_what_they_wrote(crowd: Crowd, long: bool) -> None:
    """Each client has a user, a secret and a group of its own, and never sees anything but its last write."""

    def live(number: int, wire: Wire) -> None:
        name = f"own-{number}"
        assert wire.v3("ram", "CreateUser", UserName=name).code is None
        assert wire.v3("kms", "CreateSecret", SecretName=name, SecretData="0", VersionId="v0").code is None
        for again in range(1, 20 if long else 3):
            new = {"NewUserName": name, "NewComments": f"{number}/{again}"}
            assert wire.v3("ram", "UpdateUser", UserName=name, **new).code is None
            assert wire.v3("ram", "GetUser", UserName=name).json["User"]["Comments"] == f"{number}/{again}"
            value = {"SecretData": f"{number}.{again}", "VersionId": f"v{again}"}
            assert wire.v3("kms", "PutSecretValue", SecretName=name, **value).code is None
            assert wire.v3("kms", "GetSecretValue", SecretName=name).json["SecretData"] == f"{number}.{again}"
        assert wire.v3("ram", "DeleteUser", UserName=name).code is None
        assert wire.v3("ram", "GetUser", UserName=name).code == "EntityNotExist.User"
        assert wire.v3("kms", "DeleteSecret", SecretName=name, ForceDeleteWithoutRecovery="true").code is None

    before = crowd.cloud.status()["records"]
    crowd.all(live)
    assert crowd.cloud.status()["records"] == before
