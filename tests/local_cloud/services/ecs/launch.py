# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating instances: RunInstances and CreateInstance."""

from __future__ import annotations

import base64
import binascii
import copy
import datetime as dt
import re
import typing as t
import uuid
from dataclasses import dataclass

from local_cloud import catalogue
from local_cloud.catalogue import InstanceType
from local_cloud.clock import MINUTE_FORMAT, SECOND_FORMAT
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs import lifecycle
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    dry_run,
    ecs,
    find_all,
    get_one,
    invalid,
    missing,
    new_record,
    request_tags,
)
from local_cloud.services.ecs.disks import data_disk, new_disk, system_disk
from local_cloud.services.ecs.images import newest_of_family, usable_image
from local_cloud.services.ecs.keypairs import key_pair_id
from local_cloud.services.ecs.network import check_groups, choose_addresses, new_interface, public_address, vswitch_full
from local_cloud.services.ecs.ram_role import ecs_role
from local_cloud.services.ecs.trusted import is_trusted, secure_boot
from local_cloud.services.shapes import ABSENT
from local_cloud.settings import define

define("ecs.instances", 1000, "pay-as-you-go instances of an account in a region")
define("ecs.sold_out", "", "what has no stock: type@zone, type@*, *@zone; several separated by commas")
define("ecs.user_data_bytes", 32768, "raw size of user data")

_SEQUENCE = re.compile(r"(?P<prefix>[^\[\]]*)\[(?P<begin>\d{0,6}),(?P<bits>[1-6]?)\](?P<suffix>[^\[\]]*)")
_HOST_LABEL = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_PASSWORD_SPECIAL = set("()`~!@#$%^&*-_+=|{}[]:;'<>,.?/")


def no_stock(call: Call, type_id: str, zone_id: str) -> bool:
    """Whether a type is sold out in a zone (setting ``ecs.sold_out``)."""
    entries = {entry.strip() for entry in str(call.settings["ecs.sold_out"]).split(",")}
    return bool(entries & {f"{type_id}@{zone_id}", f"{type_id}@*", f"*@{zone_id}"})


@dataclass
class Plan:
    """Everything about the wanted instances, checked."""

    instance_type: InstanceType
    image: Record
    vswitch: Record
    groups: list[str]
    addresses: list[str]  # fewer than wanted when the vSwitch is nearly full
    system_disk: Record
    data_disks: list[Record]
    common: Record  # fields that all of the instances have


@ecs("RunInstances")
def run_instances(call: Call) -> Record:
    wanted = call.get("Amount", 1)
    least = call.get("MinAmount") or wanted
    if not 1 <= wanted <= 100:
        raise invalid("Amount", "Expected 1 to 100.")
    if not 1 <= least <= wanted:
        raise invalid("MinAmount", "Expected 1 to Amount.")
    plan = _check(call, wanted)
    names = _names(call, wanted)
    room = call.settings["ecs.instances"] - len(find_all(call, "instance"))
    count = min(wanted, room, len(plan.addresses))
    if count < least:
        if room < least:
            raise ApiError(
                "QuotaExceed.AfterpayInstance", 400, "Living afterpay instances quota exceeded in this region."
            )
        raise vswitch_full()
    dry_run(call)
    ids = [_create(call, plan, names[n], n, run=True) for n in range(count)]
    order = {"OrderId": str(call.store.next_number("order"))} if call.get("InstanceChargeType") == "PrePaid" else {}
    return {"InstanceIdSets": {"InstanceIdSet": ids}, **_absent_price(order)}


@ecs("CreateInstance")
def create_instance(call: Call) -> Record:
    plan = _check(call, 1)
    names = _names(call, 1)
    if len(find_all(call, "instance")) >= call.settings["ecs.instances"]:
        raise ApiError("QuotaExceed.AfterpayInstance", 400, "Living afterpay instances quota exceeded in this region.")
    if not plan.addresses:
        raise vswitch_full()
    dry_run(call)
    return {"InstanceId": _create(call, plan, names[0], 0, run=False), **_absent_price({})}


def _absent_price(order: Record) -> Record:
    return {"OrderId": ABSENT, "TradePrice": ABSENT, **order}


# -- checks


