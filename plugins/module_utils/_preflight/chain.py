# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of a chain, one after the other as in check mode: what each needs of the cloud, and of those before it.

Each module's own resource finds and plans, and what it would make is foretold to those after it. The rules are theirs;
here is only what they cannot know of each other. Private.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, field

from .._cloud import foretold, texts
from .._cloud.door import Cloud, dig
from .._cloud.errors import AccessDenied, AlitrustError, CloudError, InvalidInput, TransportFailure, UnexpectedState
from .._core.plan import Plan
from .._core.resource import Resource
from .._instance import named, preflight, request
from .._instance.desired import Desired
from .._instance.instance import TrustedInstance
from .._instance.planner import State
from .._instance.preflight import Unmet
from .._instance.reach import SESSION
from .._instance.request import NEEDED
from .._instance.requirements import encrypted_disks
from .._kms import keys
from .._kms.share_role import SERVICE_KEY
from . import rights
from .lacks import Lacks
from .sections import SECTIONS, Options

#: Codes after which nothing else can be asked either.
_ABOUT_THE_CALLER = (
    "InvalidAccessKeyId",
    "InvalidRegionId",
    "InvalidSecurityToken",
    "InvalidTimeStamp",
    "SignatureDoesNotMatch",
)
_GROUP_QUOTA = "max-security-groups"
_SUCH_AS = {
    "instance_type": "an instance type of a family with a vTPM, for example ecs.g7t.large",
    "image_id": "an image that supports the trusted system",
    "vswitch_id": "a vSwitch",
    "security_group_ids": "a security group",
}
_LET_ALLOW = (
    "Let an administrator allow {} to this RAM user or role; the policies in the collection's docs/policies have all "
    "that the playbooks need. Set check_rights to false where a resource group gives it, which RAM does not tell here."
)
#: Options of instances by which a vSwitch or a group is chosen by its name.
_NAMES = ("vswitch_names", "security_group_names")
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


