# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence: what the trusted server takes for true, what it makes of it, and everything that it refuses."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import json
import ssl
import sys
import types
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from guest import ROLE, create_role
from machine import POLICY, Machine, ask, authority, b64, decrypted
from sdk import Sdk
from soft_tpm import AGENT, CHAIN, SoftTpm
from wire import Reply

from local_cloud.attestation import certificates, message, tpm2
from local_cloud.attestation.tpm_structures import parse_endorsement_key
from local_cloud.ca import Authority
from local_cloud.trust_client import build

ACTIONS = ("GenerateNonce", "GenerateAikcert", "RegisterMessage", "PutMessage")


@pytest.fixture
def role(sdk: Sdk) -> str:
    return create_role(sdk, POLICY)


@pytest.fixture
def machine(sdk: Sdk, role: str) -> Machine:
    """An enrolled instance that has not reported yet."""
    return Machine.start(sdk).enrol()


def changed_chain(name: str, content: bytes) -> list[tuple[int, str, bytes]]:
    return [(pcr, own, content if own == name else old) for pcr, own, old in CHAIN]


# -- trust


def test_first_verified_boot_is_the_baseline_and_trusted(machine: Machine) -> None:
    assert machine.verdict() == (4, 4)
    data = machine.report()
    assert data["systemVerificationResult"] == {"code": "TrustedStatus", "status": 1}
    assert data["programVerificationResult"] == {"code": "TrustedStatus", "status": 1}
    assert data["nextClientIMAIndex"] == 2
    assert machine.verdict() == (1, 1)
    assert machine.shown()["SystemExceptionNum"] == 0
    baseline = machine.baseline()
    assert baseline["pcrs"]["8"] == machine.tpm.pcrs[8].hex()
    assert baseline["programs"] == {AGENT: hashlib.sha256(b"agent 1").hexdigest()}
    machine.tpm.boot()
    machine.report()
    assert machine.verdict() == (1, 1)
    assert machine.events() == []


def test_who_stops_reporting_becomes_unmeasured_after_two_intervals(machine: Machine) -> None:
    cloud = machine.guest.sdk.cloud
    machine.report()
    cloud.clock_advance(3600)
    assert machine.verdict() == (1, 1)
    cloud.clock_advance(1)
    shown = machine.shown()
    assert (shown["SystemTrustStatus"], shown["ProgramTrustStatus"], shown["OnlineStatus"]) == (4, 4, 0)
    assert shown["SystemTrustDetail"] == "no report for too long"
    machine.report()
    assert machine.verdict() == (1, 1)
    cloud.set("trusted_server.silent_seconds", 5)
    cloud.clock_advance(6)
    assert machine.verdict() == (4, 4)


def test_nothing_is_said_about_programs_before_the_agent_was_measured(machine: Machine) -> None:
    machine.tpm.boot(programs={"/usr/local/bin/other": b"x"})
    machine.report()
    assert machine.verdict() == (1, 4)
    machine.tpm.run(AGENT, b"agent 1")
    machine.report()
    assert machine.verdict() == (1, 1)


def test_verify_message_judges_and_keeps_nothing(machine: Machine) -> None:
    def verify() -> dict[str, t.Any]:
        reply = machine.ask("VerifyMessage", FileData=machine.message(machine.challenge()))
        assert reply.status == 200
        return t.cast("dict[str, t.Any]", reply.json["Data"])

    assert verify()["PcrVerificationResult"]["Status"] == 4
    assert machine.verdict() == (4, 4)
    machine.report()
    assert verify()["PcrVerificationResult"]["Status"] == 1
    machine.tpm.boot(changed_chain("loader", b"2"))
    assert verify()["PcrVerificationResult"]["Untrusted"] == ["PCR 4: loader"]
    assert machine.verdict() == (1, 1)


