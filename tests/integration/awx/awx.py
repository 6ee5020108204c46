# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does to examples/awx what AWX does to a project: surveys, credentials, inventory updates, jobs in ansible-runner.

The container of the execution environment is left out; its folder C(/runner) is a folder of the test.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import ansible_runner
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

Variables = dict[str, t.Any]

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "awx"
#: What AWX sets for each job; its administrators can change some of it.
JOB_ENVIRONMENT = {
    "ANSIBLE_FORCE_COLOR": "True",
    "ANSIBLE_HOST_KEY_CHECKING": "False",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_PARAMIKO_RECORD_HOST_KEYS": "False",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "MAX_EVENT_RES": "700000",
    "JOB_ID": "7",
    "INVENTORY_ID": "1",
}
#: What AWX sets for each update of an inventory.
UPDATE_ENVIRONMENT = {"ANSIBLE_INVENTORY_UNPARSED_FAILED": "True", "ANSIBLE_INVENTORY_EXPORT": "True"}
#: The value of a variable with such a name is not kept with the job.
MASKED = re.compile(r"API|TOKEN|KEY|SECRET|PASS", re.IGNORECASE)


class _Config(yaml.SafeLoader):
    """YAML with Ansible's tag for text that is no template."""


_Config.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(t.cast("yaml.ScalarNode", node)))


class _ExtraVars(yaml.SafeDumper):
    """How AWX writes extra variables: all text is marked as no template, because somebody typed it in.

    Since ansible-core 2.19 that has an effect of its own: quotes count no more, so that blank text becomes null.
    """

    def represent_data(self, data: t.Any) -> t.Any:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def config(name: str) -> t.Any:
    """A file of config/, its templates as they stand."""
    loader = _Config((EXAMPLE / "config" / f"{name}.yml").read_text())
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def templates() -> dict[str, dict[str, t.Any]]:
    """The job templates by the name of their playbook."""
    return {Path(one["playbook"]).stem: one for one in config("templates")["controller_templates"]}


def questions(playbook: str) -> list[dict[str, t.Any]]:
    survey: list[dict[str, t.Any]] = templates()[playbook].get("survey_spec", {}).get("spec", [])
    return survey


def answers(playbook: str, given: Variables) -> Variables:
    """The extra variables of a launch: what was typed in, and the defaults of the other questions.

    :raises AssertionError: AWX would refuse the answers
    """
    asked = {question["variable"]: question for question in questions(playbook)}
    result = {name: question["default"] for name, question in asked.items() if "default" in question}
    result |= given
    prompted = templates()[playbook].get("ask_variables_on_launch", False)
    assert prompted or set(given) <= set(asked), set(given) - set(asked)
    for name, question in asked.items():
        if name not in result:
            assert not question["required"], f"{name} value missing"
            continue
        refused = refusal(question, result[name])
        assert refused is None, refused
    return {**templates()[playbook].get("extra_vars", {}), **result}


def refusal(question: dict[str, t.Any], answer: t.Any) -> str | None:
    """Why AWX does not take this answer."""
    kind = question["type"]
    if kind in ("text", "textarea", "password"):
        return None if isinstance(answer, str) else f"{answer!r} is no text"
    if kind == "integer":
        if not isinstance(answer, int) or isinstance(answer, bool):
            return f"{answer!r} is no integer"
        return None if question["min"] <= answer <= question["max"] else f"{answer} is out of range"
    assert kind == "multiplechoice", kind
    return None if answer in question["choices"] else f"{answer!r} is none of {question['choices']}"


class Injected(t.NamedTuple):
    """What a credential gives a job."""

    environment: dict[str, str]
    extra_vars: dict[str, str]


def inject(credential_type: str, inputs: dict[str, str], folder: Path) -> Injected:
    """Render the injectors of a credential type. Blank inputs are not there at all."""
    (kind,) = (one for one in config("credentials")["controller_credential_types"] if one["name"] == credential_type)
    fields = {field["id"]: field for field in kind["inputs"]["fields"]}
    assert set(inputs) <= set(fields)
    names: Variables = {name: value for name, value in inputs.items() if value}
    files: dict[str, str] = {}
    engine = ImmutableSandboxedEnvironment()
    for label, template in kind["injectors"].get("file", {}).items():
        path = folder / f"credential-{label}"
        path.write_text(engine.from_string(template).render(names).rstrip("\n") + "\n")
        path.chmod(0o600)
        files[label.removeprefix("template.")] = str(path)
    names["tower"] = {"filename": files}

    def rendered(part: str) -> dict[str, str]:
        injectors = kind["injectors"].get(part, {})
        return {name: engine.from_string(template).render(names) for name, template in injectors.items()}

    return Injected(rendered("env"), rendered("extra_vars"))


