# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The share of snapshots: a resource share of Resource Sharing. Private."""

from __future__ import annotations

import contextlib
import re
import typing as t
from dataclasses import dataclass, field, replace

from .._cloud.door import Cloud
from .._cloud.errors import CloudError, FailedThere, InvalidInput, NotFound, OutcomeUnknown, Twins, UnexpectedState
from .._cloud.writes import DOUBT
from .._core import naming, ownership, tags, twins
from .._core.plan import Plan, told_ahead
from .._core.resource import Resource
from .._core.waiter import seen_within, wait_for
from .._ram import recipients
from .._ram.recipients import Recipients
from . import planner, readiness, sources
from .planner import Share, WantedShare
from .sources import Source

_PRODUCT = "resourcesharing"
_SNAPSHOT = "Snapshot"
_ALIVE = ("Active", "Pending")
#: How long a share that may have been made is looked for before it counts as not made, in seconds.
_DOUBT = DOUBT
#: How long a failure must show before it is believed: a read may be behind the call that mends it. In seconds.
_BELIEVED = DOUBT
#: By which DisassociateResourceShare says that something is not in the share.
_NOT_IN_IT = "DisassociateInvalid"


@dataclass(frozen=True)
class State:
    """The share, and what goes on in it.

    :ivar moving: entities whose task has not ended; an account that has not answered its invitation is not among them
    :ivar failed: entity -> reason
    :ivar sources: the snapshots that the task names; not read when they shall go
    """

    share: Share | None
    status: str = ""
    moving: tuple[str, ...] = ()
    failed: t.Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()


def read_share(cloud: Cloud, found: t.Mapping[str, t.Any]) -> State:
    """What belongs to a resource share.

    :param found: an item of ListResourceShares
    """
    share_id = str(found["ResourceShareId"])
    held: dict[str, dict[str, str]] = {"Resource": {}, "Target": {}}
    moving, failed = [], {}
    for kind, entities in held.items():
        query = {"AssociationType": kind, "ResourceShareIds": [share_id]}
        for one in cloud.pages(_PRODUCT, "ListResourceShareAssociations", query):
            entity, status = str(one["EntityId"]), str(one.get("AssociationStatus"))
            if kind == "Resource" and one.get("EntityType") != _SNAPSHOT:
                continue
            if status in ("Associating", "Associated"):
                entities[entity] = status
            if status == "Disassociating" or (status == "Associating" and not one.get("External")):
                moving.append(entity)
            if status == "Failed":
                failed[entity] = _reason(one)
    ours = ownership.proven(tags.from_api(found.get("Tags")))
    share = Share(share_id, bool(found.get("AllowExternalTargets")), held["Resource"], held["Target"], ours)
    return State(share, str(found.get("ResourceShareStatus") or ""), tuple(moving), failed)


def _reason(association: t.Mapping[str, t.Any]) -> str:
    details = [
        " ".join(str(one[name]) for name in ("FailureReason", "FailureDescription") if one.get(name))
        for one in association.get("AssociationFailedDetails") or ()
    ]
    return "; ".join(filter(None, details)) or str(association.get("AssociationStatusMessage") or "no reason given")


def list_shares(cloud: Cloud, name: str | None = None) -> list[dict[str, t.Any]]:
    """The account's resource shares in the region that are not on their way out."""
    found = cloud.pages(_PRODUCT, "ListResourceShares", ResourceOwner="Self", ResourceShareName=name)
    return [
        one
        for one in found
        if one.get("ResourceShareStatus") in _ALIVE and name in (None, one.get("ResourceShareName"))
    ]


def _twin(share: dict[str, t.Any]) -> twins.Twin | None:
    ours = ownership.proven(tags.from_api(share.get("Tags")))
    return twins.Twin(str(share.get("CreateTime")), str(share["ResourceShareId"])) if ours else None


def shown(name: str, state: State, read: t.Sequence[Source] = ()) -> dict[str, t.Any]:
    """The share of snapshots as the modules return it; empty when there is none."""
    share = state.share
    if share is None:
        return {}
    ids = sorted(share.targets)
    return {
        "kind": "snapshot",
        "name": name,
        "resource_share_id": share.id,
        "status": state.status,
        "encrypted": any(one.encrypted for one in read) if read else None,
        "kms_key_ids": sorted({key for one in read for key in one.key_ids}),
        "snapshot_ids": sorted(share.snapshots),
        "account_ids": [one for one in ids if one.isdigit()],
        "resource_directory_ids": [one for one in ids if one.startswith("rd-")],
        "folder_ids": [one for one in ids if not one.isdigit() and not one.startswith("rd-")],
        "invited_account_ids": [one for one in ids if one.isdigit() and share.targets[one] == "Associating"],
    }


