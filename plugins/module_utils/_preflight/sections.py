# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that are looked at, with their options: checked by type, each fault on its own. Private; pure."""

from __future__ import annotations

import contextlib
import copy
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict

from .._assistant import session_manager
from .._core.module import blank, tidy_lists, without_blanks
from .._core.resource import Resource
from .._instance import options as instance_options
from .._instance.instance import TrustedInstance
from .._keypair import keypair
from .._kms import key as kms_key
from .._kms import service, share_role
from .._network import vpc
from .._ram import instance_role
from .._security_group import group, rules
from .._ssh.key import is_private
from .lacks import Lacks

Spec = t.Mapping[str, t.Mapping[str, t.Any]]
Options = dict[str, t.Any]

#: What C(preflight_info) takes besides.
SPEC: dict[str, dict[str, t.Any]] = {
    "variables": {
        "type": "list",
        "elements": "dict",
        "options": {
            "specification": {"type": "dict", "required": True},
            "values": {"type": "dict", "required": True},
        },
    },
    "called": {"type": "dict", "default": {}},
    "check_rights": {"type": "bool", "default": True},
    "fail": {"type": "bool", "default": False},
}
#: How much of a value a message shows, in characters.
_LONGEST = 100
_EXPECTED = {
    "bool": "true or false",
    "dict": "a mapping",
    "float": "a number",
    "int": "a whole number",
    "json": "JSON",
    "list": "a list",
    "path": "a path",
    "str": "text",
}
#: Values for options that were refused, where the default would only lead to one more complaint.
STAND_INS: dict[str, t.Any] = {"count": 1}
#: What something is expected to be, where its type says little.
_SUCH_AS = {
    "cidr_block": "a network such as 172.16.0.0/16",
    "zone_id": "a zone such as cn-hangzhou-h",
}


class Section(t.NamedTuple):
    """One module: the options it takes, and what it manages.

    :ivar name: of the module, and of the option that has its options
    """

    name: str
    spec: Spec
    constraints: t.Mapping[str, t.Any]
    resource: type[Resource[t.Any]]


#: In the order in which the modules run.
SECTIONS: tuple[Section, ...] = (
    Section("kms_service", service.SPEC, {}, service.KmsService),
    Section("kms_key", kms_key.SPEC, {}, kms_key.KmsKey),
    Section("session_manager", session_manager.SPEC, {}, session_manager.SessionManager),
    Section("instance_ram_role", instance_role.SPEC, {}, instance_role.InstanceRamRole),
    Section("vpc", vpc.SPEC, vpc.CONSTRAINTS, vpc.Vpc),
    Section("security_group", group.SPEC, group.CONSTRAINTS, group.SecurityGroup),
    Section("sg_rule", rules.SPEC, rules.CONSTRAINTS, rules.SecurityGroupRules),
    Section("keypair", keypair.SPEC, {}, keypair.KeyPair),
    Section("kms_share_role", share_role.SPEC, {}, share_role.KmsShareRole),
    Section("trusted_instance", instance_options.SPEC, instance_options.CONSTRAINTS, TrustedInstance),
)
SPEC |= {section.name: {"type": "dict", "no_log": False} for section in SECTIONS}


