# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RAM users and groups of them: how they are read, and the calls that change them. Private."""

from __future__ import annotations

import contextlib
import re
import typing as t
from dataclasses import dataclass

from .._cloud.door import Cloud
from .._cloud.errors import AlreadyExists, InvalidInput, NotFound, OutcomeUnknown, UnexpectedState
from .._core import naming
from .._core.plan import Step
from .policies import PolicyActions, appeared

#: RAM takes no tags for users and groups. What this collection made carries this at the end of its comments.
MARK = "[alitrust.ecs:owner]"
#: Longest comments of a user or group (CreateUser, CreateGroup), and what of it the mark leaves.
MAX_COMMENTS = naming.COMMENTS.longest - len(f" {MARK}")
#: What proves whose a user or a group is, in words.
PROOF = f"the mark {MARK} in its comments"
#: AccessKey pairs one user can have (RAM limits).
MAX_ACCESS_KEYS = 2
_USER, _GROUP = "ram_user", "ram_group"
#: What a user has beside its name: our word -> the API's.
PROFILE = {"display_name": "DisplayName", "comments": "Comments", "email": "Email", "mobile_phone": "MobilePhone"}
_FORMS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an address such as ann@example.com"),
    "mobile_phone": (
        re.compile(r"\d{1,3}-\d{4,20}"),
        "the country code, a hyphen and the number, as in 86-13000000000",
    ),
}


@dataclass(frozen=True)
class LoginProfile:
    """How a user logs on to the console. Nobody can read the password."""

    password_reset_required: bool
    mfa_bind_required: bool


@dataclass(frozen=True)
class AccessKey:
    """An AccessKey pair without its secret. C(status) is C(Active) or C(Inactive)."""

    id: str
    status: str
    create_date: str


@dataclass(frozen=True)
class User:
    """A user as RAM has it.

    :ivar profile: values of C(PROFILE), comments without the mark
    :ivar ours: whether its comments have the mark
    """

    name: str
    id: str
    profile: dict[str, str]
    create_date: str
    update_date: str
    last_login_date: str
    ours: bool = True


@dataclass(frozen=True)
class Group:
    """A group of users as RAM has it.

    :ivar comments: without the mark
    :ivar ours: whether they have it
    """

    name: str
    id: str
    comments: str
    create_date: str
    update_date: str
    ours: bool = True


# ---------------------------------------------------------------------- checks


def check_comments(text: str | None) -> None:
    """:raises InvalidInput: too long, for a user or a group"""
    if text and MARK in text:
        raise InvalidInput(f"comments has {MARK}, which this collection adds itself; leave it out.")
    if text and len(text) > MAX_COMMENTS:
        raise InvalidInput(
            f"comments has {len(text)} characters; at most {MAX_COMMENTS} are possible, because {MARK} is kept there "
            "too, by which a later task can tell who made it."
        )


def check_profile(options: t.Mapping[str, t.Any]) -> None:
    """:raises InvalidInput: a text that is too long or has not the form that RAM wants"""
    check_comments(options.get("comments"))
    naming.check_description(naming.DISPLAY_NAME, "display_name", options.get("display_name"))
    for name in PROFILE:
        text = options.get(name)
        form, words = _FORMS.get(name, (None, ""))
        if form and text and not form.fullmatch(text):
            raise InvalidInput(f"{name} is {text!r}; expected {words}.")


# ---------------------------------------------------------------------- the mark


def marked(comments: str | None) -> str:
    """Comments as they are stored of what is ours."""
    return f"{comments} {MARK}" if comments else MARK


def unmarked(comments: str | None) -> tuple[str, bool]:
    """Comments without the mark, and whether they had it."""
    text = comments or ""
    if text == MARK:
        return "", True
    return (text[: -len(f" {MARK}")], True) if text.endswith(f" {MARK}") else (text, False)


# ---------------------------------------------------------------------- reading


