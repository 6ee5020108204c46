# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module authorized_keys says of keys, and what real sshds of several releases do with them."""

from __future__ import annotations

import base64
import re
import subprocess
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from hosts.sshd import Machine, Unreachable

from ansible_collections.alitrust.ecs.plugins.module_utils._ssh import listed
from local_cloud.hosts import checks

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
FILE = "/home/deploy/.ssh/authorized_keys"
#: How the keys of the tests are made.
KINDS = {
    "KEY": ("-t", "ed25519"),
    "OTHER": ("-t", "ed25519"),
    "ECDSA": ("-t", "ecdsa", "-b", "256"),
    "RSA": ("-t", "rsa", "-b", "2048"),
    "SMALL": ("-t", "rsa", "-b", "1024"),
}


@pytest.fixture(scope="module", params=["", "trixie", "testing"], ids=["own", "trixie", "testing"])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Machine]:
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    try:
        machine = Machine(tmp_path_factory.mktemp("sshd"), request.param)
    except Unreachable as exc:
        pytest.skip(str(exc))
    yield machine
    machine.close()


@dataclass(frozen=True)
class Keys:
    """Key pairs by name."""

    folder: Path

    def public(self, name: str) -> str:
        return " ".join((self.folder / f"{name}.pub").read_text().split()[:2])

    def line(self, template: str) -> str:
        """A line in which the name of a pair stands for its public key."""
        return re.sub(rf"\b({'|'.join(KINDS)})\b", lambda name: self.public(name[0]), template)

    def of(self, template: str) -> Path:
        """The private key of the pair that the template names first."""
        found = re.search("|".join(KINDS), template)
        return self.folder / (found[0] if found else "KEY")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    for name, how in KINDS.items():
        subprocess.run(["ssh-keygen", "-q", *how, "-N", "", "-C", name, "-f", folder / name], check=True)
    return Keys(folder)


# -- lines

TAKEN = (
    "KEY",
    "  KEY  of   somebody",
    "\tKEY\twith tabs",
    "ECDSA",
    "RSA",
    "SMALL",
    'from="127.0.0.0/8,10.0.0.0/8",no-pty KEY',
    'FROM="127.*",No-PTY KEY',
    'from="!10.0.0.0/8,*" KEY',
    "restrict,pty KEY",
    "no-pty,,no-agent-forwarding KEY",
    "no-pty, KEY",
    ",no-pty KEY",
    "no-touch-required,verify-required KEY",
    'command="echo \\"in\\", or ssh-ed25519 AAAA" KEY',
    'environment="A=b c",environment="A=d" KEY',
    'permitopen="host:22",permitopen="[::1]:*",permitlisten="8080",permitlisten="localhost:80" KEY',
    'permitopen="host:ssh" KEY',
    'tunnel="0",tunnel="any" KEY',
    'expiry-time="20991231",expiry-time="209912312359",expiry-time="20991231235959Z" KEY',
)
REFUSED = (
    'from="127.0.0.0/8", no-pty KEY',
    "no-such-option KEY",
    "no-restrict KEY",
    "ptyx KEY",
    "pty=yes KEY",
    'expiry-time="tomorrow" KEY',
    'expiry-time="20991331" KEY',
    'expiry-time="2099123123" KEY',
    'from="127.0.0.1",from="127.0.0.1" KEY',
    'command="echo",command="echo" KEY',
    "from=127.0.0.1 KEY",
    "from='127.0.0.1' KEY",
    'from="127.0.0.1 KEY',
    'from="127.0.0.1/8" KEY',
    'from="127.0.0.0/33,127.0.0.1" KEY',
    'from="10.0.0.0/8, 127.0.0.1" KEY',
    'from="!10.0.0.0/8" KEY',
    'from="" KEY',
    'environment="no-value" KEY',
    'environment="A-B=c" KEY',
    'permitopen="22" KEY',
    'permitopen="host:0" KEY',
    'permitopen="host:70000" KEY',
    'permitlisten="no-such-service" KEY',
    'tunnel="tun0" KEY',
    'no-pty"KEY',
    "cert-authority KEY as a key",
    'principals="a" KEY',
    "KEY".lower(),
)


