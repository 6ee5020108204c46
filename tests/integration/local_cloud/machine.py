# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance that reports: a TPM without hardware, and what the agent would do with it."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

from alibabacloud_trusted_server20200613 import models
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from guest import ROLE, Guest
from sdk import Sdk
from shapes import problems
from soft_tpm import SoftTpm
from wire import Reply, Wire

from local_cloud.attestation import certificates, message, tpm2
from local_cloud.ca import Authority

POLICY = "AliyunECSInstanceForYundunSysTrustRolePolicy"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Machine:
    """An instance with a TPM, and every step that its agent takes, one by one."""

    def __init__(self, guest: Guest, tpm: SoftTpm) -> None:
        self.guest, self.tpm = guest, tpm
        self.uuid = str(guest.record["SerialNumber"])
        self.owner = Wire(guest.sdk.cloud.address, guest.sdk.cloud.access_key_id, guest.sdk.cloud.access_key_secret)
        tpm.certificate = certificates.certify(authority(guest.sdk), guest.instance_id, tpm.ek_public)
        self.aik_certificate = b""

    @classmethod
    def start(cls, sdk: Sdk, number: int = 1) -> Machine:
        return cls(Guest.start(sdk, number, RamRoleName=ROLE), SoftTpm(number))

    def ask(self, action: str, **params: str) -> Reply:
        """Call as the instance, with its role's credentials."""
        role = self.guest.record["_RamRoleName"]
        token = {"X_aliyun_ecs_metadata_token": self.guest.token()}
        found = json.loads(self.guest.metadata(f"meta-data/ram/security-credentials/{role}", **token)[1])
        cloud = self.guest.sdk.cloud
        caller = Wire(cloud.address, found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"])
        return ask(caller, action, **params)

    def keys(self, **changed: str) -> dict[str, str]:
        shown = {"EkCert": b64(self.tpm.certificate), "EkPub": b64(self.tpm.ek_public)}
        return {"PropertyUuid": self.uuid, "AikName": b64(self.tpm.aik_name), **shown, **changed}

    def answer(self, blob: str) -> bytes:
        data = base64.b64decode(blob)
        end = tpm2.take(data)[1]
        return self.tpm.activate(0, 0, data[:end], data[end:])

    def challenge(self) -> bytes:
        return self.answer(self.ask("GenerateNonce", **self.keys()).json["data"]["CredentialBlob"])

    def certify(self, secret: bytes, **changed: str) -> Reply:
        digest = b64(hashlib.sha256(secret).digest())
        return self.ask("GenerateAikcert", **self.keys(AikPub=b64(self.tpm.aik_public), NonceDigest=digest, **changed))

    def enrol(self) -> Machine:
        """Up to the first report."""
        assert self.ask("RegisterMessage", PropertyUuid=self.uuid).status == 200
        given = self.certify(self.challenge()).json["data"]
        key, data = self.answer(given["keyCredentialBlob"]), base64.b64decode(given["dataCredentialBlob"])
        self.aik_certificate = decrypted(key, data)
        return self

    def body(self, **changed: str) -> dict[str, str]:
        return {
            "agent": "1.1.0",
            "certificate": self.aik_certificate.hex(),
            "events": self.tpm.log.hex(),
            "pcrs": b"".join(self.tpm.pcrs[number] for number in range(11)).hex(),
            "programs": self.tpm.program_list,
            "property": self.uuid,
            **changed,
        }

    def message(self, secret: bytes, quoted: int = 11, /, **changed: str) -> str:
        """A message whose quote is over so many PCRs."""
        body = self.body(**changed)
        return message.pack(body, lambda text: self.tpm.quote(0, message.nonce(secret, text), range(quoted)))

    def put(self, data: str) -> Reply:
        return self.ask("PutMessage", PropertyUuid=self.uuid, FileData=data)

    def report(self, **changed: str) -> dict[str, t.Any]:
        """A report that is taken; what the server says about system and programs."""
        reply = self.put(self.message(self.challenge(), 11, **changed))
        assert reply.status == 200, reply.json
        return t.cast("dict[str, t.Any]", reply.json["data"])

    def verdict(self) -> tuple[int, int]:
        """What users are shown."""
        shown = self.shown()
        return shown["SystemTrustStatus"], shown["ProgramTrustStatus"]

    def shown(self) -> dict[str, t.Any]:
        return ask(self.owner, "DescribeInstance", PropertyUuid=self.uuid).json

    def events(self, **filters: str) -> list[dict[str, t.Any]]:
        found: list[dict[str, t.Any]] = ask(self.owner, "DescribeEvents", PropertyUuid=self.uuid, **filters).json[
            "Items"
        ]
        return found

    def trust(self, *events: dict[str, t.Any]) -> Reply:
        return ask(self.owner, "TrustEvents", EventUuids=json.dumps([event["EventUuid"] for event in events]))

    def baseline(self) -> dict[str, t.Any]:
        detail: dict[str, t.Any] = json.loads(
            ask(self.owner, "DescribeBoot", PropertyUuid=self.uuid).json["WhiteListDetail"]
        )
        return detail


def authority(sdk: Sdk) -> Authority:
    return Authority(sdk.cloud.state_dir / "ca")


def ask(caller: Wire, action: str, **params: str) -> Reply:
    """Call the trusted server as its SDK does, and check the shape of what succeeds."""
    caller.method, caller.form = "POST", True
    reply = caller.rpc("trusted-server", action, Format="JSON", **params)
    if reply.status == 200:
        assert problems(models, action, reply.json) == []
    return reply


def decrypted(key: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(data[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(data[16:]) + decryptor.finalize()) + unpadder.finalize()
