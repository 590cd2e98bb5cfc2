"""Operating the fan-out: modes, filters, starts, secrets, dead letters, through the commands that operators use."""
import contextlib
import functools
import json
import threading
import unittest

from foreign import Foreign
from hub import FIXTURES, Hub, chat, new_secret, request, wait_until

QUICK = {"first": "10ms", "longest": "50ms", "attempts": 1}  # an event is dead after 3 s and ten counted attempts


def foreign_target(receiver, **more):
    return {"url": receiver.url, "secret": new_secret(), "start": "earliest", "retry": QUICK, **more}


def target(hub, name):
    targets = json.loads(hub.vf("targets", "list", "--json").stdout)["targets"]
    return next(row for row in targets if row["name"] == name)


def wait_for_no_backlog(hub, *names):
    for name in names:
        wait_until(f"{name} has dealt with everything", lambda: target(hub, name)["backlog"] == 0)


def received(hub, environment):
    return {row[0] for row in hub.rows(environment, "select event_id from processed_events")}


class Waits(unittest.TestCase):
    """A target asks for a day of rest, and an operator knows better: the next request goes out."""

    def order(self, act):
        with Foreign(lambda events: (503, {"Retry-After": "86400"})) as receiver:
            with Hub(extra={"targets": {"foreign": {"url": receiver.url, "secret": new_secret()}}}) as hub:
                event_id = hub.kick(chat())[2]["event_id"]
                wait_until("the target has asked for a day", lambda: (target(hub, "foreign")["next_attempt_in_seconds"] or 0) > 3000)
                receiver.answer = lambda events: 204
                asked = len(receiver.requests)
                act(hub, event_id)
                wait_until("the event is delivered", lambda: event_id in receiver.taken())
                self.assertGreater(len(receiver.requests), asked)

    def test_resume_ends_it(self):
        self.order(lambda hub, _: hub.vf("targets", "resume", "foreign"))

    def test_mode_ends_it(self):
        self.order(lambda hub, _: hub.vf("targets", "mode", "foreign", "live"))

    def test_the_retry_of_a_dead_letter_ends_it(self):
        def retry(hub, event_id):
            hub.vf("dead", "put", "foreign", event_id)
            hub.vf("dead", "retry", "foreign", event_id)
        self.order(retry)

    def test_a_run_that_retries_dead_letters_ends_it(self):
        def retry(hub, event_id):
            hub.vf("dead", "put", "foreign", event_id)
            hub.vf("dead", "retry", "--target", "foreign")
        self.order(retry)


class Ways(unittest.TestCase):
    def test_requests_go_by_the_targets_proxy_with_its_headers(self):
        with Foreign() as proxy:
            by_proxy = {"url": "http://10.1.2.3/hook", "proxy": proxy.url.removesuffix("/hook"), "secret": new_secret(),
                        "headers": {"X-Api-Key": "key-of-the-gateway"}}
            with Hub(extra={"targets": {"foreign": by_proxy}}) as hub:
                event_id = hub.kick(chat())[2]["event_id"]
                wait_until("the proxy has the event", lambda: event_id in proxy.taken())
                self.assertEqual(proxy.paths[0], "http://10.1.2.3/hook")
                self.assertEqual(proxy.requests[0][1]["X-Api-Key"], "key-of-the-gateway")
                self.assertNotIn("key-of-the-gateway", hub.vf("config", "print").stdout)

    def test_a_redirect_names_where_it_leads(self):
        with Foreign(lambda events: (308, {"Location": "https://u:p@new.example/hook?token=t"})) as receiver:
            with Hub(extra={"targets": {"foreign": foreign_target(receiver)}}) as hub:
                hub.kick(chat())
                wait_until("the error names it", lambda: "to https://***@new.example/hook?token=***" in (
                    target(hub, "foreign")["last_error"] or ""))