def read_user(cloud: Cloud, name: str) -> User | None:
    """The user, or None; in a check run as earlier tasks would have left it."""
    if cloud.foretold.is_gone(_USER, name):
        return None
    try:
        user = cloud.call("ram", "GetUser", UserName=name)["User"]
    except NotFound:
        made = cloud.foretold.find(_USER, name)
        return User(name, "", made["profile"], "", "", "") if made else None
    comments, is_ours = unmarked(user.get("Comments"))
    return User(
        name=user["UserName"],
        id=str(user.get("UserId") or ""),
        profile={**{word: user.get(theirs) or "" for word, theirs in PROFILE.items()}, "comments": comments},
        create_date=user.get("CreateDate") or "",
        update_date=user.get("UpdateDate") or "",
        last_login_date=user.get("LastLoginDate") or "",
        ours=is_ours,
    )


def read_group(cloud: Cloud, name: str) -> Group | None:
    """The group, or None; in a check run as earlier tasks would have left it."""
    if cloud.foretold.is_gone(_GROUP, name):
        return None
    try:
        group = cloud.call("ram", "GetGroup", GroupName=name)["Group"]
    except NotFound:
        made = cloud.foretold.find(_GROUP, name)
        return Group(name, "", made["comments"], "", "") if made else None
    comments, ours = unmarked(group.get("Comments"))
    return Group(
        name=group["GroupName"],
        id=str(group.get("GroupId") or ""),
        comments=comments,
        create_date=group.get("CreateDate") or "",
        update_date=group.get("UpdateDate") or "",
        ours=ours,
    )


def read_login_profile(cloud: Cloud, name: str) -> LoginProfile | None:
    """How the user logs on to the console; None when it cannot."""
    try:
        profile = cloud.call("ram", "GetLoginProfile", UserName=name)["LoginProfile"]
    except NotFound:
        return None
    return LoginProfile(bool(profile.get("PasswordResetRequired")), bool(profile.get("MFABindRequired")))


def read_access_keys(cloud: Cloud, name: str) -> tuple[AccessKey, ...]:
    """The user's AccessKey pairs, oldest first."""
    items = _of_existing(cloud, "ListAccessKeys", UserName=name)
    keys = (AccessKey(item["AccessKeyId"], item.get("Status") or "", item.get("CreateDate") or "") for item in items)
    return tuple(sorted(keys, key=lambda key: (key.create_date, key.id)))


def read_groups_of(cloud: Cloud, user: str) -> tuple[str, ...]:
    """Names of the groups that a user is in."""
    return tuple(sorted(item["GroupName"] for item in _of_existing(cloud, "ListGroupsForUser", UserName=user)))


def read_members(cloud: Cloud, group: str) -> tuple[str, ...]:
    """Names of the users in a group."""
    return tuple(sorted(item["UserName"] for item in _of_existing(cloud, "ListUsersForGroup", GroupName=group)))


def _of_existing(cloud: Cloud, action: str, **whose: str) -> list[dict[str, t.Any]]:
    try:
        return cloud.pages("ram", action, whose)
    except NotFound:
        return []


def prove_users(cloud: Cloud, names: t.Iterable[str]) -> None:
    """:raises InvalidInput: there is no such user"""
    _prove("user", "ram_user", names, lambda name: read_user(cloud, name))


def prove_groups(cloud: Cloud, names: t.Iterable[str]) -> None:
    """:raises InvalidInput: there is no such group"""
    _prove("group", "ram_group", names, lambda name: read_group(cloud, name))


def _prove(kind: str, module: str, names: t.Iterable[str], read: t.Callable[[str], User | Group | None]) -> None:
    missing = [name for name in names if read(name) is None]
    if missing:
        raise InvalidInput(
            f"There is no RAM {kind} {', '.join(missing)}.", hint=f"Create it first, for example with {module}."
        )


