#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_rule
short_description: Manage the rules of a security group
version_added: 1.0.0
description:
  - Adds, rewords and removes rules of one security group, one or hundreds in one task. Up to 100 rules go into one
    call.
  - Rules are compared by what they do, not by how they are written. V(TCP) and V(tcp), V(22) and V(22/22),
    V(192.0.2.1) and
    V(192.0.2.1/32) are the same. The description does not make another rule, and is changed in place.
  - New rules are added before others are removed, unless the group has no room for both.
  - The rules come from the task, from a file, or from another group, which restores the rules of this one, all of them
    (O(state=exact)) or those that are missing (O(state=merge)). Check mode with C(--diff) previews that with a line for
    each rule.
  - What the group cannot hold because of its type (advanced groups only allow, with priority 1, and name no groups) or
    its network, and what names a group or prefix list that does not exist, is refused before anything is written, with
    a reason for each such rule, in check mode too.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  state:
    description:
      - V(present) adds what is missing and leaves other rules alone.
      - V(merge) does too, and also leaves the descriptions of the rules that are there. It is the same as V(present)
        where the rules come from a file or another group.
      - V(absent) removes these rules, if they are there.
      - V(exact) makes the rules of the group equal to the given ones, and removes all others. An empty list in
        O(rules) removes all rules. It removes rules only from a group that carries the tag C(alitrust.ecs:owner), or
        with O(adopt).
    type: str
    choices: [present, merge, absent, exact]
    default: present
  security_group_id:
    description: ID of the group.
    type: str
  security_group:
    description: Name of the group, the only one of that name in the region or in the VPC that is given. Costs one more
      call than the ID.
    type: str
  vpc_id:
    description: ID of the VPC in which O(security_group) and O(from_security_group) are looked up.
    type: str
  vpc:
    description: Name of the VPC, instead of O(vpc_id).
    type: str
  network_type:
    description: Kind of network in which O(security_group) is looked up. V(classic) finds the group of the classic
      network where a VPC has one of that name, too.
    type: str
    choices: [vpc, classic]
  adopt:
    description:
      - Whether rules that the task does not name are removed from a group that does not carry the tag
        C(alitrust.ecs:owner), too, with O(state=exact).
      - The group does not get the tag by that; M(alitrust.ecs.security_group) gives it.
    type: bool
    default: false
  leave_others:
    description:
      - Whether to change nothing of a group that does not carry that tag, and to say so in RV(kept).
      - The roles of this collection set it.
    type: bool
    default: false
  directions:
    description: With O(state=exact), which rules are meant; rules of the other direction are left alone. From a file
      or another group only these are taken. Both unless this is given.
    type: list
    elements: str
    choices: [ingress, egress]
  keep:
    description:
      - With O(state=exact), which rules stay although the task does not name them, such as those that Data Management
        Service (DMS) and Data Transmission Service (DTS) add by themselves. They are said in RV(kept).
      - A rule stays where one of the elements fits. An element fits where its O(keep[].description) does, and its
        O(keep[].cidr) or O(keep[].prefix_list_id), as far as it has them.
    type: list
    elements: dict
    suboptions:
      description:
        description: A pattern for the description of the rule, in which V(*) stands for any characters and V(?) for
          one. Upper and lower case are the same.
        type: str
      cidr:
        description: Networks that the other side of the rule is in.
        type: list
        elements: str
      prefix_list_id:
        description: IDs of prefix lists, one of which is the other side of the rule.
        type: list
        elements: str
  rules:
    description:
      - The rules. One element may name several port ranges and several peers, and then stands for a rule for each
        combination.
      - What this module, M(alitrust.ecs.sg_rule_info) and M(alitrust.ecs.security_group_info) return can be given here.
      - Exactly one of O(rules), O(rules_file), O(from_security_group_id) and O(from_security_group) is needed.
    type: list
    elements: dict
    suboptions:
      direction:
        description: V(ingress) for traffic to the instances of the group, V(egress) for traffic from them.
        type: str
        default: ingress
      protocol:
        description: V(tcp), V(udp), V(icmp), V(icmpv6), V(gre), V(all), or the number of a protocol. In upper or
          lower case. Needed unless O(rules[].service) is given.
        type: str
      service:
        description:
          - Services instead of O(rules[].protocol) and O(rules[].ports), one or several. V(ftp) 21, V(ssh) 22,
            V(telnet) 23, V(smtp) 25, V(http) 80, V(pop3) 110, V(imap) 143, V(https) 443, V(mssql) 1433, V(oracle) 1521,
            V(mysql) 3306, V(rdp) 3389, V(postgresql) 5432, V(redis) 6379, V(proxy) 8080, all TCP; V(mssql_browser) is
            UDP 1434, V(netbios) is UDP 137 to 138 and TCP 139.
          - Alibaba Cloud blocks TCP port 25 on the way out to the internet, which no rule changes.
        type: list
        elements: str
      ports:
        description:
          - Destination ports, a port such as V(22) or a range such as V(8000/8080), or several, as a list or with
            commas between.
          - Needed for V(tcp) and V(udp), where V(1/65535) means all. Other protocols have none.
        type: list
        elements: str
      port_list_id:
        description: IDs of port lists of Alibaba Cloud, instead of O(rules[].ports) or besides them.
        type: list
        elements: str
      source_ports:
        description: Source ports, in the same notation. A rule looks at them only where they are given.
        type: list
        elements: str
      cidr:
        description:
          - The other side as networks or addresses, IPv4 or IPv6. The source of an ingress rule, the destination of
            an egress rule.
          - An address with the mask of a network, such as V(13.1.1.1/25), is taken as that network, V(13.1.1.0/25),
            with a warning.
          - At least one of O(rules[].cidr), O(rules[].group_id), O(rules[].group) and O(rules[].prefix_list_id) is
            needed. There is no default.
        type: list
        elements: str
      group_id:
        description: The other side as IDs of other security groups. Not in an advanced group.
        type: list
        elements: str
      group:
        description: The other side as names of security groups, which are looked up in the VPC of this one.
        type: list
        elements: str
      group_owner_id:
        description: Number of the account of the groups in O(rules[].group_id), where that is another one.
        type: str
      group_owner_account:
        description: Login name of that account, instead of its number.
        type: str
      prefix_list_id:
        description: The other side as IDs of prefix lists. Not in the classic network.
        type: list
        elements: str
      dest_cidr:
        description: In an ingress rule, narrows it down to this destination (a five-tuple rule).
        type: str
      source_cidr:
        description: In an egress rule, narrows it down to this source (a five-tuple rule).
        type: str
      policy:
        description: V(accept) or V(drop). An advanced group takes only V(accept).
        type: str
        default: accept
      priority:
        description: V(1) to V(100). The smallest number decides first; at the same number V(drop) wins. An advanced
          group takes only V(1).
        type: int
        default: 1
      nic_type:
        description: V(intranet) or V(internet), of interest in the classic network only. In a VPC it is always
          V(intranet). In the classic network it is V(internet) unless given, and always V(intranet) for
          O(rules[].group_id); there, rules of the intranet name single addresses or groups as sources.
        type: str
      description:
        description: What the rule is for, up to 512 characters. A description that is not given is left alone.
        type: str
      security_group_rule_id:
        description:
          - The rule of the group that becomes this one, with the states V(present) and V(exact). That is done in place
            where Alibaba Cloud can; where the direction, the kind of peer, the source ports or a five-tuple changes, a
            new rule takes its place.
          - An ID that is not in the group counts as not given, so that the result for another group can be given here.
        type: str
  rules_file:
    description:
      - Path of a file of rules on the machine that runs the module, JSON or CSV, as M(alitrust.ecs.sg_rule_export)
        writes it. Each element or line is a rule, with the names that the API gives to its fields. An answer of
        the operation DescribeSecurityGroupAttribute is such a file, too.
      - Each rule is checked first; if one cannot be, nothing is changed, and each of them is named with its line and
        the reason.
      - Rules that are there stay as they are, with their descriptions, unless O(state=exact).
    type: path
  max_file_rules:
    description: How many rules can come from one file. The console takes V(100).
    type: int
    default: 100
  skip_invalid:
    description: Whether to import the other rules of O(rules_file) where some cannot be. Those are in
      RV(left_out). With the states V(present) and V(merge).
    type: bool
    default: false
  from_security_group_id:
    description: ID of the group to take the rules from. It is in the same region, and of the same network type. What
      cannot be restored is in RV(left_out), system rules above all (priority 110).
    type: str
  from_security_group:
    description: Name of that group, instead of its ID.
    type: str
  map_system_priority:
    description: Whether a system rule (priority 110) of O(rules_file) or the other group becomes one of priority 100.
    type: bool
    default: false
  max_rules:
    description:
      - How many rules the group can have, in both directions together. More than Alibaba Cloud's default needs a raised
        quota.
      - With more than that default, the groups of each network interface in the group are looked at, too, which can
        have 1,000 rules together.
    type: int
    default: 200
  wait_timeout:
    description: How long to wait until the changes show, in seconds.
    type: int
    default: 60
