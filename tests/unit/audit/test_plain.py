# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of Ansible are asked for what they hold where that is the same as asking for each value."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.plugin_utils import _core_version
from ansible_collections.alitrust.ecs.plugins.plugin_utils._plain import plain

FILLED_IN = "filled in"


class Marked(str):
    """A text that Ansible has marked."""


class Container(dict[str, t.Any]):
    """As ansible-core's: whoever takes a value out gets it filled in."""

    def _non_lazy_copy(self) -> dict[str, t.Any]:
        return dict(super().items())

    def items(self) -> t.Any:
        return dict.fromkeys(self, FILLED_IN).items()


@pytest.fixture(autouse=True)
def _templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core_version, "is_template", lambda text: "{{" in text)


def test_values_that_are_no_templates_are_taken_as_they_are() -> None:
    one = Container(a=1, b=[Marked("x"), (None, True)], c={Marked("d"): "{{ not marked }}"})
    found = plain(one)
    assert found == {"a": 1, "b": ["x", [None, True]], "c": {"d": "{{ not marked }}"}}
    assert {type(found), type(found["b"][0]), type(next(iter(found["c"])))} == {dict, str}


@pytest.mark.parametrize("part", [Marked("{{ a }}"), [{"a": Marked("{{ a }}")}], object(), {1, 2}])
def test_with_a_template_or_what_nobody_knows_each_value_is_asked_for(part: t.Any) -> None:
    assert plain(Container(a=part)) == {"a": FILLED_IN}
