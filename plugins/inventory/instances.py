# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: instances
short_description: Instances of Alibaba Cloud ECS as inventory
version_added: 1.0.0
description:
  - Lists instances with their addresses. Without any filter it lists what this collection made, in all its fleets.
  - The name of the inventory file must end in V(alitrust.yml) or V(alitrust.yaml). A key in it that is no option is an
    error.
  - The options may be templates, except O(compose), O(groups) and O(keyed_groups), which are expressions for each host.
    A template can use lookups and the variables of C(--extra-vars).
  - Every host is in the group C(alitrust_fleet) and has the variables listed under O(compose).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.trust
  - alitrust.ecs.trust.property
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - Where an inventory fails, Ansible warns and goes on without its hosts. With
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) set to V(true) it ends with an error.
options:
  plugin:
    description: Name of this plugin.
    type: str
    required: true
    choices: [alitrust.ecs.instances]
  regions:
    description:
      - The regions to list, side by side. The default is the one of O(region). V(all) stands for all regions that the
        account can use.
    type: list
    elements: str
    default: []
  fleets:
    description: Names of the fleets to list. The default is all of them.
    type: list
    elements: str
    default: []
  all_instances:
    description: Lists instances that this collection did not make, too.
    type: bool
    default: false
  tags:
    description: Tags that an instance must have, all of them. A tag without a value may have any.
    type: dict
    default: {}
  vpc_id:
    description: Lists the instances of this VPC only. The same as V(vpc_id) in O(filters).
    type: str
  filters:
    description:
      - What else an instance must be. Alibaba Cloud filters, so that nothing else is transferred.
      - Takes C(image_id), C(instance_name) (with C(*) for any text), C(instance_network_type), C(instance_type),
        C(instance_type_family), C(key_name), C(resource_group_id), C(security_group_id), C(vpc_id), C(vswitch_id) and
        C(zone_id), and up to 100 values each in C(eips), C(instance_ids), C(private_ips) and C(public_ips).
    type: dict
    default: {}
  statuses:
    description: The states an instance may be in to be listed.
    type: list
    elements: str
    choices: [Pending, Starting, Running, Stopping, Stopped]
    default: [Running]
  hostnames:
    description:
      - What to name a host by; the first of these that it has. Of several instances with the same name the oldest keeps
        it; the others get their instance id appended, as does one whose name is that of a group or of a host from
        another source.
      - Takes V(name), V(instance_id), V(host_name), V(private_ip), V(public_ip), V(eip), and V(tag:KEY) for the value
        of a tag.
      - Characters that a terminal obeys or does not show become C(_).
    type: list
    elements: str
    default: [name, instance_id]
  sanitize_hostnames:
    description:
      - Replaces what means something in a host pattern, such as blanks, commas and colons, by C(_) in the names of
        hosts. A host with such a name cannot be selected by it.
      - Letters of any script, digits, C(_), C(.) and C(-) stay.
    type: bool
    default: false
  addresses:
    description:
      - What C(ansible_host) is set to; the first of these that the instance has.
      - V(public_ip) is the elastic IP address where there is one, V(eni_ip) the address of the first secondary network
        interface.
      - V(session) is the ID of the instance, which is reached through Session Manager. C(ansible_connection) is
        set to P(alitrust.ecs.session#connection) then, C(alitrust_instance_id) and C(alitrust_region_id) to
        what that connection needs. Every instance has it, so what is listed behind it is never taken.
    type: list
    elements: str
    choices: [private_ip, public_ip, eip, eni_ip, session]
    default: [private_ip, public_ip]
  variables:
    description:
      - The variables that each host gets, of those listed under O(compose). Few of them keep a large inventory fast.
      - O(compose), O(groups) and O(keyed_groups) can use all of them in any case.
      - V(all) stands for all.
    type: list
    elements: str
    default: [instance_id, instance_name, fleet, region_id, zone_id, status, instance_type, private_ip, public_ip, tags]
  variables_prefix:
    description: Put in front of the name of each variable that comes from the API.
    type: str
    default: alitrust_
  ram_role:
    description:
      - Also asks for the RAM role of each instance, 50 with a call. Each host then has the variable C(ram_role_name).
    type: bool
    default: false
  trust:
    description:
      - Also asks the trusted server about each instance. Each host then has the variables C(trust_verdict) and
        C(trust), with O(variables_prefix) in front. What they hold is documented in
        M(alitrust.ecs.trusted_instance_info).
      - It costs a call for each instance, of which ten run side by side. With O(cache), what is told is as old as the
        cache.
    type: bool
    default: false
  security_center:
    description:
      - Also asks Security Center about the instances. Each host then has the variables C(security_center_agent), the
        state of its agent, and C(security_center), with O(variables_prefix) in front. The latter has C(agent),
        C(protected), C(edition), and the numbers C(alerts) and C(serious_alerts) of those that wait,
        C(vulnerabilities) and C(risks). What they mean is documented in M(alitrust.ecs.security_center_info).
      - It costs a call for 20 instances, or for a page of all where a region has more than 100, and one for the serious
        alerts of 50. With O(cache), what is told is as old as the cache.
      - A region in which Security Center may not be read counts as failed.
    type: bool
    default: false
  skip_failed_regions:
    description:
      - Lists the other regions when one fails, with a warning.
      - By default a region that fails makes the inventory fail, because an empty inventory looks like success.
    type: bool
    default: false
  compose:
    description:
      - Variables from Jinja2 expressions. These are there to build on, with O(variables_prefix) in front.
      - C(instance_id), C(instance_name), C(fleet), C(status), C(description), C(host_name), C(region_id), C(zone_id),
        C(instance_type), C(image_id), C(os_name), C(vpc_id), C(vswitch_id), C(resource_group_id), C(private_ip),
        C(public_ip), C(eip), C(eni_ips), C(network_interface_ids), C(security_group_ids), C(key_name),
        C(deletion_protection), C(http_tokens), C(secure_boot), C(serial_number), C(creation_time), C(supports_vtpm),
        C(tags), and C(system_tags) for those that Alibaba Cloud sets (they begin with C(acs:)).
      - C(ram_role_name) with O(ram_role), C(trust_verdict) and C(trust) with O(trust), C(security_center_agent) and
        C(security_center) with O(security_center).
seealso:
  - module: alitrust.ecs.security_center_info
  - module: alitrust.ecs.trusted_instance_info
  - ref: ansible_collections.alitrust.ecs.docsite.inventory
    description: >-
      All that the inventory can do, by example.
      The role P(alitrust.ecs.assert_trusted#role) stops on hosts that are not trusted.
"""

EXAMPLES = r"""
# fleet.alitrust.yml: all fleets of one region need the first two lines only
plugin: alitrust.ecs.instances
region: cn-hangzhou
# one fleet, grouped by zone
fleets: [web]
keyed_groups:
  - key: alitrust_zone_id
    prefix: zone
compose:
  ansible_user: "'root'"

---
# everything in all regions, named by a tag, in groups by role and by what may be sent to the metadata service
plugin: alitrust.ecs.instances
regions: [all]
all_instances: true
hostnames: ["tag:Name", name]
ram_role: true
keyed_groups:
  - key: alitrust_ram_role_name
    prefix: role
    default_value: none
groups:
  old_metadata: alitrust_http_tokens == 'optional'

---
# the whole fleet with its verdicts, in the groups trust_trusted, trust_untrusted and so on
plugin: alitrust.ecs.instances
region: cn-hangzhou
trust: true
keyed_groups:
  - key: alitrust_trust_verdict
    prefix: trust
"""

import hashlib
import json
import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._cloud import texts
from ..module_utils._cloud.door import Cloud
from ..module_utils._cloud.errors import AlitrustError, InvalidInput
from ..module_utils._cloud.options import CONNECTION_SPEC, Connection
from ..module_utils._cloud.spelling import nearest
from ..module_utils._core import tags as tagging
from ..module_utils._core.module import tidy_lists
from ..module_utils._instance import listing
from ..module_utils._trust import options as trust_options
from ..module_utils._trust.section import with_trust
from ..plugin_utils import _core_version, _run_calls
from ..plugin_utils._garbage import uncollected

GROUP = "alitrust_fleet"

#: What every host can have as a variable.
_VARIABLES = (
    "instance_id",
    "instance_name",
    "fleet",
    "status",
    "description",
    "host_name",
    "region_id",
    "zone_id",
    "instance_type",
    "image_id",
    "os_name",
    "vpc_id",
    "vswitch_id",
    "resource_group_id",
    "private_ip",
    "public_ip",
    "eip",
    "eni_ips",
    "network_interface_ids",
    "security_group_ids",
    "key_name",
    "deletion_protection",
    "http_tokens",
    "secure_boot",
    "serial_number",
    "creation_time",
    "supports_vtpm",
    "tags",
    "system_tags",
)
#: The options that decide what is asked for. Credentials are not among them, because they may be new each time.
_ASKED = (
    *("region", "regions", "endpoint_url", "profile", "ram_role_arn", "fleets", "all_instances", "tags", "vpc_id"),
    *("filters", "statuses", "ram_role", "trust", "security_center", "skip_failed_regions", *trust_options.SPEC),
)
#: Options that are templates of each host, not of the file.
_EXPRESSIONS = ("compose", "groups", "keyed_groups")
#: What a host has as a variable where it was asked for.
_ON_REQUEST = {
    "ram_role": ("ram_role_name",),
    "trust": ("trust", "trust_verdict"),
    "security_center": ("security_center", "security_center_agent"),
}


def _aliases(option: t.Mapping[str, t.Any]) -> list[str]:
    return [alias if isinstance(alias, str) else alias["name"] for alias in option.get("aliases") or ()]


def _give(host: t.Any, variables: dict[str, t.Any], checked: set[str]) -> None:
    """Give a host its variables.

    By the inventory's own set_variable each value would be copied to note where it comes from, which takes longer than
    all else here. Text without that note is no template either. The host's own looks at the name of a variable, which
    is the same for all hosts, and merges dictionaries, which a new host has none of.

    :param checked: names of variables that Ansible has looked at
    """
    if checked.issuperset(variables) and host.vars.keys().isdisjoint(variables):
        host.vars.update(variables)
        return
    for key, value in variables.items():
        host.set_variable(key, value)
    checked.update(variables)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The fleet as inventory."""

    NAME = "alitrust.ecs.instances"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("alitrust.yml", "alitrust.yaml"))

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Take the options, those of the file with their templates filled in: before they are converted to their types,
        which would cut a template at its commas."""
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct and self._filled(direct))

    def _filled(self, given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The options of the file without templates, and with tidy lists.

        :raises AnsibleParserError: a template that gives no value, or a list that has nothing but blanks: taken for one
            that is not given, it would list other instances than those that were meant
        """
        self.templar.available_variables = self._vars
        filled = dict(given)
        for name in filled:
            if name not in _EXPRESSIONS:
                try:
                    filled[name] = self.templar.template(filled[name])
                except AnsibleError as error:
                    raise AnsibleParserError(f"{self.NAME}: {name} has a template without a value: {error}") from error
            self._check_truth(name, filled[name])
        tidy_lists(filled, {name: {**one, "aliases": _aliases(one)} for name, one in self.option_definitions.items()})
        for name, value in filled.items():
            if isinstance(value, list) and self.option_definitions.get(name, {}).get("elements") == "str":
                filled[name] = [one if isinstance(one, str) else str(one) for one in value]
            if value == [""]:
                raise AnsibleParserError(
                    f"{self.NAME}: {name} is blank. Leave it out, or see why it is: a template in it may have no value."
                )
        return filled

    def _check_truth(self, name: str, value: t.Any) -> None:
        """Refuse what is no truth value, which Ansible takes for false.

        :raises AnsibleParserError: naming the option
        """
        if self.option_definitions.get(name, {}).get("type") != "bool" or value in (None, ""):
            return
        try:
            boolean(value)
        except TypeError:
            raise AnsibleParserError(f"{self.NAME}: {name} is {value!r}; expected true or false.") from None

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        complaint = _core_version.complaint()
        if complaint:
            raise AnsibleParserError(complaint)
        config = self._read_config_data(path)
        use_cache = cache and self.get_option("cache")
        key = f"{self.get_cache_key(path)}_{self._request_digest()}"
        try:
            self._check_keys(config)
            self._check()
            with uncollected():
                instances: list[listing.Facts] | None = self._cache.get(key) if use_cache else None
                if instances is None:
                    instances = self._instances()
                if self.get_option("cache"):
                    self._cache[key] = instances
                self._populate(instances)
        except AlitrustError as error:
            # Without its cause, which Ansible would show once more, and as it is.
            raise AnsibleParserError(f"{self.NAME}: {error.as_failure()['msg']}") from None

    def _request_digest(self) -> str:
        """What tells apart what is asked for, so that a changed file is not answered from the cache.

        YAML makes dates of some values, such as those of tags.
        """
        asked = [self.get_option(name) for name in _ASKED]
        return hashlib.sha256(json.dumps([*asked, self._with_metadata_options()], default=str).encode()).hexdigest()[
            :10
        ]

    # ------------------------------------------------------------------ reading

    def _check_keys(self, config: t.Mapping[str, t.Any]) -> None:
        """Refuse keys that mean nothing: without the one that was meant, the inventory would be another one.

        :raises InvalidInput: naming them
        """
        options: dict[str, t.Any] = self.option_definitions
        known = {key for name, option in options.items() for key in (name, *_aliases(option))}
        where = f"ansible-doc -t inventory {self.NAME} tells which there are."
        if unknown := sorted(str(key) for key in config if key not in known):
            raise InvalidInput(f"There is no option {', '.join(unknown)}. {where}", hint=nearest(unknown, known))
        for name, option in options.items():
            parts, given = option.get("suboptions"), self.get_option(name)
            for one in given if parts and isinstance(given, list) else ():
                if unknown := sorted(str(key) for key in one if key not in parts):
                    raise InvalidInput(
                        f"{name} has {', '.join(unknown)}; expected some of {', '.join(sorted(parts))}.",
                        hint=nearest(unknown, parts),
                    )

    def _check(self) -> None:
        """Refuse wrong options before anything is called.

        :raises InvalidInput: the first of them
        """
        given = {name: self.get_option(name) for name in self.option_definitions}
        if complaint := texts.complaint(given, self.option_definitions):
            raise InvalidInput(complaint)
        listing.check_names(self.get_option("hostnames"))
        for name in self.get_option("variables"):
            if name not in (*_VARIABLES, "all"):
                raise InvalidInput(f"variables has {name!r}; expected all or some of {', '.join(_VARIABLES)}.")
        self._filters = listing.parameters(self.get_option("filters"))
        trust_options.rules(self._trust_options())

    def _instances(self) -> list[listing.Facts]:
        """All instances of all regions.

        :raises AlitrustError: a region could not be listed, and that is not to be skipped
        """
        connection = Connection.from_options({name: self.get_option(name) for name in CONNECTION_SPEC})
        cloud = Cloud(connection)
        regions = listing.regions(cloud, self.get_option("regions"))
        _run_calls.of_door(cloud)
        found, failed = listing.read(connection, regions, self._noted)
        texts = [
            f"the instances of {region} could not be listed: {error.as_failure()['msg']}"
            for region, error in failed.items()
        ]
        if texts and not self.get_option("skip_failed_regions"):
            raise AlitrustError(
                " ".join(f"{text[0].upper()}{text[1:]}" for text in texts),
                hint="Set skip_failed_regions to list the other regions nevertheless." if len(regions) > 1 else "",
            )
        for text in texts:
            self.display.warning(f"{self.NAME}: {text}")
        return found

    def _noted(self, cloud: Cloud) -> list[listing.Facts]:
        try:
            return self._of_region(cloud)
        finally:
            _run_calls.of_door(cloud)

    def _of_region(self, cloud: Cloud) -> list[listing.Facts]:
        tags: list[dict[str, str]] = tagging.to_api(self.get_option("tags"))
        fleets: list[str] = self.get_option("fleets")
        if fleets or not self.get_option("all_instances"):
            tags.append({"Key": tagging.OWNER_KEY, **({"Value": fleets[0]} if len(fleets) == 1 else {})})
        params: dict[str, t.Any] = {"Tag": tags, "VpcId": self.get_option("vpc_id") or None}
        params.update(self._filters)
        if self._with_metadata_options():
            params["AdditionalAttributes"] = ["META_OPTIONS"]
        statuses: list[str] = self.get_option("statuses")
        if len(statuses) == 1:
            params["Status"] = statuses[0]
        shaped = (listing.facts(item) for page in cloud.walk("ecs", "DescribeInstances", params) for item in page)
        found = [one for one in shaped if one["status"] in statuses and (len(fleets) < 2 or one["fleet"] in fleets)]
        # What few ask for is imported, and with that compiled, where it is asked for.
        if self.get_option("ram_role"):
            from ..module_utils._instance import finder

            found = finder.with_roles(cloud, found)
        if self.get_option("trust"):
            options = self._trust_options()
            found = with_trust(cloud, found, options, trust_options.rules(options))
        if self.get_option("security_center"):
            from ..module_utils._security_center.section import with_security_center

            found = with_security_center(cloud, found)
        return found

    def _with_metadata_options(self) -> bool:
        """Whether to ask for what is told of the metadata service on request only."""
        return "http_tokens" in self._told() or self._composes()

    def _trust_options(self) -> dict[str, t.Any]:
        return {name: self.get_option(name) for name in trust_options.SPEC}

    # ------------------------------------------------------------------ telling

    def _told(self) -> tuple[str, ...]:
        """The variables that hosts get."""
        chosen: list[str] = self.get_option("variables")
        asked = [name for option, names in _ON_REQUEST.items() if self.get_option(option) for name in names]
        return (*(_VARIABLES if "all" in chosen else chosen), *asked)

    def _composes(self) -> bool:
        return any(self.get_option(name) for name in ("compose", "groups", "keyed_groups"))

    def _populate(self, instances: list[listing.Facts]) -> None:
        prefix = self.get_option("variables_prefix")
        addresses = self.get_option("addresses")
        instances = _core_version.plain(instances)
        names = listing.host_names(instances, self.get_option("hostnames"), safe=self.get_option("sanitize_hostnames"))
        names = _core_version.plain(names)
        told = {f"{prefix}{variable}": variable for variable in self._told()}
        composes = self._composes()
        inventory = self.inventory
        inventory.add_group(GROUP)
        checked: set[str] = set()
        for one in instances:
            if "trust" in one:
                one["trust_verdict"] = one["trust"]["verdict"]
            if "security_center" in one:
                one["security_center_agent"] = one["security_center"]["agent"]
            name = names[one["instance_id"]]
            if name in inventory.hosts or name in inventory.groups:
                name = f"{name}-{one['instance_id']}"
            inventory.add_host(name, group=GROUP)
            variables = {key: one[variable] for key, variable in told.items()}
            address = listing.address(one, addresses)
            if address:
                variables["ansible_host"] = address
            if address == one["instance_id"]:
                variables |= listing.by_session(one)
            _give(inventory.hosts[name], variables, checked)
            if composes:
                all_of_it = {f"{prefix}{variable}": one[variable] for variable in _VARIABLES}
                self._compose_from({**all_of_it, **variables}, name)

    def _compose_from(self, variables: dict[str, t.Any], name: str) -> None:
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
