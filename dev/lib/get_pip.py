# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put pip into a virtual environment of ansible-test without a download, in place of the script that it would fetch.

ansible-test calls pip with an emptied environment and without its configuration files. Where packages come from a
mirror, or through a private certificate authority, pip then reaches nothing: a .pth file sets the caller's settings
(that dev/lib/sanity.py wrote beside this file) again in each interpreter of the environment.
"""

from __future__ import annotations

import ensurepip
import json
import os
import pathlib
import runpy
import sys
import sysconfig

settings = json.loads(pathlib.Path(__file__).with_name("pip-settings.json").read_text())
os.environ.update(settings)
pth = pathlib.Path(sysconfig.get_path("purelib"), "pip-settings.pth")
pth.write_text(f"import os; os.environ.update({settings!r})\n")

ensurepip.bootstrap(default_pip=True)
wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.argv = ["pip", "install", "--quiet", *wanted]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
