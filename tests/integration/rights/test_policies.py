# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook runs as a RAM user with its own policy, in all its usual uses, and uses all of that policy.

One account lives through all of it, so that each run prepares the next. What needs real hosts, and the playbook
rotate_keys as a whole, is in C(tests/hosts), where the same users run the playbooks.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import policies
import pytest
import yaml
from controller.playbook import Ansible
from modules import shareable
from modules import trust_records as records
from modules.harness import Modules
from modules.shareable import PARTNER
from rights.users import Users, compare

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import AccessDenied
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import needed
from local_cloud.control import LocalCloud

OTHER, THIRD = "3456789012345678", "4567890123456789"
ELSEWHERE = {"isolate", "rotate_keys", "session"}
#: What the instances' role may do, with what newer agents need.
TRUST_ACTIONS = ("GenerateNonce", "GenerateAikcert", "RegisterMessage", "PutMessage", "ProduceAikcert")
SESSIONS = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "ecs:StartTerminalSession", "Resource": "*"}],
}
Variables = dict[str, t.Any]
FLEET: Variables = {
    "fleet_name": "web",
    "fleet_count": 2,
    "fleet_instance_type": "ecs.g7t.large",
    "fleet_image_name": "aliyun_3_x64_20G_uefi_alibase_*",
    "fleet_reach": False,
    "network_name": "web",
    "network_zone_id": "cn-hangzhou-h",
    "network_ssh_from": ["192.0.2.0/24"],
}


