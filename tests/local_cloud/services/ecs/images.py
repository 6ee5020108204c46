# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: public ones from the catalogue, custom ones, and those shared by other accounts."""

from __future__ import annotations

import dataclasses
import datetime as dt

from local_cloud import catalogue
from local_cloud.catalogue import InstanceType
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    dry_run,
    ecs,
    find_all,
    find_one,
    fits,
    get_one,
    has_tags,
    invalid,
    matches,
    missing,
    new_record,
    not_found,
    page_numbered,
    request_tags,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.services.ecs.key_use import IMAGE_ROLE, is_service_key, may_assume, require_key
from local_cloud.services.ecs.trusted import secure_boot_support
from local_cloud.settings import define

define(
    "ecs.image_share_with_nobody",
    "accept",
    "ModifyImageSharePermission that changes nothing, which image tools send (UNCERTAIN)",
    ("accept", "refuse"),
)
define("ecs.image_seconds", 0.3, "how long a custom image is Creating")
define("ecs.custom_images", 100, "custom images of an account in a region")
define("ecs.image_shares", 50, "accounts that an image can be shared with")
define("ecs.community_image_agreement", False, "whether the account has signed the community image agreement")

_PUBLIC_OWNER = "0"


# -- lookups


def _public(image: catalogue.Image) -> Record:
    return {
        "AccountId": _PUBLIC_OWNER,
        "ImageId": image.id,
        "ImageName": image.name,
        "ImageFamily": image.family,
        "ImageVersion": image.version,
        "ImageOwnerAlias": "system",
        "Description": "",
        "OSName": image.os_zh,
        "OSNameEn": image.os_en,
        "OSType": image.os_type,
        "Platform": image.platform,
        "Architecture": image.architecture,
        "BootMode": image.boot,
        "Size": image.size,
        "Status": "Available",
        "Progress": "100%",
        "IsSupportCloudinit": image.cloud_init,
        "CreationTime": image.created,
        "Tags": [],
        "_Trusted": image.trusted,
        "_Shares": [],
        "_SnapshotIds": [],
        "_IsPublic": False,
    }


def _visible(call: Call, *, lagged: bool = False) -> list[Record]:
    """Every image the caller may use in the region, with the ImageOwnerAlias it has for them."""
    found = [_public(image) for image in catalogue.images().values()]
    for image in call.store.find("image", call.region, lagged=lagged):
        if image["AccountId"] == call.account_id:
            found.append({**image, "ImageOwnerAlias": "self"})
        elif image["_IsPublic"] or any(share["AliyunId"] == call.account_id for share in image["_Shares"]):
            found.append({**image, "ImageOwnerAlias": "others"})
    return found


def usable_image(call: Call, image_id: str, instance_type: InstanceType) -> Record:
    """The image for an instance of a type.

    :raises ApiError: unknown, not available, or the type can't boot it.
    """
    image = next((image for image in _visible(call) if image["ImageId"] == image_id), None)
    if image is None:
        raise not_found("image")
    if image["Status"] != "Available":
        raise ApiError("OperationDenied.ImageNotValid", 403, "The specified image is disabled or is deleted.")
    if not _boots(image, instance_type):
        raise ApiError(
            "ImageNotSupportInstanceType", 403, "The specified image does not support the specified InstanceType."
        )
    return image


def newest_of_family(call: Call, family: str) -> str:
    """The id of the newest available image of a family.

    :raises ApiError: there is none.
    """
    members = [i for i in _visible(call) if i["ImageFamily"] == family and i["Status"] == "Available"]
    if not members:
        raise not_found("image")
    return str(max(members, key=lambda image: image["CreationTime"])["ImageId"])


def _boots(image: Record, instance_type: InstanceType) -> bool:
    if (image["Architecture"] == "arm64") != (instance_type.architecture == "ARM"):
        return False
    return image["BootMode"] == "UEFI-Preferred" or image["BootMode"] in instance_type.boot


# -- operations


