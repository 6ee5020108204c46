# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What packages of every kind are made from."""

from __future__ import annotations

from dataclasses import dataclass

#: modification time of everything in a package (2026-01-01), so that the same sources give the same bytes
EPOCH = 1767225600


@dataclass(frozen=True)
class PackagedFile:
    """A file of a package; ``path`` is absolute."""

    path: str
    content: bytes
    mode: int = 0o644
    configuration: bool = False