seealso:
  - module: alitrust.ecs.security_group
  - module: alitrust.ecs.security_group_info
  - module: alitrust.ecs.sg_rule_export
  - module: alitrust.ecs.sg_rule_info
  - ref: ansible_collections.alitrust.ecs.docsite.security_groups
    description: Recipes for security groups and their rules.
"""

EXAMPLES = r"""
- name: Let SSH in from the office, HTTP and HTTPS from everywhere
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    rules:
      - protocol: tcp
        ports: 22
        cidr: 203.0.113.0/24
        description: SSH from the office
      - protocol: tcp
        ports: [80, 443]
        cidr: [0.0.0.0/0, "::/0"]

- name: Let services in by their names
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    rules:
      - service: [rdp, postgresql, redis]
        cidr: 198.51.100.0/24

- name: Let several ranges of ports in from several others at once
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    rules:
      - protocol: tcp
        ports: 22/23,443/443
        cidr: 192.0.2.0/25, 192.0.2.200
        group_id: sg-bp1fg655nh68xyz90001

- name: Let the members of a group in by its name
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: database
    vpc: net
    rules:
      - service: mysql
        group: web

- name: Let ping in, and GRE from the other end of a VPN
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    rules:
      - protocol: icmp
        cidr: 0.0.0.0/0
      - protocol: icmpv6
        cidr: "::/0"
      - protocol: gre
        cidr: 192.0.2.1

