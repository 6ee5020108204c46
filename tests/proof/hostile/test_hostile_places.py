# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody has planted where a secret or a file is to be written: nothing goes through it, and nothing is made.

Each place is tried for every option that names a file or a folder to write to.
"""

from __future__ import annotations

import os
import socket
import stat
import typing as t

import pytest
from modules.network import Network
from proof.hostile.judging import attempt, refused

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules
    from proof.conftest import Figure

Plant = t.Callable[["Path"], None]

#: Somebody else's file, which must stay as it is.
VALUABLE = "somebody's own"


def victim(path: Path) -> Path:
    """A file beside the place, that no task was told of."""
    found = path.parent.parent / "victim"
    found.write_text(VALUABLE)
    found.chmod(0o640)
    return found


def a_socket(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)  # the name of a socket has at most about 100 bytes
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(before)


def _linked_fifo(path: Path) -> None:
    os.mkfifo(path.parent / "fifo")
    path.symlink_to("fifo")


def _chain(path: Path) -> None:
    (path.parent / "second").symlink_to(path.parent / "third")
    path.symlink_to("second")


#: What is at the path itself.
PLANTED: dict[str, Plant] = {
    "a link to a file of others": lambda path: path.symlink_to(victim(path)),
    "a hard link to a file of others": lambda path: path.hardlink_to(victim(path)),
    "a link to nothing": lambda path: path.symlink_to(path.parent / "nothing"),
    "a link to a folder": lambda path: path.symlink_to(path.parent),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a chain of links to nothing": _chain,
    "a link to where new files run": lambda path: path.symlink_to("/etc/cron.d/alitrust-proof"),
    "a FIFO": os.mkfifo,
    "a link to a FIFO": _linked_fifo,
    "a socket": a_socket,
    "a folder": lambda path: path.mkdir(),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a full device": lambda path: path.symlink_to("/dev/full"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a process's own memory": lambda path: path.symlink_to("/proc/self/mem"),
    "JSON without end": lambda path: (path.write_text("[" * 60_000), None)[1],
    "a key of others": lambda path: (path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"), None)[1],
    "an empty file": lambda path: path.touch(),
}

#: Modules that write a secret: the option and what else they need.
SECRETS: dict[str, tuple[str, dict[str, t.Any]]] = {
    "keypair": ("private_key_file", {"name": "web"}),
    "ram_user": ("access_key_file", {"name": "ann", "state": "present"}),
    "security_center_install_code": ("code_file", {}),
}


def given(option: str, path: Path | str) -> dict[str, t.Any]:
    return {option: str(path)}


def made(modules: Modules) -> int:
    """Keys and codes there are, by whatever call."""
    making = ("ram:CreateAccessKey", "sas:AddInstallCode")
    calls = [one for one in modules.cloud.requests() if one["operation"] in making]
    return len(modules.cloud.resources("key_pair")) + len(calls)


@pytest.mark.parametrize("module", SECRETS)
def test_a_secret_goes_through_nothing_that_is_planted(
    modules: Modules, module: str, tmp_path: Path, figure: Figure
) -> None:
    option, needed = SECRETS[module]
    for number, (name, plant) in enumerate(PLANTED.items()):
        modules.cloud.reset()
        folder = tmp_path / str(number) / "keys"
        folder.mkdir(parents=True)
        path = folder / "secret.pem"
        plant(path)
        before = snapshot(folder)
        try:
            refused(modules, module, **needed, **given(option, str(path)))
            assert not made(modules), "a key was made"
            assert snapshot(folder) == before, "the folder is another"
        except Exception as exc:
            raise AssertionError(f"{name}: {type(exc).__name__}: {exc}") from exc
        check_victim(folder)
    figure("planted places", len(PLANTED))


def snapshot(folder: Path) -> list[tuple[str, int, int]]:
    """What is in a folder: names, types with rights, sizes."""
    return sorted((one.name, one.lstat().st_mode, one.lstat().st_size) for one in folder.iterdir())


def check_victim(folder: Path) -> None:
    there = folder.parent / "victim"
    if there.exists():
        assert there.read_text() == VALUABLE
        assert stat.S_IMODE(there.stat().st_mode) == 0o640
    assert not os.path.lexists("/etc/cron.d/alitrust-proof")


#: What is beside the path, under the names that a key is written to before it is whole.
BESIDE: dict[str, Plant] = {
    "a link to a file of others": PLANTED["a link to a file of others"],
    "a hard link to a file of others": PLANTED["a hard link to a file of others"],
    "a link to nothing": PLANTED["a link to nothing"],
    "a FIFO": PLANTED["a FIFO"],
    "a socket": PLANTED["a socket"],
    "a folder": PLANTED["a folder"],
    "a device": PLANTED["a device"],
}


#: What a module writes a secret to before it is whole.
UNFINISHED = (("keypair", "new"), ("keypair", "creating"), ("ram_user", "new"))


@pytest.mark.parametrize(("module", "ending"), UNFINISHED)
def test_a_secret_passes_no_file_that_somebody_has_put_in_its_way(
    modules: Modules, module: str, ending: str, tmp_path: Path, figure: Figure
) -> None:
    option, needed = SECRETS[module]
    for number, (name, plant) in enumerate(BESIDE.items()):
        modules.cloud.reset()
        folder = tmp_path / str(number) / "keys"
        folder.mkdir(parents=True)
        plant(folder / f".secret.pem.{ending}")
        result = attempt(modules, module, **needed, **given(option, folder / "secret.pem"))
        assert result.get("failed"), name
        assert "Nothing was created" in result["msg"], (name, result["msg"])
        assert not made(modules), name
        assert not (folder / "secret.pem").exists()
        check_victim(folder)
    figure("planted places", len(BESIDE))


@pytest.mark.skipif(os.geteuid() != 0, reason="not root, who alone can make a file of another user")
def test_a_secret_passes_no_file_of_another_user(modules: Modules, tmp_path: Path, figure: Figure) -> None:
    """Who has opened it before would read the key."""
    for module, ending in UNFINISHED:
        option, needed = SECRETS[module]
        beside = tmp_path / f".secret.pem.{ending}"
        beside.touch()
        os.chown(beside, 65534, 65534)
        result = attempt(modules, module, **needed, **given(option, tmp_path / "secret.pem"))
        assert result.get("failed")
        assert "no file of this user's alone" in result["msg"]
        assert not made(modules)
        beside.unlink()
    figure("planted places", len(UNFINISHED))


#: Paths by themselves.
PATHS: dict[str, tuple[str, str]] = {
    "a folder that is not there": ("none/secret.pem", "does not exist"),
    "a file as folder": ("file/secret.pem", ""),
    "a folder and a slash": ("folder/", "a directory"),
    "a dot": (".", "a directory"),
    "two dots": ("folder/..", "a directory"),
    "through a file and back": ("file/../secret/x.pem", "does not exist"),
    "a name too long": ("f" * 300, ""),
    "a path too long": ("f/" * 3000 + "f", ""),
    "an escape in the folder": ("\x1b[2J/secret.pem", "does not exist"),
    "a line break in the folder": ("a\nb/secret.pem", "does not exist"),
    "a template in the folder": ("{{ 1233 + 1 }}/secret.pem", "1233 + 1"),
    "read backwards": ("\u202egnp/secret.pem", "does not exist"),
    "a NUL": ("secret\x00.pem", "NUL"),
}


@pytest.mark.parametrize("module", SECRETS)
def test_a_path_that_cannot_be_is_told(modules: Modules, module: str, tmp_path: Path, figure: Figure) -> None:
    option, needed = SECRETS[module]
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    before = snapshot(tmp_path)
    for name, (path, message) in PATHS.items():
        try:
            # Check mode trusts that an earlier task makes the folder of a private key.
            result = attempt(modules, module, **needed, **given(option, f"{tmp_path}/{path}"))
            assert result.get("failed")
            assert message in result["msg"], result["msg"]
        except Exception as exc:
            raise AssertionError(f"{name}: {type(exc).__name__}: {exc}") from exc
        assert snapshot(tmp_path) == before, name
    for name in ("~nobody-at-all/secret.pem", "/dev/null/secret.pem"):
        assert attempt(modules, module, **needed, **given(option, name)).get("failed")
    figure("paths", len(PATHS) + 2)


#: Odd, but names of files.
ODD = ("-rf", "a b", "a;b", "$(id)", "`id`", "a'b\"c", "\u202egnp", "a\nb", "{{ 1233 + 1 }}", "~", "*", "caf\u00e9")


@pytest.mark.parametrize("module", SECRETS)
def test_an_odd_name_is_that_of_the_file_and_no_other(
    modules: Modules, module: str, tmp_path: Path, figure: Figure
) -> None:
    option, needed = SECRETS[module]
    for name in ODD:
        modules.cloud.reset()
        result = modules.attempt(module, **needed, **given(option, str(tmp_path / name)))
        assert not result.get("failed"), (name, result["msg"])
        assert os.listdir(tmp_path) == [name]
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        (tmp_path / name).unlink()
    figure("paths", len(ODD))


def test_an_export_replaces_a_link_and_writes_through_none(modules: Modules, tmp_path: Path, figure: Figure) -> None:
    group = Network(modules).new_own_group("web")
    name = f"ecs_cn-hangzhou_{group}.json"
    tried: tuple[str, ...] = (
        "a link to a file of others",
        "a hard link to a file of others",
        "a link to nothing",
        "a device",
    )
    tried += ("a link to itself", "a link to a FIFO", "a terminal", "an empty file")
    for number, plant in enumerate(tried):
        folder = tmp_path / str(number) / "exports"
        folder.mkdir(parents=True)
        PLANTED[plant](folder / name)
        result = attempt(modules, "sg_rule_export", security_group_id=group, dest=str(folder), format="json")
        assert not result.get("failed"), (plant, result)
        assert set(os.listdir(folder)) <= {name, "fifo"}
        assert not (folder / name).is_symlink()
        assert (folder / name).read_text() == "[]\n"
        assert VALUABLE not in str(result), plant
        check_victim(folder)
    refusing = ("a FIFO", "a socket", "a folder")
    for number, plant in enumerate(refusing, len(tried)):
        folder = tmp_path / str(number) / "exports"
        folder.mkdir(parents=True)
        PLANTED[plant](folder / name)
        refused(modules, "sg_rule_export", security_group_id=group, dest=str(folder), format="json")
    for time in ("../x", "a/b", "x\ny", "", ".", "..", "a" * 65, "\x1b[2J", "\u0661", "{{ 1233 + 1 }}"):
        options: dict[str, t.Any] = {"security_group_id": group, "dest": str(tmp_path), "format": "csv", "time": time}
        result = attempt(modules, "sg_rule_export", **options)
        assert result.get("failed") or time == "", (time, result)
    figure("planted places", len(tried) + len(refusing) + 10)
