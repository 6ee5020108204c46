# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real sshds of several releases, each in a root folder of its own: the machine's, and those of Debian's suites.

The programs are the machine's ``/usr``, or that of packages which apt downloads and nobody installs. Commands run in a
mount namespace that a process holds which ends with this one, so that nothing stays mounted.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import typing as t
from pathlib import Path

import ansible.module_utils

HERE = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("ALITRUST_CACHE") or Path.home() / ".cache" / "alitrust-ecs")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PACKAGES = ("openssh-server", "openssh-client", "python3", "bash", "coreutils", "passwd", "util-linux", "libc-bin")
#: What holds the root folder with what is mounted there, until its input ends. To make that anew for each command takes
#: longer than most commands.
HOLD = """
mount --bind "$0/usr" "$1/usr" && mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" || exit 9
exec chroot "$1" /usr/bin/cat
"""
#: Runs modules, each in a fork: what they import takes longer than what they do.
RUNNER = """
import gc, importlib, json, os, sys, traceback
from ansible.module_utils.testing import patch_module_args
from ansible.module_utils import basic
package = "ansible_collections.alitrust.ecs.plugins.modules."
modules = {name: importlib.import_module(package + name) for name in sys.argv[1:]}
gc.collect()
gc.freeze()  # or each fork touches, and so copies, all of it
gc.disable()
for line in sys.stdin:
    name, arguments = json.loads(line)
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        try:
            with patch_module_args(arguments):
                modules[name].main()
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.wait()
    print(json.dumps(text), flush=True)
"""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": "/opt", "PYTHONDONTWRITEBYTECODE": "1"}
PASSWD = """root:x:0:0:root:/root:/bin/bash
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
deploy:x:1001:1001::/home/deploy:/bin/bash
other:x:1002:1002::/home/other:/bin/bash
"""
GROUP = """root:x:0:
nogroup:x:65534:
deploy:x:1001:
other:x:1002:
ops:x:1003:deploy
team:x:1004:deploy,other
"""


class Unreachable(Exception):
    """The packages of a suite cannot be had here; says why."""


