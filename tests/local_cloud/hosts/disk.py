# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance's disk: what its root file system is made of, and what cloud-init would do to it.

The machine's ``/usr``, its package database and the folders of ``/etc`` that hold links by the hundred are the lower
layers of overlays whose upper layers are on the disk; all else is the disk's own. From ``/etc`` only listed,
world-readable files are copied or shown, so that nothing of the machine that is private (accounts, keys, home
directories, logs, configuration of services) is ever visible in a host.
"""

from __future__ import annotations

import functools
import json
import os
import re
import secrets
import shutil
import stat
import subprocess
import tomllib
import typing as t
from pathlib import Path

from local_cloud.hosts import HostError, HostSpec, measured_boot

GUEST = Path(__file__).with_name("guest")
IMAGE: dict[str, list[str]] = tomllib.loads((GUEST / "image.toml").read_text())

# Links into /usr on today's distributions; real directories on the few that have not merged them yet.
TOP_LEVEL = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

NAMES_BEGIN, NAMES_END = "# names of the region: written at every start", "# end of the names of the region"


class Disk:
    """The disk of one instance in ``path``; survives its host and the server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path / "root"
        self.init_log_file = path / "init.log"
        self._record_file = path / "record.json"

    @property
    def exists(self) -> bool:
        return self._record_file.exists()

    def prepare(self, spec: HostSpec) -> None:
        """Make the disk on a first boot; on every boot apply what a changed spec means.

        :raises HostError: when a program needed for it fails.
        """
        if not self.exists:
            shutil.rmtree(self.path, ignore_errors=True)  # of a first boot that was interrupted
            self._make()
            self._write_user_data(spec)
        record: dict[str, t.Any] = json.loads(self._record_file.read_text()) if self.exists else {}
        self._write_names(spec, record)
        if spec.vtpm:
            self._write_boot_chain(record)
            self._name_tpm()
        if spec.ca_certificate is not None:
            self._trust(spec.ca_certificate)
        self._apply_login(spec, record)
        write(self._record_file, json.dumps(record), 0o600)

    def delete(self) -> None:
        """Remove the disk; it must not be in use."""
        # Without its record a half-deleted disk counts as never made.
        self._record_file.unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)
        if self.path.exists():
            raise HostError(f"the disk {self.path} cannot be removed; stop what uses it and delete the folder")

    def init_log(self) -> str:
        """What was said before systemd took over, in all boots so far."""
        return self.init_log_file.read_text(errors="replace") if self.init_log_file.exists() else ""

    def journal(self) -> str:
        """The journal of all boots so far."""
        folder = self.root / "var/log/journal"
        if not folder.is_dir():
            return ""
        done = subprocess.run(
            ["journalctl", "--no-pager", "--quiet", "-o", "short", "-D", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return done.stdout.decode(errors="replace")

    def _own(self, name: str, base: Path | None = None) -> Path:
        """The path of a guest's file, seen from the controller, where a guest's link would lead astray."""
        path = base or self.root
        for part in Path(name).parts:
            path = path / part
            if path.is_symlink():
                raise HostError(f"{path}, a file of the guest, is a symbolic link; make it a real file or folder")
        return path

    def _layer(self, directory: str) -> Path:
        """A guest's directory, seen from here: of an overlay what is not as the machine has it."""
        upper = self.path / "overlay" / directory / "upper"
        return upper if upper.is_dir() else self.root / directory

    # What an image is

    def _make(self) -> None:
        for overlay in _shown():
            for part in ("upper", "work"):
                make_directory(self.path / "overlay" / overlay / part)
        # The machine's own additions to /usr stay out: an image has none.
        local = self._layer("usr") / "local"
        for name in ("bin", "etc", "include", "lib", "sbin", "share/ca-certificates", "src"):
            make_directory(local / name)
        os.setxattr(local, "trusted.overlay.opaque", b"y")
        for name in (*IMAGE["directories"], *self.overlays()):
            make_directory(self.root / name)
        for name, mode in {"root": 0o700, "root/.ssh": 0o700, "tmp": 0o1777, "var/tmp": 0o1777}.items():
            make_directory(self.root / name, mode)
        for name in TOP_LEVEL:
            if Path("/", name).is_symlink():
                (self.root / name).symlink_to(os.readlink(f"/{name}"))
        for link, target in {
            "var/run": "/run",
            "var/lock": "/run/lock",
            "etc/mtab": "../proc/self/mounts",
            "var/lib/dbus/machine-id": "/etc/machine-id",
        }.items():
            (self.root / link).symlink_to(target)
        for name in IMAGE["etc"]:
            if f"etc/{name}" not in self.overlays():
                _copy_public(Path("/etc", name), self.root / "etc" / name)
        for name in ("bashrc", "profile"):
            _copy_public(Path("/usr/share/base-files", f"dot.{name}"), self.root / "root" / f".{name}")
        write(self.root / "etc/machine-id", secrets.token_hex(16) + "\n", 0o444)
        write(self.root / "etc/fstab", "# the file systems of this instance are mounted from outside\n")
        write(self.root / "etc/environment", "")
        write(self.root / "etc/resolv.conf", "# instances have no name server, see /etc/hosts\n")
        write(self.root / "etc/apt/sources.list", "# no package source: install local .deb files\n")
        # As in images that have been booted: accounts and caches need no making up for packages that came meanwhile.
        for name in ("etc", "var"):
            write(self.root / name / ".updated", "")
        self._make_accounts()
        self._make_units()
        self.make_sshd()

    def overlays(self) -> tuple[str, ...]:
        """Directories whose lower layer is the machine's, as they were chosen when the disk was made."""
        return tuple(name for name in _candidates() if (self.path / "overlay" / name).is_dir())

    def _make_accounts(self) -> None:
        """System accounts only, and nobody's password."""

        def kept(line: str) -> bool:
            number = line.split(":")[2]
            return number.isdigit() and (int(number) < 1000 or int(number) == 65534)

        users = [line for line in Path("/etc/passwd").read_text().splitlines() if line.count(":") == 6 and kept(line)]
        groups = [line for line in Path("/etc/group").read_text().splitlines() if line.count(":") == 3 and kept(line)]
        names = [line.split(":")[0] for line in users]
        groups = [
            f"{head}:{','.join(member for member in members.split(',') if member in names)}"
            for head, _colon, members in (line.rpartition(":") for line in groups)
        ]
        shadow = [f"{name}:*:19000:0:99999:7:::" for name in names]
        gshadow = [f"{line.split(':')[0]}:*::{line.rpartition(':')[2]}" for line in groups]
        write(self.root / "etc/passwd", "\n".join(users) + "\n")
        write(self.root / "etc/group", "\n".join(groups) + "\n")
        shadow_group = next((int(line.split(":")[2]) for line in groups if line.startswith("shadow:")), 0)
        for name, lines in {"shadow": shadow, "gshadow": gshadow}.items():
            write(self.root / "etc" / name, "\n".join(lines) + "\n", 0o640)
            os.chown(self.root / "etc" / name, 0, shadow_group)

    def _make_units(self) -> None:
        system = self.root / "etc/systemd/system"
        wants = system / "multi-user.target.wants"
        make_directory(wants)
        (system / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
        for unit in IMAGE["masked_units"]:
            (system / unit).symlink_to("/dev/null")
        make_directory(generators := system.with_name("system-generators"))
        for generator in IMAGE["masked_generators"]:
            (generators / generator).symlink_to("/dev/null")
        (system / "sshd.service").symlink_to("/etc/systemd/system/ssh.service")
        for unit in ("ssh.service", "cloud-final.service"):
            write(system / unit, (GUEST / unit).read_text())
            (wants / unit).symlink_to(f"/etc/systemd/system/{unit}")
        write(
            self.root / "etc/systemd/journald.conf.d/local-cloud.conf",
            "[Journal]\nStorage=persistent\nSystemMaxUse=32M\nReadKMsg=no\nAudit=no\n",
        )

    def make_sshd(self) -> None:
        ssh = self.root / "etc/ssh"
        # The distribution's defaults, not the machine's; the images of ECS let root log in.
        defaults = Path("/usr/share/openssh/sshd_config")
        text = defaults.read_text() if defaults.exists() else "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"
        write(ssh / "sshd_config", text.rstrip("\n") + "\n\nPermitRootLogin yes\n")
        # No RSA key: making one takes longer than all else of a first boot, and no client of today asks for it.
        for kind in ("ed25519", "ecdsa"):
            run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(ssh / f"ssh_host_{kind}_key"))

    def _write_user_data(self, spec: HostSpec) -> None:
        if not spec.user_data:
            return
        instance = self.root / "var/lib/cloud/instance"
        write(instance / "user-data.txt", spec.user_data, 0o600)
        if spec.user_data.startswith(b"#!"):
            write(instance / "scripts/part-001", spec.user_data, 0o700)
        else:
            write(
                self.root / "var/log/cloud-init-output.log",
                "The user data was not run: it does not begin with #! and only scripts are run here.\n",
            )

    # What cloud-init does at every boot

    def _write_names(self, spec: HostSpec, record: dict[str, t.Any]) -> None:
        """The instance's own name, where the guest has not chosen another since, and those of the region."""
        if record.get("hostname") != spec.hostname:
            write(self._own("etc/hostname"), spec.hostname + "\n")
            record["hostname"] = spec.hostname
        hosts = self._own("etc/hosts")
        if not hosts.exists():
            write(hosts, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
        lines = [f"{spec.private_ip}\t{spec.hostname}"]
        lines += [f"{address}\t{name}" for name, address in sorted(spec.names.items())]
        block = [NAMES_BEGIN, *lines, NAMES_END]
        text = re.sub(
            rf"^{re.escape(NAMES_BEGIN)}$.*?^{re.escape(NAMES_END)}\n?", "", hosts.read_text(), flags=re.M | re.S
        )
        write(hosts, text.rstrip("\n") + "\n" + "\n".join(block) + "\n")

    def _write_boot_chain(self, record: dict[str, t.Any]) -> None:
        """What the instance boots from, once; afterwards it is the guest's to change."""
        if record.get("boot_chain"):
            return
        for name, content in measured_boot.first_contents().items():
            make_directory(self._own(name).parent)
            write(self._own(name), content)
        record["boot_chain"] = True

    def _name_tpm(self) -> None:
        """Tell programs of the guest where its TPM is: there is no device file for it."""
        line = f"TPM2TOOLS_TCTI={measured_boot.TCTI}"
        environment = self._own("etc/environment")
        text = environment.read_text() if environment.exists() else ""
        if line not in text.splitlines():
            write(environment, f"{text}{line}\n")
        services = self._own("etc/systemd/system.conf.d/tpm.conf")
        make_directory(services.parent)
        write(services, f"[Manager]\nDefaultEnvironment={line}\n")

    def _trust(self, certificate: Path) -> None:
        """What update-ca-certificates does, for one certificate and in a hundredth of the time."""
        pem = certificate.read_text().strip() + "\n"
        folder = "etc/ssl/certs"
        own = self._layer(folder)
        if own.is_relative_to(self.root):
            own = self._own(folder)
        bundle = self._own("ca-certificates.crt", own)
        # Kept here too, so that a later update-ca-certificates in the guest keeps it.
        source = self._own("local/share/ca-certificates/local-cloud.crt", self._layer("usr"))
        if source.parent.is_dir():
            write(source, pem)
        present = self._layered(folder, bundle.name)
        if pem in present:
            return
        make_directory(own)
        write(bundle, present + pem)
        name = _name_of(pem)
        (own / "local-cloud.pem").unlink(missing_ok=True)
        (own / "local-cloud.pem").symlink_to("/usr/local/share/ca-certificates/local-cloud.crt")
        machines = Path("/", folder) if folder in self.overlays() else own
        for number in range(10):
            link = f"{name}.{number}"
            if not os.path.lexists(own / link) and not os.path.lexists(machines / link):
                (own / link).symlink_to("local-cloud.pem")
                break

    def _layered(self, folder: str, name: str) -> str:
        """What a guest reads in a file, of an overlay or not; nothing where there is none."""
        own = self._layer(folder) / name
        if not os.path.lexists(own) and folder in self.overlays():
            own = Path("/", folder, name)
        # A device stands for a file of the machine that the guest has removed.
        return own.read_text() if own.is_file() else ""

    def _apply_login(self, spec: HostSpec, record: dict[str, t.Any]) -> None:
        """Key and password of root. Only what changed since the last boot is touched: the rest is the guest's."""
        key = spec.public_key.strip() if spec.public_key else None
        first_boot = "public_key" not in record
        key_changed = first_boot or record["public_key"] != key
        if key_changed:
            self._replace_key(record.get("public_key"), key)
            record["public_key"] = key
        former = record.get("password")
        changed = spec.password is not None and former != _crypt(spec.password, former)
        if spec.password is not None and changed:
            record["password"] = _crypt(spec.password, None)
            shadow = self._own("etc/shadow")
            text = re.sub(r"^root:[^:]*:", f"root:{record['password']}:", shadow.read_text(), flags=re.M)
            write(shadow, text, 0o640)
        if key_changed or changed:
            # A key switches passwords off; one that is set later lets in beside the key.
            allowed = "yes" if spec.password is not None and (key is None or not first_boot) else "no"
            write(self._own("etc/ssh/sshd_config.d/50-cloud-init.conf"), f"PasswordAuthentication {allowed}\n", 0o600)

    def _replace_key(self, former: str | None, key: str | None) -> None:
        keys = self._own("root/.ssh/authorized_keys")
        lines = keys.read_text().splitlines() if keys.exists() else []
        lines = [line for line in lines if line.strip() != former]
        if key is not None and key not in lines:
            lines.append(key)
        if lines or keys.exists():
            make_directory(keys.parent, 0o700)
            write(keys, "".join(line + "\n" for line in lines), 0o600)


def _candidates() -> tuple[str, ...]:
    """Directories of this machine that can be the lower layer of a disk."""
    unmerged = tuple(name for name in TOP_LEVEL if Path("/", name).is_dir() and not Path("/", name).is_symlink())
    return tuple(name for name in (*IMAGE["overlays"], *unmerged) if Path("/", name).is_dir())


def _shown() -> tuple[str, ...]:
    """Those of them that a new disk shows: what is in ``/etc``, only where everybody may read all of it."""
    return tuple(name for name in _candidates() if not name.startswith("etc/") or is_public(Path("/", name)))


def is_public(directory: Path) -> bool:
    """Whether everybody may read all that is in it."""
    with os.scandir(directory) as entries:
        return all(
            entry.is_symlink()
            or (entry.stat().st_mode & stat.S_IROTH and (not entry.is_dir() or is_public(Path(entry.path))))
            for entry in entries
        )


@functools.cache
def _name_of(certificate: str) -> str:
    """What OpenSSL looks for a certificate by."""
    return run("openssl", "x509", "-noout", "-hash", stdin=certificate).strip()


def _crypt(password: str, like: str | None) -> str:
    """The SHA-512 crypt of the password, with the salt of ``like`` when given."""
    salt = like.split("$")[2] if like else secrets.token_hex(8)
    return run("openssl", "passwd", "-6", "-salt", salt, "-stdin", stdin=password).strip()


def write(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Replace a file's content at once, keeping its owner."""
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if path.exists():
            owner = path.lstat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        os.fchmod(file.fileno(), mode)
    temporary.replace(path)


def make_directory(path: Path, mode: int = 0o755) -> None:
    """Make a directory and its parents, whatever the umask; one that exists keeps its mode."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(mode)


def _copy_public(source: Path, target: Path) -> None:
    """Copy a file, link or tree as far as everybody on the machine may read it."""
    try:
        mode = source.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        make_directory(target.parent)
        target.symlink_to(os.readlink(source))
    elif stat.S_ISDIR(mode) and mode & stat.S_IROTH:
        make_directory(target, stat.S_IMODE(mode))
        for entry in source.iterdir():
            _copy_public(entry, target / entry.name)
    elif stat.S_ISREG(mode) and mode & stat.S_IROTH:
        make_directory(target.parent)
        shutil.copyfile(source, target)
        target.chmod(stat.S_IMODE(mode))


def run(*command: str, stdin: str = "") -> str:
    done = subprocess.run(
        command, input=stdin, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        raise HostError(f"{command[0]} failed while a disk was prepared: {done.stdout.strip()}")
    return done.stdout
