# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance that installs the trust client by itself, at its first boot."""

from __future__ import annotations

import pytest
from hosts.fleet import Site
from modules.harness import Modules

from local_cloud.hosts import checks

if reason := checks.why_not() or checks.why_no_tpm():
    pytest.skip(f"no hosts with a TPM on this machine: {reason}", allow_module_level=True)


def test_an_instance_becomes_trusted_by_its_user_data_alone(site: Site) -> None:
    modules = Modules(site.cloud)
    like = site.instance("web-001")
    made = modules.run(
        "trusted_instance",
        name="alone",
        instance_type=like["InstanceType"],
        image_id=like["ImageId"],
        vswitch_id=like["VSwitchId"],
        security_group_ids=like["SecurityGroupIds"],
        ram_role_name=like["_RamRoleName"],
        key_name="web",
        http_tokens="required",
        user_data_trust_client=True,
        wait_for_trusted=True,
        trust_timeout=180,
    )
    try:
        assert made["instances"][0]["trust"]["verdict"] == "trusted"
    finally:
        modules.run("trusted_instance", name="alone", state="absent", force=True)
