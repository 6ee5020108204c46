# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the handlers of ECS share: registration, lookups of one's own records, names, tags, paging.

Records (kind, id; keys as in the API's answers, private ones begin with ``_``; all have AccountId and RegionId):

- ``instance``, InstanceId. Flat: InstanceName, HostName, Description, Status, ZoneId, InstanceType, ImageId, VpcId,
  VSwitchId, PrivateIpAddress, MacAddress, NetworkInterfaceId, SecurityGroupIds (list), PublicIpAddress, SerialNumber,
  KeyPairName, MetadataOptions (HttpEndpoint, HttpTokens, HttpPutResponseHopLimit, InstanceMetadataTags), Tags (list of
  TagKey, TagValue), CreationTime, StartTime, DeletionProtection, StoppedMode, OSType, ... Private: ``_RamRoleName``,
  ``_UserData`` (base64 as sent), ``_Password``, ``_Trusted``, ``_PublicKey`` (what the next boot puts into the host),
  ``_Interfaces`` (ids of the secondary network interfaces attached).
- ``eni``, NetworkInterfaceId: what holds an address in a vSwitch and a membership in groups. A primary one outlives its
  instance by ``ecs.membership_linger_seconds``.
- ``security_group``, SecurityGroupId, with its rules in Permissions.
- ``key_pair``, ``<account>/<region>/<name>``: KeyPairName, KeyPairId, KeyPairFingerPrint, PublicKey.
- ``disk``, ``snapshot``, ``image``, ``prefix_list``, ``invocation``: by their ids.
"""

from __future__ import annotations

import base64
import functools
import itertools
import re
import typing as t

from local_cloud import catalogue
from local_cloud.framework import ApiError, Call, operation
from local_cloud.services import json_text
from local_cloud.services.shapes import ABSENT, complete
from local_cloud.settings import define

Record = dict[str, t.Any]
EcsHandler = t.Callable[[Call], "Record | None"]

define("ecs.system_tags_visible", True, "whether trusted instances carry the system tag acs:ecs:supportVtpm")
define("ecs.support_vtpm_value", "true", "value of the system tag acs:ecs:supportVtpm (UNCERTAIN)")
define("ecs.dry_run_status", 400, "HTTP status of DRYRUN.SUCCESS, a passed dry run of a batch (UNCERTAIN)")
define("ecs.tags_per_resource", 20, "tags that users can give a resource")

DRY_RUN_MESSAGE = "Request validation has been passed with DryRun flag set."

#: what is not found -> (code, message)
_NOT_FOUND = {
    "instance": ("InvalidInstanceId.NotFound", "The specified InstanceId does not exist."),
    "security_group": ("InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist."),
    "disk": ("InvalidDiskId.NotFound", "The specified disk does not exist."),
    "snapshot": ("InvalidSnapshotId.NotFound", "The specified snapshot does not exist."),
    "image": ("InvalidImageId.NotFound", "The specified image does not exist."),
    "eni": ("InvalidEniId.NotFound", "The specified EniId does not exist."),
    "vpc": ("InvalidVpcId.NotFound", "The specified VpcId does not exist."),
    "vswitch": ("InvalidVSwitchId.NotFound", "The specified VSwitchId does not exist."),
    "prefix_list": ("InvalidPrefixListId.NotFound", "The specified prefix list does not exist."),
}


# -- operations


def ecs(action: str, **options: t.Any) -> t.Callable[[EcsHandler], EcsHandler]:
    """Register a handler of an ECS operation; what it returns is completed to the SDK's response model."""

    def register(handler: EcsHandler) -> EcsHandler:
        @functools.wraps(handler)
        def served(call: Call) -> Record:
            if call.region not in catalogue.regions():
                raise ApiError("InvalidRegionId.NotFound", 404, "The specified RegionId does not exist.")
            return complete("ecs", action, handler(call) or {})

        operation("ecs", action, **{"resources": _resources, "about": _about, **options})(served)
        return handler

    return register


#: parameter -> resource type in the ARN; a name that isn't here doesn't restrict the RAM decision
_ARN_TYPES = {
    "InstanceId": "instance",
    "InstanceIds": "instance",
    "SecurityGroupId": "securitygroup",
    "SecurityGroupIds": "securitygroup",
    "KeyPairName": "keypair",
    "KeyPairNames": "keypair",
    "ImageId": "image",
    "DiskId": "disk",
    "SnapshotId": "snapshot",
    "NetworkInterfaceId": "eni",
}
_OWN_TYPE = re.compile(
    r"(SecurityGroup|KeyPair|Image|Disk|Snapshot|NetworkInterface|PrefixList|Command|Invocation|Instance)"
)
_TYPE_NAMES = {"NetworkInterface": "eni", "Invocation": "invocation"}


def _resources(call: Call) -> list[str]:
    """The resources that a call is about, as ARNs, from its parameters; all of its action's type when none is named."""
    start = f"acs:ecs:{call.region}:{call.account_id}"
    found = []
    for parameter, kind in _ARN_TYPES.items():
        value = call.get(parameter)
        if isinstance(value, str) and value.startswith("["):
            value = json_list(call, parameter)
        found += [f"{start}:{kind}/{one}" for one in ([value] if isinstance(value, str) else value or ())]
    if call.get("ResourceTag") and not call.get("InstanceId"):
        found += [f"{start}:instance/{one}" for one in tagged_instances(call)]
    if call.get("ResourceType"):
        found += [f"{start}:{call.params['ResourceType'].lower()}/{one}" for one in call.get("ResourceId") or ()]
    own = _OWN_TYPE.search(call.action)
    if own and (not found or call.action.startswith(("Run", "Create", "Copy"))):
        found.append(f"{start}:{_TYPE_NAMES.get(own[1], own[1].lower())}/*")
    return found or ["*"]


def tagged_instances(call: Call) -> list[str]:
    """The ids of the instances that a request means by ResourceTag."""
    wanted = {tag.get("Key") or "": tag.get("Value") or "" for tag in call.get("ResourceTag") or ()}
    found = []
    for instance in find_all(call, "instance") if wanted else ():
        tags = {tag["TagKey"]: tag["TagValue"] for tag in instance["Tags"]}
        if all(tags.get(key) == value for key, value in wanted.items()):
            found.append(instance["InstanceId"])
    return found


#: resource type in the ARN -> kind of the record, where it is another one
_KINDS = {"securitygroup": "security_group", "keypair": "key_pair"}


def _about(call: Call, resource: str) -> Record:
    """What conditions can ask about one resource: its tags, and those that the request gives."""
    kind, _mark, name = resource.rpartition(":")[2].partition("/")
    key = f"{call.account_id}/{call.region}/{name}" if kind == "keypair" else name
    record = call.store.get(_KINDS.get(kind, kind), key) if name != "*" else None
    own = record is not None and record.get("AccountId") == call.account_id
    known = {}
    for tag in (record.get("Tags") or ()) if record is not None and own else ():
        for condition in ("acs:ResourceTag", "ecs:tag"):
            known[f"{condition}/{tag['TagKey']}"] = tag["TagValue"]
    for tag in call.get("Tag") or ():
        known[f"acs:RequestTag/{tag.get('Key', tag.get('key'))}"] = tag.get("Value", tag.get("value")) or ""
    return known


def dry_run(call: Call, code: str = "DryRunOperation") -> None:
    """End a dry run that passed every check: success is an error answer."""
    if call.get("DryRun"):
        status = call.settings["ecs.dry_run_status"] if code == "DRYRUN.SUCCESS" else 400
        raise ApiError(code, status, DRY_RUN_MESSAGE)


# -- errors


def invalid(name: str, why: str = "") -> ApiError:
    """400 InvalidParameter, naming the parameter."""
    return ApiError("InvalidParameter", 400, f'The specified parameter "{name}" is not valid. {why}'.strip())


def missing(name: str, status: int = 400, code: str = "MissingParameter") -> ApiError:
    """MissingParameter, naming the parameter."""
    return ApiError(
        code, status, f'The input parameter "{name}" that is mandatory for processing this request is not supplied.'
    )


def required(call: Call, *names: str) -> None:
    """Say which parameter is missing, for operations without a machine-readable description.

    :raises ApiError: 400 for the first that isn't given.
    """
    for name in names:
        if call.get(name) in (None, "", []):
            raise missing(name)


def not_found(kind: str) -> ApiError:
    """404 for a record of ``kind``."""
    code, message = _NOT_FOUND[kind]
    return ApiError(code, 404, message)


# -- records


def find_one(call: Call, kind: str, id: str, *, lagged: bool = False) -> Record | None:
    """The caller's record in the call's region, or None."""
    record = call.store.get(kind, id, lagged=lagged)
    if record is None or record.get("AccountId") != call.account_id:
        return None
    if call.get("RegionId") and record.get("RegionId") not in (None, "", call.region):
        return None
    return record


def get_one(call: Call, kind: str, id: str, *, lagged: bool = False) -> Record:
    """The caller's record in the call's region.

    :raises ApiError: 404 with the code documented for the kind.
    """
    record = find_one(call, kind, id, lagged=lagged)
    if record is None:
        raise not_found(kind)
    return record


def find_all(call: Call, kind: str, *, lagged: bool = False, **where: t.Any) -> list[Record]:
    """The caller's records of a kind in the call's region, oldest first."""
    return call.store.find(kind, call.region, where={"AccountId": call.account_id, **where}, lagged=lagged)


def save(call: Call, kind: str, id: str, record: Record) -> None:
    """Write a record of the caller's into the call's region."""
    call.store.put(kind, id, record, region=record["RegionId"])


def new_record(call: Call, **fields: t.Any) -> Record:
    """The fields of a new record with its owner and region."""
    return {"AccountId": call.account_id, "RegionId": call.region, **fields}


# -- values


def seconds_text(call: Call) -> str:
    """Now, as ``yyyy-MM-ddTHH:mm:ssZ``."""
    return call.clock.text()


def json_list(call: Call, name: str, limit: int = 100, error: ApiError | None = None) -> list[str]:
    """The strings of a parameter that is documented as a JSON array (older clients number its items instead).

    :raises ApiError: not a JSON array of strings, or more than ``limit``.
    """
    text = call.get(name)
    if text in (None, "", []):
        return []
    error = error or ApiError(f"Invalid{name}.Malformed", 400, f"The specified parameter {name} is malformed.")
    try:
        values = text if isinstance(text, list) else json_text.loads(call, t.cast(str, text))
    except ValueError:
        raise error from None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values) or len(values) > limit:
        raise error
    return values


