# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let modules of this process wait without waiting."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud

if t.TYPE_CHECKING:
    import pytest

    from local_cloud.control import LocalCloud


class PushedClock:
    """The clock of the modules: whoever pauses pushes the cloud's clock forward in place of taking time.

    So backoffs, patience, states that take a while and reads that are behind keep their true proportions.
    """

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._slept = 0.0
        self._monotonic = time.monotonic

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
        self._cloud.clock_advance(seconds)

    def monotonic(self) -> float:
        return self._monotonic() + self._slept

    def rule(self, patch: pytest.MonkeyPatch) -> None:
        """Have every door that is opened from now on go by this clock."""
        defaults = Cloud.__init__.__kwdefaults__
        assert defaults is not None
        patch.setitem(defaults, "sleep", self.sleep)
        patch.setitem(defaults, "monotonic", self.monotonic)
