# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic IP addresses, for instances."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.network import public_address
from local_cloud.services.shapes import ABSENT
from local_cloud.services.vpc.common import (
    RESOURCE_GROUP,
    Record,
    check_region,
    dry_run,
    find,
    given_texts,
    invalid,
    page,
    served,
    tags,
    texts,
)
from local_cloud.settings import define
from local_cloud.texts import digits

define("vpc.eip_binding_seconds", 0.3, "how long an elastic IP address is Associating or Unassociating")
define("vpc.eips", 20, "elastic IP addresses of an account in a region")

#: how it is charged -> most Mbit/s
_MOST_BANDWIDTH = {"PayByBandwidth": 500, "PayByTraffic": 200}

#: filter -> key of the record
_EXACT = {
    "AssociatedInstanceId": "InstanceId",
    "AssociatedInstanceType": "InstanceType",
    "ChargeType": "ChargeType",
    "EipName": "Name",
    "ISP": "ISP",
    "ResourceGroupId": "ResourceGroupId",
    "Status": "Status",
}
#: filters that take several values, separated by commas
_SEVERAL = {"AllocationId": "AllocationId", "EipAddress": "IpAddress"}


# -- having one


@served("AllocateEipAddress", ecs=True)
def allocate_eip_address(call: Call) -> Record:
    check_region(call)
    paid = call.get("InstanceChargeType") or "PostPaid"
    charge = call.get("InternetChargeType") or "PayByBandwidth"
    if paid not in ("PostPaid", "PrePaid"):
        raise invalid("InstanceChargeType")
    if charge not in _MOST_BANDWIDTH or (paid == "PrePaid" and charge != "PayByBandwidth"):
        raise invalid("InternetChargeType")
    if paid == "PrePaid" and not call.get("Period"):
        raise invalid("Period")
    bandwidth = _bandwidth(call.get("Bandwidth") or "5", charge)
    described, own_tags = texts(call, "Name"), tags(call)
    if (
        len(call.store.find("eip", region=call.region, where={"AccountId": call.account_id}))
        >= call.settings["vpc.eips"]
    ):
        raise ApiError("QuotaExceeded.Eip", 400, "Elastic IP address quota exceeded.")
    record = {
        **described,
        "AllocationId": call.store.new_id("eip"),
        "IpAddress": public_address(call),
        "AllocationTime": call.clock.text(),
        "Status": "Available",
        "InstanceId": "",
        "InstanceType": "",
        "Bandwidth": bandwidth,
        "EipBandwidth": bandwidth,
        "ChargeType": paid,
        "InternetChargeType": charge,
        "ISP": call.get("ISP") or "BGP",
        "Netmode": "public",
        "BusinessStatus": "Normal",
        "ResourceGroupId": call.get("ResourceGroupId") or RESOURCE_GROUP,
        "Tags": own_tags,
        "RegionId": call.region,
        "AccountId": call.account_id,
    }
    call.store.put("eip", record["AllocationId"], record, region=call.region)
    return {
        "AllocationId": record["AllocationId"],
        "EipAddress": record["IpAddress"],
        "ResourceGroupId": record["ResourceGroupId"],
        "OrderId": call.store.next_number("order") if paid == "PrePaid" else ABSENT,
    }


@served("ModifyEipAddressAttribute", ecs=True)
def modify_eip_address_attribute(call: Call) -> Record:
    address = find(call, "eip")
    changes = given_texts(call, "Name")
    if call.get("Bandwidth"):
        bandwidth = _bandwidth(call.params["Bandwidth"], address["InternetChargeType"])
        changes.update({"Bandwidth": bandwidth, "EipBandwidth": bandwidth})
    _need_status(address, "Available", "InUse")
    _save(call, {**address, **changes})
    return {}


def _bandwidth(text: t.Any, charge: str) -> str:
    bandwidth = digits(text)
    if bandwidth is None or not 1 <= bandwidth <= _MOST_BANDWIDTH[charge]:
        raise invalid("Bandwidth")
    return str(bandwidth)


@served("ReleaseEipAddress", ecs=True)
def release_eip_address(call: Call) -> Record:
    address = find(call, "eip")
    if address.get("ChargeType") == "PrePaid":
        raise ApiError("Forbidden.ChargeTypeIsPrepaid", 400, "It's forbidden to release a prepaid EIP.")
    _need_status(address, "Available")
    call.store.delete("eip", address["AllocationId"])
    return {}


# -- using it


