# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The RAM policy that each playbook needs: C(docs/policies/*.json), and the page that shows them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import typing as t
from pathlib import Path

import environment
import yaml

ROOT = Path(__file__).resolve().parents[2]
POLICIES = ROOT / "docs" / "policies"
PAGE = ROOT / "docs" / "docsite" / "rst" / "policies.rst"
PLAYBOOKS = ROOT / "playbooks"
#: The play by which an administrator makes a user with one of them.
GRANT = POLICIES / "grant.yml"
#: The policy of the inventory plugin, under its name.
INVENTORY = "instances"
#: It calls no API but its own.
LOCAL = "local_cloud"

Document = dict[str, t.Any]

#: The tests that have each playbook run by a user of its own.
RECORDED_BY = ("tests/integration/rights", "tests/hosts/test_rotate_keys.py")

#: The roles that a playbook hands to instances, by their names where no variable says otherwise.
PASSED = {"kms_access": ("alitrust-kms",)}
DEFAULT_PASSED = ("alitrust-instance",)


def names() -> list[str]:
    """What there is a policy for: the playbooks and the inventory plugin."""
    return sorted({path.stem for path in PLAYBOOKS.glob("*.yml")} - {LOCAL} | {INVENTORY})


#: Playbooks that C(site) runs where a variable says so. Whoever sets it needs their policy, too.
ON_REQUEST = ("protect",)


def imported(name: str) -> list[str]:
    """The playbooks of the collection that a playbook consists of, in part or as a whole, but for those that a variable
    switches on (C(ON_REQUEST)).
    """
    if name == INVENTORY:
        return []
    plays = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text())
    books = [play.get("ansible.builtin.import_playbook", "") for play in plays]
    return [name for book in books if book and (name := book.removeprefix("alitrust.ecs.")) not in ON_REQUEST]


def document(name: str, rights: t.Iterable[str]) -> Document:
    """The policy that allows these RAM actions to the user of a playbook."""
    from ansible_collections.alitrust.ecs.plugins.module_utils._ram import needed

    return needed.document(rights, PASSED.get(name, DEFAULT_PASSED))


def load(name: str) -> Document:
    policy: Document = json.loads((POLICIES / f"{name}.json").read_text())
    return policy


def rights(policy: Document) -> set[str]:
    """The RAM actions that a policy allows."""
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def write(name: str, used: t.Iterable[str]) -> None:
    POLICIES.mkdir(parents=True, exist_ok=True)
    (POLICIES / f"{name}.json").write_text(json.dumps(document(name, used), indent=2) + "\n")


HEAD = """\
.. Copyright (c) 2026, alitrust.ecs authors
   GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later
   Made by dev/policies from docs/policies/; change what that script says instead.

.. _ansible_collections.alitrust.ecs.docsite.policies:

The rights that each playbook needs
===================================

Each policy below allows what its playbook calls, and nothing else. They are recorded: the tests of the collection run
every playbook on the local cloud as a RAM user who has this policy only. They fail when a call is refused, and when
the policy allows what no run has used. A playbook whose hosts come from an inventory has the rights of the inventory
plugin, too, as far as its default options need them. ``site`` with ``site_protect`` has those of ``protect``, too.

For playbooks of your own, the callback :ansplugin:`alitrust.ecs.ram_policy <alitrust.ecs.ram_policy#callback>` prints
the policy that a run needed, in the same form.

No run on a real account is behind this page. Where Alibaba Cloud refuses a call all the same, the error names the
right.

A policy has up to four statements, in this order:

#. what is read; a run with ``--check``, and one that finds nothing to change, need no other, except for
   ``ecs:RunCommand`` of ``provision`` and ``site``, which reads the host keys (not with ``fleet_reach: false``);
#. what is changed;
#. what is changed of RAM roles and policies. Who may do that can hand out rights, their own included. Let an
   administrator do the first run, and take this statement out for those who run the playbook later: roles and
   policies that are as they should be are only read;
#. the roles that may be given to instances, by their default names. Write your own names where you set others, and in
   lower case, too, because RAM writes ARNs so. Where ``InvalidUser.PassRoleForbidden`` comes all the same, use ``*``.

``Resource`` is ``*`` where a call is about what does not exist yet, or lists what there is. Narrow it to the region or
the account where you know more, for example to ``acs:ecs:cn-hangzhou:*:*``. Only ``ecs``, ``vpc`` and ``kms`` have
regions.

Make a user with such a policy
------------------------------

The files are part of the collection. An administrator makes the policy, the user and an AccessKey pair with one play,
which lies beside them:

.. code-block:: console

   $ cd ~/.ansible/collections/ansible_collections/alitrust/ecs/docs/policies
   $ ansible-playbook grant.yml -e grant_playbook=site

It uses the modules :ansplugin:`alitrust.ecs.ram_policy <alitrust.ecs.ram_policy#module>` and
:ansplugin:`alitrust.ecs.ram_user <alitrust.ecs.ram_user#module>`:

.. code-block:: yaml

%s
The AccessKey pair is in the file then, and in nothing that Ansible prints. A second run changes nothing; after an
update of the collection it brings the policy up to date.

What is not among the usual uses needs more:

* ``assert_trusted_probe`` runs a command in instances: ``ecs:RunCommand``, ``ecs:DescribeInvocationResults``.
* ``fleet_remove_surplus`` deletes instances: ``ecs:DeleteInstances``.
"""


def page() -> str:
    """The page as reStructuredText: a section for each playbook, with its policy."""
    play = GRANT.read_text()
    lines = [HEAD % _indented(play[play.index("- name: ") :])]
    for name in names():
        title = "The inventory plugin" if name == INVENTORY else f"Playbook {name}"
        lines += [title, "-" * len(title), ""]
        policy = load(name)
        lines += [f"``docs/policies/{name}.json``", "", ".. code-block:: json", ""]
        lines += [_indented(json.dumps(policy, indent=2))]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return textwrap.indent(text.rstrip() + "\n", "   ")


def record() -> None:
    """Run the tests that use every playbook, and have them write the policies."""
    settings = {"ALITRUST_RECORD_POLICIES": "1", "ANSIBLE_COLLECTIONS_PATH": str(environment.collections())}
    command = [sys.executable, "-m", "pytest", "-q", *RECORDED_BY]
    subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=True)


def main() -> None:
    if sys.argv[1:] == ["--record"]:
        record()
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
