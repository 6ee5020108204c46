# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has packed of modules is what the next runs send: that takes a quarter of a run's processor time.

Core packs each module and all that it imports into an archive once a run, in a folder of the run. Here that is a folder
of the tests, and at the end of a run its archives get byte code, as the collection does it for modules on the
controller: a host whose Python is of the controller's version need not compile the same sources for each task.
"""

from __future__ import annotations

import base64
import dataclasses
import os
import pickle
import tempfile
import typing as t
from pathlib import Path

from ansible import constants
from ansible.plugins.callback import CallbackBase

from ansible_collections.alitrust.ecs.plugins.plugin_utils import _bytecode

DOCUMENTATION = """
name: kept_modules
type: aggregate
short_description: Have the next runs send what this one has packed of modules
description: The variable C(KEPT_MODULES) is the folder.
"""
_COMPILED = ".compiled"  # beside an archive that has its byte code


class CallbackModule(CallbackBase):
    """Leads core to the folder, before the first task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_modules"

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._folder = Path(os.environ["KEPT_MODULES"])
        (Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache").symlink_to(self._folder)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        for path in self._folder.iterdir():
            done = path.with_name(f"{path.name}{_COMPILED}")
            if path.name.endswith(("-part", ".lock", _COMPILED)) or done.exists():
                continue
            kept = pickle.loads(path.read_bytes())
            archive = base64.b64encode(_bytecode.compiled(base64.b64decode(kept.zip_data)))
            # As core does it: nobody reads half of one.
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix="-part", delete=False) as file:
                pickle.dump(dataclasses.replace(kept, zip_data=archive), file)
            os.rename(file.name, path)
            done.touch()
