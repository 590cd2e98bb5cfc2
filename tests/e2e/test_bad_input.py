"""Bad input to the public listener, from a stranger, a broken provider or the network: each request gets a clear answer,
nothing of it is stored, and the hub goes on. Bytes are sent by hand; after every test an authentic delivery must still
be accepted."""
import contextlib
import datetime
import resource
import threading
import time
import unittest

from hub import Hub, chat, new_secret, request, sign_standard, utc
from wire import Wire, exchange, post

KICK = "/webhooks/kick"
KIB = 1024


class PublicListener(unittest.TestCase):
    """One hub for all tests; `stored()` counts the events that came into the outbox since the test began."""

    extra = {"ingest": {"max_body": "64KiB"}}
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(extra=cls.extra)
        cls.hub.start(*cls.arguments)

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def setUp(self):
        self.before = self.count()

    def tearDown(self):
        self.assertIsNone(self.hub.process.poll(), "the hub has ended")
        answer = exchange(self.hub, self.signed(chat()))  # in one piece: request_timeout is short in some of the tests
        self.assertEqual(answer and answer[0], 200, "the hub no longer takes an authentic delivery")

    def count(self):
        return self.hub.rows("dm", "select count(*) from ingest_outbox")[0][0]

    def stored(self):
        return self.count() - self.before

    def signed(self, body, **how):
        return post(KICK, body, self.hub.kick_headers(body, **how))

    def assert_refused(self, data, status):
        """`data`: bytes of a request, which must be refused and leave nothing stored."""
        answer = exchange(self.hub, data)
        self.assertIsNotNone(answer, f"closed without an answer: {data[:80]!r}")
        self.assertEqual(answer[0], status, (data[:200], answer))
        self.assertEqual(answer[1]["content-type"], "application/problem+json")
        self.assertEqual(answer[2]["status"], status)
        self.assertEqual(self.stored(), 0)


