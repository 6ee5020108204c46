# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an sshd would do with the keys of a user, from what it says itself; pure. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library. Sources: sshd_config(5); sshd(8); each rule
was tried with OpenSSH 9.2, 10.0 and 10.6, which print differently: since 10.4 names of options have capitals.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .entry import SINCE, Entry, expires
from .key import SMALLEST_RSA
from .patterns import by_name_only, first_matching, in_list, is_user

_RSA_ALGORITHMS = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
#: Where one algorithm of signatures is not named as the type of the key.
_ALGORITHMS = {
    "ssh-rsa": _RSA_ALGORITHMS,
    "sk-ecdsa-sha2-nistp256@openssh.com": (
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    ),
}
#: From this release on AuthorizedKeysFile may have wildcards.
_GLOB_SINCE = (10, 0)
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Account:
    """A user of the system.

    :ivar groups: the names of all groups
    :ivar shell_runs: whether the shell is there and can be executed
    :ivar locked: whether the password field says so, which matters without PAM
    :ivar expired: whether the account has
    """

    name: str
    uid: int
    gid: int
    home: str
    groups: tuple[str, ...] = ()
    shell: str = "/bin/sh"
    shell_runs: bool = True
    locked: bool = False
    expired: bool = False


@dataclass(frozen=True)
class KeyFile:
    """A file that sshd reads keys from.

    :ivar path: tokens expanded
    :ivar shared: whether it is the same for every user
    :ivar is_pattern: whether it has wildcards, and stands for what matches them
    """

    path: str
    shared: bool
    is_pattern: bool


