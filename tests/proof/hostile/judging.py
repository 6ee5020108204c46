# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of every outcome: a message for people, nothing written, nothing that hangs."""

from __future__ import annotations

import contextlib
import re
import signal
import typing as t

if t.TYPE_CHECKING:
    from modules.harness import Modules

#: Of a value that makes a task hang, in seconds of these tests only.
_HANGS = 60
#: What changes nothing.
_READS = ("Describe", "Get", "List", "AssumeRole", "Decrypt")
#: No words for people.
CLUMSY = re.compile(
    r"Traceback|object has no attribute|unexpected keyword|codec can't|positional argument|is not JSON seri"
    r"|unhashable|not supported between|[A-Z]\w+Error\b|\bat 0x[0-9a-f]"
)
#: How Ansible's own refusals read: those of a type and of choices quote the value as it is.
_OF_CORE = re.compile(
    r"we were unable to convert|is of type|^value of |^Unsupported parameters|cannot be converted"
    r"|could not be converted|Elements value|dictionary requested|must be of type dict"
)
#: More than any message with advice has.
_LONGEST = 6_000


@contextlib.contextmanager
def patience() -> t.Iterator[None]:
    """Fail where something hangs, as on a FIFO that nobody writes to."""

    def ring(*_any: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(_HANGS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fit_for_people(text: str) -> None:
    """:raises AssertionError: a message that is none for people, or does something to their terminal"""
    assert text.strip(), "no message"
    assert not CLUMSY.search(text), text[:_LONGEST]
    if not _OF_CORE.search(text):
        assert len(text) < _LONGEST, f"{len(text)} characters: {text[:300]}"
        fit_for_terminals(text)


def fit_for_terminals(text: str) -> None:
    """:raises AssertionError: it has what a terminal obeys, or shows in another order or not at all"""
    odd = sorted({letter for letter in text if not (letter.isprintable() or letter in "\u3000\u00a0")})
    assert not odd, (odd, text)


def written(modules: Modules) -> list[str]:
    """The calls that changed something: not those that were to be tried only."""
    made = [one for one in modules.cloud.requests() if str(one["params"].get("DryRun")).lower() != "true"]
    return [one["operation"] for one in made if not one["operation"].partition(":")[2].startswith(_READS)]


def attempt(modules: Modules, module: str, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run a module, whatever comes of it, with what it says judged, and nothing written where it fails or checks.

    :raises AssertionError: it went badly
    """
    modules.cloud.forget_requests()
    with patience():
        result = modules.attempt(module, check=check, **options)
    if result.get("failed"):
        fit_for_people(result["msg"])
    for line in (result.get("summary", ""), *result.get("steps", ()), *result.get("kept", ())):
        fit_for_terminals(line)
    if check or result.get("failed"):
        # A command is how that module reads.
        done = [one for one in written(modules) if (module, one) != ("host_key_info", "ecs:RunCommand")]
        assert not done, f"{'check mode' if check else result['msg']}: wrote {done}"
    return result


def refused(modules: Modules, module: str, message: str = "", **options: t.Any) -> None:
    """What is refused in check mode is refused for real, with the same words, before anything is written.

    :param message: a part of the words
    :raises AssertionError: it went another way
    """
    checked = attempt(modules, module, check=True, **options)
    assert checked.get("failed"), checked
    real = attempt(modules, module, **options)
    assert real.get("failed"), real
    for result in (checked, real):
        assert message in result["msg"], result["msg"]
