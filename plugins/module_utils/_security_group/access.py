# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Would this be let in? What C(sg_access_info) reads, and no more of it than an answer needs. Private."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._cloud.door import Cloud, dig, json_list
from .._cloud.errors import AlitrustError, InvalidInput, UnexpectedState
from .._cloud.foretold import is_id
from .._cloud.spelling import nearest
from .._core import naming, networks
from .._core.summary import counted
from .._network.find import chosen_vpc
from . import find, rule_file, rule_planner, rules, shape
from .evaluator import Group
from .packet import SPEC as PACKET_SPEC
from .packet import Asked, Side, asked, result, unexpected
from .planner import check_id, check_place
from .question import ALLOW, DEPENDS, PRIVATE, Answer, Question, answer
from .rule import Rule
from .rule_options import from_options, notes
from .traffic import within

SPEC: dict[str, dict[str, t.Any]] = {
    "security_group_ids": {"type": "list", "elements": "str"},
    "security_groups": {"type": "list", "elements": "str"},
    "vpc_id": {"type": "str"},
    "vpc": {"type": "str"},
    "instance_id": {"type": "str"},
    "rules": {"type": "list", "elements": "dict"},
    "rules_file": {"type": "path"},
    "type": {"type": "str", "choices": list(shape.TYPES), "default": "normal"},
    "network_type": {"type": "str", "choices": ["vpc", "classic"]},
    "packets": {"type": "list", "elements": "dict", "required": True, "options": PACKET_SPEC},
    "both_sides": {"type": "bool", "default": False},
    "fail_unexpected": {"type": "bool", "default": True},
}

