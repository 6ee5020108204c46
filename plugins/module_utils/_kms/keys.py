# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of KMS: how they are read, and how the modules return them. Private."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._cloud import foretold
from .._cloud.door import Cloud
from .._cloud.errors import CloudError, InvalidInput, NotFound
from .._core import naming, ownership, tags
from . import instances, service

_KIND = "kms_key"
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RESERVED = "alias/acs"
_DAY = 86400
_UNITS = {"d": _DAY, "h": 3600, "m": 60, "s": 1}

PENDING_DELETION = "PendingDeletion"


@dataclass(frozen=True)
class Key:
    """A key as KMS has it.

    :ivar metadata: C(KeyMetadata) of DescribeKey
    """

    id: str
    metadata: t.Mapping[str, t.Any]
    aliases: tuple[str, ...] = ()
    tags: t.Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return str(self.metadata.get("KeyState") or "")

    @property
    def description(self) -> str:
        return str(self.metadata.get("Description") or "")

    @property
    def rotates(self) -> bool:
        return self.metadata.get("AutomaticRotation") == "Enabled"

    @property
    def rotation_days(self) -> int | None:
        """Days between two rotations; None where it does not rotate."""
        match = re.fullmatch(r"(\d+)([dhms])", str(self.metadata.get("RotationInterval") or ""))
        return int(match[1]) * _UNITS[match[2]] // _DAY if match and self.rotates else None

    @property
    def ours(self) -> bool:
        """Whether this collection made it."""
        return ownership.proven(self.tags)

    @property
    def protected(self) -> bool:
        return self.metadata.get("DeletionProtection") == "Enabled"


# ---------------------------------------------------------------------- names


def check_key_id(option: str, key_id: str) -> None:
    """:raises InvalidInput: no key can have that ID"""
    if not _KEY_ID.fullmatch(key_id) and not foretold.is_id(key_id):
        raise InvalidInput(f"{option} is {key_id!r}; expected the ID of a key, without ARN and alias.")


def full_alias(option: str, alias: str) -> str:
    """The alias with its prefix.

    :raises InvalidInput: no alias can be so, or it is one of a service
    """
    full = alias if alias.startswith("alias/") else f"alias/{alias}"
    if full.startswith(_RESERVED):
        raise InvalidInput(f"{option} is {alias!r}; aliases that begin with {_RESERVED} belong to services.")
    if not naming.KMS_ALIAS.fits(full):
        raise InvalidInput(f"{option} is {alias!r}; expected {naming.KMS_ALIAS.words}.")
    return full


# ---------------------------------------------------------------------- reading


def describe(cloud: Cloud, name: str) -> t.Mapping[str, t.Any] | None:
    """C(KeyMetadata) of the key with that ID or alias, or None; in a check run as earlier tasks would have left it."""
    try:
        return t.cast("t.Mapping[str, t.Any]", cloud.call("kms", "DescribeKey", KeyId=name)["KeyMetadata"])
    except NotFound:
        pass
    except CloudError as error:
        if not service.would_be_on_by_then(cloud, error):
            raise
    made = cloud.foretold.find(_KIND, name)
    return _metadata(cloud, made) if made else None


