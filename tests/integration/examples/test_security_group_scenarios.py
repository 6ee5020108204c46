# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented scenarios and typical applications: the playbooks in C(examples/security_groups), run as they are.

Each playbook proves its effect itself. The tests here look again, at other packets.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from controller.playbook import Ansible
from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "security_groups"
BOOKS = sorted(path.name for path in EXAMPLES.glob("*.yml"))
#: The scenario that is for the classic network only.
CLASSIC_ONLY = "scenario_2_two_accounts.yml"
#: The VPC that they name.
VPC = "vpc-bp1aevy8sofi8mh1q0000"
INSIDE, OUTSIDE = "203.0.113.200", "198.51.100.7"
#: All who are in no group.
EVERYBODY: dict[str, t.Any] = {"peer": "0.0.0.0/0", "nic_type": "internet", "peer_group_ids": []}


@dataclass
class Scenarios:
    """:ivar partner: the key of the other account, as options
    :ivar changed: how many tasks changed something in each run; in a VPC one is a run with --check, before the others
    """

    modules: Modules
    partner: dict[str, t.Any]
    vpc_id: str
    changed: list[int]

    def group(self, name: str, **key: t.Any) -> str:
        """The id of a group."""
        [found] = self.modules.run("security_group_info", name=name, **key)["security_groups"]
        return str(found["security_group_id"])

    def verdicts(self, name: str, *packets: dict[str, t.Any], **key: t.Any) -> list[str]:
        """What becomes of packets in one of the groups."""
        asked = [{"protocol": "tcp", **packet} for packet in packets]
        found = self.modules.run("sg_access_info", security_groups=[name], packets=asked, **key)
        return [one["verdict"] for one in found["accesses"]]


@pytest.fixture(scope="module", params=["vpc", "classic"])
def scenarios(request: pytest.FixtureRequest, cloud: LocalCloud) -> Scenarios:
    """All playbooks of one network type, run on an account of two; in a VPC twice."""
    cloud.reset()
    cloud.set("ecs.classic_network", True)
    cloud.set("vpc.pending_seconds", 0.1)
    modules = Modules(cloud)
    key = next(one for one in cloud.accounts if one["account_id"] != cloud.account_id)
    partner: dict[str, t.Any] = {name: key[name] for name in ("access_key_id", "access_key_secret")}
    classic = request.param == "classic"
    made: dict[str, str] = {"vpc_id": ""}
    network: dict[str, t.Any] = {"network_type": "classic"}
    if not classic:
        made["vpc_id"] = modules.run("vpc", name="net", cidr_block="172.16.0.0/12")["vpc"]["vpc_id"]
        network = {"vpc_id": modules.run("vpc", name="net", cidr_block="192.168.0.0/16", **partner)["vpc"]["vpc_id"]}
    theirs = modules.run("security_group", name="theirs", **network, **partner)["security_group"]
    ansible = Ansible(
        EXAMPLES,
        cloud,
        ACCOUNT_ID=cloud.account_id,
        OTHER_ACCOUNT_ID=key["account_id"],
        OTHER_ACCESS_KEY_ID=key["access_key_id"],
        OTHER_ACCESS_KEY_SECRET=key["access_key_secret"],
        OTHER_GROUP_ID=theirs["security_group_id"],
    )
    books = [name for name in BOOKS if classic or name != CLASSIC_ONLY]
    options = [one.replace(VPC, made["vpc_id"]) for name in books for one in written(name)]
    changed = []
    runs: list[tuple[str, ...]] = [()] if classic else [("--check",), (), ()]
    for more in runs:
        done = ansible.command("ansible-playbook", *books, *dict.fromkeys(options), *more)
        output = done.stdout + done.stderr
        assert done.returncode == 0, (more, output)
        changed.append(sum(map(int, re.findall(r"^localhost +: ok=\d+ +changed=(\d+) ", output, re.M))))
    return Scenarios(modules, partner, made["vpc_id"], changed)


def written(name: str) -> list[str]:
    """The options of the command at the head of a playbook, which the playbooks are run with, all in one command."""
    [line] = re.findall(rf"^# ansible-playbook {re.escape(name)}( .+)$", (EXAMPLES / name).read_text(), re.M)
    return [f"-e{one}" for one in line.split(" -e ")[1:]]


def test_a_second_run_changes_nothing(scenarios: Scenarios) -> None:
    assert min(scenarios.changed[:2]) > 20  # in check mode, too
    assert scenarios.changed[2:] == ([0] if scenarios.vpc_id else [])


def test_who_the_other_account_is_has_to_be_said(scenarios: Scenarios, cloud: LocalCloud) -> None:
    """Without the environment of the others, the one cannot run; the other does what needs no other account."""
    if scenarios.vpc_id:
        done = Ansible(EXAMPLES, cloud).command(
            "ansible-playbook", "scenario_7_other_account_in.yml", CLASSIC_ONLY, f"-evpc_id={scenarios.vpc_id}"
        )
        assert "Say who the two accounts are" in done.stdout
        assert re.findall(r" failed=(\d)", done.stdout) == ["0", "1"]


