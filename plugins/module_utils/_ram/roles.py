# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles: how they are read, and the calls that change them. Private."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, replace

from .._cloud.door import Cloud
from .._cloud.errors import AlreadyExists, InvalidInput, NotFound, UnexpectedState
from .._core import ownership
from .._core import tags as tagging
from .._core.plan import Plan
from . import documents, policies
from .documents import Document
from .policies import Entity, PolicyActions, PolicyRef, appeared, owner_tag

#: The service that gives the credentials of a role to instances.
ECS = "ecs.aliyuncs.com"
_KIND = "ram_role"
# What RAM takes for a new role (CreateRole); roles made in earlier times may have _ and @ too.


@dataclass(frozen=True)
class Role:
    """A role as RAM has it. C(max_session_duration) is in seconds.

    :ivar tags: None where whose it is does not matter to the task
    """

    name: str
    id: str
    arn: str
    description: str
    trust_policy: Document
    max_session_duration: int
    service_linked: bool = False
    create_date: str = ""
    update_date: str = ""
    tags: t.Mapping[str, str] | None = None

    @property
    def ours(self) -> bool:
        """Whether this collection made it; also where that does not matter to the task."""
        return self.tags is None or ownership.proven(self.tags)


def check_session(seconds: int | None) -> None:
    """:raises InvalidInput: outside RAM's limits"""
    if seconds is not None and not 3600 <= seconds <= 43200:
        raise InvalidInput(f"max_session_duration is {seconds}; expected 3600 to 43200 seconds.")


def read_role(cloud: Cloud, name: str) -> Role | None:
    """The role, or None; in a check run as earlier tasks would have left it."""
    if cloud.foretold.is_gone(_KIND, name):
        return None
    made = cloud.foretold.find(_KIND, name)
    try:
        role = cloud.call("ram", "GetRole", RoleName=name)["Role"]
    except NotFound:
        if made is None:
            return None
        about = (made["description"], made["trust_policy"], made["max_session_duration"])
        return Role(name, "", "", *about, tags=made["tags"])
    found = Role(
        name=role["RoleName"],
        id=str(role.get("RoleId") or ""),
        arn=role.get("Arn") or "",
        description=role.get("Description") or "",
        trust_policy=documents.from_answer(f"role {name}", role.get("AssumeRolePolicyDocument")),
        max_session_duration=int(role.get("MaxSessionDuration") or 3600),
        service_linked=bool(role.get("IsServiceLinkedRole")),
        create_date=role.get("CreateDate") or "",
        update_date=role.get("UpdateDate") or "",
    )
    if made is None:
        return found
    changed = {name: made[name] for name in ("description", "trust_policy", "max_session_duration")}
    return replace(found, **changed)


def with_tags(cloud: Cloud, role: Role | None) -> Role | None:
    """The same role with its tags."""
    if role is None or role.tags is not None:
        return role
    return replace(role, tags=policies.read_tags(cloud, "role", [role.name])[role.name])


def read_attached(cloud: Cloud, name: str) -> tuple[PolicyRef, ...]:
    """The policies of a role; in a check run as earlier tasks would have left it."""
    made = cloud.foretold.find(_KIND, name)
    if made:
        return tuple(PolicyRef(*ref) for ref in made["policies"])
    return policies.read_attached(cloud, Entity("Role", name))


def foretell(cloud: Cloud, plan: Plan, name: str, owner: str) -> None:
    """Note for later tasks of a check run what this plan would make of a role and of its policies.

    :param owner: value of the ownership tag of a role that would be created
    """
    policies.foretell(cloud, plan.steps, plan.after.get("documents", {}))
    if any(step.do == "delete_role" for step in plan.steps):
        cloud.foretold.would_delete(_KIND, name, global_=True)
    elif plan.changed and plan.after:
        about = {key: plan.after[key] for key in ("description", "trust_policy", "max_session_duration")}
        attached = [(one["type"], one["name"]) for one in plan.after["policies"]]
        labels = {tagging.OWNER_KEY: owner}
        cloud.foretold.would_make(_KIND, "role", name, global_=True, tags=labels, policies=attached, **about)


class RoleActions(PolicyActions):
    """The steps of a plan that change roles; mixed into resources."""

    cloud: Cloud

    def create_role(
        self, name: str, trust: Document, description: str | None, max_session_duration: int | None, owner: str
    ) -> None:
        try:
            self.cloud.call(
                "ram",
                "CreateRole",
                RoleName=name,
                AssumeRolePolicyDocument=documents.to_text(trust),
                Description=description or None,
                MaxSessionDuration=max_session_duration,
                Tag=owner_tag(owner),
            )
        except AlreadyExists as error:
            # Either an earlier try of this very call whose answer was lost, or somebody was faster.
            found = appeared(self.cloud, f"role {name}", lambda: read_role(self.cloud, name))
            if not documents.same(found.trust_policy, trust):
                raise UnexpectedState(
                    f"The role {name} was created by somebody else in the meantime, with another trust policy.",
                    hint="Run the task again to see what it would change.",
                ) from error

    def update_role(
        self,
        name: str,
        trust: Document | None = None,
        description: str | None = None,
        max_session_duration: int | None = None,
    ) -> None:
        self.cloud.call(
            "ram",
            "UpdateRole",
            RoleName=name,
            NewAssumeRolePolicyDocument=documents.to_text(trust) if trust else None,
            NewDescription=description,
            NewMaxSessionDuration=max_session_duration,
        )

    def delete_role(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call("ram", "DeleteRole", RoleName=name)
