# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the caller's environment tests and demo may see: nothing that leads to somebody's cloud."""

from __future__ import annotations

import os
import typing as t

#: Names, or how names begin, of what says where the cloud is, who calls it, and how Ansible does it.
_ELSEWHERE = (
    "ALIBABA_CLOUD_",
    "ALIBABACLOUD_",
    "ALICLOUD_",
    "ALIYUN_",
    "ALITRUST_",
    "ANSIBLE_",
    "AWX_",
    "CONTROLLER_",
    "MOLECULE_",
    "TOWER_",
)
#: These are about the development of this project only.
_OURS = (
    "ALITRUST_BENCH_AUDIT_GROUPS",
    "ALITRUST_BENCH_AUDIT_INSTANCES",
    "ALITRUST_BENCH_CONFIGURE_HOSTS",
    "ALITRUST_BENCH_HOSTS",
    "ALITRUST_BENCH_ROUNDS",
    "ALITRUST_BENCH_TASKS",
    "ALITRUST_CACHE",
    "ALITRUST_DEMO_COLLECTIONS",
    "ALITRUST_DEMO_STATE",
    "ALITRUST_LONG",
    "ALITRUST_NEWEST",
    "ALITRUST_RECORD_ANSWERS",
    "ALITRUST_RECORD_POLICIES",
)
# What a test asks of this machine goes past the caller's proxies, which downloads need. The collection itself sees to
# that; this is for the programs that know no better.
_THIS_MACHINE = "localhost,127.0.0.1,127.0.0.0/8,::1,100.100.100.200"


def leading_elsewhere(names: t.Iterable[str]) -> list[str]:
    """Those of the names of variables that could lead to another cloud than a test's own."""
    return sorted(name for name in names if name.startswith(_ELSEWHERE) and name not in _OURS)


def proxies(names: t.Iterable[str]) -> list[str]:
    """Those of the names of variables that say which proxy to take, or not to."""
    return sorted(name for name in names if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"))


def past_proxies(environ: t.Mapping[str, str]) -> dict[str, str]:
    """The variables NO_PROXY of an environment, in both spellings and with this machine in them."""
    given = environ.get("no_proxy") or environ.get("NO_PROXY")
    return dict.fromkeys(("no_proxy", "NO_PROXY"), f"{given},{_THIS_MACHINE}" if given else _THIS_MACHINE)


def harmless(environ: t.Mapping[str, str]) -> dict[str, str]:
    """The environment without what leads elsewhere, and past proxies. The home folder is another's task."""
    away = set(leading_elsewhere(environ))
    return {name: value for name, value in environ.items() if name not in away} | past_proxies(environ)


if __name__ == "__main__":  # dev/demo asks what it must forget
    print(" ".join(leading_elsewhere(os.environ)))
