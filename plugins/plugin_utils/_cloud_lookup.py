# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lookup plugins share: options, the way to the cloud, errors as sentences. Private to this collection."""

from __future__ import annotations

import abc
import multiprocessing
import os
import typing as t

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils._cloud import foretold, texts
from ..module_utils._cloud.door import Cloud
from ..module_utils._cloud.errors import AlitrustError, InvalidInput
from ..module_utils._cloud.options import CONNECTION_SPEC, Connection
from . import _check_run, _core_version, _run_calls

Key = t.Hashable

#: How messages name what a lookup is given besides options.
_TERMS = "what is looked up"


class _Memory:
    """What one worker has read, so that a task asks once however often its templates are evaluated.

    A worker lives as long as its task. The process that forks them lives as long as the run, in which a secret may be
    given another value, so nothing is kept there, and nothing is inherited from it.
    """

    def __init__(self) -> None:
        self._process = 0
        self._kept: dict[Key, t.Any] = {}

    def get(self, key: Key, read: t.Callable[[], t.Any]) -> t.Any:
        if multiprocessing.parent_process() is None:
            return read()
        if self._process != os.getpid():
            self._process, self._kept = os.getpid(), {}
        found = self._kept.get(key)
        if found is None:  # what was not there may be by now
            found = self._kept[key] = read()
        return found


_memory = _Memory()


class CloudLookup(LookupBase):
    """A lookup that asks Alibaba Cloud. Errors of this collection end it with their sentence, and nothing else."""

    #: Full name of the plugin, for messages.
    NAME: str

    def run(self, terms: list[t.Any], variables: t.Any = None, **options: t.Any) -> list[t.Any]:
        complaint = _core_version.complaint()
        if complaint:
            raise AnsibleLookupError(complaint)
        self.set_options(var_options=variables, direct=options)
        try:
            given = {name: self._plain(name) for name in CONNECTION_SPEC}
            self._check(terms, given)
            connection = Connection.from_options(given)
            cloud: Cloud = _memory.get(("door", connection), lambda: Cloud(connection))
            if context.CLIARGS.get("check"):
                records = _check_run.records()
                cloud.foretold = foretold.Foretold(records, account=connection.account, region=connection.region)
            try:
                return self.look_up(cloud, self._flatten(terms))
            finally:
                _run_calls.of_door(cloud)
        except AlitrustError as error:
            # Without its causes, which Ansible would show: they may have parts of an answer.
            raise AnsibleLookupError(f"{self.NAME}: {error.as_failure()['msg']}") from None

    def _check(self, terms: list[t.Any], connection: dict[str, t.Any]) -> None:
        """Refuse what no option can have.

        :raises InvalidInput: naming it
        """
        known = {name: one for name, one in self.option_definitions.items() if not name.startswith("_")}
        given = {name: self.get_option(name) for name in known} | connection | {_TERMS: list(terms)}
        if complaint := texts.complaint(given, {_TERMS: {"type": "list"}, **known}):
            raise InvalidInput(complaint)

    @abc.abstractmethod
    def look_up(self, cloud: Cloud, terms: list[t.Any]) -> list[t.Any]:
        """The values.

        :raises AlitrustError: said to the user
        """

    def once(self, cloud: Cloud, key: Key, read: t.Callable[[], t.Any]) -> t.Any:
        """What C(read) gives, which is called once a task for each key and connection."""
        return _memory.get((self.NAME, cloud.connection, key), read)

    def _plain(self, name: str) -> t.Any:
        """An option without templates and without vault: variables of hosts may have both."""
        value = self.get_option(name)
        return value if self._templar is None else self._templar.template(value)
