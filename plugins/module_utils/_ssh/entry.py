# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A line of authorized_keys, read by sshd's own grammar. Private.

This runs in instances, too, so it keeps to Python 3.8 and its standard library. Source: sshd(8), AUTHORIZED_KEYS FILE
FORMAT; each rule was tried with OpenSSH 9.2, 10.0 and 10.6.
"""

from __future__ import annotations

import calendar
import datetime
import re
import socket
import time
import typing as t
from dataclasses import dataclass, field

from .._cloud.texts import whole
from .key import Refused, check, is_certificate, is_private, is_type, own_type
from .patterns import check_from

_BLANK = " \t"
_FLAGS = ("restrict", "cert-authority")
_SWITCHES = (
    "port-forwarding",
    "agent-forwarding",
    "X11-forwarding",
    "touch-required",
    "verify-required",
    "pty",
    "user-rc",
)
_VALUES = ("command", "principals", "from", "expiry-time", "environment", "permitopen", "permitlisten", "tunnel")
#: May be given once only.
_ONCE = ("command", "principals", "from")
#: The release of OpenSSH that brought an option; an older one refuses the whole line.
SINCE = {
    "restrict": (7, 2),
    "expiry-time": (7, 7),
    "permitlisten": (7, 8),
    "touch-required": (8, 2),
    "verify-required": (8, 4),
    "expiry-time in UTC": (9, 1),
}
_LARGEST_PORT = 65535
_LARGEST_TUNNEL = 0x7FFFFFFE
_TIME_FORMS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True)
class Entry:
    """A line that sshd takes.

    :ivar options: as they are written, empty when there are none
    :ivar data: the key itself, base64
    :ivar bits: the size of an RSA key, 0 for others
    :ivar values: options with a value; of several, all
    :ivar names: all options, and special uses of them, as in C(SINCE)
    :ivar label: how messages name it
    """

    options: str
    type: str
    data: str
    comment: str = ""
    bits: int = field(default=0, compare=False)
    values: dict[str, list[str]] = field(default_factory=dict, compare=False)
    names: frozenset[str] = field(default=frozenset(), compare=False)
    label: str = field(default="", compare=False)

    @property
    def line(self) -> str:
        return " ".join(part for part in (self.options, self.type, self.data, self.comment) if part)

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.data

    @property
    def is_authority(self) -> bool:
        return "cert-authority" in self.names

    @property
    def restricts_who(self) -> bool:
        """Whether sshd may pass this line by and go on to the next one with the same key."""
        return self.is_authority or "from" in self.names or "expiry-time" in self.names


def parse(line: str) -> Entry:
    """Read a line.

    :raises Refused: sshd would not take it; why
    """
    line = line.strip()
    if "\0" in line:
        raise Refused("it has a character in it that cannot be in a file of text")
    start = 0 if _begins_with_key(line) else _after_options(line)
    rest = line[start:].lstrip(_BLANK)
    if not _begins_with_key(rest):
        raise Refused(_why_no_key(line, start))
    options = line[:start]
    values, names = _read_options(options)
    parts = re.split("[ \t]+", rest, maxsplit=2)
    bits = check(parts[0], parts[1])
    return Entry(options, parts[0], parts[1], parts[2].strip() if len(parts) > 2 else "", bits, values, names)


def comment_of(line: str) -> str:
    """The comment of a line that may be wrong otherwise; empty where it could be part of a secret."""
    words = line.split()
    if is_private(line):
        return ""
    for number, word in enumerate(words[:-1]):
        if is_type(word):
            comment = " ".join(words[number + 2 :])
            return "" if re.search(r"[A-Za-z0-9+/=]{32,}", comment) else comment
    return ""


def _begins_with_key(text: str) -> bool:
    words = re.split("[ \t]+", text, maxsplit=2)
    return len(words) > 1 and (is_type(words[0]) or own_type(words[1]) == words[0])


def _after_options(line: str) -> int:
    """Where the options end: at the first blank that is not quoted."""
    at, quoted = 0, False
    while at < len(line) and (quoted or line[at] not in _BLANK):
        if line[at : at + 2] == '\\"':
            at += 1
        elif line[at] == '"':
            quoted = not quoted
        at += 1
    if quoted:
        raise Refused("a quote is opened in its options and not closed")
    return at


def _why_no_key(line: str, start: int) -> str:
    words = line.split()
    at = next((number for number, word in enumerate(words) if is_type(word)), None)
    if at is not None and at == len(words) - 1:
        return "there is no key after its type"
    if at is not None and len(" ".join(words[:at])) > start:
        return "there is a blank between its options, which ends them for sshd: options are separated by a comma only"
    return "it is no public key in OpenSSH's form, such as: ssh-ed25519 AAAAC3Nza... comment"


def _read_options(text: str) -> tuple[dict[str, list[str]], frozenset[str]]:
    values: dict[str, list[str]] = {}
    names: set[str] = set()
    at = 0
    while at < len(text):
        flag = _flag(text, at)
        name = next((one for one in _VALUES if text[at : at + len(one) + 1].lower() == one + "="), None)
        if flag is not None:
            name, at = flag
            names.add(name)
        elif name is not None:
            value, at = _dequote(text, at + len(name) + 1, name)
            if name in _ONCE and name in values:
                raise Refused(f"the option {name} is given twice")
            _CHECKS.get(name, _anything)(value)
            values.setdefault(name, []).append(value)
            names.add(name)
            if name == "expiry-time" and is_utc(value):
                names.add("expiry-time in UTC")
        if at == len(text):
            break
        if text[at] != ",":
            raise Refused(_unknown(text, at))
        at += 1
    if "principals" in names and "cert-authority" not in names:
        raise Refused("the option principals is for a line with cert-authority, and sshd refuses it elsewhere")
    return values, frozenset(names)


def _flag(text: str, at: int) -> tuple[str, int] | None:
    for name in _FLAGS:
        if text[at : at + len(name)].lower() == name:
            return name, at + len(name)
    start = at + 3 if text[at : at + 3].lower() == "no-" else at
    for name in _SWITCHES:
        if text[start : start + len(name)].lower() == name.lower():
            return name, start + len(name)
    return None


def _dequote(text: str, at: int, name: str) -> tuple[str, int]:
    found = re.compile(r'"((?:\\"|[^"])*)"').match(text, at)
    if not found:
        raise Refused(f'the value of the option {name} is not in double quotes, as in {name}="..."')
    return found[1].replace('\\"', '"'), found.end()


def _unknown(text: str, at: int) -> str:
    """What stands where no option of sshd's does; shown only if it looks like the name of one."""
    start = text.rfind(",", 0, at) + 1
    word = re.match(r"[^,=\" \t]*", text[start:])
    name = word[0] if word else ""
    if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*|[A-Za-z0-9]+(-[A-Za-z0-9]+)+", name) or len(name) > 32:
        return "it begins with something that is neither an option nor a type of key"
    if name in _VALUES:
        return f'the option {name} needs a value, as in {name}="..."'
    return f"sshd knows no option {name}"