def test_newer_agents_get_their_certificate_in_one_step(machine: Machine) -> None:
    keys = {"AikName": b64(machine.tpm.aik_name), "EkCert": b64(machine.tpm.certificate)}
    request = {"EkPubKey": b64(machine.tpm.ek_public), "CertRequest": b64(machine.tpm.aik_public)}
    given = machine.ask("ProduceAikcert", **keys, **request).json["Data"]
    machine.aik_certificate = decrypted(
        machine.answer(given["KeyCredentialBlob"]), base64.b64decode(given["DataCredentialBlob"])
    )
    machine.report()
    assert machine.verdict() == (1, 1)


# -- findings


def test_changed_boot_chain_is_a_finding_that_names_pcr_and_entry(machine: Machine) -> None:
    machine.report()
    expected = machine.tpm.pcrs[8].hex()
    machine.tpm.boot(changed_chain("cmdline", b"ro init=/bin/sh"))
    assert machine.report()["systemVerificationResult"] == {"code": "UntrustedStatus", "status": 2}
    assert machine.verdict() == (2, 1)
    shown = machine.shown()
    assert shown["SystemExceptionNum"] == 1
    assert "PCR 8" in shown["SystemTrustDetail"]
    assert "changed: cmdline" in shown["SystemTrustDetail"]
    (event,) = machine.events()
    assert event["Suspect"] == "PCR 8: cmdline"
    assert (event["SuspectSig"], event["SuspectWhiteList"]) == (machine.tpm.pcrs[8].hex(), expected)
    assert (event["EventType"], event["EventStatus"], event["HandleType"], event["Accumulation"]) == (
        "1",
        "0",
        "0",
        "1",
    )
    machine.report()
    assert [event["Accumulation"] for event in machine.events()] == ["2"]


def test_back_at_the_baseline_it_is_trusted_again_and_the_finding_stays(machine: Machine) -> None:
    machine.report()
    machine.tpm.boot(changed_chain("loader", b"evil"))
    machine.report()
    machine.tpm.boot()
    machine.report()
    assert machine.verdict() == (1, 1)
    assert len(machine.events(EventStatus="0")) == 1


def test_accepting_moves_the_baseline_by_exactly_the_finding(machine: Machine) -> None:
    machine.report()
    before = machine.baseline()
    updated = [(pcr, name, b"2" if name in ("loader", "vmlinuz") else old) for pcr, name, old in CHAIN]
    machine.tpm.boot(updated)
    machine.report()
    kernel, loader = sorted(machine.events(), key=lambda event: event["Suspect"], reverse=True)
    assert (kernel["Suspect"], loader["Suspect"]) == ("PCR 9: vmlinuz", "PCR 4: loader")
    assert machine.trust(kernel).status == 200
    after = machine.baseline()
    assert after["pcrs"] == {**before["pcrs"], "9": machine.tpm.pcrs[9].hex()}
    assert machine.verdict() == (2, 1), "acceptance alone is no evidence"
    machine.report()
    assert machine.verdict() == (2, 1)
    assert [event["Suspect"] for event in machine.events(EventStatus="0")] == ["PCR 4: loader"]
    machine.trust(loader)
    machine.report()
    assert machine.verdict() == (1, 1)
    machine.tpm.boot()
    machine.report()
    assert machine.verdict() == (2, 1), "the former boot chain is not the baseline any more"


def test_ignoring_closes_the_finding_and_trusts_nothing(machine: Machine) -> None:
    machine.report()
    machine.tpm.boot(changed_chain("initrd", b"2"))
    machine.report()
    (event,) = machine.events()
    assert ask(machine.owner, "IgnoreEvents", EventUuids=event["EventUuid"]).status == 200
    machine.report()
    assert machine.verdict() == (2, 1)
    (event,) = machine.events()
    assert (event["EventStatus"], event["HandleType"], event["Accumulation"]) == ("1", "2", "2")


def test_what_no_log_explains_is_never_trusted(machine: Machine) -> None:
    machine.report()
    machine.tpm.extend(8, bytes(32))
    machine.report()
    assert machine.verdict() == (2, 1)
    (event,) = machine.events()
    assert (event["Suspect"], event["EventLevel"]) == ("PCR 8", "3")
    assert machine.trust(event).code == "EventNotTrustable"
    machine.report()
    assert machine.verdict() == (2, 1)
    machine.tpm.boot()
    machine.report()
    assert machine.verdict() == (1, 1)


