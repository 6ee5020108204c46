# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of security groups."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import Record, ecs, find_one, page_token, save, seconds_text
from local_cloud.services.ecs.security_groups import get_group
from local_cloud.services.shapes import Verbatim
from local_cloud.settings import define
from local_cloud.texts import digits

define(
    "ecs.priority_type",
    "number",
    "what Priority of a rule is in answers: a number, as in captured ones, or text, as in the SDK's models",
    ("number", "text"),
)
define("ecs.rules_per_group", 200, "inbound and outbound rules of a group, together")
define("ecs.group_rules_per_group", 20, "rules of a basic group that name other groups")
define("ecs.rule_limit_status", 403, "HTTP status of AuthorizationLimitExceed (newer: 400)", (400, 403))
define("ecs.cidr_host_bits", "refuse", "a CIDR block with host bits set (UNCERTAIN)", ("refuse", "normalise"))
define("ecs.advanced_group_priority_fixed", True, "whether rules of an advanced group all have priority 1 (UNCERTAIN)")
define(
    "ecs.nic_type_internet_in_vpc",
    "intranet",
    "the NicType internet in a VPC: taken as intranet, as tools that send it expect, or refused (UNCERTAIN)",
    ("intranet", "refuse"),
)
define("ecs.protocol_numbers", False, "whether IpProtocol can be a number (api facts: in some regions)")
define(
    "ecs.rule_conflict_code",
    "SecurityGroupRuleConflict",
    "code of ModifySecurityGroupRule to the likeness of another rule; empty: allowed (UNCERTAIN)",
)

Direction = t.Literal["ingress", "egress"]

_PROTOCOLS = {"TCP": "TCP", "UDP": "UDP", "ICMP": "ICMP", "ICMPV6": "ICMPv6", "GRE": "GRE", "ALL": "ALL"}
_PORTS = re.compile(r"(-?\d{1,5})/(-?\d{1,5})")
_DESCRIPTION_LONGEST = 512

#: request fields of a rule besides the peer
_FIELDS = [
    "IpProtocol",
    "PortRange",
    "SourcePortRange",
    "SourceCidrIp",
    "Ipv6SourceCidrIp",
    "SourceGroupId",
    "SourcePrefixListId",
    "DestCidrIp",
    "Ipv6DestCidrIp",
    "DestGroupId",
    "DestPrefixListId",
    "SourceGroupOwnerId",
    "SourceGroupOwnerAccount",
    "DestGroupOwnerId",
    "DestGroupOwnerAccount",
    "Policy",
    "Priority",
    "NicType",
    "Description",
    "PortRangeListId",
]
#: what makes two rules the same rule; the description doesn't
_IDENTITY = [
    "Direction",
    "IpProtocol",
    "PortRange",
    "SourcePortRange",
    "SourceCidrIp",
    "Ipv6SourceCidrIp",
    "SourceGroupId",
    "SourcePrefixListId",
    "DestCidrIp",
    "Ipv6DestCidrIp",
    "DestGroupId",
    "DestPrefixListId",
    "PortRangeListId",
    "Policy",
    "Priority",
    "NicType",
]


class Side(t.NamedTuple):
    """How the fields of the peer (the other end) are called in one direction."""

    cidr: str
    ipv6: str
    group: str
    prefix_list: str
    word: str


