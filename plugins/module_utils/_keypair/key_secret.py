# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secret of KMS that a private key goes to. Private.

The private key is made here and stored before the cloud hears of its public half, so that no moment exists at which a
pair stands and its private key is nowhere. A run that broke off left the key in the secret, where the next one finds
it. It is on no disk, and in nothing that is returned.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud import sdk
from .._cloud.door import Cloud
from .._cloud.errors import UnexpectedState
from .._core import tags
from .._kms import secrets
from .public_key import PublicKey, public_half

#: Of the RSA keys that are made. ImportKeyPair takes RSA, DSA and ECDSA keys; every sshd takes RSA.
_BITS = 3072
_OWNER = "keypair/"


@dataclass(frozen=True)
class SecretState:
    """What is in a secret, without its value.

    :ivar public: public half of the private key in it; None where that was not read
    :ivar owner: value of its ownership tag
    :ivar deleted_at: when it will be deleted; empty where it stays
    :ivar foretold: whether it would only be made, by an earlier task of a check run
    """

    name: str
    exists: bool = False
    public: PublicKey | None = None
    owner: str = ""
    deleted_at: str = ""
    foretold: bool = False

    @property
    def usable(self) -> bool:
        """Whether its value can be read."""
        return self.exists and not self.deleted_at

    def made_for(self, pair: str) -> bool:
        """Whether it was made for the key pair of that name."""
        return self.owner == owner(pair)

    @property
    def other_pair(self) -> bool:
        """Whether it was made for a key pair."""
        return self.owner.startswith(_OWNER)


def owner(pair: str) -> str:
    """The ownership tag of a secret that is made for a key pair."""
    return tags.fitting(f"{_OWNER}{pair}")


def look(cloud: Cloud, name: str, *, into: bool) -> SecretState:
    """Look at a secret.

    :param into: whether to read its value, too
    :raises UnexpectedState: it holds something else than a private key
    """
    secret = secrets.find(cloud, name)
    if secret is None:
        return SecretState(name)
    state = SecretState(
        name,
        exists=True,
        owner=secret.tags.get(tags.OWNER_KEY, ""),
        deleted_at=secret.planned_delete_time,
        foretold=secret.foretold,
    )
    if not into or not state.usable or state.foretold:
        return state
    value = secrets.read_value(cloud, name)
    public = public_half(value.content) if value is not None else None
    if public is None:
        raise UnexpectedState(
            f"The secret {name} holds no private key whose public half can be told. It is left as it is.",
            hint="Choose another private_key_secret, or store a private key without a passphrase in it.",
        )
    return SecretState(name, True, public, state.owner)


def new_key() -> tuple[secrets.Value, PublicKey]:
    """A new private key in OpenSSH's form, and its public half."""
    rsa = sdk.load("cryptography.hazmat.primitives.asymmetric.rsa", "cryptography")
    form = sdk.load("cryptography.hazmat.primitives.serialization", "cryptography")
    key: t.Any = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
    public = t.cast("PublicKey", public_half(private))
    return secrets.text_value(private.decode()), public
