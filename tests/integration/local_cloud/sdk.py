# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official SDK's clients, whose every answer is checked for its shape."""

from __future__ import annotations

import importlib
import json
import types
import typing as t
from dataclasses import dataclass, field

import pytest
from alibabacloud_antiddos_public20170518.client import Client as AntiddosClient
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_kms20160120.client import Client as KmsClient
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_resourcesharing20200110.client import Client as ResourceSharingClient
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428.client import Client as VpcClient
from shapes import problems

from local_cloud.control import LocalCloud

REGION = "cn-hangzhou"
ZONE = "cn-hangzhou-h"
TRUSTED_IMAGE = "aliyun_3_x64_20G_uefi_alibase_20240528.vhd"
PLAIN_IMAGE = "aliyun_3_x64_20G_alibase_20240528.vhd"
_CLIENTS = {
    "antiddos-public": ("alibabacloud_antiddos_public20170518", AntiddosClient),
    "ecs": ("alibabacloud_ecs20140526", EcsClient),
    "kms": ("alibabacloud_kms20160120", KmsClient),
    "ram": ("alibabacloud_ram20150501", RamClient),
    "resourcesharing": ("alibabacloud_resourcesharing20200110", ResourceSharingClient),
    "sas": ("alibabacloud_sas20181203", None),  # thousands of models, which few tests need
    "sts": ("alibabacloud_sts20150401", StsClient),
    "vpc": ("alibabacloud_vpc20160428", VpcClient),
}


@dataclass
class Sdk:
    """One caller. ``sdk("RunInstances", Amount=2)`` calls ECS; ``sdk("CreateVpc", product="vpc", ...)`` another.

    Parameters are named as in the API and may be nested; RegionId, or DdosRegionId, is added where the operation
    has it. Returns the answer's body. ``called`` collects the operations that succeeded.
    """

    cloud: LocalCloud
    access_key_id: str = ""
    access_key_secret: str = ""
    security_token: str | None = None
    secure: bool = False
    called: set[tuple[str, str]] = field(default_factory=set)
    _clients: dict[str, t.Any] = field(default_factory=dict)

    def __call__(self, action: str, *, product: str = "ecs", **params: t.Any) -> dict[str, t.Any]:
        models, client = self._client(product)
        request = getattr(models, f"{action}Request", None)
        method = getattr(client, _method(client, action))
        if request is None:
            return t.cast("dict[str, t.Any]", method().body.to_map())
        fields = {"region_id": "RegionId", "ddos_region_id": "DdosRegionId"}
        here = {name: REGION for attribute, name in fields.items() if hasattr(request(), attribute)}
        probe = request().from_map({**here, **params})
        left_out = set(params) - set(probe.to_map())
        assert not left_out, f"{action} has no {left_out}"
        return t.cast("dict[str, t.Any]", method(probe).body.to_map())

    def refused(self, action: str, *, product: str = "ecs", **params: t.Any) -> tuple[int, str]:
        """Status and code of a call that must be refused."""
        with pytest.raises(AlibabaCloudException) as caught:
            self(action, product=product, **params)
        return caught.value.status_code, caught.value.code

    def _client(self, product: str) -> tuple[types.ModuleType, t.Any]:
        package, kind = _CLIENTS[product]
        models = importlib.import_module(f"{package}.models")
        kind = kind or importlib.import_module(f"{package}.client").Client
        if product not in self._clients:
            client = kind(
                Config(
                    access_key_id=self.access_key_id or self.cloud.access_key_id,
                    access_key_secret=self.access_key_secret or self.cloud.access_key_secret,
                    security_token=self.security_token,
                    endpoint=(self.cloud.tls_endpoint if self.secure else self.cloud.endpoint).partition("//")[2],
                    protocol="https" if self.secure else "http",
                    ca=str(self.cloud.ca_certificate) if self.secure else None,
                    region_id=REGION,
                )
            )
            self._check_answers(client, models, product)
            self._clients[product] = client
        return models, self._clients[product]

    def _check_answers(self, client: t.Any, models: types.ModuleType, product: str) -> None:
        original = client.call_api

        def call_api(params: t.Any, request: t.Any, runtime: t.Any) -> t.Any:
            answer = original(params, request, runtime)
            wrong = problems(models, params.action, answer["body"])
            assert not wrong, f"{params.action}: {wrong}"
            self.called.add((product, params.action))
            return answer

        client.call_api = call_api

    # -- what many tests begin with

    def network(self, cidr: str = "10.0.0.0/24", zone: str = ZONE) -> tuple[str, str]:
        """A VPC and a vSwitch in it, both Available; their ids."""
        vpc_id = self("CreateVpc", product="vpc", CidrBlock="10.0.0.0/16")["VpcId"]
        self.cloud.clock_advance(2)
        vswitch = self("CreateVSwitch", product="vpc", VpcId=vpc_id, ZoneId=zone, CidrBlock=cidr)
        self.cloud.clock_advance(2)
        return vpc_id, vswitch["VSwitchId"]

    def place(self) -> dict[str, t.Any]:
        """Parameters for RunInstances of a plain instance in a network of its own."""
        vpc_id, vswitch_id = self.network()
        group = self("CreateSecurityGroup", VpcId=vpc_id)["SecurityGroupId"]
        return {
            "ImageId": PLAIN_IMAGE,
            "InstanceType": "ecs.g7.large",
            "VSwitchId": vswitch_id,
            "SecurityGroupId": group,
        }

    def run(self, place: dict[str, t.Any] | None = None, **params: t.Any) -> list[str]:
        """Instances that are Running; their ids."""
        ids = self("RunInstances", **(place or self.place()), **params)["InstanceIdSets"]["InstanceIdSet"]
        self.cloud.clock_advance(5)
        return t.cast("list[str]", ids)

    def status(self, instance_id: str) -> str:
        """An instance's status, ``gone`` when there is none."""
        items = self("DescribeInstanceStatus", InstanceId=[instance_id])["InstanceStatuses"]["InstanceStatus"]
        return items[0]["Status"] if items else "gone"

    def instance(self, instance_id: str, **params: t.Any) -> dict[str, t.Any]:
        """An instance as DescribeInstances shows it."""
        body = self("DescribeInstances", InstanceIds=json.dumps([instance_id]), **params)
        return t.cast("dict[str, t.Any]", body["Instances"]["Instance"][0])


def _method(client: t.Any, action: str) -> str:
    """The SDK's method of an operation."""
    return next(name for name in dir(client) if name.replace("_", "") == action.lower())
