# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The baseline: what is checked, how bad it is, and the module call that mends it. Pure. Private.

A check is a row of the table L{CHECKS}; its function looks at the facts and yields hits.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._core import networks
from .._ddos import attacks
from .._ram.rights import TRUST_CLIENT
from .._security_group import traffic
from .._security_group.rule import Rule
from .._security_group.traffic import Span
from . import quotas
from .collect import Facts, Item

SEVERITIES = ("critical", "high", "medium", "low")

#: Limits that C(_quotas) names with what would make room.
_MENDED_ABOVE = ("rules_per_group", "groups_per_region", "rules_per_instance")
#: Share of a limit from which it counts as near.
_NEAR = 0.8
#: Ports that should not be open to the world, and what usually listens there.
RISKY_PORTS: dict[int, str] = {
    21: "FTP",
    22: "SSH",
    23: "Telnet",
    135: "RPC",
    139: "NetBIOS",
    445: "SMB",
    1433: "SQL Server",
    1521: "Oracle",
    2375: "Docker",
    2379: "etcd",
    3306: "MySQL",
    3389: "RDP",
    5432: "PostgreSQL",
    5900: "VNC",
    6379: "Redis",
    6443: "Kubernetes",
    9200: "Elasticsearch",
    10250: "kubelet",
    11211: "memcached",
    27017: "MongoDB",
}
#: A range of more ports than this is over-wide, and so is a public network shorter than this.
_WIDE_PORTS = 1000
_WIDE_PREFIX = {4: 16, 6: 32}


@dataclass(frozen=True)
class Hit:
    """What a check found: one thing, or several that one task mends.

    :ivar resources: kind, id and name of each
    :ivar mend: tasks, each a module's name and its options
    """

    detail: str
    resources: list[dict[str, str]]
    mend: list[dict[str, t.Any]] = field(default_factory=list)
    note: str = ""


Hits = t.Iterator[Hit]


@dataclass(frozen=True)
class Check:
    """:ivar needs: parts of the account without which nothing can be said"""

    severity: str
    title: str
    find: t.Callable[[Facts, t.Mapping[str, int]], Hits]
    needs: tuple[str, ...] = ()


# ---------------------------------------------------------------------- forms


def _task(module: str, **options: t.Any) -> dict[str, t.Any]:
    return {"module": f"alitrust.ecs.{module}", "options": options}


def _resource(kind: str, id: str, name: str = "") -> dict[str, str]:
    return {"kind": kind, "id": id, "name": name}


def _instances(ones: t.Iterable[Item]) -> list[dict[str, str]]:
    return [_resource("instance", one["instance_id"], one["name"]) for one in ones]


def _ids(ones: t.Iterable[Item]) -> list[str]:
    return [one["instance_id"] for one in ones]


