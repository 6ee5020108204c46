# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one of Ansible's commands costs."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from controller.playbook import Ansible

#: Runs a command and prints its wall time and processor time in seconds and its greatest resident memory in bytes.
_MEASURE = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
with open(sys.argv[1], "wb") as output:
    subprocess.run(sys.argv[2:], stdout=output, check=True)
took = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([took, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


class Cost(t.NamedTuple):
    """Seconds on the clock, seconds of a processor, and bytes of the largest process."""

    wall: float
    processor: float
    memory: float


def measured(ansible: Ansible, output: str, name: str, *arguments: str) -> Cost:
    """What a command costs whose output goes to a file in Ansible's folder."""
    command = [sys.executable, "-c", _MEASURE, output, str(Path(sys.executable).parent / name), *arguments]
    done = subprocess.run(
        command, cwd=ansible.folder, env=ansible.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    printed = ansible.folder / output
    assert done.returncode == 0, done.stderr.decode() + (printed.read_text() if printed.exists() else "")
    return Cost(*json.loads(done.stdout))
