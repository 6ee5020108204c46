# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nobody may be shown of a task, besides the options with C(no_log). Private.

Used in instances as well, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import typing as t

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # before ansible-core 2.22
    register_secrets = None

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def hide(module: AnsibleModule, texts: t.Iterable[str]) -> None:
    """Have core take texts out of all that the module returns or logs.

    Up to ansible-core 2.21 the module does that. From 2.22 on it tells the controller of them, which keeps them out of
    whatever is shown; what a module notes in C(no_log_values) counts for nothing there.
    """
    found = [text for text in texts if isinstance(text, str) and text]
    module.no_log_values.update(found)
    if register_secrets is not None:
        register_secrets(found)
