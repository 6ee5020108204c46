# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change at a key pair, its private key file and its instances. Pure. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import ownership
from .._core import tags as tagging
from .._core.plan import Plan, Step
from .key_file import FileState
from .key_secret import SecretState
from .public_key import DOCUMENTED_TYPES, PublicKey, stored

_LISTED = 20
_KEPT_IN = ("private_key_file", "private_key_secret")
_NOT_SET = "The password is not set"


@dataclass(frozen=True)
class Desired:
    """A key pair as a task wants it; None means: not given."""

    name: str
    state: str = "present"
    public_key: PublicKey | None = None
    private_key_file: str | None = None
    private_key_secret: str | None = None
    replace: bool = False
    instance_ids: tuple[str, ...] = ()
    reboot: bool = False
    if_bound: str = "refuse"
    sets_password: bool = False
    always_password: bool = False
    tags: dict[str, t.Any] | None = None
    purge_tags: bool = True
    terms: ownership.Terms = field(default_factory=ownership.Terms)


@dataclass(frozen=True)
class Instance:
    """What matters of an instance here."""

    instance_id: str
    key_name: str = ""
    status: str = "Running"
    windows: bool = False

    @property
    def running(self) -> bool:
        """Whether a change takes effect only after a restart; also true on the way up or down."""
        return self.status != "Stopped"


@dataclass(frozen=True)
class Actual:
    """What is there.

    :ivar pair: in the shape of results, or None
    :ivar file: what is at C(private_key_file), where that was given
    :ivar secret: what is in C(private_key_secret), where that was given
    :ivar instances: those of C(instance_ids) and of C(users) that exist
    :ivar users: ids of instances that the pair is bound to; read only when the pair may have to go
    """

    pair: dict[str, t.Any] | None = None
    file: FileState | None = None
    secret: SecretState | None = None
    instances: tuple[Instance, ...] = ()
    users: tuple[str, ...] = ()


def lost(actual: Actual) -> bool:
    """Whether the pair is one that an earlier run created for this file, and whose private key never got there."""
    return bool(
        actual.pair
        and actual.file
        and not actual.file.exists
        and actual.file.unfinished
        and actual.file.unfinished == actual.pair["tags"].get(tagging.OWNER_KEY)
    )


def untidy(desired: Desired, actual: Actual) -> bool:
    """Whether what runs have left beside the file is of no use: the pair goes, or the file has its private key."""
    file = actual.file
    if file is None or not file.left_over or desired.state == "absent":
        return file is not None and file.left_over
    return file.public is not None and actual.pair is not None and file.public == stored(actual.pair["public_key"])


def must_go(desired: Desired, actual: Actual) -> bool:
    """Whether the pair that is there has to be deleted, for good or to make place for another."""
    if actual.pair is None or desired.state == "unbound":
        return False
    if desired.state == "absent" or lost(actual):
        return True
    if desired.public_key is not None:
        return desired.replace and stored(actual.pair["public_key"]) != desired.public_key
    if actual.secret is not None:
        return desired.replace and not _opens(actual.secret, actual.pair)
    return desired.replace and actual.file is not None and not actual.file.exists


def _opens(secret: SecretState, pair: dict[str, t.Any]) -> bool:
    """Whether a secret holds the private key of a pair."""
    return secret.foretold or (secret.usable and secret.public == stored(pair["public_key"]))


