"""SIGHUP makes a running process read its configuration again: what may change takes effect without a delivery lost or
refused, what may not is reported, and a wrong configuration changes nothing. The ledger is read from the databases,
without the hub's code."""
import collections
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from foreign import Foreign
from hub import BINARY, TIMEOUT_S, Hub, RsaKey, chat, new_secret, request, wait_until

SENDERS = 8


class Roles(Hub):
    """`vf ingest`, and `vf api` and `vf worker` of stage, as processes of their own, on one configuration file."""

    COMMANDS = {"stage": ["api", "--env", "stage"], "worker": ["worker", "--env", "stage"], "ingest": ["ingest"]}

    def __init__(self, **how):
        super().__init__(**how)
        del self.config["targets"]["production"], self.config["environments"]["production"]
        self.processes = {}

    def start(self, *roles):
        for role in roles or ("stage", "ingest"):
            admin = [] if role == "ingest" else ["--set", "admin.listen=127.0.0.1:0"]
            begin = self.log.stat().st_size if self.log.exists() else 0
            self.process = self.processes[role] = self.spawn(*self.COMMANDS[role], *admin)
            wait_until(f"{role} is ready", lambda: self.logged(begin, "vf is ready"))
        return self

    def logged(self, begin, text):
        log = self.log.read_bytes()[begin:].decode()
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{log}")
        return log if text in log else None

    def kill(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def begin_reload(self, role="ingest"):
        """Writes the present configuration and sends SIGHUP. Returns where the log ended before."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(self.config))
        draft.replace(self.file)
        begin = self.log.stat().st_size
        self.processes[role].send_signal(signal.SIGHUP)
        return begin

    def reload(self, role="ingest", until="configuration reloaded"):
        """Has the present configuration read, and waits until it was. Returns what was logged meanwhile."""
        begin = self.begin_reload(role)
        return wait_until(f"{role}: {until}", lambda: self.logged(begin, until))

    def reads_with(self, token):
        return request(self.url("admin", "/admin/v1/targets"), headers={"Authorization": "Bearer " + token})[0]

    def metric(self, line):
        for one in request(self.url("admin", "/metrics"))[2].decode().splitlines():
            if one.startswith(line + " "):
                return float(one.rpartition(" ")[2])
        raise AssertionError(f"no metric {line}")


class Sending:
    """Posts deliveries on threads until it is left. Every fifth is of Kick. Use as a context manager."""

    def __init__(self, hub):
        self.hub, self.sumsub_secret, self.kick_key = hub, hub.sumsub_secret, hub.key
        self.answers, self.ids, self.turns = collections.Counter(), set(), [0] * SENDERS
        self.lock, self.ending = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(n,), daemon=True) for n in range(SENDERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def signed(self, number):
        with self.lock:
            if number % 5 == 0:
                self.hub.key, body = self.kick_key, chat(number)
                return "/webhooks/kick", body, self.hub.kick_headers(body)
            self.hub.sumsub_secret = self.sumsub_secret
            body = json.dumps({"applicantId": f"a{number}", "externalUserId": "u", "levelName": "basic",
                               "type": "applicantCreated", "reviewStatus": "init",
                               "createdAtMs": "2026-01-01 00:00:00.000"}).encode()
            return "/webhooks/sumsub", body, self.hub.sumsub_headers(body)

    def run(self, sender):
        while not self.ending.is_set():
            self.turns[sender] += 1
            path, body, headers = self.signed(self.turns[sender] * SENDERS + sender)
            try:
                status, _, answer = request(self.hub.url("ingest", path), "POST", body, headers)
            except (OSError, http.client.HTTPException) as error:
                status, answer = repr(error), None
            with self.lock:
                self.answers[status] += 1
                if status == 200:
                    self.ids.add(json.loads(answer)["event_id"])

    def more(self, count=200):
        """Waits until so many more were answered, and every sender has begun at least two."""
        wanted, turns = sum(self.answers.values()) + count, list(self.turns)
        wait_until(f"{wanted} answers", lambda: sum(self.answers.values()) >= wanted and
                   all(now >= then + 2 for now, then in zip(self.turns, turns)))


class UnderLoad(unittest.TestCase):
    def setUp(self):
        self.hub = self.enterContext(Roles(extra={"targets": {"stage": {"batch_events": 20}}}))

    def check_ledger(self, sending):
        """Nothing was refused; what was acknowledged is what is kept, it has reached the environment, and nothing waits
        or is a dead letter."""
        self.assertEqual(set(sending.answers), {200}, sending.answers)
        kept = {row[0] for row in self.hub.rows("dm", "select event_id from ingest_outbox")}
        self.assertEqual(sending.ids, kept)
        received = lambda: {row[0] for row in self.hub.rows("stage", "select event_id from processed_events")}
        wait_until("all are in stage", lambda: received() == kept)
        self.assertEqual(self.hub.rows("dm", "select * from ingest_outbox_delivery"), [])
        self.assertEqual(self.hub.rows("stage", "select * from quarantined_events"), [])

    def test_a_kick_key_is_rotated(self):
        keys = self.hub.config["sources"]["kick"]["public_keys"]
        (self.hub.directory / "next").mkdir()
        old, new = self.hub.key, RsaKey(self.hub.directory / "next")
        with Sending(self.hub) as sending:
            sending.more()
            keys.append("file:" + str(new.public_pem))
            self.assertIn("changed=sources.kick.public_keys\n", self.hub.reload())
            sending.more()
            sending.kick_key = new
            sending.more()
            keys.remove("file:" + str(old.public_pem))
            self.hub.reload()
            sending.more()
        self.check_ledger(sending)
        self.hub.key = old
        self.assertEqual(self.hub.kick(chat())[0], 401)

    def test_a_webhook_secret_is_rotated(self):
        secrets = self.hub.config["sources"]["sumsub"]["webhook_secrets"]
        with Sending(self.hub) as sending:
            sending.more()
            secrets.append("the next one")
            self.assertIn("changed=sources.sumsub.webhook_secrets\n", self.hub.reload())
            sending.sumsub_secret = "the next one"
            sending.more()
            old = secrets.pop(0)
            self.hub.reload()
            sending.more()
        self.check_ledger(sending)
        self.hub.sumsub_secret = old
        self.assertEqual(self.hub.sumsub(b"{}")[0], 401)

    def test_a_target_secret_is_rotated_with_two_accepted_meanwhile(self):
        old, new = self.hub.secrets["stage"], new_secret()
        with Sending(self.hub) as sending:
            sending.more()
            self.hub.config["environments"]["stage"]["secrets"] = [old, new]
            self.assertIn("changed=environments.stage.secrets\n", self.hub.reload("stage"))
            self.hub.config["targets"]["stage"]["secret"] = new
            self.assertIn("changed=targets.stage.secret\n", self.hub.reload())
            sending.more()
            self.hub.config["environments"]["stage"]["secrets"] = [new]
            self.hub.reload("stage")
            sending.more()
        self.check_ledger(sending)
        self.assertEqual(self.hub.events("stage", [], secret=old)[0], 401)

    def test_an_admin_token_is_replaced(self):
        old, new = self.hub.admin_token, "the next token"
        with Sending(self.hub) as sending:
            sending.more()
            self.hub.config["admin"]["token"] = new
            self.assertIn("changed=admin.token\n", self.hub.reload())
            self.assertEqual((self.hub.reads_with(old), self.hub.reads_with(new)), (401, 200))
            sending.more()
        self.check_ledger(sending)

    def test_a_targets_settings_change_again_and_again(self):
        with Sending(self.hub) as sending:
            for window in (1, 7, 2, 8):
                self.hub.config["targets"]["stage"].update(window=window, batch_events=5 * window)
                self.assertIn("changed=\"targets.stage.batch_events, targets.stage.window\"", self.hub.reload())
                sending.more()
        self.check_ledger(sending)


    def test_a_process_that_is_killed_amid_a_reload_loses_nothing(self):
        with Sending(self.hub) as sending:
            for window in (1, 7, 2):
                sending.more()
                self.hub.config["targets"]["stage"]["window"] = window
                self.hub.begin_reload()
                self.hub.processes["ingest"].kill()
                self.hub.processes["ingest"].wait()
                self.hub.start("ingest")
            sending.more()
        self.assertEqual({answer for answer in sending.answers if isinstance(answer, int)}, {200})
        kept = {row[0] for row in self.hub.rows("dm", "select event_id from ingest_outbox")}
        self.assertLessEqual(sending.ids, kept)  # one that was killed before its answer is kept too
        received = lambda: {row[0] for row in self.hub.rows("stage", "select event_id from processed_events")}
        wait_until("all are in stage", lambda: received() == kept)
        wait_until("none waits", lambda: self.hub.rows("dm", "select * from ingest_outbox_delivery") == [])
        self.assertEqual(json.loads(self.hub.vf("config", "print", "--running", "--json").stdout)["config"]["targets"][
            "stage"]["window"], "2")


class WhatIsInForce(unittest.TestCase):
    def test_a_targets_counters_go_on(self):
        with Roles() as hub:
            counter = 'vf_target_events_delivered_total{target="stage"}'
            delivered = lambda: next(row["delivered"] for row in hub.admin("targets")[2]["targets"])
            for n, window in ((1, 7), (2, 2), (3, 8)):
                hub.kick(chat(n))
                wait_until("it is delivered", lambda: hub.metric(counter) == n)
                hub.config["targets"]["stage"]["window"] = window
                self.assertIn("changed=targets.stage.window\n", hub.reload())
                self.assertEqual((hub.metric(counter), delivered()), (n, n))

    def test_the_file_of_a_secret_is_read_again(self):
        with Roles() as hub:
            file = hub.directory / "sumsub.secret"
            file.write_text("first")
            hub.config["sources"]["sumsub"]["webhook_secrets"] = ["file:" + str(file)]
            hub.reload()
            file.write_text("second")
            self.assertIn("changed=sources.sumsub.webhook_secrets\n", hub.reload())
            hub.sumsub_secret = "second"
            self.assertEqual(hub.sumsub(b"{}")[0], 200)
            self.assertIn('changed=""', hub.reload())

    def test_a_wrong_file_changes_nothing_and_every_error_is_logged(self):
        with Roles() as hub:
            good = json.loads(json.dumps(hub.config))
            hub.config["admin"]["token"] = "another"
            hub.config["ingest"]["lissen"] = "127.0.0.1:1"
            hub.config["targets"]["stage"]["window"] = 0
            hub.config["sources"]["sumsub"]["webhook_secrets"] = ["file:" + str(hub.directory / "absent")]
            log = hub.reload(until="the configuration read before stays in force problems=3\n")
            for key in ("ingest.lissen", "targets.stage.window", "sources.sumsub.webhook_secrets"):
                self.assertRegex(log, rf'error configuration refused problem=".*vf\.yaml:\d+: {key}: ')
            self.assertEqual(hub.metric('vf_config_reloads_total{result="refused"}'), 1)
            self.assertEqual((hub.reads_with("another"), hub.reads_with(hub.admin_token)), (401, 200))
            self.assertEqual((hub.kick(chat())[0], hub.sumsub(b"{}")[0]), (200, 200))
            self.assertEqual(len(hub.admin("config")[2]["refused"]["problems"]), 3)
            hub.file.write_text("ingest: {")
            hub.processes["ingest"].send_signal(signal.SIGHUP)
            wait_until("it is refused too", lambda: hub.metric('vf_config_reloads_total{result="refused"}') == 2)
            hub.config = good
            hub.reload()
            self.assertEqual(hub.metric('vf_config_reloads_total{result="applied"}'), 1)

    def test_what_needs_a_restart_is_reported_and_waits(self):
        with Roles() as hub, Foreign() as foreign:
            other = {"url": foreign.url, "secret": new_secret(), "allow_private": True}
            hub.config["ingest"]["max_body"] = "2KiB"
            hub.config["targets"] = {"other": other}
            log = hub.reload(until="need a restart")
            self.assertIn('changed=""', log)
            self.assertIn('new values that need a restart keys="ingest.max_body, targets.other, targets.stage"', log)
            self.assertEqual(hub.metric("vf_config_needs_restart"), 3)
            status, _, answer = hub.kick(chat(content="x" * 4096))
            self.assertEqual(status, 200)
            self.assertEqual(hub.wait_for_event("stage", answer["event_id"]), "applied")
            self.assertEqual(foreign.requests, [])
            shown = json.loads(hub.vf("config", "print", "--running", "--json").stdout)
            self.assertEqual([row["key"] for row in shown["needs_restart"]],
                             ["ingest.max_body", "targets.other", "targets.stage"])
            self.assertEqual(shown["needs_restart"][0]["running"], "1MiB")
            self.assertEqual(shown["config"]["ingest"]["max_body"], "1MiB")
            text = hub.vf("config", "print", "--running").stdout
            self.assertRegex(text, r"(?m)^  max_body: 1MiB +# needs a restart for 2KiB$")
            self.assertRegex(text, r"(?m)^  stage: +# was removed from the file; needs a restart$")
            self.assertIn("# targets.other was added; it needs a restart\n", text)
            for secret in (hub.admin_token, hub.sumsub_secret, hub.secrets["stage"], other["secret"]):
                self.assertNotIn(secret, text + json.dumps(shown))

    def test_a_target_that_does_not_answer_is_sent_elsewhere(self):
        silent = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        target = {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "secret": new_secret(), "timeout": "5m"}
        with Roles(extra={"targets": {"other": target}}) as hub, Foreign() as foreign:
            ids = [hub.kick(chat(n))[2]["event_id"] for n in range(5)]
            self.enterContext(silent.accept()[0])  # a request is in flight
            hub.config["targets"]["other"]["url"] = foreign.url
            self.assertIn("changed=targets.other.url\n", hub.reload())
            ids += [hub.kick(chat(n))[2]["event_id"] for n in range(5, 10)]
            wait_until("all are delivered", lambda: set(foreign.taken()) == set(ids))

    def test_a_mode_that_an_operator_has_ordered_wins_and_is_shown(self):
        with Roles() as hub:
            row = lambda: next(line for line in hub.vf("targets", "list").stdout.splitlines() if "stage" in line)
            warning = 'another target=stage ordered=live configured=paused\n'
            hub.vf("targets", "mode", "stage", "live")
            self.assertNotIn("file:", row())
            hub.config["targets"]["stage"]["mode"] = "paused"
            self.assertIn(warning, hub.reload())
            wait_until("both are shown", lambda: " live (file: paused)  " in row())
            shown = hub.admin("targets")[2]["targets"][0]
            self.assertEqual((shown["mode"], shown["configured_mode"]), ("live", "paused"))
            self.assertRegex(hub.vf("doctor", check=False).stdout, r"target stage mode +warning +live, as an operator "
                             r"ordered; .* `vf targets pause stage` puts it into force\n")
            hub.processes["ingest"].terminate()
            self.assertEqual(hub.processes["ingest"].wait(TIMEOUT_S), 0)
            begin = hub.log.stat().st_size
            hub.start("ingest")
            self.assertIn(warning, hub.logged(begin, "vf is ready"))
            hub.vf("targets", "pause", "stage")
            self.assertIn("  paused  ", row())
            self.assertNotIn("target stage mode", hub.vf("doctor", check=False).stdout)

    def test_a_source_is_switched_off_and_on_again(self):
        with Roles() as hub:
            self.assertEqual(hub.kick(chat(1))[0], 200)
            for mode, status in (("off", 404), ("live", 200), ("dry-run", 200), ("live", 200)):
                hub.config["sources"]["kick"]["mode"] = mode
                self.assertIn("sources.kick.mode", hub.reload())
                self.assertEqual(hub.kick(chat(2))[0], status, mode)
            self.assertEqual(hub.sumsub(b"{}")[0], 200)
            self.assertEqual(hub.metric('vf_intake_requests_total{source="kick",outcome="accepted"}'), 4)
            fanned_out = [row[0] for row in hub.rows("dm", "select fan_out from ingest_outbox order by seq")]
            self.assertEqual(fanned_out, [1, 1, 0, 1, 1])

    def test_tokens_come_change_and_go_and_no_call_with_a_valid_one_is_refused(self):
        with Roles() as hub:
            stop, refused = threading.Event(), []

            def reads():
                while not stop.is_set():
                    if (status := hub.reads_with(hub.admin_token)) != 200:
                        refused.append(status)

            reader = threading.Thread(target=reads, daemon=True)
            reader.start()
            tokens = hub.config["admin"]["tokens"] = {"ops": {"token": "first", "may": ["read"]}}
            self.assertIn("changed=\"admin.tokens.ops.may, admin.tokens.ops.token\"\n", hub.reload())
            self.assertEqual(hub.reads_with("first"), 200)
            tokens["next"] = {"token": "second", "may": ["read"]}
            hub.reload()
            self.assertEqual((hub.reads_with("first"), hub.reads_with("second")), (200, 200))
            del tokens["ops"]
            tokens["next"]["may"] = ["operate"]
            hub.reload()
            self.assertEqual((hub.reads_with("first"), hub.reads_with("second")), (401, 403))
            former, hub.config["admin"]["token"] = hub.admin_token, "rotated"
            stop.set()
            reader.join()
            self.assertIn("changed=admin.token\n", hub.reload())
            self.assertEqual((hub.reads_with(former), hub.reads_with("rotated")), (401, 200))
            self.assertEqual(refused, [])
            self.assertEqual(hub.metric("vf_config_needs_restart"), 0)

    def test_the_log_level_changes(self):
        with Roles() as hub:
            hub.config["log"] = {"level": "error"}
            hub.reload(until="configuration reloaded")
            begin = hub.log.stat().st_size
            hub.config["log"] = {"level": "info"}
            hub.config["ingest"]["queue"] = 5
            self.assertIn("info  configuration reloaded changed=log.level\n", hub.reload())
            self.assertEqual(hub.log.read_bytes()[begin:].decode().count("configuration reloaded"), 1)

    def test_each_role_reads_its_own_keys(self):
        with Roles() as hub:
            hub.start("worker")
            hub.config["environments"]["stage"]["retention"] = {"processed_events": "31d"}
            hub.config["ingest"]["retention"] = {"outbox": "8d"}
            self.assertIn("changed=environments.stage.retention.processed_events\n", hub.reload("worker"))
            self.assertIn('changed=""', hub.reload("stage"))
            self.assertIn("changed=ingest.retention.outbox\n", hub.reload("ingest"))

    def test_a_signal_during_the_start_is_a_reload_and_a_pipe_is_not_read_again(self):
        hub = Roles()
        self.addCleanup(hub.__exit__)
        hub.file = hub.directory / "pipe"
        os.mkfifo(hub.file)
        with open(hub.log, "ab") as log:
            hub.processes["ingest"] = hub.process = subprocess.Popen(
                [BINARY, "ingest", "--config", str(hub.file)], stdout=log, stderr=log, cwd=hub.directory)
        with open(hub.file, "w") as pipe:  # waits until the hub reads it
            hub.process.send_signal(signal.SIGHUP)
            json.dump(hub.config, pipe)
        wait_until("the reload after the start is refused", lambda: hub.logged(0, "is no regular file"))
        self.assertIn("vf is ready", hub.log.read_text())
        begin = hub.log.stat().st_size
        hub.process.send_signal(signal.SIGHUP)
        wait_until("a second one is refused, too", lambda: hub.logged(begin, "is no regular file"))
        self.assertEqual(hub.kick(chat())[0], 200)
        self.assertEqual(hub.stop(), 0)

    def test_a_signal_under_nohup_is_a_reload_too(self):
        handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        try:
            hub = self.enterContext(Roles())
        finally:
            signal.signal(signal.SIGHUP, handler)
        hub.reload()
        self.assertEqual(hub.stop(), 0)


if __name__ == "__main__":
    unittest.main()
