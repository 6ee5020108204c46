#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_info
short_description: Audit the instances, security groups, roles and keys of a region
version_added: 1.0.0
description:
  - Reads one region of an account and tells what is off, how bad it is, and which module call mends it.
  - Only operations that read are called. What the caller has no right to see is named in RV(audit.not_read) and by a
    warning, and checks that need it are V(unknown), never passed.
  - With O(security_group_ids) or O(rules_file) only rules are judged. The checks are then V(world_open_all),
    V(world_open_risky), V(rule_over_wide), V(quota_near) and V(rule_without_effect), and the lists of
    RV(audit) about anything else are empty.
  - V(agent_missing) is about accounts that use Security Center, which have its service-linked role or its agent on an
    instance. Where it was never used it passes, and RV(audit.security_center.in_use) says so.
  - The verdict on each instance comes from the trusted server. Without the right to ask, every verdict is V(unknown),
    and the task warns.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.trust
  - alitrust.ecs.trust.property
  - alitrust.ecs.attributes.info
options:
  checks:
    description:
      - Names of the checks to run. All of them when it is not given; an empty list runs none.
      - From worst to least, V(instance_untrusted), V(alert_serious), V(world_open_all), V(world_open_risky),
        V(share_role_open) (critical), V(instance_unmeasured), V(instance_unknown), V(imds_without_token),
        V(disk_unencrypted), V(role_too_wide), V(address_attacked), V(kms_off) (high), V(instance_without_vtpm),
        V(instance_without_role), V(role_cannot_report), V(deletion_unprotected), V(instance_without_key_pair),
        V(agent_missing), V(rule_over_wide), V(quota_near), V(share_role_all_keys) (medium), V(rule_without_effect),
        V(security_group_unused), V(key_pair_unused), V(image_gone) (low).
    type: list
    elements: str
  skip_checks:
    description: Names of checks to leave out.
    type: list
    elements: str
    default: []
  limits:
    description:
      - Limits of the account where they are neither those that the API tells (C(groups_per_region),
        C(postpaid_vcpus), C(spot_vcpus)) nor the documented ones, C(rules_per_group) (200), C(groups_per_region)
        (100), C(rules_per_instance) (1000), C(members_per_basic_group) (2000), C(members_per_advanced_group) (65536),
        C(key_pairs_per_region) (500) and C(custom_policies_per_role) (5). From 80 percent of a limit on, it counts
        as nearly reached.
    type: dict
    default: {}
  security_group_ids:
    description: IDs of security groups to audit instead of the region.
    type: list
    elements: str
  rules_file:
    description:
      - A file of rules to audit instead of the region, JSON or CSV, as it is exported. No account is needed.
      - It is read on the host that runs the task.
    type: path
