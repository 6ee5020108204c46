# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to share with these recipients and no others. Private; pure functions."""

from __future__ import annotations

import typing as t

from .._cloud.door import chunks
from .._cloud.errors import UnexpectedState
from .._core import ownership
from .._core.plan import Plan, Step
from . import record

#: Accounts in one call of ModifyImageSharePermission; more are ignored without a word.
ACCOUNTS_AT_ONCE = 10
#: Accounts that an image can be shared with.
ACCOUNTS_PER_IMAGE = 50
#: Resources, and targets, in one call of Resource Sharing.
ENTITIES_AT_ONCE = 5
#: Accounts that a snapshot can be shared with.
TARGETS_PER_SNAPSHOT = 64

State = t.Literal["present", "absent", "exact"]
_PLAIN = ownership.Terms()


def difference(held: t.Iterable[str], wanted: t.Sequence[str] | None, state: State) -> tuple[list[str], list[str]]:
    """What is to be added and what is to be removed.

    :param wanted: None means with C(absent): all of them
    """
    held, wanted_now = list(held), list(wanted or ())
    if state == "absent":
        return [], [one for one in held if wanted is None or one in wanted_now]
    added = [one for one in wanted_now if one not in held]
    return added, [one for one in held if one not in wanted_now] if state == "exact" else []


# ---------------------------------------------------------------------- images


def _making_room(removed: list[str], excess: int) -> tuple[list[str], list[str]]:
    """Who goes first and who goes last: nobody is let go before the others are in, unless only that makes room."""
    first = max(0, excess)
    return removed[:first], removed[first:]


def plan_image(
    image_id: str,
    held: t.Sequence[str],
    wanted: t.Sequence[str] | None,
    state: State,
    ours: t.Collection[str] | None = None,
    terms: ownership.Terms = _PLAIN,
) -> Plan:
    """:param ours: accounts that are recorded as those that this collection has shared it with; None: all of them
    :raises UnexpectedState: more accounts than an image can be shared with, or others share it with one that has to go
    """
    added, removed = difference(held, wanted, state)
    theirs = [] if ours is None else [one for one in held if one not in ours]
    kept = None
    if foreign := [one for one in removed if one in theirs]:
        what = f"share of image {image_id} with {', '.join(foreign)}"
        kept = ownership.reason_to_stay(what, ours=False, terms=terms, proof=record.PROOF, verb="end")
    elif met := [one for one in theirs if state != "absent" and one in (wanted or ())]:
        what = f"share of image {image_id} with {', '.join(met)}"
        kept = ownership.used_as_it_is(what, ours=False, terms=terms)
    removed = [one for one in removed if not kept or one not in theirs]
    left = [one for one in held if one not in removed] + added
    if len(left) > ACCOUNTS_PER_IMAGE and added:
        raise UnexpectedState(
            f"The image {image_id} would be shared with {len(left)} accounts; at most {ACCOUNTS_PER_IMAGE} are "
            "possible.",
            hint="Remove accounts first, or share a copy of the image.",
        )

    def less(accounts: t.Sequence[str]) -> list[Step]:
        return [
            Step(f"stop sharing image {image_id} with {', '.join(part)}", "unshare", {"accounts": part})
            for part in chunks(accounts, ACCOUNTS_AT_ONCE)
        ]

    more = [
        Step(f"share image {image_id} with {', '.join(part)}", "share", {"accounts": part})
        for part in chunks(added, ACCOUNTS_AT_ONCE)
    ]
    early, late = _making_room(removed, len(held) + len(added) - ACCOUNTS_PER_IMAGE if added else 0)
    steps = [*less(early), *more, *less(late)]
    adopted = [one for one in theirs if terms.adopt and state != "absent" and one in (wanted or ())]
    if adopted:
        name = f"adopt the share of image {image_id} with {', '.join(adopted)}"
        steps.insert(0, Step(name, "record", {"accounts": adopted}))
    before, after = _image_view(image_id, held), _image_view(image_id, left)
    # A run that was cut off between a share and its record. Left there, it would make ours what others share later.
    recorded = [one for one in sorted(ours or ()) if one not in held]
    stale = difference(recorded, wanted, state)[1]
    if stale:
        name = f"forget that image {image_id} was shared with {', '.join(stale)}"
        steps.append(Step(name, "forget", {"accounts": stale}))
        before["recorded_account_ids"] = recorded
        after["recorded_account_ids"] = [one for one in recorded if one not in (*stale, *added)]
    return Plan(before, after, tuple(steps), kept=(kept,) if kept else ())


def _image_view(image_id: str, accounts: t.Iterable[str]) -> dict[str, t.Any]:
    return {"image_id": image_id, "account_ids": sorted(accounts)}


# ---------------------------------------------------------------------- snapshots


class Share(t.NamedTuple):
    """A resource share as Resource Sharing has it.

    :ivar snapshots: ID -> status of its association, of those that are in it or on their way
    :ivar targets: the same of accounts, directories and folders
    :ivar ours: whether this collection made it
    """

    id: str
    allow_external: bool
    snapshots: t.Mapping[str, str]
    targets: t.Mapping[str, str]
    ours: bool = True


class WantedShare(t.NamedTuple):
    """A resource share as a task wants it.

    :ivar snapshots: None with C(absent): not given
    :ivar targets: likewise
    """

    name: str
    state: State
    snapshots: tuple[str, ...] | None
    targets: tuple[str, ...] | None
    allow_external: bool
    terms: ownership.Terms = _PLAIN

    @property
    def title(self) -> str:
        """In words."""
        return f"resource share {self.name}"


