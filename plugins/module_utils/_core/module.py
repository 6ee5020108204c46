# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every cloud module is made: argument specification, blank values, check mode. Private."""

from __future__ import annotations

import json
import sys
import typing as t
from collections.abc import MutableMapping

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.validation import (
    check_mutually_exclusive,
    check_required_by,
    check_required_one_of,
)

from .._cloud import texts
from .._cloud.hidden import hide
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


Secrets = t.Callable[[t.Mapping[str, t.Any]], t.Iterable[str]]

#: Options whose empty text says that there shall be none. Where that cannot be had, the planner says so.
_CLEARED = frozenset({"description", "comments"})
#: Lists that narrow down what a task does: a blank one must not come to mean everything, so it is an empty list.
_NARROWING = frozenset({"alert_ids", "event_ids", "expected", "template_cidr", "template_login_cidr"})


class _Module(AnsibleModule):
    """Core's, which tidies lists before it compares their elements with C(choices).

    :ivar complaint: what no option can have, to be said when secrets are known
    """

    complaint = ""
    params: dict[str, t.Any]

    def __init__(self, secrets: Secrets, **how: t.Any) -> None:
        self._secrets = secrets
        super().__init__(**how)

    def _load_params(self) -> None:
        super()._load_params()
        # Before core complains of an option and shows all of them, and before it tells the journal of them.
        hide(self, self._secrets(self.params))
        endpoint = self.params.get("endpoint_url")
        if isinstance(endpoint, str) and "@" in endpoint:
            hide(self, (endpoint, endpoint.strip()))  # it is refused, but may have a password in it
        tidy_lists(self.params, self.argument_spec)
        self.complaint = texts.complaint(self.params, self.argument_spec)
        if self.complaint:
            self.params = texts.survivable(self.params)
            texts.without_scalars(self.params, self.argument_spec)

    def _record_module_result(self, o: dict[str, t.Any]) -> None:
        # Core's encoder looks at each value; what JSON knows becomes the same text by Python's, which refuses the rest.
        try:
            text = json.dumps(o)
        except TypeError:
            super()._record_module_result(o)
        else:
            sys.stdout.write(f"\n{text}\n")

    def fail_json(self, msg: str, **kwargs: t.Any) -> None:
        """Fail, with the complaint where there is one: core would put it in other words, or into none."""
        super().fail_json(self.complaint or msg, **kwargs)


def create(
    argument_spec: dict[str, dict[str, t.Any]], secrets: Secrets = lambda _given: (), **constraints: t.Any
) -> AnsibleModule:
    """The module, with the connection options added and blank values turned into None.

    A survey or an optional credential field hands over an empty string for what was not given, so an empty string means
    that here too; for a required option it is refused. That is why constraints are checked here and not by
    AnsibleModule, to which a blank name is a name: state=absent without any would mean everything. An empty description
    or comment is one: it says that there shall be none.

    :param secrets: what of the options as they were given may be shown nowhere, besides those with C(no_log)
    """
    together = [(check, constraints.pop(name)) for name, check in _CONSTRAINTS.items() if name in constraints]
    spec = {**CONNECTION_SPEC, **FORETOLD_SPEC, **argument_spec}
    module = _Module(secrets, argument_spec=spec, supports_check_mode=True, **constraints)
    if complaint := module.complaint or texts.complaint(module.params, module.argument_spec):
        module.fail_json(msg=complaint)
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
    """Set blank values to None and tidy lists, in place; returns the names of the blank options.

    :param params: options that were checked
    """
    tidy_lists(params, spec)
    for name in _CLEARED.intersection(spec):
        if isinstance(params.get(name), str):
            params[name] = params[name].strip()
    for name in _NARROWING.intersection(spec):
        if params.get(name) is not None and blank(params[name]):
            params[name] = []
    found = [name for name in spec if name not in _CLEARED and params.get(name) is not None and blank(params[name])]
    for name in found:
        params[name] = spec[name].get("default")
    return found


def blank(value: t.Any) -> bool:
    """Whether a value counts as not given."""
    return value in (None, "", [""]) or (isinstance(value, str) and not value.strip())


def tidy_lists(params: dict[str, t.Any], spec: t.Mapping[str, t.Any]) -> None:
    """Give every list of texts the form in which it is meant, in place: this is the one rule of all modules for them.

    People write C("a, b") with a blank behind the comma, surveys leave blank entries, and lists that were put together
    name a thing twice: what is around an element goes, a blank element goes, and each is there once, in the order
    given. The lists inside of options are tidied, too.

    :param params: options as they were given, or as they were checked
    """
    _tidy(params, _listed(spec))


#: A key that a list may be given by; for a list of options of their own, the same of those, and None for one of texts.
_Listed = list[tuple[str, "_Listed | None"]]


def _listed(spec: t.Mapping[str, t.Any]) -> _Listed:
    """What of the options has lists of texts, however deep."""
    found: _Listed = []
    for name, option in spec.items():
        texts_only = option.get("elements") == "str"
        inner = None if texts_only else _listed(option.get("options") or {})
        if texts_only or inner:
            found += [(key, inner) for key in (name, *option.get("aliases", ()))]
    return found


def _tidy(params: dict[str, t.Any], listed: _Listed) -> None:
    for key, inner in listed:
        value = params.get(key)
        if value is not None:
            params[key] = _without_doubles(value) if inner is None else _tidied(value, inner)


def _without_doubles(value: t.Any) -> t.Any:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)):
        return value
    stripped = [one.strip() if isinstance(one, str) else one for one in given]
    if len(stripped) == 1:
        return stripped
    once = {repr(one): one for one in stripped if one != ""}
    return list(once.values()) or stripped[:1]


def _tidied(value: t.Any, inner: _Listed) -> t.Any:
    if isinstance(value, (list, tuple)):
        return [_tidied(one, inner) for one in value]
    if not isinstance(value, MutableMapping):
        return value
    tidied = dict(value)
    _tidy(tidied, inner)
    return tidied
