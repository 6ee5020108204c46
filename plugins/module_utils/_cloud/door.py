# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to Alibaba Cloud: every call of this collection goes through L{Cloud}. Private."""

from __future__ import annotations

import calendar
import contextlib
import json
import re
import threading
import time
import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from . import answers, budget, credentials, errors, retry, sdk, transport
from .foretold import Foretold
from .operations import PAGING, PASSED_ROLE
from .options import Connection
from .products import HOSTS, OPERATIONS, VERSIONS
from .required import REQUIRED
from .writes import Writes

Params = t.Mapping[str, t.Any]
T = t.TypeVar("T")

#: Products with one endpoint for all regions.
_GLOBAL_ENDPOINTS = {"ram": "ram.aliyuncs.com"}
#: Products that know the older of the two ways to sign only.
_OLD_SIGNATURE = ("trusted-server",)
#: Products that can be called without saying a region.
_WITHOUT_REGION = (*_GLOBAL_ENDPOINTS, "sts")
_CONNECT_TIMEOUT_MS = 10_000
_READ_TIMEOUT_MS = 30_000
#: What a single try is given even where less of the budget is left.
_SHORTEST_MS = 5_000
_NOT_SENT = (
    "Connection refused",
    "NewConnectionError",
    "ConnectTimeout",
    "NameResolutionError",
    "No route to host",
    "Tunnel connection failed",
)
#: What stays wrong however often it is tried: a name that does not exist, a certificate that is not trusted,
#: credentials that fit into no header, a proxy that lets nobody or not this through.
_LASTING = (
    "Name or service not known",
    "nodename nor servname",
    "certificate verify failed",
    "credentials have characters",
    "Tunnel connection failed: 403",
    "Tunnel connection failed: 407",
    "Missing dependencies for SOCKS support",
)
#: What the names of operations that change nothing begin with.
_READING = ("Describe", "Get", "List", "AssumeRole")


def json_list(values: t.Iterable[t.Any]) -> str:
    """A list for a parameter that the API documents as a JSON array in one string."""
    return json.dumps(list(values), separators=(",", ":"))


