# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What guest_info says of an instance. "Nothing to do" must never be wrong, so doubt means that it differs."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._guest import sshd
from ansible_collections.alitrust.ecs.plugins.module_utils._guest.state import SPEC, tell

TEXT = "# Managed by the role\nPasswordAuthentication no\nMaxAuthTries 3\n"
JUDGED = "port 22\npasswordauthentication no\nmaxauthtries 3\n"
MARKER = "alitrust.ecs guest"
BLOCK = f"# BEGIN {MARKER}\n{TEXT}# END {MARKER}\n"
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"

Answer = tuple[int, str, str]


class Machine:
    """Answers of commands, by the first word's name and what it is asked for."""

    def __init__(self, **answers: Answer | OSError) -> None:
        self.answers = answers

    def __call__(self, command: list[str], text: str | None = None) -> Answer:
        name = Path(command[0]).name.replace("-", "_") + ("_alone" if text is not None else "")
        answer = self.answers.get(name, FileNotFoundError(2, "No such file or directory"))
        if isinstance(answer, OSError):
            raise answer
        return answer


class Facts:
    def __init__(self, distribution: str) -> None:
        self.distribution = distribution

    def of_the_system(self) -> dict[str, t.Any]:
        return {"distribution": self.distribution}

    def local(self, folder: str) -> dict[str, t.Any]:
        return {"local": {"folder": folder}}


def told(machine: Machine, distribution: str = "Debian", *, other_context: bool = False, **options: t.Any) -> t.Any:
    defaults = {name: spec.get("default") for name, spec in SPEC.items()}
    formats = {"Debian": "deb", "Alibaba": "rpm"}
    asked = {**defaults, "package_formats": formats, **options}
    return tell(asked, Facts(distribution), machine, lambda _path: other_context)


def test_what_is_not_asked_for_is_not_read() -> None:
    found = told(Machine())
    assert {"package_version", "unit_in_order", "keys_differ", "sshd_differs"}.isdisjoint(found)
    assert found["system"] == {"distribution": "Debian"}
    assert found["changed"] is False


@pytest.mark.parametrize(
    ("distribution", "answers", "version"),
    [
        ("Debian", {"dpkg_query": (0, "ii |1.1.0", "")}, "1.1.0"),
        ("Debian", {"dpkg_query": (0, "rc |1.1.0", "")}, ""),  # removed, its configuration is left
        ("Debian", {"dpkg_query": (1, "", "no packages found")}, ""),
        ("Alibaba", {"rpm": (0, "ii |1.0.0", "")}, "1.0.0"),
        ("Alibaba", {"rpm": (1, "package t-trustclient is not installed", "")}, ""),
        ("Rocky", {}, None),
    ],
)
def test_the_package_manager_knows_the_version(distribution: str, answers: t.Any, version: str | None) -> None:
    assert told(Machine(**answers), distribution, package="t-trustclient").get("package_version") == version


@pytest.mark.parametrize("answer", [(2, "", "database is locked"), FileNotFoundError(2, "No such file or directory")])
def test_a_package_manager_that_does_not_answer_is_no_missing_package(answer: t.Any) -> None:
    with pytest.raises(UnexpectedState, match=r"dpkg-query does not tell .* (database is locked|No such file)"):
        told(Machine(dpkg_query=answer), package="t-trustclient")


@pytest.mark.parametrize(
    ("state", "in_order"),
    [
        ("LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n", True),
        ("LoadState=loaded\nActiveState=activating\nUnitFileState=enabled\n", True),
        ("LoadState=loaded\nActiveState=active\nUnitFileState=disabled\n", False),
        ("LoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n", False),
        ("LoadState=masked\nActiveState=active\nUnitFileState=masked\n", False),
        ("LoadState=not-found\nActiveState=inactive\nUnitFileState=\n", False),
        ("", False),
    ],
)
def test_a_unit_is_enabled_and_runs(state: str, in_order: bool) -> None:
    assert told(Machine(systemctl=(0, state, "")), unit="some.service")["unit_in_order"] is in_order
    assert told(Machine(), unit="some.service")["unit_in_order"] is False


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        ("LoadState=loaded\nActiveState=active\nUnitFileState=generated\n", True),
        ("LoadState=loaded\nActiveState=activating\nUnitFileState=enabled\n", False),
        ("LoadState=not-found\nActiveState=inactive\nUnitFileState=\n", False),
        ("", False),
    ],
)
def test_an_agent_is_there_and_runs(tmp_path: Path, state: str, runs: bool) -> None:
    name = Path("/proc/self/comm").read_text().strip()
    agent = {"folder": str(tmp_path), "unit": "aegis.service", "process": name}
    lacks = [] if runs else ["the unit aegis.service does not run"]
    assert told(Machine(systemctl=(0, state, "")), agent=agent)["agent_lacks"] == lacks


def test_what_an_agent_lacks_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    agent = {"folder": str(tmp_path / "file"), "unit": "aegis.service", "process": "AliNobody"}
    assert told(Machine(), agent=agent)["agent_lacks"] == [
        f"there is no folder {tmp_path / 'file'}",
        "the unit aegis.service does not run",
        "there is no process AliNobody",
    ]


