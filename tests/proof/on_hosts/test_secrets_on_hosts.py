# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site, guest and rotate_keys on a real host, with all that can show or keep a secret, on both sides: private keys and
AccessKey pairs are in no output, log, temporary file, journal, and in the command line of no process.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from hosts.fleet import Run, Site, key_pair
from proof.canaries.secret_values import Canaries
from proof.canaries.watch import Watched
from proof.conftest import Figure

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

HOST = "web-001"
#: Runs on the host; what it looks for comes by its input, so that it does not find itself. Prints what it has seen.
LOOK = r"""
import json, os, subprocess, sys
forms = [(bytes.fromhex(form), name) for form, name in json.load(sys.stdin)]
places = ["/root", "/home", "/etc", "/tmp", "/var/tmp", "/var/log", "/var/lib", "/var/cache", "/var/spool"]
places += ["/run", "/opt", "/srv", "/usr/local", "/dev/shm"]
found, searched = [], [0, 0]

def look(place, content):
    searched[0] += 1
    searched[1] += len(content)
    found.extend(f"{name} in {place}" for form, name in forms if form in content)

for top in places:
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if not os.path.ismount(os.path.join(folder, name))]
        for name in files:
            path = os.path.join(folder, name)
            look("the name of a file", path.encode())
            if path.startswith("/etc/ssh/ssh_host_"):
                continue  # its own private keys
            if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) < 1 << 24:
                with open(path, "rb") as file:
                    look(path, file.read())
for number in filter(str.isdigit, os.listdir("/proc")):
    for part in ("cmdline", "environ"):
        try:
            with open(f"/proc/{number}/{part}", "rb") as file:
                look(f"/proc/{number}/{part}", file.read())
        except OSError:
            pass
subprocess.run(["journalctl", "--sync"], check=True)
journal = subprocess.run(["journalctl", "-o", "json", "--all", "--no-pager"], stdout=subprocess.PIPE, check=True).stdout
look("the journal", journal)
print(json.dumps({"found": found, "places": searched[0], "bytes": searched[1], "journal": len(journal)}))
"""
#: Puts what it reads where a secret must not be, so that the search is seen to find it.
PLANT = """
read -r value
printf %s "$value" | tee /root/planted > /var/tmp/planted
printf %s "$value" | base64 -w 0 > "/tmp/planted-$value"
printf "%s\n" "$value" | systemd-cat -t planted
(exec -a "$value" sleep 300) > /dev/null 2>&1 &
OF_A_PROCESS="$value" sleep 300 > /dev/null 2>&1 &
"""
PLANTED = "Canary+planted-77%c1x"
PLACES = {"/root/planted", "/var/tmp/planted", f"/tmp/planted-{PLANTED}", "the name of a file", "the journal"}
PLACES |= {"/proc/N/cmdline", "/proc/N/environ"}


