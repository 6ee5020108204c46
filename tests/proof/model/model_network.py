# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of networks and security groups, written from the documentation of their modules."""

from __future__ import annotations

import ipaddress
import typing as t

from hypothesis import strategies as st
from proof.model.model_parts import (
    CLONE_OF,
    OWNER,
    TAGS,
    TERMS,
    Facts,
    Options,
    Refused,
    State,
    Subject,
    leaves,
    options,
    some,
    tag,
)

if t.TYPE_CHECKING:
    from modules.harness import Modules

ZONE = "cn-hangzhou-h"
#: A rule: direction, protocol, ports, the other side, policy, priority.
Rule = tuple[str, str, str, str, str, int]
LETS_OUT: Rule = ("egress", "all", "-1/-1", "0.0.0.0/0", "accept", 1)
#: Template -> protocol and ports of what it lets in, from everybody unless the task says otherwise.
_ICMP, _SSH, _RDP, _HTTP, _HTTPS = (
    ("icmp", "-1/-1"),
    ("tcp", "22/22"),
    ("tcp", "3389/3389"),
    ("tcp", "80/80"),
    ("tcp", "443/443"),
)
TEMPLATES = {
    "default": (_ICMP, _SSH, _RDP),
    "web_server_linux": (_HTTP, _HTTPS, _SSH, _ICMP),
    "web_server_windows": (_HTTP, _HTTPS, _RDP, _ICMP),
    "custom": (),
}
KEEPS_IN: list[Rule] = [("egress", "all", "-1/-1", peer, "drop", 100) for peer in ("0.0.0.0/0", "::/0")]


# ---------------------------------------------------------------------- networks


def vpc(state: State, given: Options) -> None:
    vpcs, name = state["vpcs"], given["name"]
    there = vpcs.get(name)
    wanted = given.get("vswitches", [])
    for at, one in enumerate(wanted):
        if any(_network(one).overlaps(_network(two)) or one["name"] == two["name"] for two in wanted[:at]):
            raise Refused("vSwitches overlap")
        if "cidr_block" in given and not _network(one).subnet_of(ipaddress.IPv4Network(given["cidr_block"])):
            raise Refused("a vSwitch is outside of the VPC")
    if given.get("state") == "absent":
        _vpc_absent(state, given, there)
        return
    if there is None and "cidr_block" not in given:
        raise Refused("cidr_block is needed")
    if there and given.get("cidr_block", there["cidr_block"]) != there["cidr_block"]:
        raise Refused("cidr_block cannot be changed")
    block = ipaddress.IPv4Network(given.get("cidr_block") or there["cidr_block"])
    switches = there["vswitches"] if there else {}
    for one in wanted:
        if not _network(one).subnet_of(block):
            raise Refused("a vSwitch is outside of the VPC")
        old = switches.get(one["name"])
        if old and (old["cidr_block"], old["zone_id"]) != (one["cidr_block"], one["zone_id"]):
            raise Refused("a vSwitch cannot be changed")
        if not old and any(_network(one).overlaps(_network(two)) for two in switches.values()):
            raise Refused("a vSwitch overlaps another")
    if there is None:
        there = vpcs[name] = {"cidr_block": given["cidr_block"], "tags": {OWNER: name}, "vswitches": {}}
    elif OWNER not in there["tags"] and given.get("leave_others") and not given.get("adopt"):
        if any(one["name"] not in switches for one in wanted):
            raise Refused("nothing is added to what others made")
        return
    for one in wanted:
        switch = there["vswitches"].setdefault(one["name"], {**_about(one), "tags": {OWNER: name}})
        if given.get("adopt"):
            switch["tags"].setdefault(OWNER, name)
    tag(there["tags"], given, name)


def _vpc_absent(state: State, given: Options, there: Options | None) -> None:
    if there is None or leaves(OWNER in there["tags"], given):
        return
    foreign = [one for one in there["vswitches"].values() if OWNER not in one["tags"]]
    if foreign and not given.get("adopt"):
        if given.get("leave_others"):
            return
        raise Refused("it has vSwitches of others")
    if any(one["vpc"] == given["name"] for one in state["groups"].values()):
        if given.get("leave_others"):
            return
        raise Refused("something is in it", late=True)
    del state["vpcs"][given["name"]]


def _network(switch: Options) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(switch["cidr_block"])


