# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change at a key pair, its private key file and its instances. Pure. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import ownership
from .._core import tags as tagging
from .._core.plan import Plan, Step
from .key_file import FileState
from .public_key import DOCUMENTED_TYPES, PublicKey, stored

_LISTED = 20
_NOT_SET = "The password is not set"


@dataclass(frozen=True)
class Desired:
    """A key pair as a task wants it; None means: not given."""

    name: str
    state: str = "present"
    public_key: PublicKey | None = None
    private_key_file: str | None = None
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
    :ivar instances: those of C(instance_ids) and of C(users) that exist
    :ivar users: ids of instances that the pair is bound to; read only when the pair may have to go
    """

    pair: dict[str, t.Any] | None = None
    file: FileState | None = None
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


def must_go(desired: Desired, actual: Actual) -> bool:
    """Whether the pair that is there has to be deleted, for good or to make place for another."""
    if actual.pair is None or desired.state == "unbound":
        return False
    if desired.state == "absent" or lost(actual):
        return True
    if desired.public_key is not None:
        return desired.replace and stored(actual.pair["public_key"]) != desired.public_key
    return desired.replace and actual.file is not None and not actual.file.exists


def plan(desired: Desired, actual: Actual) -> Plan:
    """Decide.

    :raises UnexpectedState: when something stands in the way
    :raises InvalidInput: when something is missing that only creating needs
    """
    before = _shown(actual.pair, actual.file)
    what = f"key pair {desired.name}"
    ours = actual.pair is None or ownership.proven(actual.pair["tags"])
    if must_go(desired, actual):
        users = [listed(actual.users)] if actual.users else []
        verb = "delete" if desired.state == "absent" else "replace"
        kept = ownership.reason_to_stay(what, ours=ours, terms=desired.terms, users=users, verb=verb)
        if kept:
            return Plan(before, before, kept=(kept,))
    if desired.state == "absent":
        return _removal(desired, actual, before)
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
    return Plan(before, after, tuple(steps), tuple(warnings), kept=(kept,) if kept else ())


def _shown(pair: dict[str, t.Any] | None, file: FileState | None) -> dict[str, t.Any]:
    """What a diff shows. The ownership tag is left out: its value is different each time a pair is made."""
    shown: dict[str, t.Any] = {}
    if pair:
        shown.update(name=pair["name"], public_key=pair["public_key"], tags=_visible(pair["tags"]))
    if file and file.exists:
        shown["private_key_file"] = {"path": file.path, "only_for_owner": not file.loose}
    return shown


def _visible(tags: t.Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key != tagging.OWNER_KEY}


def _removal(desired: Desired, actual: Actual, before: dict[str, t.Any]) -> Plan:
    name, users = desired.name, actual.users
    unused = (f"{_NOT_SET}: the key pair {name} is bound to no instance.",) if desired.sets_password else ()
    if actual.pair is None:
        return Plan({}, {}, warnings=unused)
    delete = Step(f"delete key pair {name}", "delete")
    if not users:
        return Plan(before, {}, (delete,), unused)
    if desired.if_bound == "unbind":
        freed = [one for one in actual.instances if one.instance_id in users]
        before = {**before, "instances": dict.fromkeys(users, name)}
        steps = [*_binding_steps(desired, freed, freed if desired.sets_password else ()), delete]
        warnings = () if desired.sets_password else (_locked_out(freed),)
        return Plan(before, {"instances": dict.fromkeys(users)}, tuple(steps), warnings)
    warning = f"The key pair {name} is still bound to {listed(users)}."
    if desired.if_bound == "delete":
        delete = Step(f"delete key pair {name}, which is bound to {listed(users)}", "delete_bound")
        warning += " They keep its public key and go on showing its name, which no other pair can have while they do."
    return Plan(before, {}, (delete,), (warning,))


def _making(desired: Desired, actual: Actual, warnings: list[str]) -> tuple[dict[str, t.Any], list[Step]]:
    name, file = desired.name, actual.file
    steps = []
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
    if desired.public_key is not None:
        after["public_key"] = desired.public_key.text
        if desired.public_key.type not in DOCUMENTED_TYPES:
            warnings.append(
                f"The type {desired.public_key.type} of public_key is not among those that Alibaba Cloud documents for "
                "import; it may be refused."
            )
        if users:
            steps.append(Step(f"unbind key pair {name} from {listed(users)}", "unbind", {"instance_ids": users}))
        if replaces:
            steps.append(Step(f"delete key pair {name}", "delete"))
        steps.append(Step(f"import key pair {name}", "bring", {"wanted": desired.public_key, "tags": tags}))
    elif file is None:
        raise InvalidInput(
            f"There is no key pair {name}; private_key_file is needed to create it, or public_key to import it."
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
