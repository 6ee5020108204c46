# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A code by which servers that Security Center cannot reach get its agent, kept in a file. Private.

Whoever has the code puts servers under the protection of the account, which pays for them, so it is in a file for its
owner only and in no result. AddInstallCode does not tell the code; it is found in DescribeInstallCodes by the moment
when it expires, which the task chooses. That is in the file before the call, so that a run that breaks off in between
leaves no code that nobody knows of. No code but that in the file is ever deleted.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
import time
import typing as t
from dataclasses import dataclass
from datetime import UTC, datetime

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, InvalidInput, OutcomeUnknown, UnexpectedState
from .._cloud.texts import from_json
from .._core import files
from .._core.plan import Plan, Step
from .._core.resource import Resource
from .._core.waiter import wait_for
from .servers import PRODUCT

Code = dict[str, t.Any]

#: What a check run calls a code, by the path of its file.
_KIND = "security_install_code"
_HOUR = 3_600_000
#: What a task says of a code, and how the API calls it.
_NAMES = {"os": "Os", "only_image": "OnlyImage", "group_id": "GroupId", "vendor_name": "VendorName"}

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "code_file": {"type": "path", "required": True},
    "os": {"type": "str", "choices": ["linux", "windows"], "default": "linux"},
    "only_image": {"type": "bool", "default": False},
    "group_id": {"type": "int"},
    "vendor_name": {"type": "str"},
    "valid_hours": {"type": "int", "default": 24},
    "wait_timeout": {"type": "int", "default": 60},
}


@dataclass(frozen=True)
class Kept:
    """What is in the file.

    :ivar code: empty until the run that made it, or the next, has found it
    :ivar expires: in milliseconds since 1970
    :ivar loose: whether others than the owner have rights to the file
    """

    expires: int
    code: str = ""
    loose: bool = False


@dataclass(frozen=True)
class State:
    """The file, and the code that is meant by it, in the shape of results with C(code).

    :ivar now: in milliseconds since 1970
    """

    kept: Kept | None = None
    listed: Code | None = None
    now: int = 0


