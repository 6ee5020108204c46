# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts about parameters are those of the API's description and of the SDK."""

from __future__ import annotations

import ast
import subprocess
import time
import types
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_cloud import sdk_models, validation
from local_cloud.products import PRODUCTS, Product
from local_cloud.sdk_models import Field, request_model

CHECKOUT = Path(__file__).parents[3]
DESCRIPTIONS = CHECKOUT.parent / "shared" / "openapi"
DESCRIBED = [product for product in PRODUCTS.values() if validation.limits_of(product.name)]
#: lists by their description, which the SDK sends as one text of JSON
AS_TEXT = {"DescribeSuspEvents SourceAliUids"}


def test_limits_are_what_dev_make_limits_makes() -> None:
    if not DESCRIPTIONS.is_dir():
        warnings.warn(f"not compared: there are no API descriptions at {DESCRIPTIONS}", stacklevel=1)
        return
    done = subprocess.run([CHECKOUT / "dev" / "make-limits", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("product", DESCRIBED, ids=lambda product: product.name)
def test_every_limited_parameter_is_one_of_the_sdk_s_and_of_its_type(product: Product) -> None:
    types = {
        "string": {"String", "Json"},
        "json": {"Json"},
        "integer": {"Integer", "Long"},
        "number": {"Float"},
        "boolean": {"Boolean"},
        "list": {"RepeatList", "Array"},
        "object": {"Struct"},
    }
    for action, limits in validation.limits_of(product.name).items():
        model = request_model(product.package, action)
        assert model is not None, f"the SDK has no {action}"
        for path, limit in limits.items():
            field = _field(model, path)
            if field is not None:
                wanted = types[field.type] if f"{action} {path}" not in AS_TEXT else {"RepeatList"}
                assert limit["type"] in wanted, f"{action} {path}"
            else:  # what RAM takes as JSON text is described in its parts, and older tags have small letters
                assert path.startswith("Tag."), f"{action} {path}"


def _field(fields: dict[str, Field], path: str) -> Field | None:
    first, _mark, rest = path.partition(".")
    if first.isdigit():  # the description lists the filters one by one
        return _field(fields, rest)
    field = fields.get(first)
    if not rest or field is None:
        return field
    return _field((field.item or field).fields, rest)


@pytest.mark.parametrize("product", DESCRIBED, ids=lambda product: product.name)
def test_every_code_belongs_to_a_limit(product: Product) -> None:
    limits = validation.limits_of(product.name)
    limited = {
        name
        for action, parameters in limits.items()
        for path, limit in parameters.items()
        if limit.keys() - {"type", "required", "code"}
        for name in (path, f"{action}.{path}")
    }
    codes = validation._codes().get(product.name, {})
    assert codes.keys() - limited - {"*"} == set()


def test_one_file_of_the_sdk_is_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 makes one tree at a time only."""
    reading, most = [], []

    def parse(source: str) -> ast.Module:
        reading.append(source)
        most.append(len(reading))
        time.sleep(0.05)
        reading.pop()
        return ast.Module([], [])

    models = sdk_models._Models.of("alibabacloud_ecs20140526")
    assert models
    monkeypatch.setattr(sdk_models, "ast", types.SimpleNamespace(parse=parse, ClassDef=ast.ClassDef))
    with ThreadPoolExecutor() as readers:
        list(readers.map(models._read, list(models._files.values())[:4]))
    assert most == [1] * 4
