# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Something that writes files, run in a process of its own in which one call of the operating system goes wrong."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import stat
import subprocess
import traceback
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

#: Calls by which a file comes to be, gets its content, its rights and its name, or goes.
_BY_PATH = ("open", "link", "rename", "replace", "unlink", "chmod", "mkdir")
_BY_NUMBER = ("write", "ftruncate", "fsync", "fchmod", "close")
#: What a disk can answer to them.
ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
_NEW_MOUNTS, _NEW_USERS = 0x20000, 0x10000000

Work = t.Callable[[], dict[str, t.Any]]


@dataclass(frozen=True)
class Trouble:
    """What goes wrong.

    :ivar step: at which of the calls, from 0
    :ivar number: the error that it gives; None ends the process
    :ivar done: whether the process ends after the call and not before it
    """

    step: int
    number: int | None = None
    done: bool = False

    def __str__(self) -> str:
        what = os.strerror(self.number) if self.number else f"killed {'after' if self.done else 'before'}"
        return f"step {self.step}: {what}"


@dataclass
class Outcome:
    """How a process ended.

    :ivar result: what the work returned; None when it was killed
    :ivar steps: the calls that were made on files in the folder
    :ivar loose: files that somebody else than the owner could have read at some moment
    """

    result: dict[str, t.Any] | None = None
    steps: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)


class Folder:
    """A folder in which work goes wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self) -> dict[str, bytes]:
        return {one.name: one.read_bytes() for one in sorted(self.path.iterdir()) if one.is_file()}

    def run(self, work: Work, trouble: Trouble | None = None) -> Outcome:
        """Work in a child process. Every new file would be for everybody there, if it were not made for its owner."""
        told = self.path.parent / f"{self.path.name}.told"
        log = self.path.parent / f"{self.path.name}.steps"
        for path in (told, log):
            path.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            code = 1
            try:
                os.umask(0)
                with log.open("w", buffering=1) as stream:
                    calls = _Calls(self.path, trouble, stream)
                    with calls:
                        result = work()
                told.write_text(json.dumps(result))
                code = 0
            except BaseException:
                told.write_text(json.dumps({"failed": True, "msg": "", "traceback": traceback.format_exc()}))
            finally:
                os._exit(code)
        _pid, status = os.waitpid(child, 0)
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        outcome = Outcome(
            json.loads(told.read_text()) if told.exists() else None,
            [line["step"] for line in lines if "step" in line],
            [line["loose"] for line in lines if "loose" in line],
        )
        if outcome.result is None:
            assert os.WIFSIGNALED(status), (trouble, outcome)
        return outcome


class _Calls:
    """The calls on files in a folder: counted, one of them broken."""

    def __init__(self, folder: Path, trouble: Trouble | None, stream: t.TextIO) -> None:
        self._folder, self._trouble, self._stream = os.path.realpath(folder), trouble, stream
        self._count = 0
        self._true: dict[str, t.Callable[..., t.Any]] = {}

    def __enter__(self) -> None:
        for name in (*_BY_PATH, *_BY_NUMBER):
            self._true[name] = getattr(os, name)
            setattr(os, name, self._broken(name, self._true[name]))

    def __exit__(self, *_error: object) -> None:
        for name, function in self._true.items():
            setattr(os, name, function)

    def _broken(self, name: str, function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def call(*given: t.Any, **named: t.Any) -> t.Any:
            where = self._where(name, given[0])
            if where is None or (name == "open" and not given[1] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR)):
                return function(*given, **named)
            step, self._count = self._count, self._count + 1
            self._stream.write(json.dumps({"step": f"{name} {where}"}) + "\n")
            hit = self._trouble if self._trouble and self._trouble.step == step else None
            if hit and hit.number:
                if name == "close":
                    function(*given, **named)
                raise OSError(hit.number, os.strerror(hit.number))
            if hit and not hit.done:
                os.kill(os.getpid(), signal.SIGKILL)
            if name == "write":
                os.sched_yield()
            answer = function(*given, **named)
            self._look()
            if hit:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return call

    def _where(self, name: str, target: t.Any) -> str | None:
        """The file in the folder that a call is about."""
        if name in _BY_NUMBER:
            try:
                target = os.readlink(f"/proc/self/fd/{target}")
            except OSError:
                return None
        path = os.path.abspath(os.fsdecode(target)) if not isinstance(target, int) else ""
        if os.path.dirname(path) != self._folder:
            return None
        return os.path.basename(path)

    def _look(self) -> None:
        for entry in os.scandir(self._folder):
            mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
            if mode & 0o077 and not entry.name.startswith("public"):
                self._stream.write(json.dumps({"loose": f"{entry.name} {mode:o}"}) + "\n")


def own_mounts() -> None:
    """Let this process mount what no other one sees; also without root, where the system lets users do so.

    :raises OSError: it does not
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_MOUNTS | (0 if user == 0 else _NEW_USERS)):
        raise OSError(ctypes.get_errno(), "mounts of one's own are not to be had")
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            Path("/proc/self", name).write_text(text)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def mount(path: Path, options: str) -> None:
    """Have a file system in memory at a path, or change the one that is there."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
