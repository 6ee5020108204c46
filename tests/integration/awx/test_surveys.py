# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surveys against the argument specs of the roles, and the rest of the project against what AWX expects."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from awx.awx import EXAMPLE, config, questions, refusal, templates

ROOT = EXAMPLE.parents[1]
#: Types of a survey by the type in an argument spec; 'true' and 'false' are the choices for a boolean.
TYPES = {
    "str": {"text", "textarea", "multiplechoice"},
    "list": {"text", "textarea"},
    "int": {"integer"},
    "bool": {"multiplechoice"},
}
#: What a survey proposes where the role has no default, because that differs from account to account.
PROPOSED = {"fleet_instance_type"}
SURVEYS = [name for name, one in templates().items() if one.get("survey_enabled")]


def roles_of(playbook: str) -> dict[str, t.Any]:
    """The variables of all roles that a playbook of the collection uses."""
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text()
    specs = [
        yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
        for role in re.findall(r"(?:role|name): alitrust\.ecs\.(\w+)", text)
    ]
    return {name: option for spec in specs for entry in spec.values() for name, option in entry["options"].items()}


def variables_of(playbook: str) -> set[str]:
    """The variables that the playbook itself looks at."""
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text()
    text += "".join((ROOT / "playbooks" / name).read_text() for name in re.findall(r"vars_files: \[(.*)\]", text))
    return set(re.findall(r"\b((?:alitrust|" + playbook + r")_\w+) \| default\(", text))


@pytest.mark.parametrize("playbook", SURVEYS)
def test_each_question_is_about_a_variable_and_fits_it(playbook: str) -> None:
    specs = roles_of(playbook)
    for question in questions(playbook):
        name, kind = question["variable"], question["type"]
        default = question.get("default")
        assert default is None or refusal(question, default) is None, name
        if name not in specs:
            assert name in variables_of(playbook), f"nothing looks at {name}"
            continue
        spec = specs[name]
        assert kind in TYPES[spec["type"]], name
        if spec["type"] == "bool":
            assert question["choices"] == ["true", "false"]
        elif "choices" in question:
            assert set(question["choices"]) == set(spec["choices"]) - {""}, name
        own = spec.get("default")
        if default not in (None, "") and name not in PROPOSED:
            assert str(default).lower() == str(own).lower(), name


@pytest.mark.parametrize("playbook", SURVEYS)
def test_what_may_be_left_blank_takes_blank_for_not_given(playbook: str) -> None:
    """AWX writes blank text so that ansible-core makes null of it. The jobs of test_jobs.py leave these blank."""
    specs = roles_of(playbook)
    for question in questions(playbook):
        if question["required"]:
            continue
        name = question["variable"]
        assert question["default"] == ""
        assert question["type"] in ("text", "textarea"), "nothing else can be blank"
        if name in specs:
            assert specs[name]["type"] == "str" or "default" not in specs[name], f"null for {name} would be refused"
            assert not specs[name].get("default"), f"blank is not the default of {name}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("roles/*/meta/argument_specs.yml")), ids=lambda path: path.parts[-3])
def test_no_role_refuses_text_that_is_blank(path: Path) -> None:
    """In any of its variables, not only in those that a survey asks for: AWX takes extra variables, too."""
    for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
        options = entry["options"]
        given = {name: "given" for name, option in options.items() if option.get("required")}
        for name, option in options.items():
            if option["type"] == "str" or option.get("elements") == "str":
                for blank in ("", None):
                    errors = ArgumentSpecValidator(options).validate({**given, name: blank}).error_messages
                    assert not errors, errors


def test_awx_finds_each_playbook_and_nothing_else() -> None:
    """It lists the files that have such a line, outside of some folders."""
    found = {
        str(path.relative_to(EXAMPLE))
        for path in EXAMPLE.rglob("*.y*ml")
        if re.search(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):", path.read_text(), re.MULTILINE)
        and not {"roles", "tasks", "group_vars", "host_vars"} & set(path.relative_to(EXAMPLE).parts)
    }
    books = {f"{name}.yml" for name in templates()}
    assert found == books | {"learn_host_keys.yml", "config/apply.yml"}


@pytest.mark.parametrize("path", sorted(EXAMPLE.glob("*.yml")), ids=lambda path: path.name)
def test_no_playbook_waits_for_somebody_to_type(path: Path) -> None:
    names = re.findall(r"import_playbook: alitrust\.ecs\.(\w+)$", path.read_text(), re.MULTILINE)
    texts = [path.read_text(), *((ROOT / "playbooks" / f"{name}.yml").read_text() for name in names)]
    assert not [text for text in texts if re.search(r"vars_prompt|\bpause:", text)]


def test_the_workflow_asks_what_provision_asks_and_its_steps_take_the_answers() -> None:
    (workflow,) = config("workflow")["controller_workflows"]
    assert "'Alitrust provision'" in workflow["survey_spec"]
    by_name = {one["name"]: one for one in templates().values()}
    source = config("project")["controller_inventory_sources"][0]["name"]
    steps = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    step, order = "provision", ["provision"]
    while following := steps[step].get("related", {}).get("success_nodes"):
        ((step),) = (one["identifier"] for one in following)
        order.append(step)
    assert order == list(steps) == ["provision", "inventory", "configure", "assert_trusted", "audit"]
    for step, node in steps.items():
        name = node["unified_job_template"]["name"]
        if step == "inventory":
            assert name == source
        else:
            assert by_name[name].get("ask_variables_on_launch") or step == "provision", step
