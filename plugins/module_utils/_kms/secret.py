# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(kms_secret), and what its info module reads. Private."""

from __future__ import annotations

import typing as t
from functools import cached_property

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import ownership, tags
from .._core.module import TAGS_SPEC
from .._core.plan import Plan, told_ahead
from .._core.resource import Resource
from .._core.waiter import wait_for
from . import instances, keys, labels, secret_planner, secrets
from .secret_planner import Actual, KeyRef, Wanted
from .secrets import Secret, Value, Version

SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "value": {"type": "str", "no_log": True},
    "value_base64": {"type": "str", "no_log": True},
    "version_id": {"type": "str"},
    "description": {"type": "str"},
    "kms_key_id": {"type": "str", "no_log": False},
    "dkms_instance_id": {"type": "str"},
    "recovery_window_in_days": {"type": "int", "default": 30},
    "force": {"type": "bool", "default": False},
    **TAGS_SPEC,
    **ownership.SPEC,
}
CONSTRAINTS: dict[str, t.Any] = {"mutually_exclusive": [["value", "value_base64"]]}
INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "dkms_instance_id": {"type": "str"},
    "tags": {"type": "dict"},
}


class KmsSecret(Resource[Actual]):
    """One secret, by name. Its value is in C(_value) and in what is read, and in nothing that is returned."""

    # ------------------------------------------------------------------ options

    def validate(self) -> None:
        secrets.check_name("name", self.options["name"])
        secrets.check_version_id("version_id", self.options["version_id"])
        if self._value is not None:
            secrets.check_value("value_base64" if self._value.binary else "value", self._value)
        if self.options["version_id"] and self._value is None:
            raise InvalidInput("version_id is of the version that gets the value; give value or value_base64, too.")
        check_key("kms_key_id", self.options["kms_key_id"])
        instances.check_id("dkms_instance_id", self.options["dkms_instance_id"])
        hint = "To delete a secret at once and for good, set force to true."
        check_window("recovery_window_in_days", self.options["recovery_window_in_days"], hint)
        tags.check(self.options["tags"])

    @cached_property
    def _value(self) -> Value | None:
        if self.options["value_base64"]:
            return secrets.binary_value("value_base64", self.options["value_base64"])
        return secrets.text_value(self.options["value"]) if self.options["value"] else None

    @property
    def _name(self) -> str:
        return str(self.options["name"])

    @property
    def _owner(self) -> str:
        return tags.fitting(f"kms_secret/{self._name}")

    @cached_property
    def _key(self) -> KeyRef | None:
        """The key that the task names."""
        given = self.options["kms_key_id"]
        if not given or self.options["state"] == "absent":
            return None
        return read_key(self.cloud, "kms_key_id", given)

    @property
    def _wanted(self) -> Wanted:
        return Wanted(
            name=self._name,
            absent=self.options["state"] == "absent",
            window=None if self.options["force"] else self.options["recovery_window_in_days"],
            value=self._value,
            version_id=self.options["version_id"],
            description=self.options["description"],
            key=self._key,
            instance_id=self.options["dkms_instance_id"],
            tags=self.options["tags"],
            purge_tags=self.options["purge_tags"],
            owner=self._owner,
            terms=ownership.Terms.from_options(self.options),
        )

    # ------------------------------------------------------------------ flow

    def find(self) -> Actual:
        self._key  # noqa: B018  read here, because plans are made without calls
        secret = secrets.find(self.cloud, self._name)
        if secret is None or secret.foretold:
            return Actual(secret)
        versions = tuple(secrets.read_versions(self.cloud, self._name))
        if secret.planned_delete_time or self._value is None or self.options["state"] == "absent":
            return Actual(secret, versions=versions)
        current = secrets.read_value(self.cloud, self._name)
        wanted_id = self.options["version_id"]
        named = None
        if wanted_id in [one.id for one in versions] and not (current and current.version_id == wanted_id):
            named = secrets.read_value(self.cloud, self._name, version_id=wanted_id)
        elif current and current.version_id == wanted_id:
            named = current
        return Actual(secret, current, named, versions)

    def plan(self, actual: Actual) -> Plan:
        return secret_planner.plan(actual, self._wanted)

    def preflight(self, plan: Plan, actual: Actual) -> None:
        """:raises UnexpectedState: the KMS instance is not there, not enabled or full"""
        if actual.secret is None and self.options["dkms_instance_id"]:
            instances.check_room(self.cloud, self.options["dkms_instance_id"], "secret")

    def settle(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        seen = self.reread(f"secret {self._name}", self.cloud.connection.api_timeout)
        return {"kms_secret": shown(seen.secret, seen.versions) if seen.secret else {}}

    def foretell(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        known = shown(actual.secret, actual.versions) if actual.secret else {}
        after = dict(plan.after)
        after.pop("value", None)
        if plan.changed:
            self._note(after, actual.secret)
        if not after:
            return {"kms_secret": {}}
        tagged = {**({tags.OWNER_KEY: self._owner} if actual.secret is None else {}), **after["tags"]}
        unknown = {"update_date"} if plan.changed else set()
        if plan.does("store", "store_if_other", "make_current"):
            unknown |= {"version_id", "versions"}
        if plan.does("delete"):
            unknown.add("planned_delete_time")
        if plan.does("restore"):
            after["planned_delete_time"] = ""
        return {"kms_secret": told_ahead(known, {**after, "tags": tagged}, unknown)}

    def _note(self, after: dict[str, t.Any], there: Secret | None) -> None:
        """Let later tasks of a check run know."""
        if not after:
            self.cloud.foretold.would_delete(secrets.KIND, self._name)
            return
        metadata = {
            "Description": after["description"],
            "EncryptionKeyId": after["kms_key_id"],
            "DKMSInstanceId": after["dkms_instance_id"],
            "PlannedDeleteTime": "some days from now" if after["pending_deletion"] else "",
        }
        if there is None:
            made = {**after["tags"], tags.OWNER_KEY: self._owner}
            self.cloud.foretold.would_make(secrets.KIND, "secret", self._name, metadata=metadata, tags=made)
        else:
            metadata["SecretType"] = there.type
            self.cloud.foretold.would_change(
                secrets.KIND, self._name, self._name, metadata=metadata, tags=after["tags"]
            )

    # ------------------------------------------------------------------ steps

    def create(self) -> None:
        secrets.create(
            self.cloud,
            self._name,
            t.cast("Value", self._value),
            owner=self._owner,
            version_id=self.options["version_id"],
            description=self.options["description"],
            key_id=self._key.id if self._key else None,
            instance_id=self.options["dkms_instance_id"],
            tags={name: tags.text(value) for name, value in (self.options["tags"] or {}).items()},
        )

    def store(self) -> None:
        secrets.put(self.cloud, self._name, t.cast("Value", self._value), self.options["version_id"])

    def store_if_other(self) -> None:
        step = secret_planner.value_step(self.find(), self._wanted)
        if step is not None:
            self.apply(step)

    def make_current(self, version_id: str) -> None:
        secrets.make_current(self.cloud, self._name, version_id)

    def describe(self, description: str) -> None:
        self.cloud.call("kms", "UpdateSecret", SecretName=self._name, Description=description)

    def tag(self, to_set: dict[str, str], to_remove: list[str]) -> None:
        labels.write(self.cloud, {"SecretName": self._name}, to_set, to_remove)

    def delete(self, window_days: int | None) -> None:
        secrets.delete(self.cloud, self._name, window_days)

    def restore(self) -> None:
        restore(self.cloud, self._name)


# ---------------------------------------------------------------------- what other resources with a secret need, too


def check_key(option: str, given: str | None) -> None:
    """:raises InvalidInput: it is neither the ID nor the alias of a key"""
    if given and given.startswith("alias/"):
        keys.full_alias(option, given)
    elif given:
        keys.check_key_id(option, given)


def check_window(option: str, days: int, hint: str = "") -> None:
    """:raises InvalidInput: KMS keeps no secret for so long"""
    if not secrets.SHORTEST_WINDOW <= days <= secrets.LONGEST_WINDOW:
        raise InvalidInput(
            f"{option} is {days}; expected {secrets.SHORTEST_WINDOW} to {secrets.LONGEST_WINDOW}.", hint=hint
        )


def read_key(cloud: Cloud, option: str, given: str) -> KeyRef:
    """A key that is to encrypt a secret.

    :param given: its ID or an alias
    :raises UnexpectedState: there is none
    """
    metadata = keys.describe(cloud, given)
    if metadata is None:
        raise UnexpectedState(
            f"There is no KMS key {given} in the region {cloud.region}.",
            hint=f"Check {option} and region; alitrust.ecs.kms_key makes one.",
        )
    return KeyRef(str(metadata["KeyId"]), str(metadata.get("DKMSInstanceId") or ""))


def restore(cloud: Cloud, name: str) -> None:
    """Take a secret back whose deletion is scheduled, and wait until it is."""
    secrets.restore(cloud, name)
    wait_for(
        cloud,
        f"secret {name} to be restored",
        lambda: secrets.find(cloud, name),
        lambda seen: seen is not None and not seen.planned_delete_time,
        lambda seen: f"it will be deleted at {seen.planned_delete_time}" if seen else "there is none",
        timeout=cloud.connection.api_timeout,
        shows=True,
    )


# ---------------------------------------------------------------------- results


def shown(secret: Secret, versions: t.Iterable[Version]) -> dict[str, t.Any]:
    """A secret as C(kms_secret) and its info module return it: never with a value."""
    data = secret.metadata
    listed = [{"version_id": one.id, "creation_date": one.created, "stages": list(one.stages)} for one in versions]
    return {
        "name": secret.name,
        "arn": data.get("Arn") or "",
        "description": secret.description,
        "secret_type": secret.type,
        "kms_key_id": secret.key_id,
        "dkms_instance_id": secret.instance_id,
        "version_id": next((one["version_id"] for one in listed if secrets.CURRENT in one["stages"]), ""),
        "versions": listed,
        "pending_deletion": bool(secret.planned_delete_time),
        "planned_delete_time": secret.planned_delete_time,
        "creation_date": data.get("CreateTime") or "",
        "update_date": data.get("UpdateTime") or "",
        "tags": dict(secret.tags),
    }


def read_secrets(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(kms_secret_info) returns: the secrets asked for, or those of the account in the region."""
    tags.check(options["tags"])
    instances.check_id("dkms_instance_id", options["dkms_instance_id"])
    names, instance_id = options["names"], options["dkms_instance_id"]
    if names is None:
        names = [one.name for one in secrets.find_all(cloud) if _fits(one, options["tags"])]
    found = [secret for name in sorted(set(names)) if (secret := secrets.find(cloud, name)) is not None]
    return {
        "kms_secrets": [
            shown(secret, () if secret.foretold else secrets.read_versions(cloud, secret.name))
            for secret in found
            if _fits(secret, options["tags"]) and instance_id in (None, secret.instance_id)
        ]
    }


def _fits(secret: Secret, wanted: t.Mapping[str, t.Any] | None) -> bool:
    return all(name in secret.tags and value in (None, secret.tags[name]) for name, value in (wanted or {}).items())
