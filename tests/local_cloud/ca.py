# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud's certificate authority: certificates for whatever name a client asks for (SNI)."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
import threading
import typing as t
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = dt.timedelta(days=1)


class Authority:
    """A CA in ``folder``, made at the first use. Guests and clients that trust its certificate can use HTTPS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.certificate_path = folder / "ca.pem"
        self._key_path = folder / "ca.key"
        folder.mkdir(parents=True, exist_ok=True)
        if not (self.certificate_path.exists() and self._key_path.exists()):
            self._create()
        self._key = t.cast(
            ec.EllipticCurvePrivateKey, serialization.load_pem_private_key(self._key_path.read_bytes(), password=None)
        )
        self.certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())

    def server_context(self, default_name: str) -> ssl.SSLContext:
        """A TLS context that shows each client a certificate for the name it asks for.

        :param default_name: name or address for clients that ask for none, as those do that were given an address.
        """
        context = self._context_for(default_name)

        def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if name:
                connection.context = self._context_for(name)

        context.sni_callback = choose
        return context

    def pkcs7(self, data: bytes) -> bytes:
        """``data`` with the authority's signature, as the Base64 lines of a PKCS #7 message."""
        builder = pkcs7.PKCS7SignatureBuilder().set_data(data).add_signer(self.certificate, self._key, hashes.SHA256())
        pem = builder.sign(serialization.Encoding.PEM, [pkcs7.PKCS7Options.Binary])
        return b"\n".join(pem.strip().splitlines()[1:-1])

    def _context_for(self, name: str) -> ssl.SSLContext:
        with self._lock:
            if name not in self._contexts:
                path = self._folder / "issued.pem"
                key = ec.generate_private_key(ec.SECP256R1())
                certificate = self.issue(name, key.public_key())
                _write(path, _pem_key(key) + certificate.public_bytes(serialization.Encoding.PEM))
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(path)
                path.unlink()
                self._contexts[name] = context
            return self._contexts[name]

    def _create(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alitrust.ecs local cloud")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + 3650 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self._key_path, _pem_key(key))
        _write(self.certificate_path, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)

    def issue(
        self,
        name: str,
        key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> x509.Certificate:
        """A certificate of a key: of the server ``name`` (or its address), or for another purpose."""
        now = dt.datetime.now(dt.UTC)
        # A TPM's endorsement key is made to decrypt, and stays with its instance.
        usage = (
            _usage(digital_signature=True)
            if isinstance(key, ec.EllipticCurvePublicKey)
            else _usage(key_encipherment=True)
        )
        server = purpose == ExtendedKeyUsageOID.SERVER_AUTH
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + (800 if server else 3600) * _DAY)
            .add_extension(x509.SubjectAlternativeName([_alternative_name(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.certificate.public_key()),  # type: ignore[arg-type]
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )


def _alternative_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(**on: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all, whenever the process ends."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    new.replace(path)
