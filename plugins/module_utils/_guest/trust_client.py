# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trust client of an instance: installed from where it is on offer, or removed. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library. Sources: ECS User Guide, "Install the trust
client" for the sites, their paths and the packages.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import typing as t
from urllib.parse import unquote, urlsplit

from .._cloud.errors import InvalidInput, UnexpectedState
from . import packages
from .packages import Tool
from .web import Damaged, Unreached

PACKAGE = "t-trustclient"
UNIT = "t-trustclient.service"
ARCHITECTURES = ("x86_64", "aarch64")
#: How the sites name the systems that have packages of a format.
_SYSTEMS = {"deb": "ubuntu", "rpm": "centos"}
_HOSTS = (
    "trustclient-{region}.oss-{region}-internal.aliyuncs.com",
    "trustclient-{region}.oss-{region}.aliyuncs.com",
    "t-trustclient-{region}.oss-{region}-internal.aliyuncs.com",
)
_VERSION = re.compile(r"\d[0-9A-Za-z.+~-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RUNS = "enabled and running"
#: Where the package is downloaded to. Its parent is root's, so that nobody else can have put it there.
FOLDER = "/var/cache/alitrust-trustclient"
_SECONDS = 10
_SECONDS_OF_DOWNLOAD = 30

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "package_format": {"type": "str", "choices": sorted(packages.TOOLS), "required": True},
    "version": {"type": "str"},
    "sha256": {"type": "str"},
    "file": {"type": "path"},
    "base_urls": {"type": "list", "elements": "str", "default": []},
    "allow_http": {"type": "bool", "default": False},
    "validate_certs": {"type": "bool", "default": True},
    "region": {"type": "str"},
    "metadata_allow_v1": {"type": "bool", "default": False},
}

if t.TYPE_CHECKING:
    from .._ssh.module import Run
    from .web import Web


def passwords(given: t.Mapping[str, t.Any]) -> list[str]:
    """Those in the addresses of an option as it was given, which nothing may show."""
    urls = given.get("base_urls") or []
    parts = [
        urlsplit(str(url).strip()) for url in (urls.split(",") if isinstance(urls, str) else urls) if "@" in str(url)
    ]
    return [word for part in parts for word in (part.password, unquote(part.password or "")) if word]


def manage(
    options: dict[str, t.Any], run: Run, web: Web, *, check_mode: bool, folder: str = FOLDER
) -> dict[str, t.Any]:
    """What C(trust_client) does.

    :param options: as in SPEC
    :param folder: nothing else may have it: it is emptied and removed
    :raises InvalidInput: an option that cannot work; nothing was changed
    :raises UnexpectedState: what stands in the way, and what was changed
    """
    _check(options)
    tool = packages.TOOLS[options["package_format"]]
    installed = packages.version(tool, PACKAGE, run)
    work = _Work(options, tool, run, web, check_mode, installed, folder)
    if options["state"] == "absent":
        work.remove()
    else:
        work.install()
        work.start()
    return work.result()


def _check(options: dict[str, t.Any]) -> None:
    pinned, version = options["sha256"], options["version"]
    if pinned and not _SHA256.fullmatch(pinned.lower()):
        raise InvalidInput(f"sha256 is {pinned!r}; expected 64 hexadecimal digits.")
    if version and not _VERSION.fullmatch(version):
        raise InvalidInput(f"version is {version!r}; expected one such as 1.1.0.")
    if options["file"] and options["base_urls"]:
        raise InvalidInput("file and base_urls both say where the package is; give one of them.")


