"""The commands as operators and scripts use them: exit codes, one-line errors, JSON, starting twice, stopping."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

from foreign import Foreign
from hub import BINARY, TIMEOUT_S, Hub, chat, new_secret, wait_until
from wire import Wire, post


def vf(*words, **how):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=TIMEOUT_S, **how)


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub().__enter__()
        cls.event_id = cls.hub.kick(chat())[2]["event_id"]

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def test_json_answers_are_json(self):
        for words in (["events", "list"], ["events", "show", self.event_id], ["targets", "list"], ["dead", "list"],
                      ["quarantine", "list", "--env", "stage"], ["config", "print"], ["config", "keys"],
                      ["targets", "pause", "stage"], ["targets", "resume", "stage"]):
            done = self.hub.vf(*words, "--json")
            self.assertTrue(json.loads(done.stdout), words)
            self.assertEqual(done.stderr, "")

    def test_events_tail_prints_events_as_they_come_in(self):
        words = [BINARY, "events", "tail", "--subject", "channel/99", "--config", str(self.hub.file), "--json"]
        ids = [self.hub.kick(chat(n, channel=99))[2]["event_id"] for n in range(2)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as tail:
            printed = lambda: json.loads(tail.stdout.readline())["id"]
            self.assertEqual([printed(), printed()], ids)
            self.assertEqual(self.hub.kick(chat(2, channel=99))[2]["event_id"], printed())
            tail.terminate()

    def test_output_that_cannot_be_written_exits_1(self):
        for words in (["events", "list"], ["events", "show", self.event_id], ["events", "tail"], ["targets", "list"],
                      ["targets", "resume", "stage"], ["dead", "list"], ["quarantine", "list", "--env", "stage"],
                      ["jobs", "list"], ["jobs", "run", "retention"], ["runs", "list"], ["config", "print"],
                      ["config", "print", "--running"], ["config", "keys"],
                      ["doctor"], ["completion", "zsh"], ["--help"], ["migrate", "all", "--check"]):
            for how in ([], ["--json"]):
                with open("/dev/full", "w") as full:
                    done = subprocess.run([BINARY, *words, *how, "--config", str(self.hub.file)], stdout=full,
                                          stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S)
                self.assertEqual(done.returncode, 1, (words, done.stderr))
                self.assertRegex(done.stderr, r"(?m)^vf: the output could not be written \(No space left on device\)", words)

    def test_lists_have_one_form(self):
        self.hub.vf("jobs", "run", "retention")
        for words, name in ((["events", "list"], "events"), (["targets", "list"], "targets"), (["dead", "list"], "dead"),
                            (["jobs", "list"], "jobs"), (["jobs", "list", "--env", "stage"], "jobs"),
                            (["runs", "list"], "runs"), (["runs", "list", "--env", "stage"], "runs"),
                            (["config", "keys"], "keys")):
            answer = json.loads(self.hub.vf(*words, "--json").stdout)
            self.assertEqual(set(answer), {name, "next"}, words)
            self.assertIsInstance(answer[name], list, words)
        target = json.loads(self.hub.vf("targets", "list", "--json").stdout)["targets"][0]
        self.assertLessEqual({"name", "mode", "state", "backlog", "oldest_seconds", "delivered", "dead", "last_error",
                              "alarm", "worked_by"}, set(target))

    def test_a_negative_answer_exits_1(self):
        for words in (["events", "show", "00000000-0000-8000-8000-000000000000"], ["targets", "pause", "unknown"],
                      ["dead", "drop", "unknown", self.event_id]):
            done = self.hub.vf(*words, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""), words)
            self.assertRegex(done.stderr, r"\Avf: [^\n]+\n\Z", words)

    def test_wrong_usage_exits_2(self):
        for words in (["evnts"], ["events"], ["events", "show"], ["events", "list", "--limit", "0"],
                      ["events", "show", "no-uuid"], ["events", "list", "--from", "yesterday"],
                      ["dead", "retry", "stage", "no-uuid"],
                      ["--nonsense", "up"], ["targets", "mode", "stage", "sideways"], ["api"], ["up", "surplus"], []):
            done = self.hub.vf(*words, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertRegex(done.stderr, r"\Avf: [^\n]+\n\Z", words)

    def test_a_wrong_token_or_an_absent_hub_exits_1(self):
        done = self.hub.vf("targets", "list", "--set", "admin.token=wrong", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Bearer", done.stderr)
        with socket.socket() as silent:  # bound, never listening
            silent.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            done = self.hub.vf("targets", "list", "--set", f"admin.listen={address}", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(address, done.stderr)
        self.assertIn("is the hub running", done.stderr)

    def test_secrets_are_not_printed(self):
        secrets = [self.hub.admin_token, self.hub.sumsub_secret, *self.hub.secrets.values()]
        printed = [self.hub.vf("config", "print", *how).stdout for how in ([], ["--json"])]
        for text in (*printed, self.hub.log.read_text()):
            for secret in secrets:
                self.assertNotIn(secret, text)

    def test_a_second_hub_on_the_same_data_is_refused(self):
        other = Hub(directory=self.enterContext(tempfile.TemporaryDirectory()))
        other.config["data_dir"] = str(self.hub.data)
        other.file.write_text(json.dumps(other.config))
        for role in ("up", "ingest"):
            done = other.vf(role, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"dm.db is in use by process {self.hub.process.pid}", done.stderr)
        self.assertEqual(self.hub.kick(chat(3))[0], 200)

    def test_a_port_in_use_is_named(self):
        keys = {"ingest": "ingest.listen", "admin": "admin.listen", "stage": "environments.stage.listen"}
        with Hub() as other:
            self.assertEqual(other.stop(), 0)
            for role, key in keys.items():
                done = other.vf("up", "--set", f"{key}={self.hub.address(role)}", check=False)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr.splitlines()[-1], rf"\Avf: {key}: .*{self.hub.address(role)}.* in use")


class Configuration(unittest.TestCase):
    def test_all_errors_are_printed_at_once_with_file_and_line(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "vf.yaml"
            file.write_text("ingest:\n  lissen: 127.0.0.1:1\n  max_body: lots\nsources:\n  kick: {mode: loud}\n"
                            "  sumsub: {webhook_secrets: [\"${NOT_SET_ANYWHERE}\"]}\n"
                            "targets:\n  stage: {secret: whsec_x}\n")
            done = vf("ingest", "--config", str(file), cwd=folder)
            self.assertEqual(done.returncode, 2, done.stderr)
            for line, key in ((2, "ingest.lissen"), (3, "ingest.max_body"), (5, "sources.kick.mode"),
                              (6, "sources.sumsub.webhook_secrets"), (8, "targets.stage.secret"),
                              (8, "targets.stage.url")):
                self.assertRegex(done.stderr, rf"(?m)^vf: .*vf\.yaml:{line}: {key}: .+$")

    def test_a_missing_file_or_one_that_is_not_yaml_is_reported(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "vf.yaml"
            done = vf("up", "--config", str(file), cwd=folder)
            self.assertEqual(done.returncode, 2)
            self.assertIn("vf.yaml", done.stderr)
            file.write_text("ingest: {listen: [\n")
            done = vf("up", "--config", str(file), cwd=folder)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"vf\.yaml:\d+: ")

    def test_set_is_checked_too(self):
        with tempfile.TemporaryDirectory() as folder:
            for value in ("ingest.listen=nowhere", "no.such.key=1", "ingest.queue=0", "ingest.queue"):
                done = vf("up", "--set", value, cwd=folder)
                self.assertEqual(done.returncode, 2, value)
                self.assertIn("--set", done.stderr)


class Stopping(unittest.TestCase):
    def test_sigterm_under_load_finishes_what_is_in_flight_and_exits_0(self):
        with Hub() as hub:
            bodies = {n: chat(n) for n in range(200)}
            data = {n: post("/webhooks/kick", body, hub.kick_headers(body)) for n, body in bodies.items()}
            acknowledged = []

            def send(share):
                with contextlib.suppress(OSError), Wire(hub) as wire:
                    for number in share:
                        answer = wire.send(data[number]).answer()
                        if answer is None:
                            return
                        self.assertIn(answer[0], (200, 503), answer)  # 503: a busy disk
                        if answer[0] == 200:
                            acknowledged.append(answer[2]["event_id"])

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                shares = [pool.submit(send, range(start, 200, 4)) for start in range(4)]
                wait_until("some are acknowledged", lambda: len(acknowledged) > 20)
                self.assertEqual(hub.stop(), 0)
                for share in shares:
                    share.result()
            kept = {row[0] for row in hub.rows("dm", "select event_id from ingest_outbox")}
            self.assertTrue(set(acknowledged) <= kept)
            self.assertIn("stopped", hub.log.read_text())
            self.assertEqual(hub.start().process.poll(), None)
            for event_id in acknowledged:
                hub.wait_for_event("stage", event_id)

    def test_a_peer_that_does_not_answer_does_not_prevent_exit_0(self):
        # A half request on every listener and a target that never answers: each uses up its part of the drain.
        with contextlib.ExitStack() as stack:
            hub = stuck_hub(stack)
            hub.process.send_signal(signal.SIGTERM)
            self.assertEqual(hub.process.wait(timeout=TIMEOUT_S), 0)

    def test_a_second_signal_ends_it_at_once(self):
        with contextlib.ExitStack() as stack:
            hub = stuck_hub(stack)
            hub.process.send_signal(signal.SIGTERM)
            wait_until("it is stopping", lambda: "stopping" in hub.log.read_text())
            hub.process.send_signal(signal.SIGTERM)
            self.assertEqual(hub.process.wait(timeout=TIMEOUT_S), 130)
            self.assertNotIn("stopped", hub.log.read_text())

    def test_sigint_acts_as_sigterm(self):
        with Hub() as hub:
            self.assertEqual(hub.stop(signal.SIGINT), 0)

    def test_sighup_acts_as_sigterm_except_under_nohup(self):
        with Hub() as hub:
            self.assertEqual(hub.stop(signal.SIGHUP), 0)
            self.assertIn("stopped", hub.log.read_text())
            handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
            try:
                hub.start()
            finally:
                signal.signal(signal.SIGHUP, handler)
            hub.process.send_signal(signal.SIGHUP)
            self.assertEqual(hub.kick(chat())[0], 200)
            self.assertEqual(hub.stop(), 0)

    def test_closed_standard_streams_are_not_reused(self):
        with Hub() as hub:
            self.assertEqual(hub.stop(), 0)
            words = ["sh", "-c", 'exec "$0" ingest --config "$1" <&- >&- 2>&-', BINARY, str(hub.file)]
            hub.process = subprocess.Popen(words, cwd=hub.directory)
            wait_until("the hub is ready", hub.ready)
            held = [os.readlink(f"/proc/{hub.process.pid}/fd/{fd}") for fd in range(3)]
            self.assertEqual(held, ["/dev/null"] * 3)
            self.assertEqual(hub.stop(), 0)


def stuck_hub(stack):
    """A hub with an unfinished request on every listener, and a request at a target that does not answer."""
    silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
    target = {"url": url, "secret": new_secret(), "start": "earliest", "timeout": "1m"}
    hub = stack.enter_context(Hub(extra={"targets": {"silent": target}}))
    hub.kick(chat())
    stack.enter_context(silent.accept()[0])
    for role in hub.ports:
        stack.enter_context(Wire(hub, role)).send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf")
    return hub


if __name__ == "__main__":
    unittest.main()
