# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rights the steps of plans need, and whether the caller has them, as far as RAM can be asked. Private.

There is no call that says whether another call would be allowed, so the caller's own policies are read. Only what no
policy allows, or one forbids everywhere, counts as lacking: a policy may narrow down resources or set conditions.
"""

from __future__ import annotations

import re
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AccessDenied
from .._core.plan import Step
from .._ram import policies
from .._ram import rights as policy_rights
from .._ram.policies import Entity

_USER = re.compile(r"acs:ram::\d+:user/(.+)")
_ROLE = re.compile(r"acs:ram::\d+:(?:assumed-role|role)/([^/]+)/.+")

#: The RAM actions of a step, by the name of the method that carries it out.
_NEEDED: dict[str, tuple[str, ...]] = {
    "open": ("kms:OpenKmsService",),
    "create_role": ("ram:CreateRole",),
    "update_role": ("ram:UpdateRole",),
    "create_policy": ("ram:CreatePolicy",),
    "create_policy_version": ("ram:CreatePolicyVersion",),
    "set_default_version": ("ram:SetDefaultPolicyVersion",),
    "attach_instances": ("ecs:AttachInstanceRamRole", "ram:PassRole"),
    "detach_instances": ("ecs:DetachInstanceRamRole",),
    "make_vswitch": ("vpc:CreateVSwitch",),
    "modify_metadata": ("ecs:ModifyInstanceMetadataOptions",),
    "modify_network": ("ecs:ModifyInstanceNetworkSpec",),
    "tag_disks": ("ecs:TagResources",),
    "resize_disk": ("ecs:ResizeDisk",),
    "change_disk": ("ecs:ModifyDiskSpec",),
    "add_disk": ("ecs:CreateDisk", "ecs:AttachDisk"),
    "attach_disk": ("ecs:AttachDisk",),
    "bind_key_pair": ("ecs:AttachKeyPair",),
    "reword": ("ecs:ModifySecurityGroupRule",),
    "start": ("ecs:StartInstances",),
    "stop": ("ecs:StopInstances",),
    "bring": ("ecs:ImportKeyPair",),
    "create_key": ("kms:CreateKey",),
    "create_alias": ("kms:CreateAlias",),
    "cancel_deletion": ("kms:CancelKeyDeletion",),
    "create_secret": ("kms:CreateSecret",),
    "put_secret": ("kms:PutSecretValue",),
    "restore_secret": ("kms:RestoreSecret",),
}
#: The same where methods of several modules have one name.
_NEEDED_BY: dict[tuple[str, str], tuple[str, ...]] = {
    ("session_manager", "switch"): ("ecs:ModifyCloudAssistantSettings",),
    ("vpc", "make"): ("vpc:CreateVpc",),
    ("security_group", "make"): ("ecs:CreateSecurityGroup",),
    ("security_group", "modify"): ("ecs:ModifySecurityGroupAttribute",),
    ("keypair", "make"): ("ecs:CreateKeyPair",),
    ("keypair", "delete"): ("ecs:DeleteKeyPairs",),
    ("trusted_instance", "create"): ("ecs:RunInstances",),
    ("trusted_instance", "modify"): ("ecs:ModifyInstanceAttribute",),
    ("trusted_instance", "delete"): ("ecs:DeleteInstances",),
}
#: Rules in one direction have operations of their own.
_RULES = {
    ("add", "ingress"): "ecs:AuthorizeSecurityGroup",
    ("add", "egress"): "ecs:AuthorizeSecurityGroupEgress",
    ("remove", "ingress"): "ecs:RevokeSecurityGroup",
    ("remove", "egress"): "ecs:RevokeSecurityGroupEgress",
}
#: What tags are set and removed by, where that is not ECS.
_TAGGING = {
    "vpc": ("vpc:TagResources", "vpc:UntagResources"),
    "kms_key": ("kms:TagResource", "kms:UntagResource"),
}


def of_step(module: str, step: Step) -> list[str]:
    """The RAM actions that one step needs, as far as they follow from what it is."""
    needed = list(_NEEDED_BY.get((module, step.do), _NEEDED.get(step.do, ())))
    if step.do in ("attach_policy", "detach_policy"):
        verb, word = ("Attach", "To") if step.do == "attach_policy" else ("Detach", "From")
        needed.append(f"ram:{verb}Policy{word}{step.args['kind']}")
    if "direction" in step.args:
        needed.append(_RULES[step.do.removesuffix("_rules"), step.args["direction"]])
    if step.do in ("tag", "write_tags"):
        set_right, remove_right = _TAGGING.get(module, ("ecs:TagResources", "ecs:UntagResources"))
        needed += [set_right] if step.args["to_set"] else []
        needed += [remove_right] if step.args["to_remove"] else []
    return needed


def lacking(cloud: Cloud, needed: t.Iterable[str], role: str | None) -> tuple[list[str], str]:
    """Which of these RAM actions no policy of the caller allows.

    :param role: the role that instances get
    :returns: the actions, and a note where that could not be asked
    """
    wanted = sorted(set(needed))
    caller = cloud.call("sts", "GetCallerIdentity")
    arn, account = str(caller.get("Arn") or ""), str(caller.get("AccountId") or "")
    user, assumed = _USER.fullmatch(arn), _ROLE.fullmatch(arn)
    if not wanted or not (user or assumed):
        return [], ""  # an account may do everything in itself
    missing = wanted
    try:
        statements: list[dict[str, t.Any]] = []
        for holder in _holders(cloud, user, assumed):
            for ref in policies.read_attached(cloud, holder):
                policy = policies.read_policy(cloud, ref)
                statements += policy_rights.statements(policy.document) if policy else []
            missing = [one for one in wanted if not _allowed(statements, one, account, role)]
    except AccessDenied as error:
        if missing:
            return [], (
                f"Whether the caller may call {', '.join(missing)} could not be checked: {error.code} for "
                f"{error.product}:{error.action}."
            )
    return missing, ""


def _holders(cloud: Cloud, user: re.Match[str] | None, role: re.Match[str] | None) -> t.Iterator[Entity]:
    """Whose policies count: those of a role, or of a user and its groups."""
    if role:
        yield Entity("Role", role[1])
    if user:
        yield Entity("User", user[1])
        for group in cloud.pages("ram", "ListGroupsForUser", UserName=user[1]):
            yield Entity("Group", str(group["GroupName"]))


def _allowed(statements: list[dict[str, t.Any]], action: str, account: str, role: str | None) -> bool:
    if action == "ram:PassRole" and role:
        return policy_rights.allows(
            statements, action, f"acs:ram::{account}:role/{role.lower()}"
        ) or policy_rights.allows(statements, action, f"acs:ram::{account}:role/{role}")
    anywhere = [{**one, "resources": ["*"]} if one["effect"].lower() != "deny" else one for one in statements]
    return policy_rights.allows(anywhere, action)
