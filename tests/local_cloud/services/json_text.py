# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters that are JSON text."""

from __future__ import annotations

import typing as t

from local_cloud.settings import define
from local_cloud.texts import parse_json

if t.TYPE_CHECKING:
    from local_cloud.framework import Call

define(
    "json_single_quotes",
    "accept",
    "a parameter of JSON text with single quotes, which some clients send (UNCERTAIN)",
    ("accept", "refuse"),
)


def loads(call: Call, text: str) -> t.Any:
    """What a parameter's JSON text says.

    :raises ValueError: it is not JSON.
    """
    try:
        return parse_json(text)
    except ValueError:
        if '"' in text or call.settings["json_single_quotes"] == "refuse":
            raise
        return parse_json(text.replace("'", '"'))
