# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task changes on which instances: decided here, purely. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming
from .._core import tags as tagging
from .._core.plan import Plan, Step
from .._ram import attachments
from . import disks, encryption, places
from .attachables import Changes
from .desired import Desired
from .families import SELF_MANAGED, VTPM_TAG
from .names import counted, listing, runs
from .request import MOST_AT_ONCE, NEEDED
from .shape import Instance, order

MOVING = ("Pending", "Starting", "Stopping")
_GOING_UP = ("Pending", "Starting")


@dataclass(frozen=True)
class State:
    """What is there.

    :ivar members: instances that the task means, proven by the ownership tag or named by id
    :ivar unowned: instances with a fitting name that carry no ownership tag; looked up only when it matters
    :ivar disks: disks of the members, in the API's words; looked up only when disks are compared
    :ivar companions: what of others would be deleted with a member, in words; looked up only when members may go
    """

    members: tuple[Instance, ...] = ()
    unowned: tuple[Instance, ...] = ()
    disks: tuple[t.Mapping[str, t.Any], ...] = ()
    companions: t.Mapping[str, t.Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Cast:
    """Who is who: the first decision, from which everything else follows.

    :ivar keep: instances that stay, with the number each has or gets
    :ivar adopted: those of C(keep) that get the ownership tag now
    :ivar new: numbers of the instances to create; None for the plain name
    :ivar kept: what is left alone although the task would delete it, and why
    """

    keep: list[tuple[Instance, int | None]] = field(default_factory=list)
    adopted: list[Instance] = field(default_factory=list)
    new: list[int | None] = field(default_factory=list)
    remove: list[Instance] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def cast(desired: Desired, state: State) -> Cast:
    """Decide which instances stay, come and go.

    :raises UnexpectedState: more instances than wanted, or instances that are not provably ours
    """
    if desired.state == "absent":
        return _cast_absent(desired, state)
    members, surplus = _without_surplus(desired, state)
    remove, bound, kept = _without_companions(desired, state, surplus)
    members += bound
    adopted: list[Instance] = []
    missing = 0 if desired.count is None else max(0, desired.count - len(members))
    if missing and state.unowned:
        if not desired.terms.adopt:
            raise UnexpectedState(
                f"{_ids(state.unowned)} {_have(state.unowned)} a name of the fleet {desired.fleet}, but no "
                f"ownership tag {tagging.OWNER_KEY}, so it is not proven whose they are.",
                hint="Set adopt: true to take them over, or choose another name.",
                instance_ids=[one["instance_id"] for one in state.unowned],
            )
        adopted = sorted(state.unowned, key=lambda one: _rank(desired, one))[:missing]
    keep = _numbered(desired, [*members, *adopted])
    return Cast(keep, adopted, _new_numbers(desired, keep, missing - len(adopted)), remove, kept)


def plan(desired: Desired, state: State, options: t.Mapping[str, t.Any]) -> Plan:
    """All changes, in order: adopt, remove, change, create, power.

    :raises InvalidInput: instances have to be created, but options that this needs are not given
    :raises UnexpectedState: see L(cast); or an instance that must go is protected
    """
    roles = cast(desired, state)
    _check_needed(options, roles)
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    steps: list[Step] = []
    if roles.adopted:
        steps.append(
            Step(
                f"adopt {titles(roles.adopted)} into the fleet {desired.fleet}",
                "write_tags",
                {"ids": _id_list(roles.adopted), "to_set": {tagging.OWNER_KEY: desired.fleet}, "to_remove": []},
            )
        )
    steps += _removal(desired, roles)
    steps += _changes(desired, roles)
    outcomes = _disk_outcomes(desired, roles, state, options)
    steps += [step for each in outcomes.values() for step in each.steps]
    steps += [Step(_creation_name(desired, run, options), "create", {"numbers": run}) for run in new_runs(roles.new)]
    power, foretold = _power(desired, roles, steps, {id for id, each in outcomes.items() if each.late})
    steps += power
    for one in roles.remove:
        before[_key(one, state.members)] = {"status": one["status"]}
    for one, number in roles.keep:
        key = _key(one, (*state.members, *roles.adopted))
        before[key], after[key] = _images(desired, one, number, foretold.get(one["instance_id"]))
        about_disks = outcomes[one["instance_id"]]
        before[key] |= about_disks.before
        after[key] |= about_disks.after
    for number in roles.new:
        after[desired.name_with(number)] = _new_image(desired, number, options)
    late = [one for one, _number in roles.keep if outcomes[one["instance_id"]].late]
    warnings = [*_creation_warnings(desired, roles, options), *_warnings(desired, roles, late)]
    moving = desired.state != "absent" and any(one["status"] in MOVING for one, _number in roles.keep)
    return Plan(
        {"instances": before},
        {"instances": after},
        tuple(steps),
        tuple(warnings),
        unsettled=moving,
        kept=tuple(roles.kept),
    )


# ---------------------------------------------------------------------- who is who


def _cast_absent(desired: Desired, state: State) -> Cast:
    members = list(state.members)
    kept: list[str] = []
    unproven = [one for one in members if not one["fleet"]]
    if unproven and not desired.terms.adopt:
        carry = f"{_ids(unproven)} {'does' if len(unproven) == 1 else 'do'} not carry the tag {tagging.OWNER_KEY}"
        if not desired.terms.leave_others:
            raise UnexpectedState(
                f"{carry}: this collection did not make {_it(unproven)} and does not delete {_it(unproven)}.",
                hint=f"Set adopt: true if {_it(unproven, 'it is', 'they are')} yours to delete.",
                instance_ids=_id_list(unproven),
            )
        kept.append(f"{carry}, so {_it(unproven, 'it stays', 'they stay')}.")
        members = [one for one in members if one["fleet"]]
    if desired.terms.adopt:
        members += state.unowned
    elif state.unowned:
        kept.append(
            f"{_ids(state.unowned)} {_have(state.unowned)} a name that fits, but not the tag {tagging.OWNER_KEY}, and "
            f"{_it(state.unowned, 'stays', 'stay')}. Set adopt: true if {_it(state.unowned, 'it is', 'they are')} "
            "yours to delete."
        )
    remove, _bound, more = _without_companions(desired, state, members)
    return Cast(remove=sorted(remove, key=order), kept=[*kept, *more])


def _without_companions(
    desired: Desired, state: State, going: list[Instance]
) -> tuple[list[Instance], list[Instance], list[str]]:
    """Which of the instances that shall go do, which stay because something of others would go with them, and why."""
    bound = [one for one in going if state.companions.get(one["instance_id"]) and not desired.terms.adopt]
    if not bound:
        return going, [], []
    each = [f"{listing(list(state.companions[one['instance_id']]))} with {_title(one)}" for one in bound]
    carries = "does" if sum(map(len, state.companions.values())) == 1 else "do"
    # It begins with "the".
    problem = f"T{'; '.join(each)[1:]} would be deleted and {carries} not carry the tag {tagging.OWNER_KEY}"
    if not desired.terms.leave_others:
        raise UnexpectedState(
            f"{problem}: this collection did not make it and does not delete it.",
            hint="Detach it, have it stay when its instance goes (DeleteWithInstance of a disk, DeleteOnRelease of an "
            "interface), or set adopt: true if it is yours to delete.",
            instance_ids=_id_list(bound),
        )
    stay = f"so {titles(bound)} stay{'s' if len(bound) == 1 else ''}"
    return [one for one in going if one not in bound], bound, [f"{problem}, {stay}."]


def _without_surplus(desired: Desired, state: State) -> tuple[list[Instance], list[Instance]]:
    """The members that stay and those too many: the ones without a proper name first, then the highest number."""
    members = sorted(state.members, key=lambda one: _rank(desired, one))
    if desired.count is None or len(members) <= desired.count:
        return members, []
    keep, surplus = members[: desired.count], members[desired.count :]
    if not desired.remove_surplus:
        raise UnexpectedState(
            f"The fleet {desired.fleet} has {counted(len(members))}, count is {desired.count}.",
            hint=f"Set remove_surplus: true to delete {titles(surplus)}, or raise count.",
            instance_ids=_id_list(surplus),
        )
    return keep, surplus


def _rank(desired: Desired, one: Instance) -> tuple[bool, int, str, str, str]:
    number = desired.number_of(one)
    named = number is not None or one["name"] == desired.plain_name
    return not named, number or 0, one["creation_time"] or "", one["name"], one["instance_id"]


def _numbered(desired: Desired, members: list[Instance]) -> list[tuple[Instance, int | None]]:
    """Each member with its number; one without, or with a number that another has, gets a free one."""
    if desired.pattern is None:
        return [(one, None) for one in sorted(members, key=order)]
    numbers: dict[str, int] = {}
    for one in members:
        number = desired.pattern.number(one["name"])
        if number is not None and number not in numbers.values():
            numbers[one["instance_id"]] = number
    for one in members:
        if one["instance_id"] not in numbers:
            numbers[one["instance_id"]] = next(desired.pattern.free_numbers(set(numbers.values())))
    return [(one, numbers[one["instance_id"]]) for one in sorted(members, key=lambda one: numbers[one["instance_id"]])]


def _new_numbers(desired: Desired, keep: list[tuple[Instance, int | None]], amount: int) -> list[int | None]:
    if desired.pattern is None:
        return [None] * amount
    free = desired.pattern.free_numbers({number for _one, number in keep if number is not None})
    return [next(free) for _number in range(amount)]


def _check_needed(options: t.Mapping[str, t.Any], roles: Cast) -> None:
    lacking = [names[0] for names in NEEDED if not any(options[name] for name in names)]
    if roles.new and lacking:
        raise InvalidInput(
            f"{counted(len(roles.new))} {'has' if len(roles.new) == 1 else 'have'} to be created, which needs "
            f"{', '.join(lacking)}.",
            hint="Give these options, or give fleet or instance_ids without name to work with what is there.",
        )


# ---------------------------------------------------------------------- steps


def differences(desired: Desired, one: Instance, number: int | None) -> dict[str, t.Any]:
    """Attributes of an instance that are not as wanted, with the wanted value; tags are apart."""
    wanted = dict(desired.attributes)
    if desired.pattern is not None or desired.plain_name is not None:
        wanted["name"] = desired.name_with(number)
    host_name = desired.host_name_for(number, one["instance_id"])
    if host_name is not None:
        wanted["host_name"] = host_name
    return {key: value for key, value in wanted.items() if not _equal(key, one[key], value)}


def tag_changes(desired: Desired, one: Instance) -> tuple[dict[str, str], list[str]]:
    """Tags to set on an instance, and keys to remove."""
    return tagging.changes(one["tags"], desired.tags, desired.purge_tags)


def _equal(key: str, actual: t.Any, wanted: t.Any) -> bool:
    if key == "ram_role_name":  # RAM keeps names of roles without regard to case
        return str(actual or "").lower() == str(wanted).lower()
    return bool(actual == wanted)


def exchanged(desired: Desired, state: State, options: t.Mapping[str, t.Any]) -> Changes:
    """The instances that stay and get other groups, another key pair or another role, and the disks that are new."""
    roles = cast(desired, state)
    differ = [(one, differences(desired, one, number)) for one, number in roles.keep]
    groups, key_pair, role = (
        tuple(one for one, keys in differ if key in keys) for key in ("security_group_ids", "key_name", "ram_role_name")
    )
    outcomes = _disk_outcomes(desired, roles, state, options)
    new = tuple(disk for each in outcomes.values() for disk in each.new if disk.made is None)
    return Changes(groups, key_pair, role, new)


def stuck_disks(desired: Desired, state: State, options: t.Mapping[str, t.Any]) -> list[tuple[Instance, disks.Stuck]]:
    """What of the disks of the instances that stay cannot be as wanted."""
    roles = cast(desired, state)
    outcomes = _disk_outcomes(desired, roles, state, options)
    return [(one, stuck) for one, _number in roles.keep for stuck in outcomes[one["instance_id"]].stuck]


def _disk_outcomes(
    desired: Desired, roles: Cast, state: State, options: t.Mapping[str, t.Any]
) -> dict[str, disks.Outcome]:
    """What becomes of the disks of each instance that stays, by its id."""
    by_instance: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for disk in state.disks:
        by_instance.setdefault(str(disk.get("InstanceId") or ""), []).append(disk)
    unattached = by_instance.get("", [])
    found = {}
    for one, _number in roles.keep:
        id = one["instance_id"]
        found[id] = disks.outcome(desired, one, [*by_instance.get(id, []), *unattached], options)
    return found


#: Attributes that one ModifyInstanceAttribute changes, and those of ModifyInstanceMetadataOptions.
_MODIFY = ("name", "description", "host_name", "security_group_ids", "deletion_protection")
_METADATA = ("http_endpoint", "http_tokens")
#: Those of ModifyInstanceNetworkSpec.
_NETWORK = ("internet_max_bandwidth_out", "internet_charge_type")


def _changes(desired: Desired, roles: Cast) -> list[Step]:
    steps: list[Step] = []
    differ = {one["instance_id"]: differences(desired, one, number) for one, number in roles.keep}
    for one, _number in roles.keep:
        wanted = {key: val for key, val in differ[one["instance_id"]].items() if key in _MODIFY}
        naming.check_clearing("description", _title(one), one["description"], wanted.get("description"))
        if wanted:
            words = ", ".join(key.replace("_", " ").removesuffix(" ids") for key in wanted)
            steps.append(
                Step(f"change {words} of {_title(one)}", "modify", {"id": one["instance_id"], "wanted": wanted})
            )
    for one, _number in roles.keep:
        wanted = {key: val for key, val in differ[one["instance_id"]].items() if key in _METADATA}
        if wanted:
            full = {key: wanted.get(key, one[key]) for key in _METADATA}
            steps.append(
                Step(f"change metadata options of {_title(one)}", "modify_metadata", {"id": one["instance_id"], **full})
            )
    for one, _number in roles.keep:
        wanted = {key: val for key, val in differ[one["instance_id"]].items() if key in _NETWORK}
        if wanted:
            steps.append(_network_step(one, wanted))
    steps += _tag_steps(desired, roles)
    steps += _binding_steps([one for one, _number in roles.keep], differ, desired)
    return steps


def _network_step(one: Instance, wanted: dict[str, t.Any]) -> Step:
    """Both in one call: a second one within five minutes is refused."""
    bandwidth = wanted.get("internet_max_bandwidth_out")
    address = bool(bandwidth) and not one["public_ip"]
    words = []
    if bandwidth is not None:
        words.append(f"bandwidth to the internet from {one['internet_max_bandwidth_out'] or 0} to {bandwidth} Mbit/s")
    if "internet_charge_type" in wanted:
        words.append(f"payment for bandwidth from {one['internet_charge_type']} to {wanted['internet_charge_type']}")
    name = f"change {' and '.join(words)} of {_title(one)}{', which gets a public address' if address else ''}"
    return Step(name, "modify_network", {"id": one["instance_id"], "wanted": wanted, "address": address})


def _tag_steps(desired: Desired, roles: Cast) -> list[Step]:
    """Tags: instances that need the same are served together."""
    same: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], list[Instance]] = {}
    for one, _number in roles.keep:
        to_set, to_remove = tag_changes(desired, one)
        if to_set or to_remove:
            same.setdefault((tuple(sorted(to_set.items())), tuple(to_remove)), []).append(one)
    steps = []
    for (to_set_items, to_remove_keys), ones in same.items():
        words = [f"set tags {', '.join(dict(to_set_items))}"] if to_set_items else []
        words += [f"remove tags {', '.join(to_remove_keys)}"] if to_remove_keys else []
        args = {"ids": _id_list(ones), "to_set": dict(to_set_items), "to_remove": list(to_remove_keys)}
        steps.append(Step(f"{' and '.join(words)} on {titles(ones)}", "write_tags", args))
    return steps