@ecs("DescribeImages")
def describe_images(call: Call) -> Record:
    dry_run(call)
    ids = [part.strip() for part in (call.get("ImageId") or "").split(",") if part.strip()]
    statuses = [part.strip() for part in (call.get("Status") or "Available").split(",")]
    type_id = call.get("InstanceType")
    instance_type = catalogue.instance_types().get(type_id) if type_id else None
    if type_id and instance_type is None:
        raise ApiError("InvalidInstanceType.NotFound", 404, "The specified InstanceType does not exist.")
    in_use = {instance["ImageId"] for instance in find_all(call, "instance", lagged=True)}
    found = []
    for image in _visible(call, lagged=True):
        image["Usage"] = "instance" if image["ImageId"] in in_use else "none"
        name = call.get("ImageName") or ""
        if (
            (not ids or image["ImageId"] in ids)
            and image["Status"] in statuses
            and (matches(image["ImageName"], name if "*" in name else f"*{name}*"))
            and fits(call, image, ("ImageOwnerAlias", "ImageFamily", "OSType", "Architecture", "Usage"))
            and (call.get("IsSupportCloudinit") in (None, image["IsSupportCloudinit"]))
            and (call.get("ImageOwnerId") is None or str(call.get("ImageOwnerId")) == image["AccountId"])
            and (call.get("SnapshotId") in (None, "") or call.get("SnapshotId") in image["_SnapshotIds"])
            and (call.get("IsPublic") in (None, image["_IsPublic"]))
            and (instance_type is None or _boots(image, instance_type))
            and has_tags(call, {**image, "_Trusted": False})
        ):
            found.append(image)
    page = page_numbered(call, found, most=100)
    return {"Images": {"Image": [_shown(call, i) for i in page.items]}, "RegionId": call.region, **page.about}


def _shown(call: Call, image: Record) -> Record:
    same = (
        "ImageId ImageName ImageFamily ImageVersion ImageOwnerAlias Description OSName OSNameEn OSType Platform"
        " Architecture BootMode Size Status Progress IsSupportCloudinit CreationTime Usage"
    )
    own = image["ImageOwnerAlias"] == "self"
    mappings = [
        {
            "Device": "/dev/xvda",
            "SnapshotId": snapshot_id if own else "",
            "Size": str(image["Size"]),
            "Type": "system",
            "Progress": image["Progress"],
            "Encrypted": image["_Encrypted"],
        }
        for snapshot_id in image["_SnapshotIds"][:1]
    ]
    return {
        **{key: image[key] for key in same.split()},
        "DiskDeviceMappings": {"DiskDeviceMapping": mappings},
        "Features": {"NvmeSupport": "supported", "ImdsSupport": "v1"},
        "ImageOwnerId": int(image["AccountId"]),
        "IsCopied": bool(image.get("_IsCopied")),
        "IsPublic": image["_IsPublic"],
        "IsSelfShared": str(own and bool(image["_Shares"])).lower() if own else "",
        "IsSupportIoOptimized": True,
        "LicenseType": "Auto",
        "LoginAsNonRootSupported": False,
        "SecureBootOptions": {"SecureBootSupport": secure_boot_support(call, [image["BootMode"]])},
        "Tags": {"Tag": shown_tags(call, {**image, "_Trusted": False})},
        "Usable": True,
    }


def check_name_text(name: str) -> None:
    """What an image may be called.

    :raises ApiError: malformed or reserved.
    """
    check_name(name, "InvalidImageName.Malformed", "ImageName")
    if name.lower().startswith(("acs:", "aliyun")):
        raise ApiError("InvalidImageName.Malformed", 400, "The specified ImageName is malformed.")


def _check_image_name(call: Call, name: str | None) -> None:
    if not name:
        return
    check_name_text(name)
    if any(image["ImageName"] == name for image in find_all(call, "image")):
        raise ApiError("InvalidImageName.Duplicated", 400, "The specified ImageName has existed.")


def _add(call: Call, image: Record) -> str:
    if len(find_all(call, "image")) >= call.settings["ecs.custom_images"]:
        raise ApiError("QuotaExceed.Image", 403, "The image quota is exceeded.")
    image_id = call.store.new_id("m-")
    record = {**image, "ImageId": image_id, "ImageName": image["ImageName"] or image_id}
    record.update({"Status": "Creating", "Progress": "0%", "CreationTime": seconds_text(call)})
    record.update({"_Shares": [], "_IsPublic": False})
    save(call, "image", image_id, record)
    done = call.now + dt.timedelta(seconds=call.settings["ecs.image_seconds"])
    call.store.schedule("image", image_id, done, {"Status": "Available", "Progress": "100%"})
    return image_id


