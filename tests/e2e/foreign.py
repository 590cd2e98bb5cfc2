"""A foreign receiver: an HTTP server of a test that records its requests and answers as the test says."""
import http.server
import json
import socket
import struct
import threading


class Foreign:
    """Use as a context manager. `answer(events) -> status` decides, or (status, headers); None resets the connection. The
    default accepts all. `paths` are the request targets as they came: as a proxy gets them, they are whole addresses."""

    def __init__(self, answer=lambda events: 204):
        self.answer, self.requests, self.paths = answer, [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                events = body if isinstance(body, list) else [body]
                status = outer.answer(events)
                status, headers = status if isinstance(status, tuple) else (status, {})
                outer.paths.append(self.path)
                outer.requests.append((status or 0, dict(self.headers), events))
                if status is None:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return self.connection.close()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        """Ids of the events that were answered with 2xx, in order."""
        return [event["id"] for status, _, events in list(self.requests) if 200 <= status < 300 for event in events]
