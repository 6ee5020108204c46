# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, through ansible-inventory."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from controller.playbook import Ansible
from sdk import Sdk

from local_cloud.control import LocalCloud

PLUGIN = "alitrust.ecs.instances"
OWNER = "alitrust.ecs:owner"


def _trusted(value: dict[str, t.Any]) -> t.Any:
    """What comes from the API is marked as unsafe to template."""
    return value.get("__ansible_unsafe", value)


class Inventory:
    """What ansible-inventory makes of a file of the plugin."""

    def __init__(self, ansible: Ansible, cloud: LocalCloud) -> None:
        self.ansible, self.cloud = ansible, cloud

    def run(self, options: dict[str, t.Any], *arguments: str, name: str = "test.alitrust.yml", **env: str) -> t.Any:
        """The exit code, what was listed (where something was) and what was said."""
        path = self.ansible.folder / name
        path.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}))
        self.ansible.environment.update({"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", **env})
        done = self.ansible.command("ansible-inventory", "-i", str(path), "--list", *arguments)
        listed = json.loads(done.stdout, object_hook=_trusted) if done.returncode == 0 else None
        return done.returncode, listed, done.stderr

    def list(self, **options: t.Any) -> dict[str, t.Any]:
        code, listed, said = self.run(options)
        assert code == 0, said
        return t.cast("dict[str, t.Any]", listed)

    def hosts(self, **options: t.Any) -> dict[str, dict[str, t.Any]]:
        """Host variables by name."""
        return t.cast("dict[str, dict[str, t.Any]]", self.list(**options)["_meta"]["hostvars"])

    def refused(self, **options: t.Any) -> str:
        """What is said to options that must not give an inventory."""
        code, _listed, said = self.run(options)
        assert code != 0, said
        assert "Traceback" not in said
        return " ".join(t.cast("str", said).split())


@pytest.fixture
def inventory(tmp_path: Path, fresh_cloud: LocalCloud) -> Inventory:
    return Inventory(Ansible(tmp_path, fresh_cloud), fresh_cloud)


@pytest.fixture
def sdk(fresh_cloud: LocalCloud) -> Sdk:
    return Sdk(fresh_cloud)


@pytest.fixture
def place(sdk: Sdk) -> dict[str, t.Any]:
    return sdk.place()


def made(sdk: Sdk, place: dict[str, t.Any], name: str, fleet: str | None, **params: t.Any) -> list[str]:
    """Running instances with the ownership tag of a fleet, or without one."""
    tags = [{"Key": OWNER, "Value": fleet}] if fleet else []
    return sdk.run(place, InstanceName=name, Tag=[*tags, {"Key": "role", "Value": name}], **params)


