"""One event's way through the whole hub, from outside: received, committed, delivered, projected, shown."""
import json
import unittest

from hub import FIXTURES, Hub, chat, request, wait_until


class RealDelivery(unittest.TestCase):
    """A delivery that Kick itself signed, under Kick's own published key."""

    headers = json.loads((FIXTURES / "kick-real/chat.message.sent.2025-05-22.headers.json").read_text())["headers"]
    body = (FIXTURES / "kick-real/chat.message.sent.2025-05-22.body").read_bytes()

    def post(self, hub, body=None, **headers):
        return request(hub.url("ingest", "/webhooks/kick"), "POST", body or self.body, {**self.headers, **headers})

    def test_goes_through_the_whole_hub(self):
        with Hub(extra={"sources": {"kick": {"max_age": "none"}}}) as hub:
            status, _, body = self.post(hub)
            self.assertEqual(status, 200, body)
            first = json.loads(body)
            self.assertEqual(first["status"], "accepted")
            for environment in ("stage", "production"):
                self.assertEqual(hub.wait_for_event(environment, first["event_id"]), "applied")
                self.assertEqual(len(hub.rows(environment, "select * from chat_activity")), 1)
            kept, = hub.rows("dm", "select body from ingest_outbox")
            self.assertEqual(bytes(kept[0]) if not isinstance(kept[0], str) else kept[0].encode(), self.body)
            self.assertEqual(json.loads(self.post(hub)[2]), {"status": "duplicate", "event_id": first["event_id"]})

    def test_one_flipped_bit_is_refused_and_leaves_nothing(self):
        with Hub(extra={"sources": {"kick": {"max_age": "none"}}}) as hub:
            flipped = bytearray(self.body)
            flipped[100] ^= 1
            self.assertEqual(self.post(hub, bytes(flipped))[0], 401)
            self.assertEqual(self.post(hub, **{"Kick-Event-Message-Id": "01JVWMSYEHQFCS2YK1GJ5KX7A2"})[0], 401)
            self.assertEqual(self.post(hub, **{"Kick-Event-Message-Timestamp": "2025-05-22T18:41:34Z"})[0], 401)
            self.assertEqual(hub.rows("dm", "select count(*) from ingest_outbox"), [(0,)])

    def test_is_too_old_by_default(self):
        with Hub() as hub:
            self.assertEqual(self.post(hub)[0], 401)


class WholePath(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def test_content_that_is_not_json_is_kept_and_blocks_no_other_event(self):
        odd = [b"", b"not json", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":\x00}', b'"text"', b"1e999", b' {"a":1} ']
        ids = []
        for body in odd:
            status, _, answer = self.hub.kick(body)
            self.assertEqual(status, 200, body[:20])
            ids.append(answer["event_id"])
        status, _, answer = self.hub.kick(chat(1))
        self.assertEqual(self.hub.wait_for_event("stage", answer["event_id"]), "applied")
        for body, event_id in zip(odd, ids):
            self.assertIn(self.hub.wait_for_event("stage", event_id), ("ignored", "quarantined"), body[:20])
            kind, = self.hub.rows("dm", "select type from ingest_outbox where event_id = ?", event_id) or [("?",)]
            self.assertEqual(kind[0], "kick.unrecognised")

    def test_a_type_header_that_the_body_contradicts_is_unrecognised(self):
        _, _, answer = self.hub.kick(chat(2), kind="channel.followed")
        self.assertEqual(self.hub.admin("events/" + answer["event_id"])[2]["event"]["type"], "kick.unrecognised")

    def test_every_kick_fixture_is_applied_in_both_environments(self):
        for fixture in sorted((FIXTURES / "kick").glob("*.json")):
            if fixture.name in ("index.json", "drops.claim.json"):
                continue
            kind = next(k for k in KINDS if fixture.name.startswith(k))
            status, _, answer = self.hub.kick(fixture.read_bytes().strip(), kind=kind)
            self.assertEqual(status, 200, fixture.name)
            for environment in ("stage", "production"):
                self.assertEqual(self.hub.wait_for_event(environment, answer["event_id"]), "applied", fixture.name)

    def test_sumsub_with_each_digest(self):
        body = (FIXTURES / "sumsub/applicantReviewed.green.json").read_bytes()
        for number, algorithm in enumerate(("sha1", "sha256", "sha512")):
            altered = body.replace(b"{", b"{" + b" " * number, 1)
            status, _, answer = self.hub.sumsub(altered, algorithm)
            self.assertEqual((status, answer["status"]), (200, "accepted"))
            self.assertEqual(self.hub.sumsub(altered, algorithm)[2]["status"], "duplicate")
            self.assertEqual(self.hub.wait_for_event("production", answer["event_id"]), "applied")

    def test_events_show_prints_the_whole_history(self):
        _, _, answer = self.hub.kick(chat(3))
        for environment in ("stage", "production"):
            self.hub.wait_for_event(environment, answer["event_id"])
        history = wait_until("both deliveries recorded", lambda: self.complete_history(answer["event_id"]))
        self.assertEqual([e["status"] for e in history["environments"]], ["applied", "applied"])
        text = self.hub.vf("events", "show", answer["event_id"]).stdout
        for word in ("received", "committed", "delivered", "stage", "production", "applied"):
            self.assertIn(word, text)

    def complete_history(self, event_id):
        history = json.loads(self.hub.vf("events", "show", event_id, "--json").stdout)
        return history if all(d["state"] == "delivered" for d in history["deliveries"]) else None

    def test_retired_routes_say_where_to_go(self):
        for path in ("/wh/kick", "/wh/sumsub", "/api/kyc/hook"):
            status, _, body = request(self.hub.url("stage", path), "POST", b"{}")
            self.assertEqual(status, 410)
            self.assertIn(b"/webhooks/", body)


KINDS = ("chat.message.sent", "channel.followed", "channel.subscription.new", "channel.subscription.renewal",
         "channel.subscription.gifts", "channel.reward.redemption.updated", "livestream.status.updated",
         "livestream.metadata.updated", "moderation.banned", "kicks.gifted")

if __name__ == "__main__":
    unittest.main()
