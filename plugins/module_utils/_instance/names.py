# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of the instances of a fleet: the API's sequential form C(prefix[begin,bits]suffix). Private.

C(web-[1,3]) stands for C(web-001), C(web-002) and so on. The rule is RunInstances' own, so that one call can create any
run of consecutive names.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput
from .._cloud.texts import whole

_SEQUENCE = re.compile(r"^(?P<prefix>[^\[\]]*)\[(?P<begin>\d*),(?P<bits>\d*)\](?P<suffix>[^\[\]]*)$")
_MAX_BITS = 6


@dataclass(frozen=True)
class Pattern:
    """Names that differ in a number.

    :ivar begin: the first number
    :ivar bits: digits of the number, filled with zeros
    """

    prefix: str
    begin: int
    bits: int
    suffix: str = ""

    @classmethod
    def parse(cls, option: str, text: str) -> Pattern | None:
        """The pattern in a name, None for a plain name.

        :raises InvalidInput: brackets that are not of the form C([begin,bits])
        """
        found = _SEQUENCE.match(text)
        if not found:
            if "[" in text or "]" in text:
                raise InvalidInput(
                    f"{option} is {text!r}; expected a plain name or prefix[begin,bits]suffix, for example web-[1,3] "
                    "for web-001, web-002 and so on."
                )
            return None
        begin, bits = whole(found["begin"] or 0), whole(found["bits"] or _MAX_BITS)
        if begin is None or bits is None or not 1 <= bits <= _MAX_BITS or begin >= 10**bits:
            raise InvalidInput(
                f"{option} is {text!r}; in [begin,bits] bits is 1 to {_MAX_BITS} and begin has no more digits."
            )
        return cls(found["prefix"], begin, bits, found["suffix"])

    @classmethod
    def of_plain(cls, name: str) -> Pattern:
        """The pattern of several instances that were given one plain name."""
        return cls(f"{name}-", 1, 3)

    @property
    def text(self) -> str:
        return self.sequence(self.begin)

    def sequence(self, begin: int) -> str:
        """The pattern beginning with another number, in the API's form."""
        return f"{self.prefix}[{begin},{self.bits}]{self.suffix}"

    @property
    def stem(self) -> str:
        """The pattern without its number, which names the fleet when nothing else does."""
        return self.prefix.rstrip("-_.:") + self.suffix

    @property
    def wildcard(self) -> str:
        """What finds all names of the pattern, and some others."""
        return f"{self.prefix}*{self.suffix}"

    def name(self, number: int) -> str:
        """The name with a number."""
        return f"{self.prefix}{number:0{self.bits}d}{self.suffix}"

    def number(self, name: str) -> int | None:
        """The number in a name, None when the name is not of this pattern."""
        digits = name[len(self.prefix) : len(name) - len(self.suffix)]
        if not re.fullmatch(rf"[0-9]{{{self.bits}}}", digits) or self.name(int(digits)) != name:
            return None
        return int(digits) if int(digits) >= self.begin else None

    def free_numbers(self, taken: t.Collection[int]) -> t.Iterator[int]:
        """Numbers that no instance has, lowest first.

        :raises InvalidInput: when the digits are used up
        """
        for number in range(self.begin, 10**self.bits):
            if number not in taken:
                yield number
        raise InvalidInput(
            f"The names {self.text} are used up: {self.bits} digits are not enough.", hint="Give more digits in name."
        )


def runs(numbers: t.Iterable[int], longest: int) -> list[list[int]]:
    """Numbers in runs of consecutive ones, none longer than C(longest)."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][-1] + 1 == number and len(found[-1]) < longest:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def counted(number: int) -> str:
    """So many instances, in words."""
    return f"{number} instance{'' if number == 1 else 's'}"


def listing(names: t.Sequence[str], most: int = 3) -> str:
    """Some names and how many more there are, for a line of text."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