def plan(desired: Desired, actual: Actual) -> Plan:
    """Decide.

    :raises UnexpectedState: when something stands in the way
    :raises InvalidInput: when something is missing that only creating needs
    """
    before = _shown(actual)
    _refuse_secret_of_another(desired, actual.secret)
    what = f"key pair {desired.name}"
    ours = actual.pair is None or ownership.proven(actual.pair["tags"])
    if must_go(desired, actual):
        users = [listed(actual.users)] if actual.users else []
        verb = "delete" if desired.state == "absent" else "replace"
        kept = ownership.reason_to_stay(what, ours=ours, terms=desired.terms, users=users, verb=verb)
        if kept:
            return Plan(before, before, kept=(kept,))
    if desired.state == "absent":
        return replace(_removal(desired, actual, before), unsettled=untidy(desired, actual))
    after = dict(before)
    steps: list[Step] = []
    warnings: list[str] = []
    kept = ownership.used_as_it_is(what, ours=ours, terms=desired.terms)
    if desired.state != "unbound":
        if actual.pair is None or must_go(desired, actual):
            after, steps = _making(desired, actual, warnings)
        else:
            _keeping(desired, actual, after, steps, warnings, tags_too=kept is None)
    if desired.state in ("bound", "unbound"):
        _check_instances(desired, actual)
        chosen = _to_rebind(desired, actual)
        keys = {one.instance_id: one.key_name or None for one in actual.instances}
        before["instances"] = keys
        target = desired.name if desired.state == "bound" else None
        freed = actual.users if must_go(desired, actual) else ()
        after["instances"] = {**keys, **dict.fromkeys(freed), **{one.instance_id: target for one in chosen}}
        resets = _to_reset(desired, actual, chosen, warnings)
        if resets:
            after["passwords"] = {one.instance_id: "(set anew)" for one in resets}
        steps += _binding_steps(desired, chosen, resets)
        if desired.state == "unbound" and chosen and not desired.sets_password:
            warnings.append(_locked_out(chosen))
        late = [one.instance_id for one in chosen if one.running]
        if desired.state == "bound" and late and not desired.reboot:
            warnings.append(
                f"The key pair {desired.name} takes effect on {listed(late)} at the next restart through the API or "
                "the console, not at one from within. Until then nobody can log in with it; reboot: true restarts at "
                "once."
            )
    # What an interrupted run has left goes, and is no change.
    return Plan(before, after, tuple(steps), tuple(warnings), untidy(desired, actual), kept=(kept,) if kept else ())


def _shown(actual: Actual) -> dict[str, t.Any]:
    """What a diff shows. The ownership tag is left out: its value is different each time a pair is made."""
    pair, file, secret = actual.pair, actual.file, actual.secret
    shown: dict[str, t.Any] = {}
    if pair:
        shown.update(name=pair["name"], public_key=pair["public_key"], tags=_visible(pair["tags"]))
    if file and file.exists:
        shown["private_key_file"] = {"path": file.path, "only_for_owner": not file.loose}
    if secret and secret.exists:
        shown["private_key_secret"] = {"name": secret.name, "pending_deletion": bool(secret.deleted_at)}
    return shown


def _refuse_secret_of_another(desired: Desired, secret: SecretState | None) -> None:
    """:raises UnexpectedState: the secret was made for another key pair"""
    if secret is not None and secret.other_pair and not secret.made_for(desired.name):
        raise UnexpectedState(
            f"The secret {secret.name} was made for another key pair ({secret.owner}); each pair needs one of its own.",
            hint="Choose another private_key_secret.",
        )


def _visible(tags: t.Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key != tagging.OWNER_KEY}


def _removal(desired: Desired, actual: Actual, before: dict[str, t.Any]) -> Plan:
    name, users = desired.name, actual.users
    unused = (f"{_NOT_SET}: the key pair {name} is bound to no instance.",) if desired.sets_password else ()
    going, kept = _secret_removal(desired, actual.secret)
    after = {key: value for key, value in before.items() if key == "private_key_secret" and not going}
    if going:
        secret = t.cast("SecretState", actual.secret)
        after = {"private_key_secret": {"name": secret.name, "pending_deletion": True}}
    file_going, file_kept = _file_removal(desired, actual)
    if not file_going and "private_key_file" in before:
        after["private_key_file"] = before["private_key_file"]
    going, kept = (*file_going, *going), (*file_kept, *kept)
    if actual.pair is None:
        return Plan(before, after, going, unused, kept=kept)
    with_file = {"private_key_file": file_going[0].args["path"]} if file_going else {}
    delete = Step(f"delete key pair {name}", "delete", with_file)
    if not users:
        return Plan(before, after, (delete, *going), unused, kept=kept)
    if desired.if_bound == "unbind":
        freed = [one for one in actual.instances if one.instance_id in users]
        before = {**before, "instances": dict.fromkeys(users, name)}
        steps = [*_binding_steps(desired, freed, freed if desired.sets_password else ()), delete, *going]
        warnings = () if desired.sets_password else (_locked_out(freed),)
        return Plan(before, {**after, "instances": dict.fromkeys(users)}, tuple(steps), warnings, kept=kept)
    warning = f"The key pair {name} is still bound to {listed(users)}."
    if desired.if_bound == "delete":
        delete = Step(f"delete key pair {name}, which is bound to {listed(users)}", "delete_bound")
        warning += " They keep its public key and go on showing its name, which no other pair can have while they do."
        # The instances go on taking the key.
        if going:
            where = desired.private_key_file or f"The secret {desired.private_key_secret}"
            kept = (f"{where} stays: {listed(users)} still take its key.",)
        going, after = (), {key: value for key, value in before.items() if key in _KEPT_IN}
    return Plan(before, after, (delete, *going), (warning,), kept=kept)


