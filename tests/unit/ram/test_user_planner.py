# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planners of users and groups: what they plan leads to what is wanted, and then nothing is left to plan."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import user_planner, users
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.access_key_file import FileState
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.policies import PolicyRef
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.user_planner import (
    GroupState,
    UserState,
    WantedGroup,
    WantedUser,
)
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.users import (
    PROFILE,
    AccessKey,
    Group,
    LoginProfile,
    User,
)

NAMES = st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(lambda names: tuple(sorted(names)))
POLICIES = st.lists(
    st.builds(PolicyRef, st.sampled_from(["System", "Custom"]), st.sampled_from(["p", "q"])), unique=True
).map(lambda refs: tuple(sorted(refs)))
MAYBE = st.none() | st.booleans()
TEXTS = st.sampled_from(["", "x", "y"])


def user(**profile: str) -> User:
    return User("ann", "3", {**dict.fromkeys(PROFILE, ""), **profile}, "", "", "")


USERS = st.builds(
    UserState,
    user=st.builds(lambda comments, email: user(comments=comments, email=email), TEXTS, TEXTS),
    login=st.none() | st.builds(LoginProfile, st.booleans(), st.booleans()),
    groups=NAMES,
    policies=POLICIES,
) | st.just(UserState())
WANTED = st.builds(
    WantedUser,
    name=st.just("ann"),
    profile=st.dictionaries(st.sampled_from(["comments", "email"]), TEXTS),
    console_login=MAYBE,
    password=st.just(value=True),
    password_reset_required=MAYBE,
    mfa_bind_required=MAYBE,
    groups=st.none() | NAMES,
    purge_groups=st.booleans(),
    policies=st.none() | POLICIES,
    purge_policies=st.booleans(),
)
GROUPS = st.builds(
    GroupState,
    group=st.builds(lambda comments: Group("ops", "g-3", comments, "", ""), TEXTS),
    users=NAMES,
    policies=POLICIES,
) | st.just(GroupState())
WANTED_GROUP = st.builds(
    WantedGroup,
    name=st.just("ops"),
    comments=st.none() | TEXTS,
    users=st.none() | NAMES,
    purge_users=st.booleans(),
    policies=st.none() | POLICIES,
    purge_policies=st.booleans(),
)


class Simulated:
    """RAM as far as the steps of a plan go."""

    def __init__(self, state: t.Any) -> None:
        self.state = state

    def run(self, steps: t.Iterable[t.Any]) -> t.Any:
        for step in steps:
            getattr(self, step.do)(**step.args)
        return self.state

    def _change(self, **members: t.Any) -> None:
        self.state = replace(self.state, **members)

    def create_user(self, name: str, profile: dict[str, str]) -> None:
        assert self.state.user is None
        self._change(user=user(**profile))

    def update_user(self, name: str, profile: dict[str, str], ours: bool) -> None:
        self._change(user=user(**{**self.state.user.profile, **profile}))

    def create_login_profile(self, name: str, **rules: bool) -> None:
        assert self.state.login is None
        self._change(login=LoginProfile(**rules))

    def update_login_profile(self, name: str, new_password: bool, **rules: bool) -> None:
        self._change(login=replace(self.state.login, **rules))

    def delete_login_profile(self, name: str) -> None:
        assert self.state.login
        self._change(login=None)

    def create_group(self, name: str, comments: str | None) -> None:
        assert self.state.group is None
        self._change(group=Group(name, "g-3", comments or "", "", ""))

    def update_group(self, name: str, comments: str, ours: bool) -> None:
        self._change(group=replace(self.state.group, comments=comments))

    def join_group(self, user: str, group: str) -> None:
        self._member("groups" if isinstance(self.state, UserState) else "users", group, user, present=True)

    def leave_group(self, user: str, group: str) -> None:
        self._member("groups" if isinstance(self.state, UserState) else "users", group, user, present=False)

    def _member(self, kind: str, group: str, user: str, *, present: bool) -> None:
        name, members = group if kind == "groups" else user, set(getattr(self.state, kind))
        assert (name in members) != present
        self._change(**{kind: tuple(sorted(members | {name} if present else members - {name}))})

    def attach_policy(self, kind: str, entity: str, type: str, name: str) -> None:
        self._change(policies=tuple(sorted({*self.state.policies, PolicyRef(type, name)})))

    def detach_policy(self, kind: str, entity: str, type: str, name: str) -> None:
        self._change(policies=tuple(sorted({*self.state.policies} - {PolicyRef(type, name)})))

    def delete_user(self, name: str) -> None:
        assert self.state == UserState(user=self.state.user), "what is attached has to go first"
        self.state = UserState()

    def delete_group(self, name: str) -> None:
        assert self.state == GroupState(group=self.state.group), "what is attached has to go first"
        self.state = GroupState()


