# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers besides the main account: RAM users, other accounts, sessions of roles."""

from __future__ import annotations

import typing as t

from sdk import Sdk


def ram_user(sdk: Sdk, name: str, *policies: str) -> Sdk:
    """A new RAM user of the account, with system policies."""
    sdk("CreateUser", product="ram", UserName=name)
    for policy in policies:
        sdk("AttachPolicyToUser", product="ram", UserName=name, PolicyName=policy, PolicyType="System")
    key = sdk("CreateAccessKey", product="ram", UserName=name)["AccessKey"]
    return Sdk(sdk.cloud, key["AccessKeyId"], key["AccessKeySecret"])


def other_account(sdk: Sdk) -> tuple[str, Sdk]:
    """The id of another account, and it with its own key."""
    account = sdk.cloud.accounts[1]
    return account["account_id"], Sdk(sdk.cloud, account["access_key_id"], account["access_key_secret"])


def session(sdk: Sdk, role_arn: str, **params: t.Any) -> Sdk:
    """A session of a role that the caller assumes."""
    answer = sdk("AssumeRole", product="sts", RoleArn=role_arn, RoleSessionName="test", **params)
    given = answer["Credentials"]
    return Sdk(sdk.cloud, given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
