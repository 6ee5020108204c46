# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key pair: found, created or imported, replaced, bound, unbound, deleted. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import chunks, json_list
from .._cloud.errors import (
    AlitrustError,
    AlreadyExists,
    CloudError,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    UnexpectedState,
)
from .._cloud.writes import DOUBT as _DOUBT
from .._core import naming, ownership, tagging
from .._core import tags as tags_of
from .._core.module import TAGS_SPEC
from .._core.plan import Plan, Step
from .._core.removal import delete_when_free, lasting_users
from .._core.resource import Resource
from .._core.waiter import wait_for
from .._instance import power
from .._kms import instances, secret, secret_planner, secrets
from . import binding, key_file, key_secret, passwords, planner, public_key, shape
from .planner import Actual, Desired, Instance

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent", "bound", "unbound"], "default": "present"},
    "name": {"type": "str", "required": True},
    "public_key": {"type": "str"},
    "private_key_file": {"type": "path"},
    "private_key_secret": {"type": "str", "no_log": False},
    "kms_key_id": {"type": "str", "no_log": False},
    "dkms_instance_id": {"type": "str"},
    "recovery_window_in_days": {"type": "int", "default": 30},
    "replace": {"type": "bool", "default": False},
    "if_bound": {"type": "str", "choices": ["refuse", "unbind", "delete"], "default": "refuse"},
    "instance_ids": {"type": "list", "elements": "str"},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["on_change", "always"], "default": "on_change", "no_log": False},
    "reboot": {"type": "bool", "default": False},
    "quota": {"type": "int", "default": 500},
    **TAGS_SPEC,
    **ownership.SPEC,
    "wait_timeout": {"type": "int", "default": 600},
}

_DESCRIBE_AT_ONCE = 100
#: By which DeleteKeyPairs says that the pair is bound.
_ATTACHED = "InvalidParameter.KeypairAlreadyAttachedInstance"
#: How long a pair that may have been made is looked for before it counts as not made, in seconds.
DOUBT = _DOUBT
#: How long a pair may take to show up once it was made, in seconds.
_SHOW_UP = 60.0