class Requests(PublicListener):
    def test_bytes_that_are_not_http_are_400_and_closed(self):
        tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        for line in (b"GARBAGE", b"POST /", b"POST  HTTP/1.1", b"POST /a b HTTP/1.1", b"POST /\0 HTTP/1.1", tls,
                     b"POST webhooks HTTP/1.1", b"POST / HTTP/9.9", b"P\xff\xfe / HTTP/1.1", b" POST / HTTP/1.1",
                     b"PRI * HTTP/2.0"):
            with self.subTest(line), Wire(self.hub) as wire:
                wire.send(line + b"\r\nHost: hub\r\nContent-Length: 0\r\n\r\n")
                self.assertEqual(wire.status(), 400)
                self.assertIsNone(wire.answer(), "a connection that is out of step must be closed")

    def test_malformed_headers_are_400(self):
        for field in ("no colon", "Space before : x", ": no name", "Nul: a\0b", "Bare: a\rb", "Na\0me: x", "(x): y",
                      "Content-Length: 0", "Content-Length: -1", "Content-Length: 1e3", "Content-Length: +1",
                      "Content-Length: 99999999999999999999", "Transfer-Encoding: chunked",
                      "Transfer-Encoding: gzip", "Host: second"):
            with self.subTest(field):
                head = f"POST {KICK} HTTP/1.1\r\nHost: hub\r\nContent-Length: 2\r\n{field}\r\n\r\n"
                self.assert_refused(head.encode() + b"{}", 400)
        self.assert_refused(f"POST {KICK} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode(), 400)

    def test_truncated_bodies_are_400(self):
        body = chat()
        headers = self.hub.kick_headers(body)
        for data in (post(KICK, body[:-1], headers, length=len(body)), post(KICK, b"", headers, length=len(body)),
                     chunked(KICK, body, headers)[:-5], chunked(KICK, body, headers)[:-20]):
            with Wire(self.hub) as wire:
                self.assertEqual(wire.send(data).end().status(), 400)
        self.assertEqual(self.stored(), 0)
        self.assert_refused(post(KICK, body[:-1], headers), 401)
        with Wire(self.hub) as wire:  # closed in the middle of it: there is no answer
            wire.send(post(KICK, body[:-1], headers, length=len(body)))
        self.assertEqual(self.stored(), 0)

    def test_chunked_bodies_are_put_together(self):
        body = chat()
        answer = exchange(self.hub, chunked(KICK, body, self.hub.kick_headers(body)))
        self.assertEqual((answer[0], answer[2]["status"]), (200, "accepted"))
        for size in (b"zz", b"-1", b"ffffffffffffffffff"):
            data = chunked(KICK, body, self.hub.kick_headers(body))
            data = data.replace(b"\r\n\r\n3\r\n", b"\r\n\r\n" + size + b"\r\n")
            self.assertIn(exchange(self.hub, data)[0], (400, 413))
        self.assertEqual(self.stored(), 1)

    def test_pipelined_requests_are_answered_in_order(self):
        bodies = [chat(n) for n in range(20)]
        data = [self.signed(body) for body in bodies]
        data[5] = post(KICK, b"forged")
        data[6] = post("/webhooks/unknown", b"{}")
        data[7] = b"GET " + KICK.encode() + b" HTTP/1.1\r\nHost: hub\r\n\r\n"
        with Wire(self.hub) as wire:
            wire.send(b"".join(data))
            answers = [wire.answer() for _ in data]
        wanted = [200] * len(data)
        wanted[5:8] = 401, 404, 405
        self.assertEqual([status for status, _, _ in answers], wanted)
        kept = [bodies[i] for i, status in enumerate(wanted) if status == 200]
        for (status, _, answer), body in zip((a for a in answers if a[0] == 200), kept):
            row, = self.hub.rows("dm", "select body from ingest_outbox where event_id = ?", answer["event_id"])
            self.assertEqual(row[0].encode(), body, "an answer that belongs to another request")

    def test_headers_up_to_16_kib(self):
        body = chat()
        headers = self.hub.kick_headers(body)
        room = 16 * KIB - len(post(KICK, b"", {**headers, "X-Filler": ""}, length=len(body)))
        self.assertEqual(exchange(self.hub, post(KICK, body, {**headers, "X-Filler": "x" * room}))[0], 200)
        self.before = self.count()
        self.assert_refused(post(KICK, body, {**headers, "X-Filler": "x" * (room + 1)}), 431)
        self.assert_refused(b"POST /" + b"a" * 16 * KIB, 431)
        self.assert_refused(post(KICK, body, [*headers.items(), *[("X", "y")] * 130]), 431)

    def test_bodies_up_to_max_body(self):
        whole = b'"' + b"x" * (64 * KIB - 2) + b'"'
        self.assertEqual(exchange(self.hub, self.signed(whole))[0], 200)
        self.before = self.count()
        self.assert_refused(self.signed(whole + b" "), 413)
        self.assert_refused(chunked(KICK, whole + b" ", self.hub.kick_headers(whole + b" ")), 413)

    def test_a_body_that_is_too_large_is_413_at_once(self):
        headers = self.hub.kick_headers(b"")
        for length in (64 * KIB + 1, 1 << 40):
            with Wire(self.hub) as wire:
                wire.send(post(KICK, b"", headers, length=length))
                self.assertEqual(wire.status(), 413)
                self.assertIsNone(wire.answer())
        with Wire(self.hub) as wire:
            wire.send(post(KICK, b"", {**headers, "Expect": "100-continue"}, length=64 * KIB + 1))
            self.assertEqual(wire.status(), 413)
        body = chat()
        with Wire(self.hub) as wire:
            wire.send(post(KICK, b"", {**self.hub.kick_headers(body), "Expect": "100-continue"}, length=len(body)))
            self.assertEqual(wire.status(), 100)
            self.assertEqual(wire.send(body).status(), 200)

    def test_other_paths_and_methods(self):
        for path in ("/webhooks/unknown", "/webhooks/", "/webhooks", "/", "/internal/events", "/admin/v1/events",
                     "/metrics", KICK + "/x", "/webhooks/kick%00"):
            self.assert_refused(post(path, b"{}"), 404)
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"):
            answer = exchange(self.hub, post(KICK, b"", line=f"{method} {KICK} HTTP/1.1"))
            self.assertEqual((answer[0], answer[1]["allow"]), (405, "POST"), method)


class Signatures(PublicListener):
    extra = {"sources": {"orders": {"scheme": "standard-webhooks", "secrets": [new_secret()]},
                         "silent": {"scheme": "github", "secrets": ["s"], "mode": "off"}}}

    def test_every_kick_header_is_required_exactly_once(self):
        body = chat()
        headers = self.hub.kick_headers(body)
        for name in ("Message-Id", "Message-Timestamp", "Type", "Signature"):
            name = "Kick-Event-" + name
            with self.subTest(name):
                self.assert_refused(post(KICK, body, {k: v for k, v in headers.items() if k != name}), 401)
                self.assert_refused(post(KICK, body, [*headers.items(), (name, headers[name])]), 401)
                self.assert_refused(post(KICK, body, [*headers.items(), (name.lower(), "x")]), 401)
                self.assert_refused(post(KICK, body, {**headers, name: ""}), 401)

    def test_wrong_encodings_of_a_kick_signature(self):
        body = chat()
        headers = self.hub.kick_headers(body)
        good = headers["Kick-Event-Signature"]
        for bad in (good[:-4], good[:-1], good + "=", good + "AAAA", "=" + good[1:], good[:40] + " " + good[41:],
                    good[:40] + "\xff" + good[41:], good[:10] + "-_" + good[12:], "AAAA", "%" * len(good),
                    good.encode().hex(), "A" * 8000, good + ", " + good):
            self.assert_refused(post(KICK, body, {**headers, "Kick-Event-Signature": bad}), 401)

    def test_wrong_encodings_of_a_sumsub_digest(self):
        body = b'{"type":"applicantReviewed"}'
        headers = self.hub.sumsub_headers(body)
        good = headers["X-Payload-Digest"]
        for bad in (good[:-1], good[:-2], good + "00", "zz" + good[2:], "0x" + good, good[:10] + " " + good[11:], "",
                    "\xff" * 64):
            self.assert_refused(post("/webhooks/sumsub", body, {**headers, "X-Payload-Digest": bad}), 401)
        for algorithm in ("HMAC_MD5_HEX", "HMAC_SHA512_HEX", "hmac_sha256_hex", "none", ""):
            self.assert_refused(post("/webhooks/sumsub", body, {**headers, "X-Payload-Digest-Alg": algorithm}), 401)
        for name in headers:
            self.assert_refused(post("/webhooks/sumsub", body, [*headers.items(), (name, headers[name])]), 401)
            self.assert_refused(post("/webhooks/sumsub", body, {k: v for k, v in headers.items() if k != name}), 401)
        self.assertEqual(self.hub.sumsub(body)[0], 200)

    def test_a_signature_of_something_else_is_refused(self):
        body = chat()
        headers = self.hub.kick_headers(body)
        self.assert_refused(post(KICK, body + b" ", headers), 401)
        self.assert_refused(post(KICK, b"", headers), 401)
        for message_id in ("01JVWMSYEHQFCS2YK1GJ5KX7A1", headers["Kick-Event-Message-Id"] + "."):
            self.assert_refused(post(KICK, body, {**headers, "Kick-Event-Message-Id": message_id}), 401)
        self.assert_refused(post("/webhooks/sumsub", body, headers), 401)

    def test_clock_skew(self):
        at = lambda **delta: time.time() + datetime.timedelta(**delta).total_seconds()
        for sent in (at(days=-29, minutes=-1), at(minutes=6), at(days=3650), at(days=-3650)):
            self.assert_refused(self.signed(chat(), timestamp=utc(sent)), 401)
        for odd in ("yesterday", "0", "-1", "2025-02-30T00:00:00Z"):  # then the time inside the id counts, signed too
            self.assertEqual(self.hub.kick(chat(), timestamp=odd)[0], 200, odd)
        for sent in (at(days=-28, hours=-23), at(minutes=4)):
            self.assertEqual(self.hub.kick(chat(), timestamp=utc(sent))[0], 200)

    def test_clock_skew_of_a_configured_source(self):
        secret, body = self.hub.config["sources"]["orders"]["secrets"][0], b'{"type":"order.paid"}'
        send = lambda offset_s: post("/webhooks/orders", body, sign_standard(secret, body, "m", time.time() + offset_s))
        for offset_s in (-400, 400, -1e9, 1e12):
            self.assert_refused(send(offset_s), 401)
        for offset_s in (-200, 200):
            self.assertEqual(exchange(self.hub, send(offset_s))[0], 200)

    def test_a_source_that_is_off_is_404(self):
        self.assert_refused(post("/webhooks/silent", b"{}"), 404)

    def test_verified_content_is_kept_whatever_it_is(self):
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b"\0", b'{"content":"\0"}', b'{"content":"\\u0000"}',
                     b"\xff\xfe", b"\xed\xa0\x80", b""):
            status, _, answer = self.hub.kick(body)
            self.assertEqual(status, 200)
            sql = "select cast(body as blob) from ingest_outbox where event_id = ?"
            self.assertEqual(self.hub.rows("dm", sql, answer["event_id"]), [(body,)])
            for environment in ("stage", "production"):
                self.hub.wait_for_event(environment, answer["event_id"])
            self.assertEqual(self.hub.admin("events/" + answer["event_id"])[0], 200)

    def test_a_flood_of_forgeries_does_not_starve_authentic_deliveries(self):
        body = chat()
        headers = self.hub.kick_headers(body)
        forgeries = [post(KICK, b"forged", headers), post(KICK, body, {**headers, "Kick-Event-Signature": "A" * 344}),
                     post(KICK, body), post(KICK, body, {**headers, "Kick-Event-Message-Id": "1"})]
        done, refused = threading.Event(), [0] * 4

        def flood(number):
            with contextlib.suppress(OSError), Wire(self.hub) as wire:
                while not done.is_set():
                    wire.send(forgeries[number] * 50)
                    refused[number] += sum(wire.status() == 401 for _ in range(50))

        threads = [threading.Thread(target=flood, args=(number,)) for number in range(len(forgeries))]
        for thread in threads:
            thread.start()
        try:
            statuses = [self.hub.kick(chat(n))[0] for n in range(50)]
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(statuses, [200] * 50)
        self.assertEqual(self.stored(), 50)
        for number, count in enumerate(refused):
            self.assertGreater(count, 0, number)
            self.assertEqual(count % 50, 0, "a forgery was answered otherwise")