def shape(item: t.Mapping[str, t.Any]) -> Code:
    """An item of DescribeInstallCodes; C(expires_ms) is 0 where it does not tell."""
    expires = int(item.get("ExpiredDate") or 0)
    return {
        "os": item.get("Os") or "linux",
        "only_image": bool(item.get("OnlyImage")),
        "group_id": item.get("GroupId"),
        "group_name": item.get("GroupName") or None,
        "vendor_name": item.get("VendorName") or None,
        "expires": datetime.fromtimestamp(expires / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if expires else None,
        "expires_ms": expires,
        "code": str(item.get("CaptchaCode") or ""),
    }


def told(one: Code) -> Code:
    """What results show of a code."""
    return {key: value for key, value in one.items() if key not in ("code", "expires_ms")}


def all_of(cloud: Cloud) -> list[Code]:
    return [shape(item) for item in cloud.call(PRODUCT, "DescribeInstallCodes")["InstallCodes"]]


def look(path: str) -> Kept | None:
    """What is in the file; None where there is none yet.

    :raises InvalidInput: there is something else, or nothing can be written there
    """
    found = files.secret(path, "code_file")
    if found is None:
        return None
    try:
        content = from_json(found.content)
    except ValueError:
        content = None
    expires = content.get("expires_ms") if isinstance(content, dict) else None
    code = content.get("install_code", "") if isinstance(content, dict) else None
    if not isinstance(expires, int) or not isinstance(code, str):
        raise InvalidInput(
            f"code_file is {path}, which is no file with an install code that this module wrote.",
            hint="Move it away, or choose another path.",
        )
    return Kept(expires, code, bool(stat.S_IMODE(found.mode) & 0o077))


def plan(state: State, wanted: t.Mapping[str, t.Any], path: str, *, present: bool) -> Plan:
    """What to do with the code of the file.

    :param wanted: what is given of C(os), C(only_image), C(group_id) and C(vendor_name)
    :raises UnexpectedState: the code in the file is valid, and for something else
    """
    kept, listed = state.kept, state.listed
    before = {key: listed[key] for key in wanted} if listed else {}
    delete = [Step(f"delete the install code of {path}", "delete", {"code": listed["code"]})] if listed else []
    if not present:
        gone = [Step(f"delete {path}", "delete_file")] if kept else []
        return Plan({**before, "file": True} if kept else {}, {}, (*delete, *gone))
    valid = kept is not None and kept.expires > state.now
    steps: list[Step] = []
    if kept and listed and valid:
        if other := [key for key in wanted if wanted[key] != listed[key]]:
            raise UnexpectedState(
                f"The install code in {path} has {other[0]} {listed[other[0]]}, not {wanted[other[0]]}; that cannot be "
                "changed.",
                hint="Use another code_file, or delete that code first with state absent.",
            )
        if not kept.code:
            steps = [Step(f"write the install code to {path}", "write", {"code": listed})]
        if kept.loose:
            steps.append(Step(f"restrict {path} to its owner", "restrict"))
        return Plan({**before, "file": bool(kept.code), "own": not kept.loose}, _after(wanted), tuple(steps))
    # A run that broke off before its call goes on with the moment that it chose: the call may have been made after all.
    expires = kept.expires if kept and valid and not kept.code else 0
    make = Step(f"make an install code for {wanted['os']} servers, in {path}", "make", {"expires": expires})
    return Plan(before, _after(wanted), (*delete, make))


def _after(wanted: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {**wanted, "file": True, "own": True}


class InstallCode(Resource[State]):
    """One code and the file that it is in."""

    @property
    def _path(self) -> str:
        return os.path.abspath(os.path.expanduser(str(self.options["code_file"])))

    @property
    def _wanted(self) -> dict[str, t.Any]:
        return {name: self.options[name] for name in _NAMES if self.options[name] is not None}

    @property
    def _present(self) -> bool:
        return bool(self.options["state"] == "present")

    def validate(self) -> None:
        for name in ("valid_hours", "wait_timeout"):
            if self.options[name] <= 0:
                raise InvalidInput(f"{name} is {self.options[name]}; expected a number above 0.")
        if self.options["valid_hours"] > 24 * 365:
            raise InvalidInput(f"valid_hours is {self.options['valid_hours']}; expected at most a year, 8760.")
        group = self.options["group_id"]
        if group is not None and group < 0:
            raise InvalidInput(f"group_id is {group}; expected the number of a group of servers.")
        look(self._path)

    def find(self) -> State:
        now = int(time.time() * 1000)
        if self.cloud.foretold.is_gone(_KIND, self._path):
            return State(now=now)
        if record := self.cloud.foretold.find(_KIND, self._path):
            return State(Kept(record["code"]["expires_ms"], "foretold"), record["code"], now)
        kept = look(self._path)
        return State(kept, self._listed(kept) if kept else None, now)

    def _listed(self, kept: Kept) -> Code | None:
        return next(
            (
                one
                for one in all_of(self.cloud)
                if (one["code"] == kept.code if kept.code else one["expires_ms"] == kept.expires)
            ),
            None,
        )

    def plan(self, actual: State) -> Plan:
        return plan(actual, self._wanted, self._path, present=self._present)

    # ------------------------------------------------------------------ steps

    def make(self, expires: int) -> None:
        chosen = expires or int(time.time() * 1000) + self.options["valid_hours"] * _HOUR
        new = not os.path.lexists(self._path)
        if not expires:
            self._put({"expires_ms": chosen})
        try:
            self.cloud.call(
                PRODUCT,
                "AddInstallCode",
                {api: self.options[name] for name, api in _NAMES.items()},
                ExpiredDate=chosen,
            )
        except OutcomeUnknown:
            pass  # the list tells
        except AlitrustError:
            if new:
                with contextlib.suppress(OSError):
                    os.unlink(self._path)
            raise
        waited = wait_for(
            self.cloud,
            "the new install code to be listed",
            lambda: self._listed(Kept(chosen)),
            lambda found: found is not None,
            lambda _found: "not listed yet",
            timeout=self.options["wait_timeout"],
            shows=True,
        )
        self.write(t.cast("Code", waited.value))

    def write(self, code: Code) -> None:
        self._put({"install_code": code["code"], **told(code), "expires_ms": code["expires_ms"]})

    def _put(self, content: dict[str, t.Any]) -> None:
        """Put it there whole or not at all, for the owner only; C(look) has seen that what was there is ours.

        :raises UnexpectedState: it cannot be written
        """
        beside = ""
        try:
            number, beside = tempfile.mkstemp(dir=os.path.dirname(self._path), prefix=".install-code.")
            with open(number, "w", encoding="utf-8") as handle:
                handle.write(json.dumps(content, indent=2) + "\n")
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(beside, self._path)
        except OSError as exc:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise UnexpectedState(f"{self._path} cannot be written: {exc.strerror}.") from None

    def restrict(self) -> None:
        try:
            os.chmod(self._path, files.OWN)
        except OSError as exc:
            raise UnexpectedState(f"The rights of {self._path} cannot be changed to 0600: {exc.strerror}.") from None

    def delete(self, code: str) -> None:
        self.cloud.call(PRODUCT, "DeleteInstallCode", CaptchaCode=code)
        wait_for(
            self.cloud,
            "the install code to be gone",
            lambda: all(one["code"] != code for one in all_of(self.cloud)),
            lambda gone: gone,
            lambda _gone: "still listed",
            timeout=self.options["wait_timeout"],
            shows=True,
        )

    def delete_file(self) -> None:
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            pass
        except OSError as exc:
            raise UnexpectedState(f"{self._path} cannot be deleted: {exc.strerror}.") from None

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        now = self.find()
        return {"install_code": told(now.listed) if now.listed else None, "code_file": self._path}

    def foretell(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        if not self._present:
            if plan.changed:
                self.cloud.foretold.would_delete(_KIND, self._path, global_=True)
            return {"install_code": None, "code_file": self._path}
        one = actual.listed if actual.listed and not any(step.do == "make" for step in plan.steps) else None
        if one is None:
            expires = actual.now + self.options["valid_hours"] * _HOUR
            one = shape({**{api: self.options[name] for name, api in _NAMES.items()}, "ExpiredDate": expires})
            self.cloud.foretold.would_change(_KIND, self._path, self._path, global_=True, code=one)
        return {"install_code": told(one), "code_file": self._path}


def read(cloud: Cloud, _options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(security_center_install_code_info) returns."""
    found = sorted(all_of(cloud), key=lambda one: (one["expires_ms"], one["os"]))
    now = time.time() * 1000
    return {"install_codes": [{**told(one), "expired": 0 < one["expires_ms"] <= now} for one in found]}