def chunks(values: t.Sequence[t.Any], size: int) -> t.Iterator[list[t.Any]]:
    """Consecutive parts of at most C(size) values."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


class Cloud:
    """Typed, retried, recorded calls to one account and region.

    Parameters and answers are dictionaries with the API's own names. The SDK's core signs and sends them; the models of
    its packages for the products, which take longer to import than a task has to do, say in the tests whether each
    request is the one that they would make.

    :ivar api_calls: how often each operation was called, by C(product:Operation), retries included
    :ivar passed_roles: RAM roles that calls have given to instances, or tried to, for which C(ram:PassRole) is needed
    :ivar written: operations that have changed something, in order, as C(product:Operation); the flow empties it
    :ivar foretold: what earlier tasks of a check run would have made or deleted
    """

    def __init__(
        self,
        connection: Connection,
        *,
        sleep: t.Callable[[float], None] = time.sleep,
        monotonic: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        self.sleep = sleep
        self.monotonic = monotonic
        self.api_calls: Counter[str] = Counter()
        self.date = ""  # what time it was at Alibaba Cloud at the last answer, as HTTP says it
        self.passed_roles: set[str] = set()
        self.written: list[str] = []
        self._writes = Writes()
        self._down = threading.Event()  # a call was given up, and nobody has answered since
        self.foretold = Foretold()
        self._counting = threading.Lock()  # reads of many things may run side by side
        self._clients: dict[str, t.Any] = {}
        self._credential: t.Any = None
        self._route = connection.route
        self._budget = budget.of(connection)

    @property
    def region(self) -> str:
        """The region id.

        :raises InvalidInput: when none was given
        """
        return self.connection.need_region()

    def in_region(self, region: str | None) -> Cloud:
        """The door to another region of the same account; its calls count here. Without a region, this door.

        :raises InvalidInput: when that is no region id
        """
        if not region or region == self.connection.region:
            return self
        other = Cloud(self.connection.in_region(region), sleep=self.sleep, monotonic=self.monotonic)
        other.api_calls, other._counting = self.api_calls, self._counting
        other._credential = self._credential
        other.passed_roles = self.passed_roles
        other.written = self.written
        other._writes = self._writes
        other._down = self._down
        other.foretold = self.foretold.in_region(region)
        return other

    # ------------------------------------------------------------------ calls

    def call(self, product: str, action: str, params: Params | None = None, /, **more: t.Any) -> dict[str, t.Any]:
        """One call, repeated while its failure is transient and the time budget lasts.

        C(RegionId) and C(ClientToken) are filled in where the operation takes them; all tries share one token.

        :returns: the answer's body, with the API's names
        :raises CloudError: typed, after the last try
        :raises OutcomeUnknown: when the answer was lost and repeating could do the work twice
        """
        given = {**(params or {}), **more}
        if role := given.get(PASSED_ROLE.get((product, action), "")):
            self.passed_roles.add(str(role))
        self._writes.forget(action, given)
        answer = self._send(product, action, given)
        if not action.startswith(_READING):
            self.written.append(f"{product}:{action}")
            self._writes.note(action, given, answer, self.monotonic())
        return answer

    def reads_are_behind(self) -> None:
        """Note that a read does not show what this task has written."""
        self._writes.behind = True

    def catch_up(self) -> None:
        """Wait until all reads show what was written, where they were seen to be behind.

        Those who read next would find the state before, or a part of it.
        """
        if left := self.behind_for():
            self.sleep(left)

    def behind_for(self) -> float:
        """Seconds until all reads show what was written; 0 where none was seen to be behind."""
        return self._writes.left(self.monotonic())

    def walk(self, product: str, action: str, params: Params) -> t.Iterator[list[dict[str, t.Any]]]:
        """The pages of a list with thousands of items. The next one is read while the caller works on this one.

        Items are as Alibaba Cloud sent them, with empty fields.
        """
        paging = PAGING[(product, action)]
        query: dict[str, t.Any] = {str(paging.size_name): paging.size, **params}
        with ThreadPoolExecutor(max_workers=1) as reader:
            token: str | None = ""
            coming = reader.submit(self._send, product, action, query, bare=False)
            while token is not None:
                answer = coming.result()
                token = answer.get("NextToken") or None
                if token:
                    coming = reader.submit(self._send, product, action, {**query, "NextToken": token}, bare=False)
                yield dig(answer, paging.items) or []

    def pages(
        self, product: str, action: str, params: Params | None = None, /, **more: t.Any
    ) -> list[dict[str, t.Any]]:
        """All items of a list operation, read to the end."""
        items, _last = self.pages_with_answer(product, action, params, **more)
        return items

    def pages_with_answer(
        self, product: str, action: str, params: Params | None = None, /, **more: t.Any
    ) -> tuple[list[dict[str, t.Any]], dict[str, t.Any]]:
        """All items of a list operation and the last page's answer, for operations that tell more than the list."""
        paging = PAGING[(product, action)]
        query = {**(params or {}), **more}
        if paging.size_name:
            query[paging.size_name] = paging.size
        items: list[dict[str, t.Any]] = []
        page = 1
        while True:
            if paging.style == "page":
                query[paging.number_name] = page
            answer = self.call(product, action, query)
            found = dig(answer, paging.items) or []
            items.extend(found)
            if paging.style == "none":
                return items, answer
            if paging.style == "token":
                if not answer.get("NextToken"):
                    return items, answer
                query["NextToken"] = answer["NextToken"]
            elif paging.style == "marker":
                if not answer.get("IsTruncated") or not answer.get("Marker"):
                    return items, answer
                query["Marker"] = answer["Marker"]
            else:
                # TotalCount is compared with what was read, because a page may be short without being the last.
                if not found or len(items) >= int(dig(answer, paging.total) or 0):
                    return items, answer
                page += 1

    # ------------------------------------------------------------------ inside

    def _send(self, product: str, action: str, params: Params, *, bare: bool = True) -> dict[str, t.Any]:
        """One call, repeated while that helps.

        :param bare: leave out of the answer what is null, at any depth
        """
        how, request = self._request(product, action, params)

        def once(left: float) -> dict[str, t.Any]:
            client = self._client(product)
            with self._one_call(product, action) as exchange:
                answer = _whole(product, action, client.call_api(how, request, _runtime(left))["body"], exchange)
            return _without_nulls(answer) if bare else answer

        return self._repeated(product, action, once, params, self._turn if self._budget else None)

    def _turn(self) -> float:
        """Wait until the shared budget has a call for this task; returns how long that was."""
        left = self._budget.take(self.monotonic) if self._budget else 0.0
        if left:
            self.sleep(left)
        return left

    def _request(self, product: str, action: str, params: Params) -> tuple[t.Any, t.Any]:
        """How an operation is called, and with what, as the SDK's core takes it."""
        if (product, action) not in OPERATIONS:
            raise TypeError(f"{product} has no {action}, or dev/make-products does not know that it is called")
        facts = OPERATIONS[(product, action)]
        given = {name: value for name, value in params.items() if value is not None}
        for name in facts.get("filled", ()):
            if name not in given:
                given[name] = self.region if name == "RegionId" else new_token()
        for name in facts.get("json", ()):
            if name in given:
                given[name] = json.dumps(given[name], ensure_ascii=False, separators=(",", ":"))
        body = {name: given.pop(name) for name in facts.get("body", ()) if name in given}
        core, utils = (sdk.core(f"alibabacloud_tea_openapi.{name}") for name in ("utils_models", "utils"))
        how = core.Params(
            action=action,
            version=VERSIONS[product],
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type=next(iter(facts.get("auth", ())), "AK"),
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        return how, core.OpenApiRequest(
            query=utils.Utils.query(given), body=utils.Utils.parse_to_map(body) if body else None
        )

    def _repeated(
        self,
        product: str,
        action: str,
        once: t.Callable[[float], T],
        params: Params | None = None,
        turn: t.Callable[[], float] | None = None,
    ) -> T:
        """Try until it succeeds; each try is told how many seconds of the time budget are left.

        :param turn: waits until a try may be made, and returns how long; that counts for nothing here
        """
        queued = 0.0

        def clock() -> float:
            return self.monotonic() - queued

        patience = float(self.connection.api_timeout)
        if self._down.is_set():
            patience = min(patience, retry.DOWN_BUDGET)
        end = clock() + patience
        backoff = retry.Backoff(patience, clock)
        refused: retry.Backoff | None = None  # its budget begins with the first of several refusals in a row
        while True:
            if turn:
                queued += turn()
            try:
                answer = once(end - clock())
            except errors.CloudError as error:
                if retry.must_not_repeat(product, action, error):
                    raise errors.OutcomeUnknown(
                        product,
                        action,
                        error.code,
                        f"{error.text} The call may have been carried out.",
                        status=error.status,
                        request_id=error.request_id,
                    ) from error
                if not retry.is_transient(error) and not self._writes.deny(error.code, params, self.monotonic()):
                    self._down.clear()
                    raise
                delay = backoff.next_delay(error.retry_after)
                limit = patience
                if retry.is_refused(error):
                    limit = min(patience, retry.REFUSED_BUDGET)
                    refused = refused or retry.Backoff(limit, clock)
                    delay = None if delay is None else refused.next_delay(None)
                else:
                    refused = None
                if delay is None:
                    if retry.is_outage(error):
                        self._down.set()
                    error.message += f" (given up after {limit:g} s of retries)"
                    raise
            else:
                self._down.clear()
                return answer
            self.sleep(delay)

    @contextlib.contextmanager
    def _one_call(self, product: str, action: str) -> t.Iterator[transport.Exchange]:
        """Count a call, send it by the connection's route, and turn whatever the SDK raises into a typed error."""
        with self._counting:
            self.api_calls[f"{product}:{action}"] += 1
        with transport.through(self._route) as exchange:
            try:
                yield exchange
                self.date = exchange.date
            except Exception as exc:
                raise _typed(product, action, exc, exchange, self.connection.endpoint_url) from exc

    def _client(self, product: str) -> t.Any:
        if product not in self._clients:
            if self._credential is None:
                self._credential = self._credentials()
            self._clients[product] = self._new_client(product, self._credential)
        return self._clients[product]

    def _credentials(self) -> t.Any:
        """The SDK's credential client, which has found credentials."""
        client = credentials.client_for(self.connection, self._issue_session)
        source = self.connection.source

        def once(_left: float) -> t.Any:
            with transport.through(self._route) as exchange:
                return credentials.usable(client, exchange, source)

        return self._repeated("credentials", source, once)

    def _new_client(self, product: str, credential: t.Any) -> t.Any:
        client = sdk.client_class()(self._config(product, credential))
        # What needs no AccessKey has nothing to sign, and goes the older way, too.
        if product in _OLD_SIGNATURE or credential is None:
            client._signature_algorithm = "v2"
        return client

    def _config(self, product: str, credential: t.Any) -> t.Any:
        config = sdk.core("alibabacloud_tea_openapi.utils_models").Config(
            credential=credential,
            region_id=self.connection.region if product in _WITHOUT_REGION else self.region,
            user_agent="alitrust.ecs",
            connect_timeout=_CONNECT_TIMEOUT_MS,
            read_timeout=_READ_TIMEOUT_MS,
        )
        if self.connection.endpoint_url:
            address = urlsplit(self.connection.endpoint_url)
            config.endpoint = address.netloc
            config.protocol = address.scheme
        elif product in _GLOBAL_ENDPOINTS:
            config.endpoint = _GLOBAL_ENDPOINTS[product]
        elif product == "sts":
            config.endpoint = (
                f"sts.{self.connection.region}.aliyuncs.com" if self.connection.region else "sts.aliyuncs.com"
            )
        else:
            config.endpoint = HOSTS.get(product, {}).get(self.region, f"{product}.{self.region}.aliyuncs.com")
        return config

    def _issue_session(self, base: t.Any) -> credentials.Session:
        """Ask STS for a session of C(ram_role_arn), signed by C(base), or with the OIDC token where it is None."""
        conn = self.connection
        params: dict[str, t.Any] = {
            "RoleArn": conn.ram_role_arn,
            "RoleSessionName": conn.ram_role_session_name or "alitrust-ecs",
        }
        action = "AssumeRole"
        if base is None:
            action = "AssumeRoleWithOIDC"
            with open(str(conn.oidc_token_file), encoding="utf-8") as handle:
                params.update(OIDCProviderArn=conn.oidc_provider_arn, OIDCToken=handle.read().strip())
        sts = self._new_client("sts", base)
        # A door of its own: the session must not be asked for with the session.
        door = Cloud(conn, sleep=self.sleep, monotonic=self.monotonic)
        door.api_calls = self.api_calls
        door._clients["sts"] = sts
        try:
            answer = door.call("sts", action, params)["Credentials"]
        except errors.CloudError as error:
            # Not passed on as it is: the call that needs the session must not take its "not found" for its own.
            raise errors.CredentialsError(
                f"The role {conn.ram_role_arn} cannot be assumed: {error.message}", hint=error.hint, **error.details
            ) from error
        expires = calendar.timegm(time.strptime(answer["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
        return credentials.Session(
            answer["AccessKeyId"], answer["AccessKeySecret"], answer["SecurityToken"], float(expires)
        )


def new_token() -> str:
    """A ClientToken no other call has (at most 64 ASCII characters)."""
    import uuid

    return str(uuid.uuid4())


def dig(answer: t.Any, path: str) -> t.Any:
    """The value at a dotted path of an answer, or None where a wrapper is missing."""
    for name in path.split("."):
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


# ---------------------------------------------------------------------- SDK details


def _runtime(left: float) -> t.Any:
    """How long a single try may take, of which C(left) seconds would use up the budget."""
    most = max(_SHORTEST_MS, int(left * 1000))
    return sdk.core("darabonba.runtime").RuntimeOptions(
        connect_timeout=min(_CONNECT_TIMEOUT_MS, most), read_timeout=min(_READ_TIMEOUT_MS, most)
    )


def _whole(product: str, action: str, body: t.Any, exchange: transport.Exchange) -> dict[str, t.Any]:
    """The body of an answer.

    :raises ForeignAnswer: it has not what every answer to this operation has
    """
    lacking = answers.lacking(body, REQUIRED.get((product, action), {}))
    if lacking or exchange.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise exchange.foreign(product, action, lacking)
    return t.cast("dict[str, t.Any]", body)


def _without_nulls(answer: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same without members that are null, at any depth: the API sends such for what a thing has not.

    They are taken out where they are, because a copy of a large answer takes longer than reading it has.
    """
    waiting: list[t.Any] = [answer]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if None in one.values():
                for name in [name for name, value in one.items() if value is None]:
                    del one[name]
            one = one.values()
        waiting += [value for value in one if isinstance(value, (dict, list))]
    return answer


def _typed(product: str, action: str, exc: Exception, exchange: transport.Exchange, endpoint: str | None) -> Exception:
    """The typed error for whatever the SDK raised."""
    inner = getattr(exc, "inner_exception", None) or exc
    if isinstance(inner, errors.AlitrustError):
        return inner
    if exchange.of_credentials:
        why = credentials.reason(inner)
        passing = not exchange.status or credentials.is_foreign(exchange)
        return errors.TransportFailure(
            product, action, f"the credentials cannot be renewed: {why}", sent=False, passing=passing
        )
    return _from_answer(product, action, exc, exchange) or _from_wire(product, action, inner, exchange, endpoint)


def _from_answer(product: str, action: str, exc: Exception, exchange: transport.Exchange) -> Exception | None:
    """The error that Alibaba Cloud answered; None where it was not Alibaba Cloud, or nobody answered."""
    code, status = getattr(exc, "code", None), getattr(exc, "status_code", None)
    data = getattr(exc, "data", None) or {}
    request_id = str(data.get("RequestId") or data.get("requestId") or exchange.request_id)
    # The SDK has the word None where the answer has no code.
    if not status or code in (None, "", "None") or not request_id:
        return None
    text = exchange.without_secrets(str(data.get("Message") or getattr(exc, "message", "") or ""))
    # A complaint about the signature repeats the whole request, secrets among its parameters included.
    text = re.split(r"\s*\b(?:server|client)\s+(?:string\s*to\s*sign|canonical)", text, flags=re.IGNORECASE)[0]
    after = getattr(exc, "retry_after", None)
    error = errors.from_answer(
        product,
        action,
        str(code),
        text,
        status=int(status),
        request_id=request_id,
        retry_after=after / 1000 if after else None,
        ram_action=str((data.get("AccessDeniedDetail") or {}).get("AuthAction") or ""),
    )
    if error.code in errors.OF_THE_CLOCK:
        error.hint = _clocks(exchange.date) or error.hint
    return error


def _clocks(date: str) -> str:
    """What time it is here and where an answer came from, given its C(Date); nothing where that is not readable."""
    here = datetime.now(UTC)
    try:
        there = parsedate_to_datetime(date).astimezone(UTC)
    except (TypeError, ValueError):
        return ""
    apart = round((here - there).total_seconds())
    return (
        f"The clock of the machine that runs the task says {here:%Y-%m-%dT%H:%M:%SZ}, that of Alibaba Cloud "
        f"{there:%Y-%m-%dT%H:%M:%SZ}: the machine's is {abs(apart)} s {'fast' if apart > 0 else 'slow'}. "
        "Set it right, for example by NTP."
    )


def _from_wire(
    product: str, action: str, exc: Exception, exchange: transport.Exchange, endpoint: str | None
) -> Exception:
    """The error for an answer that is none, or for none at all."""
    if exchange.status:
        body = answers.parsed(exchange.content)
        told = exchange.status < HTTPStatus.BAD_REQUEST
        return exchange.foreign(
            product, action, answers.lacking(body, REQUIRED.get((product, action), {}) if told else {"Code": "value"})
        )
    text = _transport_text(exc)
    sent = bool(exchange.address) and not any(mark in text for mark in (*_NOT_SENT, *_LASTING))
    passing = not any(mark in text for mark in _LASTING)
    hint = f"The address called was {endpoint}." if endpoint else "Check the option region and the network."
    if exchange.proxy:
        text = f"{text}, through the proxy {exchange.proxy}"
        hint = f"Check the proxy. {transport.NO_PROXY_HINT}"
    return errors.TransportFailure(product, action, text, sent=sent, passing=passing, hint=hint)


def _transport_text(exc: Exception) -> str:
    """What went wrong on the wire, in a few words.

    The library's own text repeats the whole address with every parameter, some of which may be secret.
    """
    text = re.sub(r"\s+", " ", str(getattr(exc, "message", None) or exc))
    if "in header value" in text or isinstance(exc, UnicodeEncodeError):
        # What it complains of follows, and that may be the security token.
        return "The credentials have characters, such as a line break, that cannot be sent."
    kind = re.search(r"Caused by (\w+)", text)
    reason = re.search(
        r"\[Errno -?\d+\] [\w .,-]+|Read timed out|timed out|certificate verify failed[\w :-]*"
        r"|Tunnel connection failed: [\w -]+",
        text,
    )
    words = [part for part in (kind and kind.group(1), reason and reason.group(0)) if part]
    return ": ".join(words) or re.sub(r"url: \S+", "url: ...", text)