def foretell(cloud: Cloud, steps: t.Iterable[Step]) -> None:
    """Note for later tasks of a check run which users and groups these steps would make or delete."""
    for step in steps:
        args = step.args
        if step.do == "create_user":
            profile = {**dict.fromkeys(PROFILE, ""), **args["profile"]}
            cloud.foretold.would_make(_USER, "user", args["name"], global_=True, profile=profile)
        if step.do == "create_group":
            cloud.foretold.would_make(_GROUP, "group", args["name"], global_=True, comments=args["comments"] or "")
        if step.do in ("delete_user", "delete_group"):
            cloud.foretold.would_delete(_USER if step.do == "delete_user" else _GROUP, args["name"], global_=True)


# ---------------------------------------------------------------------- changing


def join_step(user: str, group: str) -> Step:
    return Step(f"add user {user} to group {group}", "join_group", {"user": user, "group": group})


def leave_step(user: str, group: str) -> Step:
    return Step(f"remove user {user} from group {group}", "leave_group", {"user": user, "group": group})


class MembershipActions(PolicyActions):
    """The steps of a plan that change who is in which group; mixed into resources."""

    cloud: Cloud

    def join_group(self, user: str, group: str) -> None:
        with contextlib.suppress(AlreadyExists):
            self.cloud.call("ram", "AddUserToGroup", UserName=user, GroupName=group)

    def leave_group(self, user: str, group: str) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call("ram", "RemoveUserFromGroup", UserName=user, GroupName=group)


class GroupActions(MembershipActions):
    """The steps of a plan that change groups; mixed into resources."""

    def create_group(self, name: str, comments: str | None) -> None:
        try:
            self.cloud.call("ram", "CreateGroup", GroupName=name, Comments=marked(comments))
        except AlreadyExists as error:
            # Either an earlier try of this very call whose answer was lost, or somebody was faster.
            found = appeared(self.cloud, f"group {name}", lambda: read_group(self.cloud, name))
            if found.comments != (comments or ""):
                raise _somebody("group", name) from error

    def update_group(self, name: str, comments: str, ours: bool) -> None:
        text = marked(comments) if ours else comments
        self.cloud.call("ram", "UpdateGroup", GroupName=name, NewComments=text)

    def delete_group(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call("ram", "DeleteGroup", GroupName=name)


class UserActions(MembershipActions):
    """The steps of a plan that change users, without those about secrets; mixed into resources."""

    def create_user(self, name: str, profile: dict[str, str]) -> None:
        stored = {**profile, "comments": marked(profile.get("comments"))}
        params = {theirs: stored[ours] for ours, theirs in PROFILE.items() if stored.get(ours)}
        try:
            self.cloud.call("ram", "CreateUser", params, UserName=name)
        except (AlreadyExists, OutcomeUnknown) as error:
            # Either this very call did it and its answer was lost, or somebody was faster.
            found = appeared(self.cloud, f"user {name}", lambda: read_user(self.cloud, name))
            if any(found.profile[ours] != profile[ours] for ours in profile if profile[ours]):
                raise _somebody("user", name) from error

    def update_user(self, name: str, profile: dict[str, str], ours: bool) -> None:
        stored = {**profile, "comments": marked(profile["comments"])} if ours and "comments" in profile else profile
        params = {f"New{PROFILE[word]}": text for word, text in stored.items()}
        self.cloud.call("ram", "UpdateUser", params, UserName=name)

    def delete_login_profile(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call("ram", "DeleteLoginProfile", UserName=name)

    def delete_access_key(self, name: str, key: str) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call("ram", "DeleteAccessKey", UserName=name, UserAccessKeyId=key)

    def delete_user(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call("ram", "DeleteUser", UserName=name)


def _somebody(kind: str, name: str) -> UnexpectedState:
    return UnexpectedState(
        f"The {kind} {name} was created by somebody else in the meantime, and differs.",
        hint="Run the task again to see what it would change.",
    )
