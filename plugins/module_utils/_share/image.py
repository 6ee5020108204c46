# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The share of an image: accounts that may use it. Private."""

from __future__ import annotations

import contextlib
import typing as t

from .._cloud import writes
from .._cloud.door import Cloud
from .._cloud.errors import DryRunPassed, InvalidInput, UnexpectedState
from .._cloud.foretold import is_id
from .._core import ownership, tagging
from .._core.plan import Plan
from .._core.resource import Resource
from .._kms.share_role import ROLES
from .._ram import recipients
from .._ram.recipients import Recipients
from . import planner, readiness, record, sources
from .sources import Source

#: Between two looks at the record, in seconds.
_PAUSE = 1.0


class State(t.NamedTuple):
    """The image, and the accounts that it is shared with."""

    image: Source
    accounts: tuple[str, ...]


def read_accounts(cloud: Cloud, image_id: str) -> tuple[str, ...]:
    """The accounts that an image is shared with."""
    if is_id(image_id):
        return ()
    items = cloud.pages("ecs", "DescribeImageSharePermission", ImageId=image_id)
    return tuple(str(one["AliyunId"]) for one in items)


def shown(image: Source, accounts: t.Iterable[str]) -> dict[str, t.Any]:
    """The share of an image as the modules return it."""
    return {
        "kind": "image",
        "image_id": image.id,
        "encrypted": image.encrypted,
        "kms_key_ids": list(image.key_ids),
        "account_ids": sorted(accounts),
    }


class ImageShare(Resource[State]):
    """Which accounts may use an image."""

    def __init__(self, cloud: Cloud, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self._noted: set[str] = set()  # accounts that this task has recorded
        self._forgotten: set[str] = set()
        self._labels: dict[str, str] = {}  # tags as the task has found them

    def validate(self) -> None:
        for name in ("name", "resource_directory_ids", "folder_paths"):
            if self.options[name]:
                raise InvalidInput(f"{name} is about snapshots; an image is shared with accounts, by account_ids.")
        if self._recipients is None and self.options["state"] != "absent":
            raise InvalidInput(
                "account_ids is needed; to share the image with nobody any more, set state to absent without it."
            )

    @property
    def _recipients(self) -> Recipients | None:
        return recipients.from_options(self.options)

    @property
    def _image_id(self) -> str:
        return str(self.options["image_id"])

    def find(self) -> State:
        image = sources.read_image(self.cloud, self._image_id)
        self._labels = dict(image.tags)
        return State(image, read_accounts(self.cloud, self._image_id))

    def plan(self, actual: State) -> Plan:
        wanted = self._recipients
        ids = wanted.ids if wanted else None
        ours = record.accounts_in(actual.image.tags)
        terms = ownership.Terms.from_options(self.options)
        return planner.plan_image(self._image_id, actual.accounts, ids, self.options["state"], ours, terms)

    def preflight(self, plan: Plan, actual: State) -> None:
        image = actual.image
        if image.status != "Available":
            raise UnexpectedState(f"The image {image.id} is {image.status}; only an Available image can be shared.")
        new = tuple(one for step in plan.steps if step.do == "share" for one in step.args["accounts"])
        if new:
            readiness.check(self.cloud, [image], Recipients("account_ids", new))
        full = len(actual.accounts) + len(new) > planner.ACCOUNTS_PER_IMAGE
        # The cloud itself cannot be asked where only what is removed makes room, or for a role that is not there yet.
        foretold = is_id(self._image_id) or self.cloud.foretold.find("ram_role", ROLES["share_image"]) is not None
        for step in plan.steps:
            if step.do == "share" and not full and not foretold:
                self._dry_run(step.args["accounts"])

    def _dry_run(self, accounts: list[str]) -> None:
        params = {"ImageId": self._image_id, "AddAccount": accounts, "DryRun": True}
        with contextlib.suppress(DryRunPassed):
            self.cloud.call("ecs", "ModifyImageSharePermission", params)

    def share(self, accounts: list[str]) -> None:
        # Recorded first: what a run leaves behind that is interrupted now can be told from what others made.
        self.record(accounts)
        self.cloud.call("ecs", "ModifyImageSharePermission", ImageId=self._image_id, AddAccount=accounts)

    def unshare(self, accounts: list[str]) -> None:
        self.cloud.call("ecs", "ModifyImageSharePermission", ImageId=self._image_id, RemoveAccount=accounts)
        self.forget(accounts)

    def forget(self, accounts: list[str]) -> None:
        self._noted -= set(accounts)
        self._forgotten |= set(accounts)
        # A read that is behind lacks what was found to be there.
        self._note(lambda recorded: recorded - self._forgotten, self._labels)

    def record(self, accounts: list[str]) -> None:
        self._forgotten -= set(accounts)
        self._noted |= set(accounts)
        self._note(lambda recorded: recorded | self._noted, {})

    def _note(self, change: t.Callable[[frozenset[str]], t.Collection[str]], known: t.Mapping[str, str]) -> None:
        """Change the record, as it is now.

        :param known: tags that may be there besides those that are read
        """
        labels = {**known, **sources.read_image(self.cloud, self._image_id).tags}
        to_set, to_remove = record.changes(labels, change(record.accounts_in(labels)))
        tagging.write(self.cloud, "ecs", "image", [self._image_id], to_set, to_remove)

    def settle(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        # Each account is looked for: the answers of the calls say nothing about a single one.
        # The record of whose they are may be ahead of them, and let one that was removed pass for somebody else's.
        before, after = set(plan.before["account_ids"]), set(plan.after["account_ids"])
        doubted_until = self.cloud.monotonic() + writes.DOUBT
        while True:
            state = self._once_shared(after - before, before - after, doubted_until)
            recorded = record.accounts_in(state.image.tags)
            # A run at the same time has taken the record away with its own share, or reads are behind.
            lost, stale = sorted(self._noted - recorded), sorted(self._forgotten & recorded)
            if lost:
                self.record(lost)
            if stale:
                self.forget(stale)
            if (not lost and not stale) or self.cloud.monotonic() > doubted_until:
                return {"encrypted_share": shown(state.image, state.accounts)}
            self.cloud.sleep(_PAUSE)

    def _once_shared(self, added: set[str], removed: set[str], doubted_until: float) -> State:
        """The state once it shows these changes.

        :raises UnexpectedState: a run at the same time has shared it again by the record that was just taken away
        """
        while True:
            try:
                return self.reread(
                    f"image {self._image_id}",
                    self.options["wait_timeout"],
                    lambda seen: {*seen.accounts} >= added and not {*seen.accounts} & removed,
                )
            except UnexpectedState:
                # The record may also be ahead of the share, and let an account pass for that of somebody else.
                if self.cloud.monotonic() > doubted_until:
                    back = removed & set(read_accounts(self.cloud, self._image_id))
                    if back:
                        self.record(sorted(back))
                    raise
                self.cloud.sleep(_PAUSE)

    def foretell(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        return {"encrypted_share": shown(actual.image, plan.after["account_ids"])}