class Modes(unittest.TestCase):
    def test_a_paused_target_keeps_its_backlog_and_delivers_it_after_resume(self):
        with Hub() as hub:
            hub.vf("targets", "pause", "stage")
            ids = [hub.kick(chat(n))[2]["event_id"] for n in range(5)]
            for event_id in ids:
                hub.wait_for_event("production", event_id)
            before = target(hub, "stage")
            self.assertEqual((before["mode"], before["backlog"]), ("paused", 5))
            self.assertGreaterEqual(before["oldest_seconds"], 0)
            self.assertEqual(received(hub, "stage"), set())
            hub.vf("targets", "resume", "stage")
            for event_id in ids:
                self.assertEqual(hub.wait_for_event("stage", event_id), "applied")
            wait_for_no_backlog(hub, "stage")

    def test_a_dry_run_target_advances_without_delivery(self):
        with Hub() as hub:
            hub.vf("targets", "mode", "stage", "dry-run")
            unsent = hub.kick(chat(1))[2]["event_id"]
            cursor = hub.admin("events/" + unsent)[2]["event"]["sequence"]
            wait_until("the cursor has advanced", lambda: target(hub, "stage")["cursor"] >= cursor)
            hub.vf("targets", "mode", "stage", "live")
            sent = hub.kick(chat(2))[2]["event_id"]
            self.assertEqual(hub.wait_for_event("stage", sent), "applied")
            self.assertEqual(hub.wait_for_event("production", unsent), "applied")
            self.assertEqual(received(hub, "stage"), {sent})

    def test_modes_survive_a_restart(self):
        with Hub() as hub:
            hub.vf("targets", "pause", "stage")
            hub.vf("targets", "mode", "production", "dry-run")
            self.assertEqual(hub.stop(), 0)
            hub.start()
            self.assertEqual([target(hub, name)["mode"] for name in ("stage", "production")], ["paused", "dry-run"])
            event_id = hub.kick(chat())[2]["event_id"]
            wait_for_no_backlog(hub, "production")
            self.assertEqual(target(hub, "stage")["backlog"], 1)
            for name in ("stage", "production"):
                hub.vf("targets", "resume", name)
            self.assertEqual(hub.wait_for_event("stage", event_id), "applied")
            self.assertEqual(received(hub, "production"), set())
            self.assertEqual(hub.stop(), 0)
            hub.start()
            self.assertEqual([target(hub, name)["mode"] for name in ("stage", "production")], ["live", "live"])

    def test_events_of_a_source_in_dry_run_are_kept_and_never_fanned_out(self):
        body = b'{"type":"applicantCreated","applicantId":"1","createdAtMs":"2026-01-01 00:00:00.000"}'
        with Hub(extra={"sources": {"sumsub": {"mode": "dry-run"}}}) as hub:
            kept = hub.sumsub(body)[2]["event_id"]
            sent = hub.kick(chat())[2]["event_id"]
            hub.wait_for_event("stage", sent)
            hub.config["sources"]["sumsub"]["mode"] = "live"
            hub.stop()
            hub.start()
            self.assertEqual(hub.sumsub(body)[2], {"status": "duplicate", "event_id": kept})
            wait_for_no_backlog(hub, "stage", "production")
            self.assertEqual(received(hub, "stage"), {sent})
            self.assertFalse(hub.admin("events/" + kept)[2]["fan_out"])