def _check(call: Call, amount: int) -> Plan:
    image_id = call.get("ImageId") or ""
    if image_id and call.get("ImageFamily"):
        raise invalid("ImageFamily", "ImageId and ImageFamily exclude each other.")
    if not image_id and not call.get("ImageFamily"):
        raise missing("ImageId")
    if not call.get("InstanceType"):
        raise missing("InstanceType")
    instance_type = catalogue.instance_types().get(call.params["InstanceType"])
    if instance_type is None:
        raise ApiError(
            "InvalidInstanceType.ValueNotSupported",
            400,
            "The specified InstanceType does not exist or beyond the permitted range.",
        )
    vswitch_id, group_ids, address = _network(call)
    zone_id = call.get("ZoneId") or ""
    if zone_id and catalogue.zone_region(zone_id) != call.region:
        raise ApiError("InvalidZoneId.NotFound", 404, "The specified zone does not exist.")
    if not vswitch_id:
        raise missing("VSwitchId")
    vswitch = get_one(call, "vswitch", vswitch_id)
    if vswitch["Status"] != "Available":
        message = "The current status of the vSwitch does not support this operation."
        raise ApiError("IncorrectVSwitchStatus", 400, message)
    if zone_id not in ("", vswitch["ZoneId"]):
        raise ApiError("InvalidParameter.Mismatch", 400, "The specified vSwitch is not in the specified zone.")
    if vswitch["ZoneId"] in instance_type.not_in:
        raise ApiError(
            "InvalidInstanceType.ZoneNotSupported", 403, "The specified zone does not support this instance type."
        )
    if not group_ids:
        raise missing("SecurityGroupId")
    groups = check_groups(call, group_ids, vswitch["VpcId"], joining=amount)
    image = usable_image(call, image_id or newest_of_family(call, call.params["ImageFamily"]), instance_type)
    disk = system_disk(call, instance_type, image, call.get("SystemDisk") or {})
    data_disks = [
        data_disk(call, instance_type, request, n + 1) for n, request in enumerate(call.get("DataDisk") or ())
    ]
    if len(data_disks) > 16:
        raise invalid("DataDisk", "At most 16 data disks.")
    trusted = is_trusted(call, instance_type, image, disk["Category"])
    common = {**_basics(call, image), **_network_options(call), "_Trusted": trusted}
    common["_SecureBoot"] = secure_boot(call, instance_type, image)
    role = call.get("RamRoleName")
    common["_RamRoleName"] = ecs_role(call, role, not_ecs_status=401) if role else ""
    if no_stock(call, instance_type.id, vswitch["ZoneId"]):
        raise ApiError("OperationDenied.NoStock", 403, "The requested resource is sold out in the specified zone.")
    addresses = choose_addresses(call, vswitch, amount, address)
    return Plan(instance_type, image, vswitch, groups, addresses, disk, data_disks, common)


def _network(call: Call) -> tuple[str, list[str], str]:
    """vSwitch, groups and address of the primary interface, whichever way the request gives them."""
    primaries = [
        n
        for n in call.get("NetworkInterface") or ()
        if (n.get("InstanceType") or ("Primary" if n.get("VSwitchId") else "Secondary")) == "Primary"
    ]
    if len(primaries) > 1:
        raise invalid("NetworkInterface", "Only one interface can be the primary one.")
    single, several = call.get("SecurityGroupId"), call.get("SecurityGroupIds") or []
    if primaries:
        if single or several or call.get("VSwitchId"):
            raise invalid(
                "NetworkInterface.1.InstanceType",
                "A primary interface excludes VSwitchId, SecurityGroupId and SecurityGroupIds.",
            )
        primary = primaries[0]
        single, several = primary.get("SecurityGroupId"), primary.get("SecurityGroupIds") or []
    source = primaries[0] if primaries else call.params
    if single and several:
        raise invalid("SecurityGroupId", "SecurityGroupId and SecurityGroupIds exclude each other.")
    address = source.get("PrimaryIpAddress") if primaries else source.get("PrivateIpAddress")
    return source.get("VSwitchId") or "", [single] if single else list(several), address or ""


