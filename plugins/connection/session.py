# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: session
short_description: SSH to instances without an open port, through Session Manager
version_added: 1.0.0
description:
  - Ansible's own connection P(ansible.builtin.ssh#connection), through a session of Cloud Assistant's Session Manager.
    The instance needs no public address, and no security group has to let anybody in. Who may connect is a right in
    RAM, C(ecs:StartTerminalSession), beside the SSH key.
  - Pipelining, ControlPersist, file transfers, become, the reset of a connection, and host keys are those of that
    plugin, and so are its options.
  - A host has one tunnel for a play, which C(ControlPersist) keeps. Its session is ended with the play, however that
    ends. What a crash of the controller leaves behind is ended by the next connection of the same user to the same
    account and region, as far as a lock proves that nobody uses it; anything else ends by itself, because an agent
    that has heard nothing for 180 seconds gives up.
  - Credentials reach the tunnel by a socket that only this user can open. They are in no command line, in no file, and
    in no output.
notes:
  - Session Manager lets 200 kbit/s through in each direction, unless Alibaba Cloud sets another speed for a session.
    The tunnel keeps to it. Files of some megabytes take minutes, so let instances fetch them from OSS.
  - What to expect at that speed, measured with ansible-core 2.19 on the local cloud as bytes into the tunnel. A
    connection costs 4 KB in each direction and 2 to 3 seconds. A command of M(ansible.builtin.raw) costs 0.2 KB, a
    small module such as M(ansible.builtin.ping) 120 KB to the instance and 2 KB back, which is 5 seconds. Without
    compression it is 170 KB and 7 seconds, with C(ansible_module_compression=ZIP_STORED) 160 KB.
  - That is why this plugin sets C(Compression=yes), unless arguments for ssh say otherwise. O(pipelining) saves few
    bytes, but some ways there and back for each task.
  - The least number of tasks is the fastest play. Loops within a module (a list of packages) cost one module, loops of
    Ansible one for each item.
  - A C(ControlPath) of your own, in arguments for ssh or in O(control_path), lets plays share a tunnel. It then lasts
    as long as C(ControlPersist) says.
  - The playbook C(alitrust.ecs.session) writes a configuration of ssh, by which people reach a fleet in the same
    way, and C(scp), C(sftp) and C(rsync) do.
  - A RAM user needs C(ecs:StartTerminalSession) and C(ecs:EndTerminalSession), the first limited to instances by ARN or
    tag where that is wanted. C(ecs:DescribeInstances), C(ecs:DescribeCloudAssistantSettings) and
    C(ecs:DescribeCloudAssistantStatus) are only asked for to say why a session does not come about.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
  - alitrust.ecs.core_ssh
  - alitrust.ecs.cloud
  - alitrust.ecs.variables
requirements:
  - Python package websockets
  - OpenSSH client
seealso:
  - plugin: ansible.builtin.ssh
    plugin_type: connection
  - plugin: alitrust.ecs.instances
    plugin_type: inventory
  - module: alitrust.ecs.host_key_info
