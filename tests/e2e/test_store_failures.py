"""Store failures: away, full, read-only. Webhooks get 503 with Retry-After, the process lives, acknowledged events are not
lost, and when the failure ends the hub goes on by itself."""
import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from hub import TIMEOUT_S, Hub, chat, request, ulid, wait_until
from test_jobs import DeadLetters, wait_for_end
from wire import Wire, post

KICK = "/webhooks/kick"


@contextlib.contextmanager
def locked(hub, database):
    """Another program holds the write lock of a database, so that the hub cannot write it."""
    path = hub.data / f"{database}.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=TIMEOUT_S)) as db:
        db.execute("begin immediate")
        try:
            yield
        finally:
            db.execute("rollback")


def readiness(hub):
    return request(hub.url("admin", "/readyz"))[0]


def target(hub, name):
    return next(row for row in hub.admin("targets")[2]["targets"] if row["name"] == name)


def count(hub):
    return hub.rows("dm", "select count(*) from ingest_outbox")[0][0]


class StoreAway(unittest.TestCase):
    def test_webhooks_get_503_and_the_resend_is_kept_once(self):
        with Hub(extra={"ingest": {"queue": 4}}) as hub, contextlib.ExitStack() as stack:
            bodies = [chat(n) for n in range(12)]
            data = [post(KICK, body, hub.kick_headers(body)) for body in bodies]
            with locked(hub, "dm"):
                wires = [stack.enter_context(Wire(hub)).send(one) for one in data]
                answers = [wire.answer() for wire in wires]
                self.assertEqual([status for status, _, _ in answers], [503] * len(data))
                self.assertTrue(all(int(headers["retry-after"]) >= 1 for _, headers, _ in answers))
                reasons = {body["detail"] for _, _, body in answers}
                self.assertEqual(len(reasons), 2, f"both the full queue and the store refuse: {reasons}")
                self.assertEqual(readiness(hub), 503)
                self.assertEqual(request(hub.url("admin", "/healthz"))[0], 200)
            self.assertEqual([wire.send(one).status() for wire, one in zip(wires, data)], [200] * len(data))
            wait_until("ready again", lambda: readiness(hub) == 200)
            self.assertEqual(count(hub), len(data))

    def test_an_environment_that_is_away_does_not_delay_the_other(self):
        extra = {"targets": {"stage": {"retry": {"first": "50ms", "longest": "200ms"}}}}
        with Hub(extra=extra) as hub:
            with locked(hub, "stage"):
                status, _, answer = hub.kick(chat())
                self.assertEqual(status, 200)
                self.assertEqual(hub.wait_for_event("production", answer["event_id"]), "applied")
                status, headers, _ = hub.events("stage", [envelope(1)])
                self.assertEqual(status, 503)
                self.assertIn("Retry-After", headers)
                wait_until("the target's error is shown", lambda: target(hub, "stage")["last_error"])
                self.assertIsNone(target(hub, "production")["last_error"])
                self.assertEqual(hub.rows("stage", "select count(*) from processed_events"), [(0,)])
            self.assertEqual(hub.wait_for_event("stage", answer["event_id"]), "applied")
            self.assertEqual(hub.admin("dead")[2]["dead"], [], "a failure of a target makes no dead letters")


def envelope(number):
    event_id = f"00000000-0000-8000-8000-{number:012d}"
    return {"specversion": "1.0", "id": event_id, "source": "kick", "type": "kick.unknown"}


@unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
class SmallDisk(unittest.TestCase):
    def setUp(self):
        self.disk = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vf-disk-")))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "vf-e2e", self.disk], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest(f"cannot mount a tmpfs: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)

    def hub(self):
        return Hub(extra={"data_dir": str(self.disk / "data")})

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.disk], check=True)

    def fill(self):
        with open(self.disk / "filler", "ab", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass

    def test_the_hub_waits_while_the_disk_is_full_and_loses_nothing(self):
        with self.hub() as hub:
            kept, refused = {}, []

            def send(message_id=None):
                message_id = message_id or ulid()
                status, headers, answer = hub.kick(chat(content="x" * 20_000), message_id=message_id)
                if status == 200:
                    kept[message_id] = answer["event_id"]
                else:
                    self.assertEqual(status, 503)
                    self.assertIn("Retry-After", headers)
                    refused.append(message_id)
                return status

            for _ in range(2):  # and again: recovery is no once-only thing
                self.assertEqual(send(), 200)
                self.fill()
                wait_until("the disk is full", lambda: self.fill() or send() == 503)
                self.assertEqual([send() for _ in range(5)], [503] * 5)
                self.assertEqual(readiness(hub), 503)
                self.assertIn(b"full", request(hub.url("admin", "/readyz"))[2])
                self.assertEqual(request(hub.url("admin", "/healthz"))[0], 200)
                self.assertIsNone(hub.process.poll())
                (self.disk / "filler").unlink()
                wait_until("ready again", lambda: readiness(hub) == 200)
                for message_id in refused:
                    self.assertEqual(send(message_id), 200)
                refused.clear()
            for message_id, event_id in kept.items():
                found, = hub.rows("dm", "select count(*) from ingest_outbox where message_id = ?", message_id)
                self.assertEqual(found, (1,))
                for environment in ("stage", "production"):
                    self.assertEqual(hub.wait_for_event(environment, event_id), "applied")
            self.assertEqual(count(hub), len(kept))
            self.assertEqual(hub.stop(), 0)
            for database in ("dm", "stage", "production"):
                self.assertEqual(hub.rows(database, "pragma integrity_check"), [("ok",)])

    def test_a_bulk_run_goes_on_when_there_is_room_again(self):
        letters = 1_000
        with DeadLetters(extra={"data_dir": str(self.disk / "data")}) as hub:
            ids = hub.make(letters)
            run_id = hub.admin("jobs/dead-retry/run", "POST", json.dumps({"all": True}))[2]["id"]
            hub.freeze_amid(letters)
            self.fill()
            hub.process.send_signal(signal.SIGCONT)
            wait_until("the disk is full", lambda: self.fill() or hub.kick(chat(content="x" * 20_000))[0] == 503)
            (self.disk / "filler").unlink()
            run = wait_for_end(hub, run_id)
            self.assertEqual((run["state"], run["counts"]),
                             ("done", {"found": letters, "retried": letters, "skipped": 0}))
            wait_until("every letter is delivered", lambda: hub.count("dead") + hub.count("retry") == 0)
            applied = [row[0] for row in hub.rows("stage", "select event_id from processed_events")]
            self.assertLessEqual(set(ids), set(applied))

    def test_a_full_disk_and_sigkill(self):
        with self.hub() as hub:
            kept = [hub.kick(chat(n))[2]["event_id"] for n in range(5)]
            wait_until("the disk is full", lambda: self.fill() or hub.kick(chat(content="x" * 20_000))[0] == 503)
            hub.stop(signal.SIGKILL)
            (self.disk / "filler").unlink()
            hub.start()
            for event_id in kept:
                for environment in ("stage", "production"):
                    self.assertEqual(hub.wait_for_event(environment, event_id), "applied")

    def test_a_read_only_disk_is_reported_at_start(self):
        with self.hub() as hub:
            message_id = ulid()
            body = chat()
            first = hub.kick(body, message_id=message_id)[2]
            self.assertEqual(hub.stop(), 0)
            self.remount("ro")
            roles = (("dm.db", ["up"]), ("dm.db", ["ingest"]), ("stage.db", ["api", "--env", "stage"]))
            for file, words in roles:
                done = hub.vf(*words, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr.splitlines()[-1], f"{file}.* writable")
            self.remount("rw")
            hub.start()
            again = hub.kick(body, message_id=message_id)[2]
            self.assertEqual(again, {"status": "duplicate", "event_id": first["event_id"]})


if __name__ == "__main__":
    unittest.main()
