# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(kms_share_role): roles by which ECS uses keys, and images in OSS, of the account. Private."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from functools import cached_property

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, ownership
from .._core.plan import Plan
from .._ram import documents, policies, policy_planner, recipients, role_planner, roles, shape
from .._ram.documents import Document
from .._ram.policies import Entity, PolicyRef
from .._ram.policy_planner import WantedPolicy
from .._ram.recipients import Recipients
from .._ram.resource import RamResource
from .._ram.role_planner import RoleState, WantedRole
from .._ram.roles import ECS, RoleActions
from . import keys

#: What a role is for -> its name, which ECS knows it by (Encryption-related permissions; Use RAM to control access).
ROLES = {
    "disk_encrypt": "AliyunECSDiskEncryptDefaultRole",
    "share_snapshot": "AliyunECSShareEncryptSnapshotDefaultRole",
    "share_image": "AliyunECSShareEncryptImageDefaultRole",
    "image_import": "AliyunECSImageImportDefaultRole",
    "image_export": "AliyunECSImageExportDefaultRole",
}
#: Those that have to do with keys.
OF_KEYS = ("disk_encrypt", "share_snapshot", "share_image")
DISK_POLICY = PolicyRef("System", "AliyunECSDiskEncryptRolePolicy")
#: Those that ECS assumes in the own account -> the system policy that is all they need.
OWN = {
    "disk_encrypt": DISK_POLICY,
    "image_import": PolicyRef("System", "AliyunECSImageImportRolePolicy"),
    "image_export": PolicyRef("System", "AliyunECSImageExportRolePolicy"),
}
SERVICE_KEY_POLICY = PolicyRef("System", "AliyunKMSFullAccess")
#: Alias of the key that ECS makes for itself in each region.
SERVICE_KEY = "alias/acs/ecs"
_KEY_ACTIONS = (
    "kms:DescribeKey",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:GenerateDataKey",
)
#: Those of them without which nothing that is encrypted can be shared.
_USES = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")
_KEY_ARN = re.compile(r"acs:kms:(?P<region>[^:]+):(?P<account>\d+|\*):key/(?P<id>.+)")

