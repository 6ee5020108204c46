#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_access_info
short_description: Tell whether security groups let a packet through, and why
version_added: 1.0.0
description:
  - Takes security groups, or rules that are in no group yet, and packets, and says for each packet whether it is let
    through and which rule or which default decides that. Nothing is sent; the answer follows from the rules.
  - The documented order is followed. Members of a basic group whose inner access policy is accept reach each other over
    the internal network, whatever its rules say. Otherwise the rules of all groups count together; the smallest number
    of the priority decides first, and at the same priority a rule that drops. Where no rule fits, a basic group lets
    everything out and nothing in, and an advanced group lets nothing out and nothing in.
  - Security groups are stateful. The question is about the packet that opens a session; replies within the session pass
    whatever the rules of the other direction say. With O(packets[].reply) the question is about such a reply.
  - What a packet leaves open, such as its source port, stands for every value. The verdict is then V(depends) unless
    all values are treated alike.
  - Only what an answer needs is read. With O(rules) or O(rules_file) alone, no account is needed.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  security_group_ids:
    description: IDs of the groups that the network interface is in. Several count together.
    type: list
    elements: str
  security_groups:
    description: Names of such groups, each the only one of that name in the region or in the VPC that is given.
    type: list
    elements: str
  vpc_id:
    description: ID of the VPC in which O(security_groups) and addresses of peers are looked up.
    type: str
  vpc:
    description: Name of the VPC, instead of O(vpc_id).
    type: str
  instance_id:
    description: ID of an instance. The groups and the private address of its primary network interface are looked up.
    type: str
  rules:
    description:
      - Rules as M(alitrust.ecs.sg_rule) takes and returns them.
      - Together with groups they count as if they were in one more group, which shows what adding them would do.
    type: list
    elements: dict
  rules_file:
    description:
      - A file of rules, JSON or CSV, as it is exported, instead of O(rules).
      - It is read on the host that runs the task.
    type: path
  type:
    description: With O(rules) or O(rules_file) alone, the type of the group that they would be in. V(normal) or
      V(basic) for basic groups, V(enterprise) or V(advanced) for advanced ones.
    type: str
    choices: [normal, basic, enterprise, advanced]
    default: normal
  network_type:
    description:
      - Kind of network in which O(security_groups) are looked up. V(classic) finds the group of the classic network
        where a VPC has one of that name, too.
      - With O(rules) or O(rules_file) alone, where that group would be, a VPC unless given.
    type: str
    choices: [vpc, classic]
  packets:
    description: What is asked about.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: A name for results and errors.
        type: str
      direction:
        description: V(ingress) for a packet to the interface, V(egress) for one from it.
        type: str
        choices: [ingress, egress]
        default: ingress
      protocol:
        description: V(tcp), V(udp), V(icmp), V(icmpv6), V(gre), the number of a protocol, or V(all) for each of them.
        type: str
        required: true
      port:
        description: Destination port, or a range such as V(8000/8080). Every port unless it is given.
        type: str
      source_port:
        description: Source port, or a range. Every port unless it is given.
        type: str
      address:
        description: Own address of the interface, or a network. It only matters to rules that narrow their own side
          down. Every address unless it is given, or is known by O(instance_id).
        type: str
      peer:
        description:
          - The other side, an address or a network. V(0.0.0.0/0) asks about everybody, members of security groups
            among them unless O(packets[].peer_group_ids) is an empty list.
          - An address with the mask of a network is taken as that network, with a warning.
          - For a private address in the VPC of the groups, the groups that it is in are looked up where they matter.
        type: str
      peer_group_ids:
        description:
          - Security groups that the other side is in. An empty list says that it is in none.
          - Without O(packets[].peer), any private address is meant.
        type: list
        elements: str
      peer_prefix_list_id:
        description: ID of a prefix list instead of O(packets[].peer). Every address in it is meant.
        type: str
      peer_instance_id:
        description: ID of an instance instead of O(packets[].peer). Its address and groups are looked up.
        type: str
      nic_type:
        description: In the classic network, V(intranet) or V(internet). Unless it is given, a private address is
          on the side of the internal network. In a VPC it does not matter.
        type: str
        choices: [intranet, internet]
      reply:
        description: Whether the packet is a reply. It then passes where the packet that it replies to, with direction
          and ports the other way round, was let through.
        type: bool
        default: false
      expect:
        description: What the verdict should be.
        type: str
        choices: [allow, deny]
  both_sides:
    description: Whether to ask the groups of the peer, too. A connection between two instances needs the rules of both.
      This works where the groups of the peer are given or can be looked up.
    type: bool
    default: false
  fail_unexpected:
    description: Whether to fail when a verdict is not what O(packets[].expect) says.
    type: bool
    default: true
notes:
  - In the classic network this follows the general description of basic groups, by which everything may go out to the
    internet. The description of the console's dialog for new groups says the contrary.
seealso:
  - module: alitrust.ecs.sg_rule
  - module: alitrust.ecs.audit_info
    description: Judges the rules of groups, or of a file.
  - ref: ansible_collections.alitrust.ecs.docsite.security_groups
    description: Recipes for security groups and their rules.
