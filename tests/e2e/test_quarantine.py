"""What an environment quarantined, from outside: list, show, retry and drop, one event or many, in the hub's own process
and through the listener of an environment elsewhere."""
import base64
import json
import sqlite3
import unittest
import uuid

from hub import Hub, chat, request, utc, wait_until

UNUSABLE = {"broadcaster": "unknown"}
FOLLOW = {"broadcaster": {"user_id": 42}, "follower": "unknown"}


def envelope(kind="kick.chat.message.sent", **attributes):
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "kick", "type": kind, "time": utc(),
             "subject": "channel/42", "data": UNUSABLE, **attributes}
    if "data_base64" in event:
        del event["data"]
    return event


def quarantine(hub, *envelopes):
    """Makes stage quarantine these events; returns their ids."""
    status, _, answer = hub.events("stage", list(envelopes))
    assert status == 200, answer
    assert {result["status"] for result in answer["results"]} == {"quarantined"}, answer
    return [event["id"] for event in envelopes]


def listed(hub, *words):
    return json.loads(hub.vf("quarantine", "list", "--env", "stage", *words, "--json").stdout)["quarantine"]


def status_of(hub, event_id):
    return hub.rows("stage", "select status from processed_events where event_id = ?", event_id)[0][0]


def repair(hub, event):
    """As if the projector had been fixed: the stored envelope is replaced by one that can be projected."""
    fixed = {**event, "data": json.loads(chat())}
    with sqlite3.connect(hub.data / "stage.db") as db:
        db.execute("update quarantined_events set envelope = ? where event_id = ?", (json.dumps(fixed), event["id"]))
    db.close()


class IngestAlone(Hub):
    def start(self, *arguments):
        self.process = self.spawn("ingest", *arguments)
        wait_until("the hub is ready", self.ready)
        return self


