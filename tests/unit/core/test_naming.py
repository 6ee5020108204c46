# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What things may be called: one rule a kind, the same as the local cloud's, and no second one anywhere."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._core import naming
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair import key_file
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.key import KmsKey
from local_cloud.framework import ApiError
from local_cloud.services.ecs import common as ecs
from local_cloud.services.ecs import images, launch, prefix_lists, snapshots
from local_cloud.services.kms import aliases, secrets
from local_cloud.services.ram import common as ram
from local_cloud.services.resource_sharing import shares
from local_cloud.services.vpc import common as vpc

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
#: Names that are fine for some kinds of things and not for others.
SAMPLES = (
    *(
        "",
        "a",
        "ab",
        "1a",
        "_a",
        "web-1",
        "web_1",
        "web.1",
        "web:1",
        "web@1",
        "web 1",
        "a/b",
        "a--b",
        "a-",
        "-a",
        "a..b",
    ),
    *("网络安全", "中", "Ä1", "ﬁ", "web\n", "http://web", "HTTPS://web", "httpweb"),
    *("alias/web", "alias/web/prod", "alias/网", "alias/", "alias/w w", f"alias/{'a' * 249}", f"alias/{'a' * 250}"),
    *(
        "acs/web",
        "web/acs/x",
        "a+b=c",
        "acs:web",
        "aliyun_web",
        "auto-1",
        "Automatic",
        "com.aliyun.x",
        "com.alibabacloud",
    ),
    *("a" * length for length in (50, 51, 64, 65, 128, 129, 192, 193)),
    "网" * 128,
    "网" * 129,
)


def call(parameter: str) -> t.Callable[[str], t.Any]:
    return lambda name: SimpleNamespace(
        params={parameter: name}, get=lambda key, default=None: {parameter: name}.get(key, default)
    )


def ecs_name(name: str) -> None:
    ecs.check_name(name, "Malformed", "Name")


def snapshot_name(name: str) -> None:
    ecs_name(name)  # which no name at all does not get past
    snapshots.check_snapshot_name(name)


def image_name(name: str) -> None:
    ecs_name(name)
    images.check_name_text(name)


RAM = {
    kind: lambda name, kind=kind: ram.name_of(call(kind)(name), kind)
    for kind in ("RoleName", "UserName", "GroupName", "PolicyName")
}


@pytest.mark.parametrize(
    ("rule", "local_cloud"),
    [
        pytest.param(naming.INSTANCE, ecs_name, id="instance"),
        pytest.param(naming.SECURITY_GROUP, ecs_name, id="group"),
        pytest.param(naming.KEY_PAIR, ecs_name, id="key pair"),
        pytest.param(naming.SNAPSHOT, snapshot_name, id="snapshot"),
        pytest.param(naming.IMAGE, image_name, id="image"),
        pytest.param(naming.NETWORK_INTERFACE, ecs_name, id="network interface"),
        pytest.param(naming.PREFIX_LIST, prefix_lists.check_list_name, id="prefix list"),
        pytest.param(naming.VPC, lambda name: name and vpc.texts(call("VpcName")(name), "VpcName"), id="VPC"),
        pytest.param(naming.HOST_NAME, launch.check_host_name, id="host name"),
        pytest.param(naming.ROLE, RAM["RoleName"], id="role"),
        pytest.param(naming.USER, RAM["UserName"], id="user"),
        pytest.param(naming.USER_GROUP, RAM["GroupName"], id="user group"),
        pytest.param(naming.POLICY, RAM["PolicyName"], id="policy"),
        pytest.param(naming.KMS_ALIAS, lambda name: aliases._name(call("AliasName")(name)), id="alias"),
        pytest.param(naming.KMS_SECRET, lambda name: secrets.name_of(call("SecretName")(name)), id="secret"),
        pytest.param(naming.RESOURCE_SHARE, lambda name: shares._name(call("ResourceShareName")(name)), id="share"),
    ],
)
def test_the_collection_and_the_local_cloud_have_the_same_rule(
    rule: naming.Rule, local_cloud: t.Callable[[str], t.Any]
) -> None:
    for name in filter(None, SAMPLES):
        try:
            local_cloud(name)
        except ApiError:
            taken = False
        else:
            taken = True
        assert rule.fits(name) == taken, name


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (
            naming.SECURITY_GROUP,
            ["网络安全", "ab", "网" * 128],
            ["1a", "网" * 129, "web\n", "安 全"],
        ),
        (naming.KEY_PAIR, ["密钥对", "a" * 128], ["_a", "a" * 129]),
        (naming.VSWITCH, ["1", "网络 安全"], ["", "HTTP://a"]),
        (naming.NEW_ROLE, ["web.1"], ["web_1", "角色"]),
    ],
)
def test_letters_are_those_of_every_script_where_the_api_has_them(
    rule: naming.Rule, good: list[str], bad: list[str]
) -> None:
    assert [name for name in good if not rule.fits(name)] == []
    assert [name for name in bad if rule.fits(name)] == []


