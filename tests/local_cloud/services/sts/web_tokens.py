# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks signed tokens (JWT) of OIDC providers: RS256 and ES256, with keys given as a JWK set."""

from __future__ import annotations

import base64
import binascii
import typing as t
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from local_cloud.settings import Settings, define
from local_cloud.texts import parse_json

define(
    "sts.oidc_providers",
    "{}",
    'OIDC providers as JSON: {"<ARN>": {"issuer": "...", "client_ids": ["..."], "jwks": {"keys": [...]}}}',
)

Claims = dict[str, t.Any]


class TokenError(Exception):
    """Why a token is refused; ``kind`` is Invalid or Expired."""

    def __init__(self, why: str, kind: str = "Invalid") -> None:
        super().__init__(why)
        self.kind = kind


@dataclass(frozen=True)
class Provider:
    """An identity provider that roles may trust."""

    issuer: str
    client_ids: tuple[str, ...]
    keys: tuple[dict[str, str], ...]

    @classmethod
    def configured(cls, settings: Settings) -> dict[str, Provider]:
        """The providers of the setting, by ARN; none when it can't be read."""
        try:
            found = parse_json(settings["sts.oidc_providers"])
            return {
                arn: cls(entry["issuer"], tuple(entry["client_ids"]), tuple(entry["jwks"]["keys"]))
                for arn, entry in found.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}


def verified(token: str, provider: Provider, now: float) -> Claims:
    """The claims of a token that the provider signed, for one of its clients, and that is in force.

    :raises TokenError: anything else
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenError("it is not a signed JSON web token")
    header, claims, signature = _json(parts[0]), _json(parts[1]), _bytes(parts[2])
    signed = f"{parts[0]}.{parts[1]}".encode()
    if not any(_signed_by(key, header, signed, signature) for key in provider.keys):
        raise TokenError("no key of the provider made its signature")
    audience = claims.get("aud")
    if claims.get("iss") != provider.issuer:
        raise TokenError("it has another issuer")
    if not set(audience if isinstance(audience, list) else [audience]) & set(provider.client_ids):
        raise TokenError("it is meant for another client")
    if not isinstance(claims.get("sub"), str) or not isinstance(claims.get("exp"), (int, float)):
        raise TokenError("it lacks sub or exp")
    if claims["exp"] <= now:
        raise TokenError("it has expired", "Expired")
    return claims


def _signed_by(key: dict[str, str], header: Claims, signed: bytes, signature: bytes) -> bool:
    if header.get("kid") not in (None, key.get("kid")):
        return False
    try:
        if (header.get("alg"), key.get("kty")) == ("RS256", "RSA"):
            public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
            public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            return True
        if (header.get("alg"), key.get("kty"), key.get("crv")) == ("ES256", "EC", "P-256") and len(signature) == 64:
            point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1()).public_key()
            encoded = utils.encode_dss_signature(
                int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            )
            point.verify(encoded, signed, ec.ECDSA(hashes.SHA256()))
            return True
    except (InvalidSignature, KeyError, ValueError):
        return False
    return False


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenError("it is not Base64") from None


def _json(text: str) -> Claims:
    try:
        value = parse_json(_bytes(text))
    except ValueError:
        raise TokenError("it is not JSON") from None
    if not isinstance(value, dict):
        raise TokenError("it is not a JSON object")
    return value


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")