class SlowSenders(PublicListener):
    arguments = ("--set", "ingest.request_timeout=1s")

    def test_slow_senders_are_answered_408_and_closed(self):
        body = chat()
        whole = self.signed(body)
        cuts = {"a request line": 10, "headers": whole.index(b"\r\n\r\n") - 5, "all but a byte": len(whole) - 1}
        for what, cut in cuts.items():
            with self.subTest(what), Wire(self.hub) as wire:
                wire.send(whole[:cut])
                self.assertEqual(wire.status(), 408)
                self.assertIsNone(wire.answer())
        self.assertEqual(self.stored(), 0)

    def test_a_trickle_of_bytes_does_not_extend_the_timeout(self):
        whole = self.signed(chat())
        with Wire(self.hub) as wire:
            wire.socket.settimeout(0.05)
            data = b""
            for byte in whole[:400]:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    wire.send(bytes([byte]))
                with contextlib.suppress(TimeoutError):
                    data = wire.socket.recv(4096)
                    break
        self.assertIn(b" 408 ", data.split(b"\r\n")[0])
        self.assertEqual(self.stored(), 0)


class IdleConnections(PublicListener):
    arguments = ("--set", "ingest.idle_timeout=1s")

    def test_a_connection_without_requests_is_closed(self):
        with Wire(self.hub) as used, Wire(self.hub) as unused:
            self.assertEqual(used.send(self.signed(chat())).status(), 200)
            self.assertIsNone(used.answer())
            self.assertIsNone(unused.answer())
        self.assertEqual(self.stored(), 1)