@ecs("CreateImage")
def create_image(call: Call) -> Record:
    from local_cloud.services.ecs.snapshots import take_snapshot  # it needs disks, which need this module

    _check_image_name(call, call.get("ImageName"))
    description = check_text(call, "Description", "InvalidDescription.Malformed", 2, 256) or ""
    mapped = next((m["SnapshotId"] for m in call.get("DiskDeviceMapping") or () if m.get("SnapshotId")), None)
    snapshot_id = mapped or call.get("SnapshotId")
    if not call.get("InstanceId") and not snapshot_id:
        raise missing("InstanceId")
    tags = request_tags(call)
    source: Record = {}
    if call.get("InstanceId"):
        instance = get_one(call, "instance", call.params["InstanceId"])
        if instance["Status"] not in ("Running", "Stopped"):
            raise ApiError(
                "IncorrectInstanceStatus", 400, "The current status of the resource does not support this operation."
            )
        disk = next(d for d in find_all(call, "disk", InstanceId=instance["InstanceId"]) if d["Type"] == "system")
        image_id, trusted = instance["ImageId"], instance["_Trusted"]
    else:
        snapshot = get_one(call, "snapshot", str(snapshot_id))
        if snapshot["Status"] != "accomplished":
            raise ApiError("InvalidSnapshotId.NotReady", 403, "The specified snapshot is not ready.")
        if snapshot.get("_SharedFrom"):
            raise ApiError(call.settings["ecs.shared_snapshot_code"], 403, "The specified snapshot is shared.")
        if snapshot["SourceDiskType"] != "system" and not mapped:
            raise ApiError("OperationDenied", 403, "The specified snapshot is not of a system disk.")
        disk = find_one(call, "disk", snapshot["SourceDiskId"]) or {
            "ImageId": "",
            "Size": int(snapshot["SourceDiskSize"]),
            **{key: snapshot[key] for key in ("Encrypted", "KMSKeyId")},
        }
        image_id, trusted = disk["ImageId"], False
    source = next((image for image in _visible(call) if image["ImageId"] == image_id), {})
    dry_run(call)
    if call.get("InstanceId"):
        snapshot_id = take_snapshot(call, disk, name=call.get("ImageName") or "")
    image = new_record(
        call,
        ImageName=call.get("ImageName"),
        ImageFamily=call.get("ImageFamily") or "",
        ImageVersion=call.get("ImageVersion") or "",
        Description=description,
        OSName=source.get("OSName", "Linux 64位"),
        OSNameEn=source.get("OSNameEn", "Linux 64 bit"),
        OSType=source.get("OSType", "linux"),
        Platform=call.get("Platform") or source.get("Platform", "Others Linux"),
        Architecture=call.get("Architecture") or source.get("Architecture", "x86_64"),
        BootMode=call.get("BootMode") or source.get("BootMode", "BIOS"),
        Size=disk["Size"],
        IsSupportCloudinit=source.get("IsSupportCloudinit", True),
        Tags=tags,
        _Trusted=trusted or bool(source.get("_Trusted")),
        _SnapshotIds=[snapshot_id],
        _Encrypted=disk["Encrypted"],
        _KMSKeyId=disk["KMSKeyId"],
    )
    return {"ImageId": _add(call, image)}


@ecs("CopyImage")
def copy_image(call: Call) -> Record:
    from local_cloud.services.ecs.disks import encryption, image_key  # disks need this module
    from local_cloud.services.ecs.snapshots import take_snapshot

    image = get_one(call, "image", call.params["ImageId"])
    if image["Status"] != "Available":
        raise ApiError("OperationDenied.InvalidImageStatus", 403, "The specified image is not available.")
    region = call.get("DestinationRegionId") or call.region
    if region not in catalogue.regions():
        raise ApiError("InvalidRegionId.NotFound", 404, "The specified DestinationRegionId does not exist.")
    if region == call.region and not call.get("Encrypted"):
        raise invalid("DestinationRegionId", "Within a region only an encrypted copy can be made.")
    there = dataclasses.replace(call, region=region)
    name = call.get("DestinationImageName")
    _check_image_name(there, name)
    description = check_text(call, "DestinationDescription", "InvalidDescription.Malformed", 2, 256) or ""
    key = encryption(there, {"Encrypted": call.get("Encrypted"), "KMSKeyId": call.get("KMSKeyId")})
    copy = {**image, "RegionId": region, "ImageName": name, "Description": description, "Tags": request_tags(call)}
    dry_run(call)
    if not key["Encrypted"]:  # what was encrypted stays so
        key = {name: value for name, value in image_key(image).items() if name != "AccountId"}
    disk = {"DiskId": "", "Type": "system", "Category": "cloud_essd", "Size": image["Size"], **key}
    snapshot_id = take_snapshot(there, disk, name=name or "")
    copy.update({"_IsCopied": True, "_Encrypted": key["Encrypted"], "_KMSKeyId": key["KMSKeyId"]})
    copy["_SnapshotIds"] = [snapshot_id]
    return {"ImageId": _add(there, copy)}


