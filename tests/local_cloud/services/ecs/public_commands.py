# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public commands of Cloud Assistant that the local cloud has."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import typing as t
from dataclasses import dataclass

from local_cloud.framework import Call
from local_cloud.services.ecs.common import Record, invalid
from local_cloud.settings import define

define("ecs.temporary_key_seconds", 60.0, "how long ACS-ECS-SendSshPublicKey-linux lets a key in (UNCERTAIN)")
define(
    "ecs.instance_connect_installed",
    True,
    "whether the agents have the plugin config_ecs_instance_connect, which ACS-ECS-SendSshPublicKey-linux needs",
)

# sshd looks into authorized_keys2, too, and itself lets no key in that has expired.
_SEND_KEY = """#!/bin/sh
home=$(getent passwd {user} | cut -d: -f6)
[ -n "$home" ] || {{ echo "there is no user "{user} >&2; exit 1; }}
umask 077
mkdir -p "$home/.ssh"
printf '%s\\n' {line} >> "$home/.ssh/authorized_keys2"
chown {user}: "$home/.ssh" "$home/.ssh/authorized_keys2"
"""
_NO_PLUGIN = "#!/bin/sh\necho 'the plugin config_ecs_instance_connect is not installed' >&2\nexit 1\n"
_KEY = re.compile(r"(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\n]*)?")


@dataclass(frozen=True)
class PublicCommand:
    """A command that every account has. ``script`` makes it from a call and its parameters."""

    name: str
    script: t.Callable[[Call, Record], bytes]

    @property
    def id(self) -> str:
        return f"cmd-{self.name}.sh"


def find(command_id: str) -> PublicCommand | None:
    """A public command by its id or name."""
    return next((one for one in _COMMANDS if command_id in (one.id, one.name)), None)


def _send_key(call: Call, parameters: Record) -> bytes:
    """
    :raises ApiError: the parameters aren't a user's name and a public key
    """
    user, key = str(parameters.get("username") or ""), str(parameters.get("sshPublicKey") or "").strip()
    if set(parameters) - {"username", "sshPublicKey"} or not re.fullmatch(r"[^\s:/]{1,64}", user):
        raise invalid("Parameters", "Expected username and sshPublicKey.")
    if not _KEY.fullmatch(key):
        raise invalid("Parameters", "sshPublicKey is no public key of OpenSSH.")
    if not call.settings["ecs.instance_connect_installed"]:
        return _NO_PLUGIN.encode()
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=call.settings["ecs.temporary_key_seconds"])
    line = f'expiry-time="{ends:%Y%m%d%H%M%SZ}" {key}'
    return _SEND_KEY.format(user=shlex.quote(user), line=shlex.quote(line)).encode()


_COMMANDS = (PublicCommand("ACS-ECS-SendSshPublicKey-linux", _send_key),)
