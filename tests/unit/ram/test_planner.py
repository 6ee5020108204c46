# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planners of policies and roles: what they plan leads to what is wanted, and then nothing is left to plan."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import (
    attachments,
    documents,
    policy_planner,
    role_planner,
)
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.policies import Entity, Policy, PolicyRef, Version
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.policy_planner import WantedPolicy
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.role_planner import RoleState, WantedRole
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.roles import Role

READ = documents.allow(["ecs:DescribeInstances"])
WRITE = documents.allow(["ecs:*"])
ECS = documents.trust_of_service("ecs.aliyuncs.com")
FC = documents.trust_of_service("fc.aliyuncs.com")


def policy(name: str, document: documents.Document | None = None, versions: int = 1, description: str = "") -> Policy:
    document = READ if document is None else document
    held = tuple(Version(f"v{n}", documents.allow([f"ecs:Old{n}"])) for n in range(1, versions))
    return Policy(
        PolicyRef("Custom", name),
        description,
        document,
        f"v{versions}",
        versions=(*held, Version(f"v{versions}", document)),
    )


def role(
    name: str = "web", trust: documents.Document | None = None, description: str = "", session: int = 3600
) -> Role:
    return Role(name, "3", f"acs:ram::1:role/{name}", description, ECS if trust is None else trust, session)


class Simulated:
    """RAM and ECS as far as the steps of a plan go."""

    def __init__(self, state: RoleState) -> None:
        self.state = state

    def run(self, steps: t.Iterable[t.Any]) -> RoleState:
        for step in steps:
            getattr(self, step.do)(**step.args)
        return self.state

    def create_role(
        self, name: str, trust: t.Any, description: str | None, max_session_duration: int | None, owner: str
    ) -> None:
        assert self.state.role is None
        assert owner
        self.state = replace(self.state, role=role(name, trust, description or "", max_session_duration or 3600))

    def update_role(self, name: str, trust: t.Any = None, **changes: t.Any) -> None:
        assert self.state.role is not None
        changes.update({"trust_policy": trust} if trust else {})
        self.state = replace(self.state, role=replace(self.state.role, **changes))

    def create_policy(self, name: str, document: t.Any, description: str | None, owner: str) -> None:
        self._put(policy(name, document, description=description or ""))

    def create_policy_version(self, name: str, document: t.Any, rotate: bool) -> None:
        held = self.state.policies[name]
        assert held is not None
        assert held.versions is not None
        assert rotate == (len(held.versions) == 5)
        self._put(replace(held, document=document))

    def set_default_version(self, name: str, version: str) -> None:
        held = self.state.policies[name]
        assert held is not None
        document = next(one.document for one in held.versions or () if one.id == version)
        assert document is not None
        self._put(replace(held, document=document, default_version=version))

    def describe_policy(self, name: str, description: str) -> None:
        held = self.state.policies[name]
        assert held is not None
        self._put(replace(held, description=description))

    def _put(self, held: Policy) -> None:
        self.state = replace(self.state, policies={**self.state.policies, held.ref.name: held})

    def attach_policy(self, kind: str, entity: str, type: str, name: str) -> None:
        ref = PolicyRef(type, name)
        assert ref not in self.state.attached
        assert name not in self.state.policies or self.state.policies[name] is not None
        self.state = replace(self.state, attached=tuple(sorted((*self.state.attached, ref))))

    def detach_policy(self, kind: str, entity: str, type: str, name: str) -> None:
        left = tuple(ref for ref in self.state.attached if ref != PolicyRef(type, name))
        assert left != self.state.attached
        self.state = replace(self.state, attached=left)


REFS = st.sampled_from([PolicyRef("System", "AliyunKMSFullAccess"), PolicyRef("Custom", "a"), PolicyRef("Custom", "b")])
TEXTS = st.sampled_from([None, "one", "two"])
ROLES = st.none() | st.builds(
    role,
    trust=st.sampled_from([ECS, FC]),
    description=st.sampled_from(["", "one"]),
    session=st.sampled_from([3600, 7200]),
)
POLICIES = st.none() | st.builds(policy, st.just("a"), st.sampled_from([READ, WRITE]), st.integers(1, 5))
CONTENTS = st.just(()) | st.tuples(
    st.builds(WantedPolicy, st.just("a"), st.sampled_from([READ, WRITE]), TEXTS, st.just(True))
)


