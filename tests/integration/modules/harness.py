# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module's main() in this process, and walk it through the matrix every module has to pass."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import typing as t
from unittest import mock

from ansible.module_utils import _internal, basic
from ansible.module_utils.common import warnings

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

Result = dict[str, t.Any]
#: Modules that run in an instance and call no API.
IN_INSTANCES = ("authorized_keys", "authorized_keys_info", "guest_info", "metadata_credentials", "trust_client")


def _apart() -> t.ContextManager[t.Any]:
    """As in a process of its own: what this one has imported of the controller would take the module's warnings."""
    # ansible-core 2.18 does not have it.
    return mock.patch.object(_internal, "is_controller", False, create=True)


def _given(args: dict[str, t.Any]) -> t.ContextManager[t.Any]:
    """Arguments for the module that runs next."""
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # ansible-core 2.18 and older
        return mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
    return t.cast("t.ContextManager[t.Any]", patch_module_args(args))


class Modules:
    """The collection's modules, pointed at one local cloud.

    :param cloud: a running local cloud
    :param region: region of all tasks
    """

    def __init__(self, cloud: LocalCloud, region: str = "cn-hangzhou") -> None:
        self.cloud = cloud
        self.region = region

    def run(self, module_name: str, /, *, check: bool = False, fails: bool = False, **options: t.Any) -> Result:
        """Run one module and return its result.

        :param check: in check mode
        :param fails: whether the task must fail; the other outcome is an assertion error that shows the result
        """
        result = self.attempt(module_name, check=check, **options)
        assert bool(result.get("failed")) == fails, result
        return result

    def attempt(self, module_name: str, /, *, check: bool = False, **options: t.Any) -> Result:
        """Run one module and return its result, whether it fails or not."""
        connection = {
            "region": self.region,
            "endpoint_url": self.cloud.endpoint,
            "access_key_id": self.cloud.access_key_id,
            "access_key_secret": self.cloud.access_key_secret,
        }
        args = {
            **({} if module_name in IN_INSTANCES else connection),
            **options,
            "_ansible_check_mode": check,
            "_ansible_diff": True,
        }
        module = importlib.import_module(f"ansible_collections.alitrust.ecs.plugins.modules.{module_name}")
        warnings._global_warnings.clear()  # of the module that ran before in this process
        output = io.StringIO()
        with _apart(), _given(args), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
            module.main()
        result: Result = json.loads(output.getvalue())
        return result

    def door(self, **options: t.Any) -> Cloud:
        """The way to the same cloud for a test's own preparations; options are those of the connection."""
        own_key = {
            "access_key_id": self.cloud.access_key_id,
            "access_key_secret": self.cloud.access_key_secret,
        }
        return Cloud(Connection(**{"region": self.region, "endpoint_url": self.cloud.endpoint, **own_key, **options}))

    def twice(self, module_name: str, /, **options: t.Any) -> Result:
        """The rows of the matrix for one change: check, check, real, real, check.

        Both checks foretell the change with the diff of the real run, nothing is changed by checking, and the second
        real run and a last check change nothing.
        """
        first = self.run(module_name, check=True, **options)
        again = self.run(module_name, check=True, **options)
        assert [first["changed"], again["changed"]] == [True, True], (first, again)
        real = self.run(module_name, **options)
        assert real["changed"], real
        assert first["diff"] == again["diff"] == real["diff"], (first["diff"], real["diff"])
        assert first["steps"] == real["steps"], (first["steps"], real["steps"])
        for check in (False, True):
            idle = self.run(module_name, check=check, **options)
            assert not idle["changed"], idle
            assert idle["diff"]["before"] == idle["diff"]["after"], idle["diff"]
        return real


class CheckRun:
    """Tasks of one run in check mode: each knows what those before it have foretold, as the action plugin sees to."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._records: list[Result] = []

    def __call__(self, module_name: str, /, **options: t.Any) -> Result:
        result = self._modules.run(module_name, check=True, foretold=self._records, **options)
        self._records += result.pop("foretold", [])
        return result

    def would_delete(self, kind: str, key: str, region: str) -> None:
        """As if a task had foretold that something goes."""
        account = self._modules.door().connection.account
        self._records.append({"kind": kind, "region": region, "id": key, "name": key, "gone": True, "account": account})
