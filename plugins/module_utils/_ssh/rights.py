# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose a file is and who may write it, as sshd judges it with StrictModes. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library. Source: sshd_config(5), StrictModes; each
rule was tried with the sshd of Debian 12, 13 and testing. Debian's allows more than others: a group that has no other
member may write.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import typing as t

from .sshd import Account


def unsafe(path: str, account: Account, *, private_groups: bool, without: t.Collection[str] = ()) -> list[str]:
    """What StrictModes finds wrong with a file and the folders on the way to it, each with what would mend it.

    It goes from the file up to the home of the user, or to the root where the file is not in there. What is not there
    is not judged.

    :param private_groups: whether this is Debian's sshd
    :param without: paths that are not judged
    """
    real = os.path.realpath(path)
    home = os.path.realpath(account.home)
    left_out = {os.path.realpath(one) for one in without}
    found = []
    while True:
        if real not in left_out and os.path.lexists(real):
            found += _judge(real, account, private_groups)
        if real in ("/", home):
            return found
        real = os.path.dirname(real)


def _judge(path: str, account: Account, private_groups: bool) -> list[str]:
    try:
        status = os.stat(path)
    except OSError as exc:
        return [f"{path} cannot be looked at: {exc.strerror}"]
    found = []
    if status.st_uid not in (0, account.uid):
        found.append(f"{path} belongs to {_user_name(status.st_uid)} (chown {account.name} {path})")
    writers = []
    if status.st_mode & stat.S_IWGRP and not (private_groups and _is_private_group(status, account)):
        writers.append("its group")
    if status.st_mode & stat.S_IWOTH:
        writers.append("everybody")
    if writers:
        found.append(f"{path} can be written by {' and '.join(writers)} (chmod go-w {path})")
    return found


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user with the number {uid}"


def _is_private_group(status: os.stat_result, account: Account) -> bool:
    """Whether the group has the user as its only member, and has that one."""
    try:
        group = grp.getgrgid(status.st_gid)
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        return False
    primary = [one.pw_uid for one in pwd.getpwall() if one.pw_gid == group.gr_gid]
    members = list(group.gr_mem)
    return bool(primary or members) and set(primary) <= {account.uid} and members in ([], [owner])
