"""The raw log on a ClickHouse server (the stand-in of tests/clickhouse): migrated by command, fed, proved, repaired; and
the proof on chDB, which the hub's own process holds. Skipped where libchdb is not there."""
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from hub import ROOT, Hub, chat, request, wait_until

SERVER = os.environ.get("VF_CLICKHOUSE_TEST_SERVER",
                        str(ROOT / "build/dev/tests/clickhouse/vf_clickhouse_test_server"))
PASSWORD = "it's secret"


@contextlib.contextmanager
def clickhouse():
    """Address of a stand-in server with the user vf."""
    with tempfile.TemporaryDirectory(prefix="vf-e2e-lake-") as folder:
        with subprocess.Popen([SERVER, folder, "0", "vf", PASSWORD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            ready = process.stdout.readline().split()
            if not ready:
                raise unittest.SkipTest(process.stderr.read())
            try:
                yield f"127.0.0.1:{ready[1]}"
            finally:
                process.kill()


def query(address, sql):
    headers = {"X-ClickHouse-User": "vf", "X-ClickHouse-Key": PASSWORD}
    status, _, body = request(f"http://{address}/", "POST", sql.encode(), headers)
    assert status == 200, body
    return body


def lake_rows(hub):
    return hub.admin("overview")[2]["lake"]["rows_inserted"]


class OnAServer(unittest.TestCase):
    def test_migrate_feed_prove_repair(self):
        with clickhouse() as address, tempfile.TemporaryDirectory() as folder:
            secret = pathlib.Path(folder) / "lake-password"
            secret.write_text(PASSWORD + "\n")
            secret.chmod(0o600)
            hub = Hub(lake=f"http://vf@{address}/vf", extra={"ingest": {"lake_password": f"file:{secret}"}})
            with contextlib.ExitStack() as stack:
                hub.spawn("up").wait(timeout=30)
                self.assertIn("`vf migrate lake`", hub.log.read_text())
                self.assertEqual(hub.vf("migrate", "lake", "--check", check=False).returncode, 1)
                hub.vf("migrate", "lake")
                hub.vf("migrate", "lake", "--check")
                stack.enter_context(hub)
                ids = [hub.kick(chat(n))[2]["event_id"] for n in range(20)]
                wait_until("all rows are in the log", lambda: lake_rows(hub) == 20)
                equal = hub.vf("lake", "verify")
                self.assertIn("equal: 20 events", equal.stdout)

                query(address, f"ALTER TABLE vf.raw_events DELETE WHERE event_id IN ('{ids[3]}', '{ids[7]}') "
                               "SETTINGS mutations_sync = 1")
                lost = hub.vf("lake", "verify", "--json", check=False)
                self.assertEqual(lost.returncode, 1)
                self.assertEqual(sum(hour["missing"] for hour in json.loads(lost.stdout)["hours"]), 2)
                self.assertIn("2 are being put back", hub.vf("lake", "verify", "--repair", check=False).stdout)
                wait_until("they are back", lambda: hub.vf("lake", "verify", check=False).returncode == 0)
                self.assertIn("vf_lake_difference", request(hub.url("admin", "/metrics"))[2].decode())

                query(address, "INSERT INTO vf.raw_events SELECT * FROM vf.raw_events LIMIT 1")
                twice = json.loads(hub.vf("lake", "verify", "--json", check=False).stdout)
                self.assertEqual((twice["difference"], sum(hour["repeated"] for hour in twice["hours"])), (1, 1))
                self.assertNotIn(PASSWORD, hub.log.read_text())
                self.assertNotIn(PASSWORD, hub.vf("config", "print").stdout)


class InProcess(unittest.TestCase):
    def test_a_chdb_lake_is_proved_while_the_hub_runs(self):
        with clickhouse(), Hub(lake="chdb:lake") as hub:  # the stand-in only tells whether libchdb is there
            for n in range(5):
                hub.kick(chat(n))
            wait_until("all rows are in the log", lambda: lake_rows(hub) == 5)
            self.assertIn("equal: 5 events", hub.vf("lake", "verify").stdout)
            self.assertIn("equal: 0 events", hub.vf("lake", "verify", "--to", "2026-01-01T00:00:00Z").stdout)
            self.assertEqual(hub.vf("lake", "verify", "--from", "yesterday", check=False).returncode, 2)

    def test_without_a_lake_there_is_nothing_to_prove(self):
        with Hub() as hub:
            self.assertRegex(hub.vf("lake", "verify", check=False).stderr, "no raw log")


if __name__ == "__main__":
    unittest.main()