class Settings:
    """What C(sshd -T) prints for a user.

    :ivar version: of OpenSSH, such as (9, 2); (0, 0) when it is not known
    :ivar is_debian: whether it has Debian's changes
    """

    def __init__(self, text: str, version: tuple[int, int] = (0, 0), *, is_debian: bool = False) -> None:
        self.version = version
        self.is_debian = is_debian
        self._values: dict[str, list[str]] = {}
        for line in text.splitlines():
            name, _blank, value = line.strip().partition(" ")
            self._values.setdefault(name.lower(), []).append(value.strip())

    def value(self, name: str, default: str = "") -> str:
        return self._values.get(name, [default])[0]

    def items(self, name: str) -> list[str]:
        """The items of an option that has one a line, or all on one."""
        return [item for line in self._values.get(name, []) for item in line.split()]

    def path(self, name: str) -> str:
        """The value of an option that may be C(none); empty then."""
        value = self.value(name)
        return "" if value.lower() == "none" else value

    def says_no(self, name: str, default: str = "yes") -> bool:
        return self.value(name, default).lower() in ("no", "false")

    # -- which files

    def key_files(self, account: Account) -> list[KeyFile]:
        """The files that keys of the user are read from, in this order."""
        values = {"%%": "%", "%h": account.home, "%u": account.name, "%U": str(account.uid)}
        found = []
        # 10.6 leaves the line out where it is none. Where sshd said nothing at all, its defaults are the best guess.
        usual = [] if self._values else [".ssh/authorized_keys", ".ssh/authorized_keys2"]
        for item in self.items("authorizedkeysfile") or usual:
            if item.lower() == "none":
                continue
            path = re.sub("%[%huU]", lambda token: values[token[0]], item)
            if not path.startswith("/"):
                path = account.home.rstrip("/") + "/" + path
            shared = item.startswith("/") and not re.search("%[huU]", item.replace("%%", ""))
            found.append(KeyFile(path, shared, self.version >= _GLOB_SINCE and _GLOB.search(item) is not None))
        return found

    def why_no_file(self, account: Account) -> str:
        """Why there is no file to put a key of the user into."""
        files = self.key_files(account)
        command = self.path("authorizedkeyscommand")
        if not files:
            text = f"AuthorizedKeysFile is none for {account.name}, so that sshd reads keys from no file"
            return text + (
                f", only from the output of {command} (AuthorizedKeysCommand): put them there" if command else ""
            )
        names = ", ".join(one.path for one in files)
        if all(one.shared for one in files):
            return (
                f"sshd reads keys from {names} only, which is for every user, so that a key in it would let in as any "
                "of them: give AuthorizedKeysFile a path with %u or %h"
            )
        return (
            f"sshd reads keys from files that match {names} only, and there is none: create one, or give "
            "AuthorizedKeysFile a path without wildcards"
        )

    # -- who

    def why_no_login(self, account: Account, address: str) -> list[str]:
        """Why no key at all would let the user in from that address."""
        name = account.name
        found = []
        if self.says_no("pubkeyauthentication"):
            found.append(f"PubkeyAuthentication is no for {name}")
        if not self.says_no("refuseconnection", "no"):
            found.append(f"RefuseConnection is yes for {name} from {address}")
        methods = self.items("authenticationmethods") or ["any"]
        if methods != ["any"] and not any("publickey" in _methods(one) for one in methods):
            found.append(f"AuthenticationMethods is {' '.join(methods)}, which has no publickey")
        if account.uid == 0 and self.says_no("permitrootlogin"):
            found.append("PermitRootLogin is no")
        found += self._why_not_allowed(account, address)
        if not account.shell_runs:
            found.append(f"the shell of {name}, {account.shell}, does not exist or cannot be executed")
        if account.locked and self.says_no("usepam", "no"):
            found.append(f"the account {name} is locked, and UsePAM is no")
        if account.expired:
            found.append(f"the account {name} has expired")
        return found

    def _why_not_allowed(self, account: Account, address: str) -> list[str]:
        name = account.name
        found = []
        denied = next((one for one in self.items("denyusers") if is_user(one, name, address)), "")
        if denied:
            found.append(f"DenyUsers has {denied}")
        allowed = self.items("allowusers")
        if allowed and not any(is_user(one, name, address) for one in allowed):
            found.append(f"AllowUsers is {' '.join(allowed)}, without {name} from {address}")
        denied = first_matching(account.groups, self.items("denygroups"))
        if denied:
            found.append(f"DenyGroups has {denied}, and {name} is in such a group")
        allowed = self.items("allowgroups")
        if allowed and not first_matching(account.groups, allowed):
            found.append(f"AllowGroups is {' '.join(allowed)}, and {name} is in no such group")
        return found

    def remarks(self, account: Account, entries: t.Iterable[Entry] = ()) -> list[str]:
        """What else decides about logins of the user with a key."""
        found = []
        names = self._accepted()
        if names and not in_list(_RSA_ALGORITHMS[0], names):
            # sshd 9.2 tells its clients that it takes all there are.
            found += [
                f"{entry.label}: PubkeyAcceptedAlgorithms has no {_RSA_ALGORITHMS[0]}, which clients of OpenSSH take "
                "first for an RSA key: they may have to be told another one."
                for entry in entries
                if entry.type == "ssh-rsa" and not entry.is_authority
            ]
        methods = self.items("authenticationmethods") or ["any"]
        alone = any(set(_methods(one)) <= {"publickey"} for one in methods)
        if methods != ["any"] and not alone and any("publickey" in _methods(one) for one in methods):
            found.append(f"A key alone does not let {account.name} in: AuthenticationMethods is {' '.join(methods)}.")
        return found

    def _accepted(self) -> str:
        return self.value("pubkeyacceptedalgorithms") or self.value("pubkeyacceptedkeytypes")

    def other_sources(self) -> list[str]:
        """What lets keys in besides the files."""
        names = {"authorizedkeyscommand": "AuthorizedKeysCommand", "trustedusercakeys": "TrustedUserCAKeys"}
        return [f"{title} {self.path(name)}" for name, title in names.items() if self.path(name)]

    # -- with which key

    def why_not_entry(self, entry: Entry, account: Account, now: float) -> list[str]:
        """Why this entry would not let the user in.

        :param now: the time, in seconds since 1970
        """
        found = []
        if entry.is_authority:
            option, names = "CASignatureAlgorithms", self.value("casignaturealgorithms")
        else:
            option, names = "PubkeyAcceptedAlgorithms", self._accepted()
        if names and not any(in_list(one, names) for one in _ALGORITHMS.get(entry.type, (entry.type,))):
            found.append(f"{option} of this sshd has nothing for a key of the type {entry.type}")
        smallest = int(self.value("requiredrsasize") or self.value("rsaminsize") or SMALLEST_RSA)
        if 0 < entry.bits < smallest:
            found.append(f"it is an RSA key of {entry.bits} bits, and RequiredRSASize is {smallest}")
        if (
            account.uid == 0
            and self.value("permitrootlogin") == "forced-commands-only"
            and "command" not in entry.names
        ):
            found.append("PermitRootLogin is forced-commands-only, and it has no command=")
        for text in entry.values.get("from", []):
            if self.says_no("usedns", "no") and by_name_only(text):
                found.append(
                    "from= has names of hosts only, and UseDNS is no, so that they are never looked up: write addresses"
                )
        for text in entry.values.get("expiry-time", []):
            if expires(text) <= now:
                found.append(f"its expiry-time {text} has passed")
        if self.version > (0, 0):
            found += [
                "the option {} needs OpenSSH {}.{}, and this is {}.{}".format(name, *since, *self.version)
                for name, since in SINCE.items()
                if name in entry.names and self.version < since
            ]
        return found


def _methods(text: str) -> list[str]:
    """The methods of a list, without what they are limited to."""
    return [method.partition(":")[0] for method in text.split(",")]


def read_version(text: str) -> tuple[int, int]:
    """The version in what sshd prints when it is called with an unknown option."""
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def is_debian(text: str) -> bool:
    """Whether that text is of an sshd with Debian's changes."""
    return re.search(r"OpenSSH_\S+ (Debian|Ubuntu|Raspbian)-", text) is not None