class Selection(unittest.TestCase):
    def test_filters_by_source_type_and_sandbox(self):
        filters = {"all": {"sandbox": "include"}, "default": {}, "sumsub": {"sources": ["sumsub"]},
                   "follows": {"types": ["kick.channel.*"]}, "tests": {"sandbox": "only"},
                   "chat": {"sources": ["kick"], "types": ["kick.chat.message.sent", "sumsub.*"]}}
        applicant = json.loads((FIXTURES / "sumsub/applicantReviewed.green.json").read_bytes())
        with contextlib.ExitStack() as stack:
            receivers = {name: stack.enter_context(Foreign()) for name in filters}
            targets = {name: foreign_target(receivers[name], **more) for name, more in filters.items()}
            hub = stack.enter_context(Hub(extra={"targets": targets}))
            ids = {"chat": hub.kick(chat()), "sumsub": hub.sumsub(json.dumps(applicant).encode()),
                   "test": hub.sumsub(json.dumps({**applicant, "sandboxMode": True}).encode()),
                   "follow": hub.kick((FIXTURES / "kick/channel.followed.json").read_bytes(), kind="channel.followed")}
            ids = {name: answer[2]["event_id"] for name, answer in ids.items()}
            wanted = {"all": ids, "default": ["chat", "sumsub", "follow"], "sumsub": ["sumsub"], "follows": ["follow"],
                      "tests": ["test"], "chat": ["chat"]}
            wait_for_no_backlog(hub, *filters)
            for name, events in wanted.items():
                self.assertEqual(sorted(receivers[name].taken()), sorted(ids[event] for event in events), name)

    def test_a_new_target_starts_at_the_earliest_event_or_now(self):
        with Foreign() as early, Foreign() as late, Hub() as hub:
            old = [hub.kick(chat(n))[2]["event_id"] for n in range(3)]
            hub.stop()
            hub.config["targets"].update(early=foreign_target(early), late=foreign_target(late, start="now"))
            hub.start()
            new = hub.kick(chat(9))[2]["event_id"]
            wait_for_no_backlog(hub, "early", "late")
            self.assertEqual(sorted(early.taken()), sorted([*old, new]))
            self.assertEqual(late.taken(), [new])

    def test_two_secrets_while_one_rotates(self):
        with Hub() as hub:
            old, new = hub.secrets["stage"], new_secret()
            steps = [([new, old], [old]), ([new, old], [new, old]), ([new, old], [new]), (new, [new])]
            for number, (signing, accepting) in enumerate(steps):
                hub.stop()
                hub.config["targets"]["stage"]["secret"] = signing
                hub.config["environments"]["stage"]["secrets"] = accepting
                hub.start()
                self.assertEqual(hub.wait_for_event("stage", hub.kick(chat(number))[2]["event_id"]), "applied")


def flow_until(hub, what, condition):
    """Sends new events until `condition()` is true: an event becomes a dead letter only while others are delivered."""
    def step():
        hub.kick(chat())
        return condition()
    wait_until(what, step, 240)


class FaultyEvents(unittest.TestCase):
    FAULTY = "message-7"
    FAILURES = [301, 400, 403, 404, 409, 410, 415, 422, 451, 500, 502, "reset", "timeout"]

    def answer(self, failure, events):
        if self.FAULTY not in {event["messageid"] for event in events}:
            return 204
        if failure == "timeout":
            self.over.wait()
        return failure if isinstance(failure, int) else None  # None: the connection is reset

    def test_one_holds_up_no_other_and_is_dead_once_others_flow(self):
        self.over = threading.Event()
        with contextlib.ExitStack() as stack:
            receivers = {f"{delivery}-{failure}": stack.enter_context(Foreign(functools.partial(self.answer, failure)))
                         for delivery in ("batch", "single") for failure in self.FAILURES}
            stack.callback(self.over.set)
            hub = stack.enter_context(Hub())
            ids = [hub.kick(chat(n), message_id=f"message-{n}")[2]["event_id"] for n in range(40)]
            hub.stop()
            hub.config["targets"].update(
                (name, foreign_target(receiver, delivery=name.split("-")[0],
                                      timeout="200ms" if name.endswith("timeout") else "15s"))
                for name, receiver in receivers.items())
            hub.start()
            faulty = ids.pop(7)
            for name, receiver in receivers.items():
                wait_until(f"{name} has all others", lambda: set(receiver.taken()) >= set(ids))
            self.assertEqual(hub.admin("dead")[2]["dead"], [])
            flow_until(hub, "it is dead everywhere", lambda: len(hub.admin("dead")[2]["dead"]) == len(receivers))
            dead = hub.admin("dead")[2]["dead"]
            self.assertEqual({(row["target"], row["event_id"]) for row in dead}, {(name, faulty) for name in receivers})
            wait_for_no_backlog(hub, *receivers)
            for name, receiver in receivers.items():
                taken = receiver.taken()
                self.assertNotIn(faulty, taken, name)
                if not name.endswith("timeout"):  # a busy machine may take an event and answer too late
                    self.assertEqual(len(taken), len(set(taken)), name)


