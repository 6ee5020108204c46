# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operations of KMS share: registration, the service switch, lookups of keys, errors.

Records: ``kms_service`` (id: account) has Status; ``kms_key`` (id: KeyId) has the members of KeyMetadata, RegionId,
AccountId, Tags, Policy and ``Versions``, a list of ``{KeyVersionId, Material}`` (base64, symmetric keys only), newest
last; ``kms_alias`` (id: account/region/name) has AliasName, AliasArn, KeyId. Instances: see instances.py. Secrets: see
secrets.py.
"""

from __future__ import annotations

import base64
import binascii
import functools
import typing as t
import uuid

from local_cloud.framework import ApiError, Call, Handler, operation
from local_cloud.services import json_text
from local_cloud.services.shapes import complete

Record = dict[str, t.Any]

#: what a ciphertext begins with; the ID of the key follows
MAGIC = b"\x01kms"

SERVICE_OFF = {
    "NotEnabled": ("Forbidden.KmsServiceNotEnabled", "The KMS service is not enabled: open it first."),
    "InDebt": ("Forbidden.InDebt", "The KMS service has stopped because of an overdue payment."),
    "Suspended": ("Forbidden.InDebtOverdue", "The KMS service is suspended because of an overdue payment."),
}


def kms(action: str, *, service_needed: bool = True) -> t.Callable[[Handler], Handler]:
    """Register a handler; its answer is completed to the SDK's response model.

    Nothing but the service's own operations works while KMS is switched off.
    """

    def register(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def served(call: Call) -> Record:
            if service_needed:
                require_service(call)
            return complete("kms", action, handler(call))

        operation("kms", action, resources=_resources)(served)
        return handler

    return register


def _resources(call: Call) -> list[str]:
    """The keys, aliases, secrets and instances a call names, also by a ciphertext, as ARNs; ``key``, ``secret`` or
    ``keystore`` itself for lists and what is new."""
    start = f"acs:kms:{call.region}:{call.account_id}"
    if call.action in ("CreateSecret", "ListSecrets"):
        return [f"{start}:secret"]
    if "KmsInstance" in call.action:
        named = call.get("KmsInstanceId")
        return [f"{start}:keystore/{named}" if named else f"{start}:keystore"]
    found = []
    if call.get("SecretName"):
        found.append(f"{start}:secret/{secret_name(call, str(call.params['SecretName']))}")
    for parameter in ("KeyId", "SourceKeyId", "DestinationKeyId", "AliasName"):
        name = call.get(parameter)
        if isinstance(name, str) and name:
            found.append(_arn(call, name))
    kind = "secret" if call.get("ResourceType") == "secret" else "key"
    for name in call.get("ResourceId", []):
        found.append(f"{start}:{kind}/{name}")
    sealed_by = key_of_blob(str(call.get("CiphertextBlob") or ""))
    if sealed_by:
        found.append(f"{start}:key/{sealed_by}")
    return found or [f"{start}:{kind}"]


def key_of_blob(blob: str) -> str | None:
    """The key that has made a ciphertext; None for what no key has made."""
    try:
        raw = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not raw.startswith(MAGIC) or len(raw) < len(MAGIC) + 16:
        return None
    return str(uuid.UUID(bytes=raw[len(MAGIC) : len(MAGIC) + 16]))


def _arn(call: Call, name: str) -> str:
    if name.startswith("acs:"):
        return name
    start = f"acs:kms:{call.region}:{call.account_id}"
    if name.startswith("alias/"):
        alias = call.store.get("kms_alias", alias_key(call, name))
        return f"{start}:key/{alias['KeyId']}" if alias else f"{start}:{name}"
    return f"{start}:key/{name}"


def status(call: Call) -> str:
    """Enabled, NotEnabled, InDebt or Suspended: the account's KMS service."""
    record = call.store.get("kms_service", call.account_id)
    return str(record["Status"]) if record else "NotEnabled"


def require_service(call: Call) -> None:
    """403 while the account's KMS service is not on."""
    code_message = SERVICE_OFF.get(status(call))
    if code_message:
        raise ApiError(code_message[0], 403, code_message[1])


