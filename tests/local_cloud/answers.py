# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How answers are written: the envelope, as JSON or XML."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from local_cloud.framework import ApiError
from local_cloud.products import Product
from local_cloud.texts import to_json

JSON_TYPE = "application/json;charset=utf-8"
#: the SDK takes XML only with exactly this
XML_TYPE = "text/xml;charset=utf-8"


@dataclass
class Answer:
    """What goes back. ``drop`` closes the connection instead."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


def new_request_id() -> str:
    return str(uuid.uuid4()).upper()


def success(action: str, body: dict[str, t.Any], request_id: str, xml: bool) -> Answer:
    content = {"RequestId": request_id, **body}
    return _write(200, f"{action}Response", content, request_id, xml)


def failure(error: ApiError, product: Product | None, host: str, request_id: str, xml: bool) -> Answer:
    title = product.title if product else "Ecs"
    content: dict[str, t.Any] = {
        "RequestId": request_id,
        "HostId": host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}&product={title}&requestId={request_id}",
    }
    if product and product.name == "kms":
        content["HttpStatus"] = error.status
    answer = _write(error.status, "Error", {**content, **error.extra}, request_id, xml)
    answer.headers.update(error.headers)
    return answer


def _write(status: int, root: str, content: dict[str, t.Any], request_id: str, xml: bool) -> Answer:
    headers = {"content-type": XML_TYPE if xml else JSON_TYPE, "x-acs-request-id": request_id}
    if xml:
        text = f'<?xml version="1.0" encoding="UTF-8"?><{root}>{_xml(content)}</{root}>'
        return Answer(status, text.encode(), headers)
    return Answer(status, to_json(content), headers)


def _xml(value: t.Any) -> str:
    """The inside of an element. A list is its element repeated, so a wrapper and its list read as in the documents."""
    if isinstance(value, dict):
        return "".join(
            f"<{name}>{_xml(item)}</{name}>"
            for name, inner in value.items()
            if inner is not None
            for item in (inner if isinstance(inner, list) else [inner])
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))
