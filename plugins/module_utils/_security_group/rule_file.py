# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules in a file, JSON or CSV: written, named and read with a reason for each rule that cannot be. Private.

The names of the files are the console's. The documents do not tell what is in them, so it is what the API says: an
element or row for each rule, with the names and words of DescribeSecurityGroupAttribute.
"""

from __future__ import annotations

import csv
import io
import json
import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput
from .._cloud.texts import from_json
from .._core import files
from .rule import LOWEST_PRIORITY, SYSTEM_PRIORITY, Rule
from .rule_options import combinations, notes

FORMATS = ("json", "csv")
#: Fields of a rule in the order of the columns.
FIELDS = (
    "Direction",
    "Policy",
    "Priority",
    "IpProtocol",
    "PortRange",
    "PortRangeListId",
    "SourcePortRange",
    "SourceCidrIp",
    "Ipv6SourceCidrIp",
    "SourceGroupId",
    "SourceGroupOwnerId",
    "SourceGroupOwnerAccount",
    "SourcePrefixListId",
    "DestCidrIp",
    "Ipv6DestCidrIp",
    "DestGroupId",
    "DestGroupOwnerId",
    "DestGroupOwnerAccount",
    "DestPrefixListId",
    "NicType",
    "Description",
)
#: Fields of an answer of the API that say nothing about what a rule does.
_PASSED_OVER = (
    "CreateTime",
    "SecurityGroupRuleId",
    "SourceGroupName",
    "SourcePrefixListName",
    "DestGroupName",
    "DestPrefixListName",
    "PortRangeListName",
)
_KNOWN = {name.lower(): name for name in (*FIELDS, *_PASSED_OVER)}
#: A spreadsheet takes a cell that starts like this for a formula. An apostrophe before it makes it text; cells that
#: start with an apostrophe get one as well, so that reading can take it away again.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LARGEST = 4 << 20

Item = dict[str, t.Any]


@dataclass(frozen=True)
class Problem:
    """A rule that cannot be.

    :ivar where: the line or element of the file
    """

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True)
class RuleFile:
    """What was read.

    :ivar rules: the rules that are fine, each once, in the order of the file
    :ivar places: where each of them is
    :ivar problems: the others, one each, in the order of the file
    :ivar notes: what is to be said about rules that are fine
    :ivar count: number of elements or rows
    """

    rules: tuple[Rule, ...]
    places: t.Mapping[Rule, str]
    problems: tuple[Problem, ...]
    count: int
    notes: tuple[str, ...] = ()


# ---------------------------------------------------------------------- writing


def file_name(form: str, region: str, security_group_id: str, time: str) -> str:
    """The name that the console gives to such a file.

    :param time: only in the name of a CSV file
    """
    if form == "json":
        return f"ecs_{region}_{security_group_id}.json"
    return f"ecs_sgRule_{security_group_id}_{region}_{time}.csv"


def write(rules: t.Iterable[Rule], form: str) -> str:
    """The content of a file, the same for the same rules."""
    items = [_item(rule) for rule in sorted(rules, key=lambda rule: rule.order)]
    if form == "json":
        return json.dumps(items, indent=2, ensure_ascii=False) + "\n"
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(FIELDS)
    writer.writerows([_guarded(str(item[name])) for name in FIELDS] for item in items)
    return output.getvalue()


def _item(rule: Rule) -> Item:
    api = rule.to_api()
    api.update(Direction=rule.direction, Policy=rule.policy.capitalize(), Priority=rule.priority)
    return {name: api.get(name, "") for name in FIELDS}


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RISKY) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RISKY) else cell


# ---------------------------------------------------------------------- reading


def read(path: str, most: int | None = None, map_system_priority: bool = False) -> RuleFile:
    """Read a file, as JSON or CSV by the ending of its name, else by its first character.

    :param most: how many elements or rows to take; the others become problems
    :param map_system_priority: whether to take the priority of system rules as the lowest that anybody may set
    :raises InvalidInput: when it cannot be read at all
    """
    try:
        content = files.read(path, _LARGEST + 1).content
    except OSError as exc:
        raise InvalidInput(f"The rules file {path} cannot be read: {exc.strerror}.") from None
    if len(content) > _LARGEST:
        raise InvalidInput(f"The rules file {path} has more than {_LARGEST} bytes, which no file of rules has.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(
            f"The rules file {path} is not in UTF-8.", hint="A spreadsheet can save it as CSV in UTF-8."
        ) from None
    ending = path.rpartition(".")[2].lower()
    guess = "json" if text.lstrip().startswith(("[", "{")) else "csv"
    return parse(text, ending if ending in FORMATS else guess, path, most, map_system_priority)


def read_whole(path: str) -> RuleFile:
    """A file with its rules as they would act: a system rule as one of the lowest priority, which decides the same.

    :raises InvalidInput: unless all of them can be read
    """
    found = read(path, map_system_priority=True)
    if found.problems:
        listed = " ".join(str(problem) for problem in found.problems[:20])
        raise InvalidInput(f"{len(found.problems)} of {found.count} rules in {path} cannot be read: {listed}")
    return found


def parse(
    text: str, form: str, name: str = "rules", most: int | None = None, map_system_priority: bool = False
) -> RuleFile:
    """Read rules from a text, as :func:`read` does from a file.

    :param form: C(json) or C(csv)
    :param name: what the text is called in errors
    :raises InvalidInput: when it is no such text
    """
    known: dict[Rule, tuple[str, Rule]] = {}
    problems: list[Problem] = []
    said: list[str] = []
    count = 0
    for where, item in _from_json(text, name) if form == "json" else _from_csv(text, name):
        count += 1
        try:
            if most is not None and count > most:
                raise InvalidInput(f"only the first {most} rules of a file can be imported at once.")
            options = _options(item)
            if map_system_priority and options["priority"] == str(SYSTEM_PRIORITY):
                options["priority"] = str(LOWEST_PRIORITY)
            rules = list(combinations(options, where))
            for rule in rules:
                _check_same(known.get(rule), rule)
        except InvalidInput as error:
            reason = str(error.as_failure()["msg"]).removeprefix(where).lstrip(".: ")
            problems.append(Problem(where, reason))
            continue
        said += notes(options, f"{where}: ")
        for rule in rules:
            first, same = known.get(rule, (where, rule))
            known[rule] = (first, same if same.description else rule)
    return RuleFile(
        tuple(rule for _where, rule in known.values()),
        {rule: where for rule, (where, _rule) in known.items()},
        tuple(problems),
        count,
        tuple(said),
    )


def _check_same(known: tuple[str, Rule] | None, rule: Rule) -> None:
    if known and known[1].description and rule.description and known[1].description != rule.description:
        raise InvalidInput(f"is the same rule as {known[0]} with another description; keep one of them.")


def _from_json(text: str, name: str) -> t.Iterator[tuple[str, Item]]:
    try:
        found = from_json(text)
    except ValueError as exc:
        raise InvalidInput(f"{name} is not JSON: {exc}.") from None
    for key in ("Permissions", "Permission"):  # an answer of DescribeSecurityGroupAttribute, whole or in part
        if isinstance(found, dict) and key in found:
            found = found[key]
    if not isinstance(found, list):
        raise InvalidInput(
            f"{name} holds no list of rules.",
            hint="Expected a list of objects with keys such as Direction, IpProtocol, PortRange and SourceCidrIp.",
        )
    for number, item in enumerate(found, 1):
        yield f"element {number}", item if isinstance(item, dict) else {"": item}


def _from_csv(text: str, name: str) -> t.Iterator[tuple[str, Item]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    try:
        line = 1
        for cells in reader:
            where, line = f"line {line}", reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                _check_header(header, name)
            elif len(cells) > len(header):
                yield where, {"": f"{len(cells)} cells under {len(header)} columns"}
            else:
                yield where, {key: _unguarded(cell) for key, cell in zip(header, cells, strict=False)}
    except csv.Error as exc:
        raise InvalidInput(f"{name} is not CSV: line {reader.line_num}: {exc}.") from None
    if not header:
        raise InvalidInput(f"{name} is empty.", hint=f"Expected a line with columns such as {', '.join(FIELDS[:5])}.")


def _check_header(header: list[str], name: str) -> None:
    unknown = [cell for cell in header if cell.lower() not in _KNOWN]
    missing = [cell for cell in ("Direction", "IpProtocol") if cell.lower() not in [one.lower() for one in header]]
    if unknown or missing:
        wrong = [f"unknown: {', '.join(map(repr, unknown))}"] if unknown else []
        wrong += [f"missing: {', '.join(missing)}"] if missing else []
        raise InvalidInput(
            f"The first line of {name} does not name the columns of rules ({'; '.join(wrong)}).",
            hint=f"Expected {', '.join(FIELDS)}, in any order.",
        )


def _options(item: Item) -> Item:
    """An element as options of the module C(sg_rule).

    :raises InvalidInput: what cannot be said with these options
    """
    if "" in item:
        raise InvalidInput(f"expected a rule with named fields, found {str(item[''])[:60]!r}.")
    unknown = [key for key in item if key.lower() not in _KNOWN]
    if unknown:
        raise InvalidInput(f"unknown field {', '.join(map(repr, unknown))}; expected {', '.join(FIELDS)}.")
    odd = [key for key, value in item.items() if isinstance(value, (dict, list, bool, float))]
    if odd:
        raise InvalidInput(f"{', '.join(odd)} is {item[odd[0]]!r}; expected a text.")
    given = {_KNOWN[key.lower()]: str(value) for key, value in item.items() if value not in (None, "")}
    direction = given.get("Direction", "").strip().lower()
    if direction not in ("ingress", "egress"):
        raise InvalidInput(f"Direction is {given.get('Direction', '')!r}; expected ingress or egress.")
    here, there = ("Dest", "Source") if direction == "ingress" else ("Source", "Dest")
    wrong = [name for name in (f"{here}GroupId", f"{here}PrefixListId") if name in given]
    if wrong:
        raise InvalidInput(f"{wrong[0]} is given in an {direction} rule, where the other side is {there}.")
    peers = [f"{there}CidrIp", f"Ipv6{there}CidrIp", f"{there}GroupId", f"{there}PrefixListId"]
    several = [name for name in peers if name in given]
    if len(several) > 1:
        raise InvalidInput(f"{' and '.join(several)} both say the other side; expected one of them.")
    return {
        "direction": direction,
        "protocol": given.get("IpProtocol"),
        "ports": None if "PortRangeListId" in given else given.get("PortRange"),
        "port_list_id": given.get("PortRangeListId"),
        "source_ports": None if given.get("SourcePortRange") == "-1/-1" else given.get("SourcePortRange"),
        "cidr": given.get(f"{there}CidrIp") or given.get(f"Ipv6{there}CidrIp"),
        "group_id": given.get(f"{there}GroupId"),
        "group_owner_id": given.get(f"{there}GroupOwnerId"),
        "group_owner_account": given.get(f"{there}GroupOwnerAccount"),
        "prefix_list_id": given.get(f"{there}PrefixListId"),
        f"{here.lower()}_cidr": given.get(f"{here}CidrIp") or given.get(f"Ipv6{here}CidrIp"),
        "policy": given.get("Policy"),
        "priority": given.get("Priority"),
        "nic_type": given.get("NicType"),
        "description": given.get("Description"),
    }
