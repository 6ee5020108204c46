# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The products that are served: how each is told apart and where its SDK's models are."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """A product of one API version."""

    name: str  # as in handlers' registrations
    version: str
    package: str  # of the official SDK
    title: str  # in links to the troubleshooting page
    global_host: bool = False  # one endpoint for all regions, or for many
    hosts: tuple[str, ...] = ()  # what its endpoints begin with besides its name


PRODUCTS = {
    product.name: product
    for product in (
        Product(
            "antiddos-public",
            "2017-05-18",
            "alibabacloud_antiddos_public20170518",
            "antiddos-public",
            hosts=("antiddos", "antiddos-openapi"),
        ),
        Product("ecs", "2014-05-26", "alibabacloud_ecs20140526", "Ecs"),
        Product("ram", "2015-05-01", "alibabacloud_ram20150501", "Ram", global_host=True),
        Product("kms", "2016-01-20", "alibabacloud_kms20160120", "Kms"),
        Product("sts", "2015-04-01", "alibabacloud_sts20150401", "Sts"),
        Product("vpc", "2016-04-28", "alibabacloud_vpc20160428", "Vpc"),
        Product("trusted-server", "2020-06-13", "alibabacloud_trusted_server20200613", "trusted-server"),
        Product("resourcesharing", "2020-01-10", "alibabacloud_resourcesharing20200110", "ResourceSharing"),
        Product("sas", "2018-12-03", "alibabacloud_sas20181203", "Sas", hosts=("tds",), global_host=True),
    )
}
BY_HOST = {host: product for product in PRODUCTS.values() for host in (product.name, *product.hosts)}
BY_VERSION = {product.version: product for product in PRODUCTS.values()}

_HOST = re.compile(r"^(?P<product>[a-z-]+?)(?:-vpc|-share)?(?:[.-](?P<region>[a-z]{2}-[a-z0-9-]+))?\.aliyuncs\.com$")


def of_host(host: str) -> tuple[Product | None, str | None]:
    """Tell product and region from a host name such as ``ecs.eu-central-1.aliyuncs.com``; None where it doesn't."""
    match = _HOST.match(host.partition(":")[0].lower())
    if not match:
        return None, None
    return BY_HOST.get(match["product"]), match["region"]
