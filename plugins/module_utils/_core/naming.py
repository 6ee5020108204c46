# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What things may be called and described as: one rule for each kind of thing, from the API's own words. Private.

The local cloud has rules of its own, read from the same documents; a unit test compares the two.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._cloud import foretold
from .._cloud.errors import InvalidInput, UnexpectedState

#: How an address begins, which no name and no description of ECS and VPC may do.
_ADDRESS = ("http://", "https://")
_INSTANCE_ID = re.compile(r"i-[A-Za-z0-9]+")


@dataclass(frozen=True)
class Rule:
    """What a text may be.

    :ivar words: the rule for messages, after C(expected)
    :ivar shortest: characters at least
    :ivar longest: characters at most
    :ivar form: what the whole text has to match, beside its length
    :ivar address: whether it may begin as an address does
    """

    words: str
    shortest: int
    longest: int
    form: re.Pattern[str] = re.compile(r".*", re.DOTALL)
    address: bool = False

    def fits(self, text: str) -> bool:
        return (
            self.shortest <= len(text) <= self.longest
            and self.form.fullmatch(text) is not None
            and (self.address or not text.lower().startswith(_ADDRESS))
        )


def _ecs() -> Rule:
    """What ECS's operations say of names, each in the same words. Its letters are those of Unicode, so that Chinese
    names are possible: CreateSecurityGroup and others speak of letters only, their Chinese documents of both."""
    return Rule(
        "2 to 128 characters: first a letter, then letters, digits, colons, underscores, periods, hyphens",
        2,
        128,
        re.compile(r"[^\W\d_][\w:.\-]*"),
    )


def _plain(characters: str, longest: int, words: str) -> Rule:
    """A name of these characters and no others."""
    return Rule(f"1 to {longest} {words}", 1, longest, re.compile(f"[{characters}]*"), address=True)


# ---------------------------------------------------------------------- names

