# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What evidence means: compared with the logs that come along, and with the baseline of the first boot.

A baseline is plain data, for a store: ``{"pcrs": {"0": HEX}, "events": {"0": [[type, HEX, text]]}, "programs": {PATH:
{"digest": HEX, "former": [HEX]}}}``. It moves by accepted deviations and by nothing else.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from local_cloud.attestation import event_log, ima
from local_cloud.attestation.message import Evidence

Baseline = dict[str, t.Any]

MEANINGS = {
    0: "firmware",
    1: "platform configuration",
    2: "UEFI drivers",
    3: "UEFI configuration",
    4: "boot manager",
    5: "partition table",
    6: "vendor",
    7: "secure boot policy",
    8: "boot commands and kernel command line",
    9: "kernel and initramfs",
    10: "measured programs",
}


@dataclass(frozen=True)
class Deviation:
    """One thing that is not as it should be.

    ``accept`` is how the baseline would move if somebody accepts it; None: nothing explains it, nobody can.
    """

    kind: t.Literal["system", "program"]
    suspect: str
    digest: str
    expected: str
    detail: str
    accept: dict[str, t.Any] | None = None

    @property
    def level(self) -> int:
        """How grave, 1 to 3: what nobody can explain, and firmware, are 3."""
        if self.accept is None:
            return 3
        return 3 if self.accept.get("pcr", 10) < 4 else 2


@dataclass(frozen=True)
class Judgement:
    """All deviations, and the baseline, which evidence without any extends where it was empty."""

    deviations: tuple[Deviation, ...]
    baseline: Baseline
    program_measured: bool

    def of(self, kind: str) -> list[Deviation]:
        return [deviation for deviation in self.deviations if deviation.kind == kind]


def judge(evidence: Evidence, baseline: Baseline, required: t.Collection[str] = ()) -> Judgement:
    """Compare evidence with its logs and with the baseline (empty before the first boot was measured).

    :param required: paths of programs that must have been measured for a statement about programs
    """
    found = [*_unexplained(evidence), *_unexplained_programs(evidence)]
    moved = dict(baseline)
    if "pcrs" in baseline:
        unexplained = {deviation.suspect for deviation in found}
        found += [item for item in _changed(evidence, baseline) if item.suspect.partition(":")[0] not in unexplained]
    elif not any(item.kind == "system" for item in found):
        moved["pcrs"] = {str(number): evidence.pcrs[number].hex() for number in event_log.BOOT_PCRS}
        moved["events"] = {str(number): entries(evidence, number) for number in event_log.BOOT_PCRS}
    measured = set(required) <= {program.path for program in evidence.programs}
    if "programs" in baseline:
        found += _changed_programs(evidence, baseline["programs"])
    elif measured and not found and "pcrs" in moved:
        earlier: dict[str, set[str]] = {}  # a program that was replaced before the first report ran as that, too
        for item in evidence.programs:
            earlier.setdefault(item.path, set()).add(item.digest.hex())
        moved["programs"] = {
            path: {"digest": digest, "former": sorted(earlier[path] - {digest})}
            for path, digest in latest(evidence).items()
        }
    return Judgement(tuple(found), moved, measured and "programs" in moved)


def entries(evidence: Evidence, pcr: int) -> list[list[t.Any]]:
    """The log's entries for a PCR: type, digest, text."""
    return [[event.kind, event.digest.hex(), event.text] for event in evidence.events if event.pcr == pcr]


def latest(evidence: Evidence) -> dict[str, str]:
    """The digest of each program when it was measured last."""
    return {item.path: item.digest.hex() for item in evidence.programs if item.path != ima.BOOT_AGGREGATE}


