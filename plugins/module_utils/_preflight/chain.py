# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of a chain, one after the other as in check mode: what each needs of the cloud, and of those before it.

Each module's own resource finds and plans, and what it would make is foretold to those after it. The rules are theirs;
here is only what they cannot know of each other. Private.
"""

from __future__ import annotations

import contextlib
import ipaddress
import typing as t
from dataclasses import dataclass, field

from .._cloud import foretold
from .._cloud.door import Cloud, dig
from .._cloud.errors import AccessDenied, CloudError, InvalidInput, NotFound, UnexpectedState
from .._core.plan import Plan
from .._core.resource import Resource
from .._instance.instance import TrustedInstance
from .._instance.desired import Desired
from .._instance.planner import State
from .._instance.preflight import Unmet
from .._instance.request import NEEDED
from . import instances, rights
from .lacks import Lacks
from .sections import SECTIONS, Options

_GROUP_QUOTA = "max-security-groups"
_SUCH_AS = {
    "instance_type": "an instance type of a family with a vTPM, for example ecs.g7t.large",
    "image_id": "an image that supports the trusted system",
    "vswitch_id": "a vSwitch",
    "security_group_ids": "a security group",
}
_LET_ALLOW = (
    "Let an administrator allow {} to this RAM user or role; the policies of the collection's docs/policies have all that "
    "the playbooks need. Set check_rights to false where a resource group gives it, which RAM does not tell here."
)
_RESOURCES = {section.name: section.resource for section in SECTIONS}


@dataclass
class Findings:
    """What a look has brought.

    :ivar notes: what is good to know and stands in nobody's way
    :ivar warnings: those of the notes that everybody should see
    :ivar steps: what the modules would do
    """

    lacks: Lacks
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            self.warnings.append(text)


class Chain:
    """The modules against one cloud.

    :param options: those of C(preflight_info)
    :param ready: the options of each module, without those that it refuses
    :param faulty: the names of those
    """

    def __init__(
        self,
        cloud: Cloud,
        options: Options,
        ready: t.Mapping[str, Options],
        faulty: t.Mapping[str, set[str]],
        findings: Findings,
    ) -> None:
        self.cloud = cloud
        self.options = options
        self.ready = ready
        self.faulty = faulty
        self.findings = findings
        self._rights: list[str] = []

    def look(self, *, rights_may_lack: bool) -> None:
        """Look at all modules in their order.

        :param rights_may_lack: whether the caller need not have the rights to make what would be made
        :raises AlitrustError: nothing can be asked
        """
        _region = self.cloud.region  # without one nothing can be asked
        instance, state = self._find_instances()
        for name in ("kms_service", "instance_ram_role"):
            if not (instance and state and self._proven(name, instance, state)):
                self._section(name)
        vpc_id, vswitch_ids = self._network()
        group_id = self._group(vpc_id)
        if not foretold.is_id(group_id):
            self._section("sg_rule", security_group_id=group_id)
        self._section("keypair")
        if self._keys_of_disks():
            self._section("kms_share_role")
        if instance and state:
            self._fleet(state, vswitch_ids, [group_id] if group_id else [])
        if self.options["check_rights"]:
            self._ask_rights(may_lack=rights_may_lack)

    # ------------------------------------------------------------------ one module

    def _section(self, name: str, **more: t.Any) -> dict[str, t.Any]:
        """What a module would return; nothing where it is not asked for, or something is lacking."""
        options = self.ready.get(name)
        result: dict[str, t.Any] = {}
        if options is not None and not self.faulty[name]:
            given = {**options, **{key: value for key, value in more.items() if value}}
            with self._noting(name, given):
                resource = _RESOURCES[name](self.cloud, given)
                resource.validate()
                result = self._planned(name, resource, resource.find())
        if not result and name in self.options and self.options[name] is not None:
            self._stand_in(name)
        return result

    def _planned(self, name: str, resource: Resource[t.Any], actual: t.Any) -> dict[str, t.Any]:
        plan: Plan = resource.plan(actual)
        if plan.changed:
            resource.preflight(plan, actual)
        result = resource.foretell(plan, actual)
        self._note(name, plan)
        if any(step.do in ("open", "create_role") for step in plan.steps):
            self._stand_in(name)
        self._pass_on()
        return result

    def _note(self, name: str, plan: Plan) -> None:
        self.findings.notes += [one for one in plan.kept if one not in self.findings.notes]
        self.findings.steps += [step.name for step in plan.steps]
        self._rights += [right for step in plan.steps for right in rights.of_step(name, step)]
        if name == "kms_service":  # the only step that cannot be undone
            for warning in plan.warnings:
                self.findings.warn(warning)

    def _pass_on(self) -> None:
        """What was foretold a moment ago is there for what comes next."""
        self.cloud.foretold = self.cloud.foretold.with_made()

    @contextlib.contextmanager
    def _noting(self, name: str, options: Options) -> t.Iterator[None]:
        """Note what a module fails with, instead of failing."""
        lacks = self.findings.lacks
        try:
            yield
        except Unmet as error:
            for one in error.details["unmet"]:
                self._unmet(name, one)
            for note in error.details.get("notes", ()):
                self.findings.warn(note)
        except AccessDenied as error:
            lacks.add("", error.message, what_to_do=error.hint)
        except (InvalidInput, UnexpectedState, NotFound) as error:
            if not any(option and option in error.message for option in self.faulty[name]):
                lacks.add_error(name, error, options)

    def _unmet(self, name: str, one: t.Mapping[str, str]) -> None:
        if not one["message"]:
            return
        path = f"{name}.{one['option']}" if one["option"] else name
        self.findings.lacks.add(path, one["message"])

    def _stand_in(self, name: str) -> None:
        """Where a module lacks something, that is said once: what comes after it is judged as if it had been made."""
        raw = self.options[name]
        known = self.cloud.foretold
        if name == "kms_service":
            known.would_make("kms", "kms", "service")
        elif name == "instance_ram_role" and raw.get("name") and not known.find("ram_role", str(raw["name"])):
            known.would_make("ram_role", "role", str(raw["name"]), global_=True)
        elif name == "keypair" and raw.get("name") and not known.find("key_pair", str(raw["name"])):
            known.would_make("key_pair", "ssh", str(raw["name"]))
        self._pass_on()

    # ------------------------------------------------------------------ the network

    def _network(self) -> tuple[str, list[str]]:
        """IDs of the VPC and of its vSwitches that later modules use; of what is to be made, made-up ones."""
        if self.options["vpc"] is None:
            return "", []
        vpc = self._section("vpc").get("vpc") or {}
        wanted = [one for one in self.options["vpc"].get("vswitches") or () if isinstance(one, dict)]
        known = self.cloud.foretold
        vpc_id = vpc.get("vpc_id") or known.would_make(
            "vpc", "vpc", str(self.options["vpc"].get("name") or "vpc"), cidr_block=vpc.get("cidr_block")
        )
        there = {one["name"]: one["vswitch_id"] for one in vpc.get("vswitches", ())}
        ids = []
        for one in wanted:
            name = str(one.get("name") or "")
            ids.append(there.get(name) or self._vswitch(vpc_id, name, one, lacking=not vpc))
        self._pass_on()
        return str(vpc_id), ids

    def _vswitch(self, vpc_id: str, name: str, wanted: t.Mapping[str, t.Any], *, lacking: bool) -> str:
        """A vSwitch that is to be made, with as many addresses as its network has."""
        zone, block = wanted.get("zone_id"), None
        with contextlib.suppress(ValueError):
            block = ipaddress.IPv4Network(str(wanted.get("cidr_block")))
        return self.cloud.foretold.would_make(
            "vswitch",
            "vsw",
            name,
            vpc_id=vpc_id,
            zone_id=zone or None,
            cidr_block=str(block) if block and not lacking else None,
        )

    def _group(self, vpc_id: str) -> str:
        """ID of the security group that later modules use; a made-up one where it is to be made."""
        raw = self.options["security_group"]
        if raw is None:
            return ""
        group = self._section("security_group", vpc_id=raw.get("vpc_id") or vpc_id).get("security_group") or {}
        name = str(raw.get("name") or "group")
        if group.get("security_group_id"):
            return str(group["security_group_id"])
        self._check_group_quota()
        made_up = self.cloud.foretold.would_make(
            "security_group", "sg", name, vpc_id=raw.get("vpc_id") or vpc_id, type=group.get("type") or "normal"
        )
        self._pass_on()
        return made_up

    def _check_group_quota(self) -> None:
        with self._noting("security_group", {}):
            answer = self.cloud.call("ecs", "DescribeAccountAttributes", AttributeName=[_GROUP_QUOTA])
            items = dig(answer, "AccountAttributeItems.AccountAttributeItem") or []
            values = [value.get("Value") for one in items for value in dig(one, "AttributeValues.ValueItem") or ()]
            if not values or not str(values[0]).isdigit():
                return
            count = int(self.cloud.call("ecs", "DescribeSecurityGroups", PageSize=1).get("TotalCount") or 0)
            if count >= int(values[0]):
                self.findings.lacks.add(
                    "security_group",
                    f"The account has {count} security groups in this region and may have {values[0]}.",
                    what_to_do="Delete groups that nobody uses, or ask for a higher quota in Quota Center.",
                )

    # ------------------------------------------------------------------ instances

    def _find_instances(self) -> tuple[TrustedInstance | None, State | None]:
        """The instances that are there, before anything else: much is proven by them."""
        options = self.ready.get("trusted_instance")
        if options is None:
            return None, None
        with self._noting("trusted_instance", options):
            resource = TrustedInstance(self.cloud, dict(options))
            resource.validate()
            return resource, resource.find()
        return None, None

    def _proven(self, name: str, instance: TrustedInstance, state: State) -> bool:
        """Whether a complete fleet shows that there is no need to look at something."""
        wanted = instance.desired
        if wanted.count is None or len(state.members) < max(wanted.count, 1):
            return False
        if name == "kms_service":
            return wanted.trusted
        options = self.ready.get("instance_ram_role") or {}
        if options.get("policies") is not None or options.get("trust_actions"):
            return False
        role = str(options.get("name")).lower()
        return all(str(one.get("ram_role_name") or "").lower() == role for one in state.members)

    def _keys_of_disks(self) -> bool:
        options = self.ready.get("trusted_instance") or {}
        disks = [options.get("system_disk") or {}, *(options.get("data_disks") or ())]
        return any(disk.get("kms_key_id") for disk in disks)

    def _fleet(self, state: State, vswitch_ids: list[str], group_ids: list[str]) -> None:
        options = dict(self.ready["trusted_instance"])
        if not options["vswitch_id"] and not options["vswitch_ids"] and vswitch_ids:
            options["vswitch_ids"] = vswitch_ids
        if not options["security_group_ids"] and group_ids:
            options["security_group_ids"] = group_ids
        wanted = Desired.from_options(options)
        amount = max(0, (wanted.count or 0) - len(state.members))
        missing = self._check_needed(options) if amount else []
        stand_ins = {names[0]: ["sg-foretold-preflight"] if "ids" in names[0] else "not-given" for names in missing}
        with self._noting("trusted_instance", options):
            resource = TrustedInstance(self.cloud, {**options, **stand_ins})
            resource.desired = Desired.from_options(resource.options)
            plan = resource.plan(state)
            self._note("trusted_instance", plan)
        if amount:
            verdict = instances.judged(self.cloud, options, amount)
            for one in verdict.unmet:
                self._unmet("trusted_instance", one)
            for note in verdict.notes:
                self.findings.warn(note)

    def _check_needed(self, options: Options) -> list[tuple[str, ...]]:
        """Note what new instances cannot do without; returns that."""
        missing = [names for names in NEEDED if not any(options[name] for name in names)]
        for names in missing:
            if self.faulty["trusted_instance"].isdisjoint(names):
                path = f"trusted_instance.{names[0]}"
                others = " or ".join(f"{{trusted_instance.{name}}}" for name in names[1:])
                self.findings.lacks.add(
                    path,
                    f"{{{path}}} is not given{f', nor {others}' if others else ''}.",
                    what_to_do=f"Set it to {_SUCH_AS[names[0]]}.",
                )
        return missing

    # ------------------------------------------------------------------ rights

    def _ask_rights(self, *, may_lack: bool) -> None:
        if not self._rights:
            return
        instance, role = self.ready.get("trusted_instance") or {}, None
        if instance.get("ram_role_name"):
            role = str(instance["ram_role_name"])
            if "ecs:RunInstances" in self._rights:
                self._rights.append("ram:PassRole")
        try:
            missing, note = rights.lacking(self.cloud, self._rights, role)
        except CloudError as error:
            missing, note = [], f"Whether the caller may do all of this could not be asked: {error.message}"
        if note:
            self.findings.warn(note)
        for right in missing:
            problem = f"No policy of the caller allows {right}, which is needed."
            if may_lack:  # one may look at what another is to do
                self.findings.warn(problem)
            else:
                self.findings.lacks.add("", problem, what_to_do=_LET_ALLOW.format(right))