class Connections(PublicListener):
    extra = {"ingest": {"connections": 1100}}

    @classmethod
    def setUpClass(cls):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, most), most))  # as shells start programs
        try:
            super().setUpClass()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def test_a_thousand_idle_connections(self):
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(Wire(self.hub)) for _ in range(1000)]
            for number in range(20):
                self.assertEqual(self.hub.kick(chat(number))[0], 200)
            for wire in idle[::100]:  # they have not been forgotten
                self.assertEqual(wire.send(self.signed(chat())).status(), 200)
        self.assertEqual(self.stored(), 30)

    def test_a_connection_too_many_gets_503(self):
        with Hub(extra={"ingest": {"connections": 5}}) as hub, contextlib.ExitStack() as stack:
            held = [stack.enter_context(Wire(hub)) for _ in range(5)]
            for wire in held:
                self.assertEqual(wire.send(post("/webhooks/unknown")).status(), 404)
            begun = post("/webhooks/unknown", b"ab")
            for wire in held[1:]:
                wire.send(begun[:-1])
            one_more = stack.enter_context(Wire(hub))
            self.assertEqual(one_more.send(post("/webhooks/unknown")).status(), 404)
            self.assertIsNone(held[0].answer(), "the one between requests made room")
            one_more.send(begun[:-1])
            status, headers, _ = exchange(hub, post(KICK))
            self.assertEqual(status, 503, "all connections are in a request")
            self.assertIn("retry-after", headers)
            for wire in [*held[1:], one_more]:
                self.assertEqual(wire.send(begun[-1:]).status(), 404)
            self.assertEqual(request(hub.url("admin", "/healthz"))[0], 200)


