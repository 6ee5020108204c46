#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: metadata_credentials
short_description: Get the temporary credentials of an instance's RAM role, inside the instance
version_added: 1.0.0
description:
  - Asks the metadata service of the instance that the task runs on for the credentials of its RAM role, with a token
    (hardened mode, also known as IMDSv2), and checks them.
  - It runs in the instance, with Python 3.8 or newer and nothing besides. It calls no API and needs no AccessKey pair.
  - It never falls back to reading without a token.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.attributes
attributes:
  action_group:
    description: Use C(group/alitrust.ecs.all) in C(module_defaults) to set defaults for this module.
    support: none
    details: The group is for modules that call the API, and this one has none of their options.
  check_mode:
    description: Can run in C(check_mode); it never changes anything.
    support: full
  diff_mode:
    description: Returns what has changed.
    support: N/A
    details: The module does not change anything.
  async:
    description: Can run with the C(async) keyword.
    support: none
    details: The credentials would be left in a file of the job.
options:
  role_name:
    description: The role that the instance must have. When it is not given, any role will do.
    type: str
  credentials:
    description:
      - Whether to return the credentials. The task must then have C(no_log=true), and fails without it before anything
        is asked. So the secrets are in no output, and still in the registered variable.
      - With C(no_log=true) Ansible hides the text of an error, too. With V(false) everything is checked and nothing
        secret is returned, so that the task can be without it.
    type: bool
    default: true
  valid_for:
    description: How much longer the credentials must be valid at least, in seconds.
    type: int
    default: 60
  token_ttl:
    description: How long the token of the metadata service lives, 1 to 21600 seconds. It is used for two reads.
    type: int
    default: 300
  timeout:
    description: How long to wait for an answer of the metadata service, in seconds.
    type: int
    default: 5
  metadata_url:
    description: Where the metadata service is. It is asked directly, whatever proxies the environment names.
    type: str
    default: http://100.100.100.200
seealso:
  - module: alitrust.ecs.instance_ram_role
  - ref: ansible_collections.alitrust.ecs.docsite.authentication
    description: >-
      Where credentials come from, and which rights a task needs.
      The role P(alitrust.ecs.kms_access#role) gives instances the right to a key, and proves it.
notes:
  - Run it on instances, not on the controller, and give no C(delegate_to=localhost).
"""

EXAMPLES = r"""
- name: Does the instance have the role, and does it get credentials?
  alitrust.ecs.metadata_credentials:
    role_name: trusted-web
    credentials: false

- name: Get the credentials
  alitrust.ecs.metadata_credentials:
    valid_for: 900
  register: role
  no_log: true

- name: Let a program use them
  ansible.builtin.command:
    cmd: test -n "$ALIBABA_CLOUD_SECURITY_TOKEN"
  environment:
    ALIBABA_CLOUD_ACCESS_KEY_ID: "{{ role.credentials.access_key_id }}"
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: "{{ role.credentials.access_key_secret }}"
    ALIBABA_CLOUD_SECURITY_TOKEN: "{{ role.credentials.security_token }}"
  changed_when: false
  no_log: true
"""

RETURN = r"""
credentials:
  description: The temporary credentials.
  returned: when O(credentials) is true
  type: dict
  contains:
    access_key_id:
      description: The AccessKey ID.
      type: str
      sample: STS.ExampleExampleExample
    access_key_secret:
      description: The AccessKey secret.
      type: str
      sample: (secret)
    security_token:
      description: The security token, without which the other two are of no use.
      type: str
      sample: (secret)
role_name:
  description: The role of the instance.
  returned: success
  type: str
  sample: trusted-web
expiration:
  description: When the credentials expire. The metadata service gives new ones some time before.
  returned: success
  type: str
  sample: "2026-01-23T18:33:18Z"
last_updated:
  description: When they were issued.
  returned: success
  type: str
  sample: "2026-01-23T12:33:18Z"
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: credentials of the RAM role trusted-web that expire at 2026-01-23T18:33:18Z
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import AlitrustError
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.in_instance import InstanceModule
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.metadata import SPEC, read_credentials


def main() -> None:
    module = InstanceModule(SPEC)
    try:
        result = read_credentials(module.params)
    except AlitrustError as error:
        module.fail_json(**error.as_failure())
    else:
        module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
