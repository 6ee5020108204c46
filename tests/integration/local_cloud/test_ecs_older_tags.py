# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags by the operations that older clients use."""

from __future__ import annotations

from sdk import Sdk


def test_tags_of_one_resource_are_added_counted_and_removed(sdk: Sdk) -> None:
    first, second = sdk.run(Amount=2)
    for instance_id in (first, second):
        sdk("AddTags", ResourceType="instance", ResourceId=instance_id, Tag=[{"Key": "team", "Value": "ops"}])
    sdk("AddTags", ResourceType="instance", ResourceId=first, Tag=[{"Key": "team", "Value": "web"}])
    tags = sdk("DescribeTags", ResourceType="instance")["Tags"]["Tag"]
    shown = {(tag["TagKey"], tag["TagValue"]): tag["ResourceTypeCount"]["Instance"] for tag in tags}
    assert shown == {("team", "web"): 1, ("team", "ops"): 1}
    found = sdk("DescribeTags", ResourceId=first, Tag=[{"Key": "team"}])
    assert ([tag["TagValue"] for tag in found["Tags"]["Tag"]], found["PageSize"]) == (["web"], 50)
    assert sdk("DescribeTags", ResourceType="disk")["Tags"]["Tag"] == []
    sdk("RemoveTags", ResourceType="instance", ResourceId=first, Tag=[{"Key": "team"}])
    assert sdk.instance(first)["Tags"]["Tag"] == []
    assert sdk.instance(second)["Tags"]["Tag"] == [{"TagKey": "team", "TagValue": "ops"}]


def test_what_can_t_be_tagged_is_refused(sdk: Sdk) -> None:
    (instance_id,) = sdk.run()
    tag = [{"Key": "a", "Value": "b"}]
    one = {"ResourceType": "instance", "ResourceId": instance_id}
    assert sdk.refused("AddTags", ResourceType="Instance", ResourceId=instance_id, Tag=tag) == (
        404,
        "InvalidResourceType.NotFound",
    )
    assert sdk.refused("AddTags", ResourceType="instance", Tag=tag) == (400, "MissingParameter")
    unknown = sdk.refused("AddTags", ResourceType="instance", ResourceId="i-none", Tag=tag)
    assert unknown == (404, "InvalidResourceId.NotFound")
    assert sdk.refused("AddTags", **one) == (400, "InvalidTagCount")
    assert sdk.refused("AddTags", **one, Tag=[{"Key": "acs:x", "Value": "y"}]) == (403, "NoPermission.Tag")
    assert sdk.instance(instance_id)["Tags"]["Tag"] == []
