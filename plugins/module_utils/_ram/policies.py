# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies: how they are read, and the calls that change them. Private."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, replace

from .._cloud import texts
from .._cloud.door import Cloud, chunks
from .._cloud.errors import AlreadyExists, InvalidInput, NotFound, OutcomeUnknown, UnexpectedState
from .._cloud.writes import DOUBT
from .._core import ownership, tags
from .._core.plan import Step
from .._core.waiter import seen_within, wait_for
from . import documents
from .documents import Document

#: Versions one policy can have (RAM limits).
MAX_VERSIONS = 5
#: Resources whose tags one call reads (RAM ListTagResources).
_TAGS_AT_ONCE = 50
_KIND = "ram_policy"
_ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


class PolicyRef(t.NamedTuple):
    """What identifies a policy."""

    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type.lower()} policy {self.name}"


@dataclass(frozen=True)
class Version:
    """A version of a policy; C(create_date) is C("") where it does not matter."""

    id: str
    document: Document | None
    create_date: str = ""


@dataclass(frozen=True)
class Policy:
    """A policy as RAM has it.

    :ivar versions: oldest first; None where they were not read
    :ivar tags: None where whose it is does not matter to the task
    """

    ref: PolicyRef
    description: str
    document: Document
    default_version: str
    attachment_count: int = 0
    create_date: str = ""
    update_date: str = ""
    versions: tuple[Version, ...] | None = None
    tags: t.Mapping[str, str] | None = None

    @property
    def ours(self) -> bool:
        """Whether this collection made it; also where that does not matter to the task."""
        return self.tags is None or ownership.proven(self.tags)


