# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that report on each item of a batch: status 200 says nothing about a single item there. Private."""

from __future__ import annotations

import typing as t

from .door import dig
from .errors import AlitrustError


class ItemFailure(t.NamedTuple):
    """One item of a batch that was not carried out."""

    id: str
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.id}: {self.code}: {self.text}"


class ItemsFailed(AlitrustError):
    """Some items of a batch were not carried out; the others were."""

    def __init__(self, operation: str, failures: t.Sequence[ItemFailure], *, hint: str = "") -> None:
        super().__init__(
            f"{operation} failed for {len(failures)} of its items: {'; '.join(map(str, failures))}.",
            hint=hint,
            operation=operation,
            failed_items=[failure._asdict() for failure in failures],
        )
        self.failures = tuple(failures)


def failures(answer: dict[str, t.Any], path: str, id_name: str = "InstanceId") -> list[ItemFailure]:
    """The items of a batch that failed.

    :param path: where the items are in the answer
    :param id_name: member of an item that names what it is about
    """
    return [
        ItemFailure(str(item.get(id_name, "")), str(item.get("Code", "")), str(item.get("Message", "")))
        for item in dig(answer, path) or ()
        if not _succeeded(item)
    ]


def _succeeded(item: dict[str, t.Any]) -> bool:
    return str(item.get("Success")).lower() == "true" and str(item.get("Code", "200")) == "200"
