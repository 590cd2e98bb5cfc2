"""The kill drill as a test: a dozen kills in all, of one process with all roles and of one process for each role.
Then the balance itself is tested: each forbidden change is made, and the balance must notice it."""
import contextlib
import sqlite3
import unittest

import raw_log
from kill_drill import drill, line, parse
from balance import balance

WITHOUT = {
    "outbox against acknowledged ids": ("dm", "delete from ingest_outbox where seq = 10"),
    "ledger against the outbox": ("dm", "delete from processed_webhooks where seq = 10"),
    "bodies in the outbox against signed bodies": ("dm", "update ingest_outbox set body = 'forged' where seq = 11"),
    "processed_events of stage": ("stage", "delete from processed_events where rowid = 12"),
    "processed_events of production": ("production", "update processed_events set event_id = 'x' where rowid = 12"),
    "quarantined in stage": ("stage", "update processed_events set status = 'quarantined' where rowid = 13"),
    "table chat_activity": ("production", "delete from chat_activity where channel_id > 0"),
}


class KillDrill(unittest.TestCase):
    def run_drill(self, *words):
        options = parse(words)
        print(f"\n(seed {options.seed})", end=" ", flush=True)
        hub, records = drill(options)
        self.addCleanup(hub.__exit__)
        print(line(options, balance(hub, records)), flush=True)
        self.assertGreater(records.retried, 0, "no kill has struck a delivery")
        self.assertGreater(records.by_outcome["forgery-refused"], 0)
        return hub, records

    def test_one_process(self):
        self.run_drill("--shape", "up", "--kills", "6", "--seconds", "8")

    def test_a_process_a_role_and_the_balance_itself(self):
        hub, records = self.run_drill("--shape", "roles", "--kills", "8", "--seconds", "8")
        for what, (database, sql) in WITHOUT.items():
            with self.subTest(what), changed(hub.data / f"{database}.db", sql):
                with self.assertRaisesRegex(AssertionError, what):
                    balance(hub, records)
        if hub.has_lake:
            raw_log.query(hub.data / "lake", "insert into vf.raw_events select * from vf.raw_events limit 1")
            with self.assertRaisesRegex(AssertionError, "raw log against the outbox: 0 missing .*, 1 too many"):
                balance(hub, records)


@contextlib.contextmanager
def changed(path, sql):
    """The database with `sql` applied; afterwards it is as before."""
    with contextlib.closing(sqlite3.connect(path)) as db, contextlib.closing(sqlite3.connect(":memory:")) as before:
        db.backup(before)
        if db.execute(sql).rowcount < 1:
            raise AssertionError(f"changes nothing: {sql}")
        db.commit()
        try:
            yield
        finally:
            before.backup(db)


if __name__ == "__main__":
    unittest.main()
