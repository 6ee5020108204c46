# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer of each operation must have: from the SDK's response models, the way its list is read, and records.

C(_cloud/required.py) is made of it. A unit test keeps the two equal; the integration tests note every answer that they
get and compare it with the records.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import environment
import products

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "tests" / "unit" / "cloud" / "answers.json"
TABLE = ROOT / "plugins" / "module_utils" / "_cloud" / "required.py"
#: Environment variable with the folder that a recording run writes to.
RECORDING = "ALITRUST_RECORD_ANSWERS"
#: The tests that are run for it.
RECORDED_BY = ("tests/integration/modules", "tests/integration/audit", "tests/integration/controller")

#: Members that every answer to an operation (C(product:Operation)) has had, each with its kind.
Noted = dict[str, dict[str, str]]

#: What the documents leave open, or say may be missing, and what nothing depends on.
_MAY_BE_MISSING = {
    # "AvailableZones absent or empty" where nothing is to be had.
    ("ecs:DescribeAvailableResource", "AvailableZones"),
    # An order is for what is a subscription.
    ("ecs:ModifyInstanceNetworkSpec", "OrderId"),
    ("sts:AssumeRole", "AssumedRoleUser"),
    ("sts:AssumeRoleWithOIDC", "AssumedRoleUser"),
    ("sts:AssumeRoleWithOIDC", "OIDCTokenInfo"),
}
#: Texts that the operation is called for, and whose names do not say so.
_WANTED = {("ecs:CreateKeyPair", "PrivateKeyBody"), ("ecs:RunCommand", "InvokeId")}
#: Answers that are the thing itself, with a dozen members of which any may be missing: what it is called by.
_ITSELF = {
    "kms:Decrypt": "Plaintext",
    "kms:DescribeSecret": "SecretName",
    "kms:GetSecretValue": "SecretData",
    "vpc:DescribeVpcAttribute": "VpcId",
}
#: Lists of which some are empty, so that one may do for all.
_ONE_OF = {"ram:ListEntitiesForPolicy"}

#: Operations that are named but not called: those of the trust client, a name of an option, one of two ways.
_NAMED_ONLY = {
    "DeletionProtection",
    "GenerateAikcert",
    "GenerateNonce",
    "PutMessage",
    "RebootInstance",
    "RegisterMessage",
}
_WIDTH = 120
_START = re.compile(r"[A-Z][a-z]+(Policies|Policy)[A-Z][a-z]+")


