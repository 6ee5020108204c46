# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that a rule can name instead of a protocol and ports. Private.

Source: ECS Security guide, "Typical applications of commonly used ports", and for C(postgresql) and C(redis) the
protocol types in "Add security group rules". That guide's SQL Server has two rows; the second one, the UDP port that
tells about the first, has a name of its own here, so that nobody opens it without knowing.
"""

from __future__ import annotations

#: Name -> protocol and port ranges, as Alibaba Cloud writes them.
SERVICES: dict[str, tuple[tuple[str, str], ...]] = {
    "ftp": (("tcp", "21/21"),),
    "ssh": (("tcp", "22/22"),),
    "telnet": (("tcp", "23/23"),),
    "smtp": (("tcp", "25/25"),),
    "http": (("tcp", "80/80"),),
    "pop3": (("tcp", "110/110"),),
    "netbios": (("udp", "137/138"), ("tcp", "139/139")),
    "imap": (("tcp", "143/143"),),
    "https": (("tcp", "443/443"),),
    "mssql": (("tcp", "1433/1433"),),
    "mssql_browser": (("udp", "1434/1434"),),
    "oracle": (("tcp", "1521/1521"),),
    "mysql": (("tcp", "3306/3306"),),
    "rdp": (("tcp", "3389/3389"),),
    "postgresql": (("tcp", "5432/5432"),),
    "redis": (("tcp", "6379/6379"),),
    "proxy": (("tcp", "8080/8080"),),
}
