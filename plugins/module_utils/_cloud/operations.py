# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the door must know of single operations, as data. Private to this collection.

What follows from the SDK's packages for the products (does it take a C(ClientToken), a C(RegionId)?) is in
C(products.py) and not repeated here.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Paging:
    """How to read a list to its end.

    :ivar style: C(page) (PageNumber), C(token) (NextToken) or C(marker) (Marker, IsTruncated)
    :ivar items: path of the list in the answer
    :ivar size_name: parameter for the page size, None where the operation has none
    :ivar size: largest page the API gives
    :ivar total: path of the number of all items, for the style C(page)
    :ivar number_name: parameter for the number of the page, for the style C(page)
    """

    style: t.Literal["page", "token", "marker", "none"]
    items: str
    size_name: str | None = None
    size: int = 0
    total: str = "TotalCount"
    number_name: str = "PageNumber"


PAGING: dict[tuple[str, str], Paging] = {
    ("antiddos-public", "DescribeInstanceIpAddress"): Paging(
        "page", "InstanceList", "PageSize", 50, total="Total", number_name="CurrentPage"
    ),
    ("antiddos-public", "DescribeDdosEventList"): Paging(
        "page", "DdosEventList.DdosEvent", "PageSize", 50, total="Total", number_name="CurrentPage"
    ),
    ("ecs", "DescribeInstances"): Paging("token", "Instances.Instance", "MaxResults", 100),
    ("ecs", "DescribeInstanceRamRole"): Paging("page", "InstanceRamRoleSets.InstanceRamRoleSet", "PageSize", 50),
    ("ecs", "DescribeSecurityGroups"): Paging("token", "SecurityGroups.SecurityGroup", "MaxResults", 100),
    ("ecs", "DescribeSecurityGroupAttribute"): Paging("token", "Permissions.Permission", "MaxResults", 1000),
    ("ecs", "DescribePrefixLists"): Paging("token", "PrefixLists.PrefixList", "MaxResults", 100),
    ("ecs", "DescribeKeyPairs"): Paging("page", "KeyPairs.KeyPair", "PageSize", 50),
    ("ecs", "DescribeImages"): Paging("page", "Images.Image", "PageSize", 100),
    ("ecs", "DescribeImageSharePermission"): Paging("page", "Accounts.Account", "PageSize", 100),
    ("ecs", "DescribeSnapshots"): Paging("token", "Snapshots.Snapshot", "MaxResults", 100),
    ("ecs", "DescribeDisks"): Paging("token", "Disks.Disk", "MaxResults", 500),
    ("ecs", "DescribeNetworkInterfaces"): Paging(
        "token", "NetworkInterfaceSets.NetworkInterfaceSet", "MaxResults", 500
    ),
    ("ecs", "DescribeInstanceTypes"): Paging("token", "InstanceTypes.InstanceType", "MaxResults", 1600),
    ("ecs", "DescribeRegions"): Paging("none", "Regions.Region"),
    ("ecs", "DescribeZones"): Paging("none", "Zones.Zone"),
    ("ecs", "DescribeAvailableResource"): Paging("none", "AvailableZones.AvailableZone"),
    ("ecs", "DescribeInvocationResults"): Paging(
        "page", "Invocation.InvocationResults.InvocationResult", "PageSize", 50, total="Invocation.TotalCount"
    ),
    ("ecs", "DescribeCloudAssistantStatus"): Paging(
        "token", "InstanceCloudAssistantStatusSet.InstanceCloudAssistantStatus", "MaxResults", 50
    ),
    ("ecs", "DescribeSendFileResults"): Paging("token", "Invocations.Invocation", "MaxResults", 50),
    ("ecs", "DescribeTerminalSessions"): Paging("token", "Sessions.Session", "MaxResults", 100),
    ("ecs", "ListTagResources"): Paging("token", "TagResources.TagResource"),
    ("ram", "ListRoles"): Paging("marker", "Roles.Role", "MaxItems", 1000),
    ("ram", "ListPolicies"): Paging("marker", "Policies.Policy", "MaxItems", 1000),
    ("ram", "ListUsers"): Paging("marker", "Users.User", "MaxItems", 1000),
    ("ram", "ListGroups"): Paging("marker", "Groups.Group", "MaxItems", 100),
    ("ram", "ListUsersForGroup"): Paging("marker", "Users.User", "MaxItems", 1000),
    ("ram", "ListGroupsForUser"): Paging("none", "Groups.Group"),
    ("ram", "ListAccessKeys"): Paging("none", "AccessKeys.AccessKey"),
    ("ram", "ListPoliciesForRole"): Paging("none", "Policies.Policy"),
    ("ram", "ListPoliciesForUser"): Paging("none", "Policies.Policy"),
    ("ram", "ListPoliciesForGroup"): Paging("none", "Policies.Policy"),
    ("ram", "ListPolicyVersions"): Paging("none", "PolicyVersions.PolicyVersion"),
    ("ram", "ListTagResources"): Paging("token", "TagResources", "PageSize", 100),
    ("kms", "ListKeys"): Paging("page", "Keys.Key", "PageSize", 100),
    ("kms", "ListAliases"): Paging("page", "Aliases.Alias", "PageSize", 100),
    ("kms", "ListAliasesByKeyId"): Paging("page", "Aliases.Alias", "PageSize", 100),
    ("kms", "ListResourceTags"): Paging("none", "Tags.Tag"),
    ("kms", "ListTagResources"): Paging("token", "TagResources.TagResource"),
    ("kms", "ListKmsInstances"): Paging("page", "KmsInstances.KmsInstance", "PageSize", 100),
    ("kms", "GetKmsInstanceQuotaInfos"): Paging("none", "KmsInstanceQuotaInfos"),
    ("kms", "ListSecrets"): Paging("page", "SecretList.Secret", "PageSize", 100),
    ("kms", "ListSecretVersionIds"): Paging("page", "VersionIds.VersionId", "PageSize", 100),
    ("resourcesharing", "ListResourceShares"): Paging("token", "ResourceShares", "MaxResults", 100),
    ("resourcesharing", "ListResourceShareAssociations"): Paging(
        "token", "ResourceShareAssociations", "MaxResults", 100
    ),
    ("sas", "DescribeCheckWarningSummary"): Paging(
        "page", "WarningSummarys", "PageSize", 100, number_name="CurrentPage"
    ),
    ("sas", "DescribeCloudCenterInstances"): Paging(
        "page", "Instances", "PageSize", 100, total="PageInfo.TotalCount", number_name="CurrentPage"
    ),
    ("sas", "DescribeLoginBaseConfigs"): Paging("page", "BaseConfigs", "PageSize", 100, number_name="CurrentPage"),
    ("sas", "DescribeSuspEvents"): Paging("page", "SuspEvents", "PageSize", 100, number_name="CurrentPage"),
    ("sas", "DescribeVulList"): Paging("page", "VulRecords", "PageSize", 100, number_name="CurrentPage"),
    ("sas", "DescribeWarningMachines"): Paging("page", "WarningMachines", "PageSize", 100, number_name="CurrentPage"),
    ("trusted-server", "DescribeEvents"): Paging("page", "Items", "PageSize", 100, number_name="CurrentPage"),
    ("vpc", "DescribeVpcs"): Paging("page", "Vpcs.Vpc", "PageSize", 50),
    ("vpc", "DescribeVSwitches"): Paging("page", "VSwitches.VSwitch", "PageSize", 50),
}

