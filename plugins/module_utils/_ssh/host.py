# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine that the module runs on: its sshd, its users, its files of keys. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import re
import stat
import tempfile
import time
import typing as t

from .._cloud.errors import AlitrustError, InvalidInput, UnexpectedState
from .sshd import Account, Settings, is_debian, read_version

_SSHD = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd", "/opt/ssh/sbin/sshd")
_DAY = 86400
#: Lets the text of a file pass through whatever its encoding is.
ENCODING = ("utf-8", "surrogateescape")

if t.TYPE_CHECKING:
    Run = t.Callable[[list[str]], tuple[int, str, str]]


class SshdUnknown(AlitrustError):
    """sshd cannot be asked what it would do."""


# -- sshd


def settings(run: Run, user: str, address: str, *, program: str = "", config: str = "") -> Settings:
    """What sshd says is in force for a user who comes from that address.

    :param run: runs a command; returns its exit status, output and errors
    :param program: where sshd is, if it is not where it usually is
    :param config: its configuration, if that is not the usual one
    :raises SshdUnknown: it is not there, or refuses its own configuration
    """
    found = program or next((path for path in _SSHD if os.access(path, os.X_OK)), "")
    if not found or not os.access(found, os.X_OK):
        raise SshdUnknown(
            f"There is no sshd at {program or ' or '.join(_SSHD)}, so nobody can say which keys let in.",
            hint="Install OpenSSH's server, or give sshd_path.",
        )
    # Every release answers an unknown option with its full name; -V is newer and says less.
    _code, said, errors = run([found, "-?"])
    name = said + errors
    command = [found, "-T", *(["-f", config] if config else []), "-C", _connection(user, address)]
    code, said, errors = run(command)
    if code and "no hostkeys available" in errors:
        # The host's own keys are root's, or not made yet. They do not matter here, but there must be one.
        with contextlib.suppress(OSError), tempfile.TemporaryDirectory() as folder:
            key = os.path.join(folder, "key")
            if run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])[0] == 0:
                code, said, errors = run([*command, "-h", key])
    if code == 0 and said:
        return Settings(said, read_version(name), is_debian=is_debian(name))
    raise SshdUnknown(
        f"{found} does not say what it would do: {' '.join(errors.split()) or 'it printed nothing'}.",
        hint="" if os.geteuid() == 0 else "It tells root only: set become.",
    )


def revoked(run: Run, path: str, kind: str, data: str) -> str:
    """Why RevokedKeys refuses the key; empty when it does not.

    :param path: the file, empty when there is none
    """
    if not path:
        return ""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as exc:
        return f"RevokedKeys {path} cannot be read ({exc.strerror}), and then sshd refuses every key"
    if content.startswith(b"SSHKRL\n"):
        with tempfile.NamedTemporaryFile("w", suffix=".pub") as key:
            key.write(f"{kind} {data}\n")
            key.flush()
            code = run(["ssh-keygen", "-Q", "-f", path, key.name])[0]
        listed = code == 1
    else:
        listed = data.encode() in content.split()
    return f"it is in RevokedKeys {path}" if listed else ""


def _connection(user: str, address: str) -> str:
    there = os.environ.get("SSH_CONNECTION", "").split()
    local, port = (there[2], there[3]) if len(there) == 4 else ("127.0.0.1", "22")
    return f"user={user},host={address},addr={address},laddr={local},lport={port}"