@given(USERS, WANTED)
def test_a_user_becomes_what_is_wanted_and_stays_so(actual: UserState, wanted: WantedUser) -> None:
    plan = user_planner.plan_user(actual, wanted)
    state = Simulated(actual).run(plan.steps)
    again = user_planner.plan_user(state, wanted)
    assert not again.changed
    assert again.before == again.after == user_planner.view_user(state)
    known = {key: value for key, value in again.before.items() if key in plan.after}
    assert known == plan.after, "check mode foretold it"
    assert plan.changed == (plan.before != plan.after)


@given(GROUPS, WANTED_GROUP)
def test_a_group_becomes_what_is_wanted_and_stays_so(actual: GroupState, wanted: WantedGroup) -> None:
    plan = user_planner.plan_group(actual, wanted)
    state = Simulated(actual).run(plan.steps)
    again = user_planner.plan_group(state, wanted)
    assert not again.changed
    assert again.before == again.after == user_planner.view_group(state)
    assert {key: value for key, value in again.before.items() if key in plan.after} == plan.after
    assert plan.changed == (plan.before != plan.after)


@given(USERS, GROUPS)
def test_deletion_goes_in_an_order_that_ram_takes(actual: UserState, group: GroupState) -> None:
    plan = user_planner.plan_user_absent(actual, delete_access_keys=False)
    assert Simulated(actual).run(plan.steps) == UserState()
    plan = user_planner.plan_group_absent(group, remove_users=True)
    assert Simulated(group).run(plan.steps) == GroupState()


def test_no_password_is_in_a_plan() -> None:
    wanted = WantedUser("ann", console_login=True, password=True, new_password=True)
    plan = user_planner.plan_user(UserState(user(), LoginProfile(False, False)), wanted)
    assert plan.steps[0].args == {"name": "ann", "new_password": True}
    with pytest.raises(InvalidInput, match="a password is needed"):
        user_planner.plan_user(UserState(), WantedUser("ann", console_login=True))


def test_a_user_for_the_console_and_for_programs_at_once_is_warned_about() -> None:
    key, login = AccessKey("LTAI1", "Active", ""), LoginProfile(False, False)
    both = UserState(user(), login, access_keys=(key,))
    file = FileState("/k", exists=False)
    for actual, wanted, warned in (
        (both, WantedUser("ann", console_login=True), True),
        (both, WantedUser("ann"), False),
        (UserState(user(), login), WantedUser("ann", file=file), True),
        (UserState(user(), None), WantedUser("ann", file=file, console_login=False), False),
        (UserState(None), WantedUser("ann", file=file, console_login=True, password=True), True),
        (UserState(user(), None, access_keys=(key,)), WantedUser("ann", console_login=True, password=True), True),
        (UserState(user(), login), WantedUser("ann", console_login=True), False),
    ):
        warnings = user_planner.plan_user(actual, wanted).warnings
        assert any("AccessKey pair at once" in text for text in warnings) == warned


