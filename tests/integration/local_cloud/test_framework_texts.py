# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How answers become text: as Python's own JSON writes them, but faster."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud.texts import to_json

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
#: numbers of any size, not only of 64 bits
_LEAVES = st.none() | st.booleans() | st.integers() | _TEXTS
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner))


def _by_python(value: t.Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclasses.dataclass
class _Thing:
    name: str = "one"


@given(_VALUES)
def test_answers_are_written_as_python_does(value: t.Any) -> None:
    assert to_json(value) == _by_python(value)


@pytest.mark.parametrize("value", [2**64, {1: "one"}, 0.5, 100.0, "\x00\x1f\x7f\u2028", (1, 2)])
def test_rare_values_are_written_as_python_does(value: t.Any) -> None:
    assert to_json(value) == _by_python(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_fraction_is_the_same_number_whatever_its_exponent_looks_like(value: float) -> None:
    assert json.loads(to_json(value)) == value


@pytest.mark.parametrize("value", [_Thing(), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), b"bytes", {1, 2}])
def test_what_json_does_not_know_is_a_mistake(value: t.Any) -> None:
    with pytest.raises(TypeError):
        to_json({"value": value})


def test_half_a_character_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        to_json("\ud800")
