# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers with every field of the SDK's response model.

The API sends unused fields as empty values. A handler states what it knows; the rest comes from the response model, so
that an answer never lacks a field, and never has one that the SDK would drop.
"""

from __future__ import annotations

import functools
import typing as t

from local_cloud import sdk_models
from local_cloud.products import PRODUCTS


class Verbatim(t.NamedTuple):
    """A value that is sent as it is, where the API's answers have another type than the SDK's model."""

    value: t.Any


#: Give this as a value to leave a field out, where Alibaba Cloud documents that it may be absent.
ABSENT: t.Final = object()

_EMPTY: dict[t.Any, t.Any] = {str: "", int: 0, float: 0.0, bool: False}


class Shape:
    """The wire fields of one response model: name -> leaf type, Shape, or list of one of them."""

    def __init__(self, model: type) -> None:
        self.name = model.__name__
        self.fields: dict[str, t.Any] = {}
        for attribute, hint in sdk_models.hints(model).items():
            is_list = t.get_origin(hint) is list
            inner = t.get_args(hint)[0] if is_list else hint
            kind = Shape(inner) if sdk_models.is_model(inner) else inner
            self.fields[sdk_models.wire_name(model, attribute, hint)] = [kind] if is_list else kind

    @functools.cached_property
    def empty(self) -> dict[str, t.Any]:
        """What stands where nothing is known; it is written into answers as it is, so nobody may change it."""
        return {name: _fill(kind, None) for name, kind in self.fields.items()}

    def complete(self, data: dict[str, t.Any]) -> dict[str, t.Any]:
        """``data`` with every missing field filled by its empty value.

        :raises ValueError: a field or a type that the SDK's model doesn't have (a mistake of the handler).
        """
        done = self.empty.copy()
        fields = self.fields
        for name, value in data.items():
            # Most are texts and numbers of the right type, which a page has thousands of.
            if value.__class__ is fields.get(name):
                done[name] = value
            elif value is ABSENT:
                done.pop(name, None)
            elif name not in fields:
                raise ValueError(f"{self.name}: not in the response model: {name!r}")
            elif value is not None:
                try:
                    done[name] = _fill(fields[name], value)
                except ValueError as error:
                    raise ValueError(f"{self.name}.{name}: {error}") from None
        return done


def _fill(kind: t.Any, value: t.Any) -> t.Any:
    if kind.__class__ is list:
        return [_fill(kind[0], item) for item in value or ()]
    if kind.__class__ is Shape:
        return kind.complete(value) if value else kind.empty
    if value is None:
        return _EMPTY.get(kind, {})
    # Not isinstance: a bool is an int to Python, but not to the API.
    own = value.__class__
    if own is Verbatim:
        return value.value
    if kind is float and own is int:
        return float(value)
    if kind in _EMPTY and own is not kind:
        raise ValueError(f"{value!r} is not {kind.__name__}")
    return value


@functools.cache
def response_shape(product: str, action: str) -> Shape:
    """The shape of an operation's answer, from the SDK's package for the product."""
    models = sdk_models.models_of(PRODUCTS[product].package)
    return Shape(getattr(models, f"{action}ResponseBody"))


def complete(product: str, action: str, body: dict[str, t.Any]) -> dict[str, t.Any]:
    """An operation's answer without ``RequestId``, complete as the SDK's response model knows it."""
    return response_shape(product, action).complete({**body, "RequestId": ABSENT})
