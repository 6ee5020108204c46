#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keypair
short_description: Manage SSH key pairs
version_added: 1.0.0
description:
  - Creates, imports, replaces and deletes SSH key pairs, and binds them to instances, which must run Linux.
  - The private key of a created pair is written to a file before anything else can happen to it, or stored in a secret
    of the Key Management Service (KMS) before the pair is made. It appears nowhere else.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
attributes:
  idempotent:
    description: A second run with the same options changes nothing.
    support: partial
    details: With O(update_password=always) the password is set at every run, because nobody can read the one in force.
options:
  state:
    description:
      - V(present) makes sure that the pair exists. V(bound) does, and binds it to O(instance_ids).
      - V(unbound) unbinds it from those of O(instance_ids) that it is bound to.
      - V(absent) deletes it; O(if_bound) says what to do while it is bound. A deleted pair cannot be restored.
    type: str
    choices: [present, absent, bound, unbound]
    default: present
  name:
    description: Name of the pair, 2 to 128 characters. First a letter (of any script), then letters, digits, colons,
      underscores, periods, hyphens.
    type: str
    required: true
  public_key:
    description:
      - Public key to import, one line in the form of OpenSSH. The comment at its end does not count when keys are
        compared.
      - Alibaba Cloud documents RSA, DSA and ECDSA keys, and certificates of these. It is warned about any other type,
        which is sent all the same.
      - A private key is refused, and appears nowhere.
      - When the pair exists with another key, the task fails unless O(replace) is set.
    type: str
  private_key_file:
    description:
      - Where the private key goes when the pair is created. The file gets the mode 0600 and is never overwritten. Its
        directory must
        exist.
      - When the pair exists, the file is compared with it. A file that holds another key is an error. A missing file
        is only warned
        about, because the private key may well be on another machine.
      - A pair whose creation broke off before the private key arrived is recognised by what is left beside this path,
        and is created
        again. While another task is creating it, this one waits.
      - With O(state=absent) the file goes with the pair where it holds the private key of the pair. Another file
        stays.
    type: path
  private_key_secret:
    description:
      - Name of the secret of KMS that the private key is kept in, as text in the form of OpenSSH. No file has it then,
        so that the next job reads it where the files of this one are gone. It excludes O(private_key_file) and
        O(public_key), because a private key is kept in one place.
      - When the pair is made, the secret is written first, and its public half is imported then. A key that the secret
        holds already is taken up, also one that a run left there which broke off.
      - When the pair exists, the secret is compared with it. A secret that is missing, holds another key or is
        scheduled for deletion is an error.
      - A secret that this module made goes with the pair, for O(recovery_window_in_days). One that was made by other
        means stays. When the pair is made again within these days, the secret is restored and gets a new key; the old
        one stays in it as the version C(ACSPrevious).
      - Reading it needs the right C(kms:GetSecretValue).
    type: str
  kms_key_id:
    description: ID or alias of the key that encrypts a new secret. KMS has one of its own for where none is given.
    type: str
  dkms_instance_id:
    description: ID of the KMS instance that a new secret is kept in, which newer accounts need, together with
      O(kms_key_id), a key of it. M(alitrust.ecs.kms_instance_info) lists those there are.
    type: str
  recovery_window_in_days:
    description: How many days a secret that goes with its pair can be restored, 7 to 30.
    type: int
    default: 30
  replace:
    description:
      - Whether to delete a pair and make it anew when it has another key than O(public_key) or O(private_key_secret),
        or when O(private_key_file) or the secret is missing.
      - A pair that is bound to instances is replaced only with O(if_bound=unbind). To change the keys of a running
        fleet, use the playbook C(alitrust.ecs.rotate_keys), which never loses the way in.
    type: bool
    default: false
  if_bound:
    description:
      - What to do when a pair that is to be deleted or replaced is bound to instances.
      - V(refuse) fails and names them. V(unbind) unbinds it from them first.
      - V(delete), for O(state=absent) only, deletes it as it is, which the documents allow. The instances keep the
        public key and go on showing the name, and no other pair can have that name meanwhile. Today's service may
        refuse that.
    type: str
    choices: [refuse, unbind, delete]
    default: refuse
  instance_ids:
    description:
      - Instances for the states V(bound) and V(unbound), any number. An instance has one key pair, so that binding
        takes the place of another.
      - Binding switches password login off.
    type: list
    elements: str
  password:
    description:
      - A new password for the administrator of the instances that this task binds or unbinds. Like the key pair, it
        takes effect at the next restart.
      - An instance without a key pair can be logged in to only with a password that was reset; this resets it before
        unbinding, and the task warns when it is not given. With O(state=bound), the password lets in beside the key.
      - An instance whose key pair does not change keeps its password, and the task warns; O(update_password) changes
        that.
    type: str
  update_password:
    description:
      - With V(on_change), O(password) is set on the instances whose key pair this task changes.
      - With V(always), it is set on all of O(instance_ids) at every run, which is changed every time, because nobody
        can read the password in force. With O(state=unbound), that gives a password to instances that have no key pair.
    type: str
    choices: [on_change, always]
    default: on_change
  reboot:
    description:
      - Whether to restart running instances whose key pair or password this task changes, because it takes effect only
        then.
      - A stopped instance is not started. Instances that need a restart are returned in RV(reboot_needed).
    type: bool
    default: false
  quota:
    description: How many key pairs the account may have in a region. One more is an error before any change.
    type: int
    default: 500
  tags:
    description: Tags that the pair is to have. When this is not given, tags are left alone.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. System tags and the ownership tag always stay.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait for bindings and restarts to show, and for a pair to be free to be deleted, in
      seconds.
    type: int
    default: 600
