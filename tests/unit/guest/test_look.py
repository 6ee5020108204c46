# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""guest_info without the module: what is sent to an instance answers as the module would, or not at all."""

from __future__ import annotations

import getpass
import os
import pwd
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._guest.facts import SystemFacts
from ansible_collections.alitrust.ecs.plugins.plugin_utils import _guest_look
from ansible_collections.alitrust.ecs.plugins.plugin_utils._guest_plain import NotOrdinary, PlainModule, main

FIND = f"# The one that is here\necho said something; echo python={sys.executable}"
ASKED: dict[str, t.Any] = {
    "package": "there-is-none",
    "package_formats": {"Debian": "deb"},
    "unit": "there-is-none.service",
    "remains": ["/etc/passwd", "/there/is/none"],
}


def said(
    become: t.Callable[[str], str] = str, *, script: str = FIND, **asked: t.Any
) -> subprocess.CompletedProcess[str]:
    options = _guest_look.options(asked)
    assert options is not None
    done = subprocess.run(
        ["/bin/sh", "-c", _guest_look.command(script, become)],
        input=_guest_look.with_options(_guest_look.program(), options),
        capture_output=True,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def quoted_twice(command: str) -> str:
    """As a become plugin does it that says first that it worked."""
    inner = shlex.quote(f"echo BECOME-SUCCESS ; {command}")
    return f"cd / && env -u NOTHING /bin/sh -c {shlex.quote(f'/bin/sh -c {inner}')}"


@pytest.mark.parametrize("become", [str, quoted_twice])
def test_the_answer_is_that_of_the_collectors_and_commands(become: t.Callable[[str], str]) -> None:
    done = said(become, **ASKED)
    answer = _guest_look.answer(done.stdout)
    assert answer, done.stderr
    assert answer["system"] == SystemFacts(PlainModule({})).of_the_system()
    assert answer["python"] == sys.executable
    assert answer["is_root"] == (os.geteuid() == 0)
    assert answer["remains"] == ["/etc/passwd"]
    assert answer["unit_in_order"] is False
    assert answer["summary"] == "read"
    assert f"python={sys.executable}" in done.stdout


def test_the_user_who_logs_in_is_the_one_whose_keys_are_asked_for() -> None:
    """What is found depends on this machine's sshd; of a user who is not there it is an error to be told."""
    found = {}
    for name in (None, getpass.getuser(), "nobody-of-that-name"):
        asked: dict[str, t.Any] = {"absent_keys": ["ssh-ed25519 AAAA"], "user": name}
        answer = _guest_look.answer(said(**asked).stdout)
        assert answer
        found[name] = answer["absent_keys_differ"]
    assert found[None] == found[getpass.getuser()]
    assert found["nobody-of-that-name"] is True


@pytest.mark.parametrize("script", [":", "# nothing", "echo python=", "exit 3", "false"])
def test_without_a_python_there_is_no_answer(script: str) -> None:
    done = said(script=script, **ASKED)
    assert _guest_look.user(done.stdout) == pwd.getpwuid(os.geteuid()).pw_name
    assert _guest_look.answer(done.stdout) is None


@pytest.mark.parametrize("name", ["root", r"CORP\carl", r"CORP\nora", "john doe@corp.example"])
def test_the_user_is_known_whatever_the_shell_prints_first(name: str, tmp_path: Path) -> None:
    """A domain's names have backslashes in them, which dash's C(echo) takes for more."""
    (tmp_path / "id").write_text(f"#!/bin/sh\nprintf '%s\\n' '{name}'\n")
    (tmp_path / "id").chmod(0o755)
    for command in (_guest_look.command(FIND, str), _guest_look.who(FIND)):
        done = subprocess.run(
            ["/bin/sh", "-c", f"printf 'Welcome > '; {command}"],
            env={"PATH": f"{tmp_path}:{os.defpath}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert _guest_look.user(done.stdout) == name, done.stderr
        assert f"\npython={sys.executable}\n" in done.stdout


def test_a_login_shell_that_is_no_sh_has_nothing_to_misread() -> None:
    """csh ends a command at each line break and takes an exclamation mark for history, in quotes, too."""
    script = "echo 'a\\b!'  # \n\nif true; then printf '%s\\n' \"it's\" '\\0041'; fi"
    wrapped = _guest_look.in_one_line(script)
    for line in (wrapped, _guest_look.command(script, quoted_twice), _guest_look.who(script)):
        assert not set("\n!") & set(line)
    printed = [
        subprocess.run(["/bin/sh", "-c", one], capture_output=True, text=True, check=True) for one in (script, wrapped)
    ]
    assert printed[0].stdout == printed[1].stdout != ""


@pytest.mark.parametrize(
    ("become", "why"),
    [("echo no; exit 1; {}".format, "not allowed"), ("cat > /dev/null; exit 0; {}".format, "does not run it")],
)
def test_where_nobody_may_be_root_the_user_and_the_python_are_known_still(
    become: t.Callable[[str], str], why: str
) -> None:
    done = said(become, **ASKED)
    assert f"python={sys.executable}" in done.stdout, why
    assert _guest_look.answer(done.stdout) is None


@pytest.mark.parametrize(
    "asked",
    [
        {"packages": "t-trustclient"},
        {"agent": {"folder": "/usr/local/aegis"}},
        {"unit": "a\0b"},
        {"keys": ["-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"]},
        {"remains": ["~/left"]},
        {"agent": {"folder": "$HOME/aegis", "unit": "aegis.service", "process": "AliYunDun"}},
        {"fact": {"path": "/etc/ansible/facts.d/a.fact", "content": ""}},
    ],
    ids=lambda asked: str(next(iter(asked))),
)
def test_what_the_module_has_to_judge_is_left_to_it(asked: dict[str, t.Any]) -> None:
    assert _guest_look.options(asked) is None


@pytest.mark.parametrize(
    ("flags", "asks"),
    [
        ("-H -S -n", False),
        ("-HSn", False),
        ("-H --non-interactive", False),
        ("-H -S", True),
        ("", True),
        ("-H -u n", True),
    ],
)
def test_a_program_is_not_given_to_a_sudo_that_could_ask_for_a_password(flags: str, asks: bool) -> None:
    assert _guest_look.may_ask("sudo", flags) is asks
    assert _guest_look.may_ask("doas", flags) is False


HALVES = ["", "guest_info=", 'guest_info={"changed": fal', 'guest_info={"changed": {}', "guest_info={x}"]


@pytest.mark.parametrize("said", HALVES)
def test_half_an_answer_is_none(said: str) -> None:
    assert _guest_look.answer(f"user=root\npython=/usr/bin/python3\n{said}\n") is None


def test_what_fails_gives_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    options = _guest_look.options({"keys": ["ssh-ed25519 AAAA"]})
    assert options
    with pytest.raises(SystemExit, match="give user, too"):
        main(options)
    assert capsys.readouterr().out == ""


def test_labels_are_left_to_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.alitrust.ecs.plugins.plugin_utils._guest_plain._SELINUX", "/there/is/none")
    assert PlainModule({}).selinux_enabled() is False
    monkeypatch.setattr("ansible_collections.alitrust.ecs.plugins.plugin_utils._guest_plain._SELINUX", "/")
    with pytest.raises(NotOrdinary, match="SELinux"):
        PlainModule({}).selinux_enabled()


def test_commands_are_run_as_ansiblemodule_runs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible.module_utils.basic import AnsibleModule
    from ansible.module_utils.testing import patch_module_args

    monkeypatch.setattr(sys, "argv", ["module"])
    with patch_module_args({}):
        whole = AnsibleModule({})
    plain = PlainModule({})
    failing = ["sh", "-c", "cat; echo err >&2; exit 3"]
    for command in (["cat"], failing, "sh -c 'cat; printf a\\ b'", ["sh", "-c", "cat; printf '\\377'"]):
        for data in (None, "text"):  # which is read by all of them: whom it reaches too late is another story
            options: dict[str, t.Any] = {"data": data, "environ_update": {"LC_ALL": "C"}}
            expected = whole.run_command(command, handle_exceptions=False, **options)
            assert plain.run_command(command, handle_exceptions=False, **options) == expected
    for module in (whole, plain):
        with pytest.raises(FileNotFoundError):
            module.run_command(["/there/is/none"], handle_exceptions=False)
    assert plain.get_bin_path("sh") == whole.get_bin_path("sh")
    assert plain.get_bin_path("there-is-none") is None
    with pytest.raises(NotOrdinary):
        plain.run_command(["/there/is/none"])


def test_what_is_sent_is_all_that_runs_and_no_frame() -> None:
    """An instance may have an ansible of its own, of which nothing is to be mixed in."""
    sent = _guest_look.reached()
    assert "ansible.module_utils.facts.system.distribution" in sent
    assert not {"ansible.module_utils.basic", "ansible.module_utils.facts"} & set(sent)
    bare = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _guest_look.START, "root"],
        input=_guest_look.with_options(_guest_look.program(), _guest_look.options(ASKED) or {}),
        capture_output=True,
        check=False,
    )
    assert _guest_look.answer(bare.stdout.decode()), bare.stderr.decode()