# -- values


def _anything(value: str) -> None:
    pass


def _check_environment(value: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_]+=.*", value, re.DOTALL):
        raise Refused('the value of the option environment must be "NAME=value"')


def _check_tunnel(value: str) -> None:
    number = whole(value)
    if value.lower() != "any" and (number is None or number > _LARGEST_TUNNEL):
        raise Refused('the value of the option tunnel must be a number or "any"')


def _check_permitopen(value: str) -> None:
    _check_place(value, "permitopen")


def _check_permitlisten(value: str) -> None:
    _check_place(value if ":" in value else "*:" + value, "permitlisten")


def _check_place(value: str, option: str) -> None:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:/\[]*)[:/](.*)", value, re.DOTALL)
    if not found or not (found[2] == "*" or _is_port(found[2])):
        raise Refused(f'the value of the option {option} must be "host:port", with an IPv6 address in brackets')


def _is_port(text: str) -> bool:
    if re.fullmatch("[0-9]+", text):
        return 0 < (whole(text) or 0) <= _LARGEST_PORT
    try:
        return socket.getservbyname(text, "tcp") > 0
    except (OSError, ValueError):
        return False


def _check_expiry(value: str) -> None:
    expires(value)


def is_utc(value: str) -> bool:
    return value.upper().endswith(("Z", "UTC"))


def expires(value: str) -> float:
    """When that is, in seconds since 1970; without Z or UTC in the time of this machine.

    :raises Refused: it is no time
    """
    digits = re.sub(r"(?i)(Z|UTC)$", "", value)
    wrong = Refused('the value of the option expiry-time must be "YYYYMMDD[HHMM[SS]]", with Z after it for UTC')
    form = _TIME_FORMS.get(len(digits))
    if form is None or not re.fullmatch("[0-9]+", digits):
        raise wrong
    try:
        when = datetime.datetime.strptime(digits, form).timetuple()
    except ValueError:
        raise wrong from None
    try:
        return float(calendar.timegm(when) if is_utc(value) else time.mktime(when))
    except (OverflowError, ValueError):
        raise wrong from None


_CHECKS: dict[str, t.Callable[[str], None]] = {
    "from": check_from,
    "expiry-time": _check_expiry,
    "environment": _check_environment,
    "permitopen": _check_permitopen,
    "permitlisten": _check_permitlisten,
    "tunnel": _check_tunnel,
}

__all__ = ["SINCE", "Entry", "comment_of", "expires", "is_certificate", "is_utc", "parse"]
