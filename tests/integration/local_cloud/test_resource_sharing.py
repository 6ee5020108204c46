# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource Sharing: resource shares, what belongs to them, invitations, and what the other account sees."""

from __future__ import annotations

import json
import typing as t

import pytest
from people import other_account
from sdk import Sdk

DAY = 86400


class Owner(Sdk):
    """The main account, with a snapshot to share."""

    snapshot_id = ""

    def sharing(self, action: str, **params: t.Any) -> dict[str, t.Any]:
        return self(action, product="resourcesharing", **params)

    def rejects(self, action: str, **params: t.Any) -> tuple[int, str]:
        return self.refused(action, product="resourcesharing", **params)

    @property
    def resource(self) -> dict[str, str]:
        return {"ResourceId": self.snapshot_id, "ResourceType": "Snapshot"}

    def share(self, **params: t.Any) -> str:
        created = self.sharing("CreateResourceShare", ResourceShareName="backup", Resources=[self.resource], **params)
        self.cloud.clock_advance(1)
        return str(created["ResourceShare"]["ResourceShareId"])

    def association(self, share_id: str, kind: str = "Target") -> dict[str, str]:
        listed = self.sharing("ListResourceShareAssociations", AssociationType=kind, ResourceShareIds=[share_id])
        return {one["EntityId"]: one["AssociationStatus"] for one in listed["ResourceShareAssociations"]}


@pytest.fixture
def owner(sdk: Sdk) -> Owner:
    owner = Owner(sdk.cloud)
    (instance_id,) = owner.run()
    (disk,) = owner("DescribeDisks", InstanceId=instance_id)["Disks"]["Disk"]
    owner.snapshot_id = owner("CreateSnapshot", DiskId=disk["DiskId"])["SnapshotId"]
    owner.cloud.clock_advance(2)
    return owner


def snapshots(sdk: Sdk) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", sdk("DescribeSnapshots")["Snapshots"]["Snapshot"])


def test_another_account_is_invited_and_accepts(owner: Owner) -> None:
    account, other = other_account(owner)
    share_id = owner.share(Targets=[account], AllowExternalTargets=True)
    (share,) = owner.sharing("ListResourceShares", ResourceOwner="Self", ResourceShareName="backup")["ResourceShares"]
    assert (share["ResourceShareId"], share["ResourceShareStatus"]) == (share_id, "Pending")
    assert owner.association(share_id) == {account: "Associating"}
    assert owner.association(share_id, "Resource") == {owner.snapshot_id: "Associated"}
    assert snapshots(other) == []
    listed = other("ListResourceShareInvitations", product="resourcesharing")["ResourceShareInvitations"]
    (invitation,) = listed
    assert (invitation["Status"], invitation["SenderAccountId"]) == ("Pending", owner.cloud.account_id)
    answer = {"ResourceShareInvitationId": invitation["ResourceShareInvitationId"]}
    assert owner.rejects("AcceptResourceShareInvitation", **answer) == (409, "EntityNotExists.ResourceShareInvitation")
    accepted = other("AcceptResourceShareInvitation", product="resourcesharing", **answer)
    assert accepted["ResourceShareInvitation"]["Status"] == "Accepted"
    again = other.refused("AcceptResourceShareInvitation", product="resourcesharing", **answer)
    assert again == (409, "InvitationStatus.AlreadyAccepted")
    assert owner.association(share_id) == {account: "Associated"}
    assert (
        owner.sharing("ListResourceShares", ResourceOwner="Self")["ResourceShares"][0]["ResourceShareStatus"]
        == "Active"
    )
    (shown,) = other("ListSharedResources", product="resourcesharing", ResourceOwner="OtherAccounts")["SharedResources"]
    assert (shown["ResourceId"], shown["ResourceStatus"]) == (owner.snapshot_id, "Available")
    (copy,) = snapshots(other)
    assert copy["SnapshotId"] != owner.snapshot_id
    source = f"acs:ecs:sharedFrom:{owner.cloud.account_id}:cn-hangzhou:{owner.snapshot_id}"
    assert [tag["TagKey"] for tag in copy["Tags"]["Tag"]] == [source]
    for refused in (
        other.refused("DeleteSnapshot", SnapshotId=copy["SnapshotId"]),
        other.refused("CreateImage", SnapshotId=copy["SnapshotId"]),
        owner.refused("DeleteSnapshot", SnapshotId=owner.snapshot_id),
    ):
        assert refused == (403, "OperationDenied.SharedSnapshot")


