"""The raw log's server is away: from the start, for a whole run, or killed under load. Intake, fan-out and projection
go on; metrics and /readyz report the backlog. Once the server is back, every event is in the raw log once, without an
operator, unless the lake was never migrated. On the stand-in of tests/clickhouse; skipped without libchdb."""
import json
import re
import signal
import unittest

from fleet import ENVIRONMENTS, Fleet
from hub import Hub, chat, request, wait_until
from lake_server import LakeServer
from ledger import balance, expect_same
from load import Load
from postgres import UNSYNCED, Postgres

INGESTS = ("ingest", "ingest-b")
ALL_ROLES = (*INGESTS, *ENVIRONMENTS, *(f"worker-{name}" for name in ENVIRONMENTS))
CATCH_UP_S = 180  # the feeder's longest back-off is 30 s


def setUpModule():
    global server
    server = Postgres(settings=UNSYNCED)


def tearDownModule():
    server.__exit__()


def lake_check(admin_url):
    """Status of /readyz, and its reason why the lake is failing."""
    status, _, body = request(admin_url + "/readyz")
    return status, json.loads(body)["checks"]["lake"].get("reason", "")


def metric(admin_url, name):
    """The sum of the series that match `name`, a pattern with labels."""
    text = request(admin_url + "/metrics")[2].decode()
    return sum(float(value) for value in re.findall(rf"^{name} (\S+)$", text, re.MULTILINE))


class InAFleet(unittest.TestCase):
    def setUp(self):
        self.lake = self.enterContext(LakeServer()).start()
        self.fleet = self.enterContext(Fleet(server, extra={"ingest": self.lake.ingest}))

    def start(self):
        self.fleet.start(*ALL_ROLES)
        self.feeder = wait_until("one process feeds the lake", lambda: self.fleet.leases().get("raw-log"))
        self.load = self.enterContext(Load(self.fleet, *INGESTS))

    def admin_url(self):
        return self.fleet.admin_url(self.feeder)

    def wait_for_more(self, count=60):
        acknowledged, delivered = self.load.count() + count, self.fleet.count("stage") + count
        wait_until("load flows", lambda: self.load.count() >= acknowledged and self.fleet.count("stage") >= delivered)

    def expect_undisturbed(self):
        for name in INGESTS:
            url = self.fleet.admin_url(name)
            self.assertEqual(metric(url, r'vf_intake_requests_total\{[^}]*outcome="unavailable"[^}]*\}'), 0)
            self.assertGreater(metric(url, r'vf_intake_requests_total\{[^}]*outcome="accepted"[^}]*\}'), 0)

    def expect_reported(self):
        """The process that feeds the lake reports the reason and the age of the backlog. All processes stay ready."""
        wait_until("the reason is reported", lambda: self.lake.address in lake_check(self.admin_url())[1])
        wait_until("the age of the backlog grows", lambda: metric(self.admin_url(), "vf_raw_log_lag_seconds") > 2)
        self.assertEqual([self.fleet.readiness(name) for name in ALL_ROLES], [200] * len(ALL_ROLES))

    def waiting(self, name):
        return self.fleet.admin_of(name, "overview")["lake"]["backlog"]

    def finish(self):
        ids = self.load.finish()
        self.fleet.wait_delivered(len(ids))
        self.expect_undisturbed()
        return ids

    def expect_caught_up(self, ids):
        wait_until("nothing waits for the lake", lambda: self.waiting(self.feeder) == 0, CATCH_UP_S)
        wait_until("the lake is healthy", lambda: lake_check(self.admin_url()) == (200, ""))
        wait_until("no target has a backlog", self.fleet.nothing_waits)
        self.assertEqual(metric(self.admin_url(), "vf_raw_log_lag_seconds"), 0)
        for name in INGESTS:
            self.assertIn(f"equal: {len(ids)} events", self.fleet.vf_at(name, "lake", "verify").stdout)
        balance(self.fleet, ids)
        expect_same("raw log against acknowledged events", set(ids), self.lake.ids())
        self.assertEqual(self.fleet.stop(*ALL_ROLES), [0] * len(ALL_ROLES))

    def test_away_for_the_whole_run_and_then_back(self):
        self.lake.kill()
        self.start()
        self.wait_for_more(200)
        self.expect_reported()
        ids = self.finish()
        balance(self.fleet, ids)
        self.assertEqual([self.waiting(name) for name in INGESTS], [len(ids)] * 2)
        self.lake.start()
        self.assertEqual(self.lake.ids(), [])
        self.expect_caught_up(ids)

    def test_killed_under_load_and_back_at_the_same_address_twice(self):
        self.start()
        for _ in range(2):  # recovery works more than once
            stored = metric(self.admin_url(), "vf_raw_log_rows_total")
            wait_until("rows are stored", lambda: metric(self.admin_url(), "vf_raw_log_rows_total") > stored, CATCH_UP_S)
            self.lake.lose_answer_of_next_insert()
            wait_until("the answer is lost", self.lake.answers_lost)
            self.lake.kill()
            self.wait_for_more()
            self.expect_reported()
            self.lake.start()
        self.expect_caught_up(self.finish())

    def test_feeder_is_killed_while_the_lake_is_away(self):
        self.start()
        self.wait_for_more()
        self.lake.kill()
        self.expect_reported()
        self.fleet.stop(self.feeder, how=signal.SIGKILL)
        killed, other = self.feeder, INGESTS[1 - INGESTS.index(self.feeder)]
        wait_until("the other ingest feeds the lake", lambda: self.fleet.leases().get("raw-log") == other)
        self.feeder = other
        self.fleet.start(killed)
        self.wait_for_more()
        self.expect_reported()
        self.lake.start()
        self.expect_caught_up(self.finish())


