# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on real hosts: from an empty account to a trusted fleet one can ssh into, and back to nothing."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

from hosts.fleet import NAMES, Run, Site


def assert_unchanged(run: Run) -> None:
    assert run.succeeded, run.output
    assert {host: run.changed(host) for host in ("localhost", *NAMES)} == dict.fromkeys(("localhost", *NAMES), 0)


def await_reports(site: Site, seconds: float) -> list[dict[str, t.Any]]:
    deadline = time.monotonic() + seconds
    while True:
        reported = [one for one in site.cloud.resources("trusted_property") if one["GmtRecentReport"]]
        if len(reported) == len(NAMES) or time.monotonic() > deadline:
            return reported
        time.sleep(0.2)


def test_the_first_run_creates_and_configures_the_fleet(site: Site) -> None:
    assert site.first_run.changed("localhost") >= 6  # KMS, role, VPC, group, rules, key pair, instances, known hosts
    for name in NAMES:
        assert site.first_run.changed(name) > 0
        assert site.output(name, "systemctl is-enabled t-trustclient; systemctl is-active t-trustclient") == (
            "enabled\nactive"
        )
    assert site.key.stat().st_mode & 0o777 == 0o600


def test_instances_give_metadata_with_a_token_only(site: Site) -> None:
    ask = "python3 -c 'import urllib.request as r; r.urlopen(\"http://100.100.100.200/latest/meta-data/region-id\")'"
    assert "HTTP Error 403" in site.ssh("web-001", ask).stderr


def test_the_trust_client_of_each_instance_reports(site: Site) -> None:
    reported = await_reports(site, 30)
    assert {one["InstanceId"] for one in reported} == {site.instance(name)["InstanceId"] for name in NAMES}


def test_a_second_run_changes_nothing(site: Site) -> None:
    assert_unchanged(site.playbook("site"))


def test_check_mode_finds_nothing_to_do(site: Site) -> None:
    assert_unchanged(site.playbook("site", "--check", "--diff"))


def test_configure_runs_alone_with_the_inventory_plugin(site: Site) -> None:
    run = site.playbook("configure", "-i", site.inventory)
    assert run.succeeded, run.output
    assert {name: run.changed(name) for name in NAMES} == dict.fromkeys(NAMES, 0)


def test_a_host_with_another_key_than_the_learnt_one_is_refused(site: Site, tmp_path: Path) -> None:
    lines = [line for line in site.known_hosts.read_text().splitlines() if not line.startswith("#")]
    others = [line.partition(" ")[2] for line in lines if line.startswith(f"{site.address('web-002')} ")]
    assert others
    forged = tmp_path / "known_hosts"
    forged.write_text("".join(f"{site.address('web-001')} {key}\n" for key in others))
    done = site.ssh("web-001", "true", known_hosts=forged)
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def test_an_address_that_was_used_before_gets_the_new_host_keys_only(site: Site) -> None:
    """As after an earlier fleet of another name, whose lines nobody removed."""
    key = next(line for line in site.known_hosts.read_text().splitlines() if line.startswith(site.address("web-001")))
    stale = (
        f"{site.address('web-001')} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9cu7QEXn9OIeZJAA"
    )
    other = "192.0.2.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9cu7QEXn9OIeZJAA"
    with site.known_hosts.open("a") as file:
        file.write(f"{other}\n{stale}\n")
    assert site.playbook("provision").changed("localhost") == 1
    text = site.known_hosts.read_text()
    assert stale not in text
    assert other in text
    assert key in text
    assert site.output("web-001", "true") == ""


def test_known_hosts_that_others_may_read_or_that_lack_a_key_are_put_in_order(site: Site) -> None:
    whole = site.known_hosts.read_text()
    site.known_hosts.chmod(0o644)
    assert site.playbook("provision", "--check").changed("localhost") == 1
    assert site.playbook("provision").changed("localhost") == 1
    assert site.known_hosts.stat().st_mode & 0o777 == 0o600
    lacking = next(line for line in whole.splitlines() if line.startswith(site.address("web-002")))
    site.known_hosts.write_text(whole.replace(f"{lacking}\n", ""))
    assert site.playbook("provision").changed("localhost") == 1
    assert site.known_hosts.read_text() == whole


def test_teardown_leaves_nothing_and_the_fleet_can_be_made_again(site: Site) -> None:
    site.known_hosts.write_text("192.0.2.1 ssh-ed25519 AAAAnobody\n" + site.known_hosts.read_text())
    foretold = site.playbook("teardown", "--check")
    assert foretold.succeeded, foretold.output
    assert site.output("web-001", "true") == ""

    torn = site.playbook("teardown")
    assert torn.succeeded, torn.output
    assert torn.changed("localhost") == foretold.changed("localhost") > 0
    assert site.kinds() == set()
    custom = {one["PolicyName"] for one in site.cloud.resources("policy") if one["PolicyType"] == "Custom"}
    assert {name for name in custom if not name.startswith("runs-")} == set()
    assert not site.key.exists()
    assert "fleet web" not in site.known_hosts.read_text()
    assert "AAAAnobody" in site.known_hosts.read_text()

    again = site.playbook("teardown")
    assert again.succeeded, again.output
    assert again.changed("localhost") == 0

    remade = site.playbook("provision")
    assert remade.succeeded, remade.output
    # Tokens of creations that were deleted since must not be waited for.
    assert remade.seconds < max(60.0, 3 * site.first_run.seconds)
    assert all(site.output(name, "true") == "" for name in NAMES)
