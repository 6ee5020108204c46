# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ssh starts as its ProxyCommand. Private to this collection, but for its command line.

It is run by its path and not by its name, so that it needs neither Ansible nor its way to find collections.
"""

from __future__ import annotations

import importlib
import os
import sys
import types


def _main() -> int:
    here = os.path.dirname(os.path.realpath(__file__))
    package = types.ModuleType("alitrust_ecs")
    package.__path__ = [os.path.join(os.path.dirname(here), "module_utils")]
    sys.modules[package.__name__] = package
    return int(importlib.import_module(f"{package.__name__}._assistant.program").main())


if __name__ == "__main__":
    sys.exit(_main())
