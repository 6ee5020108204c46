# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API supplies is never a template, never a command of a terminal or of ssh, and never raw HTML.

The account has instances, groups and a VPC with names, tags and descriptions of which nobody knows how they got there.
Whatever Ansible does with them: a template in them stays what it is, in the controller's process and in one of its own.
"""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import subprocess
import typing as t

import pytest
import yaml
from controller.playbook import Ansible
from modules import trust_records
from modules.harness import Modules
from proof.hostile.wrong_values import BIDI, ESCAPES, EVALUATED, TEMPLATE

if t.TYPE_CHECKING:
    from pathlib import Path

    from proof.conftest import Figure

    from local_cloud.control import LocalCloud

OWNER = "alitrust.ecs:owner"
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
LOOKUP = "{{ lookup('ansible.builtin.pipe', 'echo $((271 * 1009))') }}"
STATEMENT = "{% for a in [271 * 1009] %}{{ a }}{% endfor %}"
#: A line of its own in a configuration of ssh.
LINE = "web\nHost *\n  ProxyCommand true"
#: One for each instance.
NAMES = [TEMPLATE, LOOKUP, STATEMENT, MARKUP, f"{ESCAPES}{BIDI}", LINE]


@pytest.fixture(scope="module")
def account(cloud: LocalCloud) -> LocalCloud:
    """An account of which every name is somebody's bad joke."""
    cloud.reset()
    modules = Modules(cloud)
    instances = trust_records.fleet(modules, len(NAMES))
    records = []
    for number, (instance, name) in enumerate(zip(instances, NAMES, strict=True)):
        named = {"InstanceName": name, "Description": name, "HostName": name, "OSName": name}
        tags = [{"Key": OWNER, "Value": "web"}, {"Key": "note", "Value": name}, {"Key": name, "Value": "x"}]
        data = {**instance, **named, "Tags": {"Tag": tags}}
        if not isinstance(instance.get("Tags"), dict):
            data["Tags"] = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags]
        records.append({"kind": "instance", "id": instance["InstanceId"], "region": "cn-hangzhou", "data": data})
        records.append(trust_records.report_record(modules, instance, 2, SystemTrustDetail=name, PropertyName=name))
        records.append(trust_records.found_record(modules, number, instance, suspect=name, PropertyName=name))
    for kind, key in (("security_group", "SecurityGroupId"), ("vpc", "VpcId"), ("vswitch", "VSwitchId")):
        for one in cloud.resources(kind):
            member = {"security_group": "SecurityGroupName", "vpc": "VpcName", "vswitch": "VSwitchName"}[kind]
            data = {**one, member: STATEMENT + MARKUP, "Description": TEMPLATE + MARKUP}
            records.append({"kind": kind, "id": one[key], "region": "cn-hangzhou", "data": data})
    cloud.preload(records)
    return cloud


@pytest.fixture
def ansible(tmp_path: Path, account: LocalCloud) -> Ansible:
    return Ansible(tmp_path, account)


def harmless(output: str) -> None:
    """:raises AssertionError: something was evaluated, or the terminal was told something"""
    assert EVALUATED not in output
    lines = output.split("\n")
    odd = [line for line in lines if re.search("[\x00-\x08\x0b-\x1f\x7f]", line)]
    # Of values that Ansible shows as such, in JSON, the rest is its own affair.
    odd += [line for line in lines if line.startswith("[") and re.search("[\x80-\x9f\u202e\u200b]", line)]
    assert not odd, ascii(odd[:3])
    assert "\nHost *" not in output


#: What is done with results: as facts, in loops, in messages, in files, in conditions, through other templates.
USES: list[dict[str, t.Any]] = [
    {"alitrust.ecs.trusted_instance_info": {"fleet": "web", "trust": True}},
    {"ansible.builtin.set_fact": {"kept": "{{ result_0.instances }}"}},
    {
        "ansible.builtin.set_fact": {
            "first": "{{ kept[0].name }}",
            "joined": "{{ kept | map(attribute='name') | join(' ') }}",
        }
    },
    {"ansible.builtin.set_fact": {"again": "{{ first }} and {{ joined }}"}},
    {"ansible.builtin.debug": {"msg": "{{ again }}"}},
    {"ansible.builtin.debug": {"var": "kept"}},
    {"ansible.builtin.debug": {"msg": "{{ item.name }}: {{ item.tags | to_json }}"}, "loop": "{{ kept }}"},
    {"ansible.builtin.fail": {"msg": "{{ kept | map(attribute='trust') | map(attribute='summary') | join('. ') }}"}},
    {"ansible.builtin.assert": {"that": "kept[0].name == 'other'", "fail_msg": "{{ kept[0].trust.summary }}"}},
    {"alitrust.ecs.trusted_instance": {"fleet": "web", "wait_for_trusted": True, "trust_timeout": 1}},
    {"alitrust.ecs.trust_event_info": {"fleet": "web"}},
    {"alitrust.ecs.security_group_info": {}},
    {"alitrust.ecs.vpc_info": {}},
    {
        "ansible.builtin.debug": {
            "msg": "{{ query('alitrust.ecs.trust_verdict', fleet='web', details=true) | map(attribute='name') | list }}"
        }
    },
]


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_name_is_no_template_whatever_is_done_with_it(ansible: Ansible, in_process: str, figure: Figure) -> None:
    results, output = ansible.play(USES, "-e", f"alitrust_in_process={in_process}", "-v")
    harmless(output)
    shown = json.dumps(results)
    assert EVALUATED not in shown
    names = {one["name"] for one in results[0]["instances"]}
    assert names == set(NAMES)
    assert TEMPLATE in results[3]["ansible_facts"]["again"]
    assert results[7]["failed"]
    assert results[9]["failed"]
    figure("uses of names of the cloud", len(USES))