@pytest.mark.parametrize("template", TAKEN)
def test_a_line_that_is_taken_lets_in(machine: Machine, keys: Keys, template: str) -> None:
    line = keys.line(template)
    assert listed.read([line])[1] == []
    machine.write(FILE, line + "\n", 0o600, 1001)
    assert machine.opens(keys.of(template)), machine.log.read_text()


@pytest.mark.parametrize("template", REFUSED)
def test_a_line_that_is_refused_lets_nobody_in(machine: Machine, keys: Keys, template: str) -> None:
    line = keys.line(template)
    if not template.startswith("cert-authority"):  # that is right, for other keys
        assert listed.read([line])[1] != []
    machine.write(FILE, line + "\n", 0o600, 1001)
    assert not machine.opens(keys.of(template))


@pytest.mark.parametrize("name", KINDS)
def test_a_key_that_is_not_complete_lets_nobody_in(machine: Machine, keys: Keys, name: str) -> None:
    kind, data = keys.public(name).split()
    other = "ssh-rsa" if kind != "ssh-rsa" else "ssh-ed25519"
    for line in (
        f"{kind} {data[:-4]}",
        f"{kind} {data[:-8]}=",
        f"{kind} {data[:40]}",
        f"{kind} {data}AAAA",
        f"{other} {data}",
        kind,
    ):
        assert listed.read([line])[1] != []
        machine.write(FILE, line + "\n", 0o600, 1001)
        assert not machine.opens(keys.folder / name)


# -- places


@dataclass(frozen=True)
class Case:
    """A configuration, and what the module says of a key there.

    :ivar says: why the key does not let in; empty when it does
    :ivar prepare: done before in the machine, by a shell
    :ivar file: where the key goes
    :ivar client: the algorithm that the client has to be told
    """

    config: tuple[str, ...] = ()
    says: str = ""
    line: str = "KEY"
    user: str = "deploy"
    prepare: str = ""
    file: str = ""
    client: str = ""
    since: tuple[int, ...] = field(default=(0, 0))
    until: tuple[int, ...] = field(default=(99, 0))


