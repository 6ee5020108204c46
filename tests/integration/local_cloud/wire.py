# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks to a local cloud at the level of HTTP, signing with the rules of either signature."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import json
import typing as t
import urllib.parse
import uuid
from dataclasses import dataclass, field

from local_cloud import signatures

VERSIONS = {
    "antiddos-public": "2017-05-18",
    "ecs": "2014-05-26",
    "ram": "2015-05-01",
    "kms": "2016-01-20",
    "sts": "2015-04-01",
    "vpc": "2016-04-28",
    "trusted-server": "2020-06-13",
    "resourcesharing": "2020-01-10",
}


def utc(shift: float = 0.0) -> str:
    """Now, shifted by seconds, as signatures carry it."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=shift)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, t.Any]:
        parsed: dict[str, t.Any] = json.loads(self.body)
        return parsed

    @property
    def code(self) -> str | None:
        """The error code of the envelope, None for a success."""
        code: str | None = self.json.get("Code")
        return code


@dataclass
class Wire:
    """One caller: address, access key, and for a session its token."""

    address: str
    access_key_id: str
    access_key_secret: str
    token: str | None = None
    host: str | None = None
    timeout: float = 30.0
    method: str | None = None  # default: POST with V3, GET with RPC, as the SDKs do
    form: bool = False  # parameters in the body instead of the query
    sent: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def v3(
        self,
        product: str,
        action: str,
        headers: t.Mapping[str, str | None] | None = None,
        /,
        **params: str,
    ) -> Reply:
        """Call with ACS3-HMAC-SHA256; ``headers`` replaces (or with None removes) headers before signing."""
        method, form = self.method or "POST", self.form
        body = urllib.parse.urlencode(params).encode() if form else b""
        sent = {
            "host": self.host or self.address,
            "x-acs-action": action,
            "x-acs-version": VERSIONS.get(product, product),
            "x-acs-date": utc(),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "accept": "application/json",
        }
        if form:
            sent["content-type"] = "application/x-www-form-urlencoded"
        if self.token:
            sent |= {"x-acs-accesskey-id": self.access_key_id, "x-acs-security-token": self.token}
        changed = {**sent, **(headers or {})}
        final = {name: value for name, value in changed.items() if value is not None}
        query = [] if form else list(params.items())
        names = sorted(final)
        canonical = signatures.v3_canonical_request(method, "/", query, final, names, body)
        final["authorization"] = (
            f"{signatures.V3_ALGORITHM} Credential={self.access_key_id},SignedHeaders={';'.join(names)},"
            f"Signature={signatures.v3_signature(self.access_key_secret, canonical)}"
        )
        return self.send(method, "/?" + urllib.parse.urlencode(query), final, body)

    def rpc(self, product: str, action: str, /, **params: str | None) -> Reply:
        """Call with HMAC-SHA1 of RPC v1; a parameter given as None is left out."""
        method = self.method or "GET"
        every: dict[str, str | None] = {
            "Action": action,
            "Version": VERSIONS.get(product, product),
            "AccessKeyId": self.access_key_id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": utc(),
            "SecurityToken": self.token,
            **params,
        }
        signed = {name: value for name, value in every.items() if value is not None}
        text = signatures.rpc_string_to_sign(method, list(signed.items()))
        signed.setdefault("Signature", signatures.rpc_signature(self.access_key_secret, text))
        encoded = urllib.parse.urlencode(signed)
        headers = {"host": self.host or self.address}
        if self.form:
            headers["content-type"] = "application/x-www-form-urlencoded"
            return self.send(method, "/", headers, encoded.encode())
        return self.send(method, f"/?{encoded}", headers, b"")

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Reply:
        self.sent.append((method, path, headers, body))
        connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def repeat(self) -> Reply:
        """Send the last request again, byte by byte."""
        return self.send(*self.sent[-1])
