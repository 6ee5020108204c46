# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role guest on real hosts. A run takes several hosts at once, each as a case of its own."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from hosts.fleet import Site, key_pair

from local_cloud.trust_client import build

ONE, TWO, THREE = "web-001", "web-002", "web-003"
PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
DROP_IN = "/etc/ssh/sshd_config.d/01-alitrust.conf"
SITES = [f"trustclient-cn-hangzhou.oss-cn-hangzhou{kind}.aliyuncs.com" for kind in ("-internal", "")]


def client(**variables: t.Any) -> dict[str, t.Any]:
    """Variables of a run that is about the trust client."""
    return {"guest_trust_client_state": "present", **variables}


def installed(site: Site, name: str) -> str:
    """The installed version; empty when there is none."""
    show = "dpkg-query --show --showformat '${db:Status-Abbrev}${Version}' t-trustclient"
    return site.ssh(name, show).stdout.removeprefix("ii ")


def package(version: str, kind: str = "deb") -> bytes:
    offered = build.site(build.Options(first_report_seconds=1))
    return offered[f"download/linux/{build.FOLDERS[kind]}/x86_64/{version}/t-trustclient-{version}-x86_64.{kind}"]


def pin(version: str, kind: str = "deb") -> str:
    return hashlib.sha256(package(version, kind)).hexdigest()


def blobs(authorized_keys: str) -> set[str]:
    return set(re.findall(r"\bAAAA\S+", authorized_keys))


