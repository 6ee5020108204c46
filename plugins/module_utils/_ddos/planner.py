# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of scrubbing thresholds: decided here, without any call. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput
from .._core.plan import Plan, Step
from .assets import Asset

_NAMED = 3


@dataclass(frozen=True)
class Threshold:
    """From which traffic on an address is scrubbed.

    :ivar automatic: whether Anti-DDoS Basic chooses the numbers; None where the instance would only be made
    :ivar mbps: Mbit/s
    :ivar pps: packets per second
    :ivar max_mbps: the most that can be set; 0 where the service does not say
    :ivar max_pps: the same in packets per second
    """

    asset: Asset
    automatic: bool | None
    mbps: int = 0
    pps: int = 0
    max_mbps: int = 0
    max_pps: int = 0

    @property
    def set_to(self) -> dict[str, t.Any] | None:
        """What a task can set: numbers that the service chooses change by themselves."""
        if self.automatic is None:
            return None
        return {"automatic": True} if self.automatic else {"automatic": False, "mbps": self.mbps, "pps": self.pps}

    def shape(self) -> dict[str, t.Any]:
        """As results have it; what is not known is null."""
        return {
            "address": self.asset.address,
            "asset_id": self.asset.id,
            "asset_type": self.asset.kind,
            "instance_id": self.asset.instance_id,
            "automatic": self.automatic,
            **{name: getattr(self, name) or None for name in ("mbps", "pps", "max_mbps", "max_pps")},
        }


@dataclass(frozen=True)
class Actual:
    """What is there.

    :ivar without: instances that have no public address
    """

    thresholds: tuple[Threshold, ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desired:
    """What a task wants: automatic thresholds, or these."""

    automatic: bool
    mbps: int | None
    pps: int | None

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        return cls(bool(options["automatic"]), options["mbps"], options["pps"])

    def check(self) -> None:
        """:raises InvalidInput: one threshold without the other, neither, or both and automatic ones"""
        given = {"mbps": self.mbps, "pps": self.pps}
        if self.automatic and any(one is not None for one in given.values()):
            raise InvalidInput(
                "automatic is true, and thresholds are given; expected one of both.",
                hint="Leave out mbps and pps, or set automatic to false.",
            )
        missing = [name for name, one in given.items() if one is None]
        if not self.automatic and missing:
            raise InvalidInput(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; expected both mbps and pps, "
                "or automatic: true.",
                hint="Alibaba Cloud ignores one threshold without the other.",
            )
        for name, one in given.items():
            if one is not None and one < 1:
                raise InvalidInput(f"{name} is {one}; expected a number above 0.")

    @property
    def set_to(self) -> dict[str, t.Any]:
        return {"automatic": True} if self.automatic else {"automatic": False, "mbps": self.mbps, "pps": self.pps}

    @property
    def words(self) -> str:
        return "automatic" if self.automatic else f"{self.mbps} Mbit/s and {self.pps} packets per second"


def plan(desired: Desired, actual: Actual) -> Plan:
    """A step for each address whose thresholds are others."""
    steps = [
        Step(f"make the scrubbing thresholds of {one.asset.label} {desired.words}", "set_thresholds", _named(one.asset))
        for one in actual.thresholds
        if one.set_to != desired.set_to
    ]
    names = {one.asset.key: one.asset.label for one in actual.thresholds}
    return Plan(
        {names[one.asset.key]: one.set_to for one in actual.thresholds},
        {names[one.asset.key]: desired.set_to for one in actual.thresholds},
        tuple(steps),
        kept=tuple(f"{one} has no public address, and so no scrubbing thresholds." for one in sorted(actual.without)),
    )


def _named(asset: Asset) -> dict[str, t.Any]:
    return {"kind": asset.kind, "asset_id": asset.id, "address": asset.address}


def too_high(
    desired: Desired, thresholds: t.Iterable[Threshold], types: t.Mapping[str, tuple[int, int]]
) -> InvalidInput | None:
    """The error where a threshold is above the most that some address can have; None where all fit.

    The service says the most of each address. Where it does not, it is what the instance type takes in.

    :param types: Mbit/s and packets per second by instance type
    """
    if desired.automatic:
        return None
    wrong = []
    for one in thresholds:
        kind = one.asset.instance_type or ""
        mbps, pps = types.get(kind, (0, 0))
        mbps, pps = one.max_mbps or mbps, one.max_pps or pps
        if (mbps and (desired.mbps or 0) > mbps) or (pps and (desired.pps or 0) > pps):
            figures = {"Mbit/s": mbps, "packets per second": pps}
            most = " and ".join(f"{figure} {unit}" for unit, figure in figures.items() if figure)
            wrong.append(f"{one.asset.label} can have at most {most}{f' ({kind})' if kind else ''}")
    if not wrong:
        return None
    more = f"; and {len(wrong) - _NAMED} more" if wrong[_NAMED:] else ""
    return InvalidInput(
        f"mbps is {desired.mbps} and pps is {desired.pps}, which is too high: {'; '.join(wrong[:_NAMED])}{more}.",
        hint="Give lower thresholds, or thresholds by themselves to addresses of smaller instances.",
    )
