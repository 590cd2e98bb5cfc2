"""The raw log's server is away: from the start, for a whole run, or killed amid load. Intake, fan-out and projection do
not notice; who asks is told what waits; once it is back, everything is there once, and nobody had to do anything, unless
the lake was never made. On the stand-in of tests/clickhouse; skipped where libchdb is not there."""
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
EVERYBODY = (*INGESTS, *ENVIRONMENTS, *(f"worker-{name}" for name in ENVIRONMENTS))
CATCH_UP_S = 90  # the feeder's longest back-off is 30 s


def setUpModule():
    global server
    server = Postgres(settings=UNSYNCED)


def tearDownModule():
    server.__exit__()


def lake_check(admin_url):
    """(status of /readyz, what it says is wrong with the lake)"""
    status, _, body = request(admin_url + "/readyz")
    return status, json.loads(body)["checks"]["lake"].get("reason", "")


def metric(admin_url, name):
    """The sum of its series whose labels stand in `name`."""
    text = request(admin_url + "/metrics")[2].decode()
    return sum(float(value) for value in re.findall(rf"^{name} (\S+)$", text, re.MULTILINE))


class InAFleet(unittest.TestCase):
    def setUp(self):
        self.lake = self.enterContext(LakeServer()).start()
        self.fleet = self.enterContext(Fleet(server, extra={"ingest": self.lake.ingest}))

    def start(self):
        self.fleet.start(*EVERYBODY)
        self.feeder = wait_until("somebody feeds the lake", lambda: self.fleet.leases().get("raw-log"))
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

    def expect_told(self):
        """Where it is fed from: why, how many wait and for how long. Nobody is unready for it."""
        wait_until("it is told", lambda: self.lake.address in lake_check(self.admin_url())[1])
        wait_until("its age grows", lambda: metric(self.admin_url(), "vf_raw_log_lag_seconds") > 2)
        self.assertEqual([self.fleet.readiness(name) for name in EVERYBODY], [200] * len(EVERYBODY))

    def waiting(self, name):
        return self.fleet.admin_of(name, "overview")["lake"]["backlog"]

    def finish(self):
        ids = self.load.finish()
        self.fleet.wait_delivered(len(ids))
        self.expect_undisturbed()
        return ids

    def expect_caught_up(self, ids):
        wait_until("nothing waits for the lake", lambda: self.waiting(self.feeder) == 0, CATCH_UP_S)
        wait_until("it is well", lambda: lake_check(self.admin_url()) == (200, ""))
        wait_until("nothing waits for anybody", lambda: not any(row["backlog"] for row in self.fleet.targets().values()))
        self.assertEqual(metric(self.admin_url(), "vf_raw_log_lag_seconds"), 0)
        for name in INGESTS:
            self.assertIn(f"equal: {len(ids)} events", self.fleet.vf_at(name, "lake", "verify").stdout)
        balance(self.fleet, ids)
        expect_same("raw log against what was acknowledged", set(ids), self.lake.ids())
        self.assertEqual(self.fleet.stop(*EVERYBODY), [0] * len(EVERYBODY))

    def test_away_for_the_whole_run_and_then_back(self):
        self.lake.kill()
        self.start()
        self.wait_for_more(200)
        self.expect_told()
        ids = self.finish()
        balance(self.fleet, ids)
        self.assertEqual([self.waiting(name) for name in INGESTS], [len(ids)] * 2)
        self.lake.start()
        self.assertEqual(self.lake.ids(), [])
        self.expect_caught_up(ids)

    def test_killed_amid_load_and_back_at_the_same_address_twice(self):
        self.start()
        for _ in range(2):  # recovery is no once-only thing
            stored = metric(self.admin_url(), "vf_raw_log_rows_total")
            wait_until("rows are stored", lambda: metric(self.admin_url(), "vf_raw_log_rows_total") > stored, CATCH_UP_S)
            self.lake.lose_answer_of_next_insert()
            wait_until("the answer is lost", lambda: lake_check(self.admin_url())[1])
            self.lake.kill()
            self.wait_for_more()
            self.expect_told()
            self.lake.start()
        self.expect_caught_up(self.finish())

    def test_the_feeder_is_killed_while_it_is_away(self):
        self.start()
        self.wait_for_more()
        self.lake.kill()
        self.expect_told()
        self.fleet.stop(self.feeder, how=signal.SIGKILL)
        killed, other = self.feeder, INGESTS[1 - INGESTS.index(self.feeder)]
        wait_until("the other feeds it", lambda: self.fleet.leases().get("raw-log") == other)
        self.feeder = other
        self.fleet.start(killed)
        self.wait_for_more()
        self.expect_told()
        self.lake.start()
        self.expect_caught_up(self.finish())


