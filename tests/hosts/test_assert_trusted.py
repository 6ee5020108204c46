# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens on real hosts when somebody tampers with them, and when somebody updates them.

Each host is tampered with in its own way, so that one run shows several: the verdict changes, the playbook
assert_trusted stops with the reason, and passes again after repair and, where the baseline is concerned, acceptance.
"""

from __future__ import annotations

import base64
import json
import time
import typing as t
from hashlib import sha256
from pathlib import Path

import pytest
from hosts.fleet import NAMES, Run, Site
from modules.harness import Modules

from local_cloud.hosts import checks
from local_cloud.trust_client.deb import build_deb
from local_cloud.trust_client.packaged import PackagedFile

if reason := checks.why_not() or checks.why_no_tpm():
    pytest.skip(f"no hosts with a TPM on this machine: {reason}", allow_module_level=True)

CONFIGURATION = "/etc/ali_trust_net.conf"
AGENT = "/usr/local/bin/trust-agent"
SERVER = "trusted-server-vpc.cn-hangzhou.aliyuncs.com"
INTERVAL = 2
#: from when an agent that was told to report every INTERVAL counts as silent, in seconds
SILENT = 12
#: how long a busy machine may take beyond the interval, in seconds
PATIENCE = 30
FAST: dict[str, t.Any] = {
    "assert_trusted_fresh_seconds": SILENT,
    "assert_trusted_timeout": PATIENCE,
    "patch_serial": "100%",
    "patch_report_timeout": PATIENCE,
    "patch_trust_timeout": PATIENCE,
    "patch_poll_seconds": 1,
}


@pytest.fixture(scope="module")
def fleet(site: Site) -> t.Iterator[Site]:
    """The fleet, reporting often."""
    _configure(site, first=1, interval=INTERVAL, silent=SILENT)
    yield site
    _configure(site, first=300, interval=1800, silent=0)


def _configure(site: Site, *, first: int, interval: int, silent: int) -> None:
    site.cloud.set("trusted_server.silent_seconds", silent)
    values = {"first_report_seconds": first, "report_interval_seconds": interval}
    edits = " ".join(f"-e 's/^{name} =.*/{name} = {value}/'" for name, value in values.items())
    for name in NAMES:
        site.output(name, f"sed -i {edits} {CONFIGURATION} && systemctl restart t-trustclient")


@pytest.fixture
def modules(fleet: Site) -> Modules:
    return Modules(fleet.cloud)


def verdicts(modules: Modules) -> dict[str, str]:
    found = modules.run("trusted_instance_info", fleet="web", trust=True, trust_fresh_seconds=SILENT)["instances"]
    return {one["name"]: one["trust"]["verdict"] for one in found}


def await_verdicts(modules: Modules, **wanted: str) -> None:
    """Wait until the hosts have these verdicts, one, two and three for the names."""
    expected = dict(zip(NAMES, wanted.values(), strict=True))
    deadline = time.monotonic() + SILENT + PATIENCE
    while (seen := verdicts(modules)) != expected:
        assert time.monotonic() < deadline, (seen, expected)
        time.sleep(0.5)


def prove(site: Site, **more: t.Any) -> Run:
    return site.playbook("assert_trusted", "-i", site.inventory, **{**FAST, **more})


def assert_stops(site: Site, reasons: dict[str, str]) -> None:
    # The policy of assert_trusted is for a run without this probe, which may run commands in instances.
    run = prove(site, assert_trusted_timeout=0, assert_trusted_probe=True, by_owner=True)
    assert not run.succeeded
    for name, reason in reasons.items():
        assert reason in run.failure(name), run.failure(name)


def assert_passes(site: Site) -> None:
    run = prove(site)
    assert run.succeeded, run.output


def reboot(site: Site, *names: str) -> None:
    ids = [site.instance(name)["InstanceId"] for name in names]
    Modules(site.cloud).run("trusted_instance", instance_ids=ids, state="restarted", wait_for_ssh=True)


def await_reports(site: Site, name: str) -> None:
    """Wait until a host has reported what it is now: its next report may have been on the way already."""
    serial = site.instance(name)["SerialNumber"]
    reports: set[int] = set()
    deadline = time.monotonic() + SILENT + PATIENCE
    while len(reports) < 3:
        assert time.monotonic() < deadline, reports
        known = [one for one in site.cloud.resources("trusted_property") if one["PropertyUuid"] == serial]
        reports |= {one["GmtRecentReport"] for one in known}
        time.sleep(0.2)


def handle(modules: Modules, state: str, **more: t.Any) -> list[str]:
    result = modules.run("trust_event", state=state, fleet="web", **more)
    return [f"{one['property_name']} {one['suspect']}" for one in result["findings"]]


def test_an_untouched_fleet_is_trusted(fleet: Site) -> None:
    assert_passes(fleet)


def test_tampering_with_what_is_measured_or_with_the_agent(fleet: Site, modules: Modules) -> None:
    extend = "import sys; sys.path.insert(0, '/usr/local/lib/t-trustclient'); import tpm2\n"
    extend += "with tpm2.Connection('swtpm:path=/run/local-cloud/tpm/tpm') as tpm: tpm.extend(4, bytes(32))"
    fleet.output("web-001", f"python3 - <<'END'\n{extend}\nEND")
    fleet.output(
        "web-002", f"cp -p {AGENT} /root/agent && echo '# changed' >> {AGENT} && systemctl restart t-trustclient"
    )
    fleet.output("web-003", "systemctl stop t-trustclient")
    await_verdicts(modules, one="untrusted", two="untrusted", three="unmeasured")
    assert_stops(
        fleet,
        {
            "web-001": "PCR 4",
            "web-002": AGENT,
            "web-003": "the unit t-trustclient.service does not run",
        },
    )
    health = fleet.playbook(_health_book(fleet), "-i", fleet.inventory, "--limit", "web-003")
    assert "the unit t-trustclient.service does not run; there is no process trust-agent" in health.failure("web-003")

    fleet.output("web-002", f"cp -p /root/agent {AGENT} && systemctl restart t-trustclient")
    fleet.output("web-003", "systemctl start t-trustclient")
    reboot(fleet, "web-001")  # what was extended goes with the boot; it can be neither undone nor accepted
    await_reports(fleet, "web-002")  # accepted before that, the other agent would be the one that has to be there
    assert handle(modules, "ignored", expected=["PCR 4"], unexpected="leave") == ["web-001 PCR 4"]
    assert handle(modules, "accepted", expected=[AGENT]) == [f"web-002 {AGENT}"]
    assert_passes(fleet)
    assert fleet.playbook(_health_book(fleet), "-i", fleet.inventory).succeeded


def golden_image(site: Site, name: str, tasks: list[dict[str, t.Any]], *arguments: str, **more: t.Any) -> Run:
    """Make an image of a host that these tasks configure."""
    file = site.folder / f"{name}.yml"
    file.write_text(json.dumps(tasks))
    wanted = {**FAST, "golden_image_trust_timeout": PATIENCE, "golden_image_tasks": str(file)}
    wanted["golden_image_name"] = name
    return site.playbook("golden_image", "-i", site.inventory, *arguments, **{**wanted, **more})


def test_an_image_of_a_trusted_host_is_made_copied_and_shared(fleet: Site, modules: Modules) -> None:
    modules.run("kms_service")
    key = modules.run("kms_key", alias="golden")["kms_key"]["key_id"]
    mark = [{"name": "Mark it", "ansible.builtin.copy": {"dest": "/etc/golden", "content": "release 4\n"}}]
    wanted = {"golden_image_hosts": "web-001", "golden_image_kms_key_id": "alias/golden"}
    wanted["golden_image_account_ids"] = "1111222233334444"
    check = golden_image(fleet, "golden", mark, "--check", **wanted)
    assert check.succeeded, check.output
    assert modules.run("image_info")["images"] == []

    made = golden_image(fleet, "golden", mark, **wanted)
    assert made.succeeded, made.output
    assert fleet.output("web-001", "cat /etc/golden") == "release 4"
    images = {one["name"]: one for one in modules.run("image_info")["images"]}
    assert set(images) == {"golden", "golden-encrypted"}
    copy = images["golden-encrypted"]
    assert (copy["status"], copy["encrypted"], copy["kms_key_ids"]) == ("Available", True, [key])
    (share,) = modules.run("encrypted_share_info", image_ids=[copy["image_id"]])["encrypted_shares"]
    assert share["account_ids"] == ["1111222233334444"]

    again = golden_image(fleet, "golden", mark, **wanted)
    assert again.changed("web-001") == 0, again.output

    undone = fleet.playbook("unshare", encrypted_share_image_id=copy["image_id"])
    assert undone.succeeded, undone.output
    for name in images:
        gone = modules.run("image", name=name, state="absent")
        for snapshot_id in gone["snapshot_ids"]:
            modules.run("snapshot", snapshot_id=snapshot_id, state="absent", adopt=True)
    modules.run("kms_share_role", purpose="disk_encrypt", state="absent")


def test_no_image_is_made_of_a_host_that_its_tasks_have_spoilt(fleet: Site, modules: Modules) -> None:
    spoil = [{"ansible.builtin.shell": f"cp -p {AGENT} /root/agent && echo '# changed' >> {AGENT}"}]
    refused = golden_image(fleet, "evil", spoil, golden_image_hosts="web-002", golden_image_trust_timeout=INTERVAL)
    assert AGENT in refused.failure("web-002") or "not trusted" in refused.failure("web-002")
    assert modules.run("image_info", names=["evil"])["images"] == []
    fleet.output("web-002", f"cp -p /root/agent {AGENT} && systemctl restart t-trustclient")
    await_reports(fleet, "web-002")
    handle(modules, "accepted", expected=[AGENT])
    assert_passes(fleet)


def test_an_image_is_of_one_host(fleet: Site) -> None:
    refused = golden_image(fleet, "all", [])
    assert "run it on one host, which the image is made of; these are 3" in refused.failure("web-001")


def _health_book(site: Site) -> Path:
    book = site.folder / "health.yml"
    role = {"ansible.builtin.include_role": {"name": "alitrust.ecs.guest", "tasks_from": "health"}}
    book.write_text(json.dumps([{"hosts": "alitrust_fleet", "gather_facts": False, "tasks": [role]}]))
    return book


def test_tampering_with_the_boot_the_role_or_the_way_to_the_server(fleet: Site, modules: Modules) -> None:
    door = modules.door()
    instance = json.dumps([fleet.instance("web-002")["InstanceId"]])
    role = fleet.instance("web-002")["_RamRoleName"]
    kernel = "/boot/local-cloud/vmlinuz"
    fleet.output("web-001", f"cp {kernel} /root/vmlinuz && echo other > {kernel}")
    door.call("ecs", "DetachInstanceRamRole", InstanceIds=instance, RamRoleName=role)
    address = fleet.output("web-003", f"getent hosts {SERVER} | cut -d' ' -f1")
    fleet.output("web-003", f"ip route add unreachable {address}/32")
    reboot(fleet, "web-001")
    await_verdicts(modules, one="untrusted", two="unmeasured", three="unmeasured")
    assert_stops(
        fleet,
        {
            "web-001": "PCR 9",
            "web-002": "no RAM role is attached",
            "web-003": f"{SERVER} does not answer the instance at port 443",
        },
    )

    door.call("ecs", "AttachInstanceRamRole", InstanceIds=instance, RamRoleName=role)
    fleet.output("web-003", f"ip route del unreachable {address}/32")
    for name in ("web-002", "web-003"):
        fleet.output(name, "systemctl restart t-trustclient")  # rather than wait for its next try
    assert handle(modules, "accepted") == [f"web-001 PCR 9: {kernel}"]
    assert_passes(fleet)


def test_a_fleet_is_updated_and_only_what_the_update_explains_is_accepted(fleet: Site, modules: Modules) -> None:
    tasks = fleet.folder / "kernel.yml"
    copy = {"dest": "/boot/local-cloud/vmlinuz", "content": "Linux 7.0\n"}
    tasks.write_text(json.dumps([{"name": "Install a kernel", "ansible.builtin.copy": copy}]))
    run = fleet.playbook("patch", "-i", fleet.inventory, patch_tasks=str(tasks), **FAST)
    assert run.succeeded, run.output
    accepted = modules.run("trust_event_info", fleet="web", states=["accepted"])["findings"]
    assert {one["property_name"] for one in accepted if one["suspect"].startswith("PCR 9")} == set(NAMES)

    loader = {"dest": "/boot/local-cloud/loader.efi", "content": "evil\n"}
    surprise = {"ansible.builtin.copy": loader, "when": "inventory_hostname == 'web-002'"}
    tasks.write_text(json.dumps([{"ansible.builtin.copy": {**copy, "content": "Linux 8.0\n"}}, surprise]))
    fleet.output("web-002", "cp /boot/local-cloud/loader.efi /root/loader.efi")
    run = fleet.playbook("patch", "-i", fleet.inventory, patch_tasks=str(tasks), **FAST)
    assert not run.succeeded
    assert "not expected: PCR 4: /boot/local-cloud/loader.efi on web-002. Nothing was handled." in run.failure(
        "web-002"
    )
    left = modules.run("trust_event_info", fleet="web", states=["open"])["findings"]
    assert len(left) == 4, "nothing was accepted on any host of the batch"

    fleet.output("web-002", "cp /root/loader.efi /boot/local-cloud/loader.efi")
    reboot(fleet, "web-002")
    handle(modules, "ignored", expected=["PCR 4"], unexpected="leave")
    handle(modules, "accepted", expected=["PCR 9"])
    assert_passes(fleet)


def test_all_packages_of_a_host_are_upgraded_without_losing_trust(fleet: Site, modules: Modules) -> None:
    fields = {"Package": "demo-kernel", "Architecture": "all", "Maintainer": "nobody <nobody@example.com>"}
    fields["Description"] = "a kernel of the local cloud"
    readme = PackagedFile("/usr/share/demo-kernel/readme", b"demo\n")
    kernel = PackagedFile("/boot/local-cloud/vmlinuz", b"Linux 9.0\n")
    old = build_deb({**fields, "Version": "8.0"}, [readme])
    newer = build_deb({**fields, "Version": "9.0"}, [readme, kernel])
    index = {**fields, "Version": "9.0", "Filename": "./new.deb", "SHA256": sha256(newer).hexdigest()}
    index["Size"] = str(len(newer))
    files = {"old.deb": old, "new.deb": newer, "Packages": "".join(f"{k}: {v}\n" for k, v in index.items()).encode()}
    put = [f"echo {base64.b64encode(content).decode()} | base64 -d > /srv/{name}" for name, content in files.items()]
    source = "echo 'deb [trusted=yes] file:/srv ./' > /etc/apt/sources.list.d/demo.list"
    fleet.output("web-003", "; ".join(["set -e", *put, source, "dpkg -i /srv/old.deb"]))
    before = modules.run("trust_event_info", fleet="web", states=["accepted"])["event_ids"]

    run = fleet.playbook("patch", "-i", fleet.inventory, patch_hosts="web-003", **FAST)
    assert run.succeeded, run.output
    assert fleet.output("web-003", "dpkg-query -W -f '${Version}' demo-kernel") == "9.0"
    after = modules.run("trust_event_info", fleet="web", states=["accepted"])["findings"]
    new = [f"{one['property_name']} {one['suspect']}" for one in after if one["event_id"] not in before]
    assert new == ["web-003 PCR 9: /boot/local-cloud/vmlinuz"]
