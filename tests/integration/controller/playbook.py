# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible's own commands as a user would, against one local cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import typing as t
import weakref
from pathlib import Path

import yaml
from controller.starter import Starter, executed

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

Tasks = list[dict[str, t.Any]]

#: Deprecations of others: a key that ansible-core puts into the result of a task that ran out of time, told when all of
#: it is read; and what the callbacks of ansible.posix import.
OF_OTHERS = (
    "The `timedout.frame` task result key is deprecated.",
    "Importing 'to_text' from 'ansible.module_utils._text' is deprecated.",
)


_ACTIONS = Path(__file__).parent / "actions"
_HASTENED = Path(__file__).parent / "hastened"
#: of all commands of this process
STARTER = Starter()


def kept(expression: str, path: Path | str) -> dict[str, t.Any]:
    """The action of a task that writes the value of an expression into a file, as JSON."""
    return {"keep_results": {"content": "{{ " + expression + " | to_json }}", "path": str(path)}}


class Ansible:
    """ansible-playbook and ansible-inventory of this interpreter, in a folder of their own."""

    #: seconds that a command may take, only for what hangs: a busy machine is slow
    timeout = 800.0
    #: whether commands are forked from a process that has made a beginning; what measures them must not have that
    forked = True

    def __init__(self, folder: Path, cloud: LocalCloud, **environment: str) -> None:
        self.folder = folder
        # The path of a socket has at most 107 characters, and ssh adds to the names of those of its connections.
        sockets = tempfile.mkdtemp(prefix="cp-")
        weakref.finalize(self, shutil.rmtree, sockets, ignore_errors=True)
        self.environment = {
            **os.environ,
            "ANSIBLE_ACTION_PLUGINS": str(_ACTIONS),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": sockets,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ALIBABA_CLOUD_REGION": "cn-hangzhou",
            "ALIBABA_CLOUD_ENDPOINT_URL": cloud.endpoint,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.access_key_secret,
            **environment,
        }

    def hasten(self, cloud: LocalCloud) -> None:
        """Have the collection's pauses push the cloud's clock on, and take no time."""
        path = (str(_HASTENED), self.environment.get("PYTHONPATH"))
        self.environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        self.environment["ALITRUST_HASTENED_BY"] = cloud.address

    def command(self, name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command that is installed beside this interpreter. Something deprecated is an error."""
        command = [Path(sys.executable).parent / name, *arguments]
        run = STARTER.run if self.forked else executed
        done = run(command, cwd=self.folder, env=self.environment, timeout=self.timeout)
        output = done.stdout + done.stderr
        ours = output
        for of_others in OF_OTHERS:
            ours = ours.replace(f"[DEPRECATION WARNING]: {of_others}", "")
        assert "[DEPRECATION WARNING]" not in ours, output
        return done

    def play(self, tasks: Tasks, *arguments: str, **play: t.Any) -> tuple[list[t.Any], str]:
        """Run tasks on localhost; returns what each registered, in order, and what was printed.

        A failed task ends nothing: its result says so.
        """
        results = self.folder / "results.json"
        results.unlink(missing_ok=True)
        listed = [{**task, "register": f"result_{number}", "ignore_errors": True} for number, task in enumerate(tasks)]
        names = ", ".join(f"result_{number}" for number in range(len(tasks)))
        listed.append(
            {
                **kept("[" + names + "]", results),
                "delegate_to": "localhost",
                "check_mode": False,
                "diff": False,
            }
        )
        book = self.folder / "play.yml"
        book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": listed, **play}]))
        done = self.command("ansible-playbook", str(book), *arguments)
        assert results.exists(), done.stdout + done.stderr
        return json.loads(results.read_text()), done.stdout + done.stderr
