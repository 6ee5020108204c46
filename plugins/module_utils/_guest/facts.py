# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few of the facts that C(setup) gathers, by the same collectors. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.facts.system.distribution import DistributionFactCollector
from ansible.module_utils.facts.system.local import LocalFactCollector
from ansible.module_utils.facts.system.platform import PlatformFactCollector


class Facts:
    """Gathers facts, named as by C(setup) without the prefix C(ansible_).

    :param module: the AnsibleModule
    """

    def __init__(self, module: t.Any) -> None:
        self._module = module

    def of_the_system(self) -> dict[str, t.Any]:
        """Distribution and platform."""
        collectors = (DistributionFactCollector(), PlatformFactCollector())
        return {name: value for one in collectors for name, value in one.collect(module=self._module).items()}

    def local(self, folder: str) -> dict[str, t.Any]:
        """The local facts.

        :param folder: where their scripts are
        """
        self._module.params["fact_path"] = folder  # where the collector looks for it
        return dict(LocalFactCollector().collect(module=self._module))
