# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection takes care of in the SDK."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import sdk


@pytest.mark.parametrize(("package", "name"), [("darabonba.core", "DaraCore"), ("Tea.core", "TeaCore")])
def test_a_forked_process_has_no_connection_of_its_parent(
    package: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk.preload(("ecs",))
    core = getattr(sdk.load(package, package), name)
    assert isinstance(core._sessions, dict)  # where these releases of the SDK keep them
    monkeypatch.setattr(core, "_sessions", {"http://example": object()})
    child = os.fork()
    if child == 0:
        os._exit(1 if core._sessions else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert core._sessions


def test_the_models_of_a_client_are_loaded_when_they_are_asked_for() -> None:
    script = f"""
import sys
from {sdk.__name__} import product_client_class, product_models
def models():
    return [name for name in sys.modules if name.startswith("alibabacloud_ecs20140526.models.")]
product_client_class("ecs")
assert not models()
assert product_models("ecs").DescribeInstancesRequest
assert models()
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
