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
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import SdkMissing


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


@pytest.mark.parametrize(("found", "old"), [("7.9.5", True), ("7.9.6", False), ("7.11.8", False), ("8.0.0", False)])
def test_a_release_that_is_too_old_is_refused_by_a_sentence(
    monkeypatch: pytest.MonkeyPatch, found: str, old: bool
) -> None:
    package = sdk.load("alibabacloud_ecs20140526", "alibabacloud-ecs20140526")
    monkeypatch.setattr(package, "__version__", found)
    if not old:
        sdk.load("alibabacloud_ecs20140526.client", "alibabacloud-ecs20140526")
        return
    with pytest.raises(
        SdkMissing, match=r"has alibabacloud-ecs20140526 7\.9\.5; expected 7\.9\.6 or newer\."
    ) as caught:
        sdk.load("alibabacloud_ecs20140526.client", "alibabacloud-ecs20140526")
    assert caught.value.hint.endswith(f"{sys.executable} -m pip install 'alibabacloud-ecs20140526>=7.9.6'")


def test_what_the_sdk_does_that_is_deprecated_reaches_nobody() -> None:
    """Of others, who are warned of the same function, nothing is kept."""
    script = f"""
import datetime
from {sdk.__name__} import core, preload
preload()
core("alibabacloud_tea_openapi.utils").Utils.get_timestamp()
try:
    datetime.datetime.utcnow()
except DeprecationWarning as warning:
    print("others are warned")
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ("others are warned" in done.stdout) == (sys.version_info >= (3, 12))