def target_ids(wanted: Recipients) -> tuple[str, ...]:
    """Recipients as Resource Sharing names them: a folder by its own ID, a root folder by its directory's."""
    if wanted.kind != "folder_paths":
        return wanted.ids
    parts = [path.rstrip("*").rstrip("/").split("/") for path in wanted.ids]
    return tuple(dict.fromkeys(part[-1] if part[-1].startswith("fd-") else part[0] for part in parts))


class SnapshotShare(Resource[State]):
    """One resource share with snapshots, known by its name."""

    _created = ""  # ID of the share that this run has made

    # ------------------------------------------------------------------ options

    def validate(self) -> None:
        state, ids = self.options["state"], self._snapshot_ids
        naming.check(naming.RESOURCE_SHARE, "name", self.options["name"])
        if not self.options["name"] and len(ids) != 1:
            raise InvalidInput("name is needed: only the share of a single snapshot has a name by itself.")
        for snapshot_id in ids:
            if not re.fullmatch(r"s-[A-Za-z0-9]+", snapshot_id):
                raise InvalidInput(f"snapshot_ids has {snapshot_id!r}; expected an ID such as s-bp67acfmxazb4p000000.")
        if state != "absent" and not ids:
            raise InvalidInput(f"snapshot_ids is needed with state {state}.")
        if self._recipients is None and state != "absent":
            raise InvalidInput(
                "Give account_ids, resource_directory_ids or folder_paths; to share with nobody any more, set state to "
                "absent without them."
            )

    @property
    def _snapshot_ids(self) -> list[str]:
        return list(dict.fromkeys(self.options["snapshot_ids"] or ()))

    @property
    def _name(self) -> str:
        return str(self.options["name"] or f"alitrust-{self._snapshot_ids[0]}")

    @property
    def _recipients(self) -> Recipients | None:
        return recipients.from_options(self.options)

    @property
    def _wanted(self) -> WantedShare:
        wanted, given = self._recipients, self.options["snapshot_ids"]
        return WantedShare(
            self._name,
            self.options["state"],
            tuple(self._snapshot_ids) if given else None,
            target_ids(wanted) if wanted else None,
            self.options["allow_external"],
            ownership.Terms.from_options(self.options),
        )

    # ------------------------------------------------------------------ flow

    def find(self) -> State:
        found = self._shares()
        if len(found) > 1:
            ids = ", ".join(sorted(str(one["ResourceShareId"]) for one in found))
            ours = all(ownership.proven(tags.from_api(one.get("Tags"))) for one in found)
            raise (Twins if ours else UnexpectedState)(
                f"There are {len(found)} resource shares with the name {self._name}: {ids}.",
                hint="Delete or rename all but one of them, or use another name.",
            )
        state = read_share(self.cloud, found[0]) if found else State(None)
        if self.options["state"] == "absent":
            return state
        read = tuple(sources.read_snapshots(self.cloud, self._snapshot_ids))
        return State(state.share, state.status, state.moving, state.failed, read)

    def _shares(self) -> list[dict[str, t.Any]]:
        """The shares of the name, or just the own one where this task has made it: another that comes later goes."""
        if not self._created:
            return twins.settled(self.cloud, lambda: list_shares(self.cloud, self._name), _twin)
        found = list_shares(self.cloud, self._name)
        return [one for one in found if one["ResourceShareId"] == self._created] or found

    def plan(self, actual: State) -> Plan:
        plan = planner.plan_snapshots(actual.share, self._wanted)
        touched = {one for step in plan.steps for ids in step.args.values() for one in ids}
        again = sorted(touched & set(actual.failed))
        warnings = [f"Sharing with {one} had failed before: {actual.failed[one]}." for one in again]
        return replace(plan, warnings=tuple(warnings), unsettled=bool(actual.moving))

    def preflight(self, plan: Plan, actual: State) -> None:
        if self.options["state"] == "absent":
            return
        unready = [f"{one.id} ({one.status})" for one in actual.sources if one.status != "accomplished"]
        if unready:
            raise UnexpectedState(f"Only an accomplished snapshot can be shared, not {', '.join(unready)}.")
        if any(step.do in ("create_share", "associate") for step in plan.steps):
            readiness.check(self.cloud, actual.sources, t.cast("Recipients", self._recipients))

    def settle(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        start = self.cloud.monotonic()

        def done(seen: State) -> bool:
            wanted = set((self._wanted.targets or ()) + (self._wanted.snapshots or ()))
            broken = {one: why for one, why in seen.failed.items() if one in wanted}
            if broken and self.options["state"] != "absent" and self.cloud.monotonic() - start > _BELIEVED:
                raise FailedThere(
                    "Resource Sharing could not share "
                    + "; ".join(f"{one}: {why}" for one, why in sorted(broken.items()))
                    + "."
                )
            return not self.plan(seen).changed and not seen.moving

        state = wait_for(
            self.cloud,
            f"the resource share {self._name} to show the changes",
            self.find,
            done,
            _words,
            timeout=self.options["wait_timeout"],
        ).value
        return {"encrypted_share": shown(self._name, state, state.sources)}

    def foretell(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        if not plan.after:
            return {"encrypted_share": {}}
        old = actual.share or Share("", True, {}, {})
        targets = {one: old.targets.get(one, "") for one in plan.after["targets"]}
        share = old._replace(snapshots=dict.fromkeys(plan.after["snapshot_ids"], ""), targets=targets)
        told = shown(self._name, State(share, actual.status), actual.sources)
        unknown = {"status", "invited_account_ids"} if plan.changed else set()
        if actual.share is None:
            unknown.add("resource_share_id")
        return {"encrypted_share": told_ahead(told, {}, unknown)}

    # ------------------------------------------------------------------ steps

    def create_share(self, snapshots: list[str], targets: list[str]) -> None:
        params = {
            **_entities(snapshots, targets),
            "ResourceShareName": self._name,
            "AllowExternalTargets": self.options["allow_external"],
            "Tag": self._owner_tag,
        }
        deadline = self.cloud.monotonic() + self.cloud.connection.api_timeout
        while not self._created:
            try:
                answer = self.cloud.call(_PRODUCT, "CreateResourceShare", params)
                self._created = str(answer["ResourceShare"]["ResourceShareId"])
            except OutcomeUnknown:
                found = seen_within(self.cloud, lambda: list_shares(self.cloud, self._name) or None, _DOUBT)
                if found is not None:
                    self._created = str(found[0]["ResourceShareId"])
                elif self.cloud.monotonic() > deadline:
                    raise
        self._give_way()

    def _give_way(self) -> None:
        """Give up the share just made where a parallel run has made one of this name, which the API allows.

        :raises UnexpectedState: that was so, and the older share may have other members
        """

        def made() -> list[twins.Twin]:
            return [one for one in map(_twin, list_shares(self.cloud, self._name)) if one]

        kept = twins.to_use(self.cloud, self._created, made)
        if kept != self._created:
            twins.give_up(f"the resource share {self._name}", self._created, kept, self.delete_share)
            raise UnexpectedState(f"Somebody else made a resource share {self._name} at the same moment.")

    @property
    def _owner_tag(self) -> list[dict[str, str]]:
        return tags.to_api({tags.OWNER_KEY: f"encrypted_share/{self._name}"})

    def tag_share(self) -> None:
        share = {"ResourceType": "ResourceShare", "ResourceId": [self._share_id()]}
        self.cloud.call(_PRODUCT, "TagResources", share, Tag=self._owner_tag)

    def allow_external(self) -> None:
        self.cloud.call(_PRODUCT, "UpdateResourceShare", ResourceShareId=self._share_id(), AllowExternalTargets=True)

    def associate(self, snapshots: list[str], targets: list[str]) -> None:
        params = {**_entities(snapshots, targets), "ResourceShareId": self._share_id()}
        self.cloud.call(_PRODUCT, "AssociateResourceShare", params)

    def disassociate(self, snapshots: list[str], targets: list[str]) -> None:
        params = {**_entities(snapshots, targets), "ResourceShareId": self._share_id()}
        try:
            self.cloud.call(_PRODUCT, "DisassociateResourceShare", params)
        except CloudError as error:
            if error.code != _NOT_IN_IT:
                raise
            # Somebody else has taken some of them out in the meantime.
            share = self.find().share
            held = {**share.snapshots, **share.targets} if share else {}
            left = [[one for one in ids if one in held] for ids in (snapshots, targets)]
            if left == [snapshots, targets]:
                raise
            if any(left):
                self.cloud.call(
                    _PRODUCT, "DisassociateResourceShare", {**_entities(*left), "ResourceShareId": self._share_id()}
                )

    def delete_share(self) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call(_PRODUCT, "DeleteResourceShare", ResourceShareId=self._share_id())

    def _share_id(self) -> str:
        if not self._created:
            found = list_shares(self.cloud, self._name)
            if not found:
                raise UnexpectedState(f"There is no resource share {self._name} any more.")
            self._created = str(found[0]["ResourceShareId"])
        return self._created


def _entities(snapshots: list[str], targets: list[str]) -> dict[str, t.Any]:
    params: dict[str, t.Any] = {}
    if snapshots:
        params["Resources"] = [{"ResourceId": one, "ResourceType": _SNAPSHOT} for one in snapshots]
    if targets:
        params["Targets"] = targets
    return params


def _words(state: State) -> str:
    if state.share is None:
        return "not there"
    held = {**state.share.snapshots, **state.share.targets}
    found = [f"{one} {status}" for one, status in held.items()]
    found += [f"{one} Disassociating" for one in state.moving if one not in held]
    return ", ".join([*found, *(f"{one} Failed ({why})" for one, why in state.failed.items())]) or "empty"
