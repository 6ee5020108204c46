# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that mend what an audit found, as YAML to paste into a playbook. Private to this collection."""

from __future__ import annotations

import re
import typing as t
from functools import lru_cache

import yaml

Item = dict[str, t.Any]

#: Longest line.
_WIDTH = 96
_PLACEHOLDER_OPEN = ("{{", "{%", "{#")
#: What a mending task leaves for the user to fill in.
_PLACEHOLDERS = frozenset(
    "{{ " + name + " }}"
    for name in (
        "admin_networks",
        "key_pair",
        "kms_key_id",
        "new_name",
        "recipient_accounts",
        "shared_keys",
        "trusted_image_id",
        "wanted_rules",
    )
)


class _Unsafe(str):
    """Text from the cloud that Ansible must not take for a template when a user pastes it into a playbook."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> t.Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


# Before ansible-core 2.19, text of others is of a class of its own.
_Dumper.add_multi_representer(str, lambda dumper, text: dumper.represent_str(str.__str__(text)))
_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def tasks(finding: Item) -> str:
    """The tasks that mend a finding, as YAML to paste into a playbook."""
    listed = [{"name": finding["title"], task["module"]: _marked(task["options"])} for task in finding["mend"]]
    if not listed:
        return ""
    try:
        return "".join(_lines(listed, ""))
    except _ElaborateError:
        return dumped(listed)


def dumped(value: t.Any, width: float = _WIDTH) -> str:
    """A value as YAML, whatever is in it."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)


def _marked(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, str) and value not in _PLACEHOLDERS and any(mark in value for mark in _PLACEHOLDER_OPEN):
        return _Unsafe(value)
    return value


# ---------------------------------------------------------------------- what is simple, in a tenth of the time


class _ElaborateError(Exception):
    """There is something that only the whole emitter knows how to write."""


#: Text that stands in YAML as it is, in one line; what means something else is in the next.
_BARE = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./]|-(?=[A-Za-z0-9]))*", re.ASCII)
_WORDS = ("true", "false", "yes", "no", "on", "off", "null")


def _is_bare(text: str) -> bool:
    return _BARE.fullmatch(text) is not None and text.lower() not in _WORDS


def _lines(value: t.Any, margin: str) -> t.Iterator[str]:
    """The lines of a list or dictionary, of thousands of IDs mostly, as C(dumped) writes them.

    :raises _ElaborateError: it has something else in it than lists, dictionaries, short texts, whole numbers, booleans
    """
    if value.__class__ is dict:
        for key, item in value.items():
            if key.__class__ is not str or len(key) > _WIDTH or not _is_bare(key):
                raise _ElaborateError
            yield from _entry(f"{margin}{key}:", item, f"{margin}  ")
        return
    for item in value:
        if item.__class__ is list:
            raise _ElaborateError
        if item.__class__ is dict and item:
            # Its first line begins where the dash would be.
            first, *others = _lines(item, f"{margin}  ")
            yield f"{margin}- {first[len(margin) + 2 :]}"
            yield from others
        else:
            yield from _entry(f"{margin}-", item, margin)


def _entry(lead: str, value: t.Any, margin: str) -> t.Iterator[str]:
    if value.__class__ in (dict, list) and value:
        yield f"{lead}\n"
        yield from _lines(value, margin)
    else:
        yield f"{lead} {_scalar(value, _WIDTH - len(lead) - 1)}\n"


def _scalar(value: t.Any, room: int) -> str:
    if value.__class__ is not str:
        if value.__class__ not in (bool, int, dict, list):
            raise _ElaborateError
        return _written(value)
    if _is_bare(value):
        return value
    if len(value) > room or not value.isprintable():
        raise _ElaborateError
    text = _written_text(value)
    if len(text) > room:
        raise _ElaborateError
    return text


def _written(value: t.Any) -> str:
    return dumped(value).removesuffix("\n").removesuffix("\n...")


@lru_cache(maxsize=1024)
def _written_text(value: str) -> str:
    return _written(value)
