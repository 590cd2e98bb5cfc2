"""What a body says, from outside: equal bytes may be two events, one odd value costs its own attribute only, types are
the provider's own text, and the envelope's data is the JSON without what is around it."""
import base64
import gzip
import hmac
import json
import time
import unittest
import urllib.parse
import zlib

from foreign import Foreign
from hub import FIXTURES, Hub, new_secret, parsed, request, wait_until

CASES = FIXTURES / "cases"
SECRET = "hush"


def digest(body, algorithm="sha256"):
    return hmac.new(SECRET.encode(), body, algorithm)


class Providers(unittest.TestCase):
    """A hub with a source of each scheme that the cases need, and a target that records what it gets."""

    @classmethod
    def setUpClass(cls):
        cls.foreign = Foreign().__enter__()
        cls.addClassCleanup(cls.foreign.__exit__)
        sources = {name: {"scheme": scheme, "secrets": [SECRET]} for name, scheme in (
            ("code", "github"), ("shop", "shopify"), ("guarded", "github"), ("chat", "slack"))}
        sources["guarded"]["replay_guard"] = "1h"
        sources["any"] = {"scheme": "hmac", "secrets": [SECRET], "header": "X-Signature", "id": "/id",
                          "sandbox": "/test = true", "subject": "thing/{/thing}"}
        target = {"url": cls.foreign.url, "secret": new_secret(), "delivery": "single", "sandbox": "include"}
        cls.hub = Hub(extra={"sources": sources, "targets": {"foreign": target}}).__enter__()
        cls.addClassCleanup(cls.hub.__exit__, None, None, None)

    def post(self, source, body, **headers):
        return parsed(request(self.hub.url("ingest", "/webhooks/" + source), "POST", body,
                              {name.replace("_", "-"): value for name, value in headers.items()}))

    def github(self, body, event, delivery, source="code"):
        return self.post(source, body, X_GitHub_Event=event, X_GitHub_Delivery=delivery,
                         X_Hub_Signature_256="sha256=" + digest(body).hexdigest())

    def any(self, body):
        return self.post("any", body, X_Signature=digest(body).hexdigest())

    def accepted(self, answer):
        status, _, body = answer
        self.assertEqual((status, body["status"]), (200, "accepted"), answer)
        return body["event_id"]

    def stored(self, event_id):
        """(type, message id, subject, body) as the outbox holds them; the body as bytes."""
        (kind, message_id, subject, body), = self.hub.rows(
            "dm", "select type, message_id, subject, body from ingest_outbox where event_id = ?", event_id)
        return kind, message_id, subject, body.encode() if isinstance(body, str) else bytes(body)

    def delivered(self, event_id):
        def envelope():
            return [e for _, _, events in list(self.foreign.requests) for e in events if e["id"] == event_id]
        return wait_until(f"{event_id} at the foreign receiver", envelope)[0]


class Codings(Providers):
    """A proxy compressed the body after the provider had signed it."""

    def send(self, coding, sent, signed):
        return self.post("any", sent, X_Signature=digest(signed).hexdigest(), Content_Encoding=coding)

    def test_a_compressed_body_is_verified_and_kept_as_the_provider_wrote_it(self):
        for coding, compress in (("gzip", gzip.compress), ("deflate", zlib.compress)):
            body = json.dumps({"id": "of-" + coding, "type": "thing.made", "text": "x" * 5000}).encode()
            event_id = self.accepted(self.send(coding, compress(body), body))
            self.assertEqual(self.stored(event_id)[3], body)
            self.assertEqual(self.delivered(event_id)["data"]["id"], "of-" + coding)

    def test_what_cannot_be_decoded_leaves_no_trace(self):
        before = self.hub.rows("dm", "select count(*) from ingest_outbox")
        bomb = gzip.compress(b"{" + bytes(1000 << 20 >> 4))
        self.assertEqual(self.send("gzip", bomb, bomb)[0], 413)
        self.assertEqual(self.send("gzip", b"{}", b"{}")[0], 400)
        status, headers, _ = self.send("br", b"{}", b"{}")
        self.assertEqual((status, headers["Accept-Encoding"]), (415, "gzip, deflate, zstd"))
        self.assertEqual(self.hub.rows("dm", "select count(*) from ingest_outbox"), before)

    def test_slashes_of_a_proxy_mean_nothing(self):
        for n, path in enumerate(("any/", "/any", "any//")):
            body = json.dumps({"id": f"slash-{n}", "type": "t"}).encode()
            self.accepted(self.post(path, body, X_Signature=digest(body).hexdigest()))