class _Work:
    """What is done, step by step, or foretold in check mode."""

    def __init__(
        self,
        options: dict[str, t.Any],
        tool: Tool,
        run: Run,
        web: Web,
        check_mode: bool,
        installed: str,
        folder: str,
    ) -> None:
        self._folder = folder
        self._options, self._tool, self._run, self._web, self._check_mode = options, tool, run, web, check_mode
        self._before = self._after = installed
        self._done: list[str] = []
        self._warnings: list[str] = []
        self._in_order: bool | None = None
        self._origin = ""

    def result(self) -> dict[str, t.Any]:
        before, after = {"version": self._before}, {"version": self._after}
        if self._in_order is not None:
            before["unit"] = _RUNS if self._in_order else "not enabled, or not running"
            after["unit"] = _RUNS
        return {
            "changed": bool(self._done),
            "version": self._after,
            "diff": {"before": before, "after": after},
            "warnings": self._warnings,
            "summary": " and ".join(self._done) or f"{PACKAGE} {self._after or 'is not installed'}".strip(),
        }

    def _tell(self, done: str, foretold: str) -> None:
        self._done.append(foretold if self._check_mode else done)

    def remove(self) -> None:
        if not self._before:
            return
        if not self._check_mode:
            packages.remove(self._tool, PACKAGE, self._run)
            left = packages.version(self._tool, PACKAGE, self._run)
            if left:
                raise UnexpectedState(f"The package manager reported success, but {PACKAGE} {left} is still installed.")
        self._after = ""
        self._tell(f"{PACKAGE} {self._before} was removed", f"{PACKAGE} {self._before} would be removed")

    def install(self) -> None:
        if self._before and self._options["version"] in (None, "", self._before):
            return
        file = self._options["file"]
        if file:
            self._install(file, self._options["version"] or "", file)
        else:
            self._download_and_install()
        self._tell(
            f"{PACKAGE} {self._after} was installed",
            f"{PACKAGE} {self._after} would be installed from {self._origin}",
        )

    def _download_and_install(self) -> None:
        """From the first site that has it."""
        offer = _Offer(self._options, self._web)
        version = self._options["version"] or offer.newest()
        if self._check_mode:
            self._after, self._origin = version, offer.sites[0]
            return
        folder = self._folder
        # Always the same, so that what an interrupted run leaves is found.
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder, 0o700)
        try:
            file = os.path.join(folder, f"{PACKAGE}.{self._options['package_format']}")
            site = offer.fetch(version, file)
            if not self._options["sha256"]:
                self._warnings.append(
                    f"NOT verified: that {PACKAGE} {version} is authentic. sha256 is not set, and its published MD5 "
                    f"sum, from {site}, finds damage, not forgery."
                )
            self._install(file, version, site)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _install(self, file: str, version: str, origin: str) -> None:
        """Have the package manager install a file, and ask it what it has then."""
        self._origin = origin
        if self._check_mode:
            self._after = version
            return
        packages.install(self._tool, file, self._run, before=self._before, version=version)
        self._after = packages.version(self._tool, PACKAGE, self._run)
        if not self._after or version not in ("", self._after):
            raise UnexpectedState(
                f"The package manager reported success, but {PACKAGE} {self._after or '(none)'} is installed "
                f"instead of {version}.",
                hint=f"Does the package from {origin} hold another version than its name says?",
            )

    def start(self) -> None:
        """Have the unit enabled and running. In check mode it may not exist yet."""
        if self._check_mode and not self._before:
            return
        self._in_order = packages.unit_in_order(UNIT, self._run)
        if self._in_order:
            return
        if not self._check_mode:
            packages.enable(UNIT, self._run)
        self._tell(f"{UNIT} was enabled and started", f"{UNIT} would be enabled and started")


class _Offer:
    """The sites that have the package."""

    def __init__(self, options: dict[str, t.Any], web: Web) -> None:
        self._options, self._web = options, web
        self._architecture = platform.machine()
        if self._architecture not in ARCHITECTURES:
            raise UnexpectedState(
                f"This is {self._architecture}; the trust client exists for {' and '.join(ARCHITECTURES)}."
            )
        self.sites = [url.strip().rstrip("/") for url in options["base_urls"] if url.strip()] or self._of_region()

    def _of_region(self) -> list[str]:
        """Where the packages of a region are, in the order to try.

        Over plain http anybody on the way could put in another package, so that needs a pin or a word.
        """
        region = self._options["region"] or self._web.region(v1=self._options["metadata_allow_v1"])
        schemes = ("https", "http") if self._options["sha256"] or self._options["allow_http"] else ("https",)
        return [f"{scheme}://{host.format(region=region)}" for scheme in schemes for host in _HOSTS]

    def newest(self) -> str:
        """The newest version; the site that told it is the first from then on."""
        failures = []
        for site in self.sites:
            try:
                said = self._web.text(f"{site}/version/{self._architecture}/last", _SECONDS).strip()
            except Unreached as exc:
                failures.append(f"{site}: {exc.message}")
                continue
            if _VERSION.fullmatch(said):
                self.sites = [site, *(one for one in self.sites if one != site)]
                return said
            failures.append(f"{site}: what it says is no version")
        raise UnexpectedState(
            f"no site of the trust client tells its newest version: {'; '.join(failures)}.", hint=self._hint()
        )

    def fetch(self, version: str, file: str) -> str:
        """Download the package of a version; returns the site that it came from."""
        path = (
            f"/download/linux/{_SYSTEMS[self._options['package_format']]}/{self._architecture}/{version}/"
            f"{PACKAGE}-{version}-{self._architecture}.{self._options['package_format']}"
        )
        pinned = (self._options["sha256"] or "").lower()
        failures = []
        for site in self.sites:
            try:
                md5 = self._web.download(site + path, file, _SECONDS_OF_DOWNLOAD, sha256=pinned)
            except (Unreached, Damaged) as exc:
                failures.append(f"{site}: {exc.message}")
                continue
            if not pinned:
                self._compare(site + path, md5, version)
            return site
        raise UnexpectedState(
            f"{PACKAGE} {version} could not be fetched, and nothing was installed: {'; '.join(failures)}.",
            hint=self._hint(),
        )

    def _compare(self, url: str, md5: str, version: str) -> None:
        try:
            published = self._web.text(f"{url}.md5", _SECONDS).strip()
        except Unreached as exc:
            raise UnexpectedState(
                f"the MD5 sum of {url} cannot be read, and nothing was installed: {exc.message}."
            ) from None
        if not published.lower().startswith(md5):
            raise UnexpectedState(
                f"{url} is damaged, and nothing was installed: its MD5 sum is {md5}, the published one is "
                f"{published[:80]}.",
                hint=f"Try again, or ask for another version than {version}.",
            )

    def _hint(self) -> str:
        return (
            "Check that the instance may reach the sites (security group, name resolution). Plain http is tried only "
            "with sha256 or allow_http; base_urls and file name other sources."
        )
