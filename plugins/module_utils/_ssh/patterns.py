# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patterns of OpenSSH: in from= of authorized_keys, and in AllowUsers and its like of sshd_config. Private.

This runs in instances, too, so it keeps to Python 3.8 and its standard library. Sources: ssh_config(5), PATTERNS;
sshd_config(5), AllowUsers; sshd(8), from=; each rule was tried with OpenSSH 9.2, 10.0 and 10.6.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .key import Refused


def matches(text: str, pattern: str) -> bool:
    """Whether a pattern with C(*) and C(?) is that of the whole text."""
    form = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(form, text, re.DOTALL) is not None


def in_list(text: str, patterns: str) -> bool:
    """Whether a list with commas, where C(!) takes out, has the text in it."""
    items = patterns.split(",")
    if any(matches(text, item[1:]) for item in items if item.startswith("!")):
        return False
    return any(matches(text, item) for item in items if not item.startswith("!"))


def _network(item: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(item)
    except ValueError:
        return None


def has_address(address: str, patterns: str) -> bool:
    """Whether a list of addresses, networks and patterns with commas, where C(!) takes out, has the address in it."""
    found = False
    for item in patterns.lower().split(","):
        bare = item.lstrip("!")
        network = _network(bare)
        try:
            hit = ipaddress.ip_address(address) in network if network else matches(address.lower(), bare)
        except ValueError:
            hit = matches(address.lower(), bare)
        if hit and item.startswith("!"):
            return False
        found = found or hit
    return found


def is_user(pattern: str, name: str, address: str) -> bool:
    """Whether an item of AllowUsers or DenyUsers is about the user who comes from that address."""
    user, at, host = pattern.partition("@")
    return matches(name, user) and (not at or has_address(address, host))


def check_from(patterns: str) -> None:
    """Check the value of from=.

    :raises Refused: sshd would let nobody in with it, or not the ones that are meant
    """
    items = patterns.split(",")
    for item in items:
        bare = item[1:] if item.startswith("!") else item
        if not bare:
            raise Refused("from= has an empty item")
        if re.search(r"\s", bare):
            raise Refused(
                f"from= has a blank in {item.strip()!r}, which then matches nothing: separate with commas only"
            )
        if "/" in bare and _network(bare) is None:
            try:
                meant = ipaddress.ip_network(bare, strict=False)
            except ValueError:
                raise Refused(f"from= has {bare!r}, which is no network") from None
            raise Refused(f"from= has {bare!r}, for which sshd refuses everybody: that network is written {meant}")
    if all(item.startswith("!") for item in items):
        raise Refused("from= only excludes, so that it matches nobody: add what is let in, as in '*'")


def by_name_only(patterns: str) -> bool:
    """Whether all that from= lets in are names of hosts, no addresses."""
    wanted = [item for item in patterns.split(",") if not item.startswith("!")]
    return not any(
        _network(item) or re.fullmatch(r"[0-9.*?]+|[0-9a-fA-F:.*?]*:[0-9a-fA-F:.*?]*", item) for item in wanted
    )


def first_matching(texts: t.Iterable[str], patterns: t.Iterable[str]) -> str:
    """The first pattern that one of the texts has; empty when there is none."""
    known = list(texts)
    return next((pattern for pattern in patterns if any(matches(text, pattern) for text in known)), "")
