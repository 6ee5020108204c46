# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading an account for the audit: only Describe, Get and List calls, batched where the API allows it. Private.

What the caller has no right to see is noted and left out, so that the report can say that it is not known.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, CloudError, NotFound, SdkMissing, UnexpectedState
from .._ddos import attacks
from .._instance import finder
from .._instance.names import listing
from .._keypair import shape as keypair_shape
from .._kms import share_role
from .._ram import documents, policies, recipients, rights, roles
from .._ram.policies import PolicyRef
from .._security_group import rule_file, rule_planner
from .._security_group import rules as group_rules
from .._security_group import shape as group_shape
from .._security_group.rule import Rule
from .._trust import options as trust_options
from .._trust import section as trust
from . import graph, quotas, security, sessions

Item = dict[str, t.Any]

#: Of how many groups the rules are read side by side.
_AT_ONCE = 10
_RECIPIENTS = {
    "account_ids": "account",
    "resource_directory_ids": "resource directory",
    "folder_paths": "folder",
}


@dataclass
class Facts:
    """What was read.

    :ivar groups: the shape of a group, with C(rules) as L{Rule}
    :ivar images: by id; None for one that does not exist any more
    :ivar roles: by name; the roles that instances have
    :ivar addresses: the public addresses of the region, as Anti-DDoS Basic sees them
    :ivar security_center: what Security Center tells; None where it was not read
    :ivar sessions: the switch of Session Manager, and who may begin sessions; None where it was not read
    :ivar told: the quotas that the API tells
    :ivar kms_status: None where it was not read
    :ivar unread: part of the account -> why nothing is known of it
    :ivar rule_counts: how many rules each group of the region has, also those that are not in C(groups)
    :ivar groups_only: whether nothing but some groups was read, and the instances for their members
    :ivar notes: what is to be said about how the rules are written
    """

    region: str
    account_id: str | None = None
    instances: list[Item] = field(default_factory=list)
    groups: list[Item] = field(default_factory=list)
    key_pairs: list[Item] = field(default_factory=list)
    images: dict[str, Item | None] = field(default_factory=dict)
    shared_images: list[Item] = field(default_factory=list)
    roles: dict[str, Item] = field(default_factory=dict)
    share_roles: list[Item] = field(default_factory=list)
    addresses: list[Item] = field(default_factory=list)
    security_center: Item | None = None
    sessions: Item | None = None
    told: quotas.Told = field(default_factory=lambda: quotas.Told({}, {}))
    kms_status: str | None = None
    keys: list[Item] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    rule_counts: dict[str, int] = field(default_factory=dict)
    groups_only: bool = False
    notes: list[str] = field(default_factory=list)

    @cached_property
    def nodes(self) -> list[graph.Group]:
        """The groups as the graph takes them; what each lets in is worked out once for all checks."""
        return [
            graph.Group(
                id=group["security_group_id"],
                name=group["name"],
                rules=group["rules"],
                advanced=group["type"] == "enterprise",
                inner=group["type"] != "enterprise" and group["inner_access_policy"] == "accept",
                addresses=tuple(group["addresses"]),
            )
            for group in self.groups
        ]

    @cached_property
    def carriers(self) -> dict[str, list[Item]]:
        """Name of a role -> the instances that have it."""
        found: dict[str, list[Item]] = {}
        for one in self.instances:
            found.setdefault(one["ram_role_name"] or "", []).append(one)
        return found


def collect(cloud: Cloud, options: t.Mapping[str, t.Any]) -> Facts:
    """Read the account and region of the connection.

    :param options: those of the trust section
    :raises CloudError: when not even the instances can be read
    """
    return _Reader(cloud, options).read()


def collect_groups(cloud: Cloud, options: t.Mapping[str, t.Any], ids: t.Collection[str]) -> Facts:
    """Read nothing but some security groups, and the instances of the region for their members.

    :raises UnexpectedState: when one of the groups does not exist
    """
    return _Reader(cloud, options).read_groups(ids)


def of_file(path: str, region: str) -> Facts:
    """The rules of a file as those of a group that does not exist yet.

    :raises InvalidInput: when they cannot be read
    """
    found = rule_file.read_whole(path)
    group: dict[str, t.Any] = {
        "security_group_id": "",
        "name": path,
        "vpc_id": "",
        "type": "normal",
        "inner_access_policy": None,
        "instance_ids": [],
        "addresses": [],
        "rules": tuple(sorted(found.rules, key=lambda rule: rule.order)),
    }
    return Facts(region, groups=[group], groups_only=True, notes=list(found.notes))


