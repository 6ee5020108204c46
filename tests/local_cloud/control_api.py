# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API under ``/_local/``: for tests and for who looks around. Not signed, only from this machine."""

from __future__ import annotations

import datetime as dt
import typing as t

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_cloud import identities
from local_cloud.clock import LATEST
from local_cloud.faults import Fault
from local_cloud.services.antiddos_public.attacks import attack
from local_cloud.services.kms import instances
from local_cloud.services.sas import common as security
from local_cloud.services.sas import findings, in_hosts
from local_cloud.session_manager import agents
from local_cloud.texts import parse_json

if t.TYPE_CHECKING:
    from starlette.requests import Request

    from local_cloud.server import Server

Body = dict[str, t.Any]

#: bytes of a request; what is preloaded can be a whole account
MAX_BODY = 256 * 1024 * 1024
_KINDS = {str: "a text", list: "a list", dict: "an object", bool: "true or false"}


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
            server.store.clock.set_scale(_number(body, "scale"))
        if "advance" in body:
            server.store.clock.advance(_number(body, "advance"))
        return clock({})

    def faults(_unused: Body) -> t.Any:
        return server.faults.all()

    def add_fault(body: Body) -> t.Any:
        if "seed" in body:
            _only(body, "seed")
            server.faults.seed(body["seed"])
            return server.faults.all()
        _only(body, *Fault.__dataclass_fields__)
        server.faults.add(Fault(**body))
        return server.faults.all()

    def clear_faults(_unused: Body) -> t.Any:
        server.faults.clear()
        return []

    def held(_unused: Body) -> t.Any:
        return server.holding.all()

    def let_go(_unused: Body) -> t.Any:
        server.holding.let_go()
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
        records = _member(body, "records", list)
        with server.store.transaction():
            for record in records:
                if not isinstance(record, dict):
                    raise _BadRequest("a record is an object with kind, id and data, and region where it has one")
                _only(record, "kind", "id", "data", "region", "scheduled")
                kind, id, data = _text(record, "kind"), _text(record, "id"), _member(record, "data", dict)
                server.store.put(kind, id, data, region=_text(record, "region") if "region" in record else "")
                if "scheduled" in record:
                    server.store.unschedule(kind, id)
                    for at, changes in map(_plan, _member(record, "scheduled", list)):
                        server.store.schedule(kind, id, at, changes)
        return {"records": len(records)}

    def offline_agents(_unused: Body) -> t.Any:
        return server.store.find(agents.OFFLINE)

    def switch_agent(body: Body) -> t.Any:
        _only(body, "instance_id", "online")
        agents.switch(server.store, _text(body, "instance_id"), online=_member(body, "online", bool))
        return offline_agents({})

    def kms_instances(_unused: Body) -> t.Any:
        return server.store.find("kms_instance")

    def put_kms_instance(body: Body) -> t.Any:
        account_id = identities.account_keys(server.store)[0]["account_id"]
        if body.get("account_id"):
            account_id = _text(body, "account_id")
        region = _text(body, "region") if body.get("region") else server.settings["default_region"]
        instance_id = _text(body, "instance_id")
        members = {name: value for name, value in body.items() if name not in ("account_id", "region", "instance_id")}
        with server.store.transaction():
            return instances.put(server.store, account_id, region, instance_id, members)

    def security_center(_unused: Body) -> t.Any:
        kinds = (in_hosts.AGENT, security.ALERT, security.VULNERABILITY, security.RISK)
        return {kind: server.store.find(kind) for kind in kinds}

    def put_security_center(body: Body) -> t.Any:
        _only(body, "instance_id", "agent", "alert", "vulnerability", "risk")
        instance_id = _text(body, "instance_id")
        with server.store.transaction():
            for what in ("alert", "vulnerability", "risk"):
                if what in body:
                    findings.report(server.store, instance_id, what, _member(body, what, dict))
            if "agent" in body:
                security.switch(server.store, instance_id, _text(body, "agent"))
        return security_center({})

    def attacks(_unused: Body) -> t.Any:
        return server.store.find("ddos_event")

    def begin_attack(body: Body) -> t.Any:
        _only(body, "address", "mbps", "pps", "seconds")
        numbers = {name: _number(body, name) for name in ("pps", "seconds") if name in body}
        server.store.apply_due()
        with server.store.transaction():
            return attack(server.store, server.settings, _text(body, "address"), mbps=_number(body, "mbps"), **numbers)

    def tunnels(_unused: Body) -> t.Any:
        return server.sessions.live()

    def cut_tunnel(body: Body) -> t.Any:
        _only(body, "cut")
        server.sessions.cut(_text(body, "cut"))
        return {}

    def resources(body: Body) -> t.Any:
        if "kind" not in body:
            raise _BadRequest("say which: /_local/resources?kind=instance")
        return server.store.find(body["kind"], body.get("region"))

    def records(_unused: Body) -> t.Any:
        return server.store.everything()

    application = Starlette(
        routes=[
            _route("status", GET=status),
            _route("settings", GET=settings, POST=change_settings),
            _route("clock", GET=clock, POST=change_clock),
            _route("faults", GET=faults, POST=add_fault, DELETE=clear_faults),
            _route("held", GET=held, DELETE=let_go),
            _route("requests", GET=requests, DELETE=forget_requests),
            _route("reset", POST=reset),
            _route("preload", POST=preload),
            _route("resources", GET=resources),
            _route("records", GET=records),
            _route("agents", GET=offline_agents, POST=switch_agent),
            _route("security_center", GET=security_center, POST=put_security_center),
            _route("kms_instances", GET=kms_instances, POST=put_kms_instance),
            _route("attacks", GET=attacks, POST=begin_attack),
            _route("tunnels", GET=tunnels, POST=cut_tunnel),
        ]
    )
    application.router.redirect_slashes = False  # it would read the Host header as an address
    return application