class LongRetryAfter(unittest.TestCase):
    """One event is always answered with Retry-After: 3600."""

    def answer(self, status, events):
        faulty = "message-7" in {event["messageid"] for event in events}
        return (status, {"Retry-After": "3600"}) if faulty else 204

    def test_it_holds_up_no_other_event_and_no_restart_sends_it_again(self):
        with contextlib.ExitStack() as stack:
            receivers = {f"{delivery}-{status}": stack.enter_context(Foreign(functools.partial(self.answer, status)))
                         for delivery in ("batch", "single") for status in (503, 429, 404, 413)}
            targets = {name: foreign_target(receiver, delivery=name.split("-")[0])
                       for name, receiver in receivers.items()}
            hub = stack.enter_context(Hub(extra={"targets": targets}))
            ids = [hub.kick(chat(n), message_id=f"message-{n}")[2]["event_id"] for n in range(40)]
            faulty = ids.pop(7)
            for name, receiver in receivers.items():
                wait_until(f"{name} has all others", lambda: set(receiver.taken()) >= set(ids))
            ids.append(hub.kick(chat(40))[2]["event_id"])
            wait_for_no_backlog(hub, *receivers)
            asked = {name: len(receiver.requests) for name, receiver in receivers.items()}
            hub.kill()
            hub.start()
            ids.append(hub.kick(chat(41))[2]["event_id"])
            for name, receiver in receivers.items():
                wait_until(f"{name} has the next event", lambda: set(receiver.taken()) >= set(ids))
                again = [event["id"] for _, _, events in receiver.requests[asked[name]:] for event in events]
                self.assertNotIn(faulty, again, name)
                row = target(hub, name)
                self.assertEqual((row["state"], row["waiting"], row["dead"]), ("ok", 1, 0), name)


class FewEvents(unittest.TestCase):
    def test_a_target_that_takes_nothing_fails_however_few_events_it_gets(self):
        with Foreign(lambda events: 500) as receiver:
            with Hub(extra={"targets": {"foreign": foreign_target(receiver)}}) as hub:
                hub.kick(chat())
                ok = lambda value: f'vf_target_ok{{target="foreign"}} {value}' in request(
                    hub.url("admin", "/metrics"))[2].decode()
                wait_until("the metric says so", lambda: ok(0))
                wait_until("it is an alarm", lambda: "attempts in a row failed: HTTP 500" in (
                    target(hub, "foreign")["alarm"] or ""))
                self.assertEqual(target(hub, "foreign")["state"], "open")
                receiver.answer = lambda events: 204
                wait_until("it is ok again", lambda: ok(1) and target(hub, "foreign")["state"] == "ok")


