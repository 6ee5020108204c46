# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the checks: dev/test [--list] [NAME...]. As many at a time as keep the cores busy, each in an own environment."""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import typing as t
import xml.etree.ElementTree
from dataclasses import dataclass
from pathlib import Path

import caller
import environment
from environment import CHECKOUT

BUILD = CHECKOUT / ".build"
CORES = os.cpu_count() or 1
TIMEOUT = 1800
LONGER = 20  # times as long may a check take with --long
TEST_TIMEOUT = 900  # seconds, of one test
IDLE = 0.4  # of a core: where that much is left over, another check is started beside those that have the cores
LOOK = 5.0  # seconds, over which that is measured
CROWD = 2  # checks beside those that have the cores: each takes memory, and those that wait for a core slow the others
VERSIONS = ("3.11", "3.12", "3.13")  # with ansible-core 2.19, 2.20, 2.21
NEWEST = VERSIONS[-1]
COMING = "3.14"  # with ansible-core 2.22; skipped where there is none


@dataclass(frozen=True)
class Check:
    """One line of the report: a bash command, run in the checkout (or a copy of it), that succeeds or fails."""

    name: str
    command: str
    #: The environment of dev/requirements whose commands come first on PATH.
    venv: str | None = None
    #: The Python version to run on; None is the default interpreter.
    python: str | None = None
    #: It is pytest: $REPORT names the JUnit report, and each of its tests counts.
    tests: bool = False
    #: How many it keeps busy. With none left it still begins where the others do not use theirs, at a lower priority.
    cores: int = 1
    #: It measures: nothing may run beside it.
    alone: bool = False
    #: Run it in a copy without .git that lies in ansible_collections/alitrust/ecs.
    copy: bool = False
    #: It starts hosts of the local cloud, which takes root. One such at a time: a machine has not room for many hosts.
    root: bool = False
    #: Lines of its output that belong into the report.
    shown: str = "$never"
    #: A command that it needs of the system.
    needs: str | None = None
    #: Seconds; only a check that hangs gets there.
    timeout: int = TIMEOUT
    #: Not in the default run: what it needs and how long it takes.
    optional: str | None = None

    def obstacle(self) -> str | None:
        """Why this machine can't run it."""
        if self.root and os.geteuid() != 0:
            return "not root: network namespaces, systemd and sshd of the local cloud's hosts need it"
        if self.python and environment.interpreter(self.python) is None:
            return f"no Python {self.python} on PATH or under pyenv"
        if self.needs and not shutil.which(self.needs):
            package = environment.TEST_COMMANDS[self.needs]
            return f"the command '{self.needs}' is missing: install the package {package} as root"
        return None


def pytest(
    name: str,
    folder: str,
    *,
    options: str = "",
    first: str = "",
    coverage: bool = False,
    venv: str = "test",
    test_timeout: int = TEST_TIMEOUT,
    **settings: t.Any,
) -> Check:
    runner = "$RUNNER -m pytest" if coverage else "python -m pytest"
    command = f"{first}{runner} --timeout {test_timeout} --junit-xml=$REPORT {options} {folder}"
    return Check(name, command, venv=venv, tests=True, **settings)


def proof(name: str, folder: str, **settings: t.Any) -> Check:
    """A part of docs/docsite/rst/promises.rst: its figures are printed, and with --long it tries all there is."""
    return pytest(f"proof-{name}", f"tests/proof/{folder}", shown="^proof ", **settings)


