# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that modules write: for their owner from the first byte, whole or not there at all, whatever goes wrong.

Each call of the operating system by which a file is written fails in one run, and is where the process is killed in
others. Then the module runs once more.
"""

from __future__ import annotations

import getpass
import json
import os
import stat
import typing as t
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from proof.canaries.broken_files import ERRORS, Folder, Outcome, Trouble, mount, own_mounts

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core import files
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair import keypair
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh import host

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result
    from proof.conftest import Figure

PRECIOUS = "precious"


class Writer:
    """A module with a file.

    :ivar secret: whether it is for its owner only
    """

    module = ""
    file = ""
    secret = True

    def __init__(self, modules: Modules, folder: Path) -> None:
        self.modules, self.folder, self.path = modules, folder, folder / self.file

    def prepare(self) -> None:
        """Before the first run."""

    def options(self) -> dict[str, t.Any]:
        raise NotImplementedError

    def work(self) -> Result:
        """Run the module, in this process, whatever comes of it."""
        return self.modules.attempt(self.module, **self.options())

    def made(self) -> bool:
        """Whether there is something in the cloud whose secret belongs into the file."""
        return False

    def told(self, outcome: Result) -> None:
        """A run that failed said everything that its user has to know."""
        assert self.path.name in outcome["msg"] or str(self.folder) in outcome["msg"], outcome

    def whole(self, last: Result) -> None:
        """After a run that nothing came in the way of, everything is in its place."""
        raise NotImplementedError


class PrivateKey(Writer):
    module, file = "keypair", "web.pem"

    def options(self) -> dict[str, t.Any]:
        return {"name": "web", "private_key_file": str(self.path)}

    def made(self) -> bool:
        return bool(self.modules.cloud.resources("key_pair"))

    def told(self, outcome: Result) -> None:
        assert "PRIVATE KEY" not in json.dumps(outcome)
        if self.made():
            assert "deleted again" not in outcome["msg"], "the pair stands"
        super().told(outcome)

    def whole(self, last: Result) -> None:
        (pair,) = self.modules.cloud.resources("key_pair")
        assert _public_half(self.path) == pair["PublicKey"]
        assert "PRIVATE KEY" not in json.dumps(last)


class AccessKey(Writer):
    module, file = "ram_user", "ann.json"

    def options(self) -> dict[str, t.Any]:
        return {"name": "ann", "access_key_file": str(self.path)}

    def made(self) -> bool:
        return bool(self._pairs())

    def _pairs(self) -> dict[str, str]:
        pairs = self.modules.cloud.resources("access_key")
        return {one["AccessKeyId"]: one["AccessKeySecret"] for one in pairs if one["UserName"]}

    def told(self, outcome: Result) -> None:
        pairs = self._pairs()
        assert not [secret for secret in pairs.values() if secret in json.dumps(outcome)]
        assert not [one for one in pairs if one not in outcome["msg"] and one not in str(self._told_file())]
        super().told(outcome)

    def _told_file(self) -> str:
        return self.path.read_text() if self.path.exists() else ""

    def whole(self, last: Result) -> None:
        pairs, written = self._pairs(), json.loads(self.path.read_text())
        assert pairs.pop(written["access_key_id"]) == written["access_key_secret"]
        assert not [one for one in pairs if one not in json.dumps(last)], "a pair that nobody has the secret of is told"


class Public(Writer):
    """A file that everybody may read, and that takes the place of an older one."""

    file, secret = "public.txt", False
    old, new = "old\n" * 3000, "new\n" * 6000

    def prepare(self) -> None:
        self.path.write_text(self.old)

    def write(self) -> None:
        raise NotImplementedError

    def work(self) -> Result:
        try:
            self.write()
        except UnexpectedState as error:
            return {"failed": True, **error.as_failure()}
        return {}

    def told(self, outcome: Result) -> None:
        super().told(outcome)
        assert self.path.read_text() == self.old

    def whole(self, last: Result) -> None:
        assert self.path.read_text() == self.new


class AuthorizedKeys(Public):
    def write(self) -> None:
        host.write(str(self.path), self.new, host.account(getpass.getuser()))


class ForPeople(Public):
    """Exported rules, for example."""

    def write(self) -> None:
        files.write_whole(str(self.path), self.new)


def _public_half(path: Path) -> str:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    form = serialization
    return key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH).decode()


WRITERS = (PrivateKey, AccessKey, AuthorizedKeys, ForPeople)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been made shows at once here."""
    monkeypatch.setattr(keypair, "DOUBT", 0.2)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = tmp_path / "files"
    made.mkdir()
    return Folder(made)


