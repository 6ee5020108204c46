# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection takes care of in the SDK."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import answers
import certifi
import products
import pytest
from alibabacloud_tea_openapi import utils_models

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import sdk, transport
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, SdkMissing
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.products import HOSTS


@pytest.mark.parametrize(("package", "name"), [("darabonba.core", "DaraCore"), ("Tea.core", "TeaCore")])
def test_a_forked_process_has_no_connection_of_its_parent(
    package: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk.preload()
    core = getattr(sdk.load(package, package), name)
    assert isinstance(core._sessions, dict)  # where these releases of the SDK keep them
    monkeypatch.setattr(core, "_sessions", {"http://example": object()})
    child = os.fork()
    if child == 0:
        os._exit(1 if core._sessions else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert core._sessions


def test_what_the_environment_trusts_is_read_before_tasks_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trusted = tmp_path / "ca.pem"
    shutil.copy(certifi.where(), trusted)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    sdk.preload()
    trusted.unlink()
    assert transport.context_of(str(trusted)).get_ca_certs()


def test_certificates_that_cannot_be_read_are_told_by_the_task(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    sdk.preload()
    with pytest.raises(InvalidInput, match=r"cannot be read from .*none\.pem"):
        transport.context_of(str(tmp_path / "none.pem"))


def in_a_new_process(script: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


def test_nothing_is_imported_that_no_task_needs() -> None:
    in_a_new_process(
        f"""
import sys
from {sdk.__name__} import preload
preload()
assert "alibabacloud_tea_openapi.client" in sys.modules
unused = ("aiofiles", "aiohttp", "apscheduler", "cryptography", "websocket", *{tuple(products.PACKAGES.values())})
assert not [name for name in sys.modules if name.startswith(unused)]
"""
    )


def test_others_have_all_of_the_sdk_beside_it() -> None:
    """A plugin of somebody else's in the same process may use the asynchronous half of the SDK."""
    in_a_new_process(
        f"""
import asyncio
from {sdk.__name__} import preload
preload()
import aiohttp
from aiohttp import web
from Tea.core import TeaCore
from Tea.request import TeaRequest
from darabonba.core import DaraCore
from darabonba.request import DaraRequest

async def answer(request):
    return web.Response(text="here")

async def ask(core, request):
    server = web.AppRunner(application)
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    request.protocol, request.port, request.method = "HTTP", port, "GET"
    request.headers["host"] = "127.0.0.1"
    found = await core.async_do_action(request, {{}})
    assert found.status_code == 200 and found.body == b"here"
    await server.cleanup()

for core, request in ((DaraCore, DaraRequest()), (TeaCore, TeaRequest())):
    application = web.Application()
    application.router.add_get("/", answer)
    asyncio.run(ask(core, request))
"""
    )


def test_what_was_put_off_is_there_when_it_is_used() -> None:
    """Credentials of an instance's role are renewed by a scheduler, and who has RSA keys signs with them."""
    in_a_new_process(
        f"""
import sys
from {sdk.__name__} import preload
preload()
from alibabacloud_credentials.provider import EcsRamRoleCredentialsProvider
from alibabacloud_tea_openapi import utils
assert not [name for name in sys.modules if name.startswith(("apscheduler", "cryptography"))]
EcsRamRoleCredentialsProvider(role_name="web")
assert "apscheduler.schedulers.background" in sys.modules

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
text = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
lines = [line for line in text.splitlines() if not line.startswith("-")]
key.public_key().verify(utils.rsa_sign(b"text", "".join(lines)), b"text", padding.PKCS1v15(), hashes.SHA256())
"""
    )


def test_a_release_that_uses_more_at_import_has_the_real_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / "of_tomorrow.py").write_text("import websocket\nclass Lost(websocket.WebSocketException): pass\n")
    in_a_new_process(
        f"""
import sys
sys.path.append({str(tmp_path)!r})
from {sdk.__name__} import core
assert issubclass(core("of_tomorrow").Lost, Exception)
assert core("of_tomorrow").websocket is sys.modules["websocket"]
"""
    )


def test_the_table_says_what_the_sdk_s_packages_say() -> None:
    called = {(product, name) for name, having in answers.named().items() for product in having}
    assert products.TABLE.read_text() == products.source(called)


@pytest.mark.parametrize("product", ["antiddos-public", "ecs", "kms", "vpc", "resourcesharing"])
def test_a_product_has_the_host_that_its_package_says(product: str) -> None:
    for region in ("cn-hangzhou", "cn-beijing", "cn-beijing-finance-1", "eu-central-1", "me-central-1", *HOSTS["ecs"]):
        key: dict[str, t.Any] = {"access_key_id": "key", "access_key_secret": "secret"}
        config = utils_models.Config(region_id=region, **key)
        assert Cloud(Connection(region=region, **key))._config(product, None).endpoint == (
            products.client_class(product)(config)._endpoint
        )


def test_a_product_is_signed_as_its_package_says() -> None:
    for product in products.PACKAGES:
        config = {"region_id": "cn-hangzhou", "endpoint": "example.org", "access_key_id": "key"}
        theirs = products.client_class(product)(utils_models.Config(access_key_secret="secret", **config))
        ours = Cloud(Connection(region="cn-hangzhou"))._new_client(product, object())
        for name in ("_signature_algorithm", "_signature_version"):
            assert getattr(ours, name) == getattr(theirs, name), product


@pytest.mark.parametrize(("found", "old"), [("0.4.4", True), ("0.4.5", False), ("0.4.12", False), ("1.0.0", False)])
def test_a_release_that_is_too_old_is_refused_by_a_sentence(
    monkeypatch: pytest.MonkeyPatch, found: str, old: bool
) -> None:
    package = sdk.core("alibabacloud_tea_openapi")
    monkeypatch.setattr(package, "__version__", found)
    sdk.core.cache_clear()  # what was good once is not looked at again
    if not old:
        sdk.core("alibabacloud_tea_openapi.client")
        return
    with pytest.raises(
        SdkMissing, match=r"has alibabacloud-tea-openapi 0\.4\.4; expected 0\.4\.5 or newer\."
    ) as caught:
        sdk.core("alibabacloud_tea_openapi.client")
    assert caught.value.hint.endswith(f"{sys.executable} -m pip install 'alibabacloud-tea-openapi>=0.4.5'")


def test_what_the_sdk_does_that_is_deprecated_reaches_nobody() -> None:
    """Of others, who are warned of the same function, nothing is kept."""
    script = f"""
import datetime
from {sdk.__name__} import core, preload
preload()
core("alibabacloud_tea_openapi.utils").Utils.get_timestamp()
try:
    datetime.datetime.utcnow()
except DeprecationWarning as warning:
    print("others are warned")
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ("others are warned" in done.stdout) == (sys.version_info >= (3, 12))
