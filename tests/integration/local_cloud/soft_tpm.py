# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TPM in software, for tests of what the trusted server does with evidence, true or forged, on any machine.

It has the methods of :class:`local_cloud.attestation.tpm2.Tpm` that the agent uses. That the real thing answers in the
same way is what the vectors of tpm2_quote and the tests with swtpm are for.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import struct
import typing as t

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from local_cloud.attestation import event_log, ima, tpm2
from local_cloud.attestation.credential import cfb, derive
from local_cloud.attestation.tpm_structures import parse_public

AGENT = "/usr/local/bin/trust-agent"
Stage = tuple[int, str, bytes]
#: a boot chain: PCR, name, content
CHAIN: tuple[Stage, ...] = (
    (0, "firmware", b"1"),
    (4, "loader", b"1"),
    (8, "cmdline", b"ro"),
    (9, "vmlinuz", b"6.1"),
    (9, "initrd", b"1"),
)


@functools.lru_cache(maxsize=8)
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    """Making one takes its time: each number is a key that is made once."""
    return rsa.generate_private_key(65537, 2048)


class SoftTpm:
    """A booted machine's TPM with its logs. ``number`` tells TPMs apart, ``certificate`` is of its endorsement key."""

    def __init__(self, number: int = 1) -> None:
        self._ek = rsa_key(number)
        self._aik = ec.generate_private_key(ec.SECP256R1())
        self.certificate = b""
        self.boot()

    def __enter__(self) -> SoftTpm:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    # -- what happens on the machine

    def boot(
        self, chain: t.Iterable[tuple[int, str, bytes]] = CHAIN, programs: t.Mapping[str, bytes] | None = None
    ) -> None:
        """Reset, and measure a boot chain and the programs (path -> content)."""
        self.pcrs = dict.fromkeys(range(24), bytes(32))
        self.events: list[event_log.Event] = []
        self.programs: list[ima.Measurement] = []
        for pcr, name, content in chain:
            event = event_log.Event(pcr, event_log.EV_IPL, hashlib.sha256(content).digest(), name.encode())
            self.events.append(event)
            self.extend(pcr, event.digest)
        for event in map(event_log.separator, range(8)):
            self.events.append(event)
            self.extend(event.pcr, event.digest)
        self._measure(ima.boot_aggregate(self.pcrs))
        for path, content in (programs or {AGENT: b"agent 1"}).items():
            self.run(path, content)

    def run(self, path: str, content: bytes) -> None:
        """Measure a program."""
        self._measure(ima.Measurement(path, hashlib.sha256(content).digest()))

    def _measure(self, measurement: ima.Measurement) -> None:
        self.programs.append(measurement)
        self.extend(ima.PCR, measurement.template_digest)

    def extend(self, pcr: int, digest: bytes) -> None:
        self.pcrs[pcr] = event_log.extended(self.pcrs[pcr], digest)

    @property
    def log(self) -> bytes:
        return event_log.write(self.events)

    @property
    def program_list(self) -> str:
        return "".join(item.line for item in self.programs)

    # -- the TPM

    @property
    def ek_public(self) -> bytes:
        return tpm2.EK_TEMPLATE[:-256] + self._ek.public_key().public_numbers().n.to_bytes(256, "big")

    @property
    def aik_public(self) -> bytes:
        point = self._aik.public_key().public_numbers()
        return tpm2.AIK_TEMPLATE[:-4] + b"".join(tpm2.sized(value.to_bytes(32, "big")) for value in (point.x, point.y))

    @property
    def aik_name(self) -> bytes:
        return parse_public(self.aik_public).name

    def key_at(self, handle: int, _template: bytes) -> bytes:
        return self.ek_public if handle == tpm2.EK_HANDLE else self.aik_public

    def read_certificate(self) -> bytes:
        return self.certificate

    def read_pcrs(self, pcrs: t.Sequence[int]) -> dict[int, bytes]:
        return {number: self.pcrs[number] for number in pcrs}

    def activate(self, _key: int, _endorsement_key: int, blob: bytes, secret: bytes) -> bytes:
        """What TPM2_ActivateCredential does."""
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"IDENTITY\0")
        seed = self._ek.decrypt(tpm2.take(secret)[0], oaep)
        inner = tpm2.take(blob)[0]
        integrity, at = tpm2.take(inner)
        name, identity = self.aik_name, inner[at:]
        expected = hmac.new(derive(seed, "INTEGRITY", b"", 256), identity + name, hashlib.sha256).digest()
        if not hmac.compare_digest(integrity, expected):
            raise tpm2.TpmError("the challenge is not for this key")
        decryptor = cfb(derive(seed, "STORAGE", name, 128)).decryptor()
        return tpm2.take(decryptor.update(identity) + decryptor.finalize())[0]

    def quote(self, _key: int, extra: bytes, pcrs: t.Sequence[int]) -> tuple[bytes, bytes]:
        digest = hashlib.sha256(b"".join(self.pcrs[number] for number in pcrs)).digest()
        attest = struct.pack(">IH", 0xFF544347, 0x8018) + tpm2.sized(self.aik_name) + tpm2.sized(extra)
        attest += struct.pack(">QIIBQ", 1000, 1, 0, 1, 1) + tpm2.selection(pcrs) + tpm2.sized(digest)
        return attest, self.sign(attest)

    def sign(self, data: bytes) -> bytes:
        """A TPMT_SIGNATURE; a restricted key would not sign everything, this one does."""
        parts = decode_dss_signature(self._aik.sign(data, ec.ECDSA(hashes.SHA256())))
        return struct.pack(">HH", 0x0018, tpm2.SHA256) + b"".join(
            tpm2.sized(part.to_bytes(32, "big")) for part in parts
        )
