# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable of every role with a value of a wrong type: refused by its name before the first task."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import yaml
from controller.playbook import Ansible
from proof.hostile.judging import fit_for_terminals
from proof.hostile.wrong_values import WRONG

if t.TYPE_CHECKING:
    from modules.harness import Modules
    from proof.conftest import Figure

ROLES = Path(__file__).resolve().parents[3] / "roles"
#: Types of which some values are none; each is tried with one of those in turn.
_KINDS = ("int", "float", "bool", "dict", "list")


def cases() -> t.Iterator[tuple[str, str, t.Any]]:
    """Role, variable, wrong value."""
    for path in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        options = yaml.safe_load(path.read_text())["argument_specs"]["main"].get("options", {})
        for number, (name, option) in enumerate(sorted(options.items())):
            role = path.parents[1].name
            if option.get("type") in _KINDS:
                values = WRONG[option["type"]]
                yield role, name, values[number % len(values)]
            if option.get("choices"):
                yield role, name, "No-Such-Choice"


def test_a_variable_of_a_wrong_type_is_refused_before_the_first_task(
    modules: Modules, tmp_path: Path, figure: Figure
) -> None:
    tried = list(cases())
    tasks: list[dict[str, t.Any]] = []
    for number, (role, name, value) in enumerate(tried):
        include = {"ansible.builtin.include_role": {"name": f"alitrust.ecs.{role}"}, "vars": {name: value}}
        keep = {"ansible.builtin.set_fact": {f"said_{number}": "{{ ansible_failed_result }}"}}
        tasks.append({"block": [include], "rescue": [keep]})
    results = tmp_path / "results.json"
    names = ", ".join(f"said_{number} | default({{}})" for number in range(len(tried)))
    tasks.append({"ansible.builtin.copy": {"content": "{{ [" + names + "] | to_json }}", "dest": str(results)}})
    book = tmp_path / "book.yml"
    book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = Ansible(tmp_path, modules.cloud).command("ansible-playbook", book)
    assert results.exists(), done.stdout[-3000:] + done.stderr
    for (role, name, value), result in zip(tried, json.loads(results.read_text()), strict=True):
        told = " ".join(result.get("argument_errors", ()))
        assert name in told or name in result.get("msg", ""), (role, name, value, result)
        fit_for_terminals(result["msg"].replace("\n", " "))
    assert not modules.cloud.counts()
    assert "Traceback" not in done.stdout + done.stderr
    figure("generated", len(tried))