def test_replaced_program_is_a_finding_until_the_next_boot_or_acceptance(machine: Machine) -> None:
    machine.report()
    machine.tpm.run(AGENT, b"evil")
    machine.report()
    assert machine.verdict() == (1, 2)
    assert AGENT in machine.shown()["ProgramTrustDetail"]
    machine.tpm.run(AGENT, b"agent 1")
    machine.report()
    assert machine.verdict() == (1, 2), "it ran"
    machine.tpm.boot()
    machine.report()
    assert machine.verdict() == (1, 1)


def test_accepted_update_of_a_program_replaces_the_old_one(machine: Machine) -> None:
    machine.report()
    machine.tpm.run(AGENT, b"agent 2")
    machine.report()
    (event,) = machine.events()
    assert (event["EventType"], event["Suspect"]) == ("2", AGENT)
    assert machine.trust(event).status == 200
    machine.report()
    assert machine.verdict() == (1, 1), "the old one ran before it, which is explained"
    machine.tpm.boot(programs={AGENT: b"agent 1"})
    machine.report()
    assert machine.verdict() == (1, 2), "going back to the old one is not"


def test_only_the_account_itself_handles_its_findings(machine: Machine) -> None:
    machine.report()
    machine.tpm.boot(changed_chain("loader", b"2"))
    machine.report()
    (event,) = machine.events()
    # the instance's role has only the four actions
    assert machine.ask("TrustEvents", EventUuids=event["EventUuid"]).code == "Forbidden.RAM"


# -- refused


def refused(reply: Reply) -> str | None:
    assert reply.status == 400, reply.json
    return reply.code


def test_first_report_with_a_forged_log_makes_no_baseline(machine: Machine) -> None:
    honest = machine.tpm.log
    machine.tpm.boot(changed_chain("vmlinuz", b"evil"))
    machine.report(events=honest.hex())
    assert machine.verdict() == (2, 2)
    assert ask(machine.owner, "DescribeBoot", PropertyUuid=machine.uuid).code == "BootMeasurement.NotFound"


def test_log_that_shows_the_baseline_does_not_hide_what_was_booted(machine: Machine) -> None:
    machine.report()
    honest, programs = machine.tpm.log, machine.tpm.program_list
    machine.tpm.boot(changed_chain("vmlinuz", b"evil"))
    machine.tpm.run(AGENT, b"evil")
    machine.report(events=honest.hex(), programs=programs)
    assert machine.verdict() == (2, 2)
    assert {event["Suspect"] for event in machine.events()} >= {"PCR 9", "PCR 10"}


def test_quote_over_other_values_is_refused(machine: Machine) -> None:
    secret, clean = machine.challenge(), machine.body()["pcrs"]
    machine.tpm.extend(8, bytes(32))
    data = message.pack(
        machine.body(pcrs=clean), lambda text: machine.tpm.quote(0, message.nonce(secret, text), range(11))
    )
    assert refused(machine.put(data)) == "InvalidPcrs"
    assert machine.verdict() == (4, 4)


def test_quote_that_leaves_a_pcr_out_is_refused(machine: Machine) -> None:
    assert refused(machine.put(machine.message(machine.challenge(), 10))) == "InvalidPcrs"


def test_replayed_report_is_refused(machine: Machine) -> None:
    data = machine.message(machine.challenge())
    assert machine.put(data).status == 200
    assert refused(machine.put(data)) == "InvalidNonce.NotFound"
    machine.challenge()
    assert refused(machine.put(data)) == "InvalidNonce"


def test_challenge_expires(machine: Machine) -> None:
    data = machine.message(machine.challenge())
    machine.guest.sdk.cloud.clock_advance(301)
    assert refused(machine.put(data)) == "InvalidNonce.NotFound"


def test_newer_challenge_ends_the_older(machine: Machine) -> None:
    old = machine.challenge()
    machine.challenge()
    assert refused(machine.put(machine.message(old))) == "InvalidNonce"


