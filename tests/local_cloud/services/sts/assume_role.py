# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AssumeRole."""

from __future__ import annotations

import typing as t

from local_cloud import iam
from local_cloud.framework import ApiError, Call, operation
from local_cloud.services.sts.sessions import issue, requested
from local_cloud.settings import define

define("sts.account_may_assume", False, "whether an account's own key can assume roles (UNCERTAIN)")


def _resources(call: Call) -> list[str]:
    return [str(call.get("RoleArn", "*"))]


@operation("sts", "AssumeRole", resources=_resources)
def assume_role(call: Call) -> dict[str, t.Any]:
    session = requested(call)
    identity = call.identity
    principal = identity.arn
    if identity.kind == "AssumedRoleUser":  # trust is given to the role, whatever its session is called
        principal = principal.rsplit("/", 1)[0]
    context = {"sts:ExternalId": call.params["ExternalId"]} if "ExternalId" in call.params else {}
    trusted = iam.may_assume(session.role["AssumeRolePolicyDocument"], principal, context)
    if not trusted or (identity.kind == "Account" and not call.settings["sts.account_may_assume"]):
        raise ApiError("NoPermission", 403, "You are not authorized to do this action.")
    return {**issue(call, session), **_source_identity(call)}


def _source_identity(call: Call) -> dict[str, t.Any]:
    return {"SourceIdentity": call.params["SourceIdentity"]} if "SourceIdentity" in call.params else {}
