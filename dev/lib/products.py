# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SDK's product packages say of the operations that the collection calls.

C(_cloud/products.py) is made of it, so that a task need not import thousands of models. A unit test keeps the two
equal, and C(difference) is what the tests ask about each request that they see.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
import sys
import typing as t
from functools import cache
from pathlib import Path

import environment

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from local_cloud import sdk_models  # noqa: E402

TABLE = ROOT / "plugins" / "module_utils" / "_cloud" / "products.py"

#: product -> Python package
PACKAGES = {
    "antiddos-public": "alibabacloud_antiddos_public20170518",
    "ecs": "alibabacloud_ecs20140526",
    "ram": "alibabacloud_ram20150501",
    "kms": "alibabacloud_kms20160120",
    "sts": "alibabacloud_sts20150401",
    "vpc": "alibabacloud_vpc20160428",
    "resourcesharing": "alibabacloud_resourcesharing20200110",
    "sas": "alibabacloud_sas20181203",
    "trusted-server": "alibabacloud_trusted_server20200613",
}
_FILLED = ("ClientToken", "RegionId")
#: How every operation is called that is not said to be called otherwise.
_RULE = {
    "protocol": "HTTPS",
    "pathname": "/",
    "method": "POST",
    "auth_type": "AK",
    "style": "RPC",
    "req_body_type": "formData",
    "body_type": "json",
}
_WIDTH = 120


@cache
def client_class(product: str) -> t.Any:
    models(product)  # or the client imports all there are
    return importlib.import_module(f"{PACKAGES[product]}.client").Client


@cache
def models(product: str) -> t.Any:
    return sdk_models.models_of(PACKAGES[product])


def version(product: str) -> str:
    """The version of a product's API that its package is made for, for example C(2014-05-26)."""
    date = PACKAGES[product][-8:]
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


@cache
def _methods(product: str) -> dict[str, str]:
    """Normalised operation name -> method, because the SDK's snake case is not regular (C(create_vswitch))."""
    suffix = "with_options"  # not "_with_options": there is an assume_role_with_oidcwith_options
    names = (name for name in dir(client_class(product)) if name.endswith(suffix))
    return {name[: -len(suffix)].replace("_", ""): name for name in names}


def method(product: str, action: str) -> str:
    """The client's method for an operation."""
    return _methods(product)[action.lower()]


def operation(product: str, action: str) -> dict[str, tuple[str, ...]]:
    """What a request of this operation has besides the parameters that are given, and what is not sent as the rest.

    :raises AssertionError: the SDK calls it as nothing is called yet
    """
    source = inspect.getsource(getattr(client_class(product), method(product, action)))
    said = dict(re.findall(r"(\w+) ?= ?'([^']*)',?\n", source))
    unusual = {name for name, value in _RULE.items() if said.get(name) != value}
    assert unusual <= {"auth_type"}, f"{product} {action}: {unusual}"
    query, body = (re.findall(rf"{part}\['(\w+)'\] = ", source) for part in ("query", "body"))
    if re.search(r"query\(\w+\.to_map\(\)\)|query\(UtilClient\.to_map", source):
        query = list(_attributes(product, action))
    facts = {
        "filled": tuple(name for name in _FILLED if name in query or name in body),
        "body": tuple(sorted(body)),
        "json": tuple(sorted(re.findall(r"array_to_string_with_specified_style\([\w.]+, '(\w+)', 'json'\)", source))),
        "auth": (said["auth_type"],) if unusual else (),
    }
    return {name: values for name, values in facts.items() if values}


def _attributes(product: str, action: str) -> list[str]:
    source = inspect.getsource(getattr(models(product), f"{action}Request").to_map)
    return re.findall(r"result\['(\w+)'\]", source)


def hosts(product: str) -> dict[str, str]:
    """region -> host of the regions whose host does not follow from their name."""
    found = re.findall(r"'([a-z0-9-]+)': '([a-z0-9.-]+)'", inspect.getsource(client_class(product).__init__))
    return {region: host for region, host in found if host != f"{product}.{region}.aliyuncs.com"}


def difference(product: str, action: str, given: t.Mapping[str, t.Any], how: t.Any, request: t.Any) -> list[str]:
    """In what a request is not the one that the product's own package makes of the same parameters.

    :param how: the C(Params) it is called with
    :param request: the C(OpenApiRequest)
    """
    name = f"{action}Request"
    if not hasattr(models(product), name):
        return [f"{product} {action} takes no parameters"] if given else []
    model = getattr(models(product), name)()
    model.from_map(dict(given))
    for attribute, value in vars(model).items():
        if value == []:  # which a model has for each list that is not given, and some clients send
            setattr(model, attribute, None)
    if lost := _lost(given, model.to_map()):
        return [f"{product} {action} has no parameter {one}" for one in lost]
    seen: dict[str, t.Any] = {}

    class Sent(Exception):
        pass

    def call_api(_self: t.Any, params: t.Any, sent: t.Any, _runtime: t.Any) -> t.NoReturn:
        seen.update(how=params.to_map(), query=sent.query or {}, body=sent.body or {})
        raise Sent

    def do_rpcrequest(
        _self: t.Any, _a: str, _v: str, _p: str, _m: str, auth: str, _b: str, sent: t.Any, _r: t.Any
    ) -> None:
        call_api(_self, how.__class__().from_map({**how.to_map(), "authType": auth}), sent, None)

    methods = {"call_api": call_api, "do_rpcrequest": do_rpcrequest}
    client: t.Any = object.__new__(type("Silent", (client_class(product),), methods))
    with contextlib.suppress(Sent):
        getattr(client, method(product, action))(model, None)
    ours = {"how": how.to_map(), "query": request.query or {}, "body": request.body or {}}
    return [
        f"{product} {action}: {part}: {ours[part]} instead of {seen[part]}" for part in ours if ours[part] != seen[part]
    ]