@given(
    ROLES, POLICIES, st.sets(REFS), st.sets(REFS), CONTENTS, TEXTS, st.sampled_from([None, 3600, 7200]), st.booleans()
)
def test_a_role_s_plan_leads_to_what_is_wanted_and_then_there_is_nothing_to_do(
    held_role: Role | None,
    held_policy: Policy | None,
    held: set[PolicyRef],
    wanted_refs: set[PolicyRef],
    contents: tuple[WantedPolicy, ...],
    description: str | None,
    session: int | None,
    purge: bool,
) -> None:
    attached = tuple(sorted(held)) if held_role else ()
    state = RoleState(held_role, attached, {"a": held_policy} if contents else {})
    wanted = WantedRole("web", ECS, "test", description, session, tuple(wanted_refs), contents, purge=lambda ref: purge)
    plan = role_planner.plan_present(state, wanted)
    after = Simulated(state).run(plan.steps)

    assert after.role is not None
    assert documents.same(after.role.trust_policy, ECS)
    assert set(after.attached) == wanted_refs | (set() if purge else set(attached))
    if description is not None:
        assert after.role.description == description
    elif held_role is not None:
        assert after.role.description == held_role.description
    assert plan.before == role_planner.view(state)
    assert plan.after == role_planner.view(after)
    again = role_planner.plan_present(after, wanted)
    assert not again.steps
    assert again.before == again.after


def test_a_changed_document_becomes_a_version_and_the_oldest_goes_only_on_request() -> None:
    full = policy("p", READ, versions=5)
    wanted = WantedPolicy("p", WRITE)
    with pytest.raises(UnexpectedState, match="has 5 versions") as caught:
        policy_planner.plan_present(full, wanted)
    assert "rotate" in caught.value.hint
    assert "v1" in caught.value.hint
    plan = policy_planner.plan_present(full, replace(wanted, rotate=True))
    assert [step.do for step in plan.steps] == ["create_policy_version"]
    assert "v1" in plan.steps[0].name
    assert plan.steps[0].args["rotate"]


def test_the_oldest_version_in_force_is_not_the_one_to_go() -> None:
    full = replace(policy("p", READ, versions=5), default_version="v1")
    plan = policy_planner.plan_present(full, WantedPolicy("p", WRITE, rotate=True))
    assert "its oldest, v2" in plan.steps[0].name


def test_a_document_that_an_older_version_has_is_not_stored_again() -> None:
    held = policy("p", READ, versions=3)
    plan = policy_planner.plan_present(held, WantedPolicy("p", documents.allow(["ECS:old2"])))
    assert [(step.do, step.args) for step in plan.steps] == [("set_default_version", {"name": "p", "version": "v2"})]


def test_what_is_not_given_is_not_compared() -> None:
    held = policy("p", READ, description="kept")
    assert not policy_planner.plan_present(held, WantedPolicy("p")).changed
    assert policy_planner.plan_present(held, WantedPolicy("p", WRITE)).after["description"] == "kept"


def test_a_policy_is_not_created_from_nothing() -> None:
    with pytest.raises(InvalidInput, match="a document is needed"):
        policy_planner.plan_present(None, WantedPolicy("p"))


def test_a_policy_in_use_is_deleted_only_on_request_and_only_after_detaching() -> None:
    users = (Entity("Role", "web"), Entity("User", "eve"), Entity("Group", "ops"))
    with pytest.raises(UnexpectedState, match="role web, user eve, group ops"):
        policy_planner.plan_absent(policy("p"), users, detach=False)
    plan = policy_planner.plan_absent(policy("p"), users, detach=True)
    assert [step.do for step in plan.steps] == ["detach_policy"] * 3 + ["delete_policy"]
    assert not policy_planner.plan_absent(None, (), detach=False).changed


def test_deleting_a_role_deletes_what_was_made_for_it_and_nobody_else_has() -> None:
    own, shared = PolicyRef("Custom", "own"), PolicyRef("Custom", "shared")
    state = RoleState(
        role(),
        (own, shared, PolicyRef("System", "AliyunKMSFullAccess")),
        owned={own: (Entity("Role", "web"),), shared: (Entity("Role", "web"), Entity("User", "eve"))},
    )
    plan = role_planner.plan_absent(state, "web")
    assert [step.do for step in plan.steps] == ["detach_policy"] * 3 + ["delete_role", "delete_policy"]
    assert plan.steps[-1].args == {"name": "own"}
    assert plan.kept == ("The policy shared stays: user eve has it too.",)


def test_deleting_goes_on_where_a_crash_interrupted_it() -> None:
    own = PolicyRef("Custom", "own")
    plan = role_planner.plan_absent(RoleState(owned={own: ()}), "web")
    assert [step.name for step in plan.steps] == ["delete policy own"]


