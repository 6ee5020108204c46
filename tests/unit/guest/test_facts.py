# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts come from the collectors of C(setup), without all the others being imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys

# In a process of its own: what is imported here stays so.
_PROGRAM = """
import json, sys
from types import SimpleNamespace
from ansible_collections.alitrust.ecs.plugins.module_utils._guest.local_facts import Facts

module = SimpleNamespace(
    params={}, run_command=lambda *_given, **_options: (1, "", ""), get_bin_path=lambda *_given, **_options: None
)
found = Facts(module).of_the_system()
local = Facts(module).local("/there/is/none")
imported = sorted(name for name in sys.modules if name.startswith("ansible.module_utils.facts"))

from ansible.module_utils.facts import ansible_facts, collector
from ansible.module_utils.facts.system.distribution import DistributionFactCollector
from ansible.module_utils.facts.system.platform import PlatformFactCollector
expected = {}
for one in (DistributionFactCollector, PlatformFactCollector):
    expected.update(one().collect(module=module))
print(json.dumps([found, expected, local, imported]))
"""


def test_facts_are_those_of_setup_and_their_package_is_left_for_others() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found, expected, local, imported = json.loads(done.stdout)
    assert found == expected
    assert {"distribution", "architecture"} <= set(found)
    assert local == {"local": {}}
    assert "ansible.module_utils.facts.system.distribution" in imported
    assert not {"ansible.module_utils.facts", "ansible.module_utils.facts.hardware.linux"} & set(imported)
