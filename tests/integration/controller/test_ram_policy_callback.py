# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback ram_policy prints what a run needs: with this policy the run succeeds, and without a part of it not."""

from __future__ import annotations

import json
import typing as t

import yaml
from controller.playbook import Ansible
from rights.users import DENIED, Users

if t.TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.control import LocalCloud

ROLE = "Reporter"
SECRET = "{{ lookup('alitrust.ecs.kms_secret', 'shop/db') }}"
VERDICT = "lookup('alitrust.ecs.trust_verdict', fleet='web')"
#: What calls, in every way that there is: a module, in a loop, not to be shown, asynchronous, failing; a lookup.
PLAY: dict[str, t.Any] = {
    "hosts": "localhost",
    "gather_facts": False,
    "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    "tasks": [
        {"alitrust.ecs.kms_service": {}},
        {"alitrust.ecs.instance_ram_role": {"name": ROLE}},
        {
            "alitrust.ecs.vpc": {
                "name": "web",
                "cidr_block": "172.16.0.0/16",
                "vswitches": [{"name": "web-h", "cidr_block": "172.16.0.0/20", "zone_id": "cn-hangzhou-h"}],
            }
        },
        {
            "alitrust.ecs.security_group": {"name": "{{ item }}", "vpc": "web"},
            "loop": ["web", "db"],
            "loop_control": {"label": "a group"},
        },
        {
            "alitrust.ecs.trusted_instance": {
                "name": "web-[1,3]",
                "count": 1,
                "instance_type": "ecs.g7t.large",
                "image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
                "vswitch_names": ["web-h"],
                "security_group_names": ["web"],
                "ram_role_name": ROLE,
            }
        },
        {"alitrust.ecs.kms_secret": {"name": "shop/db", "value": "Canary-Pass-77c1"}, "no_log": True},
        {"ansible.builtin.assert": {"that": f"{SECRET[3:-3]} == 'Canary-Pass-77c1'"}, "no_log": True},
        {
            "ansible.builtin.debug": {"msg": "nobody has reported"},
            "when": f"{VERDICT} == 'unmeasured'",
            "until": f"{VERDICT} == 'unmeasured'",
            "retries": 1,
        },
        {"alitrust.ecs.keypair_info": {}, "async": 60, "poll": 1},
        {"alitrust.ecs.ram_group": {"name": "operators", "users": ["nobody"]}, "ignore_errors": True},
    ],
}


class Runs:
    """Runs of the play, each on an empty account."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.cloud = cloud
        own = {"ANSIBLE_CALLBACKS_ENABLED": "alitrust.ecs.ram_policy", "ANSIBLE_ASYNC_DIR": str(folder / "async")}
        self.ansible = Ansible(folder, cloud, **own)
        self.book, self.inventory = folder / "play.yml", folder / "web.alitrust.yml"
        self.book.write_text(yaml.safe_dump([PLAY]))
        self.inventory.write_text(yaml.safe_dump({"plugin": "alitrust.ecs.instances", "regions": ["all"]}))

    def run(self, policy: dict[str, t.Any] | None = None) -> tuple[int, str, str]:
        """Run it as a user with this policy, or as the administrator; returns status, output and error output."""
        self.cloud.reset()
        for name in ("pending", "created_stopped", "starting"):
            self.cloud.set(f"ecs.{name}_seconds", 0.05)
        self.cloud.set("vpc.pending_seconds", 0.05)
        if policy:
            self.ansible.environment |= Users(self.cloud).make("runner", policy).environment()
        done = self.ansible.command("ansible-playbook", self.book, "-i", self.inventory)
        return done.returncode, done.stdout, done.stderr


def statements(policy: dict[str, t.Any]) -> dict[str, t.Any]:
    """What each action is allowed on."""
    return {action: one["Resource"] for one in policy["Statement"] for action in one["Action"]}


def printed(errors: str) -> dict[str, t.Any]:
    """The policy in what was printed."""
    _before, _colon, rest = errors.partition("RAM policy of this run, for the credentials of the environment:\n")
    policy: dict[str, t.Any] = json.JSONDecoder().raw_decode(rest)[0]
    return policy


def test_a_run_succeeds_with_the_policy_that_it_has_printed_and_with_no_less(
    tmp_path: Path, fresh_cloud: LocalCloud
) -> None:
    runs = Runs(tmp_path, fresh_cloud)
    file = tmp_path / "policy.json"
    runs.ansible.environment["ALITRUST_RAM_POLICY_FILE"] = str(file)
    status, output, errors = runs.run()
    assert status == 0, output + errors
    policy = printed(errors)
    assert policy == json.loads(file.read_text())
    assert "RAM policy" not in output
    assert f"It is in {file}." in errors
    assert "kms:GetSecretValue needs kms:Decrypt on that key" in errors
    needed = statements(policy)
    assert needed["ram:PassRole"] == [f"acs:ram:*:*:role/{ROLE}", f"acs:ram:*:*:role/{ROLE.lower()}"]
    assert {"kms:PutSecretValue", "kms:CreateSecret"} & set(needed), "of a task that is not shown"
    assert "nobody has reported" in output
    looked_up = {"kms:GetSecretValue", "yundun-systrust:DescribeInstance", "ecs:DescribeRegions"}
    assert looked_up | {"ecs:DescribeKeyPairs"} <= set(needed)

    del runs.ansible.environment["ALITRUST_RAM_POLICY_FILE"]
    status, output, errors = runs.run(policy)
    assert status == 0, output + errors
    assert printed(errors) == policy
    requests = fresh_cloud.requests(access_key_id=runs.ansible.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"])
    assert [one["operation"] for one in requests if one["code"] in DENIED] == []
    assert {right for one in requests for right in one["rights"]} == set(needed), "it allows nothing else"

    runs.ansible.environment["ALITRUST_RAM_POLICY_FILE"] = str(tmp_path / "none" / "policy.json")
    less = {**policy, "Statement": [one for one in policy["Statement"] if one["Action"] != ["ram:PassRole"]]}
    status, output, errors = runs.run(less)
    assert status == 2, output + errors
    assert "InvalidUser.PassRoleForbidden" in output + errors
    assert statements(printed(errors))["ram:PassRole"] == needed["ram:PassRole"], "it names what was lacking"
    assert "Tasks have failed, so what would have come after them is not in it." in errors
    assert "none/policy.json cannot be written: No such file or directory." in errors
