# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all RAM users of the account: rules for passwords, preferences, virtual MFA devices.

Setting either puts back to its default what the call doesn't give.
"""

from __future__ import annotations

import ipaddress
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.ram.common import Record, ram

#: the password policy of an account that has set none
DEFAULT_POLICY: t.Final[Record] = {
    "MinimumPasswordLength": 8,
    "RequireLowercaseCharacters": False,
    "RequireUppercaseCharacters": False,
    "RequireNumbers": False,
    "RequireSymbols": False,
    "HardExpiry": False,
    "MaxPasswordAge": 0,
    "PasswordReusePrevention": 0,
    "MaxLoginAttemps": 0,
}
_LONGEST = {"MaxPasswordAge": 1095, "PasswordReusePrevention": 24, "MaxLoginAttemps": 32}

#: group of preferences -> its members and their values in an account that has set none
_PREFERENCES: t.Final[dict[str, Record]] = {
    "LoginProfilePreference": {
        "LoginSessionDuration": 6,
        "LoginNetworkMasks": "",
        "AllowUserToChangePassword": True,
        "EnableSaveMFATicket": False,
    },
    "AccessKeyPreference": {"AllowUserToManageAccessKeys": False},
    "PublicKeyPreference": {"AllowUserToManagePublicKeys": False},
    "MFAPreference": {"AllowUserToManageMFADevices": True},
}


def password_policy(call: Call, *, lagged: bool = False) -> Record:
    """The password policy in force."""
    record = call.store.get("password_policy", call.account_id, lagged=lagged) or {}
    return {name: record.get(name, value) for name, value in DEFAULT_POLICY.items()}


@ram("GetPasswordPolicy")
def get_password_policy(call: Call) -> Record:
    return {"PasswordPolicy": password_policy(call, lagged=True)}


@ram("SetPasswordPolicy")
def set_password_policy(call: Call) -> Record:
    policy = {name: call.get(name, value) for name, value in DEFAULT_POLICY.items()}
    for name, most in _LONGEST.items():
        if not 0 <= policy[name] <= most:
            raise ApiError(f"InvalidParameter.{name}", 400, f"The parameter {name} must be 0 to {most}.")
    call.store.put("password_policy", call.account_id, {"AccountId": call.account_id, **policy})
    return {"PasswordPolicy": policy}


def _preferences(call: Call, *, lagged: bool = False) -> dict[str, Record]:
    record = call.store.get("security_preference", call.account_id, lagged=lagged) or {}
    return {
        group: {name: record.get(name, value) for name, value in members.items()}
        for group, members in _PREFERENCES.items()
    }


@ram("GetSecurityPreference")
def get_security_preference(call: Call) -> Record:
    return {"SecurityPreference": _preferences(call, lagged=True)}


@ram("SetSecurityPreference")
def set_security_preference(call: Call) -> Record:
    changed = {name: call.get(name, value) for members in _PREFERENCES.values() for name, value in members.items()}
    for mask in filter(None, changed["LoginNetworkMasks"].split(";")):
        try:
            ipaddress.ip_network(mask, strict=False)
        except ValueError:
            message = f"The parameter LoginNetworkMasks has {mask!r}, which is no network such as 192.0.2.0/24."
            raise ApiError("InvalidParameter.LoginNetworkMasks", 400, message) from None
    call.store.put("security_preference", call.account_id, {"AccountId": call.account_id, **changed})
    return {"SecurityPreference": _preferences(call)}


@ram("ListVirtualMFADevices")
def list_virtual_mfa_devices(call: Call) -> Record:
    """None can be made here; records ``mfa_device`` (id: SerialNumber) that were put in have the keys of the answer."""
    found = call.store.find("mfa_device", where={"AccountId": call.account_id}, lagged=True)
    names = ("SerialNumber", "ActivateDate", "User")
    shown = [{name: device[name] for name in names if name in device} for device in found]
    return {"VirtualMFADevices": {"VirtualMFADevice": shown}}
