# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access to the official SDK: imported when first needed, with a clear word when missing. Private."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import types
import typing as t
import warnings
from functools import cache

from . import transport
from .errors import SdkMissing

#: The oldest releases that do all that is asked of them; the same as in meta/ee-requirements.txt, which says why.
OLDEST: dict[str, tuple[int, ...]] = {
    "alibabacloud-credentials": (1, 0, 9),
    "alibabacloud-tea-openapi": (0, 4, 5),
}

#: How the message begins where a package is missing.
MISSING = "The Python interpreter"


def load(package: str, pypi_name: str) -> t.Any:
    """Import a module of an SDK package.

    :raises SdkMissing: naming the interpreter that lacks it, or has too old a release of it, and the command that
        mends it
    """
    # The SDK signs with a function that Python 3.12 and newer call deprecated; no user can mend that.
    warnings.filterwarnings("ignore", r"datetime\.datetime\.utcnow\(\)", DeprecationWarning, r"alibabacloud_")
    try:
        module = importlib.import_module(package)
    except ImportError as exc:
        raise SdkMissing(
            f"{MISSING} {sys.executable} cannot import {package}: {exc}.",
            hint=_how_to_install(pypi_name),
        ) from exc
    _check_release(package, pypi_name)
    # The SDK core installs a handler of its own at level DEBUG, and the credentials package logs a traceback for each
    # source that has nothing; what matters of either is in the exceptions.
    for name in ("darabonba-core", "alibabacloud_credentials", "credentials"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    for core in _cores():
        transport.install(core)
    return module


def _how_to_install(pypi_name: str) -> str:
    oldest = OLDEST.get(pypi_name)
    wanted = f"'{pypi_name}>={'.'.join(map(str, oldest))}'" if oldest else pypi_name
    return f"Install it there: {sys.executable} -m pip install {wanted}"


def _check_release(package: str, pypi_name: str) -> None:
    """Refuse a release that lacks what is asked of it: what it does not know of an answer would look like nothing.

    :raises SdkMissing: naming both releases
    """
    top = package.partition(".")[0]
    if top != pypi_name.replace("-", "_") or pypi_name not in OLDEST:
        return
    found = str(getattr(sys.modules[top], "__version__", ""))
    numbers = tuple(int(part) for part in found.split(".") if part.isdigit())
    if numbers and numbers < OLDEST[pypi_name]:
        oldest = ".".join(map(str, OLDEST[pypi_name]))
        raise SdkMissing(
            f"{MISSING} {sys.executable} has {pypi_name} {found}; expected {oldest} or newer.",
            hint=_how_to_install(pypi_name),
        )


def _cores() -> list[t.Any]:
    """What the SDK's packages send with, as far as they are imported: the older one is that of the credentials."""
    names = (("darabonba.core", "DaraCore"), ("Tea.core", "TeaCore"))
    return [getattr(sys.modules[module], name) for module, name in names if hasattr(sys.modules.get(module), name)]


def _forget_connections() -> None:
    """Drop the connections that a forked process has from its parent.

    Both would write to the same socket, and each could read the other's answer. It happens to every worker of a run
    whose inventory comes from the cloud.
    """
    transport.forget_connections()
    for core in _cores():
        core._sessions = {}


os.register_at_fork(after_in_child=_forget_connections)


#: What the SDK imports and hardly a task uses: asynchronous calls, WebSockets of its own, a scheduler that renews the
#: credentials of an instance's role, keys of RSA. C(aiohttp) alone reads the system's certificates twice.
_UNUSED = (
    "aiofiles",
    "aiohttp",
    "apscheduler.schedulers.background",
    "cryptography.hazmat.primitives",
    "cryptography.hazmat.primitives.asymmetric",
    "cryptography.hazmat.primitives.serialization",
    "websocket",
    "websocket._abnf",
)


class _Later(types.ModuleType):
    """Stands for a package while others import it, and imports it when they use it."""

    def __getattr__(self, name: str) -> t.Any:
        if sys.modules.get(self.__name__) is not self:
            return getattr(importlib.import_module(self.__name__), name)
        if name.startswith("__"):
            raise AttributeError(name)
        return _NameLater(self.__name__, name)


class _NameLater:
    """Stands for what others import from a package, which they call or have in annotations."""

    def __init__(self, package: str, name: str) -> None:
        self._place = (package, name)

    def _found(self) -> t.Any:
        package, name = self._place
        module = importlib.import_module(package)
        with contextlib.suppress(AttributeError):
            return getattr(module, name)
        return importlib.import_module(f"{package}.{name}")

    def __call__(self, *args: t.Any, **named: t.Any) -> t.Any:
        return self._found()(*args, **named)

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._found(), name)


@contextlib.contextmanager
def _without_unused() -> t.Iterator[None]:
    """Have the SDK import what it does not use when it does."""
    later = {name: _Later(name) for name in _UNUSED if name not in sys.modules}
    sys.modules.update(later)
    try:
        yield
    finally:
        for name, stand_in in later.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


@cache
def core(name: str) -> t.Any:
    """A module of the SDK core, for example C(alibabacloud_tea_openapi.utils_models)."""
    return _lean(name, "alibabacloud-tea-openapi")


@cache
def of_credentials(name: str) -> t.Any:
    """A module of the SDK's package for credentials, for example C(client)."""
    return _lean(f"alibabacloud_credentials.{name}", "alibabacloud-credentials")


def _lean(name: str, pypi_name: str) -> t.Any:
    # What is imported already needs no stand-ins, which others in this process could meet.
    if name not in sys.modules:
        # A release that does more with one of them while it is imported has the real ones.
        with contextlib.suppress(Exception), _without_unused():
            return load(name, pypi_name)
    return load(name, pypi_name)


@cache
def client_class() -> t.Any:
    """What signs and sends the calls of every product."""
    return core("alibabacloud_tea_openapi.client").Client


def preload(route: transport.Route | None = None) -> None:
    """Import what nearly every task needs; used by the controller before it forks workers.

    :param route: the way of tasks that say nothing about it
    """
    client_class()
    for name in ("alibabacloud_tea_openapi.utils", "alibabacloud_tea_openapi.utils_models", "darabonba.runtime"):
        core(name)
    for name in ("client", "provider", "provider.refreshable", "exceptions"):
        of_credentials(name)
    transport.preload(route or transport.Route())
