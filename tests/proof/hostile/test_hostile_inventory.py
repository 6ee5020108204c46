# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the inventory plugin that cannot be: each is told in words, none gives a host, none calls what writes."""

from __future__ import annotations

import json
import typing as t

from controller.playbook import Ansible
from modules import trust_records
from proof.hostile.judging import CLUMSY, written
from proof.hostile.test_hostile_playbooks import harmless
from proof.hostile.wrong_values import EVALUATED

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules
    from proof.conftest import Figure

#: What is in a file beside the name of the plugin, and a part of what is said. Written as YAML, which has surprises.
WRONG: list[tuple[str, str]] = [
    ("fleet: web", "There is no option fleet"),
    ("Fleets: [web]", "There is no option Fleets"),
    ("2026-01-31: x", "There is no option 2026-01-31"),
    ("on: x", "There is no option True"),
    ('"\\e[2J": x', r"There is no option \x1b[2J"),
    ("region: cn hangzhou", "region is 'cn hangzhou'"),
    ("region: cn-hangzhou-h", "which is a zone"),
    ('region: "cn-hangzhou\\n"', ""),
    ("region: [cn-hangzhou]", "region"),
    ("regions: ['../x']", "region is '../x'"),
    ("regions: [on]", "region is 'True'"),
    ("regions: ['']", "regions is blank"),
    ("regions: {cn-hangzhou: x}", "regions"),
    ("fleets: ['', ' ']", "fleets is blank"),
    ("tags: web", "tags"),
    ("tags: [a]", "tags"),
    ("tags: {a: {b: c}}", ""),
    ("hostnames: [names]", "hostnames has 'names'"),
    ("hostnames: ['tag:']", "hostnames has 'tag:'"),
    ('hostnames: ["\\u202eeman"]', "hostnames has"),
    ("variables: [instance_ids]", "variables has 'instance_ids'"),
    ("variables: {a: b}", "variables"),
    ("statuses: [running]", "statuses"),
    ("statuses: [on]", "statuses"),
    ("addresses: [eth0]", "addresses"),
    ("filters: {instance_names: a}", "filters has 'instance_names'"),
    ("filters: {True: a}", "filters has True"),
    ("filters: [a]", "filters"),
    ("filters: {instance_ids: [" + ", ".join(f"i-{one}" for one in range(101)) + "]}", "expected at most 100"),
    ("trust: perhaps", "trust is 'perhaps'; expected true or false"),
    ("trust_fresh_seconds: -1", "trust_fresh_seconds"),
    ("trust_fresh_seconds: .nan", "trust_fresh_seconds"),
    ("trust_fresh_seconds: 1e400", "trust_fresh_seconds"),
    ("trust_since: 2026", "trust_since is '2026'"),
    ("trust_since: 12:30", "trust_since is '750'"),
    ("trust_meanings: {system_status: {2: trusted}}", "only 1 is known to mean that"),
    ("api_timeout: 0", "api_timeout is 0"),
    ("api_timeout: 10000000000000000000000", "api_timeout is not a number that can be meant"),
    ("api_timeout: .inf", "api_timeout"),
    ("endpoint_url: web", "endpoint_url is 'web'"),
    ("endpoint_url: http://a:b@web", "user name or password"),
    ("access_key_id: x", "belong together"),
    ("profile: a\necs_ram_role: b", "different sources of credentials"),
    ("ca_bundle: /none", "ca_bundle is /none"),
    ('vpc_id: "vpc\\0"', "vpc_id has a NUL character"),
    ("vpc_id: '{{ nowhere }}'", "vpc_id has a template without a value"),
    ("vpc_id: \"{{ lookup('ansible.builtin.pipe', \"", "vpc_id"),
    ("keyed_groups: [{keys: a}]", "keyed_groups has keys"),
    ("keyed_groups: [a]", "keyed_groups"),
    ("keyed_groups: {key: a}", "keyed_groups"),
    ("strict: perhaps", "strict is 'perhaps'"),
    ("skip_failed_regions: 2", "skip_failed_regions is 2"),
    ("sanitize_hostnames: [on]", "sanitize_hostnames is [True]"),
]


def test_a_file_of_the_inventory_that_cannot_be_is_told(modules: Modules, tmp_path: Path, figure: Figure) -> None:
    trust_records.fleet(modules, 1)
    ansible = Ansible(tmp_path, modules.cloud)
    sources: list[str | Path] = []
    for number, (text, _message) in enumerate(WRONG):
        path = tmp_path / f"{number:03}.alitrust.yml"
        path.write_text(f"plugin: alitrust.ecs.instances\n{text}\n")
        sources += ["-i", path]
    done = ansible.command("ansible-inventory", *sources, "--list")
    said = " ".join(done.stderr.split())
    harmless(done.stderr)
    assert EVALUATED not in said
    assert not CLUMSY.search(said), CLUMSY.findall(said)
    assert not [message for _text, message in WRONG if message and message not in said], said
    listed = json.loads(done.stdout)["_meta"]["hostvars"]
    passed = [text for text, message in WRONG if not message]
    assert len(listed) <= len(passed)
    for number, (text, message) in enumerate(WRONG):
        assert not message or f"{number:03}.alitrust.yml" in said, f"{text} passed"
    assert not written(modules)
    figure("files of the inventory", len(WRONG))