def _file_removal(desired: Desired, actual: Actual) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """What deletes the file with its pair, and why it stays.

    Only one that is proven to hold the private key of the pair goes with it: the path may be anybody's key.
    """
    pair, file = actual.pair, actual.file
    if file is None or not file.exists:
        return (), ()
    if file.going if pair is None else file.public is not None and file.public == stored(pair["public_key"]):
        return (Step(f"delete the private key {file.path}", "delete_file", {"path": file.path}),), ()
    if pair is None:
        return (), ()
    return (), (f"{file.path} stays: it does not hold the private key of the key pair {desired.name}.",)


def _secret_removal(desired: Desired, secret: SecretState | None) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """What deletes the secret with its pair, and why it stays.

    Only one that was made for the pair goes with it: any other may hold a key that opens more.
    """
    if secret is None or not secret.usable:
        return (), ()
    if not secret.made_for(desired.name):
        return (), (f"The secret {secret.name} stays: it was not made for the key pair {desired.name}.",)
    return (Step(f"schedule the deletion of the secret {secret.name}", "delete_secret", {"name": secret.name}),), ()


def _making(desired: Desired, actual: Actual, warnings: list[str]) -> tuple[dict[str, t.Any], list[Step]]:
    name, file = desired.name, actual.file
    steps: list[Step] = []
    replaces = actual.pair is not None
    users = list(actual.users)
    if users and desired.if_bound != "unbind":
        raise UnexpectedState(
            f"The key pair {name} cannot be replaced while it is bound to {listed(users)}.",
            hint="Make a key pair of another name and bind that one instead (the playbook rotate_keys does that for a "
            "fleet), or have this one unbound first with if_bound.",
        )
    left = sorted(set(users) - set(desired.instance_ids if desired.state == "bound" else ()))
    if left:
        warnings.append(f"{listed(left)} will have no key pair, because the one that is replaced is unbound first.")
    tags = {key: tagging.text(value) for key, value in (desired.tags or {}).items()}
    after: dict[str, t.Any] = {"name": name, "tags": tags}
    wanted = desired.public_key
    if actual.secret is not None:
        wanted = actual.secret.public
        after["private_key_secret"] = {"name": actual.secret.name, "pending_deletion": False}
        steps += _storing(desired, actual.secret)
    if desired.public_key is not None or actual.secret is not None:
        if wanted is not None:
            after["public_key"] = wanted.text
        if wanted is not None and wanted.type not in DOCUMENTED_TYPES:
            warnings.append(
                f"The type {wanted.type} of {'public_key' if desired.public_key else 'the key in private_key_secret'} "
                "is not among those that Alibaba Cloud documents for import; it may be refused."
            )
        if users:
            steps.append(Step(f"unbind key pair {name} from {listed(users)}", "unbind", {"instance_ids": users}))
        if replaces:
            steps.append(Step(f"delete key pair {name}", "delete"))
        steps.append(Step(f"import key pair {name}", "bring", {"wanted": wanted, "tags": tags}))
    elif file is None:
        raise InvalidInput(
            f"There is no key pair {name}; private_key_file is needed to create it, or private_key_secret, or "
            "public_key to import it."
        )
    elif file.exists:
        raise UnexpectedState(
            f"There is no key pair {name}, but the file {file.path} exists. It is not overwritten, because it may hold "
            "the only copy of a key.",
            hint="Move it away, choose another private_key_file, or import its public key with public_key.",
        )
    else:
        if file.problem:
            warnings.append(file.problem)
        after["private_key_file"] = {"path": file.path, "only_for_owner": True}
        what = f"create key pair {name}"
        if replaces:
            what = f"create key pair {name} again" if lost(actual) else f"replace key pair {name}"
            if lost(actual):
                warnings.append(
                    f"An earlier run created the key pair {name} and broke off before it had the private key. The pair "
                    "is made anew."
                )
        if users:
            what = f"unbind key pair {name} from {listed(users)} and {what.replace(f'key pair {name}', 'it', 1)}"
        args = {"path": file.path, "tags": tags, "replaces": replaces, "users": users}
        step = Step(f"{what}, private key in {file.path}", "make", args)
        steps.append(step)
    return after, steps


