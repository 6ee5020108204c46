# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of keys and secrets, which KMS takes as JSON text. Private."""

from __future__ import annotations

import json
import typing as t

from .._cloud.door import Cloud
from .._core import tagging


def text(labels: t.Mapping[str, str]) -> str:
    """Tags for a request."""
    return json.dumps([{"TagKey": key, "TagValue": value} for key, value in sorted(labels.items())])


def write(cloud: Cloud, target: t.Mapping[str, str], to_set: dict[str, str], to_remove: list[str]) -> None:
    """Set and remove tags.

    :param target: C(KeyId) or C(SecretName)
    """
    tagging.exchange(
        to_set,
        to_remove,
        lambda labels: cloud.call("kms", "TagResource", target, Tags=text(labels)),
        lambda names: cloud.call("kms", "UntagResource", target, TagKeys=json.dumps(names)),
    )
