# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud task gives the same result in the controller's process and in one of its own."""

from __future__ import annotations

import base64
import io
import json
import re
import typing as t
import zipfile
from pathlib import Path

import pytest
from controller.playbook import Ansible, Tasks
from modules.harness import IN_INSTANCES

from local_cloud.control import LocalCloud

ROLE = "alitrust.ecs.instance_ram_role"
POLICY = "alitrust.ecs.ram_policy"
DOCUMENT = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}
MODULES = Path(__file__).resolve().parents[3] / "plugins" / "modules"
ELSEWHERE = "runs in a process of its own"


@pytest.fixture
def ansible(tmp_path: Path, fresh_cloud: LocalCloud) -> Ansible:
    return Ansible(tmp_path, fresh_cloud)


def both_ways(ansible: Ansible, cloud: LocalCloud, tasks: Tasks, *arguments: str) -> tuple[list[t.Any], list[t.Any]]:
    """The results of the tasks on an empty account in process, then on an empty account the ordinary way."""
    found = []
    for switch, mark in (("true", False), ("false", True)):
        cloud.reset()
        (ansible.folder / "ops.pem").unlink(missing_ok=True)
        results, output = ansible.play(tasks, "-vv", "-e", f"alitrust_in_process={switch}", *arguments)
        assert (ELSEWHERE in output) == mark, output
        found.append(results)
    return found[0], found[1]


