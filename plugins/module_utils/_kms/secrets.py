# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of KMS: how they are found, read and written, without their values getting anywhere else. Private.

A value is in C(Value) and nowhere else: it is in no plan, no message, no result, no record of a check run. Its digest
is in none of these either, because a short secret can be guessed from it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import typing as t
import uuid
from dataclasses import dataclass, field

from .._cloud.door import Cloud
from .._cloud.errors import AlreadyExists, CloudError, InvalidInput, NotFound, UnexpectedState
from .._cloud.writes import DOUBT
from .._core import naming, ownership
from .._core import tags as tagging
from .._core.waiter import seen_within
from . import instances, labels, service

KIND = "kms_secret"
CURRENT = "ACSCurrent"
PREVIOUS = "ACSPrevious"
GENERIC = "Generic"
#: CreateSecret: SecretData, in bytes.
LONGEST_VALUE = 30720
#: DeleteSecret: RecoveryWindowInDays.
SHORTEST_WINDOW, LONGEST_WINDOW = 7, 30

_ARN = re.compile(r"acs:kms:[a-z0-9-]+:\d+:secret/")
_IN_WINDOW = "Rejected.ResourceInDeleteWindow"
#: How long a secret that may have been made is looked for, in seconds.
_DOUBT = DOUBT
#: As long a part of a value is looked for in what an error says.
_TELLING = 4


@dataclass(frozen=True)
class Value:
    """The value of one version of a secret. Neither C(repr) nor a comparison that fails shows it.

    :ivar data: as KMS keeps it: the text, or Base64 of what is no text
    :ivar binary: whether it is no text
    :ivar version_id: of the version; empty for one that is not stored yet
    :ivar stages: what the version is marked with
    """

    data: str = field(repr=False)
    binary: bool = False
    version_id: str = ""
    stages: tuple[str, ...] = ()

    def same_as(self, other: Value) -> bool:
        """Whether both hold the same, whichever versions they are."""
        return (self.data, self.binary) == (other.data, other.binary)

    @property
    def content(self) -> bytes:
        """What it holds, as bytes.

        :raises UnexpectedState: it is called binary, and is no Base64
        """
        if not self.binary:
            return self.data.encode()
        try:
            return base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError):
            raise UnexpectedState(
                "The value of the secret is binary, but not kept as Base64, as this collection does."
            ) from None


@dataclass(frozen=True)
class Version:
    """One version of a secret, without its value."""

    id: str
    created: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Secret:
    """A secret as KMS has it, without any value.

    :ivar metadata: answer of DescribeSecret
    :ivar foretold: whether it would only be made, by an earlier task of a check run
    """

    name: str
    metadata: t.Mapping[str, t.Any]
    tags: t.Mapping[str, str] = field(default_factory=dict)
    foretold: bool = False

    @property
    def description(self) -> str:
        return str(self.metadata.get("Description") or "")

    @property
    def key_id(self) -> str:
        """The key that encrypts it; empty where KMS chose one."""
        return str(self.metadata.get("EncryptionKeyId") or "")

    @property
    def instance_id(self) -> str:
        return str(self.metadata.get("DKMSInstanceId") or "")

    @property
    def type(self) -> str:
        return str(self.metadata.get("SecretType") or GENERIC)

    @property
    def planned_delete_time(self) -> str:
        """When it will be deleted; empty where it stays."""
        return str(self.metadata.get("PlannedDeleteTime") or "")

    @property
    def ours(self) -> bool:
        """Whether this collection made it."""
        return ownership.proven(self.tags)


# ---------------------------------------------------------------------- values


def text_value(text: str) -> Value:
    """A value that is text."""
    return Value(text)


def binary_value(option: str, text: str) -> Value:
    """A value that is no text, from Base64.

    :raises InvalidInput: it is no Base64; without repeating it
    """
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"{option} is no Base64; expected what the filter b64encode makes.") from None
    return Value(base64.b64encode(raw).decode(), binary=True)


