# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the modules that work inside an instance are made. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from . import texts
from .hidden import hide


class InstanceModule(AnsibleModule):
    """Core's, which refuses in words what no option can have. It supports check mode."""

    complaint = ""
    params: dict[str, t.Any]

    def __init__(
        self,
        argument_spec: dict[str, t.Any],
        secrets: t.Callable[[t.Mapping[str, t.Any]], t.Iterable[str]] = lambda _given: (),
    ) -> None:
        """:param secrets: what of the options as they were given may be shown nowhere, besides those with C(no_log)"""
        self._secrets = secrets
        super().__init__(argument_spec=argument_spec, supports_check_mode=True)
        complaint = self.complaint or texts.complaint(self.params, self.argument_spec)
        if complaint:
            self.fail_json(msg=complaint)

    def _load_params(self) -> None:
        super()._load_params()
        # Before core complains of an option and shows all of them, and before it tells the journal of them.
        hide(self, self._secrets(self.params))
        self.complaint = texts.complaint(self.params, self.argument_spec)
        if self.complaint:
            self.params = texts.survivable(self.params)
            texts.without_scalars(self.params, self.argument_spec)

    def fail_json(self, msg: str, **kwargs: t.Any) -> None:
        """Fail, with the complaint where there is one: core would put it in other words, or into none."""
        super().fail_json(self.complaint or msg, **kwargs)
