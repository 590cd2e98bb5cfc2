"""Clocks that jump, the hub's and the PostgreSQL server's: nothing is removed and no target is detached meanwhile."""
import contextlib
import json
import mmap
import os
import pathlib
import shutil
import struct
import tempfile
import unittest
from unittest import mock

from fleet import Fleet
from hub import ROOT, Hub, chat, parsed, request, wait_until
from postgres import UNSYNCED, Postgres

LIBRARY = pathlib.Path(os.environ.get("VF_SHIFTED_CLOCK_LIBRARY", ROOT / "build/dev/tests/e2e/libvf_shifted_clock.so"))
DAYS = 86_400
MORE_THAN_AN_HOUR = 3_660


class ShiftedClock:
    """The clocks of the programs that run with `variables`: moved at once, at any time. Use as a context manager."""

    def __enter__(self):
        if not LIBRARY.exists():
            raise unittest.SkipTest(f"{LIBRARY} is not built: ninja -C build/dev vf_shifted_clock")
        self.folder = tempfile.TemporaryDirectory(prefix="vf-clock-")
        folder = pathlib.Path(self.folder.name)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        library, file = folder / LIBRARY.name, folder / "shift"
        shutil.copy(LIBRARY, library)
        file.write_bytes(struct.pack("qq", 0, 0))
        with open(file, "r+b") as opened:
            self.shift = mmap.mmap(opened.fileno(), 16)
        self.variables = {"LD_PRELOAD": str(library), "VF_SHIFTED_CLOCK": str(file)}
        return self

    def __exit__(self, *_):
        self.shift.close()
        self.folder.cleanup()

    def move(self, *, wall=0, steady=0):
        """Adds seconds to the clocks."""
        before = struct.unpack("qq", self.shift[:])
        self.shift[:] = struct.pack("qq", before[0] + wall, before[1] + steady)

    def pass_time(self, seconds):
        self.move(wall=seconds, steady=seconds)


class Held:
    """What a process says about its clocks."""

    def __init__(self, url, token):
        self.url, self.headers = url, {"Authorization": "Bearer " + token}

    def admin(self, path, method="GET"):
        return parsed(request(f"{self.url}/admin/v1/{path}", method, headers=self.headers))[2]

    def check(self):
        status, _, body = parsed(request(self.url + "/readyz"))
        assert status == 200, body
        return body["checks"]["clock"]

    def is_trusted(self):
        return self.check() == {"ok": True}

    def is_in_doubt(self):
        return not self.check()["ok"]

    def sum(self, *parts):
        lines = request(self.url + "/metrics")[2].decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if all(part in line for part in parts))

    def count(self, name):
        return self.sum(f"vf_clock_{name}_total{{")

    def done(self, job, environment):
        return self.sum("vf_job_runs_total{", f'job="{job}"', 'outcome="done"',
                        f'environment="{environment}"' if environment else "")

    def run(self, job, environment=None):
        """Has a job run now that must be held back."""
        of = f"?environment={environment}" if environment else ""
        before, done = self.count("held_back"), self.done(job, environment)
        self.admin(f"jobs/{job}/run{of}", "POST")
        wait_until(f"{job} has run", lambda: self.done(job, environment) > done)
        wait_until(f"{job} was held back", lambda: self.count("held_back") > before)

    def wait_for_detachment(self):
        before = self.count("held_back")
        wait_until("detachment is held back", lambda: self.count("held_back") >= before + 2)


