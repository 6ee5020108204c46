# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key in a line of authorized_keys: whether it is complete and of the type that the line says. Private.

This runs in instances, too, so it keeps to Python 3.8 and its standard library. Sources: RFC 4253, section 6.6; RFC
5656, section 3.1; RFC 8709; PROTOCOL.u2f of OpenSSH; each rule was tried with OpenSSH 9.2, 10.0 and 10.6.
"""

from __future__ import annotations

import base64
import binascii

_PRIVATE_MARKS = ("PRIVATE KEY", "PuTTY-User-Key-File", "Private-Lines:", "Private-MAC:", "b3BlbnNzaC1rZXktdjEA")

_ECDSA_SIZES = {"nistp256": 32, "nistp384": 48, "nistp521": 66}
#: What follows the name of the type in the data of a key. Other types are taken if their data names them.
_FIELDS: dict[str, tuple[str, ...]] = {
    "ssh-rsa": ("number", "modulus"),
    "ssh-dss": ("number", "number", "number", "number"),
    "ssh-ed25519": ("ed25519",),
    "sk-ssh-ed25519@openssh.com": ("ed25519", "text"),
    "sk-ecdsa-sha2-nistp256@openssh.com": ("nistp256", "point", "text"),
    **{f"ecdsa-sha2-{curve}": (curve, "point") for curve in _ECDSA_SIZES},
}
#: No sshd since 2017 takes a smaller one, and none a larger one.
SMALLEST_RSA, LARGEST_RSA = 1024, 16384


class Refused(ValueError):
    """sshd would refuse this; the text says why, and never quotes what could be a secret."""


def is_private(text: str | None) -> bool:
    """Whether that is, or has in it, a private key."""
    return any(mark in (text or "") for mark in _PRIVATE_MARKS)


def private_ones(given: object) -> set[str]:
    """What of an option for public keys, as it was given, is private and may be shown nowhere."""
    texts = [one for one in (given if isinstance(given, (list, tuple)) else [given]) if isinstance(one, str)]
    parts = [*texts, *(part for text in texts for part in text.split(","))]
    return {form for part in parts if is_private(part) for form in (part, part.strip())}


def is_type(word: str) -> bool:
    """Whether that is the name of a type of public keys."""
    return word in _FIELDS or is_certificate(word)


def is_certificate(word: str) -> bool:
    return word.endswith(("-cert-v00@openssh.com", "-cert-v01@openssh.com", "-cert"))


def first_string(raw: bytes) -> bytes:
    """The string at the beginning, which has its length in front."""
    return raw[4 : 4 + int.from_bytes(raw[:4], "big")]


def after_string(raw: bytes) -> bytes:
    return raw[4 + int.from_bytes(raw[:4], "big") :]


def neighbours(words: list[str]) -> list[tuple[str, str]]:
    """Each word with the next one."""
    return [(words[at], words[at + 1]) for at in range(len(words) - 1)]


def own_type(data: str) -> str:
    """The type that the base64 data of a key names itself; empty when there is none."""
    try:
        raw = base64.b64decode(data + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return ""
    name = first_string(raw)
    if len(raw) < 8 or len(name) != int.from_bytes(raw[:4], "big"):
        return ""
    text = name.decode("ascii", "replace")
    return text if text.isprintable() and "-" in text else ""


def check(kind: str, data: str) -> int:
    """Check the key of a line.

    :param kind: the type that the line says
    :param data: what follows it, base64
    :returns: the size of an RSA key in bits, 0 for others
    :raises Refused: it is not a key of this type
    """
    if is_certificate(kind):
        raise Refused(
            "it is a certificate, which sshd takes no login from in this file: give the public key, or that of the "
            "authority with the option cert-authority"
        )
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("its key is not complete, or damaged: it is no valid base64") from None
    # sshd refuses bits that are left over.
    if base64.b64encode(raw).decode() != data:
        raise Refused("its key is not complete, or damaged: it is no valid base64")
    named = own_type(data)
    if named != kind:
        says = f"is of the type {named}" if named else "names no type"
        raise Refused(f"the line says {kind}, and the data of its key {says}")
    fields = _strings(raw)[1:]
    expected = _FIELDS.get(kind)
    if expected is None:
        if not fields:
            raise Refused("its key is cut off")
        return 0
    if len(fields) != len(expected):
        raise Refused(
            "its key is cut off" if len(fields) < len(expected) else "there is more in its key than there can be"
        )
    for number, form in enumerate(expected):
        _check_field(kind, form, fields[number])
    return int.from_bytes(fields[-1], "big").bit_length() if kind == "ssh-rsa" else 0


def _strings(raw: bytes) -> list[bytes]:
    found = []
    while raw:
        value = first_string(raw)
        if len(raw) < 4 or len(value) != int.from_bytes(raw[:4], "big"):
            raise Refused("its key is cut off")
        found.append(value)
        raw = after_string(raw)
    return found


def _check_field(kind: str, form: str, value: bytes) -> None:
    if form in ("number", "modulus"):
        # A number with the first bit set would be negative.
        sound = bool(value.strip(b"\0")) and value[0] < 0x80
    elif form == "ed25519":
        sound = len(value) == 32
    elif form == "text":
        sound = bool(value)
    elif form == "point":
        size = next(size for curve, size in _ECDSA_SIZES.items() if curve in kind)
        sound = len(value) == 1 + 2 * size and value[0] == 4
    else:
        sound = value == form.encode()
    if not sound:
        raise Refused(f"its data is no key of the type {kind}")
    if form == "modulus":
        bits = int.from_bytes(value, "big").bit_length()
        if not SMALLEST_RSA <= bits <= LARGEST_RSA:
            raise Refused(
                f"it is an RSA key of {bits} bits; sshd takes {SMALLEST_RSA} to {LARGEST_RSA}, and 3072 are advisable"
            )