def _storing(desired: Desired, secret: SecretState) -> t.Iterator[Step]:
    """What puts a new private key into the secret, before anything else. A key that is there already is taken up.

    :raises UnexpectedState: the secret will be deleted, and it is not known what it is for
    """
    if secret.usable:
        return
    if secret.deleted_at:
        if not secret.made_for(desired.name):
            raise _pending(secret)
        yield Step(f"restore the secret {secret.name}", "restore_secret", {"name": secret.name})
    do = "put_secret" if secret.exists else "create_secret"
    yield Step(f"store a new private key in the secret {secret.name}", do, {"name": secret.name})


def _pending(secret: SecretState) -> UnexpectedState:
    return UnexpectedState(
        f"The secret {secret.name} will be deleted at {secret.deleted_at} and cannot be used until it is restored.",
        hint="Restore it with alitrust.ecs.kms_secret and state: present, or choose another private_key_secret.",
    )


def _keeping(
    desired: Desired,
    actual: Actual,
    after: dict[str, t.Any],
    steps: list[Step],
    warnings: list[str],
    *,
    tags_too: bool,
) -> None:
    pair = actual.pair or {}
    there = stored(pair["public_key"])
    if desired.public_key is not None and there != desired.public_key:
        raise UnexpectedState(
            f"The key pair {desired.name} (fingerprint {pair['fingerprint']}) has another public key than public_key.",
            hint="Give it another name, or set replace to have it deleted and imported again.",
        )
    if actual.secret is not None:
        _check_secret(desired, pair, actual.secret)
    if actual.file is not None:
        _keep_file(desired, actual.file, there, after, steps, warnings)
    if not tags_too:
        return
    mark = ownership.adoption(pair["tags"], desired.terms, desired.name)
    to_set, to_remove = tagging.changes(pair["tags"], desired.tags, desired.purge_tags, mark)
    if to_set or to_remove:
        kept = {key: value for key, value in pair["tags"].items() if key not in to_remove}
        after["tags"] = _visible({**kept, **to_set})
        step = Step(f"change tags of key pair {desired.name}", "tag", {"to_set": to_set, "to_remove": to_remove})
        steps.append(step)


def _check_secret(desired: Desired, pair: dict[str, t.Any], secret: SecretState) -> None:
    """:raises UnexpectedState: the pair stands, and the secret does not hold its private key"""
    if _opens(secret, pair):
        return
    if secret.deleted_at:
        raise _pending(secret)
    if not secret.exists:
        raise UnexpectedState(
            f"The key pair {desired.name} exists, but there is no secret {secret.name} in this region, so its private "
            "key is lost or elsewhere.",
            hint="If you have the private key, store it with alitrust.ecs.kms_secret; or set replace to have the pair "
            "made anew.",
        )
    raise UnexpectedState(
        f"The secret {secret.name} holds another key than the key pair {desired.name} (fingerprint "
        f"{pair['fingerprint']}).",
        hint="Choose another private_key_secret, or set replace to have the pair imported again from the secret.",
    )