INVENTORY: dict[str, t.Any] = {
    "plugin": "alitrust.ecs.instances",
    "fleets": ["web"],
    "trust": True,
    "hostnames": ["tag:note", "name"],
    "compose": {"composed": "alitrust_tags", "described": "alitrust_description ~ alitrust_instance_name"},
    "keyed_groups": [{"key": "alitrust_description", "prefix": "d"}, {"key": "alitrust_tags", "prefix": "t"}],
    "groups": {"odd": "'271' in alitrust_instance_name"},
    "strict": True,
}


def test_a_name_is_no_template_in_the_inventory_and_the_variables_of_a_host(ansible: Ansible, figure: Figure) -> None:
    path = ansible.folder / "test.alitrust.yml"
    path.write_text(yaml.safe_dump(INVENTORY))
    book = ansible.folder / "book.yml"
    tasks = [
        {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} {{ composed }} {{ described }} {{ group_names }}"}},
        {"ansible.builtin.debug": {"var": "hostvars[inventory_hostname].alitrust_trust"}},
        {"ansible.builtin.set_fact": {"mine": "{{ hostvars[inventory_hostname].alitrust_tags }}"}},
        {"ansible.builtin.fail": {"msg": "{{ alitrust_trust.summary }}"}, "ignore_errors": True},
    ]
    book.write_text(
        yaml.safe_dump([{"hosts": "alitrust_fleet", "connection": "local", "gather_facts": False, "tasks": tasks}])
    )
    done = ansible.command("ansible-playbook", "-i", str(path), str(book))
    harmless(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = ansible.command("ansible-inventory", "-i", str(path), "--list")
    harmless(listed.stdout + listed.stderr)
    hosts = json.loads(listed.stdout)["_meta"]["hostvars"]
    assert len(hosts) == len(NAMES)
    assert TEMPLATE in hosts
    graph = ansible.command("ansible-inventory", "-i", str(path), "--graph")
    harmless(graph.stdout + graph.stderr)
    figure("uses of names of the cloud", len(tasks) + 3)


def test_a_fleet_that_is_not_trusted_is_told_without_what_a_terminal_obeys(ansible: Ansible, figure: Figure) -> None:
    path = ansible.folder / "test.alitrust.yml"
    path.write_text(yaml.safe_dump(INVENTORY))
    for more in (("-e", "assert_trusted_hosts=localhost"), ("-i", str(path))):
        done = ansible.command(
            "ansible-playbook", "alitrust.ecs.assert_trusted", "-e", "assert_trusted_fleet=web", *more
        )
        harmless(done.stdout + done.stderr)
        assert done.returncode != 0
        assert "untrusted" in done.stdout + done.stderr
    figure("uses of names of the cloud", 2)


class _Page(html.parser.HTMLParser):
    """Tags and attributes that a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag, *(name for name, _value in attrs)]


def test_the_report_of_the_audit_has_no_markup_and_no_template_of_others(
    ansible: Ansible, account: LocalCloud, figure: Figure
) -> None:
    report = ansible.folder / "report.html"
    done = ansible.command("ansible-playbook", "alitrust.ecs.audit", "-e", f"audit_report_file={report}")
    assert done.returncode == 0, done.stdout + done.stderr
    harmless(done.stdout + done.stderr)
    text = report.read_text()
    assert EVALUATED not in text
    page = _Page()
    page.feed(text)
    assert not [one for one in page.found if one.startswith("on") or one in ("script", "img", "iframe")]
    assert "&lt;script&gt;" in text
    figure("uses of names of the cloud", 1)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no client of OpenSSH")
def test_a_name_is_no_line_of_a_configuration_of_ssh(ansible: Ansible, figure: Figure) -> None:
    folder = ansible.folder / "a b%h"
    folder.mkdir()
    config = folder / "fleet.conf"
    done = ansible.command(
        "ansible-playbook",
        "alitrust.ecs.session",
        *("-e", json.dumps({"fleet_name": "web", "session_config_file": str(config)})),
        *("-e", "@" + str(_without_host_keys(ansible))),
    )
    harmless(done.stdout + done.stderr)
    assert config.exists(), done.stdout + done.stderr
    text = config.read_text()
    assert "ProxyCommand true" not in text
    assert not re.search("^Host .*[*{<\x1b]", text, re.MULTILINE)
    instance = re.findall(r"^Host (i-\w+)", text, re.MULTILINE)[0]
    shown = subprocess.run(["ssh", "-G", "-F", config, instance], capture_output=True, text=True, check=True).stdout
    assert f"userknownhostsfile {config}.known_hosts\n" in shown
    other = subprocess.run(["ssh", "-G", "-F", config, "elsewhere"], capture_output=True, text=True, check=True).stdout
    assert "proxycommand" not in other
    figure("uses of names of the cloud", 1)


def _without_host_keys(ansible: Ansible) -> Path:
    """Variables of a run: the local cloud's instances without hosts have no agents to ask."""
    path = ansible.folder / "variables.json"
    path.write_text(json.dumps({"session__running": []}))
    return path
