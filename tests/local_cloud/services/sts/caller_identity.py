# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GetCallerIdentity."""

from __future__ import annotations

import typing as t

from local_cloud.framework import Call, operation


@operation("sts", "GetCallerIdentity", ram_action="")
def get_caller_identity(call: Call) -> dict[str, t.Any]:
    identity = call.identity
    answer = {
        "AccountId": identity.account_id,
        "PrincipalId": identity.principal_id,
        "IdentityType": identity.kind,
        "Arn": identity.arn,
    }
    if identity.kind == "RAMUser":
        answer["UserId"] = identity.principal_id
    if identity.kind == "AssumedRoleUser":
        role = call.store.get("role", f"{identity.account_id}/{identity.role_name}")
        answer["RoleId"] = identity.principal_id.partition(":")[0]
        if role is not None:
            answer["Arn"] = f"{role['Arn']}/{identity.session_name}"
    return answer
