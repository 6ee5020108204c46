# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs, and what binds them to instances."""

from __future__ import annotations

import base64
import hashlib
import typing as t

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    ecs,
    find_all,
    fits,
    get_one,
    has_tags,
    json_list,
    new_record,
    page_numbered,
    request_tags,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.services.shapes import ABSENT
from local_cloud.settings import define

define("ecs.key_pairs", 500, "key pairs of an account in a region")
define("ecs.key_bits", 2048, "length of the RSA keys that CreateKeyPair makes", (1024, 2048, 3072, 4096))
define("ecs.key_pair_delete_unknown", "", "code for deleting an unknown name; empty: it succeeds (UNCERTAIN)")
define("ecs.key_pair_delete_attached", False, "whether a bound key pair can be deleted, as the older service allowed")

_TYPES: tuple[type, ...] = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)

#: Kinds that the library does not know, or not much longer: what follows the kind in the key. C(s) is a string with its
#: length in front, a digit so many bytes. From OpenSSH's PROTOCOL.certkeys, and its first version for v00.
_LAYOUTS = {
    "ssh-dss": "ssss",
    "ssh-rsa-cert-v00@openssh.com": "ss4ss88sssss",
    "ssh-dss-cert-v00@openssh.com": "ssss4ss88sssss",
    "ssh-rsa-cert-v01@openssh.com": "sss84ss88sssss",
    "ssh-dss-cert-v01@openssh.com": "sssss84ss88sssss",
    **{f"ecdsa-sha2-nistp{bits}-cert-v01@openssh.com": "sss84ss88sssss" for bits in (256, 384, 521)},
}


def key_pair_id(call: Call, name: str) -> str:
    """The id of a key pair's record: names are unique in a region."""
    return f"{call.account_id}/{call.region}/{name}"


def _colons(digest: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in digest)


def _add(call: Call, public_key: str, fingerprint: str) -> Record:
    name = call.params["KeyPairName"]
    pair_id = call.store.new_id("ssh-")
    pair = new_record(
        call,
        KeyPairId=pair_id,
        KeyPairName=name,
        KeyPairFingerPrint=fingerprint,
        PublicKey=public_key,
        ResourceGroupId=call.get("ResourceGroupId") or "",
        CreationTime=seconds_text(call),
        Tags=request_tags(call),
    )
    save(call, "key_pair", key_pair_id(call, name), pair)
    return {"KeyPairName": name, "KeyPairFingerPrint": fingerprint}


def _check_new(call: Call) -> None:
    name = call.params["KeyPairName"]
    check_name(name, "InvalidKeyPairName.Malformed", "KeyPairName")
    # A name whose pair was deleted while it was bound is not free as long as an instance shows it.
    shown = any(instance["KeyPairName"] == name for instance in find_all(call, "instance"))
    if shown or call.store.get("key_pair", key_pair_id(call, name)) is not None:
        raise ApiError("KeyPair.AlreadyExist", 400, "The key pair already exist.")
    if len(find_all(call, "key_pair")) >= call.settings["ecs.key_pairs"]:
        raise ApiError("QuotaExceed.KeyPair", 403, "The key pair quota is exceeded.")


@ecs("CreateKeyPair")
def create_key_pair(call: Call) -> Record:
    _check_new(call)
    private = rsa.generate_private_key(public_exponent=65537, key_size=call.settings["ecs.key_bits"])
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    made = _add(call, public.decode(), _colons(hashlib.sha1(der, usedforsecurity=False).digest()))
    pair = call.store.get("key_pair", key_pair_id(call, made["KeyPairName"])) or {}
    return {**made, "KeyPairId": pair["KeyPairId"], "PrivateKeyBody": pem.decode()}


@ecs("ImportKeyPair")
def import_key_pair(call: Call) -> Record:
    _check_new(call)
    text = " ".join(call.params["PublicKeyBody"].split())
    blob = _public_blob(text)
    return _add(call, text, _colons(hashlib.md5(blob, usedforsecurity=False).digest()))


def _public_blob(text: str) -> bytes:
    """The key's bytes inside an OpenSSH public key line.

    :raises ApiError: not such a line, or a kind of key that the service doesn't take.
    """
    try:
        kind, encoded = text.split()[:2]
        blob = base64.b64decode(encoded, validate=True)
        if kind in _LAYOUTS:
            known = _has_layout(blob, kind)
        else:
            known = isinstance(serialization.load_ssh_public_key(text.encode()), _TYPES)
    except Exception:  # the library raises several kinds for text that isn't a key
        raise _malformed() from None
    if not known:
        raise _malformed()
    return blob


