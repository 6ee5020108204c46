# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's switch of Session Manager. Private."""

from __future__ import annotations

from .._cloud.door import Cloud, dig

_CONFIG = "SessionManagerConfig"
_KIND = "session_manager"


def session_manager_is_on(cloud: Cloud) -> bool:
    """Whether sessions can be begun in this account; in a check run as earlier tasks would have left it.

    An account that never switched it, of which the API tells nothing, has it off.
    """
    if (foretold := cloud.foretold.find(_KIND, _KIND)) is not None:
        return bool(foretold["on"])
    answer = cloud.call("ecs", "DescribeCloudAssistantSettings", SettingType=[_CONFIG])
    return str(dig(answer, f"{_CONFIG}.SessionManagerEnabled")).lower() == "true"


def switch_session_manager(cloud: Cloud, on: bool) -> None:
    """Switch Session Manager on or off, for all regions of the account."""
    config = {"SessionManagerEnabled": on}
    cloud.call("ecs", "ModifyCloudAssistantSettings", {_CONFIG: config}, SettingType=_CONFIG)


def foretell_session_manager(cloud: Cloud, on: bool) -> None:
    """Let later tasks of a check run find it so."""
    cloud.foretold.would_change(_KIND, _KIND, _KIND, global_=True, on=on)