AWAY = "AuthorizedKeysFile /etc/ssh/keys/%u"
CASES = {
    "as installed": Case(file=FILE),
    "root": Case(user="root", file="/root/.ssh/authorized_keys"),
    "another file": Case(("AuthorizedKeysFile .keys",), file="/home/deploy/.keys"),
    "a file of its own in the home": Case(
        ("AuthorizedKeysFile %h/.config/ssh/keys",), file="/home/deploy/.config/ssh/keys"
    ),
    "a file for each user": Case((AWAY,), file="/etc/ssh/keys/deploy"),
    "a file for each number, with a percent sign": Case(
        ("AuthorizedKeysFile /etc/k%%/%U/%u",), file="/etc/k%/1001/deploy"
    ),
    "the first of several": Case(("AuthorizedKeysFile /etc/keys/%u .ssh/authorized_keys",), file="/etc/keys/deploy"),
    "none among several": Case(("AuthorizedKeysFile none .keys",), file="/home/deploy/.keys", until=(10, 6)),
    "a file for everybody comes first": Case(("AuthorizedKeysFile /etc/all .ssh/authorized_keys",), file=FILE),
    "a file for everybody only": Case(("AuthorizedKeysFile /etc/all",), "for every user"),
    "none": Case(("AuthorizedKeysFile none",), "AuthorizedKeysFile is none for deploy"),
    "a command only": Case(
        ("AuthorizedKeysFile none", "AuthorizedKeysCommand /usr/bin/true %u", "AuthorizedKeysCommandUser nobody"),
        "only from the output of /usr/bin/true %u",
    ),
    "a command besides": Case(("AuthorizedKeysCommand /usr/bin/true", "AuthorizedKeysCommandUser nobody"), file=FILE),
    "another place for this user": Case(("Match User deploy", f"  {AWAY}"), file="/etc/ssh/keys/deploy"),
    "another place for this address": Case(("Match Address 127.0.0.0/8", f"  {AWAY}"), file="/etc/ssh/keys/deploy"),
    "none for this group": Case(
        ("Match Group ops", "  AuthorizedKeysFile none"), "AuthorizedKeysFile is none for deploy"
    ),
    "wildcards that match": Case(
        ("AuthorizedKeysFile /etc/ssh/keys/%u/*.pub",),
        prepare="mkdir -p /etc/ssh/keys/deploy; touch /etc/ssh/keys/deploy/a.pub",
        file="/etc/ssh/keys/deploy/a.pub",
        since=(10, 0),
    ),
    "wildcards that match nothing": Case(
        ("AuthorizedKeysFile /etc/ssh/keys/%u/*.pub",), "there is none", since=(10, 0)
    ),
    "wildcards that are none": Case(("AuthorizedKeysFile .ssh/*.pub",), file="/home/deploy/.ssh/*.pub", until=(9, 9)),
    # -- who
    "no keys at all": Case(("PubkeyAuthentication no",), "PubkeyAuthentication is no"),
    "a password besides": Case(
        ("PasswordAuthentication yes", "AuthenticationMethods password"), "which has no publickey"
    ),
    "refused": Case(("Match User deploy", "  RefuseConnection yes"), "RefuseConnection is yes", since=(9, 9)),
    "no root": Case(("PermitRootLogin no",), "PermitRootLogin is no", user="root"),
    "root without a password": Case(
        ("PermitRootLogin prohibit-password",), user="root", file="/root/.ssh/authorized_keys"
    ),
    "root with a command only": Case(("PermitRootLogin forced-commands-only",), "forced-commands-only", user="root"),
    "root with a command": Case(
        ("PermitRootLogin forced-commands-only",),
        line='command="true" KEY',
        user="root",
        file="/root/.ssh/authorized_keys",
    ),
    "no root from here": Case(
        ("Match Address 127.0.0.1", "  PermitRootLogin no"), "PermitRootLogin is no", user="root"
    ),
    "others allowed": Case(("AllowUsers other root",), "AllowUsers is other root, without deploy"),
    "allowed by a pattern": Case(("AllowUsers d?p*@127.0.0.0/8",), file=FILE),
    "allowed from elsewhere": Case(("AllowUsers deploy@10.0.0.0/8",), "without deploy from 127.0.0.1"),
    "denied": Case(("DenyUsers dep*",), "DenyUsers has dep*"),
    "denied elsewhere": Case(("DenyUsers deploy@10.*",), file=FILE),
    "denied though allowed": Case(("DenyUsers deploy", "AllowUsers deploy"), "DenyUsers has deploy"),
    "its group denied": Case(("DenyGroups ops",), "DenyGroups has ops"),
    "its group allowed": Case(("AllowGroups none-such ops",), file=FILE),
    "no group allowed": Case(("AllowGroups wheel",), "deploy is in no such group"),
    "no shell": Case((), "does not exist or cannot be executed", prepare="usermod -s /bin/none deploy"),
    "locked": Case((), "is locked", prepare="usermod -L deploy"),
    # -- with what
    "no such algorithm": Case(
        ("PubkeyAcceptedAlgorithms -ssh-ed25519",), "has nothing for a key of the type ssh-ed25519"
    ),
    "no such algorithm by a pattern": Case(("PubkeyAcceptedAlgorithms ecdsa-*,rsa-*",), "of the type ssh-ed25519"),
    "no such curve": Case(
        ("PubkeyAcceptedAlgorithms ecdsa-sha2-nistp384",), "of the type ecdsa-sha2-nistp256", line="ECDSA"
    ),
    "an algorithm for RSA": Case(
        ("PubkeyAcceptedAlgorithms rsa-sha2-256",), line="RSA", file=FILE, client="rsa-sha2-256"
    ),
    "no algorithm for this user": Case(
        ("Match User deploy", "  PubkeyAcceptedAlgorithms ssh-ed25519"), "of the type ssh-rsa", line="RSA"
    ),
    "a small RSA key": Case(("RequiredRSASize 2048",), "1024 bits, and RequiredRSASize is 2048", line="SMALL"),
    "a large enough RSA key": Case(("RequiredRSASize 2048",), line="RSA", file=FILE),
    "expired": Case((), "has passed", line='expiry-time="20200101" KEY'),
    "names without DNS": Case((), "UseDNS is no", line='from="localhost" KEY'),
    "names with DNS": Case(("UseDNS yes",), line='from="localhost" KEY', file=FILE),
    "revoked": Case(("RevokedKeys /etc/ssh/revoked",), "is in RevokedKeys", prepare="echo 'KEY' > /etc/ssh/revoked"),
    "revoked by a list": Case(
        ("RevokedKeys /etc/ssh/krl",),
        "is in RevokedKeys",
        prepare="echo 'KEY' > /tmp/k; ssh-keygen -q -k -f /etc/ssh/krl /tmp/k",
    ),
    "another one revoked": Case(
        ("RevokedKeys /etc/ssh/revoked",), prepare="echo 'OTHER' > /etc/ssh/revoked", file=FILE
    ),
    "nobody can say what is revoked": Case(
        ("RevokedKeys /etc/ssh/revoked",), "cannot be read", prepare="rm -f /etc/ssh/revoked"
    ),
    # -- whose
    "a home for everybody": Case((), "/home/deploy can be written by everybody", prepare="chmod 777 /home/deploy"),
    "a home that is not strict": Case(("StrictModes no",), prepare="chmod 777 /home/deploy", file=FILE),
    "a home for a group with others": Case(
        (), "/home/deploy can be written by its group", prepare="chgrp team /home/deploy; chmod 775 /home/deploy"
    ),
    "a home for a group of nobody else": Case(prepare="chgrp ops /home/deploy; chmod 775 /home/deploy", file=FILE),
    "somebody else's home": Case((), "/home/deploy belongs to other", prepare="chown other /home/deploy"),
    "no home": Case((), "does not exist", prepare="rm -r /home/deploy"),
    "a folder for everybody": Case(
        (AWAY,), "can be written by its group and everybody", prepare="mkdir /etc/ssh/keys; chmod 777 /etc/ssh/keys"
    ),
    "a link in a good place": Case(
        prepare=f"mkdir -m 700 ~deploy/.ssh; touch ~deploy/k; ln -s ../k {FILE}; chown -R deploy ~deploy", file=FILE
    ),
    "a folder of somebody else": Case(prepare="mkdir -m 700 ~deploy/.ssh", file=FILE),
    "wrong rights": Case(
        prepare=f"mkdir -m 777 ~deploy/.ssh; echo '# kept' > {FILE}; chmod 666 {FILE}; chown -R other ~deploy/.ssh",
        file=FILE,
    ),
    "a file that nobody may read": Case(
        (AWAY,),
        prepare="mkdir -p /etc/ssh/keys; touch /etc/ssh/keys/deploy; chmod 600 /etc/ssh/keys/deploy",
        file="/etc/ssh/keys/deploy",
    ),
}