def _has_layout(blob: bytes, kind: str) -> bool:
    """Whether a key names that kind and has its fields, none cut off, and nothing after them."""
    at = 0
    for number, width in enumerate("s" + _LAYOUTS[kind]):
        length = int.from_bytes(blob[at : at + 4], "big") if width == "s" else int(width)
        start = at + 4 if width == "s" else at
        at = start + length
        if at > len(blob) or (number == 0 and blob[start:at] != kind.encode()):
            return False
    return at == len(blob)


def _malformed() -> ApiError:
    return ApiError("InvalidPublicKeyBody.Malformed", 400, "The specified parameter PublicKeyBody is malformed.")


@ecs("DescribeKeyPairs")
def describe_key_pairs(call: Call) -> Record:
    found = [
        pair
        for pair in find_all(call, "key_pair", lagged=True)
        if fits(call, pair, ("KeyPairFingerPrint",), ("KeyPairName",)) and has_tags(call, pair)
    ]
    page = page_numbered(call, found, most=50)
    shown = [
        {
            **{key: pair[key] for key in ("KeyPairName", "KeyPairFingerPrint", "CreationTime", "ResourceGroupId")},
            "PublicKey": pair["PublicKey"] if call.get("IncludePublicKey") else ABSENT,
            "Tags": {"Tag": shown_tags(call, pair)},
        }
        for pair in page.items
    ]
    return {"KeyPairs": {"KeyPair": shown}, **page.about}


@ecs("DeleteKeyPairs")
def delete_key_pairs(call: Call) -> None:
    wrong = ApiError("InvalidKeyPairNames.ValueNotSupported", 400, "The specified KeyPairNames is not valid.")
    names = json_list(call, "KeyPairNames", 100, wrong)
    if not names:
        raise wrong
    used = {instance["KeyPairName"] for instance in find_all(call, "instance")}
    if used & set(names) and not call.settings["ecs.key_pair_delete_attached"]:
        raise ApiError(
            "InvalidParameter.KeypairAlreadyAttachedInstance", 400, "The specified key pair is bound to an instance."
        )
    known = {pair["KeyPairName"] for pair in find_all(call, "key_pair")}
    if set(names) - known and (code := call.settings["ecs.key_pair_delete_unknown"]):
        raise ApiError(code, 404, "The specified KeyPairName does not exist.")
    for name in names:
        call.store.delete("key_pair", key_pair_id(call, name))


# -- binding


def _each(call: Call, act: t.Callable[[Record], None]) -> Record:
    """Do something for every instance of InstanceIds; one that doesn't exist or can't fails by itself."""
    wrong = ApiError("InvalidInstanceIds.ValueNotSupported", 400, "The specified InstanceIds is not valid.")
    ids = json_list(call, "InstanceIds", 50, wrong)
    if not ids:
        raise wrong
    items = []
    for instance_id in ids:
        item = {"InstanceId": instance_id, "Code": "200", "Message": "success", "Success": "true"}
        try:
            act(get_one(call, "instance", instance_id))
        except ApiError as error:
            item.update({"Code": error.code, "Message": error.message, "Success": "false"})
        items.append(item)
    failed = sum(item["Success"] == "false" for item in items)
    return {
        "Results": {"Result": items},
        "TotalCount": str(len(items)),
        "FailCount": str(failed),
        "KeyPairName": call.params["KeyPairName"],
    }


def _pair(call: Call) -> Record:
    pair = call.store.get("key_pair", key_pair_id(call, call.params["KeyPairName"]))
    if pair is None:
        raise ApiError("InvalidKeyPairName.NotFound", 400, "The specified KeyPairName does not exist.")
    return pair


@ecs("AttachKeyPair")
def attach_key_pair(call: Call) -> Record:
    pair = _pair(call)

    def attach(instance: Record) -> None:
        if instance["OSType"] == "windows":
            raise ApiError("DependencyViolation.WindowsInstance", 403, "Windows instances have no key pairs.")
        # Binding switches password login off, until the password is set anew.
        change = {"KeyPairName": pair["KeyPairName"], "_PublicKey": pair["PublicKey"], "_Password": ""}
        save(call, "instance", instance["InstanceId"], {**instance, **change})

    return _each(call, attach)


@ecs("DetachKeyPair")
def detach_key_pair(call: Call) -> Record:
    pair = _pair(call)

    def detach(instance: Record) -> None:
        if instance["KeyPairName"] == pair["KeyPairName"]:
            save(call, "instance", instance["InstanceId"], {**instance, "KeyPairName": "", "_PublicKey": ""})

    return _each(call, detach)
