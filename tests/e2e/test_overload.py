"""More load than the hub can take, of every kind: memory stays below a bound and is given back, the process lives, and an
authentic delivery meanwhile is accepted (perhaps after 503 and another attempt)."""
import contextlib
import resource
import selectors
import socket
import threading
import time
import unittest

from hub import Hub, chat, request, wait_until
from test_store_failures import locked
from wire import post

KICK = "/webhooks/kick"
MIB_KB = 1024
HIGH_WATER_MIB = 64
AFTERWARDS_MIB = 32
STALLED = 3500  # of 4,096 connections
FLOODERS = 400


def memory_mib(hub, field):
    with open(f"/proc/{hub.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / MIB_KB for line in status if line.startswith(field + ":"))


class Flood:
    """A thread that sends one request on each of many connections, again as soon as it is answered, and counts the
    statuses. Connections that the hub closes are opened again. Use as a context manager."""

    def __init__(self, hub, data, connections):
        self.address, self.data = ("127.0.0.1", hub.ports["ingest"]), data
        self.connections, self.statuses, self.done = connections, {}, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def count(self, status):
        return self.statuses.get(status, 0)

    def run(self):
        with selectors.DefaultSelector() as self.selector:
            for number in range(self.connections):
                self.open(number)
            while not self.done.is_set():
                for key, _ in self.selector.select(timeout=0.1):
                    self.step(key.fileobj, key.data)
            for key in list(self.selector.get_map().values()):
                key.fileobj.close()

    def open(self, number):
        with contextlib.suppress(OSError):
            peer = socket.create_connection(self.address)
            peer.setblocking(False)
            self.selector.register(peer, selectors.EVENT_READ, number)
            peer.send(self.data[number % len(self.data)])

    def step(self, peer, number):
        answer = b""
        with contextlib.suppress(OSError):
            answer = peer.recv(4096)
        if answer:
            status = int(answer.split(maxsplit=2)[1])
            self.statuses[status] = self.statuses.get(status, 0) + 1
        with contextlib.suppress(OSError):
            if answer and b"Connection: close" not in answer:
                peer.send(self.data[number % len(self.data)])
                return
        self.selector.unregister(peer)
        peer.close()
        self.open(number)


class FewFiles(unittest.TestCase):
    """A hub that may have fewer files open than it may have connections."""
    FILES = 400

    def test_clients_that_only_connect_stop_nothing(self):
        hub = Hub()
        self.addCleanup(hub.__exit__)
        hub.config.update(targets={}, environments={})
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (self.FILES, self.FILES))
        hub.process = hub.spawn("ingest", preexec_fn=limit)
        wait_until("the hub is ready", hub.ready)
        self.assertIn("few connections", hub.log.read_text())
        for _ in range(self.FILES + 100):
            peer = socket.create_connection(("127.0.0.1", hub.ports["ingest"]))
            self.addCleanup(peer.close)
        body = chat(1)
        self.assertEqual(request(hub.url("ingest", KICK), "POST", body, hub.kick_headers(body))[0], 200)
        for path in ("/healthz", "/readyz"):
            self.assertEqual(request(hub.url("admin", path))[0], 200, path)


class Overload(unittest.TestCase):
    def setUp(self):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        if before[1] < 6000:
            self.skipTest("the system allows too few open files")
        self.hub = Hub()
        self.hub.config.update(targets={}, environments={})
        self.addCleanup(self.hub.__exit__)
        self.hub.process = self.hub.spawn("ingest")
        wait_until("the hub is ready", self.hub.ready)

    def stall(self, count, data):
        """Connections that send `data` and no more. Some are refused; they stay open on this side."""
        peers = []
        for _ in range(count):
            peer = socket.create_connection(("127.0.0.1", self.hub.ports["ingest"]))
            self.addCleanup(peer.close)
            peer.setblocking(False)
            with contextlib.suppress(OSError):
                peer.send(data)
            peers.append(peer)
        return peers

    def delivered(self, body):
        """One authentic delivery, sent again while it is answered 503, as providers do."""
        headers = self.hub.kick_headers(body)

        def accepted():
            with contextlib.suppress(OSError):
                status, _, _ = request(self.hub.url("ingest", KICK), "POST", body, headers)
                self.assertIn(status, (200, 503))
                return status == 200
            return False

        wait_until("the delivery is accepted", accepted)

    def check_and_let_go(self, peers):
        self.assertIsNone(self.hub.process.poll(), "the hub has ended")
        self.assertEqual(request(self.hub.url("admin", "/healthz"))[0], 200)
        self.assertLess(memory_mib(self.hub, "VmHWM"), HIGH_WATER_MIB)
        for peer in peers:
            peer.close()
        wait_until("memory is given back", lambda: memory_mib(self.hub, "VmRSS") < AFTERWARDS_MIB)
        self.delivered(chat(2))

    def test_stalled_uploads_and_unsigned_requests(self):
        promise = lambda sent: post(KICK, b"x" * sent, {"X-Filler": "f" * 500}, length=1 << 20)
        peers = []
        for sent in (0, 2_000, 60_000, 200_000):
            peers += self.stall(STALLED // 5, promise(sent))
        peers += self.stall(STALLED // 5, b"POST /" + b"a" * 16_000)  # headers that stall
        with Flood(self.hub, [post(KICK, chat(), {"Kick-Event-Signature": "AAAA"})], FLOODERS) as unsigned:
            self.delivered(chat(1))
            wait_until("many have been refused", lambda: unsigned.count(401) > 5_000)
            self.delivered(chat(3))
        self.assertLessEqual(set(unsigned.statuses), {401, 503})
        self.check_and_let_go(peers)

    def test_more_requests_than_the_queue_holds(self):
        bodies = [chat(n, content="x" * 400) for n in range(64)] + [chat(n, content="x" * 40_000) for n in range(16)]
        data = [post(KICK, body, self.hub.kick_headers(body)) for body in bodies]
        with Flood(self.hub, data, 4 * FLOODERS) as flood:
            with locked(self.hub, "dm"):
                wait_until("webhooks get 503", lambda: flood.count(503) > 2 * FLOODERS)
            self.delivered(chat(1))
            wait_until("deliveries are accepted again", lambda: flood.count(200) > FLOODERS)
        self.assertLessEqual(set(flood.statuses), {200, 503})
        self.check_and_let_go([])

    def test_idle_peers_on_all_connections_do_not_keep_a_new_one_out(self):
        peers = self.stall(4096, b"")
        self.delivered(chat(1))
        with Flood(self.hub, [post("/webhooks/unknown")], FLOODERS) as flood:
            wait_until("all are served", lambda: flood.count(404) > 2 * FLOODERS)
        self.assertEqual(set(flood.statuses), {404})
        self.check_and_let_go(peers)


if __name__ == "__main__":
    unittest.main()
