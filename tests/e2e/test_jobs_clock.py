"""Jobs and the clock, which the test moves: a new retention is in force after a reload, and ticks that passed while the hub
was down are caught up as the rows of their jobs say."""
import datetime
import json
import unittest

from hub import Hub, chat, wait_until
from test_clock import MORE_THAN_AN_HOUR, Held, ShiftedClock
from test_jobs import jobs, wait_for_end
from test_reload import Roles

HOUR = 3_600


def last_number(hub, database, table):
    """How many runs the table has ever had."""
    return hub.rows(database, "select seq from sqlite_sequence where name = ?", table)[0][0]


class Retention(unittest.TestCase):
    def kept_by_retention(self, hub):
        """How many events the outbox has after a run."""
        run = wait_for_end(hub, json.loads(hub.vf("jobs", "run", "retention", "--json").stdout)["id"])
        self.assertEqual(run["state"], "done")
        return hub.rows("dm", "select count(*) from ingest_outbox")[0][0]

    def test_a_shorter_one_is_in_force_after_a_reload(self):
        clock = self.enterContext(ShiftedClock())
        hub = Roles()
        hub.variables = clock.variables
        self.enterContext(hub)
        hub.wait_for_event("stage", hub.kick(chat())[2]["event_id"])
        held = Held(hub.url("admin"), hub.admin_token)
        clock.pass_time(2 * MORE_THAN_AN_HOUR)
        wait_until("the clocks have agreed for an hour", held.is_trusted)
        self.assertEqual(self.kept_by_retention(hub), 1)
        hub.config["ingest"]["retention"] = {"outbox": "1h"}
        self.assertIn("changed=ingest.retention.outbox\n", hub.reload())
        self.assertEqual(self.kept_by_retention(hub), 0)
        hub.config["ingest"]["retention"] = {"outbox": "7d"}
        hub.reload()
        hub.wait_for_event("stage", hub.kick(chat(2))[2]["event_id"])
        clock.pass_time(2 * HOUR)
        self.assertEqual(self.kept_by_retention(hub), 1)


class MissedTicks(unittest.TestCase):
    def test_one_run_makes_up_for_all_that_passed_while_the_hub_was_down(self):
        clock = self.enterContext(ShiftedClock())
        hub = Hub()
        hub.variables = clock.variables
        self.enterContext(hub)
        runs = {"retention": ("dm", "job_runs", 60), "purge": ("stage", "_job_runs", 60),
                "retry-quarantine": ("stage", "_job_runs", HOUR)}

        def wait_for_tick(job, after=""):
            database, table, _ = runs[job]
            return wait_until(f"a tick of {job}", lambda: hub.rows(
                database, f"select due from {table} where job = ? and state = 'done' and due > ?", job, after))[-1][0]

        wait_for_end(hub, json.loads(hub.vf("jobs", "run", "retention", "--json").stdout)["id"])  # the clock was read
        clock.pass_time(HOUR)
        ticks = {job: wait_for_tick(job) for job in runs}
        self.assertEqual(hub.stop(), 0)
        before = {name: last_number(hub, *name) for name in (("dm", "job_runs"), ("stage", "_job_runs"))}
        clock.pass_time(30 * HOUR + 30 * 60)
        hub.start()
        for job, (_, _, period) in runs.items():
            tick = datetime.datetime.fromisoformat(wait_for_tick(job, ticks[job])).timestamp()
            self.assertEqual(tick % period, 0)
        # Of 1,830 ticks of the jobs that run each minute, and 30 of the one that runs each hour. A run at the start and
        # the ticks that pass while the test looks are among these.
        for name, number in before.items():
            self.assertLess(last_number(hub, *name) - number, 20, name)
        self.assertEqual({job["late"] for job in jobs(hub).values()}, {False})


if __name__ == "__main__":
    unittest.main()