def _metadata(cloud: Cloud, made: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Of a key that a check run foretold; the account is not known."""
    key_id = made["id"]
    return {**made["metadata"], "KeyId": key_id, "Arn": f"acs:kms:{cloud.region}:*:key/{key_id}"}


def foretell(cloud: Cloud, alias: str, metadata: t.Mapping[str, t.Any], labels: t.Mapping[str, str]) -> None:
    """Note for later tasks of a check run that a key would be made."""
    cloud.foretold.would_make(_KIND, "key", alias, metadata=dict(metadata), tags=dict(labels))


def is_foretold(cloud: Cloud, name: str) -> bool:
    """Whether an earlier task of a check run would have made the key of that alias."""
    return cloud.foretold.find(_KIND, name) is not None


def read_key(cloud: Cloud, name: str) -> Key | None:
    """The key with that ID or alias, or None; in a check run as earlier tasks would have left it."""
    metadata = describe(cloud, name)
    if metadata is None:
        return None
    made = cloud.foretold.find(_KIND, str(metadata["KeyId"]))
    if made:
        return Key(made["id"], metadata, (made["name"],), made["tags"])
    try:
        key_id = str(metadata["KeyId"])
        aliases = cloud.pages("kms", "ListAliasesByKeyId", KeyId=key_id)
        labels = cloud.pages("kms", "ListResourceTags", KeyId=key_id)
    except NotFound:
        return None
    return Key(key_id, metadata, tuple(sorted(one["AliasName"] for one in aliases)), tags.from_api(labels))


def read_all(cloud: Cloud) -> list[Key]:
    """All keys of the region, with few calls beside one for each key."""
    aliases: dict[str, list[str]] = {}
    for item in service.listed(cloud, "ListAliases"):
        aliases.setdefault(item["KeyId"], []).append(item["AliasName"])
    labels: dict[str, dict[str, str]] = {}
    for item in service.listed(cloud, "ListTagResources", ResourceType="key"):
        labels.setdefault(item["ResourceId"], {}).update(tags.from_api([item]))
    found = []
    for item in service.listed(cloud, "ListKeys"):
        key_id = item["KeyId"]
        try:
            metadata = cloud.call("kms", "DescribeKey", KeyId=key_id)["KeyMetadata"]
        except NotFound:  # deleted since it was listed
            continue
        found.append(Key(key_id, metadata, tuple(sorted(aliases.get(key_id, ()))), labels.get(key_id, {})))
    return found


def read_owned(cloud: Cloud, owner: str) -> Key | None:
    """A key that was made for an owner, has no alias and is not on its way out; None if there is none.

    That is what a run leaves behind that was interrupted between the key and its alias. Of several, which runs at the
    same time make, it is the oldest.
    """
    wanted = [{"Key": tags.OWNER_KEY, "Value": owner}]
    found = [
        key
        for item in service.listed(cloud, "ListTagResources", ResourceType="key", Tag=wanted)
        if (key := read_key(cloud, item["ResourceId"])) and not key.aliases and key.state != PENDING_DELETION
    ]
    return min(found, key=lambda key: (str(key.metadata.get("CreationDate")), key.id), default=None)


# ---------------------------------------------------------------------- results


def shown(key: Key) -> dict[str, t.Any]:
    """A key as C(kms_key) and its info module return it."""
    data = key.metadata
    return {
        "key_id": key.id,
        "arn": data.get("Arn") or "",
        "aliases": list(key.aliases),
        "key_state": key.state,
        "description": key.description,
        "key_spec": data.get("KeySpec") or "",
        "key_usage": data.get("KeyUsage") or "",
        "origin": data.get("Origin") or "",
        "protection_level": data.get("ProtectionLevel") or "",
        "dkms_instance_id": data.get("DKMSInstanceId") or "",
        "creator": data.get("Creator") or "",
        "automatic_rotation": key.rotates,
        "rotation_days": key.rotation_days,
        "last_rotation_date": data.get("LastRotationDate") or "",
        "next_rotation_date": data.get("NextRotationDate") or "",
        "deletion_protection": key.protected,
        "creation_date": data.get("CreationDate") or "",
        "delete_date": data.get("DeleteDate") or "",
        "tags": dict(key.tags),
    }


def read_keys(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(kms_key_info) returns: the keys asked for, or those of the account in the region."""
    tags.check(options["tags"])
    instances.check_id("dkms_instance_id", options["dkms_instance_id"])
    names = options["key_ids"]
    if names is None:
        found = read_all(cloud)
    else:
        for name in names:
            if not name.startswith("alias/"):
                check_key_id("key_ids", name)
        found = [key for name in dict.fromkeys(names) if (key := read_key(cloud, name)) is not None]
    chosen = {key.id: key for key in found if _fits(key, options)}
    return {"kms_keys": [shown(chosen[key_id]) for key_id in sorted(chosen)]}


def _fits(key: Key, options: dict[str, t.Any]) -> bool:
    if options["key_state"] not in (None, key.state):
        return False
    if options["dkms_instance_id"] not in (None, key.metadata.get("DKMSInstanceId")):
        return False
    wanted = options["tags"] or {}
    return all(name in key.tags and value in (None, key.tags[name]) for name, value in wanted.items())
