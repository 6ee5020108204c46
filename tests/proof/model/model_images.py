# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of snapshots and images, written from the documentation of their modules.

They are copies of what others have made, so that a program needs no instance.
"""

from __future__ import annotations

import typing as t

from proof.model.model_kms import IMAGE, SNAPSHOTS
from proof.model.model_parts import OWNER, TAGS, TERMS, Facts, Options, Refused, State, Subject, leaves, options, tag

if t.TYPE_CHECKING:
    from modules.harness import Modules

_COPIES = ["copy-a", "copy-b"]
#: Of other names: an image has a snapshot of its own, which is called as it is.
_IMAGES = ["image-a", "image-b"]
_MISSING = "s-bp1missing"


def snapshot(state: State, given: Options) -> None:
    there = _kept(state, "snapshots", given)
    if there is None:
        return
    source = given.get("source_snapshot_id")
    if there == {}:
        if not source:
            raise Refused("it does not say of what")
        if source not in SNAPSHOTS:
            raise Refused("there is no such source")
        there |= {"description": f"Copy of {source}", "source_snapshot_id": source, "retention_days": 0}
    elif source and source != there["source_snapshot_id"]:
        raise Refused("it is a copy of another one")
    _change(state, "snapshots", there, given, "retention_days")


def image(state: State, given: Options) -> None:
    there = _kept(state, "images", given)
    if there is None:
        return
    if there == {}:
        if "source_image_id" not in given:
            raise Refused("it does not say of what")
        there |= {"description": "", "family": ""}
    _change(state, "images", there, given, "family")


def _kept(state: State, kind: str, given: Options) -> Options | None:
    """The one that a step changes, empty where it makes it; None where the step is done."""
    things, name = state[kind], given["name"]
    there = things.get(name)
    if given.get("state") == "absent":
        if there is not None and not leaves(OWNER in there["tags"], given):
            del things[name]
        return None
    if there is None and not state["kms"] and any(one.startswith("source_") for one in given):
        raise Refused("KMS is off")
    return {} if there is None else there


def _change(state: State, kind: str, there: Options, given: Options, free: str) -> None:
    name = given["name"]
    if "tags" not in there:
        state[kind][name] = there
        there["tags"] = {OWNER: name}
        there["description"] = given.get("description") or there["description"]
    elif given.get("description") == "" and there["description"]:
        if there["description"] != f"Copy of {given.get('source_snapshot_id')}":
            raise Refused("a description cannot be cleared")
    elif given.get("description"):
        there["description"] = given["description"]
    if free in given:
        there[free] = given[free]
    tag(there["tags"], given, name)


def told_snapshots(modules: Modules) -> State:
    names = ("description", "source_snapshot_id", "retention_days", "tags")
    found = modules.run("snapshot_info", names=_COPIES)["snapshots"]
    return {one["name"]: {name: one[name] for name in names} for one in found}


def told_images(modules: Modules) -> State:
    found = modules.run("image_info", names=_IMAGES)["images"]
    return {one["name"]: {name: one[name] for name in ("description", "family", "tags")} for one in found}


FACTS: Facts = {"snapshots": told_snapshots, "images": told_images}

_about: Options = {"description": ["", "for tests", "another"], "tags": TAGS, "purge_tags": [True, False], **TERMS}

SUBJECTS = [
    Subject(
        "snapshot",
        options(
            {**_about, "retention_days": [7, 30]},
            name=_COPIES,
            source_snapshot_id=[*SNAPSHOTS, _MISSING],
            encrypted=[True],
        )
        | options({**_about, "retention_days": [7, 30]}, name=_COPIES)
        | options({"force": [True, False], **TERMS}, name=_COPIES, state=["absent"]),
        snapshot,
        ("snapshots",),
    ),
    Subject(
        "image",
        options(_about, name=_IMAGES, source_image_id=[IMAGE], encrypted=[True])
        | options({**_about, "family": ["web", "shop"]}, name=_IMAGES)
        | options({"force": [True, False], **TERMS}, name=_IMAGES, state=["absent"]),
        image,
        ("images",),
    ),
]