def add_user(site: Site, name: str, user: str, shell: str = "/bin/sh", *, sudo: bool = True) -> str:
    """Make a user whom the fleet's key lets in, and return the home. A domain's have names that useradd refuses."""
    home = "/home/added"
    site.output(
        name,
        f"printf '%s\\n' '{user}:x:1500:1500::{home}:{shell}' >> /etc/passwd; echo 'added:x:1500:' >> /etc/group; "
        f"printf '%s\\n' '{user}:*:19000::::::' >> /etc/shadow; install -d -m 755 {home}; "
        f"install -d -m 700 {home}/.ssh; cat ~/.ssh/authorized_keys > {home}/.ssh/authorized_keys; "
        f"chown -R 1500:1500 {home}",
    )
    if sudo:
        site.write(name, "/etc/sudoers", "#1500 ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    return home


def remove_user(site: Site, name: str) -> None:
    site.output(
        name,
        "sed -i '/:x:1500:/d' /etc/passwd /etc/group; sed -i '/:19000:/d' /etc/shadow; rm -rf /home/added /etc/sudoers",
    )


@pytest.fixture
def ops(tmp_path: Path) -> tuple[Path, str]:
    """A key pair of the operator: where the private key is, and the public key."""
    return tmp_path / "ops", key_pair(tmp_path / "ops")


# -- the trust client


def test_a_package_is_installed_only_if_it_is_the_right_one(site: Site) -> None:
    run = site.guest(
        {
            ONE: client(guest_trust_client_version="1.0.0", guest_trust_client_sha256=pin("1.0.0").upper()),
            TWO: client(guest_trust_client_version="1.0.0", guest_trust_client_sha256=pin("1.1.0")),
            THREE: client(guest_trust_client_version=build.CORRUPT_VERSION),
        }
    )
    assert run.changed(ONE) > 0
    assert (installed(site, ONE), installed(site, TWO), installed(site, THREE)) == ("1.0.0", "1.1.0", "1.1.0")
    assert "nothing was installed" in run.failure(TWO)
    assert "checksum" in run.failure(TWO)
    assert "is damaged, and nothing was installed" in run.failure(THREE)
    assert site.output(ONE, "systemctl is-active t-trustclient; ls -d /tmp/*trustclient || true") == "active"


def test_what_is_there_stays_unless_a_version_is_asked_for(site: Site) -> None:
    asked = client(guest_trust_client_version="1.0.0", guest_trust_client_sha256=pin("1.0.0"))
    assert site.guest({ONE: asked}).succeeded
    run = site.guest({ONE: client(), TWO: asked, THREE: client(guest_trust_client_version="1.1.0")}, "--check")
    assert (run.changed(ONE), run.changed(TWO), run.changed(THREE)) == (0, 1, 0)
    assert "t-trustclient 1.0.0 would be installed" in run.output
    assert (installed(site, ONE), installed(site, TWO), installed(site, THREE)) == ("1.0.0", "1.1.0", "1.1.0")


def test_the_client_comes_from_a_file_or_another_site_too(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "client.deb"
    file.write_bytes(package("1.0.0"))
    site.cloud.set("oss.failing_hosts", SITES[0])
    try:
        run = site.guest(
            {
                ONE: client(guest_trust_client_version="1.1.0", guest_trust_client_base_urls=[f"https://{SITES[1]}/"]),
                TWO: client(
                    guest_trust_client_package_file=str(file),
                    guest_trust_client_version="1.0.0",
                    guest_trust_client_sha256=pin("1.0.0"),
                ),
                THREE: client(
                    guest_trust_client_package_file=str(file),
                    guest_trust_client_version="1.0.0",
                    guest_trust_client_sha256=pin("1.1.0"),
                ),
            }
        )
    finally:
        site.cloud.set("oss.failing_hosts", "")
    assert run.changed(ONE) + run.changed(TWO) > 0
    assert "NOT verified" in run.output
    assert "guest_trust_client_package_file must be" in run.failure(THREE)
    assert (installed(site, ONE), installed(site, TWO), installed(site, THREE)) == ("1.1.0", "1.0.0", "1.1.0")


def test_removal_and_the_way_back_to_the_newest(site: Site) -> None:
    gone = {"guest_trust_client_state": "absent"}
    site.write(THREE, "/etc/redhat-release", "Rocky Linux release 9.4 (Blue Onyx)\n")
    foretold = site.guest({ONE: gone, TWO: gone}, "--check")
    assert (foretold.changed(ONE), foretold.changed(TWO)) == (1, 1)
    assert installed(site, TWO) != ""
    run = site.guest({ONE: gone, TWO: gone, THREE: client()})
    assert (run.changed(ONE), run.changed(TWO)) == (1, 1)
    assert installed(site, TWO) == ""
    assert site.ssh(TWO, "systemctl is-active t-trustclient").stdout != "active\n"
    assert "the trust client exists for Debian, Ubuntu" in run.failure(THREE)
    site.output(THREE, "rm /etc/redhat-release")

    site.cloud.set("oss.failing_hosts", ",".join([*SITES, f"t-{SITES[0]}"]))
    run = site.guest({ONE: gone, TWO: client()})
    assert run.changed(ONE) == 0
    assert "no site of the trust client tells its newest version" in run.failure(TWO)
    assert "503" in run.failure(TWO)
    assert "http://" not in run.failure(TWO)  # without a pin https only

    site.cloud.set("oss.failing_hosts", SITES[0])  # the next one is asked
    run = site.guest({ONE: client(), TWO: client(), THREE: client()})
    site.cloud.set("oss.failing_hosts", "")
    assert run.changed(TWO) > 0
    assert run.changed(THREE) == 0
    assert installed(site, ONE) == installed(site, TWO) == build.VERSIONS[-1]


#: Stand-ins that keep in /root/rpm what is installed and in /root/yum what was asked for.
RPM = """#!/bin/sh
cat /root/rpm 2>/dev/null || exit 1
"""
YUM = """#!/bin/sh
echo "$1" >> /root/yum
test "$1" = remove && exec rm /root/rpm
grep -ao 't-trustclient-[0-9.]*[0-9]' "$3" | head -n 1 | sed 's/.*-/ii |/' > /root/rpm
"""


def test_systems_with_rpm_packages(site: Site) -> None:
    site.write(THREE, "/etc/redhat-release", "Alibaba Cloud Linux release 3 (Soaring Falcon)\n")
    site.write(THREE, "/usr/local/bin/rpm", RPM, 0o755)
    site.write(THREE, "/usr/local/bin/yum", YUM, 0o755)
    for version in ("1.1.0", "1.0.0"):
        assert site.guest({THREE: client(guest_trust_client_version=version)}).changed(THREE) > 0
        assert site.output(THREE, "cat /root/rpm") == f"ii |{version}"
    assert site.guest({THREE: {"guest_trust_client_state": "absent"}}).changed(THREE) == 1
    assert site.output(THREE, "cat /root/yum").split() == ["install", "downgrade", "remove"]
    site.output(THREE, "rm /etc/redhat-release /root/yum")

    # The examples of the module as written, on a system that has both.
    examples = (PLUGINS / "modules" / "trust_client.py").read_text().partition('EXAMPLES = r"""')[2].partition('"""')[0]
    tasks = [{**task, "register": "done"} for task in yaml.safe_load(examples)]
    told = {"ansible.builtin.debug": {"msg": "told: {{ done.summary }}"}}
    book = site.folder / "examples.yml"
    plays = [{"hosts": THREE, "gather_facts": False, "tasks": [part for task in tasks for part in (task, told)]}]
    book.write_text(yaml.safe_dump(plays))
    run = site.run(book, "-i", site.inventory, "-e", f"pinned_sha256={pin('1.1.0', 'rpm')}")
    assert run.changed(THREE) == 2, run.output
    assert re.findall(r"told: (.*)\"", run.output) == [
        "t-trustclient 1.1.0",
        "t-trustclient 1.1.0 was installed",
        "t-trustclient 1.1.0 was removed",
    ]
    site.output(THREE, "rm /usr/local/bin/rpm /usr/local/bin/yum")
    assert site.guest({THREE: client()}).changed(THREE) == 1


# -- authorized_keys


def test_keys_are_added_and_others_stay(site: Site, ops: tuple[Path, str]) -> None:
    private, public = ops
    variables = {"guest_authorized_keys": [public]}
    assert site.guest({ONE: variables}, "--check").changed(ONE) == 1
    assert site.ssh(ONE, "true", key=private).returncode != 0
    assert site.guest({ONE: variables}).changed(ONE) == 1
    assert site.ssh(ONE, "true", key=private).returncode == 0
    assert site.ssh(ONE, "true").returncode == 0
    assert site.guest({ONE: variables}).changed(ONE) == 0


def test_others_are_removed_only_after_a_proof(
    site: Site, ops: tuple[Path, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    private, public = ops
    stranger = tmp_path / "stranger"
    strangers = key_pair(stranger)
    exclusive = {"guest_authorized_keys": [public], "guest_authorized_keys_exclusive": True}
    before = {name: site.output(name, "cat ~/.ssh/authorized_keys") for name in (ONE, TWO, THREE)}
    request.addfinalizer(lambda: site.ssh(ONE, f"cat > ~/.ssh/authorized_keys <<'E'\n{before[ONE]}\nE\n", key=private))
    run = site.guest(
        {
            ONE: {**exclusive, "guest_private_key_file": str(private)},
            # The key of the inventory works now, but would be removed itself.
            TWO: exclusive,
            # The right key, but it does not open the door from here.
            THREE: {
                **exclusive,
                "guest_authorized_keys": [f'from="192.0.2.1" {public}', f'from="192.0.2.1" {strangers}'],
                "guest_private_key_file": str(private),
            },
        }
    )
    assert run.changed(ONE) == 2
    assert site.ssh(ONE, "true", key=private).returncode == 0
    assert site.ssh(ONE, "true").returncode != 0
    assert "must be the private half" in run.failure(TWO)
    assert "no fresh login as root" in run.failure(THREE)
    assert "none was removed" in run.failure(THREE)
    for name in (TWO, THREE):
        assert blobs(before[name]) < blobs(site.output(name, "cat ~/.ssh/authorized_keys"))

    again = site.guest({ONE: {**exclusive, "ansible_ssh_private_key_file": str(private)}})
    assert again.changed(ONE) == 0


def test_keys_that_are_put_back_are_as_they_were(site: Site, ops: tuple[Path, str]) -> None:
    """sshd reads the file of a user as that user, also where it is root's."""
    private, public = ops
    add_user(site, ONE, "deploy")
    site.write(ONE, "/etc/ssh/sshd_config.d/99-keys.conf", "AuthorizedKeysFile /etc/ssh/keys/%u\n", 0o600)
    site.output(
        ONE,
        "install -d /etc/ssh/keys; cat ~/.ssh/authorized_keys | tee /etc/ssh/keys/root > /etc/ssh/keys/deploy; "
        "systemctl reload ssh",
    )
    known = "~/.ssh/authorized_keys"
    before = site.output(TWO, f"cat {known}")
    site.output(TWO, f"printf '# M\\374ller\\r\\n' >> {known}; mv {known} ~/keys; ln -s ~/keys {known}")
    exclusive = {
        "guest_authorized_keys": [f'from="192.0.2.1" {public}'],
        "guest_authorized_keys_exclusive": True,
        "guest_private_key_file": str(private),
    }
    run = site.guest({ONE: {**exclusive, "ansible_user": "deploy"}, TWO: exclusive})
    for name in (ONE, TWO):
        assert "none was removed" in run.failure(name)
    assert site.output(ONE, "stat -c %a:%U /etc/ssh/keys/deploy") == "644:root"
    assert site.ssh(ONE, "true", user="deploy").returncode == 0
    assert site.output(TWO, f"readlink {known}; grep -a '^# M' {known} | od -An -c").split() == (
        ["/root/keys", "#", "M", "374", *"ller", r"\r", r"\n"]
    )
    remove_user(site, ONE)
    # Last: sshd does not listen for a moment while it starts over.
    site.output(ONE, "rm -r /etc/ssh/keys /etc/ssh/sshd_config.d/99-keys.conf && systemctl reload ssh")
    site.output(TWO, f"rm {known} ~/keys; umask 077; cat > {known} <<'E'\n{before}\nE\n")


def test_who_cannot_become_root_proves_the_way_in_without(site: Site, ops: tuple[Path, str]) -> None:
    private, public = ops
    home = add_user(site, THREE, "deploy", sudo=False)
    asked = {
        "ansible_user": "deploy",
        "guest_authorized_keys": [public],
        "guest_authorized_keys_exclusive": True,
        "guest_private_key_file": str(private),
    }
    run = site.guest({THREE: asked})
    assert run.changed(THREE) == 2, run.output
    assert blobs(site.output(THREE, f"cat {home}/.ssh/authorized_keys")) == blobs(public)
    remove_user(site, THREE)


def test_the_way_in_is_proven_by_the_way_that_ssh_args_name(site: Site, ops: tuple[Path, str]) -> None:
    """Such as in the configuration of Ansible, where many name the file that has the way to their hosts."""
    private, public = ops
    config = site.folder / "way.cfg"
    config.write_text(
        f"Host away\n  HostName {site.address(ONE)}\n  HostKeyAlias {site.address(ONE)}\n"
        f"  UserKnownHostsFile {site.known_hosts}\n"
    )
    before = site.output(ONE, "cat ~/.ssh/authorized_keys")
    asked = {
        "ansible_host": "away",
        "ansible_ssh_args": f"-F {config} -o ControlMaster=auto -o ControlPersist=60s -S {site.folder}/shared",
        "ansible_ssh_common_args": "",
        "guest_authorized_keys_exclusive": True,
        "guest_private_key_file": str(private),
        "guest_sshd_harden": True,
    }
    refused = site.guest({ONE: {**asked, "guest_authorized_keys": [f'from="192.0.2.1" {public}']}})
    assert "no fresh login as root" in refused.failure(ONE)
    assert "Permission denied" in refused.failure(ONE)
    run = site.guest({ONE: {**asked, "guest_authorized_keys": [public]}})
    assert run.changed(ONE) == 4, run.output  # the key put in, the others out, sshd changed and reloaded
    put_back = f"rm {DROP_IN}; systemctl reload ssh; cat > ~/.ssh/authorized_keys <<'E'\n{before}\nE\n"
    way_in = site.ssh(ONE, put_back, key=private)
    assert way_in.returncode == 0, way_in.stderr


def test_the_key_that_this_run_is_given_proves_the_way_in(site: Site, tmp_path: Path) -> None:
    """Not by a variable, as C(--private-key) does."""
    public = subprocess.run(["ssh-keygen", "-y", "-f", site.key], capture_output=True, text=True, check=True).stdout
    before = site.output(ONE, "cat ~/.ssh/authorized_keys")
    site.output(ONE, f"echo '{key_pair(tmp_path / 'other')}' >> ~/.ssh/authorized_keys")
    asked = {
        "ansible_ssh_private_key_file": None,
        "guest_authorized_keys": [public],
        "guest_authorized_keys_exclusive": True,
        "guest_sshd_harden": True,
    }
    given = ("--private-key", str(site.key))
    assert site.guest({ONE: asked}, *given).changed(ONE) == 3  # the other key removed, sshd changed and reloaded
    again = site.guest({ONE: {**asked, "guest_private_key_file": str(site.key)}}, *given)
    assert again.changed(ONE) == 0
    assert "TASK [alitrust.ecs.guest : Remember how this run logs in]" not in again.output
    site.output(ONE, f"rm {DROP_IN}; systemctl reload ssh; cat > ~/.ssh/authorized_keys <<'E'\n{before}\nE\n")


#: A login shell that is no sh, with what csh and fish have in common: it knows how to run programs, by one line each.
NO_SH = r"""#!/bin/bash
case $2 in
  *$'\n'* | *\!*) echo "Unmatched '." >&2; exit 1 ;;
  "/bin/sh -c "* | /usr/lib/openssh/sftp-server | "echo; id -u") exec /bin/sh -c "$2" ;;
esac
echo "Badly placed ()'s." >&2
exit 1
"""


def test_whoever_logs_in_by_whatever_shell(site: Site, ops: tuple[Path, str]) -> None:
    """A shell of another kind; a domain's name; one that prints something first. ssh alone knows who logs in."""
    _private, public = ops
    users = {ONE: "deploy", TWO: r"CORP\carl", THREE: "deploy"}
    site.write(ONE, "/bin/no-sh", NO_SH, 0o755)
    shells = {ONE: "/bin/no-sh", TWO: "/bin/sh", THREE: "/bin/bash"}
    hosts = {}
    for name, user in users.items():
        home = add_user(site, name, user, shells[name])
        config = site.folder / f"{name}.cfg"
        config.write_text(f"User {user}\nUserKnownHostsFile {site.known_hosts}\n")
        hosts[name] = {
            "ansible_user": None,
            "ansible_ssh_args": "-C",  # a connection that stays open would be taken by who logs in as somebody else
            "ansible_ssh_common_args": f"-F {config}",
            "guest_authorized_keys": [public],
            "public": public,
        }
    site.write(THREE, f"{home}/.bashrc", "printf 'Welcome > '; echo noise >&2\n")
    run = site.guest(hosts)
    again = site.guest(hosts)
    book = site.folder / "keys.yml"
    role = {"ansible.builtin.include_role": {"name": "alitrust.ecs.guest", "tasks_from": "keys"}}
    told = {"ansible.builtin.debug": {"msg": "{{ public in guest_keys }} of {{ guest__keys_read.user | b64encode }}"}}
    book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [role, told]}]))
    keys = site.run(book, "-i", site.folder / "guest.yml")
    for name, user in users.items():
        assert [run.changed(name), again.changed(name)] == [1, 0]
        assert public.split()[1] in blobs(site.output(name, f"cat {home}/.ssh/authorized_keys"))
        assert keys.changed(name) == 0
        assert f"True of {base64.b64encode(user.encode()).decode()}" in keys.output
        remove_user(site, name)