@pytest.mark.parametrize("how", ["rejected", "expired"])
def test_an_invitation_comes_to_nothing(owner: Owner, how: str) -> None:
    account, other = other_account(owner)
    share_id = owner.share(Targets=[account], AllowExternalTargets=True)
    (invitation,) = other("ListResourceShareInvitations", product="resourcesharing")["ResourceShareInvitations"]
    answer = {"ResourceShareInvitationId": invitation["ResourceShareInvitationId"]}
    if how == "rejected":
        other("RejectResourceShareInvitation", product="resourcesharing", **answer)
    else:
        owner.cloud.clock_advance(7 * DAY)
    assert owner.association(share_id) == {account: "Failed"}
    code = "InvitationStatus.AlreadyRejected" if how == "rejected" else "InvitationStatus.Expired"
    assert other.refused("AcceptResourceShareInvitation", product="resourcesharing", **answer) == (409, code)
    assert snapshots(other) == []
    owner.sharing("DeleteResourceShare", ResourceShareId=share_id)
    owner.cloud.clock_advance(3 * DAY)
    assert owner.cloud.resources("resource_share_invitation") == []


def test_members_of_the_directory_need_no_invitation(owner: Owner) -> None:
    account, other = other_account(owner)
    owner.cloud.set("resource_directory.members", f"{owner.cloud.account_id}=rd-A1/r-B2,{account}=rd-A1/r-B2/fd-C3")
    refused = owner.rejects("CreateResourceShare", ResourceShareName="all", Targets=["rd-A1"])
    assert refused == (409, "NotEnableSharingWithResourceDirectory")
    owner.sharing("EnableSharingWithResourceDirectory")
    assert owner.sharing("CheckSharingWithResourceDirectoryStatus")["EnableSharingWithRd"] is True
    for target in (account, "fd-C3", "rd-A1"):
        share_id = owner.share(Targets=[target])
        assert owner.association(share_id) == {target: "Associated"}
        assert len(snapshots(other)) == 1
        owner.sharing("DeleteResourceShare", ResourceShareId=share_id)
        owner.cloud.clock_advance(1)
        assert snapshots(other) == []


