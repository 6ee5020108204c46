# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes as an answer of the API: however deep, long or odd it is, it is told in words that a terminal bears.

Names and texts in answers are whatever somebody could put into an account: they reach people in a form that neither
commands their terminal nor hides what is there, and results only as they are.
"""

from __future__ import annotations

import json
import typing as t

import pytest
from modules import trust_records
from modules.network import Network
from modules.test_keypair import PUBLIC
from proof.hostile.judging import attempt, fit_for_people, fit_for_terminals
from proof.hostile.wrong_values import BIDI, ESCAPES, EVALUATED, TEMPLATE

if t.TYPE_CHECKING:
    from modules.harness import Modules
    from proof.conftest import Figure

IMPATIENT: dict[str, t.Any] = {"api_timeout": 1}
#: Bodies with status 200 that are no answers.
BODIES = {
    "nested lists": "[" * 200_000,
    "nested lists in an answer": '{"RequestId": "x", "KeyPairs": ' + "[" * 200_000,
    "nested objects": '{"a":' * 200_000,
    "a number of many digits": '{"RequestId": ' + "9" * 100_000 + "}",
    "eight megabytes": '{"RequestId": "' + "x" * (8 << 20) + '"}',
    "no end": '{"RequestId": "x", "KeyPairs": {"KeyPair": [',
    "no number": '{"RequestId": NaN}',
    "control characters": '{"RequestId": "\x00\x1b[2J"}',
    "an escape": ESCAPES,
    "text read backwards": BIDI,
    "half of a character": '{"RequestId": "\\ud800", "Message": "\\udfff"}',
    "a template": TEMPLATE,
    "markup": "<script>alert(1)</script>",
}
TASKS: list[tuple[str, dict[str, t.Any], str]] = [
    ("keypair", {"name": "web", "public_key": PUBLIC}, "ecs:DescribeKeyPairs"),
    ("trusted_instance_info", {}, "ecs:DescribeInstances"),
    ("ram_policy", {"name": "web", "state": "absent"}, "ram:GetPolicy"),
    ("vpc_info", {}, "vpc:DescribeVpcs"),
]


@pytest.mark.parametrize(("module", "options", "operation"), TASKS, ids=[one[0] for one in TASKS])
def test_what_is_no_answer_is_told(
    modules: Modules, module: str, options: dict[str, t.Any], operation: str, figure: Figure
) -> None:
    for name, body in BODIES.items():
        modules.cloud.reset()
        modules.cloud.fault("portal", operation, times=None, body=body)
        try:
            result = attempt(modules, module, **options, **IMPATIENT)
            assert result.get("failed")
            assert "no answer of Alibaba Cloud" in result["msg"], result["msg"]
        except Exception as exc:
            raise AssertionError(f"{name}: {type(exc).__name__}: {exc}") from exc
    figure("answers", len(BODIES))


#: Codes and messages of errors.
ERRORS = [ESCAPES, BIDI, "x" * 100_000, "a\nTASK [all is well] ***", TEMPLATE, "\ud800", ""]


def test_an_error_of_the_api_does_nothing_to_a_terminal(modules: Modules, figure: Figure) -> None:
    for text in ERRORS:
        body = json.dumps({"Code": f"Odd{text}", "Message": text, "RequestId": f"x{text}"})
        modules.cloud.clear_faults()
        modules.cloud.fault("portal", "ecs:DescribeKeyPairs", times=None, status=400, body=body)
        result = attempt(modules, "keypair", name="web", public_key=PUBLIC, **IMPATIENT)
        assert result.get("failed")
        fit_for_people(result["msg"])
    figure("answers", len(ERRORS))


#: Names that the API would not take today; what is in an account may be older, or come from elsewhere.
NAMES = [
    ESCAPES,
    BIDI,
    "web\n\nPLAY RECAP: all is well",
    "web\rALL TRUSTED",
    "web\u2028next",
    "x" * 20_000,
    TEMPLATE,
    "{% for a in range(9) %}x{% endfor %}",
    "<img src=x onerror=alert(1)>",
    "web\u200d\u200dops",
]


def preload(modules: Modules, kind: str, **changed: t.Any) -> None:
    """Change members of the records of a kind, past all checks."""
    records = modules.cloud.resources(kind)
    assert records
    key = {"instance": "InstanceId", "key_pair": "KeyPairName", "security_group": "SecurityGroupId", "vpc": "VpcId"}
    ids = [one[key[kind]] for one in records]
    region = modules.region
    modules.cloud.preload(
        [
            {"kind": kind, "id": one_id, "region": region, "data": {**one, **changed}}
            for one_id, one in zip(ids, records, strict=True)
        ]
    )


@pytest.mark.parametrize("number", range(2))
def test_names_of_the_cloud_are_harmless_in_all_that_people_read(modules: Modules, number: int, figure: Figure) -> None:
    part = NAMES[number::2]
    for name in part:
        modules.cloud.reset()
        (instance,) = trust_records.fleet(modules, 1)
        trust_records.report(modules, instance, 2, SystemTrustDetail=name, PropertyName=name)
        trust_records.found(modules, 1, instance, suspect=name, PropertyName=name)
        for kind, member in (("instance", "InstanceName"), ("security_group", "SecurityGroupName"), ("vpc", "VpcName")):
            preload(modules, kind, **{member: name, "Description": name})
        told = attempt(modules, "trusted_instance_info", trust=True)
        (one,) = told["instances"]
        assert one["name"] == name, "a result has what there is"
        for line in (one["trust"]["summary"], one["trust"]["reason"], *one["trust"]["causes"]):
            fit_for_terminals(line)
        results = [
            attempt(modules, "trusted_instance", fleet="web", wait_for_trusted=True, trust_timeout=1),
            attempt(modules, "trusted_instance", fleet="web", state="stopped", check=True),
            attempt(modules, "trusted_instance", fleet="web", state="absent", check=True),
            attempt(modules, "trust_event", state="accepted", all_findings=True, check=True),
            attempt(modules, "trust_event_info"),
            attempt(modules, "security_group_info"),
            attempt(modules, "audit_info"),
            attempt(
                modules,
                "vpc",
                vpc_id=modules.cloud.resources("vpc")[0]["VpcId"],
                state="absent",
                adopt=True,
                check=True,
            ),
        ]
        assert results[0].get("failed")
        assert EVALUATED not in results[0]["msg"]
        for result in results:
            for line in result.get("warnings", ()):
                fit_for_terminals(line if isinstance(line, str) else str(line.get("event", line).get("msg")))
    figure("names of the cloud", len(part))


def test_a_rule_of_others_is_harmless_in_what_is_told_of_it(modules: Modules, figure: Figure) -> None:
    network = Network(modules)
    group = network.new_own_group("web")
    for port, name in enumerate(NAMES, 1):
        params = {
            "IpProtocol": "tcp",
            "PortRange": f"{port}/{port}",
            "SourceCidrIp": "10.0.0.1",
            "Description": name[:512],
        }
        modules.door().call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=group, **params)
    wanted: dict[str, t.Any] = {
        "security_group_id": group,
        "rules": [{"protocol": "tcp", "ports": 9999, "cidr": "10.0.0.1"}],
    }
    result = attempt(modules, "sg_rule", state="exact", check=True, **wanted)
    assert not result.get("failed"), result
    attempt(modules, "sg_rule", state="exact", **wanted)
    figure("names of the cloud", len(NAMES))