def programs(suite: str) -> Path:
    """The folder that has ``usr`` of a suite, downloaded once; that of the machine itself for an empty name.

    :raises Unreachable: they cannot be had here
    """
    if not suite:
        return Path("/")
    folder = CACHE / f"sshd-of-{suite}"
    if (folder / "done").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("lists/partial", "archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "etc/sources.list").write_text(f"deb [signed-by={KEYRING}] {_site()} {suite} main\n")
    settings = {
        "Dir::Etc": folder / "etc",
        "Dir::State": folder,
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        # Some mirrors are a while behind; what is asked here is how an sshd behaves.
        "Acquire::Check-Valid-Until": "false",
    }
    apt = ["apt-get", "-q", *(part for name, value in settings.items() for part in ("-o", f"{name}={value}"))]
    for command in (["update"], ["install", "-y", "--download-only", *PACKAGES]):
        done = subprocess.run([*apt, *command], capture_output=True, text=True, timeout=600, check=False)
        if done.returncode or "Failed to fetch" in done.stderr:
            raise Unreachable(f"apt-get {command[0]} for {suite}: {(done.stderr or done.stdout).strip()[-300:]}")
    for package in sorted((folder / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        package.unlink()
    (folder / "done").touch()
    return folder


def _site() -> str:
    """The Debian repository that this machine's apt knows."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and KEYRING.exists()):
        raise Unreachable("this is no Debian, so that packages of its suites cannot be had")
    sites = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    found = next((site for site in sites if site.rstrip("/").endswith("/debian")), None)
    if found is None:
        raise Unreachable("apt knows no repository of Debian")
    return found


#: What can be run in it.
MODULES = ("authorized_keys", "authorized_keys_info", "guest_info")


class Machine:
    """A root folder with an sshd that listens on a port of this machine.

    Its users are root, deploy (in the groups ops and team, too) and other; none has a file of keys to begin with.
    """

    def __init__(self, folder: Path, suite: str) -> None:
        self.root, self.programs = folder / "root", programs(suite)
        for name in ("etc/ssh", "root", "run/sshd", "tmp", "dev", "proc", "usr", "opt", "home/deploy", "home/other"):
            (self.root / name).mkdir(parents=True)
        self.root.chmod(0o755)
        (self.root / "tmp").chmod(0o1777)
        for name in ("bin", "sbin", "lib", "lib64"):
            (self.root / name).symlink_to(f"usr/{name}")
        self.write("etc/passwd", PASSWD)
        self.write("etc/group", GROUP)
        self.write("etc/services", "ssh 22/tcp\n")
        self.write("etc/hosts", "127.0.0.1 localhost\n")
        self.write(
            "etc/shadow", "".join(f"{line.split(':')[0]}:*:20000:0:99999:7:::\n" for line in PASSWD.splitlines()), 0o640
        )
        self.reset_homes()
        self._bring_module()
        self._holder = self._hold(self.programs, self.root)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.root / "etc/ssh/ssh_host_ed25519_key"],
            check=True,
        )
        said = self.run("/usr/sbin/sshd", "-V", check=False)
        number = (said.stdout + said.stderr).partition("OpenSSH_")[2].split("p")[0].split(",")[0]
        self.version = tuple(map(int, number.split(".")))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = self._running = ""  # configurations
        self._runners: dict[bool, subprocess.Popen[str]] = {}
        self.log = folder / "sshd.log"
        self.configure()

    def _bring_module(self) -> None:
        there = self.root / "opt"
        ours = there / "ansible_collections/alitrust/ecs/plugins"
        core = Path(ansible.module_utils.__path__[0])
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(core, there / "ansible/module_utils", ignore=ignored)
        shutil.copy(core.parent / "release.py", there / "ansible")
        self.write("opt/ansible/__init__.py", "")
        for name in ("modules", "module_utils"):
            shutil.copytree(HERE / "plugins" / name, ours / name, ignore=ignored)
        self.write("opt/runner.py", RUNNER)

    @staticmethod
    def _hold(programs: Path, root: Path) -> subprocess.Popen[bytes]:
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", HOLD, str(programs), str(root)]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdin, holder.stdout
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        assert holder.stdout
        assert holder.stdout.readline() == b"\n", f"{root} cannot be mounted"
        return holder

    # -- files

    def write(self, path: str, text: str, mode: int = 0o644, owner: int = 0) -> Path:
        """Put a file into the root folder, with the folders it needs."""
        file = self.root / path.lstrip("/")
        for folder in reversed(file.parents):
            if not folder.exists():
                folder.mkdir()
                os.chown(folder, owner, owner)
        file.write_text(text)
        file.chmod(mode)
        os.chown(file, owner, owner)
        return file

    def remove(self, *paths: str) -> None:
        """Take files, and folders with all that is in them, out of the root folder."""
        for path in paths:
            place = self.root / path
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def state(self, path: str) -> tuple[str, int, int]:
        """Mode, user and group of a file."""
        status = (self.root / path.lstrip("/")).stat()
        return f"{status.st_mode & 0o7777:04o}", status.st_uid, status.st_gid

    def listing(self) -> list[tuple[str, tuple[int, ...]]]:
        """All there is in homes and configuration, with its rights and when it was changed."""
        found: list[tuple[str, tuple[int, ...]]] = []
        for top in ("home", "root", "etc"):
            for path in sorted((self.root / top).rglob("*")):
                status = path.lstat()
                found.append((str(path), (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns)))
        return found

    def reset_homes(self) -> None:
        for name, owner, mode in (("root", 0, 0o700), ("home/deploy", 1001, 0o755), ("home/other", 1002, 0o755)):
            home = self.root / name
            if home.exists():  # a test may have removed it
                shutil.rmtree(home)
            home.mkdir()
            home.chmod(mode)
            os.chown(home, owner, owner)

    # -- commands

    def _command(self, *command: str | Path) -> list[str]:
        return ["nsenter", f"--target={self._holder.pid}", "--mount", "--root", "--wd", *map(str, command)]

    def run(self, *command: str, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*command),
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            input=stdin,
            timeout=120,
            check=check,
        )

    def module(
        self, user: str = "deploy", *, module: str = "authorized_keys", root: bool = True, **options: t.Any
    ) -> dict[str, t.Any]:
        """Run a module and return its result; a failure has C(failed).

        :param root: run it as root, or as the user deploy
        """
        runner = self._runners.get(root)
        if runner is None:
            who = [] if root else ["/usr/bin/setpriv", "--reuid=1001", "--regid=1001", "--init-groups"]
            command = [*who, "/usr/bin/python3", "/opt/runner.py", *MODULES]
            runner = self._runners[root] = subprocess.Popen(
                self._command(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
            )
        assert runner.stdin, runner.stdout
        runner.stdin.write(json.dumps([module, {"user": user, "_ansible_diff": True, **options}]) + "\n")
        runner.stdin.flush()
        assert runner.stdout
        said = json.loads(runner.stdout.readline())
        assert said.lstrip().startswith("{"), said
        result: dict[str, t.Any] = json.loads(said)
        return result

    # -- sshd

    def configure(self, *lines: str) -> None:
        """Write the configuration, with these lines in it; sshd has it from the next login on."""
        # As OpenSSH has been since 9.8, it would shut out who is refused a few times.
        quiet = ["PerSourcePenalties no"] if self.version >= (9, 8) else []
        usual = ["UsePAM no", "LogLevel DEBUG1", *quiet]
        self._wanted = "".join(f"{line}\n" for line in [*usual, *lines])
        self.write("etc/ssh/sshd_config", self._wanted)

    def _start(self) -> None:
        """Have sshd run with the configuration. One that has it already goes on."""
        if self._process and self._running == self._wanted:
            return
        self.stop()
        self._running = self._wanted
        with self.log.open("wb") as log:
            command = self._command("/usr/sbin/sshd", "-D", "-e", "-o", f"ListenAddress=127.0.0.1:{self.port}")
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while b"Server listening on" not in self.log.read_bytes():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def close(self) -> None:
        self.stop()
        for runner in self._runners.values():
            runner.communicate(timeout=30)
        self._holder.communicate(timeout=30)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def opens(self, key: Path, user: str = "deploy", algorithm: str = "") -> bool:
        """Whether that private key alone lets the user in, with any algorithm or with that one."""
        options = {
            "UserKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "no",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "PreferredAuthentications": "publickey",
            "PubkeyAcceptedAlgorithms": algorithm or "+ssh-rsa,ssh-dss",
            "BatchMode": "yes",
            "RequiredRSASize": "1024",
            "ConnectTimeout": "30",
            "KexAlgorithms": "curve25519-sha256",  # the quickest that all have
        }
        self._start()
        command = ["ssh", "-F", "none", "-i", str(key), "-p", str(self.port)]
        command += [part for option in options.items() for part in ("-o", "{}={}".format(*option))]
        done = subprocess.run(
            [*command, f"{user}@127.0.0.1", "echo in"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        refused = re.search("Permission denied|[Cc]onnection .*(closed|reset)|Broken pipe", done.stderr)
        assert done.returncode == 0 or refused, done.stderr
        return done.returncode == 0