def test_a_fleet_is_listed_with_addresses_and_variables(
    inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]
) -> None:
    (instance_id,) = made(sdk, place, "web-1", "web", InternetMaxBandwidthOut=1)
    made(sdk, place, "db-1", "db")
    made(sdk, place, "stranger", None)
    listed = inventory.list(fleets=["web"])
    instance = sdk.instance(instance_id)
    private = instance["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0]
    assert listed["alitrust_fleet"]["hosts"] == ["web-1"]
    assert listed["_meta"]["hostvars"]["web-1"] == {
        "ansible_host": private,
        "alitrust_fleet": "web",
        "alitrust_instance_id": instance_id,
        "alitrust_instance_name": "web-1",
        "alitrust_instance_type": place["InstanceType"],
        "alitrust_private_ip": private,
        "alitrust_public_ip": instance["PublicIpAddress"]["IpAddress"][0],
        "alitrust_region_id": "cn-hangzhou",
        "alitrust_status": "Running",
        "alitrust_tags": {OWNER: "web", "role": "web-1"},
        "alitrust_zone_id": "cn-hangzhou-h",
    }


def test_filters_choose_what_is_listed(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    (web,) = made(sdk, place, "web-1", "web")
    made(sdk, place, "db-1", "db")
    made(sdk, place, "stranger", None)
    sdk("TagResources", ResourceType="instance", ResourceId=[web], Tag=[{"Key": "until", "Value": "2026-12-31"}])
    (stopped,) = made(sdk, place, "web-2", "web")
    sdk("StopInstance", InstanceId=stopped)
    sdk.cloud.clock_advance(5)
    assert set(inventory.hosts()) == {"web-1", "db-1"}
    assert set(inventory.hosts(fleets=["web", "db"])) == {"web-1", "db-1"}
    assert set(inventory.hosts(all_instances=True)) == {"web-1", "db-1", "stranger"}
    assert set(inventory.hosts(all_instances=True, tags={"role": "stranger"})) == {"stranger"}
    assert set(inventory.hosts(tags={"until": dt.date(2026, 12, 31)})) == {"web-1"}, "YAML makes a date of it"
    assert set(inventory.hosts(statuses=["Running", "Stopped"])) == {"web-1", "web-2", "db-1"}
    assert set(inventory.hosts(statuses=["Stopped"])) == {"web-2"}
    assert set(inventory.hosts(vpc_id="vpc-none")) == set()
    assert "Sleeping" in inventory.refused(statuses=["Sleeping"])


def test_more_than_a_page_is_listed_to_the_end(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    made(sdk, place, "web-[1,3]", "web", Amount=100)
    made(sdk, place, "web-[101,3]", "web", Amount=5)
    inventory.cloud.forget_requests()
    assert set(inventory.hosts()) == {f"web-{number:03}" for number in range(1, 106)}
    assert inventory.cloud.counts() == {"ecs:DescribeInstances": 2}


def test_security_center_tells_of_all_hosts_together(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    ids = made(sdk, place, "web-[1,3]", "web", Amount=25)
    by_name = {one["InstanceName"]: one["InstanceId"] for one in inventory.cloud.resources("instance")}
    first = by_name["web-001"]
    inventory.cloud.security_center(first, agent="online")
    for level in ("serious", "serious", "remind"):
        inventory.cloud.security_center(first, alert={"Level": level})
    inventory.cloud.security_center(first, vulnerability={"Type": "cve"})
    inventory.cloud.forget_requests()
    asked = {"security_center": True, "keyed_groups": [{"key": "alitrust_security_center_agent", "prefix": "agent"}]}
    hosts = inventory.hosts(**asked)
    assert inventory.cloud.counts() == {
        "ecs:DescribeInstances": 1,
        "sas:DescribeCloudCenterInstances": 2,
        "sas:DescribeSuspEvents": 1,
    }
    assert len(hosts) == len(ids)
    assert hosts["web-001"]["alitrust_security_center_agent"] == "online"
    assert hosts["web-001"]["alitrust_security_center"] == {
        "agent": "online",
        "protected": True,
        "edition": "free",
        "alerts": 3,
        "serious_alerts": 2,
        "vulnerabilities": 1,
        "risks": 0,
    }
    other = hosts["web-025"]["alitrust_security_center"]
    assert (other["protected"], other["alerts"], other["serious_alerts"]) == (False, 0, 0)
    assert inventory.list(**asked)["agent_online"]["hosts"] == ["web-001"]
    assert "alitrust_security_center" not in inventory.hosts()["web-001"]


def test_names_that_are_taken_and_names_that_are_chosen(
    inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]
) -> None:
    first, second = made(sdk, place, "web", "web", Amount=2)
    names = set(inventory.hosts())
    assert names in ({"web", f"web-{first}"}, {"web", f"web-{second}"})
    assert set(inventory.hosts(hostnames=["instance_id"])) == {first, second}
    addresses = {vars["ansible_host"] for vars in inventory.hosts().values()}
    assert set(inventory.hosts(hostnames=["public_ip", "private_ip"])) == addresses


def test_addresses_and_names_of_every_kind(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance_id,) = made(sdk, place, "web-1", "web", InternetMaxBandwidthOut=1)
    card = sdk("CreateNetworkInterface", VSwitchId=place["VSwitchId"], SecurityGroupId=place["SecurityGroupId"])[
        "NetworkInterfaceId"
    ]
    sdk.cloud.clock_advance(10)
    sdk("AttachNetworkInterface", NetworkInterfaceId=card, InstanceId=instance_id)
    sdk.cloud.clock_advance(10)
    listed = inventory.list(
        variables=["all"], addresses=["eip", "eni_ip"], hostnames=["tag:none", "tag:role"], ram_role=True
    )
    variables = listed["_meta"]["hostvars"]["web-1"]
    (second,) = variables["alitrust_eni_ips"]
    assert variables["ansible_host"] == second != variables["alitrust_private_ip"]
    assert variables["alitrust_network_interface_ids"][1:] == [card]
    assert (variables["alitrust_http_tokens"], variables["alitrust_ram_role_name"]) == ("optional", "")
    assert "alitrust_trust" not in variables
    by_session = inventory.hosts(addresses=["session", "private_ip"], variables=["status"], variables_prefix="ecs_")
    assert by_session["web-1"] == {
        "ansible_connection": "alitrust.ecs.session",
        "ansible_host": instance_id,
        "alitrust_instance_id": instance_id,
        "alitrust_region_id": "cn-hangzhou",
        "ecs_status": "Running",
    }
    assert "variables has 'colour'" in inventory.refused(variables=["colour"])


def test_alibaba_cloud_filters_and_tells_the_tags_it_sets(
    inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]
) -> None:
    sdk("OpenKmsService", product="kms")
    trusted = {
        "ImageId": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
        "InstanceType": "ecs.g7t.large",
        "SystemDisk": {"Category": "cloud_essd"},
        "SecurityOptions": {"TrustedSystemMode": "vTPM"},
    }
    made(sdk, {**place, **trusted}, "web-1", "web")
    inventory.cloud.forget_requests()
    found = inventory.hosts(filters={"instance_name": "web*", "zone_id": "cn-hangzhou-h"}, variables=["system_tags"])
    assert found["web-1"]["alitrust_system_tags"] == {"acs:ecs:supportVtpm": "true"}
    assert inventory.hosts(filters={"instance_name": "db*"}) == {}
    assert inventory.cloud.counts() == {"ecs:DescribeInstances": 2}


def test_names_of_groups_are_sanitised_and_text_is_never_a_template(
    inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]
) -> None:
    sdk.run(
        place,
        InstanceName="web-1",
        Tag=[{"Key": OWNER, "Value": "web"}, {"Key": "role", "Value": "a b/c-{{ 1 + 1 }}"}],
    )
    listed = inventory.list(keyed_groups=[{"key": "alitrust_tags.role", "prefix": "role"}])
    assert "role_a_b_c____1___1___" in listed
    assert listed["_meta"]["hostvars"]["web-1"]["alitrust_tags"]["role"] == "a b/c-{{ 1 + 1 }}"
    shown = inventory.ansible.command(
        *("ansible", "web-1", "-i", "test.alitrust.yml", "-m", "ansible.builtin.debug", "-a", "var=alitrust_tags.role")
    )
    assert "a b/c-{{ 1 + 1 }}" in shown.stdout


def test_a_host_is_never_taken_for_a_group(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance_id,) = made(sdk, place, "alitrust_fleet", "web")
    made(sdk, place, "web-1", "web")
    listed = inventory.list(compose={"own": "alitrust_instance_id"})
    hosts = listed["_meta"]["hostvars"]
    assert set(hosts) == {f"alitrust_fleet-{instance_id}", "web-1"}
    assert all(variables["own"] == variables["alitrust_instance_id"] for variables in hosts.values())


def test_composed_variables_and_groups(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    made(sdk, place, "web-1", "web")
    listed = inventory.list(
        compose={"ansible_user": "'root'", "where": "my_zone_id | upper"},
        keyed_groups=[{"key": "my_zone_id", "prefix": "zone"}, {"key": "my_tags.role", "separator": ""}],
        groups={"webs": "my_fleet == 'web'"},
        variables_prefix="my_",
    )
    variables = listed["_meta"]["hostvars"]["web-1"]
    assert (variables["ansible_user"], variables["where"]) == ("root", "CN-HANGZHOU-H")
    assert {"zone_cn_hangzhou_h", "web_1", "webs", "alitrust_fleet"} <= set(listed)
    wrong = {"compose": {"never": "no_such_variable.at_all"}}
    assert "never" not in inventory.hosts(**wrong)["web-1"]
    assert "no_such_variable" in inventory.refused(**wrong, strict=True)


def test_a_key_that_means_nothing_gives_no_inventory(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    made(sdk, place, "web-1", "web")
    said = inventory.refused(fleet="web")
    assert "There is no option fleet. ansible-doc -t inventory alitrust.ecs.instances tells" in said
    assert "Did you mean fleets?" in said
    assert "no option keyd_groups, xyzzy" in inventory.refused(xyzzy=1, keyd_groups=[])
    assert "Did you mean prefix?" in inventory.refused(keyed_groups=[{"key": "alitrust_zone_id", "prefx": "zone"}])
    assert "Did you mean image_id?" in inventory.refused(filters={"imageid": "m-1"})
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(inventory.ansible.folder / "cache")}
    assert "web-1" in inventory.hosts(**cached)
    assert "Did you mean fleets?" in inventory.refused(**cached, fleet="web")


def test_whatever_ansible_and_the_plugin_know_is_no_unknown_key(
    inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]
) -> None:
    made(sdk, place, "web-1", "web")
    told = inventory.ansible.command("ansible-doc", "-t", "inventory", "--json", PLUGIN)
    options = json.loads(told.stdout)[PLUGIN]["doc"]["options"]
    given = {name: one.get("default") for name, one in options.items()}
    parts: dict[str, t.Any] = dict.fromkeys(options["keyed_groups"]["suboptions"], "")
    given["keyed_groups"] = [{**parts, "key": "alitrust_zone_id", "default_value": None, "trailing_separator": True}]
    given |= {"plugin": PLUGIN, "cache_plugin": "jsonfile", "cache_connection": str(inventory.ansible.folder / "cache")}
    del given["region"]
    assert {"fleets", "compose", "use_extra_vars", "cache_timeout", "trust_fresh_seconds"} <= set(given)
    assert "web-1" in inventory.hosts(region_id="cn-hangzhou", **given)


def test_options_may_be_templates_and_a_template_without_a_value_gives_no_inventory(
    inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]
) -> None:
    made(sdk, place, "web-1", "web")
    made(sdk, place, "db-1", "db")
    key = {"access_key_id": "{{ lookup('env', 'MY_ID') }}", "access_key_secret": "{{ lookup('env', 'MY_SECRET') }}"}
    given: dict[str, t.Any] = {"fleets": "{{ lookup('env', 'MY_FLEETS') }}", "region": "{{ where }}", **key}
    environment = {"MY_ID": inventory.cloud.access_key_id, "MY_SECRET": inventory.cloud.access_key_secret}
    arguments = ("-e", "where=cn-hangzhou")
    code, listed, said = inventory.run(given, *arguments, MY_FLEETS="web, other", **environment)
    assert code == 0, said
    assert set(listed["_meta"]["hostvars"]) == {"web-1"}
    given["fleets"] = ["{{ lookup('env', 'MY_FLEETS') }}"]
    code, _listed, said = inventory.run(given, *arguments, MY_FLEETS="")
    assert code != 0
    assert "fleets is blank" in said
    assert "region has a template without a value" in inventory.refused(region="{{ nowhere }}")


