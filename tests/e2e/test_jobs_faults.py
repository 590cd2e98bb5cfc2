"""Bulk runs beside what else may happen: the configuration is read again, another bulk run works on the same letters. A
full disk is in test_store_failures.py."""
import contextlib
import json
import re
import signal
import sqlite3
import unittest

from hub import TIMEOUT_S, request, utc, wait_until
from test_jobs import DeadLetters, wait_for_end
from test_reload import Roles

LETTERS = 1_500


class Letters(DeadLetters, Roles):
    """`vf ingest` and `vf api`, with dead letters of the target `stage`, which stays paused."""

    def make(self, count):
        ids = super().make(count)
        self.vf("targets", "pause", "stage")
        return ids

    def ask(self, job):
        return self.admin(f"jobs/{job}/run", "POST", json.dumps({"all": True}))[2]["id"]

    def resume_and_check(self, ids):
        """Each of these events reaches the environment, and no other one does."""
        self.vf("targets", "resume", "stage")
        wait_until("every letter is delivered", lambda: self.count("dead") + self.count("retry") == 0)
        applied = self.rows("stage", "select event_id from processed_events")
        return sorted(row[0] for row in applied) == sorted(ids)


class BesideABulkRun(unittest.TestCase):
    def test_a_reload_leaves_the_run_alone(self):
        hub = self.enterContext(Letters())
        ids = hub.make(LETTERS)
        run_id = hub.ask("dead-retry")
        left = hub.freeze_amid(LETTERS)
        hub.config["targets"]["stage"]["window"] = 7
        begin = hub.begin_reload()
        hub.process.send_signal(signal.SIGCONT)
        wait_until("it is in force", lambda: hub.logged(begin, "configuration reloaded changed=targets.stage.window"))
        run = wait_for_end(hub, run_id)
        self.assertEqual((run["state"], run["counts"]),
                         ("done", {"found": LETTERS, "retried": LETTERS, "skipped": 0}), f"{left} were left")
        self.assertTrue(hub.resume_and_check(ids))

    def test_another_one_over_the_same_letters_shares_them(self):
        hub = self.enterContext(Letters())
        hub.make(LETTERS)
        asked = [hub.ask("dead-drop"), hub.ask("dead-retry")]
        dropped, retried = [wait_for_end(hub, one) for one in asked]
        self.assertEqual((dropped["state"], retried["state"]), ("done", "done"))
        self.assertEqual(dropped["counts"]["dropped"] + retried["counts"]["retried"], LETTERS)
        self.assertEqual((hub.count("dead"), hub.count("retry")), (0, retried["counts"]["retried"]))
        for run, word in ((dropped, "dropped"), (retried, "retried")):
            self.assertEqual(run["counts"]["found"], run["counts"][word] + run["counts"]["skipped"])


class WithoutAWorker(unittest.TestCase):
    """`vf api` raises the alarm about the jobs of its environment, which `vf worker` runs."""

    def setUp(self):
        self.hub = Roles()
        self.addCleanup(self.hub.__exit__)
        self.hub.start("stage")
        self.admin = re.search(r" ready .*admin=(\S+)", self.hub.log.read_text())[1]

    def write(self, sql, *values):
        with contextlib.closing(sqlite3.connect(self.hub.data / "stage.db", timeout=TIMEOUT_S)) as db, db:
            db.execute(sql, values)

    def readiness(self):
        status, _, body = request(self.admin + "/readyz")
        return status, json.loads(body)["checks"]["jobs:stage"]

    def test_a_job_that_is_overdue_is_an_alarm_until_it_runs(self):
        self.assertEqual(self.readiness(), (200, {"ok": True}))
        old, now = "2026-01-01T00:00:00.000Z", utc()[:-1] + ".000Z"
        self.write("insert into _job_runs (id, job, due, parameters, state, holder, asked_by, asked_at, started_at, "
                   "ended_at, done, counts, cursor, error, stop_wanted, idle) values "
                   "('00000000-0000-7000-8000-000000000001', 'purge', ?, '{}', 'done', 'a test', '', ?, ?, ?, 0, '{}', "
                   "'', '', 0, 1)", old, old, old, old)
        wait_until("it is late", lambda: self.readiness() == (200, {"ok": False, "reason": "purge is late"}))
        late = 'vf_job_late{job="purge",environment="stage"} '
        self.assertIn(late + "1", request(self.admin + "/metrics")[2].decode())
        wait_until("it is logged", lambda: 'check=jobs:stage reason="purge is late"' in self.hub.log.read_text())
        self.write("update _job_runs set due = ?", now)
        wait_until("it is not late", lambda: self.readiness() == (200, {"ok": True}))
        self.assertIn(late + "0", request(self.admin + "/metrics")[2].decode())


if __name__ == "__main__":
    unittest.main()
