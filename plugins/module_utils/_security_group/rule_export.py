# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a security group as a file in a folder. Private."""

from __future__ import annotations

import os
import re
import stat
import typing as t
from dataclasses import dataclass
from datetime import UTC, datetime

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import files, naming
from .._core.plan import Plan, Step
from .._core.resource import Resource
from .._network.find import chosen_vpc
from . import find, rule_file, rules
from .planner import check_id, check_place

#: Bytes of a file that is there, more than any with rules has.
_LARGEST = 16 << 20
_TIME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._\-]{0,63}")


@dataclass(frozen=True)
class Export:
    """A file as it is and as it should be.

    :ivar before: None where there is no such file
    """

    path: str
    before: str | None
    after: str
    rule_count: int


class RuleExport(Resource[Export]):
    """The rules of one group in a file."""

    def __init__(self, cloud: t.Any, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.group_id: str | None = options["security_group_id"]
        self.folder = ""

    def validate(self) -> None:
        options = self.options
        if bool(self.group_id) == bool(options["security_group"]):
            raise InvalidInput("Say which group: either security_group_id, or security_group with its name.")
        check_id("security_group_id", self.group_id)
        check_place(options)
        naming.check(naming.SECURITY_GROUP, "security_group", options["security_group"])
        if options["time"] and not _TIME.fullmatch(options["time"]):
            raise InvalidInput(
                f"time is {options['time']!r}; expected what can be in the name of a file, such as 2026-01-20."
            )
        self.cloud.connection.need_region()
        self.folder = os.path.abspath(os.path.expanduser(options["dest"]))
        if not os.path.isdir(self.folder):
            raise InvalidInput(f"dest is {self.folder}, which is not a directory.", hint="Make it first.")
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise InvalidInput(f"dest is {self.folder}, a directory that cannot be written to.")

    def find(self) -> Export:
        if not self.group_id:
            name = self.options["security_group"]
            vpc_id = chosen_vpc(self.cloud, self.options["vpc_id"], self.options["vpc"])
            item = find.by_name(self.cloud, name, vpc_id, network_type=self.options["network_type"])
            if item is None:
                raise UnexpectedState(f"There is no security group named {name}.")
            self.group_id = str(item["SecurityGroupId"])
        group = rules.read(self.cloud, self.group_id)
        form = self.options["format"]
        # The date as in the name that the console gives, and in a time zone that does not depend on the machine.
        time = self.options["time"] or datetime.now(UTC).strftime("%Y-%m-%d")
        name = rule_file.file_name(form, self.cloud.connection.need_region(), self.group_id, time)
        path = os.path.join(self.folder, name)
        return Export(path, _content(path), rule_file.write(group.rules, form), len(group.rules))

    def plan(self, actual: Export) -> Plan:
        counted = f"{actual.rule_count} rule{'' if actual.rule_count == 1 else 's'}"
        write = Step(
            f"write {counted} of {self.group_id} to {actual.path}",
            "write",
            {"path": actual.path, "text": actual.after},
        )
        return Plan(actual.before or "", actual.after, () if actual.before == actual.after else (write,))

    def write(self, path: str, text: str) -> None:
        files.write_whole(path, text)

    def settle(self, plan: Plan, actual: Export) -> dict[str, t.Any]:
        return self.foretell(plan, actual)

    def foretell(self, plan: Plan, actual: Export) -> dict[str, t.Any]:
        return {"security_group_id": self.group_id, "path": actual.path, "rule_count": actual.rule_count}


def _content(path: str) -> str | None:
    """What is in the file now; what is no text differs from every text.

    A link, or a file with a second name, is replaced, and what is in it is not looked at: it may be what nobody wants
    in a diff.

    :raises UnexpectedState: when something else than a readable file is in the way
    """
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink > 1):
            return ""
        return files.read(path, _LARGEST).content.decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UnexpectedState(f"{path} is in the way and cannot be read: {exc.strerror}.") from None