class Quarantine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(extra={"admin": {"read_token": "only-to-read"}}).start()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def setUp(self):
        self.hub.vf("quarantine", "drop", "--env", "stage", "--all", "--yes")

    def test_list_names_each_event_with_its_reason(self):
        first, second = quarantine(self.hub, envelope(), envelope("kick.channel.followed", data=FOLLOW))
        rows = listed(self.hub)
        self.assertEqual({row["id"] for row in rows}, {first, second})
        self.assertEqual(set(rows[0]), {"id", "source", "type", "reason", "quarantined_at", "attempted_at", "attempts"})
        self.assertEqual([row["id"] for row in listed(self.hub, "--type", "kick.chat.*")], [first])
        self.assertEqual([row["id"] for row in listed(self.hub, "--reason", "follower")], [second])
        self.assertEqual(listed(self.hub, "--before", "2020-01-01T00:00:00Z"), [])
        table = self.hub.vf("quarantine", "list", "--env", "stage").stdout
        self.assertRegex(table, r"^QUARANTINED +ATTEMPTS +TYPE +ID +REASON\n")
        self.assertRegex(table, rf"(?m)^20\S+Z +1 +kick\.chat\.message\.sent +{first} +/broadcaster\S*: ")

    def test_a_list_of_many_pages_is_whole(self):
        quarantine(self.hub, *(envelope() for _ in range(1_100)))
        self.assertEqual(len(listed(self.hub)), 1_100)

    def test_show_prints_the_body_as_text_where_it_can(self):
        odd = "caf\u00e9 \u202e \u009b31m"
        plain, text, binary = quarantine(
            self.hub, envelope(), envelope(data_base64=base64.b64encode(odd.encode()).decode()),
            envelope(data_base64="//79"))
        shown = lambda event_id: self.hub.vf("quarantine", "show", event_id, "--env", "stage").stdout
        self.assertRegex(shown(plain), rf"^{plain}  kick\.chat\.message\.sent  channel/42\n\nreason +/broadcaster")
        self.assertIn('"broadcaster": "unknown"', shown(plain))
        self.assertTrue(shown(text).endswith("\ncaf\u00e9 \\u202e \\u009b31m\n"), shown(text))
        self.assertTrue(shown(binary).endswith("\nbase64: //79\n"), shown(binary))
        whole = json.loads(self.hub.vf("quarantine", "show", plain, "--env", "stage", "--json").stdout)
        self.assertEqual((whole["id"], whole["envelope"]["data"]), (plain, UNUSABLE))

    def test_retry_of_one_says_what_became_of_it(self):
        fixed, still = envelope(), envelope()
        quarantine(self.hub, fixed, still)
        repair(self.hub, fixed)
        self.assertEqual(self.hub.vf("quarantine", "retry", fixed["id"], "--env", "stage").stdout, "applied\n")
        self.assertEqual(status_of(self.hub, fixed["id"]), "applied")
        refused = self.hub.vf("quarantine", "retry", still["id"], "--env", "stage", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stdout, r"^quarantined again: /broadcaster")
        self.assertEqual([(row["id"], row["attempts"]) for row in listed(self.hub)], [(still["id"], 2)])

    def test_drop_of_one_is_for_good(self):
        event = envelope()
        quarantine(self.hub, event)
        self.assertEqual(self.hub.vf("quarantine", "drop", event["id"], "--env", "stage").stdout, "done\n")
        self.assertEqual((listed(self.hub), status_of(self.hub, event["id"])), ([], "dropped"))
        event["data"] = json.loads(chat())
        self.assertEqual(self.hub.events("stage", [event])[2]["results"][0]["status"], "duplicate")
        again = self.hub.vf("quarantine", "drop", event["id"], "--env", "stage", check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("no event in quarantine has the id", again.stderr)

    def test_the_history_of_an_event_says_that_it_was_dropped(self):
        _, _, answer = self.hub.kick(chat().replace(b'"user_id": 7', b'"user_id": -7'))
        event_id = answer["event_id"]
        self.assertEqual(self.hub.wait_for_event("stage", event_id), "quarantined")
        self.hub.vf("quarantine", "drop", event_id, "--env", "stage")
        self.assertRegex(self.hub.vf("events", "show", event_id).stdout, r"(?m)^  20\S+Z +dropped in stage$")

    def test_many_are_retried_and_dropped_by_a_run_of_the_environment(self):
        events = [envelope() for _ in range(3)] + [envelope("kick.channel.followed", data=FOLLOW)]
        quarantine(self.hub, *events)
        repair(self.hub, events[0])
        counted = self.hub.vf("quarantine", "retry", "--env", "stage", "--type", "kick.chat.*", "--dry-run")
        self.assertEqual(counted.stdout, "would retry 3\n")
        retried = self.hub.vf("quarantine", "retry", "--env", "stage", "--type", "kick.chat.*", "--yes")
        self.assertEqual(retried.stdout, "retried 3: 1 applied, 2 quarantined again\n")
        dropped = json.loads(
            self.hub.vf("quarantine", "drop", "--env", "stage", "--reason", "broadcaster", "--json").stdout)
        self.assertEqual((dropped["job"], dropped["state"]), ("drop-quarantine", "done"))
        self.assertEqual([status_of(self.hub, event["id"]) for event in events],
                         ["applied", "dropped", "dropped", "quarantined"])
        runs = json.loads(self.hub.vf("runs", "list", "--env", "stage", "--json").stdout)["runs"]
        self.assertIn(dropped["id"], [run["id"] for run in runs])

    def test_wrong_usage_is_refused_in_one_line(self):
        for words, code, message in (
                (("list",), 2, "--env"), (("retry", "--env", "stage"), 2, "which events?"),
                (("drop", "--env", "stage"), 2, "which events?"),
                (("drop", str(uuid.uuid4()), "--env", "stage", "--all"), 2, "not both"),
                (("drop", "--env", "stage", "--all", "--type", "a"), 2, "all stands alone"),
                (("show", "x", "--env", "stage"), 2, "an event id is a UUID"),
                (("show", str(uuid.uuid4()), "--env", "stage"), 1, "no event in quarantine has the id"),
                (("list", "--env", "sateg"), 1, "there is no environment sateg")):
            done = self.hub.vf("quarantine", *words, check=False)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (code, 1), (words, done.stderr))
            self.assertIn(message, done.stderr)

    def test_a_token_that_may_only_read_changes_nothing(self):
        event_id, = quarantine(self.hub, envelope())
        call = lambda path, method="GET": request(self.hub.url("admin", f"/admin/v1/quarantine{path}?environment=stage"),
                                                  method, None, {"Authorization": "Bearer only-to-read"})[0]
        self.assertEqual([call(""), call(f"/{event_id}")], [200, 200])
        self.assertEqual([call(f"/{event_id}/retry", "POST"), call(f"/{event_id}", "DELETE")], [403, 403])
        self.assertEqual([row["id"] for row in listed(self.hub)], [event_id])

    def test_the_audit_log_has_each_change(self):
        event_id, = quarantine(self.hub, envelope())
        self.hub.vf("quarantine", "retry", event_id, "--env", "stage", check=False)
        self.hub.vf("quarantine", "drop", event_id, "--env", "stage")
        entries = lambda: {entry["action"]: entry["detail"] for entry in self.hub.admin("audit?limit=10")[2]["audit"]}
        dropped = f"DELETE /admin/v1/quarantine/{event_id}?environment=stage"
        wait_until("the last entry is written", lambda: dropped in entries())
        self.assertEqual(entries()[dropped], "done")
        self.assertRegex(entries()[f"POST /admin/v1/quarantine/{event_id}/retry?environment=stage"],
                         r'^done: .*"status":"quarantined"')



class EnvironmentElsewhere(unittest.TestCase):
    """`vf ingest` asks `vf api`, which runs in a process of its own."""

    def test_the_hub_forwards_each_call(self):
        with IngestAlone() as hub:
            api = hub.spawn("api", "--env", "stage", "--set", "admin.listen=127.0.0.1:0")
            self.addCleanup(api.wait)
            self.addCleanup(api.kill)
            wait_until("it answers", lambda: hub.admin("quarantine?environment=stage")[0] == 200)
            kept, fixed = envelope(), envelope()
            quarantine(hub, kept, fixed)
            self.assertEqual({row["id"] for row in listed(hub)}, {kept["id"], fixed["id"]})
            self.assertIn('"broadcaster": "unknown"', hub.vf("quarantine", "show", kept["id"], "--env", "stage").stdout)
            repair(hub, fixed)
            self.assertEqual(hub.vf("quarantine", "retry", fixed["id"], "--env", "stage").stdout, "applied\n")
            self.assertEqual(hub.vf("quarantine", "drop", kept["id"], "--env", "stage").stdout, "done\n")
            self.assertEqual(status_of(hub, kept["id"]), "dropped")
            unknown = hub.vf("quarantine", "drop", kept["id"], "--env", "stage", check=False)
            self.assertRegex(unknown.stderr, r"\Avf: environment stage: no event in quarantine has the id .*\n\Z")
            wait_until("the environment's log names who asked", lambda: "through the hub at 127.0.0.1" in
                       "".join(line for line in hub.log.read_text().splitlines() if "DELETE /internal/quarantine" in line))


if __name__ == "__main__":
    unittest.main()
