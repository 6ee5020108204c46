# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as ansible_collections.alitrust.ecs, and forget whatever cloud the caller works with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import caller
import environment

sys.path.insert(0, str(environment.import_root()))

# Before any test imports what reads it. dev/test has done the same; pytest may be started without it.
_kept = {name: os.environ[name] for name in ("ANSIBLE_COLLECTIONS_PATH",) if name in os.environ}
for _name in (*caller.leading_elsewhere(os.environ), *caller.proxies(os.environ)):  # what tests ask is this machine
    del os.environ[_name]
os.environ |= {**_kept, "ALITRUST_CACHE": str(environment.CACHE)}
_homes = environment.CHECKOUT / ".build" / "home"
if not Path.home().is_relative_to(_homes):  # a home folder may hold profiles and an ansible.cfg
    os.environ["HOME"] = str(_homes / "pytest")
    Path.home().mkdir(parents=True, exist_ok=True)
