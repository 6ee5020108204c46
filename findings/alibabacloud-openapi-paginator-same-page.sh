#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# alibabacloud-openapi-paginator 1.0.1 goes through the pages of an operation with NextToken, and hands out one and the same object each
# time, with the next page filled in: who keeps the pages, as list() does, has the last one as often as there are pages. The requests are
# right, and so is the number of pages.
# With Python 3.11, alibabacloud-tea-openapi 0.4.6, alibabacloud-ecs20140526 7.11.8, and a fleet of three with one instance a page:
#   page by page: i-1 i-2 i-3
#   in a list: i-3 i-3 i-3
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install alibabacloud-openapi-paginator==1.0.1 alibabacloud-ecs20140526==7.11.8 alibabacloud-tea-openapi==0.4.6 \
    darabonba-core==1.0.9 alibabacloud-tea==0.4.3 alibabacloud-tea-util==0.3.15
cat > try.py << 'END'
from alibabacloud_ecs20140526.models import DescribeInstancesResponse
from alibabacloud_openapi_paginator.models import Paginator
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions

NEXT = {"": ("i-1", "two"), "two": ("i-2", "three"), "three": ("i-3", "")}


class Fleet(Client):
    def call_api(self, params, request, runtime):
        instance, token = NEXT[request.query.get("NextToken", "")]
        body = {"RequestId": "one", "Instances": {"Instance": [{"InstanceId": instance}]}, "NextToken": token}
        return {"statusCode": 200, "headers": {}, "body": body}


def pages():
    client = Fleet(Config(access_key_id="id", access_key_secret="secret", endpoint="localhost"))
    request = OpenApiRequest(query={"RegionId": "cn-hangzhou", "MaxResults": "1"})
    return Paginator(client, Params(action="DescribeInstances"), request, RuntimeOptions(), DescribeInstancesResponse())


def instance(page):
    return page.body.instances.instance[0].instance_id


print("page by page:", *(instance(page) for page in pages()))
print("in a list:", *(instance(page) for page in list(pages())))
END
venv/bin/python try.py | tee output
cat > expected << 'END'
page by page: i-1 i-2 i-3
in a list: i-3 i-3 i-3
END
cmp output expected