class KeyPair(Resource[Actual]):
    """One key pair, by name."""

    unseen = frozenset({"make", "reset_password", "reboot"})  # who makes a pair is told its key, and nobody else

    def __init__(self, cloud: t.Any, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.name = str(options["name"])
        self.desired = Desired(self.name)
        self.file: key_file.FileState | None = None
        #: ID of the key of KMS that is to encrypt a new secret
        self.key_id: str | None = None
        #: public half of the key that this task has stored in the secret
        self.stored: public_key.PublicKey | None = None
        #: instance -> the key pair that it is to show, empty for none, where this task changes that
        self.rebound: dict[str, str] = {}
        self.rebooted: list[str] = []
        self.reset: list[str] = []  # instances with a new password
        #: the pair as it was found, whether another takes its place, and the pair once this task has deleted it
        self.found: dict[str, t.Any] | None = None
        self.replacing = False
        self.replaced: dict[str, t.Any] | None = None
        #: public key of the pair that this task, or another for it, has made
        self.own: public_key.PublicKey | None = None

    def validate(self) -> None:
        options = self.options
        naming.check(naming.KEY_PAIR, "name", self.name)
        tags_of.check(options["tags"])
        state, ids = options["state"], options["instance_ids"]
        if state in ("bound", "unbound"):
            if ids is None:
                raise InvalidInput(f"state {state} needs instance_ids.")
            naming.check_instance_ids(ids)
        elif ids:
            raise InvalidInput(f"instance_ids is for the states bound and unbound; the state is {state}.")
        if options["password"]:
            if state == "present" or (state == "absent" and options["if_bound"] != "unbind"):
                raise InvalidInput(
                    "password is for the states bound and unbound, and for absent with if_bound=unbind; the state is "
                    f"{state}."
                )
            passwords.check("password", options["password"])
        elif options["update_password"] == "always":
            raise InvalidInput("update_password=always needs password.")
        if options["if_bound"] == "delete" and state != "absent":
            raise InvalidInput(f"if_bound=delete is for the state absent; the state is {state}.")
        if options["quota"] < 1:
            raise InvalidInput(f"quota is {options['quota']}; expected 1 or more.")
        if options["public_key"] and options["private_key_file"]:
            raise InvalidInput(
                "public_key and private_key_file exclude each other: the first imports a key that you have, the second "
                "is where the private key of a new pair goes."
            )
        self._check_secret()
        key = public_key.parse("public_key", options["public_key"]) if options["public_key"] else None
        if state != "unbound" and options["private_key_file"]:
            self.file = key_file.look(options["private_key_file"])
        self.desired = Desired(
            name=self.name,
            state=state,
            public_key=key,
            private_key_file=self.file.path if self.file else None,
            private_key_secret=options["private_key_secret"] or None,
            replace=options["replace"],
            instance_ids=tuple(ids or ()),
            reboot=options["reboot"],
            if_bound=options["if_bound"],
            sets_password=bool(options["password"]),
            always_password=options["update_password"] == "always",
            tags=options["tags"],
            purge_tags=options["purge_tags"],
            terms=ownership.Terms.from_options(options),
        )

    def _check_secret(self) -> None:
        options = self.options
        if options["private_key_secret"]:
            for other in ("public_key", "private_key_file"):
                if options[other]:
                    raise InvalidInput(
                        f"{other} and private_key_secret exclude each other: a private key is kept in one place, and "
                        "the public key comes from there."
                    )
            secrets.check_name("private_key_secret", options["private_key_secret"])
        elif options["kms_key_id"] or options["dkms_instance_id"]:
            raise InvalidInput("kms_key_id and dkms_instance_id are of the secret; give private_key_secret, too.")
        secret.check_window("recovery_window_in_days", options["recovery_window_in_days"])
        secret.check_key("kms_key_id", options["kms_key_id"])
        instances.check_id("dkms_instance_id", options["dkms_instance_id"])

    def _look_into_secret(self) -> key_secret.SecretState | None:
        name, state = self.desired.private_key_secret, self.desired.state
        if name is None or state == "unbound":
            return None
        return key_secret.look(self.cloud, name, into=state != "absent")

    def find(self) -> Actual:
        pair = self.found = self._read_beside_file()
        kept = self._look_into_secret()
        given = self.options["kms_key_id"]
        if given and kept is not None and not kept.exists and self.desired.state != "absent":
            key = secret.read_key(self.cloud, "kms_key_id", given)
            secret_planner.refuse_other_instance(kept.name, key, self.options["dkms_instance_id"])
            self.key_id = key.id
        actual = Actual(pair, self.file, kept, tuple(self._instances(self.desired.instance_ids)))
        if planner.must_go(self.desired, actual):
            self.replacing = self.desired.state != "absent" and not planner.lost(actual)
            users = tuple(lasting_users(self.cloud, self._users) if self.desired.terms.leave_others else self._users())
            more = [one for one in users if one not in self.desired.instance_ids]
            actual = Actual(pair, self.file, kept, (*actual.instances, *self._instances(more)), users)
        return actual

    def plan(self, actual: Actual) -> Plan:
        return planner.plan(self.desired, actual)

    def preflight(self, plan: Plan, actual: Actual) -> None:
        """:raises UnexpectedState: there is no room for one more pair, or for the secret in its KMS instance"""
        instance_id = self.options["dkms_instance_id"]
        if instance_id and any(step.do == "create_secret" for step in plan.steps):
            instances.check_room(self.cloud, instance_id, "secret")
        if actual.pair is not None or self.desired.state not in ("present", "bound"):
            return
        count = int(self.cloud.call("ecs", "DescribeKeyPairs", PageSize=1).get("TotalCount") or 0)
        if count >= self.options["quota"]:
            raise UnexpectedState(
                f"The key pair {self.name} cannot be made: this account has {count} key pairs in this region, and the "
                f"quota is {self.options['quota']}. Nothing was changed.",
                hint="Delete pairs that nobody uses (keypair_info with include_instances tells them), or set quota if "
                "Alibaba Cloud has raised it for you.",
            )

    # ------------------------------------------------------------------ steps

    def make(self, path: str, tags: dict[str, str], replaces: bool, users: list[str]) -> None:
        try:
            self._make(path, tags, replaces, users)
        except key_file.Busy:
            # A run that nobody waits for any more was faster; what it has made is what is wanted.
            self._await_other_run()
            pair, file = self._read(), key_file.look(path)
            if pair is None or file.public is None or file.public != public_key.stored(pair["public_key"]):
                raise
            self.own = file.public

    def _make(self, path: str, tags: dict[str, str], replaces: bool, users: list[str]) -> None:
        with key_file.Destination(path, self.name) as destination:
            if users:
                self.unbind(users)
            if replaces:
                self.delete()
            private_key = self._create(destination, {**tags, tags_of.OWNER_KEY: destination.owner})
            self.own = public_key.public_half(private_key.encode())
            try:
                destination.keep(private_key)
            except OSError as exc:
                self._undo(destination, str(exc.strerror))

    def create_secret(self, name: str) -> None:
        value, self.stored = key_secret.new_key()
        secrets.create(
            self.cloud,
            name,
            value,
            owner=key_secret.owner(self.name),
            description=f"Private key of the key pair {self.name}",
            key_id=self.key_id,
            instance_id=self.options["dkms_instance_id"],
        )

    def put_secret(self, name: str) -> None:
        value, self.stored = key_secret.new_key()
        secrets.put(self.cloud, name, value)

    def restore_secret(self, name: str) -> None:
        secret.restore(self.cloud, name)

    def delete_secret(self, name: str) -> None:
        secrets.delete(self.cloud, name, self.options["recovery_window_in_days"])

    def bring(self, wanted: public_key.PublicKey | None, tags: dict[str, str]) -> None:
        # Without one to import, it is the key that was just stored.
        self.own = wanted or t.cast("public_key.PublicKey", self.stored)
        self._import(self.own, {**tags, tags_of.OWNER_KEY: self.name})

    def _import(self, wanted: public_key.PublicKey, tags: dict[str, str]) -> None:
        request = {
            "KeyPairName": self.name,
            "PublicKeyBody": wanted.text,
            "Tag": tags_of.to_api(tags),
        }
        deadline = self.cloud.monotonic() + self.cloud.connection.api_timeout
        while True:
            try:
                self.cloud.call("ecs", "ImportKeyPair", request)
                return
            except (OutcomeUnknown, AlreadyExists) as error:
                pair = self._look_again()
                if pair is not None and public_key.stored(pair["public_key"]) == wanted:
                    return
                if pair is not None:
                    raise UnexpectedState(
                        f"Somebody else made a key pair {self.name} with another key at the same moment."
                    ) from error
                self._check_name_is_free(error)
                if self.cloud.monotonic() > deadline:
                    raise

    def delete(self, private_key_file: str | None = None) -> None:
        """:param private_key_file: the file that has its private key and goes after it"""
        if private_key_file and self.file and self.file.public:
            key_file.note_removal(private_key_file, self.file.public)
        self._delete()
        self.replaced = self.found

    def delete_file(self, path: str) -> None:
        key_file.remove(path)

    def _delete(self) -> None:
        delete_when_free(
            self.cloud,
            f"key pair {self.name}",
            lambda: self.cloud.call("ecs", "DeleteKeyPairs", KeyPairNames=json_list([self.name])),
            lambda: [planner.listed(ids) for ids in [self._users()] if ids],
            blocked=(_ATTACHED,),
            timeout=self.options["wait_timeout"],
            hint="Unbind it first (state unbound, or if_bound), or delete these instances.",
        )

    def delete_bound(self) -> None:
        try:
            self.cloud.call("ecs", "DeleteKeyPairs", KeyPairNames=json_list([self.name]))
        except CloudError as error:
            if error.code != _ATTACHED:
                raise
            raise UnexpectedState(
                f"Alibaba Cloud does not delete the key pair {self.name} while it is bound ({error.code}), although "
                "its documents allow that.",
                hint="Set if_bound to unbind, which unbinds it from its instances first.",
            ) from error

    def restrict(self, path: str) -> None:
        key_file.restrict(path)

    def tag(self, to_set: dict[str, str], to_remove: list[str]) -> None:
        tagging.write(self.cloud, "ecs", "keypair", [self._tagging_id()], to_set, to_remove)

    def bind(self, instance_ids: list[str]) -> None:
        self._rebind("AttachKeyPair", instance_ids, self.name)

    def unbind(self, instance_ids: list[str]) -> None:
        self._rebind("DetachKeyPair", instance_ids, "")

    def _rebind(self, action: str, instance_ids: list[str], shown: str) -> None:
        done: list[str] = []
        try:
            binding.write(self.cloud, action, self.name, instance_ids, done)
        finally:
            self.rebound.update(dict.fromkeys(done, shown))

    def reset_password(self, instance_ids: list[str]) -> None:
        passwords.write(self.cloud, instance_ids, self.options["password"])
        self.reset = list(instance_ids)

    def reboot(self, instance_ids: list[str]) -> None:
        power.restart(self.cloud, instance_ids, force=False, timeout=self.options["wait_timeout"])
        self.rebooted = instance_ids

    # ------------------------------------------------------------------ creating, whatever happens

    def apply(self, step: Step) -> None:
        try:
            super().apply(step)
        except OutcomeUnknown:
            raise
        except AlitrustError as error:
            if self.replacing:
                error.message += self._give_back()
            raise

    def _give_back(self) -> str:
        """Where the pair cannot take the other's place: the old public key again, on its instances; in words."""
        words = ""
        freed = [one for one, shown in self.rebound.items() if not shown]
        bare = f" Without a key pair now: {planner.listed(freed)}." if freed else ""
        if self.replaced is not None:
            old = public_key.stored(self.replaced["public_key"])
            if old is None or self._read() is not None:
                return bare
            try:
                self._import(old, tags_of.own(self.replaced["tags"]))
            except AlitrustError as trouble:
                return (
                    f" The old key pair {self.name} is deleted and could not be imported again ({trouble.message}); "
                    f"its public key is: {old.text}.{bare}"
                )
            words = f" The old public key was imported again as the key pair {self.name}."
        if not freed:
            return words
        try:
            self.bind(freed)
        except AlitrustError as trouble:
            return f"{words}{bare[:-1]} ({trouble.message.rstrip('.')})."
        return f"{words} It is bound to {planner.listed(freed)} as before."

    def _create(self, destination: key_file.Destination, tags: dict[str, str]) -> str:
        """Create the pair and return its private key.

        An answer that got lost took the private key with it. What was made without it is deleted and made again, but
        only where the ownership tag proves that this very creation made it.
        """
        deadline = self.cloud.monotonic() + self.cloud.connection.api_timeout
        destination.await_key()
        while True:
            try:
                answer = self.cloud.call("ecs", "CreateKeyPair", KeyPairName=self.name, Tag=tags_of.to_api(tags))
                return str(answer["PrivateKeyBody"])
            except (OutcomeUnknown, AlreadyExists) as error:
                pair = self._look_again()
                if pair is not None and pair["tags"].get(tags_of.OWNER_KEY) != destination.owner:
                    if isinstance(error, AlreadyExists):
                        destination.give_up()
                    raise UnexpectedState(f"Somebody else made a key pair {self.name} at the same moment.") from error
                if pair is not None:
                    self._delete()
                else:
                    self._check_name_is_free(error, destination)
                if self.cloud.monotonic() > deadline:
                    raise
            except CloudError:
                destination.give_up()  # refused for certain: nothing was made
                raise

    def _undo(self, destination: key_file.Destination, why: str) -> t.NoReturn:
        """The private key could not be kept: take the pair away again, or say how to."""
        message = f"The private key of the new key pair {self.name} could not be written to {destination.path}: {why}."
        try:
            self.cloud.call("ecs", "DeleteKeyPairs", KeyPairNames=json_list([self.name]))
        except CloudError as error:
            raise UnexpectedState(
                f"{message} The key pair could not be deleted again ({error.message}). Its private key is lost.",
                hint="Run the task again once the file can be written: it recognises the pair and makes it anew.",
            ) from error
        destination.give_up()
        raise UnexpectedState(f"{message} The key pair was deleted again, so nothing is left behind.")

    def _check_name_is_free(self, error: CloudError, destination: key_file.Destination | None = None) -> None:
        """:raises UnexpectedState: the pair of that name was deleted while instances were bound to it"""
        users = self._users() if isinstance(error, AlreadyExists) else []
        if not users:
            return
        if destination is not None:
            destination.give_up()
        raise UnexpectedState(
            f"There is no key pair {self.name}, but its name is taken: {planner.listed(users)} had a pair of that name "
            "bound when it was deleted, and show it still.",
            hint="Choose another name, or bind another key pair to them first.",
        ) from error

    def _look_again(self) -> dict[str, t.Any] | None:
        """The pair, or None when it does not show up for a while."""
        start = self.cloud.monotonic()
        while True:
            pair = self._read()
            if pair is not None or self.cloud.monotonic() - start > DOUBT:
                return pair
            self.cloud.sleep(0.5)

    def _await_other_run(self) -> None:
        """Wait while another run is at the file of the private key, such as a worker that its controller left behind.

        It is not waited for longer than for a call; what it has not finished then is said where it is in the way.
        """
        if self.file is None:
            return
        deadline = self.cloud.monotonic() + self.cloud.connection.api_timeout
        while key_file.is_busy(self.file.path) and self.cloud.monotonic() < deadline:
            self.cloud.sleep(0.5)
        self.file = key_file.look(self.file.path)

    def _read_beside_file(self) -> dict[str, t.Any] | None:
        """The pair, and in C(file) what was at its private key's path at the same time.

        Between the two looks another run may have made both, and then they do not fit together.
        """
        deadline = self.cloud.monotonic() + self.cloud.connection.api_timeout
        while True:
            self._await_other_run()
            pair, file = self._read(), self.file
            if file is None or self.cloud.monotonic() > deadline:
                return pair
            if not key_file.is_busy(file.path) and key_file.look(file.path) == file:
                return pair

    # ------------------------------------------------------------------ results

    def _is_own(self, pair: dict[str, t.Any], actual: Actual) -> bool:
        """Whether this is the pair that the task has made; where keys cannot be read, that it is not the old one."""
        shown = public_key.stored(pair["public_key"])
        if self.own is not None and shown is not None:
            return shown == self.own
        return actual.pair is None or pair["fingerprint"] != actual.pair["fingerprint"]

    def _read_own(self, actual: Actual) -> dict[str, t.Any] | None:
        """The pair, which is to be the task's own now.

        :raises UnexpectedState: it is neither that nor the one from before
        """
        seen = self._read()
        old = actual.pair["fingerprint"] if actual.pair else None
        if seen is not None and seen["fingerprint"] != old and not self._is_own(seen, actual):
            raise UnexpectedState(
                f"Somebody else replaced the key pair {self.name} at the same moment: it has another key than that of "
                "this task.",
                hint="Agree on who replaces it, then run the task again.",
            )
        return seen

    def settle(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        if self.desired.state == "absent":
            self._tidy(None)
            return self._result(None, actual)
        pair = actual.pair
        if self.desired.state != "unbound":
            tags = plan.after.get("tags", {})
            anew = actual.pair is None or planner.must_go(self.desired, actual)
            waited = wait_for(
                self.cloud,
                f"key pair {self.name} to show its new state",
                lambda: self._read_own(actual) if anew else self._read(),
                lambda seen: (
                    seen is not None
                    and tags.items() <= seen["tags"].items()
                    and (not anew or self._is_own(seen, actual))
                ),
                lambda seen: "the old state" if seen else "not listed yet",
                timeout=_SHOW_UP,
                shows=True,
            )
            pair = waited.value
            self._tidy(pair)
        if self.rebound:
            wait_for(
                self.cloud,
                f"{planner.listed(list(self.rebound))} to show the change",
                lambda: self._instances(list(self.rebound)),
                lambda seen: (
                    len(seen) == len(self.rebound)
                    and all(one.key_name == self.rebound[one.instance_id] for one in seen)
                    and all(one.status == "Running" for one in seen if one.instance_id in self.rebooted)
                ),
                lambda seen: f"{sum(one.key_name == self.rebound[one.instance_id] for one in seen)} do",
                timeout=self.options["wait_timeout"],
            )
        return self._result(pair, actual)

    def _tidy(self, pair: dict[str, t.Any] | None) -> None:
        """Remove what runs have left beside the file, where it is of no use."""
        if self.file is not None:
            now = Actual(pair, key_file.look(self.file.path))
            if planner.untidy(self.desired, now):
                key_file.tidy(self.file.path)

    def foretell(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        for step in plan.steps:
            if step.do in ("bind", "unbind"):
                self.rebound.update(dict.fromkeys(step.args["instance_ids"], ""))
            if step.do == "make":
                self.rebound.update(dict.fromkeys(step.args["users"], ""))
            if step.do == "reset_password":
                self.reset = step.args["instance_ids"]
            if step.do == "reboot":
                self.rebooted = step.args["instance_ids"]
            if step.do in ("create_secret", "put_secret"):
                self._foretell_secret(step.args["name"])
            if step.do == "delete_secret":
                self.cloud.foretold.would_delete(secrets.KIND, step.args["name"])
        if self.desired.state == "absent":
            goes = any(step.do in ("delete", "delete_bound") for step in plan.steps)
            if goes:
                self.cloud.foretold.would_delete("key_pair", self.name)
            return self._result(None if goes else actual.pair, actual)
        pair = actual.pair
        if plan.changed and "name" in plan.after:
            anew = actual.pair is None or planner.must_go(self.desired, actual)
            if anew:
                self.cloud.foretold.would_make("key_pair", "ssh", self.name)
            there: dict[str, t.Any] = {"fingerprint": None, "public_key": None, "tags": {}, "creation_time": None}
            if actual.pair is not None and not anew:
                there = actual.pair
            owner = {key: value for key, value in there["tags"].items() if key == tags_of.OWNER_KEY}
            after = {key: value for key, value in plan.after.items() if key in ("name", "public_key", "tags")}
            pair = {**there, **after, "tags": {**owner, **after["tags"]}}
        return self._result(pair, actual)

    def _foretell_secret(self, name: str) -> None:
        """Let later tasks of a check run know."""
        made = {tags_of.OWNER_KEY: key_secret.owner(self.name)}
        self.cloud.foretold.would_make(secrets.KIND, "secret", name, metadata={}, tags=made)

    def _result(self, pair: dict[str, t.Any] | None, actual: Actual) -> dict[str, t.Any]:
        running = {one.instance_id for one in actual.instances if one.running}
        path = self.desired.private_key_file
        return {
            "key_pair": None
            if pair is None
            else {**pair, "private_key_file": path, "private_key_secret": self.desired.private_key_secret},
            "changed_instance_ids": list(self.rebound),
            "rebooted": self.rebooted,
            "reboot_needed": [
                one
                for one in dict.fromkeys((*self.rebound, *self.reset))
                if one in running and one not in self.rebooted
            ],
        }

    # ------------------------------------------------------------------ reading

    def _read(self) -> dict[str, t.Any] | None:
        try:
            items = self.cloud.pages("ecs", "DescribeKeyPairs", KeyPairName=self.name, IncludePublicKey=True)
        except NotFound:
            return None
        return next((shape.key_pair(item) for item in items if item["KeyPairName"] == self.name), None)

    def _instances(self, ids: t.Sequence[str]) -> list[Instance]:
        return [
            Instance(
                instance_id=item["InstanceId"],
                key_name=str(item.get("KeyPairName") or ""),
                status=str(item.get("Status") or ""),
                windows=str(item.get("OSType") or "").lower() == "windows",
            )
            for part in chunks(list(ids), _DESCRIBE_AT_ONCE)
            for item in self.cloud.pages("ecs", "DescribeInstances", InstanceIds=json_list(part))
        ]

    def _users(self) -> list[str]:
        """Ids of the instances that the pair is bound to."""
        return self.cloud.foretold.staying("instance", binding.users(self.cloud, self.name))

    def _tagging_id(self) -> str:
        """What TagResources knows the pair by.

        It wants the pair's id, which no answer about an existing pair has. A search by tags tells it; a pair without
        tags is addressed by its name, as other tools do.
        """
        tags = (self._read() or {}).get("tags")
        if tags:
            found = self.cloud.pages(
                "ecs", "ListTagResources", ResourceType="keypair", Tag=tags_of.to_api(dict(list(tags.items())[:20]))
            )
            ids = {item["ResourceId"] for item in found}
            if len(ids) == 1:
                return str(ids.pop())
        return self.name