def matches(value: str, pattern: str) -> bool:
    """Whether a name fits a pattern in which ``*`` stands for any text (nothing else is special)."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), value, re.S) is not None


def check_text(call: Call, name: str, code: str, shortest: int, longest: int) -> str | None:
    """A description-like parameter.

    :raises ApiError: too short, too long, or beginning as a URL.
    """
    text = call.get(name)
    if text in (None, ""):
        return None
    if not shortest <= len(text) <= longest or text.lower().startswith(("http://", "https://")):
        raise ApiError(code, 400, f"The specified parameter {name} is not valid.")
    return t.cast(str, text)


_NAME = re.compile(r"[^\W\d_][\w:.\-]{1,127}")


def check_name(name: str, code: str, parameter: str) -> None:
    """A resource's name: 2 to 128 characters, a letter first, then letters, digits, ``: _ . -``; not a URL.

    :raises ApiError: 400 with ``code``.
    """
    if not _NAME.fullmatch(name) or name.lower().startswith(("http://", "https://")):
        raise ApiError(code, 400, f"The specified parameter {parameter} is not valid.")


# -- tags


def request_tags(call: Call, parameter: str = "Tag") -> list[Record]:
    """Tags of a request, in the form of records (TagKey, TagValue), checked.

    :raises ApiError: malformed or reserved keys, duplicates, too many.
    """
    tags: dict[str, str] = {}
    for tag in call.get(parameter) or ():
        key, value = tag.get("Key", tag.get("key")), tag.get("Value", tag.get("value")) or ""
        if not key or len(key) > 128 or key.lower().startswith(("aliyun", "http://", "https://")):
            raise ApiError("InvalidTagKey.Malformed", 400, "The specified Tag.n.Key is not valid.")
        if key.lower().startswith("acs:"):
            raise ApiError("NoPermission.Tag", 403, "The operator is not permission for the tag.")
        if len(value) > 128 or value.lower().startswith(("http://", "https://")):
            raise ApiError("InvalidTagValue.Malformed", 400, "The specified Tag.n.Value is not valid.")
        if key in tags:
            raise ApiError("Duplicate.TagKey", 400, "The Tag.N.Key contain duplicate key.")
        tags[key] = value
    if len(tags) > call.settings["ecs.tags_per_resource"]:
        raise ApiError("QuotaExceed.Tags", 403, "The maximum number of Tags is exceeded.")
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def shown_tags(call: Call, record: Record) -> list[Record]:
    """A record's tags as answers show them: with the system tag of a trusted instance."""
    tags = list(record.get("Tags") or ())
    if record.get("_Trusted") and call.settings["ecs.system_tags_visible"]:
        tags.append({"TagKey": "acs:ecs:supportVtpm", "TagValue": call.settings["ecs.support_vtpm_value"]})
    return tags


