# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start commands of Ansible for half of the processor time: forked from a process that has made a beginning.

It has imported what they import of the standard library and of packages that look at no variable of the environment.
Ansible itself, the SDK and the collection read the environment as they are imported, so each command imports them. Of
collections Ansible keeps no byte code; what one command has compiled of them the next ones have. And none looks for
garbage, because none lives for long. Everything else is as if the command were executed: arguments, environment,
folder, streams, process group, signals, what is done at exit, exit code. So the bench must not use it.
"""

from __future__ import annotations

import atexit
import builtins
import concurrent.futures
import contextlib
import ctypes
import gc
import importlib
import json
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
import typing as t
import uuid
from pathlib import Path

#: Each with all that it imports; what an environment lacks is left out.
_IMPORTED = (
    *("argparse", "asyncio", "concurrent.futures.thread", "configparser", "ctypes.util", "decimal", "difflib", "cmd"),
    *("email.parser", "getpass", "glob", "grp", "http.cookiejar", "importlib.metadata", "importlib.resources"),
    *("logging.handlers", "multiprocessing.managers", "multiprocessing.popen_fork", "multiprocessing.queues"),
    *("multiprocessing.synchronize", "pkgutil", "pprint", "pty", "pwd", "ssl", "syslog", "tarfile", "tomllib"),
    *("typing_extensions", "urllib.request", "uuid", "xml.dom.minidom", "xml.etree.ElementTree", "zipfile"),
    *("cryptography.hazmat.backends", "cryptography.hazmat.primitives.asymmetric.padding", "cryptography.x509"),
    *("cryptography.hazmat.primitives.ciphers.algorithms", "cryptography.hazmat.primitives.hmac"),
    *("cryptography.hazmat.primitives.kdf.pbkdf2", "cryptography.hazmat.primitives.padding"),
    *("cryptography.hazmat.primitives.serialization.ssh", "jinja2.nativetypes", "jinja2.sandbox"),
    *("packaging.requirements", "packaging.version", "requests", "resolvelib", "yaml"),
)
#: How the names of variables begin that an interpreter, or what is imported here, looks at as it starts.
_OF_INTERPRETERS = ("ALITRUST_HASTENED", "CRYPTOGRAPHY_", "LANG", "LC_", "LD_", "MALLOC_", "OPENSSL_", "PYTHON", "TZ")
_KEPT = 2  # processes to fork from: one that is hastened, and one that is not
_OBJECTS = 1_000_000  # new ones before a command looks for garbage; a run of a playbook makes fewer that stay

#: A variable by which all processes of a forked command can be found in /proc: its value, of as many characters.
MARK = "ALITRUST_TEST_RUN"
_UNMARKED = "0" * 32

Interpreter = tuple[tuple[str, str], ...]


def executed(
    command: t.Sequence[str | Path], *, cwd: Path, env: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command as it is, with nothing to read, and with what is printed captured as text.

    :raises subprocess.TimeoutExpired: it took longer, and was killed
    """
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Starter:
    """Runs scripts of this interpreter."""

    def __init__(self) -> None:
        self._processes: dict[Interpreter, socket.socket] = {}
        self._met: set[Interpreter] = set()
        self._compiled = tempfile.TemporaryDirectory(prefix="compiled-")

    def run(
        self, command: t.Sequence[str | Path], *, cwd: Path, env: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """As C(executed) does."""
        process = self._process(env)
        if not process:
            return executed(command, cwd=cwd, env=env, timeout=timeout)
        (out, its_out), (err, its_err) = os.pipe(), os.pipe()
        started = _Forked(process, command, cwd, env, its_out, its_err)
        os.close(its_out)
        os.close(its_err)
        with open(out) as stdout, open(err) as stderr, concurrent.futures.ThreadPoolExecutor(2) as pool:
            read = [pool.submit(stream.read) for stream in (stdout, stderr)]
            try:
                status = started.wait(timeout)
            finally:
                started.kill()
            return subprocess.CompletedProcess(started.args, status, *(one.result() for one in read))

    def start(
        self, command: t.Sequence[str | Path], *, cwd: Path, env: dict[str, str], output: t.IO[bytes]
    ) -> subprocess.Popen[bytes] | _Forked:
        """Start a command in a session of its own, with all that it prints going to a file."""
        process = self._process(env)
        if process:
            return _Forked(process, command, cwd, env, output.fileno(), output.fileno(), session=True)
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _process(self, env: dict[str, str]) -> socket.socket | None:
        """The process to fork from, None where the command is to be executed."""
        wanted = tuple(sorted(one for one in env.items() if one[0].startswith(_OF_INTERPRETERS)))
        # A process pays off from the second time on. Coverage, and what a test puts on PYTHONPATH, begin with the
        # interpreter and look at all of the environment.
        others = env.get("PYTHONPATH") != os.environ.get("PYTHONPATH") and "ALITRUST_HASTENED_BY" not in env
        if wanted not in self._met or others or any(name.startswith("COVERAGE_") for name in env):
            self._met.add(wanted)
            return None
        if wanted not in self._processes:
            while len(self._processes) >= _KEPT:
                self._processes.pop(next(iter(self._processes))).close()  # which ends it
            ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with its:
                subprocess.Popen(
                    [sys.executable, __file__, str(its.fileno()), self._compiled.name],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[its.fileno()],
                    env={**env, MARK: _UNMARKED},
                    cwd="/",
                )
            self._processes[wanted] = ours
        return self._processes[wanted]


class _Forked:
    """A command that was forked, to be watched and ended as one that C(subprocess.Popen) started.

    :ivar pid: its process ID, which is that of its process group, too, where it has a session of its own
    :ivar returncode: as C(subprocess.Popen) has it
    """

    def __init__(
        self,
        process: socket.socket,
        command: t.Sequence[str | Path],
        cwd: Path,
        env: dict[str, str],
        output: int,
        errors: int,
        *,
        session: bool = False,
    ) -> None:
        self.args = [os.fspath(one) for one in command]
        self.returncode: int | None = None
        (told, its_outcome), (its_request, request) = os.pipe(), os.pipe()
        socket.send_fds(process, [b"."], [its_request, output, errors, its_outcome])
        os.close(its_request)
        os.close(its_outcome)
        with open(request, "w") as file:  # a pipe, because there are secrets among the variables
            json.dump([self.args, str(cwd), env, session], file)
        self._told = open(told, "rb", 0)  # noqa: SIM115
        self.pid = int(self._told.read(16))

    def poll(self) -> int | None:
        """The exit code, None as long as it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """:raises subprocess.TimeoutExpired: it takes longer"""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(int(self._told.read(16)))
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Compiled:
    """What was compiled of collections, by the very source and the name of its file; the folder is nobody else's."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._codes: dict[tuple[str | bytes, str], types.CodeType] = {}
        self._seen: set[str] = set()
        self._compile = builtins.compile

    def read(self) -> None:
        """Read what commands have compiled since the last time."""
        try:
            names = set(os.listdir(self._folder))
        except FileNotFoundError:  # somebody tidies up: then it is compiled anew
            return
        for name in names - self._seen:
            if not name.startswith("."):
                self._seen.add(name)
                with open(os.path.join(self._folder, name), "rb") as file:
                    key, code = marshal.load(file)
                self._codes[key] = code

    def use(self) -> None:
        """Have this process, and those that it forks, compile nothing anew."""
        builtins.compile = self._known_or_new

    def _known_or_new(self, source: t.Any, filename: t.Any, mode: str, *more: t.Any, **options: t.Any) -> t.Any:
        # As Ansible's loader of collections calls it.
        ours = mode == "exec" and not more and options == {"flags": 0, "dont_inherit": True}
        if not ours or not {type(source), type(filename)} <= {str, bytes}:
            return self._compile(source, filename, mode, *more, **options)
        key = (source, filename)
        if key not in self._codes:
            self._codes[key] = self._compile(source, filename, mode, **options)
            name = uuid.uuid4().hex
            hidden = os.path.join(self._folder, f".{name}")
            # The last command of all may end after the folder, and a test may have filled the disk.
            with contextlib.suppress(OSError):
                with open(hidden, "wb") as file:
                    marshal.dump((key, self._codes[key]), file)
                os.rename(hidden, os.path.join(self._folder, name))
        return self._codes[key]


def _next_command(requests: socket.socket, compiled: _Compiled) -> list[str]:
    """Import, then wait for commands for ever; returns in the process that is to be one, with its arguments."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    mark = getenv(MARK.encode())  # where the kernel has put its value, and shows what is there
    for name in _IMPORTED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or each process touches, and so copies, all of it
    while True:
        told, given, _flags, _address = socket.recv_fds(requests, 1, 4)
        if not told:  # nobody is there any more
            os._exit(0)
        compiled.read()
        if os.fork():
            for one in given:
                os.close(one)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:  # those that have told an outcome
                    pass
            continue
        request, *streams, outcome = given
        pid = os.fork()
        if pid:
            for one in (request, *streams):
                os.close(one)
            os.write(outcome, b"%16d" % pid)
            os.write(outcome, b"%16d" % os.waitpid(pid, 0)[1])
            os._exit(0)
        with open(request) as file:
            command, cwd, env, session = json.load(file)
        if session:
            os.setsid()
        if MARK in env:
            ctypes.memmove(mark, env[MARK].encode(), len(_UNMARKED))
        for number, one in enumerate(streams, 1):
            os.dup2(one, number)
            os.close(one)
        for name, number in (("stdout", 1), ("stderr", 2)):  # the process itself has others there
            old = getattr(sys, name)
            new = open(number, "w", 1 if number == 2 else -1, old.encoding, old.errors, closefd=False)  # noqa: SIM115
            setattr(sys, name, new)
            setattr(sys, f"__{name}__", new)
        os.close(outcome)
        requests.close()
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        compiled.use()
        gc.set_threshold(_OBJECTS)
        return t.cast("list[str]", command)


def _status_of(code: types.CodeType, names: dict[str, t.Any]) -> int:
    """Run a script; its exit code. What else a script may end by is the interpreter's to tell."""
    try:
        exec(code, names)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        return end.code or 0
    return 0


def _end(status: int) -> t.NoReturn:
    """End as the interpreter does, but for its last search for garbage: a third of a short command."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status & 0xFF)


if __name__ == "__main__":
    sys.argv = _next_command(socket.socket(fileno=int(sys.argv[1])), _Compiled(sys.argv[2]))
    sys.path[0] = os.path.dirname(sys.argv[0])
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    main.__dict__.update(__file__=sys.argv[0], __builtins__=__builtins__)
    _end(_status_of(compile(Path(sys.argv[0]).read_bytes(), sys.argv[0], "exec"), main.__dict__))
