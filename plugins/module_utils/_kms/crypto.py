# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening what a key of KMS has encrypted. Private."""

from __future__ import annotations

import base64
import binascii
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput


def check_ciphertext(option: str, blob: t.Any) -> str:
    """A C(CiphertextBlob) without blanks and line breaks, which is how Base64 is often kept.

    :raises InvalidInput: it is no Base64
    """
    text = "".join(blob.split()) if isinstance(blob, str) else ""
    try:
        if not text or not base64.b64decode(text, validate=True):
            raise ValueError
    except (binascii.Error, ValueError):
        raise InvalidInput(
            f"{option} is no Base64; expected the CiphertextBlob that the operation Encrypt of KMS has answered."
        ) from None
    return text


def check_context(option: str, context: t.Mapping[t.Any, t.Any] | None) -> None:
    """:raises InvalidInput: KMS takes texts by names only"""
    wrong = [str(name) for name, value in (context or {}).items() if not isinstance(value, str)]
    if wrong:
        raise InvalidInput(f"{option} has {', '.join(sorted(wrong))}, which is no text; expected texts only.")


def decrypt(cloud: Cloud, blob: str, context: t.Mapping[str, str] | None = None) -> bytes:
    """What a C(CiphertextBlob) holds. It tells by itself which key opens it.

    :param context: the same that it was encrypted with
    :raises CloudError: it is no ciphertext of this region and account, or the context is another
    """
    answer = cloud.call("kms", "Decrypt", CiphertextBlob=blob, EncryptionContext=dict(context) if context else None)
    return base64.b64decode(str(answer["Plaintext"]))
