# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS instances, which keep keys and secrets. Nobody can order one here: they come by the control API.

Records: ``kms_instance`` (id: its ID) has the members of GetKmsInstance, KmsInstanceId, KmsInstanceArn and AccountId.
"""

from __future__ import annotations

import datetime as dt
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.kms.common import Record, invalid, kms
from local_cloud.settings import Settings, define
from local_cloud.texts import digits

if t.TYPE_CHECKING:
    from local_cloud.store import Store

_SOFTWARE, _HARDWARE = "3", "5"

define(
    "kms.keys_without_instance",
    -1,
    "how many keys of its own an account can have in a region without a KMS instance: 1 is the default key of newer "
    "accounts, -1 any number (UNCERTAIN)",
)
define(
    "kms.key_without_instance_code",
    "Rejected.LimitExceeded",
    "code when there is to be one more of them (UNCERTAIN)",
    ("Rejected.LimitExceeded", "Rejected.UnsupportedOperation", "Forbidden.DKMSInstanceStateInvalid"),
)
define(
    "kms.software_instance_key_specs",
    "Aliyun_AES_256 RSA_2048 RSA_3072 EC_P256 EC_P256K",
    "kinds of keys in a KMS instance of the software key management type (UNCERTAIN)",
)
define(
    "kms.hardware_instance_key_specs",
    "Aliyun_AES_256 Aliyun_AES_192 Aliyun_AES_128 Aliyun_SM4 RSA_2048 RSA_3072 EC_P256 EC_P256K EC_SM2",
    "kinds of keys in a KMS instance of the hardware key management type (UNCERTAIN)",
)

STATES = ("Uninitialized", "Connecting", "Connected", "Disconnected", "Error")
#: what a quota is of -> the kind of record that counts, and the member of the instance that has the number
_COUNTED = {"key": ("kms_key", "KeyNum"), "secret": ("kms_secret", "SecretNum")}
_DAYS = 365


def put(store: Store, account_id: str, region: str, instance_id: str, members: Record) -> Record:
    """Make an instance, or change one.

    :param members: of GetKmsInstance; what is not given stays, or is that of a small software instance
    :raises ValueError: there is no such member, or no such state
    """
    unknown = sorted(set(members) - set(_defaults("", "", "")))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; there are: {', '.join(_defaults('', '', ''))}")
    if members.get("Status", STATES[0]) not in STATES:
        raise ValueError(f"Status is one of {', '.join(STATES)}, not {members['Status']!r}")
    for name, value in members.items():
        kind = type(_defaults("", "", "")[name])
        fits = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)  # to Python true is a number
        if not fits or (kind is list and not all(isinstance(one, str) for one in value)):
            raise ValueError(f"{name} is a {kind.__name__}{' of texts' if kind is list else ''}, not {value!r}")
    if digits(members.get("SecretNum", "0")) is None:
        raise ValueError(f"SecretNum is a number in a text, not {members['SecretNum']!r}")
    clock = store.clock
    fresh = _defaults(instance_id, clock.text(), clock.text(clock.now() + dt.timedelta(days=_DAYS)))
    record = {**fresh, **(store.get("kms_instance", instance_id) or {}), **members}
    record |= {
        "KmsInstanceId": instance_id,
        "KmsInstanceArn": f"acs:kms:{region}:{account_id}:keystore/{instance_id}",
        "AccountId": account_id,
    }
    store.put("kms_instance", instance_id, record, region=region)
    return record


def _defaults(instance_id: str, now: str, end: str) -> Record:
    return {
        "InstanceId": instance_id,
        "InstanceName": instance_id,
        "Status": "Connected",
        "ChargeType": "PREPAY",
        "ProductType": "kms_ddi_public_cn",
        "ProductVersion": _SOFTWARE,
        "Spec": 1000,
        "KeyNum": 1000,
        "SecretNum": "1000",
        "VpcNum": 1,
        "VpcId": "",
        "VswitchIds": [],
        "ZoneIds": [],
        "CreateTime": now,
        "StartDate": now,
        "EndDate": end,
        "DeletionProtection": False,
    }


def _all(call: Call, *, lagged: bool = False) -> list[Record]:
    where = {"AccountId": call.account_id}
    found = call.store.find("kms_instance", region=call.region, where=where, lagged=lagged)
    return [{**_defaults(one["KmsInstanceId"], "", ""), **one} for one in found]


def get(call: Call, instance_id: str, *, lagged: bool = False) -> Record:
    """An instance of the caller in the call's region; 404 if there is none."""
    for one in _all(call, lagged=lagged):
        if one["KmsInstanceId"] == instance_id:
            return one
    raise ApiError("Forbidden.DKMSInstanceNotFound", 404, "The specified KMS instance is not found.")


