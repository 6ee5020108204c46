# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building what is large without Python looking for garbage in it again and again. Private to this collection."""

from __future__ import annotations

import contextlib
import gc
import typing as t


@contextlib.contextmanager
def uncollected() -> t.Iterator[None]:
    """Do not look for cyclic garbage while the block runs.

    Python does so each time that some hundred objects were added, and the more often in all of them the more are added:
    to read ten thousand instances takes twice as long. What is not in a cycle is given back as ever.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
