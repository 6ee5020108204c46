# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles and playbooks as far as they speak to the API; tests/hosts has the rest."""

from __future__ import annotations

import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from controller.playbook import Ansible
from modules.harness import Modules

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection
from local_cloud.control import LocalCloud

ROLES = Path(__file__).resolve().parents[3] / "roles"
#: facts that roles leave for what comes after them
HANDED_ON = {"network_used", "guest_health", "guest_keys", "golden_image_id"}
HANDED_ON |= {f"{role}_{what}" for role in ("account", "network", "fleet") for what in ("preflight", "called")}
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops"
FLEET: dict[str, t.Any] = {
    "fleet_name": "web",
    "fleet_count": 2,
    "fleet_instance_type": "ecs.g7t.large",
    "fleet_image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
    "fleet_reach": False,
    "network_name": "web",
    "network_zone_id": "cn-hangzhou-h",
    "network_ssh_from": ["192.0.2.0/24", "198.51.100.7/32"],
}


class Playbooks:
    """The collection's playbooks in a home of their own."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.home = folder
        self.ansible = Ansible(folder, cloud, HOME=str(folder))

    def run(self, name: str, *arguments: str, **variables: t.Any) -> tuple[dict[str, int], str]:
        """The counts of localhost in the recap, and the output."""
        extra = self.home / "variables.yml"
        extra.write_text(yaml.safe_dump({**FLEET, **variables}))
        done = self.ansible.command("ansible-playbook", f"alitrust.ecs.{name}", "-e", f"@{extra}", *arguments)
        output = done.stdout + done.stderr
        recap = re.search(r"^localhost\s+: (.*)$", done.stdout, re.MULTILINE)
        assert recap, output
        counts = {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", recap[1])}
        assert (done.returncode == 0) == (counts["failed"] == 0), output
        return counts, output

    def changed(self, name: str, *arguments: str, **variables: t.Any) -> int:
        counts, output = self.run(name, *arguments, **variables)
        assert counts["failed"] == 0, output
        return counts["changed"]

    def refused(self, name: str, **variables: t.Any) -> str:
        counts, output = self.run(name, **variables)
        assert counts["failed"] == 1, output
        assert "Traceback" not in output
        return " ".join(output.split())

    def writing_calls(self) -> list[str]:
        """Operations other than reading that were called."""
        reads = re.compile(r"\w+:(Describe|Get|List)\w*")
        return [one for one in self.cloud.counts() if not reads.fullmatch(one)]


@pytest.fixture
def playbooks(tmp_path: Path, fresh_cloud: LocalCloud) -> Playbooks:
    return Playbooks(tmp_path, fresh_cloud)


def test_an_account_is_set_up_and_taken_down(playbooks: Playbooks) -> None:
    key = playbooks.home / ".ssh" / "alitrust-web.pem"
    foretold = playbooks.changed("site", "--check")
    assert foretold > 0
    assert playbooks.writing_calls() == []
    assert not key.exists()

    assert playbooks.changed("site") >= foretold
    names = sorted(one["InstanceName"] for one in playbooks.cloud.resources("instance"))
    assert names == ["web-001", "web-002"]
    assert key.stat().st_mode & 0o777 == 0o600
    assert playbooks.changed("site") == 0
    assert playbooks.changed("site", "--check", "--diff") == 0

    assert playbooks.changed("teardown", "--check") > 0
    assert len(playbooks.cloud.resources("instance")) == 2
    assert playbooks.changed("teardown") > 0
    kept = {"account", "access_key", "policy", "kms_service", "kms_key", "kms_alias"}
    left = set(playbooks.cloud.status()["records"]) - kept
    assert left <= {"client_token", "instance_session", "sts_session", "metadata_credentials"}, left
    assert not key.exists()
    assert playbooks.changed("teardown") == 0


def test_blank_variables_are_not_given(playbooks: Playbooks) -> None:
    """As a survey gives those that were left out."""
    specs = {role: argument_specs(role)["main"]["options"] for role in ("account", "network", "fleet")}
    blank = {
        name: ""
        for options in specs.values()
        for name, spec in options.items()
        if (spec["type"] == "str" or spec.get("elements") == "str") and name not in FLEET
    }
    assert {"fleet_private_key_file", "network_rules_state", "fleet_ssh_address", "account_trust_actions"} <= set(blank)
    assert playbooks.changed("provision", **blank) > 0
    assert playbooks.changed("provision") == 0


def test_an_imported_key_leaves_no_private_key(playbooks: Playbooks) -> None:
    assert playbooks.changed("provision", fleet_public_key=PUBLIC) > 0
    assert not list(playbooks.home.glob(".ssh/*.pem"))
    assert playbooks.cloud.resources("instance")[0]["_PublicKey"].split()[:2] == PUBLIC.split()[:2]


def test_a_network_lets_out_what_was_chosen(playbooks: Playbooks) -> None:
    """The rule that the choice makes is not taken away again where rules are made exact."""
    common = {"network_zone_id": "cn-hangzhou-h", "network_ssh_from": ["192.0.2.0/24"]}
    chosen: list[dict[str, t.Any]] = [
        {"network_security_group_name": "open", "network_security_group_type": "advanced", "network_outbound": "allow"},
        {"network_security_group_name": "closed", "network_outbound": "deny"},
    ]
    role = {"role": "alitrust.ecs.network", **common}
    # Twice each, with the default said in two ways, because a play runs the same role with the same variables once.
    roles = [{**role, **one, "network_rules_state": state} for one in chosen for state in ("exact", "")]
    _results, output = playbooks.ansible.play([], roles=roles)
    assert " failed=0 " in output, output
    rules = {
        group["SecurityGroupName"]: {
            (rule["Policy"], rule.get("DestCidrIp") or rule["Ipv6DestCidrIp"], rule["Priority"])
            for rule in group["Permissions"]
            if rule["Direction"] == "egress"
        }
        for group in playbooks.cloud.resources("security_group")
    }
    assert rules == {
        "open": {("Accept", "0.0.0.0/0", "1")},
        "closed": {("Drop", "0.0.0.0/0", "100"), ("Drop", "::/0", "100")},
    }
    assert playbooks.cloud.counts()["ecs:AuthorizeSecurityGroupEgress"] == 2
    assert not [one for one in playbooks.writing_calls() if "Revoke" in one]


def test_an_existing_network_is_used_and_stays(playbooks: Playbooks) -> None:
    playbooks.changed("provision", fleet_count=0)
    network = {
        "network_vpc_id": playbooks.cloud.resources("vpc")[0]["VpcId"],
        "network_vswitch_id": playbooks.cloud.resources("vswitch")[0]["VSwitchId"],
        "network_name": "second",
        "network_zone_id": "",
    }
    assert playbooks.changed("provision", **network) > 0
    assert len(playbooks.cloud.resources("vpc")) == 1
    assert playbooks.changed("teardown", **network) > 0
    assert len(playbooks.cloud.resources("vpc")) == 1
    assert len(playbooks.cloud.resources("security_group")) == 1
    assert "belong together" in playbooks.refused("provision", network_vpc_id="vpc-1")


def test_a_fleet_takes_the_type_that_has_stock_and_attests_by_itself(playbooks: Playbooks) -> None:
    playbooks.cloud.set("ecs.sold_out", "ecs.g7t.large@*")
    choices = {
        "fleet_instance_type": "",
        "fleet_instance_types": ["ecs.g7t.large", "ecs.g8i.large"],
        "fleet_image_id": "",
        "fleet_image_name": "aliyun_3_x64_20G_uefi_alibase_*",
        "fleet_trust_service": "self_managed",
    }
    assert playbooks.changed("provision", **choices) > 0
    made = playbooks.cloud.resources("instance")
    assert [(one["InstanceType"], one["_Trusted"], one["_RamRoleName"]) for one in made] == [
        ("ecs.g8i.large", True, "")
    ] * 2


def test_what_has_no_default_is_asked_for_before_anything_is_made(playbooks: Playbooks) -> None:
    needed = ["network_zone_id", "fleet_instance_type", "fleet_image_id"]
    said = playbooks.refused("provision", **dict.fromkeys(needed, ""))
    assert [name for name in needed if f"Set {name} to" not in said] == []
    assert playbooks.writing_calls() == []


def test_a_role_alone_asks_for_what_has_no_default(playbooks: Playbooks) -> None:
    roles = [{"role": "alitrust.ecs.network"}, {"role": "alitrust.ecs.fleet", "fleet_vswitch_id": "vsw-1"}]
    for role, words in zip(roles, ("Set network_zone_id", "Set fleet_instance_type"), strict=True):
        book = playbooks.home / "alone.yml"
        book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "roles": [role]}]))
        done = playbooks.ansible.command("ansible-playbook", str(book))
        assert words in " ".join((done.stdout + done.stderr).split())
    assert playbooks.writing_calls() == []


def test_the_whole_chain_is_checked_from_nothing_with_the_rules_in_the_diff(playbooks: Playbooks) -> None:
    """The quick start promises that, and who may reach port 22 is what a person looks for."""
    foretold, output = playbooks.run("provision", "--check", "--diff")
    assert foretold["failed"] == 0, output
    assert playbooks.writing_calls() == []
    for text in ("192.0.2.0/24", "198.51.100.7/32", "22/22", "172.16.0.0/24", "web-001", "web-002"):
        assert re.search(rf"^\+.*{re.escape(text)}", output, re.MULTILINE), text
    assert "skipping" not in output.partition("TASK [alitrust.ecs.network : Put its rules in order]")[2].splitlines()[1]
    # The folder of the private key is made once, and in check mode the tasks after it are the same.
    assert playbooks.changed("provision") == foretold["changed"]
    assert playbooks.changed("provision", "--check", "--diff") == 0


def test_a_run_that_changes_nothing_asks_little_more_than_its_tasks(playbooks: Playbooks) -> None:
    playbooks.changed("provision")
    playbooks.cloud.forget_requests()
    assert playbooks.changed("provision") == 0
    calls = playbooks.cloud.counts()
    # The tasks ask each thing once; the preflight does so again, except for KMS and the role, which the fleet proves.
    # Only whose group it is, that of the rules has to know, too.
    assert calls.pop("ecs:DescribeSecurityGroups") == 4
    assert set(calls.values()) == {1, 2}, calls
    assert {name for name, number in calls.items() if number == 1} >= {"kms:DescribeAccountKmsStatus", "ram:GetRole"}


def test_a_private_key_of_somebody_else_survives_a_teardown(playbooks: Playbooks) -> None:
    key = playbooks.home / "precious"
    key.write_text("not ours")
    assert playbooks.changed("teardown", fleet_private_key_file=str(key)) == 0
    assert key.read_text() == "not ours"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"network_zone_id": "cn-hangzhou-zz"}, "cn-hangzhou-zz"),
        ({"fleet_image_id": "nope"}, "There is no image nope"),
        ({"fleet_image_id": "ubuntu_22_04_x64_20G_alibase_20240710.vhd"}, "boots by BIOS"),
        ({"fleet_instance_type": "ecs.g6.large"}, "The family g6 is not known to support trusted mode"),
        ({"fleet_count": 253}, "253 instances need as many free addresses"),
        ({"fleet_ram_role_name": "nonesuch"}, "There is no RAM role nonesuch"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_roles_refuse_in_check_mode_what_they_would_fail_with(
    playbooks: Playbooks, wrong: dict[str, t.Any], words: str
) -> None:
    """The roles by themselves, from an empty account, where no preflight has looked before."""
    roles = [{"role": f"alitrust.ecs.{name}", **FLEET, **wrong} for name in ("account", "network", "fleet")]
    _results, output = playbooks.ansible.play([], "--check", roles=roles, ignore_errors=True)
    assert words in " ".join(output.split()), output
    assert playbooks.writing_calls() == []


def test_a_key_pair_of_others_is_used_and_stays_with_its_private_key(playbooks: Playbooks) -> None:
    api = Modules(playbooks.cloud).door()
    made = api.call("ecs", "CreateKeyPair", KeyPairName="teamkey")
    key = playbooks.home / "teamkey.pem"
    key.write_text(made["PrivateKeyBody"])
    key.chmod(0o600)
    team = {"fleet_key_name": "teamkey", "fleet_private_key_file": str(key)}
    _counts, output = playbooks.run("provision", **team)
    assert "Using the existing key pair teamkey" in output
    assert {one["KeyPairName"] for one in playbooks.cloud.resources("instance")} == {"teamkey"}
    for arguments in (("--check",), ()):
        counts, output = playbooks.run("teardown", *arguments, **team)
        assert counts["failed"] == 0
        assert "key pair teamkey stays" in output
        assert [one["KeyPairName"] for one in playbooks.cloud.resources("key_pair")] == ["teamkey"]
        assert key.exists()
    adopted = playbooks.changed("teardown", fleet_adopt=True, **team)
    assert adopted == 1, "the pair with its private key"
    assert not key.exists()


def test_an_instance_that_holds_a_disk_of_others_stays(playbooks: Playbooks) -> None:
    playbooks.changed("provision", fleet_public_key=PUBLIC)
    api = Modules(playbooks.cloud).door()
    disk = api.call("ecs", "CreateDisk", ZoneId="cn-hangzhou-h", DiskCategory="cloud_essd", Size=40)["DiskId"]
    playbooks.cloud.clock_advance(10)
    holder = next(one for one in playbooks.cloud.resources("instance") if one["InstanceName"] == "web-001")
    api.call("ecs", "AttachDisk", InstanceId=holder["InstanceId"], DiskId=disk, DeleteWithInstance=True)
    playbooks.cloud.clock_advance(10)
    release = {"name": "alitrust.ecs.fleet", "tasks_from": "absent"}

    def released(*arguments: str, **variables: t.Any) -> str:
        given = {**FLEET, "fleet_public_key": PUBLIC, **variables}
        _results, output = playbooks.ansible.play([{"ansible.builtin.include_role": release}], *arguments, vars=given)
        assert " failed=0 " in output, output
        assert "ignored=0" in output, output
        return " ".join(output.split())

    for arguments in (("--check",), ()):
        said = released(*arguments)
        assert f"The data disk {disk} (40 GiB) with web-001" in said
        assert "key pair web stays" in said, "it is bound to what stays"
    assert [one["InstanceName"] for one in playbooks.cloud.resources("instance")] == ["web-001"]
    released(fleet_adopt=True)
    assert playbooks.cloud.resources("instance") == []


def test_the_local_cloud_is_started_and_stopped_by_a_playbook(playbooks: Playbooks) -> None:
    playbooks.ansible.environment["LOCAL_CLOUD_PYTHON"] = sys.executable
    state = playbooks.home / "second cloud"
    variables: dict[str, t.Any] = {
        "local_cloud_dir": str(state),
        "local_cloud_command": str(ROLES.parent / "dev" / "local-cloud"),
        "local_cloud_hosts": "off",
    }
    fixtures = playbooks.home / "fixtures.yml"
    fixtures.write_text("- {kind: user, id: x/ann, data: {UserName: ann}}")
    fed = {"local_cloud_settings": {"default_region": "cn-beijing"}, "local_cloud_preload": [str(fixtures)]}
    stopped = {**variables, "local_cloud_state": "absent"}
    assert playbooks.changed("local_cloud", **stopped) == 0
    counts, output = playbooks.run("local_cloud", **variables, **fed)
    try:
        assert counts["changed"] == 3, output  # started, fixtures put in, and env.sh written
        second = LocalCloud(state)
        assert second.endpoint in output
        assert second.access_key_secret not in output
        assert [one["UserName"] for one in second.resources("user")] == ["ann"]
        shell = subprocess.run(["sh", "-c", ". './env.sh'; env"], cwd=state, capture_output=True, text=True, check=True)
        assert {
            f"ALIBABA_CLOUD_ENDPOINT_URL={second.endpoint}",
            f"ALIBABA_CLOUD_ACCESS_KEY_ID={second.access_key_id}",
            f"ALIBABA_CLOUD_ACCESS_KEY_SECRET={second.access_key_secret}",
            "ALIBABA_CLOUD_REGION=cn-beijing",
        } <= set(shell.stdout.splitlines())
        connection = state / "connection.json"
        assert Connection.from_options({}, {"ALITRUST_CONNECTION_FILE": str(connection)}) == Connection(
            region="cn-beijing",
            endpoint_url=second.endpoint,
            access_key_id=second.access_key_id,
            access_key_secret=second.access_key_secret,
        )
        assert {path.stat().st_mode & 0o777 for path in (connection, state / "env.sh")} == {0o600}
        assert playbooks.changed("local_cloud", **variables) == 0
    finally:
        assert playbooks.changed("local_cloud", **stopped) == 1
    with pytest.raises(OSError, match="refused"):
        second.status()


def test_a_local_cloud_that_is_not_installed_is_told_so(playbooks: Playbooks) -> None:
    nowhere = {"local_cloud_dir": str(playbooks.home / "none"), "local_cloud_command": "/nowhere/alitrust-local-cloud"}
    said = playbooks.refused("local_cloud", **nowhere)
    assert "There is no local cloud to run: /nowhere/alitrust-local-cloud is not there. Install it with" in said
    assert playbooks.changed("local_cloud", **nowhere, local_cloud_state="absent") == 0, "there is nothing to stop"


# -- argument specs


def argument_specs(role: str) -> dict[str, t.Any]:
    text = (ROLES / role / "meta" / "argument_specs.yml").read_text()
    return t.cast("dict[str, t.Any]", yaml.safe_load(text)["argument_specs"])


@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir()))
def test_every_variable_of_a_role_is_specified(role: str) -> None:
    defaults = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text())
    specs = argument_specs(role)
    assert all((ROLES / role / "tasks" / f"{entry}.yml").exists() for entry in specs)
    options = {name: option for spec in specs.values() for name, option in spec["options"].items()}
    plain = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    # A list of text has no default here: AWX gives null for a blank one, which would be refused then.
    asked = {name: plain[name] for name in plain if options[name].get("elements") == "str"}
    told = {name: option["default"] for name, option in options.items() if "default" in option}
    assert told.keys().isdisjoint(asked)
    assert told | asked == plain
    files = [path for folder in ("tasks", "vars") for path in (ROLES / role / folder).glob("*.yml")]
    used = {name for path in files for name in re.findall(rf"(?<!ecs[.])\b{role}_(?!_)\w+", path.read_text())}
    assert used - HANDED_ON <= set(options), used - set(options)
    assert set(defaults) <= used, set(defaults) - used
