# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module trust_client does, in which order, and what it refuses to install."""

from __future__ import annotations

import hashlib
import http.server
import platform
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._guest import web
from ansible_collections.alitrust.ecs.plugins.module_utils._guest.trust_client import PACKAGE, SPEC, manage, passwords

ARCHITECTURE = platform.machine()
CONTENT = b"a package" * 1000
PIN = hashlib.sha256(CONTENT).hexdigest()


class System:
    """A system with a package manager and systemd; C(done) has the changes that it was asked for."""

    def __init__(self, version: str = "", *, unit: bool = False, kind: str = "deb", brings: str = "") -> None:
        self.version, self.unit, self.kind, self.brings = version, unit, kind, brings
        self.done: list[str] = []
        self.fails = ""

    def __call__(self, command: list[str], text: str | None = None) -> tuple[int, str, str]:
        line = " ".join(command)
        if self.fails and self.fails in line:
            return 100, "", "E: cannot"
        if command[0] in ("dpkg-query", "rpm"):
            assert (command[0] == "rpm") == (self.kind == "rpm")
            return (0, f"ii |{self.version}", "") if self.version else (1, "", "none")
        if line.startswith("systemctl show"):
            state = "enabled" if self.unit else "disabled"
            return 0, f"LoadState=loaded\nUnitFileState={state}\nActiveState=active\n", ""
        self.done.append(line)
        if line == f"systemctl enable --now {PACKAGE}.service":
            self.unit = True
        elif " purge " in line or "yum remove" in line:
            self.version = ""
        else:
            self.version = self.brings or command[-1].partition("@")[2]
        return 0, "", ""


class Web:
    """Sites that offer versions, each package saying its version in its name."""

    def __init__(self, **sites: t.Any) -> None:
        self.sites = sites
        self.asked: list[str] = []
        self.md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
        self.regions: list[bool] = []

    def _site(self, url: str) -> dict[str, str]:
        self.asked.append(url)
        name = url.split("/")[2].partition(".")[0].replace("-", "_")
        if name not in self.sites:
            raise web.Unreached("HTTP Error 503: Service Unavailable")
        return dict(self.sites[name])

    def text(self, url: str, seconds: int) -> str:
        site = self._site(url)
        return f"{self.md5}  name\n" if url.endswith(".md5") else site["newest"] + "\n"

    def download(self, url: str, path: str, seconds: int, *, sha256: str = "") -> str:
        site = self._site(url)
        content = site.get("content", CONTENT.decode()).encode()
        if sha256 and hashlib.sha256(content).hexdigest() != sha256:
            raise web.Damaged("the checksum is another")
        Path(path).write_bytes(content)
        return hashlib.md5(content, usedforsecurity=False).hexdigest()

    def region(self, *, v1: bool) -> str:
        self.regions.append(v1)
        return "cn-hangzhou"


ONE = {"newest": "1.1.0"}
URL = "https://one.example.com"


