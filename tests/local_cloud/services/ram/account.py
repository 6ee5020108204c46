# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's alias."""

from __future__ import annotations

import re

from local_cloud.framework import ApiError, Call
from local_cloud.services.ram.common import Record, ram, required


@ram("SetAccountAlias")
def set_account_alias(call: Call) -> Record:
    alias = required(call, "AccountAlias")
    if not re.fullmatch(r"(?=.{3,32}$)[a-z0-9]+(-[a-z0-9]+)*", alias):
        raise ApiError(
            "InvalidParameter.AccountAlias",
            400,
            "An account alias has 3 to 32 lowercase letters, digits and single hyphens, none of them at an end.",
        )
    call.store.put("account_alias", call.account_id, {"AccountAlias": alias, "AccountId": call.account_id})
    return {}


@ram("GetAccountAlias")
def get_account_alias(call: Call) -> Record:
    record = call.store.get("account_alias", call.account_id, lagged=True)
    return {"AccountAlias": record["AccountAlias"] if record else ""}


@ram("ClearAccountAlias")
def clear_account_alias(call: Call) -> Record:
    call.store.delete("account_alias", call.account_id)
    return {}
