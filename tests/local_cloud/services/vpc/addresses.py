# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic IP addresses.

None can be bought here. Records ``eip`` (id: AllocationId) that are put in past all checks have the keys of the API's
answers and AccountId.
"""

from __future__ import annotations

import re

from local_cloud.framework import Call
from local_cloud.services.vpc.common import Record, check_region, dry_run, page, served

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
