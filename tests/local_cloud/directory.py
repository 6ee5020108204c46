# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in which resource directory, as a setting: the local cloud does not serve the directory's own API."""

from __future__ import annotations

import re
import typing as t

from local_cloud.settings import define

if t.TYPE_CHECKING:
    from local_cloud.settings import Settings

define(
    "resource_directory.members",
    "",
    "accounts in a resource directory: ACCOUNT=rd-ID/r-ID/fd-ID/..., separated by commas",
)


def path_of(settings: Settings, account_id: str) -> str | None:
    """The path of an account's folder, from the directory down; None for an account in no directory."""
    return _members(settings).get(account_id)


def is_part(target: str) -> bool:
    """Whether it is the ID of a directory or of a folder, not of an account."""
    return re.fullmatch(r"(rd|r|fd)-[A-Za-z0-9]+", target) is not None


def members(settings: Settings, target: str) -> list[str]:
    """The accounts in a directory or folder."""
    return sorted(account for account, path in _members(settings).items() if target in path.split("/"))


def conditions(settings: Settings, account_id: str) -> dict[str, str]:
    """What a trust policy can ask of the account for which a service acts."""
    path = path_of(settings, account_id)
    if path is None:
        return {}
    return {"sts:ServiceOwnerRDId": path.split("/")[0], "sts:ServiceOwnerRDPath": f"{path}/{account_id}"}


def _members(settings: Settings) -> dict[str, str]:
    entries = (entry.strip() for entry in str(settings["resource_directory.members"]).split(",") if entry.strip())
    return {account.strip(): path.strip() for account, _equals, path in (entry.partition("=") for entry in entries)}
