"""A target with `start: now` begins when the hub does: an event received right after readiness reaches it, whether its
worker runs by then or not."""
import contextlib
import json
import sqlite3
import unittest

from fleet import ENVIRONMENTS, Fleet
from hub import TIMEOUT_S, Hub, chat, wait_until
from postgres import UNSYNCED, Postgres

FROM_NOW = {"targets": {name: {"start": "now"} for name in ENVIRONMENTS}}
ROUNDS = 3
A_WHILE = "55 seconds"  # the test ends it; more than ten terms ahead would count as written by a wrong clock


class OnSqlite(unittest.TestCase):
    def hub(self):
        hub = Hub(extra=FROM_NOW)
        self.addCleanup(hub.__exit__)
        return hub

    def run_without_pause(self, hub):
        """The answer to the first request after readiness."""
        hub.process = hub.spawn("up")
        while not hub.ready():
            pass
        return hub.kick(chat(1))[2]["event_id"]

    def test_received_at_once(self):
        for _ in range(ROUNDS):
            hub = self.hub()
            event_id = self.run_without_pause(hub)
            self.assertEqual([hub.wait_for_event(name, event_id) for name in ENVIRONMENTS], ["applied"] * 2)

    def test_received_before_its_worker_runs(self):
        hub = self.hub()
        hub.file.write_text(json.dumps(hub.config))
        hub.vf("migrate", "dm")
        self.write(hub, "insert into ingest_lease (name, holder, epoch, expires_at) values ('stage', 'another', 1, "
                        f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '{A_WHILE}'))")
        event_id = self.run_without_pause(hub)
        self.assertEqual(hub.wait_for_event("production", event_id), "applied")
        self.assertEqual(hub.rows("stage", "select count(*) from processed_events"), [(0,)])
        self.write(hub, "update ingest_lease set expires_at = '2026-01-01T00:00:00.000Z' where holder = 'another'")
        self.assertEqual(hub.wait_for_event("stage", event_id), "applied")

    def write(self, hub, sql):
        with contextlib.closing(sqlite3.connect(hub.data / "dm.db", timeout=TIMEOUT_S)) as db, db:
            db.execute(sql)


class OnPostgres(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Postgres(settings=UNSYNCED))

    def fleet(self):
        return self.enterContext(Fleet(self.server, extra=FROM_NOW)).start(*ENVIRONMENTS)

    def run_without_pause(self, fleet):
        fleet.launch("ingest")
        while fleet.readiness("ingest") != 200:
            pass
        return fleet.post("ingest", fleet.kick_chat())[2]["event_id"]

    def wait_delivered(self, fleet, event_id, *environments):
        for name in environments:
            wait_until(f"it is in {name}", lambda: fleet.ids(name, "processed_events") == [event_id])

    def test_received_at_once(self):
        for _ in range(ROUNDS):
            fleet = self.fleet()
            self.wait_delivered(fleet, self.run_without_pause(fleet), *ENVIRONMENTS)

    def test_received_before_its_worker_runs(self):
        fleet = self.fleet()
        fleet.rows("dm", "insert into ingest.ingest_lease (name, holder, epoch, expires_at) values ('stage', 'another', "
                         f"1, now() + '{A_WHILE}')")
        event_id = self.run_without_pause(fleet)
        self.wait_delivered(fleet, event_id, "production")
        self.assertEqual(fleet.count("stage"), 0)
        fleet.rows("dm", "update ingest.ingest_lease set expires_at = now() where holder = 'another'")
        self.wait_delivered(fleet, event_id, "stage")


if __name__ == "__main__":
    unittest.main()