def test_a_share_is_changed_and_deleted(owner: Owner) -> None:
    account, other = other_account(owner)
    share_id = owner.share()
    target = {"ResourceShareId": share_id, "Targets": [account]}
    assert owner.rejects("AssociateResourceShare", **target) == (400, "InvalidTarget")
    owner.sharing("UpdateResourceShare", ResourceShareId=share_id, AllowExternalTargets=True)
    owner.sharing("AssociateResourceShare", **target)
    owner.sharing("DisassociateResourceShare", **target)
    invitations = other("ListResourceShareInvitations", product="resourcesharing")["ResourceShareInvitations"]
    assert [one["Status"] for one in invitations] == ["Cancelled"]
    assert owner.rejects("AssociateResourceShare", **target) == (409, "AssociateConflict")
    assert owner.rejects("DeleteResourceShare", ResourceShareId=share_id) == (409, "DeleteResourceShareConflict")
    owner.cloud.clock_advance(1)
    assert owner.association(share_id) == {account: "Disassociated"}
    assert owner.rejects("DisassociateResourceShare", **target) == (400, "DisassociateInvalid")
    owner.sharing("AssociateResourceShare", **target)
    owner.cloud.clock_advance(1)
    owner.sharing("DeleteResourceShare", ResourceShareId=share_id)
    owner.cloud.clock_advance(1)
    (share,) = owner.sharing("ListResourceShares", ResourceOwner="Self")["ResourceShares"]
    assert share["ResourceShareStatus"] == "Deleted"
    assert owner.rejects("AssociateResourceShare", **target) == (409, "ResourceShareStatusMismatchAction")
    owner.cloud.clock_advance(3 * DAY)
    assert owner.sharing("ListResourceShares", ResourceOwner="Self")["ResourceShares"] == []
    gone = owner.rejects("DeleteResourceShare", ResourceShareId=share_id)
    assert gone == (404, "EntityNotExists.ResourceShare")


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"ResourceShareName": ""}, (400, "MissingParameter.ResourceShareName")),
        ({"ResourceShareName": "x" * 51}, (400, "InvalidParameter.ResourceShareName.Length")),
        ({"ResourceShareName": "a b"}, (400, "InvalidParameter.ResourceShareName")),
        ({"Targets": ["nobody"]}, (400, "InvalidParameter.Targets")),
        ({"Targets": [str(10**15 + n) for n in range(6)]}, (400, "InvalidParameter.Targets.Length")),
        ({"Targets": ["1" * 16] * 2}, (400, "InvalidParameter.Targets.Duplicate")),
        ({"Targets": ["rd-A1"]}, (409, "AccountNotInResourceDirectory")),
        ({"Targets": ["1" * 16], "AllowExternalTargets": False}, (400, "InvalidTarget")),
        ({"Resources": [{"ResourceId": "s-none", "ResourceType": "Snapshot"}]}, (400, "InvalidParameter.Resources")),
        ({"Resources": [{"ResourceId": "s", "ResourceType": "Disk"}]}, (400, "InvalidParameter.ResourceType")),
    ],
)
def test_a_wrong_share_is_refused(sdk: Sdk, params: dict[str, t.Any], error: tuple[int, str]) -> None:
    given = {"ResourceShareName": "backup", "AllowExternalTargets": True, **params}
    assert sdk.refused("CreateResourceShare", product="resourcesharing", **given) == error


def test_the_disk_of_the_recipient_depends_on_the_share_role(owner: Owner) -> None:
    account, other = other_account(owner)
    owner("OpenKmsService", product="kms")
    other("OpenKmsService", product="kms")
    key_id = owner("CreateKey", product="kms")["KeyMetadata"]["KeyId"]
    for role, principal in (
        ("AliyunECSDiskEncryptDefaultRole", "ecs.aliyuncs.com"),
        ("AliyunECSShareEncryptSnapshotDefaultRole", f"{account}@ecs.aliyuncs.com"),
    ):
        statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": principal}}
        document = json.dumps({"Version": "1", "Statement": [statement]})
        owner("CreateRole", product="ram", RoleName=role, AssumeRolePolicyDocument=document)
        policy = {"PolicyType": "System", "PolicyName": "AliyunKMSFullAccess", "RoleName": role}
        owner("AttachPolicyToRole", product="ram", **policy)
    encrypted = {"Category": "cloud_essd", "Size": 20, "Encrypted": "true", "KMSKeyId": key_id}
    (instance_id,) = owner.run({**owner.place(), "DataDisk": [encrypted]})
    (disk,) = owner("DescribeDisks", InstanceId=instance_id, DiskType="data")["Disks"]["Disk"]
    owner.snapshot_id = owner("CreateSnapshot", DiskId=disk["DiskId"])["SnapshotId"]
    owner.cloud.clock_advance(2)
    owner.share(Targets=[account], AllowExternalTargets=True)
    (invitation,) = other("ListResourceShareInvitations", product="resourcesharing")["ResourceShareInvitations"]
    answer = {"ResourceShareInvitationId": invitation["ResourceShareInvitationId"]}
    other("AcceptResourceShareInvitation", product="resourcesharing", **answer)
    (copy,) = snapshots(other)
    place = {**other.place(), "DataDisk": [{"Category": "cloud_essd", "SnapshotId": copy["SnapshotId"]}]}
    (made,) = other.run(place)
    (data,) = other("DescribeDisks", InstanceId=made, DiskType="data")["Disks"]["Disk"]
    assert data["Encrypted"] is True
    owner("DetachPolicyFromRole", product="ram", **policy)
    assert other.refused("RunInstances", **place) == (403, "InvalidParameter.KMSKeyId.CMKUnauthorized")