def _about(switch: Options) -> Options:
    return {key: switch[key] for key in ("cidr_block", "zone_id")}


# ---------------------------------------------------------------------- security groups


def security_group(state: State, given: Options) -> None:
    groups, name = state["groups"], given["name"]
    there = groups.get(name)
    if given.get("state") == "absent":
        if there is None or leaves(OWNER in there["tags"], given):
            return
        used = any(name in one["security_groups"] for one in state["instances"].values()) or any(
            rule[3] == f"group:{name}" for two, one in groups.items() if two != name for rule in one["rules"]
        )
        if used:
            if given.get("leave_others"):
                return
            raise Refused("it is used", late=True)
        del groups[name]
        return
    if given["vpc"] not in state["vpcs"]:
        raise Refused("there is no such VPC")
    if "template_login_cidr" in given and "template" not in given:
        raise Refused("there is no template for whose rules it could be")
    kind = {"basic": "normal", "advanced": "enterprise"}.get(given.get("type", ""), given.get("type"))
    if there and kind not in (None, there["type"]):
        raise Refused("the type cannot be changed")
    kind = there["type"] if there else kind or "normal"
    if kind == "enterprise" and given.get("inner_access_policy") == "accept":
        raise Refused("members of an advanced group are always isolated")
    source = _to_clone(groups, given, there)
    if there is None:
        state["made"] = state.get("made", 0) + 1  # one of the same name that comes later is another
    if source and there is None:
        own = {"tags": {OWNER: name, CLONE_OF: "another"}, "rules": dict(source["rules"])}
        there = groups[name] = {**source, **own, "_made": state["made"], "_clone_of": source.get("_made")}
    elif there is None:
        inner = "drop" if kind == "enterprise" else "accept"
        there = groups[name] = {"vpc": given["vpc"], "description": "", "type": kind, "inner_access_policy": inner}
        there |= {"tags": {OWNER: name}, "rules": {}, "_made": state["made"]}
    elif given.get("leave_others") and OWNER not in there["tags"] and not given.get("adopt"):
        return
    outbound(there, given)
    template(there, given)
    for option in ("description", "inner_access_policy"):
        if option in given:
            there[option] = given[option]
    tag(there["tags"], given, name)


def _to_clone(groups: State, given: Options, there: Options | None) -> Options | None:
    """The group of which this one is to be a clone; None where it is to be none."""
    if "clone_from" not in given:
        return None
    source = groups.get(given["clone_from"]["name"])
    if source is None or source["vpc"] != given["vpc"]:
        raise Refused("there is nothing to clone")
    if there and ("_clone_of" not in there or there["_clone_of"] != source.get("_made")):
        raise Refused("it is no clone of that")
    return t.cast("Options", source)


def lets_out(group: Options) -> str:
    if group["type"] == "enterprise":
        return "allow" if LETS_OUT in group["rules"] else "deny"
    return "deny" if all(rule in group["rules"] for rule in KEEPS_IN) else "allow"


def outbound(group: Options, given: Options) -> None:
    """What happens to outbound traffic that no other rule is about."""
    if given.get("outbound") in (None, lets_out(group)):
        return
    own = [LETS_OUT] if group["type"] == "enterprise" else KEEPS_IN
    if (group["type"] == "enterprise") == (given["outbound"] == "allow"):
        group["rules"].update({rule: "" for rule in own if rule not in group["rules"]})
        return
    if OWNER not in group["tags"] and not given.get("adopt"):
        raise Refused("rules of others are not removed")
    for rule in own:
        group["rules"].pop(rule, None)


def template(group: Options, given: Options) -> None:
    """The rules that a template makes sure of; all others stay."""
    if "template" not in given:
        return
    advanced = group["type"] == "enterprise"
    for protocol, ports in TEMPLATES[given["template"]]:
        login = (protocol, ports) in (_SSH, _RDP)
        peer = given.get("template_login_cidr", "0.0.0.0/0") if login else "0.0.0.0/0"
        group["rules"].setdefault(("ingress", protocol, ports, peer, "accept", 1 if advanced else 100), "")
    if advanced and "outbound" not in given:
        group["rules"].setdefault(LETS_OUT, "")


# ---------------------------------------------------------------------- rules


