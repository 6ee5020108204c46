# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from sdk import REGION, Sdk


def public_line(private: t.Any, comment: str = "") -> str:
    line = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return f"{line.decode()} {comment}".strip()


def dsa_line() -> str:
    """A DSA key's line as such; the library is about to drop that kind."""
    fields = [b"ssh-dss", b"p" * 129, b"q" * 21, b"g" * 129, b"y" * 129]
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return f"ssh-dss {base64.b64encode(blob).decode()}"


def field(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def certificate_line(kind: str, version: int) -> str:
    """A certificate's line as such: ssh-keygen has forgotten the first version, and the library most kinds."""
    keys = {"ssh-dss": 4}.get(kind, 2) * field(b"k" * 9)
    about, valid = bytes(4) + field(b"id") + field(b"root"), bytes(16)
    nonce, ends = field(b"n" * 32), field(b"") + field(b"authority") + field(b"signature")
    if version:
        body = nonce + keys + bytes(8) + about + valid + field(b"critical") + field(b"extensions") + ends
    else:
        body = keys + about + valid + field(b"constraints") + nonce + ends
    name = f"{kind}-cert-v0{version}@openssh.com"
    return f"{name} {base64.b64encode(field(name.encode()) + body).decode()}"


def listed(sdk: Sdk, **params: t.Any) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", sdk("DescribeKeyPairs", **params)["KeyPairs"]["KeyPair"])


def test_a_created_pair_s_private_key_is_given_once_and_fits_its_public_key(sdk: Sdk) -> None:
    body = sdk("CreateKeyPair", KeyPairName="mine", Tag=[{"Key": "a", "Value": "b"}])
    assert body["KeyPairId"].startswith("ssh-")
    assert len(body["KeyPairFingerPrint"].split(":")) == 20
    assert body["PrivateKeyBody"].startswith("-----BEGIN PRIVATE KEY-----")
    private = serialization.load_pem_private_key(body["PrivateKeyBody"].encode(), None)
    (shown,) = listed(sdk, KeyPairName="mine", IncludePublicKey=True)
    assert shown["PublicKey"] == public_line(private)
    assert shown["KeyPairFingerPrint"] == body["KeyPairFingerPrint"]
    assert shown["Tags"] == {"Tag": [{"TagKey": "a", "TagValue": "b"}]}
    assert "PublicKey" not in listed(sdk)[0]
    assert "PRIVATE" not in json.dumps(sdk.cloud.resources("key_pair"))


@pytest.mark.parametrize(
    "private",
    [
        rsa.generate_private_key(65537, 2048),
        "ssh-dss",
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=lambda key: key if isinstance(key, str) else type(key).__name__,
)
def test_every_kind_of_public_key_can_be_imported(sdk: Sdk, private: t.Any) -> None:
    line = dsa_line() if private == "ssh-dss" else public_line(private, "me@here")
    body = sdk("ImportKeyPair", KeyPairName="mine", PublicKeyBody=line)
    digest = hashlib.md5(base64.b64decode(line.split()[1])).hexdigest()
    assert body["KeyPairFingerPrint"].replace(":", "") == digest
    assert listed(sdk, IncludePublicKey=True)[0]["PublicKey"] == line


def test_every_documented_kind_of_certificate_can_be_imported(sdk: Sdk) -> None:
    lines = [certificate_line(kind, version) for kind in ("ssh-rsa", "ssh-dss") for version in (0, 1)]
    lines += [certificate_line(f"ecdsa-sha2-nistp{bits}", 1) for bits in (256, 384, 521)]
    for number, line in enumerate(lines):
        sdk("ImportKeyPair", KeyPairName=f"mine{number}", PublicKeyBody=line)
        kind, blob = line.split()
        cut = base64.b64encode(base64.b64decode(blob)[:-3]).decode()
        refused = sdk.refused("ImportKeyPair", KeyPairName="other", PublicKeyBody=f"{kind} {cut}")
        assert refused == (400, "InvalidPublicKeyBody.Malformed")


@pytest.mark.parametrize(
    "text", ["rubbish", "ssh-rsa AAAA", "ssh-ed25519 !!!", "ssh-dss AAAAB3NzaC1kc3M=", "-----BEGIN PUBLIC KEY-----"]
)
def test_other_text_can_t_be_imported(sdk: Sdk, text: str) -> None:
    refused = sdk.refused("ImportKeyPair", KeyPairName="mine", PublicKeyBody=text)
    assert refused == (400, "InvalidPublicKeyBody.Malformed")
    assert listed(sdk) == []


def test_names_are_unique_in_a_region_and_checked(sdk: Sdk) -> None:
    sdk("CreateKeyPair", KeyPairName="mine")
    assert sdk.refused("CreateKeyPair", KeyPairName="mine") == (400, "KeyPair.AlreadyExist")
    line = public_line(ed25519.Ed25519PrivateKey.generate())
    assert sdk.refused("ImportKeyPair", KeyPairName="mine", PublicKeyBody=line) == (400, "KeyPair.AlreadyExist")
    sdk("CreateKeyPair", KeyPairName="mine", RegionId="cn-beijing")
    assert sdk.refused("CreateKeyPair", KeyPairName="1mine") == (400, "InvalidKeyPairName.Malformed")
    sdk.cloud.set("ecs.key_pairs", 1)
    assert sdk.refused("CreateKeyPair", KeyPairName="other") == (403, "QuotaExceed.KeyPair")


def test_pairs_are_found_by_pattern_and_fingerprint_and_in_pages(sdk: Sdk) -> None:
    sdk.cloud.set("ecs.key_bits", 1024)
    prints = {n: sdk("CreateKeyPair", KeyPairName=f"web-{n:02d}")["KeyPairFingerPrint"] for n in range(11)}
    assert len(listed(sdk, KeyPairName="web-*", PageSize=50)) == 11
    assert listed(sdk, KeyPairName="web-") == []
    assert [pair["KeyPairName"] for pair in listed(sdk, KeyPairFingerPrint=prints[3])] == ["web-03"]
    assert [pair["KeyPairName"] for pair in listed(sdk, PageNumber=2)] == ["web-10"]


def test_binding_replaces_and_unbinding_removes_item_by_item(sdk: Sdk) -> None:
    for name in ("one", "two"):
        sdk("CreateKeyPair", KeyPairName=name)
    (instance_id,) = sdk.run(KeyPairName="one")
    body = sdk("AttachKeyPair", InstanceIds=json.dumps([instance_id, "i-none"]), KeyPairName="two")
    assert (body["TotalCount"], body["FailCount"]) == ("2", "1")
    assert [(item["Code"], item["Success"]) for item in body["Results"]["Result"]] == [
        ("200", "true"),
        ("InvalidInstanceId.NotFound", "false"),
    ]
    assert sdk.instance(instance_id)["KeyPairName"] == "two"
    sdk("DetachKeyPair", InstanceIds=json.dumps([instance_id]), KeyPairName="one")
    assert sdk.instance(instance_id)["KeyPairName"] == "two"
    sdk("DetachKeyPair", InstanceIds=json.dumps([instance_id]), KeyPairName="two")
    assert sdk.instance(instance_id)["KeyPairName"] == ""
    none = sdk.refused("AttachKeyPair", InstanceIds=json.dumps([instance_id]), KeyPairName="none")
    assert none == (400, "InvalidKeyPairName.NotFound")
    bad = sdk.refused("AttachKeyPair", InstanceIds="i-1", KeyPairName="one")
    assert bad == (400, "InvalidInstanceIds.ValueNotSupported")


def test_a_bound_pair_can_t_be_deleted_an_unknown_one_is_gone_already(sdk: Sdk) -> None:
    sdk("CreateKeyPair", KeyPairName="mine")
    (instance_id,) = sdk.run(KeyPairName="mine")
    bound = sdk.refused("DeleteKeyPairs", KeyPairNames='["mine"]')
    assert bound == (400, "InvalidParameter.KeypairAlreadyAttachedInstance")
    sdk("DetachKeyPair", InstanceIds=json.dumps([instance_id]), KeyPairName="mine")
    sdk("DeleteKeyPairs", KeyPairNames='["mine", "none"]', RegionId=REGION)
    assert listed(sdk) == []
    assert sdk.refused("DeleteKeyPairs", KeyPairNames="mine") == (400, "InvalidKeyPairNames.ValueNotSupported")


def test_where_a_bound_pair_can_be_deleted_its_name_stays_taken_while_it_is_shown(sdk: Sdk) -> None:
    sdk.cloud.set("ecs.key_pair_delete_attached", True)
    sdk("CreateKeyPair", KeyPairName="mine")
    sdk("CreateKeyPair", KeyPairName="other")
    (instance_id,) = sdk.run(KeyPairName="mine")
    sdk("DeleteKeyPairs", KeyPairNames='["mine"]')
    assert sdk.instance(instance_id)["KeyPairName"] == "mine"
    assert sdk.refused("CreateKeyPair", KeyPairName="mine") == (400, "KeyPair.AlreadyExist")
    sdk("AttachKeyPair", InstanceIds=json.dumps([instance_id]), KeyPairName="other")
    sdk("CreateKeyPair", KeyPairName="mine")


def test_binding_switches_the_password_off(sdk: Sdk) -> None:
    sdk("CreateKeyPair", KeyPairName="mine")
    (instance_id,) = sdk.run(Password="Correct-Horse-9")
    sdk("AttachKeyPair", InstanceIds=json.dumps([instance_id]), KeyPairName="mine")
    (record,) = sdk.cloud.resources("instance")
    assert record["_Password"] == ""
