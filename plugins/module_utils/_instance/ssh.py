# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for SSH, and what likely keeps it from answering. Private."""

from __future__ import annotations

import ipaddress
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, WaitTimeout
from .._core import progress
from .._core.waiter import wait_for
from .._security_group import access, traffic
from .._security_group.question import ALLOW, DENY, PRIVATE
from . import finder, reach
from .names import counted, listing
from .shape import Instance

#: After how many seconds without an answer the reasons are looked for, and again.
SAID_AFTER = 30.0
#: Most reasons, and most rules of a reason, that are told at once.
_MOST = 3

Addressed = t.Mapping[str, Instance]


def wait(cloud: Cloud, ones: Addressed, port: int, *, timeout: float) -> None:
    """Wait until an SSH server greets on each address.

    :param ones: the instance of each address
    :raises WaitTimeout: with what is likely the reason
    """
    silent: list[str] = []
    told = cloud.monotonic()

    def poll() -> list[str]:
        nonlocal silent, told
        silent = reach.silent(list(ones), port)
        if silent and cloud.monotonic() - told >= SAID_AFTER:
            progress.report(f"SSH does not answer yet. {likely(cloud, {one: ones[one] for one in silent}, port)}")
            told = cloud.monotonic()
        return silent

    try:
        wait_for(
            cloud,
            f"SSH on {counted(len(ones))}",
            poll,
            lambda seen: not seen,
            lambda seen: f"no answer yet from {listing([_title(ones, one) for one in seen])}",
            timeout=timeout,
        )
    except WaitTimeout as error:
        error.hint = likely(cloud, {one: ones[one] for one in silent}, port)
        raise


def likely(cloud: Cloud, ones: Addressed, port: int) -> str:
    """What keeps SSH on these addresses from answering, as far as it can be known, in sentences.

    Instances of the same security groups have the same reason, so a fleet costs as many calls as one of it.
    """
    try:
        now = {one["instance_id"]: one for one in finder.describe(cloud, [one["instance_id"] for one in ones.values()])}
    except AlitrustError as error:
        return f"Why could not be looked up: {error.as_failure()['msg']}"
    reasons: dict[str, list[str]] = {}
    alike: dict[tuple[str, ...], str] = {}
    for address, before in ones.items():
        one = now.get(before["instance_id"])
        if one is None or one["status"] != "Running":
            reason = _down(one)
        else:
            key = (*one["security_group_ids"], "private" if address == one["private_ip"] else "public")
            reason = alike.get(key) or alike.setdefault(key, _refused(cloud, one, address, port))
        reasons.setdefault(reason, []).append(_title(ones, address))
    told = [f"{listing(names)}: {reason}" for reason, names in list(reasons.items())[:_MOST]]
    return " ".join([*told, f"And {len(reasons) - _MOST} other reasons."] if len(reasons) > _MOST else told)


def _title(ones: Addressed, address: str) -> str:
    return f"{ones[address]['name']} ({address})"


def _down(one: Instance | None) -> str:
    if one is None:
        return "it does not exist any more."
    return f"it is {one['status']}, so nothing can answer; state: running starts it."


def _refused(cloud: Cloud, one: Instance, address: str, port: int) -> str:
    """What stands between this machine and an instance that runs."""
    here = reach.source(address)
    private = address == one["private_ip"]
    if here is None:
        return f"this machine has no route to it. {_private(one) if private else ''}".strip()
    # Behind a NAT gateway, the address that a public one sees is not known here.
    known = private or not _is_private(here)
    packet: dict[str, t.Any] = {"protocol": "tcp", "port": str(port), "peer": here if known else "0.0.0.0/0"}
    if not known:
        packet["peer_group_ids"] = []  # from the internet, nobody comes as a member of a group
    try:
        found = access.ask(cloud, packet, instance_id=one["instance_id"])
    except AlitrustError as error:
        return f"whether its security groups let SSH in could not be looked up: {error.as_failure()['msg']}"
    groups = listing(one["security_group_ids"])
    whence = f"{here}, the address of this machine" if known else "the internet"
    if found["verdict"] == DENY:
        return _denied(found, groups, port, whence, here if known else None)
    if found["verdict"] != ALLOW:
        return _depends(found, groups, port, private)
    return (
        f"the security groups {groups} let TCP port {port} in from {whence}. {_private(one) if private else ''}"
        "Otherwise look whether the system has started (see its console output), whether an SSH server listens on port "
        f"{port}, and whether the system's own firewall or a network ACL of {one['vswitch_id']} refuses."
    )


def _denied(found: t.Mapping[str, t.Any], groups: str, port: int, whence: str, here: str | None) -> str:
    if found["by"] == "rule":
        return f"{found['reason']} keeps TCP port {port} closed to {whence}."
    cidr = here or "the address by which this machine reaches the internet"
    return (
        f"no rule of the security groups {groups} lets TCP port {port} in from {whence}. Missing is: direction: "
        f"ingress, protocol: tcp, ports: {port}, cidr: {cidr} (alitrust.ecs.sg_rule)."
    )


def _depends(found: t.Mapping[str, t.Any], groups: str, port: int, private: bool) -> str:
    lines = [case["rule_line"] for case in found["cases"] if case["verdict"] == ALLOW and case["rule_line"]]
    rules = listing(list(dict.fromkeys(lines)), _MOST)
    text = f"the security groups {groups} let TCP port {port} in for some only: {rules}."
    if private:
        return f"{text} It depends on {' and '.join(found['depends_on'])}."
    return (
        f"{text} Look whether the address by which this machine reaches the internet is among them; a machine in the "
        "VPC takes the private address (ssh_address: private)."
    )


def _private(one: Instance) -> str:
    other = (
        f"Its public address is {one['public_ip']} (ssh_address: public). "
        if one["public_ip"]
        else "It has no public address (internet_max_bandwidth_out). "
    )
    return f"It is a private address, which answers only within {one['vpc_id']} and what is connected to it. {other}"


def _is_private(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback or any(traffic.within(f"{address}/32", one) for one in PRIVATE)
