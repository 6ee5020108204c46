# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is the same of snapshots and images: made or copied, waited for, changed, deleted. Private."""

from __future__ import annotations

import abc
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AccessDenied, CloudError, NotFound, Twins, UnexpectedState
from .._cloud.writes import DOUBT
from .._core import ownership, tagging, twins
from .._core import tags as tags_of
from .._core.module import TAGS_SPEC
from .._core.plan import Plan
from .._core.removal import delete_when_free, lasting_users
from .._core.resource import Resource
from .._core.waiter import seen_within, wait_for
from .._kms import disk_encryption
from . import planner
from .planner import Actual, Desired, Kind
from .shape import Shape

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str"},
    "source_region": {"type": "str"},
    "encrypted": {"type": "bool"},
    "kms_key_id": {"type": "str", "no_log": False},
    "description": {"type": "str"},
    **TAGS_SPEC,
    **ownership.SPEC,
    "force": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 3600},
}
_SHOWN = 20


class Stored(Resource[Actual]):
    """One snapshot or one image, by ID or by name.

    :cvar kind: which of the two
    :cvar blocked: error codes by which Alibaba Cloud says that it is in use
    :cvar mend: what to do about those who use it
    """

    kind: t.ClassVar[Kind]
    blocked: t.ClassVar[tuple[str, ...]]
    mend: t.ClassVar[str]

    def __init__(self, cloud: Cloud, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.desired = Desired(self.kind)
        self._id = ""

    @property
    def _source(self) -> Cloud:
        """The door to the region of what is copied."""
        return self.cloud.in_region(self.desired.source_region)

    @property
    def _source_id(self) -> str:
        return self.desired.source[1] if self.desired.source else ""

    def validate(self) -> None:
        self.desired = Desired.from_options(self.kind, self.options)
        self.desired.check(self.cloud.region)
        self.cloud.in_region(self.desired.source_region)  # is it one?

    def find(self) -> Actual:
        self._resolve_key()
        thing = self._thing()
        if thing is None:
            return Actual()
        self._id = thing[self.kind.key]
        if not planner.may_go(self.desired, thing):
            return Actual(thing)
        if self.desired.terms.leave_others:
            return Actual(thing, tuple(lasting_users(self.cloud, self._words_of_users)))
        return Actual(thing, tuple(self._words_of_users()))

    def plan(self, actual: Actual) -> Plan:
        return planner.plan(self.desired, actual, self.cloud.region)

    def preflight(self, plan: Plan, actual: Actual) -> None:
        if plan.does("create", "copy"):
            self._check_source()
            self._check_encryption()

    # ------------------------------------------------------------------ what the two differ in

    @abc.abstractmethod
    def _read(self, ids: t.Collection[str] | None = None, name: str | None = None) -> list[Shape]:
        """Those of the region, by ID or by exact name, the oldest first."""

    @abc.abstractmethod
    def _users(self) -> t.Iterator[tuple[str, list[str]]]:
        """Nouns, and names of what uses it."""

    @abc.abstractmethod
    def _check_source(self) -> None:
        """:raises UnexpectedState: nothing can be made of the source as it is"""

    @abc.abstractmethod
    def _request(self, labels: dict[str, str], *, copy: bool) -> str:
        """Have it made; returns its ID."""

    @abc.abstractmethod
    def _modify(self, changes: dict[str, t.Any]) -> None:
        """Change its description and the like."""

    @abc.abstractmethod
    def _delete_it(self) -> None:
        """Delete it."""

    # ------------------------------------------------------------------ steps

    def create(self, labels: dict[str, str]) -> None:
        self._make(labels, copy=False)

    def copy(self, labels: dict[str, str]) -> None:
        self._make(labels, copy=True)

    def describe(self, changes: dict[str, t.Any]) -> None:
        self._modify(changes)

    def tag(self, to_set: dict[str, str], to_remove: list[str]) -> None:
        tagging.write(self.cloud, "ecs", self.kind.noun, [self._id], to_set, to_remove)

    def delete(self) -> None:
        delete_when_free(
            self.cloud,
            self.desired.label,
            self._delete_it,
            self._words_of_users,
            blocked=self.blocked,
            timeout=self.options["wait_timeout"],
            hint=self.mend,
        )

    def _make(self, labels: dict[str, str], *, copy: bool) -> None:
        try:
            self._id = self._request(labels, copy=copy)
        except CloudError as error:
            # Another run of this task may have it made at the same moment.
            if error.code not in ("InvalidImageName.Duplicated", "IncorrectDiskStatus.CreatingSnapshot"):
                raise
            found = seen_within(self.cloud, self._made, DOUBT)
            if found is None:
                raise
            self._id = found[self.kind.key]
            return
        self._settle_duplicates()

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        if not self.desired.present:
            self._until_gone()
            return self._result(None, actual)
        kind = self.kind

        def poll() -> Shape | None:
            found = self._read([self._id])
            if not found or not self._shows(plan, found[0]):
                self.cloud.reads_are_behind()
            return found[0] if found else None

        def words(thing: Shape | None) -> str:
            if thing is None:
                return "not listed yet"
            if thing["status"] in kind.coming:
                return " ".join(filter(None, (thing["status"], thing["progress"])))
            return thing["status"] if self._shows(plan, thing) else "without the changes"

        def done(thing: Shape | None) -> bool:
            return thing is not None and thing["status"] not in kind.coming and self._shows(plan, thing)

        what = f"{self.desired.label} to be {kind.ready}"
        timeout = self.options["wait_timeout"]
        waited = wait_for(self.cloud, what, poll, done, words, timeout=timeout, longest=10.0)
        thing = t.cast("Shape", waited.value)
        if thing["status"] not in (kind.ready, "Deprecated"):
            raise UnexpectedState(
                f"The {planner.title(kind, thing)} has become {thing['status']} instead of {kind.ready}.",
                hint="Delete it with state: absent, and run the task again.",
            )
        return self._result(thing, actual)

    def foretell(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        kind, foretold = self.kind, self.cloud.foretold
        thing = actual.thing
        if not self.desired.present:
            if thing is None or plan.kept:
                return self._result(thing, actual)
            foretold.would_delete(kind.noun, self._id, thing["name"])
            return self._result(None, actual)
        if not plan.changed:
            return self._result(thing, actual)
        if thing is None:
            told = {"progress": "", "creation_time": "", **self._unborn(), **plan.after}
            prefix = "s" if kind is planner.SNAPSHOT else "m"
            made_up = foretold.would_make(kind.noun, prefix, told["name"], thing=told)
            # What is not known before it is there is null; of a source that is encrypted, so is the copy.
            unknown = {key: None for key, value in told.items() if not value and key not in plan.after}
            return self._result({**told, **unknown, kind.key: made_up, "status": None}, actual)
        after = {**thing, **plan.after}
        told = {key: value for key, value in after.items() if key != kind.key}
        foretold.would_change(kind.noun, self._id, after["name"], thing=told)
        return self._result(after, actual)

    @abc.abstractmethod
    def _unborn(self) -> Shape:
        """One that would be made, as it would be when it is ready, without its ID; what is not known is blank."""

    def _result(self, thing: Shape | None, actual: Actual) -> dict[str, t.Any]:
        return {self.kind.noun: thing}

    # ------------------------------------------------------------------ reading

    def _thing(self) -> Shape | None:
        """The one that the task is about.

        :raises UnexpectedState: several have the name
        """
        if self.desired.id:
            return next(iter(self._read([self.desired.id])), None)
        found = self._read(name=self.desired.name)
        if self.desired.terms.leave_others:
            found = ownership.ours_first(found, lambda one: one["tags"])
        if len(found) > 1:
            ours = all(ownership.proven(one["tags"]) for one in found)
            raise (Twins if ours else UnexpectedState)(
                f"{len(found)} {self.kind.noun}s are named {self.desired.name}: "
                f"{', '.join(one[self.kind.key] for one in found)}.",
                hint=f"Say which one with {self.kind.key}.",
            )
        return found[0] if found else None

    def _made(self) -> Shape | None:
        """One that this task, or another run of it, has made."""
        mark = tags_of.fitting(str(self.desired.name))
        ours = (one for one in self._read(name=self.desired.name) if one["tags"].get(tags_of.OWNER_KEY) == mark)
        return next(ours, None)

    def _settle_duplicates(self) -> None:
        """Give way to an older one of this name that a broken-off or parallel run of this task made."""
        mark = tags_of.fitting(str(self.desired.name))

        def made() -> list[twins.Twin]:
            return [
                twins.Twin(one["creation_time"], one[self.kind.key])
                for one in self._read(name=self.desired.name)
                if one["tags"].get(tags_of.OWNER_KEY) == mark
            ]

        own, self._id = self._id, twins.to_use(self.cloud, self._id, made)
        if own != self._id:
            used, self._id = self._id, own
            try:
                self._delete_it()
            except NotFound:
                pass
            finally:
                self._id = used

    def _until_gone(self) -> None:
        """Wait until reads show that it is gone."""
        wait_for(
            self.cloud,
            f"{self.desired.label} to be gone",
            lambda: bool(self._read([self._id])),
            lambda there: not there,
            lambda there: "still listed",
            timeout=self.options["wait_timeout"],
            shows=True,
        )

    def _shows(self, plan: Plan, thing: Shape) -> bool:
        """Whether a read is as new as what was written."""
        names = ("description", self.kind.free)
        shown = all(thing[name] == plan.after[name] for name in names if plan.does("describe") and name in plan.after)
        if plan.does("create", "copy"):
            return True
        gone = set(plan.before.get("tags", ())) - set(plan.after["tags"])
        return shown and plan.after["tags"].items() <= thing["tags"].items() and not gone & set(thing["tags"])

    def _words_of_users(self) -> list[str]:
        if not self._id:
            return []
        return [_several(noun, names) for noun, names in self._users() if names]

    # ------------------------------------------------------------------ encryption

    def _resolve_key(self) -> None:
        """Put the ID of a key in the place of its alias, which ECS does not take."""
        alias = self.desired.kms_key_id
        if alias and alias.startswith("alias/") and self.desired.present:
            key_id = disk_encryption.key_ids(self.cloud, [alias]).get(alias, alias)
            self.desired = Desired(**{**vars(self.desired), "kms_key_id": key_id})

    def _check_encryption(self) -> None:
        """:raises UnexpectedState: what an encrypted copy needs is not there"""
        if not self.desired.encrypted:
            return
        try:
            problems = disk_encryption.problems(self.cloud, [self.desired.kms_key_id])
        except AccessDenied as denied:
            self.warnings.append(f"Whether the copy can be encrypted was not checked: {denied.message}")
            return
        if problems:
            raise UnexpectedState(f"The {self.desired.label} cannot be encrypted. {' '.join(problems)}")

    def _encryption(self) -> dict[str, t.Any]:
        """Parameters of a copy."""
        if not self.desired.encrypted:
            return {}
        return {"Encrypted": True, "KMSKeyId": self.desired.kms_key_id}


def there_is_no(cloud: Cloud, noun: str, key: str, option: str) -> UnexpectedState:
    """The failure of a task whose source does not exist."""
    return UnexpectedState(f"There is no {noun} {key} in {cloud.region}.", hint=f"Check {option} and the region.")


def not_usable(noun: str, key: str, status: str, wanted: str) -> UnexpectedState:
    """The failure of a task whose source is in another state."""
    return UnexpectedState(f"The {noun} {key} is {status}; it has to be {wanted}.", hint="Wait for it, and try again.")


def _several(noun: str, names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'} ({shown}{', ...' if len(names) > _SHOWN else ''})"
