#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trust_client
short_description: Install the trust client in an instance, or remove it
version_added: 1.0.0
description:
  - Finds the newest version, downloads the package, checks it, has the package manager of the system install it, and
    has its unit enabled and running, all in one task. What is in order is left as it is.
  - Whether the package is there, in which version, is asked of the package manager before and after, not read from an
    exit status.
  - Without O(sha256) it is downloaded over https only, unless O(allow_http) or an address in O(base_urls) says
    otherwise, its published MD5 sum finds damage, and a warning says that nothing proves where it came from.
  - It runs in the instance as root, with Python 3.8 or newer and nothing besides. It calls no API and needs no
    AccessKey pair.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.attributes
attributes:
  action_group:
    description: Use C(group/alitrust.ecs.all) in C(module_defaults) to set defaults for this module.
    support: none
    details: The group is for modules that call the API, and this one has none of their options.
options:
  state:
    description: Whether it is there. With V(absent) its configuration goes, too.
    type: str
    choices: [present, absent]
    default: present
  package_format:
    description: Packages that the system has, V(deb) for Debian and Ubuntu, V(rpm) for the others.
    type: str
    choices: [deb, rpm]
    required: true
  version:
    description: Version to install. Without one, the newest is installed where none is installed yet.
    type: str
  sha256:
    description: SHA-256 that the package must have.
    type: str
  file:
    description: Package in the instance to install instead of downloading one.
    type: path
  base_urls:
    description: Addresses to download from instead of the buckets of the region, in the order to try, each by the
      scheme that it has. By plain http, anybody on the way could put in another package, so give O(sha256) with it.
    type: list
    elements: str
    default: []
  allow_http:
    description:
      - Whether plain http may be tried after https even without O(sha256). Anybody on the way could put in another
        package then.
    type: bool
    default: false
  validate_certs:
    description: Whether certificates are checked on https downloads.
    type: bool
    default: true
  region:
    description: Region ID. Without it, and without O(base_urls), the metadata service is asked.
    type: str
  metadata_allow_v1:
    description: Whether the metadata service may be asked without a token where it gives none.
    type: bool
    default: false
seealso:
  - module: alitrust.ecs.guest_info
notes:
  - The role P(alitrust.ecs.guest#role) uses it.
  - Run it with C(become).
  - The package is downloaded to C(/var/cache/alitrust-trustclient), which is made for that and removed again.
"""

EXAMPLES = r"""
- name: Have the trust client, the newest where there is none
  alitrust.ecs.trust_client:
    package_format: deb
  become: true

- name: Have this version, of which the checksum is known
  alitrust.ecs.trust_client:
    package_format: rpm
    version: 1.1.0
    sha256: "{{ pinned_sha256 }}"
  become: true

- name: Have none
  alitrust.ecs.trust_client:
    package_format: deb
    state: absent
  become: true
"""

RETURN = r"""
version:
  description: The installed version; in check mode the one that would be, as far as it is known. Empty for none.
  returned: success
  type: str
  sample: 1.1.0
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: t-trustclient 1.1.0 was installed and t-trustclient.service was enabled and started
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.in_instance import InstanceModule
from ansible_collections.alitrust.ecs.plugins.module_utils._guest.trust_client import SPEC, manage, passwords
from ansible_collections.alitrust.ecs.plugins.module_utils._guest.web import Web
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.module import run_module


def main() -> None:
    module = InstanceModule(SPEC, passwords)
    run_module(module, lambda run, _label: manage(module.params, run, Web(module), check_mode=module.check_mode))


if __name__ == "__main__":
    main()