def plan_snapshots(share: Share | None, wanted: WantedShare) -> Plan:
    """What it takes.

    :raises UnexpectedState: more accounts than a snapshot can be shared with; or others made the share, and it would
        lose something or does not do as it is
    """
    before = _share_view(wanted.name, share.snapshots, share.targets) if share else {}
    if wanted.state == "absent":
        return _plan_unshare(share, wanted, before)
    snapshots, targets = wanted.snapshots or (), wanted.targets or ()
    if share is None:
        after = _share_view(wanted.name, snapshots, targets)
        _check_number(wanted, after)
        first = {"snapshots": list(snapshots[:ENTITIES_AT_ONCE]), "targets": list(targets[:ENTITIES_AT_ONCE])}
        words = f"create the resource share {wanted.name} of {_words(**first)}"
        steps = [Step(words, "create_share", first)]
        steps += _steps("add", "associate", snapshots[ENTITIES_AT_ONCE:], targets[ENTITIES_AT_ONCE:], wanted.name)
        return Plan(before, after, tuple(steps))
    new_snapshots, old_snapshots = difference(share.snapshots, snapshots, wanted.state)
    new_targets, old_targets = difference(share.targets, targets, wanted.state)
    after = _share_view(
        wanted.name,
        [*(one for one in share.snapshots if one not in old_snapshots), *new_snapshots],
        [*(one for one in share.targets if one not in old_targets), *new_targets],
    )
    if kept := ownership.used_as_it_is(wanted.title, ours=share.ours, terms=wanted.terms):
        if new_snapshots or new_targets:
            raise UnexpectedState(
                f"The {wanted.title} is not this collection's, so it has to be used as it is; but it does not have "
                f"{', '.join([*new_snapshots, *new_targets])}.",
                hint=ownership.adopt_hint("change"),
            )
        return Plan(before, before, kept=(kept,))
    if old_snapshots or old_targets:
        ownership.reason_to_stay(wanted.title, ours=share.ours, terms=wanted.terms, verb="take anything out of")
    _check_number(wanted, after)
    steps = []
    if wanted.terms.adopt and not share.ours:
        steps.append(Step(f"adopt the {wanted.title}", "tag_share"))
    if wanted.allow_external and not share.allow_external and any(one.isdigit() for one in new_targets):
        steps.append(
            Step(f"let the resource share {wanted.name} have accounts outside the directory", "allow_external")
        )
    excess = len(share.targets) + len(new_targets) - TARGETS_PER_SNAPSHOT if new_targets else 0
    early, late = _making_room(old_targets, excess)
    steps += _steps("remove", "disassociate", [], early, wanted.name)
    steps += _steps("add", "associate", new_snapshots, new_targets, wanted.name)
    steps += _steps("remove", "disassociate", old_snapshots, late, wanted.name)
    return Plan(before, after, tuple(steps))


def _plan_unshare(share: Share | None, wanted: WantedShare, before: dict[str, t.Any]) -> Plan:
    if share is None:
        return Plan({}, {})
    snapshots, targets = wanted.snapshots, wanted.targets
    gone_targets = difference(share.targets, targets, "absent")[1] if targets is not None else []
    # With recipients given the snapshots only say which share is meant.
    gone_snapshots = difference(share.snapshots, snapshots, "absent")[1] if targets is None else []
    if not gone_snapshots and not gone_targets and share.snapshots and share.targets:
        return Plan(before, before)
    kept = ownership.reason_to_stay(wanted.title, ours=share.ours, terms=wanted.terms, verb="end")
    if kept:
        return Plan(before, before, kept=(kept,))
    left_snapshots = [one for one in share.snapshots if one not in gone_snapshots]
    left_targets = [one for one in share.targets if one not in gone_targets]
    if not left_snapshots or not left_targets:  # a share of nothing, or with nobody
        return Plan(before, {}, (Step(f"delete the resource share {wanted.name}", "delete_share"),))
    steps = _steps("remove", "disassociate", gone_snapshots, gone_targets, wanted.name)
    return Plan(before, _share_view(wanted.name, left_snapshots, left_targets), tuple(steps))


def _steps(verb: str, do: str, snapshots: t.Sequence[str], targets: t.Sequence[str], name: str) -> list[Step]:
    join = "to" if verb == "add" else "from"
    parts: list[dict[str, list[str]]] = []
    for kind, ids in (("snapshots", snapshots), ("targets", targets)):
        parts += [{"snapshots": [], "targets": [], kind: part} for part in chunks(ids, ENTITIES_AT_ONCE)]
    return [Step(f"{verb} {_words(**part)} {join} the resource share {name}", do, dict(part)) for part in parts]


def _words(snapshots: t.Sequence[str], targets: t.Sequence[str]) -> str:
    return " with ".join(", ".join(ids) for ids in (snapshots, targets) if ids)


def _check_number(wanted: WantedShare, after: dict[str, t.Any]) -> None:
    if len(after["targets"]) > TARGETS_PER_SNAPSHOT:
        raise UnexpectedState(
            f"The resource share {wanted.name} would have {len(after['targets'])} recipients; a snapshot can be "
            f"shared with at most {TARGETS_PER_SNAPSHOT}."
        )


def _share_view(name: str, snapshots: t.Iterable[str], targets: t.Iterable[str]) -> dict[str, t.Any]:
    return {"name": name, "snapshot_ids": sorted(snapshots), "targets": sorted(targets)}