# In the order they are started: what takes long or waits a good deal first, because the rest fits in beside it and ends
# evenly; what needs the machine to itself last.
CHECKS = [
    # A file's tests share hosts. In this order the files with few tests, which take longest, do not come last.
    pytest(
        "hosts",
        "tests/hosts",
        root=True,
        cores=CORES,
        coverage=True,
        first="dev/host-packages; ",
        options="-n 2 --dist loadfile --no-loadscope-reorder",
        timeout=2700,
    ),
    # Workers wait a good deal, so more than cores, but a fourth costs more than it brings: to switch between processes
    # takes time. Slow tests lie together, so the idle take them from others.
    pytest(
        "integration",
        "tests/integration",
        cores=2,
        coverage=True,
        options="-n 3 --dist worksteal --ignore tests/integration/controller",
    ),
    # Playbooks are run with the newest core here, and with the oldest by the demo, molecule and tests/hosts. What the
    # action plugin and the inventory rely on differs from core to core. Several at a time: half of the time they wait.
    pytest(f"controller-{NEWEST}", "tests/integration/controller", python=NEWEST, options="-n 3 --dist worksteal"),
    # Two at once: 100 s of two cores.
    proof("together", "together", options="-n 3 --dist worksteal", cores=2),
    # pylint takes most of the time and finds the most with the newest ansible-core, so it runs once.
    *(
        Check(f"sanity-{v}", f"$PYTHON dev/lib/sanity.py {v}{'' if v == NEWEST else ' --skip-test pylint'}", python=v)
        for v in VERSIONS
    ),
    # The scenarios of extensions/molecule: about 4 minutes. Its hosts have addresses that no other check's have.
    Check(
        "molecule",
        """
        dev/host-packages
        export MOLECULE_EPHEMERAL_DIRECTORY=$(mktemp -d) LOCAL_CLOUD_PYTHON=$(command -v python) NO_COLOR=1
        # What a command has packed of modules the next ones send, too.
        export ANSIBLE_CALLBACK_PLUGINS=$PWD/tests/hosts/callbacks KEPT_MODULES=$(mktemp -d)
        trap 'dev/local-cloud stop --state-dir $MOLECULE_EPHEMERAL_DIRECTORY/local-cloud;
              rm -rf $MOLECULE_EPHEMERAL_DIRECTORY $KEPT_MODULES' EXIT
        molecule test --all --report |& tee $OUTPUT/molecule.log
        ! grep -F '[DEPRECATION WARNING]' $OUTPUT/molecule.log
        """,
        venv="molecule",
        root=True,
        shown="^[a-z_]+ +: actions=",
    ),
    *(
        pytest(
            f"controller-{v}",
            " ".join(
                f"tests/integration/controller/test_{name}.py"
                for name in ("in_process", "forked_connections", "inventory", "old_core")
            ),
            python=v,
            options="-n 2 -k 'not every_module'",
        )
        for v in VERSIONS[1:-1]
    ),
    # The oldest ansible-core and the oldest SDK that are supported, in the place of ansible-core 2.19 above: the checks
    # integration, molecule and hosts run with that.
    pytest(
        "oldest",
        "tests/unit/cloud tests/unit/core/test_in_process.py "
        "tests/integration/modules/test_vpc.py tests/integration/modules/test_keypair.py "
        "tests/integration/controller/test_in_process.py tests/integration/controller/test_inventory.py",
        venv="oldest",
        python=VERSIONS[0],
        # A time limit is told in other words, and ansible-inventory has no --flush-cache there.
        options="-n 2 -k 'not every_module and not time_limit and not cached'",
    ),
    pytest(
        "next",
        "tests/unit/core/test_in_process.py tests/integration/controller/test_in_process.py",
        venv="next",
        python=NEWEST,
        options="-n 2 -k 'not every_module'",
    ),
    # Runs of playbooks on real hosts, interrupted at tasks, and searched for secrets. A part is one worker's at a time.
    proof(
        "hosts",
        "crash_hosts tests/proof/on_hosts",
        root=True,
        cores=2,
        first="dev/host-packages; ",
        options="-n 2 --dist load",
    ),
    # What the collection promises, tried systematically; docs/docsite/rst/promises.rst is about them.
    proof("canaries", "canaries", options="-n 2", cores=2),
    # Playbooks cut off at their calls. Three at a time, because half of the time they wait.
    proof("crash", "crash", cores=2, options="-n 3 --dist worksteal"),
    proof("weather", "weather", options="-n 2"),
    proof("hostile", "hostile", options="-n 2"),
    # Which texts are templates differs from core to core: half a minute each.
    proof("hostile-oldest", "hostile/test_hostile_playbooks.py", venv="oldest", python=VERSIONS[0]),
    proof("hostile-newest", "hostile/test_hostile_playbooks.py", python=NEWEST),
    # The local cloud, killed, asked nonsense and crowded: 75 s of two cores.
    proof("cloud", "cloud", options="-n 2 --dist worksteal"),
    # A week of modules: a minute.
    proof("week", "week"),
    proof("model", "model", cores=2, options="-n 2 --dist worksteal"),
    # Built without tests, installed into an empty folder, and used from there by somebody else's scenario and the demo,
    # with the local cloud as pip installs it: 90 seconds.
    Check(
        "packaging",
        """
        export ANSIBLE_COLLECTIONS_PATH=$OUTPUT/installed NO_COLOR=1
        (cd tests && find local_cloud -type f | sort) > $OUTPUT/files
        pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $OUTPUT .
        python -m zipfile -l $OUTPUT/*.whl | grep -o '^local_cloud/[^ ]*' | sort | diff $OUTPUT/files -

        ansible-galaxy collection build --output-path $OUTPUT
        ansible-galaxy collection install --offline --no-deps -p $OUTPUT/installed $OUTPUT/*.tar.gz
        collection=$OUTPUT/installed/ansible_collections/alitrust/ecs
        for name in tests dev findings build pyproject.toml; do [ ! -e $collection/$name ]; done
        cp -r $collection/examples/molecule $OUTPUT/project

        export MOLECULE_EPHEMERAL_DIRECTORY=$(mktemp -d)
        export ALITRUST_DEMO_STATE=$MOLECULE_EPHEMERAL_DIRECTORY/demo ALITRUST_DEMO_COLLECTIONS=$OUTPUT/installed
        if ansible-playbook alitrust.ecs.local_cloud -e local_cloud_dir=$ALITRUST_DEMO_STATE > $OUTPUT/without; then
            exit 1
        fi
        grep -F 'pip install "alitrust-local-cloud @ git+https://' $OUTPUT/without

        # An environment that has the package beside what this one has.
        python -m venv --without-pip $OUTPUT/venv
        site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        echo $site > $OUTPUT/venv/lib/$(basename $(dirname $site))/site-packages/beside.pth
        pip --python $OUTPUT/venv install --quiet --no-deps --no-index $OUTPUT/*.whl
        export PATH=$OUTPUT/venv/bin:$PATH
        trap 'for cloud in $MOLECULE_EPHEMERAL_DIRECTORY/local-cloud $ALITRUST_DEMO_STATE/cloud; do
                  alitrust-local-cloud stop --state-dir $cloud
              done
              rm -rf $MOLECULE_EPHEMERAL_DIRECTORY' EXIT
        # Nothing but these four folders is needed to run.
        (cd $collection && find . -mindepth 1 -maxdepth 1 ! -name meta ! -name plugins ! -name roles ! -name playbooks \
            -exec rm -r {} +)
        (cd $OUTPUT/project && molecule test --report) |& tee $OUTPUT/log
        # A cloud that the caller works with is not the demo's.
        (export ALITRUST_CONNECTION_FILE=/of/another/cloud.json; dev/demo && dev/demo down) |& tee -a $OUTPUT/log
        ! grep -F '[DEPRECATION WARNING]' $OUTPUT/log
        """,
        venv="molecule",
        copy=True,
    ),
    # The guide's way to install without the internet, walked: some minutes, most of them for wheels.
    Check("offline", "python dev/lib/offline.py $OUTPUT", venv="collection", copy=True),
    *(pytest(f"unit-{v}", "tests/unit", python=v, coverage=v == VERSIONS[0]) for v in (*VERSIONS, COMING)),
    # That contributors' other way to start tests works, on few of them: 30 seconds.
    Check(
        "ansible-test",
        f"""
        ansible-test units --local --python {NEWEST} --color no --num-workers 1 tests/unit/core/ tests/unit/hosts/
        ansible-test integration --local --python {NEWEST} --color no
        """,
        venv="ansible-test",
        python=NEWEST,
        copy=True,
    ),
    Check("ansible-lint", "ansible-lint --offline --nocolor", venv="collection"),
    Check("galaxy-importer", "dev/release --output $OUTPUT", venv="collection", copy=True),
    Check("docs", "antsibull-docs lint-collection-docs --plugin-docs .", venv="collection", copy=True),
    Check("docsite", "python dev/lib/docsite.py $OUTPUT", venv="collection"),
    # About 15 s, and a minute more for its environment on a new machine.
    Check("execution-environment", "python dev/lib/execution_environment.py", venv="collection", copy=True),
    Check(
        "changelog",
        """
        antsibull-changelog lint
        # A release of the copy, which the tool wants to be a repository: 10 seconds.
        git init --quiet && git add .
        antsibull-changelog release
        grep '^## v' CHANGELOG.md
        # Where there was no release before, everything is new.
        for module in plugins/modules/*.py; do
            grep -q "^ *name: $(basename $module .py)$" changelogs/changelog.yaml
        done
        """,
        venv="collection",
        copy=True,
        needs="git",
    ),
    # In a copy, because bytecode that a test makes while it looks around has no licence.
    Check("reuse", "reuse lint --lines", venv="collection", copy=True),
    # What GitHub, editors, pre-commit and tox-ansible read: 10 seconds.
    Check(
        "repository",
        """
        schema() { check-jsonschema --builtin-schema vendor.$1 "${@:2}"; }
        schema github-workflows .github/workflows/*.yml
        schema dependabot .github/dependabot.yml
        schema github-issue-config .github/ISSUE_TEMPLATE/config.yml
        schema github-issue-forms .github/ISSUE_TEMPLATE/*_*.yml
        check-jsonschema --schemafile dev/schemas/devcontainer.json .devcontainer/devcontainer.json
        check-jsonschema --schemafile dev/schemas/devfile.json devfile.yaml
        zizmor --offline --pedantic --no-progress .github
        pre-commit validate-config
        tox list --ansible --conf tox-ansible.ini --workdir $OUTPUT
        """,
        venv="repository",
    ),
    Check(
        "mypy",
        """
        export MYPYPATH=$ANSIBLE_COLLECTIONS_PATH:tests:tests/integration:tests/integration/local_cloud:dev/lib
        MYPYPATH+=:tests/bench
        checkout=$ANSIBLE_COLLECTIONS_PATH/ansible_collections/alitrust/ecs
        apart=tests/integration/local_cloud  # has files of the same names
        failed=0
        mypy --exclude "^$apart/|/conftest.py$" "$checkout/plugins" "$checkout/extensions/eda" tests dev/lib || failed=1
        mypy --exclude '/conftest.py$' $apart || failed=1
        git ls-files -z '*/conftest.py' | xargs -0 -n 1 mypy || failed=1
        exit $failed
        """,
        venv="lint",
    ),
    Check("ruff", "ruff check --output-format concise . && ruff format --check .", venv="lint"),
    Check("shellcheck", "git grep -lzE '^#!.*\\b(ba)?sh$' ':!*.py' | xargs -0 shellcheck", needs="shellcheck"),
    # About 40 s, most of it the rulebook's.
    pytest("eda", "tests/eda", venv="eda", python="3.11", needs="java"),
    pytest("browser", "tests/browser", needs="chromium"),
    pytest("bench", "tests/bench", alone=True, options="-s", shown="^[|]"),
    pytest(
        "qemu",
        "tests/qemu",
        root=True,
        alone=True,
        first="dev/host-packages --machines; ",
        options="-s",
        shown="^[.]?[0-9:]{8} ",
        test_timeout=3600,
        timeout=5400,
        optional="Virtual machines with UEFI, TPM and IMA. Needs root, /dev/net/tun, a loop device, 1.5 GB of memory "
        "and 3 GB of disk; installs qemu-system-x86, ovmf, mmdebstrap, mtools, fdisk and builds an image from Debian's "
        "packages once (1 minute). Without KVM it takes about 6 minutes of one core, and 15 on a busy machine.",
    ),
]