#: Writes without a ClientToken whose repetition is not the same as doing them once. When the answer to one of these is
#: lost, the door raises OutcomeUnknown instead of repeating it. What has a name that exists once in an account (a role,
#: a policy) may be repeated: the second call says that it exists.
NOT_REPEATABLE: frozenset[tuple[str, str]] = frozenset(
    {
        ("ecs", "CreateKeyPair"),
        ("ecs", "ImportKeyPair"),
        ("ecs", "RebootInstance"),
        ("ecs", "RebootInstances"),
        ("ram", "CreatePolicyVersion"),
        ("ram", "CreateAccessKey"),
        ("kms", "CreateKey"),
        ("resourcesharing", "CreateResourceShare"),
        ("sas", "AddInstallCode"),
    }
)

#: Codes that pass by themselves, per operation (the general ones are in retry.py). Source: what long-lived clients of
#: these APIs retry. What is deleted while something still uses it is not here: _core/removal.py looks who that is.
TRANSIENT: dict[tuple[str, str], tuple[str, ...]] = {
    ("ecs", "RunInstances"): (
        "IncorrectVSwitchStatus",
        "IncorrectVpcStatus",
        "InvalidRamRole.NotFound",
        "InvalidRamRole.NotEcsRole",
    ),
    ("ecs", "ModifyInstanceAttribute"): ("IncorrectInstanceStatus", "InvalidOperation.Conflict"),
    ("ecs", "ModifyInstanceNetworkSpec"): ("IncorrectInstanceStatus", "InvalidOperation.Conflict"),
    ("ecs", "ResizeDisk"): ("IncorrectInstanceStatus", "IncorrectDiskStatus"),
    ("ecs", "ModifyDiskSpec"): ("IncorrectInstanceStatus", "IncorrectDiskStatus"),
    ("ecs", "AttachDisk"): ("IncorrectInstanceStatus", "InvalidDiskId.NotFound"),
    ("ecs", "AttachNetworkInterface"): ("InvalidOperation.Conflict",),
    ("ecs", "DetachNetworkInterface"): ("InvalidOperation.Conflict",),
    ("ecs", "ModifyNetworkInterfaceAttribute"): ("InvalidOperation.InvalidEniState", "InvalidOperation.Conflict"),
    ("ecs", "JoinSecurityGroup"): ("IncorrectInstanceStatus",),
    ("ecs", "LeaveSecurityGroup"): ("IncorrectInstanceStatus",),
    ("ecs", "DeleteInstances"): (
        "IncorrectInstanceStatus.Initializing",
        "DependencyViolation.RouteEntry",
        "InvalidOperation.Conflict",
    ),
    ("ecs", "AttachInstanceRamRole"): ("InvalidRamRole.NotFound", "InvalidRamRole.NotEcsRole"),
    ("ecs", "CreateSecurityGroup"): ("IncorrectVpcStatus",),
    # What was created a moment ago may not be visible yet; that it exists at all is checked before.
    ("ram", "AttachPolicyToRole"): ("EntityNotExist.Role", "EntityNotExist.Policy"),
    ("ram", "AttachPolicyToUser"): ("EntityNotExist.User", "EntityNotExist.Policy"),
    ("ram", "AttachPolicyToGroup"): ("EntityNotExist.Group", "EntityNotExist.Policy"),
    ("ram", "AddUserToGroup"): ("EntityNotExist.User", "EntityNotExist.Group"),
    ("ram", "CreateLoginProfile"): ("EntityNotExist.User",),
    ("ram", "CreateAccessKey"): ("EntityNotExist.User",),
    # What was just taken away may still count for a moment.
    ("ram", "DeleteRole"): ("DeleteConflict.Role.Policy",),
    ("ram", "DeletePolicy"): ("DeleteConflict.Policy", "DeleteConflict.Role.Policy"),
    ("ram", "DeleteGroup"): ("DeleteConflict.Group",),
    ("ram", "DeleteUser"): tuple(
        f"DeleteConflict.User.{what}" for what in ("Policy", "Group", "LoginProfile", "AccessKey")
    ),
    # What goes on with a resource share ends by itself.
    ("resourcesharing", "AssociateResourceShare"): ("AssociateConflict",),
    ("resourcesharing", "DisassociateResourceShare"): ("DisassociateConflict",),
    ("resourcesharing", "DeleteResourceShare"): ("DeleteResourceShareConflict",),
    ("vpc", "CreateVSwitch"): ("IncorrectVpcStatus", "TaskConflict", "IncorrectStatus.Vpc"),
    ("vpc", "DeleteVSwitch"): ("IncorrectVSwitchStatus", "TaskConflict"),
    ("vpc", "DeleteVpc"): ("IncorrectVpcStatus", "TaskConflict"),
}

#: Calls that give a RAM role to instances, which takes C(ram:PassRole), too: the parameter that names the role.
PASSED_ROLE: dict[tuple[str, str], str] = {
    ("ecs", "AttachInstanceRamRole"): "RamRoleName",
    ("ecs", "RunInstances"): "RamRoleName",
}
