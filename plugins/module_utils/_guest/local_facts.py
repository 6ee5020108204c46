# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local facts of an instance, too, by the collector of C(setup). Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import typing as t

from .facts import SystemFacts, package_unread


class Facts(SystemFacts):
    """Gathers those of the system and its local ones.

    :param module: the AnsibleModule
    """

    def local(self, folder: str) -> dict[str, t.Any]:
        """The local facts.

        :param folder: where their scripts are
        """
        with package_unread():
            from ansible.module_utils.facts.system.local import LocalFactCollector
        self._module.params["fact_path"] = folder  # where the collector looks for it
        return dict(LocalFactCollector().collect(module=self._module))
