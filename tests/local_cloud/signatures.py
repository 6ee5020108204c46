# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two signatures of the API: ACS3-HMAC-SHA256 ("V3") and HMAC-SHA1 of RPC version 1.

Pure functions; the rules are those of the official SDK cores. The gate compares, tests sign.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import typing as t
import urllib.parse

Pairs = t.Sequence[tuple[str, str]]

V3_ALGORITHM = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"^(?P<algorithm>\S+)\s+Credential=(?P<key>[^,\s]+)\s*,\s*SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*"
    r"Signature=(?P<signature>[0-9A-Fa-f]+)\s*$"
)


class Authorization(t.NamedTuple):
    """A parsed Authorization header."""

    algorithm: str
    access_key_id: str
    signed_headers: list[str]
    signature: str


def parse_authorization(header: str) -> Authorization | None:
    """Read an Authorization header of V3; None when it has another form."""
    match = _AUTHORIZATION.match(header)
    if not match:
        return None
    return Authorization(
        match["algorithm"], match["key"], match["headers"].lower().split(";"), match["signature"].lower()
    )


def percent_encode(text: str) -> str:
    """RFC 3986: everything but letters, digits and ``-_.~``."""
    return urllib.parse.quote(text, safe="~")


def v3_canonical_request(
    method: str,
    path: str,
    query: Pairs,
    headers: t.Mapping[str, str],
    signed_headers: t.Iterable[str],
    body: bytes,
) -> str:
    """The text a V3 signature is about.

    :param query: decoded pairs; names stay as they are, values are encoded anew (the wire may have ``+`` for a space).
    :param headers: lower-case name to value; several values of a name already joined with ``,``.
    """
    names = sorted(signed_headers)
    return "\n".join(
        [
            method,
            path or "/",
            "&".join(f"{name}={percent_encode(value)}" for name, value in sorted(query)),
            "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names),
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )


def v3_string_to_sign(canonical_request: str) -> str:
    return f"{V3_ALGORITHM}\n{hashlib.sha256(canonical_request.encode()).hexdigest()}"


def v3_signature(secret: str, canonical_request: str) -> str:
    """Hexadecimal signature."""
    return hmac.new(secret.encode(), v3_string_to_sign(canonical_request).encode(), hashlib.sha256).hexdigest()


def rpc_string_to_sign(method: str, parameters: Pairs) -> str:
    """The text an RPC v1 signature is about: all parameters, of query and form, except ``Signature``."""
    canonical = "&".join(
        f"{percent_encode(name)}={percent_encode(value)}" for name, value in sorted(parameters) if name != "Signature"
    )
    return f"{method}&%2F&{percent_encode(canonical)}"


def rpc_signature(secret: str, string_to_sign: str) -> str:
    """Base64 signature."""
    return base64.b64encode(hmac.new(f"{secret}&".encode(), string_to_sign.encode(), hashlib.sha1).digest()).decode()