def comparable(results: list[t.Any]) -> list[t.Any]:
    """The results without what differs from run to run: ids, addresses, times, fingerprints, number of polls."""
    text = re.sub(r"(?<![A-Za-z0-9])(i|sg|sgr|vpc|vsw|ssh|eni|d|s|m|pl)-[a-z0-9]{17,}", r"\1-*", json.dumps(results))
    text = re.sub(r"\b\d{4}-\d\d-\d\dT[\d:]+Z|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "a time or id", text)
    text = re.sub(r"\b203\.0\.113\.\d+", "public address", text)
    text = re.sub(r"Waited \d+ s", "Waited a while", text)
    text = re.sub(r"AAAA[0-9A-Za-z+/=]{60,}|\bops/[0-9a-f]{16}", "made anew", text)
    text = re.sub(r"\b[0-9a-f]{2}(:[0-9a-f]{2}){15,19}\b", "fingerprint", text)
    chosen = (
        "create_date",
        "update_date",
        "id",
        "attach_date",
        "request_id",
        "creation_time",
        "serial_number",
        "waited_seconds",
        "polls",
        "mac_address",
    )

    def clean(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            kept = {key: clean(one) for key, one in value.items() if key not in (*chosen, "host_name")}
            return {**kept, "api_calls": sorted(kept["api_calls"])} if "api_calls" in kept else kept
        return [clean(one) for one in value] if isinstance(value, list) else value

    return [clean(one) for one in json.loads(text)]


@pytest.mark.parametrize("arguments", [[], ["--check", "--diff"]], ids=" ".join)
def test_a_result_is_the_same_both_ways(ansible: Ansible, fresh_cloud: LocalCloud, arguments: list[str]) -> None:
    tasks: Tasks = [
        {"alitrust.ecs.kms_service": {}},  # changes, with a warning
        {"alitrust.ecs.kms_service": {}},  # changes nothing
        {POLICY: {"name": "look", "document": DOCUMENT}},
        {POLICY: {"name": "look", "document": DOCUMENT, "description": "Look"}},
        {POLICY: {"name": "a b"}},  # refused before any call
        {POLICY: {"name": "look", "no_such_option": 1}},  # refused by the argument specification
        {POLICY: {}},
        {ROLE: {"name": "web", "description": "{{ 'tem' ~ 'plated' }}"}},
        {ROLE: {"name": "web", "instance_ids": ["i-nothere"]}},  # refused by the cloud
        {f"{ROLE}_info": {"names": ["web"]}},
        {"alitrust.ecs.kms_service": {"access_key_id": "wrong", "access_key_secret": "canary-secret"}},
        {POLICY: {"name": "{{ item }}", "document": DOCUMENT}, "loop": ["one", "two", "one"]},
        {"alitrust.ecs.kms_service": {"access_key_id": "", "access_key_secret": ""}},  # blank is not given
        {POLICY: {"name": "hidden", "document": DOCUMENT}, "no_log": True},
    ]
    here, elsewhere = both_ways(ansible, fresh_cloud, tasks, *arguments)
    for number, (one, other) in enumerate(zip(comparable(here), comparable(elsewhere), strict=True)):
        assert one == other, tasks[number]
    assert any(one.get("changed") for one in here)
    assert any(one.get("failed") for one in here)
    assert any(one.get("warnings") for one in here)
    assert "canary-secret" not in str(here)


def test_every_module_gives_the_same_result_both_ways(ansible: Ansible, fresh_cloud: LocalCloud) -> None:
    network = "{{ result_1.vpc.vpc_id }}"
    tasks: Tasks = [
        {"alitrust.ecs.kms_service": {}},
        {
            "alitrust.ecs.vpc": {
                "name": "net",
                "cidr_block": "172.16.0.0/16",
                "vswitches": [{"name": "one", "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.0.0/24"}],
            }
        },
        {"alitrust.ecs.security_group": {"name": "web", "vpc_id": network}},
        {
            "alitrust.ecs.sg_rule": {
                "security_group": "web",
                "vpc_id": network,
                "rules": [{"protocol": "tcp", "ports": [22, 443], "cidr": "198.51.100.0/24"}],
            }
        },
        {"alitrust.ecs.security_group_info": {"name": "web"}},
        {
            "alitrust.ecs.keypair": {
                "name": "ops",
                "private_key_file": "{{ playbook_dir }}/ops.pem",
            }
        },
        {"alitrust.ecs.keypair_info": {"name": "ops"}},
        {ROLE: {"name": "web"}},
        {f"{ROLE}_info": {"names": ["web"]}},
        {POLICY: {"name": "look", "document": DOCUMENT}},
        {"alitrust.ecs.kms_share_role": {"purpose": "disk_encrypt"}},
        {"alitrust.ecs.kms_share_role_info": {}},
        {
            "alitrust.ecs.trusted_instance": {
                "name": "web-[1,2]",
                "count": 2,
                "instance_type": "ecs.g7t.large",
                "image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
                "vswitch_id": "{{ result_1.vpc.vswitches[0].vswitch_id }}",
                "security_group_ids": ["{{ result_2.security_group.security_group_id }}"],
                "ram_role_name": "web",
                "key_name": "ops",
                "internet_max_bandwidth_out": 5,
            }
        },
        {"alitrust.ecs.trusted_instance_info": {}},
        {"alitrust.ecs.trust_event_info": {}},
        {"alitrust.ecs.trust_event": {"state": "accepted", "fleet": "web"}},
        {"alitrust.ecs.audit_info": {}},
        {"alitrust.ecs.host_key_info": {"instance_ids": "{{ result_12.instance_ids }}", "wait_timeout": 1}},
        {"alitrust.ecs.ram_user": {"name": "ann", "password": "Canary-Pass-1", "policies": [{"name": "look"}]}},
        {"alitrust.ecs.ram_user_info": {"names": ["ann"]}},
        {"alitrust.ecs.ram_group": {"name": "ops", "users": ["ann"]}},
        {"alitrust.ecs.ram_group_info": {"names": ["ops"]}},
        {f"{POLICY}_info": {"names": ["look"]}},
        {"alitrust.ecs.sg_rule_info": {"security_group": "web", "vpc_id": network}},
        {"alitrust.ecs.sg_rule_export": {"security_group": "web", "vpc_id": network, "dest": "{{ playbook_dir }}"}},
        {
            "alitrust.ecs.sg_access_info": {
                "security_groups": ["web"],
                "packets": [{"protocol": "tcp", "port": 22, "peer": "198.51.100.7", "expect": "allow"}],
            }
        },
        {
            "alitrust.ecs.sg_member": {
                "security_group_ids": ["{{ result_2.security_group.security_group_id }}"],
                "instance_ids": "{{ result_12.instance_ids }}",
            }
        },
        {"alitrust.ecs.kms_service_info": {}},
        {"alitrust.ecs.session_manager": {}},
        {"alitrust.ecs.session_manager_info": {}},
        {"alitrust.ecs.security_center_agent": {"fleet": "web"}},
        {"alitrust.ecs.security_center_agent_info": {}},
        {"alitrust.ecs.security_center_alert": {"state": "ignored", "fleet": "web"}},
        {"alitrust.ecs.security_center_info": {}},
        {"alitrust.ecs.security_center_install_code": {"code_file": "{{ playbook_dir }}/install-code.json"}},
        {"alitrust.ecs.security_center_install_code_info": {}},
        {"alitrust.ecs.security_center_logon": {"fleet": "web", "accounts": ["ops"], "alert_on_accounts": True}},
        {"alitrust.ecs.security_center_logon_info": {}},
        {"alitrust.ecs.security_center_notice": {"items": ["sas_suspicious"], "methods": ["email"]}},
        {"alitrust.ecs.security_center_notice_info": {"items": ["sas_suspicious"]}},
        {"alitrust.ecs.ddos_threshold": {"instance_ids": "{{ result_12.instance_ids }}", "mbps": 10, "pps": 1000}},
        {"alitrust.ecs.ddos_threshold_info": {}},
        {"alitrust.ecs.ddos_info": {}},
        {"alitrust.ecs.kms_key": {"alias": "disks"}},
        {"alitrust.ecs.kms_key_info": {"key_ids": ["alias/disks"]}},
        {"alitrust.ecs.kms_instance_info": {}},
        {"alitrust.ecs.kms_secret": {"name": "db", "value": "Canary-Pass-2"}},
        {"alitrust.ecs.kms_secret_info": {}},
        {"alitrust.ecs.snapshot_info": {}},
        {"alitrust.ecs.image": {"name": "golden", "instance_id": "{{ result_12.instance_ids[0] }}"}},
        {"alitrust.ecs.image_info": {"names": ["golden"]}},
        {"alitrust.ecs.snapshot": {"name": "golden", "state": "absent", "leave_others": True}},
        {"alitrust.ecs.encrypted_share": {"name": "backup", "state": "absent"}},
        {"alitrust.ecs.encrypted_share_info": {}},
        {
            "alitrust.ecs.network_interface": {
                "name": "second",
                "vswitch_id": "{{ result_1.vpc.vswitches[0].vswitch_id }}",
                "security_group_ids": ["{{ result_2.security_group.security_group_id }}"],
            }
        },
        {"alitrust.ecs.network_interface_info": {"names": ["second"]}},
        {"alitrust.ecs.prefix_list": {"name": "office", "address_family": "IPv4", "max_entries": 5}},
        {"alitrust.ecs.prefix_list_info": {"names": ["office"]}},
        {"alitrust.ecs.vpc_info": {"names": ["net"]}},
        {"alitrust.ecs.preflight_info": {"vpc": {"name": "other", "cidr_block": "172.17.0.0/16"}}},
    ]
    used = {name.rpartition(".")[2] for task in tasks for name in task}
    assert used == {path.stem for path in MODULES.glob("[a-z]*.py")} - set(IN_INSTANCES)
    here, elsewhere = both_ways(ansible, fresh_cloud, tasks, "--diff")
    for task, one, other in zip(tasks, comparable(here), comparable(elsewhere), strict=True):
        assert one == other, task
        # Without hosts no instance answers Cloud Assistant, so this one module fails, the same way.
        assert one["failed"] == ("alitrust.ecs.host_key_info" in task), one


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"environment": {"SOME": "thing"}}, "environment of its own"),
        ({"async": 30, "poll": 1}, "asynchronous"),
        ({"become": True, "become_user": "root"}, "become"),
        ({"vars": {"ansible_python_interpreter": "/usr/bin/python3.0"}}, "interpreter"),
        ({"vars": {"ansible_connection": "ssh"}, "ignore_unreachable": True}, "connection"),
        ({"vars": {"alitrust_in_process": False}}, "switched off"),
        ({"vars": {"alitrust_in_process": "no"}}, "switched off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_task_that_needs_a_process_of_its_own_gets_one(
    ansible: Ansible, keywords: dict[str, t.Any], reason: str
) -> None:
    _results, output = ansible.play([{"alitrust.ecs.kms_service": {"wait_timeout": 5}, **keywords}], "-vv")
    lines = [line for line in output.splitlines() if ELSEWHERE in line]
    assert lines, output
    assert reason in lines[0]