options:
  instance_id:
    description:
      - ID of the instance. By default it is the name of the host in the inventory, where that is such an ID.
      - The inventory plugin P(alitrust.ecs.instances#inventory) sets the variable.
      - SSH knows the instance by this ID. Its host keys are looked up under it, so that addresses do not matter, and
        C(Host) in a configuration of ssh is compared with it.
    type: str
    vars:
      - name: inventory_hostname
      - name: alitrust_instance_id
  session_timeout:
    description:
      - How long it may take until the SSH server of the instance has answered, in seconds. That includes the call of
        StartTerminalSession and its repetitions.
      - The option O(timeout) is at least as long.
    type: int
    default: 60
    vars:
      - name: alitrust_session_timeout
    env:
      - name: ALITRUST_SESSION_TIMEOUT
"""

EXAMPLES = r"""
# group_vars/alitrust_fleet.yml, beside an inventory of alitrust.ecs.instances
ansible_connection: alitrust.ecs.session
ansible_user: root
ansible_pipelining: true

---
# an inventory by hand, with the credentials of a profile of the Alibaba Cloud CLI
all:
  hosts:
    i-bp1a2b3c4d5e6f7g8h9j:
    database:
      alitrust_instance_id: i-bp1b3c4d5e6f7g8h9j1a
  vars:
    ansible_connection: alitrust.ecs.session
    alitrust_profile: production
    alitrust_region: cn-hangzhou
"""

import contextlib
import functools
import multiprocessing
import os
import shlex
import sys
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.text.converters import to_bytes
from ansible.plugins.connection import ssh
from ansible.utils.path import makedirs_safe, unfrackpath

from ..module_utils._assistant import handover, sessions
from ..module_utils._cloud.errors import AlitrustError, InvalidInput
from ..module_utils._cloud.options import CONNECTION_SPEC
from ..module_utils._cloud.options import Connection as CloudConnection
from ..module_utils._core import naming
from ..plugin_utils import _core_version, _run_calls, _session_proxy

#: Exit code, output, error output.
Result = tuple[int, bytes, bytes]
Method = t.TypeVar("Method", bound=t.Callable[..., t.Any])


def _says_why(method: Method) -> Method:
    """Have a method fail with what the tunnel says, where it says something: ssh knows only that it was hung up."""

    @functools.wraps(method)
    def saying(self: Connection, *args: t.Any, **kwargs: t.Any) -> t.Any:
        self._prepare()
        try:
            return method(self, *args, **kwargs)
        except AnsibleConnectionFailure:
            if why := handover.said(self._tunnel):
                # What ssh said is left out: it is about a broken pipe, and core would put it behind.
                raise AnsibleConnectionFailure(f"{self._instance_id}: {why}") from None
            raise

    return t.cast("Method", saying)


class Connection(ssh.Connection):
    """Core's connection by ssh, with a ProxyCommand."""

    _giver: handover.Giver | None = None
    _instance_id = ""
    _tunnel = ""
    _of_this_play = True

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Take the options. What ssh connects to is the instance's ID, and it waits for as long as a session takes."""
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        self._instance_id = str(self.get_option("instance_id") or "").strip()
        self.set_option("host", self._instance_id)
        self.set_option("timeout", max(int(self.get_option("timeout")), int(self.get_option("session_timeout"))))
        # One for each play: the tunnel ends with it, and no other play may be on it then.
        self._of_this_play = not self._control_path_is_given()
        if self._of_this_play:
            self.set_option("control_path", f"%(directory)s/{self._name()}")

    @_says_why
    def exec_command(self, *args: t.Any, **kwargs: t.Any) -> Result:
        return t.cast("Result", super().exec_command(*args, **kwargs))

    @_says_why
    def put_file(self, *args: t.Any, **kwargs: t.Any) -> Result:
        return t.cast("Result", super().put_file(*args, **kwargs))

    @_says_why
    def fetch_file(self, *args: t.Any, **kwargs: t.Any) -> Result:
        return t.cast("Result", super().fetch_file(*args, **kwargs))

    def reset(self) -> None:
        """Close what ControlPersist keeps; the next command opens it anew."""
        # Core calls this outside any task, where an error would end the whole run; the next task tells it.
        with contextlib.suppress(AnsibleConnectionFailure):
            self._prepare()
            super().reset()

    def close(self) -> None:
        if self._giver:
            self._giver.close()
            self._giver = None
            handover.said(self._tunnel)
        super().close()

    def _prepare(self) -> None:
        """Check the options, and be ready for the tunnel's program to ask for them.

        :raises AnsibleConnectionFailure: an option is wrong or missing
        """
        if complaint := _core_version.complaint():
            raise AnsibleConnectionFailure(complaint)
        options = {name: self.get_option(name) for name in CONNECTION_SPEC}
        try:
            if not self._instance_id.startswith("i-"):
                raise InvalidInput(
                    f"{self._instance_id!r} is no ID of an instance.",
                    hint="Set the variable alitrust_instance_id, as the inventory plugin alitrust.ecs.instances does.",
                )
            naming.check_instance_ids([self._instance_id], "alitrust_instance_id")
            cloud = CloudConnection.from_options(options)
            cloud.need_region()
        except AlitrustError as error:
            raise AnsibleConnectionFailure(str(error.as_failure()["msg"])) from None
        if self._giver:
            return
        _run_calls.of_connection(cloud, sessions.CALLS)
        folder = unfrackpath(self.get_option("control_path_dir"))
        makedirs_safe(folder, 0o700)
        self.host = self._instance_id
        self._tunnel = os.path.join(folder, self._name())
        handover.said(self._tunnel)
        self._giver = handover.Giver(
            handover.place(self._tunnel),
            {
                "instance_id": self._instance_id,
                "port": int(self.get_option("port") or 22),
                "options": options,
                "answer_within": float(self.get_option("session_timeout")),
                "name": self._tunnel,
                "watched": _play() if self._of_this_play else None,
            },
        )

    def _control_path_is_given(self) -> bool:
        arguments = (self.get_option(name) or "" for name in ("ssh_args", "ssh_common_args", "ssh_extra_args"))
        return bool(self.get_option("control_path")) or "controlpath" in " ".join(arguments).lower()

    def _name(self) -> str:
        """What the tunnel of this play to this instance is called."""
        asked = [self.get_option(name) for name in ("region", "endpoint_url", "profile", "ram_role_arn")]
        path: str = self._create_control_path(
            self._instance_id, self.get_option("port"), self.get_option("remote_user"), repr(asked), _play()
        )
        return os.path.basename(path)

    def _build_command(self, binary: str, subsystem: str, *other_args: bytes | str) -> list[bytes]:
        command: list[bytes] = super()._build_command(binary, subsystem, *other_args)
        place = handover.place(self._tunnel)
        program = [sys.executable, "-P", os.path.realpath(_session_proxy.__file__), "--handover", place]
        proxy = " ".join(shlex.quote(part).replace("%", "%%") for part in (*program, self._instance_id))
        # In front, because what ssh is told first counts.
        at = command.index(to_bytes(binary)) + 1
        command[at:at] = [
            *(b"-o", to_bytes(f"ProxyCommand={proxy}")),
            *(b"-o", to_bytes(f"HostKeyAlias={self._instance_id}")),
        ]
        # Behind, so that whoever says otherwise is heard.
        end = len(command) - len(other_args)
        command[end:end] = [b"-o", b"Compression=yes"]
        return command


def _play() -> int:
    """The process that runs the play. Tasks run in processes that it forks."""
    parent = multiprocessing.parent_process()
    return parent.pid if parent and parent.pid else os.getpid()
