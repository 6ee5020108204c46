# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wrapper playbooks of examples/awx as AWX runs them, for real and as check jobs."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import pytest
from awx.awx import MASKED, Awx, Job, config, inject, shows_no_secret
from modules import shareable
from modules import trust_records as records
from modules.harness import Modules

from local_cloud.control import LocalCloud

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops"
PROVISION: dict[str, t.Any] = {
    "fleet_name": "web",
    "fleet_count": 2,
    "fleet_image_name": "aliyun_3_x64_20G_uefi_alibase_*",
    "fleet_public_key": PUBLIC,
    "network_name": "web",
    "network_zone_id": "cn-hangzhou-h",
    "network_ssh_from": "192.0.2.0/24,198.51.100.7/32",
    # The local cloud of this test has no hosts that could answer.
    "fleet_reach": "false",
}


@pytest.fixture
def awx(tmp_path: Path, fresh_cloud: LocalCloud) -> Awx:
    return Awx(tmp_path, fresh_cloud)


def writes(cloud: LocalCloud) -> list[str]:
    return [one for one in cloud.counts() if not re.fullmatch(r"[\w-]+:(Describe|Get|List)\w*", one)]


def good(job: Job) -> Job:
    assert job.status == "successful", job.output
    return job


def test_the_workflow_provisions_configures_proves_trust_and_audits(awx: Awx, fresh_cloud: LocalCloud) -> None:
    assert good(awx.launch("provision", PROVISION, check=True)).changed() > 0
    assert writes(fresh_cloud) == []
    made = good(awx.launch("provision", PROVISION)).artifacts
    instances = sorted(fresh_cloud.resources("instance"), key=lambda one: str(one["InstanceName"]))
    assert made["alitrust_provision"]["fleet"] == "web"
    assert sorted(made["alitrust_provision"]["instance_ids"]) == sorted(one["InstanceId"] for one in instances)
    assert made["alitrust_provision"]["network"]["vpc_id"] == fresh_cloud.resources("vpc")[0]["VpcId"]
    (group,) = fresh_cloud.resources("security_group")
    assert {rule["SourceCidrIp"] for rule in group["Permissions"]} == {"192.0.2.0/24", "198.51.100.7/32"}

    listed = awx.update_inventory()
    assert listed["alitrust_fleet"]["hosts"] == listed["fleet_web"]["hosts"] == ["web-001", "web-002"]
    assert listed["_meta"]["hostvars"]["web-001"]["ansible_ssh_host_key_checking"] is True
    for one in instances:
        records.report(Modules(fresh_cloud), one)

    # The hosts of the fleet are this machine here, on which the role is told to do nothing.
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    idle = {"guest_trust_client_state": "ignored", "guest_python_manage": False, "alitrust_learn_host_keys": False}
    fresh_cloud.forget_requests()
    for check, limit, hosts in ((True, "web-001:localhost", ["web-001"]), (False, None, ["web-001", "web-002"])):
        done = good(awx.launch("configure", {**made, **idle}, check=check, hostvars=here, limit=limit))
        assert done.artifacts == {"alitrust_configure": {"hosts": hosts}}
        proven = good(awx.launch("assert_trusted", {**made, "assert_trusted_timeout": 0}, check=check, limit=limit))
        assert proven.artifacts["alitrust_assert_trusted"]["hosts"] == hosts
        found = good(awx.launch("audit", {**made, "audit_report_file": ""}, check=check)).artifacts["alitrust_audit"]
        assert found["verdicts"]["trusted"] == 2
        assert set(found["not_passed"]) >= {name for name in found["not_passed"] if found["findings"]}
    assert writes(fresh_cloud) == []

    records.report(Modules(fresh_cloud), instances[1], system=2)
    stopped = awx.launch("assert_trusted", {"assert_trusted_timeout": 0})
    assert stopped.status == "failed"
    assert "web-002 is untrusted" in stopped.output
    assert "alitrust_assert_trusted" not in stopped.artifacts

    protect = {"protect_fleet": "web", "alitrust_region": ""}
    unprotected = awx.launch("assert_secure", {})
    assert unprotected.status == "failed"
    assert "alitrust_assert_secure" not in unprotected.artifacts
    fresh_cloud.forget_requests()
    assert good(awx.launch("protect", protect, check=True)).changed() > 0
    assert writes(fresh_cloud) == []
    handed_on = good(awx.launch("protect", protect)).artifacts["alitrust_protect"]
    assert handed_on == {"fleet": "web", "thresholds": "automatic"}
    assert good(awx.launch("protect", protect)).changed() == 0
    secure = good(awx.launch("assert_secure", {}, limit="web-001:localhost")).artifacts["alitrust_assert_secure"]
    assert secure == {"hosts": ["web-001"], "fleet": ""}

    image = {"golden_image_name": "golden", "alitrust_learn_host_keys": False}
    many = awx.launch("golden_image", image, hostvars=here)
    assert many.status == "failed"
    assert "these are 2" in many.output
    one = {"hostvars": here, "limit": "web-001:localhost"}
    assert good(awx.launch("golden_image", image, check=True, **one)).changed("web-001") == 1
    made_of = [good(awx.launch("golden_image", image, **one)) for _time in range(2)]
    (custom,) = Modules(fresh_cloud).run("image_info", names=["golden"])["images"]
    handed = [job.artifacts["alitrust_golden_image"] for job in made_of]
    assert handed == [{"name": "golden", "image_id": custom["image_id"]}] * 2
    assert [job.changed("web-001") for job in made_of] == [1, 0]

    gone = {"fleet_name": "web", "network_name": "web"}
    fresh_cloud.forget_requests()
    assert good(awx.launch("teardown", gone, check=True)).changed() > 0
    assert writes(fresh_cloud) == []
    assert good(awx.launch("teardown", gone)).artifacts == {"alitrust_teardown": {"fleet": "web"}}
    assert fresh_cloud.resources("instance") == []
    shows_no_secret(awx)