"""

EXAMPLES = r"""
- name: Ask whether SSH would be let in from the office
  alitrust.ecs.sg_access_info:
    region: cn-hangzhou
    security_group_ids: [sg-bp1fg655nh68xyz90000]
    packets:
      - protocol: tcp
        port: 22
        peer: 203.0.113.7
  register: found

- name: Show the answer and the rule that decides
  ansible.builtin.debug:
    msg: "{{ found.accesses[0].verdict }}: {{ found.accesses[0].reason }}"

- name: Prove what a group lets in, and fail the play otherwise
  alitrust.ecs.sg_access_info:
    region: cn-hangzhou
    security_groups: [web]
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    packets:
      - {name: the shop, protocol: tcp, port: 443, peer: 0.0.0.0/0, expect: allow}
      - {name: SSH from the office, protocol: tcp, port: 22, peer: 203.0.113.0/24, expect: allow}
      - {name: SSH from elsewhere, protocol: tcp, port: 22, peer: 198.51.100.7, expect: deny}
      - {name: updates, direction: egress, protocol: tcp, port: 443, peer: 0.0.0.0/0, expect: allow}

- name: Ask whether one instance reaches another one, by the rules of both
  alitrust.ecs.sg_access_info:
    region: cn-hangzhou
    instance_id: i-bp67acfmxazb4p0000
    both_sides: true
    packets:
      - direction: egress
        protocol: tcp
        port: 3306
        peer_instance_id: i-bp67acfmxazb4p0001

- name: Try a rule before it is added
  alitrust.ecs.sg_access_info:
    region: cn-hangzhou
    security_group_ids: [sg-bp1fg655nh68xyz90000]
    rules:
      - protocol: tcp
        ports: 22
        cidr: 203.0.113.66
        policy: drop
    packets:
      - {protocol: tcp, port: 22, peer: 203.0.113.66, expect: deny}
      - {protocol: tcp, port: 22, peer: 203.0.113.67, expect: allow}

- name: Test a file of rules without any account
  alitrust.ecs.sg_access_info:
    rules_file: ecs_cn-hangzhou_sg-bp1fg655nh68xyz90000.json
    packets:
      - {protocol: tcp, port: 443, peer: "2001:db8::7", expect: allow}
      - {protocol: tcp, port: 3389, peer: 0.0.0.0/0, expect: deny}
    fail_unexpected: false
  register: tested
"""

RETURN = r"""
accesses:
  description: An answer for each packet, in their order.
  returned: success, and when a verdict is not the expected one
  type: list
  elements: dict
  contains:
    name:
      description: The name of the packet, empty without.
      type: str
      sample: SSH from the office
    packet:
      description: The packet in words.
      type: str
      sample: ingress tcp 22 from 203.0.113.7
    verdict:
      description: V(allow), V(deny), or V(depends) where packets that the question is about are treated differently.
      type: str
      sample: allow
    reason:
      description: What decides, in words.
      type: str
      sample: the rule 'ingress accept tcp 22/22 from 203.0.113.0/24 priority 1' of web; replies pass too
    by:
      description: V(rule), V(inner_policy) or V(default). Null with the verdict V(depends).
      type: str
      sample: rule
    side:
      description: V(own), or V(peer) where the groups of the peer decide.
      type: str
      sample: own
    rule:
      description: The rule that decides, as M(alitrust.ecs.sg_rule) returns it. Null where none does.
      type: dict
      sample: {"direction": "ingress", "protocol": "tcp", "ports": "22/22", "cidr": "203.0.113.0/24"}
    rule_line:
      description: The same in words.
      type: str
      sample: ingress accept tcp 22/22 from 203.0.113.0/24 priority 1
    security_group_id:
      description: ID of the group that the rule or the inner policy is of.
      type: str
      sample: sg-bp1fg655nh68xyz90000
    security_group:
      description: Its name.
      type: str
      sample: web
    depends_on:
      description: What makes the difference, with the verdict V(depends).
      type: list
      elements: str
      sample: []
    cases:
      description: Each way in which packets of the question are decided, with one packet that is.
      type: list
      elements: dict
      sample:
        - side: own
          verdict: allow
          by: rule
          rule_line: ingress accept tcp 22/22 from 203.0.113.0/24 priority 1
          security_group: web
          packet: ingress tcp 22 from 203.0.113.7 source port 1 to 0.0.0.0
    notes:
      description: What else keeps such packets from passing, and prefix lists that could not be read.
      type: list
      elements: str
      sample: []
    expect:
      description: What was expected.
      type: str
      sample: allow
    ok:
      description: Whether that is what was found. True where nothing was expected.
      type: bool
      sample: true
ok:
  description: Whether every verdict is as expected.
  returned: success
  type: bool
  sample: true
unexpected:
  description: The verdicts that are not as expected, in words.
  returned: success, and when a verdict is not the expected one
  type: list
  elements: str
  sample: []
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: "2 packets: 1 allowed"
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeSecurityGroups": 1, "ecs:DescribeSecurityGroupAttribute": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.access import SPEC, read


def main() -> None:
    flow.read(create(SPEC), read)


if __name__ == "__main__":
    main()
