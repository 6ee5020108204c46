# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines about a long wait. Private.

A module's process cannot show anything before it ends. In the controller's process the action plugin sets a sink, and
the same lines reach the screen while the task runs.
"""

from __future__ import annotations

import typing as t

from .._cloud.texts import printable


class _Screen:
    sink: t.Callable[[str], None] | None = None


def report(line: str) -> None:
    """Show one line where that is possible."""
    if _Screen.sink is not None:
        _Screen.sink(printable(line))


def set_sink(sink: t.Callable[[str], None] | None) -> None:
    """Say where lines go; None for nowhere."""
    _Screen.sink = sink
