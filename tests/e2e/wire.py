"""HTTP/1.1 by hand, for requests that no proper client sends: bytes go as they are, answers are read one by one."""
import contextlib
import json
import socket

from hub import TIMEOUT_S


class Wire:
    """One connection. Use as a context manager."""

    def __init__(self, hub, role="ingest"):
        self.socket = socket.create_connection(("127.0.0.1", hub.ports[role]), timeout=TIMEOUT_S)
        self.input = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.input.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def end(self):
        """Ends the sending side; answers can still be read."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self):
        """(status, headers in lower case, body) of the next answer; None when the other side has closed."""
        with contextlib.suppress(ConnectionResetError):
            first = self.input.readline()
            if not first:
                return None
            headers = dict(self._field(line) for line in iter(self.input.readline, b"\r\n"))
            body = self.input.read(int(headers.get("content-length", 0)))
            with contextlib.suppress(ValueError):
                body = json.loads(body)
            return int(first.split()[1]), headers, body
        return None

    def status(self):
        answer = self.answer()
        return answer and answer[0]

    @staticmethod
    def _field(line):
        name, _, value = line.decode("latin-1").partition(":")
        return name.lower(), value.strip()


def post(path, body=b"", headers=(), *, length=None, line=None):
    """A request's bytes. `headers`: a dict, or pairs where one is to be repeated. `length`: a false Content-Length."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    fields = [("Host", "hub"), ("Content-Length", str(len(body) if length is None else length)), *pairs]
    head = (line or f"POST {path} HTTP/1.1") + "\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
    return head.encode("latin-1") + b"\r\n" + body


def exchange(hub, data, role="ingest"):
    """The answer to one request on a connection of its own."""
    with Wire(hub, role) as wire:
        return wire.send(data).answer()
