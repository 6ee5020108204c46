# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible Automation Platform counts of the results of modules, by C(extensions/audit/event_query.yml)."""

from __future__ import annotations

import typing as t

import guides
import jq
import pytest
from modules import trust_records as records

if t.TYPE_CHECKING:
    from modules.harness import Modules

QUERIES = guides.load((guides.ROOT / "extensions/audit/event_query.yml").read_text())
Nodes = list[dict[str, t.Any]]


def counted(module: str, result: dict[str, t.Any]) -> Nodes:
    """The nodes that a result has, which are as the platform takes them."""
    found: Nodes = jq.compile(QUERIES[f"alitrust.ecs.{module}"]["query"]).input_value(result).all()
    for node in found:
        assert set(node) == {"name", "canonical_facts", "facts"}
        # Without a name nothing of a job is kept, and what is null cannot be told apart.
        assert node["name"]
        assert all(isinstance(value, str) and value for value in node["canonical_facts"].values())
        taxonomy = {name: node["facts"][name] for name in ("infra_type", "infra_bucket", "device_type")}
        assert set(taxonomy.values()) == {"public_cloud", "compute", "virtual_machine"}
    return found


def ids(nodes: Nodes) -> list[str]:
    return [str(node["canonical_facts"]["instance_id"]) for node in nodes]


def test_instances_are_counted_once_whatever_works_on_them(modules: Modules) -> None:
    one, other = records.fleet(modules, 2)
    both = [one["InstanceId"], other["InstanceId"]]
    told = counted("trusted_instance_info", modules.run("trusted_instance_info", fleet="web"))
    assert [(node["name"], node["facts"]["region_id"], node["facts"]["fleet"]) for node in told] == [
        ("web-001", "cn-hangzhou", "web"),
        ("web-002", "cn-hangzhou", "web"),
    ]
    assert ids(told) == both
    found = {
        "trusted_instance": modules.run("trusted_instance", instance_ids=both, tags={"team": "a"}),
        "instance_ram_role": modules.run("instance_ram_role", name="reporter", instance_ids=both),
        "sg_member": modules.run("sg_member", instance_ids=both, security_group_ids=one["SecurityGroupIds"]),
    }
    for module, result in found.items():
        assert {str(node["canonical_facts"]) for node in counted(module, result)} == {
            str(node["canonical_facts"]) for node in told
        }, module
    modules.door().call("ecs", "CreateKeyPair", KeyPairName="ops")
    assert ids(counted("keypair", modules.run("keypair", name="ops", state="bound", instance_ids=both[:1]))) == both[:1]
    records.report(modules, one, system=2)
    records.found(modules, 1, one)
    accepted = modules.run("trust_event", state="accepted", instance_ids=both)
    assert ids(counted("trust_event", accepted)) == both[:1]


def test_what_does_not_exist_is_not_counted(modules: Modules) -> None:
    records.fleet(modules, 1)
    (shown,) = modules.run("trusted_instance_info")["instances"]
    made_up = {**shown, "instance_id": "i-foretold-web-1a2b3c"}
    (nameless,) = counted("trusted_instance", {"instances": [made_up, {**shown, "name": ""}]})
    assert nameless["name"] == shown["instance_id"]
    failed: dict[str, t.Any] = {"failed": True, "msg": "x", "instances": None}
    censored = {"censored": "the output has been hidden", "changed": True}
    for name in QUERIES:
        module = name.removeprefix("alitrust.ecs.")
        assert counted(module, failed) == counted(module, censored) == counted(module, {"results": [failed]}) == []
        assert (guides.ROOT / f"plugins/modules/{module}.py").exists()


@pytest.mark.parametrize("key", ["host_keys", "members"])
def test_an_entry_without_an_instance_is_none(key: str) -> None:
    entries = [{"instance_id": "i-1"}, {"instance_id": None}]
    assert ids(counted("sg_member", {key: entries})) == ["i-1"]