@dataclass
class Outcome:
    check: Check
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: tuple[str, ...] = ()
    log: Path | None = None


class Processors:
    """How busy all of this machine's cores are, whoever it is that uses them; Linux only."""

    def __init__(self) -> None:
        self._before = self._read()

    @staticmethod
    def _read() -> tuple[int, int]:
        """Ticks since the start of the machine: those in which a core had nothing to do, and all."""
        try:
            ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        except (OSError, ValueError):
            return 0, 0
        return ticks[3] + ticks[4], sum(ticks)  # idle and iowait

    def idle(self) -> float:
        """How many cores had nothing to do since the last time this was asked; none where nobody can tell."""
        (idle, total), self._before = self._before, self._read()
        return CORES * (self._before[0] - idle) / max(1, self._before[1] - total)


class Runner:
    """Has checks begin, in their order, as soon as their cores are free.

    Many of them wait a good deal, for a cloud, a host or a download. So a check may also begin beside those that have
    the cores when these leave enough of them idle; it then runs at a lower priority, to be in nobody's way.
    """

    def __init__(self) -> None:
        self.free = CORES
        self.beside = 0  # how many run without cores of their own
        self.offered = False  # the cores were idle a moment ago, and no check has taken that up yet
        self.alone = False
        self.hosts = False  # the check that starts some is running
        self.changed = asyncio.Condition()

    async def watch(self) -> None:
        """Offer what the running checks leave idle to one that waits, each time; it is measured anew with that one."""
        processors = Processors()
        while True:
            await asyncio.sleep(LOOK)
            async with self.changed:
                self.offered = processors.idle() >= IDLE and self.beside < CROWD and not self.alone
                self.changed.notify_all()

    def fits(self, check: Check) -> bool:
        if check.alone:
            return self.free == CORES and not self.beside
        if check.root and self.hosts:
            return False
        return self.free >= min(check.cores, CORES) or self.offered

    async def run(self, check: Check) -> Outcome:
        async with self.changed:
            await self.changed.wait_for(lambda: self.fits(check))
            cores = CORES if check.alone else min(check.cores, CORES)
            if cores > self.free:
                cores, self.offered = 0, False
            self.free -= cores
            self.beside += not cores
            self.alone = check.alone
            self.hosts |= check.root
        started = time.monotonic()
        try:
            outcome = await self.execute(check, beside=not cores)
        except environment.SetupError as error:
            outcome = Outcome(check, failed=1, reasons=(str(error),))
        finally:
            async with self.changed:
                self.free += cores
                self.beside -= not cores
                self.alone = False
                self.hosts &= not check.root
                self.changed.notify_all()
        outcome.seconds = time.monotonic() - started
        report(outcome)
        return outcome

    async def execute(self, check: Check, *, beside: bool) -> Outcome:
        if reason := await asyncio.to_thread(check.obstacle):
            return Outcome(check, skipped=1, reasons=(reason,))
        settings = await asyncio.to_thread(settings_for, check)
        if not check.copy:
            return await self.command(check, settings, CHECKOUT, beside=beside)
        # Not under the checkout: the tools would ask its git for the files and find all of them ignored.
        with tempfile.TemporaryDirectory(prefix="alitrust-ecs-") as temporary:
            folder = Path(temporary) / "ansible_collections" / "alitrust" / "ecs"
            await asyncio.to_thread(environment.copy_checkout, folder)
            return await self.command(check, settings, folder, beside=beside)

    async def command(self, check: Check, settings: dict[str, str], folder: Path, *, beside: bool) -> Outcome:
        log = BUILD / "logs" / f"{check.name}.log"
        Path(settings["REPORT"]).unlink(missing_ok=True)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(("nice",) if beside else ()),
                *("bash", "-euo", "pipefail", "-c", check.command),
                cwd=folder,
                env=settings,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                async with asyncio.timeout(check.timeout * (LONGER if settings["ALITRUST_LONG"] == "1" else 1)):
                    code = await process.wait()
            except TimeoutError:
                return Outcome(check, failed=1, reasons=(f"still running after {check.timeout} s",), log=log)
            finally:
                await end(process)
        if check.tests:
            return count_tests(check, code, Path(settings["REPORT"]), log)
        skips = re.findall(r"WARNING: (Required program .*|Skipping .*)", log.read_text(errors="replace"))
        return Outcome(check, passed=code == 0, failed=code != 0, reasons=tuple(dict.fromkeys(skips)), log=log)


