# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/awx/config is applied by the modules of awx.awx, to an API that keeps what it is given."""

from __future__ import annotations

import http.server
import json
import os
import re
import threading
import typing as t
import urllib.parse
from pathlib import Path

import pytest
from awx.awx import EXAMPLE, config
from controller.playbook import Ansible

from local_cloud.control import LocalCloud

Record = dict[str, t.Any]


class Store:
    """The records of an AWX, by the name of their collection."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record]] = {}
        self.related: dict[str, list[int]] = {}
        self.add("organizations", {"name": "Default"})
        self.add("credential_types", {"name": "Machine", "kind": "ssh"})
        self.writes = 0

    def add(self, collection: str, data: Record) -> Record:
        number = 1 + sum(len(records) for records in self.records.values())
        kind = collection.removesuffix("s")
        record = {"id": number, "type": kind, "url": f"/api/v2/{collection}/{number}/", "related": {}, **data}
        if collection == "projects":
            record |= {"scm_revision": "1", "summary_fields": {}}
        if collection in ("job_templates", "workflow_job_templates"):
            record["related"]["survey_spec"] = f"{record['url']}survey_spec/"
            record["survey"] = {}
        self.records.setdefault(collection, []).append(record)
        return record

    def found(self, collection: str, query: dict[str, str]) -> list[Record]:
        if collection == "unified_job_templates":
            records = [one for many in self.records.values() for one in many if one["type"] == query.get("type")]
        else:
            records = self.records.get(collection, [])
        return [one for one in records if all(str(one.get(name, value)) == value for name, value in query.items())]

    def one(self, number: int) -> Record:
        return next(one for many in self.records.values() for one in many if one["id"] == number)

    def named(self, collection: str) -> dict[str, Record]:
        return {str(one.get("name")): one for one in self.records.get(collection, [])}


class Handler(http.server.BaseHTTPRequestHandler):
    store: Store

    def log_message(self, format: str, *args: t.Any) -> None:
        """Say nothing."""

    def answer(self, status: int, body: t.Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def parts(self) -> list[str]:
        return urllib.parse.urlsplit(self.path).path.strip("/").split("/")[2:]

    def body(self) -> Record:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return t.cast("Record", json.loads(text or b"{}"))

    def do_GET(self) -> None:
        collection, *rest = self.parts()
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        if rest and rest[1:] == ["survey_spec"]:
            self.answer(200, self.store.one(int(rest[0]))["survey"])
        elif len(rest) == 2:
            numbers = self.store.related.get("/".join(rest), [])
            self.page([self.store.one(number) for number in numbers])
        elif rest:
            self.answer(200, self.store.one(int(rest[0])))
        else:
            self.page(self.store.found(collection, query))

    def page(self, records: list[Record]) -> None:
        self.answer(200, {"count": len(records), "next": None, "results": records})

    def do_POST(self) -> None:
        collection, *rest = self.parts()
        data = self.body()
        self.store.writes += 1
        if rest and rest[1:] == ["survey_spec"]:
            self.store.one(int(rest[0]))["survey"] = data
            self.answer(200, {})
        elif len(rest) == 2:
            self.store.related.setdefault("/".join(rest), []).append(data["id"])
            self.answer(204)
        else:
            self.answer(201, self.store.add(collection, data))

    def do_PATCH(self) -> None:
        _collection, number, *_rest = self.parts()
        self.store.writes += 1
        record = self.store.one(int(number))
        record |= self.body()
        self.answer(200, record)


def test_no_setting_is_left_out() -> None:
    applied = (EXAMPLE / "config" / "apply.yml").read_text()
    for name in ("project", "credentials", "templates", "workflow"):
        for variable, items in config(name).items():
            task = applied.partition(f'loop: "{{{{ {variable} }}}}"')[0].rpartition("    - name: ")[2]
            assert task != applied.rpartition("    - name: ")[2] or variable == "controller_workflows"
            for item in items:
                assert set(item) <= set(re.findall(r"item\.(\w+)", task)), variable


def test_whatever_is_named_exists() -> None:
    """The modules look names up, too, but in an API of ours."""
    made: dict[str, set[str]] = {}
    items: dict[str, list[Record]] = {}
    for name in ("project", "credentials", "templates", "workflow"):
        for variable, found in config(name).items():
            items[variable] = found
            made[variable.removeprefix("controller_")] = {one["name"] for one in found}
    # The variables that infra.aap_configuration.dispatch looks at, each with its role's name for the lists.
    assert set(made) == {
        *("credential_types", "credentials", "execution_environments", "projects", "inventories", "inventory_sources"),
        *("hosts", "templates", "workflows"),
    }
    kinds = {
        "credential": "credentials",
        "credential_type": "credential_types",
        "default_environment": "execution_environments",
        "execution_environment": "execution_environments",
        "inventory": "inventories",
        "project": "projects",
        "source_project": "projects",
    }
    made["credential_types"].add("Machine")  # AWX's own
    for many in items.values():
        for one in many:
            assert not [field for field, kind in kinds.items() if field in one and one[field] not in made[kind]], one
            assert set(one.get("credentials", [])) <= made["credentials"], one
            for file in (one.get("playbook"), one.get("source_path")):
                assert file is None or (EXAMPLE / file).is_file(), file
    for workflow in items["controller_workflows"]:
        steps = {node["identifier"] for node in workflow["workflow_nodes"]}
        for node in workflow["workflow_nodes"]:
            template = node["unified_job_template"]
            kind = {"job_template": "templates", "inventory_source": "inventory_sources"}[template["type"]]
            assert template["name"] in made[kind]
            assert {one["identifier"] for one in node.get("related", {}).get("success_nodes", [])} <= steps


@pytest.fixture
def store() -> t.Iterator[tuple[Store, str]]:
    kept = Store()
    handler = type("Kept", (Handler,), {"store": kept})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield kept, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_all_of_it_is_made_once(store: tuple[Store, str], tmp_path: Path, cloud: LocalCloud) -> None:
    kept, address = store
    key = tmp_path / "key.pem"
    key.write_text("canary-ssh-key\n")
    ansible = Ansible(
        tmp_path,
        cloud,
        # Some fifty modules of awx.awx, without shells and a folder for each. And for each request they read the
        # certificates of all authorities, even to an address without TLS.
        ANSIBLE_PIPELINING="true",
        SSL_CERT_FILE=os.devnull,
        CONTROLLER_HOST=address,
        CONTROLLER_OAUTH_TOKEN="canary-token",
        HOME=str(tmp_path),
        NO_PROXY="127.0.0.1",
    )
    book = [str(EXAMPLE / "config" / "apply.yml"), "-e", f"alitrust_awx_ssh_key_file={key}"]
    done = ansible.command("ansible-playbook", *book)
    assert "Set alitrust_awx_scm_url" in done.stdout
    book += ["-e", "alitrust_awx_scm_url=https://git.example.com/ops/alitrust-awx.git"]
    done = ansible.command("ansible-playbook", *book)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    for secret in ("canary", cloud.access_key_secret):
        assert secret not in output
    templates = kept.named("job_templates")
    assert templates["Alitrust provision"]["survey"]["spec"][0]["variable"] == "fleet_name"
    assert (
        kept.named("workflow_job_templates")["Alitrust trusted fleet"]["survey"]
        == templates["Alitrust provision"]["survey"]
    )
    injectors = kept.named("credential_types")["Alibaba Cloud"]["injectors"]["env"]
    assert injectors["ALIBABA_CLOUD_REGION"] == "{{ region }}"
    assert kept.named("credentials")["Alitrust"]["inputs"]["access_key_id"] == cloud.access_key_id
    steps = {one["identifier"]: one for one in kept.records["workflow_job_template_nodes"]}
    assert [kept.one(one["unified_job_template"])["name"] for one in steps.values()] == [
        "Alitrust provision",
        "Alitrust fleets",
        "Alitrust configure",
        "Alitrust assert trusted",
        "Alitrust audit",
    ]
    assert kept.related[f"{steps['provision']['id']}/success_nodes"] == [steps["inventory"]["id"]]
    assert "[WARNING]" not in output
    kept.writes = 0
    done = ansible.command("ansible-playbook", *book)
    assert done.returncode == 0, done.stdout
    assert kept.writes == 0, done.stdout