_SIDES: dict[Direction, Side] = {
    "ingress": Side("SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "SourcePrefixListId", "Source"),
    "egress": Side("DestCidrIp", "Ipv6DestCidrIp", "DestGroupId", "DestPrefixListId", "Dest"),
}


# -- reading rules of a request


def _requested(call: Call, longest: int = 100) -> list[Record]:
    """The rules of a request, in either of the two forms (``Permissions.N`` or flat)."""
    flat = {name: call.params[name] for name in _FIELDS if call.get(name) not in (None, "")}
    permissions = call.get("Permissions") or []
    if permissions and flat:
        raise ApiError(
            "InvalidParam.Permissions", 400, f"Permissions.N and the flat form ({', '.join(flat)}) exclude each other."
        )
    if len(permissions) > longest:
        raise ApiError("InvalidParameter", 400, f"At most {longest} Permissions are allowed in a call.")
    rules = permissions or ([flat] if flat else [])
    if not rules:
        raise ApiError("MissingParameter", 400, 'The input parameter "Permissions" is mandatory.')
    return [{name: rule[name] for name in _FIELDS if rule.get(name) not in (None, "")} for rule in rules]


def _rule(call: Call, group: Record, direction: Direction, request: Record) -> Record:
    """A rule in the form of records: only what is used, checked and normalised.

    :raises ApiError: as documented for the field.
    """
    side = _SIDES[direction]
    protocol = _protocol(call, request.get("IpProtocol"))
    rule: Record = {
        "Direction": direction,
        "IpProtocol": protocol,
        "Policy": _policy(request.get("Policy")),
        "Priority": _priority(request.get("Priority")),
        "NicType": _nic_type(call, group, request.get("NicType")),
    }
    if request.get("PortRangeListId") and not request.get("PortRange"):
        rule["PortRangeListId"] = request["PortRangeListId"]
    else:
        rule["PortRange"] = _ports(protocol, request.get("PortRange"))
    if request.get("SourcePortRange"):
        rule["SourcePortRange"] = _ports(protocol, request["SourcePortRange"], "InvalidSourcePortRange.Malformed")
    if group["SecurityGroupType"] == "enterprise":
        _check_advanced(call, request, rule)
    rule.update(_addresses(call, direction, protocol, request))
    rule.update(_peer(call, group, side, request, rule))
    description = request.get("Description") or ""
    if len(description) > _DESCRIPTION_LONGEST:
        raise ApiError(
            "InvalidSecurityGroupDiscription.Malformed", 400, "The specified security group description is not valid."
        )
    if description:
        rule["Description"] = description
    return rule


def _check_advanced(call: Call, request: Record, rule: Record) -> None:
    """What a rule of an advanced group can't have.

    :raises ApiError: it forbids something, names a group, or has a priority.
    """
    if rule["Policy"] != "Accept" or request.get("SourceGroupId") or request.get("DestGroupId"):
        raise ApiError(
            "InvalidGroupParameter.OperationDenied",
            400,
            "Rules of an advanced security group only allow, and name no other security groups.",
        )
    if rule["Priority"] != "1" and call.settings["ecs.advanced_group_priority_fixed"]:
        raise ApiError("InvalidPriority.ValueNotSupported", 400, "In an advanced security group the Priority is 1.")


def _protocol(call: Call, value: str | None) -> str:
    if not value:
        raise ApiError("MissingParameter", 400, 'The input parameter "IpProtocol" is mandatory.')
    protocol, number = _PROTOCOLS.get(value.upper()), digits(value)
    if protocol is None and call.settings["ecs.protocol_numbers"] and number is not None and number <= 255:
        return value
    if protocol is None:
        raise ApiError(
            "InvalidIpProtocol.ValueNotSupported",
            400,
            "The specified IpProtocol does not exist or IpProtocol and PortRange do not match.",
        )
    return protocol


def _policy(value: str | None) -> str:
    policy = {"accept": "Accept", "drop": "Drop"}.get((value or "accept").lower())
    if policy is None:
        raise ApiError("InvalidPolicy.Malformed", 400, "The specified parameter Policy is not valid.")
    return policy


def _priority(value: t.Any) -> str:
    text = str(value if value not in (None, "") else 1)
    number = digits(text)
    if number is None:
        raise ApiError("InvalidPriority.Malformed", 400, "The specified parameter Priority is not valid.")
    if not 1 <= number <= 100:
        raise ApiError("InvalidPriority.ValueNotSupported", 400, "The specified parameter Priority must be 1 to 100.")
    return str(number)


def _nic_type(call: Call, group: Record, value: str | None) -> str:
    if value not in (None, "", "intranet", "internet"):
        raise ApiError("InvalidNicType.ValueNotSupported", 400, "The specified NicType does not exist.")
    if group["VpcId"] and value == "internet" and call.settings["ecs.nic_type_internet_in_vpc"] == "refuse":
        raise ApiError("InvalidNicType.Mismatch", 400, "In a VPC the NicType is intranet.")
    return "intranet" if group["VpcId"] else value or "internet"


def _ports(protocol: str, value: str | None, malformed: str = "InvalidIpProtocol.Malformed") -> str:
    if not value:
        raise ApiError("InvalidPortRange.Malformed", 400, "The specified parameter PortRange must set.")
    match = _PORTS.fullmatch(value)
    if not match:
        raise ApiError(malformed, 400, "The specified parameter PortRange is not valid.")
    first, last = int(match[1]), int(match[2])
    if protocol in ("TCP", "UDP"):
        if not 1 <= first <= last <= 65535:
            code = "OperationDenied" if (first, last) == (-1, -1) else "InvalidParam.PortRange"
            raise ApiError(code, 400, "The specified IpProtocol and PortRange do not match: 1/1 to 65535/65535.")
    elif (first, last) != (-1, -1):
        raise ApiError("OperationDenied", 400, "The specified IpProtocol and PortRange do not match: -1/-1.")
    return f"{first}/{last}"


def _addresses(call: Call, direction: Direction, protocol: str, request: Record) -> Record:
    """The address fields of both ends."""
    found: Record = {}
    for version, names in ((4, ("SourceCidrIp", "DestCidrIp")), (6, ("Ipv6SourceCidrIp", "Ipv6DestCidrIp"))):
        for name in names:
            if request.get(name):
                found[name] = _network(call, name, request[name], version)
    v4, v6 = {"SourceCidrIp", "DestCidrIp"} & set(found), {"Ipv6SourceCidrIp", "Ipv6DestCidrIp"} & set(found)
    if v4 and v6:
        raise ApiError("InvalidParameter.Conflict", 400, "IPv4 and IPv6 addresses can't be in one rule.")
    if v6 and protocol == "ICMP":
        raise ApiError(
            "InvalidParam.Ipv4ProtocolConflictWithIpv6Address", 400, "IPv6 addresses and ICMP don't go together."
        )
    if v4 and protocol == "ICMPv6":
        raise ApiError(
            "InvalidParam.Ipv6ProtocolConflictWithIpv4Address", 400, "IPv4 addresses and ICMPv6 don't go together."
        )
    return found


def _network(call: Call, name: str, value: str, version: int) -> str:
    word = "Source" if "Source" in name else "Dest"
    strict = call.settings["ecs.cidr_host_bits"] == "refuse"
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        network = None
    if network is None or network.version != version:
        if version == 6:
            raise ApiError("ILLEGAL_IPV6_CIDR", 400, f"The specified parameter {name} is not valid.")
        raise ApiError(f"Invalid{word}CidrIp.Malformed", 400, f"The specified parameter {name} is not valid.")
    if strict and "/" in value and ipaddress.ip_interface(value).ip != network.network_address:
        code = f"InvalidParam.{word}Ip"
        raise ApiError(code, 400, f"The specified parameter {name} is not valid: it has host bits set.")
    return str(network) if "/" in value else str(network.network_address)


def _peer(call: Call, group: Record, side: Side, request: Record, rule: Record) -> Record:
    """The group or prefix list at the other end, where no address says it already."""
    if rule.get(side.cidr) or rule.get(side.ipv6):
        return {}
    if request.get(side.group):
        group_id = request[side.group]
        if group_id == group["SecurityGroupId"]:
            raise ApiError("InvalidParamter.Conflict", 403, "A security group can't authorize itself.")
        other = call.store.get("security_group", group_id)
        owner = _owner(call, side, request)
        if rule["NicType"] == "internet":
            raise ApiError("InvalidNicType.Mismatch", 400, "A security group is a peer on the intranet only.")
        if other is None or other["RegionId"] != call.region or owner not in (None, other["AccountId"]):
            raise ApiError(f"Invalid{side.word}GroupId.NotFound", 404, f"The specified {side.group} does not exist.")
        if owner is None and other["AccountId"] != call.account_id:
            raise ApiError(f"Invalid{side.word}GroupId.NotFound", 404, f"The specified {side.group} does not exist.")
        if other["VpcId"] != group["VpcId"] and other["AccountId"] == call.account_id:
            raise ApiError(f"Invalid{side.word}GroupId.Mismatch", 400, "The security groups are in different VPCs.")
        if other["SecurityGroupType"] == "enterprise":
            raise ApiError(
                "InvalidGroupAuthParameter.OperationDenied",
                400,
                "The security group can not authorize to enterprise level security group.",
            )
        return {side.group: group_id, **({"_GroupOwner": owner} if owner else {})}
    if request.get(side.prefix_list):
        if not group["VpcId"]:
            raise ApiError("InvalidNetworkType.Conflict", 403, "Prefix lists are for security groups in a VPC.")
        if find_one(call, "prefix_list", request[side.prefix_list]) is None:
            raise ApiError("InvalidPrefixListId.NotFound", 404, "The specified prefix list was not found.")
        return {side.prefix_list: request[side.prefix_list]}
    raise ApiError(f"MissingParameter.{side.word}", 400, f"One of {side.cidr}, {side.group} is mandatory.")


def _owner(call: Call, side: Side, request: Record) -> str | None:
    """The account of a peer group, given as its number or its name."""
    name = request.get(f"{side.word}GroupOwnerAccount")
    if request.get(f"{side.word}GroupOwnerId") or not name:
        return str(request.get(f"{side.word}GroupOwnerId") or "") or None
    return next((one["AccountId"] for one in call.store.find("account") if one["Name"] == name), str(name))


# -- comparing


def _identity(rule: Record) -> tuple[t.Any, ...]:
    return tuple(_canonical(rule.get(name) or "") for name in _IDENTITY)


def _canonical(value: str) -> str:
    """An address without a mask is the network of that one address."""
    if "." in value or ":" in value:
        try:
            return str(ipaddress.ip_network(value, strict=False))
        except ValueError:
            return value
    return value


# -- operations


def _authorize(call: Call, direction: Direction) -> None:
    group = get_group(call)
    rules = group["Permissions"]
    known = {_identity(rule) for rule in rules}
    wanted = {}
    for request in _requested(call):
        rule = _rule(call, group, direction, request)
        if _identity(rule) in wanted:
            raise ApiError(
                "InvalidParam.DuplicatePermissions",
                400,
                "There are duplicate permissions in the specified parameter Permissions.",
            )
        wanted[_identity(rule)] = rule
    new = [rule for key, rule in wanted.items() if key not in known]  # the others are authorised already: no error
    if not new:
        return
    now = seconds_text(call)
    rules += [{"SecurityGroupRuleId": call.store.new_id("sgr-"), "CreateTime": now, **rule} for rule in new]
    to_groups = sum(bool(rule.get("SourceGroupId") or rule.get("DestGroupId")) for rule in rules)
    if to_groups > call.settings["ecs.group_rules_per_group"]:
        raise ApiError(
            "AuthorizedGroupRule.LimitExceed",
            400,
            "The limit of rules that name other security groups is reached.",
        )
    if len(rules) > call.settings["ecs.rules_per_group"]:
        raise ApiError(
            "AuthorizationLimitExceed",
            call.settings["ecs.rule_limit_status"],
            "The limit of authorization records in the security group reaches.",
        )
    save(call, "security_group", group["SecurityGroupId"], group)


@ecs("AuthorizeSecurityGroup")
def authorize_security_group(call: Call) -> None:
    _authorize(call, "ingress")


@ecs("AuthorizeSecurityGroupEgress")
def authorize_security_group_egress(call: Call) -> None:
    _authorize(call, "egress")


def _unknown_rule() -> ApiError:
    return ApiError(
        "InvalidParam.SecurityGroupRuleId", 400, "The specified parameter SecurityGroupRuleId is not valid."
    )


def _revoke(call: Call, direction: Direction) -> None:
    group = get_group(call)
    rules, ids = group["Permissions"], call.get("SecurityGroupRuleId") or []
    if ids:
        if call.get("Permissions") or any(call.get(name) for name in _FIELDS):
            raise ApiError("InvalidParam.Permissions", 400, "SecurityGroupRuleId excludes Permissions.")
        if len(ids) > 100:
            raise ApiError("InvalidParameter", 400, "At most 100 SecurityGroupRuleId are allowed in a call.")
        if set(ids) - {rule["SecurityGroupRuleId"] for rule in rules if rule["Direction"] == direction}:
            raise _unknown_rule()
        kept = [rule for rule in rules if rule["SecurityGroupRuleId"] not in ids]
    else:
        gone = {_identity(rule) for request in _requested(call) if (rule := _revoked(call, group, direction, request))}
        kept = [rule for rule in rules if _identity(rule) not in gone]
    if len(kept) != len(rules):
        save(call, "security_group", group["SecurityGroupId"], {**group, "Permissions": kept})


def _revoked(call: Call, group: Record, direction: Direction, request: Record) -> Record | None:
    """The rule a request wants revoked; None when it names a group or list that is gone, so nothing can match."""
    try:
        return _rule(call, group, direction, request)
    except ApiError as error:
        if error.code == "InvalidPrefixListId.NotFound":
            return None
        raise


@ecs("RevokeSecurityGroup")
def revoke_security_group(call: Call) -> None:
    _revoke(call, "ingress")


@ecs("RevokeSecurityGroupEgress")
def revoke_security_group_egress(call: Call) -> None:
    _revoke(call, "egress")


def _modify(call: Call, direction: Direction) -> None:
    group = get_group(call)
    side, rules = _SIDES[direction], group["Permissions"]
    request = {name: call.params[name] for name in _FIELDS if call.get(name) not in (None, "")}
    rule_id = call.get("SecurityGroupRuleId")
    if rule_id:
        mine = [r for r in rules if r["SecurityGroupRuleId"] == rule_id and r["Direction"] == direction]
        if not mine:
            raise _unknown_rule()
        changed = _changed(call, group, direction, mine[0], request)
        twins = [r for r in rules if r is not mine[0] and _identity(r) == _identity(changed)]
        code = call.settings["ecs.rule_conflict_code"]
        if twins and code:
            raise ApiError(code, 400, "A rule with these attributes exists in the security group.")
    else:  # the older way: the tuple tells the rule, and only its description (and priority) can change
        wanted = _rule(call, group, direction, request)
        names = [name for name in _IDENTITY if name != "Priority"]
        exact = [r for r in rules if _identity(r) == _identity(wanted)]
        key = [_canonical(wanted.get(name) or "") for name in names]
        mine = exact or [r for r in rules if [_canonical(r.get(name) or "") for name in names] == key]
        if not mine:
            raise ApiError("SecurityGroupRule.NotFound", 404, f"The specified {side.word} rule does not exist.")
        changed = {**mine[0], **wanted}
    index = rules.index(mine[0])
    rules[index] = {"SecurityGroupRuleId": mine[0]["SecurityGroupRuleId"], **changed}
    save(call, "security_group", group["SecurityGroupId"], group)


def _changed(call: Call, group: Record, direction: Direction, rule: Record, request: Record) -> Record:
    side = _SIDES[direction]
    peers = side[:4]
    given = [name for name in peers if request.get(name)]
    had = next((name for name in peers if rule.get(name)), None)
    if len(given) > 1:
        raise ApiError("InvalidParameter.Conflict", 400, f"{' and '.join(given)} exclude each other.")
    if given and given[0] != had:
        raise ApiError(
            "InvalidOperation.ModifySgRuleEntityType", 400, "The kind of source or destination can't be changed."
        )
    merged = {name: rule[name] for name in _FIELDS if rule.get(name)}
    if "IpProtocol" in request and "PortRange" not in request:
        new = (_PROTOCOLS.get(str(request["IpProtocol"]).upper()) or "") in ("TCP", "UDP")
        if new != (rule["IpProtocol"] in ("TCP", "UDP")):
            raise ApiError(
                "InvalidParam.ProtocolAndPortRangeMismatch", 400, "The protocol and the port range do not match."
            )
    merged.update(request)
    checked = _rule(call, group, direction, merged)
    return {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "CreateTime": rule["CreateTime"], **checked}


@ecs("ModifySecurityGroupRule")
def modify_security_group_rule(call: Call) -> None:
    _modify(call, "ingress")


@ecs("ModifySecurityGroupEgressRule")
def modify_security_group_egress_rule(call: Call) -> None:
    _modify(call, "egress")


@ecs("DescribeSecurityGroupAttribute")
def describe_security_group_attribute(call: Call) -> Record:
    direction = call.get("Direction") or "all"
    if direction not in ("ingress", "egress", "all"):
        raise ApiError("InvalidDirection.ValueNotSupported", 400, "Expected ingress, egress or all.")
    if call.get("NicType") not in (None, "", "intranet", "internet"):
        raise ApiError("InvalidNicType.ValueNotSupported", 400, "The specified NicType does not exist.")
    group = get_group(call, lagged=True)
    # In the classic network an answer shows one side.
    side = "intranet" if group["VpcId"] else call.get("NicType") or "intranet"
    rules = [
        rule for rule in group["Permissions"] if direction in ("all", rule["Direction"]) and rule["NicType"] == side
    ]
    page = page_token(call, rules, default=500, least=10, most=1000)
    same = ("SecurityGroupId", "SecurityGroupName", "Description", "VpcId", "RegionId", "InnerAccessPolicy")
    return {
        **{key: group[key] for key in same},
        "Permissions": {"Permission": [_shown(call, rule) for rule in page.items]},
        **page.about,
    }


def _shown(call: Call, rule: Record) -> Record:
    shown = {key: value for key, value in rule.items() if not key.startswith("_")}
    if call.settings["ecs.priority_type"] == "number":
        shown["Priority"] = Verbatim(int(rule["Priority"]))
    for word in ("Source", "Dest"):
        if rule.get(f"{word}GroupId"):
            other = call.store.get("security_group", rule[f"{word}GroupId"])
            shown[f"{word}GroupName"] = other["SecurityGroupName"] if other else ""
            shown[f"{word}GroupOwnerAccount"] = rule.get("_GroupOwner", "")
        if rule.get(f"{word}PrefixListId"):
            prefix_list = call.store.get("prefix_list", rule[f"{word}PrefixListId"])
            shown[f"{word}PrefixListName"] = prefix_list["PrefixListName"] if prefix_list else ""
    return shown