def test_report_changed_on_its_way_is_refused(machine: Machine) -> None:
    report = message.unpack(machine.message(machine.challenge()))
    log = machine.tpm.log.hex()
    forged = report.body.replace(log, log[:-2] + "01")
    outer = {"body": forged, "quote": report.quote.hex(), "signature": report.signature.hex()}
    assert refused(machine.put(b64(message.canonical(outer).encode()))) == "InvalidNonce"


def test_report_signed_by_another_key_is_refused(machine: Machine) -> None:
    secret, other = machine.challenge(), SoftTpm(2)
    other.pcrs = machine.tpm.pcrs
    data = message.pack(machine.body(), lambda text: other.quote(0, message.nonce(secret, text), range(11)))
    assert refused(machine.put(data)) == "InvalidSignature"


def test_what_is_no_quote_is_refused_even_when_signed(machine: Machine) -> None:
    secret = machine.challenge()

    def sign(text: str, at: int) -> tuple[bytes, bytes]:
        attest = bytearray(machine.tpm.quote(0, message.nonce(secret, text), range(11))[0])
        attest[at] ^= 1
        return bytes(attest), machine.tpm.sign(bytes(attest))

    for at in (0, 5):  # magic number, type
        assert refused(machine.put(message.pack(machine.body(), lambda text, at=at: sign(text, at)))) == "Malformed"  # type: ignore[misc]


def test_report_of_another_instance_is_refused(sdk: Sdk, machine: Machine) -> None:
    other = Machine.start(sdk, 2).enrol()
    data = machine.message(machine.challenge())
    other.challenge()
    assert refused(other.put(data)) == "InvalidMessage"
    assert machine.put(data).status == 200
    relayed = other.ask("PutMessage", PropertyUuid=machine.uuid, FileData=machine.message(machine.challenge()))
    assert (relayed.status, relayed.code) == (403, "Forbidden.OtherInstance")
    assert other.verdict() == (4, 4)


def test_tpm_of_another_instance_is_refused(sdk: Sdk, machine: Machine) -> None:
    other = Machine.start(sdk, 2)
    other.tpm = machine.tpm
    assert refused(other.ask("GenerateNonce", **other.keys())) == "InvalidEkCert"


def test_unknown_endorsement_key_is_refused(machine: Machine, tmp_path: Path) -> None:
    stranger, other = Authority(tmp_path), SoftTpm(2)
    public, own = machine.tpm.ek_public, machine.tpm.certificate
    forged = certificates.certify(stranger, machine.guest.instance_id, public)
    server = authority(machine.guest.sdk).issue(machine.guest.instance_id, parse_endorsement_key(public).key)

    for cert, shown in (
        (forged, public),
        (server.public_bytes(Encoding.DER), public),
        (own, other.ek_public),
        (b"no certificate", public),
        (b"", public),
    ):
        reply = machine.ask("GenerateNonce", **machine.keys(EkCert=b64(cert), EkPub=b64(shown)))
        assert (reply.status, reply.code) in ((400, "InvalidEkCert"), (400, "MissingParameter"))


def test_key_that_could_sign_anything_is_no_endorsement_key(machine: Machine) -> None:
    aik = b64(machine.tpm.aik_public)
    assert refused(machine.ask("GenerateNonce", **machine.keys(EkPub=aik))) == "Malformed"


def test_replaced_tpm_is_refused_until_the_enrolment_is_ended(machine: Machine) -> None:
    machine.report()
    machine.tpm = SoftTpm(3)
    renewed = Machine(machine.guest, machine.tpm)
    reply = renewed.certify(renewed.challenge())
    assert (reply.status, reply.code) == (403, "Forbidden.OtherEk")
    assert ask(machine.owner, "UnregisterMessage", Properties=machine.uuid).status == 200
    renewed.enrol().report()
    assert renewed.verdict() == (1, 1)


