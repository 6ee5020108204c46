# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access to the official SDK packages: imported when first needed, with a clear word when missing. Private."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
import threading
import typing as t
import warnings
from functools import cache

from . import transport
from .errors import SdkMissing

#: product -> (Python package, PyPI name)
PACKAGES: dict[str, tuple[str, str]] = {
    "ecs": ("alibabacloud_ecs20140526", "alibabacloud-ecs20140526"),
    "ram": ("alibabacloud_ram20150501", "alibabacloud-ram20150501"),
    "kms": ("alibabacloud_kms20160120", "alibabacloud-kms20160120"),
    "sts": ("alibabacloud_sts20150401", "alibabacloud-sts20150401"),
    "vpc": ("alibabacloud_vpc20160428", "alibabacloud-vpc20160428"),
    "resourcesharing": ("alibabacloud_resourcesharing20200110", "alibabacloud-resourcesharing20200110"),
    "trusted-server": ("alibabacloud_trusted_server20200613", "alibabacloud-trusted-server20200613"),
}


#: The oldest releases that know all that is asked of them; the same as in meta/ee-requirements.txt, which says why.
OLDEST: dict[str, tuple[int, ...]] = {
    "alibabacloud-credentials": (1, 0, 2),
    "alibabacloud-ecs20140526": (7, 9, 6),
    "alibabacloud-kms20160120": (2, 3, 1),
    "alibabacloud-ram20150501": (1, 3, 0),
    "alibabacloud-sts20150401": (1, 1, 6),
    "alibabacloud-tea-openapi": (0, 4, 5),
    "alibabacloud-vpc20160428": (6, 13, 2),
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


_loading = threading.RLock()


@cache
def product_client_class(product: str) -> t.Any:
    package, pypi_name = PACKAGES[product]
    with _loading:
        _postpone_models(package)
        return load(f"{package}.client", pypi_name).Client


@cache
def product_models(product: str) -> t.Any:
    package, pypi_name = PACKAGES[product]
    with _loading:  # of threads that touch a postponed module at once, some would see half of it
        models = load(f"{package}.models", pypi_name)
        dir(models)
        return models


def _postpone_models(package: str) -> None:
    """Have a product's models, which are over a thousand modules, loaded when something of them is asked for.

    Its client imports them. Lists that are read without models do without half of the time and memory of that import.
    """
    name = f"{package}.models"
    with contextlib.suppress(ImportError):
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec and spec.loader:
            spec.loader = importlib.util.LazyLoader(spec.loader)
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            # Where the package has it, its import in the client touches nothing of it.
            vars(sys.modules[package])["models"] = module


def api_version(product: str) -> str:
    """The version of a product's API that its package is made for, for example C(2014-05-26)."""
    date = PACKAGES[product][0][-8:]
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def core(name: str) -> t.Any:
    """A module of the SDK core, for example C(alibabacloud_tea_openapi.utils_models)."""
    return load(name, "alibabacloud-tea-openapi")


def preload(products: t.Iterable[str] = ("ecs", "ram", "kms")) -> None:
    """Import what nearly every task needs; used by the controller before it forks workers."""
    for product in products:
        product_client_class(product)
        product_models(product)
    core("alibabacloud_tea_openapi.utils_models")
    load("alibabacloud_credentials.client", "alibabacloud-credentials")
    transport.context_of(None)