class _Reader:
    def __init__(self, cloud: Cloud, options: t.Mapping[str, t.Any]) -> None:
        self.cloud = cloud
        self.options = options
        self.rules = trust_options.rules(options)
        self.facts = Facts(cloud.region)
        self._documents: dict[PolicyRef, list[Item]] = {}

    def read(self) -> Facts:
        facts = self.facts
        facts.instances = finder.describe(self.cloud)
        for one in facts.instances:
            one["disks"] = []
        for part, read in (
            ("account", self._account),
            ("disks", self._disks),
            ("instance roles", self._carriers),
            ("roles", self._roles),
            ("trust", self._trust),
            ("images", self._images),
            ("shared images", self._shared_images),
            ("key pairs", self._key_pairs),
            ("security groups", self._groups),
            ("share roles", self._share_roles),
            ("sessions", self._sessions),
            ("KMS", self._keys),
            ("quotas", self._quotas),
            ("public addresses", self._addresses),
            ("Security Center", self._security_center),
        ):
            try:
                read()
            except (CloudError, SdkMissing, UnexpectedState) as error:
                facts.unread[part] = _reason(error)
        return facts

    def read_groups(self, ids: t.Collection[str]) -> Facts:
        self.facts.groups_only = True
        self.facts.instances = finder.describe(self.cloud)
        self._groups(ids)
        there = {group["security_group_id"] for group in self.facts.groups}
        missing = [one for one in ids if one not in there]
        if missing:
            raise UnexpectedState(f"There is no security group {', '.join(missing)} in {self.cloud.region}.")
        return self.facts

    def _account(self) -> None:
        self.facts.account_id = str(self.cloud.call("sts", "GetCallerIdentity").get("AccountId") or "") or None

    def _addresses(self) -> None:
        owners = {one["public_ip"]: one["instance_id"] for one in self.facts.instances}
        listed = [one.brief() for one in attacks.read_region(self.cloud)]
        self.facts.addresses = [{**one, "instance_id": owners.get(one["address"])} for one in listed]

    def _security_center(self) -> None:
        self.facts.security_center = security.read(self.cloud, self.facts.instances)

    def _quotas(self) -> None:
        self.facts.told = quotas.read(self.cloud)

    def _disks(self) -> None:
        by_instance: dict[str, list[Item]] = {}
        for item in self.cloud.pages("ecs", "DescribeDisks"):
            by_instance.setdefault(str(item.get("InstanceId") or ""), []).append(
                {
                    "disk_id": item["DiskId"],
                    "type": item.get("Type"),
                    "category": item.get("Category"),
                    "size": item.get("Size"),
                    "encrypted": bool(item.get("Encrypted")),
                    "kms_key_id": item.get("KMSKeyId") or None,
                }
            )
        for one in self.facts.instances:
            one["disks"] = sorted(
                by_instance.get(one["instance_id"], []), key=lambda d: (d["type"] != "system", d["disk_id"])
            )

    def _carriers(self) -> None:
        self.facts.instances = finder.with_roles(self.cloud, self.facts.instances)

    def _roles(self) -> None:
        for name in sorted({one["ram_role_name"] for one in self.facts.instances if one["ram_role_name"]}):
            role = roles.read_role(self.cloud, name)
            if role is None:
                continue
            attached = roles.read_attached(self.cloud, name)
            self.facts.roles[name] = {"name": name, **self._rights(attached)}

    def _rights(self, attached: t.Sequence[PolicyRef]) -> Item:
        """Policies and what they allow."""
        found = [statement for ref in attached for statement in self._statements(ref)]
        return {
            "policies": [{"name": ref.name, "type": ref.type} for ref in attached],
            "statements": found,
            "rights": rights.summary(found),
            "too_wide": rights.too_wide(found),
            "can_report": all(rights.allows(found, action) for action in rights.TRUST_CLIENT),
        }

    def _statements(self, ref: PolicyRef) -> list[Item]:
        if ref not in self._documents:
            policy = policies.read_policy(self.cloud, ref)
            self._documents[ref] = rights.statements(policy.document) if policy else []
        return self._documents[ref]

    def _sessions(self) -> None:
        self.facts.sessions = sessions.read(self.cloud, self._statements)

    def _trust(self) -> None:
        # Nobody may have enrolled yet; the trusted server then is asked nothing.
        if self.facts.instances:
            self.facts.instances = trust.with_trust(self.cloud, self.facts.instances, self.options, self.rules)
            self._note_untold()

    def _note_untold(self) -> None:
        """Instances of which the trusted server tells nothing at all are as good as not read."""
        reasons: dict[str, list[str]] = {}
        for one in self.facts.instances:
            if one["trust"]["verdict"] == "unknown" and one["trust"]["last_report"] is None:
                reasons.setdefault(one["trust"]["reason"], []).append(one["name"] or one["instance_id"])
        untold = sum(map(len, reasons.values()))
        for reason, names in reasons.items():
            every = untold == len(self.facts.instances)
            self.facts.unread["trust" if every else f"trust of {listing(names)}"] = reason

    def _images(self) -> None:
        for image_id in sorted({one["image_id"] for one in self.facts.instances if one["image_id"]}):
            found = self.cloud.pages(
                "ecs", "DescribeImages", ImageId=image_id, Status="Available,UnAvailable,Deprecated"
            )
            item = next((item for item in found if item.get("ImageId") == image_id), None)
            self.facts.images[image_id] = item and {
                "image_id": image_id,
                "name": item.get("ImageName") or "",
                "os_name": item.get("OSNameEn") or item.get("OSName") or "",
                "owner": item.get("ImageOwnerAlias") or "",
                "status": item.get("Status") or "",
            }

    def _shared_images(self) -> None:
        for item in self.cloud.pages("ecs", "DescribeImages", ImageOwnerAlias="self"):
            if str(item.get("IsSelfShared") or "").lower() in ("", "false"):
                continue
            image_id = item["ImageId"]
            accounts = self.cloud.pages("ecs", "DescribeImageSharePermission", ImageId=image_id)
            devices = (item.get("DiskDeviceMappings") or {}).get("DiskDeviceMapping") or []
            self.facts.shared_images.append(
                {
                    "image_id": image_id,
                    "name": item.get("ImageName") or "",
                    "encrypted": any(str(one.get("Encrypted")).lower() == "true" for one in devices),
                    "account_ids": sorted(str(one.get("AliyunId") or one.get("Aliyun_id") or "") for one in accounts),
                }
            )

    def _key_pairs(self) -> None:
        users: dict[str, list[str]] = {}
        for one in self.facts.instances:
            users.setdefault(one["key_name"] or "", []).append(one["instance_id"])
        for item in self.cloud.pages("ecs", "DescribeKeyPairs"):
            pair = keypair_shape.key_pair(item)
            self.facts.key_pairs.append(
                {"name": pair["name"], "fingerprint": pair["fingerprint"], "instance_ids": users.get(pair["name"], [])}
            )

    def _groups(self, ids: t.Collection[str] | None = None) -> None:
        """All groups, or some; of all of them how many rules they have."""
        members: dict[str, list[Item]] = {}
        for one in self.facts.instances:
            for group_id in one["security_group_ids"]:
                members.setdefault(group_id, []).append(one)
        items = self.cloud.pages("ecs", "DescribeSecurityGroups")
        self.facts.rule_counts = {item["SecurityGroupId"]: int(item.get("RuleCount") or 0) for item in items}
        wanted = [item for item in items if ids is None or item["SecurityGroupId"] in ids]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            reads = list(pool.map(self._rules_of, wanted))
        found = []
        for item, read in zip(wanted, reads, strict=True):
            if read is None:
                continue  # deleted since
            shown = group_shape.group(item, read.inner_access_policy)
            ones = members.get(item["SecurityGroupId"], [])
            rules: tuple[Rule, ...] = tuple(sorted(read.rules, key=lambda rule: rule.order))
            found.append(
                {
                    **{
                        key: shown[key]
                        for key in ("security_group_id", "name", "vpc_id", "type", "inner_access_policy")
                    },
                    "instance_ids": [one["instance_id"] for one in ones],
                    "addresses": [one["private_ip"] for one in ones if one["private_ip"]],
                    "rules": rules,
                }
            )
        self.facts.groups = sorted(found, key=lambda group: (group["name"], group["security_group_id"]))

    def _rules_of(self, item: Item) -> rule_planner.Group | None:
        try:
            return group_rules.read(self.cloud, item["SecurityGroupId"], item.get("SecurityGroupName") or "")
        except NotFound:
            return None

    def _share_roles(self) -> None:
        for purpose in share_role.OF_KEYS:
            name = share_role.ROLES[purpose]
            role = roles.read_role(self.cloud, name)
            if role is None:
                continue
            known = recipients.of_trust_policy(role.trust_policy)
            services = [
                str(service)
                for statement in role.trust_policy.get("Statement") or []
                for service in documents.as_list((statement.get("Principal") or {}).get("Service"))
            ]
            self.facts.share_roles.append(
                {
                    "purpose": purpose,
                    "name": name,
                    "recipients": [f"{_RECIPIENTS[known.kind]} {one}" for one in known.ids] if known else [],
                    "services": services,
                    "conditional": all(item.get("Condition") for item in role.trust_policy.get("Statement") or []),
                    **self._rights(roles.read_attached(self.cloud, name)),
                }
            )

    def _keys(self) -> None:
        facts = self.facts
        facts.kms_status = str(self.cloud.call("kms", "DescribeAccountKmsStatus").get("AccountStatus") or "")
        if facts.kms_status != "Enabled":
            return
        aliases: dict[str, list[str]] = {}
        for item in self.cloud.pages("kms", "ListAliases"):
            aliases.setdefault(str(item.get("KeyId")), []).append(str(item.get("AliasName")))
        for item in self.cloud.pages("kms", "ListKeys"):
            try:
                metadata = self.cloud.call("kms", "DescribeKey", KeyId=item["KeyId"])["KeyMetadata"]
            except NotFound:
                continue  # deleted since
            facts.keys.append(
                {
                    "key_id": metadata["KeyId"],
                    "arn": metadata.get("Arn") or item.get("KeyArn") or "",
                    "aliases": sorted(aliases.get(metadata["KeyId"], [])),
                    "state": metadata.get("KeyState") or "",
                    "creator": metadata.get("Creator") or "",
                }
            )


def _reason(error: AlitrustError) -> str:
    return str(error.as_failure()["msg"])
