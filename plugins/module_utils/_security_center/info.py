# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The security status of servers, behind C(security_center_info). Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._core.summary import counted
from . import findings, servers
from .servers import PRODUCT, Server

_PARTS = ["alerts", "vulnerabilities", "risks"]

INFO_SPEC: dict[str, dict[str, t.Any]] = {
    **servers.SPEC,
    "gather": {"type": "list", "elements": "str", "choices": _PARTS, "default": _PARTS},
    "alert_levels": {"type": "list", "elements": "str", "choices": findings.LEVELS},
    "vulnerability_types": {
        "type": "list",
        "elements": "str",
        "choices": findings.TYPES,
        "default": findings.TYPES,
    },
}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(security_center_info) returns.

    :raises InvalidInput: what is no ID of an instance
    """
    ids = servers.wanted_ids(cloud, options)
    found = servers.read(cloud, ids)
    named = None if ids is None else [one["uuid"] for one in found if one["uuid"]]
    # Without the agent nothing is found, and of nobody nothing has to be asked.
    seen = {part: _part(cloud, options, part, named) if found else [] for part in options["gather"]}
    number = cloud.call(PRODUCT, "DescribeVersionConfig").get("Version")
    of_servers = [{**one, **{part: _its(one, seen.get(part)) for part in _PARTS}} for one in found]
    return {
        "edition": servers.edition(number),
        "servers": of_servers,
        "unprotected": [one["instance_id"] for one in found if not one["protected"]],
        "serious_alerts": sum(len(_serious(one)) for one in of_servers),
        "summary": _summary(of_servers, options["gather"]),
    }


def _part(cloud: Cloud, options: t.Mapping[str, t.Any], part: str, uuids: list[str] | None) -> list[findings.Found]:
    if part == "alerts":
        return findings.alerts(cloud, uuids, options["alert_levels"])
    if part == "vulnerabilities":
        return findings.vulnerabilities(cloud, uuids, options["vulnerability_types"])
    return findings.risks(cloud, uuids)


def _its(server: Server, found: list[findings.Found] | None) -> list[findings.Found] | None:
    """What was found on a server; None where nobody looked."""
    if found is None:
        return None
    return [
        {name: value for name, value in one.items() if name not in ("uuid", "instance_id")}
        for one in found
        if one["uuid"] is not None and one["uuid"] == server["uuid"]
    ]


def _serious(server: Server) -> list[findings.Found]:
    return [one for one in server["alerts"] or () if one["level"] == "serious"]


def _summary(of_servers: list[Server], parts: t.Sequence[str]) -> str:
    protected = sum(one["protected"] for one in of_servers)
    numbers = [
        counted(sum(len(one[part]) for one in of_servers), "baseline risks" if part == "risks" else part)
        for part in _PARTS
        if part in parts
    ]
    return ", ".join([f"{protected} of {counted(len(of_servers), 'servers')} protected", *numbers])