class Stalled(unittest.TestCase):
    """A server that takes connections and answers nothing holds up neither a hub's end nor its start."""

    def test_amid_a_run_at_its_end_and_at_the_next_start(self):
        lake = self.enterContext(LakeServer()).start()
        hub = Hub(extra={"ingest": lake.ingest})
        self.addCleanup(hub.__exit__)
        hub.file.write_text(json.dumps(hub.config))
        hub.vf("migrate", "lake")
        hub.start()
        ids = [hub.kick(chat(n))[2]["event_id"] for n in range(10)]
        wait_until("they are stored", lambda: hub.admin("overview")[2]["lake"]["backlog"] == 0)
        lake.process.send_signal(signal.SIGSTOP)
        ids += [hub.kick(chat(n))[2]["event_id"] for n in range(10, 20)]
        self.assertEqual({hub.wait_for_event(name, event_id) for name in ENVIRONMENTS for event_id in ids}, {"applied"})
        wait_until("a batch is under way", lambda: hub.rows("dm", "select 1 from ingest_outbox_batch where target = "
                                                                  "'raw-log.pin' and to_position > 10"))
        self.assertEqual(hub.stop(), 0)
        hub.start()
        ids.append(hub.kick(chat(20))[2]["event_id"])
        lake.process.send_signal(signal.SIGCONT)
        wait_until("it is fed", lambda: "equal: 21" in hub.vf("lake", "verify", check=False).stdout, CATCH_UP_S)
        expect_same("raw log", ids, lake.ids())


class NeverMade(unittest.TestCase):
    """A lake that was away when it should have been migrated: the hub runs, and says so until somebody does."""

    def test_a_hub_starts_and_goes_on_once_it_is_migrated(self):
        lake = self.enterContext(LakeServer()).start()  # is libchdb there?
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
        told = {row["schema"]: row for row in everything["schemas"]}
        self.assertIn("0001_ingest", told["dm"]["applied"], "one that is away keeps nothing from the others")
        self.assertIn(lake.address, told["lake"]["error"])

        hub.start()
        ids = [hub.kick(chat(n))[2]["event_id"] for n in range(10)]
        self.assertEqual({hub.wait_for_event(name, event_id) for name in ENVIRONMENTS for event_id in ids}, {"applied"})
        wait_until("it is told", lambda: lake.address in lake_check(hub.url("admin"))[1])
        lake.start()
        wait_until("it is told what to do", lambda: "`vf migrate lake`" in lake_check(hub.url("admin"))[1], CATCH_UP_S)
        self.assertEqual(lake_check(hub.url("admin"))[0], 200)
        self.assertEqual(hub.vf("migrate", "lake", "--check", check=False).returncode, 1)
        self.assertIn("0001_raw_events", hub.vf("migrate", "lake").stdout)
        hub.vf("migrate", "all", "--check")
        wait_until("the feeder goes on by itself", lambda: lake_check(hub.url("admin"))[1] == "", CATCH_UP_S)
        self.assertIn("equal: 10 events", hub.vf("lake", "verify").stdout)
        expect_same("raw log", ids, lake.ids())


if __name__ == "__main__":
    unittest.main()