def _binding_steps(ones: list[Instance], differ: dict[str, dict[str, t.Any]], desired: Desired) -> list[Step]:
    steps: list[Step] = []
    role, key = desired.attributes.get("ram_role_name"), desired.attributes.get("key_name")
    by_id = {one["instance_id"]: one for one in ones if "ram_role_name" in differ[one["instance_id"]]}
    others = {id: one["ram_role_name"] for id, one in by_id.items() if one["ram_role_name"]}
    steps += attachments.exchange_steps(str(role), others, lambda ids: titles([by_id[id] for id in ids]))
    bare = [one for id, one in by_id.items() if id not in others]
    if bare:
        args = {"role": role, "instance_ids": _id_list(bare)}
        steps.append(Step(f"attach role {role} to {titles(bare)}", "attach_instances", args))
    unbound = [one for one in ones if "key_name" in differ[one["instance_id"]]]
    if unbound:
        steps.append(
            Step(
                f"bind key pair {key} to {titles(unbound)}",
                "bind_key_pair",
                {"ids": _id_list(unbound), "key_name": key},
            )
        )
    return steps


def _removal(desired: Desired, roles: Cast) -> list[Step]:
    if not roles.remove:
        return []
    steps: list[Step] = []
    protected = [one for one in roles.remove if one["deletion_protection"]]
    if protected and desired.attributes.get("deletion_protection") is not False:
        names = ", ".join(_title(one) for one in protected)  # every one: somebody protected it for a reason
        raise UnexpectedState(
            f"{counted(len(protected))} of {len(roles.remove)} to be deleted {'is' if len(protected) == 1 else 'are'} "
            f"protected against deletion, so none was deleted: {names}.",
            hint="Give deletion_protection: false to switch the protection off and delete.",
            instance_ids=_id_list(protected),
        )
    for one in protected:
        steps.append(
            Step(
                f"switch deletion protection of {_title(one)} off",
                "modify",
                {"id": one["instance_id"], "wanted": {"deletion_protection": False}},
            )
        )
    steps.append(Step(f"delete {titles(roles.remove)}", "delete", {"ids": _id_list(roles.remove)}))
    return steps