@ecs("ModifyImageAttribute")
def modify_image_attribute(call: Call) -> None:
    image = get_one(call, "image", call.params["ImageId"])
    if call.get("ImageName") and call.get("ImageName") != image["ImageName"]:
        _check_image_name(call, call.get("ImageName"))
        image["ImageName"] = call.params["ImageName"]
    for name in ("Description", "ImageFamily"):
        if call.get(name) is not None:
            image[name] = check_text(call, name, f"Invalid{name}.Malformed", 2, 256) or ""
    if call.get("BootMode"):
        if call.params["BootMode"] not in ("BIOS", "UEFI", "UEFI-Preferred"):
            raise invalid("BootMode", "Expected BIOS, UEFI or UEFI-Preferred.")
        image["BootMode"] = call.params["BootMode"]
    if call.get("Status"):
        if call.params["Status"] not in ("Deprecated", "Available") or image["Status"] not in (
            "Deprecated",
            "Available",
        ):
            raise ApiError("OperationDenied.InvalidImageStatus", 403, "The status of the image can't be changed so.")
        if call.params["Status"] == "Deprecated" and image["_Shares"]:
            raise ApiError("ImageUseShared", 403, "The specified image has been shared.")
        image["Status"] = call.params["Status"]
    dry_run(call)
    save(call, "image", image["ImageId"], image)


@ecs("DeleteImage")
def delete_image(call: Call) -> None:
    image = find_one(call, "image", call.params["ImageId"])
    if image is not None:
        if image["_Shares"]:
            raise ApiError("ImageUseShared", 403, "The specified image has been shared, unshare it first.")
        used = find_all(call, "instance", ImageId=image["ImageId"])
        if used and not call.get("Force"):
            raise ApiError("ImageUsed", 403, "The specified image is used by instances.")
    dry_run(call)
    if image is not None:
        call.store.delete("image", image["ImageId"])


# -- sharing


@ecs("ModifyImageSharePermission")
def modify_image_share_permission(call: Call) -> None:
    image = get_one(call, "image", call.params["ImageId"])
    added = [str(account) for account in call.get("AddAccount") or ()][:10]  # more are silently ignored
    removed = [str(account) for account in call.get("RemoveAccount") or ()][:10]
    if not added and not removed and call.get("IsPublic") is None:
        if call.settings["ecs.image_share_with_nobody"] == "accept":
            return
        raise missing("AddAccount")
    if image["Status"] != "Available":
        raise ApiError("OperationDenied.InvalidImageStatus", 403, "The specified image is not available.")
    if call.get("IsPublic") is not None:
        _publish(call, image)
    for account in added:
        if account == call.account_id:
            raise ApiError("InvalidAccount.Forbbiden", 404, "You can't share the image with yourself.")
        if not (account.isascii() and account.isdigit() and 8 <= len(account) <= 20):
            raise ApiError("InvalidAccount.NotFound", 404, "The specified Account does not exist.")
    if added and image["_Encrypted"]:
        _check_encrypted_share(call, image, added)
    shares = {share["AliyunId"]: share for share in image["_Shares"]}
    now = seconds_text(call)
    for account in added:
        shares.setdefault(account, {"AliyunId": account, "SharedTime": now})
    for account in removed:
        shares.pop(account, None)
    if len(shares) > call.settings["ecs.image_shares"]:
        raise ApiError("QuotaExceed.ShareImageUser", 403, "The number of accounts to share the image with is exceeded.")
    dry_run(call)
    save(call, "image", image["ImageId"], {**image, "_Shares": list(shares.values())})


def _publish(call: Call, image: Record) -> None:
    if call.params["IsPublic"] == image["_IsPublic"]:
        code = "Image.Public" if image["_IsPublic"] else "Image.NotPublic"
        raise ApiError(code, 403, "The image is already so.")
    if not call.settings["ecs.community_image_agreement"]:
        raise ApiError("PublicImageAgreement.NotSigned", 403, "The community image agreement is not signed.")
    image["_IsPublic"] = call.params["IsPublic"]


def _check_encrypted_share(call: Call, image: Record, accounts: list[str]) -> None:
    if not image["_KMSKeyId"] or is_service_key(call, call.account_id, image["_KMSKeyId"]):
        raise ApiError(
            "InvalidOperation.ServiceKeyEncryptedImageUnsupported",
            403,
            "An image that is encrypted with the service key can't be shared.",
        )
    for account in accounts:
        if not may_assume(call, call.account_id, IMAGE_ROLE, account):
            raise ApiError(
                "AssumeRoleError", 403, f"Requires a RAM role of {IMAGE_ROLE} before sharing encrypted image."
            )
        require_key(call, image["_KMSKeyId"], IMAGE_ROLE, account)


@ecs("DescribeImageSharePermission")
def describe_image_share_permission(call: Call) -> Record:
    image = get_one(call, "image", call.params["ImageId"], lagged=True)
    page = page_numbered(call, image["_Shares"], most=100)
    return {
        "ImageId": image["ImageId"],
        "RegionId": call.region,
        "Accounts": {"Account": page.items},
        "ShareGroups": {"ShareGroup": [{"Group": "all"}] if image["_IsPublic"] else []},
        **page.about,
    }