def test_wrong_credentials_give_no_inventory_and_no_secret(inventory: Inventory) -> None:
    said = inventory.refused(access_key_id="wrong", access_key_secret="canary-secret")
    assert "InvalidAccessKeyId" in said
    assert "canary-secret" not in said


def test_blank_options_are_not_given(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    made(sdk, place, "web-1", "web")
    assert set(inventory.hosts(access_key_id="", access_key_secret="", region="", endpoint_url="", vpc_id="")) == {
        "web-1"
    }


def test_a_region_that_fails_fails_all_unless_skipped(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    made(sdk, place, "web-1", "web")
    regions = {"regions": ["cn-hangzhou", "cn-nowhere", "cn-neverland"]}
    said = inventory.refused(**regions).lower()
    assert "the instances of cn-nowhere could not be listed" in said
    assert "the instances of cn-neverland could not be listed" in said
    code, listed, said = inventory.run({**regions, "skip_failed_regions": True})
    assert code == 0
    assert list(listed["_meta"]["hostvars"]) == ["web-1"]
    assert "the instances of cn-nowhere could not be listed" in " ".join(said.split())


def test_of_a_region_that_fails_on_a_later_page_nothing_is_listed(
    inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]
) -> None:
    made(sdk, place, "web-[1,3]", "web", Amount=100)
    made(sdk, place, "web-[101,3]", "web", Amount=5)
    refusal = {"code": "InvalidParameter", "status": 400}
    inventory.cloud.fault("error", "ecs:DescribeInstances", skip=1, **refusal)
    assert "the instances of cn-hangzhou could not be listed" in inventory.refused().lower()
    inventory.cloud.fault("error", "ecs:DescribeInstances", skip=1, **refusal)
    code, listed, _said = inventory.run({"skip_failed_regions": True})
    assert (code, listed["_meta"]["hostvars"]) == (0, {})


def test_each_host_has_its_own_variables_whatever_the_host_before_it_had(
    inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]
) -> None:
    made(sdk, place, "web-1", "web")
    made(sdk, place, "web-2", "web", InternetMaxBandwidthOut=1)
    made(sdk, place, "web-3", "web")
    hosts = inventory.hosts(addresses=["public_ip"])
    assert {name: "ansible_host" in own for name, own in hosts.items()} == {
        "web-1": False,
        "web-2": True,
        "web-3": False,
    }
    assert {name: own["alitrust_tags"]["role"] for name, own in hosts.items()} == {name: name for name in hosts}