def test_a_service_linked_role_is_left_alone() -> None:
    state = RoleState(replace(role(), service_linked=True))
    with pytest.raises(UnexpectedState, match="service-linked"):
        role_planner.plan_present(state, WantedRole("web", FC, "test"))
    with pytest.raises(UnexpectedState, match="service-linked"):
        role_planner.plan_absent(state, "web")


def test_a_new_role_has_a_name_that_ram_takes_today_and_an_old_one_may_have_an_older() -> None:
    with pytest.raises(InvalidInput, match="cannot be created"):
        role_planner.plan_present(RoleState(), WantedRole("old_name", ECS, "test"))
    assert not role_planner.plan_present(RoleState(role("old_name")), WantedRole("old_name", ECS, "test")).changed


@given(
    st.dictionaries(
        st.sampled_from([f"i-{n}" for n in range(6)]), st.sampled_from(["", "web", "db", "mail"]), min_size=1
    ),
    st.booleans(),
)
def test_instances_end_up_with_the_role_or_without_it(carriers: dict[str, str], attach: bool) -> None:
    ids = list(carriers)
    if attach:
        steps, after = attachments.attach_steps("web", carriers, ids, replace=True)
    else:
        steps, after = attachments.detach_steps("web", carriers, ids)
    simulated = dict(carriers)
    for step in steps:
        if step.do == "exchange_roles":
            for one, other in step.args["carriers"].items():
                assert simulated[one] == other != step.args["role"]
                simulated[one] = step.args["role"]
            continue
        for one in step.args["instance_ids"]:
            if step.do == "attach_instances":
                assert simulated[one] == "", "an instance can have one role"
                simulated[one] = step.args["role"]
            else:
                assert simulated[one] == step.args["role"]
                simulated[one] = ""
    assert simulated == after
    if attach:
        assert set(after.values()) == {"web"}
    else:
        assert after == {one: "" if held == "web" else held for one, held in carriers.items()}


def test_another_role_is_replaced_only_on_request() -> None:
    with pytest.raises(UnexpectedState, match="i-2 has db") as caught:
        attachments.attach_steps("web", {"i-1": "", "i-2": "db"}, ["i-1", "i-2"], replace=False)
    assert caught.value.details["other_roles"] == {"i-2": "db"}


# ---------------------------------------------------------------------- what others made

THEIRS = {"team": "theirs"}
OURS = {"alitrust.ecs:owner": "instance_ram_role/web"}
PLAIN, ADOPT, LEAVE = Terms(), Terms(adopt=True), Terms(leave_others=True)


@pytest.mark.parametrize("tags", [THEIRS, OURS])
def test_a_role_of_others_is_deleted_only_when_it_is_adopted(tags: dict[str, str]) -> None:
    state = RoleState(replace(role(), tags=tags), (PolicyRef("Custom", "p"),))
    if tags is THEIRS:
        with pytest.raises(UnexpectedState, match="did not make it"):
            role_planner.plan_absent(state, "web", PLAIN)
        left = role_planner.plan_absent(state, "web", LEAVE)
        assert not left.changed
        assert left.before == left.after
        assert "RAM role web stays" in left.kept[0]
    else:
        assert role_planner.plan_absent(state, "web", LEAVE).changed
    assert role_planner.plan_absent(state, "web", ADOPT).steps[-1].do == "delete_role"


def test_a_role_that_is_carried_stays_where_others_are_left_alone() -> None:
    state = RoleState(replace(role(), tags=OURS))
    left = role_planner.plan_absent(state, "web", LEAVE, ["i-1 in the region cn-shanghai"])
    assert not left.changed
    assert "still used by i-1 in the region cn-shanghai" in left.kept[0]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(WantedRole("web", ECS, "us", purge=lambda ref: True), id="policies"),
        pytest.param(WantedRole("web", FC, "us"), id="trust-policy"),
    ],
)
def test_nothing_is_taken_away_from_a_role_of_others(wanted: WantedRole) -> None:
    state = RoleState(replace(role(), tags=THEIRS), (PolicyRef("Custom", "p"),))
    with pytest.raises(UnexpectedState, match="did not make it") as caught:
        role_planner.plan_present(state, wanted)
    assert "adopt: true" in caught.value.hint
    adopted = role_planner.plan_present(state, replace(wanted, terms=ADOPT))
    assert adopted.steps[0].do == "tag_resource"
    assert adopted.steps[0].args == {"kind": "role", "name": "web", "owner": "us"}
    assert len(adopted.steps) == 2


