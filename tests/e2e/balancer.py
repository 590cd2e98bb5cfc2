"""A load balancer like a Kubernetes Service: one address before several servers; each new connection goes to the next one
that accepts it.
Bytes pass as they are, or not at all while it is frozen: then it is a network that loses everything. Standard library
only."""
import contextlib
import itertools
import socket
import threading
import types

CHUNK = 1 << 16


class Balancer:
    """Use as a context manager. `ports`: the servers', all on loopback."""

    def __init__(self, ports):
        self.ports, self.turns = ports, itertools.count()
        self.trap, self.flowing = None, threading.Event()
        self.flowing.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thaw()

    def freeze(self):
        self.flowing.clear()

    def freeze_at_commit(self, mark, *, answered):
        """Freezes amid the next transaction of a database's client that has sent `mark`: before its COMMIT (or the one
        statement that is all of it) reaches the server, or, `answered`, before the server's word that it stands
        reaches the client."""
        self.trap = mark, answered

    def spring(self, chunk, transaction, to_client):
        if not self.trap:
            return
        mark, answered = self.trap
        if not to_client and mark in chunk:
            transaction.is_marked, transaction.is_one_statement = True, b"add_events" in chunk
        ends = b"COMMIT" in chunk or transaction.is_one_statement
        if transaction.is_marked and ends and to_client == answered:
            self.trap = None
            self.freeze()

    def thaw(self):
        self.flowing.set()

    def accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, contextlib.suppress(OSError):
            transaction = types.SimpleNamespace(is_marked=False, is_one_statement=False)
            with self.connect() as server:
                back = threading.Thread(target=self.pass_on, args=(server, client, transaction, True), daemon=True)
                back.start()
                self.pass_on(client, server, transaction, False)
                back.join()

    def connect(self):
        first = next(self.turns)
        for i in range(len(self.ports)):
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.ports[(first + i) % len(self.ports)]))
        raise ConnectionRefusedError("no server takes connections")

    def pass_on(self, source, sink, transaction, to_client):
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                self.spring(chunk, transaction, to_client)
                self.flowing.wait()
                sink.sendall(chunk)
        self.flowing.wait()
        for end in (source, sink):  # one direction's end is the other's: HTTP/1.1 needs no half-open connections
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
