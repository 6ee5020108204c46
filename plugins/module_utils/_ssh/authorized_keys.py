# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of a user in an instance: find out what its sshd reads, judge, write, judge again. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import base64
import glob
import os
import time
import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput, UnexpectedState
from . import host, lines, listed, rights
from .entry import Entry, parse
from .key import Refused, is_type
from .sshd import Account, Settings

_ASKING: dict[str, dict[str, t.Any]] = {
    "user": {"type": "str", "required": True},
    "address": {"type": "str"},
    "sshd_path": {"type": "path"},
    "sshd_config": {"type": "path"},
}
SPEC: dict[str, dict[str, t.Any]] = {
    **_ASKING,
    "keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "exclusive": {"type": "bool", "default": False},
    "return_before": {"type": "bool", "default": False},
    "restore": {
        "type": "list",
        "elements": "dict",
        "options": {"path": {"type": "path", "required": True}, "content": {"type": "str", "required": True}},
    },
}
INFO_SPEC: dict[str, dict[str, t.Any]] = {**_ASKING, "keys": {"type": "list", "elements": "str", "no_log": False}}


@dataclass(frozen=True)
class _Change:
    """What becomes of a file.

    :ivar before: its text, None when there is no file
    """

    path: str
    before: str | None
    after: str
    rights: tuple[host.Wanted, ...] = ()

    @property
    def is_other_text(self) -> bool:
        return (self.before or "") != self.after or self.before is None

    @property
    def needed(self) -> bool:
        return self.is_other_text or bool(self.rights)

    @property
    def diff(self) -> dict[str, str]:
        mended = "".join(f"{one.path}: owner {one.owner[0]}, mode {one.mode:04o}\n" for one in self.rights)
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": _shown(self.before or ""),
            "after": _shown(self.after) + mended,
        }


class _Place:
    """A user of this machine, and what its sshd says of it."""

    def __init__(self, options: dict[str, t.Any], run: host.Run) -> None:
        self.user = host.account(options["user"])
        self.warnings: list[str] = []
        if os.geteuid() not in (0, self.user.uid):
            raise InvalidInput(f"The keys of {self.user.name} are another user's.", hint="Set become.")
        self.address: str = options["address"] or host.where_from()
        self.settings = self._ask(options, run)
        self.strict = not self.settings.says_no("strictmodes")
        self.private_groups = self.settings.is_debian

    def _ask(self, options: dict[str, t.Any], run: host.Run) -> Settings:
        program, config = options["sshd_path"] or "", options["sshd_config"] or ""
        try:
            return host.settings(run, self.user.name, self.address, program=program, config=config)
        except host.SshdUnknown as exc:
            if os.geteuid() == 0:
                raise
            self.warnings.append(
                f"{exc.as_failure()['msg']} Without that the keys are those in "
                ".ssh/authorized_keys, and nobody says whether they let in."
            )
            return Settings("")

    def files(self, *, shared: bool = False) -> list[str]:
        """Paths of the files that keys of this user, or of every user, are read from."""
        found: list[str] = []
        for one in self.settings.key_files(self.user):
            if one.shared is not shared:
                continue
            if one.is_pattern:
                with host.acting_as(self.user):
                    found += sorted(glob.glob(one.path))
            else:
                found.append(one.path)
        return list(dict.fromkeys(found))

    def target(self) -> str:
        """The file that further keys go into; empty where there is none."""
        plain = [one.path for one in self.settings.key_files(self.user) if not (one.shared or one.is_pattern)]
        return (plain or self.files() or [""])[0]

    def obstacles(self, path: str, mended: t.Iterable[host.Wanted] = ()) -> list[str]:
        """What keeps sshd from reading the keys in a file, or would make it unsafe to write there.

        :param mended: what gets other rights before it matters
        """
        at_home = host.is_at_home(path, self.user)
        if at_home and not os.path.isdir(self.user.home):
            return [f"the home of {self.user.name}, {self.user.home}, does not exist"]
        paths = [one.path for one in mended]
        found: list[str] = []
        if self.strict or not at_home:
            wrong = rights.unsafe(path, self.user, private_groups=self.private_groups, without=paths)
            found += [f"{one}, so that sshd does not take keys from {path}" for one in wrong]
        unreadable = "" if paths else host.readable_by(path, self.user)
        return [*found, *([unreadable] if unreadable else [])]

    def why_not(self, entries: t.Iterable[Entry], run: host.Run) -> list[str]:
        """Why these keys would not let the user in, wherever they are."""
        found = self.settings.why_no_login(self.user, self.address)
        for entry in entries:
            reasons = self.settings.why_not_entry(entry, self.user, time.time())
            revoked = host.revoked(run, self.settings.path("revokedkeys"), entry.type, entry.data)
            found += [f"{entry.label}: {reason}" for reason in [*reasons, *([revoked] if revoked else [])]]
        return found

    def shared_with(self, keys: t.Collection[lines.Key] | None = None) -> list[str]:
        """The files for every user that have keys in them, or one of these."""
        found = []
        for path in self.files(shared=True):
            text = host.read(path, self.user) or ""
            if lines.key_lines(text) if keys is None else lines.without_keys(text, keys) != text:
                found.append(path)
        return found