def accept(baseline: Baseline, change: t.Mapping[str, t.Any], programs: t.Mapping[str, str]) -> Baseline:
    """The baseline moved by an accepted deviation's ``accept``, and by nothing else.

    :param programs: the digests of the last report, see :func:`latest`
    """
    moved = {name: dict(value) for name, value in baseline.items()}
    if "pcr" in change:
        moved["pcrs"][str(change["pcr"])] = change["digest"]
        moved["events"][str(change["pcr"])] = change["entries"]
        return moved
    path, digest = change["program"], change["digest"]
    known = moved["programs"].get(path)
    former = set(known["former"]) if known else set()
    if known and programs.get(path) != digest:  # it ran in between: allowed, but not as what is there now
        moved["programs"][path] = {"digest": known["digest"], "former": sorted(former | {digest})}
    else:
        former |= {known["digest"]} if known else set()
        moved["programs"][path] = {"digest": digest, "former": sorted(former - {digest})}
    return moved


def _unexplained(evidence: Evidence) -> t.Iterator[Deviation]:
    replayed = event_log.replay(evidence.events)
    for number in event_log.BOOT_PCRS:
        if replayed[number] != evidence.pcrs[number]:
            yield _inexplicable("system", f"PCR {number}", evidence.pcrs[number], replayed[number], MEANINGS[number])


def _unexplained_programs(evidence: Evidence) -> t.Iterator[Deviation]:
    replayed = ima.replay(evidence.programs)
    if replayed != evidence.pcrs[ima.PCR]:
        suspect = f"PCR {ima.PCR}"
        yield _inexplicable("program", suspect, evidence.pcrs[ima.PCR], replayed, MEANINGS[ima.PCR])
    aggregate = ima.boot_aggregate(event_log.replay(evidence.events))
    first = evidence.programs[0] if evidence.programs else None
    if first != aggregate or any(item.path == ima.BOOT_AGGREGATE for item in evidence.programs[1:]):
        digest = first.digest if first else b""
        yield _inexplicable("program", ima.BOOT_AGGREGATE, digest, aggregate.digest, "start of the list of programs")


def _inexplicable(
    kind: t.Literal["system", "program"], suspect: str, value: bytes, replayed: bytes, meaning: str
) -> Deviation:
    detail = (
        f"{suspect} ({meaning}) has a value that the log does not explain: something was measured that the log hides"
    )
    return Deviation(kind, suspect, value.hex(), replayed.hex(), detail)


def _changed(evidence: Evidence, baseline: Baseline) -> t.Iterator[Deviation]:
    for number in event_log.BOOT_PCRS:
        value, expected = evidence.pcrs[number].hex(), baseline["pcrs"][str(number)]
        if value == expected:
            continue
        now = entries(evidence, number)
        before = [list(entry) for entry in baseline["events"][str(number)]]
        new = [entry[2] for entry in now if entry not in before]
        gone = [entry[2] for entry in before if entry not in now]
        names = list(dict.fromkeys([*new, *gone])) or ["order of the entries"]
        how = "; ".join(
            text
            for text in (
                f"changed: {', '.join(name for name in names if name in new and name in gone)}",
                f"new: {', '.join(name for name in names if name in new and name not in gone)}",
                f"missing: {', '.join(name for name in names if name in gone and name not in new)}",
            )
            if not text.endswith(": ")
        )
        yield Deviation(
            "system",
            f"PCR {number}: {', '.join(names)}",
            value,
            expected,
            f"PCR {number} ({MEANINGS[number]}) differs from the baseline; {how or names[0]}",
            {"pcr": number, "digest": value, "entries": now},
        )


def _changed_programs(evidence: Evidence, known: t.Mapping[str, t.Any]) -> t.Iterator[Deviation]:
    current = latest(evidence)
    seen = set()
    for item in evidence.programs:
        path, digest = item.path, item.digest.hex()
        if path == ima.BOOT_AGGREGATE or (path, digest) in seen:
            continue
        seen.add((path, digest))
        allowed = known.get(path)
        if allowed and (digest == allowed["digest"] or (digest in allowed["former"] and current[path] != digest)):
            continue
        what = "is not in the baseline" if allowed is None else "has other content than in the baseline"
        expected = allowed["digest"] if allowed else ""
        change = {"program": path, "digest": digest}
        yield Deviation("program", path, digest, expected, f"{path} {what} (SHA-256 {digest[:16]}...)", change)
