# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run calls, and as whom, noted for the callback C(ram_policy). Private to this collection.

Results of tasks are not enough: with C(no_log) nothing of them reaches a callback, and lookups, the inventory and the
connection have none.
"""

from __future__ import annotations

import re
import typing as t

from ansible import constants

from ..module_utils._cloud.errors import AlitrustError
from ..module_utils._cloud.options import CONNECTION_SPEC, Connection
from ..module_utils._ram.run_policy import Calls
from ._run_file import RunFile

if t.TYPE_CHECKING:
    from ..module_utils._cloud.door import Cloud

#: The callback that reads it. Without it nothing is noted.
CALLBACK = "alitrust.ecs.ram_policy"

_kept = RunFile("alitrust-calls.jsonl")
_CALL = re.compile(r"[a-z][a-z-]*:[A-Z]\w*")


def of_door(cloud: Cloud) -> None:
    """Note what a door has called so far."""
    of_connection(cloud.connection, cloud.api_calls, cloud.passed_roles)


def of_result(result: t.Mapping[str, t.Any], arguments: t.Mapping[str, t.Any]) -> None:
    """Note what a task has called, by its result.

    :param arguments: those of the task
    """
    calls = calls_in(result)
    if not calls or not _is_wanted():
        return
    try:
        connection = Connection.from_options({name: arguments.get(name) for name in CONNECTION_SPEC})
    except AlitrustError:  # it can be in order where the task runs
        _note("", "credentials that are known elsewhere only", None, calls, roles_in(result))
    else:
        of_connection(connection, calls, roles_in(result))


def of_connection(connection: Connection, calls: t.Iterable[str], roles: t.Iterable[str] = ()) -> None:
    """Note calls that were or will be made through a connection."""
    _note(connection.account, connection.whose, connection.ram_role_arn, calls, roles)


def _note(account: str, whose: str, assumed: str | None, calls: t.Iterable[str], roles: t.Iterable[str]) -> None:
    called = sorted(calls)
    if called and _is_wanted():
        who = {"account": account, "whose": whose, "assumed": assumed}
        _kept.add([{**who, "calls": called, "roles": sorted(roles)}])


def calls_in(result: t.Mapping[str, t.Any]) -> set[str]:
    """The calls that a result tells of."""
    told = result.get("api_calls")
    return {one for one in told if isinstance(one, str) and _CALL.fullmatch(one)} if isinstance(told, dict) else set()


def roles_in(result: t.Mapping[str, t.Any]) -> set[str]:
    """The RAM roles that a result tells were given to instances."""
    told = result.get("passed_roles")
    return {one for one in told if isinstance(one, str)} if isinstance(told, list) else set()


def noted() -> list[Calls]:
    """What was noted in this run, for each set of credentials, in the order of their first calls."""
    found: dict[str, Calls] = {}
    for record in _kept.records():
        one = found.setdefault(record["account"], Calls(record["whose"], assumed=record["assumed"]))
        one.calls.update(record["calls"])
        one.roles.update(record["roles"])
    return list(found.values())


def _is_wanted() -> bool:
    return CALLBACK in constants.CALLBACKS_ENABLED
