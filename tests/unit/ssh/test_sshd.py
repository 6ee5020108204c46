# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an sshd would do, from what it prints. tests/hosts compares that with what real ones do."""

from __future__ import annotations

import base64
import dataclasses
import os
import stat
import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh import host, listed, patterns, sshd
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.sshd import Account, Settings

if t.TYPE_CHECKING:
    from pathlib import Path

ROOT = Account("root", 0, 0, "/root")
ANNA = Account("anna", 1001, 1001, "/home/anna", groups=("anna", "ops"))
DATA = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", b"a" * 32))
KEY = "ssh-ed25519 " + base64.b64encode(DATA).decode()


def test_names_of_options_have_capitals_since_10_4() -> None:
    for text in ("permitrootlogin no\nusepam yes\n", "PermitRootLogin no\nUsePAM yes\n"):
        assert Settings(text).why_no_login(ROOT, "192.0.2.1") == ["PermitRootLogin is no"]


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (
            ".ssh/authorized_keys .ssh/authorized_keys2",
            ["/home/anna/.ssh/authorized_keys", "/home/anna/.ssh/authorized_keys2"],
        ),
        ("%h/keys /k/%u/%U/a%%b", ["/home/anna/keys", "/k/anna/1001/a%b"]),
        ("none", []),
        ("/etc/keys/%%h", ["/etc/keys/%h"]),
    ],
)
def test_tokens_of_authorized_keys_file(value: str, paths: list[str]) -> None:
    assert [one.path for one in Settings(f"authorizedkeysfile {value}").key_files(ANNA)] == paths


def test_a_line_that_is_left_out_means_none_as_10_6_prints_it() -> None:
    assert Settings("PermitRootLogin no").key_files(ANNA) == []
    assert "AuthorizedKeysFile is none for anna" in Settings("PermitRootLogin no").why_no_file(ANNA)
    assert Settings("").key_files(ANNA)[0].path == "/home/anna/.ssh/authorized_keys"


def test_a_file_without_tokens_is_for_everybody() -> None:
    found = Settings("authorizedkeysfile /etc/all /etc/%%u keys/all").key_files(ANNA)
    assert [one.shared for one in found] == [True, True, False]


def test_wildcards_are_such_since_10_0() -> None:
    for version, is_pattern in (((9, 9), False), ((10, 0), True)):
        assert Settings("authorizedkeysfile .ssh/*.pub", version).key_files(ANNA)[0].is_pattern is is_pattern


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("OpenSSH_9.2, OpenSSL 3.0.19 27 Jan 2026", (9, 2)),
        ("unknown option -- V\nOpenSSH_8.0p1, OpenSSL 1.1.1k  FIPS 25 Mar 2021\nusage: sshd", (8, 0)),
        ("OpenSSH_10.0p2 Debian-7+deb13u4", (10, 0)),
        ("dropbear", (0, 0)),
    ],
)
def test_the_version_is_read_from_what_old_ones_print_too(said: str, version: tuple[int, int]) -> None:
    assert sshd.read_version(said) == version


@pytest.mark.parametrize(
    ("options", "version", "reason"),
    [
        ("restrict", (7, 1), "needs OpenSSH 7.2"),
        ('permitlisten="80"', (7, 4), "needs OpenSSH 7.8"),
        ("verify-required", (8, 0), "needs OpenSSH 8.4"),
        ('expiry-time="20991231Z"', (9, 0), "needs OpenSSH 9.1"),
        ('expiry-time="20991231"', (9, 0), ""),
        ("restrict", (0, 0), ""),
    ],
)
def test_options_that_an_old_sshd_does_not_know(options: str, version: tuple[int, int], reason: str) -> None:
    entry = listed.read([f"{options} {KEY}"])[0][0]
    found = Settings("usepam yes", version).why_not_entry(entry, ANNA, 0)
    assert [reason in one for one in found] == ([True] if reason else [])


def test_an_authority_is_judged_by_what_may_sign_certificates() -> None:
    entry = listed.read([f"cert-authority {KEY} authority"])[0][0]
    said = "pubkeyacceptedalgorithms ssh-ed25519\ncasignaturealgorithms rsa-sha2-512"
    assert "CASignatureAlgorithms" in Settings(said).why_not_entry(entry, ANNA, 0)[0]