class DeadLetters(unittest.TestCase):
    def setUp(self):
        self.rejected, self.fixed = set(), False
        self.receiver = self.enterContext(Foreign(self.answer))

    def answer(self, events):
        return 422 if not self.fixed and self.rejected & {event["messageid"] for event in events} else 204

    def dead(self, hub):
        return json.loads(hub.vf("dead", "list", "--json").stdout)["dead"]

    def send(self, hub, count, *rejected):
        """Sends events while the target is paused, so that they go in one batch; returns their ids once those with the
        numbers `rejected`, which the target refuses, are dead letters."""
        hub.vf("targets", "pause", "foreign")
        ids = []
        for number in range(count):
            message_id = f"message-{number}"
            if number in rejected:
                self.rejected.add(message_id)
            ids.append(hub.kick(chat(number), message_id=message_id)[2]["event_id"])
        hub.vf("targets", "resume", "foreign")
        self.flow_until_dead(hub, {ids[number] for number in rejected})
        return ids

    def flow_until_dead(self, hub, ids):
        flow_until(hub, "the refused events are dead",
                   lambda: {row["event_id"] for row in hub.admin("dead")[2]["dead"]} == ids)
        wait_for_no_backlog(hub, "foreign")

    def run_with(self, delivery):
        with Hub(extra={"targets": {"foreign": foreign_target(self.receiver, delivery=delivery)}}) as hub:
            ids = self.send(hub, 9, 2, 7)
            rejected, good = {ids[2], ids[7]}, set(ids) - {ids[2], ids[7]}
            taken = self.receiver.taken()
            self.assertEqual(len(taken), len(set(taken)))
            self.assertEqual((good - set(taken), rejected & set(taken)), (set(), set()))
            for letter in self.dead(hub):
                self.assertEqual((letter["target"], letter["state"]), ("foreign", "dead"))
                self.assertGreaterEqual(letter["attempts"], 10)
                self.assertIn("422", letter["reason"])
            self.assertIn(ids[2], hub.vf("dead", "list", "--target", "foreign").stdout)
            self.assertNotIn(ids[2], hub.vf("dead", "list", "--target", "stage").stdout)
            deliveries = hub.admin("events/" + ids[2])[2]["deliveries"]
            self.assertEqual({row["target"]: row["state"] for row in deliveries}["foreign"], "dead")

            self.assertEqual(hub.stop(), 0)  # they outlive a restart
            hub.start()
            self.fixed = True
            hub.vf("dead", "retry", "foreign", ids[2])
            wait_until("the retried letter arrives", lambda: ids[2] in self.receiver.taken())
            wait_until("it is dead no more", lambda: [row["event_id"] for row in self.dead(hub)] == [ids[7]])
            hub.vf("dead", "drop", "foreign", ids[7])
            self.assertEqual(self.dead(hub), [])
            self.assertNotIn(ids[7], self.receiver.taken())
            for words, code in ((["retry", "foreign", ids[7]], 1), (["drop", "unknown", ids[7]], 1),
                                (["retry", "foreign", "no-uuid"], 2)):
                done = hub.vf("dead", *words, check=False)
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (code, 1), done.stderr)

    def test_of_a_single_target(self):
        self.run_with("single")

    def test_of_a_batch_target_whose_batch_is_halved_down_to_the_refused_events(self):
        self.run_with("batch")

    def test_a_dead_letter_that_is_refused_again_waits_and_dies_again(self):
        with Hub(extra={"targets": {"foreign": foreign_target(self.receiver, delivery="single")}}) as hub:
            ids = self.send(hub, 1, 0)
            refused = lambda: sum(status == 422 for status, _, _ in list(self.receiver.requests))
            before = refused()
            hub.vf("dead", "retry", "foreign", ids[0])
            wait_until("it is sent again", lambda: refused() > before)
            self.assertEqual(self.dead(hub), [])
            self.flow_until_dead(hub, set(ids))

    def test_an_event_that_waits_is_set_aside_by_hand(self):
        slow = {"first": "10ms", "longest": "1m", "attempts": 1}  # no event dies within the hour
        with Hub(extra={"targets": {"foreign": foreign_target(self.receiver, retry=slow)}}) as hub:
            self.rejected.add("message-0")
            faulty = hub.kick(chat(0), message_id="message-0")[2]["event_id"]
            listed = lambda: hub.vf("dead", "list", "--waiting", "--target", "foreign").stdout
            flow_until(hub, "it waits with a row", lambda: faulty in listed())
            self.assertEqual((target(hub, "foreign")["waiting"], target(hub, "foreign")["dead"]), (1, 0))
            hub.vf("dead", "put", "foreign", faulty)
            self.assertNotIn(faulty, listed())
            self.assertEqual([row["event_id"] for row in self.dead(hub)], [faulty])
            self.assertEqual((target(hub, "foreign")["waiting"], target(hub, "foreign")["dead"]), (0, 1))
            wait_for_no_backlog(hub, "foreign")
            done = hub.vf("dead", "put", "foreign", faulty, check=False)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
            self.fixed = True
            hub.vf("dead", "retry", "foreign", faulty)
            wait_until("the retried letter arrives", lambda: faulty in self.receiver.taken())


if __name__ == "__main__":
    unittest.main()
