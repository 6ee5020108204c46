# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner of shares: parts that the API takes, and nothing left to plan afterwards."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.recipients import Recipients, untrusted
from ansible_collections.alitrust.ecs.plugins.module_utils._share import record
from ansible_collections.alitrust.ecs.plugins.module_utils._share.planner import (
    Share,
    State,
    WantedShare,
    plan_image,
    plan_snapshots,
)
from ansible_collections.alitrust.ecs.plugins.module_utils._share.snapshots import target_ids

ACCOUNTS = st.lists(st.integers(10**15, 10**15 + 30).map(str), unique=True, max_size=25)
SOME = st.lists(st.integers(10**15, 10**15 + 30).map(str), unique=True, min_size=1, max_size=25)
SNAPSHOTS = st.lists(st.sampled_from([f"s-{letter}" for letter in "abcdefghijk"]), unique=True, min_size=1)
STATES = st.sampled_from(["present", "absent", "exact"])


@given(ACCOUNTS, SOME | st.none(), STATES)
def test_an_image_is_shared_ten_accounts_at_a_time(held: list[str], wanted: list[str] | None, state: State) -> None:
    if wanted is None:
        state = "absent"
    plan = plan_image("m-a", held, wanted, state)
    left = set(held)
    for step in plan.steps:
        accounts = step.args["accounts"]
        assert 1 <= len(accounts) <= 10
        left = left | set(accounts) if step.do == "share" else left - set(accounts)
    assert sorted(left) == plan.after["account_ids"]
    assert not plan_image("m-a", sorted(left), wanted, state).changed
    if state == "exact":
        assert left == set(wanted or ())


def applied(share: Share | None, steps: t.Iterable[t.Any]) -> Share | None:
    """A resource share after the steps."""
    for step in steps:
        if step.do == "delete_share":
            return None
        share = share or Share("rs-a", True, {}, {})
        if step.do == "allow_external":
            share = share._replace(allow_external=True)
            continue
        assert all(len(ids) <= 5 for ids in step.args.values())
        parts: dict[str, t.Any] = {}
        for kind, ids in step.args.items():
            old = dict(getattr(share, kind))
            gone = {one: old[one] for one in old if one not in ids}
            parts[kind] = gone if step.do == "disassociate" else {**old, **dict.fromkeys(ids, "Associated")}
        share = share._replace(**parts)
    return share


@given(
    st.none()
    | st.builds(
        lambda s, a, e: Share("rs-a", e, dict.fromkeys(s, ""), dict.fromkeys(a, "")), SNAPSHOTS, SOME, st.booleans()
    ),
    STATES,
    SNAPSHOTS,
    SOME | st.none(),
)
def test_snapshots_are_shared_five_at_a_time(
    share: Share | None, state: State, snapshots: list[str], accounts: list[str] | None
) -> None:
    if accounts is None:
        state = "absent"
    wanted = WantedShare("backup", state, tuple(snapshots), None if accounts is None else tuple(accounts), True)
    made = applied(share, plan_snapshots(share, wanted).steps)
    assert not plan_snapshots(made, wanted).changed
    if state == "exact":
        assert made is not None
        assert (set(made.snapshots), set(made.targets)) == (set(snapshots), set(accounts or ()))
    if state == "absent" and made is not None:
        gone = set(snapshots) & set(made.snapshots) if accounts is None else set(accounts) & set(made.targets)
        assert not gone


def test_an_account_too_many_is_told() -> None:
    accounts = [str(10**15 + number) for number in range(65)]
    with pytest.raises(UnexpectedState, match="51 accounts; at most 50"):
        plan_image("m-a", accounts[:50], accounts[50:51], "present")
    with pytest.raises(UnexpectedState, match="65 recipients"):
        plan_snapshots(None, WantedShare("backup", "present", ("s-a",), tuple(accounts), True))


@pytest.mark.parametrize(
    ("trusted", "wanted", "left_out"),
    [
        (("account_ids", "1", "2"), ("account_ids", "2", "3"), ["3"]),
        (("resource_directory_ids", "rd-A"), ("account_ids", "1"), []),  # may be in it
        (("resource_directory_ids", "rd-A"), ("folder_paths", "rd-A/r-B/fd-C*"), []),
        (("resource_directory_ids", "rd-A"), ("folder_paths", "rd-D/r-B/fd-C*"), ["rd-D/r-B/fd-C*"]),
        (("folder_paths", "rd-A/r-B*"), ("folder_paths", "rd-A/r-B/fd-C*"), []),
        (("folder_paths", "rd-A/r-B/fd-C*"), ("folder_paths", "rd-A/r-B*"), ["rd-A/r-B*"]),
        (("folder_paths", "rd-A/r-B*"), ("resource_directory_ids", "rd-A"), ["rd-A"]),
        (("account_ids", "1"), ("resource_directory_ids", "rd-A"), ["rd-A"]),
        (None, ("account_ids", "1"), []),  # none of the documented trust policies: not judged
    ],
)
def test_whom_a_share_role_leaves_out(
    trusted: tuple[t.Any, ...] | None, wanted: tuple[t.Any, ...], left_out: list[str]
) -> None:
    role = Recipients(trusted[0], trusted[1:]) if trusted else None
    assert untrusted(role, Recipients(wanted[0], wanted[1:])) == left_out


