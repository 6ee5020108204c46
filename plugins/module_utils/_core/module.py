# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every cloud module is made: argument specification, blank values, check mode. Private."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.validation import (
    check_mutually_exclusive,
    check_required_by,
    check_required_one_of,
)

from .._cloud.options import CONNECTION_SPEC

#: Tags as every module that manages tagged things takes them.
TAGS_SPEC: dict[str, dict[str, t.Any]] = {
    "tags": {"type": "dict"},
    "purge_tags": {"type": "bool", "default": True},
}
#: How the action plugin tells a task what those before it have foretold in check mode.
FORETOLD_SPEC: dict[str, dict[str, t.Any]] = {"foretold": {"type": "list", "elements": "dict"}}
WAIT_SPEC: dict[str, dict[str, t.Any]] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
}

#: What can be said about options together.
_CONSTRAINTS: dict[str, t.Callable[[t.Any, dict[str, t.Any]], t.Any]] = {
    "required_one_of": check_required_one_of,
    "mutually_exclusive": check_mutually_exclusive,
    "required_by": check_required_by,
}


def create(argument_spec: dict[str, dict[str, t.Any]], **constraints: t.Any) -> AnsibleModule:
    """The module, with the connection options added and blank values turned into None.

    A survey or an optional credential field hands over an empty string for what was not given, so an empty string means
    that here too; for a required option it is refused. That is why constraints are checked here and not by
    AnsibleModule, to which a blank name is a name: state=absent without any would mean everything.
    """
    together = [(check, constraints.pop(name)) for name, check in _CONSTRAINTS.items() if name in constraints]
    spec = {**CONNECTION_SPEC, **FORETOLD_SPEC, **argument_spec}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **constraints)
    blanks = without_blanks(module.params, module.argument_spec)
    missing = [name for name in blanks if module.argument_spec[name].get("required")]
    if missing:
        module.fail_json(msg=f"{', '.join(missing)}: a value is required, but it is blank.")
    given = {name: value for name, value in module.params.items() if value is not None}
    try:
        for check, terms in together:
            check(terms, given)
    except TypeError as error:
        module.fail_json(msg=str(error))
    return module


def without_blanks(params: dict[str, t.Any], spec: dict[str, t.Any]) -> list[str]:
    """Set blank values to None, in place; returns the names of these options.

    Lists of text may come as text with commas, and people put blanks behind those.
    """
    for name, option in spec.items():
        if option.get("elements") == "str" and isinstance(params.get(name), list):
            trimmed = [one.strip() if isinstance(one, str) else one for one in params[name]]
            params[name] = [one for one in trimmed if one != ""] or trimmed[:1]
    found = [name for name in spec if params.get(name) is not None and blank(params[name])]
    for name in found:
        params[name] = spec[name].get("default")
    return found


def blank(value: t.Any) -> bool:
    """Whether a value counts as not given."""
    return value in (None, "", [""]) or (isinstance(value, str) and not value.strip())