class Edges(PublicListener):
    """Requests that are odd and allowed, beside those that only look so."""

    secret = new_secret()
    extra = {"sources": {"orders": {"scheme": "standard-webhooks", "secrets": [secret]}}}

    def test_a_target_in_absolute_form_gives_its_path(self):
        for n, start in enumerate(("http://hub", "HTTP://hub:1", "hTTps://any.example")):
            body = chat(n)
            data = post(KICK, body, self.hub.kick_headers(body), line=f"POST {start}{KICK} HTTP/1.1")
            self.assertEqual(exchange(self.hub, data)[0], 200, start)
        self.assertEqual(self.stored(), 3)
        body = chat(9)
        for start in (f"http://hub?x={KICK}", f"http://hub#{KICK}", "http://hub"):
            data = post(KICK, body, self.hub.kick_headers(body), line=f"POST {start} HTTP/1.1")
            self.assertEqual(exchange(self.hub, data)[0], 404, start)
        self.assertEqual(self.stored(), 3)

    def test_bytes_above_ascii_in_a_target_are_refused(self):
        for target in ("/webhooks/kick\xff", "/webhooks/kick?\xe9", "http://h\xfcb/webhooks/kick"):
            self.assert_refused(post(KICK, b"{}", line=f"POST {target} HTTP/1.1"), 400)

    def test_a_chunks_line_is_bounded_however_it_arrives(self):
        body = chat()
        data = chunked(KICK, body, self.hub.kick_headers(body))
        longer = data.replace(b"\r\n\r\n3\r\n", b"\r\n\r\n3;" + b"x" * 5000 + b"\r\n")
        self.assert_refused(longer, 400)
        with Wire(self.hub) as wire:
            for piece in (longer[i:i + 1000] for i in range(0, len(longer), 1000)):
                with contextlib.suppress(OSError):  # it may have been refused already
                    wire.send(piece)
            self.assertEqual(wire.answer()[0], 400)
        shorter = data.replace(b"\r\n\r\n3\r\n", b"\r\n\r\n3;" + b"x" * 4000 + b"\r\n")
        self.assertEqual(exchange(self.hub, shorter)[0], 200)

    def test_an_empty_message_id_is_none(self):
        for message_id, status in (("", 401), ("m-1", 200)):
            body = b'{"type":"t"}'
            data = post("/webhooks/orders", body, sign_standard(self.secret, body, message_id))
            self.assertEqual(exchange(self.hub, data)[0], status, message_id)
        self.assertEqual(self.stored(), 1)


def chunked(path, body, headers):
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n{fields}\r\n".encode()
    return head + b"3\r\n" + body[:3] + b"\r\n" + f"{len(body) - 3:x}\r\n".encode() + body[3:] + b"\r\n0\r\n\r\n"


if __name__ == "__main__":
    unittest.main()
