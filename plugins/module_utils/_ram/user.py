# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(ram_user). Private."""

from __future__ import annotations

import typing as t
from functools import cached_property

from .._cloud.door import Cloud
from .._cloud.errors import AlreadyExists, CloudError, InvalidInput, OutcomeUnknown, UnexpectedState
from .._core import naming, ownership
from .._core.plan import Plan
from . import access_key_file, password_file, policies, shape, user_planner, users
from .access_key_file import FileState
from .policies import Entity, PolicyRef
from .resource import RamResource
from .user_planner import UserState, WantedUser
from .users import PROFILE, UserActions

#: Policies of a user or a group; their documents are ram_policy's business.
POLICIES_SPEC: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "choices": ["System", "Custom"], "default": "Custom"},
    },
}
SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **{name: {"type": "str"} for name in PROFILE},
    "console_login": {"type": "bool"},
    "password": {"type": "str", "no_log": True},
    "password_file": {"type": "path", "no_log": False},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
    "password_reset_required": {"type": "bool", "no_log": False},
    "mfa_bind_required": {"type": "bool"},
    "access_key_file": {"type": "path", "no_log": False},
    "groups": {"type": "list", "elements": "str"},
    "purge_groups": {"type": "bool", "default": False},
    "policies": POLICIES_SPEC,
    "purge_policies": {"type": "bool", "default": False},
    "delete_access_keys": {"type": "bool", "default": False, "no_log": False},
    **ownership.SPEC,
}
INFO_SPEC: dict[str, dict[str, t.Any]] = {"names": {"type": "list", "elements": "str", "aliases": ["name"]}}


def wanted_policies(given: list[dict[str, t.Any]] | None) -> tuple[PolicyRef, ...] | None:
    """The option C(policies) of a user or a group.

    :raises InvalidInput: a name that no policy can have, or a policy that is listed twice
    """
    if given is None:
        return None
    for number, policy in enumerate(given):
        naming.check(naming.POLICY, f"policies[{number}].name", policy["name"])
    refs = tuple(PolicyRef(policy["type"], policy["name"]) for policy in given)
    twice = sorted({ref.name for ref in refs if refs.count(ref) > 1})
    if twice:
        raise InvalidInput(f"policies lists {', '.join(twice)} more than once.")
    return refs


