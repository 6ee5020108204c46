# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What writes large audits fast writes what the usual emitters do."""

from __future__ import annotations

import json
import random
import typing as t

import pytest
import yaml
from ansible.plugins.filter.core import to_nice_json

from ansible_collections.alitrust.ecs.plugins.plugin_utils import _mend_yaml
from ansible_collections.alitrust.ecs.plugins.plugin_utils._nice_json import nice_json

TEXTS = (
    *(
        "i-bp67acfmxazb4p0000",
        "web",
        "sg-many0000000000000000",
        "aliyun_3_x64_20G.vhd",
        "ecs.g7t.large",
        "a/b",
        "x-",
        "-",
    ),
    *("yes", "No", "TRUE", "null", "~", "y", "on", "1", "22/22", "1.5", "1e5", "0x1f", "1:30", "2026-01-31", "=", "<<"),
    *(
        "",
        " ",
        "a b",
        " a",
        "a ",
        "a: b",
        "a #b",
        "a:",
        "#a",
        "- a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "[a]",
        "{a}",
        "'",
        '"',
    ),
    *(
        "{{ new_name }}",
        "{{ 7 * 7 }}",
        "{% raw %}",
        "a\nb",
        "a\n",
        "\n",
        "a\tb",
        "a\rb",
        "\x1b[0m",
        "a\u2028b",
        "\ufeff",
    ),
    *(
        "Zoë",
        "信任",
        "word " * 30,
        "w" * 200,
        "word " * 17 + "word",
        "é" * 90,
        "acs:ecs:*:*:instance/*",
        "0.0.0.0/0",
        "::/0",
    ),
)
KEYS = ("name", "instance_ids", "a.b", "yes", "1", "a b", "a: b", "", "k" * 150, "Zoë", "{{ x }}")


def value(chance: random.Random, depth: int) -> t.Any:
    """Something random that a task may have in its options."""
    kind = chance.choice(("text", "text", "number", "list", "texts", "dict")) if depth else "text"
    if kind == "text":
        return chance.choice(TEXTS)
    if kind == "number":
        return chance.choice((0, -7, 12, True, False, None, 1.5, [], {}))
    if kind == "texts":
        return [chance.choice(TEXTS[:6]) for _number in range(chance.randrange(5))]
    if kind == "list":
        return [value(chance, depth - 1) for _number in range(chance.randrange(4))]
    return {chance.choice(KEYS): value(chance, depth - 1) for _number in range(chance.randrange(4))}


def finding(title: str, options: t.Any) -> dict[str, t.Any]:
    return {"title": title, "mend": [{"module": "alitrust.ecs.trusted_instance", "options": options}]}


def usual(one: dict[str, t.Any]) -> str:
    listed = [{"name": one["title"], task["module"]: _mend_yaml._marked(task["options"])} for task in one["mend"]]
    return _mend_yaml.dumped(listed)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_written_as_ever(text: str) -> None:
    one = finding(text, {"name": text, "list": [text, text], "deep": {"deeper": [{"a": text}, text]}})
    assert _mend_yaml.tasks(one) == usual(one)


@pytest.mark.parametrize("seed", range(300))
def test_tasks_are_written_as_ever(seed: int) -> None:
    chance = random.Random(seed)
    one = finding("A title of some words", {key: value(chance, 3) for key in chance.sample(KEYS, 3)})
    assert _mend_yaml.tasks(one) == usual(one)


def test_thousands_of_ids_need_no_emitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the time of a page is not that of the emitter; a placeholder is written by it once."""
    ids = [f"i-many{number:016}" for number in range(5000)]
    one = finding("Disks that are not encrypted", {"instance_ids": ids, "name": "{{ new_name }}", "force": True})
    expected = usual(one)
    dumped: list[t.Any] = []

    def noted(given: t.Any) -> str:
        dumped.append(given)
        return yaml.dump(given)

    monkeypatch.setattr(_mend_yaml, "dumped", noted)
    assert _mend_yaml.tasks(one) == expected
    assert not any(isinstance(given, (list, dict)) for given in dumped)


def test_json_is_what_core_writes() -> None:
    plain = {
        "b": [1, -2, 1.5, 1e300, True, None, [], {}, [[]], {"z": {}, "a": [{}]}],
        "a": {"": list(TEXTS)},
        **dict.fromkeys(TEXTS, 0),
    }
    assert nice_json(plain) == to_nice_json(plain, indent=2) == json.dumps(plain, indent=2, sort_keys=True)
    few: tuple[t.Any, ...] = ({}, [], "x", 0, None)
    for one in few:
        assert nice_json(one) == json.dumps(one, indent=2)


def test_json_of_what_is_no_json_is_refused() -> None:
    for wrong in ({"a": object()}, {"a": {1, 2}}, {1: "a"}):
        with pytest.raises(TypeError):
            nice_json(wrong)
