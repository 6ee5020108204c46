# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password of an instance's administrator: checked and set, never read. Private."""

from __future__ import annotations

import string
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput

#: Kinds of characters of which three are needed, per ModifyInstanceAttribute.
_KINDS = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "()`~!@#$%^&*-_+=|{}[]:;'<>,.?/")
_SHORTEST, _LONGEST = 8, 30


def check(option: str, text: str) -> None:
    """:raises InvalidInput: Alibaba Cloud would not take it; never shows it"""
    used = sum(any(one in kind for one in text) for kind in _KINDS)
    if not _SHORTEST <= len(text) <= _LONGEST or used < 3 or not set(text) <= set("".join(_KINDS)):
        raise InvalidInput(
            f"{option} cannot be the password of an instance; expected {_SHORTEST} to {_LONGEST} characters of at "
            f"least three kinds: uppercase letters, lowercase letters, digits, and {_KINDS[3]}"
        )


def write(cloud: Cloud, instance_ids: t.Sequence[str], text: str) -> None:
    """Set the password; it takes effect at the next restart by the console or the API."""
    for instance_id in instance_ids:
        cloud.call("ecs", "ModifyInstanceAttribute", InstanceId=instance_id, Password=text)
