# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as ansible_collections.alitrust.ecs, and forget whatever cloud the caller works with."""

from __future__ import annotations

import gc
import os
import sys
import tomllib
import typing as t
from pathlib import Path

# ansible-test gives pytest a configuration of its own.
_checkout = Path(__file__).resolve().parents[1]
_settings = tomllib.loads((_checkout / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
sys.path[:0] = [folder for name in _settings["pythonpath"] if (folder := str(_checkout / name)) not in sys.path]

import caller  # noqa: E402
import environment  # noqa: E402
import products  # noqa: E402
import pytest  # noqa: E402

sys.path.insert(0, str(environment.import_root()))

# Before any test imports what reads it. dev/test has done the same; pytest may be started without it.
_needed = ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONTROLLER_MIN_PYTHON_VERSION")  # the second by ansible-test's plugins
_kept = {name: os.environ[name] for name in _needed if name in os.environ}
for _name in (*caller.leading_elsewhere(os.environ), *caller.proxies(os.environ)):  # what tests ask is this machine
    del os.environ[_name]
os.environ |= {**_kept, "ALITRUST_CACHE": str(environment.CACHE)}
_homes = environment.CHECKOUT / ".build" / "home"
if not Path.home().is_relative_to(_homes):  # a home folder may hold profiles and an ansible.cfg
    os.environ["HOME"] = str(_homes / "pytest")
    Path.home().mkdir(parents=True, exist_ok=True)


# Most of what is there when the tests begin stays to the end: to look for garbage in it took a tenth of the time.
gc.set_threshold(2_000, 10, 50)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def compared_requests() -> t.Iterator[None]:
    """Find that every request is the one that the SDK's package for the product makes of the same parameters."""
    from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import door

    with pytest.MonkeyPatch.context() as patch:
        products.compare(patch, door)
        yield
