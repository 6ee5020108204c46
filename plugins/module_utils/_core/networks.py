# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks as people write them, with the bits of a host too, and as they are sent. Private; pure functions.

Alibaba Cloud's own documents write C(13.1.1.1/25). Whether its API refuses such a block or cuts it off is not
documented, so it is never sent: the network that it is in is.
"""

from __future__ import annotations

import ipaddress
import typing as t
from functools import cache


@cache
def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network that a CIDR block is in. One task meets the same few many times.

    :raises ValueError: it is none
    """
    return ipaddress.ip_network(text, strict=False)


@cache
def numbers(text: str) -> tuple[int, int, int]:
    """IP version, first and last address of the network that a CIDR block is in, to compare many of them.

    :raises ValueError: it is none
    """
    found = network(text)
    return found.version, int(found.network_address), int(found.broadcast_address)


def meant(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network that an address or a CIDR block is, or is in; None for what is neither."""
    if "%" in value:  # an interface of some machine, which Python takes for a part of the address
        return None
    try:
        return network(value)
    except ValueError:
        return None


def notes(where: str, values: t.Iterable[str]) -> t.Iterator[str]:
    """A warning for each value that is an address with the mask of a network.

    :param where: the option, for the warning
    """
    for value in values:
        found = meant(value)
        if found is not None and found.network_address != network(value.partition("/")[0].strip()).network_address:
            yield f"{where} has {value}, an address with the mask of a network; it is taken as {found}."