def _basics(call: Call, image: Record) -> Record:
    """Fields that depend on nothing but the request and the image."""
    description = check_text(call, "Description", "InvalidDescription.Malformed", 2, 256) or ""
    charge = call.get("InstanceChargeType") or "PostPaid"
    if charge not in ("PostPaid", "PrePaid"):
        raise ApiError(
            "InvalidInstanceChargeType.ValueNotSupported", 400, "The specified InstanceChargeType is not valid."
        )
    if charge == "PrePaid":
        if not call.get("Period"):
            raise missing("Period")
        if call.get("DeletionProtection"):
            raise invalid("DeletionProtection", "Only pay-as-you-go instances have it.")
    spot = call.get("SpotStrategy") or "NoSpot"
    if spot not in ("NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo"):
        raise invalid("SpotStrategy", "Expected NoSpot, SpotWithPriceLimit or SpotAsPriceGo.")
    strategy = call.get("SecurityEnhancementStrategy") or "Deactive"
    if strategy not in ("Active", "Deactive") or (strategy == "Active" and image["ImageOwnerAlias"] != "system"):
        raise invalid("SecurityEnhancementStrategy", "Expected Active (public images only) or Deactive.")
    password = call.get("Password") or ""
    if password and call.get("PasswordInherit"):
        raise invalid("PasswordInherit", "It excludes Password.")
    if password:
        check_password(password)
    return {
        "Description": description,
        "InstanceChargeType": charge,
        "SpotStrategy": spot,
        "SpotPriceLimit": float(call.get("SpotPriceLimit") or 0),
        "DeletionProtection": bool(call.get("DeletionProtection")),
        "AutoReleaseTime": _release_time(call),
        "ExpiredTime": _expired_time(call) if charge == "PrePaid" else "2099-12-31T15:59Z",
        "CreditSpecification": call.get("CreditSpecification") or "",
        "ResourceGroupId": call.get("ResourceGroupId") or "",
        "Tags": request_tags(call),
        "_Password": password,
        "_SecurityEnhancement": strategy,
        "_UserData": check_user_data(call, image),
        **_key_pair(call, image),
        "MetadataOptions": metadata_options(call, {}),
        **{key: image[key] for key in ("OSName", "OSNameEn", "OSType")},
    }


def _key_pair(call: Call, image: Record) -> Record:
    name = call.get("KeyPairName") or ""
    if not name or image["OSType"] == "windows":
        return {"KeyPairName": "", "_PublicKey": ""}
    pair = call.store.get("key_pair", key_pair_id(call, name))
    if pair is None:
        raise ApiError("InvalidKeyPairName.NotFound", 404, "The specified KeyPairName does not exist.")
    return {"KeyPairName": name, "_PublicKey": pair["PublicKey"]}


def _network_options(call: Call) -> Record:
    charge, bandwidth = call.get("InternetChargeType") or "PayByTraffic", call.get("InternetMaxBandwidthOut") or 0
    if charge not in ("PayByTraffic", "PayByBandwidth"):
        raise ApiError(
            "InvalidInternetChargeType.ValueNotSupported", 400, "The specified InternetChargeType is not valid."
        )
    if not 0 <= bandwidth <= 100:
        raise ApiError("InvalidInternetMaxBandwidthOut.ValueNotSupported", 400, "Expected 0 to 100 Mbit/s.")
    incoming = call.get("InternetMaxBandwidthIn") or (max(10, bandwidth) if bandwidth else 0)
    return {
        "InternetChargeType": charge,
        "InternetMaxBandwidthOut": bandwidth,
        "InternetMaxBandwidthIn": incoming,
    }


def _release_time(call: Call) -> str:
    text = call.get("AutoReleaseTime")
    if not text:
        return ""
    try:
        moment = dt.datetime.strptime(text, SECOND_FORMAT).replace(tzinfo=dt.UTC)
    except ValueError:
        raise ApiError(
            "InvalidAutoReleaseTime.Malformed", 400, "The specified parameter AutoReleaseTime is not valid."
        ) from None
    if not dt.timedelta(minutes=30) <= moment - call.now <= dt.timedelta(days=3 * 366):
        raise ApiError(
            "InvalidAutoReleaseTime.Malformed", 400, "AutoReleaseTime must be 30 minutes to 3 years from now."
        )
    return moment.strftime(MINUTE_FORMAT)


def _expired_time(call: Call) -> str:
    days = 7 if call.get("PeriodUnit") == "Week" else 30
    return (call.now + dt.timedelta(days=days * call.params["Period"])).strftime(MINUTE_FORMAT)


def check_password(password: str) -> None:
    """8 to 30 characters, three of four kinds.

    :raises ApiError: it isn't.
    """
    kinds = [
        any(c.isascii() and c.isupper() for c in password),
        any(c.isascii() and c.islower() for c in password),
        any(c.isascii() and c.isdigit() for c in password),
        any(c in _PASSWORD_SPECIAL for c in password),
    ]
    known = all((c.isascii() and c.isalnum()) or c in _PASSWORD_SPECIAL for c in password)
    if not 8 <= len(password) <= 30 or sum(kinds) < 3 or not known:
        raise ApiError("InvalidPassword.Malformed", 400, "The specified parameter Password is not valid.")


def check_user_data(call: Call, image: Record | None) -> str:
    """The user data of a request as sent (base64), checked.

    :param image: what the instance boots, None when it exists already.
    :raises ApiError: not base64, too large, or an image that doesn't run it.
    """
    text = call.get("UserData") or ""
    if not text:
        return ""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(
            "InvalidUserData.Base64FormatInvalid",
            403,
            "The specified UserData is not valid: it must be base64 encoded.",
        ) from None
    if len(raw) > call.settings["ecs.user_data_bytes"]:
        raise ApiError("InvalidUserData.SizeExceeded", 400, "The specified parameter UserData exceeds the size.")
    if image is not None and not image["IsSupportCloudinit"]:
        raise ApiError("ImageNotSupportCloudInit", 400, "The specified image does not support cloud-init.")
    return t.cast(str, text)