def secrets_of(given: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """The secrets among the options of all modules: as they were given, and as they look in what core tells the journal
    of a dictionary.
    """
    for section in SECTIONS:
        options = given.get(section.name)
        if isinstance(options, str):
            with contextlib.suppress(TypeError):
                options = check_type_dict(options)
        if not isinstance(options, dict):
            continue
        for name, one in section.spec.items():
            for key in (name, *one.get("aliases", ())):
                value = options.get(key)
                if isinstance(value, str) and value and (one.get("no_log") or is_private(value)):
                    yield from {value, value.strip(), repr(value)[1:-1], json.dumps(value)[1:-1]} - {""}


def read(section: Section, given: t.Mapping[str, t.Any], lacks: Lacks) -> tuple[Options | None, set[str]]:
    """The options of a module as it would have them, and the names of those that it would refuse.

    What is refused is replaced, so that the rest can be looked at; None where that is not possible.
    """
    names = {alias: name for name, one in section.spec.items() for alias in (name, *one.get("aliases", ()))}
    for key in given:
        if key not in names:
            lacks.add(f"{section.name}.{key}", f"The module {section.name} has no option {key}.")
    values = {names[key]: value for key, value in given.items() if key in names and not blank(value)}
    tidy_lists(values, section.spec)
    refused: set[str] = set()
    useless = False
    for name, one in section.spec.items():
        path = f"{section.name}.{name}"
        if name not in values:
            if one.get("required"):
                lacks.add(path, f"{{{path}}} is not given.", what_to_do=f"Set {{{path}}}.")
                useless = True
        elif not _fits(path, one, values[name], lacks):
            refused.add(name)
            values.pop(name)
            useless = useless or bool(one.get("required"))
            if name in STAND_INS:
                values[name] = STAND_INS[name]
        else:
            values[name] = _filled(one, values[name], path, lacks, refused, name)
    if useless:
        return None, refused
    result = ArgumentSpecValidator(dict(section.spec), **section.constraints).validate(values)
    for message in result.error_messages:
        lacks.add(section.name, message)
    if result.error_messages:
        return None, refused
    options: Options = result.validated_parameters
    without_blanks(options, dict(section.spec))
    return options, refused


def check_variables(spec: Spec, values: t.Mapping[str, t.Any], lacks: Lacks) -> None:
    """The variables of a role by its argument specification."""
    for name, one in spec.items():
        value = values.get(name)
        if name not in values or (blank(value) and (_is_text(one) or one.get("default") is None)):
            if one.get("required"):
                lacks.add(name, f"{name} is not given.", what_to_do=f"Set {name}.")
                lacks.refuse(name)
        elif not _fits(name, one, value, lacks):
            lacks.refuse(name)


def _is_text(spec: t.Mapping[str, t.Any]) -> bool:
    return spec.get("type", "str") in ("str", "path") or spec.get("elements") == "str"


def _fits(path: str, spec: t.Mapping[str, t.Any], value: t.Any, lacks: Lacks) -> bool:
    """Whether a value is of the type that an option has, with a word for each part of it that is not."""
    before = lacks.told
    inner = spec.get("options")
    if inner and isinstance(value, t.Mapping):
        _fits_inside(path, inner, value, lacks)
    elif inner and spec.get("type") == "list" and isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            if isinstance(one, t.Mapping):
                _fits_inside(f"{path}[{index}]", inner, one, lacks)
            else:
                lacks.add(
                    f"{path}[{index}]", f"{_who(path)}[{index}] is {_shown(spec, one)}", expected=_EXPECTED["dict"]
                )
    elif value is None:
        lacks.add(path, f"{_who(path)} is null", expected=_expected(spec))
    else:
        plain = {key: value for key, value in spec.items() if key in ("type", "elements", "choices")}
        if plain.get("type") == "raw":
            return True
        if plain.get("type", "str") == "str" and isinstance(value, (dict, list)):
            kind = "list" if isinstance(value, list) else "mapping"
            lacks.add(path, f"{_who(path)} is a {kind}", expected=_EXPECTED["str"])
        elif ArgumentSpecValidator({"value": plain}).validate({"value": copy.deepcopy(value)}).error_messages:
            lacks.add(path, f"{_who(path)} is {_shown(spec, value)}", expected=_expected(spec))
    return lacks.told == before


def _shown(spec: t.Mapping[str, t.Any], value: t.Any) -> str:
    """A value in a message: no secret, and not all of a long one."""
    if spec.get("no_log") or is_private(str(value)):
        return "of another kind"
    shown = repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _fits_inside(path: str, spec: Spec, value: t.Mapping[str, t.Any], lacks: Lacks) -> None:
    for key, one in value.items():
        if key not in spec:
            lacks.add(f"{path}.{key}", f"There is no {key}; it can have {', '.join(sorted(spec))}.")
        elif not blank(one):
            _fits(f"{path}.{key}", spec[key], one, lacks)


def _filled(spec: t.Mapping[str, t.Any], value: t.Any, path: str, lacks: Lacks, refused: set[str], name: str) -> t.Any:
    """The value with something in place of what has to be given inside it and is not."""
    inner = spec.get("options")
    if not inner or not isinstance(value, (list, tuple, dict)):
        return value
    several = isinstance(value, (list, tuple))
    filled = []
    for index, one in enumerate(value if several else [value]):
        missing = [key for key, option in inner.items() if option.get("required") and blank(one.get(key))]
        for key in missing:
            where = f"{path}[{index}].{key}" if several else f"{path}.{key}"
            lacks.add(where, f"{{{where}}} is not given.", what_to_do=f"Set {{{where}}}{_such_as(key)}.")
            refused.add(name)
        filled.append({**one, **dict.fromkeys(missing, "not-given")})
    return filled if several else filled[0]


def _who(path: str) -> str:
    """An option by the name that the user knows it by; the name of a variable is that already."""
    return f"{{{path}}}" if "." in path else path


def _such_as(key: str) -> str:
    return f" to {_SUCH_AS[key]}" if key in _SUCH_AS else ""


def _expected(spec: t.Mapping[str, t.Any]) -> str:
    kind = str(spec.get("type", "str"))
    if spec.get("choices"):
        choices = [str(one).lower() if isinstance(one, bool) else str(one) for one in spec["choices"] if one != ""]
        return f"{'of ' if kind == 'list' else 'one of '}{', '.join(choices)}"
    if spec.get("elements"):
        return f"a list, each element {_EXPECTED.get(str(spec['elements']), spec['elements'])}"
    return _EXPECTED.get(kind, kind)