class Stalled(unittest.TestCase):
    """A server that accepts connections and does not answer delays neither a hub's stop nor its start."""

    def test_during_a_run_at_its_stop_and_at_the_next_start(self):
        lake = self.enterContext(LakeServer()).start()
        hub = Hub(extra={"ingest": lake.ingest})
        self.addCleanup(hub.__exit__)
        hub.file.write_text(json.dumps(hub.config))
        hub.vf("migrate", "lake")
        hub.start()
        ids = [hub.kick(chat(n))[2]["event_id"] for n in range(10)]
        wait_until("the rows are stored", lambda: hub.admin("overview")[2]["lake"]["backlog"] == 0)
        lake.process.send_signal(signal.SIGSTOP)
        ids += [hub.kick(chat(n))[2]["event_id"] for n in range(10, 20)]
        self.assertEqual({hub.wait_for_event(name, event_id) for name in ENVIRONMENTS for event_id in ids}, {"applied"})
        wait_until("a batch is under way", lambda: hub.rows("dm", "select 1 from ingest_outbox_batch where target = "
                                                                  "'raw-log.pin' and to_position > 10"))
        self.assertEqual(hub.stop(), 0)
        hub.start()
        ids.append(hub.kick(chat(20))[2]["event_id"])
        lake.process.send_signal(signal.SIGCONT)
        wait_until("all are stored", lambda: "equal: 21" in hub.vf("lake", "verify", check=False).stdout, CATCH_UP_S)
        expect_same("raw log", ids, lake.ids())


class NeverMade(unittest.TestCase):
    """The lake was away when it should have been migrated: the hub runs and reports that until it is migrated."""

    def test_hub_starts_and_feeds_the_lake_after_its_migration(self):
        lake = self.enterContext(LakeServer()).start()  # skips the test without libchdb
        lake.kill()
        hub = Hub(extra={"ingest": lake.ingest})
        self.addCleanup(hub.__exit__)
        hub.data.mkdir()
        hub.file.write_text(json.dumps(hub.config))
        for words in (["migrate", "lake"], ["migrate", "lake", "--check"], ["doctor"]):
            refused = hub.vf(*words, check=False)
            self.assertEqual(refused.returncode, 1, words)
            self.assertIn(lake.address, refused.stdout + refused.stderr, words)
        everything = json.loads(hub.vf("migrate", "all", "--json", check=False).stdout)
        reported = {row["schema"]: row for row in everything["schemas"]}
        self.assertIn("0001_ingest", reported["dm"]["applied"], "a store that is away does not stop the others")
        self.assertIn(lake.address, reported["lake"]["error"])

        hub.start()
        ids = [hub.kick(chat(n))[2]["event_id"] for n in range(10)]
        self.assertEqual({hub.wait_for_event(name, event_id) for name in ENVIRONMENTS for event_id in ids}, {"applied"})
        wait_until("the reason is reported", lambda: lake.address in lake_check(hub.url("admin"))[1])
        lake.start()
        wait_until("the remedy is reported", lambda: "`vf migrate lake`" in lake_check(hub.url("admin"))[1], CATCH_UP_S)
        self.assertEqual(lake_check(hub.url("admin"))[0], 200)
        self.assertEqual(hub.vf("migrate", "lake", "--check", check=False).returncode, 1)
        self.assertIn("0001_raw_events", hub.vf("migrate", "lake").stdout)
        hub.vf("migrate", "all", "--check")
        wait_until("the feeder goes on by itself", lambda: lake_check(hub.url("admin"))[1] == "", CATCH_UP_S)
        self.assertIn("equal: 10 events", hub.vf("lake", "verify").stdout)
        expect_same("raw log", ids, lake.ids())


if __name__ == "__main__":
    unittest.main()
