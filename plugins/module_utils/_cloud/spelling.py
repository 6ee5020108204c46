# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that a user wrote and that there are none of: a hint at the one that was meant. Private."""

from __future__ import annotations

import difflib
import typing as t


def nearest(written: t.Iterable[t.Any], known: t.Iterable[str]) -> str:
    """A hint for an error about names that do not exist; empty where none is near.

    :param known: the names that there are
    """
    names = sorted(known)
    found = [match for one in written for match in difflib.get_close_matches(str(one).lower(), names, n=1)]
    return f"Did you mean {' and '.join(dict.fromkeys(found))}?" if found else ""
