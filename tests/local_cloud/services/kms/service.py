# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS switched on, and where there is KMS."""

from __future__ import annotations

import typing as t

from local_cloud import catalogue
from local_cloud.framework import ApiError, Call
from local_cloud.services.kms.common import Record, kms, status
from local_cloud.services.kms.keys import new_key

if t.TYPE_CHECKING:
    from local_cloud.store import Store

#: alias and creator of the keys that a service makes for itself in every region
ECS_ALIAS = "alias/acs/ecs"
ECS_CREATOR = "Ecs"


def switch_on(store: Store, account_id: str) -> None:
    """Enable the account's KMS, with the service key of ECS in every region."""
    store.put("kms_service", account_id, {"Status": "Enabled", "AccountId": account_id})
    for region_id in catalogue.regions():
        alias_id = f"{account_id}/{region_id}/{ECS_ALIAS}"
        if store.get("kms_alias", alias_id) is not None:
            continue
        key = new_key(account_id, region_id, ECS_CREATOR, store.clock.text())
        store.put("kms_key", key["KeyId"], key, region=region_id)
        alias = {
            "AliasName": ECS_ALIAS,
            "AliasArn": f"acs:kms:{region_id}:{account_id}:{ECS_ALIAS}",
            "KeyId": key["KeyId"],
            "AccountId": account_id,
        }
        store.put("kms_alias", alias_id, alias, region=region_id)


@kms("OpenKmsService", service_needed=False)
def open_kms_service(call: Call) -> Record:
    if status(call) != "NotEnabled":
        raise ApiError("Forbidden.Opened", 400, "Your kms service has been opened.")
    switch_on(call.store, call.account_id)
    return {}


@kms("DescribeAccountKmsStatus", service_needed=False)
def describe_account_kms_status(call: Call) -> Record:
    record = call.store.get("kms_service", call.account_id, lagged=True)
    return {"AccountStatus": record["Status"] if record else "NotEnabled"}


@kms("DescribeRegions", service_needed=False)
def describe_regions(call: Call) -> Record:
    return {"Regions": {"Region": [{"RegionId": region_id} for region_id in catalogue.regions()]}}