def manage(
    options: dict[str, t.Any], run: host.Run, label: t.Callable[[str], bool], *, check_mode: bool
) -> dict[str, t.Any]:
    """What C(authorized_keys) does.

    :param options: as in SPEC
    :param run: runs a command; returns its exit status, output and errors
    :param label: gives a path its default SELinux context, or would in check mode; whether it had another
    :raises InvalidInput: a key that sshd would not take, or a user that is not there; nothing was changed
    :raises UnexpectedState: what stands in the way of a login, and what was changed
    """
    present = options["state"] == "present"
    entries, keys = _listed(options, present)
    if check_mode and not host.has_user(options["user"]):
        return _of_nobody_yet(options, changed=present and bool(entries))
    place = _Place(options, run)
    if options.get("restore"):
        changes = _restorations(place, options["restore"])
    elif present:
        changes = _additions(place, entries, run, exclusive=options["exclusive"])
    else:
        changes = _removals(place, keys)
    needed = [change for change in changes if change.needed]
    if not check_mode:
        _apply(place, needed)
    paths = [change.path for change in changes if check_mode or change.before is not None or change.needed]
    relabelled = [one for path in paths for one in _labelled(path) if os.path.lexists(one) and label(one)]
    if present and entries and not check_mode:
        _verify(place, changes[0].path, entries)
    changed = bool(needed or relabelled)
    result: dict[str, t.Any] = {
        "changed": changed,
        "user": place.user.name,
        "address": place.address,
        "files": sorted({change.path for change in needed} | set(relabelled)),
        "diff": [change.diff for change in needed],
        "warnings": place.warnings,
        "summary": _summary(place.user, needed, changed=changed, check_mode=check_mode),
    }
    if present and entries:
        result["file"] = changes[0].path
    if options["return_before"]:
        result["before"] = [
            {"path": one.path, "content": _encoded(one.before)} for one in needed if one.before is not None
        ]
    return result


def _of_nobody_yet(options: dict[str, t.Any], *, changed: bool) -> dict[str, t.Any]:
    """What a check tells of a user whom an earlier task would have made."""
    name = options["user"]
    return {
        "changed": changed,
        "user": name,
        "address": options["address"] or host.where_from(),
        "files": [],
        "diff": [],
        "warnings": [
            f"There is no user {name} on this host yet. Where an earlier task makes one, the keys are judged then; "
            "otherwise this task fails."
        ],
        "summary": f"the keys of {name} {'would be changed' if changed else 'would stay as they are'}",
    }


def tell(options: dict[str, t.Any], run: host.Run) -> dict[str, t.Any]:
    """What C(authorized_keys_info) returns."""
    entries, problems = listed.read(options["keys"] or [])
    if problems:
        raise InvalidInput(_together("keys has lines that sshd would not take", problems))
    place = _Place(options, run)
    files = []
    found: list[str] = []
    for shared in (False, True):
        for path in place.files(shared=shared):
            text = host.read(path, place.user)
            found += lines.key_lines(text or "")
            files.append({"path": path, "exists": text is not None, "shared": shared, "content": _encoded(text or "")})
    if entries:
        problems = place.why_not(entries, run)
        missing = entries
        for path in [*place.files(), *place.files(shared=True)]:
            there = [one for one in missing if one not in lines.lacking(host.read(path, place.user) or "", missing)]
            if there:
                problems += place.obstacles(path)
            missing = [one for one in missing if one not in there]
        problems += [f"{one.label}: it is in no file that sshd reads for {place.user.name}" for one in missing]
    existing = _and(str(one["path"]) for one in files if one["exists"])
    return {
        "user": place.user.name,
        "address": place.address,
        "files": files,
        "lines": [_printable(line) for line in found],
        "other_sources": place.settings.other_sources(),
        "problems": problems,
        "warnings": [*place.warnings, *place.settings.remarks(place.user, entries)],
        "summary": f"{len(found)} lines of keys of {place.user.name} in {existing or 'no file'}",
    }


# -- steps


def _listed(options: dict[str, t.Any], present: bool) -> tuple[list[Entry], list[lines.Key]]:
    if options.get("restore") and (options["keys"] or options["exclusive"] or not present):
        raise InvalidInput("restore is for keys=[] with state=present.", hint="Put back first what was there.")
    if options["exclusive"] and not (present and options["keys"]):
        raise InvalidInput(
            "exclusive is for state=present with keys: without any, nobody could log in.",
            hint="List the keys that are to stay.",
        )
    if not present:
        keys, problems = listed.keys(options["keys"])
        if problems:
            raise InvalidInput(_together("keys has lines that are no public keys, and nothing was changed", problems))
        return [], keys
    entries, problems = listed.read(options["keys"])
    if problems:
        raise InvalidInput(_together("keys has lines that sshd would not take, and nothing was changed", problems))
    if options["exclusive"] and not entries:
        raise InvalidInput("keys has no key in it, and exclusive is true: nobody could log in.")
    return entries, []


