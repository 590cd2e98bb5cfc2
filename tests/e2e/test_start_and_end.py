"""The ends of a process under an orchestrator: it waits at its start for a store that is away, and on SIGTERM it is
unready first and serves until the traffic has gone elsewhere."""
import contextlib
import http.client
import json
import os
import signal
import unittest
import uuid

from fleet import Fleet
from hub import TIMEOUT_S, Hub, chat, new_secret, request, wait_until
from postgres import UNSYNCED, Postgres

AWAY = "waiting for a store that is away"


class WaitForStores(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Postgres(settings=UNSYNCED))
        cls.fleet = cls.enterClassContext(Fleet(cls.server))

    def launch(self, role, wait):
        """Starts a role while its store is away, and waits until it waits."""
        if not self.server.is_running():
            self.server.start()
        words = self.fleet.words(role)
        self.server.stop("immediate")
        self.addCleanup(lambda: self.server.is_running() or self.server.start())
        self.fleet.log.write_text("")
        for section in (self.fleet.config["ingest"], *self.fleet.config["environments"].values()):
            section["wait_for_stores"] = wait
        self.fleet.processes[role] = self.fleet.spawn(*words)
        return self.fleet.processes[role]

    def test_a_store_that_comes_later_is_waited_for(self):
        for role, store in (("ingest", "ingest.store"), ("stage", "environments.stage.store"),
                            ("worker-stage", "environments.stage.store")):
            with self.subTest(role):
                process = self.launch(role, "10m")
                wait_until("it waits", lambda: f"{AWAY} store={store}" in self.fleet.log.read_text())
                status, _, body = request(self.fleet.admin_url(role) + "/readyz")
                self.assertEqual((status, json.loads(body)["checks"]["start"]["ok"]), (503, False))
                self.assertEqual(request(self.fleet.admin_url(role) + "/healthz")[0], 200)
                self.server.start()
                wait_until("it is ready", lambda: self.fleet.readiness(role) == 200)
                process.terminate()
                self.assertEqual(process.wait(TIMEOUT_S), 0)

    def test_a_store_that_never_comes_is_exit_1(self):
        process = self.launch("ingest", "1s")
        self.assertEqual(process.wait(TIMEOUT_S), 1)
        log = self.fleet.log.read_text()
        self.assertIn(AWAY, log)
        self.assertRegex(log.splitlines()[-1], r"\Avf: .*refused")

    def test_without_the_key_it_is_exit_1_at_once(self):
        process = self.launch("ingest", "0s")
        self.assertEqual(process.wait(TIMEOUT_S), 1)
        self.assertNotIn(AWAY, self.fleet.log.read_text())

    def test_sigterm_ends_the_wait_with_exit_0(self):
        for role in ("ingest", "stage"):
            process = self.launch(role, "10m")
            wait_until("it waits", lambda: AWAY in self.fleet.log.read_text())
            process.terminate()
            self.assertEqual(process.wait(TIMEOUT_S), 0)
            self.assertIn("stopped before it was ready", self.fleet.log.read_text())


class DrainDelay(unittest.TestCase):
    def stopping(self, hub):
        """Asks it to stop and waits until it is unready."""
        hub.process.send_signal(signal.SIGTERM)
        wait_until("it is unready", lambda: request(hub.url("admin", "/readyz"))[0] == 503)

    def test_it_is_unready_first_and_serves_all_the_same(self):
        with Hub(extra={"ingest": {"drain_delay": "5s"}}) as hub:
            self.stopping(hub)
            self.assertIn(b"stopping", request(hub.url("admin", "/readyz"))[2])
            self.assertEqual(request(hub.url("admin", "/healthz"))[0], 200)
            ids = []
            with contextlib.suppress(OSError, http.client.HTTPException):
                while hub.process.poll() is None:
                    status, _, answer = hub.kick(chat(len(ids)))
                    self.assertEqual(status, 200)
                    ids.append(answer["event_id"])
            self.assertEqual(hub.process.wait(TIMEOUT_S), 0)
            self.assertGreater(len(ids), 2, "served while it was unready")
            kept = {row[0] for row in hub.rows("dm", "select event_id from ingest_outbox")}
            self.assertLessEqual(set(ids), kept)

    def test_a_second_signal_ends_it_at_once(self):
        with Hub(extra={"ingest": {"drain_delay": "10m"}}) as hub:
            self.stopping(hub)
            hub.process.send_signal(signal.SIGTERM)
            self.assertEqual(hub.process.wait(TIMEOUT_S), 130)

    def test_each_role_has_its_own(self):
        with Hub() as hub:
            hub.stop()
            hub.config["environments"]["stage"]["drain_delay"] = "10m"
            hub.process = hub.spawn("api", "--env", "stage")
            wait_until("it is ready", hub.ready)
            self.stopping(hub)
            envelope = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "kick", "type": "kick.chat"}
            self.assertEqual(hub.events("stage", [envelope])[0], 200)
            hub.process.send_signal(signal.SIGINT)
            self.assertEqual(hub.process.wait(TIMEOUT_S), 130)


class SilentServer(unittest.TestCase):
    """All processes of PostgreSQL are suspended: its port still takes connections, and nothing answers. The deadline of
    the end gives 1, so an exit with 0 comes before it."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Postgres(settings=UNSYNCED))

    def setUp(self):
        self.fleet = self.enterContext(Fleet(self.server))
        for i in range(8):
            self.fleet.config["targets"][f"t{i}"] = {"url": "http://127.0.0.1:9/x", "secret": new_secret()}
        self.fleet.set_stores()
        self.fleet.start("ingest", "stage")

    def silence(self):
        processes = [self.server.postmaster(), *self.server.children()]
        self.addCleanup(lambda: [os.kill(pid, signal.SIGCONT) for pid in processes])
        for pid in reversed(processes):
            os.kill(pid, signal.SIGSTOP)

    def test_sigterm_is_exit_0(self):
        self.silence()
        wait_until("a health check fails", lambda: "health check failing" in self.fleet.log.read_text())
        for name in ("ingest", "stage"):
            self.fleet.signal(name, signal.SIGTERM)
        for name in ("ingest", "stage"):
            self.assertEqual(self.fleet.processes[name].wait(TIMEOUT_S), 0, name)

    def stop_amid_a_reload(self):
        """Each target's worker is to be replaced, which waits for the server."""
        self.silence()
        for i in range(8):
            self.fleet.config["targets"][f"t{i}"]["window"] = 3
        self.fleet.set_stores()
        self.fleet.signal("ingest", signal.SIGHUP)
        self.fleet.signal("ingest", signal.SIGTERM)
        wait_until("it stops", lambda: "stopping drain_delay_ms" in self.fleet.log.read_text())
        return self.fleet.processes["ingest"]

    def test_sigterm_amid_a_reload_is_exit_0(self):
        self.assertEqual(self.stop_amid_a_reload().wait(TIMEOUT_S), 0)

    def test_a_second_signal_amid_a_reload_ends_it_at_once(self):
        process = self.stop_amid_a_reload()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(TIMEOUT_S), 130)


if __name__ == "__main__":
    unittest.main()