class RamUser(UserActions, RamResource[UserState]):
    """One RAM user."""

    unseen = frozenset({"create_login_profile", "update_login_profile", "reset_password", "create_access_key"})

    _applied = False

    def validate(self) -> None:
        naming.check(naming.USER, "name", self.options["name"])
        users.check_profile(self.options)
        naming.check_each(naming.USER_GROUP, "groups", self.options["groups"])
        password, file = self.options["password"], self.options["password_file"]
        if (password or file) and self.options["console_login"] is False:
            raise InvalidInput("A password is given, and console_login is false; leave one of them out.")
        if password and file:
            raise InvalidInput("password and password_file are given; a user has one password, leave one of them out.")
        self._wanted  # noqa: B018  reads and checks the other options

    @property
    def _absent(self) -> bool:
        return bool(self.options["state"] == "absent")

    @cached_property
    def _wanted(self) -> WantedUser:
        options = self.options
        groups = options["groups"]
        kept = None if self._absent else password_file.of(options)
        return WantedUser(
            name=options["name"],
            profile={name: options[name] for name in PROFILE if options[name] is not None},
            console_login=True if options["password"] or kept else options["console_login"],
            password=bool(options["password"] or kept),
            password_file=kept,
            new_password=options["update_password"] == "always" and not self._applied,
            password_reset_required=options["password_reset_required"],
            mfa_bind_required=options["mfa_bind_required"],
            groups=None if groups is None else tuple(groups),
            purge_groups=options["purge_groups"],
            policies=wanted_policies(options["policies"]),
            purge_policies=options["purge_policies"],
            file=self._look(),
            terms=self._terms,
        )

    @property
    def _terms(self) -> ownership.Terms:
        return ownership.Terms.from_options(self.options)

    def _look(self) -> FileState | None:
        path = self.options["access_key_file"]
        return access_key_file.look(path) if path and not self._absent else None

    def find(self) -> UserState:
        return read_state(self.cloud, self.options["name"])

    def plan(self, actual: UserState) -> Plan:
        if self._absent:
            return user_planner.plan_user_absent(actual, self.options["delete_access_keys"], self._terms)
        return user_planner.plan_user(actual, self._wanted)

    def preflight(self, plan: Plan, actual: UserState) -> None:
        for step in plan.steps:
            if step.do == "attach_policy":
                policies.prove(self.cloud, PolicyRef(step.args["type"], step.args["name"]))
        users.prove_groups(self.cloud, [step.args["group"] for step in plan.steps if step.do == "join_group"])

    # ------------------------------------------------------------------ steps about secrets

    def make_password(self, name: str, path: str) -> None:
        password_file.write_new(path, name)

    @property
    def _password(self) -> str:
        """Read only when it is sent, because it may have been made a moment ago."""
        file = self._wanted.password_file
        return password_file.read(file.path) if file else str(self.options["password"])

    def create_login_profile(self, name: str, **rules: bool) -> None:
        params = {"UserName": name, "Password": self._password, **_rules(rules)}
        try:
            self.cloud.call("ram", "CreateLoginProfile", params)
        except AlreadyExists:
            # An earlier try of this very call whose answer was lost, or somebody was faster: this password counts.
            self.cloud.call("ram", "UpdateLoginProfile", params)

    def update_login_profile(self, name: str, new_password: bool, **rules: bool) -> None:
        password = self._password if new_password else None
        self.cloud.call("ram", "UpdateLoginProfile", _rules(rules), UserName=name, Password=password)

    def restrict_file(self, path: str) -> None:
        access_key_file.restrict(path)

    def create_access_key(self, name: str, path: str, known: list[str]) -> None:
        with access_key_file.Destination(path, name, known) as destination:
            key = self._new_access_key(name, known)
            try:
                destination.keep(name, key["AccessKeyId"], key["AccessKeySecret"])
            except OSError as exc:
                self._undo(name, key["AccessKeyId"], f"{path}: {exc.strerror}")

    def finish_access_key(self, name: str, path: str) -> None:
        access_key_file.Destination(path, name, ()).finish()

    def _new_access_key(self, name: str, known: list[str]) -> dict[str, t.Any]:
        try:
            return t.cast("dict[str, t.Any]", self.cloud.call("ram", "CreateAccessKey", UserName=name)["AccessKey"])
        except OutcomeUnknown as error:
            # The answer took the secret with it, so what was made is of no use to anybody. It is not deleted from
            # here: nothing proves that a pair which appeared meanwhile is this call's.
            now = [key.id for key in users.read_access_keys(self.cloud, name) if key.id not in known]
            which = f"Delete {', '.join(now)}, whose secret is lost, and run" if now else "Run"
            raise UnexpectedState(
                f"Whether an AccessKey pair of user {name} was created is not known: the answer got lost.",
                hint=f"{which} the task again.",
                access_key_ids=now,
            ) from error

    def _undo(self, name: str, key: str, why: str) -> t.NoReturn:
        """The pair could not be kept: take it away again, or say how to."""
        message = f"The AccessKey pair {key} of user {name} could not be written to {why}."
        try:
            self.delete_access_key(name, key)
        except CloudError as error:
            raise UnexpectedState(message, hint=f"Delete it: that failed here ({error.message}).") from error
        raise UnexpectedState(f"{message} It was deleted again, so nothing is left behind.")

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: UserState) -> dict[str, t.Any]:
        file = self._wanted.file
        if file is not None and user_planner.untidy(actual.access_keys, self.options["name"], file):
            access_key_file.tidy(file.path)
        # The file is there now, and a password that is always set anew would never be settled.
        self._applied = True
        del self._wanted
        state = self.reread(f"user {self.options['name']}", self.cloud.connection.api_timeout)
        return {"ram_user": shape.user(state)}

    def foretell(self, plan: Plan, actual: UserState) -> dict[str, t.Any]:
        users.foretell(self.cloud, plan.steps)
        return {"ram_user": shape.foretold_user(plan, actual)}


def read_state(cloud: Cloud, name: str) -> UserState:
    """Everything that the modules say of a user."""
    user = users.read_user(cloud, name)
    if user is None:
        return UserState()
    return UserState(
        user=user,
        login=users.read_login_profile(cloud, name),
        access_keys=users.read_access_keys(cloud, name),
        groups=users.read_groups_of(cloud, name),
        policies=policies.read_attached(cloud, Entity("User", name)),
    )


def read_users(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(ram_user_info) returns."""
    names = options["names"]
    naming.check_each(naming.USER, "names", names)
    if names is None:
        names = [item["UserName"] for item in cloud.pages("ram", "ListUsers")]
    states = [read_state(cloud, name) for name in names]
    return {"ram_users": [shape.user(state) for state in states if state.user]}


def _rules(rules: dict[str, bool]) -> dict[str, t.Any]:
    words = {"password_reset_required": "PasswordResetRequired", "mfa_bind_required": "MFABindRequired"}
    return {words[name]: value for name, value in rules.items()}