def _additions(place: _Place, entries: list[Entry], run: host.Run, *, exclusive: bool) -> list[_Change]:
    if not entries:
        return []
    problems = place.why_not(entries, run)
    target = place.target()
    changes: list[_Change] = []
    if not target:
        problems.append(place.settings.why_no_file(place.user))
    else:
        mended = tuple(host.wrong_rights(target, place.user))
        problems += place.obstacles(target, mended)
    if problems:
        what = f"{place.user.name} could not log in with these keys, so nothing was changed"
        raise UnexpectedState(_together(what, problems), problems=problems)
    before = host.read(target, place.user)
    changes.append(_Change(target, before, lines.with_entries(before or "", entries, exclusive=exclusive), mended))
    if exclusive:
        for path in place.files():
            text = None if path == target else host.read(path, place.user)
            if text is not None:
                changes.append(_Change(path, text, lines.with_entries(text, [], exclusive=True)))
        others = [*place.settings.other_sources(), *place.shared_with()]
        if others:
            place.warnings.append(
                f"Further keys may let {place.user.name} in, which exclusive does not remove: {_and(others)}."
            )
    place.warnings += [f"{text}." for text in listed.never_used(entries)]
    place.warnings += place.settings.remarks(place.user, entries)
    return changes


def _removals(place: _Place, keys: list[lines.Key]) -> list[_Change]:
    changes = []
    for path in place.files():
        text = host.read(path, place.user)
        if text is not None:
            changes.append(_Change(path, text, lines.without_keys(text, keys)))
    shared = place.shared_with(keys)
    if shared:
        place.warnings.append(f"The key is also in {_and(shared)}, which is for every user, and stays there.")
    return changes


def _restorations(place: _Place, wanted: list[dict[str, str]]) -> list[_Change]:
    known = place.files()
    changes = []
    for one in wanted:
        path = one["path"]
        if path not in known:
            raise InvalidInput(f"restore has {path}, which is no file of {place.user.name} alone that sshd reads.")
        try:
            text = base64.b64decode(one["content"], validate=True).decode(*host.ENCODING)
        except ValueError:
            raise InvalidInput(f"The content of {path} in restore is not base64.") from None
        changes.append(_Change(path, host.read(path, place.user), text))
    return changes


def _apply(place: _Place, changes: list[_Change]) -> None:
    done: list[str] = []
    for change in changes:
        try:
            host.mend_rights(change.rights)
            if change.is_other_text:
                host.write(change.path, change.after, place.user)
        except UnexpectedState as exc:
            raise UnexpectedState(f"{exc.message} Changed before that: {_and(done) or 'nothing'}.") from None
        done.append(change.path)


def _verify(place: _Place, path: str, entries: list[Entry]) -> None:
    problems = place.obstacles(path)
    missing = lines.lacking(host.read(path, place.user) or "", entries)
    problems += [f"{one.label}: it is not in {path}, something else has changed the file" for one in missing]
    if problems:
        what = f"The keys were put into {path}, and {place.user.name} cannot log in with them"
        raise UnexpectedState(_together(what, problems), problems=problems)


def _labelled(path: str) -> list[str]:
    """The file, and the folder of its own that it is in."""
    folder = os.path.dirname(path)
    return [*([folder] if os.path.basename(folder) == ".ssh" else []), path]


# -- words


def _summary(user: Account, needed: list[_Change], *, changed: bool, check_mode: bool) -> str:
    if not changed:
        return f"the keys of {user.name} are as they should be"
    names = _and(change.path for change in needed) or "SELinux contexts"
    return f"{names} of {user.name} {'would be' if check_mode else 'was'} changed"


def _together(what: str, problems: t.Iterable[str]) -> str:
    return f"{what}: {'; '.join(problems)}."


def _and(names: t.Iterable[str]) -> str:
    return ", ".join(names)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode(*host.ENCODING)).decode()


def _printable(text: str) -> str:
    return text.encode(*host.ENCODING).decode("utf-8", "replace")


def _shown(text: str) -> str:
    """The text without lines that are none of authorized_keys: they could be a private key that was put there."""
    return "".join(
        f"{_printable(line) if _may_be_shown(line) else '(a line that sshd does not take)'}\n"
        for line in text.splitlines()
    )


def _may_be_shown(line: str) -> bool:
    if not line.strip() or line.lstrip().startswith("#"):
        return True
    try:
        parse(line)
    except Refused:
        return any(is_type(word) for word in line.split())
    return True