def new_runs(numbers: list[int | None]) -> list[list[int | None]]:
    if None in numbers:
        return [[None]]
    return t.cast("list[list[int | None]]", runs(t.cast("list[int]", numbers), MOST_AT_ONCE))


def _creation_name(desired: Desired, run: list[int | None], options: t.Mapping[str, t.Any]) -> str:
    names = [desired.name_with(number) for number in run]
    what = names[0] if len(names) == 1 else f"{counted(len(names))} {names[0]} to {names[-1]}"
    return f"create {what} ({' or '.join(places.instance_types(options))})"


def _power(
    desired: Desired, roles: Cast, so_far: list[Step], late: set[str]
) -> tuple[list[Step], dict[str, dict[str, str]]]:
    """Steps that start and stop, and what each instance will show of it for the diff.

    :param late: ids of instances with a disk that shows its new size at the next restart only
    """
    kept = [one for one, _number in roles.keep]
    start: list[Instance] = []
    stop: list[Instance] = []
    restart: list[Instance] = []
    if desired.state in ("running", "restarted"):
        start = [one for one in kept if one["status"] in ("Stopped", "Stopping")]
    if desired.state == "stopped":
        stop = [one for one in kept if one["status"] not in ("Stopped", "Stopping")]
    if desired.state == "restarted":
        restart = [one for one in kept if one["status"] == "Running"]
    elif desired.restart_if_needed and desired.state != "stopped":
        changed = {id for step in so_far if step.do == "bind_key_pair" for id in step.args["ids"]}
        changed |= {step.args["id"] for step in so_far if step.do == "modify" and "host_name" in step.args["wanted"]}
        restart = [one for one in kept if one["instance_id"] in changed | late and one["status"] == "Running"]
    recharged = _to_stop_again(desired, kept) if desired.restart_if_needed else []
    steps: list[Step] = []
    if recharged:
        name = f"start {titles(recharged)}, because only a stop sets how a stopped instance is charged"
        steps.append(Step(name, "start", {"ids": _id_list(recharged)}))
        stop = [*stop, *recharged]
    if stop or (desired.state == "stopped" and roles.new):
        names = [*(_title(one) for one in stop), *(desired.name_with(number) for number in roles.new)]
        rising = [one for one in stop if one["status"] in _GOING_UP or one in recharged]
        args = {"ids": _id_list(stop), "rising": _id_list(rising), "created_too": bool(roles.new)}
        steps.append(Step(f"stop {listing(names)}", "stop", args))
    if start:
        steps.append(Step(f"start {titles(start)}", "start", {"ids": _id_list(start)}))
    if restart:
        steps.append(Step(f"restart {titles(restart)}", "restart", {"ids": _id_list(restart)}))
    foretold = {id: {"status": "Stopped"} for id in _id_list(stop)}
    foretold |= {id: {"status": "Running"} for id in _id_list(start)}
    foretold |= {id: {"status": "Running, restarted"} for id in _id_list(restart)}
    foretold |= {id: {"status": "Stopped", "stopped_mode": str(desired.stopped_mode)} for id in _id_list(recharged)}
    return steps, foretold


