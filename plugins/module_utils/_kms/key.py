# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(kms_key): a customer master key (CMK). Private."""

from __future__ import annotations

import contextlib
import typing as t
from functools import cached_property

from .._cloud.errors import AlreadyExists, CloudError, InvalidInput, NotFound, OutcomeUnknown, UnexpectedState
from .._cloud.writes import DOUBT
from .._core import naming, ownership, tags
from .._core.module import TAGS_SPEC
from .._core.plan import Plan, told_ahead
from .._core.removal import lasting_users
from .._core.resource import Resource
from .._core.waiter import seen_within
from . import instances, key_planner, keys, users
from . import labels as kms_labels
from .key_planner import FIXED, Wanted
from .keys import Key

#: How long a key that may have been made is looked for before it counts as not made, in seconds.
_DOUBT = DOUBT
#: The shortest time in which KMS deletes a key, in days.
_SHORTEST_WINDOW = 7


SPEC: dict[str, dict[str, t.Any]] = {
    "key_id": {"type": "str"},
    "alias": {"type": "str", "aliases": ["name"]},
    "move_alias": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "pending_deletion"], "default": "present"},
    "enabled": {"type": "bool"},
    "description": {"type": "str"},
    "key_spec": {"type": "str", "no_log": False},
    "key_usage": {"type": "str", "choices": ["ENCRYPT/DECRYPT", "SIGN/VERIFY"], "no_log": False},
    "protection_level": {"type": "str", "choices": ["SOFTWARE", "HSM"]},
    "dkms_instance_id": {"type": "str"},
    "rotation_days": {"type": "int"},
    "deletion_protection": {"type": "bool"},
    "pending_window_in_days": {"type": "int", "default": 30},
    "force": {"type": "bool", "default": False},
    **TAGS_SPEC,
    **ownership.SPEC,
}
INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "key_ids": {"type": "list", "elements": "str", "aliases": ["key_id"], "no_log": False},
    "key_state": {
        "type": "str",
        "choices": ["Enabled", "Disabled", "PendingDeletion", "PendingImport"],
        "no_log": False,
    },
    "dkms_instance_id": {"type": "str"},
    "tags": {"type": "dict"},
}


class State(t.NamedTuple):
    """What KMS has.

    :ivar alias_target: ID of the key that the alias belongs to
    :ivar users: what uses the key, in words; read only when it shall go
    """

    key: Key | None
    alias_target: str | None
    users: tuple[str, ...] = ()


