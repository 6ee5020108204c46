# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of Security Center on real hosts: what the service says of it, and what the role guest sees of it there."""

from __future__ import annotations

import time
import typing as t

import pytest
from hosts.fleet import NAMES, Site
from modules.harness import Modules

ONE, TWO, THREE = NAMES
VERIFIED = {"guest_security_center_agent": "verified"}
#: seconds that a new host may take on a busy machine
PATIENCE = 120


@pytest.fixture
def modules(site: Site) -> Modules:
    return Modules(site.cloud)


def agents(modules: Modules, *ids: str) -> list[str]:
    found = modules.run("security_center_agent_info", instance_ids=list(ids))
    return [one["agent"] for one in found["servers"]]


def test_the_agent_is_installed_verified_stopped_and_started(site: Site, modules: Modules) -> None:
    ids = [site.instance(name)["InstanceId"] for name in (ONE, TWO)]
    without = site.guest({ONE: VERIFIED, TWO: {}}, "--check")
    assert "there is no folder /usr/local/aegis; the unit aegis.service does not run" in without.failure(ONE)
    assert "alitrust.ecs.security_center_agent" in without.failure(ONE)

    assert modules.run("security_center_agent", check=True, instance_ids=ids)["changed"]
    assert site.ssh(ONE, "ls /usr/local/aegis").returncode != 0
    done = modules.run("security_center_agent", instance_ids=ids)
    assert [one["agent"] for one in done["servers"]] == ["online", "online"]
    assert not modules.run("security_center_agent", instance_ids=ids)["changed"]
    assert site.output(ONE, "systemctl is-enabled aegis && pgrep --exact AliYunDun | wc -l") == "enabled\n1"

    run = site.guest({ONE: VERIFIED, TWO: {}, THREE: VERIFIED})
    assert run.changed(ONE) == 0
    assert run.recap(ONE) == run.recap(TWO)  # it is seen in the same round trip
    assert "there is no process AliYunDun" in run.failure(THREE)

    site.output(ONE, "systemctl stop aegis")
    assert agents(modules, *ids) == ["offline", "online"]
    for arguments in (["--check"], []):
        run = site.guest({ONE: VERIFIED, TWO: VERIFIED}, *arguments)
        assert "the unit aegis.service does not run; there is no process AliYunDun" in run.failure(ONE)
        assert "no folder" not in run.failure(ONE)
        assert run.changed(TWO) == 0
    site.output(ONE, "systemctl start aegis")
    assert agents(modules, *ids) == ["online", "online"]
    assert site.guest({ONE: VERIFIED, TWO: VERIFIED | {"guest_security_center_process": "AliSec"}}).changed(ONE) == 0

    site.output(TWO, "systemctl stop aegis")
    modules.run("security_center_agent", instance_ids=ids)
    assert agents(modules, *ids) == ["online", "online"]
    modules.run("security_center_agent", instance_ids=ids, state="absent")
    assert agents(modules, *ids) == ["uninstalled", "uninstalled"]
    gone = "test ! -e /usr/local/aegis && test ! -e /etc/systemd/system/aegis.service && ! pgrep --exact AliYunDun"
    for name in (ONE, TWO):
        site.output(name, gone)


def test_no_agent_is_installed_where_cloud_assistant_is_not_heard_of(site: Site, modules: Modules) -> None:
    instance_id = site.instance(THREE)["InstanceId"]
    site.cloud.agent(instance_id, online=False)
    try:
        failed = modules.run("security_center_agent", fails=True, instance_ids=[instance_id])
    finally:
        site.cloud.agent(instance_id, online=True)
    assert "the instance has no Cloud Assistant (code 1008)" in failed["msg"]
    assert agents(modules, instance_id) == ["uninstalled"]


def test_an_instance_comes_with_the_agent(site: Site, modules: Modules) -> None:
    like, api = site.instance(ONE), modules.door()
    place = {"VSwitchId": like["VSwitchId"], "SecurityGroupId": like["SecurityGroupIds"][0]}
    kind = {"ImageId": like["ImageId"], "InstanceType": like["InstanceType"], "SystemDisk": {"Category": "cloud_essd"}}
    made = api.call("ecs", "RunInstances", **place, **kind, SecurityEnhancementStrategy="Active")
    (instance_id,) = made["InstanceIdSets"]["InstanceIdSet"]
    try:
        await_agent(modules, instance_id, "online")
        stop = {"Type": "RunShellScript", "CommandContent": "systemctl stop aegis", "ContentEncoding": "PlainText"}
        api.call("ecs", "RunCommand", InstanceId=[instance_id], **stop)
        await_agent(modules, instance_id, "offline")
        modules.run("trusted_instance", instance_ids=[instance_id], state="restarted")
        await_agent(modules, instance_id, "online")
    finally:
        api.call("ecs", "DeleteInstance", InstanceId=instance_id, Force=True)


def await_agent(modules: Modules, instance_id: str, wanted: str) -> None:
    deadline = time.monotonic() + PATIENCE
    seen: t.Any = None
    while seen != wanted:
        assert time.monotonic() < deadline, seen
        time.sleep(0.3)
        (seen,) = agents(modules, instance_id)
