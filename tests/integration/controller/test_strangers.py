# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In an account where others work, nothing of theirs is different after any playbook, and fleets end one by one."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from controller import strangers
from controller.playbook import Ansible
from controller.strangers import ELSEWHERE, IMAGE, OWNER, PUBLIC_KEY, REGION, ZONES, Strangers
from modules import records, shareable

if t.TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.control import LocalCloud

Variables = dict[str, t.Any]
OTHER_ACCOUNT = "3456789012345678"


class Books:
    """Playbooks one after the other in one process."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.ansible = Ansible(folder, cloud, HOME=str(folder))
        self.ansible.hasten(cloud)  # Ansible looks a thousand times a second whether a task that waits has ended

    def run(self, *plays: tuple[str, Variables], check: bool = False, fails: bool | None = False) -> str:
        """The output; C(fails) None for either outcome. There is never a traceback."""
        book = self.ansible.folder / "book.yml"
        book.write_text(json.dumps([{"import_playbook": f"alitrust.ecs.{name}", "vars": vars} for name, vars in plays]))
        done = self.ansible.command("ansible-playbook", str(book), *(["--check", "--diff"] if check else []))
        output = done.stdout + done.stderr
        assert "Traceback" not in output
        assert fails is None or (done.returncode != 0) == fails, output
        return " ".join(output.split())


@pytest.fixture
def books(tmp_path: Path, fresh_cloud: LocalCloud) -> Books:
    return Books(tmp_path, fresh_cloud)


def fleet(name: str, region: str = REGION, **variables: t.Any) -> Variables:
    """A small fleet that nobody has to log in to."""
    return {
        "alitrust_region": region,
        "fleet_name": name,
        "fleet_instance_type": "ecs.g7t.large",
        "fleet_image_id": IMAGE,
        "fleet_public_key": PUBLIC_KEY,
        "fleet_reach": False,
        "network_zone_id": ZONES[region],
        **variables,
    }


# ---------------------------------------------------------------------- strangers' things


def test_what_others_have_is_used_and_stays_as_it_is(books: Books, fresh_cloud: LocalCloud) -> None:
    """Everything that a playbook can be told to use was made by hand."""
    corp = Strangers(fresh_cloud, "corp", instance="corp-1")
    ours = fleet(
        "web",
        account_ram_role_name="corp",
        fleet_key_name="corp",
        network_vpc_id=corp.vpc,
        network_vswitch_id=corp.vswitch,
        network_security_group_name="corp",
        network_ssh_from=["192.0.2.0/24"],
    )
    for check in (True, False):
        said = books.run(("site", ours), check=check)
        assert "Using the existing security group corp; its rules are left alone." in said
        assert "Using the existing key pair corp" in said
        assert "Using the existing RAM role corp" in said
        assert corp.differences() == {}
    assert any(one.startswith("instance ") for one in corp.ours())
    for check in (True, False):
        said = books.run(("teardown", ours), check=check)
        for kind in ("security group corp", "key pair corp", "role corp"):
            assert re.search(rf"{kind}( \([^)]*\))? stays", said), said
        assert corp.differences() == {}
    assert corp.ours() == []


def test_names_like_ours_prove_nothing(books: Books, fresh_cloud: LocalCloud) -> None:
    """Others have called theirs what the playbooks call ours when nothing else is said."""
    theirs = Strangers(fresh_cloud, "alitrust", instance="alitrust-001")
    plain = fleet("alitrust")
    recipients = {"encrypted_share_account_ids": [OTHER_ACCOUNT]}
    uses: list[tuple[str, Variables]] = [
        ("provision", plain),
        ("site", {**plain, "account_ram_role_name": "alitrust", "network_ssh_from": ["192.0.2.0/24"]}),
        ("site", {**plain, "fleet_remove_surplus": True, "fleet_count": 2, "network_rules_state": "exact"}),
        ("share", {"encrypted_share_snapshot_ids": [theirs.snapshot], **recipients}),
        ("share", {"encrypted_share_snapshot_ids": [theirs.snapshot], "encrypted_share_exact": True, **recipients}),
        ("unshare", {"encrypted_share_snapshot_ids": [theirs.snapshot], "encrypted_share_name": "alitrust"}),
        ("kms_access", {"kms_access_key": "alias/alitrust", "kms_access_instance_ids": [theirs.instance]}),
        ("isolate", {"isolate_instance_ids": [theirs.instance]}),
        ("audit", {f"audit_{kind}_file": str(books.ansible.folder / kind) for kind in ("report", "json")}),
        ("verdicts", plain),
        ("teardown", plain),
        ("teardown", {**plain, "account_ram_role_name": "alitrust", "network_vpc_id": theirs.vpc}),
    ]
    for name, variables in uses:
        for check in (True, False):
            output = books.run((name, variables), check=check, fails=None)
            different = theirs.differences()
            if name in ("share", "isolate", "kms_access"):  # what was named by its ID is what the play is about
                different = {what: how for what, how in different.items() if theirs.instance not in what}
            assert different == {}, (name, check, output)


def test_unsharing_takes_away_what_is_named_only(books: Books, fresh_cloud: LocalCloud) -> None:
    theirs = Strangers(fresh_cloud, "corp", instance="corp-1")
    for check in (True, False):
        books.run(
            ("unshare", {"encrypted_share_image_id": theirs.image, "encrypted_share_account_ids": [OTHER_ACCOUNT]}),
            check=check,
            fails=None,
        )
        assert theirs.differences() == {}
    image = next(one for one in fresh_cloud.resources("image") if one["ImageId"] == theirs.image)
    assert [one["AliyunId"] for one in image["_Shares"]] == [shareable.PARTNER]


# ---------------------------------------------------------------------- fleets of ours


def marked(cloud: LocalCloud) -> list[str]:
    """Names of everything that carries our tag."""
    found = []
    for kind in cloud.status()["records"]:
        for record in cloud.resources(kind):
            if OWNER in records.tags(record):
                found.append(f"{kind} {strangers._name(record)}")
    return sorted(found)


# web and db are alike, so these are all orders there are.
@pytest.mark.parametrize("order", [("far", "web", "db"), ("web", "far", "db"), ("db", "web", "far")], ids="-".join)
def test_what_fleets_share_goes_with_the_last_of_them(
    books: Books, fresh_cloud: LocalCloud, order: tuple[str, ...]
) -> None:
    """Two fleets of one region share network, key pair and role; the third, in another region, shares the role."""
    for step in ("pending", "created_stopped", "starting", "stopping", "releasing", "membership_linger"):
        fresh_cloud.set(f"ecs.{step}_seconds", 0.05)
    fresh_cloud.set("vpc.pending_seconds", 0.05)
    shared = {"fleet_key_name": "shared", "network_name": "shared"}
    fleets = {"web": fleet("web", **shared), "db": fleet("db", **shared), "far": fleet("far", ELSEWHERE)}
    books.run(*(("provision", one) for one in fleets.values()))
    for position, name in enumerate(order):
        left = order[position + 1 :]
        foretold = books.run(("teardown", fleets[name]), check=True)
        said = books.run(("teardown", fleets[name]))
        for output in (foretold, said):
            assert ("role alitrust-instance stays" in output) == bool(left), output
            assert ("key pair shared stays" in output) == (name != "far" and bool({"web", "db"} & set(left))), output
        carriers = {one["InstanceName"]: one["_RamRoleName"] for one in instances(fresh_cloud)}
        assert sorted(carriers) == sorted(f"{one}-001" for one in left)
        assert set(carriers.values()) <= {"alitrust-instance"}
        assert books.run(("teardown", fleets[name])).count("changed=0") == 1
    assert marked(fresh_cloud) == []


def instances(cloud: LocalCloud) -> list[dict[str, t.Any]]:
    return [one for region in (REGION, ELSEWHERE) for one in cloud.resources("instance", region)]