@served("AssociateEipAddress", ecs=True)
def associate_eip_address(call: Call) -> Record:
    address = find(call, "eip")
    instance = _instance(call)
    if not instance["VpcId"]:
        raise ApiError("OperationDenied", 400, "Specified instance is not in VPC.")
    if instance["RegionId"] != address["RegionId"]:
        message = "Specified elastic IP address and ECS instance are not in the same region."
        raise ApiError("InvalidParameter.Mismatch", 400, message)
    _need_status(address, "Available")
    if call.store.find("eip", where={"InstanceId": instance["InstanceId"]}):
        raise ApiError("InvalidAssociation.Duplicated", 400, "Specified instance already is associated.")
    if instance["PublicIpAddress"]:
        message = "The instance may have portMap or already bind eip."
        raise ApiError("BIND_INSTANCE_HAVE_PORTMAP_OR_BIND_EIP", 400, message)
    using = {"InstanceId": instance["InstanceId"], "InstanceType": "EcsInstance", "VpcId": instance["VpcId"]}
    _later(call, {**address, **using, "Status": "Associating"}, {"Status": "InUse"})
    return {}


@served("UnassociateEipAddress", ecs=True)
def unassociate_eip_address(call: Call) -> Record:
    address = find(call, "eip")
    if call.get("InstanceId") and _instance(call)["InstanceId"] != address["InstanceId"]:
        raise ApiError("InvalidBindingStatus", 400, "The eip binding status invalid.")
    _need_status(address, "InUse")
    free = {"Status": "Available", "InstanceId": "", "InstanceType": "", "VpcId": ""}
    _later(call, {**address, "Status": "Unassociating"}, free)
    return {}


def _instance(call: Call) -> Record:
    """The instance that the call names, ready to be changed."""
    if not call.get("InstanceId"):
        message = 'The input parameter "InstanceId" that is mandatory for processing this request is not supplied.'
        raise ApiError("MissingParameter", 400, message)
    if (call.get("InstanceType") or "EcsInstance") != "EcsInstance":  # the others don't exist here
        message = "The specified value of InstanceType is not supported."
        raise ApiError("InvalidInstanceType.ValueNotSupported", 400, message)
    instance = call.store.get("instance", call.params["InstanceId"])
    if instance is None or instance["AccountId"] != call.account_id:
        raise ApiError("InvalidInstanceId.NotFound", 404, "Specified instance does not exist.")
    if instance["Status"] not in ("Running", "Stopped"):
        raise ApiError("IncorrectInstanceStatus", 400, "Current instance status does not support this operation.")
    return instance


def _need_status(address: Record, *statuses: str) -> None:
    if address["Status"] not in statuses:
        raise ApiError("IncorrectEipStatus", 400, "Current elastic IP status does not support this operation.")


def _save(call: Call, address: Record) -> None:
    call.store.put("eip", address["AllocationId"], address, region=address["RegionId"])


def _later(call: Call, address: Record, done: Record) -> None:
    """Save an address and plan what it is when the operation is done."""
    _save(call, address)
    ready = call.now + dt.timedelta(seconds=call.settings["vpc.eip_binding_seconds"])
    call.store.schedule("eip", address["AllocationId"], ready, done)


# -- listing


@served("DescribeEipAddresses", ecs=True)
def describe_eip_addresses(call: Call) -> Record:
    check_region(call)
    dry_run(call)
    found = call.store.find("eip", region=call.region, where={"AccountId": call.account_id}, lagged=True)
    chosen = [address for address in found if _fits(call, address)]
    shown, more = page(call, chosen)
    visible = [{key: value for key, value in address.items() if key != "AccountId"} for address in shown]
    return {"EipAddresses": {"EipAddress": visible}, **more}


def _fits(call: Call, address: Record) -> bool:
    own_tags = {tag["Key"]: tag["Value"] for tag in address.get("Tags", {}).get("Tag", [])}
    tags = [(tag.get("Key", ""), tag.get("Value")) for tag in call.get("Tag") or ()]
    return (
        all(call.get(name) in (None, "", address.get(key)) for name, key in _EXACT.items())
        and all(address.get(key) in _values(call, name) for name, key in _SEVERAL.items() if call.get(name))
        and all(key in own_tags and value in (None, "", own_tags[key]) for key, value in tags)
        and not call.get("LockReason")
    )


def _values(call: Call, name: str) -> list[str]:
    return [one for one in re.split(r"[,\s]+", str(call.params[name])) if one]