def test_scenario_1_instances_of_one_account_reach_each_other(scenarios: Scenarios) -> None:
    first, second = (scenarios.group(f"scenario-1-{name}") for name in "ab")
    for name, own, other in (("scenario-1-a", first, second), ("scenario-1-b", second, first)):
        assert scenarios.verdicts(
            name,
            {"port": "873", "peer_group_ids": [other]},
            {"port": "874", "peer_group_ids": [other]},
            {"port": "874", "peer_group_ids": [own]},
            {"port": "873", "peer": OUTSIDE},
        ) == ["allow", "deny", "allow", "deny"]


def test_scenario_2_instances_of_two_accounts_reach_each_other(scenarios: Scenarios) -> None:
    if scenarios.vpc_id:
        return  # the scenario is about the classic network
    ours, theirs = scenarios.group("scenario-2-a"), scenarios.group("scenario-2-b", **scenarios.partner)
    for name, other, key in (("scenario-2-a", theirs, {}), ("scenario-2-b", ours, scenarios.partner)):
        assert scenarios.verdicts(
            name,
            {"port": "873", "peer_group_ids": [other]},
            {"port": "873", "peer_group_ids": ["sg-somebodyelse"]},
            {"port": "873", "peer": OUTSIDE},
            **key,
        ) == ["allow", "deny", "deny"]


def test_scenario_3_only_some_addresses_in(scenarios: Scenarios) -> None:
    asked = [{"port": port, "peer": peer} for port in ("22", "3389") for peer in (INSIDE, OUTSIDE)]
    assert scenarios.verdicts("scenario-3", *asked) == ["allow", "deny", "allow", "deny"]


def test_scenario_4_only_some_addresses_out(scenarios: Scenarios) -> None:
    out: dict[str, t.Any] = {"direction": "egress", "port": "443"}
    assert scenarios.verdicts(
        "scenario-4",
        {**out, "peer": INSIDE},
        {**out, "peer": OUTSIDE},
        {**out, "peer": INSIDE, "port": "80"},
        {"direction": "egress", "protocol": "icmp", "peer": OUTSIDE},
    ) == ["allow", "deny", "deny", "deny"]


def test_scenario_5_some_addresses_not_out(scenarios: Scenarios) -> None:
    out: dict[str, t.Any] = {"direction": "egress", "protocol": "all"}
    assert scenarios.verdicts("scenario-5", {**out, "peer": INSIDE}, {**out, "peer": OUTSIDE}) == ["deny", "allow"]


def test_scenario_6_everybody_in(scenarios: Scenarios) -> None:
    asked = [{"port": port, **EVERYBODY} for port in ("22", "3389", "8080", "23")]
    assert scenarios.verdicts("scenario-6", *asked) == ["allow", "allow", "allow", "deny"]


def test_scenario_7_another_account_in(scenarios: Scenarios) -> None:
    theirs = scenarios.group("theirs", **scenarios.partner)
    assert scenarios.verdicts(
        "scenario-7-address",
        {"port": "22", "peer": "10.0.0.7"},
        {"port": "22", "peer": "10.0.0.8", "peer_group_ids": []},
        {"port": "22", "peer_group_ids": [theirs], "peer": "10.0.0.9"},
    ) == ["allow", "deny", "deny"]
    assert scenarios.verdicts(
        "scenario-7-group",
        {"port": "22", "peer_group_ids": [theirs]},
        {"port": "23", "peer_group_ids": [theirs]},
        {"port": "22", "peer": OUTSIDE},
    ) == ["allow", "deny", "deny"]


def test_scenario_8_a_website(scenarios: Scenarios) -> None:
    asked = [{"port": port, "peer": OUTSIDE} for port in ("80", "443", "8080", "22")]
    assert scenarios.verdicts("scenario-8", *asked) == ["allow", "allow", "allow", "deny"]


@pytest.mark.parametrize(
    ("application", "packet"),
    [
        pytest.param("ssh", {"port": "22"}, id="SSH to Linux instances"),
        pytest.param("rdp", {"port": "3389"}, id="RDP to Windows instances"),
        pytest.param("ping", {"protocol": "icmp"}, id="ping through the internet"),
        pytest.param("web", {"port": "80"}, id="a web server"),
        pytest.param("ftp", {"port": "20/21"}, id="files through FTP"),
    ],
)
def test_typical_application(scenarios: Scenarios, application: str, packet: dict[str, t.Any]) -> None:
    asked = {**packet, **EVERYBODY}, {"port": "443", **EVERYBODY}
    assert scenarios.verdicts(f"application-{application}", *asked) == ["allow", "deny"]