async def end(process: asyncio.subprocess.Process) -> None:
    """Whatever a check left running ends with it; one that is cut off is given time to clean up."""
    with contextlib.suppress(ProcessLookupError):
        try:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGINT)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 20)
        finally:  # also where the wait is broken off
            os.killpg(process.pid, signal.SIGKILL)


def settings_for(check: Check) -> dict[str, str]:
    """The environment variables of a check. No credentials, settings or home folder of the caller's get into a test."""
    python = environment.interpreter(check.python) if check.python else environment.default_interpreter()
    settings = {
        name: value
        for name, value in caller.harmless(os.environ).items()
        if not name.startswith(("PYTHON", "PYTEST_", "VIRTUAL_ENV"))
    }
    settings |= {
        "ALITRUST_CACHE": str(environment.CACHE),
        "ANSIBLE_COLLECTIONS_PATH": str(environment.collections()),
        "ANSIBLE_NOCOLOR": "1",
        "COVERAGE_FILE": str(BUILD / "coverage" / f"data.{check.name}"),
        "OUTPUT": str(BUILD / "output" / check.name),
        "PYTHON": str(python),
        "REPORT": str(BUILD / "reports" / f"{check.name}.xml"),
    }
    shutil.rmtree(settings["OUTPUT"], ignore_errors=True)
    Path(settings["OUTPUT"]).mkdir(parents=True)
    if check.venv:
        settings["PATH"] = f"{environment.venv(check.venv, python) / 'bin'}{os.pathsep}{settings['PATH']}"
        home = BUILD / "home" / check.name
        home.mkdir(parents=True, exist_ok=True)
        settings["HOME"] = str(home)
    return settings