def alias_key(call: Call, name: str) -> str:
    """The store's id of an alias."""
    return f"{call.account_id}/{call.region}/{name}"


def get_alias(call: Call, name: str, *, lagged: bool = False) -> Record:
    """An alias of the caller in the call's region; 404 if there is none."""
    alias = call.store.get("kms_alias", alias_key(call, name), lagged=lagged)
    if alias is None:
        raise ApiError("Forbidden.AliasNotFound", 404, f"The specified Alias is not found: {name}.")
    return alias


def get_key(call: Call, name: str, *, aliases: bool = True, lagged: bool = False) -> Record:
    """A key of the caller in the call's region by id, ARN, or alias; 404 if there is none."""
    start = f"acs:kms:{call.region}:{call.account_id}:"
    plain = name.removeprefix(start).removeprefix("key/")
    if plain.startswith("alias/"):
        if not aliases:
            raise ApiError("Unsupported.Alias", 400, "The operation does not take an alias: give the id of the key.")
        plain = get_alias(call, plain, lagged=lagged)["KeyId"]
    key = call.store.get("kms_key", plain, lagged=lagged)
    if key is None or key["AccountId"] != call.account_id or key["RegionId"] != call.region:
        raise ApiError("Forbidden.KeyNotFound", 404, "The specified Key is not found.")
    return key


def secret_name(call: Call, name: str) -> str:
    """The plain name of a secret that is named so or by its ARN."""
    return name.removeprefix(f"acs:kms:{call.region}:{call.account_id}:secret/")


def secret_id(call: Call, name: str) -> str:
    """The store's id of a secret."""
    return f"{call.account_id}/{call.region}/{name}"


def get_secret(call: Call, name: str, *, lagged: bool = False) -> Record:
    """A secret of the caller in the call's region by name or ARN; 404 if there is none."""
    secret = call.store.get("kms_secret", secret_id(call, secret_name(call, name)), lagged=lagged)
    if secret is None:
        raise ApiError("Forbidden.ResourceNotFound", 404, "Resource not found")
    return secret


def get_living_secret(call: Call, *, lagged: bool = False) -> Record:
    """The secret a call names, which is not about to be deleted."""
    secret = get_secret(call, str(call.params["SecretName"]), lagged=lagged)
    if secret["PlannedDeleteTime"]:
        raise in_delete_window()
    return secret


def in_delete_window() -> ApiError:
    """The refusal of whatever cannot be done with a secret that is scheduled for deletion."""
    return ApiError("Rejected.ResourceInDeleteWindow", 409, "The secret is planned to be deleted.")


def save_secret(call: Call, secret: Record) -> None:
    """Write a secret back."""
    call.store.put("kms_secret", secret_id(call, secret["SecretName"]), secret, region=secret["RegionId"])


def save(call: Call, key: Record) -> None:
    """Write a key back."""
    call.store.put("kms_key", key["KeyId"], key, region=key["RegionId"])


def invalid(parameter: str, why: str) -> ApiError:
    """400 InvalidParameter, naming the parameter."""
    return ApiError("InvalidParameter", 400, f'The specified parameter "{parameter}" is not valid: {why}')


def json_of(call: Call, parameter: str, kind: type) -> t.Any:
    """A parameter that is JSON text of a list or an object; empty when not given."""
    text = call.get(parameter)
    if text is None or text == "":
        return kind()
    try:
        value = json_text.loads(call, text) if isinstance(text, str) else text
    except ValueError as error:
        raise invalid(parameter, "it is not JSON.") from error
    if not isinstance(value, kind):
        raise invalid(parameter, f"it must be a JSON {'array' if kind is list else 'object'}.")
    return value


def page(call: Call, records: list[Record], longest: int = 100) -> tuple[list[Record], Record]:
    """One page, and the answer's PageNumber, PageSize and TotalCount."""
    number, size = int(call.get("PageNumber", 1)), int(call.get("PageSize", 10))
    if number < 1 or not 1 <= size <= longest:
        raise invalid("PageSize", f"PageNumber must be 1 or more and PageSize 1 to {longest}.")
    first = (number - 1) * size
    return records[first : first + size], {"PageNumber": number, "PageSize": size, "TotalCount": len(records)}
