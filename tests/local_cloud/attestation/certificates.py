# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of keys that live in a TPM: which authority vouches for them, and for which instance."""

from __future__ import annotations

import datetime as dt
import typing as t

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from local_cloud.attestation.tpm_structures import PublicKey, Refused, parse_endorsement_key

#: purposes of the TCG: an endorsement key, an attestation identity key
ENDORSEMENT_KEY = x509.ObjectIdentifier("2.23.133.8.1")
ATTESTATION_KEY = x509.ObjectIdentifier("2.23.133.8.3")
_WHAT = {ENDORSEMENT_KEY: "EkCert", ATTESTATION_KEY: "AikCert"}


class Issuer(t.Protocol):
    """Who signs certificates: :class:`local_cloud.ca.Authority`."""

    certificate: x509.Certificate

    def issue(self, name: str, key: PublicKey, purpose: x509.ObjectIdentifier) -> x509.Certificate: ...


def certify(issuer: Issuer, instance_id: str, public: bytes) -> bytes:
    """The certificate (DER) of an instance's endorsement key, given as TPMT_PUBLIC."""
    return issuer.issue(instance_id, parse_endorsement_key(public).key, ENDORSEMENT_KEY).public_bytes(Encoding.DER)


def check(
    certificate: bytes,
    authority: x509.Certificate,
    purpose: x509.ObjectIdentifier,
    *,
    key: PublicKey,
    owner: str,
    now: dt.datetime,
) -> None:
    """Check a certificate (DER) of a TPM's key.

    :param key: the key it must be of
    :param owner: the instance it must be for
    :raises Refused: the authority does not say that this key is this instance's, for this purpose, today
    """
    code = f"Invalid{_WHAT[purpose]}"
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        parsed.verify_directly_issued_by(authority)
        usage = parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        basic = parsed.extensions.get_extension_for_class(x509.BasicConstraints).value
        names = [str(item.value) for item in parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        of_key = parsed.public_key()
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
        raise Refused(code, f"the {_WHAT[purpose]} is not a certificate of the trusted authority") from error
    if basic.ca or purpose not in usage:
        raise Refused(code, f"the {_WHAT[purpose]} is a certificate for another purpose")
    if not parsed.not_valid_before_utc <= now <= parsed.not_valid_after_utc:
        raise Refused(code, f"the {_WHAT[purpose]} is not valid today")
    if names != [owner]:
        raise Refused(code, f"the {_WHAT[purpose]} is for another instance")
    if of_key != key:
        raise Refused(code, f"the {_WHAT[purpose]} is of another key")