def attempt(writer: Writer, folder: Folder, trouble: Trouble | None) -> Outcome:
    """One run from nothing, with a file of somebody else beside it."""
    writer.modules.cloud.reset()
    writer.modules.cloud.set("ecs.key_bits", 1024)
    for one in folder.path.iterdir():
        one.unlink()
    (folder.path / "public-precious").write_text(PRECIOUS)
    writer.prepare()
    return folder.run(writer.work, trouble)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_is_whole_or_not_there_at_all(
    modules: Modules, folder: Folder, figure: Figure, long: bool, kind: type[Writer]
) -> None:
    writer = kind(modules, folder.path)
    calm = attempt(writer, folder, None)
    assert calm.result is not None
    assert calm.steps
    assert not calm.result.get("failed"), calm
    wrong = []
    for trouble in _troubles(len(calm.steps), long):
        outcome = attempt(writer, folder, trouble)
        try:
            _judge(writer, folder, outcome, long)
        except AssertionError as error:
            wrong.append(f"{trouble} ({outcome.steps[-1]}):\n{error}")
        figure("file failures")
    assert not wrong, "\n\n".join([*calm.steps, *wrong])


def _judge(writer: Writer, folder: Folder, outcome: Outcome, long: bool) -> None:
    """See that a run that something came in the way of did no harm, and that the next one mends it."""
    assert not (writer.secret and outcome.loose)
    result = outcome.result
    if result is not None and result.get("failed"):
        assert "traceback" not in result, result["traceback"]
        writer.told(result)
        left = folder.files().keys() - {"public-precious", *({} if writer.secret else {writer.file})}
        assert not left, (left, result["msg"])
        if not (long or writer.made()):
            return  # it is as if nothing had been
    last = folder.run(writer.work).result
    assert last is not None
    assert not last.get("failed"), last
    writer.whole(last)
    # What a killed process leaves of a file for everybody is beside it, under a name of its own.
    kept = {name for name in folder.files() if writer.secret or not name.startswith(".")}
    assert kept == {"public-precious", writer.file}
    assert (folder.path / "public-precious").read_text() == PRECIOUS
    if writer.secret:
        assert stat.S_IMODE(os.stat(writer.path).st_mode) == 0o600


def _troubles(steps: int, long: bool) -> t.Iterator[Trouble]:
    for step in range(steps):
        yield Trouble(step)
        for number in ERRORS if long else [ERRORS[step % len(ERRORS)]]:
            yield Trouble(step, number)
    for step in range(steps) if long else [steps - 1]:
        yield Trouble(step, done=True)


#: Four pages go into a private key on trial; one each into the mark and into what others have there. The last one is
#: for reading only.
DISKS = [*(f"size={pages * 4}k" for pages in range(1, 8)), *(f"size=1m,nr_inodes={n}" for n in range(2, 7)), "ro"]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_disk_is_full_or_for_reading_only(
    modules: Modules, folder: Folder, figure: Figure, kind: type[Writer]
) -> None:
    writer = kind(modules, folder.path)
    for disk in DISKS:
        modules.cloud.reset()
        modules.cloud.set("ecs.key_bits", 1024)
        done = folder.run(lambda disk=disk: _on_a_disk(writer, folder, disk))  # type: ignore[misc]
        assert done.result is not None
        if "mounts of one's own" in done.result.get("traceback", ""):
            pytest.skip("root, or users who may mount (unprivileged user namespaces), are needed")
        assert not done.result.get("failed"), (disk, done.result["traceback"])
        figure("full or read-only disks")


def _on_a_disk(writer: Writer, folder: Folder, disk: str) -> Result:
    own_mounts()
    mount(folder.path, disk if "size" in disk else "size=1m")
    (folder.path / "public-precious").write_text(PRECIOUS)
    try:
        writer.prepare()
    except OSError:
        return {}  # there is not even room for what was there before
    if disk == "ro":
        mount(folder.path, "remount,ro")
    first = writer.work()
    if first.get("failed"):
        reason = "Read-only file system" if disk == "ro" else "No space left on device"
        assert reason in first["msg"] or (disk == "ro" and "written to" in first["msg"]), first
        writer.told(first)
        left = folder.files().keys() - {"public-precious", *({} if writer.secret else {writer.file})}
        assert not left, (left, first)
        assert not writer.made(), "nothing was made before it was known that there is room"
        mount(folder.path, "remount,rw,size=1m,nr_inodes=100")
        second = writer.work()
        assert not second.get("failed"), second
        writer.whole(second)
    else:
        assert disk != "ro"
        writer.whole(first)
    assert (folder.path / "public-precious").read_text() == PRECIOUS
    assert folder.files().keys() == {"public-precious", writer.file}
    return {}