@given(ACCOUNTS, SOME, st.sampled_from(["present", "exact"]))
def test_new_recipients_come_before_others_go(held: list[str], wanted: list[str], state: State) -> None:
    steps = plan_image("m-a", held, wanted, state).steps
    first_share = next((number for number, step in enumerate(steps) if step.do == "share"), 0)
    early = [one for step in steps[:first_share] for one in step.args["accounts"]]
    assert len(early) == max(0, len(held) + len(set(wanted) - set(held)) - 50 if first_share else 0), "only as needed"
    after = [step.do for step in steps[first_share:]]
    assert after == sorted(after)


def test_only_as_many_go_first_as_make_room() -> None:
    numbers = [str(10**15 + number) for number in range(80)]
    steps = plan_image("m-a", numbers[:49], [*numbers[:20], *numbers[60:65]], "exact").steps
    assert [(step.do, len(step.args["accounts"])) for step in steps] == [
        ("unshare", 4),
        ("share", 5),
        ("unshare", 10),
        ("unshare", 10),
        ("unshare", 5),
    ]
    share = Share("rs-a", True, {"s-a": ""}, dict.fromkeys(numbers[:64], ""))
    wanted = WantedShare("backup", "exact", ("s-a",), (*numbers[:62], numbers[70]), True)
    assert [(step.do, step.args["targets"]) for step in plan_snapshots(share, wanted).steps] == [
        ("disassociate", [numbers[62]]),
        ("associate", [numbers[70]]),
        ("disassociate", [numbers[63]]),
    ]


@given(ACCOUNTS)
def test_a_record_of_accounts_is_read_as_it_was_written(accounts: list[str]) -> None:
    to_set, to_remove = record.changes({"team": "ops"}, accounts)
    assert not to_remove
    assert all(len(value) <= 128 for value in to_set.values())
    assert record.accounts_in({"team": "ops", **to_set}) == set(accounts)
    assert record.changes(to_set, accounts) == ({}, [])
    assert record.changes(to_set, []) == ({}, sorted(to_set))


PLAIN, ADOPT, LEAVE = Terms(), Terms(adopt=True), Terms(leave_others=True)


def test_only_accounts_that_this_collection_added_are_taken_away() -> None:
    with pytest.raises(UnexpectedState, match="did not make it and does not end it"):
        plan_image("m-a", ["1", "2"], None, "absent", {"1"})
    left = plan_image("m-a", ["1", "2"], None, "absent", {"1"}, LEAVE)
    assert left.after["account_ids"] == ["2"]
    assert "with 2 stays" in left.kept[0]
    assert plan_image("m-a", ["1", "2"], None, "absent", {"1"}, ADOPT).after["account_ids"] == []
    assert [step.do for step in plan_image("m-a", ["2"], ["2"], "present", (), ADOPT).steps] == ["record"]


def test_what_is_recorded_and_not_shared_any_more_is_forgotten() -> None:
    """A run was cut off in between. Recorded, what others share later would pass for ours."""
    steps = plan_image("m-a", ["1"], None, "absent", {"1", "2"}).steps
    assert [(step.do, step.args["accounts"]) for step in steps] == [("unshare", ["1"]), ("forget", ["2"])]
    assert [step.do for step in plan_image("m-a", [], ["2"], "absent", {"2"}).steps] == ["forget"]
    assert not plan_image("m-a", [], ["1"], "absent", {"2"}).changed
    assert [step.do for step in plan_image("m-a", ["1"], ["1"], "exact", {"1", "2"}).steps] == ["forget"]
    assert [step.do for step in plan_image("m-a", [], ["2"], "exact", {"2"}).steps] == ["share"]
    assert not plan_image("m-a", ["1"], ["1"], "present", {"1", "2"}).changed


def test_a_resource_share_of_others_is_used_as_it_is_or_not_at_all() -> None:
    share = Share("rs-a", True, {"s-a": ""}, {"1": ""}, ours=False)

    def wanted(state: State, targets: tuple[str, ...] | None, terms: Terms) -> WantedShare:
        return WantedShare("backup", state, ("s-a",), targets, True, terms)

    for state, targets in (("absent", None), ("exact", ("2",))):
        with pytest.raises(UnexpectedState, match="did not make it"):
            plan_snapshots(share, wanted(t.cast("State", state), targets, PLAIN))
    assert plan_snapshots(share, wanted("absent", None, LEAVE)).kept
    assert plan_snapshots(share, wanted("present", ("1",), LEAVE)).kept
    with pytest.raises(UnexpectedState, match="does not have 2"):
        plan_snapshots(share, wanted("present", ("2",), LEAVE))
    assert [step.do for step in plan_snapshots(share, wanted("present", ("1",), ADOPT)).steps] == ["tag_share"]
    assert plan_snapshots(share, wanted("present", ("2",), PLAIN)).changed, "more may be given to it"


def test_a_folder_is_known_by_its_own_id() -> None:
    paths = ("rd-A/r-B/fd-C*", "rd-A/r-B/fd-C/fd-D/*", "rd-A/r-B*")
    assert target_ids(Recipients("folder_paths", paths)) == ("fd-C", "fd-D", "rd-A")