def _keep_file(
    desired: Desired,
    file: FileState,
    there: PublicKey | None,
    after: dict[str, t.Any],
    steps: list[Step],
    warnings: list[str],
) -> None:
    if not file.exists:
        warnings.append(
            f"The key pair {desired.name} exists, but there is no file {file.path} here. A private key is handed out "
            "only once, to whoever creates the pair. Bring the file from there, or set replace to make a new pair."
        )
        return
    if file.public is None:
        warnings.append(
            f"Whether {file.path} belongs to the key pair {desired.name} cannot be told: is it a private key?"
        )
    elif there is not None and file.public != there:
        raise UnexpectedState(
            f"The file {file.path} holds another key than the key pair {desired.name} (fingerprint "
            "stored by Alibaba Cloud differs).",
            hint="Choose another private_key_file, or move this file away; it is never overwritten.",
        )
    if file.loose:
        after["private_key_file"] = {"path": file.path, "only_for_owner": True}
        steps.append(Step(f"restrict {file.path} to its owner", "restrict", {"path": file.path}))


def _check_instances(desired: Desired, actual: Actual) -> None:
    if desired.state == "unbound":
        return
    wanted = _wanted(desired, actual)
    _refuse_missing(desired, wanted)
    windows = [one.instance_id for one in wanted if one.windows]
    if windows:
        raise UnexpectedState(
            f"{listed(windows)} run Windows; a key pair can be bound to Linux instances only.",
            hint="Take them out of instance_ids.",
        )


def _refuse_missing(desired: Desired, there: t.Iterable[Instance]) -> None:
    """:raises UnexpectedState: an instance that the task names does not exist"""
    missing = sorted(set(desired.instance_ids) - {one.instance_id for one in there})
    if missing:
        raise UnexpectedState(
            f"There is no instance {', '.join(missing[:_LISTED])} in this region.",
            hint="Check instance_ids and region.",
        )


def _wanted(desired: Desired, actual: Actual) -> list[Instance]:
    return [one for one in actual.instances if one.instance_id in desired.instance_ids]


def _to_rebind(desired: Desired, actual: Actual) -> list[Instance]:
    wanted = _wanted(desired, actual)
    if desired.state == "bound":
        # A pair that is made anew in this task is bound anew, even where an instance shows its name already.
        anew = actual.pair is None or must_go(desired, actual)
        return [one for one in wanted if anew or one.key_name != desired.name]
    return [one for one in wanted if actual.pair and one.key_name == desired.name]


def _to_reset(desired: Desired, actual: Actual, chosen: list[Instance], warnings: list[str]) -> list[Instance]:
    """The instances that get the password. A password cannot be read, so that there is no comparing.

    :raises UnexpectedState: it is to be set in any case, and an instance does not exist
    """
    if not desired.sets_password:
        return []
    there = _wanted(desired, actual)
    if desired.always_password:
        _refuse_missing(desired, there)
        return there
    left = [one for one in desired.instance_ids if one not in {it.instance_id for it in chosen}]
    if left:
        warnings.append(
            f"{_NOT_SET} on {listed(left)}: their key pair does not change. To set it all the same, set "
            "update_password to always."
        )
    return chosen


def _binding_steps(desired: Desired, chosen: list[Instance], resets: t.Sequence[Instance]) -> t.Iterator[Step]:
    binds = desired.state == "bound"
    verb, word = ("bind", "to") if binds else ("unbind", "from")
    ids, others = ([one.instance_id for one in ones] for ones in (chosen, resets))
    bind = Step(f"{verb} key pair {desired.name} {word} {listed(ids)}", verb, {"instance_ids": ids})
    reset = Step(f"reset the password of {listed(others)}", "reset_password", {"instance_ids": others})
    # Binding switches password login off; unbinding takes the only other way in.
    for step in (bind, reset) if binds else (reset, bind):
        if step.args["instance_ids"]:
            yield step
    running = [one.instance_id for one in dict.fromkeys((*chosen, *resets)) if one.running]
    if desired.reboot and running:
        yield Step(f"reboot {listed(running)}", "reboot", {"instance_ids": running})


def _locked_out(instances: list[Instance]) -> str:
    return (
        f"From its next restart, nobody can log in to {listed([one.instance_id for one in instances])} with this key "
        "pair, and password login works only if the password is reset: set password together with the state unbound, "
        "or reset it in the console, before the restart."
    )


def listed(ids: t.Sequence[str]) -> str:
    """Instances in words, cut where there are many."""
    more = ", ..." if len(ids) > _LISTED else ""
    return f"{len(ids)} instance{'' if len(ids) == 1 else 's'} ({', '.join(ids[:_LISTED])}{more})"
