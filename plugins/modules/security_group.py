#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group
short_description: Manage security groups
version_added: 1.0.0
description:
  - Creates, clones, changes and deletes security groups. Their rules are managed with M(alitrust.ecs.sg_rule), their
    members with M(alitrust.ecs.sg_member).
  - A group is found by O(security_group_id), or by O(name) within O(vpc_id) or O(vpc). Names of security groups are not
    unique; where several groups have the name the task fails and lists them.
  - A group that this module creates carries the tag C(alitrust.ecs:owner) with its name as the value, a clone also
    C(alitrust.ecs:clone-of) with region and ID of what it is a clone of.
  - A group that is still used cannot be deleted. The task then says by which instances, network interfaces and rules
    of other groups.
notes:
  - Put instances with the same need for protection into one group, rather than a group for each instance or one group
    for everything.
  - Use a group as a list of what is allowed. Open single ports to known addresses, not ranges of ports to everybody.
  - Try changes to the rules of a group in production on a clone of it first.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  state:
    description:
      - Whether the group is to exist.
      - V(absent) deletes a group that carries the tag C(alitrust.ecs:owner), or any group with O(adopt).
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - Name of the group, 2 to 128 characters. First a letter (of any script), then letters, digits, colons,
        underscores, periods, hyphens.
      - Together with O(security_group_id), the name that the group is to get.
    type: str
  security_group_id:
    description: ID of an existing group.
    type: str
  vpc_id:
    description:
      - ID of the VPC. It, or O(vpc), is needed to create a group, unless O(network_type=classic). It cannot be changed
        later.
    type: str
  vpc:
    description: Name of the VPC, instead of O(vpc_id).
    type: str
  network_type:
    description:
      - V(classic) for a group in the classic network, which only older accounts have. It has basic groups only.
      - It cannot be changed later.
    type: str
    choices: [vpc, classic]
  description:
    description: What the group is for, 2 to 256 characters. A description cannot be taken away again, only changed. An
      empty text is an error for a group that has one.
    type: str
  type:
    description:
      - V(normal) or V(basic) is a basic security group. V(enterprise) or V(advanced) is an advanced one.
      - An advanced group can hold 65,536 private addresses instead of 2,000. It is for a VPC only, and takes only rules
        that allow, with
        priority 1 and address ranges or prefix lists as peers. Without rules it lets nothing in or out, see
        O(outbound).
      - A new group is a basic one, a clone of the type of its source, unless this says otherwise. The type cannot be
        changed later.
    type: str
    choices: [normal, enterprise, basic, advanced]
  inner_access_policy:
    description:
      - Whether the members of the group can reach each other whatever its rules say (V(accept)), or not (V(drop)).
      - Members of an advanced group are always isolated from each other.
    type: str
    choices: [accept, drop]
  outbound:
    description:
      - What happens to outbound traffic that no other rule is about. Not in the classic network.
      - V(allow) lets it out. An advanced group gets the rule that the console gives to new ones (everything to
        0.0.0.0/0). IPv6 needs a
        rule of its own there. From a basic group the rules of V(deny) are removed; it lets everything out by itself.
      - V(deny) drops it. A basic group gets rules of the weakest priority that drop everything (to 0.0.0.0/0 and ::/0).
        From an advanced
        group the rule of V(allow) is removed; it lets nothing out by itself.
      - Rules are removed from a group that carries the tag C(alitrust.ecs:owner), or with O(adopt).
      - When this is not given, outbound rules are left alone, and the task warns when a new advanced group lets nothing
        out.
      - Where M(alitrust.ecs.sg_rule) makes the rules of the same group exact, list the rule there too, or limit it to
        inbound rules.
    type: str
    choices: [allow, deny]
  clone_from:
    description:
      - Makes the new group a clone of this one, with its description, type, inner access policy and rules. Name,
        network and tags are those of this task, as in the console.
      - Within a region, to another region, and from the classic network into a VPC. In a VPC the rules for the internet
        and for the intranet side become one list.
      - A rule that the clone cannot have is left out, with a warning and its reason in RV(not_cloned).
      - A clone is what its source was at that moment. When it is there, its rules are not compared any more. A clone
        that was interrupted is
        finished by the next run.
    type: dict
    suboptions:
      security_group_id:
        description: ID of the group to clone. Either this or O(clone_from.name) is needed.
        type: str
      name:
        description: Name of the group to clone, the only one of that name in its region or in O(clone_from.vpc_id).
        type: str
      vpc_id:
        description: ID of the VPC in which O(clone_from.name) is looked up.
        type: str
      vpc:
        description: Name of that VPC, instead of its ID.
        type: str
      network_type:
        description: Kind of network in which O(clone_from.name) is looked up. V(classic) finds the group of the classic
          network where a VPC has one of that name, too.
        type: str
        choices: [vpc, classic]
      region:
        description: Region of the group to clone. The default is the region of the clone.
        type: str
      map_system_priority:
        description: Whether a rule of the system, which has priority 110, is cloned with priority 100, the weakest that
          users can give. Otherwise it is left out.
        type: bool
        default: false
  template:
    description:
      - The rules of the default group, or of one of the console's templates for new groups. The task makes sure that
        the group has them, when it is made and later. Other rules stay, also those of another template that the
        group had before; M(alitrust.ecs.sg_rule) removes them.
      - V(default) lets in ICMP, SSH (port 22) and RDP (port 3389), V(web_server_linux) HTTP (port 80), HTTPS (port
        443), SSH and ICMP, V(web_server_windows) HTTP, HTTPS, RDP and ICMP. V(custom) is without inbound rules, so that
        nothing is let in but what members of a basic group send each other, see O(inner_access_policy).
      - These rules have priority 100, so that any other rule can make an exception, and in an advanced group, which
        takes no other, priority 1.
      - All outbound traffic is let out. A basic group needs no rule for that; an advanced one gets that of
        O(outbound=allow). Where O(outbound) is given, it decides.
      - SSH and RDP are open to everybody, as in the console, unless O(template_cidr) or O(template_login_cidr) says
        otherwise; the task warns of that.
    type: str
    choices: [default, web_server_linux, web_server_windows, custom]
  template_cidr:
    description:
      - Networks that the rules of O(template) let in, IPv4 or IPv6. The default is V(0.0.0.0/0), everybody in the
        internet by IPv4, as in the console.
      - An empty list is an error.
    type: list
    elements: str
  template_login_cidr:
    description:
      - Networks that the rules of O(template) let in by SSH and RDP. The default is O(template_cidr).
      - An empty list is an error.
    type: list
    elements: str
  template_web:
    description: Whether O(template=default) lets in HTTP and HTTPS, too. The default is not to.
    type: bool
  tags:
    description: Tags that the group is to have. When this is not given, tags are left alone.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. System tags and those of this collection always stay.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait when the group is to be deleted and Alibaba Cloud still counts instances that are
      just gone, in seconds.
    type: int
    default: 600