class Job(t.NamedTuple):
    """How a job ended."""

    status: str
    events: list[dict[str, t.Any]]
    #: All that AWX keeps of it: its events, its output, its facts.
    kept: str

    @property
    def output(self) -> str:
        return "\n".join(event["stdout"] for event in self.events)

    @property
    def artifacts(self) -> Variables:
        """What set_stats handed on."""
        (end,) = (event for event in self.events if event["event"] == "playbook_on_stats")
        found: Variables = end["event_data"].get("artifact_data", {})
        return found

    def changed(self, host: str = "localhost") -> int:
        (end,) = (event for event in self.events if event["event"] == "playbook_on_stats")
        count: int = end["event_data"]["changed"].get(host, 0)
        return count


class Awx:
    """One AWX: a project, a cloud credential and an inventory."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.folder = folder
        #: The private key of the machine credential. Only root can run jobs with one, see _contain.
        self.ssh_key = ""
        #: Where jobs have Ansible's own agent, if an administrator has switched it on; the machine credential has no
        #: key then. It is short as it is under /runner, because paths of sockets must not be long.
        self.ssh_agent: Path | None = None
        self.inputs = {
            "access_key_id": cloud.access_key_id,
            "access_key_secret": cloud.access_key_secret,
            "region": "cn-hangzhou",
            "endpoint_url": cloud.endpoint,
            "security_token": "",
        }
        self.inventory: Variables = {"_meta": {"hostvars": {}}, "all": {"hosts": []}}
        self.jobs: list[Job] = []

    def _private_data(self) -> Path:
        """A new folder as AWX lays it out for a job, with the project and what its requirements install."""
        private = self.folder / f"job-{len(list(self.folder.glob('job-*')))}"
        shutil.copytree(EXAMPLE, private / "project")
        for name in ("cp", "env", "home", "inventory", "requirements_collections"):
            (private / name).mkdir(mode=0o700)
        installed = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections"
        (private / "requirements_collections" / "ansible_collections").symlink_to(installed)
        return private

    def _environment(self, private: Path, injected: Injected, **more: str) -> dict[str, str]:
        return {
            **more,
            **injected.environment,
            "ANSIBLE_COLLECTIONS_PATH": str(private / "requirements_collections"),
            "HOME": str(private / "home"),
            "PWD": str(private),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def update_inventory(self, source: str = "fleet.alitrust.yml") -> Variables:
        """Read the inventory source by AWX's own command; the inventory of later jobs is what it gave."""
        private = self._private_data()
        injected = inject("Alibaba Cloud", self.inputs, private / "env")
        project = private / "project"
        done = subprocess.run(
            [
                *("ansible-inventory", "--list", "--export", "-i", project / source),
                *("--output", private / "output.json", "--playbook-dir", project),
            ],
            cwd=project,
            env=os.environ | self._environment(private, injected, **UPDATE_ENVIRONMENT),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        text = (private / "output.json").read_text()
        self.jobs.append(Job("successful", [], text + done.stdout + done.stderr))
        self.inventory = json.loads(text)
        return self.inventory

    def launch(
        self,
        playbook: str,
        given: Variables,
        *,
        check: bool = False,
        credentials: t.Sequence[tuple[str, dict[str, str]]] = (),
        hostvars: Variables | None = None,
        limit: str | None = None,
    ) -> Job:
        """Run a job of a template.

        :param given: what was typed into the survey, or what a workflow handed on
        :param credentials: further ones, type and inputs
        :param hostvars: variables of each host of the fleet that are kept in AWX
        """
        private = self._private_data()
        variables: Variables = {"awx_job_id": 7, "awx_job_template_name": templates()[playbook]["name"]}
        variables |= answers(playbook, given)
        arguments = ["--check"] if check else []
        environment: dict[str, str] = {}
        for number, (kind, inputs) in enumerate([("Alibaba Cloud", self.inputs), *credentials]):
            injected = inject(kind, inputs, private / "env")
            environment |= injected.environment
            if injected.extra_vars:
                path = private / "env" / f"credential-{number}.yml"
                path.write_text(_dumped(injected.extra_vars))
                arguments += ["-e", f"@{path}"]
        (private / "env" / "extravars").write_text(_dumped(variables))
        jobs = self._environment(private, Injected(environment, {}), **JOB_ENVIRONMENT)
        if self.ssh_agent:
            jobs |= {"ANSIBLE_SSH_AGENT": "auto", "ANSIBLE_LOCAL_TEMP": str(self.ssh_agent)}
        if self.ssh_key or self.ssh_agent:
            jobs["ANSIBLE_PIPELINING"] = "True"  # an administrator's choice, for speed
            jobs["ANSIBLE_SSH_CONTROL_PATH_DIR"] = str(private / "cp")
            jobs["PATH"] = f"{_contain(private)}{os.pathsep}{jobs['PATH']}"
        self._write_inventory(private / "inventory" / "hosts", hostvars or {})
        outcome = ansible_runner.run(
            private_data_dir=str(private),
            playbook=f"{playbook}.yml",
            cmdline=" ".join(["-u", "root", *arguments]),
            envvars=jobs,
            ssh_key=self.ssh_key or None,
            limit=limit,
            settings={"suppress_ansible_output": True, "job_timeout": 600, "fact_cache_type": "jsonfile"},
            quiet=True,
        )
        artifacts = Path(outcome.config.artifact_dir)
        # "command" has the environment; of that AWX keeps a copy of its own, in which MASKED is masked.
        files = [path for path in artifacts.rglob("*") if path.is_file() and path.name != "command"]
        kept = "\n".join(path.read_text(errors="replace") for path in files)
        safe = {name: "***" if MASKED.search(name) else value for name, value in environment.items()}
        command = json.loads((artifacts / "command").read_text())["command"]
        job = Job(outcome.status, list(outcome.events), f"{kept}\n{json.dumps([safe, command])}")
        self.jobs.append(job)
        return job

    def _write_inventory(self, path: Path, hostvars: Variables) -> None:
        """The inventory of a job, with the variables that are kept in AWX."""
        inventory = json.loads(json.dumps(self.inventory))
        for name in inventory["_meta"]["hostvars"]:
            inventory["_meta"]["hostvars"][name] |= hostvars
        inventory["all"].setdefault("hosts", []).append("localhost")
        inventory["_meta"]["hostvars"]["localhost"] = config("project")["controller_hosts"][0]["variables"]
        write_inventory(path, inventory)


def write_inventory(path: Path, inventory: Variables) -> None:
    """A script that prints an inventory, as AWX gives it to a job."""
    path.write_text(f"#!{sys.executable}\nprint({json.dumps(json.dumps(inventory))})\n")
    path.chmod(0o700)


def _contain(private: Path) -> Path:
    """Have the home folder of the job's user inside the job, as in a container: ssh asks the user database for it.

    :returns: the folder of a command that starts ansible-playbook like that
    """
    user = pwd.getpwuid(os.geteuid())
    lines = [line.split(":") for line in Path("/etc/passwd").read_text().splitlines()]
    homes = {user.pw_name: str(private / "home")}
    (private / "passwd").write_text(
        "".join(":".join([*line[:5], homes.get(line[0], line[5]), line[6]]) + "\n" for line in lines)
    )
    command = private / "bin" / "ansible-playbook"
    command.parent.mkdir()
    mounted = 'mount --bind "$0" /etc/passwd && exec "$@"'
    real = Path(sys.executable).with_name("ansible-playbook")
    command.write_text(f"#!/bin/sh\nexec unshare --mount sh -c '{mounted}' {private}/passwd {real} \"$@\"\n")
    command.chmod(0o700)
    return command.parent


def _dumped(variables: Variables) -> str:
    return "".join(yaml.dump({name: value}, Dumper=_ExtraVars) for name, value in variables.items())


def shows_no_secret(awx: Awx, *more: str) -> None:
    """The cloud's own secret is the canary: every job has it in its environment."""
    assert awx.jobs
    for job in awx.jobs:
        for secret in (awx.inputs["access_key_secret"], "PRIVATE KEY--", *more):
            where = job.kept.find(secret)
            assert where < 0, job.kept[max(0, where - 300) : where]
