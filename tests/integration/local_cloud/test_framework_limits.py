# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts about parameters are those of the API's description and of the SDK."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from local_cloud import validation
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


def test_models_of_the_sdk_are_imported_as_they_are_asked_for() -> None:
    """All at once they take as long as all else that a local cloud does to start."""
    script = """
import sys
from concurrent.futures import ThreadPoolExecutor
from local_cloud import sdk_models

package = "alibabacloud_ecs20140526"
with ThreadPoolExecutor() as readers:
    first, *others = readers.map(sdk_models.request_model, [package] * 8, ["DescribeInstances"] * 8)
assert first["InstanceIds"] == sdk_models.STRING and others == [first] * 7
read = [name for name in sys.modules if name.startswith(package)]
assert len(read) < 20, read

import alibabacloud_ecs20140526.client
from alibabacloud_ecs20140526 import models
assert models.RunInstancesRequest(amount=2).to_map()["Amount"] == 2
assert "DescribeDisksRequest" in dir(models)
assert not hasattr(models, "NoSuchRequest")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT / "tests", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