class HubsClock(unittest.TestCase):
    def check_nothing_is_removed(self, held):
        held.run("retention")
        for environment in ("stage", "production"):
            held.run("purge", environment)
        held.wait_for_detachment()

    def test_fifteen_seconds_at_forty_days_ahead_lose_nothing(self):
        down = {"url": "http://127.0.0.1:9/hooks", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "start": "earliest",
                "allow_private": True}
        targets = {"down": down, "paused": {**down, "mode": "paused"}}
        with ShiftedClock() as clock, contextlib.ExitStack() as stack:
            hub = Hub(extra={"targets": targets})
            hub.variables = clock.variables
            stack.enter_context(hub)
            held = Held(hub.url("admin"), hub.admin_token)
            body, message = chat(), hub.kick_headers(chat())["Kick-Event-Message-Id"]
            first = hub.kick(body, message_id=message)[2]
            self.assertEqual(first["status"], "accepted")
            hub.wait_for_event("stage", first["event_id"])
            self.assertIn("first hour", held.check()["reason"])
            clock.pass_time(MORE_THAN_AN_HOUR)
            wait_until("the clocks have agreed for an hour", held.is_trusted)

            clock.move(wall=40 * DAYS)
            wait_until("the jump is seen", held.is_in_doubt)
            self.assertIn("machine clock: it moved 40.0 days ahead", held.check()["reason"])
            self.check_nothing_is_removed(held)
            clock.move(wall=-40 * DAYS)
            wait_until("the way back is seen", lambda: "40.0 days back" in held.check()["reason"])
            self.check_nothing_is_removed(held)

            self.assertEqual(held.count("jumps"), 2)
            modes = {row["name"]: row["mode"] for row in json.loads(hub.vf("targets", "list", "--json").stdout)["targets"]}
            self.assertEqual((modes["down"], modes["paused"]), ("live", "paused"))
            self.assertEqual(hub.rows("dm", "select count(*) from ingest_outbox"), [(1,)])
            self.assertEqual(hub.rows("stage", "select count(*) from processed_events"), [(1,)])
            self.assertEqual(hub.kick(body, message_id=message)[2],
                             {"status": "duplicate", "event_id": first["event_id"]})
            log = hub.log.read_text()
            self.assertIn("health check failing", log)
            self.assertIn("40.0 days ahead", log)

            clock.pass_time(MORE_THAN_AN_HOUR)
            wait_until("an hour later it is trusted again", held.is_trusted)
            self.assertEqual(hub.rows("dm", "select count(*) from ingest_outbox"), [(1,)])


class ServersClock(unittest.TestCase):
    def is_trusted_an_hour_later(self, held, *clocks):
        """False: a reading fell between the moves of the two clocks; that is a jump, from which another hour counts."""
        for clock in clocks:
            clock.pass_time(MORE_THAN_AN_HOUR)
        return all([one.is_trusted() for one in held.values()])

    def test_fifteen_seconds_at_forty_days_ahead_lose_nothing(self):
        with ShiftedClock() as servers, ShiftedClock() as hubs, contextlib.ExitStack() as stack:
            with mock.patch.dict(os.environ, servers.variables):
                server = stack.enter_context(Postgres(settings=UNSYNCED))
            fleet = Fleet(server, environments=("stage",))
            fleet.variables = hubs.variables
            stack.enter_context(fleet)
            fleet.start("ingest", "stage", "worker-stage")
            held = {name: Held(fleet.admin_url(name), fleet.admin_token) for name in ("ingest", "worker-stage")}
            delivery = fleet.kick_chat()
            first = fleet.post("ingest", delivery)[2]
            self.assertEqual(first["status"], "accepted")
            fleet.wait_delivered(1, "stage")
            wait_until("the clocks have agreed for an hour", lambda: self.is_trusted_an_hour_later(held, servers, hubs))

            jumps = {name: one.count("jumps") for name, one in held.items()}
            servers.move(wall=40 * DAYS)
            for name, job in (("ingest", "retention"), ("worker-stage", "purge")):
                wait_until("the jump is seen", held[name].is_in_doubt)
                self.assertIn("40.0 days ahead", held[name].check()["reason"])
                self.assertIn("clock: it moved", held[name].check()["reason"])
                held[name].run(job)
            servers.move(wall=-40 * DAYS)
            for name, one in held.items():
                wait_until("the way back is seen", lambda: one.count("jumps") == jumps[name] + 2)

            self.assertEqual(fleet.post("ingest", delivery)[2], {"status": "duplicate", "event_id": first["event_id"]})
            self.assertEqual(fleet.rows("dm", "select count(*) from ingest.ingest_outbox")[0][0], "1")
            self.assertEqual(fleet.rows("stage", "select count(*) from processed_events")[0][0], "1")
            self.assertEqual(fleet.targets()["stage"]["mode"], "live")


if __name__ == "__main__":
    unittest.main()
