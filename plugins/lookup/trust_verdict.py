# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: trust_verdict
short_description: Whether instances are trusted
version_added: 1.0.0
description:
  - Asks the trusted server about instances, and gives the verdict on each, by the same judgement as the module
    M(alitrust.ecs.trusted_instance_info), the inventory plugin and the role P(alitrust.ecs.assert_trusted#role).
  - It gives V(trusted), V(untrusted), V(unmeasured) (it does not report, or not lately) or V(unknown). Only V(trusted)
    is trust, so compare with that.
  - It needs the rights C(ecs:DescribeInstances) and C(yundun-systrust:DescribeInstance), with O(details)
    C(yundun-systrust:DescribeEvents), too.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.trust
  - alitrust.ecs.trust.property
  - alitrust.ecs.variables
options:
  _terms:
    description: IDs of the instances. Give these or O(fleet).
    type: list
    elements: str
  fleet:
    description: All instances of this fleet, by name, as the tag C(alitrust.ecs:owner) tells.
    type: str
  on_missing:
    description:
      - What to do where there is no such instance, or none in the fleet.
      - V(error) fails. V(unknown) gives the verdict V(unknown), so that nobody takes no instance for a trusted one.
    type: str
    choices: [error, unknown]
    default: error
  details:
    description:
      - Whether to give all that is known instead of the verdict. It is a dictionary with C(instance_id), C(name) and
        what the module M(alitrust.ecs.trusted_instance_info) returns as C(trust), the reason of the verdict included.
      - Of an instance that does not exist it has the verdict and the reason only.
      - It costs one or a few calls more, for the findings.
    type: bool
    default: false
notes:
  - It asks anew each time it is evaluated, so C(until) sees when a verdict changes. It costs one call for a hundred
    instances, and one for each of them. Give many at once instead of evaluating it for each.
  - C(lookup) joins several verdicts with commas. Use C(query) for a list.
  - A verdict V(unknown) comes with a warning that says why, for example because a right is missing.
seealso:
  - module: alitrust.ecs.trusted_instance_info
  - plugin: alitrust.ecs.instances
    plugin_type: inventory
  - ref: ansible_collections.alitrust.ecs.docsite.trusted_instances
    description: What makes an instance trusted, and what the verdicts mean.
"""

EXAMPLES = r"""
- name: Hand the certificate to a trusted instance only
  ansible.builtin.copy:
    src: shop.pem
    dest: /etc/shop/shop.pem
    mode: '0600'
  when: lookup('alitrust.ecs.trust_verdict', alitrust_instance_id, region='cn-hangzhou') == 'trusted'

- name: Wait until the whole fleet is trusted
  ansible.builtin.debug:
    msg: All of it is
  until: query('alitrust.ecs.trust_verdict', fleet='web', region='cn-hangzhou') | unique == ['trusted']
  retries: 20
  delay: 30

- name: Say why an instance is not trusted
  ansible.builtin.debug:
    msg: "{{ about.name }} is {{ about.verdict }}: {{ about.reason }}"
  vars:
    about: "{{ lookup('alitrust.ecs.trust_verdict', 'i-bp1a2b3c4d5e6f7g8h9j', region='cn-hangzhou', details=true) }}"
"""

RETURN = r"""
_raw:
  description: The verdicts, in the order of the IDs; those of a fleet by the names of its instances. Dictionaries
    with O(details).
  type: list
  elements: raw
  sample: [trusted]
"""

import typing as t

from ..module_utils._cloud.door import Cloud
from ..module_utils._cloud.errors import InvalidInput, UnexpectedState
from ..module_utils._core import naming
from ..module_utils._instance import finder
from ..module_utils._trust import options as trust_options
from ..module_utils._trust.section import Instance, summary, with_trust
from ..plugin_utils._cloud_lookup import CloudLookup


class LookupModule(CloudLookup):
    """Verdicts on instances."""

    NAME = "alitrust.ecs.trust_verdict"

    def look_up(self, cloud: Cloud, terms: list[t.Any]) -> list[t.Any]:
        fleet = str(self.get_option("fleet") or "").strip()
        if bool(terms) == bool(fleet):
            raise InvalidInput(
                f"{'Two things say' if fleet else 'Nothing says'} which instances to ask about.",
                hint="Give IDs of instances, or fleet, and only one of them.",
            )
        options = {name: self.get_option(name) for name in trust_options.SPEC}
        rules = trust_options.rules(options)
        if fleet:
            found = finder.of_fleet(cloud, fleet)
            wanted = [one["instance_id"] for one in found] or [""]
        else:
            wanted = [str(one).strip() for one in terms]
            naming.check_instance_ids(wanted, "the ID of an instance")
            found = finder.describe(cloud, list(dict.fromkeys(wanted)))
        told = with_trust(cloud, found, options, rules, findings=self.get_option("details"))
        by_id = {one["instance_id"]: one for one in told}
        return [self._answer(by_id.get(one), one or f"of the fleet {fleet}", cloud.region) for one in wanted]

    def _answer(self, one: Instance | None, name: str, region: str) -> t.Any:
        """What is given of one instance.

        :param name: what it is called in a message where it does not exist
        :raises UnexpectedState: it does not exist
        """
        if one is None:
            missing = f"There is no instance {name} in the region {region}"
            if self.get_option("on_missing") == "error":
                raise UnexpectedState(
                    f"{missing}.", hint="Check name and region; on_missing says what else to do than to fail."
                )
            one = {"instance_id": None, "name": None, "trust": {"verdict": "unknown", "reason": missing}}
        elif one["trust"]["verdict"] == "unknown":
            self._display.warning(f"{self.NAME}: {summary(one)}.")
        if self.get_option("details"):
            return {"instance_id": one["instance_id"], "name": one["name"], **one["trust"]}
        return one["trust"]["verdict"]