seealso:
  - module: alitrust.ecs.security_group_info
  - module: alitrust.ecs.sg_rule
  - module: alitrust.ecs.sg_member
  - module: alitrust.ecs.vpc
  - ref: ansible_collections.alitrust.ecs.docsite.security_groups
    description: >-
      Recipes for security groups and their rules.
      The role P(alitrust.ecs.network#role) makes a network with its group and rules.
"""

EXAMPLES = r"""
- name: Create a security group
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: web
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    description: Web servers of the shop
    tags:
      service: shop

- name: Create a security group in the VPC of a name
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: database
    vpc: net

- name: Isolate the members of the group from each other
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: web
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    inner_access_policy: drop

- name: Create an advanced security group that lets everything out
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: workers
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    type: advanced
    outbound: allow

- name: Forbid a basic group's members all outbound traffic that no other rule allows
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: web
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    outbound: deny

- name: Clone a group within its region, to try changes of its rules
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: web-trial
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    clone_from:
      name: web
      vpc_id: vpc-bp1aevy8sofi8mh1q0000

- name: Clone a group to another region
  alitrust.ecs.security_group:
    region: cn-shanghai
    name: web
    vpc_id: vpc-uf6aevy8sofi8mh1q0001
    tags:
      service: shop
    clone_from:
      security_group_id: sg-bp1fg655nh68xyz90000
      region: cn-hangzhou
      map_system_priority: true
  register: clone

- name: Show the rules that the clone cannot have, and why
  ansible.builtin.debug:
    var: clone.not_cloned

- name: Create a group in the classic network
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: old-web
    network_type: classic

- name: Clone a group from the classic network into a VPC
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: new-web
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    clone_from:
      name: old-web

- name: Make a group for web servers by the console's template, with SSH from the office only
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: shop-front
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    template: web_server_linux
    template_login_cidr: 203.0.113.0/24

- name: Make a group with the rules of the default group and for web servers, for the company's network
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: intranet
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    template: default
    template_web: true
    template_cidr: [10.0.0.0/8, "2001:db8::/32"]

- name: Make a group that lets nothing in
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: closed
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    template: custom
    inner_access_policy: drop

- name: Rename a group
  alitrust.ecs.security_group:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    name: shop-web

- name: Delete a group that nothing uses any more
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: web-trial
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    state: absent
"""

RETURN = r"""
security_group:
  description: The group as it is now, as it would be in check mode, or null when it was deleted.
  returned: success
  type: dict
  contains:
    security_group_id:
      description: ID of the group. Null in check mode when the group would be created.
      type: str
      sample: sg-bp1fg655nh68xyz90000
    name:
      description: Name of the group.
      type: str
      sample: web
    description:
      description: Description of the group.
      type: str
      sample: Web servers of the shop
    vpc_id:
      description: ID of its VPC, empty in the classic network.
      type: str
      sample: vpc-bp1aevy8sofi8mh1q0000
    network_type:
      description: V(vpc) or V(classic).
      type: str
      sample: vpc
    type:
      description: V(normal) or V(enterprise).
      type: str
      sample: normal
    inner_access_policy:
      description: V(accept) or V(drop). Null unless O(inner_access_policy) was given, because reading it costs one
        more call.
      type: str
      sample: accept
    outbound:
      description: V(allow) or V(deny). Null unless O(outbound) was given.
      type: str
      sample: allow
    tags:
      description: Tags of the group, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": web, service: shop}
    creation_time:
      description: When the group was created.
      type: str
      sample: "2026-01-20T08:15:00Z"
cloned:
  description: The rules of the clone, one line each. Empty when the clone was there already.
  returned: when O(clone_from) is given
  type: list
  elements: str
  sample: [ingress accept tcp 443/443 from 0.0.0.0/0 priority 1]
not_cloned:
  description: The rules of the source that the clone cannot have. Empty when the clone was there already.
  returned: when O(clone_from) is given
  type: list
  elements: dict
  contains:
    rule:
      description: The rule.
      type: str
      sample: ingress accept tcp 22/22 from 0.0.0.0/0 priority 110
    security_group_rule_id:
      description: ID of the rule in the source.
      type: str
      sample: sgr-bp12kewq32dfwrdi0000
    reason:
      description: Why the clone cannot have it.
      type: str
      sample: priority 110 is for rules of the system only; clone_from.map_system_priority makes it 100
template_rules:
  description: The rules of the template, one line each, whether they were there already or not.
  returned: when O(template) is given
  type: list
  elements: str
  sample: [ingress accept icmp from 0.0.0.0/0 priority 100]
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample: ["Using the existing security group corp; it is left as it is."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create security group web
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create security group web]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeSecurityGroups": 3, "ecs:CreateSecurityGroup": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.group import CONSTRAINTS, SPEC, SecurityGroup


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), SecurityGroup)


if __name__ == "__main__":
    main()