def test_removing_every_key_is_refused(site: Site) -> None:
    run = site.guest({ONE: {"guest_authorized_keys_exclusive": True}, TWO: {"guest_authorized_keys": ""}})
    assert "nobody could log in any more" in run.failure(ONE)
    assert run.changed(TWO) == 0  # blank is not given
    assert site.ssh(ONE, "true").returncode == 0


def test_lines_that_sshd_would_pass_by_are_refused_before_anything(site: Site, ops: tuple[Path, str]) -> None:
    private, public = ops
    secret = private.read_text()
    wrong = [
        f'from="10.0.0.0/8", no-pty {public}',
        f"no-such-option {public}",
        f'expiry-time="tomorrow" {public}',
        f'from="a",from="a" {public}',
        "ssh-dss AAAAB3NzaC1kc3MAAACBAP",
    ]
    nowhere = {"ansible_host": "192.0.2.1", "ansible_ssh_timeout": 1}
    run = site.guest(
        {
            ONE: {"guest_authorized_keys": wrong, **nowhere},
            TWO: {"guest_authorized_keys": [public, secret], **nowhere},
            THREE: {"guest_authorized_keys": f"{public}\n{secret}", **nowhere},  # as a survey gives it
        },
        "-vvv",
    )
    for number, reason in enumerate(("blank between", "no-such-option", "YYYYMMDD", "given twice", "not complete"), 1):
        assert re.search(rf"entry {number}( \(ops\))?: [^;]*{reason}", run.failure(ONE)), run.failure(ONE)
    for name in (TWO, THREE):
        assert "entry 2" in run.failure(name)
        assert "a private key" in run.failure(name)
    assert not any(line in run.output for line in secret.splitlines()[1:-1])


