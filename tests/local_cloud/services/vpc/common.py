# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operations on VPCs and vSwitches share.

Records: ``vpc`` (id: VpcId), ``vswitch`` (id: VSwitchId) and ``eip`` (id: AllocationId) have the keys of the API's
answers and AccountId; a VPC's vSwitches and a vSwitch's free addresses are counted when they are asked for.
"""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import re
import typing as t

from local_cloud import catalogue
from local_cloud.framework import ApiError, Call, Handler, operation
from local_cloud.services.shapes import Shape, complete, response_shape
from local_cloud.settings import define

Record = dict[str, t.Any]

define("vpc.pending_seconds", 1.0, "how long a new VPC or vSwitch is Pending")
define("vpc.default_cidr_block", "172.16.0.0/12", "CIDR block of a VPC that is created without one (UNCERTAIN)")
define("vpc.cidr_host_bits", "refuse", "a CIDR block with host bits set (UNCERTAIN)", choices=("refuse", "normalise"))
define("vpc.cidr_code", "InvalidCidrBlock", "code for a CIDR block that can't be used (UNCERTAIN)")
define("vpc.cidr_overlap_code", "InvalidCidrBlock.Overlapped", "code for an overlapping CIDR block (UNCERTAIN)")

RESOURCE_GROUP = "rg-acfmxazb4ph6aiy"

#: kind of record -> (id parameter, resource in an ARN, code of 404)
KINDS = {
    "vpc": ("VpcId", "vpc", "InvalidVpcId.NotFound"),
    "vswitch": ("VSwitchId", "vswitch", "InvalidVSwitchId.NotFound"),
    "eip": ("AllocationId", "eip", "InvalidAllocationId.NotFound"),
}


def served(action: str, *, ecs: bool = False) -> t.Callable[[Handler], Handler]:
    """Register a handler for VPC and, with ``ecs``, for the action of the same name in ECS.

    The answer is completed to the response model of each product; ECS, the older one, knows fewer fields.
    """

    def register(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def of_vpc(call: Call) -> Record:
            return complete("vpc", action, handler(call))

        @functools.wraps(handler)
        def of_ecs(call: Call) -> Record:
            return complete("ecs", action, _known(response_shape("ecs", action), handler(call)))

        operation("vpc", action, resources=_resources)(of_vpc)
        if ecs:
            operation("ecs", action, ram_action=f"vpc:{action}", resources=_resources)(of_ecs)
        return handler

    return register


def _known(shape: Shape, body: Record) -> Record:
    """Of a body what a shape knows."""
    known = {}
    for name, value in body.items():
        kind = shape.fields.get(name)
        inner = kind[0] if isinstance(kind, list) else kind
        if isinstance(inner, Shape):
            value = [_known(inner, item) for item in value] if isinstance(kind, list) else _known(inner, value)
        if kind is not None:
            known[name] = value
    return known


def _resources(call: Call) -> list[str]:
    start = f"acs:vpc:{call.region}:{call.account_id}"
    for parameter, resource, _code in KINDS.values():
        if call.action.startswith(("Create", "Allocate", "DescribeRegions", "DescribeZones")):
            continue
        if parameter in call.params:
            return [f"{start}:{resource}/{one}" for one in str(call.params[parameter]).split(",")]
    kind = next((kind for word, kind in (("VSwitch", "vswitch"), ("Eip", "eip")) if word in call.action), "vpc")
    return [f"{start}:{kind}/*"]


def check_region(call: Call) -> None:
    """404 for a region that Alibaba Cloud doesn't have."""
    if call.region not in catalogue.regions():
        raise ApiError("InvalidRegionId.NotFound", 404, "The specified RegionId does not exist.")


def find(call: Call, kind: str, *, lagged: bool = False) -> Record:
    """The caller's VPC or vSwitch that the call names, in the call's region; 404 if there is none."""
    parameter, _resource, code = KINDS[kind]
    wanted = str(call.get(parameter) or "")
    if not wanted:
        message = f'The input parameter "{parameter}" that is mandatory for processing this request is not supplied.'
        raise ApiError("MissingParameter", 400, message)
    record = call.store.get(kind, wanted, lagged=lagged)
    own = record is not None and record["AccountId"] == call.account_id
    if record is None or not own or call.get("RegionId", record["RegionId"]) != record["RegionId"]:
        raise ApiError(code, 404, f"The specified {parameter} {wanted} does not exist.")
    return record