def _to_stop_again(desired: Desired, ones: t.Iterable[Instance]) -> list[Instance]:
    """Instances that are stopped and charged otherwise than wanted: that is chosen when an instance is stopped."""
    if desired.state != "stopped" or desired.stopped_mode is None:
        return []
    other = {"StopCharging": "KeepCharging", "KeepCharging": "StopCharging"}[desired.stopped_mode]
    return [one for one in ones if one["status"] == "Stopped" and one["stopped_mode"] == other]


# ---------------------------------------------------------------------- diff


def _images(
    desired: Desired, one: Instance, number: int | None, power: dict[str, str] | None
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """One instance before and after, with the attributes that the task is about."""
    differ = differences(desired, one, number)
    about = [key for key in ("name", "host_name", *desired.attributes) if key in desired.attributes or key in differ]
    before: dict[str, t.Any] = {key: one[key] for key in about}
    after: dict[str, t.Any] = {**before, **differ}
    if desired.tags is not None:
        to_set, to_remove = tag_changes(desired, one)
        mine = {key: value for key, value in one["tags"].items() if key != tagging.OWNER_KEY}
        before["tags"] = mine
        after["tags"] = {key: value for key, value in {**mine, **to_set}.items() if key not in to_remove}
    before["fleet"], after["fleet"] = one["fleet"], one["fleet"] or desired.fleet
    power = power or {}
    before |= {key: one[key] for key in ("status", *power)}
    after |= {"status": one["status"], **power}
    return before, after


def _new_image(desired: Desired, number: int | None, options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    image: dict[str, t.Any] = {**desired.at_creation, **desired.of_new, "name": desired.name_with(number)}
    host_name = desired.host_name_for(number, "${instance_id}")
    if host_name is not None:
        image["host_name"] = host_name
    made = encryption.made(options, desired.plain_disks)
    for key in ("image_family", "image_name", "system_disk", "data_disks"):
        if made[key]:
            image[key] = made[key]
    image["tags"] = dict(desired.tags or {})
    image["fleet"] = desired.fleet
    image["trusted_mode"] = desired.trusted
    image["status"] = "Stopped" if desired.state == "stopped" else "Running"
    return image


def _creation_warnings(desired: Desired, roles: Cast, options: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """What somebody would rather know before the instances are there."""
    if not roles.new:
        return
    names = listing([desired.name_with(number) for number in roles.new])
    answers = desired.attributes.get("http_endpoint") != "disabled"
    if answers and desired.attributes.get("http_tokens") == "optional":
        yield (
            f"{names}: the metadata service will answer without a token (http_tokens: optional), so that a program in "
            "the instance which is made to fetch a URL can give away the credentials of its RAM role. Leave the option "
            "out, or give required."
        )
    if desired.trusted and not desired.attributes.get("ram_role_name") and options["trust_service"] != SELF_MANAGED:
        yield (
            f"{names}: no ram_role_name is given, and without a role for the trusted service an instance cannot report "
            "to it. A role can be attached later; with an attestation system of your own give trust_service: "
            "self_managed."
        )
    if desired.plain_disks and encryption.silent(options):
        yield (
            f"{names}: the disks will not be encrypted, because KMS is not switched on. Switch it on with "
            "alitrust.ecs.kms_service first: a disk can be encrypted at its creation only."
        )
    if not desired.attributes.get("key_name") and not options["user_data"]:
        yield (
            f"{names}: nobody will be able to log in, because there is neither a key pair nor a password. Give "
            "key_name (for Linux), make an account by user_data, or set a password in the console."
        )


def _warnings(desired: Desired, roles: Cast, grown: list[Instance]) -> list[str]:
    """What somebody would rather know of the instances that stay.

    :param grown: those with a disk that shows its new size at the next restart only
    """
    if desired.state == "stopped":
        return _charge_warnings(desired, [one for one, _number in roles.keep])
    warnings: list[str] = []
    if desired.state == "absent":
        return warnings
    if desired.trusted and desired.count is not None:
        plain = [one for one, _number in roles.keep if not one["trusted"]["supports_vtpm"]]
        if plain:
            warnings.append(
                f"{titles(plain)} {'carries' if len(plain) == 1 else 'carry'} no tag {VTPM_TAG}, so nothing proves a "
                "trusted instance. The mode is chosen at creation and never told again; look for "
                "/dev/tpm0 in the instance, or set trusted_mode: false."
            )
    differ = [(one, differences(desired, one, number)) for one, number in roles.keep]
    late = [one for one, keys in differ if ("key_name" in keys or "host_name" in keys) and one["status"] == "Running"]
    if late and desired.state != "restarted" and not desired.restart_if_needed:
        warnings.append(
            f"The new key pair or host name of {titles(late)} takes effect at the next restart through the API; "
            "restart_if_needed: true restarts at once."
        )
    if grown and desired.state != "restarted" and not desired.restart_if_needed:
        warnings.append(
            f"A disk of {titles(grown)} has a category that does not grow while the instance runs: its new size shows "
            "at the next restart through the API; restart_if_needed: true restarts at once."
        )
    return warnings


def _charge_warnings(desired: Desired, ones: list[Instance]) -> list[str]:
    """A stopped instance costs what the last stop has chosen, whatever is asked for now."""
    warnings = []
    other = _to_stop_again(desired, ones)
    if other and not desired.restart_if_needed:
        costs = ", and CPU and memory go on costing money" if desired.stopped_mode == "StopCharging" else ""
        warnings.append(
            f"{titles(other)} {'is' if len(other) == 1 else 'are'} stopped already, in the mode "
            f"{other[0]['stopped_mode']}{costs}: the mode is chosen when an instance is stopped. "
            f"restart_if_needed: true starts {_it(other)} and stops {_it(other)} again."
        )
    none = [one for one in ones if one["status"] == "Stopped" and one["stopped_mode"] == "Not-applicable"]
    if none and desired.stopped_mode == "StopCharging":
        warnings.append(
            f"{titles(none)} {'is' if len(none) == 1 else 'are'} stopped, and Alibaba Cloud calls StopCharging not "
            "applicable there, so that stopping saves nothing."
        )
    return warnings


# ---------------------------------------------------------------------- words


def _key(one: Instance, among: t.Iterable[Instance]) -> str:
    """The name of an instance, with its id where two have the same name."""
    same = sum(1 for other in among if other["name"] == one["name"])
    return one["name"] if same == 1 else _title(one)


def _title(one: Instance) -> str:
    return f"{one['name']} ({one['instance_id']})"


def titles(ones: t.Sequence[Instance]) -> str:
    return listing([_title(one) for one in ones])


def _ids(ones: t.Sequence[Instance]) -> str:
    return f"{'The instance' if len(ones) == 1 else 'The instances'} {titles(ones)}"


def _it(ones: t.Sequence[Instance], one: str = "it", several: str = "them") -> str:
    return one if len(ones) == 1 else several


def _have(ones: t.Sequence[Instance]) -> str:
    return "has" if len(ones) == 1 else "have"


def _id_list(ones: t.Iterable[Instance]) -> list[str]:
    return [one["instance_id"] for one in ones]