def test_a_process_goes_by_what_the_kernel_keeps_of_its_name_and_has_not_ended(tmp_path: Path) -> None:
    long = "AliYunDunOfALongName"
    (tmp_path / long).symlink_to(sys.executable)
    agent = {"folder": str(tmp_path), "unit": "aegis.service", "process": long}
    missing = f"there is no process {long}"
    with subprocess.Popen([tmp_path / long, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert missing not in told(Machine(), agent=agent)["agent_lacks"]
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie from now on
        assert missing in told(Machine(), agent=agent)["agent_lacks"]


def test_keys_that_cannot_be_judged_differ() -> None:
    assert told(Machine(), user="root", keys=["no-such-option ssh-ed25519 AAAA"])["keys_differ"] is True
    assert told(Machine(), user="root", absent_keys=["no key"])["absent_keys_differ"] is True
    assert told(Machine(), user="not-here-yet", absent_keys=["no key"])["absent_keys_differ"] is True
    with pytest.raises(InvalidInput, match=r"absent_keys are of a user"):
        told(Machine(), absent_keys=["no key"])


@pytest.mark.parametrize("what", ["", "no file", "other content", "mode", "mode of the folder", "context"])
def test_a_local_fact_is_read_where_its_script_is_the_one_asked_for(tmp_path: Path, what: str) -> None:
    tmp_path.chmod(0o700 if what == "mode of the folder" else 0o755)
    script = tmp_path / "one.fact"
    if what != "no file":
        script.write_text("echo 2" if what == "other content" else "echo 1")
        script.chmod(0o644 if what == "mode" else 0o755)
    found = told(Machine(), fact={"path": str(script), "content": "echo 1"}, other_context=what == "context")
    assert found["fact_differs"] is bool(what)
    assert found["system"].get("local") == (None if what else {"folder": str(tmp_path)})


def test_what_an_interrupted_run_has_left_is_told(tmp_path: Path) -> None:
    left, gone = tmp_path / "left", tmp_path / "gone"
    left.symlink_to(gone)
    assert told(Machine(), remains=[str(left), str(gone)])["remains"] == [str(left)]
    assert told(Machine())["remains"] == []


# -- sshd


@pytest.mark.parametrize(
    ("config", "included"),
    [
        (INCLUDE, True),
        ("  include   /etc/ssh/sshd_config.d/*.conf\n", True),
        (f"# {INCLUDE}", False),
        ("Include /etc/ssh/other.d/*.conf\n", False),
        ("", False),
    ],
)
def test_whether_drop_ins_are_read(config: str, included: bool) -> None:
    assert sshd.reads_folder(config, "/etc/ssh/sshd_config.d") is included


@pytest.mark.parametrize(
    ("config", "there"),
    [
        (f"{BLOCK}Port 22\n", True),
        (f"{BLOCK.replace('3', '4')}Port 22\n", False),
        (f"{BLOCK}{BLOCK}", False),
        (f"# END {MARKER}\n{TEXT}# BEGIN {MARKER}\n", False),
        (TEXT, False),
    ],
)
def test_whether_the_block_is_there(config: str, there: bool) -> None:
    assert sshd.has_block(config, TEXT, MARKER) is there


def test_what_something_else_overrides_is_missed() -> None:
    assert sshd.missed(TEXT, JUDGED, f"usepam yes\n{JUDGED}") == []
    assert sshd.missed(TEXT, JUDGED, JUDGED.replace("tries 3", "tries 9")) == ["maxauthtries 3"]
    since_10_4 = "PasswordAuthentication no\nMaxAuthTries 3\n"
    assert sshd.missed(TEXT.lower(), since_10_4, "PasswordAuthentication no\n") == ["MaxAuthTries 3"]


@pytest.mark.parametrize("drop_ins", [True, False])
@pytest.mark.parametrize(
    "what", ["", "no file", "other text", "context", "refused", "unreadable", "overridden", "no sshd"]
)
def test_sshd_differs_where_anything_is_not_as_asked_for(tmp_path: Path, drop_ins: bool, what: str) -> None:
    folder = tmp_path / "sshd_config.d"
    folder.mkdir()
    config, drop_in = tmp_path / "sshd_config", folder / "01.conf"
    written = "Port 22\n" if what == "other text" else TEXT
    if what != "no file":
        drop_in.write_text(written if drop_ins else "Port 23\n")
        drop_in.chmod(0o600)
        block = f"# BEGIN {MARKER}\n{written}# END {MARKER}\n"
        config.write_text(f"Include {folder}/*.conf\n" if drop_ins else block)
    answers: dict[str, Answer | OSError] = {"sshd_alone": (0, JUDGED, ""), "sshd": (0, JUDGED, "")}
    others: dict[str, dict[str, Answer | OSError]] = {
        "refused": {"sshd_alone": (255, "", "Bad configuration option")},
        "unreadable": {"sshd": (255, "", "no hostkeys available")},
        "overridden": {"sshd": (0, JUDGED.replace("3", "9"), "")},
        "no sshd": {"sshd": FileNotFoundError(2, "No such file"), "sshd_alone": FileNotFoundError(2, "No such file")},
    }
    answers |= others.get(what, {})
    asked = {"text": TEXT, "config": str(config), "drop_in": str(drop_in), "marker": MARKER}
    found = told(Machine(**answers), sshd=asked, other_context=what == "context")
    assert found["sshd_differs"] is bool(what)


def test_a_drop_in_that_others_may_read_differs(tmp_path: Path) -> None:
    config, drop_in = tmp_path / "sshd_config", tmp_path / "01.conf"
    config.write_text(f"Include {tmp_path}/*.conf\n")
    drop_in.write_text(TEXT)
    drop_in.chmod(0o644)
    asked = {"text": TEXT, "config": str(config), "drop_in": str(drop_in), "marker": MARKER}
    assert told(Machine(sshd=(0, JUDGED, ""), sshd_alone=(0, JUDGED, "")), sshd=asked)["sshd_differs"] is True
