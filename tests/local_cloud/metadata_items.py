# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the metadata service tells an instance about itself."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import typing as t

from local_cloud import iam, identities
from local_cloud.settings import define
from local_cloud.store import on_transition

if t.TYPE_CHECKING:
    from local_cloud.server import Server
    from local_cloud.store import Store

Record = dict[str, t.Any]
Directory = dict[str, t.Any]
#: a directory, a text, or what makes a text when it is read; None: there is nothing of the name
Item = Directory | str | bytes | t.Callable[[], "str | bytes | None"] | None

define("metadata.credentials_seconds", 21600, "how long the credentials of an instance's role are valid")
define("metadata.refresh_seconds", 1800, "how long before they expire new ones are given")

_NAMESERVERS = ("100.100.2.136", "100.100.2.138")
_NTP_SERVERS = tuple(f"ntp{number}.cloud.aliyuncs.com" for number in (7, 8, 9, 10, 11, 12))
_MACS = "network/interfaces/macs"


def tree(server: Server, instance: Record) -> Directory:
    """Everything there is for an instance, from the root of the service."""
    user_data = instance.get("_UserData")
    latest: Directory = {
        "dynamic": {
            "instance-identity": {
                "document": _document(instance),
                "pkcs7": lambda: server.authority.pkcs7(_document(instance).encode()),
            }
        },
        "maintenance": {"active-system-events": "[]"},
        "meta-data": _meta_data(server, instance),
        "user-data": base64.b64decode(user_data) if user_data else None,
    }
    return {"latest": latest, "2016-01-01": latest}


def _meta_data(server: Server, instance: Record) -> Directory:
    store = server.store
    in_vpc = bool(instance["VpcId"])
    vpc = store.get("vpc", instance["VpcId"]) or {}
    vswitch = store.get("vswitch", instance["VSwitchId"]) or {}
    mac = instance["MacAddress"]
    public_key = _public_key(store, instance)
    role = instance.get("_RamRoleName")
    found: Directory = {
        "dns-conf": {"nameservers": "\n".join(_NAMESERVERS)},
        "eipv4": instance.get("PublicIpAddress") or None,
        "hostname": instance["HostName"],
        "image-id": instance["ImageId"],
        "instance": {
            "instance-name": instance["InstanceName"],
            "instance-type": instance["InstanceType"],
            "spot": {"termination-time": None},
        },
        "instance-id": instance["InstanceId"],
        "mac": mac,
        "network": {"interfaces": {"macs": {mac: _interface(instance, vpc, vswitch)}}} if in_vpc else None,
        "network-type": "vpc" if in_vpc else "classic",
        "ntp-conf": {"ntp-servers": "\n".join(_NTP_SERVERS)},
        "owner-account-id": instance["AccountId"],
        "private-ipv4": instance["PrivateIpAddress"],
        "public-keys": {"0": {"openssh-key": public_key}} if public_key else None,
        "ram": {"security-credentials": _credentials(server, instance, role)} if role else None,
        "region-id": instance["RegionId"],
        "serial-number": instance["SerialNumber"],
        "vpc-cidr-block": vpc.get("CidrBlock"),
        "vpc-id": instance["VpcId"] or None,
        "vswitch-cidr-block": vswitch.get("CidrBlock"),
        "vswitch-id": instance["VSwitchId"] or None,
        "zone-id": instance["ZoneId"],
    }
    return found


def _interface(instance: Record, vpc: Record, vswitch: Record) -> Directory:
    network = ipaddress.IPv4Network(vswitch.get("CidrBlock", "0.0.0.0/0"))
    address = instance["PrivateIpAddress"]
    return {
        "gateway": str(network.broadcast_address - 2),
        "netmask": str(network.netmask),
        "network-interface-id": instance["NetworkInterfaceId"],
        "primary-ip-address": address,
        "private-ipv4s": json.dumps([address]),
        "vpc-cidr-block": vpc.get("CidrBlock"),
        "vpc-id": instance["VpcId"],
        "vswitch-cidr-block": vswitch.get("CidrBlock"),
        "vswitch-id": instance["VSwitchId"],
    }


def _public_key(store: Store, instance: Record) -> str | None:
    name = instance.get("KeyPairName")
    pair = store.get("key_pair", f"{instance['AccountId']}/{instance['RegionId']}/{name}") if name else None
    return str(pair["PublicKey"]) if pair else None


def _document(instance: Record) -> str:
    names = {
        "image-id": "ImageId",
        "instance-id": "InstanceId",
        "instance-type": "InstanceType",
        "mac": "MacAddress",
        "owner-account-id": "AccountId",
        "private-ipv4": "PrivateIpAddress",
        "region-id": "RegionId",
        "serial-number": "SerialNumber",
        "zone-id": "ZoneId",
    }
    return json.dumps({name: instance[key] for name, key in names.items()})


def _credentials(server: Server, instance: Record, role: str) -> Directory | None:
    record = server.store.get("role", f"{instance['AccountId']}/{role}")
    if record is None or not iam.may_assume(record["AssumeRolePolicyDocument"], "ecs.aliyuncs.com"):
        return None
    return {role: lambda: _session(server, instance, record)}


@on_transition("instance")
def _forget(store: Store, before: Record, after: Record | None) -> None:
    """Nobody is given the credentials of a released instance any more."""
    if after is None:
        store.delete("metadata_credentials", before["InstanceId"])


def _session(server: Server, instance: Record, role: Record) -> str:
    """Credentials of the instance's role: the same until they are about to expire, or the role is another one."""
    store, settings, clock = server.store, server.settings, server.store.clock
    kept = store.get("metadata_credentials", instance["InstanceId"])
    enough = clock.text(clock.now() + dt.timedelta(seconds=settings["metadata.refresh_seconds"]))
    if kept is None or kept["RoleId"] != role["RoleId"] or kept["Expiration"] <= enough:
        seconds = settings["metadata.credentials_seconds"]
        issued = identities.issue_session(
            store, clock, instance["AccountId"], role["RoleName"], instance["InstanceId"], seconds
        )
        kept = {
            "AccessKeyId": issued["access_key_id"],
            "AccessKeySecret": issued["secret"],
            "Expiration": issued["expiration"],
            "SecurityToken": issued["token"],
            "LastUpdated": issued["issued"],
            "RoleId": role["RoleId"],
            "AccountId": instance["AccountId"],
        }
        store.put("metadata_credentials", instance["InstanceId"], kept)
        # tells a session of the instance itself from one that somebody else gave the instance's name
        owner = {"InstanceId": instance["InstanceId"], "AccountId": instance["AccountId"]}
        store.put("instance_session", issued["access_key_id"], owner)
        store.schedule("instance_session", issued["access_key_id"], clock.now() + dt.timedelta(seconds=seconds), None)
    shown = {name: value for name, value in kept.items() if name not in ("RoleId", "AccountId")}
    return json.dumps({**shown, "Code": "Success"}, indent=2)
