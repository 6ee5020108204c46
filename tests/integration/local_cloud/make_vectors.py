# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the vectors of the unit tests again: reports quoted by tpm2_quote. Needs swtpm and tpm2-tools.

By hand: PYTHONPATH=tests python tests/integration/local_cloud/make_vectors.py
"""

from __future__ import annotations

import json
import secrets
import tempfile
import typing as t
from pathlib import Path

import virtual_machine
from cryptography.hazmat.primitives.serialization import Encoding

from local_cloud.attestation import certificates, message, quote
from local_cloud.attestation.credential import FILE_HEADER, make_credential
from local_cloud.attestation.tpm_structures import parse_attestation_key, parse_endorsement_key
from local_cloud.ca import Authority
from local_cloud.hosts.measured_boot import EVENT_LOG, PROGRAM_LIST
from local_cloud.hosts.tpm import VirtualTpm

KINDS = {"rsa": "rsassa", "ecc": "ecdsa"}


def vector(tpm: VirtualTpm, folder: Path, kind: str) -> dict[str, str]:
    """A report of the machine, signed by an attestation key of this kind."""
    key, public = str(folder / f"{kind}.ctx"), folder / f"{kind}.pub"
    command = ["tpm2_createak", "-C", "0x81010001", "-c", key, "-G", kind, "-g", "sha256", "-s", KINDS[kind]]
    virtual_machine.tool(tpm, *command, "-u", str(public), "-f", "tss", "-n", str(folder / "name"))
    aik = parse_attestation_key(public.read_bytes()[2:])
    assert aik.name == (folder / "name").read_bytes()
    endorsement = folder / "ek.pub"
    virtual_machine.tool(tpm, "tpm2_readpublic", "-c", "0x81010001", "-o", str(endorsement))
    ek, secret = parse_endorsement_key(endorsement.read_bytes()[2:]), secrets.token_bytes(32)
    (folder / "blob").write_bytes(FILE_HEADER + make_credential(ek, aik.name, secret))
    session = str(folder / "session")
    virtual_machine.tool(tpm, "tpm2_startauthsession", "--policy-session", "-S", session)
    virtual_machine.tool(tpm, "tpm2_policysecret", "-S", session, "-c", "e")
    command = ["tpm2_activatecredential", "-c", key, "-C", "0x81010001", "-P", f"session:{session}"]
    virtual_machine.tool(tpm, *command, "-i", str(folder / "blob"), "-o", str(folder / "secret"))
    assert (folder / "secret").read_bytes() == secret, "tpm2_activatecredential opens what make_credential makes"
    virtual_machine.tool(tpm, "tpm2_flushcontext", session)
    certificate = Authority(folder / "ca").issue(virtual_machine.INSTANCE, aik.key, certificates.ATTESTATION_KEY)
    values = tpm.tpm.read_pcrs(quote.PCRS)
    body = {
        "agent": "1.1.0",
        "certificate": certificate.public_bytes(Encoding.DER).hex(),
        "events": (tpm.door / EVENT_LOG).read_bytes().hex(),
        "pcrs": b"".join(values[number] for number in quote.PCRS).hex(),
        "programs": (tpm.door / PROGRAM_LIST).read_text(),
        "property": "00000000-0000-4000-8000-000000000000",
    }

    def sign(text: str) -> tuple[bytes, bytes]:
        attest, signature = folder / "attest", folder / "signature"
        pcrs = "sha256:" + ",".join(map(str, quote.PCRS))
        asked = ["-q", message.nonce(secret, text).hex(), "-m", str(attest), "-s", str(signature)]
        virtual_machine.tool(tpm, "tpm2_quote", "-c", key, "-l", pcrs, "-g", "sha256", *asked)
        return attest.read_bytes(), signature.read_bytes()

    return {"message": message.pack(body, sign), "aik": aik.raw.hex(), "secret": secret.hex()}


def vectors() -> dict[str, t.Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with virtual_machine.machine(folder) as tpm:
            virtual_machine.boot(tpm, folder / "root")
            return {kind: vector(tpm, folder, kind) for kind in KINDS}


if __name__ == "__main__":
    text = json.dumps(vectors(), indent=1) + "\n"
    (Path(__file__).parents[2] / "unit/attestation/vectors.json").write_text(text, encoding="utf-8")