def _plural(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _by(ones: t.Iterable[Item], key: t.Callable[[Item], t.Any]) -> dict[t.Any, list[Item]]:
    parts: dict[t.Any, list[Item]] = {}
    for one in ones:
        parts.setdefault(key(one), []).append(one)
    return parts


# ---------------------------------------------------------------------- instances


def _verdict(verdict: str) -> t.Callable[[Facts, t.Mapping[str, int]], Hits]:
    def find(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
        ones = [one for one in facts.instances if one["trust"]["verdict"] == verdict]
        # Reasons that differ in their numbers only are one finding.
        for some in _by(ones, lambda one: re.sub(r"\d+", "", one["trust"]["reason"])).values():
            reasons = {one["trust"]["reason"] for one in some}
            reason = some[0]["trust"]["reason"] or "the trusted server says so"
            ages = sorted(one["trust"]["last_report_age"] or 0 for one in some)
            if len(reasons) > 1 and ages[0]:
                reason = f"the last reports are {period(ages[0])} to {period(ages[-1])} old"
            yield Hit(
                f"{reason[:1].upper()}{reason[1:]}.",
                _instances(some),
                _TRUST_MENDS[verdict](some),
                _TRUST_NOTES[verdict],
            )

    return find


def period(seconds: float) -> str:
    """A length of time as a person says it, for example C(9 h)."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


_TRUST_MENDS: dict[str, t.Callable[[list[Item]], list[dict[str, t.Any]]]] = {
    "untrusted": lambda ones: [
        _task("trust_event_info", instance_ids=_ids(ones), states=["open"]),
        _task("trusted_instance", instance_ids=_ids(ones), state="stopped"),
    ],
    "unmeasured": lambda ones: [_task("trusted_instance_info", instance_ids=_ids(ones), trust=True, trust_causes=True)],
    "unknown": lambda ones: [_task("trusted_instance_info", instance_ids=_ids(ones), trust=True, trust_causes=True)],
}
_TRUST_NOTES = {
    "untrusted": "Look at the findings first; stop what nobody can explain. What an update explains can be accepted "
    "with alitrust.ecs.trust_event.",
    "unmeasured": "Names the documented reasons: role, agent, reachability of the trusted server.",
    "unknown": "Nothing is known, so nothing is proven.",
}


def _no_vtpm(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    ones = [one for one in facts.instances if not one["trusted"]["supports_vtpm"]]
    if ones:
        yield Hit(
            f"{_plural(len(ones), 'instance')} without the system tag of a vTPM: nothing there can be attested.",
            _instances(ones),
            [
                _task(
                    "trusted_instance",
                    name="{{ new_name }}",
                    trusted_mode=True,
                    instance_type="ecs.g7t.large",
                    image_id="{{ trusted_image_id }}",
                    vswitch_id=ones[0]["vswitch_id"],
                    security_group_ids=ones[0]["security_group_ids"],
                )
            ],
            "The trusted mode can only be chosen when an instance is created: make a new one and move.",
        )


def _imds(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    ones = [one for one in facts.instances if one["http_tokens"] != "required" and one["http_endpoint"] != "disabled"]
    if ones:
        yield Hit(
            f"The metadata service of {_plural(len(ones), 'instance')} answers without a token, so a program that can "
            "be made to fetch an address gives away the role's credentials.",
            _instances(ones),
            [_task("trusted_instance", instance_ids=_ids(ones), http_tokens="required")],
        )


def _disks(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    ones = [one for one in facts.instances if any(not disk["encrypted"] for disk in one["disks"])]
    for some in _by(ones, lambda one: (one["fleet"], one["instance_type"])).values():
        number = sum(not disk["encrypted"] for one in some for disk in one["disks"])
        first = some[0]
        yield Hit(
            f"{_plural(number, 'disk')} of {_plural(len(some), 'instance')} can be read by whoever gets a copy.",
            _instances(some),
            [
                _task(
                    "trusted_instance",
                    name="{{ new_name }}",
                    instance_type=first["instance_type"],
                    image_id=first["image_id"],
                    vswitch_id=first["vswitch_id"],
                    security_group_ids=first["security_group_ids"],
                    system_disk={"encrypted": True, "kms_key_id": "{{ kms_key_id }}"},
                )
            ],
            "A disk is encrypted when it is created, and never afterwards: make a new instance and move.",
        )


def _protection(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    ones = [one for one in facts.instances if not one["deletion_protection"]]
    if ones:
        yield Hit(
            f"One wrong call releases any of {_plural(len(ones), 'instance')}.",
            _instances(ones),
            [_task("trusted_instance", instance_ids=_ids(ones), deletion_protection=True)],
        )


def _no_key_pair(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    ones = [one for one in facts.instances if not one["key_name"]]
    if ones:
        yield Hit(
            f"{_plural(len(ones), 'instance')} without a key pair: a password may be what lets people in.",
            _instances(ones),
            [_task("keypair", name="{{ key_pair }}", state="bound", instance_ids=_ids(ones), reboot=True)],
        )


def _image_gone(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    def state(one: Item) -> str:
        image = facts.images.get(one["image_id"], {"status": "Available"})
        return "does not exist any more" if image is None else f"is {image['status']}"

    ones = [one for one in facts.instances if one["image_id"] and state(one) != "is Available"]
    for (image_id, what), some in _by(ones, lambda one: (one["image_id"], state(one))).items():
        first = some[0]
        yield Hit(
            f"The image {image_id} {what}, so an instance like these cannot be made again.",
            _instances(some),
            [
                _task(
                    "trusted_instance",
                    name="{{ new_name }}",
                    instance_type=first["instance_type"],
                    image_id="{{ trusted_image_id }}",
                    vswitch_id=first["vswitch_id"],
                    security_group_ids=first["security_group_ids"],
                )
            ],
        )


# ---------------------------------------------------------------------- roles


def _no_role(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    ones = [one for one in facts.instances if one["ram_role_name"] == ""]
    if ones:
        yield Hit(
            f"{_plural(len(ones), 'instance')} without a RAM role: the trust client there cannot report.",
            _instances(ones),
            [_task("instance_ram_role", name="AliyunECSInstanceForYundunSysTrustRole", instance_ids=_ids(ones))],
        )


def _role_cannot_report(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    for role in facts.roles.values():
        if not role["can_report"]:
            yield Hit(
                f"The role {role['name']} lacks some of {', '.join(TRUST_CLIENT)}.",
                [_resource("role", role["name"], role["name"])],
                [
                    _task(
                        "instance_ram_role",
                        name=role["name"],
                        policies=[{"name": "AliyunECSInstanceForYundunSysTrustRolePolicy", "type": "System"}],
                    )
                ],
            )


def _wide_words(role: Item) -> str:
    return ", ".join("everything" if one == "*" else one for one in role["too_wide"])


def _role_too_wide(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    for role in facts.roles.values():
        users = facts.carriers.get(role["name"], [])
        if role["too_wide"]:
            yield Hit(
                f"{_plural(len(users), 'instance')} may do {_wide_words(role)} on every resource by the role "
                f"{role['name']}.",
                [_resource("role", role["name"], role["name"])],
                [
                    _task(
                        "instance_ram_role",
                        name=role["name"],
                        purge_policies=True,
                        policies=[{"name": "AliyunECSInstanceForYundunSysTrustRolePolicy", "type": "System"}],
                    )
                ],
                "Add the policies that the programs on these instances need.",
            )


# ---------------------------------------------------------------------- security groups


def _group(group: Item) -> list[dict[str, str]]:
    kind = "security_group" if group["security_group_id"] else "rules_file"
    return [_resource(kind, group["security_group_id"] or group["name"], group["name"])]


def _options(rule: Rule) -> dict[str, t.Any]:
    """A rule as sg_rule takes it, without what only the cloud chooses or what is the default."""
    shown = {**rule.to_result(), "security_group_rule_id": None, "nic_type": None}
    if rule.description is None or rule.description == "":
        shown["description"] = None
    defaults = {"policy": "accept", "priority": 1, "direction": "ingress"}
    found = {key: value for key, value in shown.items() if value is not None and defaults.get(key) != value}
    if found.get("ports") == "-1/-1":
        del found["ports"]
    return found


def _narrowed(group: Item, rule: Rule) -> list[dict[str, t.Any]]:
    """Let in those who are meant, then nobody else."""
    wanted = {**_options(rule), "cidr": "{{ admin_networks }}"}
    if not group["security_group_id"]:
        return []  # in a file, which people mend
    return [
        _task("sg_rule", security_group_id=group["security_group_id"], rules=[wanted]),
        _task("sg_rule", security_group_id=group["security_group_id"], state="absent", rules=[_options(rule)]),
    ]


def _removed(group: Item, rules: t.Sequence[Rule]) -> list[dict[str, t.Any]]:
    listed = [_options(rule) for rule in rules]
    if not group["security_group_id"]:
        return []
    return [_task("sg_rule", security_group_id=group["security_group_id"], state="absent", rules=listed)]


def _world(facts: Facts) -> t.Iterator[tuple[Item, Rule, traffic.Ports]]:
    for group, node in zip(facts.groups, facts.nodes, strict=True):
        for rule, ports in node.grants:
            if traffic.is_world(rule):
                yield group, rule, ports


def _all_open(ports: traffic.Ports) -> bool:
    return any(ports.get(name) == [traffic.ALL_PORTS] for name in ("tcp", "udp"))


def risky(ports: traffic.Ports) -> dict[int, str]:
    """Which of the risky ports these are."""
    spans: list[Span] = ports.get("tcp", [])
    return {port: name for port, name in RISKY_PORTS.items() if any(first <= port <= last for first, last in spans)}


def _open_all(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    for group, rule, ports in _world(facts):
        if _all_open(ports):
            yield Hit(
                f"{rule.peer} may reach {traffic.text(ports)} of {_plural(len(group['instance_ids']), 'instance')}.",
                _group(group),
                _narrowed(group, rule),
            )


def _open_risky(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    for group, rule, ports in _world(facts):
        found = risky(ports)
        if found and not _all_open(ports):
            named = ", ".join(f"{port} ({name})" for port, name in found.items())
            yield Hit(
                f"{rule.peer} may reach {named} of {_plural(len(group['instance_ids']), 'instance')}.",
                _group(group),
                _narrowed(group, rule),
            )


def _over_wide(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    for group, node in zip(facts.groups, facts.nodes, strict=True):
        for rule, ports in node.grants:
            why = _wide(rule, ports)
            if why and not (traffic.is_world(rule) and (_all_open(ports) or risky(ports))):
                yield Hit(f"The rule '{rule.line}' {why}.", _group(group), _narrowed(group, rule))


def _wide(rule: Rule, ports: traffic.Ports) -> str:
    if rule.peer_kind == "cidr" and not traffic.is_world(rule):
        peer = networks.network(rule.peer)
        if peer.is_global and peer.prefixlen < _WIDE_PREFIX[peer.version]:
            return f"lets in {peer.num_addresses:,} public addresses"
    if rule.peer_kind == "group":
        return ""
    number = max((last - first + 1 for name in ("tcp", "udp") for first, last in ports.get(name, [])), default=0)
    return f"opens {number:,} ports in a row" if number > _WIDE_PORTS else ""


def _idle(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    words = {
        "duplicate": "says the same as",
        "covered": "is covered by",
        "overridden": "never takes effect because of",
    }
    for group in facts.groups:
        found = traffic.idle(group["rules"])
        if found:
            lines = "; ".join(f"'{rule.line}' {words[kind]} '{other.line}'" for kind, rule, other in found[:5])
            more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
            yield Hit(
                f"{_plural(len(found), 'rule')} without effect: {lines}{more}.",
                _group(group),
                _removed(group, [rule for _kind, rule, _other in found]),
            )


def _quotas(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    rules = quotas.rules_of_groups(facts)
    limit = limits["rules_per_group"]
    for group in facts.groups:
        number = len(group["rules"])
        if number >= _NEAR * limit:
            # What has no effect can go first; without any, only people can say what is not needed.
            spare = [rule for _kind, rule, _other in traffic.idle(group["rules"])]
            mend = (
                _removed(group, spare)
                if spare or not group["security_group_id"]
                else [
                    _task(
                        "sg_rule",
                        security_group_id=group["security_group_id"],
                        state="exact",
                        rules="{{ wanted_rules }}",
                    )
                ]
            )
            yield Hit(f"{number} of {limit} rules are used.", _group(group), mend)
    number = len(rules)
    if number >= _NEAR * limits["groups_per_region"]:
        unused = [group for group in facts.groups if not group["instance_ids"]]
        yield Hit(
            f"{number} of {limits['groups_per_region']} security groups of the region are used.",
            [_resource("region", facts.region)],
            [
                _task("security_group", security_group_id=group["security_group_id"], state="absent")
                for group in unused[:5]
            ],
        )
    for one in facts.instances:
        number = sum(rules.get(group, 0) for group in one["security_group_ids"])
        if number >= _NEAR * limits["rules_per_instance"]:
            yield Hit(
                f"{number} of {limits['rules_per_instance']} rules apply to {one['name']}.",
                _instances([one]),
                [_task("trusted_instance", instance_ids=_ids([one]), security_group_ids=one["security_group_ids"][:1])],
            )

    yield from _other_quotas(facts, limits)


def _other_quotas(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    """Those that no rule and no group of the region alone can mend."""
    for row in quotas.table(facts, limits):
        if row["limit"] in _MENDED_ABOVE or row["used"] < _NEAR * row["most"] or facts.groups_only:
            continue
        where = f" ({row['fullest']})" if row["fullest"] else ""
        spare = [pair["name"] for pair in facts.key_pairs if not pair["instance_ids"]]
        yield Hit(
            f"{row['used']} of {row['most']} {row['what']} are used{where}.",
            [_resource("region", facts.region)],
            [_task("keypair", name=name, state="absent") for name in spare[:5]]
            if row["limit"] == "key_pairs_per_region"
            else [],
            "Quota Center raises it, or what nobody uses makes room.",
        )


def _unused_groups(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    used = {rule.peer for group in facts.groups for rule in group["rules"] if rule.peer_kind == "group"}
    unused = [g for g in facts.groups if not g["instance_ids"] and g["security_group_id"] not in used]
    if unused:
        yield Hit(
            f"No instance of the region is in {_plural(len(unused), 'security group')}, and no rule names them.",
            [one for group in unused for one in _group(group)],
            [_task("security_group", security_group_id=group["security_group_id"], state="absent") for group in unused],
            "Network interfaces of other services may use a group too; the deletion is refused then.",
        )


# ---------------------------------------------------------------------- keys


def _kms_off(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    if facts.kms_status != "Enabled":
        yield Hit(
            f"KMS is {facts.kms_status or 'in an unknown state'}: no disk can be encrypted, no trusted instance made.",
            [_resource("service", "kms", "KMS")],
            [_task("kms_service")],
        )


def _share_anybody(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    for role in facts.share_roles:
        if role["recipients"] or role["services"] == ["ecs.aliyuncs.com"]:
            continue
        anybody = "*@ecs.aliyuncs.com" in role["services"] and not role["conditional"]
        whom = "every account" if anybody else "somebody that the documented trust policies do not describe"
        yield Hit(
            f"The role {role['name']} can be used by {whom}: {', '.join(role['services']) or 'no service named'}.",
            [_resource("role", role["name"], role["name"])],
            [
                _task(
                    "kms_share_role",
                    purpose=role["purpose"],
                    account_ids="{{ recipient_accounts }}",
                    recipients_mode="exact",
                    replace=True,
                )
            ],
        )


def _share_all_keys(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    for role in facts.share_roles:
        if role["purpose"] != "disk_encrypt" and role["too_wide"]:
            yield Hit(
                f"Those who may use {role['name']} may use every key of the account ({', '.join(role['too_wide'])}).",
                [_resource("role", role["name"], role["name"])],
                [_task("kms_share_role", purpose=role["purpose"], kms_key_ids="{{ shared_keys }}", service_key=False)],
            )


def _unused_key_pairs(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    unused = [pair for pair in facts.key_pairs if not pair["instance_ids"]]
    if unused:
        yield Hit(
            f"{_plural(len(unused), 'key pair')} bound to no instance, each with a private key somewhere.",
            [_resource("key_pair", pair["name"], pair["name"]) for pair in unused],
            [_task("keypair", name=pair["name"], state="absent") for pair in unused],
        )


def _attacked(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    for one in facts.addresses:
        if one["status"] != attacks.NORMAL:
            now = attacks.WORDS.get(one["status"], one["status"])
            yield Hit(
                f"{one['address']} of {one['name'] or one['asset_id']} is {now}.",
                [_resource("address", one["address"], one["name"])],
                [_task("ddos_info", addresses=[one["address"]])],
                "It ends by itself; this tells when, and the guide Under attack what there is to do until then.",
            )


def _serious_alerts(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    alerts = facts.security_center["alerts"] if facts.security_center else []
    serious = [one for one in alerts if one["level"] == "serious"]
    for (name, on_instances), some in _by(serious, lambda one: (one["name"], one["instance_id"] is not None)).items():
        names = {one["instance_id"]: one["instance_name"] for one in some}
        if on_instances:
            yield Hit(
                f"{name} on {_plural(len(names), 'instance')}, which nobody has handled.",
                [_resource("instance", id, label) for id, label in names.items()],
                [
                    _task("security_center_info", instance_ids=list(names), gather=["alerts"]),
                    _task("security_center_alert", state="handled", alert_ids=[one["alert_id"] for one in some]),
                ],
                "Find out first how it came about. The second task changes nothing in an instance; it says that "
                "somebody has dealt with the alert.",
            )
        else:
            yield Hit(
                f"{name}, about the account itself, which nobody has handled.",
                [_resource("account", facts.account_id or "", "the account")],
                note="Alerts that are of no instance are handled in the console of Security Center.",
            )


def _no_agent(facts: Facts, limits: t.Mapping[str, int]) -> Hits:
    """Only where Security Center is used: nobody is told to begin with it."""
    security = facts.security_center
    running = {one["instance_id"] for one in facts.instances if one["status"] == "Running"}
    rows = security["instances"] if security and security["in_use"] else []
    ones = [one for one in rows if one["instance_id"] in running and not one["protected"]]
    for paused, some in _by(ones, lambda one: one["agent"] == "paused").items():
        yield Hit(
            f"{_plural(len(some), 'running instance')} on which the agent of Security Center "
            f"{'is paused' if paused else 'is not at work'}: nothing is found there.",
            _instances(some),
            [_task("security_center_agent_info" if paused else "security_center_agent", instance_ids=_ids(some))],
            "Somebody paused it, in the console, where it goes on again."
            if paused
            else "New instances come with it by security_enhancement_strategy=Active, fleets by the role protect.",
        )


CHECKS: dict[str, Check] = {
    "instance_untrusted": Check("critical", "Instances that are not trusted", _verdict("untrusted"), ("trust",)),
    "alert_serious": Check("critical", "Serious alerts of Security Center", _serious_alerts, ("Security Center",)),
    "world_open_all": Check("critical", "All ports open to the world", _open_all, ("security groups",)),
    "world_open_risky": Check("critical", "Risky ports open to the world", _open_risky, ("security groups",)),
    "share_role_open": Check("critical", "Share roles that anybody can use", _share_anybody, ("share roles",)),
    "instance_unmeasured": Check("high", "Instances that are not measured", _verdict("unmeasured"), ("trust",)),
    "instance_unknown": Check("high", "Instances whose trust is not known", _verdict("unknown")),
    "imds_without_token": Check("high", "Metadata service without tokens (IMDSv2 not required)", _imds),
    "disk_unencrypted": Check("high", "Disks that are not encrypted", _disks, ("disks",)),
    "role_too_wide": Check("high", "Instance roles with too many rights", _role_too_wide, ("instance roles", "roles")),
    "address_attacked": Check("high", "Public addresses under attack", _attacked, ("public addresses",)),
    "kms_off": Check("high", "KMS is not switched on", _kms_off, ("KMS",)),
    "instance_without_vtpm": Check("medium", "Instances without a vTPM", _no_vtpm),
    "instance_without_role": Check("medium", "Instances without a RAM role", _no_role, ("instance roles",)),
    "role_cannot_report": Check(
        "medium",
        "Instance roles by which the trust client cannot report",
        _role_cannot_report,
        ("instance roles", "roles"),
    ),
    "deletion_unprotected": Check("medium", "Instances without deletion protection", _protection),
    "instance_without_key_pair": Check("medium", "Instances without a key pair", _no_key_pair),
    "agent_missing": Check(
        "medium", "Instances that Security Center does not protect", _no_agent, ("Security Center",)
    ),
    "rule_over_wide": Check("medium", "Rules that let in more than is likely meant", _over_wide, ("security groups",)),
    "quota_near": Check("medium", "Limits that are nearly reached", _quotas, ("security groups",)),
    "share_role_all_keys": Check("medium", "Share roles for every key", _share_all_keys, ("share roles",)),
    "rule_without_effect": Check("low", "Rules without effect", _idle, ("security groups",)),
    "security_group_unused": Check("low", "Unused security groups", _unused_groups, ("security groups",)),
    "key_pair_unused": Check("low", "Unused key pairs", _unused_key_pairs, ("key pairs",)),
    "image_gone": Check("low", "Images that cannot be used again", _image_gone, ("images",)),
}


#: Checks that need nothing but the rules of groups.
GROUP_CHECKS = ("world_open_all", "world_open_risky", "rule_over_wide", "quota_near", "rule_without_effect")


def run(
    facts: Facts, names: t.Collection[str], limits: t.Mapping[str, int]
) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """Run the named checks.

    :returns: the findings, the worst first, and what became of each check
    """
    findings, states = [], []
    for name, check in CHECKS.items():
        if name not in names:
            continue
        missing = [part for part in check.needs if part in facts.unread]
        hits = [] if missing else list(check.find(facts, limits))
        findings += [
            {
                "check": name,
                "severity": check.severity,
                "title": check.title,
                "detail": hit.detail,
                "resources": hit.resources,
                "note": hit.note,
                "mend": hit.mend,
            }
            for hit in hits
        ]
        states.append(
            {
                "check": name,
                "severity": check.severity,
                "title": check.title,
                "state": "unknown" if missing else "failed" if hits else "passed",
                "findings": len(hits),
                "reason": facts.unread[missing[0]] if missing else "",
            }
        )
    findings.sort(key=lambda finding: SEVERITIES.index(finding["severity"]))
    return findings, states