def count_tests(check: Check, code: int, path: Path, log: Path) -> Outcome:
    """Count the tests in pytest's report. A run that ended badly without a failed test (or without any) failed too."""
    outcome = Outcome(check, log=log)
    if path.exists():
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
        skips = [skip.get("message", "") for case in cases for skip in case.iter("skipped")]
        outcome.failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
        outcome.skipped = len(skips)
        outcome.passed = len(cases) - outcome.failed - outcome.skipped
        outcome.reasons = tuple(f"{count} of {reason}" for reason, count in collections.Counter(skips).items())
    if code and not outcome.failed:
        outcome.failed = 1
        outcome.reasons += (f"pytest ended with exit code {code}" + (": it found no test" if code == 5 else ""),)
    return outcome


def report(outcome: Outcome) -> None:
    verdict = "FAILED" if outcome.failed else "ok" if outcome.passed else "skipped"
    tests = (
        f"{outcome.passed} of {outcome.passed + outcome.failed} tests" if outcome.check.tests and outcome.log else ""
    )
    print(f"{verdict:8} {outcome.check.name:22} {outcome.seconds:6.1f} s  {tests}".rstrip())
    for reason in outcome.reasons:
        print(f"         {reason if outcome.failed else f'skipped: {reason}'}")
    lines = outcome.log.read_text(errors="replace").strip().splitlines() if outcome.log else []
    for line in lines:
        if re.search(outcome.check.shown, line):
            print(f"         {line}")
    if outcome.failed and outcome.log:
        print(f"         the end of {outcome.log.relative_to(CHECKOUT)} ({len(lines)} lines):")
        print("\n".join(f"         | {line}" for line in lines[-40:]))
    sys.stdout.flush()


