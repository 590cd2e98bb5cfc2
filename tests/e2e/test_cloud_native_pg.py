"""A cluster as CloudNativePG makes it: the owner vfmigrator, who is no superuser; vfapp, made by SQL after the bootstrap;
passwords that come later; checksums; TLS for everyone on the network; one synchronous standby. Migrations, doctor,
intake and delivery work there as docs/operations.md says, and an address without TLS is refused."""
import json
import subprocess
import unittest

from fleet import ENVIRONMENTS, Fleet
from hub import wait_until
from postgres import UNSYNCED, Postgres

PASSWORDS = {"vfmigrator": "owner:of/it", "vfapp": "application@word"}
NETWORK = ("hostssl all vfmigrator,vfapp all scram-sha-256", "hostnossl all all all reject")


class Cluster(Postgres):
    """Clients on loopback need TLS and a password; the superuser and the standby use the socket."""

    @property
    def host(self):
        return self.folder

    @property
    def INITDB(self):
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if self.major() >= 17 else ("--locale=C.UTF-8",)
        return "-A", "trust", "-E", "UTF8", "--data-checksums", *locale

    def major(self):
        return int(self.run("postgres", "--version").stdout.split()[2].split(".")[0])

    def bootstrap(self):
        certificate(self.data / "server.crt", self.data / "server.key", self.folder / "ca.crt")
        self.give("server.crt", "server.key")
        lines = ("local all all trust", "local replication all trust", *NETWORK)
        (self.data / "pg_hba.conf").write_text("\n".join(lines) + "\n")
        with open(self.data / "postgresql.conf", "a") as file:
            file.write("ssl = on\nmax_prepared_transactions = 0\n")

    def address(self, database, role, mode="verify-full"):
        password = PASSWORDS[role].replace(":", "%3A").replace("/", "%2F").replace("@", "%40")
        return (f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}?sslmode={mode}"
                f"&sslrootcert={self.folder / 'ca.crt'}")


def certificate(path, key, ca):
    """A certificate for 127.0.0.1 that is its own authority."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "30", "-subj", "/CN=vf-pg-dm-rw", "-addext", "subjectAltName=IP:127.0.0.1,DNS:vf-pg-dm-rw", "-keyout",
                    str(key), "-out", str(path)], check=True, capture_output=True)
    key.chmod(0o600)
    ca.write_text(path.read_text())
    ca.chmod(0o644)
    ca.parent.chmod(0o755)


class Deployment(Fleet):
    migrator = "vfmigrator"

    def store(self, database, user="vfapp"):
        return self.server().address(self.databases[database], user)

    def user(self, name):
        return "vfapp"

    def prepare(self):
        self.data.mkdir()
        self.set_stores()
        server = self.server()
        server.create_role("vfmigrator")
        for name in self.databases.values():
            server.sql(f"create database {name} owner vfmigrator encoding 'UTF8' template template0")
        server.create_role("vfapp")
        for role, password in PASSWORDS.items():
            server.sql(f"alter role {role} password '{password}'")


class CloudNativePG(unittest.TestCase):
    def setUp(self):
        self.primary = self.enterContext(Cluster(settings=UNSYNCED))
        self.enterContext(Cluster(settings=UNSYNCED, standby_of=self.primary))
        self.primary.sql("alter system set synchronous_standby_names = 'ANY 1 (standby)'")
        self.primary.sql("select pg_reload_conf()")
        wait_until("the standby is synchronous", lambda: self.primary.sql(
            "select sync_state from pg_stat_replication") == [["quorum"]])

    def test_migrations_intake_and_delivery_work_for_roles_without_more_rights(self):
        with Deployment(self.primary) as fleet:
            self.assertEqual(fleet.vf("migrate", "all", "--check", check=False).returncode, 0)
            fleet.start("ingest", *ENVIRONMENTS)
            doctor = fleet.vf("doctor", check=False)
            self.assertNotIn("FAIL", doctor.stdout, doctor.stdout)
            for _ in range(20):
                self.assertEqual(fleet.post("ingest", fleet.kick_chat())[0], 200)
            fleet.wait_delivered(20)
            roles = self.primary.sql("select distinct usename, ssl from pg_stat_ssl join pg_stat_activity using (pid) "
                                     "where backend_type = 'client backend' and usename <> 'postgres'")
            self.assertEqual(roles, [["vfapp", "t"]], "the hub has the application's rights alone, and TLS")

    def test_an_address_without_tls_is_refused_with_the_server_s_reason(self):
        with Deployment(self.primary) as fleet:
            address = self.primary.address(fleet.databases["dm"], "vfapp", mode="disable")
            fleet.config["ingest"]["store"] = address
            fleet.file.write_text(json.dumps(fleet.config))
            done = fleet.vf("doctor", check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("pg_hba.conf rejects", done.stdout + done.stderr)
            self.assertNotIn("application", done.stdout + done.stderr, "a password is not shown")


if __name__ == "__main__":
    unittest.main()
