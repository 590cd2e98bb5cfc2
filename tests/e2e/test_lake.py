"""The raw log on a ClickHouse server (the stand-in of tests/clickhouse): migrated by command, fed, reconciled,
repaired, and migrated by a newer version; reconciliation on chDB, in the hub's own process. Skipped without libchdb."""
import contextlib
import json
import unittest

from hub import TIMEOUT_S, Hub, chat, request, wait_until
from lake_server import PASSWORD, LakeServer


def lake_rows(hub):
    return hub.admin("overview")[2]["lake"]["rows_inserted"]


def wait_for_equal(hub, lake, ids):
    """The log holds each of these events once, and the feeder's cursor has passed them."""
    wait_until("all rows are in the log", lambda: sorted(lake.ids()) == sorted(ids))
    wait_until("verify finds that", lambda: f"equal: {len(ids)} events" in hub.vf("lake", "verify", check=False).stdout)


class OnAServer(unittest.TestCase):
    def test_migrate_feed_reconcile_repair(self):
        with LakeServer() as lake:
            hub = Hub(extra={"ingest": lake.start().ingest})
            with contextlib.ExitStack() as stack:
                hub.spawn("up").wait(timeout=TIMEOUT_S)
                self.assertIn("`vf migrate lake`", hub.log.read_text())
                self.assertEqual(hub.vf("migrate", "lake", "--check", check=False).returncode, 1)
                hub.vf("migrate", "lake")
                hub.vf("migrate", "lake", "--check")
                stack.enter_context(hub)
                ids = [hub.kick(chat(n))[2]["event_id"] for n in range(20)]
                wait_for_equal(hub, lake, ids)

                lake.query(f"ALTER TABLE vf.raw_events DELETE WHERE event_id IN ('{ids[3]}', '{ids[7]}') "
                           "SETTINGS mutations_sync = 1")
                lost = hub.vf("lake", "verify", "--json", check=False)
                self.assertEqual(lost.returncode, 1)
                self.assertEqual(sum(hour["missing"] for hour in json.loads(lost.stdout)["hours"]), 2)
                self.assertIn("2 are being put back", hub.vf("lake", "verify", "--repair", check=False).stdout)
                wait_for_equal(hub, lake, ids)  # the exit code is 0 before: events that wait for a retry are no difference
                self.assertIn("vf_raw_log_difference_events", request(hub.url("admin", "/metrics"))[2].decode())

                lake.query("INSERT INTO vf.raw_events SELECT * FROM vf.raw_events LIMIT 1")
                twice = json.loads(hub.vf("lake", "verify", "--json", check=False).stdout)
                self.assertEqual((twice["difference"], sum(hour["repeated"] for hour in twice["hours"])), (1, 1))
                self.assertNotIn(PASSWORD, hub.log.read_text())
                self.assertNotIn(PASSWORD, hub.vf("config", "print").stdout)

    def test_lake_of_the_next_version_is_used_where_it_allows_that(self):
        lake = self.enterContext(LakeServer()).start()
        hub = Hub(extra={"ingest": lake.ingest})
        self.addCleanup(hub.__exit__)
        hub.file.write_text(json.dumps(hub.config))
        hub.vf("migrate", "lake")
        applied = "INSERT INTO vf._migrations (version, name, checksum, runs_with) VALUES"
        lake.query(f"{applied} (9998, '9998_next', 'ff', 1)")
        lake.query("ALTER TABLE vf.raw_events ADD COLUMN tomorrow String")
        for words in (["migrate", "lake"], ["migrate", "lake", "--check"]):
            self.assertIn("9998_next is of a newer version, this one can run with it", hub.vf(*words).stdout)
        self.assertRegex(hub.vf("doctor", check=False).stdout, r"schema of a newer version \(9998_next\)")
        hub.start()
        ids = [hub.kick(chat(n))[2]["event_id"] for n in range(5)]
        wait_for_equal(hub, lake, ids)

        lake.query(f"{applied} (9999, '9999_after_next', 'ff', 0)")
        hub.kick(chat(6))
        wait_until("the running hub goes on", lambda: lake_rows(hub) == 6)
        self.assertEqual(hub.stop(), 0)
        self.assertEqual(hub.spawn("up").wait(timeout=TIMEOUT_S), 1)
        self.assertIn("has migration 9999_after_next, which this vf does not know", hub.log.read_text())
        self.assertEqual(hub.vf("migrate", "lake", "--check", check=False).returncode, 1)


class InProcess(unittest.TestCase):
    def test_chdb_lake_is_reconciled_while_the_hub_runs(self):
        with LakeServer() as lake, Hub(lake="chdb:lake") as hub:
            lake.start()  # skips the test without libchdb
            for n in range(5):
                hub.kick(chat(n))
            wait_until("all rows are in the log", lambda: "equal: 5 events" in hub.vf("lake", "verify", check=False).stdout)
            self.assertIn("equal: 0 events", hub.vf("lake", "verify", "--to", "2026-01-01T00:00:00Z").stdout)
            self.assertEqual(hub.vf("lake", "verify", "--from", "yesterday", check=False).returncode, 2)

    def test_without_a_lake_verify_reports_that_there_is_no_raw_log(self):
        with Hub() as hub:
            self.assertRegex(hub.vf("lake", "verify", check=False).stderr, "no raw log")


if __name__ == "__main__":
    unittest.main()