def test_a_key_is_where_sshd_reads_it_or_the_run_says_why_not(site: Site, ops: tuple[Path, str]) -> None:
    private, public = ops
    away = "Match User root\n  AuthorizedKeysFile /etc/ssh/keys/%u\n"
    site.write(TWO, "/etc/ssh/sshd_config.d/99-keys.conf", away, 0o600)
    site.write(THREE, "/etc/ssh/sshd_config.d/99-keys.conf", "DenyUsers deploy\n", 0o600)
    site.output(THREE, "useradd -m deploy")
    twice = {"guest_authorized_keys": [f'from="192.0.2.1" {public}', f"no-pty {public}"]}
    hosts: dict[str, dict[str, t.Any]] = {
        ONE: twice,
        TWO: {"guest_authorized_keys": [public]},
        THREE: {"guest_authorized_keys": [public], "guest_authorized_keys_user": "deploy"},
    }
    before = site.output(ONE, "cat ~/.ssh/authorized_keys")
    foretold = site.guest(hosts, "--check")
    run = site.guest(hosts)
    again = site.guest(hosts)
    for name in (ONE, TWO):
        assert [one.changed(name) for one in (foretold, run, again)] == [1, 1, 0]
    assert site.output(ONE, "cat ~/.ssh/authorized_keys").splitlines() == [
        *before.splitlines(),
        *twice["guest_authorized_keys"],
    ]
    assert site.output(ONE, f"grep -c '{public}' ~/.ssh/authorized_keys") == "2"
    for one in (foretold, run, again):
        assert "deploy could not log in with these keys, so nothing was changed: DenyUsers has deploy" in one.failure(
            THREE
        )
    assert site.ssh(THREE, "test -e ~deploy/.ssh").returncode == 1
    assert site.output(TWO, "stat -c %a:%U /etc/ssh/keys/root") == "644:root"
    site.output(TWO, "systemctl reload ssh")
    for _try in range(20):  # sshd does not listen for a moment while it starts over
        way_in = site.ssh(
            TWO, "rm -r /etc/ssh/keys /etc/ssh/sshd_config.d/99-keys.conf && systemctl reload ssh", key=private
        )
        if "Connection refused" not in way_in.stderr:
            break
        time.sleep(0.5)
    assert way_in.returncode == 0, way_in.stderr
    site.output(THREE, "rm /etc/ssh/sshd_config.d/99-keys.conf; userdel -r deploy")
    site.write(ONE, "~/.ssh/authorized_keys", before + "\n", 0o600)