def test_a_refusal_names_option_value_and_rule_and_what_is_not_given_passes() -> None:
    naming.check(naming.KEY_PAIR, "name", None)
    naming.check_description(naming.ECS_DESCRIPTION, "description", "")
    with pytest.raises(InvalidInput, match="name is '1a'; expected 2 to 128 characters: first a letter"):
        naming.check(naming.KEY_PAIR, "name", "1a")
    with pytest.raises(InvalidInput, match="users has 'a b'; expected 1 to 64 letters"):
        naming.check_each(naming.USER, "users", ["ab", "a b"])
    with pytest.raises(InvalidInput, match="description has 257 characters; expected 2 to 256"):
        naming.check_description(naming.ECS_DESCRIPTION, "description", "x" * 257)
    with pytest.raises(InvalidInput, match="instance_ids has 'web'; expected the id of an instance"):
        naming.check_instance_ids(["i-bp1", "i-foretold-web-1a2b3c", "web"])


#: Patterns with a longest length that are no rules of names: what they read is told or made by a machine.
_OF_MACHINES = {
    ("metadata.py", "[A-Za-z0-9._@-]{1,64}"),  # an answer of the metadata service, in an instance without this package
    ("keys.py", "[A-Za-z0-9_-]{1,64}"),  # the ID of a key
    ("users.py", r"\d{1,3}-\d{4,20}"),  # a telephone number
    ("recipients.py", "[0-9]{5,20}"),  # the number of an account
    ("rule_options.py", r"(\d{1,5})(?:/(\d{1,5}))?"),  # ports
    ("rule_export.py", r"[0-9A-Za-z][0-9A-Za-z._\-]{0,63}"),  # the part of a file's name that tells the time
}


def test_no_module_has_a_rule_of_its_own() -> None:
    """Neither a pattern that ends a name after so many characters nor a comparison with the beginning of an address."""
    found = set()
    for path in PLUGINS.rglob("*.py"):
        if path.name == "naming.py" or path.parent.name in ("_ssh", "modules", "doc_fragments"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            texts = [
                one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            if node.func.attr in ("compile", "match", "fullmatch"):
                found |= {(path.name, one) for one in texts if re.search(r"\{\d+,\d+\}", one)}
            if node.func.attr == "startswith" and "http://" in texts and path.name != "tags.py":
                found.add((path.name, "http://"))
    assert found == _OF_MACHINES


def test_what_is_made_of_a_long_name_fits_and_is_different_for_different_names(tmp_path: Path) -> None:
    longest = "a" * naming.KEY_PAIR.longest
    with key_file.Destination(str(tmp_path / "key.pem"), longest) as place:
        assert len(place.owner) <= 128
    owners = set()
    for end in ("a", "b"):
        key = KmsKey(t.cast("t.Any", None), {"alias": f"alias/{'a' * 248}{end}", "key_id": None})
        owners.add(key._owner)
        assert len(key._owner) <= 128
    assert len(owners) == 2
