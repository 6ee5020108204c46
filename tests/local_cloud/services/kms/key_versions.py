# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of keys: one, unless a key is rotated."""

from __future__ import annotations

import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.kms.common import Record, get_key, kms, page


def _key(call: Call) -> Record:
    if not call.get("KeyId"):
        raise ApiError("MissingParameter", 400, 'The parameter "KeyId" is needed.')
    return get_key(call, str(call.params["KeyId"]), lagged=True)


def _shown(key: Record, version: Record) -> Record:
    return {"KeyId": key["KeyId"], **{name: version[name] for name in ("KeyVersionId", "CreationDate")}}


@kms("ListKeyVersions")
def list_key_versions(call: Call) -> Record:
    key = _key(call)
    shown, more = page(call, key["Versions"][::-1], longest=101)
    return {"KeyVersions": {"KeyVersion": [_shown(key, version) for version in shown]}, **more}


@kms("DescribeKeyVersion")
def describe_key_version(call: Call) -> Record:
    key = _key(call)
    wanted = t.cast(str, call.get("KeyVersionId") or "")
    for version in key["Versions"]:
        if version["KeyVersionId"] == wanted:
            return {"KeyVersion": _shown(key, version)}
    raise ApiError("Forbidden.KeyVersionNotFound", 404, "The specified key version is not found.")