@pytest.fixture
def fresh(machine: Machine) -> t.Iterator[Machine]:
    """The machine with homes and accounts as they were."""
    accounts = {name: machine.read(f"etc/{name}") for name in ("passwd", "shadow", "group")}
    machine.reset_homes()
    machine.remove("etc/ssh/keys", "etc/keys", "etc/k%", "etc/all")
    yield machine
    for name, text in accounts.items():
        machine.write(f"etc/{name}", text, 0o640 if name == "shadow" else 0o644)
    machine.configure()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_key_lets_in_or_the_module_says_why_not(fresh: Machine, keys: Keys, case: Case) -> None:
    machine = fresh
    if not case.since <= machine.version < case.until:
        return  # this release has no such option
    if case.prepare:
        machine.run("bash", "-ec", keys.line(case.prepare))
    machine.configure(*case.config)
    line, private = keys.line(case.line), keys.of(case.line)
    foretold = machine.module(case.user, keys=[line], _ansible_check_mode=True)
    if not case.says:
        assert foretold.get("changed"), foretold
        assert not machine.opens(private, case.user)
        done = machine.module(case.user, keys=[line])
        assert (done.get("changed"), done.get("file")) == (True, case.file), done
        assert done["diff"] == foretold["diff"]
        assert bool(case.client) == ("rsa-sha2-512" in str(done.get("warnings")))
        assert machine.opens(private, case.user, case.client), machine.log.read_text()
        again = machine.module(case.user, keys=[line])
        assert again.get("changed") is False, again
        told = machine.module(case.user, module="authorized_keys_info", keys=[line])
        assert (told["problems"], told["lines"]) == ([], [line])
        assert machine.module(case.user, keys=[line], state="absent")["changed"]
        assert not machine.opens(private, case.user)
        assert not machine.module(case.user, keys=[line], state="absent")["changed"]
        return
    before = machine.listing()
    for failure in (foretold, machine.module(case.user, keys=[line])):
        assert failure.get("failed"), failure
        assert case.says in failure["msg"]
        assert "nothing was changed" in failure["msg"]
    assert machine.listing() == before
    assert machine.module(case.user, module="authorized_keys_info", keys=[line])["problems"] != []
    # sshd agrees.
    if (machine.root / "home/deploy").exists():
        owner = 0 if case.user == "root" else 1001
        for path in ("/root/.ssh/authorized_keys" if case.user == "root" else FILE, "/etc/ssh/keys/deploy"):
            if not path.startswith("/etc") or case.config == (AWAY,):
                machine.write(path, line + "\n", 0o600, owner)
        assert not machine.opens(private, case.user)