def test_old_names_of_options() -> None:
    entry = listed.read([KEY])[0][0]
    assert Settings("pubkeyacceptedkeytypes ssh-rsa").why_not_entry(entry, ANNA, 0)
    small = dataclasses.replace(entry, type="ssh-rsa", bits=2048)
    assert "RequiredRSASize is 3072" in Settings("rsaminsize 3072").why_not_entry(small, ANNA, 0)[0]


def test_a_second_factor_is_told_and_no_failure() -> None:
    said = Settings("authenticationmethods publickey,keyboard-interactive:pam")
    assert said.why_no_login(ANNA, "192.0.2.1") == []
    assert "A key alone does not let anna in" in said.remarks(ANNA)[0]
    assert Settings("authenticationmethods any").remarks(ANNA) == []


@pytest.mark.parametrize(
    ("pattern", "address", "hit"),
    [
        ("anna", "192.0.2.1", True),
        ("an*@192.0.2.0/24", "192.0.2.1", True),
        ("anna@192.0.2.?", "192.0.2.1", True),
        ("anna@!192.0.2.1,192.0.2.*", "192.0.2.1", False),
        ("anna@2001:db8::/32", "2001:db8::1", True),
        ("bob", "192.0.2.1", False),
    ],
)
def test_patterns_of_users(pattern: str, address: str, hit: bool) -> None:
    assert patterns.is_user(pattern, "anna", address) is hit


@pytest.fixture
def me(tmp_path: Path) -> Account:
    """This process's user, with a home of its own."""
    return Account("me", os.geteuid(), os.getegid(), str(tmp_path))


def test_a_write_is_whole_or_not_at_all(tmp_path: Path, me: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".ssh" / "authorized_keys"
    host.write(str(path), "one\n", me)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("one\n", 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnexpectedState, match="No space left on device; it is as it was"):
        host.write(str(path), "two\n", me)
    assert path.read_text() == "one\n"
    assert [one.name for one in path.parent.iterdir()] == ["authorized_keys"]


def test_the_address_is_found_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.8 22")
    assert host.where_from() == "192.0.2.7"


def test_sshd_that_may_not_read_its_host_keys_gets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run(command: list[str]) -> tuple[int, str, str]:
        asked.append(command[1])
        if command[1] == "-?":
            return 1, "", "unknown option -- ?\nOpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19"
        if command[0].endswith("sshd") and "-h" not in command:
            return 1, "", "sshd: no hostkeys available -- exiting."
        return 0, "usepam yes\n", ""

    monkeypatch.setattr(os, "access", lambda _path, _mode: True)
    found = host.settings(run, "anna", "192.0.2.1")
    assert (found.version, found.is_debian) == ((9, 2), True)
    assert asked == ["-?", "-T", "-q", "-T"]


def test_selinux_contexts_count_as_changes(tmp_path: Path, me: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.alitrust.ecs.plugins.module_utils._ssh import authorized_keys

    monkeypatch.setattr(host, "account", lambda _name: me)
    monkeypatch.setattr(
        host, "settings", lambda *_given, **_options: Settings("strictmodes no\nauthorizedkeysfile .ssh/k")
    )
    options = {
        "user": "me",
        "keys": [KEY],
        "state": "present",
        "exclusive": False,
        "return_before": False,
        "address": "",
        "sshd_path": "",
        "sshd_config": "",
    }
    labelled: list[str] = []

    def label(path: str) -> bool:
        labelled.append(path)
        return len(labelled) <= 4

    def work(*, check_mode: bool) -> dict[str, t.Any]:
        return authorized_keys.manage(options, lambda _command: (0, "", ""), label, check_mode=check_mode)

    assert work(check_mode=True)["changed"]
    assert not labelled, "nothing is there yet"
    assert work(check_mode=False)["changed"]
    assert labelled == [str(tmp_path / ".ssh"), str(tmp_path / ".ssh/k")]
    assert work(check_mode=False)["files"] == labelled[:2]
    assert work(check_mode=False)["changed"] is False
