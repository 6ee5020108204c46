# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report: what an instance says about itself, and the quote that binds every byte of it.

``FileData`` of PutMessage is the Base64 of ``{"body": TEXT, "quote": HEX, "signature": HEX}``; the body is JSON again.
The quote's nonce is HMAC-SHA256(secret of the challenge, body): whoever changes the body, or sends it a second time
or for somebody else, has no quote for it. Both levels are canonical JSON, so that there is one way to write a report.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import typing as t
from dataclasses import dataclass

from local_cloud.attestation import event_log, ima, quote
from local_cloud.attestation.tpm_structures import Public, Quote, Refused

_OUTER = {"body", "quote", "signature"}
_BODY = {"agent", "certificate", "events", "pcrs", "programs", "property"}


@dataclass(frozen=True)
class Evidence:
    """What a verified report proves was measured."""

    quote: Quote
    pcrs: dict[int, bytes]
    events: tuple[event_log.Event, ...]
    programs: tuple[ima.Measurement, ...]


@dataclass(frozen=True)
class Report:
    """A report as it was sent, not verified."""

    body: str
    members: dict[str, t.Any]
    quote: bytes
    signature: bytes

    @property
    def certificate(self) -> bytes:
        """The attestation key's certificate (DER)."""
        return unhex(self.members["certificate"], "certificate")


def canonical(value: t.Any) -> str:
    """The one way to write JSON here."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def unhex(text: str, what: str) -> bytes:
    """:raises Refused: not lower-case hexadecimal"""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if data.hex() != text:
        raise Refused("Malformed", f"the {what} is not lower-case hexadecimal")
    return data


def nonce(secret: bytes, body: str) -> bytes:
    """What the quote has to be asked for with."""
    return hmac.new(secret, body.encode(), hashlib.sha256).digest()


def pack(body: t.Mapping[str, t.Any], sign: t.Callable[[str], tuple[bytes, bytes]]) -> str:
    """A report. ``sign`` makes quote and signature for the body's text."""
    text = canonical(body)
    attest, signature = sign(text)
    outer = canonical({"body": text, "quote": attest.hex(), "signature": signature.hex()})
    return base64.b64encode(outer.encode()).decode()


def unpack(data: str) -> Report:
    """:raises Refused: it is no report"""
    try:
        raw = base64.b64decode(data, validate=True)
        if base64.b64encode(raw).decode() != data:
            raise ValueError
        text = raw.decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise Refused("Malformed", "the message is not the Base64 of a report") from error
    outer = _members(text, "message", _OUTER)
    body = _members(outer["body"], "message's body", _BODY)
    return Report(outer["body"], body, unhex(outer["quote"], "quote"), unhex(outer["signature"], "signature"))


def _members(text: str, what: str, names: set[str]) -> dict[str, str]:
    """The members of a canonical JSON object, all of them texts."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused("Malformed", f"the {what} is not JSON") from error
    if not isinstance(members, dict) or set(members) != names or not all(isinstance(v, str) for v in members.values()):
        raise Refused("Malformed", f"the {what} must have exactly the texts {', '.join(sorted(names))}")
    if canonical(members) != text:
        raise Refused("Malformed", f"the {what} is not canonical JSON")
    return members


def verify(report: Report, key: Public, secret: bytes) -> Evidence:
    """What a report proves.

    :param key: the attestation key of the instance that sent it
    :param secret: of the challenge that the instance was given last
    :raises Refused: it proves nothing
    """
    values = unhex(report.members["pcrs"], "list of PCR values")
    if len(values) != 32 * len(quote.PCRS):
        raise Refused("InvalidPcrs", f"the report must have {len(quote.PCRS)} PCR values of 32 bytes")
    pcrs = {number: values[32 * at : 32 * at + 32] for at, number in enumerate(quote.PCRS)}
    quoted = quote.verify_quote(key, report.quote, report.signature, nonce(secret, report.body), pcrs)
    events = event_log.parse(unhex(report.members["events"], "event log"))
    return Evidence(quoted, pcrs, events, ima.parse(report.members["programs"]))
