# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: instances
short_description: Instances of Alibaba Cloud ECS as inventory
version_added: 0.1.0
description:
  - Lists instances with their addresses. Without any filter it lists what this collection made, in all its fleets.
  - The name of the inventory file must end in V(alitrust.yml) or V(alitrust.yaml).
  - Every host is in the group C(alitrust_fleet) and has the variables listed under O(compose).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.trust
  - alitrust.ecs.trust.property
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Name of this plugin.
    type: str
    required: true
    choices: [alitrust.ecs.instances]
  regions:
    description: The regions to list. The default is the one of O(region).
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
    description: Tags that an instance must have, all of them.
    type: dict
    default: {}
  vpc_id:
    description: Lists the instances of this VPC only.
    type: str
  statuses:
    description: The states an instance may be in to be listed.
    type: list
    elements: str
    choices: [Pending, Starting, Running, Stopping, Stopped]
    default: [Running]
  hostnames:
    description:
      - What to name a host by; the first of these that it has. A name that is taken gets the instance id appended.
    type: list
    elements: str
    choices: [name, instance_id, private_ip, public_ip]
    default: [name, instance_id]
  addresses:
    description: What C(ansible_host) is set to; the first of these that the instance has.
    type: list
    elements: str
    choices: [private_ip, public_ip]
    default: [private_ip, public_ip]
  variables_prefix:
    description: Put in front of the name of each variable that comes from the API.
    type: str
    default: alitrust_
  trust:
    description:
      - Also asks the trusted server about each instance. Each host then has the variables C(trust_verdict) and
        C(trust), with O(variables_prefix) in front. What they hold is documented in
        M(alitrust.ecs.trusted_instance_info).
      - It costs a call for each instance, of which ten run side by side. With O(cache), what is told is as old as the
        cache.
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
      - Variables from Jinja2 expressions. Each host has these variables to build on, with O(variables_prefix) in front.
      - C(instance_id), C(instance_name), C(fleet), C(status), C(region_id), C(zone_id), C(instance_type), C(image_id),
        C(vpc_id), C(vswitch_id), C(private_ip), C(public_ip), C(security_group_ids), C(key_name), C(supports_vtpm),
        C(tags).
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
# the whole fleet with its verdicts, in the groups trust_trusted, trust_untrusted and so on
plugin: alitrust.ecs.instances
region: cn-hangzhou
trust: true
keyed_groups:
  - key: alitrust_trust_verdict
    prefix: trust
"""

import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._cloud.door import Cloud
from ..module_utils._cloud.errors import AlitrustError
from ..module_utils._cloud.options import CONNECTION_SPEC, Connection
from ..module_utils._core import tags as tagging
from ..module_utils._instance import shape
from ..module_utils._trust import options as trust_options
from ..module_utils._trust.section import with_trust

GROUP = "alitrust_fleet"

#: Variables of a host, and where each comes from in the shape of an instance.
_VARIABLES = (
    ("instance_id", "instance_id"),
    ("instance_name", "name"),
    ("fleet", "fleet"),
    ("status", "status"),
    ("region_id", "region_id"),
    ("zone_id", "zone_id"),
    ("instance_type", "instance_type"),
    ("image_id", "image_id"),
    ("vpc_id", "vpc_id"),
    ("vswitch_id", "vswitch_id"),
    ("private_ip", "private_ip"),
    ("public_ip", "public_ip"),
    ("security_group_ids", "security_group_ids"),
    ("key_name", "key_name"),
    ("tags", "tags"),
)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The fleet as inventory."""

    NAME = "alitrust.ecs.instances"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("alitrust.yml", "alitrust.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        use_cache = cache and self.get_option("cache")
        key = self.get_cache_key(path)
        instances: list[shape.Instance] | None = None
        if use_cache:
            instances = self._cache.get(key)
        if instances is None:
            instances = self._instances()
        if self.get_option("cache"):
            self._cache[key] = instances
        self._populate(instances)

    def _instances(self) -> list[shape.Instance]:
        try:
            options = {name: self.get_option(name) for name in CONNECTION_SPEC}
            connection = Connection.from_options(options)
            trust_options.rules(self._trust_options())
            regions = self.get_option("regions") or [connection.need_region()]
        except AlitrustError as error:
            raise AnsibleParserError(f"{self.NAME}: {error.as_failure()['msg']}") from error
        found: list[shape.Instance] = []
        for region in regions:
            try:
                found += self._of_region(Cloud(Connection.from_options({**options, "region": region})))
            except AlitrustError as error:
                text = f"{self.NAME}: the instances of {region} could not be listed: {error.as_failure()['msg']}"
                if not self.get_option("skip_failed_regions"):
                    raise AnsibleParserError(text) from error
                self.display.warning(text)
        return sorted(found, key=shape.order)

    def _of_region(self, cloud: Cloud) -> list[shape.Instance]:
        tags: list[dict[str, str]] = tagging.to_api(self.get_option("tags"))
        fleets: list[str] = self.get_option("fleets")
        if fleets or not self.get_option("all_instances"):
            tags.append({"Key": tagging.OWNER_KEY, **({"Value": fleets[0]} if len(fleets) == 1 else {})})
        params: dict[str, t.Any] = {"Tag": tags, "VpcId": self.get_option("vpc_id") or None}
        statuses: list[str] = self.get_option("statuses")
        if len(statuses) == 1:
            params["Status"] = statuses[0]
        shaped = (shape.instance(item) for item in cloud.pages("ecs", "DescribeInstances", params))
        found = [one for one in shaped if one["status"] in statuses and (len(fleets) < 2 or one["fleet"] in fleets)]
        if self.get_option("trust"):
            options = self._trust_options()
            found = with_trust(cloud, found, options, trust_options.rules(options))
        return found

    def _trust_options(self) -> dict[str, t.Any]:
        return {name: self.get_option(name) for name in trust_options.SPEC}

    def _populate(self, instances: list[shape.Instance]) -> None:
        prefix = self.get_option("variables_prefix")
        strict = self.get_option("strict")
        self.inventory.add_group(GROUP)
        for one in instances:
            name = self._name(one)
            self.inventory.add_host(name, group=GROUP)
            variables = {f"{prefix}{variable}": one[key] for variable, key in _VARIABLES}
            variables[f"{prefix}supports_vtpm"] = one["trusted"]["supports_vtpm"]
            if "trust" in one:
                variables[f"{prefix}trust"] = one["trust"]
                variables[f"{prefix}trust_verdict"] = one["trust"]["verdict"]
            address = next((one[kind] for kind in self.get_option("addresses") if one[kind]), None)
            if address:
                variables["ansible_host"] = address
            for key, value in variables.items():
                self.inventory.set_variable(name, key, value)
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)

    def _name(self, one: shape.Instance) -> str:
        name = next((one[kind] for kind in self.get_option("hostnames") if one[kind]), one["instance_id"])
        return f"{name}-{one['instance_id']}" if name in self.inventory.hosts else str(name)
