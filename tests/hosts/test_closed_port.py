# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet that no security group lets anybody into: made, configured, rotated, taken down by Session Manager."""

from __future__ import annotations

import os
import socket
import tempfile
import typing as t
from pathlib import Path

import pytest
import yaml
from hosts.fleet import NAMES, Site
from modules.harness import Modules

from ansible_collections.alitrust.ecs.plugins.module_utils._assistant import commands, files
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from local_cloud.control import LocalCloud
from local_cloud.hosts import checks


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Site]:
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    folder = tmp_path_factory.mktemp("site")
    # The pace of a session is another test's.
    settings = {"trust_client__first_report_seconds": 1, "ecs__session_speed": 4_000_000}
    with LocalCloud.start(folder / "cloud", hosts="on", **settings) as cloud:
        site = Site(folder, cloud)
        site.variables |= {
            "fleet_ssh_address": "session",
            "network_ssh_from": [],
            # The fleet of other tests may be up in this process.
            "network_cidr_block": "172.22.0.0/16",
            "network_vswitch_cidr_block": f"172.22.{os.getpid() % 256}.0/24",
        }
        yield site


def refused(site: Site, name: str) -> bool:
    """Whether nothing answers at port 22 of an instance: a security group drops packets without a word."""
    try:
        socket.create_connection((site.address(name), 22), timeout=2).close()
    except TimeoutError:
        return True
    return False


def test_site_makes_it_and_changes_nothing_then(site: Site) -> None:
    first = site.playbook("site", by_owner=True)
    assert first.succeeded, first.output
    assert "trusted=3" in first.output or first.output.count("trusted") >= 3, first.output
    second = site.playbook("site", by_owner=True)
    assert second.succeeded, second.output
    assert not [name for name in ("localhost", *NAMES) if second.changed(name)], second.output


def test_nobody_is_let_in(site: Site) -> None:
    door = Modules(site.cloud).door()
    [group] = site.cloud.resources("security_group")
    about = {"SecurityGroupId": group["SecurityGroupId"], "Direction": "ingress"}
    assert door.call("ecs", "DescribeSecurityGroupAttribute", about)["Permissions"]["Permission"] == []
    assert all(refused(site, name) for name in NAMES)


def test_the_known_hosts_are_instances(site: Site) -> None:
    """Addresses do not matter, so nothing has to be learnt anew when one changes."""
    ids = {line.split()[0] for line in site.known_hosts.read_text().splitlines() if not line.startswith("#")}
    assert ids == {site.instance(name)["InstanceId"] for name in NAMES}


def inventory(site: Site, **compose: str) -> Path:
    """The fleet as an inventory that reaches it by sessions."""
    given = {
        "ansible_user": "'root'",
        "ansible_ssh_common_args": f"'-o UserKnownHostsFile={site.known_hosts}'",
        **compose,
    }
    path = site.folder / "sessions.alitrust.yml"
    path.write_text(
        yaml.safe_dump(
            {"plugin": "alitrust.ecs.instances", "fleets": ["web"], "addresses": ["session"], "compose": given}
        )
    )
    return path


def rotate(site: Site, hosts: Path, *outcomes: str, **variables: str) -> None:
    """Run the playbook once for each outcome that is expected."""
    for outcome in outcomes:
        run = site.playbook("rotate_keys", "-i", hosts, by_owner=True, rotate_keys_serial="100%", **variables)
        assert run.succeeded, run.output
        assert all(f"{name}: {outcome}" in run.output for name in NAMES), run.output


def test_keys_are_rotated_through_sessions(site: Site) -> None:
    new = site.folder / "new.pem"
    rotate(
        site,
        inventory(site, ansible_ssh_private_key_file=f"'{site.key}'"),
        "rotated",
        rotate_keys_name="new",
        rotate_keys_private_key_file=str(new),
    )
    assert {site.instance(name)["KeyPairName"] for name in NAMES} == {"new"}
    login = "ansible_ssh_private_key_file={}"
    ping = ("ansible", "alitrust_fleet", "-m", "ansible.builtin.raw", "-a", "true", "-i", inventory(site), "-e")
    assert site.ansible.command(*ping, login.format(new)).returncode == 0
    refused = site.ansible.command(*ping, login.format(site.key))
    assert all(f"{name} | UNREACHABLE" in refused.stdout for name in NAMES), refused.stdout
    assert "Permission denied (publickey)" in refused.stdout


def test_keys_are_rotated_into_a_secret(site: Site) -> None:
    """No file has the private key then."""
    site.ansible.environment |= {"ANSIBLE_SSH_AGENT": "auto", "ANSIBLE_LOCAL_TEMP": tempfile.mkdtemp(prefix="a-")}
    file = f"'{site.folder / 'new.pem'}'"
    rotate(
        site,
        inventory(site, ansible_ssh_private_key_file=file),
        "rotated",
        "nothing to do",
        rotate_keys_name="kept",
        rotate_keys_private_key_secret="ssh/kept",
    )
    assert {site.instance(name)["KeyPairName"] for name in NAMES} == {"kept"}
    stored = Modules(site.cloud).door().call("kms", "GetSecretValue", SecretName="ssh/kept")["SecretData"]
    assert "PRIVATE KEY" in stored
    inner = stored.splitlines()[2]
    assert not [path for path in site.folder.rglob("*") if path.is_file() and inner.encode() in path.read_bytes()]
    refused = site.ansible.command(
        *("ansible", "alitrust_fleet", "-m", "ansible.builtin.raw", "-a", "true"),
        *("-i", inventory(site, ansible_ssh_private_key_file=file)),
    )
    assert all(f"{name} | UNREACHABLE" in refused.stdout for name in NAMES), refused.stdout
    assert "Permission denied (publickey)" in refused.stdout


def test_cloud_assistant_sends_a_file(site: Site) -> None:
    door = Modules(site.cloud).door()
    ids = [site.instance(name)["InstanceId"] for name in NAMES[:2]]
    for text in (b"first\n", b"second\n"):  # over what is there
        sent = files.send(door, ids, "/root/note", text, mode="0640")
        assert [one["InvocationStatus"] for one in sent] == ["Success", "Success"]
    seen = commands.run_shell(door, ids, "stat -c '%a %U' /root/note && cat /root/note", "look", 60)
    assert {commands.output(one) for one in seen} == {"640 root\nsecond\n"}
    with pytest.raises(InvalidInput, match="32768 bytes in Base64"):
        files.send(door, ids, "/root/note", b"x" * 25_000)


def test_no_session_is_left(site: Site) -> None:
    found = [one["Connections"][0]["Status"] for one in site.cloud.resources("terminal_session")]
    assert found
    assert {"Disconnected"} == set(found)


def test_teardown_takes_it_away(site: Site) -> None:
    run = site.playbook("teardown", by_owner=True)
    assert run.succeeded, run.output
    assert site.cloud.resources("instance") == []
