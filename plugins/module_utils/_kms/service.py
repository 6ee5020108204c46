# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KMS service of an account: switched on or not. Private."""

from __future__ import annotations

import contextlib
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AlreadyExists, CloudError, UnexpectedState
from .._core.plan import Plan, Step
from .._core.resource import Resource
from .._core.waiter import wait_for

SPEC: dict[str, dict[str, t.Any]] = {"wait_timeout": {"type": "int", "default": 600}}
_KIND = "kms_service"
#: By which KMS says that it is not switched on.
_OFF = "Forbidden.KmsServiceNotEnabled"
#: What DescribeAccountKmsStatus may say besides Enabled and NotEnabled, and what that means.
_BLOCKED = {
    "InDebt": "the account has overdue payments",
    "Suspended": "the service is suspended",
}


def read_status(cloud: Cloud) -> str:
    """C(Enabled), C(NotEnabled), C(InDebt) or C(Suspended); in a check run as earlier tasks would have left it."""
    if would_be_on(cloud):
        return "Enabled"
    return str(cloud.call("kms", "DescribeAccountKmsStatus").get("AccountStatus") or "NotEnabled")


def would_be_on(cloud: Cloud) -> bool:
    """Whether an earlier task of a check run would have switched KMS on."""
    return cloud.foretold.find(_KIND, _KIND) is not None


def would_be_on_by_then(cloud: Cloud, error: CloudError) -> bool:
    """Whether KMS refuses only because it is not switched on yet, which an earlier task of a check run would have."""
    return error.code == _OFF and would_be_on(cloud)


def listed(cloud: Cloud, action: str, **params: t.Any) -> list[dict[str, t.Any]]:
    """All of a list of KMS; nothing where an earlier task of a check run would have switched KMS on."""
    try:
        return cloud.pages("kms", action, **params)
    except CloudError as error:
        if not would_be_on_by_then(cloud, error):
            raise
        return []


def read_service(cloud: Cloud, _options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(kms_service_info) returns."""
    status = read_status(cloud)
    return {"kms_service": {"status": status}, "summary": f"KMS is {status}"}


class KmsService(Resource[str]):
    """KMS switched on. There is no call that switches it off."""

    def find(self) -> str:
        if would_be_on(self.cloud):
            return "Enabled"
        return str(self.cloud.call("kms", "DescribeAccountKmsStatus").get("AccountStatus") or "")

    def plan(self, actual: str) -> Plan:
        if actual not in ("Enabled", "NotEnabled"):
            why = _BLOCKED.get(actual, "this collection does not know what it means")
            raise UnexpectedState(
                f"KMS is in the state {actual or '(none)'}: {why}.", hint="Mend that in the console first."
            )
        steps = () if actual == "Enabled" else (Step("switch KMS on", "open"),)
        warnings = ("KMS cannot be switched off again through the API.",) if steps else ()
        return Plan({"status": actual}, {"status": "Enabled"}, steps, warnings)

    def open(self) -> None:
        # Somebody else may have switched it on in the meantime.
        with contextlib.suppress(AlreadyExists):
            self.cloud.call("kms", "OpenKmsService")

    def settle(self, plan: Plan, actual: str) -> dict[str, t.Any]:
        waited = wait_for(
            self.cloud,
            "KMS to be Enabled",
            self.find,
            lambda status: status == "Enabled",
            str,
            timeout=self.options["wait_timeout"],
            shows=True,
        )
        return {"kms_service": {"status": waited.value}}

    def foretell(self, plan: Plan, actual: str) -> dict[str, t.Any]:
        if plan.changed:
            self.cloud.foretold.would_make(_KIND, "kms", _KIND)
        return {"kms_service": dict(plan.after)}
