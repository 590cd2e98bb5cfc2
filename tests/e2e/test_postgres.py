"""The hub on PostgreSQL, one process a role: from migrations to projected rows; an environment that is added later; a
shared database that is restored from a dump."""
import contextlib
import json
import subprocess
import unittest

from fleet import ENVIRONMENTS, Fleet
from hub import BINARY, TIMEOUT_S, request, wait_until
from ledger import balance
from postgres import UNSYNCED, Postgres, Session, can_be_dumped


def setUpModule():
    global server
    server = Postgres(settings=UNSYNCED)


def tearDownModule():
    server.__exit__()


def post(test, fleet, delivery, name="ingest"):
    """Posts a delivery that must be accepted; returns its id."""
    status, _, answer = fleet.post(name, delivery)
    test.assertEqual((status, answer.get("status")), (200, "accepted"), answer)
    return answer["event_id"]


@contextlib.contextmanager
def open_transaction(database, statement):
    """A transaction of another program that has run `statement` and stays open."""
    with Session(server, database) as psql:
        psql.run("begin", statement)
        yield


class WholePath(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(server).__enter__()
        cls.addClassCleanup(cls.fleet.__exit__)
        cls.fleet.start("ingest", *ENVIRONMENTS)
        cls.ids = []

    def send(self, delivery):
        self.ids.append(post(self, self.fleet, delivery))
        return self.ids[-1]

    def test_kick_and_sumsub_land_in_both_environments_and_repetitions_get_the_same_id(self):
        deliveries = [self.fleet.kick_chat(), self.fleet.applicant(), self.fleet.kick_chat(), self.fleet.applicant()]
        ids = [self.send(delivery) for delivery in deliveries]
        for delivery, event_id in zip(deliveries, ids):
            self.assertEqual(self.fleet.post("ingest", delivery)[2], {"status": "duplicate", "event_id": event_id})
        self.fleet.wait_delivered(len(self.ids))
        wait_until("the cursors are there", self.is_delivered)
        balance(self.fleet, self.ids)
        for environment in ENVIRONMENTS:
            found = {row[0] for row in self.fleet.rows(environment, "select status from processed_events")}
            self.assertEqual(found, {"applied"})
            self.assertNotEqual(self.fleet.rows(environment, "select * from chat_activity"), [])
            self.assertNotEqual(self.fleet.rows(environment, "select * from applicants"), [])

    def is_delivered(self):
        return self.fleet.nothing_waits()

    def test_operators_commands(self):
        event_id = self.send(self.fleet.kick_chat())
        wait_until("both deliveries recorded", lambda: self.is_delivered() and self.history(event_id))
        self.assertEqual([e["status"] for e in self.history(event_id)["environments"]], ["applied", "applied"])
        self.assertIn("applied", self.fleet.vf("events", "show", event_id).stdout)
        targets = json.loads(self.fleet.vf("targets", "list", "--json").stdout)["targets"]
        self.assertEqual(sorted((row["name"], row["backlog"]) for row in targets), [("production", 0), ("stage", 0)])
        self.assertEqual(json.loads(self.fleet.vf("dead", "list", "--json").stdout)["dead"], [])
        self.assertIn(event_id, self.fleet.vf("events", "list").stdout)

    def history(self, event_id):
        history = json.loads(self.fleet.vf("events", "show", event_id, "--json").stdout)
        return history if all(d["state"] == "delivered" for d in history["deliveries"]) else None

    def horizon(self):
        """Seconds for which committed events have been held back."""
        lines = self.admin("/metrics").splitlines()
        return float(next(line for line in lines if line.startswith("vf_outbox_horizon_seconds ")).split()[1])

    def admin(self, path):
        return request(self.fleet.admin_url("ingest") + path)[2].decode()

    def test_a_transaction_left_open_is_seen_in_the_metrics(self):
        self.assertIn("outbox horizon", json.loads(self.admin("/readyz"))["checks"])
        with open_transaction("postgres", "select pg_current_xact_id()"):
            self.send(self.fleet.kick_chat())
            wait_until("the metric shows it", lambda: self.horizon() > 0)
        wait_until("nothing is held back", lambda: self.horizon() == 0)
        self.fleet.wait_delivered(len(self.ids))

    def unavailable(self):
        """Deliveries of Kick that had this outcome."""
        series = 'vf_intake_requests_total{source="kick",outcome="unavailable"} '
        found = [line for line in self.admin("/metrics").splitlines() if line.startswith(series)]
        return float(found[0].removeprefix(series))

    def test_a_commit_that_hangs_is_counted_when_its_sender_gets_503(self):
        before, delivery = self.unavailable(), self.fleet.kick_chat()
        with open_transaction(self.fleet.databases["dm"], "lock table ingest.ingest_outbox in exclusive mode"):
            status, _, problem = self.fleet.post("ingest", delivery)
            self.assertEqual((status, problem["detail"]), (503, "not committed: send it again"))
            self.assertEqual(self.unavailable(), before + 1)
        wait_until("kept after all", lambda: self.fleet.post("ingest", delivery)[0] == 200)
        status, _, answer = self.fleet.post("ingest", delivery)
        self.assertEqual((status, answer["status"]), (200, "duplicate"))
        self.ids.append(answer["event_id"])
        self.fleet.wait_delivered(len(self.ids))
        self.assertEqual(self.unavailable(), before + 1, "not once more at the commit's end")

    def expect_reported(self, name, what, said):
        """Readiness names the reason, and the log has a line with it."""
        wait_until("readiness is 503", lambda: self.fleet.readiness(name) == 503)
        checks = json.loads(request(self.fleet.admin_url(name) + "/readyz")[2])["checks"]
        self.assertIn(said, checks[what]["reason"])
        wait_until("the log has it", lambda: [
            line for line in self.fleet.log.read_text().splitlines() if "store failed" in line and said in line])

    def test_a_missing_right_is_reported_until_it_is_granted(self):
        self.fleet.rows("dm", "revoke insert on all tables in schema ingest from vfapp")
        delivery = self.fleet.kick_chat()
        self.assertEqual(self.fleet.post("ingest", delivery)[0], 503)
        self.expect_reported("ingest", "store", "permission denied")
        self.fleet.rows("dm", "grant insert on all tables in schema ingest to vfapp")
        self.send(delivery)
        wait_until("ready again", lambda: self.fleet.readiness("ingest") == 200)
        self.fleet.wait_delivered(len(self.ids))

    def test_a_table_missing_in_an_environment_is_reported_there_and_by_its_target(self):
        self.fleet.rows("stage", "alter table processed_events rename to elsewhere")
        self.send(self.fleet.kick_chat())
        self.expect_reported("stage", "environment stage", "does not exist")
        self.assertIn("does not exist", self.fleet.targets()["stage"]["last_error"])
        self.fleet.rows("stage", "alter table elsewhere rename to processed_events")
        self.fleet.wait_delivered(len(self.ids))
        wait_until("ready again", lambda: self.fleet.readiness("stage") == 200)
        wait_until("the cursor is there", self.is_delivered)

    def test_doctor_finds_no_problem(self):
        found = self.fleet.vf("doctor", "--json")
        self.assertNotIn("PROBLEM", found.stdout)
        self.assertIn("the PostgreSQL server answers and has the schema of this version", found.stdout)
        checks = {check["check"]: check for check in json.loads(found.stdout)["checks"]}
        for store in ("store", "environment stage", "environment production"):
            self.assertEqual(checks[store + " clock"]["grade"], "ok")
            self.assertRegex(checks[store + " clock"]["detail"], r"clock is 0\.\d+ s (ahead of|behind) the PostgreSQL")

    def test_clocks_that_agree_are_ok(self):
        self.assertEqual(json.loads(self.admin("/readyz"))["checks"]["store clock"], {"ok": True})


class Migrations(unittest.TestCase):
    def test_a_process_without_them_refuses_and_names_the_command(self):
        fleet = Fleet(server)
        self.addCleanup(fleet.__exit__)
        fleet.prepare()
        self.assertIn("vf migrate dm", fleet.refused("ingest"))
        self.assertIn("vf migrate env --env stage", fleet.refused("stage"))
        self.assertIn("vf migrate dm", fleet.vf("doctor", check=False).stdout)
        self.assertEqual(fleet.vf("migrate", "all", "--check", check=False).returncode, 1)
        fleet.vf("migrate", "env", "--env", "stage")
        fleet.start("stage")
        self.assertIn("vf migrate env --env production", fleet.refused("production"))
        fleet.vf("migrate", "all")
        self.assertEqual(fleet.vf("migrate", "all", "--check").returncode, 0)
        fleet.start("ingest", "production")

    def test_runs_at_the_same_time_take_turns(self):
        fleet = Fleet(server)
        self.addCleanup(fleet.__exit__)
        fleet.prepare()
        words = [BINARY, "migrate", "all", "--json", "--config", str(fleet.file)]
        both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
        applied = []
        for process in both:
            out, problem = process.communicate(timeout=TIMEOUT_S)
            self.assertEqual((process.returncode, problem), (0, ""))
            applied += [(schema["schema"], name) for schema in json.loads(out)["schemas"] for name in schema["applied"]]
        self.assertEqual(len(applied), len(set(applied)), "each was applied by one of them")
        self.assertEqual(fleet.vf("migrate", "all", "--check").returncode, 0)


class LaterEnvironment(unittest.TestCase):
    """Production is added to a hub that has worked for stage alone; stage does not change."""

    def run_with(self, start):
        with Fleet(server, environments=["stage"]) as fleet:
            fleet.start("ingest", "stage")
            before = [post(self, fleet, fleet.kick_chat()) for _ in range(20)]
            fleet.wait_delivered(len(before), "stage")
            stage = fleet.processes["stage"]

            fleet.add("production", start=start)
            fleet.vf("migrate", "env", "--env", "production")
            fleet.start("production")
            self.assertEqual(fleet.stop("ingest"), [0])
            fleet.start("ingest")
            wait_until("its target is worked on", lambda: "production" in fleet.leases())
            after = [post(self, fleet, fleet.kick_chat()) for _ in range(20)]
            fleet.wait_delivered(40, "stage")
            wanted = after if start == "now" else before + after
            fleet.wait_delivered(len(wanted), "production")
            wait_until("nothing waits", fleet.nothing_waits)
            self.assertEqual(sorted(fleet.ids("production", "processed_events")), sorted(wanted))
            balance(fleet, before + after, ["stage"])
            self.assertIsNone(stage.poll(), "stage went on all the while")

    def test_from_the_earliest_event(self):
        self.run_with("earliest")

    def test_from_now(self):
        self.run_with("now")


@unittest.skipUnless(can_be_dumped(), "there is no pg_dump for this server")
class Backup(unittest.TestCase):
    def test_a_dump_restored_into_another_cluster_is_refused_until_migrated_and_nothing_is_skipped(self):
        with Fleet(server) as fleet, Postgres(settings=UNSYNCED) as other:
            fleet.start("ingest", *ENVIRONMENTS)
            fleet.vf("targets", "pause", "stage")
            deliveries = [fleet.kick_chat() for _ in range(20)]
            ids = [post(self, fleet, delivery) for delivery in deliveries]
            fleet.wait_delivered(20, "production")
            wait_until("its backlog is empty", lambda: fleet.targets()["production"]["backlog"] == 0)
            self.assertEqual(fleet.stop("ingest"), [0])

            # The commands of docs/operations.md, "Backup and restore".
            dump, database = str(fleet.directory / "dm.dump"), fleet.databases["dm"]
            server.client("pg_dump", "-Fc", "-f", dump, database)
            for role in ("vfmigrator", "vfapp"):
                other.create_role(role)
            other.create(database)
            other.client("pg_restore", "--exit-on-error", "-d", database, dump)

            fleet.move("dm", other)
            self.assertIn("vf migrate dm", fleet.refused("ingest"))
            self.assertEqual(fleet.vf("migrate", "dm", "--check", check=False).returncode, 1, "an era is to be opened")
            self.assertIn("era 2", fleet.vf("migrate", "dm").stdout)
            fleet.start("ingest")
            fleet.vf("targets", "resume", "stage")
            self.assertEqual(fleet.post("ingest", deliveries[0])[2], {"status": "duplicate", "event_id": ids[0]})
            ids += [post(self, fleet, fleet.kick_chat()) for _ in range(20)]
            fleet.wait_delivered(len(ids))
            wait_until("nothing waits", fleet.nothing_waits)
            balance(fleet, ids)


if __name__ == "__main__":
    unittest.main()