def ends_all(error: AlitrustError) -> bool:
    """Whether nothing else can be asked after that."""
    if isinstance(error, CloudError):
        return isinstance(error, TransportFailure) or error.code.startswith(_ABOUT_THE_CALLER)
    return not isinstance(error, (InvalidInput, UnexpectedState))


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
        self._failed: set[str] = set()  # modules that lack something
        self._done: set[str] = set()  # what would be done, by the names of methods

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
        self._section("kms_key")
        self._section("session_manager")
        vpc_id, vswitch_ids = self._network()
        group_id = self._group(vpc_id)
        if "security_group" not in self._failed:
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
        if self.options[name] is None:
            return {}
        options = self.ready.get(name)
        result: dict[str, t.Any] = {}
        if options is not None and not self.faulty[name]:
            given = {**options, **{key: value for key, value in more.items() if value}}
            with self._noting(name, given):
                resource = _RESOURCES[name](self.cloud, given)
                resource.validate()
                result = self._planned(name, resource, resource.find())
        if not result:
            self._failed.add(name)
        return result

    def _planned(self, name: str, resource: Resource[t.Any], actual: t.Any) -> dict[str, t.Any]:
        plan: Plan = resource.plan(actual)
        self._note(name, plan)
        if plan.changed:
            resource.preflight(plan, actual)
            for warning in resource.warnings:
                self.findings.warn(warning)
        result = resource.foretell(plan, actual)
        self._pass_on()
        return result

    def _note(self, name: str, plan: Plan) -> None:
        self.findings.notes += [one for one in plan.kept if one not in self.findings.notes]
        self.findings.steps += [step.name for step in plan.steps]
        self._done |= {step.do for step in plan.steps}
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
            self._unmet(name, error.details["unmet"], error.details.get("notes", ()))
        except AccessDenied as error:
            lacks.add("", error.message, what_to_do=error.hint)
        except (InvalidInput, UnexpectedState, CloudError) as error:
            if ends_all(error):
                raise
            error.message = self._named(error.message)
            if not any(option and option in error.message for option in self.faulty[name]):
                lacks.add_error(name, error, options)

    def _unmet(self, name: str, unmet: t.Iterable[t.Mapping[str, str]], notes: t.Iterable[str]) -> None:
        for one in unmet:
            if one["requirement"] == "KMS" and self.options["kms_service"] is not None:
                continue  # that task sees to it, or what it lacks is told already
            path = f"{name}.{one['option']}" if one["option"] else name
            problem, expected, todo = (self._named(one[key]) for key in ("problem", "expected", "what_to_do"))
            self.findings.lacks.add(path, problem, expected=expected, what_to_do=todo)
        for note in notes:
            self.findings.warn(note)

    def _named(self, text: str) -> str:
        """With the names of what is to be made in place of made-up IDs."""
        for kind in ("vpc", "vswitch", "security_group"):
            for one in self.cloud.foretold.all_of(kind):
                text = text.replace(one["id"], one["name"])
        return text

    # ------------------------------------------------------------------ the network

    def _network(self) -> tuple[str, list[str]]:
        """IDs of the VPC and of its vSwitches that later modules use; of what is to be made, made-up ones."""
        if self.options["vpc"] is None:
            return "", []
        vpc = self._section("vpc").get("vpc") or self._stand_in_vpc()
        there = {one["name"]: str(one["vswitch_id"]) for one in vpc["vswitches"]}
        wanted = [one for one in self.options["vpc"].get("vswitches") or () if isinstance(one, dict)]
        names = [str(one.get("name") or "") for one in wanted]
        # A VPC that is to go and has to stay does not have what it is not to get.
        return str(vpc["vpc_id"]), [there[name] for name in names if name in there]

    def _stand_in_vpc(self) -> dict[str, t.Any]:
        """Where a VPC lacks something, that is told; what comes after it is judged as if it had been made."""
        given, known = self.options["vpc"], self.cloud.foretold
        common: dict[str, t.Any] = {"status": "", "tags": {}}
        name, block = str(given.get("name") or "vpc"), str(given.get("cidr_block") or "")
        vpc_id = known.would_make("vpc", "vpc", name, cidr_block=block, **common)
        vswitches = []
        for one in given.get("vswitches") or ():
            if not isinstance(one, dict):
                continue
            name, zone = str(one.get("name") or ""), one.get("zone_id") or None
            where = {**common, "vpc_id": vpc_id, "zone_id": zone, "cidr_block": "", "available_ip_address_count": None}
            vswitches.append({"name": name, "vswitch_id": known.would_make("vswitch", "vsw", name, **where)})
        self._pass_on()
        return {"vpc_id": vpc_id, "vswitches": vswitches}

    def _group(self, vpc_id: str) -> str:
        """ID of the security group that later modules use; blank where it lacks something."""
        given = self.options["security_group"]
        if given is None:
            return ""
        where = {} if given.get("vpc_id") or given.get("vpc") else {"vpc_id": vpc_id}
        group = self._section("security_group", **where).get("security_group") or {}
        if foretold.is_id(group.get("security_group_id")):
            self._check_group_quota()
        return str(group.get("security_group_id") or "")

    def _check_group_quota(self) -> None:
        with self._noting("security_group", {}):
            answer = self.cloud.call("ecs", "DescribeAccountAttributes", AttributeName=[_GROUP_QUOTA])
            items = dig(answer, "AccountAttributeItems.AccountAttributeItem") or []
            values = [value.get("Value") for one in items for value in dig(one, "AttributeValues.ValueItem") or ()]
            most = texts.whole(values[0]) if values else None
            if most is None:
                return
            count = int(self.cloud.call("ecs", "DescribeSecurityGroups", PageSize=1).get("TotalCount") or 0)
            if count >= most:
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
        # What they name may be made by the modules before; names are looked up after those.
        resource = TrustedInstance(self.cloud, {**options, **dict.fromkeys(_NAMES)})
        state: State | None = None
        with self._noting("trusted_instance", options):
            resource.validate()
            state = resource.find()
        return resource, state

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
        """Whether disks are encrypted with keys that are there by then. While KMS is not switched on there are none."""
        options = self.ready.get("trusted_instance")
        keyed = False
        for name, disk in encrypted_disks(options) if options else ():
            key = disk.get("kms_key_id")
            if key in (None, SERVICE_KEY):
                continue
            keyed = True
            if "open" in self._done and not keys.is_foretold(self.cloud, str(key)):
                problem = f"There is no KMS key {key}: KMS is not switched on yet."
                path = f"trusted_instance.{name}.kms_key_id"
                self.findings.lacks.add(path, problem, what_to_do="Switch KMS on and make the key first.")
                t.cast("Options", disk)["kms_key_id"] = None  # that is all there is to say about it
                keyed = False
        return keyed

    def _fleet(self, state: State, vswitch_ids: list[str], group_ids: list[str]) -> None:
        options = dict(self.ready["trusted_instance"])
        if vswitch_ids and not any(options[name] for name in ("vswitch_id", "vswitch_ids", "vswitch_names")):
            options["vswitch_ids"] = vswitch_ids
        if group_ids and not any(options[name] for name in ("security_group_ids", "security_group_names")):
            options["security_group_ids"] = group_ids
        named_well = not any(options[name] for name in _NAMES)
        with self._noting("trusted_instance", options):
            options = options if named_well else named.resolved(self.cloud, options, state.members)
            options = named.with_key_ids(self.cloud, options)
            named_well = True
        new = max(0, (Desired.from_options(options).count or 0) - len(state.members))
        missing = self._check_needed(options) if new else []
        absent = self._absent()
        with self._noting("trusted_instance", options):
            if named_well and not missing and not absent and not self.faulty["trusted_instance"]:
                resource = TrustedInstance(self.cloud, options)
                resource.validate()
                for note in self._planned("trusted_instance", resource, state)["notes"]:
                    self.findings.warn(note)
                return
            # What is not given, or not there for a reason that is told already, is not judged.
            verdict = preflight.lacking(self.cloud, {**options, **dict.fromkeys(absent)}, request.calls(new or 1))
            self._unmet("trusted_instance", verdict.unmet, [*verdict.notes, *verdict.warnings])

    def _absent(self) -> list[str]:
        """Options of instances that name what an earlier module is to make, and cannot."""
        instance = self.ready["trusted_instance"]
        return [
            option
            for option, maker in (("ram_role_name", "instance_ram_role"), ("key_name", "keypair"))
            if maker in self._failed and instance[option] == (self.options[maker] or {}).get("name")
        ]

    def _check_needed(self, options: Options) -> list[tuple[str, ...]]:
        """Note what new instances cannot do without; returns that."""
        missing: list[tuple[str, ...]] = [names for names in NEEDED if not any(options[name] for name in names)]
        told = {*self.faulty["trusted_instance"], *(["security_group_ids"] if "security_group" in self._failed else [])}
        for names in missing:
            if told.isdisjoint(names):
                path = f"trusted_instance.{names[0]}"
                others = " or ".join(f"{{trusted_instance.{name}}}" for name in names[1:])
                self.findings.lacks.add(
                    path,
                    f"{{{path}}} is not given{f', nor {others}' if others else ''}.",
                    what_to_do=f"Set {{{path}}} to {_SUCH_AS[names[0]]}.",
                )
        return missing

    # ------------------------------------------------------------------ rights

    def _ask_rights(self, *, may_lack: bool) -> None:
        instance, role = self.ready.get("trusted_instance") or {}, None
        if instance.get("wait_for_ssh") and instance.get("ssh_address") == SESSION:
            self._rights.append("ecs:StartTerminalSession")
        if not self._rights:
            return
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
