# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be chosen about the local cloud's behaviour.

A service declares its settings where it uses them, at import time::

    define("instance.starting_seconds", 3.0, "how long an instance is Starting")

and reads them with ``call.settings["instance.starting_seconds"]``. The type of the default is the type of the setting.
"""

from __future__ import annotations

import difflib
import re
import typing as t
from dataclasses import dataclass

from local_cloud import COMMAND

if t.TYPE_CHECKING:
    from local_cloud.store import Store

Value = bool | int | float | str

#: 31 years of seconds, and more than there can be of anything
_MOST = 10**9
#: what may be below 0
_SIGNED = ("clock_ahead_seconds",)
#: of HTTP
_STATUSES = (200, 599)


@dataclass(frozen=True)
class Setting:
    name: str
    default: t.Any
    help: str
    choices: tuple[t.Any, ...] = ()
    form: str = ""


DEFINED: dict[str, Setting] = {}


def define(name: str, default: Value, help: str, choices: t.Sequence[Value] = (), *, form: str = "") -> None:
    """Declare a setting: its name, default (which gives the type), one line of help, and the values allowed if few.

    :param form: a regular expression that a text has to fit
    """
    setting = Setting(name, default, help, tuple(choices), form)
    if DEFINED.get(name, setting) != setting:
        raise RuntimeError(f"setting {name} is defined twice, differently")
    DEFINED[name] = setting


class Settings:
    """The values in force: defaults, and what was set, which persists in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._set: dict[str, t.Any] = store.variable("settings") or {}

    def __getitem__(self, name: str) -> t.Any:
        return self._set[name] if name in self._set else DEFINED[name].default

    def get(self, name: str, default: t.Any = None) -> t.Any:
        """The value, or ``default`` when no service defined such a setting."""
        return self[name] if name in DEFINED or name in self._set else default

    def set(self, name: str, value: t.Any) -> None:
        """Change a setting; text is converted to the setting's type.

        :raises ValueError: no such setting, or the value doesn't fit; says what is possible.
        """
        if name not in DEFINED:
            near = difflib.get_close_matches(name, DEFINED, n=3, cutoff=0.7)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ValueError(f"there is no setting {name!r}{hint} ({COMMAND} settings lists all)")
        self._set[name] = _convert(DEFINED[name], value)
        self._store.set_variable("settings", self._set)

    def reset(self) -> None:
        """Back to the defaults."""
        self._set = {}
        self._store.set_variable("settings", self._set)

    def all(self) -> dict[str, dict[str, t.Any]]:
        """Each setting with value, default and help."""
        return {
            name: {"value": self[name], "default": setting.default, "help": setting.help}
            for name, setting in sorted(DEFINED.items())
        }


def _convert(setting: Setting, value: t.Any) -> t.Any:
    kind = type(setting.default)
    converted: t.Any = None
    if kind is bool:
        converted = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
            str(value).lower()
        )
    elif kind is str:
        converted = str(value)
        converted.encode()  # half a surrogate pair could not be kept
    else:
        try:
            converted = kind(value)
        except (TypeError, ValueError, OverflowError):
            converted = None
        else:
            _check_range(setting, converted)
    if converted is None:
        raise ValueError(f"setting {setting.name} takes a {kind.__name__}, not {value!r}")
    if setting.choices and converted not in setting.choices:
        raise ValueError(f"setting {setting.name} is one of {', '.join(map(str, setting.choices))}, not {value!r}")
    if setting.form and not re.fullmatch(setting.form, converted):
        raise ValueError(f"setting {setting.name} looks like {setting.default!r}, not like {value!r}")
    return converted


def _check_range(setting: Setting, number: float) -> None:
    """:raises ValueError: a date that is so many seconds away, or a status, could not be written"""
    least, most = (-_MOST if setting.name in _SIGNED else min(0, setting.default)), _MOST
    if setting.name.endswith("_status") and setting.default >= _STATUSES[0]:
        least, most = _STATUSES
    if not least <= number <= most:  # nor is it a number if it is neither less nor more
        raise ValueError(f"setting {setting.name} is a number from {least} to {most}, not {number}")