def test_the_keys_of_a_user_without_any_are_none(site: Site) -> None:
    site.output(ONE, "useradd -m newcomer")
    book = site.folder / "keys.yml"
    role = {"ansible.builtin.include_role": {"name": "alitrust.ecs.guest", "tasks_from": "keys"}}
    role["vars"] = {"guest_authorized_keys_user": "newcomer"}
    told = {"ansible.builtin.debug": {"msg": "found {{ guest_keys | to_json }}"}}
    book.write_text(yaml.safe_dump([{"hosts": ONE, "gather_facts": False, "tasks": [role, told]}]))
    run = site.playbook(book, "-i", site.inventory)
    assert run.changed(ONE) == 0
    assert "found []" in run.output
    site.output(ONE, "userdel -r newcomer")


def test_another_user_who_becomes_root(site: Site, ops: tuple[Path, str]) -> None:
    private, public = ops
    site.output(
        TWO,
        "useradd -m -s /bin/sh deploy && echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers && "
        "install -d -o deploy -m 700 ~deploy/.ssh && cat ~/.ssh/authorized_keys > ~deploy/.ssh/authorized_keys && "
        "chown deploy ~deploy/.ssh/authorized_keys",
    )
    run = site.guest(
        {
            TWO: {
                "ansible_user": "deploy",
                "guest_authorized_keys": [public],
                "guest_authorized_keys_exclusive": True,
                "guest_private_key_file": str(private),
                "guest_trust_client_state": "absent",
                "guest_sshd_harden": True,
            }
        }
    )
    assert run.changed(TWO) == 5  # the key added, the other removed, the package removed, sshd changed and reloaded
    assert site.ssh(TWO, "true", user="deploy", key=private).returncode == 0
    assert site.ssh(TWO, "true", user="deploy").returncode != 0
    assert site.output(TWO, "cat ~/.ssh/authorized_keys")  # root's are root's
    site.output(TWO, f"userdel -r deploy; rm {DROP_IN} /etc/sudoers; systemctl reload ssh")
    assert site.guest({TWO: client()}).succeeded


