# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public bandwidth of an instance, and how it is charged."""

from __future__ import annotations

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import Record, ecs, get_one, required, save
from local_cloud.services.ecs.network import public_address
from local_cloud.settings import define

define(
    "ecs.network_spec_pause_seconds",
    300.0,
    "how long after ModifyInstanceNetworkSpec another one of the instance is throttled",
)
define("ecs.no_bandwidth_keeps_address", True, "whether an instance without bandwidth keeps its address (UNCERTAIN)")

_CHARGES = ("PayByTraffic", "PayByBandwidth")


@ecs("ModifyInstanceNetworkSpec")
def modify_instance_network_spec(call: Call) -> Record:
    required(call, "InstanceId")
    instance = get_one(call, "instance", call.params["InstanceId"])
    _check_state(call, instance)
    before = instance["InternetMaxBandwidthOut"]
    instance.update(_bandwidths(call, instance))
    charge = call.get("NetworkChargeType") or instance["InternetChargeType"]
    if charge not in _CHARGES:
        message = "The specified InternetChargeType is invalid."
        raise ApiError("InvalidInternetChargeType.ValueNotSupported", 400, message)
    after = instance["InternetMaxBandwidthOut"]
    if call.get("AllocatePublicIp") and not after:
        message = "The specified param AllocatePublicIp is invalid: there is no public bandwidth."
        raise ApiError("InvalidParam.AllocatePublicIp", 400, message)
    first_of_subscription = not before and after and instance["InstanceChargeType"] == "PrePaid"
    if (call.get("AllocatePublicIp") or first_of_subscription) and not instance["PublicIpAddress"]:
        instance["PublicIpAddress"] = public_address(call)
    if not after and not call.settings["ecs.no_bandwidth_keeps_address"]:
        instance["PublicIpAddress"] = ""
    instance.update({"InternetChargeType": charge, "_NetworkSpecAt": call.clock.timestamp()})
    save(call, "instance", instance["InstanceId"], instance)
    return {"OrderId": str(call.store.next_number("order"))}


def _check_state(call: Call, instance: Record) -> None:
    if instance["Status"] not in ("Running", "Stopped") or instance.get("_Releasing"):
        message = "The current status of the instance does not support this operation."
        raise ApiError("IncorrectInstanceStatus", 403, message)
    if (call.get("StartTime") or call.get("EndTime")) and instance["InstanceChargeType"] != "PrePaid":
        message = "The operation is not permitted due to billing method of the instance."
        raise ApiError("ChargeTypeViolation", 403, message)
    last = instance.get("_NetworkSpecAt")
    if last is not None and call.clock.timestamp() < last + call.settings["ecs.network_spec_pause_seconds"]:
        message = "Request was denied due to request throttling, please try again after 5 minutes."
        raise ApiError("Throttling", 400, message)


def _bandwidths(call: Call, instance: Record) -> Record:
    """Both bandwidths after the request.

    :raises ApiError: none is given, or one is out of its range.
    """
    out, incoming = call.get("InternetMaxBandwidthOut"), call.get("InternetMaxBandwidthIn")
    if out is None and incoming is None and not call.get("NetworkChargeType") and not call.get("AllocatePublicIp"):
        raise ApiError("InvalidParameter.Bandwidth", 400, "The specified bandwidth is invalid: none is given.")
    if out is not None and not 0 <= out <= 100:
        message = "The specified InternetMaxBandwidthOut is beyond the permitted range."
        raise ApiError("InvalidInternetMaxBandwidthOut.ValueNotSupported", 400, message)
    after = instance["InternetMaxBandwidthOut"] if out is None else out
    most = max(10, after)
    if incoming is not None and not 1 <= incoming <= most:
        message = f"The specified InternetMaxBandwidthIn is beyond the permitted range: 1 to {most}."
        raise ApiError("InvalidInternetMaxBandwidthIn.ValueNotSupported", 400, message)
    if incoming is None:
        incoming = instance["InternetMaxBandwidthIn"] if out is None else most if after else 0
    return {"InternetMaxBandwidthOut": after, "InternetMaxBandwidthIn": incoming}