class Entity(t.NamedTuple):
    """Who a policy is attached to; C(kind) is C(Role), C(User) or C(Group)."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.name}"


# ---------------------------------------------------------------------- checks


# ---------------------------------------------------------------------- reading


def read_policy(cloud: Cloud, ref: PolicyRef) -> Policy | None:
    """The policy with its default document, or None; in a check run as earlier tasks would have left it."""
    if ref.type == "Custom" and cloud.foretold.is_gone(_KIND, ref.name):
        return None
    made = cloud.foretold.find(_KIND, ref.name) if ref.type == "Custom" else None
    try:
        answer = cloud.call("ram", "GetPolicy", PolicyType=ref.type, PolicyName=ref.name)
    except NotFound:
        return Policy(ref, made["description"], made["document"], "v1", tags=made["tags"]) if made else None
    policy, version = answer["Policy"], answer.get("DefaultPolicyVersion") or {}
    text = version.get("PolicyDocument") or policy.get("PolicyDocument")
    return Policy(
        ref=PolicyRef(ref.type, policy["PolicyName"]),
        description=policy.get("Description") or "",
        document=made["document"] if made else documents.from_answer(str(ref), text),
        default_version=policy.get("DefaultVersion") or version.get("VersionId") or "",
        attachment_count=int(policy.get("AttachmentCount") or 0),
        create_date=policy.get("CreateDate") or "",
        update_date=policy.get("UpdateDate") or "",
    )


def read_for(cloud: Cloud, ref: PolicyRef, wanted: Document | None) -> Policy | None:
    """The policy; its versions are read too where the wanted document needs a change."""
    policy = read_policy(cloud, ref)
    if policy is None or wanted is None or documents.same(policy.document, wanted):
        return policy
    return with_versions(cloud, policy)


def with_versions(cloud: Cloud, policy: Policy) -> Policy:
    """The policy, its versions included."""
    items = cloud.pages("ram", "ListPolicyVersions", PolicyType=policy.ref.type, PolicyName=policy.ref.name)
    versions = []
    for item in sorted(items, key=lambda item: texts.whole(item["VersionId"].removeprefix("v")) or 0):
        text = item.get("PolicyDocument")
        versions.append(
            Version(
                item["VersionId"],
                documents.from_answer(str(policy.ref), text) if text else None,
                item.get("CreateDate") or "",
            )
        )
    return replace(policy, versions=tuple(versions))


def read_entities(cloud: Cloud, ref: PolicyRef) -> tuple[Entity, ...]:
    """Who has the policy."""
    try:
        answer = cloud.call("ram", "ListEntitiesForPolicy", PolicyType=ref.type, PolicyName=ref.name)
    except NotFound:
        return ()
    return tuple(
        Entity(kind, name)
        for kind in ("Role", "User", "Group")
        for name in cloud.foretold.staying(
            f"ram_{kind.lower()}",
            [item[f"{kind}Name"] for item in (answer.get(f"{kind}s") or {}).get(kind) or ()],
        )
    )


def read_attached(cloud: Cloud, entity: Entity) -> tuple[PolicyRef, ...]:
    """The policies of a role, a user or a group; none when there is no such entity."""
    try:
        items = cloud.pages("ram", f"ListPoliciesFor{entity.kind}", {f"{entity.kind}Name": entity.name})
    except NotFound:
        return ()
    return tuple(sorted(PolicyRef(item["PolicyType"], item["PolicyName"]) for item in items))


def read_owned(cloud: Cloud, owner: str) -> tuple[PolicyRef, ...]:
    """The custom policies that carry our ownership tag with this value."""
    items = cloud.pages("ram", "ListTagResources", ResourceType="policy", Tag=owner_tag(owner))
    return tuple(PolicyRef("Custom", item["ResourceName"]) for item in items if item.get("TagKey") == tags.OWNER_KEY)


def read_tags(cloud: Cloud, kind: t.Literal["role", "policy"], names: t.Iterable[str]) -> dict[str, dict[str, str]]:
    """Tags of roles or custom policies, by name; all of them have to exist."""
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for part in chunks(list(found), _TAGS_AT_ONCE):
        query = {"ResourceType": kind, "ResourceNames": part}
        for item in cloud.pages("ram", "ListTagResources", query):
            found.setdefault(item["ResourceName"], {})[item["TagKey"]] = item.get("TagValue") or ""
    return found


def needs_tags(policy: Policy, terms: ownership.Terms) -> bool:
    """Whether it matters to a task that gives the policy its content who made it."""
    return terms != ownership.Terms() or len(policy.versions or ()) >= MAX_VERSIONS


def with_tags(cloud: Cloud, found: t.Sequence[Policy]) -> list[Policy]:
    """The same custom policies, with their tags."""
    labels = read_tags(cloud, "policy", [policy.ref.name for policy in found if policy.tags is None])
    return [policy if policy.tags is not None else replace(policy, tags=labels[policy.ref.name]) for policy in found]


def read_contents(
    cloud: Cloud, wanted: t.Iterable[tuple[str, Document | None]], terms: ownership.Terms
) -> dict[str, Policy | None]:
    """Custom policies that get their content from a task, by name, with what deciding about them takes."""
    found = {name: read_for(cloud, PolicyRef("Custom", name), document) for name, document in wanted}
    unclear = [policy for policy in found.values() if policy and needs_tags(policy, terms)]
    return {**found, **{policy.ref.name: policy for policy in with_tags(cloud, unclear)}}


def read_documents(cloud: Cloud, refs: t.Iterable[PolicyRef]) -> tuple[Document, ...]:
    """What these policies say."""
    return tuple(policy.document for ref in refs if (policy := read_policy(cloud, ref)))


def prove(cloud: Cloud, ref: PolicyRef) -> None:
    """:raises InvalidInput: there is no such policy"""
    if read_policy(cloud, ref) is None:
        hints = {
            "Custom": "Give a document to create it, or set type to System if that is what it is.",
            "System": "Check its name; type Custom is for the account's own policies.",
        }
        raise InvalidInput(f"There is no {ref}.", hint=hints[ref.type])


def owner_tag(owner: str) -> list[dict[str, str]]:
    """The ownership tag, for a request."""
    return tags.to_api({tags.OWNER_KEY: owner})


# ---------------------------------------------------------------------- changing


def foretell(cloud: Cloud, steps: t.Iterable[Step], documents_after: t.Mapping[str, Document]) -> None:
    """Note for later tasks of a check run which policies these steps would make, change or delete.

    :param documents_after: what custom policies would say then, by name
    """
    for step in steps:
        name = str(step.args.get("name"))
        if step.do in ("create_policy", "create_policy_version", "set_default_version"):
            about = {"document": documents_after[name], "description": step.args.get("description") or ""}
            owner = {tags.OWNER_KEY: step.args.get("owner", "")}
            cloud.foretold.would_make(_KIND, "policy", name, global_=True, tags=owner, **about)
        if step.do == "delete_policy":
            cloud.foretold.would_delete(_KIND, name, global_=True)


class PolicyActions:
    """The steps of a plan that change policies; mixed into resources."""

    cloud: Cloud

    def tag_resource(self, kind: str, name: str, owner: str) -> None:
        self.cloud.call("ram", "TagResources", ResourceType=kind, ResourceNames=[name], Tag=owner_tag(owner))

    def create_policy(self, name: str, document: Document, description: str | None, owner: str) -> None:
        ref = PolicyRef("Custom", name)
        try:
            self.cloud.call(
                "ram",
                "CreatePolicy",
                PolicyName=name,
                PolicyDocument=documents.to_text(document),
                Description=description or None,
                Tag=owner_tag(owner),
            )
        except AlreadyExists as error:
            # Either an earlier try of this very call whose answer was lost, or somebody was faster.
            found = appeared(self.cloud, str(ref), lambda: read_policy(self.cloud, ref))
            if not documents.same(found.document, document):
                raise UnexpectedState(
                    f"The policy {name} was created by somebody else in the meantime, with other content.",
                    hint="Run the task again to see what it would change.",
                ) from error

    def create_policy_version(self, name: str, document: Document, rotate: bool) -> None:
        try:
            self.cloud.call(
                "ram",
                "CreatePolicyVersion",
                PolicyName=name,
                PolicyDocument=documents.to_text(document),
                SetAsDefault=True,
                RotateStrategy=_ROTATE if rotate else None,
            )
        except OutcomeUnknown:
            # Not repeated, because a second version would be made: look whether it is there.
            ref = PolicyRef("Custom", name)

            def same() -> Policy | None:
                found = read_policy(self.cloud, ref)
                return found if found is not None and documents.same(found.document, document) else None

            if seen_within(self.cloud, same, DOUBT) is None:
                raise

    def set_default_version(self, name: str, version: str) -> None:
        self.cloud.call("ram", "SetDefaultPolicyVersion", PolicyName=name, VersionId=version)

    def describe_policy(self, name: str, description: str) -> None:
        self.cloud.call("ram", "UpdatePolicyDescription", PolicyName=name, NewDescription=description)

    def attach_policy(self, kind: str, entity: str, type: str, name: str) -> None:
        params = {"PolicyType": type, "PolicyName": name, f"{kind}Name": entity}
        with contextlib.suppress(AlreadyExists):
            self.cloud.call("ram", f"AttachPolicyTo{kind}", params)

    def detach_policy(self, kind: str, entity: str, type: str, name: str) -> None:
        params = {"PolicyType": type, "PolicyName": name, f"{kind}Name": entity}
        with contextlib.suppress(NotFound):
            self.cloud.call("ram", f"DetachPolicyFrom{kind}", params)

    def delete_policy(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            self.cloud.call("ram", "DeletePolicy", PolicyName=name, CascadingDelete=True)


Found = t.TypeVar("Found")


def appeared(cloud: Cloud, what: str, read: t.Callable[[], Found | None]) -> Found:
    """What RAM says exists, once it can be read (a write may be ahead of reads for a while).

    :raises WaitTimeout: still unreadable after the time budget of a call
    """
    seen = wait_for(
        cloud,
        f"the {what} to be readable",
        read,
        lambda found: found is not None,
        lambda found: "not there",
        timeout=cloud.connection.api_timeout,
        shows=True,
    )
    return t.cast("Found", seen.value)
