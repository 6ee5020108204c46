# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas of the account."""

from __future__ import annotations

from local_cloud import catalogue
from local_cloud.framework import Call
from local_cloud.services.ecs.common import Record, ecs, find_all

#: attribute -> the setting that holds it, or its value
_ATTRIBUTES = {
    "instance-network-type": "vpc",
    "max-security-groups": "ecs.security_groups",
    "max-elastic-network-interfaces": "5000",
    "max-postpaid-instance-vcpu-count": "10000",
    "max-spot-instance-vcpu-count": "10000",
    "max-dedicated-hosts": "2",
    "used-postpaid-instance-vcpu-count": "",
    "used-spot-instance-vcpu-count": "",
    "max-axt-command-count": "500",
    "max-axt-invocation-daily": "5000",
    "max-image-count": "ecs.custom_images",
    "supported-postpaid-instance-types": "",
    "real-name-authentication": "yes",
}


def _used_cpus(call: Call, *, spot: bool) -> int:
    types = catalogue.instance_types()
    instances = find_all(call, "instance", lagged=True)
    return sum(types[i["InstanceType"]].cpu for i in instances if (i["SpotStrategy"] != "NoSpot") == spot)


@ecs("DescribeAccountAttributes")
def describe_account_attributes(call: Call) -> Record:
    """Attributes the account doesn't have are left out (UNCERTAIN: the full list of names)."""
    wanted = call.get("AttributeName") or list(_ATTRIBUTES)
    shown = []
    for name in dict.fromkeys(wanted):
        if name == "supported-postpaid-instance-types":
            zones = catalogue.regions()[call.region].zones
            values = [
                {"Value": kind.id, "InstanceType": kind.id, "ZoneId": zone, "InstanceChargeType": "PostPaid"}
                for kind in catalogue.instance_types().values()
                for zone in zones
                if zone not in kind.not_in and (not call.get("ZoneId") or call.get("ZoneId") == zone)
            ]
        elif name.startswith("used-"):
            values = [{"Value": str(_used_cpus(call, spot="spot" in name))}]
        elif name in _ATTRIBUTES:
            value = _ATTRIBUTES[name]
            values = [{"Value": str(call.settings[value]) if value.startswith("ecs.") else value}]
        else:
            continue
        shown.append({"AttributeName": name, "AttributeValues": {"ValueItem": values}})
    return {"AccountAttributeItems": {"AccountAttributeItem": shown}}