def has_tags(call: Call, record: Record) -> bool:
    """Whether a record has every tag that the request filters by (a key alone fits any value)."""
    wanted = call.get("Tag") or ()
    if not wanted:
        return True
    tags = {tag["TagKey"]: tag["TagValue"] for tag in shown_tags(call, record)}
    for tag in wanted:
        key, value = tag.get("Key", tag.get("key")), tag.get("Value", tag.get("value"))
        if key not in tags or value not in (None, tags[key]):
            return False
    return True


def fits(call: Call, record: Record, names: t.Iterable[str], patterns: t.Iterable[str] = ()) -> bool:
    """Whether a record has the values of the filter parameters that the request gives.

    :param names: parameters equal to a key of the record.
    :param patterns: parameters in which ``*`` stands for any text.
    """
    params = call.params
    for name in names:
        # Most are not given, and thousands of records are asked.
        if name in params and params[name] not in (None, "", record.get(name)):
            return False
    return all(not params.get(name) or matches(record.get(name) or "", params[name]) for name in patterns)


# -- paging


class Page(t.NamedTuple):
    """One page: its records and what the answer says about it."""

    items: list[Record]
    about: Record


def page_numbered(call: Call, items: list[Record], *, default: int = 10, most: int = 100) -> Page:
    """Style A: PageNumber and PageSize; the answer echoes both and has TotalCount."""
    number, size = max(call.get("PageNumber") or 1, 1), min(max(call.get("PageSize") or default, 1), most)
    chosen = items[(number - 1) * size : number * size]
    return Page(chosen, {"PageNumber": number, "PageSize": size, "TotalCount": len(items)})


