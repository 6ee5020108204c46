# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud that the integration tests run against, and what its answers look like."""

from __future__ import annotations

import json
import os
import typing as t
import uuid

import answers
import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import door
from local_cloud.control import LocalCloud

if t.TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    """One local cloud without hosts for all tests of this process (with xdist: of this worker)."""
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def fresh_cloud(cloud: LocalCloud) -> LocalCloud:
    """The same local cloud, emptied: only accounts and their keys, default settings, no faults, an empty log."""
    cloud.reset()
    return cloud


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A folder for a local cloud of a test's own."""
    return tmp_path / "state"


@pytest.fixture(scope="session", autouse=True)
def noted_answers() -> t.Iterator[None]:
    """Note what every answer has, and find that the collection's table knows of each operation.

    C(dev/answers --record) names a folder for what is noted.
    """
    noted: answers.Noted = {}
    whole = door._whole

    def note(product: str, action: str, body: t.Any, exchange: t.Any) -> t.Any:
        found = whole(product, action, body, exchange)
        if exchange.request_id:  # which no fault that puts another body in its place has
            answers.note(noted, f"{product}:{action}", answers.kinds(found))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door, "_whole", note)
        yield
    folder = os.environ.get(answers.RECORDING)
    if folder:
        with open(os.path.join(folder, f"{uuid.uuid4()}.json"), "w", encoding="utf-8") as file:
            json.dump(noted, file)
        return
    known = answers.load()
    doubtful = {
        operation: members
        for operation, members in noted.items()
        if operation not in known or set(known[operation]) - set(members)
    }
    for operation, members in answers.merged([doubtful]).items():
        assert operation in known, f"run dev/answers --record: the answers of {operation} are not recorded"
        gone = set(known[operation]) - set(members)
        assert not gone, f"run dev/answers --record: {operation} answers without {', '.join(sorted(gone))}, too"