def test_surveys_share_an_image_and_share_it_no_more(awx: Awx, fresh_cloud: LocalCloud) -> None:
    modules = Modules(fresh_cloud)
    image = shareable.image(modules, shareable.key(modules))
    others = "2345678901234567,3456789012345678"
    share = {"encrypted_share_image_id": image, "encrypted_share_account_ids": others}
    fresh_cloud.forget_requests()
    good(awx.launch("share", share, check=True))
    assert writes(fresh_cloud) == []
    assert good(awx.launch("share", share)).artifacts["alitrust_share"]["account_ids"] == others
    (found,) = modules.run("encrypted_share_info")["encrypted_shares"]
    assert found["account_ids"] == others.split(",")
    assert good(awx.launch("share", share)).changed() == 0

    unshare = {"encrypted_share_image_id": image, "encrypted_share_account_ids": "2345678901234567"}
    fresh_cloud.forget_requests()
    assert good(awx.launch("unshare", unshare, check=True)).changed() > 0
    assert writes(fresh_cloud) == []
    handed_on = good(awx.launch("unshare", unshare)).artifacts["alitrust_unshare"]
    assert (handed_on["image_id"], handed_on["snapshot_ids"]) == (image, "")
    (found,) = modules.run("encrypted_share_info")["encrypted_shares"]
    assert found["account_ids"] == ["3456789012345678"]
    shows_no_secret(awx)


def test_a_rotation_takes_the_new_key_from_its_credential(awx: Awx, fresh_cloud: LocalCloud) -> None:
    """Without hosts it gets as far as the first login, which is refused; tests/hosts has the rest."""
    modules = Modules(fresh_cloud)
    records.fleet(modules, 1)
    modules.run("keypair", name="made", private_key_file=str(awx.folder / "made.pem"))
    secret = (awx.folder / "made.pem").read_text()
    awx.update_inventory()
    nowhere = {"ansible_host": "127.0.0.1", "ansible_port": 1, "alitrust_learn_host_keys": False}
    new_key = [("Alitrust new SSH key", {"private_key": secret})]
    answers = {"rotate_keys_name": "new", "rotate_keys_old_names": "old,older"}
    for check in (True, False):
        fresh_cloud.forget_requests()
        job = awx.launch("rotate_keys", answers, check=check, credentials=new_key, hostvars=nowhere)
        assert job.status == "failed"
        assert "No login was possible" in job.output
        assert "(item=older)" in job.output
        assert writes(fresh_cloud) == ([] if check else ["ecs:ImportKeyPair"])
    # The lines before have the modulus, which is the public key's too.
    shows_no_secret(awx, *secret.splitlines()[8:-1])


def test_a_credential_with_blank_fields_gives_blank_variables(tmp_path: Path) -> None:
    inputs = {"access_key_id": "LTAI", "access_key_secret": "canary", "region": ""}
    environment = inject("Alibaba Cloud", inputs, tmp_path).environment
    assert environment == {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "canary",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "",
        "ALIBABA_CLOUD_REGION": "",
        "ALIBABA_CLOUD_ENDPOINT_URL": "",
        "ALIBABA_CLOUD_HTTP_PROXY": "",
        "ALIBABA_CLOUD_HTTPS_PROXY": "",
        "ALIBABA_CLOUD_NO_PROXY": "",
        "ALIBABA_CLOUD_CA_BUNDLE": "",
    }


def test_an_inventory_update_needs_nothing_but_the_environment() -> None:
    (cloud, _new_key) = config("credentials")["controller_credential_types"]
    assert set(cloud["injectors"]) == {"env"}
    assert not [name for name in cloud["injectors"]["env"] if name.startswith("ANSIBLE_")]
    secrets = {field["id"] for field in cloud["inputs"]["fields"] if field.get("secret")}
    for name, template in cloud["injectors"]["env"].items():
        if secrets & set(re.findall(r"\w+", template)):
            # Passwords in addresses are masked by their form.
            assert MASKED.search(name) or name.endswith("_PROXY"), "AWX would keep it with the job"