def where_from() -> str:
    """The address that this connection comes from; this machine's own where there is none.

    sudo takes it out of the environment, but the processes above it have it.
    """
    said = os.environ.get("SSH_CONNECTION", "")
    process = os.getppid()
    while not said and process > 1:
        try:
            with open(f"/proc/{process}/environ", encoding="utf-8", errors="replace") as environment:
                said = next(
                    (one[15:] for one in environment.read().split("\0") if one.startswith("SSH_CONNECTION=")), ""
                )
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as status:
                process = int(status.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    if said:
        os.environ["SSH_CONNECTION"] = said
    return (said.split() or ["127.0.0.1"])[0]


# -- users


def has_user(name: str) -> bool:
    """Whether this machine has a user of that name."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def account(name: str) -> Account:
    """A user of this machine.

    :raises InvalidInput: there is none of that name
    """
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise InvalidInput(f"There is no user {name} on this host.", hint="Create it first.") from None
    groups = []
    for gid in os.getgrouplist(name, entry.pw_gid):
        with contextlib.suppress(KeyError):
            groups.append(grp.getgrgid(gid).gr_name)
    shell = entry.pw_shell or "/bin/sh"
    locked, expired = _shadow(name)
    return Account(
        name=name,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        home=entry.pw_dir.rstrip("/") or "/",
        groups=tuple(groups),
        shell=shell,
        shell_runs=os.path.isfile(shell) and os.access(shell, os.X_OK),
        locked=locked,
        expired=expired,
    )


def _shadow(name: str) -> tuple[bool, bool]:
    """Whether an account is locked and whether it has expired, as far as this process may know."""
    try:
        with open("/etc/shadow", encoding="utf-8", errors="surrogateescape") as lines:
            fields = next((line.rstrip("\n").split(":") for line in lines if line.startswith(name + ":")), [])
    except OSError:
        return False, False
    if len(fields) < 8:
        return False, False
    expiry = int(fields[7]) if re.fullmatch(r"\d+", fields[7]) else 0
    return fields[1].startswith("!"), 0 < expiry <= time.time() / _DAY


@contextlib.contextmanager
def acting_as(user: Account) -> t.Iterator[None]:
    """Be that user for a while, so that no link in a folder of the user can lead anywhere that the user may not go."""
    if os.geteuid() != 0 or user.uid == 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups(os.getgrouplist(user.name, user.gid))
    os.setegid(user.gid)
    os.seteuid(user.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


# -- files


def is_at_home(path: str, user: Account) -> bool:
    return path.startswith(user.home.rstrip("/") + "/")


def readable_by(path: str, user: Account) -> str:
    """Why the user cannot read the file, as sshd does it; empty when it can be read, or is not there."""
    with acting_as(user):
        try:
            with open(path, "rb"):
                return ""
        except FileNotFoundError:
            return ""
        except OSError as exc:
            return f"{user.name} cannot read {path}: {exc.strerror}"


def read(path: str, user: Account) -> str | None:
    """The text of a file; None when there is none.

    :raises UnexpectedState: it is no ordinary file, or cannot be read
    """
    try:
        if not is_at_home(path, user):
            return _read(path)
        with acting_as(user), contextlib.suppress(PermissionError):
            return _read(path)
        # Somebody else's file in the user's folder. It must not be one that the user only gave another name.
        return _read(path, no_links=True)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UnexpectedState(f"{path} cannot be read: {exc.strerror}.") from None


def _read(path: str, *, no_links: bool = False) -> str | None:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (os.O_NOFOLLOW if no_links else 0))
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UnexpectedState(f"{path} is no ordinary file.")
        if no_links and status.st_nlink > 1:
            raise UnexpectedState(f"{path} has a second name (a hard link) and belongs to another user.")
        return file.read().decode(*ENCODING)


class Wanted(t.NamedTuple):
    """How a file or folder has to be.

    :ivar owner: uid and gid
    """

    path: str
    mode: int
    owner: tuple[int, int]


def wrong_rights(path: str, user: Account) -> list[Wanted]:
    """The file, and the folder of its own that it is in, where owner or mode are not right.

    In the home of the user that is the user's own file, 0600, in C(.ssh), 0700. Elsewhere it stays whose it is, if that
    is safe, and the user can read it.
    """
    found = []
    own = (user.uid, user.gid)
    if is_at_home(path, user):
        folder = os.path.dirname(path)
        if os.path.basename(folder) == ".ssh" and not os.path.islink(folder) and os.path.isdir(folder):
            found.append(Wanted(folder, 0o700, own))
        if os.path.lexists(path) and not os.path.islink(path):
            found.append(Wanted(path, 0o600, own))
    elif os.path.lexists(path) and not os.path.islink(path):
        status = os.stat(path)
        mine = status.st_uid in (0, user.uid)
        owner = (status.st_uid, status.st_gid) if mine else (0, 0)
        mode = stat.S_IMODE(status.st_mode) & ~0o022 | 0o400
        found.append(Wanted(path, mode | (0o044 if owner[0] != user.uid and readable_by(path, user) else 0), owner))
    return [one for one in found if _differs(one)]


def _differs(wanted: Wanted) -> bool:
    status = os.stat(wanted.path)
    return (stat.S_IMODE(status.st_mode), status.st_uid) != (wanted.mode, wanted.owner[0])


def mend_rights(wanted: t.Iterable[Wanted]) -> None:
    """Set owner and mode, of nothing that is a link or has another name.

    :raises UnexpectedState: that is not possible
    """
    for one in wanted:
        try:
            handle = os.open(one.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            try:
                status = os.fstat(handle)
                if status.st_uid != one.owner[0]:
                    if not stat.S_ISDIR(status.st_mode) and status.st_nlink > 1:
                        raise UnexpectedState(
                            f"{one.path} belongs to another user and has a second name (a hard link)."
                        )
                    os.fchown(handle, *one.owner)
                os.fchmod(handle, one.mode)
            finally:
                os.close(handle)
        except OSError as exc:
            raise UnexpectedState(f"The rights of {one.path} cannot be set: {exc.strerror}.") from None


def new_folders(path: str) -> list[str]:
    """The folders that have to be made for a file, from the top."""
    found: list[str] = []
    folder = os.path.dirname(path)
    while not os.path.lexists(folder):
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return found


def write(path: str, text: str, user: Account) -> None:
    """Put the text into the file in one go, with the folders it needs. A link stays, and what it points to is replaced.

    :raises UnexpectedState: that is not possible; the file is as it was
    """
    home = is_at_home(path, user)
    try:
        with acting_as(user) if home else contextlib.nullcontext():
            for folder in new_folders(path):
                os.mkdir(folder)
                os.chmod(folder, 0o700 if home else 0o755)
            _replace(os.path.realpath(path), text, 0o600 if home else 0o644)
    except OSError as exc:
        again = " It may be immutable (lsattr)." if exc.errno == errno.EPERM else ""
        raise UnexpectedState(f"{path} cannot be written: {exc.strerror}; it is as it was.{again}") from None


def _replace(path: str, text: str, mode: int) -> None:
    folder = os.path.dirname(path)
    former = os.stat(path) if os.path.exists(path) else None
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".authorized_keys.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode(*ENCODING))
            file.flush()
            os.fsync(file.fileno())
        if former and os.geteuid() == 0:
            os.chown(temporary, former.st_uid, former.st_gid)
        os.chmod(temporary, stat.S_IMODE(former.st_mode) if former and os.geteuid() in (0, former.st_uid) else mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
