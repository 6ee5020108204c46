# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit as C(audit_info) returns it: facts, figures, findings. Private."""

from __future__ import annotations

import time
import typing as t
from collections import Counter

from .._cloud import texts
from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput
from .._cloud.spelling import nearest
from .._core.summary import counted
from .._ram import rights
from .._security_group import traffic
from .._security_group.planner import check_id
from .._trust import options as trust_options
from .._trust.verdict import clock
from . import checks, graph, quotas, security
from .collect import Facts, Item, collect, collect_groups, of_file

SPEC: dict[str, dict[str, t.Any]] = {
    "checks": {"type": "list", "elements": "str"},
    "skip_checks": {"type": "list", "elements": "str", "default": []},
    "limits": {"type": "dict", "default": {}},
    "security_group_ids": {"type": "list", "elements": "str"},
    "rules_file": {"type": "path"},
    **trust_options.SPEC,
}

VERDICTS = ("trusted", "untrusted", "unmeasured", "unknown")
#: Age of the last report: name and the age, in seconds, that it ends at.
AGES: tuple[tuple[str, float], ...] = (
    ("under 1 h", 3600),
    ("1 to 6 h", 6 * 3600),
    ("6 to 24 h", 24 * 3600),
    ("1 to 7 d", 7 * 86400),
    ("over 7 d", float("inf")),
)
NEVER = "never"


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Audit one region of an account, or some of its security groups, or rules in a file.

    :raises InvalidInput: an unknown check or limit
    """
    ids, file = options["security_group_ids"], options["rules_file"]
    if ids is not None and file:
        raise InvalidInput("security_group_ids and rules_file both say what to audit; give one of them.")
    for one in ids or ():
        check_id("security_group_ids", one)
    groups_only = ids is not None or bool(file)
    chosen = _chosen(options, checks.GROUP_CHECKS if groups_only else tuple(checks.CHECKS))
    limits = _limits(options["limits"])
    if file:
        facts = of_file(file, cloud.connection.region or "")
    elif ids is not None:
        facts = collect_groups(cloud, options, ids)
    else:
        facts = collect(cloud, options)
    audit = assemble(facts, chosen, limits, time.time())
    warnings = [f"The audit knows nothing about {one['part']}: {one['reason']}" for one in audit["not_read"]]
    return {"audit": audit, "summary": _summary(audit["figures"]["findings"]), "warnings": [*facts.notes, *warnings]}


def _summary(findings: t.Mapping[str, int]) -> str:
    words = [f"{number} {severity}" for severity, number in findings.items() if number]
    return counted(sum(findings.values()), "findings") + (f": {', '.join(words)}" if words else "")


def _chosen(options: dict[str, t.Any], possible: t.Sequence[str]) -> list[str]:
    for option in ("checks", "skip_checks"):
        wrong = [one for one in options[option] or () if one not in possible]
        if wrong:
            raise InvalidInput(f"{option} has {wrong[0]!r}; expected some of {', '.join(possible)}.")
    named = options["checks"] if options["checks"] is not None else possible
    return [name for name in named if name not in (options["skip_checks"] or ())]


def _limits(given: dict[str, t.Any] | None) -> dict[str, int]:
    found = {}
    for name, value in (given or {}).items():
        if name not in quotas.NAMES:
            raise InvalidInput(
                f"limits has {name!r}; expected some of {', '.join(quotas.NAMES)}.", hint=nearest([name], quotas.NAMES)
            )
        number = texts.whole(value)
        if not number:
            raise InvalidInput(f"limits.{name} is {value!r}; expected a number above 0.")
        found[name] = number
    return found


def assemble(facts: Facts, chosen: t.Collection[str], given: t.Mapping[str, int], now: float) -> Item:
    """Everything the report says, purely.

    :param given: limits that take the place of those of the account
    """
    limits = quotas.limits(facts.told, given)
    for one in facts.instances:
        one.setdefault("trust", _unknown(facts.unread.get("trust", "the trusted server was not asked"), one))
    findings, states = checks.run(facts, chosen, limits)
    nodes = facts.nodes
    edges = graph.edges(nodes)
    world = {edge.group: edge for edge in edges if edge.kind == graph.WORLD}
    names = {node.id: node.name for node in nodes}
    members = graph.Members(nodes)
    disks = Counter(disk["kms_key_id"] for one in facts.instances for disk in one.get("disks", ()))
    instances = [] if facts.groups_only else [_instance(one, facts) for one in facts.instances]
    audit: Item = {
        "generated": clock(now),
        "region": facts.region,
        "account_id": facts.account_id,
        "fleets": _fleets(instances),
        "instances": instances,
        "security_groups": [
            _group(group, node, world.get(node.id), limits) for group, node in zip(facts.groups, nodes, strict=True)
        ],
        "reach": [] if facts.groups_only else [_edge(edge, names, members) for edge in edges],
        "roles": list(facts.roles.values()),
        "sessions": facts.sessions,
        "share_roles": facts.share_roles,
        "shared_images": facts.shared_images,
        "kms": {"status": facts.kms_status, "keys": [_key(key, facts, disks) for key in facts.keys]},
        "key_pairs": facts.key_pairs,
        "addresses": facts.addresses,
        "security_center": facts.security_center,
        "quotas": [] if facts.groups_only else quotas.table(facts, given),
        "findings": findings,
        "checks": states,
        "not_read": [{"part": part, "reason": reason} for part, reason in facts.unread.items()],
    }
    audit["figures"] = _figures(audit)
    return audit


def _unknown(reason: str, one: Item) -> Item:
    return {
        "verdict": "unknown",
        "reason": reason,
        "last_report": None,
        "last_report_age": None,
        "findings": None,
        "system_trust_status": None,
        "program_trust_status": None,
        "supports_vtpm": one["trusted"]["supports_vtpm"],
    }


def _instance(one: Item, facts: Facts) -> Item:
    encrypted = [disk["encrypted"] for disk in one["disks"]]
    unread = "disks" in facts.unread
    kept = (
        "instance_id",
        "name",
        "fleet",
        "status",
        "instance_type",
        "zone_id",
        "image_id",
        "os_name",
        "private_ip",
        "public_ip",
        "security_group_ids",
        "key_name",
        "ram_role_name",
        "deletion_protection",
        "http_endpoint",
        "http_tokens",
        "creation_time",
        "disks",
        "trust",
    )
    image = facts.images.get(one["image_id"])
    role = facts.roles.get(one["ram_role_name"] or "")
    return {
        **{key: one[key] for key in kept},
        "image_name": image["name"] if image else "",
        "encryption": "unknown"
        if unread or not encrypted
        else "all"
        if all(encrypted)
        else "some"
        if any(encrypted)
        else "none",
        "imdsv2": one["http_tokens"] == "required" or one["http_endpoint"] == "disabled",
        "rights": role["rights"] if role else [],
    }


def _fleets(instances: t.Sequence[Item]) -> list[Item]:
    """By fleet: verdicts, and verdicts by the age of the last report."""
    by_fleet: dict[str, list[Item]] = {}
    for one in instances:
        by_fleet.setdefault(one["fleet"] or "", []).append(one)
    found = []
    for fleet, members in sorted(by_fleet.items()):
        by_age: dict[str, list[Item]] = {}
        for one in members:
            by_age.setdefault(age_of(one["trust"]["last_report_age"]), []).append(one)
        timeline = [{"age": age, **_verdicts(by_age.get(age, ()))} for age in (*(name for name, _end in AGES), NEVER)]
        found.append({"fleet": fleet, "instances": len(members), "verdicts": _verdicts(members), "timeline": timeline})
    return found


def age_of(seconds: float | None) -> str:
    """The name of the age that a last report has."""
    if seconds is None:
        return NEVER
    return next(name for name, end in AGES if seconds < end)


def _verdicts(instances: t.Iterable[Item]) -> dict[str, int]:
    listed = [one["trust"]["verdict"] for one in instances]
    return {verdict: listed.count(verdict) for verdict in VERDICTS}


def _group(group: Item, node: graph.Group, world: graph.Edge | None, limits: t.Mapping[str, int]) -> Item:
    return {
        **{
            key: group[key]
            for key in ("security_group_id", "name", "vpc_id", "type", "inner_access_policy", "instance_ids")
        },
        "world": traffic.text(world.ports) if world else "nothing",
        "risky": sorted(checks.risky(world.ports)) if world else [],
        "outward": traffic.text(graph.outward(node)),
        "rule_count": len(group["rules"]),
        "rule_limit": limits["rules_per_group"],
        "rules": [{**rule.to_result(), "line": rule.line} for rule in group["rules"]],
    }


def _edge(edge: graph.Edge, names: t.Mapping[str, str], members: graph.Members) -> Item:
    label = "the world" if edge.kind == graph.WORLD else names.get(edge.source) or edge.source.removesuffix("/32")
    return {
        "source_kind": edge.kind,
        "source": edge.source,
        "source_name": label,
        "security_group_id": edge.group,
        "security_group": names[edge.group],
        "ports": traffic.text(edge.ports),
        "risky": sorted(checks.risky(edge.ports)) if edge.kind == graph.WORLD else [],
        "peers": list(edge.peers),
        "includes": [names[one] for one in members.within(edge.source)] if edge.kind == "cidr" else [],
    }


def _key(key: Item, facts: Facts, disks: t.Mapping[str | None, int]) -> Item:
    """A key, and who can use it: share roles (and so their recipients) and the roles of instances."""
    users = []
    for role in facts.share_roles:
        uses = _uses(role, key)
        if uses:
            whom = role["recipients"] or role["services"]
            users.append({"role": role["name"], "purpose": role["purpose"], "who": whom, "uses": uses})
    for role in facts.roles.values():
        uses = _uses(role, key)
        if uses:
            ones = [one["name"] or one["instance_id"] for one in facts.carriers.get(role["name"], ())]
            users.append({"role": role["name"], "purpose": "instances", "who": ones, "uses": uses})
    return {**key, "disks": disks.get(key["key_id"], 0), "users": users}


def _uses(role: Item, key: Item) -> list[str]:
    return [action for action in rights.KEY_USES if rights.allows(role["statements"], action, key["arn"])]


def _figures(audit: Item) -> Item:
    """The numbers at the top of the report."""
    instances = audit["instances"]
    severities = [finding["severity"] for finding in audit["findings"]]
    disks = [disk for one in instances for disk in one["disks"]]
    center = audit["security_center"]
    return {
        "instances": len(instances),
        "fleets": len([one for one in audit["fleets"] if one["fleet"]]),
        "verdicts": _verdicts(instances),
        "findings": {severity: severities.count(severity) for severity in checks.SEVERITIES},
        "checks_passed": sum(one["state"] == "passed" for one in audit["checks"]),
        "checks_failed": sum(one["state"] == "failed" for one in audit["checks"]),
        "checks_unknown": sum(one["state"] == "unknown" for one in audit["checks"]),
        "disks": len(disks),
        "disks_encrypted": sum(disk["encrypted"] for disk in disks),
        "imdsv2_required": sum(one["imdsv2"] for one in instances),
        "deletion_protected": sum(one["deletion_protection"] for one in instances),
        "with_key_pair": sum(bool(one["key_name"]) for one in instances),
        "with_role": sum(bool(one["ram_role_name"]) for one in instances),
        "security_groups": len(audit["security_groups"]),
        "groups_open_to_world": sum(group["world"] != "nothing" for group in audit["security_groups"]),
        "rules": sum(group["rule_count"] for group in audit["security_groups"]),
        "keys": len(audit["kms"]["keys"]),
        "share_roles": len(audit["share_roles"]),
        # Null where Security Center was not read: no number would be true.
        "protected": sum(one["protected"] for one in center["instances"]) if center else None,
        "alerts": security.by_level(center["alerts"]) if center else None,
        "vulnerabilities": sum(one["vulnerability_count"] for one in center["instances"]) if center else None,
        "risks": sum(one["risk_count"] for one in center["instances"]) if center else None,
    }
