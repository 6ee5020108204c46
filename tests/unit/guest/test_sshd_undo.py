# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that keeps sshd's configuration while it is changed, with stand-ins for systemd's commands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/guest/files/sshd_undo.sh"
STAND_IN = """#!/bin/sh
echo "$(basename "$0") $1" >> {folder}/called
case $(basename "$0")" $1" in
  *" is-active") test -e {folder}/timer ;;
  *" reload-or-restart") test ! -e {folder}/refused ;;
  *" stop") rm -f {folder}/timer ;;
  systemd-run*) touch {folder}/timer ;;
esac
"""


class Host:
    """A folder in the place of a host."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.kept = folder, folder / "sshd.conf", folder / "kept"
        self.timer, self.called, self.refused = folder / "timer", folder / "called", folder / "refused"
        for name in ("systemctl", "systemd-run"):
            (folder / name).write_text(STAND_IN.format(folder=folder))
            (folder / name).chmod(0o755)

    def step(self, step: str, *, by_timer: bool = False) -> subprocess.CompletedProcess[str]:
        script = SCRIPT.read_text().replace("/run/", f"{self.folder}/")
        arguments = (step, self.file, self.kept, "ssh.service", "0" if by_timer else "300")
        return subprocess.run(
            ["sh", "-c", script, "sshd_undo.sh", *arguments],
            env={"PATH": f"{self.folder}:{os.environ['PATH']}"},
            input=script,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def must(self, step: str, *, by_timer: bool = False) -> str:
        done = self.step(step, by_timer=by_timer)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def reboot(self) -> None:
        self.timer.unlink()

    def left(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()} & {"kept", "kept.new", "kept.gone", "timer"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize("by_timer", [False, True])
@pytest.mark.parametrize("before", ["old\n", None])
def test_the_file_becomes_what_it_was(host: Host, before: str | None, by_timer: bool) -> None:
    if before:
        host.file.write_text(before)
        host.file.chmod(0o640)
    assert host.must("keep") == ""
    assert host.timer.exists()
    host.file.write_text("new\n")
    host.must("undo", by_timer=by_timer)
    assert (host.file.read_text() if host.file.exists() else None) == before
    if before:
        assert host.file.stat().st_mode & 0o777 == 0o640
    assert "systemctl reload-or-restart" in host.called.read_text()
    assert host.left() <= ({"timer"} if by_timer else set())
    host.must("undo")  # once more, there is nothing to do


def test_a_change_that_is_proven_stays(host: Host) -> None:
    host.must("keep")
    host.file.write_text("new\n")
    host.must("done")
    assert host.left() == set()
    host.must("undo", by_timer=True)
    assert host.file.read_text() == "new\n"
    host.must("done")  # as where a connection was lost before the answer came


def test_a_run_that_the_timer_overtook_is_told(host: Host) -> None:
    host.must("keep")
    host.file.write_text("new\n")
    host.must("undo", by_timer=True)
    done = host.step("done")
    assert done.returncode == 1
    assert "gone back to it by itself" in done.stderr
    assert host.must("keep") == ""
    host.must("done")


@pytest.mark.parametrize("rebooted", [False, True])
def test_what_an_interrupted_run_has_left_is_taken_up(host: Host, rebooted: bool) -> None:
    """After a reboot sshd has read the file, and let the run in that asks."""
    host.file.write_text("old\n")
    host.must("keep")
    host.file.write_text("half\n")
    if rebooted:
        host.reboot()
    assert host.must("keep") == "interrupted"
    assert host.timer.exists()
    host.file.write_text("new\n")
    host.must("undo")
    assert host.file.read_text() == ("half\n" if rebooted else "old\n")
    assert host.left() == set()


def test_a_reload_that_fails_is_no_success_and_is_tried_again(host: Host) -> None:
    host.file.write_text("old\n")
    host.must("keep")
    host.file.write_text("new\n")
    host.refused.touch()
    assert host.step("undo").returncode != 0
    assert host.file.read_text() == "old\n"
    assert host.left() == {"kept", "timer"}
    host.refused.unlink()
    host.must("undo", by_timer=True)
    assert "kept" not in host.left()
