"""An environment's listener, POST /internal/events, called by hand: the contract, row by row."""
import base64
import json
import secrets
import sqlite3
import time
import unittest
import uuid

from hub import Hub, chat, new_secret, parsed, request, sign_call, sign_standard, utc, wait_until
from wire import Wire, exchange, post

PATH = "/internal/events"
BODY_MAX = 1 << 20


def envelope(kind="kick.chat.message.sent", data=None, **attributes):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "kick", "type": kind, "time": utc(),
            "datacontenttype": "application/json", "data": json.loads(chat()) if data is None else data, **attributes}


class Receiver(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.second_secret = new_secret()
        cls.hub = Hub(extra={"ingest": {"max_body": "64KiB"}, "environments": {"stage": {"max_body": "1MiB"}}})
        cls.hub.config["environments"]["stage"]["secrets"].append(cls.second_secret)
        cls.hub.start()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def setUp(self):
        self.before = self.count()

    def tearDown(self):
        self.assertEqual(self.statuses([envelope()]), ["applied"], "the receiver no longer takes a good batch")

    def count(self):
        return self.hub.rows("stage", "select count(*) from processed_events")[0][0]

    def events(self, envelopes, **how):
        return self.hub.events("stage", envelopes, **how)

    def statuses(self, envelopes):
        status, _, answer = self.events(envelopes)
        self.assertEqual(status, 200, answer)
        sent = envelopes if isinstance(envelopes, list) else [envelopes]
        self.assertEqual([result["id"] for result in answer["results"]], [e["id"].lower() for e in sent])
        return [result["status"] for result in answer["results"]]

    def assert_refused(self, status, body, **how):
        answer = self.events(body, **how)
        self.assertEqual(answer[0], status, answer)
        self.assertEqual(answer[2]["status"], status)
        self.assertEqual(self.count(), self.before, "a refused request left something behind")

    def test_results_are_in_the_requests_order(self):
        known, twice = envelope(), envelope()
        self.assertEqual(self.statuses([known]), ["applied"])
        poison = envelope(data={"broadcaster": "unknown"})
        batch = [envelope("kick.unheard.of"), poison, known, envelope(), twice, twice]
        wanted = ["ignored", "quarantined", "duplicate", "applied", "applied", "duplicate"]
        self.assertEqual(self.statuses(batch), wanted)
        reason, = self.hub.rows("stage", "select reason from quarantined_events where event_id = ?", poison["id"])
        self.assertTrue(reason[0])

    def test_one_event_needs_no_array(self):
        self.assertEqual(self.statuses(envelope()), ["applied"])
        self.assertEqual(self.statuses([]), [])

    def test_only_four_attributes_are_required(self):
        least = {name: envelope()[name] for name in ("specversion", "id", "source", "type")}
        self.assertEqual(self.statuses([{**least, "id": str(uuid.uuid4()).upper(), "type": "x.y"}]), ["ignored"])
        for name in least:
            self.before = self.count()
            self.assert_refused(400, [{k: v for k, v in least.items() if k != name}])

    def test_a_malformed_envelope_is_400_and_nothing_is_applied(self):
        good = json.dumps(envelope()).encode()
        no_uuid = json.dumps(envelope(id="42")).encode()
        for body in (b"", b"null", b"[", b"[" + good, b"[" + good + b",{}]", b"[" + good + b",1]", b'"text"',
                     good + good, b"\0", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, good.replace(b'"1.0"', b'"9.9"'),
                     good.replace(b'"id"', b'"ID"'), b"[" + good + b"," + no_uuid + b"]"):
            self.assert_refused(400, body)

    def test_an_unverified_request_is_401_whatever_it_holds(self):
        body = json.dumps([envelope()]).encode()
        for content in (body, b"no envelope", b""):
            self.assert_refused(401, content, secret=new_secret())
            self.assert_refused(401, content, at=1)
        good = sign_standard(self.hub.secrets["stage"], body, "batch_1")
        signature = good["webhook-signature"]
        without = lambda name: {k: v for k, v in good.items() if k != name}
        repeated = lambda name: [*good.items(), (name, good[name])]
        later = str(int(good["webhook-timestamp"]) + 1)
        bad = [{}, *map(without, good), *map(repeated, good), {**good, "webhook-id": "batch_2"},
               {**good, "webhook-timestamp": later}, {**good, "webhook-timestamp": "soon"},
               *({**good, "webhook-signature": other} for other in (
                   "", "v1,", signature[:-2], signature.replace("v1,", "v2,"), signature.replace("v1,", ""),
                   "v1," + "A" * 9000, "v1," + base64.b64encode(secrets.token_bytes(32)).decode()))]
        for headers in bad:
            self.assertEqual(exchange(self.hub, post(PATH, body, headers), "stage")[0], 401, headers)
        self.assertEqual(exchange(self.hub, post(PATH, body + b" ", good), "stage")[0], 401)
        self.assertEqual(self.count(), self.before)

    def test_one_good_signature_of_several_is_enough(self):
        body = json.dumps([envelope()]).encode()
        headers = sign_standard(self.hub.secrets["stage"], body, "batch_1")
        headers["webhook-signature"] = "v1a,AAAA v1,AAAA " + headers["webhook-signature"]
        self.assertEqual(exchange(self.hub, post(PATH, body, headers), "stage")[0], 200)

    def test_every_configured_secret_is_accepted(self):
        self.assertEqual(self.events([envelope()], secret=self.second_secret)[0], 200)
        self.before = self.count()
        self.assert_refused(401, [envelope()], secret=self.hub.secrets["production"])

    def test_a_clock_more_than_five_minutes_off_is_401(self):
        for offset_s in (-200, 200):  # the edge itself has a unit test, with a clock that stands still
            self.assertEqual(self.events([envelope()], at=time.time() + offset_s)[0], 200)
        self.before = self.count()
        for offset_s in (-400, 400):
            self.assert_refused(401, [envelope()], at=time.time() + offset_s)

    def test_bodies_up_to_max_body(self):
        body = json.dumps([envelope()]).encode()
        self.assertEqual(self.events(body.ljust(BODY_MAX))[0], 200)
        self.before = self.count()
        self.assert_refused(413, body.ljust(BODY_MAX + 1))
        with Wire(self.hub, "stage") as wire:
            self.assertEqual(wire.send(post(PATH, length=1 << 40)).status(), 413)

    def test_webhook_id_is_not_an_idempotency_key(self):
        for _ in range(2):
            body = json.dumps([envelope()]).encode()
            headers = sign_standard(self.hub.secrets["stage"], body, "batch_same")
            answer = exchange(self.hub, post(PATH, body, headers), "stage")
            self.assertEqual(answer[2]["results"][0]["status"], "applied")

    def test_other_methods_and_paths(self):
        status, headers, _ = parsed(request(self.hub.url("stage", PATH)))
        self.assertEqual((status, headers["Allow"]), (405, "POST"))
        for path in ("/", "/webhooks/kick", "/internal", "/internal/events/", "/admin/v1/events"):
            self.assertIn(request(self.hub.url("stage", path), "POST", b"{}")[0], (404, 405), path)

    def test_retired_routes_are_gone(self):
        for path, successor in (("/wh/kick", "/webhooks/kick"), ("/wh/sumsub", "/webhooks/sumsub"),
                                ("/api/kyc/hook", "/webhooks/sumsub")):
            for method in ("POST", "GET"):
                status, headers, body = parsed(request(self.hub.url("stage", path), method))
                self.assertEqual((status, body["status"]), (410, 410))
                self.assertEqual(headers["Link"], f'<{successor}>; rel="successor-version"')
                self.assertIn(successor, body["detail"])

    def test_a_signed_request_gets_the_outcome_of_an_event(self):
        event = envelope()
        self.assertEqual(self.statuses([event]), ["applied"])
        path, secret = f"{PATH}/{event['id']}", self.hub.secrets["stage"]
        signed = sign_call(secret, "GET", path)
        status, _, body = parsed(request(self.hub.url("stage", path), headers=signed))
        self.assertEqual((status, body["status"], body["type"]), (200, "applied", event["type"]))
        self.assertEqual(request(self.hub.url("stage", path))[0], 401)
        unknown = f"{PATH}/{uuid.uuid4()}"
        self.assertEqual(request(self.hub.url("stage", unknown), headers=signed)[0], 401)
        self.assertEqual(request(self.hub.url("stage", unknown), headers=sign_call(secret, "GET", unknown))[0], 404)

    def test_a_signature_opens_the_call_that_it_was_made_for_and_no_other(self):
        secret, run = self.hub.secrets["stage"], "/internal/jobs/purge/run"
        ask = lambda method, path, headers, body=None: request(self.hub.url("stage", path), method, body, headers)[0]
        captured = sign_call(secret, "GET", "/internal/jobs")
        self.assertEqual(ask("GET", "/internal/jobs", captured), 200)
        for method, path in (("POST", run), ("GET", "/internal/runs"), ("GET", "/internal/jobs?a=1"),
                             ("POST", "/internal/quarantine/retry")):
            self.assertEqual(ask(method, path, captured), 401, path)
        self.assertEqual(ask("POST", run, sign_call(secret, "POST", run, b"{}"), b'{"a":1}'), 401)
        self.assertEqual(ask("POST", run, {**sign_call(secret, "POST", run, b"{}"), "vf-caller": "token boss"}, b"{}"), 401)
        self.assertEqual(ask("POST", run, sign_call(secret, "POST", run, b"{}", "token%20boss"), b"{}"), 200)
        delivery = sign_standard(secret, b"", "batch_1")
        for method, path in (("GET", "/internal/jobs"), ("POST", run), ("POST", "/internal/quarantine/retry")):
            self.assertEqual(ask(method, path, delivery), 401, path)
        body = json.dumps([envelope()]).encode()
        self.assertEqual(ask("POST", PATH, sign_call(secret, "POST", PATH, body), body), 401)


class Quarantine(unittest.TestCase):
    def test_an_event_that_a_later_version_projects_leaves_quarantine_at_its_start(self):
        with Hub() as hub:
            refused, still = envelope(data={"broadcaster": "unknown"}), envelope(data={"broadcaster": "unknown"})
            self.assertEqual(hub.events("stage", [refused, still])[0], 200)
            hub.stop()
            # As if the projector had been fixed: the stored envelope is replaced by one that can be projected.
            fixed = envelope(id=refused["id"])
            with sqlite3.connect(hub.data / "stage.db") as db:
                db.execute("update quarantined_events set envelope = ? where event_id = ?",
                           (json.dumps(fixed), refused["id"]))
            db.close()
            hub.start()
            status = "select status from processed_events where event_id = ?"
            wait_until("the fixed event is applied",
                       lambda: hub.rows("stage", status, refused["id"]) == [("applied",)])
            waiting = "select event_id, attempts from quarantined_events"
            self.assertEqual(hub.rows("stage", waiting), [(still["id"], 2)])


if __name__ == "__main__":
    unittest.main()
