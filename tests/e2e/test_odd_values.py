"""Bodies with one odd value, as providers have sent them: every event is accepted, keeps its type, and ends in the
tables of an environment; what cannot be projected is quarantined with the field's name; a filter that matches no type
is a warning of the doctor."""
import json
import unittest
import uuid

from hub import Hub, chat, utc

STRING_IDS = b'{"broadcaster":{"user_id":"21"},"follower":{"user_id":"22"}}'
TIME_AS_NUMBER = (b'{"type":"applicantCreated","applicantId":"v4","externalUserId":"u4","createdAtMs":1795341600123,'
                  b'"createdAt":"2026-11-22 10:00:00+0000","levelName":"basic"}')
GREEN = (b'{"type":"applicantReviewed","applicantId":"p1","externalUserId":"u9","levelName":"basic",'
         b'"createdAtMs":"2026-11-22 10:00:00.000","reviewStatus":"completed","reviewResult":{"reviewAnswer":"GREEN"}}')
RED = (b'{"type":"applicantReviewed","applicantId":"p1","externalUserId":"u9","levelName":"basic",'
       b'"createdAtMs":"2026-11-22 11:00:00.000","reviewStatus":"completed","reviewResult":{"reviewAnswer":"RED",'
       b'"reviewRejectType":"FINAL","clientComment":"Fake doc \\ud83d"}}')


class OddBodies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub()
        cls.hub.start()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def accepted(self, answer):
        status, _, body = answer
        self.assertEqual((status, body["status"]), (200, "accepted"), answer)
        return body["event_id"]

    def in_stage(self, event_id):
        status = self.hub.wait_for_event("stage", event_id)
        reason = self.hub.rows("stage", "select reason from quarantined_events where event_id = ?", event_id)
        return status, reason[0][0] if reason else ""

    def test_ids_as_text_are_projected_as_numbers(self):
        self.assertEqual(self.in_stage(self.accepted(self.hub.kick(STRING_IDS, kind="channel.followed"))), ("applied", ""))
        self.assertEqual(self.hub.rows("stage", "select follower_id from channel_followers where channel_id = 21"), [(22,)])

    def test_a_time_as_a_number_is_projected_to_the_millisecond(self):
        self.assertEqual(self.in_stage(self.accepted(self.hub.sumsub(TIME_AS_NUMBER))), ("applied", ""))
        self.assertEqual(self.hub.rows("stage", "select level_at from applicants where applicant_id = 'v4'"),
                         [("2026-11-22T10:00:00.123Z",)])

    def test_a_red_answer_beside_half_an_emoji_ends_a_verification(self):
        verified = "select count(*) from verified_applicants where applicant_id = 'p1'"
        self.assertEqual(self.in_stage(self.accepted(self.hub.sumsub(GREEN))), ("applied", ""))
        self.assertEqual(self.hub.rows("stage", verified), [(1,)])
        self.assertEqual(self.in_stage(self.accepted(self.hub.sumsub(RED))), ("applied", ""))
        self.assertEqual(self.hub.rows("stage", verified), [(0,)])

    def test_an_odd_value_that_no_projector_reads_hides_nothing(self):
        good = chat(channel=61)
        odd = [good[:-1] + b',"extra":' + value + b"}" for value in (
            b"18446744073709551616", b"1e400", b'"\\ud83d"', b"[" * 70 + b"]" * 70, b'{"a":1,"a":2}')]
        for sender, body in enumerate([*odd, b"\xef\xbb\xbf" + good, b"\n" + good + b"\r\n"], 1):
            body = body.replace(b'"user_id": 7', b'"user_id": %d' % sender)
            with self.subTest(body[-60:]):
                self.assertEqual(self.in_stage(self.accepted(self.hub.kick(body))), ("applied", ""))
        senders = self.hub.rows("stage", "select sender_id from chat_activity where channel_id = 61 order by 1")
        self.assertEqual(senders, [(n,) for n in range(1, 8)])

    def test_an_odd_value_of_a_key_names_its_field(self):
        body = chat().replace(b'"user_id": 7', b'"user_id": -7')
        status, reason = self.in_stage(self.accepted(self.hub.kick(body)))
        self.assertEqual(status, "quarantined")
        self.assertEqual(reason, "/sender/user_id: not a positive integer")

    def test_what_names_no_type_is_quarantined(self):
        status, reason = self.in_stage(self.accepted(self.hub.sumsub(b'{"applicantId":"p2"}')))
        self.assertEqual(status, "quarantined")
        self.assertIn("names no type", reason)

    def test_one_odd_envelope_costs_its_neighbours_nothing(self):
        def envelope(**attributes):
            return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "kick", "type": "kick.chat.message.sent",
                    "data": json.loads(chat()), "time": utc(), **attributes}
        deep = []
        for _ in range(99):
            deep = [deep]
        cases = [({"time": ""}, "applied"), ({"time": "noon"}, "applied"), ({"subject": "a\0b"}, "applied"),
                 ({"subject": "s" * 100_000}, "applied"), ({"messageid": 5}, "applied"), ({"factkey": {}}, "applied"),
                 ({"dataversion": None}, "applied"), ({"traceparent": [1, {"a": deep}]}, "applied"),
                 ({"data": deep}, "quarantined"), ({"data": None}, "quarantined"), ({"data": "text"}, "quarantined"),
                 ({"sandbox": "perhaps"}, "quarantined"), ({"sandbox": ""}, "applied")]
        odd = [envelope(**attributes) for attributes, _ in cases]
        missing, base64 = envelope(), envelope(data_base64="!")
        del missing["data"], base64["data"]
        batch = [envelope(), *odd, missing, base64, envelope()]
        status, _, answer = self.hub.events("stage", batch)
        self.assertEqual(status, 200, answer)
        wanted = ["applied", *(status for _, status in cases), "quarantined", "quarantined", "applied"]
        self.assertEqual([result["status"] for result in answer["results"]], wanted)
        reasons = dict(self.hub.rows("stage", "select event_id, reason from quarantined_events"))
        self.assertEqual(reasons[odd[11]["id"]], "sandbox: neither true nor false")
        self.assertEqual(reasons[base64["id"]], "data_base64: not base64")


class Doctor(unittest.TestCase):
    def test_a_filter_that_matches_no_type_seen_is_a_warning(self):
        def findings(hub):
            checks = json.loads(hub.vf("doctor", "--json", check=False).stdout)["checks"]
            return {check["check"]: (check["grade"], check["detail"]) for check in checks}

        filters = {"stage": {"types": ["kick.*"]}, "production": {"types": ["kick.chat.message.send"]}}
        with Hub(extra={"targets": filters}) as hub:
            self.assertEqual(findings(hub)["target production types"][0], "ok", "no event came yet")
            hub.wait_for_event("stage", hub.kick(chat())[2]["event_id"])
            found = findings(hub)
            self.assertEqual(found["target stage types"][0], "ok")
            grade, detail = found["target production types"]
            self.assertEqual(grade, "warning")
            self.assertIn("kick.chat.message.send matches no type of the last seven days", detail)
            self.assertIn("is kick.chat.message.sent meant? (targets.production.types)", detail)


if __name__ == "__main__":
    unittest.main()