async def report_coverage() -> None:
    folder = BUILD / "coverage"
    if not any(folder.glob("data.*")):
        return
    bin_folder = await asyncio.to_thread(environment.venv, "test") / "bin"
    script = """
        coverage combine --quiet .build/coverage/data.*
        coverage report > .build/coverage/report.txt
        for part in plugins tests/local_cloud; do
            if total=$(coverage report --include="$part/*" --format=total); then echo "coverage of $part: $total%"; fi
        done
        echo "by file: .build/coverage/report.txt"
    """
    settings = os.environ | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "COVERAGE_FILE": str(folder / "all"),
    }
    process = await asyncio.create_subprocess_exec("bash", "-ec", script, cwd=CHECKOUT, env=settings)
    await process.wait()


def chosen(names: list[str]) -> list[Check]:
    """The checks of these names; "unit" is all of unit-3.11, unit-3.12, ..., and "proof" all of proof-crash, ..."""
    if unknown := sorted(set(names) - set().union(*map(names_of, CHECKS))):
        sys.exit(f"error: there is no check '{unknown[0]}'; dev/test --list names them all")
    return [check for check in CHECKS if (names_of(check) & set(names) if names else not check.optional)]


def names_of(check: Check) -> set[str]:
    """By what a check can be chosen: its name, and those of the groups that it is in."""
    parts = check.name.split("-")
    return {"-".join(parts[:number]) for number in range(1, len(parts) + 1)}