#: RunInstances, ModifyInstanceAttribute: InstanceName.
INSTANCE = _ecs()
#: CreateSecurityGroup, ModifySecurityGroupAttribute: SecurityGroupName.
SECURITY_GROUP = _ecs()
#: CreateKeyPair, ImportKeyPair: KeyPairName.
KEY_PAIR = _ecs()
#: CreateSnapshot, CopySnapshot: SnapshotName; that of an automatic snapshot begins with auto.
SNAPSHOT = Rule(f"{_ecs().words}; not beginning with auto", 2, 128, re.compile(r"(?!(?i:auto))[^\W\d_][\w:.\-]*"))
#: CreateImage, CopyImage: ImageName; CreateImage, ModifyImageAttribute: ImageFamily.
IMAGE = IMAGE_FAMILY = Rule(
    f"{_ecs().words}; not beginning with acs: or aliyun", 2, 128, re.compile(r"(?!(?i:acs:|aliyun))[^\W\d_][\w:.\-]*")
)
#: CreateNetworkInterface, ModifyNetworkInterfaceAttribute: NetworkInterfaceName.
NETWORK_INTERFACE = _ecs()
#: CreatePrefixList, ModifyPrefixList: PrefixListName.
PREFIX_LIST = Rule(
    f"{_ecs().words}; not beginning with com.aliyun or com.alibabacloud",
    2,
    128,
    re.compile(r"(?!(?i:com\.aliyun|com\.alibabacloud))[^\W\d_][\w:.\-]*"),
)
#: CreateVpc: VpcName; CreateVSwitch: VSwitchName.
VPC = VSWITCH = Rule("1 to 128 characters, not beginning with http:// or https://", 1, 128)
#: RunInstances: HostName, of Linux.
HOST_NAME = Rule(
    "2 to 64 letters, digits and hyphens, with single periods between parts that neither begin nor end with a hyphen, "
    "and no two hyphens side by side",
    2,
    64,
    re.compile(r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*"),
)
#: CreateRole: RoleName. C(ROLE) is what roles may have been called in earlier times, too.
NEW_ROLE = _plain("A-Za-z0-9.-", 64, "letters, digits, periods (.) and hyphens (-)")
ROLE = _plain("A-Za-z0-9._@-", 64, "letters, digits, periods (.) and hyphens (-)")
#: CreateUser: UserName; CreateGroup: GroupName.
USER = USER_GROUP = _plain("A-Za-z0-9._-", 64, "letters, digits, periods (.), hyphens (-) and underscores (_)")
#: CreatePolicy: PolicyName.
POLICY = _plain("A-Za-z0-9-", 128, "letters, digits and hyphens (-)")
#: CreateAlias: AliasName, 255 characters in all. The characters are those of KMS's console.
KMS_ALIAS = Rule(
    "alias/ and then 1 to 249 letters, digits, slashes (/), hyphens (-) and underscores (_)",
    7,
    255,
    re.compile(r"alias/[A-Za-z0-9/_-]+"),
)
#: CreateSecret: SecretName of a generic secret; what begins with acs/ belongs to services.
KMS_SECRET = Rule(
    "1 to 192 letters, digits and characters of _ / + = . @ -, not beginning with acs/",
    1,
    192,
    re.compile(r"(?!acs/)[A-Za-z0-9_/+=.@-]*"),
)
#: CreateSecret, PutSecretValue: VersionId.
KMS_SECRET_VERSION = Rule("1 to 64 characters", 1, 64, address=True)
#: CreateResourceShare: ResourceShareName.
RESOURCE_SHARE = _plain(r"\w.-", 50, "letters, digits, periods (.), underscores (_) and hyphens (-)")

# ---------------------------------------------------------------------- descriptions

_UP_TO = "at most {} characters"

#: RunInstances, ModifyInstanceAttribute, CreateSecurityGroup, ModifySecurityGroupAttribute: Description.
ECS_DESCRIPTION = Rule("2 to 256 characters, not beginning with http:// or https://", 2, 256)
#: ModifyNetworkInterfaceAttribute: Description; CreateNetworkInterface takes one more, which could not be set again.
INTERFACE_DESCRIPTION = Rule("2 to 255 characters, not beginning with http:// or https://", 2, 255)
#: AuthorizeSecurityGroup, ModifySecurityGroupRule: Description of a rule.
RULE_DESCRIPTION = Rule(_UP_TO.format(512), 1, 512, address=True)
#: CreateRole, CreatePolicy: Description.
RAM_DESCRIPTION = Rule(_UP_TO.format(1024), 1, 1024, address=True)
#: CreateUser, CreateGroup: Comments; CreateUser: DisplayName.
COMMENTS = DISPLAY_NAME = Rule(_UP_TO.format(128), 1, 128, address=True)
#: CreateKey: Description.
KMS_DESCRIPTION = Rule(_UP_TO.format(8192), 0, 8192, address=True)


def check(rule: Rule, option: str, name: str | None) -> None:
    """Refuse a name that the API would refuse. None passes: it was not given.

    :raises InvalidInput: naming option and rule
    """
    if name is not None and not rule.fits(name):
        raise InvalidInput(f"{option} is {name!r}; expected {rule.words}.")


def check_each(rule: Rule, option: str, names: t.Iterable[str] | None) -> None:
    """The same for a list of names.

    :raises InvalidInput: naming the option, the name and the rule
    """
    for name in names or ():
        if not rule.fits(name):
            raise InvalidInput(f"{option} has {name!r}; expected {rule.words}.")


def check_description(rule: Rule, option: str, text: str | None) -> None:
    """Refuse a description that the API would refuse. An empty one passes: what it means depends on what is there.

    :raises InvalidInput: naming option and rule, without the text, which may be long
    """
    if text and not rule.fits(text):
        raise InvalidInput(f"{option} has {len(text)} characters; expected {rule.words}.")


def check_clearing(option: str, what: str, there: str, wanted: str | None) -> None:
    """Refuse to clear a text where the API takes no empty one: its change operations leave alone what is empty.

    :param there: the text of the thing as it is
    :param wanted: what the task wants; None when it was not given
    :raises UnexpectedState: there is a text, and there shall be none
    """
    if wanted == "" and there:
        raise UnexpectedState(
            f"The {option} of {what} cannot be cleared: Alibaba Cloud takes another one, but no empty one.",
            hint=f"Leave {option} out to keep it, or give another.",
        )


def check_instance_ids(ids: t.Iterable[str] | None, option: str = "instance_ids") -> None:
    """Refuse what cannot be the ID of an instance.

    :raises InvalidInput: naming option and value
    """
    for one in ids or ():
        if not _INSTANCE_ID.fullmatch(one) and not foretold.is_id(one):
            raise InvalidInput(
                f"{option} has {one!r}; expected the id of an instance, which begins with i-, for example "
                "i-bp1a2b3c4d5e6f7g8h9j."
            )