class _Every(dict[tuple[str, str], dict[str, tuple[str, ...]]]):
    """The table, with the operations that only a test calls."""

    def __missing__(self, called: tuple[str, str]) -> dict[str, tuple[str, ...]]:
        return operation(*called)

    def __contains__(self, called: t.Any) -> bool:
        return called[1].lower() in _methods(called[0])


def compare(patch: t.Any, door: t.Any) -> None:
    """Have the door refuse to send what the SDK would not have sent, and send what only a test calls.

    :param patch: pytest's C(MonkeyPatch)
    :param door: the module with the class C(Cloud)
    """
    patch.setattr(door, "OPERATIONS", _Every(door.OPERATIONS))
    made = door.Cloud._request

    def compared(self: t.Any, product: str, action: str, params: t.Mapping[str, t.Any]) -> tuple[t.Any, t.Any]:
        how, request = made(self, product, action, params)
        # What is filled in, with the token of this request, is told to the SDK as given.
        filled = {name: request.query[name] for name in _FILLED if name in request.query}
        given = {name: value for name, value in {**params, **filled}.items() if value is not None}
        unlike = difference(product, action, given, how, request)
        if unlike:
            raise TypeError("; ".join(unlike))
        return how, request

    patch.setattr(door.Cloud, "_request", compared)


def _lost(given: t.Any, kept: t.Any, path: str = "") -> list[str]:
    """Paths of values that the request model did not take over."""
    if isinstance(given, t.Mapping):
        kept = kept if isinstance(kept, dict) else {}
        return [
            name
            for key, value in given.items()
            if value is not None
            for name in (_lost(value, kept[key], f"{path}{key}.") if key in kept else [f"{path}{key}"])
        ]
    if isinstance(given, (list, tuple)) and isinstance(kept, list):
        return [name for one, other in zip(given, kept, strict=False) for name in _lost(one, other, path)]
    return []


def _entry(name: str, value: t.Any, indent: str = "    ") -> str:
    """A line of the table, broken as the formatter breaks it."""
    line = f"{indent}{name}: {_text(value)},"
    if len(line) <= _WIDTH:
        return line
    deeper = f"{indent}    "
    if isinstance(value, dict):
        return "\n".join(
            [f"{indent}{name}: {{", *(_entry(_text(key), one, deeper) for key, one in value.items()), f"{indent}}},"]
        )
    return "\n".join([f"{indent}{name}: (", *(f"{deeper}{_text(one)}," for one in value), f"{indent}),"])


def _text(value: t.Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_text, value)) + ("," if len(value) == 1 else "") + ")"
    return f'"{value}"'


def source(called: t.Iterable[tuple[str, str]]) -> str:
    """The text of the module with the table.

    :param called: the operations, as product and name
    """
    versions = {product: version(product) for product in PACKAGES}
    known = {product: found for product in ("antiddos-public", "ecs", "sas", "vpc") if (found := hosts(product))}
    lines = [
        _HEAD,
        "#: product -> version of its API",
        "VERSIONS: dict[str, str] = {",
        *(_entry(_text(product), one) for product, one in versions.items()),
        "}",
        "",
        "#: product -> region -> host, of the regions whose host does not follow from their name",
        "HOSTS: dict[str, dict[str, str]] = {",
        *(_entry(_text(product), one) for product, one in known.items()),
        "}",
        "",
        "#: (product, operation) -> C(filled), parameters that every request has; C(body), those that are not in the",
        "#: address; C(json), those that are sent as one text of JSON; C(auth), where it is not by AccessKey",
        "OPERATIONS: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {",
        *(_entry(f'("{product}", "{action}")', operation(product, action)) for product, action in sorted(called)),
        "}",
        "",
    ]
    return "\n".join(lines)


_HEAD = '''\
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the products of Alibaba Cloud are called, as their packages of the SDK say. Private.

Made by dev/make-products; change what that script says instead.
"""

from __future__ import annotations
'''


def main() -> None:
    sys.path.insert(0, str(environment.import_root()))
    import answers

    TABLE.write_text(source((product, name) for name, products in answers.named().items() for product in products))


if __name__ == "__main__":
    main()