def test_access_keys_are_never_taken_away_or_made_in_excess_unasked() -> None:
    one, two = AccessKey("LTAI1", "Active", "1"), AccessKey("LTAI2", "Inactive", "2")
    missing = WantedUser("ann", file=FileState("/key"))
    both = UserState(user(), access_keys=(one, two))
    with pytest.raises(UnexpectedState, match="LTAI1, LTAI2, and 2 AccessKey pairs"):
        user_planner.plan_user(both, missing)
    with pytest.raises(UnexpectedState, match="LTAI1"):
        user_planner.plan_user_absent(both, delete_access_keys=False)
    with pytest.raises(UnexpectedState, match="has the AccessKey pair LTAI9"):
        user_planner.plan_user(both, WantedUser("ann", file=FileState("/key", True, "LTAI9")))
    held = user_planner.plan_user(both, WantedUser("ann", file=FileState("/key", True, "LTAI2")))
    assert (held.steps, held.warnings) == ((), ("The AccessKey pair LTAI2 of user ann is Inactive.",))


# ---------------------------------------------------------------------- what others made

PLAIN, ADOPT, LEAVE = Terms(), Terms(adopt=True), Terms(leave_others=True)


def theirs() -> UserState:
    return UserState(
        replace(user(comments="by hand"), ours=False), groups=("dev",), policies=(PolicyRef("System", "A"),)
    )


@pytest.mark.parametrize("comments", ["", "Ops", "ends with a blank ", "x" * users.MAX_COMMENTS])
def test_the_mark_is_no_part_of_the_comments(comments: str) -> None:
    stored = users.marked(comments)
    assert len(stored) <= 128
    assert users.unmarked(stored) == (comments, True)
    assert users.unmarked(comments) == (comments, False)


def test_a_user_of_others_is_deleted_only_when_it_is_adopted() -> None:
    with pytest.raises(UnexpectedState, match=r"does not carry the mark \[alitrust.ecs:owner\] in its comments"):
        user_planner.plan_user_absent(theirs(), True)
    left = user_planner.plan_user_absent(theirs(), True, LEAVE)
    assert not left.changed
    assert left.kept
    assert user_planner.plan_user_absent(theirs(), True, ADOPT).steps[-1].do == "delete_user"


@pytest.mark.parametrize(
    "wanted",
    [
        {"groups": (), "purge_groups": True},
        {"policies": (), "purge_policies": True},
    ],
)
def test_nothing_is_taken_away_from_a_user_of_others(wanted: dict[str, t.Any]) -> None:
    with pytest.raises(UnexpectedState, match="did not make it"):
        user_planner.plan_user(theirs(), WantedUser("ann", **wanted))
    assert not user_planner.plan_user(theirs(), WantedUser("ann", terms=LEAVE, **wanted)).changed
    adopted = user_planner.plan_user(theirs(), WantedUser("ann", terms=ADOPT, **wanted))
    assert adopted.steps[0].name == "adopt user ann"
    assert adopted.steps[0].args["profile"] == {"comments": "by hand"}


def test_the_console_logon_of_others_is_left() -> None:
    state = replace(theirs(), login=LoginProfile(False, False))
    for wanted in (WantedUser("ann", console_login=False), WantedUser("ann", password=True, new_password=True)):
        with pytest.raises(UnexpectedState, match="did not make it"):
            user_planner.plan_user(state, wanted)


def test_long_comments_leave_no_room_to_adopt() -> None:
    long = UserState(replace(user(comments="x" * 120), ours=False))
    with pytest.raises(UnexpectedState, match="has no room"):
        user_planner.plan_user(long, WantedUser("ann", terms=ADOPT))


def test_a_group_of_others_is_emptied_and_deleted_only_when_it_is_adopted() -> None:
    group = GroupState(Group("ops", "g-3", "", "", "", ours=False), ("ann",))
    with pytest.raises(UnexpectedState, match="did not make it"):
        user_planner.plan_group(group, WantedGroup("ops", users=(), purge_users=True))
    with pytest.raises(UnexpectedState, match="did not make it"):
        user_planner.plan_group_absent(group, True)
    assert user_planner.plan_group(group, WantedGroup("ops", users=("bob",))).changed, "more may be given to it"
    assert user_planner.plan_group(group, WantedGroup("ops", users=("bob",), terms=LEAVE)).kept
    assert user_planner.plan_group_absent(group, True, ADOPT).changed
    mine = GroupState(replace(t.cast("Group", group.group), ours=True), ("ann",))
    assert "still used by user ann" in user_planner.plan_group_absent(mine, False, LEAVE).kept[0]