class Account:
    """An account whose playbooks are run by users who may do nothing else."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.modules = Modules(cloud)
        self.users = Users(cloud)
        self.ansible = Ansible(folder, cloud, HOME=str(folder))
        self.ansible.hasten(cloud)
        # Measuring what playbooks cover takes more than half as long again, and tests/integration/controller does it.
        self.ansible.environment.pop("COVERAGE_PROCESS_CONFIG", None)
        self.inventory = folder / "web.alitrust.yml"
        here = {"ansible_connection": "'local'", "ansible_python_interpreter": f"'{sys.executable}'"}
        self.inventory.write_text(yaml.safe_dump({"plugin": "alitrust.ecs.instances", "compose": here}))
        for name in ("pending", "created_stopped", "starting", "stopping", "releasing", "membership_linger"):
            cloud.set(f"ecs.{name}_seconds", 0.05)
        cloud.set("vpc.pending_seconds", 0.05)
        cloud.set("resourcesharing.task_seconds", 0.05)
        # Somebody who may begin sessions, of whom the audit tells.
        self.modules.run("ram_policy", name="sessions", document=SESSIONS)
        self.modules.run("ram_group", name="operators", policies=[{"name": "sessions"}])

    def use(self, name: str, *uses: Variables, arguments: t.Sequence[str] = ()) -> str:
        """Run a playbook once for each set of variables, in one process; all of it must succeed."""
        book = self.ansible.folder / "book.yml"
        plays = [{"import_playbook": f"alitrust.ecs.{name}", "vars": {**FLEET, **one}} for one in uses or ({},)]
        book.write_text(json.dumps(plays))
        self.ansible.environment |= self.users.key(name).environment()
        done = self.ansible.command("ansible-playbook", str(book), *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.users.denied(name) == set(), done.stdout
        return done.stdout

    def foresee(self, name: str, *uses: Variables, arguments: t.Sequence[str] = ()) -> None:
        """Run it in check mode, for which what reads is enough."""
        before = self.users.calls(name)
        self.use(name, *uses, arguments=["--check", *arguments])
        used = self.users.used(name, before)
        assert used == {right for right in used if needed.reads(right)}

    @property
    def instances(self) -> list[dict[str, t.Any]]:
        return sorted(self.cloud.resources("instance"), key=lambda one: str(one["InstanceName"]))

    @property
    def ids(self) -> list[str]:
        return [one["InstanceId"] for one in self.instances]


@pytest.fixture
def account(tmp_path: Path, fresh_cloud: LocalCloud) -> Account:
    return Account(tmp_path, fresh_cloud)


def test_each_playbook_runs_with_its_policy_and_uses_all_of_it(account: Account) -> None:
    inventory = ["-i", str(account.inventory)]
    changed = provision(account)
    for one in account.instances:
        records.report(account.modules, one)
    account.use("verdicts", {"verdicts_wait": 1})
    account.use("assert_trusted", {"assert_trusted_timeout": 1}, arguments=inventory)
    account.use("audit", {"audit_report_file": str(account.ansible.folder / "report.html")})
    account.use("configure", IDLE, arguments=inventory)
    account.use("site", {**changed, "site_verdicts": True})
    assert all(map(needed.reads, account.users.used("site"))), "nothing is left to change"
    protect(account)
    list_instances(account)
    patch(account, inventory)
    golden_image(account, inventory)
    give_keys(account, inventory)
    share(account)
    for instance_id in account.ids:
        unprotected = {"InstanceId": instance_id, "DeletionProtection": False}
        account.modules.door().call("ecs", "ModifyInstanceAttribute", unprotected)
    account.foresee("teardown")
    account.use("teardown")
    for name in set(policies.names()) - ELSEWHERE:
        parts = [name, *policies.imported(name)]
        compare(name, set().union(*(account.users.used(part) for part in parts)))


def protect(account: Account) -> None:
    """All that it can do, for instances of which one has a public address."""
    account.modules.run("ddos_threshold", instance_ids=account.ids, mbps=5, pps=1000)  # by somebody else
    wanted: Variables = {"protect_fleet": "web", "protect_notice_methods": ["text_message"]}
    account.foresee("protect", wanted)
    account.use("protect", wanted)
    account.use(
        "assert_secure", {"assert_secure_vulnerability_types": ["emg"]}, arguments=["-i", str(account.inventory)]
    )


def test_isolate_runs_with_its_policy_and_uses_all_of_it(account: Account) -> None:
    """In an account of its own, because it leaves a security group that teardown would be held up by."""
    cut_off = {"isolate_instance_ids": [one["InstanceId"] for one in records.fleet(account.modules, 1)]}
    account.foresee("isolate", cut_off)
    account.use("isolate", cut_off)
    compare("isolate", account.users.used("isolate"))


#: The role guest has nothing to do on this machine.
IDLE: Variables = {"guest_trust_client_state": "ignored", "guest_python_manage": False}


def provision(account: Account) -> Variables:
    """A fleet from nothing; then what somebody has changed is put right, and other wishes, which are returned, come."""
    rule = {"protocol": "tcp", "ports": "443", "cidr": "192.0.2.0/24"}
    account.use("provision", {"fleet_tags": {"team": "a"}, "network_rules": [{**rule, "description": "HTTPS"}]})
    cmk = account.modules.run("kms_key", alias="disks")["kms_key"]["key_id"]
    changed: Variables = {
        "fleet_count": 3,
        "fleet_tags": {"stage": "test"},
        "fleet_deletion_protection": True,
        "account_trust_actions": [f"yundun-systrust:{name}" for name in TRUST_ACTIONS],
        "fleet_internet_max_bandwidth_out": 5,
        "fleet_system_disk": {"size": 500, "performance_level": "PL2"},
        "fleet_data_disks": [{"category": "cloud_essd", "size": 40, "encrypted": True, "kms_key_id": cmk}],
        "network_ssh_from": ["198.51.100.0/24"],
        "network_rules": [{**rule, "description": "Web"}],
        "network_outbound": "deny",
    }
    first, second = account.ids
    call = account.modules.door().call
    role = {"InstanceIds": json.dumps([second]), "RamRoleName": "alitrust-instance"}
    call("ecs", "DetachInstanceRamRole", role)
    call("ecs", "DetachKeyPair", KeyPairName="web", InstanceIds=json.dumps([second]))
    call("ecs", "ModifyInstanceMetadataOptions", InstanceId=second, HttpEndpoint="enabled", HttpTokens="optional")
    call("ecs", "StopInstance", InstanceId=first)
    account.foresee("provision", changed)
    account.use("provision", changed)
    # Where the fleet is to be reached, its host keys are read; no instance of this account has a host that answers.
    who = account.users.key("provision").options()
    refused = account.modules.run("host_key_info", instance_ids=account.ids, wait_timeout=1, fails=True, **who)
    assert "ClientNotRunning" in refused["msg"]
    return changed


def list_instances(account: Account) -> None:
    """Everywhere, with all that the inventory can tell."""
    account.ansible.environment |= account.users.key(policies.INVENTORY).environment()
    path = account.ansible.folder / "all.alitrust.yml"
    options = {"regions": ["all"], "all_instances": True, "variables": ["all"]}
    asked = {"ram_role": True, "trust": True, "security_center": True}
    path.write_text(yaml.safe_dump({"plugin": "alitrust.ecs.instances", **options, **asked}))
    done = account.ansible.command("ansible-inventory", "-i", str(path), "--list")
    assert "web-001" in done.stdout, done.stderr
    assert account.users.denied(policies.INVENTORY) == set()


def patch(account: Account, arguments: list[str]) -> None:
    """The update is one of the trusted server's records: hosts report afterwards that their kernel is another one."""
    measured = []
    for number, one in enumerate(account.instances):
        # Later than the update, and no later than clocks may differ.
        measured.append(records.report_record(account.modules, one, age=-600))
        measured.append(records.found_record(account.modules, number, one))
    tasks = account.ansible.folder / "update.yml"
    request = {"url": f"{account.cloud.endpoint}/_local/preload", "method": "POST", "body_format": "json"}
    update = {"ansible.builtin.uri": {**request, "body": {"records": measured}}, "run_once": True}
    tasks.write_text(json.dumps([update]))
    options = {"patch_tasks": str(tasks), "patch_reboot": False, "patch_serial": "100%", "patch_expected": ["PCR 9"]}
    soon = {"patch_report_timeout": 2, "patch_poll_seconds": 1, "patch_trust_timeout": 1}
    account.use("patch", {**options, **soon}, arguments=arguments)