def test_attestation_key_needs_the_answer_to_its_own_challenge(sdk: Sdk, role: str) -> None:
    machine = Machine.start(sdk)
    assert refused(machine.certify(bytes(32))) == "InvalidNonce.NotFound"
    machine.challenge()
    assert refused(machine.certify(bytes(32))) == "InvalidNonceDigest"
    secret = machine.challenge()
    other = b64(SoftTpm(2).aik_public)
    digest = b64(hashlib.sha256(secret).digest())
    swapped = machine.ask("GenerateAikcert", **machine.keys(AikPub=other, NonceDigest=digest))
    assert refused(swapped) == "InvalidAikPub"
    renamed = machine.certify(secret, AikName=b64(SoftTpm(2).aik_name))
    assert refused(renamed) == "InvalidNonce.OtherKey"
    assert machine.certify(secret).status == 200
    assert refused(machine.certify(secret)) == "InvalidNonce.NotFound"


@pytest.mark.parametrize("bit", [1, 4, 5, 16, 18], ids=["fixedTPM", "fixedParent", "origin", "restricted", "sign"])
def test_attestation_key_that_another_could_use_is_refused(sdk: Sdk, role: str, bit: int) -> None:
    machine = Machine.start(sdk)
    public = machine.tpm.aik_public
    attributes = int.from_bytes(public[4:8], "big") ^ (1 << bit)
    public = public[:4] + attributes.to_bytes(4, "big") + public[8:]
    name = b"\x00\x0b" + hashlib.sha256(public).digest()
    keys = machine.keys(AikName=b64(name))
    assert machine.ask("GenerateNonce", **keys).status == 200
    challenge = sdk.cloud.resources("trusted_challenge")[0]
    digest = hashlib.sha256(bytes.fromhex(challenge["Secret"])).digest()
    assert refused(machine.ask("GenerateAikcert", **keys, AikPub=b64(public), NonceDigest=b64(digest))) == "Malformed"


def test_report_comes_after_the_attestation_key(sdk: Sdk, role: str) -> None:
    machine = Machine.start(sdk)
    machine.ask("RegisterMessage", PropertyUuid=machine.uuid)
    assert refused(machine.put(machine.message(bytes(32)))) == "InvalidAik.NotFound"


@pytest.mark.parametrize("left_out", ACTIONS)
def test_role_needs_each_of_the_four_actions(sdk: Sdk, left_out: str) -> None:
    create_role(sdk)
    granted = [f"yundun-systrust:{action}" for action in ACTIONS if action != left_out]
    document = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": granted, "Resource": "*"}]}
    sdk("CreatePolicy", product="ram", PolicyName="three", PolicyDocument=json.dumps(document))
    sdk("AttachPolicyToRole", product="ram", RoleName=ROLE, PolicyName="three", PolicyType="Custom")
    machine = Machine.start(sdk)
    reply = {
        "RegisterMessage": lambda: machine.ask("RegisterMessage", PropertyUuid=machine.uuid),
        "GenerateNonce": lambda: machine.ask("GenerateNonce", **machine.keys()),
        "GenerateAikcert": lambda: machine.certify(machine.challenge()),
        "PutMessage": lambda: machine.enrol().put(machine.message(machine.challenge())),
    }[left_out]()
    assert (reply.status, reply.code) == (403, "Forbidden.RAM")
    shown = ask(machine.owner, "DescribeInstance", PropertyUuid=machine.uuid)
    assert shown.status == 404 or shown.json["SystemTrustStatus"] == 4


@pytest.mark.parametrize("data", ["e30=", "x", '{"status":1}', "W10=", "bnVsbA==", "MQ=="])
def test_what_is_no_report_is_refused(machine: Machine, data: str) -> None:
    machine.challenge()
    assert refused(machine.put(data)) == "Malformed"
    assert machine.verdict() == (4, 4)