def test_all_regions_are_listed_side_by_side(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    made(sdk, place, "web-1", "web")
    inventory.cloud.forget_requests()
    assert set(inventory.hosts(regions=["all"])) == {"web-1"}
    calls = inventory.cloud.counts()
    regions = len(sdk("DescribeRegions")["Regions"]["Region"])
    assert calls == {"ecs:DescribeRegions": 1, "ecs:DescribeInstances": regions}


def test_a_cached_inventory_asks_nothing(inventory: Inventory, sdk: Sdk, place: dict[str, t.Any]) -> None:
    made(sdk, place, "web-1", "web")
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}
    first = inventory.hosts(**options)
    inventory.cloud.forget_requests()
    assert inventory.hosts(**options, compose={"ansible_user": "'root'"}) != first
    assert inventory.cloud.counts() == {"ecs:DescribeInstances": 1}, "expressions may use what was not asked for"
    assert inventory.hosts(**options, hostnames=["instance_id"], addresses=["public_ip"]) != first
    assert inventory.hosts(**options) == first
    assert inventory.cloud.counts() == {"ecs:DescribeInstances": 1}
    assert inventory.run(options, "--flush-cache")[1]["_meta"]["hostvars"] == first
    assert inventory.cloud.counts() == {"ecs:DescribeInstances": 2}
    made(sdk, place, "web-2", "web")
    names = {"ansible.builtin.debug": {"msg": "there is {{ groups['alitrust_fleet'] | join(' and ') }}"}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [names, {"meta": "refresh_inventory"}, names]}
    (inventory.ansible.folder / "play.yml").write_text(yaml.safe_dump([play]))
    said = inventory.ansible.command("ansible-playbook", "-i", "test.alitrust.yml", "play.yml").stdout
    assert re.findall('"there is (.*)"', said) == ["web-1", "web-1 and web-2"]
    assert inventory.hosts(**options, fleets=["db"]) == {}, "another question is not answered from the cache"


def test_only_files_of_the_right_name_are_taken(inventory: Inventory) -> None:
    assert inventory.run({}, name="fleet.yml")[0] != 0
    assert inventory.run({}, name="alitrust.yaml")[0] == 0