@pytest.mark.parametrize("interpreter", ["{{ ansible_playbook_python }}", "{{ some_python }}"])
def test_a_templated_interpreter_is_looked_at(ansible: Ansible, interpreter: str) -> None:
    """Playbooks commonly say that localhost uses the controller's own interpreter."""
    variables = {"ansible_python_interpreter": interpreter, "some_python": "{{ ansible_playbook_python }}"}
    [result], output = ansible.play([{"alitrust.ecs.kms_service": {}}], "-vv", vars=variables)
    assert result["changed"]
    assert ELSEWHERE not in output


def test_a_delegated_task_goes_by_the_host_that_runs_it(ansible: Ansible) -> None:
    inventory = ansible.folder / "hosts"
    inventory.write_text(
        "[web]\n192.0.2.1 ansible_python_interpreter=/usr/bin/python3.0\n"
        "[runners]\nother ansible_connection=local ansible_python_interpreter=/usr/bin/python3.0\n"
    )
    tasks: Tasks = [{"alitrust.ecs.kms_service": {}, "delegate_to": "localhost"}]
    play: dict[str, t.Any] = {"hosts": "web"}
    [result], output = ansible.play(tasks, "-vv", "-i", str(inventory), **play)
    assert result["changed"]
    assert ELSEWHERE not in output
    tasks[0]["delegate_to"] = "other"
    _results, output = ansible.play(tasks, "-vv", "-i", str(inventory), **play)
    assert f"{ELSEWHERE}: the task's interpreter is /usr/bin/python3.0" in output


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_other_strategies_give_the_same_result(ansible: Ansible, strategy: str) -> None:
    tasks: Tasks = [{"alitrust.ecs.kms_service": {}}, {"alitrust.ecs.kms_service": {}}]
    [first, second], output = ansible.play(tasks, "-vv", strategy=f"ansible.builtin.{strategy}")
    assert [first["changed"], second["changed"]] == [True, False]
    assert ELSEWHERE not in output


