# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every request of the API passes: who asks, may they, is it well-formed, has it been answered already."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import hmac
import json
import logging
import threading
import time
import typing as t
import urllib.parse
from dataclasses import dataclass, field

from local_cloud import answers, iam, identities, signatures, validation
from local_cloud.answers import Answer
from local_cloud.clock import SECOND_FORMAT
from local_cloud.faults import Fault, Faults
from local_cloud.framework import ANONYMOUS, OPERATIONS, ApiError, Call, Identity, Operation
from local_cloud.products import BY_VERSION, Product, of_host
from local_cloud.requests_log import RequestLog, masked
from local_cloud.sdk_models import request_model
from local_cloud.settings import Settings, define
from local_cloud.store import Store

define("default_region", "cn-hangzhou", "the region of a request that names none, in its parameters or its host")
define("signature_window_seconds", 900, "how far the date of a signature may be from real time")
define("clock_ahead_seconds", 0.0, "how far the API's time of day, for signatures and Date, is ahead of this machine's")
define(
    "action_case",
    "ignore",
    "names of operations whose capitals differ, which some clients send: taken (ignore) or unknown (exact; UNCERTAIN)",
    ("ignore", "exact"),
)
define("client_token_hours", 24.0, "how long the answer to a ClientToken is remembered")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """An HTTP request to the API."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]  # lower-case names
    body: bytes
    client: str = "127.0.0.1"
    secure: bool = False

    def form(self) -> list[tuple[str, str]]:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not self.body or kind != "application/x-www-form-urlencoded":
            return []
        return urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)


@dataclass
class Visit:
    """One request on its way through the gate; every field but the first is found out on the way."""

    request: Request
    flat: dict[str, str]
    request_id: str = field(default_factory=answers.new_request_id)
    product: Product | None = None
    action: str = ""
    xml: bool = False
    region: str = ""
    identity: Identity | None = None
    rights: set[str] = field(default_factory=set)
    faults: dict[str, Fault] = field(default_factory=dict)
    token: str | None = None  # key of the ClientToken, once this visit is the one that works on it
    answer: Answer | None = None
    code: str | None = None

    @property
    def operation(self) -> str:
        return f"{self.product.name if self.product else '?'}:{self.action or '?'}"

    @property
    def repeated(self) -> str:
        """The parameters, as an answer may repeat them: as they are meant, and as they came."""
        given = [*self.flat.items(), *self.request.headers.items()]
        quoted = "&".join(f"{name}={urllib.parse.quote(value, safe='')}" for name, value in given)
        return " ".join([*(f"{name}={value}" for name, value in given), urllib.parse.urlencode(given), quoted])

    @property
    def delay(self) -> float:
        """Seconds that the answer has to be late."""
        return self.faults["slow"].seconds if "slow" in self.faults else 0.0


class _Drop(Exception):
    """The connection is to be closed and nothing may be committed."""


class Gate:
    """Turns requests into answers: :meth:`admit`, then (after the visit's delay) :meth:`serve`."""

    def __init__(self, store: Store, settings: Settings, faults: Faults, log: RequestLog) -> None:
        self._store = store
        self._settings = settings
        self._faults = faults
        self._requests = log
        self._lock = threading.Lock()
        self._working: set[str] = set()

    def admit(self, request: Request) -> Visit:
        """Tell what is asked and by whom. An answer in the visit means that it ends here."""
        visit = Visit(request, dict([*request.query, *request.form()]))
        self._step(visit, self._enter)
        return visit

    def serve(self, visit: Visit) -> Answer:
        """Do what an admitted visit asks for, log it, and return the answer, which is committed."""
        try:
            if visit.answer is None:
                self._step(visit, self._perform)
            assert visit.answer is not None
            return self._spoil(visit, visit.answer)
        finally:
            if visit.token:
                with self._lock:
                    self._working.discard(visit.token)
            self._note(visit)

    def _step(self, visit: Visit, step: t.Callable[[Visit], None]) -> None:
        """Take a step that may end the visit with an error."""
        try:
            step(visit)
        except ApiError as error:
            self._refuse(visit, error)
        except _Drop:
            visit.answer = Answer(0, b"", drop=True)
        except Exception:
            _log.exception("%s failed by a mistake of the local cloud", visit.operation)
            self._refuse(
                visit, ApiError("InternalError", 500, "The local cloud made a mistake; see its log for the cause.")
            )

    def _enter(self, visit: Visit) -> None:
        self._recognise(visit)
        self._authenticate(visit)
        visit.faults = self._faults.take(visit.operation)
        for fault in visit.faults.values():
            error = fault.error(visit.repeated)
            if error:
                raise error
        if "portal" in visit.faults:
            visit.answer = visit.faults["portal"].answer(visit.repeated)
            return
        self._claim_token(visit)

    # -- who and what

    def _recognise(self, visit: Visit) -> None:
        headers, flat = visit.request.headers, visit.flat
        signed_v3 = "authorization" in headers
        visit.xml = flat.get("Format", "JSON" if signed_v3 else "XML").upper() != "JSON"
        visit.action = headers.get("x-acs-action") or flat.get("Action", "")
        version = headers.get("x-acs-version") or flat.get("Version", "")
        by_host, host_region = of_host(headers.get("host", ""))
        visit.region = flat.get("RegionId") or host_region or self._settings["default_region"]
        visit.product = BY_VERSION.get(version) or by_host
        for name, value in (("Action", visit.action), ("Version", version)):
            if not value:
                raise _missing(name)
        if version not in BY_VERSION or (by_host and by_host.version != version):
            raise ApiError("InvalidVersion", 400, "Specified parameter Version is not valid.")
        product = BY_VERSION[version]
        if self._settings["action_case"] == "ignore":
            visit.action = _served_names(product.name).get(visit.action.lower(), visit.action)
        if host_region not in (None, _CENTRAL_REGION, visit.region) and not product.global_host:
            raise ApiError(
                "InvalidOperation.NotSupportedEndpoint", 400, "The specified endpoint can't operate this region."
            )
        if (product.name, visit.action) not in OPERATIONS and request_model(product.package, visit.action) is None:
            raise ApiError(
                "InvalidAction.NotFound", 404, "Specified api is not found, please check your url and method."
            )
        if visit.request.method not in ("GET", "POST"):
            raise ApiError("UnsupportedHTTPMethod", 403, "This http method is not supported.")

    def _authenticate(self, visit: Visit) -> None:
        headers, flat = visit.request.headers, visit.flat
        assert visit.product is not None
        if "x-acs-bearer-token" in headers or flat.get("SignatureType", "").upper() == "BEARERTOKEN":
            raise ApiError("IncompleteSignature", 400, "The local cloud doesn't take bearer tokens; sign the request.")
        if "authorization" in headers:
            visit.identity = self._check_v3(visit)
        elif "Signature" in flat:
            visit.identity = self._check_rpc(visit)
        elif (served := OPERATIONS.get((visit.product.name, visit.action))) and served.anonymous:
            visit.identity = ANONYMOUS
        else:
            raise _missing("AccessKeyId" if "AccessKeyId" not in flat else "Signature")

    def _check_v3(self, visit: Visit) -> Identity:
        request, headers = visit.request, visit.request.headers
        parsed = signatures.parse_authorization(headers["authorization"])
        if parsed is None or parsed.algorithm != signatures.V3_ALGORITHM:
            raise ApiError(
                "IncompleteSignature",
                400,
                "The request signature does not conform to Aliyun standards: expected the header Authorization:"
                f" {signatures.V3_ALGORITHM} Credential=...,SignedHeaders=...,Signature=...",
            )
        for name in ("x-acs-date", "x-acs-signature-nonce"):
            if name not in headers:
                raise (
                    ApiError("IllegalTimestamp", 400, "The input parameter Timestamp is not supplied.")
                    if (name == "x-acs-date")
                    else _missing("SignatureNonce")
                )
        must_sign = {"host", *(name for name in headers if name.startswith("x-acs-"))}
        forgotten = sorted(must_sign - set(parsed.signed_headers))
        if forgotten:
            raise ApiError("IncompleteSignature", 400, f"These headers must be signed: {', '.join(forgotten)}.")
        credential = self._credential(parsed.access_key_id)
        self._check_date(headers["x-acs-date"])
        canonical = signatures.v3_canonical_request(
            request.method, request.path, request.query, headers, parsed.signed_headers, request.body
        )
        wanted = signatures.v3_signature(credential.secret, canonical)
        announced = headers.get("x-acs-content-sha256", "").lower()
        if not hmac.compare_digest(wanted, parsed.signature) or announced not in (
            "",
            hashlib.sha256(request.body).hexdigest(),
        ):
            raise _signature_mismatch(f"server canonical request is:{canonical}")
        self._check_token(credential, headers.get("x-acs-security-token"))
        self._use_nonce(parsed.access_key_id, headers["x-acs-signature-nonce"])
        return credential.identity

    def _check_rpc(self, visit: Visit) -> Identity:
        request, flat = visit.request, visit.flat
        timestamp = flat.get("Timestamp") or flat.get("TimeStamp")  # as old examples and salt-cloud spell it
        for name in ("AccessKeyId", "SignatureNonce", "Timestamp"):
            if not (timestamp if name == "Timestamp" else flat.get(name)):
                raise _missing(name)
        if (
            flat.get("SignatureMethod", "HMAC-SHA1").upper() != "HMAC-SHA1"
            or flat.get("SignatureVersion", "1.0") != "1.0"
        ):
            raise ApiError(
                "IncompleteSignature",
                400,
                "The request signature does not conform to Aliyun standards: expected SignatureMethod HMAC-SHA1 and"
                " SignatureVersion 1.0.",
            )
        credential = self._credential(flat["AccessKeyId"])
        self._check_date(str(timestamp))
        text = signatures.rpc_string_to_sign(request.method, [*request.query, *request.form()])
        if not hmac.compare_digest(
            signatures.rpc_signature(credential.secret, text).encode(), flat["Signature"].encode()
        ):
            raise _signature_mismatch(f"server string to sign is:{text}")
        self._check_token(credential, flat.get("SecurityToken") or request.headers.get("x-acs-security-token"))
        self._use_nonce(flat["AccessKeyId"], flat["SignatureNonce"])
        return credential.identity

    def _credential(self, access_key_id: str) -> identities.Credential:
        credential = identities.find_credential(self._store, access_key_id)
        if credential is None:
            raise ApiError("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.")
        if not credential.active:
            raise ApiError("Forbidden.AccessKeyDisabled", 403, "The specified access key is disabled.")
        return credential

    def _check_date(self, text: str) -> None:
        try:
            moment = dt.datetime.strptime(text, SECOND_FORMAT).replace(tzinfo=dt.UTC)
        except ValueError:
            raise ApiError(
                "IllegalTimestamp",
                400,
                "The input parameter Timestamp is not valid; expected 2026-01-31T12:00:00Z, UTC.",
            ) from None
        if abs(moment.timestamp() - self.time_of_day()) > self._settings["signature_window_seconds"]:
            raise ApiError("InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired.")

    def time_of_day(self) -> float:
        """What the API takes for the real time, in seconds since 1970."""
        return time.time() + float(self._settings["clock_ahead_seconds"])

    def _check_token(self, credential: identities.Credential, token: str | None) -> None:
        if credential.token is None:
            if token:
                raise ApiError(
                    "InvalidSecurityToken.MismatchWithAccessKey",
                    400,
                    "Specified SecurityToken does not belong to the AccessKey, which is a permanent one.",
                )
            return
        if not token:
            raise ApiError("MissingSecurityToken", 400, "SecurityToken is mandatory for this action.")
        if not token.startswith("CAIS"):
            raise ApiError("InvalidSecurityToken.Malformed", 400, "Specified SecurityToken is malformed.")
        if not hmac.compare_digest(token.encode(), credential.token.encode()):
            raise ApiError(
                "InvalidSecurityToken.MismatchWithAccessKey",
                400,
                "Specified SecurityToken mismatch with the AccessKey.",
            )
        if credential.expires is not None and credential.expires <= self._store.clock.now():
            raise ApiError("InvalidSecurityToken.Expired", 400, "Specified SecurityToken is expired.")

    def _use_nonce(self, access_key_id: str, nonce: str) -> None:
        """Note a nonce for good, at once: an answer's failure must not make its request repeatable."""
        key = hashlib.sha256(f"{access_key_id}\n{nonce}".encode()).hexdigest()
        added = self._store.execute(
            "INSERT INTO nonce (id, seen) VALUES (?, ?) ON CONFLICT (id) DO NOTHING RETURNING id", (key, time.time())
        )
        if not added:
            raise ApiError("SignatureNonceUsed", 400, "Specified signature nonce was used already.")

    # -- may and does

    def _perform(self, visit: Visit) -> None:
        assert visit.product is not None
        assert visit.identity is not None
        store, product = self._store, visit.product
        store.apply_due()
        served = OPERATIONS.get((product.name, visit.action))
        if served is None:
            raise ApiError(
                "NotImplementedByLocalCloud", 501, f"The local cloud doesn't serve {product.name} {visit.action}."
            )
        with store.transaction():
            store.read_lag = visit.faults["read_lag"].seconds if "read_lag" in visit.faults else 0.0
            try:
                call = Call(
                    product=product.name,
                    action=visit.action,
                    params=validation.check(product, visit.action, _with_region(visit), self._settings),
                    region=visit.region,
                    identity=visit.identity,
                    request_id=visit.request_id,
                    store=store,
                    clock=store.clock,
                    settings=self._settings,
                    rights=visit.rights,
                    client=visit.request.client,
                    host=visit.request.headers.get("host", ""),
                    secure=visit.request.secure,
                )
                self._authorise(visit, served, call)
                body = self._once(visit, served, call)
            finally:
                store.read_lag = 0.0
            for callback in call.after_commit:
                store.on_commit(callback)
            if "drop_before_commit" in visit.faults:
                raise _Drop
        visit.answer = answers.success(visit.action, body, visit.request_id, visit.xml)

    def _authorise(self, visit: Visit, served: Operation, call: Call) -> None:
        if not served.ram_action:
            return
        call.rights.add(served.ram_action)
        resources = served.resources(call) if served.resources else ["*"]
        context = {
            "acs:SourceIp": visit.request.client,
            "acs:SecureTransport": visit.request.secure,
            "acs:CurrentTime": call.clock.text(),
            "acs:PrincipalARN": call.identity.arn,
        }
        for resource in resources or ["*"]:
            known = {**context, **served.about(call, resource)} if served.about else context
            decision = iam.decide(self._store, call.identity, served.ram_action, [resource], known)
            if decision != "Allow":
                raise denied(call, served.ram_action, decision)

    def _once(self, visit: Visit, served: Operation, call: Call) -> dict[str, t.Any]:
        """Run the handler, or repeat what it answered to the same ClientToken."""
        if visit.token is None:
            return served.handler(call)
        request = _fingerprint(visit.flat)
        oldest = call.clock.timestamp() - self._settings["client_token_hours"] * 3600
        for known, answer in self._store.execute(
            "SELECT request, answer FROM client_token WHERE id = ? AND at > ?", (visit.token, oldest)
        ):
            if known != request:
                code, status = _TOKEN_MISMATCH.get(visit.action, ("IdempotentParameterMismatch", 400))
                raise ApiError(
                    code,
                    status,
                    "Request uses a client token in a previous request but is not identical to that request.",
                )
            repeated: dict[str, t.Any] = json.loads(answer)
            return repeated
        body = served.handler(call)
        self._store.execute(
            "INSERT OR REPLACE INTO client_token (id, request, answer, at) VALUES (?, ?, ?, ?)",
            (visit.token, request, json.dumps(body), call.clock.timestamp()),
        )
        return body

    def _claim_token(self, visit: Visit) -> None:
        """Make sure that only one request works on a ClientToken at a time."""
        token = visit.flat.get("ClientToken")
        assert visit.product is not None
        assert visit.identity is not None
        if not token or "ClientToken" not in validation.fields_of(visit.product, visit.action):
            return
        if len(token) > 64 or not token.isascii():
            code = "InvalidClientToken.ValueNotSupported" if visit.action == "RunInstances" else "InvalidParameter"
            raise ApiError(
                code, 400, 'The specified parameter "ClientToken" is not valid: at most 64 ASCII characters.'
            )
        key = "/".join((visit.identity.account_id, visit.product.name, visit.action, token))
        with self._lock:
            if key in self._working:
                code = "IdempotentProcessing" if visit.action in _IDEMPOTENT_PROCESSING else "LastTokenProcessing"
                raise ApiError(code, 403, "The previous idempotent request(s) is still processing.")
            self._working.add(key)
            visit.token = key

    # -- answers

    def _refuse(self, visit: Visit, error: ApiError) -> None:
        visit.code = error.code
        host = visit.request.headers.get("host", "")
        visit.answer = answers.failure(error, visit.product, host, visit.request_id, visit.xml)

    def _spoil(self, visit: Visit, answer: Answer) -> Answer:
        if "drop_after_commit" in visit.faults or answer.drop:
            return Answer(0, b"", drop=True)
        if "other_body" in visit.faults:
            return visit.faults["other_body"].answer(visit.repeated)
        if "empty_body" in visit.faults:
            return Answer(answer.status, b"", answer.headers)
        if "cut_body" in visit.faults:
            return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
        return answer

    def _note(self, visit: Visit) -> None:
        key = visit.identity.access_key_id if visit.identity else visit.flat.get("AccessKeyId", "")
        self._requests.add(
            {
                "time": self._store.clock.text(),
                "operation": visit.operation,
                "region": visit.region,
                "access_key_id": key,
                "principal": visit.identity.arn if visit.identity else None,
                "request_id": visit.request_id,
                "status": visit.answer.status if visit.answer else None,
                "code": visit.code,
                "rights": sorted(visit.rights),
                "faults": sorted(visit.faults),
                "params": masked(visit.flat),
            }
        )


#: its endpoint also serves older regions
_CENTRAL_REGION = "cn-hangzhou"

#: operations that name a mismatch differently
_TOKEN_MISMATCH = {
    "CreateSnapshot": ("IdempotentParameterMismatch", 403),
    "CreateImage": ("IdempotenceParamNotMatch", 400),
}
_IDEMPOTENT_PROCESSING = {"CreateSecurityGroup", "CreateSnapshot"}


@functools.cache
def _served_names(product: str) -> dict[str, str]:
    """Operations that are served, by their names in small letters."""
    return {action.lower(): action for one, action in OPERATIONS if one == product}


def denied(call: Call, ram_action: str, decision: iam.Decision = "ImplicitDeny") -> ApiError:
    """The error of a call that RAM doesn't allow, in the form of the call's product."""
    identity = call.identity
    if call.product in ("ram", "sts"):
        code, message = "NoPermission", "You are not authorized to do this action."
    elif call.product == "kms":
        code, message = "Forbidden.NoPermission", "This operation is forbidden by permission system."
    else:
        code = "Forbidden.RAM"
        message = "User not authorized to operate on the specified resource, or this API doesn't support RAM."
    detail = {
        "AuthAction": ram_action,
        "AuthPrincipalType": "SubUser" if identity.kind == "RAMUser" else "AssumedRoleUser",
        "AuthPrincipalOwnerId": identity.account_id,
        "AuthPrincipalDisplayName": identity.user_name or f"{identity.role_name}:{identity.session_name}",
        "NoPermissionType": decision,
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }
    return ApiError(code, 403, message, extra={"AccessDeniedDetail": detail})


def _fingerprint(flat: t.Mapping[str, str]) -> str:
    """What makes a request the same: its parameters without those of the signature."""
    own = {name: value for name, value in flat.items() if name == "RegionId" or name not in validation.COMMON}
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


def _with_region(visit: Visit) -> dict[str, str]:
    """The parameters; a regional host name says what RegionId would."""
    _by_host, region = of_host(visit.request.headers.get("host", ""))
    assert visit.product is not None
    if not region or visit.flat.get("RegionId") or "RegionId" not in validation.fields_of(visit.product, visit.action):
        return visit.flat
    return {**visit.flat, "RegionId": region}


def _missing(name: str) -> ApiError:
    return ApiError(
        "MissingParameter",
        400,
        f'The input parameter "{name}" that is mandatory for processing this request is not supplied.',
    )


def _signature_mismatch(calculation: str) -> ApiError:
    return ApiError(
        "SignatureDoesNotMatch", 400, f"Specified signature is not matched with our calculation. {calculation}"
    )