def dry_run(call: Call) -> None:
    """End a dry run that passed every check: success is an error answer."""
    if call.get("DryRun"):
        raise ApiError("DryRunOperation", 400, "Request validation has been passed with DryRun flag set.")


def texts(call: Call, name_parameter: str) -> Record:
    """The name and description that a call gives, checked; empty when not given."""
    found = {}
    for parameter, longest in ((name_parameter, 128), ("Description", 256)):
        value = str(call.get(parameter, ""))
        if len(value) > longest or value.lower().startswith(("http://", "https://")):
            raise ApiError(
                f"Invalid{parameter}.Malformed",
                400,
                f"The specified {parameter} must have at most {longest} characters and be no URL.",
            )
        found[parameter] = value
    return found


def given_texts(call: Call, name_parameter: str) -> Record:
    """As :func:`texts`, of those alone that a call gives: a change leaves the others as they are."""
    return {name: value for name, value in texts(call, name_parameter).items() if name in call.params}


def tags(call: Call) -> Record:
    """The parameter Tag as the answers show it."""
    given = {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in call.get("Tag", [])}
    for key in given:
        if not 1 <= len(key) <= 128 or key.startswith(("aliyun", "acs:", "http://", "https://")):
            raise ApiError("InvalidTagKey", 400, f"The tag key {key!r} is not valid.")
    if len(given) > 20:
        raise ApiError("InvalidParameter.TagNum", 400, "A resource takes at most 20 tags.")
    return {"Tag": [{"Key": key, "Value": value} for key, value in given.items()]}


def cidr(call: Call, text: str, shortest: int, longest: int) -> ipaddress.IPv4Network:
    """An IPv4 CIDR block with a mask of ``shortest`` to ``longest`` bits."""
    try:
        network = ipaddress.IPv4Network(text, strict=call.settings["vpc.cidr_host_bits"] == "refuse")
    except ValueError as error:
        raise bad_cidr(call, f"{text} is not a CIDR block.") from error
    if "/" not in text or not shortest <= network.prefixlen <= longest:
        raise bad_cidr(call, f"the mask of {text} must have {shortest} to {longest} bits.")
    return network


def invalid(parameter: str) -> ApiError:
    """400 InvalidParameter, naming the parameter."""
    return ApiError("InvalidParameter", 400, f'Specified value of "{parameter}" is not valid.')


def bad_cidr(call: Call, why: str) -> ApiError:
    """400 for a CIDR block."""
    return ApiError(call.settings["vpc.cidr_code"], 400, f"The specified CIDR block is not valid: {why}")


def become_available(call: Call, kind: str, record_id: str, record: Record) -> None:
    """Put a new record as Pending and have it become Available."""
    call.store.put(kind, record_id, {**record, "Status": "Pending"}, region=record["RegionId"])
    ready = call.now + dt.timedelta(seconds=call.settings["vpc.pending_seconds"])
    call.store.schedule(kind, record_id, ready, {"Status": "Available"})


def page(call: Call, records: list[Record]) -> tuple[list[Record], Record]:
    """One page, and the answer's PageNumber, PageSize and TotalCount."""
    number, size = int(call.get("PageNumber", 1)), int(call.get("PageSize", 10))
    if number < 1 or not 1 <= size <= 50:
        raise ApiError("InvalidParameter", 400, "PageNumber must be 1 or more and PageSize 1 to 50.")
    first = (number - 1) * size
    return records[first : first + size], {"PageNumber": number, "PageSize": size, "TotalCount": len(records)}


def select(call: Call, kind: str) -> list[Record]:
    """The caller's records of a region that match the filters the call gives."""
    id_parameter, _resource, _code = KINDS[kind]
    records = call.store.find(kind, region=call.region, where={"AccountId": call.account_id}, lagged=True)
    wanted_ids = [one for one in re.split(r"[,\s]+", str(call.get(id_parameter, ""))) if one]
    exact = [
        name
        for name in ("VpcId", "VpcName", "VSwitchName", "ZoneId", "IsDefault", "ResourceGroupId", "EnabledIpv6")
        if name != id_parameter and name in call.params
    ]
    wanted_tags = [(str(tag.get("Key", "")), tag.get("Value")) for tag in call.get("Tag", [])]
    found = []
    for record in records:
        own_tags = {tag["Key"]: tag["Value"] for tag in record["Tags"]["Tag"]}
        if (
            (not wanted_ids or record[id_parameter] in wanted_ids)
            and all(record.get(name) == call.params[name] for name in exact)
            and all(key in own_tags and value in (None, "", own_tags[key]) for key, value in wanted_tags)
        ):
            found.append(record)
    return found
