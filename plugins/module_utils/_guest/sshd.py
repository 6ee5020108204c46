# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether sshd is configured as the role guest would do it; pure. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import re

#: OpenSSH before 8.2 has no Include, and an image may be without this one.
_INCLUDE = r"^\s*Include\s+{folder}/\*\.conf"


def reads_folder(config: str, folder: str) -> bool:
    """Whether sshd_config includes the files of a folder.

    :param config: the text of sshd_config
    """
    return re.search(_INCLUDE.format(folder=re.escape(folder)), config, re.IGNORECASE | re.MULTILINE) is not None


def has_block(config: str, text: str, marker: str) -> bool:
    """Whether C(ansible.builtin.blockinfile) would leave the text of a file as it is.

    :param text: the block
    :param marker: what follows BEGIN and END in the lines around it
    """
    begin, end = f"# BEGIN {marker}", f"# END {marker}"
    lines = config.splitlines()
    if (lines.count(begin), lines.count(end)) != (1, 1):
        return False
    return lines[lines.index(begin) + 1 : lines.index(end)] == text.splitlines()


def missed(text: str, judged: str, effective: str) -> list[str]:
    """The lines of C(sshd -T) for the options alone that it does not print with everything else.

    :param text: the options as in sshd_config
    :param judged: what sshd prints for these options alone
    :param effective: what it prints with everything else
    """
    names = {line.split()[0].lower() for line in text.splitlines() if line.strip() and not line.startswith("#")}
    wanted = [line for line in judged.splitlines() if line.partition(" ")[0].lower() in names]
    present = set(effective.splitlines())
    return [line for line in wanted if line not in present]