def test_a_task_s_time_limit_ends_a_wait(ansible: Ansible, fresh_cloud: LocalCloud) -> None:
    fresh_cloud.fault("read_lag", "kms:DescribeAccountKmsStatus", times=100, seconds=600)
    [cut_off, next_one], _output = ansible.play(
        [{"alitrust.ecs.kms_service": {}, "timeout": 2}, {"alitrust.ecs.instance_ram_role_info": {}}]
    )
    assert cut_off["failed"]
    assert "Timed out" in cut_off["msg"]
    assert not next_one["failed"]


def test_a_task_s_time_limit_ends_a_call(ansible: Ansible, fresh_cloud: LocalCloud) -> None:
    """The limit is an exception raised inside the SDK; it must not be taken for trouble of the network."""
    fresh_cloud.fault("throttling", "kms:DescribeAccountKmsStatus", times=1000)
    [cut_off], _output = ansible.play([{"alitrust.ecs.kms_service": {}, "timeout": 2}])
    assert "Timed out" in cut_off["msg"]


def test_a_module_in_its_own_process_has_byte_code_with_it(tmp_path: Path, fresh_cloud: LocalCloud) -> None:
    kept = tmp_path / "kept"
    ansible = Ansible(tmp_path, fresh_cloud, ANSIBLE_KEEP_REMOTE_FILES="1", ANSIBLE_REMOTE_TEMP=str(kept))
    tasks: Tasks = [
        {"alitrust.ecs.kms_service_info": {}},
        {"alitrust.ecs.kms_service_info": {}, "environment": {"A": "b"}},
    ]
    results, output = ansible.play(tasks, "-vv")
    assert output.count(ELSEWHERE) == 1
    assert results[0]["kms_service"] == results[1]["kms_service"]
    (program,) = kept.glob("*/AnsiballZ_kms_service_info.py")
    (archive,) = re.findall(r"['\"](UEsDB[A-Za-z0-9+/=]+)['\"]", program.read_text())
    names = set(zipfile.ZipFile(io.BytesIO(base64.b64decode(archive))).namelist())
    sources = {name for name in names if name.endswith(".py")}
    assert "ansible_collections/alitrust/ecs/plugins/module_utils/_cloud/door.py" in sources
    assert "ansible/module_utils/basic.py" in sources
    assert names == sources | {f"{name}c" for name in sources}


