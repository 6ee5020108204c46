# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AssumeRoleWithOIDC: a token of an identity provider instead of a signature."""

from __future__ import annotations

import typing as t

from local_cloud import iam
from local_cloud.framework import ApiError, Call, operation
from local_cloud.services.sts.sessions import issue, requested
from local_cloud.services.sts.web_tokens import Provider, TokenError, verified


@operation("sts", "AssumeRoleWithOIDC", ram_action="", anonymous=True)
def assume_role_with_oidc(call: Call) -> dict[str, t.Any]:
    session = requested(call)
    arn = str(call.get("OIDCProviderArn", ""))
    provider = Provider.configured(call.settings).get(arn)
    if provider is None or arn.split(":")[3:4] != [session.role["AccountId"]]:
        raise ApiError(
            "EntityNotExist.OIDCProvider",
            404,
            f"There is no OIDC provider {arn!r} in the role's account; the local cloud takes them from its setting"
            " sts.oidc_providers.",
        )
    try:
        claims = verified(str(call.get("OIDCToken", "")), provider, call.clock.timestamp())
    except TokenError as error:
        raise ApiError(
            f"AuthenticationFail.OIDCToken.{error.kind}", 400, f"The OIDC token is refused: {error}."
        ) from None
    context = {f"oidc:{name}": claims[name] for name in ("iss", "aud", "sub")}
    if not iam.may_assume(session.role["AssumeRolePolicyDocument"], arn, context):
        raise ApiError("AuthenticationFail.NoPermission", 403, "The role does not trust this OIDC provider's token.")
    audience = claims["aud"]
    return {
        **issue(call, session),
        "OIDCTokenInfo": {
            "Issuer": claims["iss"],
            "Subject": claims["sub"],
            "ClientIds": ",".join(audience) if isinstance(audience, list) else audience,
            "ExpirationTime": str(claims["exp"]),
            "IssuanceTime": str(claims.get("iat", "")),
            "VerificationInfo": "Success",
        },
    }