async def run_all(checks: list[Check]) -> list[Outcome]:
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    runner = Runner()
    watch = asyncio.create_task(runner.watch())
    outcomes = await asyncio.gather(*(runner.run(check) for check in checks))
    watch.cancel()
    await report_coverage()
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev/test", description="Run the checks, all or the named ones.")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    parser.add_argument("--long", action="store_true", help="let the proofs try all there is; takes hours")
    parser.add_argument("--coverage", action="store_true", help="measure what is run; takes half as long again")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a check, or a group of them such as 'sanity'")
    arguments = parser.parse_args()
    checks = chosen(arguments.names)
    if arguments.list:
        for check in checks if arguments.names else CHECKS:
            print(f"{check.name}: optional, not in the default run. {check.optional}" if check.optional else check.name)
        return 0
    shutil.rmtree(BUILD / "coverage", ignore_errors=True)
    for name in ("coverage", "logs", "reports"):
        (BUILD / name).mkdir(parents=True, exist_ok=True)
    environment.ensure_commands(**environment.TEST_COMMANDS)
    os.environ["ALITRUST_LONG"] = "1" if arguments.long else "0"
    os.environ["RUNNER"] = "coverage run" if arguments.coverage else "python"
    started = time.monotonic()
    outcomes = asyncio.run(run_all(checks))
    minutes = (time.monotonic() - started) / 60
    failed = [outcome.check.name for outcome in outcomes if outcome.failed]
    if failed:
        print(f"failed: {', '.join(failed)}; again with: dev/test {' '.join(failed)}")
    totals = [sum(getattr(outcome, what) for outcome in outcomes) for what in ("passed", "failed", "skipped")]
    print("{} passed, {} failed, {} skipped".format(*totals) + f" in {minutes:.1f} min")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        environment.command(main)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("error: interrupted")