def check_value(option: str, value: Value) -> None:
    """:raises InvalidInput: KMS takes no such value; says its length only"""
    length = len(value.data.encode())
    if not 1 <= length <= LONGEST_VALUE:
        form = " as Base64" if value.binary else ""
        raise InvalidInput(f"{option} has {length} bytes{form}; expected 1 to {LONGEST_VALUE}.")


def new_version_id() -> str:
    """An ID that no version has. It says nothing of the value: KMS does not encrypt it."""
    return str(uuid.uuid4())


# ---------------------------------------------------------------------- reading


def find(cloud: Cloud, name: str) -> Secret | None:
    """The secret of that name, also while its deletion is scheduled; in a check run as earlier tasks would leave it."""
    if cloud.foretold.is_gone(KIND, name):
        return None
    made = find_foretold(cloud, name)
    if made:
        return made
    try:
        return from_answer(cloud.call("kms", "DescribeSecret", SecretName=name, FetchTags="true"))
    except NotFound:
        return None
    except CloudError as error:
        if not service.would_be_on_by_then(cloud, error):
            raise
        return None


def find_foretold(cloud: Cloud, name: str) -> Secret | None:
    """The secret as an earlier task of a check run would have left it; None where none has to do with it."""
    made = cloud.foretold.find(KIND, name)
    return Secret(name, made["metadata"], made["tags"], foretold=True) if made else None


def from_answer(answer: t.Mapping[str, t.Any]) -> Secret:
    """What DescribeSecret and ListSecrets tell of one secret."""
    found = (answer.get("Tags") or {}).get("Tag")
    return Secret(str(answer["SecretName"]), answer, tagging.from_api(found))


def find_all(cloud: Cloud) -> list[Secret]:
    """All secrets of the region, with what ListSecrets tells of them: neither description nor key."""
    return [from_answer(one) for one in service.listed(cloud, "ListSecrets", FetchTags="true")]


def read_value(cloud: Cloud, name: str, *, version_id: str | None = None, stage: str | None = None) -> Value | None:
    """The value of one version, the current one unless told otherwise; None where there is no such secret or version.

    :raises CloudError: the secret is scheduled for deletion, or the right to it or to its key is missing
    """
    try:
        answer = cloud.call("kms", "GetSecretValue", SecretName=name, VersionId=version_id, VersionStage=stage)
    except NotFound:
        return None
    return Value(
        str(answer["SecretData"]),
        answer.get("SecretDataType") == "binary",
        str(answer.get("VersionId") or ""),
        tuple((answer.get("VersionStages") or {}).get("VersionStage") or ()),
    )


def read_versions(cloud: Cloud, name: str) -> list[Version]:
    """All versions, newest first, also those without a stage."""
    found = cloud.pages("kms", "ListSecretVersionIds", SecretName=name, IncludeDeprecated="true")
    return [
        Version(
            str(one["VersionId"]),
            str(one.get("CreateTime") or ""),
            tuple((one.get("VersionStages") or {}).get("VersionStage") or ()),
        )
        for one in found
    ]


# ---------------------------------------------------------------------- writing


def create(
    cloud: Cloud,
    name: str,
    value: Value,
    *,
    owner: str,
    version_id: str | None = None,
    description: str | None = None,
    key_id: str | None = None,
    instance_id: str | None = None,
    tags: t.Mapping[str, str] | None = None,
) -> str:
    """Create a secret with the ownership tag; returns the ID of its version.

    :param owner: value of the ownership tag
    :param key_id: ID or alias of the key that encrypts it; KMS has one of its own for where none is given
    :raises UnexpectedState: somebody else has made one of that name in the meantime
    """
    version_id = version_id or new_version_id()
    try:
        _write(
            cloud,
            "CreateSecret",
            name,
            value,
            version_id,
            Description=description or None,
            EncryptionKeyId=key_id,
            DKMSInstanceId=instance_id,
            Tags=labels.text({**(tags or {}), tagging.OWNER_KEY: owner}),
        )
    except AlreadyExists as error:
        # Either an earlier try of this very call whose answer was lost, or somebody was faster.
        there = seen_within(cloud, lambda: read_value(cloud, name, version_id=version_id), _DOUBT)
        if there is None or not there.same_as(value):
            raise UnexpectedState(
                f"A secret {name} was created by somebody else in the meantime.",
                hint="Run the task again to see what it would change.",
            ) from error
    except CloudError as error:
        if not instance_id:
            instances.needs_one(cloud, error, "secrets")
        raise
    return version_id


