# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing tags, so that none is lost on the way. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud, chunks
from .._cloud.errors import CloudError
from . import tags

_IDS_PER_CALL = 50
_TAGS_PER_CALL = 20
#: By which the products say that a resource would have too many tags.
_TOO_MANY = (
    "QuotaExceed.Tag",
    "OperationDenied.QuotaExceed",
    "QuotaExceeded.Tag",
    "Rejected.LimitExceeded",
)


def write(
    cloud: Cloud,
    product: str,
    resource_type: str,
    ids: t.Sequence[str],
    to_set: t.Mapping[str, str],
    to_remove: t.Sequence[str],
) -> None:
    """Set and remove tags of resources of one type.

    :param product: C(ecs) or C(vpc)
    :param resource_type: the API's word, for example C(securitygroup)
    """
    untag = "UntagResources" if product == "ecs" else "UnTagResources"
    for part in chunks(ids, _IDS_PER_CALL):
        target = {"ResourceType": resource_type, "ResourceId": part}
        exchange(
            to_set,
            to_remove,
            lambda items: cloud.call(product, "TagResources", target, Tag=tags.to_api(items)),  # noqa: B023
            lambda keys: cloud.call(product, untag, target, TagKey=keys),  # noqa: B023
        )


def exchange(
    to_set: t.Mapping[str, str],
    to_remove: t.Sequence[str],
    tag: t.Callable[[dict[str, str]], t.Any],
    untag: t.Callable[[list[str]], t.Any],
) -> None:
    """Set tags, then remove others, by calls of whichever product.

    What is refused when it is set has cost nothing. Only where both together are too many, old ones make room.
    """
    removals = list(chunks(list(to_remove), _TAGS_PER_CALL))
    for items in chunks(sorted(to_set.items()), _TAGS_PER_CALL):
        try:
            tag(dict(items))
        except CloudError as error:
            if not removals or not error.code.startswith(_TOO_MANY):
                raise
            while removals:
                untag(removals.pop(0))
            tag(dict(items))
    for keys in removals:
        untag(keys)
