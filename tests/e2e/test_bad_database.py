"""A shared journal whose database cannot be used: it is said what is wrong, nothing is done, and what was right goes on."""

import socket
import subprocess
import threading
from pathlib import Path

from support.postgres import Postgres
from support.shared_farm import SharedTest
from support.waiting import wait_for

ADDRESS = "127.0.0.1"
PASSWORD = "a-secret-of-hydra"
ENCRYPTED = "ssl = on\nssl_cert_file = '{0}/server.crt'\nssl_key_file = '{0}/server.key'\npassword_encryption = 'scram-sha-256'\n"


class OtherServer:
    """It is no PostgreSQL: says something to all who connect, or nothing."""

    def __init__(self, says):
        self.socket = socket.create_server((ADDRESS, 0))
        self.port = self.socket.getsockname()[1]
        self.says = says
        self.peers = []
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.peers.append(peer)
            if self.says:
                peer.recv(10_000)  # all of it: to close with something unread would reset the connection
                peer.sendall(self.says)
                peer.close()

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for each in (self.socket, *self.peers):
            each.close()


class UnusableDatabase(SharedTest):
    """Of a farm with a machine in use, which no test may do any harm."""

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres(address=ADDRESS, rules="hostssl all all all scram-sha-256")
        cls.addClassCleanup(cls.postgres.end)
        for name in ("server", "other"):
            cls.certificate(name)
        cls.postgres.set(ENCRYPTED.format(cls.postgres.folder))
        cls.postgres.run(f"set password_encryption = 'scram-sha-256'; alter role hydra password '{PASSWORD}'")

    @classmethod
    def certificate(cls, name):
        """In the folder of the server, to which it belongs."""
        words = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        words += ["-days", "1", "-subj", f"/CN={ADDRESS}"]
        files = ["-keyout", cls.postgres.folder / f"{name}.key", "-out", cls.postgres.folder / f"{name}.crt"]
        subprocess.run(["openssl", "req", *words, *files], check=True, capture_output=True)
        cls.postgres.own(f"{name}.key")

    def setUp(self):
        super().setUp()
        self.settings = {
            "host": ADDRESS, "user": "hydra", "password": PASSWORD, "sslmode": "require", "connect_timeout": 2,
            "dbname": self.database().rpartition("=")[2],
        }
        self.alpha = self.host("alpha", self.where())
        self.alpha.environment |= {"HOME": str(self.alpha.folder)}
        self.alpha.queue(runnable=1)
        self.assertEnded(self.alpha.run_pass(), 0)
        self.file = self.alpha.machines_file.read_text()
        self.addCleanup(self.check_that_it_goes_on)

    def where(self, **changes):
        settings = {name: value for name, value in (self.settings | changes).items() if value is not None}
        return " ".join(f"{name}='{value}'" for name, value in settings.items())

    def check_that_it_goes_on(self):
        """With its machine, and without one once that is idle."""
        self.alpha.configure(journal=self.where())
        self.alpha.queue(runnable=1)
        self.assertEnded(self.alpha.run_pass(), 0)
        self.assertEqual(self.alpha.states(), {"t-0": "ready"})
        self.assertEqual(len(self.alpha.requests("create")), 1)
        self.assertEqual(self.alpha.requests("destroy"), [])

    def check(self, *messages, **changes):
        """A pass and other verbs say so, once, and do nothing."""
        self.alpha.configure(journal=self.where(**changes))
        self.alpha.queue(runnable=0)
        for words in ((), ("status",), ("plan",)):
            ended = self.alpha.run(*words, self.alpha.conf)
            self.assertEnded(ended, 1, *messages, "PostgreSQL ", f"dbname={(self.settings | changes)['dbname']}")
            self.assertEqual(len(ended.err.splitlines()), 1, ended)
            self.assertNotIn(PASSWORD, ended.out + ended.err)
        self.assertEqual(self.alpha.machines_file.read_text(), self.file)
        self.assertEqual(self.alpha.provided(), ["t-0"])
        self.assertEqual(self.alpha.requests("destroy"), [])
        self.check_that_the_password_is_kept()

    def check_that_the_password_is_kept(self):
        """By files that only the user of the service can read; logs have none."""
        for file in filter(Path.is_file, self.alpha.state.rglob("*")):
            if PASSWORD.encode() in file.read_bytes():
                self.assertEqual(file.stat().st_mode & 0o077, 0, file)
                self.assertNotEqual(file.suffix, ".log")

    def test_whose_server_wants_ssl_is_told(self):
        self.check("no pg_hba.conf entry for host", "no encryption", "say sslmode=require", sslmode="disable")

    def test_whose_certificate_is_unknown_is_told(self):
        self.check("root certificate file", "does not exist", "sslmode", sslmode="verify-full")
        other = self.postgres.folder / "other.crt"
        self.check("certificate verify failed", "by sslrootcert", sslmode="verify-full", sslrootcert=other)

    def test_whose_server_knows_no_ssl_is_told(self):
        self.postgres.set("ssl = off\n")
        self.addCleanup(self.postgres.set, "ssl = on\n")
        self.check("server does not support SSL, but SSL was required", "let it use SSL")

    def test_whose_password_is_wrong_is_told(self):
        self.check('password authentication failed for user "hydra"', "PGPASSFILE", "~/.pgpass", password=f"{PASSWORD}-no")
        self.check("no password supplied", "PGPASSFILE", "~/.pgpass", password=None)

    def test_whose_role_does_not_exist_is_told(self):
        self.check('role "stranger" does not exist', "createuser", host=self.postgres.folder, user="stranger", sslmode=None)
        self.check('password authentication failed for user "stranger"', user="stranger")

    def test_that_does_not_exist_is_told(self):
        self.check('database "nowhere" does not exist', "make it with createdb", dbname="nowhere")

    def test_that_its_role_may_not_use_is_told(self):
        name = self.settings["dbname"]
        self.postgres.run(f"create role guest login password '{PASSWORD}'; revoke connect on database {name} from public")
        self.check(f'permission denied for database "{name}"', "grant connect on database", user="guest")

    def test_whose_server_is_not_postgresql_is_told(self):
        for says in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"):  # S also means: let us use SSL
            other = OtherServer(says)
            self.addCleanup(other.end)
            for ssl in ("require", "disable"):
                self.check("is that PostgreSQL?", f"port={other.port}", port=other.port, sslmode=ssl)

    def test_whose_server_says_nothing_is_told(self):
        other = OtherServer(b"")
        self.addCleanup(other.end)
        self.check("the server did not answer within 2 s", "look after the server", port=other.port)

    def test_whose_server_says_nothing_keeps_no_daemon_from_ending(self):
        other = OtherServer(b"")
        self.addCleanup(other.end)
        self.alpha.configure(journal=self.where(port=other.port, connect_timeout=70))
        self.alpha.begin()
        wait_for(lambda: other.peers, "the daemon connects", self.alpha.said)
        self.alpha.daemon.terminate()
        self.assertEqual(self.alpha.daemon.wait(30), 0, self.alpha.said())

    def test_whose_server_is_not_there_is_told(self):
        with socket.create_server((ADDRESS, 0)) as unused:
            port = unused.getsockname()[1]
        self.check("Connection refused", f"port {port} failed", port=port)

    def test_is_waited_for_by_a_daemon(self):
        self.alpha.configure(journal=self.where(password=f"{PASSWORD}-no"))
        self.alpha.begin()
        self.alpha.wait_until_said("password authentication failed")
        self.assertEqual(self.alpha.provided(), ["t-0"])
        self.assertEqual(self.alpha.machines_file.read_text(), self.file)
        self.postgres.run(f"alter role hydra password '{PASSWORD}-no'")
        self.addCleanup(self.postgres.run, f"alter role hydra password '{PASSWORD}'")
        self.alpha.wait_until_it_leads()
        self.alpha.daemon.terminate()
        self.assertEqual(self.alpha.daemon.wait(60), 0, self.alpha.said())
        self.assertNotIn(PASSWORD, self.alpha.said())
