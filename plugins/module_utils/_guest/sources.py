# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that are imported from their texts, with no file in between. Private.

This runs in instances, as the first of what C(plugin_utils/_guest_look.py) sends, so it keeps to Python 3.8 and its
standard library, and imports nothing of the collection.
"""

from __future__ import annotations

import typing as t
from importlib.machinery import ModuleSpec


class Sources:
    """Finds and loads modules that are texts, as importlib asks for it. Its base classes take long to import.

    :param texts: the text of each, by its full name; what another lies in is a package
    """

    def __init__(self, texts: t.Mapping[str, str]) -> None:
        self._texts = texts
        parts = [name.split(".") for name in texts]
        self._packages = {".".join(name[:length]) for name in parts for length in range(1, len(name))}

    def find_spec(self, fullname: str, path: t.Any = None, target: t.Any = None) -> ModuleSpec | None:
        if fullname in self._texts or fullname in self._packages:
            return ModuleSpec(fullname, t.cast(t.Any, self), is_package=fullname in self._packages)
        return None

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual kind of module will do."""

    def exec_module(self, module: t.Any) -> None:
        name = module.__name__
        code = compile(self._texts.get(name, ""), f"<{name}>", "exec", dont_inherit=True)
        exec(code, module.__dict__)
