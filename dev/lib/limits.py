# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the facts about request parameters out of the machine-readable API descriptions.

Of each parameter only name, type, whether it is mandatory, and limits that its text states without condition: smallest
and largest number, lengths, allowed values, most items. No prose is kept. A limit that is wrong would refuse valid
requests, so whatever is conditional, or is adjusted by the service instead of refused, is left out.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import typing as t
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCE = CHECKOUT.parent / "shared" / "openapi"
TARGET = CHECKOUT / "tests" / "local_cloud" / "data" / "limits"

Facts = dict[str, t.Any]

#: parameters whose lists of allowed values were read and found complete; others are open-ended or out of date
ENUMS = {
    *("BatchOptimization", "BootMode", "ContentEncoding", "CreditSpecification", "Direction", "HttpEndpoint"),
    *("HttpTokens", "InnerAccessPolicy", "InstanceMetadataTags", "InternetChargeType", "IoOptimized", "PeriodUnit"),
    *("Policy", "PolicyType", "RepeatMode", "RotateStrategy", "SecurityEnhancementStrategy", "SecurityGroupType"),
    *("SpotInterruptionBehavior", "SpotStrategy", "StoppedMode", "TerminationMode", "DiskType", "AddressFamily"),
}
ENUMS_OF_OPERATIONS = {
    *("RunCommand.Type", "RunInstances.InstanceChargeType", "CreateInstance.InstanceChargeType"),
    *("UpdateAccessKey.Status", "ModifyImageAttribute.Status", "DescribeImages.ActionType", "DescribeImages.OSType"),
    *("DescribeInstances.Status", "DescribeInstances.InstanceChargeType", "DescribeInstances.InstanceNetworkType"),
    *("DescribeInstances.LockReason", "TagResources.ResourceType", "ListTagResources.ResourceType"),
    *("GenerateDataKey.KeySpec", "GenerateDataKeyWithoutPlaintext.KeySpec"),
}
#: RAM policy documents in a request, not a choice
NOT_ENUMS = {"AttachInstanceRamRole.Policy", "AssumeRole.Policy", "CreateKey.Policy", "SetKeyPolicy.Policy"}

#: JSON texts whose stated lengths are those of what is inside
NOT_LENGTHS = {"Parameters", "Tags"}

#: said to be adjusted to the limit, or cut, instead of refused
_ADJUSTED = re.compile(r"set this parameter to a value|only the first|powers of 2|vary based|varies based on the max")
_NUMBER = r"\**(\d[\d,]*)\**"


def _int(text: str) -> int:
    return int(text.replace(",", ""))


def number_facts(text: str) -> Facts:
    facts: Facts = {}
    if _ADJUSTED.search(text):
        return facts
    if found := re.search(rf"Valid values: {_NUMBER} to {_NUMBER}", text):
        facts = {"min": _int(found[1]), "max": _int(found[2])}
    elif found := re.search(rf"Valid values: (?:integers )?greater than or equal to {_NUMBER}", text):
        facts = {"min": _int(found[1])}
    elif "an integer that is greater than 0" in text or "Pages start from page 1" in text:
        facts = {"min": 1}
    if found := re.search(rf"Minimum value: {_NUMBER}", text):
        facts["min"] = _int(found[1])
    if found := re.search(rf"Maximum value: {_NUMBER}", text):
        facts["max"] = _int(found[1])
    return facts


def length_facts(text: str) -> Facts:
    if "Windows" in text and "Linux" in text:  # one length for each
        return {}
    if found := re.search(rf"(?:must|can) be {_NUMBER} to {_NUMBER} characters in length", text):
        return {"min_length": _int(found[1]), "max_length": _int(found[2])}
    if found := re.search(rf"(?:cannot exceed|can be up to|can be a maximum of) {_NUMBER} characters in length", text):
        return {"max_length": _int(found[1])}
    return {}


def choice_facts(text: str) -> Facts:
    found = re.search(r"Valid values?:\s*(.*)", text, re.DOTALL)
    if not found:
        return {}
    block = found[1].partition("\n\n>")[0]
    choices = re.findall(
        r"^\* +[`*]*([A-Za-z][\w\\ -]*?)[`*]*(?: \((?:default|recommended)\))?(?:[.:].*)?$", block, re.MULTILINE
    )
    choices = choices or re.findall(r"`(\w+)`", block.partition("\n")[0])
    return {"enum": list(dict.fromkeys(choice.replace("\\", "") for choice in choices))} if choices else {}


def list_facts(text: str) -> Facts:
    if _ADJUSTED.search(text):
        return {}
    patterns = (
        rf"Valid values of N: \d+ to {_NUMBER}",
        rf"(?:specify|enter|add) (?:\d+ to|up to|\d+ or|a maximum of) {_NUMBER} ",
        rf"(?:or specify|enter) up to {_NUMBER} ",
    )
    for pattern in patterns:
        if found := re.search(pattern, text):
            return {"max_items": _int(found[1])}
    return {}


def facts_of(operation: str, parameter: dict[str, t.Any]) -> Facts:
    """Everything that is kept of one parameter."""
    name, kind, text = parameter["name"], parameter["type"], parameter.get("description") or ""
    facts: Facts = {"type": kind}
    if parameter.get("required"):
        facts["required"] = True
    if kind in ("Integer", "Long", "Float"):
        facts |= number_facts(text)
    elif kind in ("RepeatList", "Array"):
        facts |= list_facts(text)
    elif kind == "String":
        if name not in NOT_LENGTHS and not operation.startswith(("Describe", "List", "Get")):  # there it is a filter
            facts |= length_facts(text)
        if (name in ENUMS or f"{operation}.{name}" in ENUMS_OF_OPERATIONS) and f"{operation}.{name}" not in NOT_ENUMS:
            facts |= choice_facts(text)
    return facts


def operation_facts(path: Path) -> dict[str, Facts]:
    description = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, Facts] = {}
    for parameter in description["parameters"]:
        found[parameter["name"]] = facts_of(path.stem, parameter)
        for part in parameter.get("sub_parameters", ()):
            facts = facts_of(path.stem, part)
            if part["name"] == "Value":
                facts.pop("required", None)  # a tag without a value is one with an empty value
            found[f"{parameter['name']}.{part['name']}"] = facts
    return dict(sorted(found.items()))


def product_text(folder: Path) -> str:
    """The file of a product: one line a parameter, so that a change shows as one."""
    operations = []
    for path in sorted(folder.glob("*.json")):
        lines = [f"    {json.dumps(name)}: {json.dumps(facts)}" for name, facts in operation_facts(path).items()]
        body = "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"
        operations.append(f"  {json.dumps(path.stem)}: {body}")
    return "{\n" + ",\n".join(operations) + "\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="dev/make-limits",
        description="Make the parameter facts in tests/local_cloud/data/limits/ from API descriptions"
        " (<folder>/<product>/<Operation>.json).",
    )
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the descriptions (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file would change")
    options = parser.parse_args()
    if not options.source.is_dir():
        print(f"dev/make-limits: there are no API descriptions at {options.source}", file=sys.stderr)
        return 2
    stale = []
    for folder in sorted(path for path in options.source.iterdir() if path.is_dir()):
        target, text = TARGET / f"{folder.name}.json", product_text(folder)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            stale.append(target.name)
            if not options.check:
                TARGET.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
    print(f"{'out of date' if options.check else 'written'}: {', '.join(stale) or 'nothing'}", file=sys.stderr)
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