# -- the agent


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> types.ModuleType:
    """The agent's program."""
    monkeypatch.setitem(sys.modules, "tpm2", tpm2)
    spec = importlib.util.spec_from_file_location("trust_agent", build.SOURCES / "trust_agent.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    monkeypatch.setattr(program, "KEPT", tmp_path / "kept" / "aik.json")
    return program


@pytest.fixture
def lone(sdk: Sdk, role: str, agent: types.ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """An instance with a TPM, in which the agent runs: its requests leave from there, and it finds the logs."""
    machine = Machine.start(sdk)

    def urlopen(request: urllib.request.Request, timeout: float, context: ssl.SSLContext | None = None) -> t.Any:
        body = t.cast("bytes | None", request.data)
        headers = dict(request.header_items())
        status, answer = machine.guest.request(request.get_method(), request.full_url, headers, body)
        if status >= 400:
            raise urllib.error.HTTPError(request.full_url, status, "", None, io.BytesIO(answer))  # type: ignore[arg-type]
        return io.BytesIO(answer)

    def connect(_tcti: str) -> SoftTpm:
        (tmp_path / "events").write_bytes(machine.tpm.log)
        (tmp_path / "programs").write_text(machine.tpm.program_list)
        return machine.tpm

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(tpm2, "Connection", connect)
    monkeypatch.setattr(agent, "EVENT_LOGS", (str(tmp_path / "events"),))
    monkeypatch.setattr(agent, "PROGRAM_LISTS", (str(tmp_path / "programs"),))
    monkeypatch.setenv("TPM2TOOLS_TCTI", "swtpm:path=/soft")
    return machine


def test_agent_enrols_once_and_reports(agent: types.ModuleType, lone: Machine) -> None:
    guest = lone.guest
    guest.change(MetadataOptions={**guest.record["MetadataOptions"], "HttpTokens": "required"})
    assert agent.report(agent.DEFAULTS) == 1
    assert agent.report(agent.DEFAULTS) == 1
    assert guest.sdk.cloud.counts()["trusted-server:GenerateAikcert"] == 1
    shown = lone.shown()
    assert (shown["SystemTrustStatus"], shown["OnlineStatus"]) == (1, 1)
    assert (shown["PropertyName"], shown["PropertyPrivateIp"]) == (guest.record["InstanceName"], guest.address)


def test_agent_enrols_again_where_it_is_not_known_any_more(agent: types.ModuleType, lone: Machine) -> None:
    assert agent.report(agent.DEFAULTS) == 1
    assert ask(lone.owner, "UnregisterMessage", Properties=lone.uuid).status == 200
    assert agent.report(agent.DEFAULTS) == 1
    agent.KEPT.write_text("spoilt")
    assert agent.report(agent.DEFAULTS) == 1


def test_agent_tells_the_verdict(agent: types.ModuleType, lone: Machine) -> None:
    agent.report(agent.DEFAULTS)
    lone.tpm.boot(changed_chain("loader", b"2"))
    assert agent.report(agent.DEFAULTS) == 2


def test_agent_without_a_tpm_claims_nothing(
    agent: types.ModuleType, lone: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TPM2TOOLS_TCTI")
    monkeypatch.setattr(agent, "DEVICES", ())
    with pytest.raises(agent.Failed, match="the instance has no TPM"):
        agent.report(agent.DEFAULTS)
    assert lone.verdict() == (4, 4)


def test_agent_says_what_is_wrong(agent: types.ModuleType, lone: Machine) -> None:
    sdk, guest = lone.guest.sdk, lone.guest
    sdk("DetachPolicyFromRole", product="ram", RoleName=ROLE, PolicyName=POLICY, PolicyType="System")
    with pytest.raises(agent.Failed, match=r"RegisterMessage: Forbidden\.RAM"):
        agent.report(agent.DEFAULTS)
    sdk("DetachInstanceRamRole", InstanceIds=json.dumps([guest.instance_id]))
    with pytest.raises(agent.Failed, match="no RAM role is attached"):
        agent.report(agent.DEFAULTS)
    guest.change(MetadataOptions={**guest.record["MetadataOptions"], "HttpEndpoint": "disabled"})
    with pytest.raises(agent.Failed, match="metadata service answers with HTTP status 403"):
        agent.report(agent.DEFAULTS)