def _rules(given: Options) -> dict[Rule, str | None]:
    """The rules that a task names, and their descriptions."""
    return {
        (
            one.get("direction", "ingress"),
            one["protocol"],
            one["ports"] if "/" in one["ports"] else f"{one['ports']}/{one['ports']}",
            one.get("cidr") or f"group:{one['group']}",
            one.get("policy", "accept"),
            one.get("priority", 1),
        ): one.get("description")
        for one in given["rules"]
    }


def sg_rule(state: State, given: Options) -> None:
    group = state["groups"].get(given["security_group"])
    how = given.get("state", "present")
    wanted = _rules(given)
    if "directions" in given and how == "exact" and any(rule[0] not in given["directions"] for rule in wanted):
        raise Refused("a rule is of another direction")
    if group is None:
        if how == "absent":
            return
        raise Refused("there is no such group")
    for rule in wanted:
        peer = rule[3].partition("group:")[2]
        if peer and peer not in state["groups"] and how != "absent":
            raise Refused("there is no such group")
        if (
            peer
            and how != "absent"
            and (state["groups"][peer]["type"] == "enterprise" or state["groups"][peer] is group)
        ):
            raise Refused("no rule can name an advanced group, or its own")
        if group["type"] == "enterprise" and how != "absent" and (peer or rule[4] != "accept" or rule[5] != 1):
            raise Refused("an advanced group takes no such rule")
    there = group["rules"]
    ours = OWNER in group["tags"] or given.get("adopt")
    goes = [rule for rule in there if rule not in wanted and rule[0] in given.get("directions", ["ingress", "egress"])]
    if not ours and given.get("leave_others"):
        return
    if how == "absent":
        for rule in wanted:
            there.pop(rule, None)
        return
    if how == "exact" and goes:
        if not ours:
            raise Refused("rules of others are not removed")
        for rule in goes:
            del there[rule]
    for rule, words in wanted.items():
        if rule not in there:
            there[rule] = words or ""
        elif words is not None and how != "merge":
            there[rule] = words


def sg_rule_export(state: State, given: Options) -> None:
    if given["security_group"] not in state["groups"]:
        raise Refused("there is no such group")
    rules = state["groups"][given["security_group"]]["rules"]
    state["files"][given["security_group"]] = dict(rules)


# ---------------------------------------------------------------------- members


def sg_member(state: State, given: Options) -> None:
    wanted = given["security_groups"]
    members = [state["instances"].get(one.removeprefix("$instance:")) for one in given["instance_ids"]]
    if None in members:
        if given.get("state") != "absent":
            raise Refused("there is no such instance")
        members = [one for one in members if one]
        if not members:
            return
    for one in wanted:
        if one not in state["groups"] or state["groups"][one]["vpc"] != "corp":
            raise Refused("there is no such group")
    after = []
    for member in members:
        assert member is not None
        old = set(member["security_groups"])
        new = {"present": old | set(wanted), "absent": old - set(wanted), "exact": set(wanted)}[
            given.get("state", "present")
        ]
        if not new:
            raise Refused("a member is in one group at least")
        if len(new) > given.get("max_groups", 5) and new != old:
            raise Refused("too many groups")
        if len({state["groups"][one]["type"] for one in new}) > 1:
            raise Refused("basic and advanced groups at once")
        after.append((member, new))
    for member, new in after:
        member["security_groups"] = sorted(new)


# ---------------------------------------------------------------------- what is told


def told_vpcs(modules: Modules) -> State:
    return {
        one["name"]: {
            "cidr_block": one["cidr_block"],
            "tags": one["tags"],
            "vswitches": {two["name"]: {**_about(two), "tags": two["tags"]} for two in one["vswitches"]},
        }
        for one in modules.run("vpc_info")["vpcs"]
    }


def told_groups(modules: Modules) -> State:
    found = modules.run("security_group_info", include_rules=True)["security_groups"]
    vpcs = {one["vpc_id"]: one["name"] for one in modules.run("vpc_info")["vpcs"]}
    names = {one["security_group_id"]: one["name"] for one in found}
    about = ("description", "type", "inner_access_policy")
    return {
        one["name"]: {
            **{key: one[key] for key in about},
            "tags": {**one["tags"], **{key: "another" for key in one["tags"] if key == CLONE_OF}},
            "vpc": vpcs[one["vpc_id"]],
            "rules": {told_rule(rule, names): rule["description"] or "" for rule in one["rules"]},
        }
        for one in found
    }