class KmsKey(Resource[State]):
    """One key, known by its ID or by an alias. There is no call that deletes a key at once."""

    _created = ""  # ID of the key that this run has made

    # ------------------------------------------------------------------ options

    def validate(self) -> None:
        key_id, alias = self.options["key_id"], self.options["alias"]
        if not key_id and not alias:
            raise InvalidInput("Give key_id or alias; without them it is not clear which key is meant.")
        if key_id:
            keys.check_key_id("key_id", key_id)
        self._alias  # noqa: B018  checked by reading it
        tags.check(self.options["tags"])
        instances.check_id("dkms_instance_id", self.options["dkms_instance_id"])
        if self.options["dkms_instance_id"] and self.options["protection_level"]:
            raise InvalidInput(
                "protection_level and dkms_instance_id exclude each other: the KMS instance decides how its keys are "
                "protected, and KMS ignores what is asked for. Leave protection_level out."
            )
        naming.check_description(naming.KMS_DESCRIPTION, "description", self.options["description"])
        days = self.options["rotation_days"]
        if days is not None and days != 0 and not 7 <= days <= 365:
            raise InvalidInput(f"rotation_days is {days}; expected 7 to 365, or 0 for a key that does not rotate.")
        window = self.options["pending_window_in_days"]
        if not 7 <= window <= 366:
            raise InvalidInput(f"pending_window_in_days is {window}; expected 7 to 366.")

    @cached_property
    def _alias(self) -> str | None:
        alias = self.options["alias"]
        return keys.full_alias("alias", alias) if alias else None

    @property
    def _leaving(self) -> bool:
        return bool(self.options["state"] == "pending_deletion")

    @property
    def _owner(self) -> str:
        return tags.fitting(f"kms_key/{self._alias or self.options['key_id']}")

    @property
    def _wanted(self) -> Wanted:
        return Wanted(
            alias=self._alias,
            move_alias=self.options["move_alias"],
            enabled=self.options["enabled"],
            description=self.options["description"],
            fixed={name: self.options[name] for name in FIXED if self.options[name]},
            rotation_days=self.options["rotation_days"],
            protected=self.options["deletion_protection"],
            tags=self.options["tags"],
            purge_tags=self.options["purge_tags"],
            window=self.options["pending_window_in_days"] if self._leaving else None,
            owner=self._owner,
            terms=self._terms,
            force=self.options["force"],
        )

    @property
    def _terms(self) -> ownership.Terms:
        return ownership.Terms.from_options(self.options)

    # ------------------------------------------------------------------ flow

    def find(self) -> State:
        state = self._read()
        if not key_planner.must_go(state.key, self._wanted):
            return state
        key_id = t.cast("Key", state.key).id
        return state._replace(users=tuple(lasting_users(self.cloud, lambda: users.read_users(self.cloud, key_id))))

    def _read(self) -> State:
        wanted_id = self.options["key_id"] or self._created
        named = keys.read_key(self.cloud, self._alias) if self._alias else None
        target = named.id if named else None
        if wanted_id:
            found = named if named and named.id == wanted_id else keys.read_key(self.cloud, wanted_id)
            if found is None and self.options["key_id"] and not self._leaving:
                raise UnexpectedState(
                    f"There is no KMS key {wanted_id} in the region {self.cloud.region}.",
                    hint="Check key_id and region; to have a key created, give an alias and no key_id.",
                )
            return State(found, target)
        if named is None and not self._leaving:
            return State(keys.read_owned(self.cloud, self._owner), None)
        return State(named, target)

    def plan(self, actual: State) -> Plan:
        key = actual.key
        if key is not None and any(alias.startswith("alias/acs/") for alias in key.aliases):
            raise UnexpectedState(
                f"The key {key.id} is a service key ({', '.join(key.aliases)}); only its service manages it."
            )
        return key_planner.plan(key, actual.alias_target, self._wanted, actual.users)

    def preflight(self, plan: Plan, actual: State) -> None:
        """:raises UnexpectedState: the KMS instance is not there, not enabled or full"""
        instance_id = self.options["dkms_instance_id"]
        if instance_id and any(step.do == "create_key" for step in plan.steps):
            instances.check_room(self.cloud, instance_id, "key")

    def settle(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        state = self.reread(f"key {self._alias or self.options['key_id']}", self.cloud.connection.api_timeout)
        return {"kms_key": keys.shown(state.key) if state.key else {}}

    def foretell(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        after = dict(plan.after)
        if after:
            after["automatic_rotation"] = bool(after["rotation_days"])
        known = keys.shown(actual.key) if actual.key else {}
        if self._alias and any(step.do == "create_key" for step in plan.steps):
            metadata = {"KeyState": after["key_state"], "Description": after["description"]}
            metadata |= {FIXED[name]: value for name, value in self._wanted.fixed.items()} if self._wanted.fixed else {}
            keys.foretell(self.cloud, self._alias, metadata, {**after["tags"], tags.OWNER_KEY: self._owner})
        unknown = {"next_rotation_date"} if plan.does("rotate") else set()
        if plan.does("schedule_deletion"):
            unknown.add("delete_date")
        if plan.does("cancel_deletion"):
            after["delete_date"] = ""
        return {"kms_key": told_ahead(known, after, unknown)}

    # ------------------------------------------------------------------ steps

    def create_key(
        self,
        alias: str,
        description: str | None,
        fixed: dict[str, str],
        rotation_days: int | None,
        labels: dict[str, str],
    ) -> None:
        marked = {**labels, tags.OWNER_KEY: self._owner}
        params: dict[str, t.Any] = {FIXED[name]: value for name, value in fixed.items()}
        if rotation_days:
            params |= {"EnableAutomaticRotation": True, "RotationInterval": f"{rotation_days}d"}
        deadline = self.cloud.monotonic() + self.cloud.connection.api_timeout
        while not self._created:
            try:
                text = kms_labels.text(marked)
                answer = self.cloud.call("kms", "CreateKey", params, Description=description, Tags=text)
                self._created = str(answer["KeyMetadata"]["KeyId"])
            except OutcomeUnknown:
                # Keys have no names, so only the mark tells whether the lost call has made one.
                found = seen_within(self.cloud, lambda: keys.read_owned(self.cloud, self._owner), _DOUBT)
                if found is not None:
                    self._created = found.id
                elif self.cloud.monotonic() > deadline:
                    raise
            except CloudError as error:
                if "dkms_instance_id" not in fixed:
                    instances.needs_one(self.cloud, error, "all keys but one in a region")
                raise
        oldest = keys.read_owned(self.cloud, self._owner)
        if oldest is not None and oldest.id != self._created:
            self._give_way(alias, oldest.id)

    def create_alias(self, alias: str, key_id: str | None) -> None:
        wanted = key_id or self._created
        try:
            self.cloud.call("kms", "CreateAlias", AliasName=alias, KeyId=wanted)
        except AlreadyExists as error:
            # Either an earlier try of this very call whose answer was lost, or somebody was faster.
            found = self.cloud.call("kms", "DescribeKey", KeyId=alias)["KeyMetadata"]["KeyId"]
            if found == wanted:
                return
            if self._created and self._made_for_us(found):
                self._give_way(alias, found)
            else:
                raise UnexpectedState(
                    f"{alias} was given to the key {found} by somebody else in the meantime.",
                    hint="Run the task again to see what it would change.",
                ) from error

    def _made_for_us(self, key_id: str) -> bool:
        key = keys.read_key(self.cloud, key_id)
        return key is not None and key.tags.get(tags.OWNER_KEY) == self._owner

    def _give_way(self, alias: str, key_id: str) -> None:
        """Use the key that a parallel run of this task made, and schedule the deletion of the one made here."""
        unneeded, self._created = self._created, key_id
        try:
            self.cloud.call("kms", "ScheduleKeyDeletion", KeyId=unneeded, PendingWindowInDays=_SHORTEST_WINDOW)
        except NotFound:
            return
        except CloudError as error:
            raise UnexpectedState(
                f"Somebody else made the key {key_id} for {alias} at the same moment. The key {unneeded}, which this "
                f"task made, is not needed, and its deletion cannot be scheduled: {error.message}",
                hint=f"Schedule the deletion of {unneeded}.",
            ) from error

    def update_alias(self, alias: str, key_id: str) -> None:
        self.cloud.call("kms", "UpdateAlias", AliasName=alias, KeyId=key_id)

    def switch(self, key_id: str | None, enable: bool) -> None:
        self.cloud.call("kms", "EnableKey" if enable else "DisableKey", KeyId=key_id or self._created)

    def describe(self, key_id: str, description: str) -> None:
        self.cloud.call("kms", "UpdateKeyDescription", KeyId=key_id, Description=description)

    def rotate(self, key_id: str, days: int) -> None:
        params: dict[str, t.Any] = {"KeyId": key_id, "EnableAutomaticRotation": bool(days)}
        if days:
            params["RotationInterval"] = f"{days}d"
        self.cloud.call("kms", "UpdateRotationPolicy", params)

    def protect(self, key_id: str | None, enable: bool) -> None:
        arn = self.cloud.call("kms", "DescribeKey", KeyId=key_id or self._created)["KeyMetadata"]["Arn"]
        self.cloud.call("kms", "SetDeletionProtection", ProtectedResourceArn=arn, EnableDeletionProtection=enable)

    def tag(self, key_id: str, to_set: dict[str, str], to_remove: list[str]) -> None:
        kms_labels.write(self.cloud, {"KeyId": key_id}, to_set, to_remove)

    def schedule_deletion(self, key_id: str, days: int) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call("kms", "ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=days)

    def cancel_deletion(self, key_id: str) -> None:
        self.cloud.call("kms", "CancelKeyDeletion", KeyId=key_id)