# -- the file


def test_other_lines_stay_and_the_second_run_changes_nothing(fresh: Machine, keys: Keys) -> None:
    other, key = keys.public("OTHER"), keys.public("KEY")
    before = f"# of the team\n\n  {other}   spaced  out \nno such line\n# {key} was here"
    fresh.write(FILE, before, 0o600, 1001)
    wanted = [f'from="127.0.0.1" {key} first', f"no-pty {key} second"]
    done = fresh.module(keys=wanted)
    after = before + "\n" + "".join(f"{line}\n" for line in wanted)
    assert (done["changed"], fresh.read(FILE)) == (True, after)
    assert fresh.module(keys=wanted)["changed"] is False
    assert fresh.opens(keys.folder / "KEY")
    # Another order, and other options: in the place of the former lines.
    fresh.write(FILE, f"no-pty {key} second\n# between\nno-pty, no-such {key}\n{other}\n", 0o600, 1001)
    assert fresh.module(keys=wanted)["changed"]
    assert fresh.read(FILE) == f"{wanted[0]}\n# between\n{wanted[1]}\n{other}\n"
    assert fresh.module(keys=[key])["changed"]
    assert fresh.read(FILE) == f"{key} first\n# between\n{other}\n"
    assert fresh.module(keys=[key], exclusive=True)["changed"]
    assert fresh.read(FILE) == f"{key} first\n# between\n"
    assert fresh.module(keys=[key], exclusive=True)["changed"] is False


def test_exclusive_means_every_file_that_is_read(fresh: Machine, keys: Keys) -> None:
    key, other = keys.public("KEY"), keys.public("OTHER")
    fresh.write(FILE + "2", f"{other}\n# kept\n", 0o600, 1001)
    fresh.write("/etc/all", f"{keys.public('RSA')}\n")
    fresh.configure("AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 /etc/all")
    assert fresh.opens(keys.folder / "OTHER")
    done = fresh.module(keys=[key], exclusive=True)
    assert done["files"] == [FILE, FILE + "2"]
    assert any("/etc/all" in str(warning) for warning in done["warnings"])
    assert fresh.read(FILE + "2") == "# kept\n"
    assert fresh.opens(keys.folder / "KEY")
    assert not fresh.opens(keys.folder / "OTHER")
    refused = fresh.module(keys=["# nobody"], exclusive=True)
    assert "nobody could log in" in refused["msg"]


