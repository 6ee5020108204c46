# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM users who have the policy of one playbook and nothing else, and what they have used of it."""

from __future__ import annotations

import json
import os
import typing as t

import policies
from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

#: Set by dev/policies --record: users may do everything, and the policies are written instead of compared.
RECORDING = bool(os.environ.get("ALITRUST_RECORD_POLICIES"))
EVERYTHING = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
#: Codes of what RAM refuses.
DENIED = ("Forbidden.RAM", "NoPermission", "Forbidden.NoPermission", "InvalidUser.PassRoleForbidden")


class Key(t.NamedTuple):
    """An AccessKey pair."""

    id: str
    secret: str

    def options(self) -> dict[str, t.Any]:
        """As a module takes it."""
        return {"access_key_id": self.id, "access_key_secret": self.secret}

    def environment(self) -> dict[str, str]:
        return {"ALIBABA_CLOUD_ACCESS_KEY_ID": self.id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.secret}


class Users:
    """The users of one local cloud, each made when it is first asked for."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self._keys: dict[str, Key] = {}

    def key(self, name: str) -> Key:
        """The key of the user with the policy ``docs/policies/<name>.json``."""
        if name not in self._keys:
            self._keys[name] = self.make(f"runs-{name}", EVERYTHING if RECORDING else policies.load(name))
        return self._keys[name]

    def make(self, user: str, document: policies.Document) -> Key:
        """A new user with a policy, and the user's AccessKey pair."""
        call = Modules(self.cloud).door().call
        user = user.replace("_", "-")  # which the name of a policy cannot have
        call("ram", "CreateUser", UserName=user)
        call("ram", "CreatePolicy", PolicyName=user, PolicyDocument=json.dumps(document))
        call("ram", "AttachPolicyToUser", PolicyType="Custom", PolicyName=user, UserName=user)
        made = call("ram", "CreateAccessKey", UserName=user)["AccessKey"]
        return Key(made["AccessKeyId"], made["AccessKeySecret"])

    def calls(self, name: str) -> int:
        """How many requests the user has made."""
        return len(self._requests(name))

    def used(self, name: str, since: int = 0) -> set[str]:
        """The RAM actions that the user's requests have needed, without the first so many."""
        return {right for one in self._requests(name)[since:] for right in one["rights"]}

    def denied(self, name: str) -> set[str]:
        """What the user was refused; a playbook may have gone on without it."""
        return {f"{one['operation']} {one['code']}" for one in self._requests(name) if one["code"] in DENIED}

    def _requests(self, name: str) -> list[dict[str, t.Any]]:
        return self.cloud.requests(access_key_id=self._keys[name].id) if name in self._keys else []


def compare(name: str, used: set[str]) -> None:
    """See that a policy allows exactly what was used, or write it so."""
    if RECORDING:
        policies.write(name, used)
    else:
        assert policies.rights(policies.load(name)) == used