def test_root_who_cannot_become_root(site: Site, ops: tuple[Path, str]) -> None:
    """Where nothing says who logs in, Ansible has root become root by sudo, which hosts need not have or allow."""
    _private, public = ops
    before = site.output(ONE, "cat ~/.ssh/authorized_keys")
    site.output(ONE, "[ ! -e /etc/sudoers ]")
    asked = {ONE: {"ansible_user": None, "guest_authorized_keys": [public]}}
    assert [site.guest(asked).changed(ONE) for _run in range(2)] == [1, 0]
    assert public.split()[1] in blobs(site.output(ONE, "cat ~/.ssh/authorized_keys"))
    site.output(ONE, f"cat > ~/.ssh/authorized_keys << 'END'\n{before}\nEND")


# -- sshd


def test_sshd_is_hardened_by_what_it_says_itself(site: Site) -> None:
    hardened = {"guest_sshd_harden": True}
    config = site.output(TWO, "cat /etc/ssh/sshd_config")
    site.output(TWO, "sed -i '/^Include/d' /etc/ssh/sshd_config")  # as before OpenSSH 8.2
    site.write(THREE, "/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n")
    hosts = {ONE: hardened, TWO: hardened, THREE: hardened}
    assert site.guest(hosts, "--check").changed(ONE) == 2
    assert site.ssh(ONE, f"test -e {DROP_IN}").returncode == 1
    run = site.guest(hosts)
    again = site.guest(hosts)
    for name in hosts:
        assert run.changed(name) == 2, run.output  # written, reloaded
        assert again.changed(name) == 0
        effective = site.output(name, "sshd -T")
        assert "passwordauthentication no" in effective
        assert "maxauthtries 3" in effective
    assert site.ssh(TWO, f"test -e {DROP_IN}").returncode == 1
    offered = site.ssh(ONE, "true", user="nobody-there").stderr
    assert "(publickey)" in offered
    site.write(TWO, "/etc/ssh/sshd_config", config + "\n")