- name: Let in the members of a group of another account, and a prefix list
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    rules:
      - service: ssh
        group_id: sg-bp1fg655nh68xyz90009
        group_owner_id: "2345678901234567"
      - service: https
        prefix_list_id: pl-x1j1k5ykzqlixdcy0000

- name: Forbid the way out to a network, for one source address only
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    rules:
      - direction: egress
        protocol: all
        cidr: 198.51.100.0/24
        source_cidr: 10.0.0.7
        policy: drop
        priority: 10

- name: Make the inbound rules exactly these, and leave the outbound ones alone
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: database
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    state: exact
    directions: [ingress]
    rules:
      - protocol: tcp
        ports: 3306
        group_id: sg-bp1fg655nh68xyz90001

- name: Make the rules exactly these, but leave those that DMS and DTS add
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: database
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    state: exact
    keep:
      - description: "*DTS*"
      - cidr: [100.104.0.0/16]
    rules:
      - service: mysql
        group_id: sg-bp1fg655nh68xyz90001

- name: Let an advanced group out to everywhere
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: advanced
    rules:
      - direction: egress
        protocol: all
        cidr: 0.0.0.0/0

- name: Say which side a rule of the classic network is for
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: classic
    rules:
      - service: https
        cidr: 0.0.0.0/0
        nic_type: internet
      - service: ssh
        cidr: 10.0.0.7
        nic_type: intranet

- name: Change a rule in place
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    rules:
      - security_group_rule_id: sgr-bp12kewq32dfwrdi0000
        protocol: tcp
        ports: 8000/8080
        cidr: 10.0.0.0/8
        priority: 5

- name: Take a rule away
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    state: absent
    rules:
      - protocol: tcp
        ports: 80
        cidr: 0.0.0.0/0

- name: Add the rules of another group that are missing (partial restore)
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: database
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    state: merge
    from_security_group: database-backup

- name: Preview what it takes to be like another group
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: database
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    state: exact
    from_security_group: database-backup
  check_mode: true
  diff: true

- name: Make the rules those of another group (complete restore)
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: database
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    state: exact
    from_security_group: database-backup

- name: Import rules from a file in JSON
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90001
    rules_file: "{{ playbook_dir }}/ecs_cn-qingdao_sg-123.json"

- name: Import those rules of a file in CSV that can be
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90001
    rules_file: "{{ playbook_dir }}/ecs_sgRule_sg-123_cn-qingdao_2020-01-20.csv"
    skip_invalid: true

