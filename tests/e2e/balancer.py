"""A Service as a cluster has it: one address before several receivers; each new connection goes to the next that takes
it. Bytes pass as they are. Standard library only."""
import contextlib
import itertools
import socket
import threading

CHUNK = 1 << 16


class Balancer:
    """Use as a context manager. `ports`: the receivers', all on loopback."""

    def __init__(self, ports):
        self.ports, self.turns = ports, itertools.count()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, contextlib.suppress(OSError):
            receiver = self.connect()
            with receiver:
                back = threading.Thread(target=self.pass_on, args=(receiver, client), daemon=True)
                back.start()
                self.pass_on(client, receiver)
                back.join()

    def connect(self):
        first = next(self.turns)
        for i in range(len(self.ports)):
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.ports[(first + i) % len(self.ports)]))
        raise ConnectionRefusedError("no receiver takes connections")

    @staticmethod
    def pass_on(source, sink):
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                sink.sendall(chunk)
        for end in (source, sink):  # one direction's end is the other's: HTTP/1.1 needs no half-open connections
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
