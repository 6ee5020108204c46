# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSH keys as text: public ones are recognised, checked and compared, private ones refused. Private."""

from __future__ import annotations

import base64
import binascii
import typing as t
from dataclasses import dataclass, field

from .._cloud import sdk
from .._cloud.errors import InvalidInput
from .._ssh.key import after_string, first_string, is_private, private_ones

#: Types that the documents list for import. Others may work too; Alibaba Cloud decides.
DOCUMENTED_TYPES = (
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa-cert-v00@openssh.com",
    "ssh-dss-cert-v00@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-dss-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
)
_EXPECTED = "expected one line in OpenSSH's form, such as: ssh-rsa AAAAB3Nza... comment"
_OPENSSH_MAGIC = b"openssh-key-v1\0"


@dataclass(frozen=True)
class PublicKey:
    """A public key; the comment does not make another one.

    :ivar blob: the key itself, base64
    """

    type: str
    blob: str
    comment: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.type, self.blob, self.comment) if part)


def parse(option: str, text: str) -> PublicKey:
    """A public key as a task gives it.

    :raises InvalidInput: what is wrong with it; never shows the text, which may be a secret after all
    """
    if is_private(text):
        raise InvalidInput(
            f"{option} holds a private key. A private key must not leave its owner; it was not sent anywhere.",
            hint="Give the public key, which is in the .pub file, or what ssh-keygen -y -f FILE prints.",
        )
    if "BEGIN" in text:
        raise InvalidInput(
            f"{option} is a public key in another form; {_EXPECTED}.",
            hint="ssh-keygen -i -f FILE (with -m PKCS8 for PEM) converts it.",
        )
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) != 1:
        raise InvalidInput(f"{option} has {len(lines)} lines; {_EXPECTED}.")
    key = _read(lines[0])
    if key is None:
        raise InvalidInput(f"{option} is not a public key; {_EXPECTED}.")
    return key


def stored(text: str | None) -> PublicKey | None:
    """A public key as Alibaba Cloud tells it, or None when that is none."""
    return _read(text) if text else None


def _read(line: str) -> PublicKey | None:
    parts = line.split(None, 2)
    if len(parts) < 2:
        return None
    kind, blob = parts[:2]
    try:
        raw = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return None
    # The key names its own type first. What follows are strings with their lengths in front, except in certificates,
    # so that a key that was cut off is noticed.
    rest = after_string(raw)
    if len(raw) < 4 or first_string(raw) != kind.encode() or not rest:
        return None
    while rest and "-cert-" not in kind:
        if len(rest) < 4 or len(first_string(rest)) != int.from_bytes(rest[:4], "big"):
            return None
        rest = after_string(rest)
    return PublicKey(kind, blob, parts[2].strip() if len(parts) > 2 else "")


def public_half(private: bytes) -> PublicKey | None:
    """The public key that belongs to a private key file; None when it cannot be told (a passphrase, no key at all)."""
    openssh = _openssh_public(private)
    if openssh is not None:
        return openssh
    serialization = sdk.load("cryptography.hazmat.primitives.serialization", "cryptography")
    try:
        # Nothing is signed with it here. Whether its primes are some takes longer to check than all else of a task.
        key = serialization.load_pem_private_key(private, password=None, unsafe_skip_rsa_key_validation=True)
        text = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    except Exception:  # the library has many kinds of errors for what is not a usable key, and all mean the same here
        return None
    return _read(t.cast("bytes", text).decode())


def _openssh_public(private: bytes) -> PublicKey | None:
    """OpenSSH's own form has the public key in the clear, even where a passphrase protects the rest."""
    lines = private.strip().splitlines()
    if len(lines) < 3 or lines[0].strip() != b"-----BEGIN OPENSSH PRIVATE KEY-----":
        return None
    try:
        raw = base64.b64decode(b"".join(lines[1:-1]))
    except (binascii.Error, ValueError):
        return None
    if not raw.startswith(_OPENSSH_MAGIC):
        return None
    rest = raw[len(_OPENSSH_MAGIC) :]
    for _name in range(3):  # cipher, key derivation, its options
        rest = after_string(rest)
    blob = first_string(rest[4:])  # after the number of keys
    kind = first_string(blob).decode("ascii", "replace")
    return _read(f"{kind} {base64.b64encode(blob).decode()}")


def secrets_of(given: t.Mapping[str, t.Any]) -> set[str]:
    """A private key that was given in the place of a public one."""
    return private_ones(given.get("public_key"))
