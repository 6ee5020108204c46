# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell parts of the role guest that bring a Python, under the plainest shell there is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

FILES = Path(__file__).resolve().parents[3] / "roles" / "guest" / "files"
SHELLS = list(filter(None, map(shutil.which, ("dash", "bash", "busybox"))))


@pytest.fixture(params=SHELLS, ids=lambda path: Path(path).name)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return [request.param, *(["sh"] if request.param.endswith("busybox") else [])]


@pytest.fixture(name="path")
def a_path(tmp_path: Path) -> Path:
    """A PATH of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def stand_in(path: Path, name: str, script: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{script}\n")
    (path / name).chmod(0o755)


def python(path: Path, name: str, version: str) -> None:
    """An interpreter that says whether it is older than what it is asked for."""
    major, minor = version.split(".")
    stand_in(
        path,
        name,
        f"""test "$1" = -c || exit 9
wanted=${{2##*(}}; wanted=${{wanted%%)*}}
test "${{wanted%%,*}}" -eq {major} && test "${{wanted##* }}" -le {minor}""",
    )


def run(shell: list[str], path: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = f"set -- {' '.join(arguments)}\n{(FILES / script).read_text()}"
    return subprocess.run([*shell, "-c", command], env={"PATH": str(path)}, capture_output=True, text=True, check=False)


def test_the_first_that_is_new_enough_is_taken(shell: list[str], path: Path) -> None:
    python(path, "python3", "3.6")
    python(path, "python3.9", "3.9")
    python(path, "python3.11", "3.11")
    done = run(shell, path, "find_python.sh", "3", "8", "python3", "/nowhere/python3", "python3.9", "python3.11")
    assert (done.returncode, done.stdout) == (0, f"python={path}/python3.9\n")


def test_none_that_is_new_enough_is_no_failure(shell: list[str], path: Path) -> None:
    python(path, "python3", "2.7")
    stand_in(path, "python3.9", "exit 127")  # broken
    done = run(shell, path, "find_python.sh", "3", "8", "python3", "python3.9", "python3.11")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("tool", ["dnf", "yum"])
def test_packages_are_tried_by_all_their_names(shell: list[str], path: Path, tool: str) -> None:
    """As on Alibaba Cloud Linux 3 before python3.11 came."""
    stand_in(path, tool, 'echo "$@"; for last in "$@"; do :; done; test "$last" = python38')
    done = run(shell, path, "install_python.sh")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"install -y -q {name}" for name in ("python3.11", "python39", "python3.9", "python38")
    ]


def test_dnf_goes_before_yum_and_yum_after_it_failed(shell: list[str], path: Path) -> None:
    stand_in(path, "dnf", "exit 1")
    stand_in(path, "yum", "echo yum")
    done = run(shell, path, "install_python.sh")
    assert (done.returncode, done.stdout) == (0, "yum\n")


def test_apt_installs_even_where_a_list_could_not_be_updated(shell: list[str], path: Path) -> None:
    stand_in(path, "apt-get", 'case "$*" in *update) exit 100;; *) echo "$@";; esac')
    done = run(shell, path, "install_python.sh")
    assert done.returncode == 0
    assert done.stdout.endswith("install -y python3\n")


def test_a_system_without_a_package_manager_is_told(shell: list[str], path: Path) -> None:
    done = run(shell, path, "install_python.sh")
    assert done.returncode == 1
    assert "none of apt-get, dnf and yum" in done.stderr