class EqualBodies(Providers):
    def test_added_removed_and_added_again_are_three_events(self):
        case = json.loads((CASES / "github-membership.json").read_text())
        added = json.dumps(case["deliveries"][0]["body"]).encode()
        removed = added.replace(b"added", b"removed")
        ids = [self.accepted(self.github(body, "membership", f"guid-{n}"))
               for n, body in enumerate((added, removed, added))]
        self.assertEqual(len(set(ids)), 3)
        self.assertEqual([self.delivered(i)["type"] for i in ids],
                         ["code.membership.added", "code.membership.removed", "code.membership.added"])
        self.assertEqual(self.github(added, "membership", "guid-0")[2], {"status": "duplicate", "event_id": ids[0]})

    def test_two_topics_about_one_object_are_two_events(self):
        case = json.loads((CASES / "equal-bodies.json").read_text())
        ids = []
        for delivery in case["deliveries"]:
            body = delivery["body"].encode()
            headers = {**delivery["headers"], "X-Shopify-Hmac-Sha256": base64.b64encode(digest(body).digest()).decode()}
            ids.append(self.accepted(self.post("shop", body, **headers)))
        self.assertEqual(len(set(ids)), 2)
        self.assertEqual([self.stored(i)[0] for i in ids], ["shop.orders/create", "shop.orders/paid"])

    def test_a_replay_guard_makes_equal_bodies_one_event(self):
        first = self.accepted(self.github(b'{"action":"opened"}', "issues", "g-1", "guarded"))
        answer = self.github(b'{"action":"opened"}', "issues", "g-2", "guarded")
        self.assertEqual(answer[2], {"status": "duplicate", "event_id": first})
        self.accepted(self.github(b'{"action":"closed"}', "issues", "g-3", "guarded"))

    def test_a_replay_guard_is_refused_where_it_can_do_nothing(self):
        for config, what in (({"scheme": "stripe", "replay_guard": "10m"}, "the message id of scheme stripe is signed"),
                             ({"scheme": "github", "replay_guard": "31d"}, "must not be longer than ingest.retention")):
            other = Hub(extra={"sources": {"other": {**config, "secrets": [SECRET]}}})
            try:
                process = other.spawn("up")
                self.assertNotEqual(process.wait(timeout=60), 0)
                log = other.log.read_text()
                self.assertIn("sources.other.replay_guard", log)
                self.assertIn(what, log)
            finally:
                other.__exit__()


class OddBodiesAtTheDoor(Providers):
    def test_one_odd_value_leaves_type_and_id_as_the_body_says(self):
        for name, message_id in (("lone-surrogate", "f1"), ("integer-past-64-bits", "f2"), ("bom", "f5")):
            with self.subTest(name):
                body = (CASES / f"{name}.body").read_bytes()
                event_id = self.accepted(self.any(body))
                self.assertEqual(self.stored(event_id), ("any.a", message_id, "", body))
                self.assertEqual(self.delivered(event_id)["messageid"], message_id)

    def test_a_sandbox_mark_is_seen_whatever_else_is_odd(self):
        for n, odd in enumerate((b'"\\ud83d"', b"18446744073709551616", b"NaN", b"[" * 70 + b"]" * 70)):
            with self.subTest(odd[:20]):
                event_id = self.accepted(self.any(b'{"id":"s%d","x":%s,"type":"t","test":false,"test":true}' % (n, odd)))
                self.assertTrue(self.delivered(event_id)["sandbox"])

    def test_a_line_feed_after_the_json_is_kept_but_not_sent(self):
        event_id = self.accepted(self.any(b'\xef\xbb\xbf {"id":"go","type":"t", "n":1.0}\n'))
        self.assertEqual(self.stored(event_id)[3], b'\xef\xbb\xbf {"id":"go","type":"t", "n":1.0}\n')
        envelope = self.delivered(event_id)
        self.assertEqual(envelope["data"], {"id": "go", "type": "t", "n": 1.0})
        self.assertNotIn("data_base64", envelope)

    def test_forms_are_read_for_type_id_and_subject(self):
        payload = {"action": "opened", "repository": {"full_name": "octo/hello"}}
        form = urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
        event_id = self.accepted(self.github(form, "issues", "form-1"))
        self.assertEqual(self.stored(event_id), ("code.issues.opened", "form-1", "repository/octo/hello", form))
        self.assertEqual(base64.b64decode(self.delivered(event_id)["data_base64"]), form)
        command = urllib.parse.urlencode({"command": "/weather", "text": "a b", "channel_id": "C1", "trigger_id": "13.7"}).encode()
        at = str(int(time.time()))
        signature = "v0=" + digest(f"v0:{at}:".encode() + command).hexdigest()
        event_id = self.accepted(self.post("chat", command, X_Slack_Signature=signature, X_Slack_Request_Timestamp=at))
        self.assertEqual(self.stored(event_id), ("chat.slash_commands", "13.7", "channel/C1", command))


class Types(Providers):
    def test_are_the_providers_own_text(self):
        for n, kind in enumerate(("repo:push", "v2.core.account[requirements].updated", "a b", "заказ создан", "x" * 255)):
            with self.subTest(kind):
                event_id = self.accepted(self.any(json.dumps({"id": f"t{n}", "type": kind}).encode()))
                self.assertEqual(self.delivered(event_id)["type"], "any." + kind)
                found = json.loads(self.hub.vf("events", "list", "--type", "any." + kind, "--json").stdout)["events"]
                self.assertEqual([event["id"] for event in found], [event_id])

    def test_that_no_attribute_may_have_are_unrecognised_and_counted(self):
        series = 'vf_intake_unrecognised_total{source="any"} '
        def counted():
            lines = request(self.hub.url("admin", "/metrics"))[2].decode().splitlines()
            return sum(float(line.removeprefix(series)) for line in lines if line.startswith(series))
        before = counted()
        odd = ("x" * 256, "a\nb", "a\x7f", "a\x85", "a\ufdd0", "")
        for n, kind in enumerate(odd):
            event_id = self.accepted(self.any(json.dumps({"id": f"o{n}", "type": kind}).encode()))
            self.assertEqual(self.stored(event_id)[:2], ("any.unrecognised", f"o{n}"))
        self.assertEqual(counted() - before, len(odd))
        self.assertIn("webhook of no recognised type", self.hub.log.read_text())


if __name__ == "__main__":
    unittest.main()