def kinds(body: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The members of an answer besides RequestId, each with its kind."""
    return {
        name: "object" if isinstance(value, dict) else "list" if isinstance(value, list) else "value"
        for name, value in body.items()
        if value is not None and name != "RequestId"
    }


def note(noted: Noted, operation: str, members: t.Mapping[str, str]) -> None:
    """Take the members of one more answer into account."""
    before = noted.get(operation, members)
    noted[operation] = {name: one for name, one in before.items() if members.get(name) == one}


def load() -> Noted:
    noted: Noted = json.loads(RECORDS.read_text())
    return noted


def named() -> dict[str, set[str]]:
    """The operations that the collection's code names, each with the products that have one of that name."""
    having: dict[str, set[str]] = {}
    for product in products.PACKAGES:
        for name in dir(products.models(product)):
            if name.endswith("ResponseBody"):
                having.setdefault(name.removesuffix("ResponseBody"), set()).add(product)
    texts: set[str] = set()
    for source in _sources():
        for node in ast.walk(ast.parse(source)):
            # What is put together, as "AttachPolicyTo" and a kind, is any operation that begins so.
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                start = str(node.values[0].value)
                texts.update(name for name in having if _START.fullmatch(start) and name.startswith(start))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return {name: having[name] for name in texts - _NAMED_ONLY if name in having}


def _sources() -> list[str]:
    """The texts of the collection's code, without the tables that are made of all operations."""
    paths = {*(ROOT / "plugins").rglob("*.py"), *(ROOT / "extensions").rglob("*.py")} - {TABLE, products.TABLE}
    return [path.read_text() for path in paths]


def _spelled(names: t.Iterable[str]) -> bool:
    """Whether one of the names, or how it begins, is in the code at all: far less work than C(named)."""
    begun = {name[:end] for name in names for end in range(len(name)) if _START.fullmatch(name[:end])}
    wanted = [f'"{name}"' for name in names] + [f'"{start}{{' for start in begun]
    return bool(wanted) and any(one in source for source in _sources() for one in wanted)


def required(operation: str, members: t.Mapping[str, str]) -> dict[str, str]:
    """Members that an answer must have besides RequestId; of names with a C(|) between them one is enough.

    :param members: what all recorded answers to this operation have
    """
    from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.operations import PAGING

    product, _colon, action = operation.partition(":")
    known = _of_model(product, action)
    always = {
        name: one
        for name, one in sorted(members.items())
        if known.get(name.lower()) == one and (operation, name) not in _MAY_BE_MISSING
    }
    inside = {name: one for name, one in always.items() if one != "value"}
    values = sorted(set(always) - set(inside))
    telling = "|".join(name for name in values if _IDENTIFYING.search(name)) or "|".join(values)
    paging = PAGING.get((product, action))
    if paging:
        outer, *_inner = paging.items.split(".")
        wanted = {outer: inside[outer]} if outer in inside else {}
        if paging.style == "page" and "." not in paging.total:
            return {**wanted, paging.total: "value"}
        if paging.style == "marker":
            return {**wanted, "IsTruncated": "value"}
        # NextToken alone proves nothing: whether it is there at the end of a list is not documented everywhere.
        return {**wanted, telling: "value"} if len(values) > 1 else wanted
    if operation in _ITSELF:
        return {_ITSELF[operation]: "value"}
    verb, noun = t.cast("re.Match[str]", re.match(r"([A-Z][a-z]+)(\w*)", action)).groups()
    if operation in _ONE_OF:
        return {"|".join(sorted(inside)): "object"}
    if verb in _READING:
        return inside or ({telling: "value"} if telling else {})
    made = {name for name in values if name.startswith(noun) or (operation, name) in _WANTED}
    return {**inside, **dict.fromkeys(sorted(made), "value")} if verb in _TELLING else {}


#: Verbs of operations that read, and of those whose answers tell what was made, or how each of several things went.
_IDENTIFYING = re.compile(r"(Arn|Id|NextToken|TotalCount|Uuid)$")
_READING = ("Describe", "Get", "List")
_TELLING = ("Assume", "Attach", "Create", "Detach", "Import", "Reboot", "Run", "Start", "Stop")


def _of_model(product: str, action: str) -> dict[str, str]:
    """The members of a response model without regard to case and underscores, each with its kind."""
    model = getattr(products.models(product), f"{action}ResponseBody")
    plain = {str: "value", int: "value", float: "value", bool: "value", list: "list"}
    return {
        name.replace("_", ""): plain.get(t.get_origin(hint) or hint, "object")
        for name, hint in t.get_type_hints(model.__init__).items()
    }


def source(noted: Noted) -> str:
    """The text of the module with the table."""
    lines = [_HEAD]
    for operation, members in sorted(noted.items()):
        wanted = required(operation, members)
        if wanted:
            product, _colon, action = operation.partition(":")
            inside = [f'"{name}": "{one}"' for name, one in wanted.items()]
            head = f'    ("{product}", "{action}"): {{'
            line = f"{head}{', '.join(inside)}}},"
            lines += [line] if len(line) <= _WIDTH else [head, *(f"        {one}," for one in inside), "    },"]
    return "\n".join([*lines, "}", ""])


_HEAD = '''\
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every answer to an operation has besides C(RequestId). Private.

Made by dev/answers; change what that script says instead.
"""

from __future__ import annotations

#: (product, operation) -> members of the answer, with their kind; of names with C(|) between them one is enough.
REQUIRED: dict[tuple[str, str], dict[str, str]] = {'''


def merged(records: t.Iterable[Noted]) -> Noted:
    """What several runs have noted, as far as it is of operations that the collection names."""
    noted = Noted()
    for one in records:
        for operation, members in one.items():
            note(noted, operation, members)
    actions = {operation: operation.partition(":")[2] for operation in noted}
    known = named() if _spelled(actions.values()) else {}
    return {operation: members for operation, members in noted.items() if actions[operation] in known}


def record() -> Noted:
    """Run the tests that call every operation, and note what the answers have."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {RECORDING: folder, "ANSIBLE_COLLECTIONS_PATH": str(environment.collections())}
        command = [sys.executable, "-m", "pytest", "-q", "-n", "4", "--dist", "worksteal", *RECORDED_BY]
        subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=True)
        return merged(json.loads(path.read_text()) for path in sorted(Path(folder).iterdir()))


def main() -> None:
    sys.path.insert(0, str(environment.import_root()))
    if sys.argv[1:] == ["--record"]:
        RECORDS.write_text(json.dumps(record(), indent=2, sort_keys=True) + "\n")
    TABLE.write_text(source(load()))


if __name__ == "__main__":
    main()