def test_a_role_of_others_may_get_more() -> None:
    state = RoleState(replace(role(), tags=THEIRS))
    wanted = WantedRole(
        "web", documents.with_service(ECS, "fc.aliyuncs.com"), "us", attached=(PolicyRef("Custom", "p"),)
    )
    assert [step.do for step in role_planner.plan_present(state, wanted).steps] == ["update_role", "attach_policy"]


def test_a_role_is_asked_for_what_it_lacks() -> None:
    reader, writer = WantedPolicy("reader", READ), WantedPolicy("writer", WRITE)
    wanted = WantedRole(
        "web",
        ECS,
        "us",
        attached=(
            PolicyRef("Custom", "reader"),
            PolicyRef("Custom", "writer"),
            PolicyRef("System", "AliyunKMSFullAccess"),
        ),
        contents=(reader, writer),
    )
    held = RoleState(role(), granted=(documents.allow(["ecs:Describe*"]),))
    assert role_planner.not_granted(held, wanted) == ["ecs:*", "system policy AliyunKMSFullAccess"]


def test_a_policy_of_others_is_used_as_it_is_where_it_allows_what_is_wanted() -> None:
    theirs = replace(policy("p", WRITE), tags=THEIRS)
    used = policy_planner.plan_present(theirs, WantedPolicy("p", READ, terms=LEAVE))
    assert not used.changed
    assert used.kept == ("Using the existing policy p; it is left as it is.",)
    with pytest.raises(UnexpectedState, match=r"does not allow ecs:\*"):
        policy_planner.plan_present(replace(policy("p", READ), tags=THEIRS), WantedPolicy("p", WRITE, terms=LEAVE))
    adopted = policy_planner.plan_present(theirs, WantedPolicy("p", READ, terms=ADOPT))
    assert [step.do for step in adopted.steps] == ["create_policy_version", "tag_resource"]


def test_the_oldest_version_of_a_policy_of_others_is_not_deleted() -> None:
    full = replace(policy("p", READ, versions=5), tags=THEIRS)
    with pytest.raises(UnexpectedState, match="version v1 of policy p"):
        policy_planner.plan_present(full, WantedPolicy("p", WRITE, rotate=True))


def test_a_policy_of_others_is_deleted_only_when_it_is_adopted() -> None:
    theirs = replace(policy("p"), tags=THEIRS)
    with pytest.raises(UnexpectedState, match="did not make it"):
        policy_planner.plan_absent(theirs, (), detach=True)
    assert not policy_planner.plan_absent(theirs, (), True, LEAVE).changed
    assert policy_planner.plan_absent(theirs, (), True, ADOPT).changed
    ours = replace(policy("p"), tags=OURS)
    left = policy_planner.plan_absent(ours, (Entity("Role", "web"),), False, LEAVE)
    assert "still used by role web" in left.kept[0]


def test_carriers_outside_of_regions_are_told_and_so_is_what_could_not_be_asked() -> None:
    found = attachments.Carriers(
        {"cn-hangzhou": ("i-1",), "cn-shanghai": ("i-2", "i-3")}, {"cn-beijing": "Forbidden.RAM"}
    )
    unread = "possibly instances in cn-beijing, which could not be asked (Forbidden.RAM)"
    assert found.outside(["cn-hangzhou"]) == ["i-2, i-3 in the region cn-shanghai", unread]
    assert found.outside(None) == [unread]
    steps = attachments.detach_everywhere_steps("web", found)
    assert [step.args["region"] for step in steps] == ["cn-hangzhou", "cn-shanghai"]


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        ({"Action": "kms:*", "Resource": "*"}, []),
        ({"Action": ["kms:Decrypt", "kms:Encrypt"], "Resource": "acs:kms:cn-hangzhou:1:key/*"}, []),
        ({"Action": "kms:Decrypt", "Resource": "*"}, ["kms:Encrypt"]),
        ({"Action": "kms:*", "Resource": "acs:kms:cn-hangzhou:1:key/other"}, ["kms:Decrypt", "kms:Encrypt"]),
    ],
)
def test_what_documents_do_not_grant_is_told_by_resource(held: dict[str, t.Any], missing: list[str]) -> None:
    wanted = documents.allow(["kms:Decrypt", "kms:Encrypt"], "acs:kms:cn-hangzhou:1:key/mine")
    granted = [{"Version": "1", "Statement": [{"Effect": "Allow", **held}]}]
    assert documents.not_granted(granted, wanted) == missing
