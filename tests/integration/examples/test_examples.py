# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of every module run as they are written: each in check mode and then for real, in their order.

C(<module>.yml) beside this file is what an account holds before (C(prepare), a list of tasks), the variables that the
examples use, files for the folder they run in, and the real ids of what they name (C(literals), where C(done_0) is the
result of the first example, if that registers none). C(fails) names
examples that end with an error here, with a text of it; C(settings) are those of the local cloud, and C(defaults)
options that the examples leave to their defaults, such as a long time to wait.
"""

from __future__ import annotations

import ast
import json
import typing as t
from pathlib import Path

import pytest
import yaml
from controller.playbook import Ansible, Tasks, kept
from modules import shareable, trust_records
from modules.harness import Modules
from modules.metadata_door import MetadataDoor
from modules.network import Network

from local_cloud.control import LocalCloud

MODULES = Path(__file__).resolve().parents[3] / "plugins" / "modules"
HERE = Path(__file__).parent


def findings(cloud: LocalCloud) -> dict[str, str]:
    """A fleet with findings, which only the trusted server itself can make; returns what the examples call them."""
    modules = Modules(cloud)
    ones = trust_records.fleet(modules, 2)
    (other,) = trust_records.fleet(modules, 1, "db")
    trust_records.found(modules, 1, ones[0], "PCR 9")
    return {
        "6f1c0c5a-9d5c-4c8e-8f43-2c5b1f9d****": trust_records.found(modules, 2, other, "/usr/bin/bash"),
        "i-bp67acfmxazb4p****": ones[1]["InstanceId"],
    }


def members(cloud: LocalCloud) -> dict[str, str]:
    """Groups, instances and a secondary network interface that were not made by this collection."""
    network = Network(Modules(cloud))
    web, shop = (network.new_group(name) for name in ("web", "shop"))
    one, other = network.new_instances(web, 2)
    wanted = {"VSwitchId": network.vswitch, "SecurityGroupId": web}
    return {
        "sg-bp1fg655nh68xyz90000": web,
        "sg-bp1fg655nh68xyz90001": shop,
        "sg-bp1fg655nh68xyz90002": network.new_group("workers", SecurityGroupType="enterprise"),
        "i-bp67acfmxazb4p000000": one,
        "i-bp67acfmxazb4p000001": other,
        "vsw-bp1s5fnvk4gn2tws0000": network.vswitch,
        "eni-bp125p95hhdhn3ot0000": network.api.call("ecs", "CreateNetworkInterface", wanted)["NetworkInterfaceId"],
    }


def public_addresses(cloud: LocalCloud) -> dict[str, str]:
    """Two instances with public addresses, and an EIP, for which there is no module."""
    network = Network(Modules(cloud))
    one, other = network.new_instances(network.new_group("web"), 2, InternetMaxBandwidthOut=5)
    return {
        "i-bp67acfmxazb4p000000": one,
        "i-bp67acfmxazb4p000001": other,
        "eip-bp14k5gfpl1u0000000": network.api.call("vpc", "AllocateEipAddress")["AllocationId"],
    }


def peers(cloud: LocalCloud) -> dict[str, str]:
    """A security group of another account, and a prefix list; returns what the examples call them."""
    modules, partner = Modules(cloud), cloud.accounts[1]
    door = modules.door(access_key_id=partner["access_key_id"], access_key_secret=partner["access_key_secret"])
    vpc = door.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8")["VpcId"]
    cloud.clock_advance(10)
    named = {"PrefixListName": "office", "AddressFamily": "IPv4", "MaxEntries": 5}
    return {
        "sg-bp1fg655nh68xyz90009": door.call("ecs", "CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"],
        "pl-x1j1k5ykzqlixdcy0000": modules.door().call("ecs", "CreatePrefixList", named)["PrefixListId"],
    }


def instance(cloud: LocalCloud) -> dict[str, str]:
    """An instance with the role C(trusted-web), whose metadata service answers here."""
    return {"http://100.100.100.200": MetadataDoor(cloud).url}


def shareables(cloud: LocalCloud) -> dict[str, str]:
    """Images and snapshots, encrypted or not, and sharing within the resource directory."""
    modules = Modules(cloud)
    modules.door().call("resourcesharing", "EnableSharingWithResourceDirectory")
    key = shareable.key(modules, "images")
    return {
        "m-bp1g7004ksh0oeuc0000": shareable.image(modules),
        "m-bp1g7004ksh0oeuc1111": shareable.image(modules, key, number=6),
        "s-bp67acfmxazb4p000000": shareable.snapshot(modules, 0),
        "s-bp67acfmxazb4p111111": shareable.snapshot(modules, 1),
    }


def of_an_instance(cloud: LocalCloud) -> dict[str, str]:
    """An instance with its disk, and a snapshot and an image that others have made of it."""
    network = Network(Modules(cloud))
    api = network.api
    (made,) = network.new_instances(network.new_group("web"))
    (disk,) = api.pages("ecs", "DescribeDisks", InstanceId=made)
    snapshot = api.call("ecs", "CreateSnapshot", DiskId=disk["DiskId"])["SnapshotId"]
    cloud.clock_advance(10)
    image = api.call("ecs", "CreateImage", SnapshotId=snapshot)["ImageId"]
    cloud.clock_advance(10)
    return {
        "i-bp67acfmxazb4p000000": made,
        "d-bp1fg655nh68xyz90000": disk["DiskId"],
        "s-bp1fg655nh68xyz90000": snapshot,
        "m-bp1fg655nh68xyz90000": image,
    }


def shared_image(cloud: LocalCloud) -> dict[str, str]:
    """One image that can be shared."""
    return {"m-bp1g7004ksh0oeuc0000": shareable.image(Modules(cloud))}


def kms_instance(cloud: LocalCloud) -> dict[str, str]:
    """A KMS instance, which is bought by hand."""
    cloud.kms_instance("kst-hzz65f176a0ogplgq0000")
    return {}


def guarded(cloud: LocalCloud) -> dict[str, str]:
    """A fleet with the agent of Security Center, which has raised alerts."""
    network = Network(Modules(cloud))
    tags = [{"Key": "alitrust.ecs:owner", "Value": "web"}]
    (one,) = network.new_instances(network.new_group("web"), Tag=tags)
    cloud.security_center(one, agent="online", alert={"Level": "remind"})
    cloud.security_center(one, agent="online", alert={"Level": "serious", "AlarmEventNameDisplay": "Webshell"})
    return {"i-bp67acfmxazb4p000000": one, "290852": str(cloud.resources("security_alert")[-1]["Id"])}


def by_hand(cloud: LocalCloud) -> dict[str, str]:
    """A VPC that was not made by this collection."""
    Modules(cloud).door().call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8", VpcName="by-hand")
    cloud.clock_advance(10)
    return {}


#: What an account must hold that tasks cannot make.
GIVEN = {
    "ddos_info": public_addresses,
    "ddos_threshold": public_addresses,
    "ddos_threshold_info": public_addresses,
    "encrypted_share": shareables,
    "encrypted_share_info": shared_image,
    "image": of_an_instance,
    "kms_instance_info": kms_instance,
    "kms_key": kms_instance,
    "kms_secret": kms_instance,
    "metadata_credentials": instance,
    "network_interface": members,
    "network_interface_info": members,
    "security_center_agent": guarded,
    "security_center_alert": guarded,
    "security_center_logon": guarded,
    "security_center_logon_info": guarded,
    "sg_member": members,
    "sg_rule": peers,
    "snapshot": of_an_instance,
    "snapshot_info": of_an_instance,
    "trust_event": findings,
    "trust_event_info": findings,
    "vpc": by_hand,
}


def examples(module: str) -> Tasks:
    """The tasks of the module's EXAMPLES."""
    for statement in ast.parse((MODULES / f"{module}.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "EXAMPLES":
            tasks: Tasks = yaml.safe_load(ast.literal_eval(statement.value))
            return tasks
    raise AssertionError(f"{module} has no EXAMPLES")


def filled_in(value: t.Any, literals: dict[str, str]) -> t.Any:
    """The value with the ids that an example names replaced by those of the prepared account."""
    if isinstance(value, dict):
        return {filled_in(key, literals): filled_in(one, literals) for key, one in value.items()}
    if isinstance(value, list):
        return [filled_in(one, literals) for one in value]
    if isinstance(value, str):
        for literal, real in literals.items():
            value = value.replace(literal, real)
    return value


def play(tasks: Tasks, setting: dict[str, t.Any], literals: dict[str, str], results: Path) -> Tasks:
    """The tasks of the play: what is prepared, then each example in check mode and for real, then their results."""
    listed: Tasks = list(setting.get("prepare", []))
    pairs = []
    names = [task.get("register", f"done_{number}") for number, task in enumerate(tasks)]
    for number, (task, name) in enumerate(zip(filled_in(tasks, literals), names, strict=True)):
        listed.append({**task, "register": f"foretold_{number}", "check_mode": True, "ignore_errors": True})
        listed.append({**task, "register": name, "ignore_errors": True})
        done = name
        if name in names[number + 1 :]:
            done = f"done_{number}"
            listed.append({"ansible.builtin.set_fact": {done: "{{ " + name + " }}"}})
        pairs.append(f"[foretold_{number}, {done}]")
    return [*listed, kept("[" + ", ".join(pairs) + "]", results)]


#: They change the machine that they run on: tests/hosts runs theirs.
ON_HOSTS = {"authorized_keys", "authorized_keys_info", "trust_client"}


@pytest.mark.parametrize("module", sorted({path.stem for path in MODULES.glob("[a-z]*.py")} - ON_HOSTS))
def test_examples_run_as_written(module: str, fresh_cloud: LocalCloud, tmp_path: Path) -> None:
    setting = yaml.safe_load((HERE / f"{module}.yml").read_text()) or {}
    for option, value in {"vpc.pending_seconds": 0.1, **setting.get("settings", {})}.items():
        fresh_cloud.set(option, value)
    for name, content in setting.get("files", {}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    given = GIVEN[module](fresh_cloud) if module in GIVEN else {}
    ansible = Ansible(tmp_path, fresh_cloud, HOME=str(tmp_path))
    ansible.hasten(fresh_cloud)
    tasks, results = examples(module), tmp_path / "results.json"
    literals = {**given, **setting.get("literals", {})}
    book = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": setting.get("variables", {}),
            "module_defaults": {f"alitrust.ecs.{module}": filled_in(setting.get("defaults", {}), literals)},
            "tasks": play(tasks, setting, literals, results),
        }
    ]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(book, sort_keys=False))
    done = ansible.command("ansible-playbook", "play.yml")
    assert results.exists(), done.stdout + done.stderr
    fails = dict(setting.get("fails", {}))
    for task, (foretold, real) in zip(tasks, json.loads(results.read_text()), strict=True):
        name = task["name"]
        failed = [bool(result.get("failed")) for result in (foretold, real)]
        if name in fails:
            assert failed[1], (name, real)
            assert fails.pop(name) in real["msg"], (name, real)
        else:
            assert failed == [False, False], (name, foretold, real)
            assert foretold["changed"] == real["changed"], (name, foretold, real)
    assert not fails, "no such example"
