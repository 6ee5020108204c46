# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the private key: whole or not at all, never over another one, and a broken-off run leaves a trace."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair import key_file

if t.TYPE_CHECKING:
    from pathlib import Path

PEM = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"


def test_the_key_is_kept_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    before = os.umask(0)
    try:
        with key_file.Destination(str(path), "web") as destination:
            destination.keep(PEM)
    finally:
        os.umask(before)
    assert path.read_text() == PEM + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["key.pem"]


def test_nothing_is_at_the_path_before_the_key_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with key_file.Destination(str(path), "web"):
        assert not path.exists()
        assert all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in tmp_path.iterdir())


def test_a_run_that_broke_off_is_taken_up_again_as_the_same_creation(tmp_path: Path) -> None:
    path = str(tmp_path / "key.pem")
    with key_file.Destination(path, "web") as first:
        first.await_key()  # nothing is kept: as if the process had died
    assert key_file.look(path).unfinished == first.owner
    with key_file.Destination(path, "web") as again:
        assert again.owner == first.owner
        again.keep(PEM)
    assert key_file.look(path).unfinished is None
    with key_file.Destination(str(tmp_path / "other.pem"), "web") as other:  # whose key is never asked for
        assert other.owner != first.owner


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with key_file.Destination(str(path), "web") as destination:
        path.write_text("somebody else's")
        with pytest.raises(FileExistsError):
            destination.keep(PEM)
    assert path.read_text() == "somebody else's"
    with pytest.raises(UnexpectedState, match="File exists"):
        key_file.Destination(str(path), "web").__enter__()


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_source: str, _target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "key.pem"
    with key_file.Destination(str(path), "web") as destination:
        destination.keep(PEM)
    assert path.read_text() == PEM + "\n"


def test_two_tasks_do_not_write_the_same_file(tmp_path: Path) -> None:
    path = str(tmp_path / "key.pem")
    with key_file.Destination(path, "web"), pytest.raises(UnexpectedState, match="another task"):
        key_file.Destination(path, "web").__enter__()


def test_what_a_run_left_beside_a_key_that_is_whole_goes(tmp_path: Path) -> None:
    """As if the process had died between the link and the end."""
    path = tmp_path / "key.pem"
    with key_file.Destination(str(path), "web") as died:
        died.await_key()
        path.write_text(PEM)
        assert key_file.is_busy(str(path))
        key_file.tidy(str(path))
        assert key_file.look(str(path)).left_over
    assert not key_file.is_busy(str(path))
    assert key_file.look(str(path)).left_over
    key_file.tidy(str(path))
    assert os.listdir(tmp_path) == ["key.pem"]
    assert not key_file.look(str(path)).left_over


def test_the_lock_of_a_run_that_has_finished_meanwhile_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.pem"
    lock = fcntl.flock

    def finished(number: int, how: int) -> None:
        lock(number, how)
        (tmp_path / ".key.pem.creating").unlink()

    monkeypatch.setattr(fcntl, "flock", finished)
    with pytest.raises(key_file.Busy):
        key_file.Destination(str(path), "web").__enter__()


def test_a_removal_that_broke_off_is_known_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    there = key_file.look(str(path))
    assert there.public is not None
    assert not there.going
    key_file.note_removal(str(path), there.public)
    assert key_file.look(str(path)).going
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    (tmp_path / "other").rename(path)
    assert not key_file.look(str(path)).going
    key_file.remove(str(path))
    assert sorted(os.listdir(tmp_path)) == ["key.pem.pub", "other.pub"]
    key_file.remove(str(path))


def test_links_are_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".key.pem.new").symlink_to(victim)
    with pytest.raises(UnexpectedState, match="could not be kept"):
        key_file.Destination(str(tmp_path / "key.pem"), "web").__enter__()
    assert victim.read_text() == "precious"


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "key.pem")
    assert "does not exist" in key_file.look(path).problem
    with pytest.raises(UnexpectedState, match="none of private_key_file does not exist"):
        key_file.Destination(path, "web").__enter__()


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="a directory; expected the path of a file"):
        key_file.look(str(tmp_path))


def test_rights_of_others_are_seen_and_taken(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(PEM)
    path.chmod(0o644)
    assert key_file.look(str(path)).loose
    key_file.restrict(str(path))
    assert not key_file.look(str(path)).loose
