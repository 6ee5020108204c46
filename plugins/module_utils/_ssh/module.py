# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the modules that work inside an instance are run by Ansible. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import typing as t

from .._cloud import texts
from .._cloud.errors import AlitrustError
from .key import private_ones

if t.TYPE_CHECKING:

    class Run(t.Protocol):
        """Runs a command, with a text as its input where one is given; returns its exit status, output and errors."""

        def __call__(self, command: list[str], text: str | None = None) -> tuple[int, str, str]: ...

    Label = t.Callable[[str], bool]


def secrets_of(given: t.Mapping[str, t.Any]) -> set[str]:
    """A private key that was given by mistake."""
    return {one for name in ("keys", "absent_keys") for one in private_ones(given.get(name))}


def run_module(module: t.Any, work: t.Callable[[Run, Label], dict[str, t.Any]]) -> None:
    """Do the work of a module, and hand the result to Ansible.

    :param module: the AnsibleModule
    """

    def run(command: list[str], text: str | None = None) -> tuple[int, str, str]:
        code, output, errors = module.run_command(
            command, data=text, environ_update={"LC_ALL": "C"}, handle_exceptions=False
        )
        return int(code), str(output), str(errors)

    def label(path: str) -> bool:
        return bool(module.selinux_enabled()) and bool(module.set_default_selinux_context(path, False))

    try:
        result = work(run, label)
    except AlitrustError as error:
        module.fail_json(**error.as_failure())
    else:
        for warning in result.pop("warnings"):
            module.warn(texts.printable(warning))
        module.exit_json(**result)