class Searched(Site):
    """A fleet of one host, whose runs are watched on the controller."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.watched = Watched(folder, cloud)
        super().__init__(self.watched.run, cloud, keeps=False)
        self.keys = folder / "keys"  # where secrets belong, which is not searched
        self.keys.mkdir()
        self.key = self.keys / "web.pem"
        self.variables |= {"fleet_count": 1, "fleet_private_key_file": str(self.key)}
        ours = self.ansible.environment
        self.ansible = self.watched.ansible
        self.ansible.environment = {**ours, **self.ansible.environment}

    def run(self, *arguments: str | Path) -> Run:
        output = self.watched.command("ansible-playbook", "-vvvv", "--diff", *arguments)
        return Run(self.watched.code, output, 0.0)

    def secrets(self) -> Canaries:
        """The private keys, and the secrets of the account and of the users that playbooks run as."""
        found = Canaries(cloud_secret=self.cloud.access_key_secret)
        for one in self.cloud.resources("access_key"):
            found.add("secret of an AccessKey pair", one["AccessKeySecret"])
        for path in self.keys.iterdir():
            if path.suffix not in (".pub", ".json"):
                found.add_private_key(f"private key {path.name}", path.read_text())
        return found

    def plant(self) -> None:
        """Put what is no secret where none may be on the host."""
        planted = subprocess.run(
            self.ssh_command(HOST, f"exec bash -c '{PLANT}'"), input=f"{PLANTED}\n", text=True, timeout=60, check=False
        )
        assert planted.returncode == 0

    def look(self, canaries: Canaries) -> dict[str, t.Any]:
        """Search the host."""
        forms = [(form.hex(), name) for form, name in canaries.forms.items()]
        done = subprocess.run(
            self.ssh_command(HOST, f"exec python3 -c '{LOOK}'"),
            input=json.dumps(forms), capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return t.cast("dict[str, t.Any]", json.loads(done.stdout))


@pytest.fixture
def searched(tmp_path: Path) -> t.Iterator[Searched]:
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    with LocalCloud.start(tmp_path / "cloud", hosts="on", trust_client__first_report_seconds=1) as cloud:
        yield Searched(tmp_path, cloud)


#: Whether modules go to hosts through a pipe, or as files.
PIPELINING = ("true", "false") if os.environ.get("ALITRUST_LONG") == "1" else ("false",)


@pytest.mark.parametrize("pipelining", PIPELINING)
def test_a_host_and_its_controller_show_and_keep_no_secret(searched: Searched, figure: Figure, pipelining: str) -> None:
    searched.ansible.environment["ANSIBLE_PIPELINING"] = pipelining
    made = searched.playbook("site")
    assert made.succeeded, made.output[-5000:]
    own = searched.keys / "ops"
    asked = {
        "guest_authorized_keys": [key_pair(own)],
        "guest_private_key_file": str(own),
        "guest_sshd_harden": True,
    }
    configured = searched.guest({HOST: asked}, "-e", f"ansible_ssh_extra_args='-o SendEnv={PLANTED}'")
    assert configured.succeeded, configured.output[-5000:]
    # What fails shows more than what succeeds.
    given = searched.keys / "given.json"
    given.write_text(json.dumps({"guest_authorized_keys": [own.read_text()]}))
    refused = searched.guest({HOST: {}}, "-e", f"@{given}")
    assert "belongs to, a private key" in refused.failure(HOST)
    old, new = searched.secrets(), searched.keys / "new.pem"
    name: dict[str, t.Any] = {"rotate_keys_name": "new", "rotate_keys_private_key_file": str(new)}
    rotated = searched.playbook("rotate_keys", "-i", searched.inventory, **name)
    assert rotated.succeeded, rotated.output[-5000:]
    searched.key = new

    canaries = searched.secrets()
    canaries.add_all(old)
    on_host = Canaries(planted=PLANTED)
    on_host.add_all(canaries)
    searched.plant()
    seen = searched.look(on_host)
    wrong = [one for one in seen["found"] if not one.startswith("planted in ")]
    assert not wrong, wrong
    places = {re.sub(r"/[0-9]+/", "/N/", one.removeprefix("planted in ")) for one in seen["found"]}
    assert places >= PLACES, "the search of the host does not find what is there"
    assert seen["journal"] > 1000, "the journal of the host was not heard"
    kept = searched.watched.kept
    wrong = [*canaries.seen_in(kept), *canaries.seen_in(searched.watched.run)]
    assert not wrong, "\n\n".join(wrong)
    shown = {one.partition(": ")[0] for one in Canaries(planted=PLANTED).seen_in(kept)}
    assert shown >= {str(kept / "lines"), str(kept / "output")}, "the search of the controller does not, either"
    assert (kept / "started").exists(), "nothing was watched"
    figure("canaries searched for on real hosts", len(canaries))
    figure("places searched", canaries.places + seen["places"])
    figure("bytes searched", canaries.searched + seen["bytes"])
    figure("runs of Ansible", 4)