def page_token(call: Call, items: list[Record], *, default: int, least: int = 1, most: int) -> Page:
    """Style C: NextToken and MaxResults, clamped; ``NextToken`` is empty at the end.

    :raises ApiError: 400 InvalidParameter for a token that this server didn't give.
    """
    size = _page_size(call, default, least, most)
    start = _token_position(call.get("NextToken"))
    end = start + size
    return Page(items[start:end], {"NextToken": _token(end) if end < len(items) else ""})


def page_walked(
    call: Call, kind: str, fits: t.Callable[[Record], bool], *, default: int = 10, least: int = 10, most: int = 100
) -> Page:
    """Style B for what there may be thousands of: with a token, no more is read than the page needs."""
    if call.get("MaxResults") is None and not call.get("NextToken"):
        page = page_numbered(call, [one for one in find_all(call, kind, lagged=True) if fits(one)], default=default)
        return Page(page.items, {**page.about, "NextToken": ""})
    walk = call.store.walk(
        kind, call.region, {"AccountId": call.account_id}, after=_token_position(call.get("NextToken")), lagged=True
    )
    size = _page_size(call, default, least, most)
    found = list(itertools.islice(((seq, one) for seq, one in walk if fits(one)), size + 1))
    token = _token(found[size - 1][0]) if len(found) > size else ""
    counts = {"PageNumber": 0, "PageSize": 0, "TotalCount": 0}
    return Page([one for _seq, one in found[:size]], {**counts, "NextToken": token})


def _page_size(call: Call, default: int, least: int, most: int) -> int:
    return min(max(call.get("MaxResults") or default, least), most)


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(f"from:{position}".encode()).decode()


def page_either(
    call: Call,
    items: list[Record],
    *,
    default: int = 10,
    least: int = 10,
    most: int = 100,
    most_page: int | None = None,
    count_with_token: bool = True,
) -> Page:
    """Style B: by token when the request has NextToken or MaxResults, else by page number.

    With a token the numbers mean nothing (they are 0); ``count_with_token=False`` leaves TotalCount out.
    """
    if call.get("MaxResults") is not None or call.get("NextToken"):
        page = page_token(call, items, default=default, least=least, most=most)
        counts = {"PageNumber": 0, "PageSize": 0, "TotalCount": 0 if count_with_token else ABSENT}
        return Page(page.items, {**counts, **page.about})
    page = page_numbered(call, items, default=default, most=most_page or most)
    return Page(page.items, {**page.about, "NextToken": ""})


def _token_position(token: str | None) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
        if text.startswith("from:"):
            return int(text.removeprefix("from:"))
    except ValueError:
        pass
    raise invalid("NextToken", "Pass the NextToken of the previous answer unchanged.")