seealso:
  - module: alitrust.ecs.keypair_info
  - module: alitrust.ecs.kms_secret
  - ref: ansible_collections.alitrust.ecs.docsite.secrets
    description: How connections use a private key that is in a secret.
  - module: alitrust.ecs.trusted_instance
  - ref: ansible_collections.alitrust.ecs.docsite.key_rotation
    description: >-
      How the SSH keys of running instances are replaced.
      The role P(alitrust.ecs.rotate_keys#role) replaces the keys of running instances.
"""

EXAMPLES = r"""
- name: Create a key pair
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: fleet
    private_key_file: ~/.ssh/fleet.pem
    tags:
      team: ops

- name: Create a key pair whose private key no file has
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: jobs
    private_key_secret: fleet/jobs

- name: Import a public key
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: ops
    public_key: "{{ lookup('ansible.builtin.file', '~/.ssh/id_rsa.pub') }}"

- name: Replace it with another public key
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: ops
    public_key: "{{ lookup('ansible.builtin.file', '~/.ssh/id_ecdsa.pub') }}"
    replace: true

- name: Bind it to two instances
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: ops
    state: bound
    instance_ids: [i-bp1a2b3c4d5e6f7g8h90, i-bp1a2b3c4d5e6f7g8h91]

- name: Bind another one in its place and restart the instances, so that it takes effect
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: fleet
    state: bound
    instance_ids: [i-bp1a2b3c4d5e6f7g8h90, i-bp1a2b3c4d5e6f7g8h91]
    reboot: true

- name: Bind a key pair and let a password in beside it
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: ops
    state: bound
    instance_ids: [i-bp1a2b3c4d5e6f7g8h90]
    password: "{{ web_password }}"

- name: Reset the password, then unbind the key pair
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: ops
    state: unbound
    instance_ids: [i-bp1a2b3c4d5e6f7g8h90]
    password: "{{ web_password }}"

- name: Give a new password to an instance that has no key pair
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: ops
    state: unbound
    instance_ids: [i-bp1a2b3c4d5e6f7g8h90]
    password: "{{ web_password }}"
    update_password: always

- name: Unbind a key pair, where the password was reset before
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: fleet
    state: unbound
    instance_ids: [i-bp1a2b3c4d5e6f7g8h91]

- name: Delete two key pairs that are bound to nothing
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: "{{ item }}"
    state: absent
  loop: [ops, fleet]

- name: Delete a key pair that is bound, and leave its instances as they are
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: legacy
    state: absent
    if_bound: delete

- name: Unbind a key pair from every instance and delete it
  alitrust.ecs.keypair:
    region: cn-hangzhou
    name: leaver
    state: absent
    if_bound: unbind
"""

RETURN = r"""
key_pair:
  description: The pair as it is now, as it would be in check mode, or null when there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the pair.
      type: str
      sample: fleet
    fingerprint:
      description: Fingerprint as Alibaba Cloud tells it. Null in check mode when the pair would be made.
      type: str
      sample: "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b"
    public_key:
      description: The public key. Null in check mode when the pair would be created.
      type: str
      sample: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ
    tags:
      description: Tags of the pair, without system tags.
      type: dict
      sample: {team: ops}
    creation_time:
      description: When the pair was made.
      type: str
      sample: "2026-01-20T08:15:00Z"
    private_key_file:
      description: Absolute path of O(private_key_file), null when that was not given.
      type: str
      sample: /root/.ssh/fleet.pem
    private_key_secret:
      description: Name of the secret that holds the private key, null when O(private_key_secret) was not given.
      type: str
      sample: fleet/jobs
changed_instance_ids:
  description: Instances whose key pair was changed.
  returned: success
  type: list
  elements: str
  sample: [i-bp1a2b3c4d5e6f7g8h90]
rebooted:
  description: Instances that were restarted.
  returned: success
  type: list
  elements: str
  sample: []
reboot_needed:
  description: Running instances whose key pair or password was changed and that have to be restarted for it.
  returned: success
  type: list
  elements: str
  sample: [i-bp1a2b3c4d5e6f7g8h90]
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample: ["The key pair ops stays: it does not carry the tag alitrust.ecs:owner, so it is not this collection's."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: import key pair ops
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [import key pair ops]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeKeyPairs": 2, "ecs:ImportKeyPair": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.keypair import SPEC, KeyPair
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.public_key import secrets_of


def main() -> None:
    module = create(SPEC, secrets_of)
    flow.run(module, KeyPair)


if __name__ == "__main__":
    main()