def _route(name: str, **functions: t.Callable[[Body], t.Any]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            read = request.method not in functions or request.method == "GET"  # HEAD, which a route for GET takes too
            body = dict(request.query_params) if read else _parsed(await _body(request))
            return JSONResponse(await run_in_threadpool(functions["GET" if read else request.method], body))
        except (ValueError, TypeError, KeyError, _BadRequest) as error:
            message = f"missing: {error}" if isinstance(error, KeyError) else str(error)
            return JSONResponse({"error": message}, status_code=400)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it; what came is not all that was sent

    return Route(f"/_local/{name}", endpoint, methods=list(functions))


async def _body(request: Request) -> bytes:
    text = bytearray()
    async for part in request.stream():
        text += part
        if len(text) > MAX_BODY:
            raise _BadRequest(f"at most {MAX_BODY} bytes are taken")
    return bytes(text)


def _member(body: Body, name: str, kind: type) -> t.Any:
    """A member of a body, which has to be there and of a type.

    :raises _BadRequest: it is of another type
    :raises KeyError: there is none
    """
    value = body[name]
    if not isinstance(value, kind):
        raise _BadRequest(f"{name} is {_KINDS[kind]}, not {str(value)[:100]!r}")
    return value


def _text(body: Body, name: str) -> str:
    return t.cast("str", _member(body, name, str))


def _number(body: Body, name: str) -> float:
    if isinstance(body[name], bool):
        raise _BadRequest(f"{name} is a number")
    return float(body[name])


def _plan(plan: t.Any) -> tuple[dt.datetime, Body | None]:
    """When something happens to a record, and what.

    :raises _BadRequest: it is something else
    """
    match plan:
        case [float() | int() as at, dict() | None as changes] if 0 <= at <= LATEST:
            return dt.datetime.fromtimestamp(at, dt.UTC), changes
    raise _BadRequest(f"scheduled is a list of [seconds since 1970, changes or null], not {str(plan)[:100]!r}")


def _parsed(text: bytes) -> Body:
    body = parse_json(text or b"{}")
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
