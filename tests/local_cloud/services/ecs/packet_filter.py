# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups at work: what the records say becomes what hosts let through, and follows every change of them."""

from __future__ import annotations

import logging
import threading
import typing as t
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from local_cloud.hosts import HostError, Hosts
from local_cloud.hosts.firewall import Guard, Rule
from local_cloud.services.ecs.common import Record
from local_cloud.settings import Settings, define
from local_cloud.store import SETTINGS, Store

define("hosts.firewall", True, "whether security groups filter the packets of hosts")
define(
    "hosts.firewall_spares",
    "100.100.100.200/32",
    "networks that hosts reach whatever outbound rules say, separated by commas: the metadata service (UNCERTAIN)",
)

#: what the answer depends on
_KINDS = ("instance", "eni", "security_group", "prefix_list", SETTINGS)

_log = logging.getLogger("local_cloud.hosts")


class PacketFilter:
    """Keeps the guards of hosts at what the records say.

    One thread does it, so that an older state never comes after a newer one.
    """

    def __init__(self, store: Store, hosts: Hosts) -> None:
        self._store, self._hosts = store, hosts
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="packets")
        self._lock = threading.Lock()
        self._planned = False
        self._known: dict[str, Guard | None] = {}  # of the instances whose hosts are followed, as they were set last

    def attach(self) -> None:
        """Follow the store's changes from now on."""
        self._store.watch(_KINDS, self._changed)

    def close(self) -> None:
        """Follow no more; what hosts have stays."""
        self._store.unwatch(self._changed)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def protect(self, instance_id: str) -> None:
        """Give an instance's host its guard, before it starts, and follow its changes from now on.

        :raises HostError: the kernel refuses the rules.
        """
        self._pool.submit(self._bring, [instance_id]).result()

    def forget(self, instance_id: str) -> None:
        """The instance has no host any more."""
        with self._lock:
            self._known.pop(instance_id, None)

    def _changed(self) -> None:
        with self._lock:
            if self._planned or not self._known:
                return
            self._planned = True
        self._pool.submit(self._follow)

    def _follow(self) -> None:
        with self._lock:
            self._planned = False  # what changes from here on is looked at once more
            followed = list(self._known)
        try:
            self._bring(followed)
        except Exception:  # a later change tries again
            _log.exception("some hosts' packets are filtered as before")

    def _bring(self, instance_ids: t.Collection[str]) -> None:
        problem = None
        for instance_id, guard in guards(self._store, instance_ids).items():
            with self._lock:
                same = instance_id in self._known and self._known[instance_id] == guard
            if not same:
                try:
                    self._hosts.protect(instance_id, guard)
                except HostError as error:
                    problem = error  # of one host: the others' turn comes all the same
                    continue
                with self._lock:
                    self._known[instance_id] = guard
        if problem:
            raise problem


def guards(store: Store, instance_ids: t.Collection[str]) -> dict[str, Guard | None]:
    """The guards of the primary interfaces of those of the instances that there are; None where nothing is filtered."""
    wanted, settings = set(instance_ids), Settings(store)
    found = (one for one in store.find("instance") if one["InstanceId"] in wanted)
    instances = [one for one in found if not one.get("_Releasing")]
    if not settings["hosts.firewall"]:
        return {one["InstanceId"]: None for one in instances}
    groups = {one["SecurityGroupId"]: one for one in store.find("security_group")}
    lists = {
        one["PrefixListId"]: tuple(entry["Cidr"] for entry in one["_Entries"]) for one in store.find("prefix_list")
    }
    # In the classic network, instances have no interfaces and are members themselves.
    members: dict[str, list[str]] = defaultdict(list)
    for one in [*store.find("eni"), *store.find("instance", where={"VpcId": ""})]:
        for group_id in one["SecurityGroupIds"]:
            members[group_id].append(one["PrivateIpAddress"])
    spared = tuple(one for one in map(str.strip, settings["hosts.firewall_spares"].split(",")) if one)
    return {
        one["InstanceId"]: guard([groups[id] for id in one["SecurityGroupIds"] if id in groups], members, lists, spared)
        for one in instances
    }


def guard(
    groups: t.Sequence[Record],
    members: t.Mapping[str, t.Sequence[str]],
    lists: t.Mapping[str, t.Sequence[str]],
    spared: t.Sequence[str] = (),
) -> Guard:
    """What the groups of one interface say together.

    :param groups: their records.
    :param members: the addresses of what is in a group, by the group's ID.
    :param lists: the networks of prefix lists, by their IDs.
    """
    basic = [group for group in groups if group["SecurityGroupType"] != "enterprise"]
    inner = [group["SecurityGroupId"] for group in basic if group["InnerAccessPolicy"] == "Accept"]
    return Guard(
        advanced=not basic,
        inner=tuple(sorted({address for group_id in inner for address in members.get(group_id, ())})),
        rules=tuple(_rule(group, rule, members, lists) for group in groups for rule in group["Permissions"]),
        spared=tuple(spared),
    )


def _rule(
    group: Record, rule: Record, members: t.Mapping[str, t.Sequence[str]], lists: t.Mapping[str, t.Sequence[str]]
) -> Rule:
    ingress = rule["Direction"] == "ingress"
    peer, own = ("Source", "Dest") if ingress else ("Dest", "Source")
    peers = _cidr(rule, peer)
    if not peers and rule.get(f"{peer}GroupId"):
        peers = tuple(sorted(set(members.get(rule[f"{peer}GroupId"], ()))))
    elif not peers and rule.get(f"{peer}PrefixListId"):
        peers = tuple(lists.get(rule[f"{peer}PrefixListId"], ()))
    if rule.get("PortRangeListId"):
        peers = ()  # lists of ports are not served, so there are none in it
    return Rule(
        direction="ingress" if ingress else "egress",
        protocol=rule["IpProtocol"],
        accept=rule["Policy"] == "Accept",
        priority=int(rule["Priority"]),
        peers=peers,
        ports=_ports(rule.get("PortRange")),
        source_ports=_ports(rule.get("SourcePortRange")),
        own=_cidr(rule, own) or None,
        side="" if group["VpcId"] else rule["NicType"],
    )


def _cidr(rule: Record, word: str) -> tuple[str, ...]:
    """The networks that a rule itself says of one end."""
    return tuple(rule[name] for name in (f"{word}CidrIp", f"Ipv6{word}CidrIp") if rule.get(name))


def _ports(text: str | None) -> tuple[int, int] | None:
    if not text or text == "-1/-1":
        return None
    first, _slash, last = text.partition("/")
    return int(first), int(last)