def test_what_is_to_go_is_foretold_and_can_be_put_back(fresh: Machine, keys: Keys) -> None:
    key, other = keys.public("KEY"), keys.public("OTHER")
    text = f"# kept\nno-pty {key} with options\n{other}\n"
    fresh.write(FILE, text, 0o600, 1001)
    fresh.write("/etc/all", f"{other}\n")
    fresh.configure("AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 /etc/all")

    def differs(*gone: str, user: str = "deploy") -> bool:
        told = fresh.module(user, module="guest_info", absent_keys=list(gone))
        assert not told.get("failed"), told
        # A key in a file for every user stays, and is no difference that could be taken away.
        assert ("which is for every user" in str(told.get("warnings"))) == (gone == (other,) and user == "deploy"), told
        return bool(told["absent_keys_differ"])

    assert differs(key)
    assert not differs(keys.public("RSA"))
    assert differs(key, user="nobody-there")
    assert fresh.read(FILE) == text
    assert "before" not in fresh.module(keys=[key], state="absent", _ansible_check_mode=True)
    fresh.module(keys=[other])  # its folder gets the right owner
    assert fresh.module(keys=[other], return_before=True)["before"] == []
    done = fresh.module(keys=[key], state="absent", return_before=True)
    assert [(one["path"], base64.b64decode(one["content"]).decode()) for one in done["before"]] == [(FILE, text)]
    assert not differs(key)
    assert fresh.module(keys=[key], state="absent", return_before=True)["before"] == []
    assert fresh.module(keys=[other], state="absent")["changed"]
    assert not differs(other)


def test_what_was_changed_is_put_back_as_it_was(fresh: Machine, keys: Keys) -> None:
    """With rights and links of its own, and only where sshd reads keys of that user."""
    key, shared = keys.public("KEY"), "/etc/all"
    fresh.configure(f"AuthorizedKeysFile .ssh/authorized_keys /etc/keys/%u {shared}")
    fresh.write("/etc/keys/deploy", f"{key} of root's\n", 0o644)
    fresh.write(shared, "")
    raw = b"# J\xf6rg\r\n" + key.encode()
    fresh.write("/home/deploy/.ssh/elsewhere", "", 0o600, 1001).write_bytes(raw)
    fresh.run("bash", "-ec", f"cd ~deploy/.ssh; ln -s elsewhere {FILE}; chown -h deploy {FILE}; chmod 700 .")
    before = fresh.module(keys=[key], state="absent", return_before=True)["before"]
    assert not fresh.opens(keys.folder / "KEY")
    assert fresh.module(keys=[], restore=before, _ansible_check_mode=True)["changed"]
    assert fresh.module(keys=[], restore=before)["changed"]
    assert fresh.opens(keys.folder / "KEY")
    assert (fresh.root / "home/deploy/.ssh/elsewhere").read_bytes() == raw
    assert (fresh.root / FILE[1:]).is_symlink()
    assert fresh.read("/etc/keys/deploy") == f"{key} of root's\n"
    assert (fresh.state("/etc/keys/deploy"), fresh.state(FILE)) == (("0644", 0, 0), ("0600", 1001, 1001))
    assert not fresh.module(keys=[], restore=before)["changed"]

    content = base64.b64encode(key.encode()).decode()
    for path in (shared, "/etc/keys/root", "/etc/shadow"):
        assert (
            "which is no file of deploy alone"
            in fresh.module(keys=[], restore=[{"path": path, "content": content}])["msg"]
        )
    assert "is not base64" in fresh.module(keys=[], restore=[{"path": FILE, "content": "?"}])["msg"]
    for more in ({"keys": [key]}, {"keys": [], "state": "absent"}):
        assert "restore is for keys=[]" in fresh.module(restore=before, **more)["msg"]


def test_a_link_of_the_user_leads_nowhere_else(fresh: Machine, keys: Keys) -> None:
    """What root writes into a home must not end in a file that its owner may not touch."""
    secret = fresh.write("/root/secret", "secret\n", 0o600)
    fresh.run("bash", "-ec", f"mkdir -m 700 ~deploy/.ssh; ln -s /root/secret {FILE}; chown -Rh deploy ~deploy/.ssh")
    failure = fresh.module(keys=[keys.public("KEY")])
    assert failure["failed"], failure
    assert "secret" not in failure["msg"].replace("/root/secret", "")
    assert (secret.read_text(), fresh.state("/root/secret")) == ("secret\n", ("0600", 0, 0))
    fresh.run("bash", "-ec", f"rm {FILE}; ln /root/secret {FILE}")
    failure = fresh.module(keys=[keys.public("KEY")])
    assert "second name" in failure["msg"]
    assert (secret.read_text(), fresh.state("/root/secret")) == ("secret\n", ("0600", 0, 0))


