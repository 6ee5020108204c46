# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong on the way to the cloud, as types. Private to this collection."""

from __future__ import annotations

import typing as t

from .texts import printable


class AlitrustError(Exception):
    """Base of every failure this collection reports on purpose.

    A failure is told in three parts: what was asked, what went wrong, what to do next.

    :cvar lines: whether the message has several lines
    """

    lines = False

    def __init__(self, message: str, *, hint: str = "", **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return printable(self.message, lines=self.lines)

    def as_failure(self) -> dict[str, t.Any]:
        """Arguments for C(fail_json). The message is fit for a terminal, whatever is in it."""
        text = self.message
        if self.hint:
            text += f"{'' if text.endswith(('.', '!', '?', ':')) else '.'} {self.hint}"
        failure: dict[str, t.Any] = {"msg": printable(text, lines=self.lines)}
        failure.update({key: value for key, value in self.details.items() if value not in (None, "", [], {})})
        return failure


class InvalidInput(AlitrustError):
    """An option has a value that cannot work; nothing was called."""


class SdkMissing(AlitrustError):
    """A Python package that the task needs is not importable by this interpreter."""


class CredentialsError(AlitrustError):
    """No usable credentials, or contradicting ones."""


class WaitTimeout(AlitrustError):
    """A state was not reached in time; says the last one seen."""


class UnexpectedState(AlitrustError):
    """The cloud holds something this collection must not touch or cannot interpret."""


class Twins(UnexpectedState):
    """Several things of one name, all made by this collection: one of them may be about to go."""


class FailedThere(UnexpectedState):
    """Alibaba Cloud has tried, and has told why it could not."""


class CloudError(AlitrustError):
    """An error answer of Alibaba Cloud.

    :ivar code: error code, for example C(InvalidInstanceId.NotFound)
    :ivar status: HTTP status, 0 when no answer arrived
    :ivar retry_after: delay asked for by the server, in seconds, or None
    """

    def __init__(
        self,
        product: str,
        action: str,
        code: str,
        text: str,
        *,
        status: int = 0,
        request_id: str = "",
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(
            f"{product} {action}: {code}: {text}" if text else f"{product} {action}: {code}",
            hint=hint or HINTS.get(code, ""),
            error_code=code,
            request_id=request_id,
            http_status=status or None,
            operation=f"{product}:{action}",
        )
        self.product = product
        self.action = action
        self.code = code
        self.text = text
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after


class NotFound(CloudError):
    """What was named does not exist."""


class AlreadyExists(CloudError):
    """What was to be created exists, or is already in the wanted relation."""


class AccessDenied(CloudError):
    """The caller lacks the right."""


class DryRunPassed(CloudError):
    """A request with C(DryRun) would have been carried out."""


class TransportFailure(CloudError):
    """No complete answer arrived.

    :ivar sent: whether the request may have been carried out
    :ivar passing: whether it may be different a little later
    """

    def __init__(
        self, product: str, action: str, text: str, *, sent: bool, passing: bool = True, hint: str = ""
    ) -> None:
        super().__init__(product, action, "NoAnswer", text, hint=hint)
        self.sent = sent
        self.passing = passing


class ForeignAnswer(TransportFailure):
    """Something answered, but not Alibaba Cloud: a proxy, a gateway, a captive portal. Or it answered in part.

    Nothing may be concluded from it, least of all that there is nothing.

    :param host: what was asked, with the proxy in between
    :param answer: the answer in a few words, without secrets
    """

    def __init__(
        self,
        product: str,
        action: str,
        *,
        host: str,
        answer: str,
        lacking: t.Sequence[str] = (),
        status: int = 0,
        content_type: str = "",
        **more: t.Any,
    ) -> None:
        without = f", as {', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing" if lacking else ""
        text = f"what came from {host} is no answer of Alibaba Cloud{without}: {answer}"
        super().__init__(product, action, text, **more)
        self.status = status
        self.details.update(http_status=status or None, content_type=content_type, answered_by=host)


class OutcomeUnknown(CloudError):
    """A call that must not be repeated blindly got no clear answer: look before acting again."""


#: Codes by which Alibaba Cloud says that a request was signed too early or too late.
OF_THE_CLOCK = ("IllegalTimestamp", "InvalidTimeStamp.Expired")
#: What to do next, for codes whose text does not say it.
HINTS: dict[str, str] = {
    **dict.fromkeys(
        ("Account.Arrearage", "Forbidden.InDebt", "InsufficientBalance", "InvalidAccountStatus.NotEnoughBalance"),
        "Top up the account.",
    ),
    **dict.fromkeys(
        ("Forbidden.AccessKeyDisabled", "InvalidAccessKeyId.Inactive"), "Enable the AccessKey, or use another one."
    ),
    **dict.fromkeys(
        ("Forbidden.NoRealNameAuthentication", "RealNameAuthenticationError"),
        "Verify the account in the console first.",
    ),
    **dict.fromkeys(
        ("InvalidSecurityToken.Malformed", "InvalidSecurityToken.MismatchWithAccessKey"),
        "Give the ID, the secret and the token of temporary credentials from one answer.",
    ),
    **dict.fromkeys(
        (
            "InstanceType.Offline",
            "InvalidInstanceType.ZoneNotSupported",
            "OperationDenied.NoStock",
            "Zone.NotOnSale",
            "Zone.NotOpen",
        ),
        "Try another zone or instance type.",
    ),
    **dict.fromkeys(OF_THE_CLOCK, "Check the clock of the machine that runs the task."),
    **dict.fromkeys(("IncompleteSignature", "SignatureDoesNotMatch"), "Check the AccessKey secret."),
    "AuthorizationLimitExceed": "A group has at most 200 rules, and the groups of a network interface 1,000 together: "
    "use a prefix list, or another group.",
    "Forbidden.CiphertextBlob": "Check the ciphertext, that its key is in this region, and encryption_context.",
    "Forbidden.DKMSInstanceNotFound": "Check dkms_instance_id, and that this KMS instance is in the region; "
    "alitrust.ecs.kms_instance_info lists those that are.",
    "Forbidden.DKMSInstanceStateInvalid": "The KMS instance is not enabled, or there has to be one: give "
    "dkms_instance_id of one that is Connected; alitrust.ecs.kms_instance_info lists them.",
    "Forbidden.KmsServiceNotEnabled": "Switch KMS on first, for example with alitrust.ecs.kms_service.",
    "InvalidAccessKeyId.NotFound": "Check the AccessKey ID, and that it belongs to the account you mean.",
    "InvalidHttpTokens.NotSupported": "Metadata with a token is not to be had here: give http_tokens: optional.",
    "InvalidIpProtocol.ValueNotSupported": "Some regions take no number of a protocol; all stands for every protocol.",
    "InvalidOperation.DeletionProtection": "Take the deletion protection off first.",
    "InvalidRamRole.NotEcsRole": "ECS may not assume this role; alitrust.ecs.instance_ram_role makes one that it may.",
    "InvalidRegionId.NotFound": "Check the option region.",
    "InvalidSecurityToken.Expired": "Get new temporary credentials.",
    "InvalidUser.PassRoleForbidden": "Let an administrator allow ram:PassRole on this role to this RAM user or role.",
    "InvalidVSwitchId.IpNotEnough": "The vSwitch has no free address; use another one.",
    "LimitExceeded.Role.Policy": "Detach a policy from the role, or ask for a higher quota of policies.",
    "Rejected.Disabled": "The KMS key is disabled; alitrust.ecs.kms_key enables it.",
    "Rejected.LimitExceeded": "A quota of KMS is used up. More keys and secrets go into a KMS instance, "
    "dkms_instance_id; alitrust.ecs.kms_instance_info tells the quotas of those there are.",
    "Rejected.PendingDeletion": "The KMS key is going to be deleted; alitrust.ecs.kms_key takes it back.",
    "Rejected.ResourceInDeleteWindow": "The secret is going to be deleted; alitrust.ecs.kms_secret takes it back.",
}

#: These end with C(.NotFound) too, but they are about the caller, the place or the call: nothing may be concluded from
#: them about what was named.
_NOT_ABOUT_THE_THING = (
    "InvalidAccessKeyId.",
    "InvalidSecurityToken.",
    "InvalidRegionId.",
    "InvalidAccount.",
    "InvalidAction.",
    "InvalidApi.",
)
_ABSENT_CODES = (
    "Forbidden.DKMSInstanceNotFound",
    "Forbidden.KeyNotFound",
    "Forbidden.AliasNotFound",
    "Forbidden.ResourceNotFound",
    "InvalidResource.NotFound",
)
_EXISTS_CODES = (
    "KeyPair.AlreadyExist",
    "AliasAlreadyExists",
    "Forbidden.Opened",
    "InvalidInstanceId.AlreadyExists",
    "Rejected.ResourceExist",
)
_DENIED_CODES = ("Forbidden.RAM", "NoPermission", "Forbidden.NoPermission", "Forbidden.Unauthorized")
_DRY_RUN_CODES = ("DryRunOperation", "DRYRUN.SUCCESS")

#: How RAM spells a product in its actions, where that is not the product's own name.
_RAM_PREFIX = {"antiddos-public": "yundun-ddos", "sas": "yundun-sas", "trusted-server": "yundun-systrust"}
#: What everybody may call, and what has no signature.
_WITHOUT_RIGHT = (("sts", "GetCallerIdentity"), ("sts", "AssumeRoleWithOIDC"))


def right_of(product: str, action: str) -> str | None:
    """The RAM action that allows a call, as a policy names it. None where no right is needed."""
    return None if (product, action) in _WITHOUT_RIGHT else f"{_RAM_PREFIX.get(product, product)}:{action}"


def from_answer(
    product: str,
    action: str,
    code: str,
    text: str,
    *,
    status: int,
    request_id: str = "",
    retry_after: float | None = None,
    ram_action: str = "",
) -> CloudError:
    """The typed error for an error answer.

    :param ram_action: the right that is missing, where the answer says which
    """
    kind: type[CloudError] = CloudError
    hint = ""
    if code in _DRY_RUN_CODES:
        kind = DryRunPassed
    elif code in _EXISTS_CODES or code.startswith("EntityAlreadyExists"):
        kind = AlreadyExists
    elif code.startswith(_NOT_ABOUT_THE_THING):
        kind = CloudError
    elif code in _ABSENT_CODES or code.startswith("EntityNotExist") or code.endswith(".NotFound"):
        kind = NotFound
    elif code in _DENIED_CODES:
        kind = AccessDenied
        wanted = ram_action or right_of(product, action) or f"{product}:{action}"
        hint = f"Let an administrator allow {wanted} to this RAM user or role."
    return kind(product, action, code, text, status=status, request_id=request_id, retry_after=retry_after, hint=hint)
