# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of authorized_keys as a task lists them. tests/hosts tries the same grammar with real sshds."""

from __future__ import annotations

import base64
import subprocess
import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.alitrust.ecs.plugins.filter.authorized_keys_problems import authorized_keys_problems
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh import listed
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.key import SMALLEST_RSA

if t.TYPE_CHECKING:
    from pathlib import Path


def line(kind: str, *fields: bytes) -> str:
    parts = (kind.encode(), *fields)
    return f"{kind} {base64.b64encode(b''.join(len(part).to_bytes(4, 'big') + part for part in parts)).decode()}"


def rsa(bits: int) -> str:
    return line("ssh-rsa", b"\x01\x00\x01", b"\0" + ((1 << bits) - 1).to_bytes((bits + 7) // 8, "big"))


ANNA, BOB = line("ssh-ed25519", b"a" * 32), line("ssh-ed25519", b"b" * 32)


def problems(*entries: str) -> list[str]:
    return listed.read(entries)[1]


@pytest.mark.parametrize(
    "entry",
    [
        ANNA,
        f"{ANNA} anna@example.com",
        f'from="10.0.0.0/8",no-pty {ANNA} anna',
        line("ecdsa-sha2-nistp256", b"nistp256", b"\x04" + b"p" * 64),
        line("ecdsa-sha2-nistp521", b"nistp521", b"\x04" + b"p" * 132),
        line("sk-ssh-ed25519@openssh.com", b"a" * 32, b"ssh:"),
        line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", b"\x04" + b"p" * 64, b"ssh:"),
        line("ssh-dss", *[b"\x01" * 20] * 4),
        line("ssh-mldsa44-ed25519", b"x" * 1344),
        rsa(SMALLEST_RSA),
        rsa(4096),
        "",
        "# a comment",
        f"{ANNA} first\n# between\r\n{BOB} second\n",
        f"\ufeff{ANNA}",
    ],
)
def test_what_sshd_takes(entry: str) -> None:
    assert problems(entry) == []


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (f'from="10.0.0.0/8", no-pty {ANNA}', "a blank between its options"),
        (f"no-such-option {ANNA}", "sshd knows no option no-such-option"),
        (f"pty= {ANNA}", "sshd knows no option pty"),
        (f"command {ANNA}", 'the option command needs a value, as in command="..."'),
        (f'expiry-time="tomorrow" {ANNA}', 'must be "YYYYMMDD[HHMM[SS]]"'),
        (f'from="a",from="a" {ANNA}', "the option from is given twice"),
        (f'from="10.0.0.1/8" {ANNA}', "that network is written 10.0.0.0/8"),
        (f'from="10.0.0.0/8, 10.1.0.0/16" {ANNA}', "has a blank"),
        (f'from="!10.0.0.0/8" {ANNA}', "only excludes"),
        (f'from="10.0.0.0/40" {ANNA}', "is no network"),
        (f'command="echo {ANNA}', "a quote is opened"),
        (f"command='echo' {ANNA}", "not in double quotes"),
        ("ssh-dss AAAAB3NzaC1kc3MAAACBAP", "not complete, or damaged"),
        (ANNA[:-4], "cut off"),
        (ANNA[:-1], "not complete, or damaged"),
        (f"{ANNA}AAAA", "cut off"),
        (
            ANNA.replace("ssh-ed25519", "ssh-rsa"),
            "the line says ssh-rsa, and the data of its key is of the type ssh-ed25519",
        ),
        (rsa(2048).replace("ssh-rsa", "rsa-sha2-256"), "it is no public key"),
        (rsa(768), "an RSA key of 768 bits"),
        (rsa(16400), "an RSA key of 16400 bits"),
        (line("ssh-rsa", b"\x03", b"\xff" * 256), "no key of the type ssh-rsa"),
        (line("ssh-ed25519", b"a" * 31), "no key of the type"),
        (line("ssh-ed25519", b"a" * 32, b"b"), "more in its key"),
        (line("ecdsa-sha2-nistp256", b"nistp384", b"\x04" + b"p" * 64), "no key of the type"),
        (line("ssh-ed25519-cert-v01@openssh.com", b"n", b"a" * 32), "it is a certificate"),
        ("ssh-ed25519", "there is no key after its type"),
        ("anna", "it is no public key"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "it is no public key"),
        (f"{ANNA} a\0b", "cannot be in a file of text"),
    ],
)
def test_what_sshd_would_pass_by(entry: str, reason: str) -> None:
    found = problems(f"{BOB} bob", entry)
    assert len(found) == 1
    assert found[0].startswith("entry 2")
    assert reason in found[0]


def test_an_error_names_the_number_and_the_comment() -> None:
    found = problems(ANNA, f"no-such {BOB} bob@example.com", f"{ANNA}\nno-such {BOB} of a file")
    assert found == [
        "entry 2 (bob@example.com): sshd knows no option no-such",
        "entry 3, line 2, (of a file): sshd knows no option no-such",
    ]


def test_a_key_may_be_there_with_different_options_and_once_with_the_same() -> None:
    entries, found = listed.read([f'from="10.0.0.0/8" {ANNA} anna', f"restrict {ANNA} anna", f"restrict {ANNA} anna"])
    assert (len(entries), found) == (2, [])
    assert listed.never_used(entries) == []
    assert problems(f"{ANNA} anna", f"{ANNA} bob") == [
        "entry 2 (bob): it is the same key, with the same options, as entry 1 (anna)"
    ]
    assert "entry 2 has no effect" in listed.never_used(listed.read([ANNA, f"restrict {ANNA}"])[0])[0]


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
def test_a_private_key_is_named_and_never_shown(tmp_path: Path, kind: str, form: str) -> None:
    """Whole, line by line as a survey gives it, without its first and last line, and in the middle of a line."""
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-m", form, "-N", "", "-f", path], check=True)
    text = path.read_text()
    lines = text.splitlines()
    for given in ([text], lines, [f"no-pty {text}"], [text.replace("\n", " ")]):
        found = problems(ANNA, *given, f"no-such {BOB} bob")
        assert sum("private key" in one for one in found) == 1, found
        assert any(one.endswith("(bob): sshd knows no option no-such") for one in found), found
    for given in (
        [text],
        lines,
        lines[1:-1],
        [f"{' '.join(lines[1:-1])} {ANNA}"],
        [f"{ANNA} {lines[1]}"],
        [f"{ANNA[:-4]} {lines[1]}"],
    ):
        said = " ".join(problems(*given))
        assert not any(secret in said for one in lines[1:-1] for secret in (one, one[:16], one[-16:]) if secret)


def test_what_is_taken_away_need_not_be_taken_by_sshd() -> None:
    kind, data = rsa(768).split()
    assert listed.keys([f'no-such, from="a" {kind} {data} anna', f"{kind} {data}"]) == ([(kind, data)], [])
    assert listed.keys(["anna"])[1] == [
        "entry 1: it is no public key in OpenSSH's form, such as: ssh-ed25519 AAAAC3Nza... comment"
    ]


def test_the_filter_wants_a_list() -> None:
    assert authorized_keys_problems([ANNA]) == []
    assert authorized_keys_problems([ANNA[:-4]]) == ["entry 1: its key is cut off"]
    for wrong in (ANNA, 5, None, [{"key": ANNA}]):
        with pytest.raises(AnsibleFilterError, match="needs a list"):
            authorized_keys_problems(wrong)