def test_sshd_goes_back_to_what_it_was(site: Site) -> None:
    site.write(TWO, "/etc/ssh/sshd_config.d/00-first.conf", "MaxAuthTries 9\n")
    site.output(THREE, "rm -f /etc/ssh/sshd_config.d/*")
    before = {
        name: site.output(name, "cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* || true")
        for name in (ONE, TWO, THREE)
    }
    run = site.guest(
        {
            ONE: {"guest_sshd_harden": True, "guest_sshd_options": {"PermitRootLogin": "perhaps"}},
            TWO: {"guest_sshd_harden": True},
            THREE: {"guest_sshd_harden": True, "guest_sshd_options": {"DenyUsers": "root"}},
        }
    )
    assert "sshd refuses guest_sshd_options, so nothing was changed" in run.failure(ONE)
    assert "perhaps" in run.failure(ONE)
    assert "overrides maxauthtries 3" in run.failure(TWO)
    assert "no fresh login as root" in run.failure(THREE)
    for name, text in before.items():
        assert site.output(name, "cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* || true") == text
    site.output(TWO, "rm /etc/ssh/sshd_config.d/00-first.conf")


def test_sshd_goes_back_where_a_listed_key_would_not_log_in_any_more(site: Site, ops: tuple[Path, str]) -> None:
    """The proof is made with another one, that of the fleet, which is an RSA key."""
    options = {"PubkeyAcceptedAlgorithms": "rsa-sha2-512,rsa-sha2-256"}
    keys = {"guest_authorized_keys": [ops[1]]}
    run = site.guest({ONE: {"guest_sshd_harden": True, "guest_sshd_options": options, **keys}})
    assert "sshd is configured as before" in run.failure(ONE)
    assert "entry 1 (ops): PubkeyAcceptedAlgorithms" in run.failure(ONE)
    assert "ssh-ed25519," in site.output(ONE, "sshd -T | grep pubkeyacceptedalgorithms")
    assert site.ssh(ONE, "true", key=ops[0]).returncode == 0


def test_what_was_changed_by_hand_is_put_back_and_nothing_else_done(site: Site, ops: tuple[Path, str]) -> None:
    private, public = ops
    asked = client(guest_authorized_keys=[public], guest_sshd_harden=True)
    hosts = {ONE: asked, TWO: asked, THREE: asked}
    before = {name: site.output(name, "cat ~/.ssh/authorized_keys") for name in hosts}
    assert site.guest(hosts).succeeded
    rest = site.guest(hosts, "--diff")
    assert [rest.changed(name) for name in hosts] == [0, 0, 0]
    assert "TASK [alitrust.ecs.guest : See in one go what differs]" in rest.output
    assert "TASK [alitrust.ecs.guest : Remember how this run logs in]" not in rest.output
    site.output(ONE, "systemctl disable --now t-trustclient")
    site.output(TWO, f"sed -i '\\|{public}|d' ~/.ssh/authorized_keys; chmod 644 {DROP_IN}")
    site.output(THREE, f"echo 'MaxAuthTries 9' >> {DROP_IN}")
    foretold = site.guest(hosts, "--check", "--diff")
    assert "-MaxAuthTries 9" in foretold.output
    assert site.ssh(TWO, "true", key=private).returncode != 0
    run = site.guest(hosts)
    for one in (foretold, run):
        assert [one.changed(name) for name in hosts] == [1, 3, 2]  # the unit; the key, sshd written, reloaded
    assert site.output(ONE, "systemctl is-enabled t-trustclient; systemctl is-active t-trustclient") == (
        "enabled\nactive"
    )
    assert site.ssh(TWO, "true", key=private).returncode == 0
    assert "maxauthtries 3" in site.output(THREE, "sshd -T")
    for name, text in before.items():
        site.output(name, f"rm {DROP_IN}; systemctl reload ssh; cat > ~/.ssh/authorized_keys <<'E'\n{text}\nE\n")


# -- Python


