# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few of the facts that C(setup) gathers, by the same collectors. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import typing as t

_PACKAGE = "ansible.module_utils.facts"


class SystemFacts:
    """Gathers facts, named as by C(setup) without the prefix C(ansible_).

    :param module: the AnsibleModule, or what behaves the same as far as collectors use it
    """

    def __init__(self, module: t.Any) -> None:
        self._module = module

    def of_the_system(self) -> dict[str, t.Any]:
        """Distribution and platform."""
        with package_unread():
            from ansible.module_utils.facts.system.distribution import DistributionFactCollector
            from ansible.module_utils.facts.system.platform import PlatformFactCollector
        collectors = (DistributionFactCollector(), PlatformFactCollector())
        return {name: value for one in collectors for name, value in one.collect(module=self._module).items()}


@contextlib.contextmanager
def package_unread() -> t.Iterator[None]:
    """Let collectors be imported without what their package imports first: those for all other systems.

    To compile these takes an instance a third of the time of the whole module. Who imports the package afterwards gets
    it whole.
    """
    spec = None if _PACKAGE in sys.modules else importlib.util.find_spec(_PACKAGE)
    if spec is None:
        yield
        return
    sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[_PACKAGE]
