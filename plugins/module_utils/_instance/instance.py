# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(trusted_instance): one instance or a fleet, through the one flow. Private."""

from __future__ import annotations

import contextlib
import time
import typing as t
from dataclasses import replace

from .._assistant import agents
from .._assistant.settings import session_manager_is_on
from .._cloud.errors import AccessDenied, AlitrustError, UnexpectedState, WaitTimeout
from .._cloud.writes import DOUBT
from .._core import tagging
from .._core import tags as tag_rules
from .._core.plan import Plan
from .._core.resource import Resource
from .._core.waiter import wait_for
from .._kms import service as kms_service
from .._ram.attachments import AttachmentActions
from .._trust import options as trust_options
from .._trust.waiting import until_trusted
from . import (
    bindings,
    companions,
    creation,
    encryption,
    finder,
    named,
    options,
    planner,
    power,
    preflight,
    reach,
    replacement,
    request,
    shape,
    ssh,
)
from .desired import Desired
from .disk_actions import DiskActions
from .disks import short_of_data_disks
from .names import counted
from .places import Place
from .planner import MOVING, State
from .reach import SESSION
from .shape import Instance

#: How long a restart may take to show in an instance's status, in seconds.
RESTART_SHOWS_WITHIN = 10.0


class TrustedInstance(AttachmentActions, DiskActions, Resource[State]):
    """One instance, or a fleet of them."""

    unseen = frozenset({"restart"})
    passing = frozenset({"start", "stop", "restart", "attach_disk"})

    desired: Desired
    notes: list[str]

    def validate(self) -> None:
        options.check(self.options)
        self.desired = Desired.from_options(self.options)
        self.created: list[str] = []
        self.expected: dict[str, int | None] = {}  # the instances to end with, and the number in the name
        self.notes = []
        self.replacements: list[replacement.Replacement] = []
        self.restarted_at = 0.0
        self.restarting: set[str] = set()
        self.to_run: set[str] = set()  # instances that end up Running whatever state was asked for
        self.outlook: preflight.Outlook | None = None
        self.offers: dict[tuple[int | None, ...], list[Place]] = {}  # by the numbers that a call creates
        self.placements: list[dict[str, t.Any]] = []
        self.booted: dict[str, float] = {}  # when this task started them; only later reports prove trust

    # ------------------------------------------------------------------ find

    def find(self) -> State:
        members = self._members()
        if self.desired.state != "absent" and (self.options["vswitch_names"] or self.options["security_group_names"]):
            self.options = named.resolved(self.cloud, self.options, members)
            self.desired = Desired.from_options(self.options)
        if self.desired.state != "absent":
            self.options = named.with_key_ids(self.cloud, self.options)
        missing = self._missing(members)
        if missing and _being_created(members):
            members = self._all_created(members)
            missing = self._missing(members)
        unowned: list[Instance] = []
        if (missing and not self.desired.instance_ids) or self._may_adopt_to_delete(members):
            unowned = finder.unowned(self.cloud, self.desired)
        if "ram_role_name" in self.desired.attributes and self.desired.state != "absent":
            members = finder.with_roles(self.cloud, members)
            unowned = finder.with_roles(self.cloud, unowned)
        about_disks = self.options["system_disk"] is not None or self.options["data_disks"] is not None
        compare_disks = about_disks and self.desired.state != "absent" and (members or self.desired.terms.adopt)
        with_adopted = [*members, *(unowned if self.desired.terms.adopt else [])]
        disks = finder.disks(self.cloud, self.desired, with_adopted, self.options) if compare_disks else []
        going = members if self.desired.state == "absent" else self._surplus(members)
        ids = [one["instance_id"] for one in going if not self.desired.terms.adopt]
        others = companions.strangers(self.cloud, ids)
        if self._makes_disks(members, disks, missing) and not self._may_encrypt():
            self.desired = self._desired_with(encryption.BOTH)
        return State(tuple(members), tuple(unowned), tuple(disks), others)

    def _makes_disks(self, members: list[Instance], disks: t.Iterable[dict[str, t.Any]], missing: int) -> bool:
        """Whether disks may be made that the task does not say of whether they are encrypted."""
        if self.desired.state == "absent" or not encryption.silent(self.options):
            return False
        short = (short_of_data_disks(one, disks, self.options) for one in members)
        return missing > 0 or any(short)

    def _may_encrypt(self) -> bool:
        """Whether KMS is on, which trusted instances need anyway; where that cannot be read the API will tell."""
        if self.desired.trusted:
            return True
        try:
            return kms_service.read_status(self.cloud) == "Enabled"
        except AccessDenied:
            return True

    def _desired_with(self, plain: frozenset[str]) -> Desired:
        return replace(self.desired, plain_disks=self.desired.plain_disks | plain)

    def _surplus(self, members: list[Instance]) -> list[Instance]:
        """Members of which some are to be deleted because they are too many."""
        surplus = self.desired.remove_surplus and self.desired.count is not None and len(members) > self.desired.count
        return members if surplus else []

    def _members(self) -> list[Instance]:
        return finder.members(self.cloud, self.desired)

    def _all_created(self, members: list[Instance]) -> list[Instance]:
        """The members once those appeared that somebody, perhaps an interrupted run of this task, is creating."""
        seen = members

        def poll() -> list[Instance]:
            nonlocal seen
            seen = self._members()
            return seen

        with contextlib.suppress(WaitTimeout):
            wait_for(
                self.cloud,
                f"instances of the fleet {self.desired.fleet} that are being created",
                poll,
                lambda now: not self._missing(now) or not _being_created(now),
                lambda now: f"{len(now)} of {self.desired.count} are there",
                timeout=creation.VISIBLE_WITHIN,
            )
        return seen

    def _missing(self, members: list[Instance]) -> int:
        return 0 if self.desired.count is None else max(0, self.desired.count - len(members))

    def _may_adopt_to_delete(self, members: list[Instance]) -> bool:
        named = self.desired.pattern is not None or self.desired.plain_name is not None
        return self.desired.state == "absent" and named and not members

    # ------------------------------------------------------------------ plan

    def plan(self, actual: State) -> Plan:
        desired = self.desired
        self._check_existence(actual)
        plan = planner.plan(desired, actual, self.options)
        warnings = list(plan.warnings)
        if desired.state == "absent":
            return plan
        kept = [one for one, _number in planner.cast(desired, actual).keep]
        self.replacements = replacement.needed(desired, kept, planner.stuck_disks(desired, actual, self.options))
        if self.replacements:
            sentence = replacement.sentence(self.replacements)
            if self.options["on_needs_replacement"] == "fail":
                raise UnexpectedState(sentence, needs_replacement=self.replacements)
            warnings.append(sentence)
        to_wait_for = self.options["wait_for_ssh"] or self.options["wait_for_trusted"]
        return replace(plan, warnings=tuple(warnings), unsettled=plan.unsettled or bool(kept and to_wait_for))

    def _check_existence(self, actual: State) -> None:
        desired = self.desired
        if desired.state == "absent":
            return
        if desired.instance_ids:
            found = {one["instance_id"] for one in actual.members}
            lost = [one for one in desired.instance_ids if one not in found]
            if lost:
                raise UnexpectedState(f"There are no instances {', '.join(lost)} in {self.cloud.region}.")
        elif desired.count is None and not actual.members:
            raise UnexpectedState(
                f"The fleet {desired.fleet} has no instances.", hint="Give name (and count) to create them."
            )

    def preflight(self, plan: Plan, actual: State) -> None:
        if self.options["wait_for_ssh"] and self.options["ssh_address"] == SESSION and self.desired.state != "absent":
            self._check_sessions()
        runs = [step.args["numbers"] for step in plan.steps if step.do == "create"]
        changes = planner.exchanged(self.desired, actual, self.options)
        if runs or changes:
            self.outlook = preflight.check(
                self.cloud,
                self.options,
                [len(run) for run in runs],
                changes,
                lambda options, plain: request.parameters(options, self._desired_with(plain), runs[0]),
            )
        if self.outlook:
            self.offers = {tuple(run): offer for run, offer in zip(runs, self.outlook.offers, strict=True)}
            self.notes = [*self.outlook.notes, *self._other_images(actual)]
            self.warnings = self.outlook.warnings
            self.desired = self._desired_with(self.outlook.plain_disks)
        self.known = {one["instance_id"] for one in actual.members}

    def _other_images(self, actual: State) -> list[str]:
        """A word about a fleet that gets members with another image, because a newer one was found."""
        image = self.outlook.image_id if self.outlook else ""
        others = sorted({str(one["image_id"]) for one in actual.members if one["image_id"] != image})
        if self.options["image_id"] or not others:
            return []
        return [f"New instances have the image {image}; others of the fleet have {', '.join(others)}, and keep it."]

    # ------------------------------------------------------------------ steps

    def create(self, numbers: list[int | None]) -> None:
        places = self.offers[tuple(numbers)]
        offers = self._offered(places, numbers)
        numbered = self.desired.pattern is not None
        token = request.token(self.options, offers[0][1], self.desired.fleet, self.known, numbered=numbered)
        made = creation.run_instances(self.cloud, offers, token)
        ids = self._placed(made, numbers)
        if made.lost:
            # Deleted since an earlier run made them with the same token; by now everything there is can be seen.
            found = self._found(numbers, wait=made.place is None)
            ids += [id for id in found.values() if id not in self.known and id not in ids]
            left = [number for number in numbers if self.desired.name_with(number) not in found]
            for run in planner.new_runs(left):
                ids += self._placed(creation.run_anew(self.cloud, self._offered(places, run)), run)
        self.known.update(ids)
        self.created += ids
        self.to_run.update(ids)

    def _offered(self, places: list[Place], numbers: list[int | None]) -> list[tuple[Place, dict[str, t.Any]]]:
        """The places to ask, each with the parameters of RunInstances."""
        outlook = t.cast("preflight.Outlook", self.outlook)  # the flow has called preflight
        chosen = {**self.options, "image_id": outlook.image_id}
        return [(place, request.parameters(place.over(chosen), self.desired, numbers)) for place in places]

    def _placed(self, made: creation.Created, numbers: list[int | None]) -> list[str]:
        """Note where instances were created; returns their ids."""
        if made.place is not None and made.seen:
            self.placements.append(self._placement(made.place, numbers, made.passed_over, made.seen))
        return list(made.seen)

    def _placement(
        self,
        place: Place,
        numbers: list[int | None],
        passed_over: t.Sequence[dict[str, t.Any]] = (),
        ids: t.Sequence[str] = (),
    ) -> dict[str, t.Any]:
        outlook = t.cast("preflight.Outlook", self.outlook)
        return {
            **vars(place),
            "image_id": outlook.image_id,
            "names": [self.desired.name_with(number) for number in numbers],
            "instance_ids": list(ids),
            "passed_over": [*outlook.passed_over, *passed_over],
        }

    def _found(self, numbers: list[int | None], *, wait: bool) -> dict[str, str]:
        """Ids by name of instances that are there; C(wait): until all are, or could be seen if they were."""
        wanted = {self.desired.name_with(number) for number in numbers}
        found: dict[str, str] = {}

        def poll() -> dict[str, str]:
            found.update({one["name"]: one["instance_id"] for one in self._members() if one["name"] in wanted})
            return found

        with contextlib.suppress(WaitTimeout):
            wait_for(
                self.cloud,
                f"{counted(len(wanted))} that an earlier run created",
                poll,
                lambda seen: not wait or wanted <= seen.keys(),
                lambda seen: f"{len(seen)} of them",
                timeout=creation.VISIBLE_WITHIN,
            )
        return found

    def modify(self, id: str, wanted: dict[str, t.Any]) -> None:
        names = {
            "name": "InstanceName",
            "description": "Description",
            "host_name": "HostName",
            "security_group_ids": "SecurityGroupIds",
            "deletion_protection": "DeletionProtection",
        }
        params = {names[key]: value for key, value in wanted.items()}
        self.cloud.call("ecs", "ModifyInstanceAttribute", params, InstanceId=id)

    def modify_metadata(self, id: str, http_endpoint: str | None, http_tokens: str | None) -> None:
        params = {"HttpEndpoint": http_endpoint or "enabled", "HttpTokens": http_tokens}
        self.cloud.call("ecs", "ModifyInstanceMetadataOptions", params, InstanceId=id)

    def write_tags(self, ids: list[str], to_set: dict[str, str], to_remove: list[str]) -> None:
        tagging.write(self.cloud, "ecs", "instance", ids, to_set, to_remove)

    def bind_key_pair(self, ids: list[str], key_name: str) -> None:
        bindings.bind_key_pair(self.cloud, ids, key_name)

    def start(self, ids: list[str]) -> None:
        self.booted.update(dict.fromkeys(ids, time.time()))
        power.start(self.cloud, ids, timeout=self._timeout)

    def stop(self, ids: list[str], rising: list[str], created_too: bool) -> None:
        # A new instance passes through Stopped on its way up, so only Running says that it can be stopped.
        self._wait_until_up([*rising, *(self.created if created_too else ())])
        power.stop(
            self.cloud,
            [*ids, *(self.created if created_too else ())],
            force=self.options["force"],
            mode=self.options["stopped_mode"],
            timeout=self._timeout,
        )

    def restart(self, ids: list[str]) -> None:
        power.restart(self.cloud, ids, force=self.options["force"], timeout=self._timeout)
        self.restarted_at = self.cloud.monotonic()
        self.restarting = set(ids)
        self.to_run.update(ids)
        self.booted.update(dict.fromkeys(ids, time.time()))

    def delete(self, ids: list[str]) -> None:
        power.delete(self.cloud, ids, force=self.options["force"], wait=self.options["wait"], timeout=self._timeout)

    @property
    def _timeout(self) -> float:
        return float(self.options["wait_timeout"])

    def _wait_until_up(self, ids: list[str]) -> None:
        stopped = power.StoppedForGood(self.cloud)
        wait_for(
            self.cloud,
            f"{counted(len(ids))} to be Running",
            lambda: power.statuses(self.cloud, ids) if ids else {},
            lambda seen: {id for id in ids if seen.get(id) != "Running"} <= set(stopped.among(seen)),
            lambda seen: power.words(seen, ids),
            timeout=self._timeout,
        )

    # ------------------------------------------------------------------ result

    def settle(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        deleted = {id for step in plan.steps if step.do == "delete" for id in step.args["ids"]}
        roles = planner.cast(self.desired, actual)
        self.expected = {one["instance_id"]: number for one, number in roles.keep} | dict.fromkeys(self.created)
        try:
            seen = self._settled(plan, actual, deleted)
        except AlitrustError as error:
            error.details["created_ids"] = self.created
            raise
        extra = len(seen) - len(self.expected)
        if self.desired.count is not None and extra > 0:
            self.notes.append(f"{counted(extra)} more of the fleet appeared meanwhile; the next run tells about it.")
        return self._result(seen, len(deleted))

    def _settled(self, plan: Plan, actual: State, deleted: set[str]) -> list[Instance]:
        """The instances once they are as wanted, as far as that is to be waited for."""
        if not self.expected:
            if deleted and self.desired.state == "absent" and self.desired.fleet:
                self._refuse_new(deleted | {one["instance_id"] for one in actual.members})
            return []
        if not plan.changed and not any(one["status"] in MOVING for one in actual.members):
            seen = list(actual.members)
        elif self.options["wait"]:
            seen = self._wait(deleted)
        else:
            seen = [one for one in self._look() if one["instance_id"] not in deleted]
        paid = [one for one in seen if one["status"] == "Stopped" and one["stopped_mode"] != "StopCharging"]
        if plan.changed and paid and self.desired.state == "stopped" and self.desired.stopped_mode == "StopCharging":
            self.notes.append(
                f"{planner.titles(paid)} stopped in the mode {paid[0]['stopped_mode']}: Alibaba Cloud does not know "
                "StopCharging there, so that CPU and memory go on costing money."
            )
        if self.options["wait_for_ssh"]:
            self._wait_for_ssh(seen)
        if self.options["wait_for_trusted"]:
            seen = self._wait_for_trusted(seen)
        return seen

    def _refuse_new(self, known: set[str]) -> None:
        """:param known: the instances that there were, some of which may have to stay
        :raises UnexpectedState: the fleet has others, of a run at the same time
        """
        new = [one for one in self._members() if one["instance_id"] not in known]
        if new:
            raise UnexpectedState(f"The fleet has instances that were not there before: {planner.titles(new)}.")

    def foretell(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        roles = planner.cast(self.desired, actual)
        ones = [one for one, _number in roles.keep]
        gone = [one for step in plan.steps if step.do == "delete" for one in step.args["ids"]]
        for instance_id in gone:
            self.cloud.foretold.would_delete(finder.KIND, instance_id)
        if plan.changed:
            owned, powered = {"fleet": self.desired.fleet}, self._powered(plan)
            kept = [({**one, **owned} if one in roles.adopted else one, number) for one, number in roles.keep]
            ones = [{**self._foretold(one, number), **powered.get(one["instance_id"], {})} for one, number in kept]
            unborn = [self._unborn(number) for number in roles.new]
            for one in unborn:
                self._make_known(one)
            ones += unborn
        if self.outlook:
            self.placements = [self._placement(offer[0], list(run)) for run, offer in self.offers.items()]
        return self._result(ones, len(gone))

    def _make_known(self, one: Instance) -> None:
        """Let later tasks of a check run know an instance that would be there by then."""
        status = "Stopped" if self.desired.state == "stopped" else "Running"
        there = {**one, "status": status, "trusted": {"supports_vtpm": self.desired.trusted}}
        known = {"fleet": one["fleet"], "vswitch_id": one["vswitch_id"], "instance": there}
        self.cloud.foretold.would_make(finder.KIND, "i", one["name"], **known)

    def _look(self) -> list[Instance]:
        """The instances of the task, found by the tag, which also shows one too many."""
        seen = self._members()
        known = {one["instance_id"] for one in seen}
        others = [id for id in self.expected if id not in known]
        if others:  # adopted a moment ago, or renamed away from the name that this task looks for
            seen = sorted([*seen, *finder.describe(self.cloud, others)], key=shape.order)
        return finder.with_roles(self.cloud, seen) if "ram_role_name" in self.desired.attributes else seen

    def _wait(self, deleted: set[str]) -> list[Instance]:
        met: dict[str, float] = {}
        stopped = power.StoppedForGood(self.cloud)

        def poll() -> list[Instance]:
            seen = [one for one in self._look() if one["instance_id"] not in deleted]
            ids = {one["instance_id"] for one in seen}
            now = self.cloud.monotonic()
            met.update(dict.fromkeys(ids, now))
            # A read that is behind the one before may not show them yet.
            vanished = [id for id in self.expected if now - met.get(id, now) > DOUBT]
            if vanished:
                raise UnexpectedState(
                    f"{', '.join(vanished)} disappeared while the task waited for it.",
                    hint="See the account's events in the console; running the task again creates what is missing.",
                    instance_ids=vanished,
                )
            self._check_stopped(stopped, seen)
            return seen

        return wait_for(
            self.cloud,
            f"{counted(len(self.expected))} to be {'Stopped' if self.desired.state == 'stopped' else 'ready'}",
            poll,
            lambda seen: not self._unfinished(seen),
            self._words,
            timeout=self._timeout,
        ).value

    def _check_stopped(self, stopped: power.StoppedForGood, seen: list[Instance]) -> None:
        """Stop waiting for instances that do not come up."""
        lasting = stopped.among({one["instance_id"]: one["status"] for one in seen})
        down = [one for one in seen if one["instance_id"] in lasting and self._status_wanted(one) == "Running"]
        if down:
            raise UnexpectedState(
                f"{planner.titles(down)} {'is' if len(down) == 1 else 'are'} Stopped and did not come up again within "
                f"{power.STOP_PASSES_WITHIN:.0f} s.",
                hint="Somebody stopped it, or its system does not start: look at its events and its console output.",
                instance_ids=[one["instance_id"] for one in down],
            )

    def _words(self, seen: list[Instance]) -> str:
        """How many are in which state, and what else is missing: one line also for a hundred instances."""
        unfinished = self._unfinished(seen)
        counts = power.words({one["instance_id"]: one["status"] for one in seen}, list(self.expected))
        more = f" and {len(unfinished) - 3} more" if len(unfinished) > 3 else ""
        return f"{counts} ({'; '.join(unfinished[:3])}{more})"

    def _unfinished(self, seen: list[Instance]) -> list[str]:
        """What is not yet as it shall be, in words."""
        by_id = {one["instance_id"]: one for one in seen}
        found = []
        for id, number in self.expected.items():
            lack = self._lack(by_id[id], number) if id in by_id else "not visible"
            if lack:
                found.append(f"{by_id[id]['name'] if id in by_id else id} is {lack}")
        return found

    def _lack(self, one: Instance, number: int | None) -> str | None:
        """What one instance lacks."""
        if one["status"] != "Running":
            self.restarting.discard(one["instance_id"])  # the restart is seen to have begun
        wanted = self._status_wanted(one)
        if wanted and one["status"] != wanted:
            return str(one["status"])
        if self._restart_unseen(one):
            return "about to restart"
        if one["instance_id"] in self.created:
            number = self.desired.number_of(one)
        # A new host name shows after a restart, perhaps.
        late = [key for key in planner.differences(self.desired, one, number) if key != "host_name"]
        to_set, to_remove = planner.tag_changes(self.desired, one)
        late += [f"tag {key}" for key in (*to_set, *to_remove)]
        return f"without the new {', '.join(late)}" if late else None

    def _status_wanted(self, one: Instance) -> str | None:
        """The status to wait for; None: any that lasts."""
        if self.desired.state == "stopped":
            return "Stopped"
        if self.desired.state in ("running", "restarted") or one["instance_id"] in self.to_run:
            return "Running"
        return {"Pending": "Running", "Starting": "Running", "Stopping": "Stopped"}.get(one["status"])

    def _restart_unseen(self, one: Instance) -> bool:
        """Whether an instance that was restarted still looks as if nothing had happened."""
        waited = self.cloud.monotonic() - self.restarted_at
        return one["instance_id"] in self.restarting and waited < RESTART_SHOWS_WITHIN

    def _wait_for_ssh(self, ones: list[Instance]) -> None:
        if self.options["ssh_address"] == SESSION:
            names = {one["instance_id"]: one["name"] for one in ones}
            agents.wait_for_sessions(self.cloud, names, timeout=self._timeout)
            return
        addressed = [(reach.address(one, self.options["ssh_address"]), one) for one in ones]
        by_address = {address: one for address, one in addressed if address}
        without = [one["name"] for address, one in addressed if not address]
        if without:
            raise UnexpectedState(
                f"{', '.join(without)} has no {self.options['ssh_address'] or ''} address to connect to.".replace(
                    "  ", " "
                )
            )
        ssh.wait(self.cloud, by_address, self.options["ssh_port"], timeout=self._timeout)

    def _check_sessions(self) -> None:
        """Sessions that can't begin would be waited for in vain.

        :raises UnexpectedState: Session Manager is off
        """
        try:
            on = session_manager_is_on(self.cloud)
        except AccessDenied as error:
            self.warnings.append(f"Whether Session Manager is on could not be checked: {error.message}")
            return
        if not on:
            raise UnexpectedState(
                f"Session Manager is switched off for this account, and ssh_address is {SESSION}.",
                hint="The module alitrust.ecs.session_manager switches it on, for all regions.",
            )

    def _wait_for_trusted(self, ones: list[Instance]) -> list[Instance]:
        return until_trusted(
            self.cloud,
            ones,
            self.options,
            trust_options.rules(self.options),
            since=self.booted,
            timeout=float(self.options["trust_timeout"]),
            probe=self.options["trust_probe"],
            refresh=self._with_status,
        )

    def _with_status(self, ones: list[Instance]) -> list[Instance]:
        now = power.statuses(self.cloud, [one["instance_id"] for one in ones])
        return [{**one, "status": now.get(one["instance_id"], "gone")} for one in ones]

    def _foretold(self, one: Instance, number: int | None) -> Instance:
        to_set, to_remove = planner.tag_changes(self.desired, one)
        tags = {key: value for key, value in {**one["tags"], **to_set}.items() if key not in to_remove}
        if one["fleet"]:
            tags[tag_rules.OWNER_KEY] = one["fleet"]
        return {**one, **planner.differences(self.desired, one, number), "tags": tags}

    def _powered(self, plan: Plan) -> dict[str, Instance]:
        """What starting and stopping make of instances, by ID; how a stop is charged is known if the task says it."""
        found: dict[str, Instance] = {}
        for step in plan.steps:
            if step.do in ("start", "stop"):
                stopped = step.do == "stop"
                mode = self.desired.stopped_mode if stopped else None
                now = {"status": "Stopped" if stopped else "Running", "stopped_mode": mode}
                found |= dict.fromkeys(step.args["ids"], now)
        return found

    def _unborn(self, number: int | None) -> Instance:
        """An instance that does not exist yet, in the shape of one that does."""
        blank: Instance = dict.fromkeys(shape.instance({"InstanceId": ""}))
        blank |= {"description": "", "security_group_ids": [], "deletion_protection": False}
        blank["trusted"] = {"supports_vtpm": self.desired.trusted or None}
        wanted = {**self.desired.at_creation, **self.desired.of_new, "name": self.desired.name_with(number)}
        if self.outlook:
            place = next(offer[0] for run, offer in self.offers.items() if number in run)
            wanted |= {**vars(place), "image_id": self.outlook.image_id, "os_type": self.outlook.os_type}
            wanted["vpc_id"] = self.outlook.vpc_ids.get(place.vswitch_id)
        tags = {**(self.desired.tags or {}), tag_rules.OWNER_KEY: str(self.desired.fleet)}
        return {**blank, **wanted, "fleet": self.desired.fleet, "tags": tags}

    def _result(self, ones: list[Instance], deleted: int = 0) -> dict[str, t.Any]:
        ids = [one["instance_id"] for one in ones if one["instance_id"]]
        return {
            "instances": ones,
            "instance_ids": ids,
            "created_ids": self.created,
            "placements": self.placements,
            "needs_replacement": self.replacements,
            "notes": self.notes,
            "summary": self._summary(ones, deleted),
        }

    def _summary(self, ones: list[Instance], deleted: int) -> str:
        words = [counted(len(ones))]
        if ones:
            seen = {one["instance_id"] or one["name"]: one["status"] or "to be created" for one in ones}
            words[0] += f" ({power.words(seen, list(seen))})"
        words += [f"{len(self.created)} created"] if self.created else []
        words += [f"{deleted} deleted"] if deleted else []
        replaced = {one["instance_id"] for one in self.replacements}
        words += [f"{len(replaced)} need{'s' if len(replaced) == 1 else ''} replacement"] if replaced else []
        return ", ".join(words)


def _being_created(ones: t.Iterable[Instance]) -> bool:
    return any(one["status"] in ("Pending", "Starting") for one in ones)