def require_connected(call: Call, instance_id: str) -> Record:
    """An instance that is enabled: nothing works in another one."""
    instance = get(call, instance_id)
    if instance["Status"] != "Connected":
        raise ApiError("Forbidden.DKMSInstanceStateInvalid", 403, "The state of the KMS instance does not allow this.")
    return instance


def with_room(call: Call, instance_id: str, what: str) -> Record:
    """An enabled instance that takes one more ``key`` or ``secret``."""
    instance = require_connected(call, instance_id)
    if _used(call, instance_id, what) >= int(instance[_COUNTED[what][1]]):
        raise ApiError("Rejected.LimitExceeded", 400, f"The {what} quota of the KMS instance is exceeded.")
    return instance


def _used(call: Call, instance_id: str, what: str) -> int:
    where = {"AccountId": call.account_id, "DKMSInstanceId": instance_id}
    return len(call.store.find(_COUNTED[what][0], region=call.region, where=where))


def for_key(call: Call, instance_id: str, spec: str) -> str:
    """See that a key can be made in an instance, by its kind and its origin; returns the protection level that it gets.

    KMS ignores what a request says of that level.
    """
    instance = with_room(call, instance_id, "key")
    hardware = instance["ProductVersion"] == _HARDWARE
    kind = "hardware" if hardware else "software"
    specs = call.settings[f"kms.{kind}_instance_key_specs"].split()
    if spec not in specs:
        raise invalid("KeySpec", f"in a KMS instance of the {kind} key management type: one of {', '.join(specs)}.")
    if not hardware and call.get("Origin", "Aliyun_KMS") != "Aliyun_KMS":
        raise invalid("Origin", "a KMS instance of the software key management type takes Aliyun_KMS only.")
    if hardware and call.get("EnableAutomaticRotation"):
        raise invalid("EnableAutomaticRotation", "keys in hardware do not rotate.")
    return "HSM" if hardware else "SOFTWARE"


def check_default_keys(call: Call) -> None:
    """Without an instance, newer accounts have but a default key in each region."""
    most = call.settings["kms.keys_without_instance"]
    where = {"AccountId": call.account_id, "Creator": call.account_id, "DKMSInstanceId": ""}
    if 0 <= most <= len(call.store.find("kms_key", region=call.region, where=where)):
        raise _needs_instance(call.settings)


def _needs_instance(settings: Settings) -> ApiError:
    code = settings["kms.key_without_instance_code"]
    status = 403 if code.startswith("Forbidden") else 400
    return ApiError(code, status, "One more key needs a KMS instance.")


@kms("ListKmsInstances")
def list_kms_instances(call: Call) -> Record:
    if call.get("Filters"):
        raise invalid("Filters", "the documents do not say what it takes.")
    found = _all(call, lagged=True)
    number, size = int(call.get("PageNumber", 1)), int(call.get("PageSize", 20))
    if number < 1 or not 1 <= size <= 100:
        raise invalid("PageSize", "PageNumber must be 1 or more and PageSize 1 to 100.")
    shown = found[(number - 1) * size : number * size]
    rows = [{name: one[name] for name in ("KmsInstanceId", "KmsInstanceArn")} for one in shown]
    return {
        "KmsInstances": {"KmsInstance": rows},
        "PageNumber": number,
        "PageSize": size,
        "TotalCount": len(found),
    }


def _named(call: Call) -> Record:
    if not call.get("KmsInstanceId"):
        raise ApiError("MissingParameter", 400, 'The parameter "KmsInstanceId" is needed.')
    return get(call, str(call.params["KmsInstanceId"]), lagged=True)


@kms("GetKmsInstance")
def get_kms_instance(call: Call) -> Record:
    instance = _named(call)
    return {"KmsInstance": {name: instance[name] for name in _defaults("", "", "")}}


@kms("GetKmsInstanceQuotaInfos")
def get_kms_instance_quota_infos(call: Call) -> Record:
    instance = _named(call)
    instance_id = instance["KmsInstanceId"]
    quotas = {
        what: (int(instance[member]), _used(call, instance_id, what)) for what, (_kind, member) in _COUNTED.items()
    }
    quotas |= {"qps": (instance["Spec"], 0), "vpc": (instance["VpcNum"], 1 if instance["VpcId"] else 0)}
    wanted = str(call.get("ResourceType") or "")
    if wanted and wanted not in quotas:
        raise invalid("ResourceType", f"it must be one of {', '.join(quotas)}.")
    return {
        "KmsInstanceId": instance_id,
        "KmsInstanceQuotaInfos": [
            {"ResourceType": what, "ResourceQuota": most, "UsedQuantity": used}
            for what, (most, used) in quotas.items()
            if wanted in ("", what)
        ],
    }