def metadata_options(call: Call, current: Record) -> Record:
    """The metadata options after a request.

    :raises ApiError: a value that isn't one.
    """
    options = {
        "HttpEndpoint": "enabled",
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "disabled",
        **current,
    }
    for name, values in (
        ("HttpEndpoint", ("enabled", "disabled")),
        ("HttpTokens", ("optional", "required")),
        ("InstanceMetadataTags", ("enabled", "disabled")),
    ):
        value = call.get(name)
        if value in (None, ""):
            continue
        if value not in values:
            raise ApiError(f"Invalid{name}.NotSupported", 400, f"The specified {name} is not supported.")
        options[name] = value
    limit = call.get("HttpPutResponseHopLimit")
    if limit is not None:
        if not 1 <= limit <= 64:
            raise ApiError(
                "InvalidHttpPutResponseHopLimit.NotSupported",
                400,
                "The specified HttpPutResponseHopLimit is not supported.",
            )
        options["HttpPutResponseHopLimit"] = limit
    return options


# -- names


class Names(t.NamedTuple):
    """Name and hostname of one instance; empty where the default is wanted."""

    instance: str
    host: str


def _names(call: Call, amount: int) -> list[Names]:
    hosts = call.get("HostNames") or []
    if hosts and call.get("HostName"):
        raise invalid("HostNames", "HostName and HostNames exclude each other.")
    if hosts and len(hosts) != amount:
        raise invalid("HostNames", "Expected as many as Amount.")
    unique = bool(call.get("UniqueSuffix"))
    instances = _sequence(call.get("InstanceName") or "", amount, unique)
    hosts = list(hosts) or _sequence(call.get("HostName") or "", amount, unique)
    for name in instances:
        if name:
            check_name(name, "InvalidInstanceName.Malformed", "InstanceName")
    for host in hosts:
        if host:
            check_host_name(host.replace("${instance_id}", "i-0"))
    return [Names(*pair) for pair in zip(instances, hosts, strict=True)]


def _sequence(pattern: str, amount: int, unique: bool) -> list[str]:
    """``name[begin,bits]suffix`` counted up; or 001.. appended; or the same name for all."""
    match = _SEQUENCE.fullmatch(pattern)
    if match:
        begin, bits = int(match["begin"] or 0), int(match["bits"] or 6)
        names = [f"{match['prefix']}{begin + n:0{bits}d}{match['suffix']}" for n in range(amount)]
        if not unique or not match["suffix"]:
            return names
        return [f"{name}{n + 1:03d}" for n, name in enumerate(names)]
    if pattern and unique:
        return [f"{pattern}{n + 1:03d}" for n in range(amount)]
    return [pattern] * amount


def check_host_name(name: str) -> None:
    """A Linux hostname: 2 to 64 characters, labels of letters, digits and single hyphens, joined by periods.

    :raises ApiError: it isn't.
    """
    if not 2 <= len(name) <= 64 or not all(_HOST_LABEL.fullmatch(label) for label in name.split(".")):
        raise ApiError("InvalidHostName.Malformed", 400, "The specified parameter HostName is not valid.")


# -- the instance


def _create(call: Call, plan: Plan, names: Names, number: int, *, run: bool) -> str:
    instance_id = call.store.new_id("i-")
    default_host = f"iZ{instance_id.removeprefix('i-')}Z"
    instance = new_record(
        call,
        InstanceId=instance_id,
        InstanceName=names.instance or instance_id,
        HostName=names.host.replace("${instance_id}", instance_id) or default_host,
        ZoneId=plan.vswitch["ZoneId"],
        VpcId=plan.vswitch["VpcId"],
        VSwitchId=plan.vswitch["VSwitchId"],
        InstanceType=plan.instance_type.id,
        ImageId=plan.image["ImageId"],
        PrivateIpAddress=plan.addresses[number],
        PublicIpAddress="",
        SerialNumber=str(uuid.uuid4()),
        CreationTime=call.now.strftime(MINUTE_FORMAT),
        StartTime="",
        StoppedMode="Not-applicable",
        **copy.deepcopy(plan.common),
    )
    if run and plan.common["InternetMaxBandwidthOut"]:
        instance["PublicIpAddress"] = public_address(call)
    new_interface(call, instance, plan.groups)
    for disk in (plan.system_disk, *plan.data_disks):
        new_disk(call, instance, disk)
    lifecycle.begin(call, instance, run=run)
    return instance_id