#: What an element of C(rules) can have besides what a result of C(sg_rule) has.
_ALSO_IN_RULES = ("service", "group")
_LISTED = 20


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Answer every question of a task.

    :raises UnexpectedState: when packets are not treated as expected, with all answers
    """
    access = _Access(cloud, options)
    found = access.read()
    wrong = unexpected(found)
    if wrong and options["fail_unexpected"]:
        more = f" And {len(wrong) - _LISTED} more." if len(wrong) > _LISTED else ""
        raise UnexpectedState(
            f"{len(wrong)} of {len(found)} packets are not treated as expected. {'. '.join(wrong[:_LISTED])}.{more}",
            accesses=found,
            unexpected=wrong,
        )
    allowed = sum(one["verdict"] == ALLOW for one in found)
    line = f"{counted(len(found), 'packets')}: {allowed} allowed" + (f", {len(wrong)} unexpected" if wrong else "")
    return {"accesses": found, "ok": not wrong, "unexpected": wrong, "summary": line, "warnings": access.notes}


def ask(cloud: Cloud, packet: dict[str, t.Any], **whose: t.Any) -> dict[str, t.Any]:
    """The answer to one question of other code.

    :param packet: options of an element of C(packets)
    :param whose: options of the module that say whose rules count
    """
    packets = [{**{name: spec.get("default") for name, spec in PACKET_SPEC.items()}, **packet}]
    defaults = {name: spec.get("default") for name, spec in SPEC.items()}
    return _Access(cloud, {**defaults, **whose, "packets": packets}).read()[0]


class _Access:
    def __init__(self, cloud: Cloud, options: dict[str, t.Any]) -> None:
        self.cloud = cloud
        self.options = options
        self.asked = asked(options["packets"])
        self.notes = [note for one in self.asked for note in one.notes]
        self.given = self._given()
        self._check()
        self.own: tuple[str, ...] | None = None
        self.vpc_id = ""
        self._groups: dict[str, Group] = {}
        self._instances: dict[str, dict[str, t.Any]] = {}
        self._lists: dict[str, tuple[str, ...]] = {}
        self._unread: dict[str, str] = {}

    def read(self) -> list[dict[str, t.Any]]:
        groups = self._own_groups()
        return [self._answer(groups, one) for one in self.asked]

    # ------------------------------------------------------------------ options

    def _given(self) -> list[Rule] | None:
        """The rules of the task itself; None without any."""
        options = self.options
        if options["rules"] is not None and options["rules_file"]:
            raise InvalidInput("rules and rules_file both say the rules; give one of them.")
        if options["rules_file"]:
            found = rule_file.read_whole(options["rules_file"])
            self.notes += found.notes
            return list(found.rules)
        if options["rules"] is None:
            return None
        known = {*Rule("ingress", "all", "", "cidr", "::/0").to_result(), *_ALSO_IN_RULES}
        for number, rule in enumerate(options["rules"]):
            wrong = sorted(set(rule) - known)
            if wrong:
                raise InvalidInput(
                    f"rules[{number}] has {', '.join(wrong)}; expected some of {', '.join(sorted(known))}.",
                    hint=nearest(wrong, known),
                )
            self.notes += notes(rule, f"rules[{number}].")
        return from_options(options["rules"])

    def _check(self) -> None:
        options = self.options
        for one in options["security_group_ids"] or ():
            check_id("security_group_ids", one)
        naming.check_each(naming.SECURITY_GROUP, "security_groups", options["security_groups"])
        check_place(options)
        check_id("instance_id", options["instance_id"])
        named = options["security_group_ids"] or options["security_groups"]
        if named and options["instance_id"]:
            raise InvalidInput("instance_id is given with groups; an instance is in the groups that it is in.")
        if not named and not options["instance_id"] and self.given is None:
            raise InvalidInput(
                "Nothing says which rules count.",
                hint="Give security_group_ids, security_groups, instance_id, rules or rules_file.",
            )
        if not named and not options["instance_id"] and self.given and shape.TYPES[options["type"]] == "enterprise":
            unfit = rule_planner.only_for_basic(self.given)
            if unfit:
                rule, reason = unfit[0]
                raise InvalidInput(f"An advanced group cannot have the rule '{rule.line}': {reason}.")

    # ------------------------------------------------------------------ groups

    def _own_groups(self) -> list[Group]:
        """The groups whose rules count, those of the task itself as a group without an id."""
        options = self.options
        chosen = chosen_vpc(self.cloud, options["vpc_id"], options["vpc"])
        self.vpc_id = chosen or ""
        ids = list(options["security_group_ids"] or ())
        names, kind = options["security_groups"] or (), options["network_type"]
        named = find.chosen(self.cloud, (), names, vpc_id=chosen, network_type=kind)
        ids += [str(item["SecurityGroupId"]) for item in named]
        if options["instance_id"]:
            instance = self._instance(options["instance_id"])
            ids += instance["groups"]
            self.own = instance["addresses"] or None
        groups = self._read_groups(ids)
        if len({(group.advanced, group.vpc) for group in groups}) > 1:
            kinds = ", ".join(f"{one.label} ({_kind(one)})" for one in groups)
            raise UnexpectedState(f"A network interface cannot be in groups of different types: {kinds}.")
        if self.given is not None:
            advanced = groups[0].advanced if groups else shape.TYPES[options["type"]] == "enterprise"
            vpc = groups[0].vpc if groups else kind != "classic"
            self.given = find.with_peer_ids(self.cloud, self.given, self.vpc_id or None, vpc=vpc)
            groups.append(Group("", rules=tuple(self.given), advanced=advanced, vpc=vpc))
        return groups

    def _read_groups(self, ids: t.Iterable[str]) -> list[Group]:
        wanted = list(dict.fromkeys(ids))
        missing = [one for one in wanted if one not in self._groups]
        if missing:
            shown = {key: shape.group(item) for key, item in find.by_ids(self.cloud, missing).items()}
            for one in missing:
                if one not in shown:
                    raise UnexpectedState(
                        f"There is no security group {one} in {self.cloud.region}.",
                        hint="With both_sides, the groups of the peer have to be ones of this account, too."
                        if self.options["both_sides"]
                        else "",
                    )
                group = shown[one]
                found = rules.read(self.cloud, one, group["name"])
                self.vpc_id = self.vpc_id or group["vpc_id"]
                self._groups[one] = Group(
                    one,
                    group["name"],
                    tuple(sorted(found.rules, key=lambda rule: rule.order)),
                    advanced=group["type"] == "enterprise",
                    inner=found.inner_access_policy == "accept",
                    vpc=found.vpc,
                )
        return [self._groups[one] for one in wanted]

    def _instance(self, instance_id: str) -> dict[str, t.Any]:
        """Groups and private addresses of an instance's primary network interface."""
        if instance_id not in self._instances:
            items = self.cloud.pages("ecs", "DescribeInstances", InstanceIds=json_list([instance_id]))
            if not items:
                raise UnexpectedState(f"There is no instance {instance_id} in {self.cloud.region}.")
            item = items[0]
            private = ((item.get("VpcAttributes") or {}).get("PrivateIpAddress") or {}).get("IpAddress") or []
            inner = (item.get("InnerIpAddress") or {}).get("IpAddress") or []
            self._instances[instance_id] = {
                "groups": list(item["SecurityGroupIds"]["SecurityGroupId"]),  # one at least
                "addresses": tuple(f"{one}/32" for one in (private or inner)[:1]),
            }
        return self._instances[instance_id]

    # ------------------------------------------------------------------ answers

    def _answer(self, groups: list[Group], one: Asked) -> dict[str, t.Any]:
        one = replace(one, question=self._completed(one))
        question = one.question.turned() if one.reply else one.question
        if self.options["both_sides"]:
            question = self._with_groups_of_peer(groups, question)
        found, question = self._certain(groups, question)
        sides = [Side("own", found, groups[0].advanced)]
        peer_groups = sorted(question.member_of - {one.peer_prefix_list_id})
        if self.options["both_sides"] and peer_groups:
            theirs = self._read_groups(peer_groups)
            turned = replace(
                question,
                direction="egress" if question.direction == "ingress" else "ingress",
                peers=question.own,
                own=question.peers,
                member_of=frozenset(group.id for group in groups if group.id),
                groups_known=True,
            )
            sides.append(Side("peer", self._certain(theirs, turned)[0], theirs[0].advanced))
        open_ended = any(side.answer.verdict == DEPENDS for side in sides)
        unread = self._unread.items() if open_ended else ()
        notes = [f"The prefix list {name} could not be read: {why}" for name, why in unread]
        return result(one, sides, notes)

    def _completed(self, one: Asked) -> Question:
        """The question with what is said of its ends by naming an instance or a list."""
        question = one.question
        if question.own is None and self.own and _version(question) == 4:
            question = replace(question, own=self.own)
        if one.peer_instance_id:
            instance = self._instance(one.peer_instance_id)
            groups = frozenset(instance["groups"])
            question = replace(question, peers=instance["addresses"] or None, member_of=groups, groups_known=True)
        if one.peer_prefix_list_id:
            networks = self._prefix_list(one.peer_prefix_list_id)
            everywhere = ("::/0",) if _version(question) == 6 else ("0.0.0.0/0",)
            members = question.member_of | {one.peer_prefix_list_id}
            question = replace(question, peers=networks or everywhere, member_of=members)
        return question

    def _certain(self, groups: list[Group], question: Question) -> tuple[Answer, Question]:
        """The answer; where it depends on what can be looked up, that is looked up."""
        found = answer(groups, question, self._lists)
        if found.verdict == DEPENDS:
            named = {rule.peer for group in groups for rule in group.rules if rule.peer_kind == "prefix_list"}
            unread = named - set(self._lists)
            for one in sorted(unread):
                self._prefix_list(one)
            looked_up = self._with_groups_of_peer(groups, question)
            if looked_up != question or named & set(self._lists) & unread:
                return answer(groups, looked_up, self._lists), looked_up
        return found, question

    def _prefix_list(self, name: str) -> tuple[str, ...] | None:
        """The networks of a prefix list; None where they cannot be read, which an answer need not depend on."""
        if name not in self._lists and name not in self._unread:
            try:
                read = self.cloud.call("ecs", "DescribePrefixListAttributes", PrefixListId=name)
                self._lists[name] = tuple(str(entry["Cidr"]) for entry in dig(read, "Entries.Entry") or ())
            except AlitrustError as error:
                self._unread[name] = str(error.as_failure()["msg"])
        return self._lists.get(name)

    def _with_groups_of_peer(self, groups: list[Group], question: Question) -> Question:
        """The question with the groups of the interface that has the peer's address, where that is one of the VPC."""
        known = self.vpc_id and not is_id(self.vpc_id)
        if question.groups_known or not question.peers or len(question.peers) > 1 or not known:
            return question
        peer = networks.network(question.peers[0])
        if peer.num_addresses > 1 or not any(within(str(peer), one) for one in PRIVATE):
            return question
        query = {"VpcId": self.vpc_id, "PrivateIpAddress": [str(peer.network_address)]}
        interfaces = self.cloud.pages("ecs", "DescribeNetworkInterfaces", query)
        found = [
            one for item in interfaces for one in (item.get("SecurityGroupIds") or {}).get("SecurityGroupId") or []
        ]
        # An address of nobody here may be one of another account, and in the groups of that account.
        abroad = any(rule.owner for group in groups for rule in group.rules if rule.peer_kind == "group")
        if not found and abroad:
            return question
        return replace(question, member_of=question.member_of | set(found), groups_known=True)


def _kind(group: Group) -> str:
    return "classic network" if not group.vpc else "advanced" if group.advanced else "basic"


def _version(question: Question) -> int:
    return networks.network(question.peers[0]).version if question.peers else 6 if question.protocol == "icmpv6" else 4
