# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to bring a RAM user or a group of users into the wanted state. Private; pure functions."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, ownership
from .._core.plan import Plan, Step
from . import policy_planner
from .access_key_file import FileState, Left, beside
from .password_file import PasswordFile
from .policies import Entity, PolicyRef
from .policy_planner import refs_view
from .users import (
    MARK,
    MAX_ACCESS_KEYS,
    MAX_COMMENTS,
    PROFILE,
    PROOF,
    AccessKey,
    Group,
    LoginProfile,
    User,
    join_step,
    leave_step,
)

_PLAIN = ownership.Terms()


@dataclass(frozen=True)
class UserState:
    """What RAM has of a user."""

    user: User | None = None
    login: LoginProfile | None = None
    access_keys: tuple[AccessKey, ...] = ()
    groups: tuple[str, ...] = ()
    policies: tuple[PolicyRef, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether there is nothing that others made."""
        return self.user is None or self.user.ours


@dataclass(frozen=True)
class WantedUser:
    """A user as a task wants it; None means: not given, leave it alone.

    :ivar profile: values of C(PROFILE) that were given
    :ivar console_login: whether it can log on to the console
    :ivar password: whether a password was given; the password itself is in no plan
    :ivar password_file: where it is, or goes
    :ivar new_password: whether the password shall be set though there is one
    :ivar file: where the AccessKey pair of the user is, or goes
    """

    name: str
    profile: t.Mapping[str, str] = field(default_factory=dict)
    console_login: bool | None = None
    password: bool = False
    password_file: PasswordFile | None = None
    new_password: bool = False
    password_reset_required: bool | None = None
    mfa_bind_required: bool | None = None
    groups: tuple[str, ...] | None = None
    purge_groups: bool = False
    policies: tuple[PolicyRef, ...] | None = None
    purge_policies: bool = False
    file: FileState | None = None
    terms: ownership.Terms = field(default_factory=ownership.Terms)


#: Which pairs may be useless. It is not proven: somebody else may have made them in the meantime.
_LOST = (
    "An earlier run broke off while it created an AccessKey pair for {file}; since then there is {ids}, whose secret "
    "is lost if it was that run's"
)
#: What takes something away from a user or group that cannot be had back, with words for it.
_TAKING = {
    "leave_group": "take memberships from",
    "detach_policy": "detach policies from",
    "delete_login_profile": "end the console logon of",
}


def plan_user(actual: UserState, wanted: WantedUser) -> Plan:
    """:raises UnexpectedState: there is no room for another AccessKey pair, or the file has somebody else's; or others
        made the user, and something of theirs would be lost
    :raises InvalidInput: the user cannot log on to the console yet, and no password was given
    """
    name, user = wanted.name, actual.user
    what = f"RAM user {name}"
    kept = ownership.used_as_it_is(what, ours=actual.ours, terms=wanted.terms)
    if kept:
        return Plan(view_user(actual), view_user(actual), kept=(kept,))
    profile = {key: text for key, text in wanted.profile.items() if user is None or user.profile[key] != text}
    steps: list[Step] = []
    if user is None:
        steps.append(Step(f"create user {name}", "create_user", {"name": name, "profile": profile}))
    else:
        comments = profile.get("comments", user.profile["comments"])
        adopting = _adopts(actual.ours, wanted.terms, what, comments)
        if not actual.ours and not adopting:
            naming.check_clearing("comments", f"the {what}", user.profile["comments"], wanted.profile.get("comments"))
        if adopting:
            args = {"name": name, "profile": {"comments": comments}, "ours": True}
            steps.append(Step(f"adopt user {name}", "update_user", args))
        if profile:
            told = " and ".join(key.replace("_", " ") for key in profile)
            args = {"name": name, "profile": profile, "ours": actual.ours or adopting}
            steps.append(Step(f"change the {told} of user {name}", "update_user", args))
    before = view_user(actual)
    after: dict[str, t.Any] = {**(before or {"name": name, "console_login": False}), **profile}

    login_steps, login = _login_steps(actual.login, wanted)
    steps += login_steps
    after.update(login)
    if wanted.groups is not None:
        joining = [group for group in wanted.groups if group not in actual.groups]
        leaving = [group for group in actual.groups if wanted.purge_groups and group not in wanted.groups]
        steps += [join_step(name, group) for group in joining] + [leave_step(name, group) for group in leaving]
        after["groups"] = sorted({*actual.groups, *joining} - set(leaving))
    if wanted.policies is not None:
        attaching, attached = _attachments(
            Entity("User", name), actual.policies, wanted.policies, wanted.purge_policies
        )
        steps += attaching
        after["policies"] = refs_view(attached)
    warnings = []
    if wanted.file is not None:
        key_steps, warning = _key_steps(actual.access_keys, wanted.name, wanted.file)
        steps += key_steps
        warnings += warning
        # The id of a new pair is the cloud's choice.
        before["access_key_in_file"], after["access_key_in_file"] = wanted.file.exists, True
    asked = wanted.console_login or wanted.file is not None
    if asked and after.get("console_login") and (wanted.file is not None or actual.access_keys):
        warnings.append(
            f"The {what} logs on to the console and has an AccessKey pair at once: one that is lost opens both ways. "
            "Make one user for the person and another for the program."
        )
    _refuse_loss(steps, what, actual.ours, wanted.terms)
    unsettled = wanted.file is not None and untidy(actual.access_keys, wanted.name, wanted.file)
    return Plan(before, after, tuple(steps), tuple(warnings), unsettled=unsettled)


def untidy(keys: t.Sequence[AccessKey], name: str, file: FileState) -> bool:
    """Whether the file has a pair of the user, and what a run that broke off left beside it is of no use: it has the
    same pair, or none.
    """
    if not file.exists or file.left is None or file.access_key_id not in [key.id for key in keys]:
        return False
    return file.left.user in ("", name) and file.left.access_key_id in ("", file.access_key_id)


def _adopts(ours: bool, terms: ownership.Terms, what: str, comments: str) -> bool:
    """:raises UnexpectedState: there is no room for the mark"""
    adopting = terms.adopt and not ours
    if adopting and len(comments) > MAX_COMMENTS:
        raise UnexpectedState(
            f"The {what} cannot be adopted: its comments have {len(comments)} characters, and {MARK} has no room.",
            hint=f"Give it comments of at most {MAX_COMMENTS} characters.",
        )
    return adopting


def _refuse_loss(steps: t.Iterable[Step], what: str, ours: bool, terms: ownership.Terms) -> None:
    """:raises UnexpectedState: others made it, the task does not adopt it, and the steps take something away"""
    for step in steps:
        verb = _TAKING.get(step.do, "")
        if step.do == "update_login_profile" and step.args["new_password"]:
            verb = "change the password of"
        if verb:
            ownership.reason_to_stay(what, ours=ours, terms=terms, proof=PROOF, verb=verb)


def _login_steps(actual: LoginProfile | None, wanted: WantedUser) -> tuple[list[Step], dict[str, t.Any]]:
    name = wanted.name
    if wanted.console_login is False:
        gone = [Step(f"end the console logon of user {name}", "delete_login_profile", {"name": name})] if actual else []
        return gone, {"console_login": False, "password_reset_required": None, "mfa_bind_required": None}
    given = {"password_reset_required": wanted.password_reset_required, "mfa_bind_required": wanted.mfa_bind_required}
    rules = {key: value for key, value in given.items() if value is not None}
    if actual is None:
        if not wanted.console_login:
            return [], {}
        if not wanted.password:
            raise InvalidInput(
                f"The user {name} cannot log on to the console yet; a password is needed for that.",
                hint="Give password or password_file, or set console_login to false.",
            )
        after = {"password_reset_required": False, "mfa_bind_required": False, **rules}
        step = Step(f"let user {name} log on to the console", "create_login_profile", {"name": name, **after})
        return [*_password_steps(wanted), step], {"console_login": True, **after}
    changes: dict[str, t.Any] = {key: value for key, value in rules.items() if value != getattr(actual, key)}
    what = ["rules for the logon"] if changes else []
    shown = dict(changes)
    if wanted.password and wanted.new_password:
        what.insert(0, "password")
        shown["password"] = "(set anew)"
    steps = _password_steps(wanted) if "password" in shown else _restrict(wanted)
    if what:
        args = {"name": name, "new_password": "password" in shown, **changes}
        steps.append(Step(f"change the {' and the '.join(what)} of user {name}", "update_login_profile", args))
    return steps, shown


def _password_steps(wanted: WantedUser) -> list[Step]:
    """What comes before a password is set that is in a file."""
    file = wanted.password_file
    if file is None or file.exists:
        return _restrict(wanted)
    args = {"name": wanted.name, "path": file.path}
    return [Step(f"make a password of user {wanted.name} in {file.path}", "make_password", args)]


def _restrict(wanted: WantedUser) -> list[Step]:
    file = wanted.password_file
    return [_restrict_step(file.path)] if file is not None and file.loose else []


def _restrict_step(path: str) -> Step:
    return Step(f"take the rights of others from {path}", "restrict_file", {"path": path})


def _key_steps(keys: t.Sequence[AccessKey], name: str, file: FileState) -> tuple[list[Step], list[str]]:
    if file.exists:
        held = next((key for key in keys if key.id == file.access_key_id), None)
        if held is None:
            what = f"the AccessKey pair {file.access_key_id}" if file.access_key_id else "no AccessKey pair"
            raise UnexpectedState(
                f"The file {file.path} has {what}, and the user {name} has "
                f"{_ids(keys) if keys else 'no AccessKey pair'}.",
                hint="Move the file away, or choose another access_key_file; it is never overwritten.",
            )
        warnings = [] if held.status == "Active" else [f"The AccessKey pair {held.id} of user {name} is {held.status}."]
        return [_restrict_step(file.path)] if file.loose else [], warnings
    left = file.left or Left()
    if left.user not in ("", name):
        raise UnexpectedState(
            f"Beside {file.path} is what a task for the user {left.user} has left, or is at: it was to get an "
            f"AccessKey pair there. That of {name} would take its place.",
            hint=f"Nothing was changed. Run the task for {left.user} again, or choose another access_key_file for "
            f"{name}. If nobody needs that pair, remove {beside(file.path)} first.",
        )
    if left.access_key_id and left.access_key_id in [key.id for key in keys]:
        what = f"the AccessKey pair {left.access_key_id} of user {name}, which an earlier run has got"
        return [Step(f"put {what}, in {file.path}", "finish_access_key", {"name": name, "path": file.path})], []
    lost = [key.id for key in keys if key.id not in left.known] if left.user else []
    if len(keys) >= MAX_ACCESS_KEYS:
        raise UnexpectedState(
            f"The user {name} has {_ids(keys)}, and {MAX_ACCESS_KEYS} AccessKey pairs are the most that are possible.",
            hint=f"{_LOST.format(file=file.path, ids=', '.join(lost))}. Delete it and run the task again."
            if lost
            else "Delete one that nobody uses any more, or bring the file of one of them here.",
        )
    args = {"name": name, "path": file.path, "known": [key.id for key in keys]}
    warnings = [f"The user {name} has {_ids(keys)} already; this is a second AccessKey pair."] if keys else []
    if lost:
        warnings.append(f"{_LOST.format(file=file.path, ids=', '.join(lost))}. Delete what nobody uses.")
    return [Step(f"create an AccessKey pair of user {name} in {file.path}", "create_access_key", args)], warnings


def _ids(keys: t.Sequence[AccessKey]) -> str:
    return ", ".join(key.id for key in keys)


def plan_user_absent(actual: UserState, delete_access_keys: bool, terms: ownership.Terms = _PLAIN) -> Plan:
    """The user without what is attached to it, and then gone.

    :raises UnexpectedState: others made it, or it has AccessKey pairs and deleting them was not asked for
    """
    if actual.user is None:
        return Plan({}, {})
    name = actual.user.name
    pairs = [] if delete_access_keys or not actual.access_keys else [f"its AccessKey pairs {_ids(actual.access_keys)}"]
    kept = ownership.reason_to_stay(f"RAM user {name}", ours=actual.ours, terms=terms, users=pairs, proof=PROOF)
    if kept:
        return Plan(view_user(actual), view_user(actual), kept=(kept,))
    if actual.access_keys and not delete_access_keys:
        raise UnexpectedState(
            f"The user {name} has AccessKey pairs, which programs may use: {_ids(actual.access_keys)}.",
            hint="Delete them, or set delete_access_keys to true to let this task do so.",
            access_key_ids=[key.id for key in actual.access_keys],
        )
    steps = [leave_step(name, group) for group in actual.groups]
    steps += [policy_planner.detach_step(Entity("User", name), ref) for ref in actual.policies]
    if actual.login:
        steps.append(Step(f"end the console logon of user {name}", "delete_login_profile", {"name": name}))
    for key in actual.access_keys:
        step = f"delete AccessKey pair {key.id} of user {name}"
        steps.append(Step(step, "delete_access_key", {"name": name, "key": key.id}))
    steps.append(Step(f"delete user {name}", "delete_user", {"name": name}))
    return Plan(view_user(actual), {}, tuple(steps))


def view_user(state: UserState) -> dict[str, t.Any]:
    """A user as the diff shows it; empty when there is none."""
    if state.user is None:
        return {}
    return {
        "name": state.user.name,
        **{key: state.user.profile[key] for key in PROFILE},
        "console_login": state.login is not None,
        "password_reset_required": state.login.password_reset_required if state.login else None,
        "mfa_bind_required": state.login.mfa_bind_required if state.login else None,
        "groups": list(state.groups),
        "policies": refs_view(state.policies),
    }


# ---------------------------------------------------------------------- groups


@dataclass(frozen=True)
class GroupState:
    """What RAM has of a group."""

    group: Group | None = None
    users: tuple[str, ...] = ()
    policies: tuple[PolicyRef, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether there is nothing that others made."""
        return self.group is None or self.group.ours


@dataclass(frozen=True)
class WantedGroup:
    """A group as a task wants it; None means: not given, leave it alone."""

    name: str
    comments: str | None = None
    users: tuple[str, ...] | None = None
    purge_users: bool = False
    policies: tuple[PolicyRef, ...] | None = None
    purge_policies: bool = False
    terms: ownership.Terms = field(default_factory=ownership.Terms)


def plan_group(actual: GroupState, wanted: WantedGroup) -> Plan:
    """The group, who is in it, and its policies.

    :raises UnexpectedState: others made the group, and something of theirs would be lost
    """
    name, group = wanted.name, actual.group
    what = f"RAM group {name}"
    kept = ownership.used_as_it_is(what, ours=actual.ours, terms=wanted.terms)
    if kept:
        return Plan(view_group(actual), view_group(actual), kept=(kept,))
    steps: list[Step] = []
    if group is None:
        steps.append(Step(f"create group {name}", "create_group", {"name": name, "comments": wanted.comments}))
    else:
        comments = group.comments if wanted.comments is None else wanted.comments
        adopting = _adopts(actual.ours, wanted.terms, what, comments)
        if not actual.ours and not adopting:
            naming.check_clearing("comments", f"the {what}", group.comments, wanted.comments)
        if adopting:
            args: dict[str, t.Any] = {"name": name, "comments": comments, "ours": True}
            steps.append(Step(f"adopt group {name}", "update_group", args))
        if comments != group.comments:
            args = {"name": name, "comments": comments, "ours": actual.ours or adopting}
            steps.append(Step(f"change the comments of group {name}", "update_group", args))
    before = view_group(actual)
    after: dict[str, t.Any] = dict(before) if before else {"name": name, "comments": ""}
    if wanted.comments is not None:
        after["comments"] = wanted.comments
    if wanted.users is not None:
        joining = [user for user in wanted.users if user not in actual.users]
        leaving = [user for user in actual.users if wanted.purge_users and user not in wanted.users]
        steps += [join_step(user, name) for user in joining] + [leave_step(user, name) for user in leaving]
        after["users"] = sorted({*actual.users, *joining} - set(leaving))
    if wanted.policies is not None:
        entity = Entity("Group", name)
        attaching, attached = _attachments(entity, actual.policies, wanted.policies, wanted.purge_policies)
        steps += attaching
        after["policies"] = refs_view(attached)
    _refuse_loss(steps, what, actual.ours, wanted.terms)
    return Plan(before, after, tuple(steps))


def plan_group_absent(actual: GroupState, remove_users: bool, terms: ownership.Terms = _PLAIN) -> Plan:
    """The group without its policies, and then gone.

    :raises UnexpectedState: others made it, or users are in it and removing them was not asked for
    """
    if actual.group is None:
        return Plan({}, {})
    name = actual.group.name
    members = [] if remove_users else [f"user {user}" for user in actual.users]
    kept = ownership.reason_to_stay(f"RAM group {name}", ours=actual.ours, terms=terms, users=members, proof=PROOF)
    if kept:
        return Plan(view_group(actual), view_group(actual), kept=(kept,))
    if actual.users and not remove_users:
        raise UnexpectedState(
            f"The group {name} has users: {', '.join(actual.users)}.",
            hint="Remove them, or set remove_users to true to let this task do so. The users stay.",
            users=list(actual.users),
        )
    steps = [leave_step(user, name) for user in actual.users]
    steps += [policy_planner.detach_step(Entity("Group", name), ref) for ref in actual.policies]
    steps.append(Step(f"delete group {name}", "delete_group", {"name": name}))
    return Plan(view_group(actual), {}, tuple(steps))


def view_group(state: GroupState) -> dict[str, t.Any]:
    """A group as the diff shows it; empty when there is none."""
    if state.group is None:
        return {}
    return {
        "name": state.group.name,
        "comments": state.group.comments,
        "users": list(state.users),
        "policies": refs_view(state.policies),
    }


def _attachments(
    entity: Entity, actual: t.Collection[PolicyRef], wanted: t.Iterable[PolicyRef], purge: bool
) -> tuple[list[Step], set[PolicyRef]]:
    return policy_planner.attachment_steps(entity, actual, wanted, lambda ref: purge)