SPEC: dict[str, dict[str, t.Any]] = {
    "purpose": {"type": "str", "choices": list(ROLES), "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "account_ids": {"type": "list", "elements": "str"},
    "resource_directory_ids": {"type": "list", "elements": "str", "aliases": ["resource_directory_id"]},
    "folder_paths": {"type": "list", "elements": "str", "aliases": ["folder_path"]},
    "recipients_mode": {"type": "str", "choices": ["present", "absent", "exact"], "default": "present"},
    "replace": {"type": "bool", "default": False},
    "kms_key_ids": {"type": "list", "elements": "str", "aliases": ["kms_key_id"], "no_log": False},
    "purge_keys": {"type": "bool", "default": False},
    "service_key": {"type": "bool", "no_log": False},
    "description": {"type": "str"},
    **ownership.SPEC,
}


def policy_name(purpose: str, region: str, key_id: str) -> str:
    """Name of the policy by which a role may use one key."""
    return f"alitrust-{purpose.replace('_', '-')}-{region}-{key_id}"


@dataclass(frozen=True)
class Key:
    """A key of KMS, as its ARN tells."""

    id: str
    region: str
    account: str

    @property
    def document(self) -> Document:
        """The documented policy by which ECS may use this key and no other."""
        keys = f"acs:kms:{self.region}:{self.account}:key"
        return {
            "Version": "1",
            "Statement": [
                {"Action": "kms:List*", "Resource": keys, "Effect": "Allow"},
                {"Action": list(_KEY_ACTIONS), "Resource": f"{keys}/{self.id}", "Effect": "Allow"},
            ],
        }


def service_key_id(cloud: Cloud) -> str:
    """ID of the service key of ECS; empty before ECS has made it, which it does when it is first needed."""
    metadata = keys.describe(cloud, SERVICE_KEY)
    return str(metadata["KeyId"]) if metadata else ""


def read_key(cloud: Cloud, key_id: str) -> Key:
    """:raises UnexpectedState: the key does not exist, or cannot be used"""
    metadata = keys.describe(cloud, key_id)
    if metadata is None:
        raise UnexpectedState(
            f"There is no KMS key {key_id} in the region {cloud.region}.", hint="Check kms_key_ids and region."
        )
    state = metadata.get("KeyState")
    if state != "Enabled":
        raise UnexpectedState(f"The KMS key {key_id} is in the state {state}; only an Enabled key can be used.")
    match = _KEY_ARN.fullmatch(metadata.get("Arn") or "")
    if not match:
        raise UnexpectedState(f"KMS returned an ARN of the key {key_id} that cannot be read: {metadata.get('Arn')!r}.")
    return Key(match["id"], match["region"], match["account"])


def may_use(granted: t.Sequence[Document], key: Key) -> bool:
    """Whether policies let a role do with a key what sharing takes."""
    arn = f"acs:kms:{key.region}:{key.account}:key/{key.id}"
    return all(documents.permits(granted, action, arn) for action in _USES)


class KmsShareRole(RoleActions, RamResource[RoleState]):
    """One of the roles, with its recipients and keys."""

    # ------------------------------------------------------------------ options

    def validate(self) -> None:
        naming.check_description(naming.RAM_DESCRIPTION, "description", self.options["description"])
        self._recipients  # noqa: B018  checked by reading them
        if self._purpose in OWN:
            for name in ("account_ids", "resource_directory_ids", "folder_paths", "kms_key_ids", "service_key"):
                if self.options[name]:
                    raise InvalidInput(
                        f"{name} is not possible with purpose {self._purpose}: this role is for ECS in the own "
                        f"account, and its system policy {OWN[self._purpose].name} covers what it needs."
                    )
        for key_id in self._key_ids:
            if key_id.startswith("alias/acs/"):
                raise InvalidInput(
                    f"kms_key_ids has the service key {key_id}; leave it out and set service_key to true instead."
                )
            if not re.fullmatch(r"[A-Za-z0-9/_-]+", key_id):
                raise InvalidInput(f"kms_key_ids has {key_id!r}; expected the ID of a key, or alias/NAME.")
        if self.options["purge_keys"] and self.options["kms_key_ids"] is None:
            raise InvalidInput("purge_keys needs kms_key_ids, the keys that shall stay.")

    @property
    def _purpose(self) -> str:
        return str(self.options["purpose"])

    @property
    def _name(self) -> str:
        return ROLES[self._purpose]

    @property
    def _owner(self) -> str:
        return f"kms_share_role/{self._purpose}"

    @property
    def _absent(self) -> bool:
        return bool(self.options["state"] == "absent")

    @property
    def _key_ids(self) -> list[str]:
        return list(dict.fromkeys(self.options["kms_key_ids"] or ()))

    @cached_property
    def _recipients(self) -> Recipients | None:
        return recipients.from_options(self.options)

    @cached_property
    def _contents(self) -> tuple[WantedPolicy, ...]:
        """One custom policy for each key."""
        return tuple(
            WantedPolicy(
                policy_name(self._purpose, key.region, key.id),
                key.document,
                rotate=True,
                owner=self._owner,
                terms=self._terms,
            )
            for key in self._keys
        )

    @cached_property
    def _keys(self) -> tuple[Key, ...]:
        """Each key once; they are read once."""
        return tuple(dict.fromkeys(read_key(self.cloud, key_id) for key_id in self._key_ids))

    @property
    def _attached(self) -> tuple[PolicyRef, ...]:
        refs = [PolicyRef("Custom", content.name) for content in self._contents]
        if self._purpose in OWN:
            refs.append(OWN[self._purpose])
        if self.options["service_key"]:
            refs.append(SERVICE_KEY_POLICY)
        return tuple(refs)

    @property
    def _terms(self) -> ownership.Terms:
        return ownership.Terms.from_options(self.options)

    @property
    def _owner_matters(self) -> bool:
        """Whether the task may take something away from a role, or has to leave alone what others made."""
        options = self.options
        taking = self._absent or options["purge_keys"] or options["replace"] or options["service_key"] is False
        return bool(taking or options["recipients_mode"] != "present" or self._terms != ownership.Terms())

    # ------------------------------------------------------------------ flow

    def find(self) -> RoleState:
        state = read_state(self.cloud, self._name)
        if self._owner_matters:
            state = replace(state, role=roles.with_tags(self.cloud, state.role))
        if self._absent or self.options["purge_keys"]:
            owned = policies.read_owned(self.cloud, self._owner)
            state = replace(state, owned={ref: policies.read_entities(self.cloud, ref) for ref in owned})
        if self._absent:
            return state
        if self._terms.leave_others and not state.ours and not self._terms.adopt:
            state = replace(state, granted=policies.read_documents(self.cloud, state.attached))
        contents = [(wanted.name, wanted.document) for wanted in self._contents]
        return replace(state, policies=policies.read_contents(self.cloud, contents, self._terms))

    def plan(self, actual: RoleState) -> Plan:
        if self._absent:
            return role_planner.plan_absent(actual, self._name, self._terms)
        left = "its recipients and its policies are left as they are"
        kept = ownership.used_as_it_is(f"RAM role {self._name}", ours=actual.ours, terms=self._terms, left=left)
        if kept:
            self._prove_as_it_is(actual)
            return Plan(role_planner.view(actual), role_planner.view(actual), kept=(kept,))
        trust = self._trust(actual)
        if trust is None:
            return Plan({}, {}, warnings=(f"The role {self._name} does not exist, so there is nobody to remove.",))
        surplus = self._surplus(actual)
        wanted = WantedRole(
            name=self._name,
            trust=trust,
            owner=self._owner,
            description=self.options["description"],
            attached=self._attached,
            contents=self._contents,
            terms=self._terms,
            trust_loses=recipients.loses(actual.role.trust_policy, trust) if actual.role else None,
            purge=lambda ref: ref in surplus or (ref == SERVICE_KEY_POLICY and self.options["service_key"] is False),
        )
        plan = role_planner.plan_present(actual, wanted)
        return self._with_deletions(plan, surplus, actual)

    def _prove_as_it_is(self, actual: RoleState) -> None:
        """:raises UnexpectedState: a role that has to be used as it is leaves out recipients or keys"""
        role, wanted = t.cast("roles.Role", actual.role), self._recipients
        missing = []
        if self._purpose in OWN:
            if not documents.trusts_service(role.trust_policy, ECS):
                missing.append(f"{ECS} may not assume it")
        elif wanted is not None and self.options["recipients_mode"] != "absent":
            left_out = recipients.untrusted(recipients.of_trust_policy(role.trust_policy), wanted)
            if left_out:
                missing.append(f"it does not trust {', '.join(left_out)}")
        for ref in (*OWN.values(), SERVICE_KEY_POLICY):
            if ref in self._attached and ref not in actual.attached:
                missing.append(f"it does not have the {ref}")
        missing += [f"it may not use the key {key.id}" for key in self._keys if not may_use(actual.granted, key)]
        if missing:
            raise UnexpectedState(
                f"The RAM role {self._name} is not this collection's, so it has to be used as it is; but "
                f"{' and '.join(missing)}.",
                hint=ownership.adopt_hint("change"),
            )

    def _trust(self, actual: RoleState) -> Document | None:
        current = actual.role.trust_policy if actual.role else None
        if self._purpose in OWN:
            if current is None:
                return documents.trust_of_service(ECS)
            return current if documents.trusts_service(current, ECS) else documents.with_service(current, ECS)
        mode, replacing = self.options["recipients_mode"], self.options["replace"]
        return recipients.decide(self._name, current, self._recipients, mode, replacing)

    def _surplus(self, actual: RoleState) -> list[PolicyRef]:
        """Policies of keys that this module made earlier and that are not asked for any more."""
        return sorted(set(actual.owned) - set(self._attached)) if self.options["purge_keys"] else []

    def _with_deletions(self, plan: Plan, surplus: t.Sequence[PolicyRef], actual: RoleState) -> Plan:
        warnings = list(plan.warnings)
        if actual.role is None and not self._attached:
            warnings.append("The role may use no key: neither kms_key_ids nor service_key is given.")
        entity = Entity("Role", self._name)
        gone = [ref for ref in surplus if all(other == entity for other in actual.owned[ref])]
        if not gone:
            return replace(plan, warnings=tuple(warnings))
        return replace(
            plan,
            before={**plan.before, "own_policies": sorted(ref.name for ref in actual.owned)},
            after={**plan.after, "own_policies": sorted(ref.name for ref in actual.owned if ref not in gone)},
            steps=(*plan.steps, *(policy_planner.delete_step(ref.name) for ref in gone)),
            warnings=tuple(warnings),
        )

    def preflight(self, plan: Plan, actual: RoleState) -> None:
        if not self._absent and self.options["recipients_mode"] != "absent":
            recipients.refuse_own(self.cloud, self._recipients)

    def settle(self, plan: Plan, actual: RoleState) -> dict[str, t.Any]:
        state = self.reread(f"role {self._name}", self.cloud.connection.api_timeout)
        return {"kms_share_role": shape.share_role(self._purpose, shape.role(state))}

    def foretell(self, plan: Plan, actual: RoleState) -> dict[str, t.Any]:
        roles.foretell(self.cloud, plan, self._name, self._owner)
        return {"kms_share_role": shape.share_role(self._purpose, shape.foretold_role(plan, actual))}


def read_state(cloud: Cloud, name: str) -> RoleState:
    """A role and which policies it has."""
    role = roles.read_role(cloud, name)
    return RoleState(role, roles.read_attached(cloud, name) if role else ())


def read_roles(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(kms_share_role_info) returns: those of the roles that exist."""
    found = []
    for purpose in [options["purpose"]] if options["purpose"] else list(ROLES):
        state = read_state(cloud, ROLES[purpose])
        if state.role is not None:
            found.append(shape.share_role(purpose, shape.role(state)))
    return {"kms_share_roles": found}
