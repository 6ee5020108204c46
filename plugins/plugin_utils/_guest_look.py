# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(guest_info) in one round trip: a command that finds a Python, and has it do what came with the command. Private.

What comes with it is what the module consists of, without AnsibleModule (C(_guest_plain.py)), and those
collectors of ansible-core that this imports.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import typing as t
import zlib
from pathlib import Path

import ansible
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils._cloud import texts
from ..module_utils._guest import sources
from ..module_utils._guest.state import SPEC
from ..module_utils._ssh.module import secrets_of
from ._guest_plain import MARK

_PLUGINS = "ansible_collections.alitrust.ecs.plugins"
_WORK = f"{_PLUGINS}.plugin_utils._guest_plain"
#: The folders of packages whose modules may be brought.
_FOLDERS = {"ansible": Path(ansible.__file__).parent, _PLUGINS: Path(__file__).parents[1]}
_IMPORT = re.compile(r"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(?:\(([^)]*)|([^(\n]+))", re.MULTILINE)

#: On a line of its own, whatever a shell prints at the start and however that ends. Names of a domain have backslashes.
_WHO = """user=$(id -un)
printf '\\nuser=%s\\n' "$user\""""
#: As C(printf %b) takes them.
_ESCAPES = str.maketrans({char: f"\\0{ord(char):03o}" for char in "\\'!\n"})

#: Reads the program and the options, one compressed text behind the other, and the user in the first argument.
START = f"""
import json, sys, zlib
first = zlib.decompressobj()
given = json.loads(first.decompress(sys.stdin.buffer.read()))
options = json.loads(zlib.decompress(first.unused_data))
options["user"] = options["user"] or sys.argv[1]
exec(given["finder"])
sys.meta_path.insert(0, Sources(given["texts"]))
from {_WORK} import main
main(options)
""".strip()


def options(args: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    """The options, checked; None where something about them is for the module to complain of, or to hide.

    :param args: those of the task, but C(find_python)
    """
    if texts.complaint(args, SPEC) or secrets_of(args):
        return None
    checked = ArgumentSpecValidator(SPEC).validate(dict(args))
    found: dict[str, t.Any] = checked.validated_parameters
    # The home folder and the variables in a path are the instance's, and facts of its own want more of AnsibleModule.
    if checked.error_messages or found["fact"] or any("~" in path or "$" in path for path in _paths(SPEC, args)):
        return None
    return found


def _paths(spec: t.Mapping[str, t.Any], values: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    for name, option in spec.items():
        if values.get(name) is None:
            continue
        if "path" in (option["type"], option.get("elements")):
            yield str(values[name])
        elif "options" in option and isinstance(values[name], dict):
            yield from _paths(option["options"], values[name])


def may_ask(method: str, flags: str) -> bool:
    """Whether a become plugin without a password could take the input for one: sudo, unless it is told not to ask.

    Each line would be a wrong password, and some of these lock an account.

    :param flags: those of the become plugin
    """
    return method == "sudo" and not re.search(r"(^|\s)(-[A-Za-z]*n|--non-interactive)", flags)


def command(script: str, become: t.Callable[[str], str]) -> str:
    """What a POSIX shell is to run as the user who logs in. It prints C(user=), C(python=) and the answer.

    The name of the user, the path of the Python and the program go to its input, so that nothing has to be quoted
    in what a become plugin makes of a command.

    :param script: prints C(python=) and a path, or nothing
    :param become: makes a command one that the user of the task runs
    """
    work = f'read -r user; read -r python; exec "$python" -I -c {shlex.quote(START)} "$user"'
    text = f"""
{_WHO}
find_python() {{
:
{script}
}}
python=$(find_python < /dev/null)
echo "$python"
case $python in
*python=/*) {{ printf '%s\\n' "$user" "${{python##*python=}}"; cat; }} | {{
{become(work)}
}} ;;
esac
"""
    return in_one_line(text.strip())


def who(script: str) -> str:
    """What a POSIX shell is to run that prints C(user=), and what a script prints."""
    return in_one_line(f"{_WHO}\n{script}")


def in_one_line(script: str) -> str:
    """The same for a POSIX shell, in a form that any login shell hands on to it as it is.

    csh takes each line for a command of its own, even in quotes, and an exclamation mark for one from its history.
    """
    return f"eval \"$(printf %b '{script.translate(_ESCAPES)}')\""


def user(said: str) -> str:
    """The user whom a command printed; empty where it did not get that far."""
    found = re.search(r"^user=([^\r\n]+)", said, re.MULTILINE)
    return found[1] if found else ""


def answer(output: str) -> dict[str, t.Any] | None:
    """What the instance answered; None where it did not, or where the answer did not get here whole."""
    found = re.search(rf"^{MARK}(\{{.*\}})$", output, re.MULTILINE)
    with contextlib.suppress(ValueError):
        return dict(json.loads(found[1])) if found else None
    return None


def program() -> bytes:
    """The first of the two texts that go to the command's input."""
    finder = Path(sources.__file__).read_text(encoding="utf-8")
    return zlib.compress(json.dumps({"finder": finder, "texts": reached()}).encode())


def with_options(first: bytes, given: t.Mapping[str, t.Any]) -> bytes:
    """All that goes to the command's input."""
    return first + zlib.compress(json.dumps(given).encode())


def reached() -> dict[str, str]:
    """The text of what does the work and of all that it imports, wherever in it, as far as it is ours or Ansible's."""
    found: dict[str, str] = {}
    ahead = [_WORK]
    while ahead:
        name = ahead.pop()
        if name not in found:
            file = _file(name)
            if file:
                found[name] = file.read_text(encoding="utf-8")
                ahead += _imported(name, found[name])
    return found


def _imported(module: str, text: str) -> t.Iterator[str]:
    for dots, name, several, line in _IMPORT.findall(text):
        folder = f"{module}.__init__" if _is_package(module) else module
        base = ".".join(filter(None, (*folder.split(".")[: -len(dots)], name))) if dots else name
        for word in re.findall(r"^[ \t]*(\w+)|,[ \t]*(\w+)", several or line, re.MULTILINE):
            inner = f"{base}.{''.join(word)}"
            yield inner if _file(inner) else base


def _is_package(module: str) -> bool:
    file = _file(module)
    return file is not None and file.stem == "__init__"


def _file(module: str) -> Path | None:
    for name, folder in _FOLDERS.items():
        if module.startswith(f"{name}."):
            path = folder.joinpath(*module[len(name) + 1 :].split("."))
            return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
    return None
