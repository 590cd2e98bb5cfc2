"""The admin listener: rights, search, audit, health; its answers match its description."""
import json
import re
import unittest

from hub import Hub, chat, parsed, request, wait_until

READ_TOKEN = "may-only-look"
TOKENS = {"robot": {"token": "the-robot", "may": ["operate"]}, "auditor": {"token": "the-auditor", "may": ["read", "reveal"]}}


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(extra={"admin": {"read_token": READ_TOKEN, "tokens": TOKENS}}).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def ask(self, path, method="GET", token=READ_TOKEN, body=None, **headers):
        if token:
            headers["Authorization"] = "Bearer " + token
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
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

    def test_every_operation_of_the_description_refuses_a_token_that_may_only_read(self):
        described = self.ask("/admin/v1/openapi.json", token=None)[2]["paths"]
        operations = [(method, re.sub("{[a-z]+}", "stage", path)) for path, methods in described.items()
                      for method, operation in methods.items() if operation["security"] == [{"bearer": ["operate"]}]]
        self.assertGreaterEqual(len(operations), 7)
        for method, path in operations:
            status, headers, problem = self.ask(path, method.upper(), READ_TOKEN, b'{"mode":"paused"}')
            self.assertEqual(status, 403, (method, path))
            self.assertEqual(problem["detail"], "this call needs the right to operate; the token reader may read")
            self.assertIn('scope="operate"', headers["WWW-Authenticate"])
        self.assertEqual(self.ask("/admin/v1/targets/stage/mode")[2], {"mode": "live"})

    def test_a_token_may_what_its_row_says_and_nothing_else(self):
        reads, operates = "/admin/v1/targets", "/admin/v1/targets/production/resume"
        for token, read, operate in (("the-robot", 403, 200), ("the-auditor", 200, 403)):
            self.assertEqual(self.ask(reads, token=token)[0], read, token)
            self.assertEqual(self.ask(operates, "POST", token)[0], operate, token)
        newest = lambda: [(row["actor"], row["action"], row["detail"]) for row in self.ask("/admin/v1/audit?limit=2")[2]["audit"]]
        wanted = [("token auditor from 127.0.0.1", "POST " + operates,
                   "refused: this call needs the right to operate; the token auditor may read, reveal"),
                  ("token robot from 127.0.0.1", "POST " + operates, "done")]
        wait_until("the audit names the tokens, also of the refused call", lambda: newest() == wanted)

    def test_a_mode_is_changed_only_if_it_is_the_one_that_was_read(self):
        path, token = "/admin/v1/targets/stage/mode", self.hub.admin_token
        seen = self.ask(path)
        self.assertEqual(seen[2], {"mode": "live"})
        order = lambda mode, etag: self.ask(path, "PUT", token, json.dumps({"mode": mode}).encode(), If_Match=etag)
        self.assertEqual(order("paused", seen[1]["ETag"])[0], 200)
        status, headers, problem = order("dry-run", seen[1]["ETag"])
        self.assertEqual((status, problem["status"], problem["current"]), (412, 412, {"mode": "paused"}))
        self.assertEqual(self.ask(path)[2], {"mode": "paused"})
        self.assertEqual(order("live", headers["ETag"])[0], 200)
        self.assertEqual(self.ask(path)[1]["ETag"], seen[1]["ETag"])
        resume = lambda etag: self.ask("/admin/v1/targets/stage/resume", "POST", token, If_Match=etag)[0]
        self.assertEqual((resume(headers["ETag"]), resume("*")), (412, 200))
        self.assertEqual(self.ask("/admin/v1/lake/proof", "POST", token, If_Match="*")[0], 400)

    def test_a_read_is_not_sent_again_while_it_has_not_changed(self):
        path = "/admin/v1/events?subject=channel/4712"
        first = self.ask(path)
        self.assertEqual(first[1]["Cache-Control"], "private, no-cache")
        again = self.ask(path, If_None_Match=first[1]["ETag"])
        self.assertEqual((again[0], again[1]["ETag"], again[2]), (304, first[1]["ETag"], b""))
        self.hub.kick(chat(1, channel=4712))
        changed = self.ask(path, If_None_Match=first[1]["ETag"])
        self.assertEqual((changed[0], len(changed[2]["events"])), (200, 1))

    def test_the_audit_is_read_page_by_page(self):
        for _ in range(5):
            self.ask("/admin/v1/targets/production/resume", "POST", "the-robot")
        whole = lambda: self.ask("/admin/v1/audit?limit=1000")[2]
        wait_until("all calls are in the audit", lambda: len(whole()["audit"]) >= 5)

        def pages():
            entries, after = [], ""
            while after is not None:
                page = self.ask("/admin/v1/audit?limit=2" + (f"&after={after}" if after else ""))[2]
                self.assertLessEqual(len(page["audit"]), 2)
                entries, after = entries + page["audit"], page["next"]
            return entries

        # A call's entry may come after its answer: those of other tests are still coming.
        wait_until("the pages are the whole", lambda: pages() == whole()["audit"])

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
                             ("dead?after=stage", 400), ("dead?waiting=yes", 400), ("audit?after=x", 400),
                             ("targets/unknown/mode", 404)):
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
        self.assertEqual({row["actor"] for row in audit()}, {"token admin from 127.0.0.1"})
        self.assertNotIn(self.hub.admin_token, json.dumps(audit()))


class OtherRoles(unittest.TestCase):
    def test_a_role_without_a_hub_describes_what_it_serves(self):
        with Hub() as hub:
            hub.stop()
            for role in ("api", "worker"):
                hub.process = hub.spawn(role, "--env", "stage")
                wait_until(f"{role} is ready", hub.ready)
                paths = parsed(request(hub.url("admin", "/admin/v1/openapi.json")))[2]["paths"]
                self.assertIn("/admin/v1/openapi.json", paths)
                self.assertNotIn("/admin/v1/targets", paths)
                self.assertEqual(hub.admin("targets")[0], 404)
                self.assertEqual(hub.admin("config")[2]["needs_restart"], [])
                self.assertEqual(hub.stop(), 0)


if __name__ == "__main__":
    unittest.main()