def golden_image(account: Account, arguments: list[str]) -> None:
    """Of one host: with a copy that is shared; then the texts of both are others, and there is another one besides."""
    for name in ("image", "snapshot"):
        account.cloud.set(f"ecs.{name}_seconds", 0.05)
    wanted: Variables = {
        "golden_image_hosts": "web-001",
        "golden_image_name": "golden",
        "golden_image_kms_key_id": "alias/disks",
        "golden_image_account_ids": [PARTNER],
        "golden_image_description": "first",
        "assert_trusted_timeout": 1,
    }
    account.foresee("golden_image", wanted, arguments=arguments)
    changed = {"golden_image_description": "second", "golden_image_tags": {"a": "b"}}
    account.modules.run("kms_key", alias="spare")
    other: Variables = {"golden_image_name": "next", "golden_image_kms_key_id": "alias/spare"}
    other["golden_image_account_ids"] = [OTHER]
    last = {**wanted, **changed, "golden_image_tags": {"c": "d"}}
    account.use("golden_image", wanted, {**wanted, **changed}, last, {**wanted, **other}, arguments=arguments)


def give_keys(account: Account, arguments: list[str]) -> None:
    """The right to a key for roles that instances have, and a role for those without; hosts prove it in tests/hosts."""
    account.modules.door().call(
        "ecs", "DetachInstanceRamRole", InstanceIds=json.dumps(account.ids[:1]), RamRoleName="alitrust-instance"
    )
    access = {"kms_access_key": "alias/disks", "kms_access_fleet": "web"}
    account.foresee("kms_access", access, arguments=arguments)
    nobody = {**access, "kms_access_hosts": "localhost:!localhost"}
    less = {**nobody, "kms_access_actions": ["kms:DescribeKey", "kms:Decrypt"]}
    account.use("kms_access", nobody, less, arguments=arguments)


def share(account: Account) -> None:
    """An encrypted image and snapshot: shared with two accounts, with another instead of one, with one, with nobody."""
    key = shareable.key(account.modules)
    image: Variables = {"encrypted_share_image_id": shareable.image(account.modules, key)}
    snapshots: Variables = {"encrypted_share_snapshot_ids": [shareable.snapshot(account.modules, 0, key)]}
    first = {"encrypted_share_account_ids": [PARTNER, THIRD]}
    then = {"encrypted_share_account_ids": [PARTNER, OTHER], "encrypted_share_exact": True}
    then["encrypted_share_replace"] = True
    one = {"encrypted_share_account_ids": [PARTNER]}
    account.foresee("share", {**image, **first}, {**snapshots, **first})
    gone = {"encrypted_share_account_ids": [THIRD]}
    account.use("share", {**image, **first})
    account.use("unshare", {**image, **gone})  # one of two that are recorded together
    account.use("share", *({**what, **who} for what in (image, snapshots) for who in (first, then)))
    account.foresee("unshare", image, snapshots)
    # The role keeps who is no longer in the share, until somebody says that they are to go.
    account.use("unshare", *({**what, **who} for what in (image, snapshots) for who in (one, {})), {**image, **gone})


def test_a_refusal_names_the_right_that_is_missing(account: Account) -> None:
    key = account.users.make("nobody", {"Version": "1", "Statement": [needed.allow(["ecs:Describe*"])]})
    who = {**key.options(), "api_timeout": 1}
    [one] = records.fleet(account.modules, 1)
    role = account.modules.run("instance_ram_role", name="other", fails=True, **who)
    assert role["msg"].endswith("Let an administrator allow ram:GetRole to this RAM user or role.")
    verdict = account.modules.run("trusted_instance_info", fleet="web", trust=True, **who)["instances"][0]["trust"]
    assert "Forbidden.RAM" in verdict["reason"]
    door = account.modules.door(**who)
    with pytest.raises(AccessDenied) as refused:
        door.call("trusted-server", "DescribeInstance", PropertyUuid=one["SerialNumber"])
    assert refused.value.hint == "Let an administrator allow yundun-systrust:DescribeInstance to this RAM user or role."


def test_an_administrator_makes_the_user_of_a_playbook(account: Account) -> None:
    keys = account.ansible.folder / "keys.json"
    variables = json.dumps({"grant_playbook": "kms_access", "grant_access_key_file": str(keys)})
    for changed in (2, 0):
        done = account.ansible.command("ansible-playbook", str(policies.GRANT), "-e", variables)
        assert f"changed={changed} " in done.stdout, done.stdout + done.stderr
    pair = json.loads(keys.read_text())
    assert pair["access_key_secret"] not in done.stdout
    who = {name: pair[name] for name in ("access_key_id", "access_key_secret")}
    assert account.modules.run("trusted_instance_info", **who)["instances"] == []
    (policy,) = account.modules.run("ram_policy_info", names=["alitrust-kms-access"])["ram_policies"]
    assert policy["document"] == policies.load("kms_access")