def done(system: System, sites: Web, folder: Path, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    defaults = {name: spec.get("default") for name, spec in SPEC.items()}
    asked = {**defaults, "package_format": system.kind, **options}
    try:
        work = str(folder / "work")
        return manage(asked, system, t.cast("web.Web", sites), check_mode=check_mode, folder=work)
    finally:
        assert list(folder.iterdir()) == [], "the package is left"


def test_the_newest_is_installed_and_its_unit_started(tmp_path: Path) -> None:
    system = System(brings="1.1.0")
    found = done(system, Web(one=ONE), tmp_path, base_urls=[f"{URL}/"])
    assert found["changed"]
    assert (found["version"], system.version, system.unit) == ("1.1.0", "1.1.0", True)
    assert system.done[0].endswith(f"install -y --allow-downgrades {tmp_path}/work/{PACKAGE}.deb")
    assert found["warnings"][0].startswith("NOT verified")
    assert found["diff"] == {
        "before": {"version": "", "unit": "not enabled, or not running"},
        "after": {"version": "1.1.0", "unit": "enabled and running"},
    }
    again = done(system, Web(), tmp_path)
    assert (again["changed"], again["warnings"], len(system.done)) == (False, [], 2)


def test_check_mode_changes_nothing_and_says_the_same(tmp_path: Path) -> None:
    system = System()
    found = done(system, Web(one=ONE), tmp_path, check_mode=True, base_urls=[URL])
    assert found["changed"]
    assert found["summary"] == f"{PACKAGE} 1.1.0 would be installed from {URL}"
    assert done(System("1.1.0"), Web(), tmp_path, check_mode=True)["summary"] == (
        f"{PACKAGE}.service would be enabled and started"
    )
    gone = done(System("1.1.0", unit=True), Web(), tmp_path, check_mode=True, state="absent")
    assert (gone["changed"], gone["version"]) == (True, "")
    assert system.done == []


def test_what_is_there_stays_unless_another_version_is_asked_for(tmp_path: Path) -> None:
    sites = Web(one=ONE)
    assert not done(System("1.0.0", unit=True), sites, tmp_path, base_urls=[URL])["changed"]
    assert not done(System("1.0.0", unit=True), sites, tmp_path, base_urls=[URL], version="1.0.0")["changed"]
    assert sites.asked == []
    system = System("1.10.0", unit=True, kind="rpm", brings="1.9.0")
    assert done(system, sites, tmp_path, base_urls=[URL], version="1.9.0", sha256=PIN.upper())["warnings"] == []
    system.brings = "1.10.0"
    assert done(system, sites, tmp_path, base_urls=[URL], version="1.10.0", sha256=PIN)["changed"]
    assert [line.split()[1] for line in system.done] == ["downgrade", "install"], "versions are numbers, not texts"


def test_sites_are_asked_in_turn(tmp_path: Path) -> None:
    sites = Web(two=ONE)
    done(System(brings="1.1.0"), sites, tmp_path, base_urls=[URL, "https://two.example.com"])
    path = f"/download/linux/ubuntu/{ARCHITECTURE}/1.1.0/{PACKAGE}-1.1.0-{ARCHITECTURE}.deb"
    assert sites.asked == [
        *(f"{url}/version/{ARCHITECTURE}/last" for url in (URL, "https://two.example.com")),
        f"https://two.example.com{path}",
        f"https://two.example.com{path}.md5",
    ]


@pytest.mark.parametrize(("options", "plain"), [({}, False), ({"allow_http": True}, True), ({"sha256": PIN}, True)])
def test_plain_http_needs_a_pin_or_a_word(tmp_path: Path, options: dict[str, t.Any], plain: bool) -> None:
    sites = Web()
    with pytest.raises(UnexpectedState, match=r"no site .* tells its newest version: .*503") as caught:
        done(System(), sites, tmp_path, metadata_allow_v1=True, **options)
    assert len(sites.asked) == (6 if plain else 3)
    assert sites.asked[0].startswith("https://trustclient-cn-hangzhou.oss-cn-hangzhou-internal.aliyuncs.com/")
    assert any(url.startswith("http:") for url in sites.asked) == plain
    assert "base_urls and file name other sources" in caught.value.hint
    assert sites.regions == [True]
    sites = Web()
    with pytest.raises(UnexpectedState):
        done(System(), sites, tmp_path, region="cn-beijing")
    assert "cn-beijing" in sites.asked[0]
    assert sites.regions == []


def test_another_package_than_the_pinned_one_is_not_installed(tmp_path: Path) -> None:
    system = System()
    with pytest.raises(UnexpectedState, match=r"could not be fetched, and nothing was installed: .*checksum"):
        done(system, Web(one={**ONE, "content": "forged"}), tmp_path, base_urls=[URL], sha256=PIN)
    with pytest.raises(UnexpectedState, match="is damaged, and nothing was installed"):
        done(system, Web(one={**ONE, "content": "damaged"}), tmp_path, base_urls=[URL])
    with pytest.raises(UnexpectedState, match="what it says is no version"):
        done(system, Web(one={"newest": "<html>"}), tmp_path, base_urls=[URL])
    assert system.done == []


def test_what_the_package_manager_says_is_not_taken_for_the_end(tmp_path: Path) -> None:
    with pytest.raises(UnexpectedState, match=r"reported success, but t-trustclient 1\.0\.0 is installed instead"):
        done(System(brings="1.0.0"), Web(one=ONE), tmp_path, base_urls=[URL])
    system = System("1.0.0", unit=True)
    system.fails = "purge"
    with pytest.raises(UnexpectedState, match=r"purge -y t-trustclient failed with the status 100: .*cannot"):
        done(system, Web(), tmp_path, state="absent")
    system.fails = "systemctl enable"
    system.unit = False
    with pytest.raises(UnexpectedState, match="systemctl enable --now t-trustclient"):
        done(system, Web(), tmp_path)


def test_a_file_is_installed_without_asking_a_site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("given") / "client@1.1.0"
    file.write_bytes(CONTENT)
    sites, system = Web(), System()
    assert done(system, sites, tmp_path, file=str(file), version="1.1.0")["version"] == "1.1.0"
    assert (sites.asked, file.exists()) == ([], True)


def test_removal(tmp_path: Path) -> None:
    system = System("1.1.0", unit=True)
    assert done(system, Web(), tmp_path, state="absent")["summary"] == f"{PACKAGE} 1.1.0 was removed"
    assert (system.version, system.done[0].split()[-3:]) == ("", ["purge", "-y", PACKAGE])
    assert not done(system, Web(), tmp_path, state="absent")["changed"]


@pytest.mark.parametrize(
    "options",
    [{"sha256": "abc"}, {"version": "latest; rm"}, {"file": "/a", "base_urls": [URL]}],
    ids="-".join,
)
def test_options_that_cannot_work_are_refused(tmp_path: Path, options: dict[str, t.Any]) -> None:
    system = System()
    with pytest.raises(InvalidInput):
        done(system, Web(), tmp_path, **options)
    assert system.done == []


@pytest.mark.parametrize("urls", ["{0}", ["{0}"], "https://one.example.com, {0}"])
def test_passwords_in_addresses_are_told_apart_to_be_hidden(urls: str | list[str]) -> None:
    url = "https://ops:s3cr%2Ft@mirror.example.com/t"
    given = urls.format(url) if isinstance(urls, str) else [url]
    assert set(passwords({"base_urls": given})) == {"s3cr%2Ft", "s3cr/t"}
    assert passwords({"base_urls": [URL]}) == passwords({}) == []


class Handler(http.server.BaseHTTPRequestHandler):
    """What is asked for decides the answer."""

    tokens = True

    def log_message(self, *_arguments: t.Any) -> None:
        pass

    def _say(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self._say(*((200, b"t0ken") if type(self).tokens else (403, b"")))

    def do_GET(self) -> None:
        if self.path == "/meta-data/region-id":
            known = self.headers.get("X-aliyun-ecs-metadata-token") == "t0ken" or not type(self).tokens
            self._say(*((200, b"cn-hangzhou") if known else (403, b"")))
        elif self.path == "/short":
            self._say(200, CONTENT, len(CONTENT) + 10)
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"ff\r\nnot all of it")
        elif self.path == "/package":
            self._say(200, CONTENT)
        else:
            self._say(404, b"")


class Module:
    def __init__(self) -> None:
        self.params = {"validate_certs": True}
        self.no_log_values: set[str] = set()
        self.tmpdir = "/tmp"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[web.Web, Module, str]]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(web, "METADATA", url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    module = Module()
    yield web.Web(module), module, url
    server.shutdown()
    server.server_close()


def test_a_package_is_ours_only_and_whole(served: tuple[web.Web, Module, str], tmp_path: Path) -> None:
    sites, _module, url = served
    file = tmp_path / "package"
    assert sites.download(f"{url}/package", str(file), 10, sha256=PIN) == hashlib.md5(CONTENT).hexdigest()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (CONTENT, 0o600)
    with pytest.raises(web.Damaged, match="checksum"):
        sites.download(f"{url}/package", str(file), 10, sha256="0" * 64)
    for path in ("short", "cut"):
        with pytest.raises(web.Unreached):
            sites.download(f"{url}/{path}", str(file), 10)
    with pytest.raises(web.Unreached):
        sites.text(f"{url}/cut", 10)
    with pytest.raises(web.Unreached, match="404"):
        sites.text(f"{url}/missing", 10)


def test_the_region_is_asked_with_a_token_that_nobody_sees(
    served: tuple[web.Web, Module, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sites, module, _url = served
    assert sites.region(v1=False) == "cn-hangzhou"
    assert module.no_log_values == {"t0ken"}
    monkeypatch.setattr(Handler, "tokens", False)
    assert sites.region(v1=True) == "cn-hangzhou"
    with pytest.raises(UnexpectedState, match="gave no token"):
        sites.region(v1=False)
