# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of C(trusted_instance): their specification and the rules between them, checked without a call.
Private."""

from __future__ import annotations

import re
import typing as t

from .._cloud.errors import InvalidInput
from .._core import naming, ownership
from .._core import tags as tagging
from .._core.module import TAGS_SPEC, WAIT_SPEC
from .._trust import options as trust_options
from . import disk_limits, families, places, user_data
from .disks import MOST_DATA_DISKS
from .names import Pattern

Options = dict[str, t.Any]

_DISK_SPEC: dict[str, dict[str, t.Any]] = {
    "category": {"type": "str"},
    "size": {"type": "int"},
    "performance_level": {"type": "str", "choices": list(disk_limits.LEVELS)},
    "encrypted": {"type": "bool"},
    "kms_key_id": {"type": "str", "no_log": False},
}

SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str"},
    "count": {"type": "int"},
    "fleet": {"type": "str"},
    "instance_ids": {"type": "list", "elements": "str"},
    "state": {
        "type": "str",
        "default": "present",
        "choices": ["present", "running", "stopped", "restarted", "absent"],
    },
    **ownership.SPEC,
    "remove_surplus": {"type": "bool", "default": False},
    "trusted_mode": {"type": "bool", "default": True},
    "trusted_families": {"type": "dict", "default": {}},
    "trust_service": {"type": "str", "default": "alibaba_cloud", "choices": ["alibaba_cloud", families.SELF_MANAGED]},
    "sgx": {"type": "bool", "default": False},
    "secure_boot": {"type": "bool"},
    "instance_type": {"type": "str"},
    "instance_types": {"type": "list", "elements": "str"},
    "image_id": {"type": "str"},
    "image_family": {"type": "str"},
    "image_name": {"type": "str"},
    "image_owner": {"type": "str", "choices": ["system", "self", "others", "marketplace"]},
    "vswitch_id": {"type": "str"},
    "vswitch_ids": {"type": "list", "elements": "str"},
    "vswitch_names": {"type": "list", "elements": "str"},
    "zone_id": {"type": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "security_group_names": {"type": "list", "elements": "str"},
    "key_name": {"type": "str", "no_log": False},
    "ram_role_name": {"type": "str"},
    "system_disk": {"type": "dict", "options": _DISK_SPEC},
    "data_disks": {
        "type": "list",
        "elements": "dict",
        "options": {
            **_DISK_SPEC,
            "snapshot_id": {"type": "str"},
            "delete_with_instance": {"type": "bool", "default": True},
        },
    },
    "host_name": {"type": "str"},
    "description": {"type": "str"},
    "user_data": {"type": "str", "no_log": True},
    "user_data_trust_client": {"type": "bool", "default": False},
    "user_data_allow_http": {"type": "bool", "default": False},
    "http_endpoint": {"type": "str", "choices": ["enabled", "disabled"]},
    "http_tokens": {"type": "str", "choices": ["optional", "required"], "no_log": False},
    "deletion_protection": {"type": "bool"},
    "security_enhancement_strategy": {"type": "str", "choices": ["Active", "Deactive"]},
    "internet_max_bandwidth_out": {"type": "int"},
    "internet_charge_type": {"type": "str", "choices": ["PayByTraffic", "PayByBandwidth"]},
    "on_needs_replacement": {"type": "str", "default": "warn", "choices": ["warn", "fail"]},
    "restart_if_needed": {"type": "bool", "default": False},
    "stopped_mode": {"type": "str", "choices": ["KeepCharging", "StopCharging"]},
    "force": {"type": "bool", "default": False},
    "wait_for_ssh": {"type": "bool", "default": False},
    "ssh_port": {"type": "int", "default": 22},
    "ssh_address": {"type": "str", "choices": ["private", "public", "session"]},
    "wait_for_trusted": {"type": "bool", "default": False},
    "trust_timeout": {"type": "int", "default": 900},
    "trust_probe": {"type": "bool", "default": False},
    **trust_options.SPEC,
    **TAGS_SPEC,
    **WAIT_SPEC,
}

CONSTRAINTS: dict[str, t.Any] = {
    "required_one_of": [("name", "fleet", "instance_ids")],
    "mutually_exclusive": [("name", "instance_ids"), ("fleet", "instance_ids")],
    "required_by": {"count": "name"},
}

#: One of each may be given. Checked here, not by Ansible, to which a blank value is one too.
_EXCLUSIVE = (
    ("instance_type", "instance_types"),
    ("vswitch_id", "vswitch_ids"),
    ("vswitch_id", "vswitch_names"),
    ("vswitch_ids", "vswitch_names"),
    ("zone_id", "vswitch_ids"),
    ("zone_id", "vswitch_names"),
    ("security_group_ids", "security_group_names"),
    ("image_id", "image_family"),
    ("image_id", "image_name"),
)

#: Options of a disk of which a blank value is none.
_DISK_BLANKS = ("category", "kms_key_id", "snapshot_id")
_MAX_GROUPS = 16
#: DescribeInstanceTypes takes no more at once; for vSwitches the same number is plenty.
_MAX_CHOICES = 10
_MAX_TAGS = 19  # of 20, one says whose the instance is
#: As long as the ids of instances are.
_SOME_ID = f"i-{'0' * 20}"
_INSTANCE_TYPE = re.compile(r"^ecs\.[a-z0-9-]+\.[a-z0-9-]+$")


def check(options: Options) -> None:
    """Refuse what cannot work; blank values of disks become None, in place.

    :raises InvalidInput: what is wrong, what was expected
    """
    for disk in (options["system_disk"] or {}, *(options["data_disks"] or ())):
        disk.update({key: None for key in _DISK_BLANKS if disk.get(key) == ""})
    _check_identity(options)
    _check_place(options)
    _check_attributes(options)
    _check_disks(options)
    if options["wait_timeout"] <= 0:
        raise InvalidInput(f"wait_timeout is {options['wait_timeout']}; expected a number of seconds above 0.")
    if not 1 <= options["ssh_port"] <= 65535:
        raise InvalidInput(f"ssh_port is {options['ssh_port']}; expected 1 to 65535.")
    if options["wait_for_ssh"] and options["state"] in ("stopped", "absent"):
        raise InvalidInput(f"wait_for_ssh cannot be used with state={options['state']}: nothing would answer.")
    _check_trust(options)


def _check_trust(options: Options) -> None:
    trust_options.rules(options)
    if options["trust_timeout"] <= 0:
        raise InvalidInput(f"trust_timeout is {options['trust_timeout']}; expected a number of seconds above 0.")
    if options["wait_for_trusted"] and options["state"] in ("stopped", "absent"):
        raise InvalidInput(f"wait_for_trusted cannot be used with state={options['state']}: nothing would report.")
    if options["trust_service"] == families.SELF_MANAGED:
        _check_self_managed(options)
    if options["user_data_trust_client"]:
        _check_trust_client(options)
    if options["sgx"] and not options["trusted_mode"]:
        raise InvalidInput("sgx needs trusted_mode: the families with SGX are those of trusted instances.")
    if options["wait_for_trusted"] and not options["wait"]:
        raise InvalidInput("wait_for_trusted needs wait: only an instance that is up can report.")


def _check_self_managed(options: Options) -> None:
    """With an attestation system of one's own nothing reports to Alibaba Cloud's."""
    if not options["trusted_mode"]:
        raise InvalidInput("trust_service: self_managed needs trusted_mode: without a vTPM there is nothing to attest.")
    for name in ("wait_for_trusted", "user_data_trust_client"):
        if options[name]:
            raise InvalidInput(
                f"{name} cannot be used with trust_service: self_managed: it is about Alibaba Cloud's trusted service."
            )


def _check_trust_client(options: Options) -> None:
    if options["user_data"] is not None:
        raise InvalidInput(
            "user_data and user_data_trust_client exclude each other: an instance runs one script. Install the trust "
            "client with the role alitrust.ecs.guest instead, or from your own user data."
        )
    if not options["trusted_mode"]:
        raise InvalidInput(
            "user_data_trust_client needs trusted_mode: without a vTPM the client has nothing to report."
        )
    if options["http_endpoint"] == "disabled":
        raise InvalidInput("user_data_trust_client needs the metadata service, but http_endpoint is disabled.")


def _check_identity(options: Options) -> None:
    name, count, state = options["name"], options["count"], options["state"]
    if name is not None:
        pattern = Pattern.parse("name", name)
        _check_name(name, pattern, options)
        if count is None and pattern and state != "absent":
            raise InvalidInput(
                f"name is the pattern {name!r}, but count is not given; say how many instances there shall be, or give "
                "fleet instead of name to work with those that are there."
            )
    if count is not None:
        if count < 0:
            raise InvalidInput(f"count is {count}; expected 0 or more.")
        if state == "absent":
            raise InvalidInput("count cannot be used with state=absent; use count: 0 or leave it out.")
    if options["fleet"] is not None and len(options["fleet"]) > 128:
        raise InvalidInput("fleet is longer than 128 characters, the limit of a tag value.")
    naming.check_instance_ids(options["instance_ids"])
    if options["instance_ids"] == []:
        raise InvalidInput("instance_ids is empty; give at least one id, or use name or fleet.")


def _check_name(name: str, pattern: Pattern | None, options: Options) -> None:
    """The name, and those that are made of it: their numbers have to fit in, too."""
    naming.check(naming.INSTANCE, "name", pattern.name(pattern.begin) if pattern else name)
    made = Pattern.of_plain(name).name(1)
    if pattern is None and options["count"] is not None and not naming.INSTANCE.fits(made):
        raise InvalidInput(
            f"name is {name!r}; with count the instances are called {made} and so on, which is too long. Expected "
            f"{naming.INSTANCE.words}."
        )


def _check_place(options: Options) -> None:
    for one, other in _EXCLUSIVE:
        if options[one] is not None and options[other] is not None:
            raise InvalidInput(f"{one} and {other} exclude each other; give one of them.")
    for kind in places.instance_types(options):
        if not _INSTANCE_TYPE.match(kind):
            raise InvalidInput(f"instance_type is {kind!r}; expected ecs.family.size, for example ecs.g7t.large.")
    for vswitch in places.vswitch_ids(options):
        if not vswitch.startswith("vsw-"):
            raise InvalidInput(
                f"vswitch_id is {vswitch!r}; expected the id of a vSwitch, which begins with vsw-. Names go into "
                "vswitch_names."
            )
    for name in ("instance_types", "vswitch_ids", "vswitch_names"):
        if options[name] is not None and not 1 <= len(options[name]) <= _MAX_CHOICES:
            raise InvalidInput(f"{name} has {len(options[name])} entries; expected 1 to {_MAX_CHOICES}.")
    if options["image_owner"] and not (options["image_family"] or options["image_name"]):
        raise InvalidInput("image_owner needs image_family or image_name.")
    for one in options["security_group_ids"] or ():
        if not one.startswith("sg-"):
            raise InvalidInput(
                f"security_group_ids holds {one!r}; expected ids of security groups, which begin with sg-. Names go "
                "into security_group_names."
            )
    for name in ("security_group_ids", "security_group_names"):
        if options[name] is not None and not 1 <= len(options[name]) <= _MAX_GROUPS:
            raise InvalidInput(f"{name} has {len(options[name])} entries; an instance is in 1 to {_MAX_GROUPS} groups.")
    fault = families.wrong(options["trusted_families"])
    if fault:
        raise InvalidInput(fault)


def _check_attributes(options: Options) -> None:
    naming.check_description(naming.ECS_DESCRIPTION, "description", options["description"])
    if options["host_name"] is not None:
        _check_host_name(options["host_name"])
        if "[" in options["host_name"] and not (options["name"] and options["count"] is not None):
            raise InvalidInput("host_name is a pattern; that needs name and count, because both count together.")
    if options["user_data"] is not None:
        user_data.raw(options["user_data"])
    bandwidth = options["internet_max_bandwidth_out"]
    if bandwidth is not None and not 0 <= bandwidth <= 100:
        raise InvalidInput(f"internet_max_bandwidth_out is {bandwidth}; expected 0 to 100 Mbit/s.")
    tagging.check(options["tags"])
    tags = options["tags"] or {}
    if tagging.OWNER_KEY in tags:
        raise InvalidInput(f"The tag {tagging.OWNER_KEY} is set by this collection; give the option fleet instead.")
    if len(tags) > _MAX_TAGS:
        raise InvalidInput(f"tags has {len(tags)} entries; at most {_MAX_TAGS} are possible next to the ownership tag.")


def _check_host_name(text: str) -> None:
    pattern = Pattern.parse("host_name", text)
    sample = (pattern.name(pattern.begin) if pattern else text).replace("${instance_id}", _SOME_ID)
    if not naming.HOST_NAME.fits(sample):
        raise InvalidInput(f"host_name is {text!r}; expected {naming.HOST_NAME.words}.")


def _check_disks(options: Options) -> None:
    system, data = options["system_disk"], options["data_disks"] or []
    if len(data) > MOST_DATA_DISKS:
        raise InvalidInput(f"data_disks has {len(data)} entries; at most {MOST_DATA_DISKS} are possible.")
    for name, disk in (("system_disk", system), *((f"data_disks[{number}]", one) for number, one in enumerate(data))):
        if disk is None:
            continue
        category = disk["category"] or disk_limits.DEFAULT_CATEGORY
        if category not in disk_limits.CATEGORIES:
            raise InvalidInput(f"{name}.category is {category!r}; expected one of {', '.join(disk_limits.CATEGORIES)}.")
        if disk["kms_key_id"] and not disk["encrypted"]:
            raise InvalidInput(f"{name}.kms_key_id needs {name}.encrypted to be true.")
        if disk["performance_level"] and category != disk_limits.DEFAULT_CATEGORY:
            raise InvalidInput(f"{name}.performance_level is only known to the category cloud_essd.")
        if disk["size"] is not None and disk["size"] < 1:
            raise InvalidInput(f"{name}.size is {disk['size']}; expected GiB above 0.")
        span = disk_limits.limits(category, disk["performance_level"], system=name == "system_disk")
        if disk["size"] is not None and span and not span[0] <= disk["size"] <= span[1]:
            level = (disk["performance_level"] or disk_limits.DEFAULT_LEVEL) if category == "cloud_essd" else category
            what = "a system disk" if name == "system_disk" else "a data disk"
            raise InvalidInput(f"{name}.size is {disk['size']}; at {level} {what} has {span[0]} to {span[1]} GiB.")
    for number, disk in enumerate(data):
        if disk["size"] is None and not disk["snapshot_id"]:
            raise InvalidInput(f"data_disks[{number}] needs size or snapshot_id.")
