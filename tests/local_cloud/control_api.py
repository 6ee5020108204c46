# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API under ``/_local/``: for tests and for who looks around. Not signed, only from this machine."""

from __future__ import annotations

import json
import typing as t

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from local_cloud import identities
from local_cloud.faults import Fault
from local_cloud.services.kms import instances
from local_cloud.session_manager import agents

if t.TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from local_cloud.server import Server

Body = dict[str, t.Any]


class _BadRequest(Exception):
    """What is wrong with a request to the control API."""


def create(server: Server) -> Starlette:
    """The application; what it does is listed in the README."""

    def status(_unused: Body) -> t.Any:
        return server.status()

    def settings(_unused: Body) -> t.Any:
        return server.settings.all()

    def change_settings(body: Body) -> t.Any:
        for name, value in body.items():
            server.settings.set(name, value)
        return server.settings.all()

    def clock(_unused: Body) -> t.Any:
        clock = server.store.clock
        return {"now": clock.text(), "offset": clock.offset, "scale": clock.scale}

    def change_clock(body: Body) -> t.Any:
        _only(body, "advance", "scale")
        if "scale" in body:
            server.store.clock.set_scale(float(body["scale"]))
        if "advance" in body:
            server.store.clock.advance(float(body["advance"]))
        return clock({})

    def faults(_unused: Body) -> t.Any:
        return server.faults.all()

    def add_fault(body: Body) -> t.Any:
        _only(body, *Fault.__dataclass_fields__)
        server.faults.add(Fault(**body))
        return server.faults.all()

    def clear_faults(_unused: Body) -> t.Any:
        server.faults.clear()
        return []

    def requests(body: Body) -> t.Any:
        last = int(body["last"]) if body.get("last") else None
        key = body.get("access_key_id")
        return {"counts": server.requests.counts(key), "requests": server.requests.entries(last, key)}

    def forget_requests(_unused: Body) -> t.Any:
        server.requests.reset()
        return {}

    def reset(_unused: Body) -> t.Any:
        server.reset()
        return {}

    def preload(body: Body) -> t.Any:
        _only(body, "records")
        with server.store.transaction():
            for record in body["records"]:
                server.store.put(record["kind"], record["id"], record["data"], region=record.get("region", ""))
        return {"records": len(body["records"])}

    def offline_agents(_unused: Body) -> t.Any:
        return server.store.find(agents.OFFLINE)

    def switch_agent(body: Body) -> t.Any:
        _only(body, "instance_id", "online")
        if not isinstance(body["online"], bool):
            raise _BadRequest(f"online is true or false, not {body['online']!r}")
        agents.switch(server.store, body["instance_id"], online=body["online"])
        return offline_agents({})

    def kms_instances(_unused: Body) -> t.Any:
        return server.store.find("kms_instance")

    def put_kms_instance(body: Body) -> t.Any:
        account_id = body.pop("account_id", None) or identities.account_keys(server.store)[0]["account_id"]
        region = body.pop("region", None) or server.settings["default_region"]
        with server.store.transaction():
            return instances.put(server.store, account_id, region, body.pop("instance_id"), body)

    def tunnels(_unused: Body) -> t.Any:
        return server.sessions.live()

    def cut_tunnel(body: Body) -> t.Any:
        _only(body, "cut")
        server.sessions.cut(body["cut"])
        return {}

    def resources(body: Body) -> t.Any:
        if "kind" not in body:
            raise _BadRequest("say which: /_local/resources?kind=instance")
        return server.store.find(body["kind"], body.get("region"))

    def records(_unused: Body) -> t.Any:
        return server.store.everything()

    return Starlette(
        routes=[
            _route("status", GET=status),
            _route("settings", GET=settings, POST=change_settings),
            _route("clock", GET=clock, POST=change_clock),
            _route("faults", GET=faults, POST=add_fault, DELETE=clear_faults),
            _route("requests", GET=requests, DELETE=forget_requests),
            _route("reset", POST=reset),
            _route("preload", POST=preload),
            _route("resources", GET=resources),
            _route("records", GET=records),
            _route("agents", GET=offline_agents, POST=switch_agent),
            _route("kms_instances", GET=kms_instances, POST=put_kms_instance),
            _route("tunnels", GET=tunnels, POST=cut_tunnel),
        ]
    )


def _route(name: str, **functions: t.Callable[[Body], t.Any]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            body = dict(request.query_params) if request.method == "GET" else _parsed(await request.body())
            return JSONResponse(await run_in_threadpool(functions[request.method], body))
        except (ValueError, TypeError, KeyError, _BadRequest) as error:
            message = f"missing: {error}" if isinstance(error, KeyError) else str(error)
            return JSONResponse({"error": message}, status_code=400)

    return Route(f"/_local/{name}", endpoint, methods=list(functions))


def _parsed(text: bytes) -> Body:
    body = json.loads(text or b"{}")
    if not isinstance(body, dict):
        raise _BadRequest("expected a JSON object")
    return body


def _only(body: Body, *known: str) -> None:
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise _BadRequest(f"unknown: {', '.join(unknown)}; there are: {', '.join(known)}")


def describe(server: Server, *, secrets: bool) -> Body:
    """What server.json (for its owner only) and the status (for everybody on this machine) say about the server."""
    accounts = identities.account_keys(server.store)
    if not secrets:
        accounts = [{**account, "access_key_secret": "in server.json"} for account in accounts]
    return {
        "endpoint": server.endpoint,
        "tls_endpoint": server.tls_endpoint,
        "access_key_id": accounts[0]["access_key_id"],
        "access_key_secret": accounts[0]["access_key_secret"],
        "account_id": accounts[0]["account_id"],
        "accounts": accounts,
        "region": server.settings["default_region"],
        "hosts": {
            "available": server.hosts.available,
            "reason": server.hosts.reason,
            "no_tpm": server.hosts.no_tpm,
        },
        "ca_certificate": str(server.authority.certificate_path),
    }
