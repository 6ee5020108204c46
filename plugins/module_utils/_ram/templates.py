# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ready-made policy documents. Private.

Source of the actions: ECS Security, "Implement access control by using RAM" (three samples) and "Authorize a RAM user
to use an instance RAM role".
"""

from __future__ import annotations

import re
import typing as t

from .._cloud.errors import InvalidInput
from . import documents
from .documents import Document

_CREATE = (
    "ecs:DescribeImages",
    "vpc:DescribeVpcs",
    "vpc:DescribeVSwitches",
    "ecs:DescribeSecurityGroups",
    "ecs:DescribeKeyPairs",
    "ecs:DescribeTags",
    "ecs:RunInstances",
)
_USE_ROLE = ("ecs:CreateInstance", "ecs:AttachInstanceRamRole", "ecs:DetachInstanceRamRole")
#: Name of a template -> the actions that it allows on everything.
ACTIONS: dict[str, tuple[str, ...]] = {
    "create_pay_as_you_go_instances": _CREATE,
    "create_subscription_instances": (
        *_CREATE,
        "bss:DescribeOrderList",
        "bss:DescribeOrderDetail",
        "bss:PayOrder",
        "bss:CancelOrder",
    ),
    "query_instances": ("ecs:DescribeInstances", "ecs:DescribeDisks"),
    "use_instance_role": _USE_ROLE,
}
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


def check_actions(option: str, actions: t.Iterable[str]) -> None:
    """:raises InvalidInput: something that is no action"""
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise InvalidInput(f"{option} has {action!r}; expected is for example ecs:DescribeInstances.")


def document(template: str, actions: t.Sequence[str] = (), roles: t.Sequence[str] = ()) -> Document:
    """The document of a template.

    :param template: a key of C(ACTIONS)
    :param actions: what to allow besides
    :param roles: for C(use_instance_role): names of the roles that may be passed; any role when there are none
    """
    made = documents.allow(dict.fromkeys((*ACTIONS[template], *actions)))
    if template == "use_instance_role":
        made["Statement"].append({"Effect": "Allow", "Action": "ram:PassRole", "Resource": _arns(roles)})
    return made


def _arns(roles: t.Sequence[str]) -> list[str] | str:
    """RAM writes a role's ARN in lower case, whatever the case of its name, and compares ARNs with case."""
    spellings = dict.fromkeys(spelling for role in roles for spelling in (role, role.lower()))
    return [f"acs:ram:*:*:role/{name}" for name in spellings] or "*"
