# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong and strange values for every option of every module, made from the argument specifications."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import typing as t
from dataclasses import dataclass
from unittest import mock

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.alitrust.ecs.plugins import modules as plugins
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import CONNECTION_SPEC

if t.TYPE_CHECKING:
    from pathlib import Path

Options = dict[str, t.Any]
Spec = dict[str, dict[str, t.Any]]

#: What a terminal takes for commands: clear the screen, a title, one character for the same (C1), a backspace.
ESCAPES = "web\x1b[2J\x1b]0;owned\x07\x9b31m\x08"
#: Text that is read in another order than it is written in, and what nobody sees.
BIDI = "web\u202e\u2066txt.exe\u2069\u200b\ufeff"
#: Two texts that look the same: the letter and its accent as one character, and as two.
NFC, NFD = "caf\u00e9", "cafe\u0301"
#: A template that does no harm; what it would become shows that somebody has evaluated it.
TEMPLATE, EVALUATED = "{{ 271 * 1009 }}", "273439"
#: No text that can be sent or written down: half of a character, and the end of a text in C.
NO_TEXT = ("web\ud800", "web\x00ops")
LONG = 100_000

#: By type, what nothing can make a value of that type of.
WRONG: dict[str, tuple[t.Any, ...]] = {
    "int": ("abc", "1e3.5", "0o17", "12:30:00", 1.5, [2], {"a": 1}),
    "float": ("abc", "1,5", [2], {"a": 1}),
    "bool": ("maybe", 2, "2026-01-01", [True], {"a": 1}),
    "dict": ("no value", 7, [1], True),
    "list": ({"a": 1},),
    "str": NO_TEXT,
    "raw": NO_TEXT,
    "json": NO_TEXT,
    "jsonarg": NO_TEXT,
    "path": (NO_TEXT[1],),
}
#: By type, what may pass or not, but never badly.
STRANGE: dict[str, tuple[t.Any, ...]] = {
    "int": (10**30, -(10**30), -1, 0, True, "1e3", "inf", "\uff11\uff12", "1_0", ""),
    "float": ("nan", "inf", "-inf", 1e308, -1, 0, True, "\u0661"),
    "bool": ("no", "ON", "", 1.0),
    "dict": ({"": "x"}, {"a": None}, {"a": {"b": [1]}}, {"a": True}, {ESCAPES: BIDI}, {"k" * LONG: "v"}, {}),
    "list": ([], [None], [[["a"]]], [{}], ["x"] * 10_000, 7, ""),
    "str": (
        ESCAPES,
        BIDI,
        NFD,
        TEMPLATE,
        "x" * LONG,
        "a\nb",
        1e3,
        True,
        ["a"],
        {"a": 1},
        "'; drop",
        "../..",
        "-rf",
        "²",
    ),
    "raw": (ESCAPES, "x" * LONG, 1e3, True, ["a"], {"a": 1}, []),
    "json": ("[" * LONG, "{", "1e999", "9" * 5000, '{"a": NaN}', ["a"], TEMPLATE, ESCAPES, "null", '"x"'),
}
STRANGE["jsonarg"] = STRANGE["json"]


@dataclass(frozen=True)
class Case:
    """One value for one option.

    :ivar path: names of the option and, inside of it, of the option of its elements
    :ivar wrong: whether it has to be refused
    """

    path: tuple[str, ...]
    value: t.Any
    wrong: bool

    def __str__(self) -> str:
        text = ascii(self.value)
        return f"{'.'.join(self.path)}={text if len(text) < 60 else text[:40] + '...'}"

    def put(self, base: Options) -> Options:
        """The options with this value."""
        options = dict(base)
        name, *inner = self.path
        if not inner:
            options[name] = self.value
            return options
        there = options.get(name)
        first = (there[0] if there else {}) if isinstance(there, list) else there
        changed = Case(tuple(inner), self.value, self.wrong).put(first if isinstance(first, dict) else {})
        options[name] = [changed, *there[1:]] if isinstance(there, list) else changed
        return options


class _Made(BaseException):
    """The module was about to begin."""


def spec(name: str) -> Spec:
    """The argument specification of a module, as its main() gives it to Ansible."""
    found: list[Spec] = []

    def take(_self: t.Any, argument_spec: Spec, **_more: t.Any) -> None:
        found.append(argument_spec)
        raise _Made

    module = importlib.import_module(f"{plugins.__name__}.{name}")
    with mock.patch.object(AnsibleModule, "__init__", take), contextlib.suppress(_Made):
        module.main()
    return found[0]


def names() -> list[str]:
    """The modules."""
    return sorted(one.name for one in pkgutil.iter_modules(plugins.__path__))


def cases(argument_spec: Spec, folder: Path, before: tuple[str, ...] = ()) -> t.Iterator[Case]:
    """Every value for every option, those of the elements of lists and of dictionaries, too.

    :param folder: has what paths lead to: a FIFO, a folder
    """
    for name, option in argument_spec.items():
        if not before and (name in CONNECTION_SPEC or name == "foretold"):
            continue  # the same for all modules: tried with one
        yield from of_option((*before, name), option, folder)


def of_option(path: tuple[str, ...], option: dict[str, t.Any], folder: Path) -> t.Iterator[Case]:
    """Every value for one option."""
    kind, element = option.get("type", "str"), option.get("elements", "raw")
    yield from (Case(path, value, True) for value in _wrong(kind, folder))
    yield from (Case(path, value, False) for value in _strange(kind, folder))
    if option.get("choices"):
        yield Case(path, "No-Such-Choice" if kind != "list" else ["No-Such-Choice"], True)
    if option.get("options"):
        yield from cases(option["options"], folder, path)
    elif kind == "list":
        yield from (Case(path, [value], True) for value in _wrong(element, folder) if not isinstance(value, list))
        yield from (Case(path, [value], False) for value in _strange(element, folder) if value != "")
    elif kind == "dict":
        yield from (Case(path, {"a": value}, True) for value in NO_TEXT)
        yield from (Case(path, {value: "a"}, True) for value in NO_TEXT)


def _wrong(kind: str, folder: Path) -> tuple[t.Any, ...]:
    return WRONG[kind]


def _strange(kind: str, folder: Path) -> tuple[t.Any, ...]:
    if kind != "path":
        return STRANGE[kind]
    places = ("fifo", "folder", "loop", "link-to-fifo", "deep", "zeros", "f" * 300, "none/file", "web\x1b[2J")
    return (*(str(folder / one) for one in places), "~nobody-at-all/x", "-rf", "/" * 200, "x" * LONG, ESCAPES)
