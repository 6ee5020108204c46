# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is lacking, said once: which option, what is wrong with it, what was expected, what to do. Private; pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass, field

from .._cloud.errors import AlitrustError
from .._cloud.texts import printable

#: How messages of the modules begin: with the option they are about.
_ABOUT = re.compile(r"(?P<root>[a-z][a-z0-9_]*)(?:\[(?P<index>\d+)\])?(?P<rest>(?:\.[a-z_]+)*)(?![\w/-])")
_EXPECTED = re.compile(r"(?P<problem>.*?); expected (?P<expected>.*?)(?:\. (?P<more>[A-Z].*)|\.?)", re.DOTALL)
_PLACE = re.compile(r"\{([a-z_]+\.[a-z_\[\]0-9.]+)\}")


@dataclass(frozen=True)
class Lack:
    """One thing that stands in the way.

    :ivar option: as the user calls it; empty where it is about none
    """

    option: str
    problem: str
    expected: str = ""
    what_to_do: str = ""

    @property
    def line(self) -> str:
        """All of it as one line of text."""
        text = self.problem if not self.option or self.option in self.problem else f"{self.option}: {self.problem}"
        if self.expected:
            text = f"{text.rstrip('.')}; expected {self.expected}"
        text += "" if text.endswith((".", "!", "?")) else "."
        return f"{text} {self.what_to_do}".strip()

    def to_result(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class About:
    """The option that a message of a module is about.

    :ivar root: the option itself
    :ivar index: of the element, where the option is a list and the message is about one of it
    :ivar rest: the option of the element or mapping, with a period in front, or empty
    """

    root: str
    index: int | None
    rest: str

    @classmethod
    def of(cls, message: str, options: t.Container[str]) -> About | None:
        """From the first word of a message, if that is one of the options."""
        if message.startswith("The tag ") and "tags" in options:
            return cls("tags", None, "")
        found = _ABOUT.match(message)
        if found is None or found["root"] not in options:
            return None
        return cls(found["root"], None if found["index"] is None else int(found["index"]), found["rest"])


@dataclass
class Lacks:
    """All that was found so far.

    :ivar called: how options are called where their values come from, by C(section.option)
    :ivar told: how often something was told, also where that was known
    """

    called: t.Mapping[str, str] = field(default_factory=dict)
    found: list[Lack] = field(default_factory=list)
    told: int = 0
    _refused: set[str] = field(default_factory=set)

    def name(self, path: str) -> str:
        """What the user calls an option; the longest part of its path that has a name of its own decides.

        The name of a module is only for what is about none of its options.
        """
        head = path
        while head:
            if head in self.called and (head == path or "." in head):
                return self.called[head] + path[len(head) :]
            head = head[: max(head.rfind("."), head.rfind("["), 0)]
        return path

    def refuse(self, name: str) -> None:
        """Leave it at what was said about this variable: its value was of no use."""
        self._refused.add(name)

    def add(self, path: str, problem: str, *, expected: str = "", what_to_do: str = "") -> None:
        """Note a lack, once.

        :param path: C(section.option), or the name of a variable
        :param problem: a sentence; C({section.option}) in it stands for what the user calls that option
        """
        self.told += 1
        option = self.name(path)
        if self._root(option) in self._refused:
            return
        lack = Lack(option, *(self._named(text) for text in (problem, expected, what_to_do)))
        if lack not in self.found:
            self.found.append(lack)

    def add_error(
        self, section: str, error: AlitrustError, options: t.Container[str], shifts: t.Mapping[str, int] | None = None
    ) -> About | None:
        """Note what a module would have failed with; returns the option that its message is about, where it says.

        :param shifts: by option, how many elements were in front of those that the message counts
        """
        about = About.of(error.message, options)
        message = error.message
        path = section
        if about is not None:
            index = "" if about.index is None else f"[{about.index + (shifts or {}).get(about.root, 0)}]"
            path = f"{section}.{about.root}{index}{about.rest}"
            begin = f"{about.root}{'' if about.index is None else f'[{about.index}]'}{about.rest}"
            if message.startswith(begin):
                message = self.name(path) + message[len(begin) :]
        split = _EXPECTED.fullmatch(message)
        if split is None:
            self.add(path, message, what_to_do=error.hint)
        else:
            todo = " ".join(filter(None, (split["more"], error.hint)))
            self.add(path, split["problem"], expected=split["expected"], what_to_do=todo)
        return about

    def _named(self, text: str) -> str:
        return _PLACE.sub(lambda place: self.name(place[1]), text)

    @staticmethod
    def _root(name: str) -> str:
        return re.split(r"[.\[]", name, maxsplit=1)[0]


def text(found: t.Sequence[Lack]) -> str:
    """All lacks as the message of one failure."""
    many = f"{len(found)} things are lacking" if len(found) > 1 else "One thing is lacking"
    return "\n".join([f"{many}; nothing was changed:", *(f"- {printable(one.line)}" for one in found)])