seealso:
  - module: alitrust.ecs.sg_access_info
    description: Tells whether a packet would be let in, and by which rule.
  - module: alitrust.ecs.trusted_instance_info
  - module: alitrust.ecs.security_group_info
  - module: alitrust.ecs.security_center_info
  - ref: ansible_collections.alitrust.ecs.docsite.security_groups
    description: >-
      Recipes for security groups and their rules.
      The role P(alitrust.ecs.audit#role) makes a report of it.
"""

EXAMPLES = r"""
- name: Audit a region
  alitrust.ecs.audit_info:
    region: cn-hangzhou
  register: found

- name: Show what is critical
  ansible.builtin.debug:
    msg: "{{ found.audit.findings | selectattr('severity', 'eq', 'critical') | map(attribute='detail') }}"

- name: Look at the rules of security groups alone
  alitrust.ecs.audit_info:
    region: cn-hangzhou
    checks: [world_open_all, world_open_risky, rule_over_wide, rule_without_effect]

- name: Audit an account in which 500 rules may be in a security group
  alitrust.ecs.audit_info:
    region: cn-hangzhou
    skip_checks: [security_group_unused]
    limits:
      rules_per_group: 500

- name: Audit two security groups
  alitrust.ecs.audit_info:
    region: cn-hangzhou
    security_group_ids: [sg-bp1fg655nh68xyz90000, sg-bp1fg655nh68xyz90001]

- name: Audit a file of rules before it is imported
  alitrust.ecs.audit_info:
    rules_file: rules.csv
"""

RETURN = r"""
audit:
  description: What was found.
  returned: success
  type: dict
  contains:
    generated:
      description: When the account was read.
      type: str
      sample: "2026-01-20T08:15:00Z"
    region:
      description: The region that was read.
      type: str
      sample: cn-hangzhou
    account_id:
      description: The account. Null where the caller may not know.
      type: str
      sample: "1234567890123456"
    figures:
      description: The numbers at the top of a report.
      type: dict
      sample:
        instances: 3
        verdicts: {"trusted": 2, "untrusted": 0, "unmeasured": 1, "unknown": 0}
        findings: {"critical": 1, "high": 2, "medium": 0, "low": 0}
    findings:
      description: What is off, the worst first.
      type: list
      elements: dict
      contains:
        check:
          description: Name of the check.
          type: str
          sample: imds_without_token
        severity:
          description: V(critical), V(high), V(medium) or V(low).
          type: str
          sample: high
        title:
          description: What the check is about.
          type: str
          sample: Metadata service without tokens (IMDSv2 not required)
        detail:
          description: What was found.
          type: str
          sample: The metadata service of 1 instance answers without a token.
        resources:
          description: Kind, id and name of what it was found at.
          type: list
          elements: dict
          sample: [{"kind": "instance", "id": "i-bp67acfmxazb4p0000", "name": "web-001"}]
        note:
          description: What to know before mending it.
          type: str
          sample: ""
        mend:
          description: Tasks that mend it, each a module with its options. Values in braces are for the user to fill in.
          type: list
          elements: dict
          sample:
            - module: alitrust.ecs.trusted_instance
              options: {"instance_ids": ["i-bp67acfmxazb4p0000"], "http_tokens": "required"}
    checks:
      description: What became of each check; RV(ignore:state) is V(passed), V(failed) or V(unknown).
      type: list
      elements: dict
      sample:
        - check: kms_off
          severity: high
          title: KMS is not switched on
          state: passed
          findings: 0
          reason: ""
    not_read:
      description: Parts of the account of which nothing is known, and why.
      type: list
      elements: dict
      sample: [{"part": "trust", "reason": "Not permitted: yundun-systrust:DescribeInstance"}]
    fleets:
      description:
        - Instances by fleet and verdict, also by the age of the last report.
        - The name is empty for those outside of any fleet.
      type: list
      elements: dict
      sample:
        - fleet: web
          instances: 3
          verdicts: {"trusted": 3, "untrusted": 0, "unmeasured": 0, "unknown": 0}
          timeline: []
    instances:
      description: The instances, with disks, role and its rights, and the section C(trust).
      type: list
      elements: dict
      sample: [{"instance_id": "i-bp67acfmxazb4p0000", "name": "web-001", "encryption": "all", "imdsv2": true}]
    security_groups:
      description: The security groups with their rules, what the world may reach, and what members may send to it.
      type: list
      elements: dict
      sample:
        - {"security_group_id": "sg-bp1fg655nh68xyz90000", "name": "web", "world": "tcp 443", "outward": "everything"}
    reach:
      description: Who may reach whom on which ports, after rules that drop.
      type: list
      elements: dict
      sample: [{"source_kind": "world", "source": "world", "security_group": "web", "ports": "tcp 443"}]
    roles:
      description: The RAM roles of the instances, and what they allow.
      type: list
      elements: dict
      sample: [{"name": "trusted-web", "rights": ["yundun-systrust: GenerateNonce, PutMessage"], "can_report": true}]
    share_roles:
      description: The roles by which ECS, or another account's ECS, uses keys.
      type: list
      elements: dict
      sample: [{"purpose": "share_image", "recipients": ["account 2345678901234567"]}]
    addresses:
      description:
        - The public addresses of instances and the EIPs of the region, as Anti-DDoS Basic sees them; see
          M(alitrust.ecs.ddos_info). Empty where only some groups were audited.
      type: list
      elements: dict
      sample:
        - address: 203.0.113.7
          asset_id: i-bp67acfmxazb4p000000
          asset_type: ecs
          name: web-001
          instance_id: i-bp67acfmxazb4p000000
          status: normal
          scrubbing_mbps: 100
          scrubbing_pps: 20000
          black_hole_mbps: 5000
    security_center:
      description:
        - What Security Center tells of the instances of the region, and alerts about the account itself. V(null) where
          that could not be read, and where only some groups were audited. M(alitrust.ecs.security_center_info) tells
          more.
      type: dict
      contains:
        in_use:
          description: Whether the account has the service-linked role of Security Center, or its agent on an instance.
          type: bool
          sample: true
        edition:
          description: The edition that the account has.
          type: str
          sample: free
        instances:
          description: The instances with the state of their agents, and how much waits or was found on each.
          type: list
          elements: dict
          sample:
            - instance_id: i-bp67acfmxazb4p000000
              name: web-001
              agent: online
              protected: true
              vulnerability_count: 2
              risk_count: 0
              alerts: {"serious": 0, "suspicious": 1, "remind": 0, "other": 0}
        alerts:
          description:
            - The alerts that wait to be handled, the serious ones first. Those about the account itself have no
              C(instance_id).
          type: list
          elements: dict
          sample:
            - alert_id: "290852"
              instance_id: i-bp67acfmxazb4p000000
              instance_name: web-001
              level: suspicious
              type: Unusual logon
              name: Logon from an unusual location
              first_time: "2026-01-31T04:20:00Z"
              last_time: "2026-01-31T04:20:00Z"
    quotas:
      description:
        - How much of each limit is used, the fullest first. Where each group, instance or role has a limit of its own,
          C(fullest) is the one that has used most. Empty where only some groups were audited.
      type: list
      elements: dict
      sample:
        - limit: groups_per_region
          what: security groups of the region
          used: 12
          most: 100
          fullest: ""
          source: account
    sessions:
      description:
        - Who may begin sessions of Session Manager to instances, beside who may reach port 22. V(null) where that could
          not be read, and where only some groups were audited. The account itself may always.
      type: dict
      contains:
        enabled:
          description: Whether Session Manager is on in the account. Off, nobody can.
          type: bool
          sample: true
        who:
          description: Users, groups and roles whose policies allow C(ecs:StartTerminalSession).
          type: list
          elements: dict
          sample:
            - kind: group
              name: operators
              users: [ann, bob]
              all_instances: false
              limits: ["acs:ecs:*:*:instance/* where StringEquals acs:ResourceTag/team is web"]
              denied: []
    shared_images:
      description: Own images that other accounts can use.
      type: list
      elements: dict
      sample: [{"image_id": "m-bp1g7004ksh0oeuc0000", "encrypted": true, "account_ids": ["2345678901234567"]}]
    kms:
      description: State of KMS and its keys, with who can use each.
      type: dict
      sample: {"status": "Enabled", "keys": []}
    key_pairs:
      description: SSH key pairs and the instances that they are bound to.
      type: list
      elements: dict
      sample: [{"name": "web", "fingerprint": "89:f0:ba:62", "instance_ids": []}]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: "3 findings: 1 high, 2 low"
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeInstances": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._audit.report import SPEC, read
from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create


def main() -> None:
    flow.read(create(SPEC), read)


if __name__ == "__main__":
    main()
