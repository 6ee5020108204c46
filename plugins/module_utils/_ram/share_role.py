# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(kms_share_role): roles by which ECS uses keys of the account. Private."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from functools import cached_property

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput, NotFound, UnexpectedState
from .._core.plan import Plan
from . import documents, policies, policy_planner, recipients, role_planner, roles, shape
from .documents import Document
from .policies import Entity, PolicyRef
from .policy_planner import WantedPolicy
from .recipients import Recipients
from .resource import RamResource
from .role_planner import RoleState, WantedRole
from .roles import ECS, RoleActions

#: What a role is for -> its name, which ECS knows it by (Encryption-related permissions).
ROLES = {
    "disk_encrypt": "AliyunECSDiskEncryptDefaultRole",
    "share_snapshot": "AliyunECSShareEncryptSnapshotDefaultRole",
    "share_image": "AliyunECSShareEncryptImageDefaultRole",
}
DISK_POLICY = PolicyRef("System", "AliyunECSDiskEncryptRolePolicy")
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
_KEY_ARN = re.compile(r"acs:kms:(?P<region>[^:]+):(?P<account>\d+):key/(?P<id>.+)")

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
}


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


def read_key(cloud: Cloud, key_id: str) -> Key:
    """:raises UnexpectedState: the key does not exist, or cannot be used"""
    try:
        metadata = cloud.call("kms", "DescribeKey", KeyId=key_id)["KeyMetadata"]
    except NotFound as error:
        raise UnexpectedState(
            f"There is no KMS key {key_id} in the region {cloud.region}.", hint="Check kms_key_ids and region."
        ) from error
    state = metadata.get("KeyState")
    if state != "Enabled":
        raise UnexpectedState(f"The KMS key {key_id} is in the state {state}; only an Enabled key can be used.")
    match = _KEY_ARN.fullmatch(metadata.get("Arn") or "")
    if not match:
        raise UnexpectedState(f"KMS returned an ARN of the key {key_id} that cannot be read: {metadata.get('Arn')!r}.")
    return Key(match["id"], match["region"], match["account"])


class KmsShareRole(RoleActions, RamResource[RoleState]):
    """One of the three roles, with its recipients and keys."""

    # ------------------------------------------------------------------ options

    def validate(self) -> None:
        policies.check_description(self.options["description"])
        self._recipients  # noqa: B018  checked by reading them
        if self._purpose == "disk_encrypt":
            for name in ("account_ids", "resource_directory_ids", "folder_paths", "kms_key_ids", "service_key"):
                if self.options[name]:
                    raise InvalidInput(
                        f"{name} is not possible with purpose disk_encrypt: this role is for ECS in the own account, "
                        f"and its system policy {DISK_POLICY.name} covers the keys."
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
        """One custom policy for each key; the keys are read once."""
        keys = dict.fromkeys(read_key(self.cloud, key_id) for key_id in self._key_ids)
        return tuple(
            WantedPolicy(
                f"alitrust-{self._purpose.replace('_', '-')}-{key.region}-{key.id}",
                key.document,
                rotate=True,
                owner=self._owner,
            )
            for key in keys
        )

    @property
    def _attached(self) -> tuple[PolicyRef, ...]:
        refs = [PolicyRef("Custom", content.name) for content in self._contents]
        if self._purpose == "disk_encrypt":
            refs.append(DISK_POLICY)
        if self.options["service_key"]:
            refs.append(SERVICE_KEY_POLICY)
        return tuple(refs)

    # ------------------------------------------------------------------ flow

    def find(self) -> RoleState:
        state = read_state(self.cloud, self._name)
        if self._absent or self.options["purge_keys"]:
            owned = policies.read_owned(self.cloud, self._owner)
            state = replace(state, owned={ref: policies.read_entities(self.cloud, ref) for ref in owned})
        if self._absent:
            return state
        contents = {
            wanted.name: policies.read_for(self.cloud, PolicyRef("Custom", wanted.name), wanted.document)
            for wanted in self._contents
        }
        return replace(state, policies=contents)

    def plan(self, actual: RoleState) -> Plan:
        if self._absent:
            return role_planner.plan_absent(actual, self._name)
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
            purge=lambda ref: ref in surplus or (ref == SERVICE_KEY_POLICY and self.options["service_key"] is False),
        )
        plan = role_planner.plan_present(actual, wanted)
        return self._with_deletions(plan, surplus, actual)

    def _trust(self, actual: RoleState) -> Document | None:
        current = actual.role.trust_policy if actual.role else None
        if self._purpose == "disk_encrypt":
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
        return Plan(
            {**plan.before, "own_policies": sorted(ref.name for ref in actual.owned)},
            {**plan.after, "own_policies": sorted(ref.name for ref in actual.owned if ref not in gone)},
            (*plan.steps, *(policy_planner.delete_step(ref.name) for ref in gone)),
            tuple(warnings),
        )

    def settle(self, plan: Plan, actual: RoleState) -> dict[str, t.Any]:
        state = self.reread(f"role {self._name}", self.cloud.connection.api_timeout)
        return {"kms_share_role": shape.share_role(self._purpose, shape.role(state))}

    def foretell(self, plan: Plan, actual: RoleState) -> dict[str, t.Any]:
        return {"kms_share_role": shape.share_role(self._purpose, shape.foretold_role(plan, actual))}


def read_state(cloud: Cloud, name: str) -> RoleState:
    """A role and which policies it has."""
    role = roles.read_role(cloud, name)
    return RoleState(role, roles.read_attached(cloud, name) if role else ())


def read_roles(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(kms_share_role_info) returns: those of the three roles that exist."""
    found = []
    for purpose in [options["purpose"]] if options["purpose"] else list(ROLES):
        state = read_state(cloud, ROLES[purpose])
        if state.role is not None:
            found.append(shape.share_role(purpose, shape.role(state)))
    return {"kms_share_roles": found}