def test_a_python_out_of_the_way_is_found_and_none_is_said(site: Site) -> None:
    """Where no interpreter is new enough and no package manager can bring one, nothing else is tried."""
    site.output(ONE, "mkdir -p /opt/python && mv /usr/bin/python3* /opt/python/ && mv /usr/bin/apt-get /opt/")
    try:
        run = site.guest({ONE: {}})
        other = site.guest({ONE: {"ansible_python_interpreter": "/opt/python/python3"}})
    finally:
        site.output(ONE, "mv /opt/python/* /opt/apt-get /usr/bin/")
    assert "has no Python 3.8 or newer" in run.failure(ONE)
    assert other.changed(ONE) == 0


def test_a_python_that_is_named_is_the_one_that_is_used(site: Site) -> None:
    """By its name alone or by env, as Ansible takes it: another one may lack what the tasks to follow import."""
    names = {ONE: "python-of-ours", TWO: "/usr/bin/env python-of-ours", THREE: "~/python-of-ours"}
    for name, named in names.items():
        folder = "~" if named.startswith("~") else "/usr/local/bin"
        site.output(name, f"ln -s /usr/bin/python3 {folder}/python-of-ours")
    site.guest({name: {"ansible_python_interpreter": named} for name, named in names.items()})
    book = site.folder / "named.yml"
    told = {"ansible.builtin.debug": {"msg": "{{ ansible_python_interpreter }}"}}
    plays = [{"hosts": "all", "gather_facts": False, "roles": ["alitrust.ecs.guest"], "tasks": [told]}]
    book.write_text(yaml.safe_dump(plays))
    run = site.run(book, "-i", site.folder / "guest.yml")
    used = dict(re.findall(r'^ok: \[(.*)\] => {\s+"msg": "(.*)"', run.output, re.MULTILINE))
    assert used == {**names, THREE: "/root/python-of-ours"}
    # What is known by name needs no second look.
    looks = re.findall(r"^TASK .* Look for a Python that is new enough.*\n((?:ok: .*\n)*)", run.output, re.MULTILINE)
    assert looks == [f"ok: [{THREE}]\n"]
    site.output(THREE, "rm ~/python-of-ours")
    for name in (ONE, TWO):
        site.output(name, "rm /usr/local/bin/python-of-ours")


# -- the look


LOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Ask in one go
      alitrust.ecs.guest_info: &asked
        find_python: echo python=/usr/bin/python3
        package: t-trustclient
        package_formats: {Debian: deb, Ubuntu: deb}
        unit: t-trustclient.service
        keys: "{{ [public] }}"
        remains: [/etc/passwd, /there/is/none]
        sshd:
          text: "MaxAuthTries 3\n"
          config: /etc/ssh/sshd_config
          drop_in: /etc/ssh/sshd_config.d/1.conf
          marker: none
      become: true
      register: asked_in_one
    - name: Ask by the module
      alitrust.ecs.guest_info: *asked
      become: true
      environment: {ASKED: by the module}
      register: asked_by_module
    - name: Compare
      ansible.builtin.assert:
        that: asked_in_one == asked_by_module
        fail_msg: "{{ asked_in_one }} is not {{ asked_by_module }}"
"""


def test_one_command_answers_as_the_module_does(site: Site, ops: tuple[Path, str], tmp_path: Path) -> None:
    """As root, and as a user who becomes root; a host is asked once, and the module takes it a second time."""
    _private, public = ops
    site.output(
        TWO,
        "useradd -m -s /bin/sh other && echo 'other ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers && "
        "install -d -o other -m 700 ~other/.ssh && cat ~/.ssh/authorized_keys > ~other/.ssh/authorized_keys && "
        "chown other ~other/.ssh/authorized_keys",
    )
    book = tmp_path / "look.yml"
    book.write_text(LOOK)
    inventory = tmp_path / "hosts.yml"
    common = {"ansible_ssh_private_key_file": str(site.key), "public": public}
    common["ansible_ssh_common_args"] = f"-o UserKnownHostsFile={site.known_hosts}"
    users = {ONE: "root", TWO: "other"}
    hosts = {name: {**common, "ansible_host": site.address(name), "ansible_user": user} for name, user in users.items()}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    run = site.run(book, "-i", inventory, "-vvv")
    site.output(TWO, "userdel -rf other; rm /etc/sudoers")
    assert run.succeeded, run.output
    one, module = re.split(r"^TASK ", run.output, flags=re.MULTILINE)[1:3]
    for name in users:
        commands = f"<{site.address(name)}> SSH: EXEC"
        assert (one.count(commands), module.count(commands)) == (1, 2), name
