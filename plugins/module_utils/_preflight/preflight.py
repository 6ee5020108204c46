# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a chain of tasks will need, looked at before the first of them: what would fail is told at once.

Private.
"""

from __future__ import annotations

import copy
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, InvalidInput, SdkMissing
from . import sections
from .chain import Chain, Findings
from .lacks import Lacks, text
from .sections import SECTIONS, Options, Section

_MOST_FAULTS = 100


class Lacking(AlitrustError):
    """Something is lacking, and the task is to fail then."""

    lines = True


def read(cloud: Cloud | AlitrustError, options: Options, *, check_mode: bool = False) -> dict[str, t.Any]:
    """What C(preflight_info) returns.

    :param cloud: the door, or why the options do not lead to one
    :raises Lacking: something is lacking, and O(fail) is given
    """
    preflight = Preflight(options, cloud, check_mode=check_mode)
    preflight.run()
    found = preflight.findings.lacks.found
    result: dict[str, t.Any] = {
        "lacks": [one.to_result() for one in found],
        "notes": preflight.findings.notes,
        "steps": preflight.findings.steps,
    }
    if found and options["fail"]:
        raise Lacking(text(found), **result)
    counted = "1 thing is lacking" if len(found) == 1 else f"{len(found)} things are lacking"
    warnings = preflight.findings.warnings
    return {**result, "warnings": warnings, "summary": counted if found else "nothing is lacking"}


class Preflight:
    """One look at everything.

    :param cloud: the door, or why there is none
    """

    def __init__(self, options: Options, cloud: Cloud | AlitrustError, *, check_mode: bool) -> None:
        self.options = options
        self.cloud = cloud
        self.check_mode = check_mode
        self.findings = Findings(Lacks(dict(options["called"] or {})))
        self._ready: dict[str, Options] = {}
        self._faulty: dict[str, set[str]] = {}

    def run(self) -> None:
        """Look.

        :raises AlitrustError: something went wrong that is not about what was asked for
        """
        lacks = self.findings.lacks
        for one in self.options["variables"] or ():
            sections.check_variables(one["specification"], one["values"], lacks)
        for section in SECTIONS:
            if self.options[section.name] is not None:
                self._check(section)
        self._check_network()
        try:
            if isinstance(self.cloud, AlitrustError):
                raise self.cloud
            chain = Chain(self.cloud, self.options, self._ready, self._faulty, self.findings)
            chain.look(rights_may_lack=self.check_mode)
        except AlitrustError as error:
            if isinstance(error, SdkMissing):
                raise
            lacks.add("region" if "region" in error.message.lower() else "", error.message, what_to_do=error.hint)

    def _check(self, section: Section) -> None:
        given = dict(self.options[section.name])
        if section.name == "sg_rule" and not any(given.get(name) for name in ("security_group_id", "security_group")):
            given["security_group_id"] = "sg-foretold-preflight"  # of the group that is looked at before
        options, faulty = sections.read(section, given, self.findings.lacks)
        self._faulty[section.name] = faulty
        if options is not None:
            faulty |= self._faults(section, options)
            self._ready[section.name] = options

    def _faults(self, section: Section, options: Options) -> set[str]:
        """Have a module check its options; returns those that it refuses, and takes them out.

        A module stops at the first fault. To hear of all, what it refuses is taken out and the rest is checked again.
        """
        refused: set[str] = set()
        shifts: dict[str, int] = {}
        for _time in range(_MOST_FAULTS):
            try:
                section.resource(t.cast("Cloud", self.cloud), copy.deepcopy(options)).validate()
                break
            except InvalidInput as error:
                about = self.findings.lacks.add_error(section.name, error, options, shifts)
                name = about.root if about else ""
                if about and options[name] is None and options.get(f"{name}s") is not None:
                    name = f"{name}s"
                again = name in refused and not (about and about.index is not None)
                refused.add(name)
                if about is None or again or options.get(name) is None:
                    break
                if about.index is not None and isinstance(options[name], list):
                    shifts[name] = shifts.get(name, 0) + about.index + 1
                    options[name] = options[name][about.index + 1 :]
                else:
                    options[name] = sections.STAND_INS.get(name, section.spec[name].get("default"))
        return refused

    def _check_network(self) -> None:
        """A network that exists is named in two places, and half of it is of no use."""
        group, vpc = self._ready.get("security_group"), self._ready.get("vpc")
        instance = self._ready.get("trusted_instance")
        if group is None or group["security_group_id"] or group["network_type"] == "classic":
            return
        named = "vpc" if group["vpc"] else "vpc_id"
        switch = "vswitch_names" if instance and instance["vswitch_names"] else "vswitch_id"
        choices = ("vswitch_id", "vswitch_ids", "vswitch_names")
        switches = instance and any(instance[name] for name in choices)
        if instance and not self._faulty["trusted_instance"].isdisjoint(choices):
            return  # what was meant is not known
        if vpc is None and group[named] and instance and not switches:
            given, missing = f"security_group.{named}", f"trusted_instance.{switch}"
            self._faulty["trusted_instance"].add("vswitch_id")
        elif vpc is None and not group[named] and switches:
            given, missing = f"trusted_instance.{switch}", f"security_group.{named}"
            self._faulty["security_group"].add("vpc_id")
        elif vpc is not None and group["vpc_id"] and group["vpc_id"] != vpc["vpc_id"]:
            given, missing = "security_group.vpc_id", "vpc.vpc_id"
            self._faulty["security_group"].add("vpc_id")
        else:
            return
        self.findings.lacks.add(
            missing,
            f"{{{missing}}} is not given, but {{{given}}} is; they belong together.",
            what_to_do="Give both to use a network that exists, or neither to have one made.",
        )
