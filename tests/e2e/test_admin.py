"""The admin listener: rights, search, audit, health; its answers match its description."""
import json
import re
import unittest

from hub import Hub, chat, parsed, request, wait_until

READ_TOKEN = "may-only-look"


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(extra={"admin": {"read_token": READ_TOKEN}}).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def ask(self, path, method="GET", token=READ_TOKEN, body=None):
        headers = {"Authorization": "Bearer " + token} if token else {}
        return parsed(request(self.hub.url("admin", path), method, body, headers))

    def test_reading_and_operating_are_separate_rights(self):
        event_id = self.hub.kick(chat())[2]["event_id"]
        looks = ["overview", "sources", "targets", "events", "events/" + event_id, "dead", "audit"]
        operations = [("POST", "targets/stage/pause"), ("POST", "targets/stage/resume"), ("PUT", "targets/stage/mode"),
                      ("POST", f"dead/stage/{event_id}/retry"), ("DELETE", f"dead/stage/{event_id}")]
        for path in looks:
            for token, status in ((None, 401), ("wrong", 401), (READ_TOKEN, 200), (self.hub.admin_token, 200)):
                self.assertEqual(self.ask("/admin/v1/" + path, token=token)[0], status, (path, token))
        for method, path in operations:
            for token, status in ((None, 401), ("wrong", 401), (READ_TOKEN, 403)):
                answer = self.ask("/admin/v1/" + path, method, token, b'{"mode":"paused"}')
                self.assertEqual(answer[0], status, (path, token))
                self.assertEqual(answer[2]["status"], status)
        self.assertIn("WWW-Authenticate", self.ask("/admin/v1/targets", token=None)[1])
        targets = self.ask("/admin/v1/targets")[2]["targets"]
        self.assertEqual({target["mode"] for target in targets}, {"live"}, "a call without the right took effect")

    def test_a_repeated_or_malformed_authorization_is_401(self):
        token = self.hub.admin_token
        for value in (token, "Basic " + token, "Bearer", "Bearer  ", "Bearer " + token + "x", "Bearer " + token[:-1]):
            status = request(self.hub.url("admin", "/admin/v1/targets"), headers={"Authorization": value})[0]
            self.assertEqual(status, 401, value)

    def test_health_needs_no_token(self):
        for path in ("/healthz", "/readyz", "/metrics", "/", "/admin/v1/openapi.json"):
            self.assertEqual(self.ask(path, token=None)[0], 200, path)
        ready = self.ask("/readyz", token=None)[2]
        self.assertEqual(ready["status"], "ready")
        self.assertTrue({"store", "environment stage", "environment production"} <= set(ready["checks"]))

    def test_metrics_count_by_outcome(self):
        def value(line):
            text = self.ask("/metrics", token=None)[2].decode()
            return next((float(row.rsplit(" ", 1)[1]) for row in text.splitlines() if row.startswith(line)), 0)

        outcome = lambda name: f'vf_intake_requests_total{{source="kick",outcome="{name}"}}'
        before = {name: value(outcome(name)) for name in ("accepted", "duplicate", "refused")}
        body = chat(77)
        for _ in range(2):
            event_id = self.hub.kick(body, message_id="01JVWMSYEHQFCS2YK1GJ5KX7A1")[2]["event_id"]
        request(self.hub.url("ingest", "/webhooks/kick"), "POST", body)
        for name, count in before.items():
            self.assertEqual(value(outcome(name)), count + 1, name)
        self.hub.wait_for_event("stage", event_id)
        for clock in ("vf_provider_lag_seconds", "vf_commit_seconds", "vf_projection_lag_seconds", "vf_intake_request_seconds",
                      "vf_end_to_end_lag_seconds"):
            wait_until(clock, lambda: f"{clock}_count" in self.ask("/metrics", token=None)[2].decode())

    def test_answers_match_the_description(self):
        described = self.ask("/admin/v1/openapi.json", token=None)[2]
        for path, operations in described["paths"].items():
            path = re.sub("{[a-z]+}", "x", path)
            for method in ("get", "post", "put", "delete"):
                there = method in operations
                wanted = 405 if not there else 401 if operations[method]["security"] else 200
                self.assertEqual(self.ask(path, method.upper(), None)[0], wanted, (method, path))

    def test_wrong_requests_are_answered_with_problems(self):
        for path, status in (("events/42", 400), ("events/00000000-0000-8000-8000-000000000000", 404), ("nothing", 404),
                             ("events?limit=0", 400), ("events?limit=1001", 400), ("events?limit=x", 400),
                             ("events?from=yesterday", 400), ("events?after=x", 400), ("dead?after=x", 400),
                             ("dead?after=stage", 400)):
            answer = self.ask("/admin/v1/" + path)
            self.assertEqual((answer[0], answer[2]["status"]), (status, status), path)
            self.assertEqual(answer[1]["Content-Type"], "application/problem+json")
        token = self.hub.admin_token
        for method, path, status in (("POST", "targets", 405), ("POST", "targets/unknown/pause", 404),
                                     ("POST", "dead/stage/42/retry", 400), ("DELETE", "dead/stage/42", 400)):
            self.assertEqual(self.ask("/admin/v1/" + path, method, token)[0], status, (method, path))
        for body in (b"", b"[", b"{}", b'"paused"', b'{"mode":7}', b'{"mode":"detached"}', b'{"mode":"sideways"}'):
            self.assertEqual(self.ask("/admin/v1/targets/stage/mode", "PUT", token, body)[0], 400, body)

    def test_events_are_searched_and_paged(self):
        ids = [self.hub.kick(chat(n, channel=4711))[2]["event_id"] for n in range(7)]
        search = "/admin/v1/events?subject=channel/4711&source=kick&type=kick.chat.*&limit=3"
        found, after = [], ""
        while after is not None:
            page = self.ask(search + (f"&after={after}" if after else ""))[2]
            found += [event["id"] for event in page["events"]]
            after = page["next"]
        self.assertEqual(found, ids[::-1])
        self.assertEqual(self.ask("/admin/v1/events?subject=channel/471")[2]["events"], [])
        self.assertEqual(self.ask("/admin/v1/events?subject=channel/4711&type=kick.channel.*")[2]["events"], [])
        self.assertEqual(self.ask("/admin/v1/events?subject=channel/4711&from=2100-01-01T00:00:00Z")[2]["events"], [])

    def test_operators_calls_are_in_the_audit(self):
        for action in ("pause", "resume"):
            self.assertEqual(self.ask(f"/admin/v1/targets/production/{action}", "POST", self.hub.admin_token)[0], 200)
        self.ask("/admin/v1/targets/unknown/pause", "POST", self.hub.admin_token)
        prefix = "POST /admin/v1/targets/"
        wanted = {prefix + "production/pause": True, prefix + "production/resume": True, prefix + "unknown/pause": False}
        audit = lambda: self.ask("/admin/v1/audit?limit=3")[2]["audit"]
        wait_until("the three are in the audit",
                   lambda: {row["action"]: row["detail"] == "done" for row in audit()} == wanted)
        self.assertNotIn(self.hub.admin_token, json.dumps(audit()))


if __name__ == "__main__":
    unittest.main()