- name: Make the rules those of a file
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90001
    state: exact
    rules_file: "{{ playbook_dir }}/ecs_cn-qingdao_sg-123.json"

- name: Show what would be changed
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    state: exact
    rules: "{{ wanted_rules }}"
  check_mode: true
  diff: true
"""

RETURN = r"""
security_group_id:
  description: ID of the group. Null when there is no group that rules could be removed from.
  returned: success
  type: str
  sample: sg-bp1fg655nh68xyz90000
rules:
  description: All rules of the group as they are now, or would be in check mode. Each can be given back as an element
    of O(rules).
  returned: success
  type: list
  elements: dict
  contains:
    direction:
      description: V(ingress) or V(egress).
      type: str
      sample: ingress
    protocol:
      description: The protocol in lower case.
      type: str
      sample: tcp
    ports:
      description: The destination ports, C(-1/-1) for protocols without ports.
      type: str
      sample: 443/443
    port_list_id:
      description: Port list instead of ports.
      type: str
      sample: null
    source_ports:
      description: The source ports, null where the rule does not look at them.
      type: str
      sample: 1024/65535
    cidr:
      description: The other side, where it is a network.
      type: str
      sample: 203.0.113.0/24
    group_id:
      description: The other side, where it is a security group.
      type: str
      sample: sg-bp1fg655nh68xyz90001
    group_owner_id:
      description: Number of the account of that group, where the task gave one or Alibaba Cloud names it.
      type: str
      sample: "1234567890123456"
    group_owner_account:
      description: Login name of that account, where it is known by its name.
      type: str
      sample: null
    prefix_list_id:
      description: The other side, where it is a prefix list.
      type: str
      sample: pl-x1j1k5ykzqlixdcy0000
    dest_cidr:
      description: Destination of an ingress rule with a five-tuple.
      type: str
      sample: 10.0.0.7/32
    source_cidr:
      description: Source of an egress rule with a five-tuple.
      type: str
      sample: 10.0.0.7/32
    policy:
      description: V(accept) or V(drop).
      type: str
      sample: accept
    priority:
      description: V(1) decides first.
      type: int
      sample: 1
    nic_type:
      description: V(intranet) or V(internet).
      type: str
      sample: intranet
    description:
      description: The description of the rule.
      type: str
      sample: SSH from the office
    security_group_rule_id:
      description: ID of the rule. Null in check mode when the rule would be added.
      type: str
      sample: sgr-bp12kewq32dfwrdi0000
added:
  description: The rules added, one line each.
  returned: success
  type: list
  elements: str
  sample: [ingress accept tcp 22/22 from 203.0.113.0/24 priority 1 "SSH from the office"]
reworded:
  description: The rules whose description was changed, one line each.
  returned: success
  type: list
  elements: str
  sample: []
modified:
  description: The rules changed because of their ID, one line each with the rule before and after.
  returned: success
  type: list
  elements: str
  sample: []
removed:
  description: The rules removed, one line each.
  returned: success
  type: list
  elements: str
  sample: [ingress accept tcp 80/80 from 0.0.0.0/0 priority 1]
left_out:
  description: The rules of a file or another group that this group cannot have.
  returned: success
  type: list
  elements: dict
  sample: []
  contains:
    where:
      description: Line or element of the file, null for a rule of a group.
      type: str
      sample: line 7
    rule:
      description: The rule in words, null where it could not be read.
      type: str
      sample: ingress accept tcp 22/22 from 0.0.0.0/0 priority 110
    reason:
      description: Why not.
      type: str
      sample: it is a system rule (priority 110); map_system_priority makes one of priority 100 of it
would_remove:
  description: The rules that would have been removed, one line each. Nothing was changed.
  returned: when they are refused to be removed because the group is not this collection's
  type: list
  elements: str
  sample: [ingress accept tcp 443/443 from 0.0.0.0/0 priority 1]
kept:
  description: What was left alone because it is not this collection's or still used, or because O(keep) says so, a
    sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample: ["Using the existing security group corp-sg; its rules are left alone."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: add 1 ingress rule to sg-bp1fg655nh68xyz90000
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [add 1 ingress rule to sg-bp1fg655nh68xyz90000]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeSecurityGroupAttribute": 2, "ecs:AuthorizeSecurityGroup": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rules import (
    CONSTRAINTS,
    SPEC,
    SecurityGroupRules,
)


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), SecurityGroupRules)


if __name__ == "__main__":
    main()
