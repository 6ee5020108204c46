# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust in a virtual machine: UEFI firmware measures the boot into a TPM device, Linux IMA every program that runs.

Not in the default run: ``dev/test qemu``. The tests are one story and run in this order, on one machine.
"""

from __future__ import annotations

import sys
import time
import typing as t

import pytest
from hosts.fleet import Run, Site
from modules.harness import Modules

from local_cloud.control import LocalCloud
from local_cloud.hosts import HostError, checks, vm, vm_image

if reason := checks.why_not() or checks.why_no_machines():
    pytest.skip(f"no virtual machines on this machine: {reason}", allow_module_level=True)

NAME = "web-001"
AGENT = "/usr/local/bin/trust-agent"
CONFIGURATION = "/etc/ali_trust_net.conf"
GRUB = "/boot/grub/grub.cfg"
INTERVAL, SILENT = 20, 300
#: software emulation on a busy machine
PATIENCE = 900
SCRIPT = (
    "http://trustclient-cn-hangzhou.oss-cn-hangzhou-internal.aliyuncs.com/download/linux/script/TrustAgentInstall.sh"
)
FETCH = "python3 -c 'import sys, urllib.request as u; u.urlretrieve(*sys.argv[1:])'"
INSTALL = f"{FETCH} {SCRIPT} /root/install.sh && sh /root/install.sh"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Site]:
    """A fleet of one instance, made by the playbook provision like any other."""
    try:
        say(f"image: {vm_image.image()}")
    except HostError as error:
        pytest.skip(str(error))
    say(f"accelerator: {vm.accelerator()}")
    folder = tmp_path_factory.mktemp("machine")
    settings: dict[str, t.Any] = {
        "hosts__kind": "qemu",
        "trust_client__first_report_seconds": 1,
        "trust_client__report_interval_seconds": INTERVAL,
    }
    with LocalCloud.start(folder / "cloud", hosts="on", **settings) as cloud:
        cloud.set("trusted_server.silent_seconds", SILENT)
        site = Site(folder, cloud)
        site.ansible.timeout = 2 * PATIENCE
        # The published script asks for metadata without a token.
        site.variables |= {"fleet_count": 1, "fleet_wait_timeout": PATIENCE, "fleet_http_tokens": "optional"}
        run = site.playbook("provision")
        assert run.succeeded, run.output
        say(f"playbook provision: {run.seconds:.0f} s")
        site.output(NAME, INSTALL)  # the role guest does it too, but modules of Ansible are slow in emulation
        say("trust client installed")
        yield site


@pytest.fixture
def modules(machine: Site) -> Modules:
    return Modules(machine.cloud)


def say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def prove(site: Site, timeout: int = PATIENCE) -> Run:
    settings: dict[str, t.Any] = {"assert_trusted_timeout": timeout, "assert_trusted_fresh_seconds": SILENT}
    run = site.playbook("assert_trusted", "-i", site.inventory, **settings)
    say(f"playbook assert_trusted: {'passes' if run.succeeded else 'stops'}, {run.seconds:.0f} s")
    return run


def await_findings(modules: Modules, *suspects: str) -> None:
    """Wait until each of these is part of an open finding, and assert_trusted would stop."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = modules.run("trust_event_info", fleet="web", states=["open"])["findings"]
        seen = [one["suspect"] for one in found]
        if all(any(suspect in one for one in seen) for suspect in suspects):
            say(f"findings: {seen}")
            return
        assert time.monotonic() < deadline, seen
        time.sleep(1)


def reboot(site: Site) -> None:
    started = time.monotonic()
    before = site.output(NAME, "cat /proc/sys/kernel/random/boot_id")
    ids = [site.instance(NAME)["InstanceId"]]
    wait: dict[str, t.Any] = {"wait_for_ssh": True, "wait_timeout": PATIENCE}
    Modules(site.cloud).run("trusted_instance", instance_ids=ids, state="restarted", **wait)
    assert site.output(NAME, "cat /proc/sys/kernel/random/boot_id") != before
    say(f"rebooted, {time.monotonic() - started:.0f} s")


def handle(modules: Modules, state: str, *expected: str) -> None:
    """Accept or ignore what is expected; anything else fails."""
    modules.run("trust_event", state=state, fleet="web", expected=list(expected))


def test_a_machine_that_boots_by_uefi_is_trusted(machine: Site, modules: Modules) -> None:
    assert prove(machine).succeeded
    ping = machine.ansible.command("ansible", "-i", str(machine.inventory), "all", "-m", "ansible.builtin.ping")
    assert '"ping": "pong"' in ping.stdout, ping.stdout + ping.stderr
    logs = ["/sys/kernel/security/tpm0/binary_bios_measurements", "/sys/kernel/security/ima/ascii_runtime_measurements"]
    for log in logs:
        assert int(machine.output(NAME, f"wc -c < {log}")) > 4096
    assert "ima" in machine.output(NAME, "cat /proc/cmdline")
    uuid = machine.instance(NAME)["SerialNumber"]
    boot = modules.door().call("trusted-server", "DescribeBoot", PropertyUuid=uuid)
    assert "kernel_cmdline: /vmlinuz root=LABEL=root" in str(boot)
    assert AGENT in str(boot)


def test_another_kernel_command_line_is_seen_after_the_reboot(machine: Site, modules: Modules) -> None:
    machine.output(NAME, f"sed -i 's/ quiet$/ quiet mitigations=off/' {GRUB}")
    reboot(machine)
    await_findings(modules, "PCR 8: ", "PCR 9: ")
    stopped = prove(machine, timeout=0)
    assert not stopped.succeeded
    assert "PCR 8" in stopped.failure(NAME)
    handle(modules, "accepted", "PCR 8", "PCR 9")
    assert prove(machine).succeeded


def test_a_replaced_agent_and_an_unknown_program_are_seen_at_once(machine: Site, modules: Modules) -> None:
    machine.output(NAME, "cp /usr/bin/true /root/unknown && /root/unknown")
    machine.output(NAME, f"cp -p {AGENT} /root/agent && echo '# changed' >> {AGENT} && systemctl restart t-trustclient")
    await_findings(modules, "/root/unknown", AGENT)
    stopped = prove(machine, timeout=0)
    assert not stopped.succeeded
    assert "/root/unknown" in stopped.failure(NAME)

    machine.output(NAME, f"cp -p /root/agent {AGENT} && rm /root/unknown")
    reboot(machine)  # a program that has run stays in the list until then
    handle(modules, "ignored", AGENT, "/root/unknown")
    assert prove(machine).succeeded
