# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes an instance trusted, and what must be in place for it.

No public error code says "KMS is off" or "this image has no vTPM", so each refusal is a setting: ``<status> <code>``.
"""

from __future__ import annotations

import typing as t

from local_cloud.catalogue import InstanceType
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import Record
from local_cloud.settings import define

_SUPPORT = ("supported", "unsupported")

for _name, _answer, _why in (
    ("kms_off", "403 InvalidParameter.KMSKeyId.KMSUnauthorized", "KMS is not activated"),
    ("wrong_mode", "400 InvalidParameter", "TrustedSystemMode is not vTPM"),
    ("wrong_family", "400 InvalidInstanceType.ValueNotSupported", "the family has no vTPM"),
    ("wrong_image", "403 ImageNotSupportInstanceType", "the image has no trusted boot"),
    ("wrong_disk", "403 InvalidInstanceType.NotSupportDiskCategory", "system disk is no ESSD"),
):
    define(f"ecs.trusted.{_name}", _answer, f"refusal: {_why}", form=r"[45]\d\d \S+")
define("ecs.secure_boot", "unsupported", "what instance types and UEFI images say about secure boot", _SUPPORT)
define("ecs.enclave_invited", False, "whether ConfidentialComputingMode=Enclave may be used")


def is_trusted(call: Call, instance_type: InstanceType, image: Record, disk_category: str) -> bool:
    """Whether the requested instance will be trusted.

    :raises ApiError: it would have to be, and something that a trusted instance needs is not in place.
    """
    options = call.get("SecurityOptions") or {}
    mode, enclave = options.get("TrustedSystemMode") or "", _enclave(call, instance_type)
    if mode not in ("", "vTPM"):
        raise _refusal(
            call,
            "wrong_mode",
            f'The specified parameter "SecurityOptions.TrustedSystemMode" is not valid: {mode!r}; it must be vTPM.',
        )
    if not (mode or enclave or (instance_type.vtpm == "image" and image["_Trusted"])):
        return False
    if instance_type.vtpm == "none":
        raise _refusal(call, "wrong_family", f"The instance type {instance_type.id} does not support vTPM.")
    if not image["_Trusted"]:
        raise _refusal(call, "wrong_image", "The specified image does not support the specified InstanceType.")
    if disk_category != "cloud_essd":
        raise _refusal(call, "wrong_disk", "The system disk of a trusted instance must be of category cloud_essd.")
    if not kms_enabled(call):
        raise _refusal(call, "kms_off", "ECS service have no right to access your KMS.")
    return True


def secure_boot_support(call: Call, boot_modes: t.Iterable[str]) -> str:
    """``SecureBootSupport`` of an instance type or an image (UNCERTAIN: the values, and who says which)."""
    uefi = any(mode.startswith("UEFI") for mode in boot_modes)
    return str(call.settings["ecs.secure_boot"]) if uefi else "unsupported"


def secure_boot(call: Call, instance_type: InstanceType, image: Record) -> bool:
    """Whether the requested instance will boot by UEFI Secure Boot.

    :raises ApiError: it shall, but the type or the image says that it can't (UNCERTAIN: the code)
    """
    wanted = bool((call.get("SecurityOptions") or {}).get("EnableSecureBoot"))
    if wanted and "unsupported" in (
        secure_boot_support(call, instance_type.boot),
        secure_boot_support(call, [image["BootMode"]]),
    ):
        raise ApiError(
            "InvalidParameter", 400, 'The specified parameter "SecurityOptions.EnableSecureBoot" is not valid.'
        )
    return wanted


def _enclave(call: Call, instance_type: InstanceType) -> bool:
    mode = (call.get("SecurityOptions") or {}).get("ConfidentialComputingMode") or ""
    if not mode:
        return False
    if mode != "Enclave" or not instance_type.enclave:
        raise ApiError(
            "InvalidParameter", 400, 'The specified parameter "SecurityOptions.ConfidentialComputingMode" is not valid.'
        )
    if not call.settings["ecs.enclave_invited"]:
        raise ApiError(
            "InvalidOperation.ConfidentialComputingModeInInviteOnlyTesting",
            403,
            "The confidential computing mode is in invitational preview.",
        )
    return True


def kms_enabled(call: Call) -> bool:
    """Whether the account has switched KMS on."""
    service = call.store.get("kms_service", call.account_id)
    return service is not None and service.get("Status") == "Enabled"


def _refusal(call: Call, setting: str, message: str) -> ApiError:
    status, code = str(call.settings[f"ecs.trusted.{setting}"]).split()
    return ApiError(code, int(status), message)
