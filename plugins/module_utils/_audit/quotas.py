# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of its quotas an account has used. Pure but for the one call that asks for them. Private.

The API of ECS tells a few. The others are those that its documents state (ECS Security, Limits; RAM, Limits), which an
account can have raised.
"""

from __future__ import annotations

import typing as t

from .._cloud import texts
from .._cloud.door import Cloud, dig
from .._security_group.interface import RULES_PER_INTERFACE
from .._security_group.rule_planner import RULES_PER_GROUP

if t.TYPE_CHECKING:
    from .collect import Facts, Item

#: Name of a limit -> its number as documented.
DOCUMENTED = {
    "rules_per_group": RULES_PER_GROUP,
    "groups_per_region": 100,
    "rules_per_instance": RULES_PER_INTERFACE,
    "members_per_basic_group": 2000,
    "members_per_advanced_group": 65536,
    "key_pairs_per_region": 500,
    "custom_policies_per_role": 5,
}
#: Attribute of the account -> the limit that it tells.
_TOLD = {
    "max-security-groups": "groups_per_region",
    "max-postpaid-instance-vcpu-count": "postpaid_vcpus",
    "max-spot-instance-vcpu-count": "spot_vcpus",
}
_USED = {"used-postpaid-instance-vcpu-count": "postpaid_vcpus", "used-spot-instance-vcpu-count": "spot_vcpus"}
_WORDS = {
    "rules_per_group": "rules in a security group",
    "groups_per_region": "security groups of the region",
    "rules_per_instance": "rules that apply to an instance",
    "members_per_basic_group": "instances in a basic security group",
    "members_per_advanced_group": "instances in an advanced security group",
    "key_pairs_per_region": "key pairs of the region",
    "custom_policies_per_role": "custom policies of a RAM role",
    "postpaid_vcpus": "vCPUs of pay-as-you-go instances",
    "spot_vcpus": "vCPUs of spot instances",
}
#: What has to be known of the account to say how much is used.
_PARTS = {
    "rules_per_group": "security groups",
    "groups_per_region": "security groups",
    "rules_per_instance": "security groups",
    "members_per_basic_group": "security groups",
    "members_per_advanced_group": "security groups",
    "key_pairs_per_region": "key pairs",
    "custom_policies_per_role": "roles",
    "postpaid_vcpus": "quotas",
    "spot_vcpus": "quotas",
}
NAMES = tuple(_WORDS)


class Told(t.NamedTuple):
    """What the API tells: by name of the limit."""

    limits: dict[str, int]
    used: dict[str, int]


def read(cloud: Cloud) -> Told:
    """Ask for the attributes of the account that are quotas; those that it does not tell are left out."""
    answer = cloud.call("ecs", "DescribeAccountAttributes", AttributeName=[*_TOLD, *_USED])
    numbers = {}
    for one in dig(answer, "AccountAttributeItems.AccountAttributeItem") or []:
        values = dig(one, "AttributeValues.ValueItem") or []
        number = texts.whole(values[0].get("Value")) if values else None
        if number is not None:
            numbers[one.get("AttributeName")] = number
    return Told(
        {name: numbers[attribute] for attribute, name in _TOLD.items() if attribute in numbers},
        {name: numbers[attribute] for attribute, name in _USED.items() if attribute in numbers},
    )


def limits(told: Told, given: t.Mapping[str, int]) -> dict[str, int]:
    """The limits that count: given for the task, or else told by the API, or else documented."""
    return {**DOCUMENTED, **told.limits, **given}


def table(facts: Facts, given: t.Mapping[str, int]) -> list[Item]:
    """Each limit with how much of it is used, by the fullest where each of several has one; the fullest first.

    :param given: limits that the task gives
    """
    used = _used(facts)
    rows = []
    for name, limit in limits(facts.told, given).items():
        if name not in used:
            continue
        number, of = used[name]
        rows.append(
            {
                "limit": name,
                "what": _WORDS[name],
                "used": number,
                "most": limit,
                "fullest": of,
                "source": "given" if name in given else "account" if name in facts.told.limits else "documents",
            }
        )
    return sorted(rows, key=lambda row: (-row["used"] / row["most"], row["limit"]))


def _used(facts: Facts) -> dict[str, tuple[int, str]]:
    """Limit -> how much is used, and by what."""
    rules = rules_of_groups(facts)
    names = {group["security_group_id"]: group["name"] or group["security_group_id"] for group in facts.groups}
    found = {
        "rules_per_group": _most({names.get(group, group): number for group, number in rules.items()}),
        "groups_per_region": (len(rules), ""),
        "rules_per_instance": _most(
            {one["name"]: sum(rules.get(group, 0) for group in one["security_group_ids"]) for one in facts.instances}
        ),
        "key_pairs_per_region": (len(facts.key_pairs), ""),
        "custom_policies_per_role": _most(
            {name: sum(policy["type"] == "Custom" for policy in role["policies"]) for name, role in facts.roles.items()}
        ),
        **{name: (number, "") for name, number in facts.told.used.items()},
    }
    for name, kind in (("members_per_basic_group", "normal"), ("members_per_advanced_group", "enterprise")):
        some = [group for group in facts.groups if group["type"] == kind]
        found[name] = _most({names[group["security_group_id"]]: len(group["instance_ids"]) for group in some})
    return {name: most for name, most in found.items() if _PARTS[name] not in facts.unread}


def rules_of_groups(facts: Facts) -> dict[str, int]:
    """Group -> number of its rules, for every group of the region that is known."""
    return {**facts.rule_counts, **{group["security_group_id"]: len(group["rules"]) for group in facts.groups}}


def _most(numbers: t.Mapping[str, int]) -> tuple[int, str]:
    return max(((number, name) for name, number in numbers.items()), default=(0, ""))
