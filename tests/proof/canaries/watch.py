# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that runs of Ansible show, keep and leave on the machine that they are started on."""

from __future__ import annotations

import os
import threading
import typing as t
from pathlib import Path

from controller.playbook import Ansible

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

WATCHER = Path(__file__).parent / "watched"


class Watched:
    """Runs of Ansible's commands whose processes, temporary files and words to the journal are kept.

    :ivar code: with which the last command ended
    """

    code = 0

    def __init__(self, folder: Path, cloud: LocalCloud, **environment: str) -> None:
        self.folder = folder
        self.kept, self.run = folder / "kept", folder / "run"
        (self.kept / "files").mkdir(parents=True)
        self.run.mkdir()
        places = {name: str(self.run / name) for name in ("local", "remote", "tmp")}
        for place in places.values():
            os.mkdir(place, 0o700)
        self.ansible = Ansible(
            self.run,
            cloud,
            HOME=str(self.run),
            TMPDIR=places["tmp"],
            ANSIBLE_LOCAL_TEMP=places["local"],
            ANSIBLE_REMOTE_TEMP=places["remote"],
            ANSIBLE_LOG_PATH=str(self.kept / "ansible.log"),
            ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.junit,ansible.posix.profile_tasks,alitrust.ecs.ram_policy",
            JUNIT_OUTPUT_DIR=str(self.kept / "junit"),
            ANSIBLE_CACHE_PLUGIN="ansible.builtin.jsonfile",
            ANSIBLE_CACHE_PLUGIN_CONNECTION=str(self.kept / "facts"),
            ANSIBLE_INVENTORY_CACHE="true",
            ANSIBLE_SHOW_CUSTOM_STATS="true",
            PYTHONPATH=os.pathsep.join(filter(None, (str(WATCHER), os.environ.get("PYTHONPATH")))),
            WATCHED=str(self.kept),
            WATCHED_FOLDERS=os.pathsep.join(places.values()),
            **environment,
        )
        self._ended = threading.Event()
        self._lines: set[bytes] = set()

    def command(self, name: str, *arguments: str | Path) -> str:
        """Run a command, look at all processes of this machine meanwhile, and keep what it printed."""
        self._ended.clear()
        sampler = threading.Thread(target=self._sample)
        sampler.start()
        try:
            done = self.ansible.command(name, *arguments)
        finally:
            self._ended.set()
            sampler.join()
        (self.kept / "lines").write_bytes(b"\n".join(sorted(self._lines)))
        with (self.kept / "output").open("a") as output:
            output.write(done.stdout + done.stderr)
        self.code = done.returncode
        return done.stdout + done.stderr

    def _sample(self) -> None:
        while not self._ended.wait(0.02):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    self._lines.add((folder / "cmdline").read_bytes())
                except OSError:
                    continue
