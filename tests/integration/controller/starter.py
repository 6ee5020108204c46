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

import builtins
import concurrent.futures
import contextlib
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
        wanted = tuple(sorted(one for one in env.items() if one[0].startswith(_OF_INTERPRETERS)))
        # A process pays off from the second time on. Coverage, and what a test puts on PYTHONPATH, begin with the
        # interpreter and look at all of the environment.
        others = env.get("PYTHONPATH") != os.environ.get("PYTHONPATH") and "ALITRUST_HASTENED_BY" not in env
        if wanted not in self._met or others or any(name.startswith("COVERAGE_") for name in env):
            self._met.add(wanted)
            return executed(command, cwd=cwd, env=env, timeout=timeout)
        return _forked(self._process(wanted, env), [os.fspath(one) for one in command], cwd, env, timeout)

    def _process(self, wanted: Interpreter, env: dict[str, str]) -> socket.socket:
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
                    env=env,
                    cwd="/",
                )
            self._processes[wanted] = ours
        return self._processes[wanted]


def _forked(
    process: socket.socket, command: list[str], cwd: Path, env: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    (out, its_out), (err, its_err), (outcome, its_outcome), (its_request, request) = (os.pipe() for _number in range(4))
    socket.send_fds(process, [b"."], [its_request, its_out, its_err, its_outcome])
    for one in (its_request, its_out, its_err, its_outcome):
        os.close(one)
    with open(request, "w") as file:  # a pipe, because there are secrets among the variables
        json.dump([command, str(cwd), env], file)
    with open(out) as stdout, open(err) as stderr, open(outcome, "rb", 0) as told:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            read = [pool.submit(stream.read) for stream in (stdout, stderr)]
            pid = int(told.read(16))
            try:
                if not select.select([told], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(command, timeout)
                status = int(told.read(16))
                pid = 0
            finally:
                if pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), *(one.result() for one in read))


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
            command, cwd, env = json.load(file)
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


if __name__ == "__main__":
    sys.argv = _next_command(socket.socket(fileno=int(sys.argv[1])), _Compiled(sys.argv[2]))
    sys.path[0] = os.path.dirname(sys.argv[0])
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    main.__dict__.update(__file__=sys.argv[0], __builtins__=__builtins__)
    exec(compile(Path(sys.argv[0]).read_bytes(), sys.argv[0], "exec"), main.__dict__)