def test_a_file_that_cannot_be_written_is_said(fresh: Machine, keys: Keys) -> None:
    fresh.run("bash", "-ec", "mkdir -p ~deploy/.ssh/authorized_keys; chown -R deploy ~deploy/.ssh")
    failure = fresh.module(keys=[keys.public("KEY")])
    assert "no ordinary file" in failure["msg"] or "Is a directory" in failure["msg"], failure


def test_text_in_another_encoding_passes_through(fresh: Machine, keys: Keys) -> None:
    fresh.write(FILE, "", 0o600, 1001)
    (fresh.root / FILE[1:]).write_bytes(b"# J\xf6rg\r\n" + keys.public("OTHER").encode() + b" J\xf6rg\r\n")
    assert fresh.module(keys=[keys.public("KEY") + " Zoë"])["changed"]
    text = (fresh.root / FILE[1:]).read_bytes()
    assert text.startswith(b"# J\xf6rg\r\n" + keys.public("OTHER").encode() + b" J\xf6rg\r\n")
    assert fresh.module(keys=[keys.public("KEY") + " Zoë"])["changed"] is False
    assert fresh.opens(keys.folder / "OTHER")
    assert fresh.opens(keys.folder / "KEY")


def test_without_root_it_says_what_it_does_not_know(fresh: Machine, keys: Keys) -> None:
    own = fresh.module(keys=[keys.public("KEY")], root=False)
    assert own["changed"], own
    assert "warnings" not in own
    assert fresh.opens(keys.folder / "KEY")
    # As on systems where only root may read the configuration.
    (fresh.root / "etc/ssh/sshd_config").chmod(0o600)
    own = fresh.module(keys=[keys.public("OTHER")], root=False)
    assert "nobody says whether they let in" in str(own["warnings"])
    assert fresh.opens(keys.folder / "OTHER")
    other = fresh.module("other", keys=[keys.public("KEY")], root=False)
    assert "Set become" in other["msg"]


def test_a_private_key_is_shown_nowhere(fresh: Machine, keys: Keys) -> None:
    text = (keys.folder / "KEY").read_text()
    body = max(text.splitlines(), key=len)
    for given in ([text], text.splitlines(), [text.splitlines()[1]]):
        failure = fresh.module(keys=given)
        assert failure["failed"]
        assert "private key" in failure["msg"]
        assert body not in str(failure["msg"])
    # One that was pasted into the file on the host.
    fresh.write(FILE, text, 0o600, 1001)
    done = fresh.module(keys=[keys.public("KEY")])
    assert body not in str(done)


def examples(module: str) -> list[dict[str, t.Any]]:
    """What the tasks in the examples of a module give it."""
    text = (PLUGINS / "modules" / f"{module}.py").read_text()
    tasks = yaml.safe_load(text.partition('EXAMPLES = r"""')[2].partition('"""')[0])
    return [task[f"alitrust.ecs.{module}"] for task in tasks if f"alitrust.ecs.{module}" in task]


def test_the_examples_run_as_written(fresh: Machine) -> None:
    for module in ("authorized_keys", "authorized_keys_info"):
        for options in examples(module):
            done = fresh.module(module=module, **options)
            assert not done.get("failed"), done
            assert done["changed"] == (module == "authorized_keys")
    assert [line.split()[-1] for line in done["lines"]] == ["backup"]


def test_no_user_and_no_sshd(fresh: Machine, keys: Keys) -> None:
    key = keys.public("KEY")
    assert "There is no user nobody-there" in fresh.module("nobody-there", keys=[key])["msg"]
    assert "There is no sshd at /opt/sshd" in fresh.module(keys=[key], sshd_path="/opt/sshd")["msg"]
    fresh.write("/tmp/wrong", "NoSuchOption yes\n")
    assert "NoSuchOption" in fresh.module(keys=[key], sshd_config="/tmp/wrong")["msg"]
