# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys: what is one, what is refused, and which private key belongs to it."""

from __future__ import annotations

import typing as t

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.public_key import (
    DOCUMENTED_TYPES,
    parse,
    public_half,
    stored,
)
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.key import is_private

RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
KEYS: dict[str, t.Any] = {
    "ssh-rsa": RSA,
    "ecdsa-sha2-nistp256": ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-sha2-nistp384": ec.generate_private_key(ec.SECP384R1()),
    "ecdsa-sha2-nistp521": ec.generate_private_key(ec.SECP521R1()),
    "ssh-ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def public(key: t.Any) -> str:
    form = serialization.PublicFormat.OpenSSH
    return str(key.public_key().public_bytes(serialization.Encoding.OpenSSH, form), "ascii")


def private(key: t.Any, form: serialization.PrivateFormat, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))


@pytest.mark.parametrize("kind", KEYS)
def test_a_public_key_is_recognised(kind: str) -> None:
    key = parse("public_key", f"  {public(KEYS[kind])}   me at home\n")
    assert (key.type, key.comment) == (kind, "me at home")
    assert key == stored(public(KEYS[kind]))


def test_a_comment_does_not_make_another_key() -> None:
    assert parse("public_key", public(RSA) + " one") == parse("public_key", public(RSA) + " other")
    assert parse("public_key", public(RSA)) != parse("public_key", public(KEYS["ssh-ed25519"]))


def test_the_documented_types_are_known() -> None:
    assert set(KEYS) - set(DOCUMENTED_TYPES) == {"ssh-ed25519"}


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.OpenSSH])
def test_a_private_key_is_refused_without_being_shown(form: serialization.PrivateFormat) -> None:
    text = private(RSA, form).decode()
    assert is_private(text)
    with pytest.raises(InvalidInput, match="holds a private key") as caught:
        parse("public_key", text)
    for line in text.splitlines()[1:-1]:
        assert line not in str(caught.value.as_failure())


BAD = {
    "no key": "hello",
    "two words": "ssh-rsa hello",
    "not base64": "ssh-rsa AAAA*",
    "another type inside": public(RSA).replace("ssh-rsa", "ssh-dss", 1),
    "cut off": public(RSA)[:-12],
    "only its beginning": public(RSA)[:24],
    "options in front": f"no-pty {public(RSA)}",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_a_public_key_is_refused_without_being_shown(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a public key; expected one line") as caught:
        parse("public_key", BAD[name])
    assert BAD[name] not in str(caught.value.as_failure())


def test_other_forms_and_several_keys_are_told_apart() -> None:
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(InvalidInput, match="in another form"):
        parse("public_key", pem.decode())
    with pytest.raises(InvalidInput, match="has 2 lines"):
        parse("public_key", public(RSA) + "\n" + public(RSA))


@pytest.mark.parametrize("kind", KEYS)
def test_the_public_half_of_a_private_key(kind: str) -> None:
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.OpenSSH):
        assert public_half(private(KEYS[kind], form)) == stored(public(KEYS[kind]))


def test_a_passphrase_hides_it_except_in_openssh_form() -> None:
    # A key file that ssh-keygen makes with a passphrase: the public key is in the clear, so no library is needed.
    key = private(KEYS["ssh-ed25519"], serialization.PrivateFormat.OpenSSH)
    assert public_half(key) == stored(public(KEYS["ssh-ed25519"]))
    assert public_half(private(RSA, serialization.PrivateFormat.PKCS8, b"secret")) is None
    assert public_half(b"") is None
    assert public_half(b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n") is None
