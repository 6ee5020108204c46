# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binding a key pair to many instances. Private."""

from __future__ import annotations

import typing as t

from .._cloud import results
from .._cloud.door import Cloud, chunks, json_list

_AT_ONCE = 50


def bind_key_pair(cloud: Cloud, ids: t.Sequence[str], key_name: str) -> None:
    """Bind a key pair, in the place of another; it takes effect at the next restart.

    :raises ItemsFailed: instances that were refused
    """
    for some in chunks(ids, _AT_ONCE):
        answer = cloud.call("ecs", "AttachKeyPair", InstanceIds=json_list(some), KeyPairName=key_name)
        failed = results.failures(answer, "Results.Result")
        if failed:
            raise results.ItemsFailed("ecs AttachKeyPair", failed)