def told_rule(rule: Options, names: dict[str, str]) -> Rule:
    peer = rule.get("cidr") or f"group:{names[rule['group_id']]}"
    return (rule["direction"], rule["protocol"], rule["ports"], peer, rule["policy"], rule["priority"])


FACTS: Facts = {"vpcs": told_vpcs, "groups": told_groups}

_switch = {"a": "10.1.0.0/16", "b": "10.2.0.0/16", "half": "10.1.0.0/17", "far": "172.16.0.0/24"}
_switches = some(*({"name": name, "zone_id": ZONE, "cidr_block": block} for name, block in _switch.items())) | st.just(
    [{"name": "a", "zone_id": "cn-hangzhou-i", "cidr_block": "10.1.0.0/16"}]
)
RULES: list[Options] = [
    {"protocol": "tcp", "ports": "22", "cidr": "203.0.113.0/24", "description": "ssh"},
    {"protocol": "tcp", "ports": "22", "cidr": "203.0.113.0/24", "description": "office"},
    {"protocol": "tcp", "ports": "22", "cidr": "203.0.113.0/24"},
    {"protocol": "tcp", "ports": "443", "cidr": "0.0.0.0/0"},
    {"protocol": "tcp", "ports": "80/81", "cidr": "2001:db8::/32"},
    {"protocol": "udp", "ports": "53", "cidr": "10.0.0.0/8", "policy": "drop", "priority": 5},
    {"protocol": "tcp", "ports": "5432", "group": "apps", "description": "database"},
    {"protocol": "tcp", "ports": "443", "cidr": "0.0.0.0/0", "direction": "egress"},
    {
        "protocol": "all",
        "ports": "-1/-1",
        "cidr": "0.0.0.0/0",
        "direction": "egress",
        "policy": "drop",
        "priority": 100,
    },
]
_GROUPS = ["web", "db", "apps", "their-sg"]
_one_of_each = some(*RULES[1:]).map(
    lambda rules: [
        one
        for at, one in enumerate(rules)
        if not any(_rules({"rules": [one]}).keys() == _rules({"rules": [two]}).keys() for two in rules[:at])
    ]
)

SUBJECTS = [
    Subject(
        "vpc",
        options(
            {
                "state": ["present", "present", "absent"],
                "cidr_block": ["10.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12"],
                "vswitches": _switches,
                "tags": TAGS,
                "purge_tags": [True, False],
                **TERMS,
            },
            name=["corp", "shop", "theirs"],
            wait_timeout=[20],
        ),
        vpc,
        ("vpcs", "groups"),
    ),
    Subject(
        "security_group",
        options(
            {
                "description": ["web servers", "another"],
                "type": ["normal", "basic", "advanced"],
                "inner_access_policy": ["accept", "drop"],
                "outbound": ["allow", "deny"],
                "template": [*TEMPLATES],
                "template_login_cidr": ["203.0.113.0/24"],
                "tags": TAGS,
                "purge_tags": [True, False],
                **TERMS,
            },
            name=_GROUPS,
            vpc=["corp"],
        )
        | options(TERMS, name=[*_GROUPS, "copy"], vpc=["corp"], state=["absent"], wait_timeout=[20])
        | options(
            {"description": ["web servers", "another"], "tags": TAGS, "purge_tags": [True, False]},
            name=["copy"],
            vpc=["corp"],
            clone_from=[{"name": name, "vpc": "corp"} for name in ("web", "db", "apps", "their-sg")],
        ),
        security_group,
        ("vpcs", "groups"),
    ),
    Subject(
        "sg_rule",
        options(
            {
                "state": ["present", "merge", "absent", "exact"],
                "directions": some("ingress", "egress").filter(bool),
                **TERMS,
            },
            security_group=_GROUPS,
            rules=_one_of_each,
        ),
        sg_rule,
        ("groups",),
    ),
    Subject(
        "sg_rule_export",
        options({}, security_group=_GROUPS, dest=["$folder:"]),
        sg_rule_export,
        (),
    ),
    Subject(
        "sg_member",
        options(
            {"state": ["present", "absent", "exact"], "max_groups": [1, 2]},
            security_groups=some("web", "db", "apps", "their-sg").filter(bool),
            instance_ids=some("$instance:web-001", "$instance:web-002").filter(bool),
            wait_timeout=[60],
        ),
        sg_member,
        ("groups", "instances"),
    ),
]