def test_the_environment_switches_it_off(tmp_path: Path, fresh_cloud: LocalCloud) -> None:
    ansible = Ansible(tmp_path, fresh_cloud, ALITRUST_IN_PROCESS="0")
    [result], output = ansible.play([{"alitrust.ecs.kms_service": {}}], "-vv")
    assert "switched off" in output
    assert result["changed"]


def test_items_of_a_loop_leave_nothing_behind(ansible: Ansible) -> None:
    """Options and failures of one item are not seen by the next."""
    tasks: Tasks = [
        {
            "alitrust.ecs.kms_service": {
                "access_key_id": "{{ item or omit }}",
                "access_key_secret": "{{ item or omit }}",
            },
            "loop": ["nobody", "", "nobody", ""],
        }
    ]
    [result], _output = ansible.play(tasks)
    first, second, third, fourth = result["results"]
    assert [first["failed"], third["failed"]] == [True, True]
    assert [second["changed"], fourth["changed"]] == [True, False]
    # The second item has no key of its own, so what it is answered shows that it did not get the first one's.
    assert [first["error_code"], "error_code" in second] == ["InvalidAccessKeyId.NotFound", False]
    assert len(result["warnings"]) == 1  # of the second item


def test_defaults_of_the_action_group_reach_the_module(ansible: Ansible) -> None:
    defaults = {"group/alitrust.ecs.all": {"access_key_id": "from-the-group", "access_key_secret": "x"}}
    [result], _output = ansible.play([{"alitrust.ecs.kms_service": {}}], module_defaults=defaults)
    assert result["failed"]
    assert result["error_code"] == "InvalidAccessKeyId.NotFound"


def test_a_long_wait_shows_what_it_waits_for_beside_the_output_of_any_callback(
    ansible: Ansible, fresh_cloud: LocalCloud
) -> None:
    fresh_cloud.fault("read_lag", "kms:DescribeAccountKmsStatus", times=3, seconds=60)
    ansible.environment["ANSIBLE_STDOUT_CALLBACK"] = "ansible.posix.json"
    [result], output = ansible.play([{"alitrust.ecs.kms_service": {"wait_timeout": 90}}])
    assert result["changed"]
    document, end = json.JSONDecoder().raw_decode(output.lstrip())
    assert document["plays"][0]["tasks"][0]["hosts"]["localhost"]["summary"] == "switch KMS on"
    beside = output.lstrip()[end:]
    assert re.search(r"kms_service: waiting for KMS to be Enabled: NotEnabled \(at most (89|90) s more\)", beside)


def test_filters_and_tests_that_come_after_a_cloud_task_are_found(ansible: Ansible) -> None:
    """Core's are loaded with the first cloud task; those beside the playbook and of a role are there all the same."""
    filters = "class FilterModule:\n    def filters(self):\n        return {'NAME': lambda value: 'NAME ' + value}\n"
    role = ansible.folder / "roles" / "late"
    for path, text in {
        ansible.folder / "filter_plugins" / "near.py": filters.replace("NAME", "near"),
        role / "filter_plugins" / "late.py": filters.replace("NAME", "late"),
        role / "test_plugins" / "told.py": "class TestModule:\n"
        "    def tests(self):\n        return {'told': lambda value: True}\n",
        role / "tasks" / "main.yml": "- ansible.builtin.set_fact:\n    said: \"{{ 'x' | late | near }}\"\n"
        "  when: \"'x' is told\"\n",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    results, output = ansible.play(
        [
            {"alitrust.ecs.kms_service_info": {}, "when": "'x' | near == 'near x'"},
            {"ansible.builtin.include_role": {"name": "late"}},
            {"ansible.builtin.debug": {"msg": "{{ said }}, {{ 'y' | late | near }}"}},
        ]
    )
    assert "kms_service" in results[0], output
    assert results[2]["msg"] == "near late x, near late y", output