def put(cloud: Cloud, name: str, value: Value, version_id: str | None = None) -> str:
    """Store another value, which becomes the current one; the one before stays as C(ACSPrevious).

    A repetition with the same version and value does nothing, so a lost answer costs nothing.

    :returns: ID of the version
    """
    version_id = version_id or new_version_id()
    _write(cloud, "PutSecretValue", name, value, version_id)
    return version_id


def make_current(cloud: Cloud, name: str, version_id: str) -> None:
    """Make a version that is stored already the current one."""
    cloud.call("kms", "UpdateSecretVersionStage", SecretName=name, VersionStage=CURRENT, MoveToVersion=version_id)


def _write(cloud: Cloud, action: str, name: str, value: Value, version_id: str, **more: t.Any) -> None:
    kind = "binary" if value.binary else "text"
    try:
        cloud.call(
            "kms",
            action,
            {"SecretName": name, "SecretData": value.data, "SecretDataType": kind, "VersionId": version_id, **more},
        )
    except CloudError as error:
        parts = [one for one in value.data.splitlines() if len(one) >= _TELLING] or [value.data]
        if any(one in str(error.as_failure()) for one in parts):
            # Some answers repeat what is wrong with a parameter.
            error.text = "what Alibaba Cloud says has the value in it, so it is left out here"
            error.message = f"kms {action}: {error.code}: {error.text}"
            error.args = (error.message,)
        raise error from None


def delete(cloud: Cloud, name: str, window_days: int | None) -> None:
    """Schedule the deletion of a secret, or delete it at once; nothing where it is gone already.

    :param window_days: 7 to 30 days in which L{restore} takes it back; None deletes it for good
    """
    with contextlib.suppress(NotFound):
        if window_days is not None:
            cloud.call("kms", "DeleteSecret", SecretName=name, RecoveryWindowInDays=str(window_days))
            return
        try:
            cloud.call("kms", "DeleteSecret", SecretName=name, ForceDeleteWithoutRecovery="true")
        except CloudError as error:
            if error.code != _IN_WINDOW:
                raise
            # The documents do not say whether what is scheduled can be deleted at once.
            restore(cloud, name)
            cloud.call("kms", "DeleteSecret", SecretName=name, ForceDeleteWithoutRecovery="true")


def restore(cloud: Cloud, name: str) -> None:
    """Take a secret back whose deletion is scheduled."""
    try:
        cloud.call("kms", "RestoreSecret", SecretName=name)
    except CloudError as error:
        if error.code != "Rejected.ResourceInUse":  # it is back already, by an earlier try of this call
            raise


# ---------------------------------------------------------------------- names


def check_name(option: str, name: str | None) -> None:
    """:raises InvalidInput: no secret can be called so"""
    naming.check(naming.KMS_SECRET, option, name)


def check_readable(option: str, name: t.Any) -> None:
    """What can be read: also secrets that services made, and by their ARNs those of other accounts.

    :raises InvalidInput: it names no secret
    """
    plain = _ARN.sub("", name).removeprefix("acs/") if isinstance(name, str) else ""
    if not naming.KMS_SECRET.fits(plain):
        raise InvalidInput(f"{option} is {name!r}; expected {naming.KMS_SECRET.words}, or the ARN of a secret.")


def check_version_id(option: str, version_id: str | None) -> None:
    """:raises InvalidInput: no version can have that ID"""
    naming.check(naming.KMS_SECRET_VERSION, option, version_id)
