"""Answers that are longer than the hub reads, that do not end, or that break off: the status decides. And the same for
the commands that read answers of the hub."""
import contextlib
import json
import socket
import sqlite3
import threading
import unittest
import uuid

from hub import Hub, chat, new_secret, ulid, wait_until

MIB = 1 << 20


class RawReceiver:
    """A receiver that answers with bytes of the test's own. `answer(send, events)` sends them; then the connection is
    reset if it returns False, kept open if it returns True. `deliveries`: the events of each request, in order."""

    def __init__(self, answer):
        self.answer, self.deliveries, self.open = answer, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.open:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                self.open.append(peer)
                threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with contextlib.suppress(OSError), peer:
            reading = peer.makefile("rb")
            while reading.readline():
                length = 0
                for line in iter(reading.readline, b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                body = json.loads(reading.read(length))
                events = body if isinstance(body, list) else [body]
                self.deliveries.append([event["id"] for event in events])
                if not self.answer(peer.sendall, events):
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    return

    def received(self):
        return [event_id for events in list(self.deliveries) for event_id in events]


def accepted(hub, body):
    """Sends a delivery, again as long as it gets 503 as on a busy machine; returns the event's id."""
    message_id = ulid()
    return wait_until("the delivery is accepted", lambda: hub.kick(body, message_id=message_id)[2].get("event_id"))


def head(status, *fields):
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode()


def too_long(send, _):
    send(head("200 OK", f"Content-Length: {2 * MIB}") + b"x" * (2 * MIB))
    return True


def endless(send, _):
    send(head("202 Accepted", "Transfer-Encoding: chunked"))
    while True:
        send(b"4\r\nxxxx\r\n" * 1000)


def reset(send, _):
    send(head("200 OK", "Content-Length: 9") + b"abc")
    return False


def stalled(send, _):
    send(head("200 OK", "Content-Length: 9") + b"abc")
    return True


def long_headers(send, _):
    send(head("200 OK", "Content-Length: 0", *["X-Filling: " + "x" * 1000] * 200))
    return True


def malformed_header(send, _):
    send(b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n")
    return True


class Receivers(unittest.TestCase):
    def deliver_once(self, answer, delivery, count=5):
        with RawReceiver(answer) as receiver:
            target = {"url": receiver.url + "/hook", "secret": new_secret(), "start": "earliest", "delivery": delivery,
                      "timeout": "5m", "retry": {"first": "20ms", "longest": "100ms"}}
            with Hub(extra={"targets": {"foreign": target}}) as hub:
                ids = [accepted(hub, chat(n)) for n in range(count)]
                row = lambda: next(t for t in json.loads(hub.vf("targets", "list", "--json").stdout)["targets"]
                                   if t["name"] == "foreign")
                wait_until("every event counts as delivered, and the cursor has passed it",
                           lambda: (row()["delivered"], row()["backlog"]) == (count, 0))
                self.assertEqual(sorted(receiver.received()), sorted(ids), "an event was sent again")
                self.assertEqual(row()["failed_requests"], 0)
                self.assertEqual(json.loads(hub.vf("dead", "list", "--json").stdout), {"dead": [], "next": None})

    def test_a_success_is_delivered_once_whatever_follows_it(self):
        for answer in (too_long, endless, reset, long_headers, malformed_header):
            for delivery in ("batch", "single"):
                with self.subTest(answer=answer.__name__, delivery=delivery):
                    self.deliver_once(answer, delivery)

    def test_a_body_that_stalls_does_not_hold_its_place_until_the_timeout(self):
        for delivery in ("batch", "single"):  # the target's timeout is five minutes, more than the test may take
            with self.subTest(delivery=delivery):
                self.deliver_once(stalled, delivery, count=2)

    def test_results_of_our_own_receiver_that_are_cut_are_a_failure(self):
        def answer(send, events):
            body = json.dumps({"results": [{"id": event["id"], "status": "applied"} for event in events]}).encode()
            cut = len(receiver.deliveries) == 1
            send(head("200 OK", f"Content-Length: {len(body) + (1 if cut else 0)}") + body)
            return not cut

        with RawReceiver(answer) as receiver:
            target = {"url": receiver.url + "/internal/events", "secret": new_secret(), "start": "earliest",
                      "retry": {"first": "20ms", "longest": "100ms"}}
            with Hub(extra={"targets": {"own": target}}) as hub:
                event_id = accepted(hub, chat())
                wait_until("it is sent again", lambda: receiver.received() == [event_id] * 2)
                row = lambda: next(t for t in json.loads(hub.vf("targets", "list", "--json").stdout)["targets"]
                                   if t["name"] == "own")
                wait_until("it is delivered", lambda: row()["delivered"] == 1)
                self.assertEqual(row()["failed_requests"], 1)
                self.assertIn("incomplete results", row()["last_error"])


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None, None, None)

    def test_an_event_of_the_longest_body_is_shown(self):
        text = json.loads(chat())
        long_text = json.dumps({**text, "content": "x" * (MIB - 2000)}).encode()
        for body, part in ((b"\xff" * (MIB * 8 // 10), "base64: ////"), (b"\xff" * MIB, "base64: ////"),
                           (long_text, "x" * (MIB - 2000)), (b"[" + b"1e14," * 200_000 + b"0]", "100000000000000.0")):
            with self.subTest(size=len(body), part=part[:10]):
                event_id = accepted(self.hub, body)
                self.assertIn(part, self.hub.vf("events", "show", event_id).stdout)
                self.assertEqual(json.loads(self.hub.vf("events", "show", event_id, "--json").stdout)["event"]["id"],
                                 event_id)

    def test_a_long_list_of_dead_letters_is_listed_whole(self):
        """Their rows are put into the database by the test: making dead letters takes a receiver hours."""
        rows = [(str(uuid.uuid4()), target, position, "dead", 20, "2026-01-01T00:00:00.000Z", "HTTP 422 " + "r" * 300)
                for target in ("stage", "production") for position in range(1, 2502)]
        with contextlib.closing(sqlite3.connect(self.hub.data / "dm.db", timeout=30)) as db, db:
            db.executemany("insert into ingest_outbox_delivery (event_id, target, position, state, attempts, "
                           "next_attempt_at, reason) values (?, ?, ?, ?, ?, ?, ?)", rows)
        listed = json.loads(self.hub.vf("dead", "list", "--json").stdout)
        self.assertIsNone(listed["next"])
        self.assertEqual({row["event_id"] for row in listed["dead"]}, {row[0] for row in rows})
        self.assertEqual(len(listed["dead"]), len(rows))
        self.assertEqual(len(self.hub.vf("dead", "list", "--target", "stage").stdout.splitlines()), 1 + 2501)

        page = self.hub.admin("dead?limit=2&target=stage")[2]
        self.assertEqual([row["event_id"] for row in page["dead"]], [rows[0][0], rows[1][0]])
        page = self.hub.admin("dead?limit=2&target=stage&after=" + page["next"])[2]
        self.assertEqual([row["event_id"] for row in page["dead"]], [rows[2][0], rows[3][0]])

    def test_pages_of_events_are_followed_by_hand(self):
        for n in range(3):
            accepted(self.hub, chat(n, channel=815))
        listing = ("events", "list", "--subject", "channel/815", "--limit", "2", "--json")
        first = json.loads(self.hub.vf(*listing).stdout)
        second = json.loads(self.hub.vf(*listing, "--after", first["next"]).stdout)
        self.assertEqual([len(first["events"]), len(second["events"])], [2, 1])
        self.assertIsNone(second["next"])
        self.assertLess(second["events"][0]["sequence"], first["events"][1]["sequence"])


if __name__ == "__main__":
    unittest.main()
