# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One trusted fleet on real hosts, made by the playbook site, for all tests of roles and playbooks."""

from __future__ import annotations

import time
import typing as t

import pytest
from hosts.fleet import Site

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Site]:
    """The fleet as the first run of site leaves it; a test that changes a host puts it back or uses one of its own."""
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    folder = tmp_path_factory.mktemp("site")
    with LocalCloud.start(folder / "cloud", hosts="on", trust_client__first_report_seconds=1) as cloud:
        site = Site(folder, cloud)
        site.shared = True
        site.first_run = site.playbook("site")
        assert site.first_run.succeeded, site.first_run.output
        yield site


@pytest.fixture(autouse=True)
def _left_as_it_was(request: pytest.FixtureRequest) -> t.Iterator[None]:
    """A test leaves nothing in the account of the shared site, because any other may come after it."""
    site = request.getfixturevalue("site") if "site" in request.fixturenames else None
    if not site or not site.shared:
        yield
        return
    before = site.names()
    yield
    deadline = time.monotonic() + 30  # what was deleted last may still be on its way
    while left := site.names() - before:
        assert time.monotonic() < deadline, left
        time.sleep(0.5)
