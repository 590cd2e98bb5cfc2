"""A hub to test from outside: the real binary, its own directory and ports, real signatures. Standard library only."""
import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import secrets
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("VF_BINARY", str(ROOT / "build/dev/vf"))
FIXTURES = ROOT / "tests/fixtures"
TIMEOUT_S = 60


def free_ports(count):
    """Ports that stay ours until this process ends. Each is bound here and never listens, so the kernel gives it to no
    other program and to no outgoing connection, also while the server that uses it is down. The server sets
    SO_REUSEADDR, as ours and PostgreSQL's do, so it can bind the port beside us."""
    ports = []
    for _ in range(count):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", 0))
        ports.append(s.getsockname()[1])
        s.detach()  # the descriptor stays open
    return ports


def wait_until(what, condition, timeout_s=TIMEOUT_S):
    """Waits until `condition()` is true and returns its value; fails with `what` after the timeout."""
    deadline = time.monotonic() + timeout_s
    while True:
        is_last = time.monotonic() >= deadline  # asked first: a process that was stopped meanwhile looks once more
        if value := condition():
            return value
        if is_last:
            raise AssertionError(f"waited {timeout_s} s in vain: {what}")
        time.sleep(0.02)


class RsaKey:
    """PKCS#1 v1.5 with SHA-256 in plain integers: slow (some ms a signature), but needs nothing installed."""

    DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")

    def __init__(self, directory):
        self.private_pem = pathlib.Path(directory) / "kick-private.pem"
        self.public_pem = pathlib.Path(directory) / "kick-public.pem"
        run = lambda *words: subprocess.run(words, check=True, capture_output=True).stdout
        run("openssl", "genrsa", "-out", str(self.private_pem), "2048")
        run("openssl", "rsa", "-in", str(self.private_pem), "-pubout", "-out", str(self.public_pem))
        fields, name = {}, None
        for line in run("openssl", "rsa", "-in", str(self.private_pem), "-noout", "-text").decode().splitlines():
            if line.startswith(" "):
                fields[name] = fields.get(name, "") + line.strip().replace(":", "")
            else:
                name = line.split(":")[0]
        self.p, self.q, self.dp, self.dq, self.q_inverse = (int(fields[name], 16) for name in (
            "prime1", "prime2", "exponent1", "exponent2", "coefficient"))

    def sign(self, message):
        tail = b"\x00" + self.DIGEST_INFO + hashlib.sha256(message).digest()
        padded = b"\x00\x01" + b"\xff" * (256 - 2 - len(tail)) + tail
        number = int.from_bytes(padded, "big")
        mod_p, mod_q = pow(number, self.dp, self.p), pow(number, self.dq, self.q)
        return (mod_q + (mod_p - mod_q) * self.q_inverse % self.p * self.q).to_bytes(256, "big")


def ulid(at=None):
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    value = int((at or time.time()) * 1000) << 80 | secrets.randbits(80)
    return "".join(alphabet[value >> 5 * i & 31] for i in reversed(range(26)))


def utc(at=None):
    return datetime.datetime.fromtimestamp(at or time.time(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def request(url, method="GET", body=None, headers=None, timeout_s=TIMEOUT_S):
    """(status, headers, body) of one request on a connection of its own."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    try:
        path = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def sign_standard(secret, body, message_id, at=None):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    timestamp = str(int(at or time.time()))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": message_id, "webhook-timestamp": timestamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode()}


def sign_call(secret, method, path, body=b"", caller="", message_id="call_1", at=None):
    """The headers of a call of an environment's listener that is no delivery, as src/api/signatures.h describes them."""
    key = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), b"vf call", hashlib.sha256).digest()
    text = f"{method} {path}\n{caller}\n".encode() + body
    signed = sign_standard("whsec_" + base64.b64encode(key).decode(), text, message_id, at)
    return {**signed, **({"vf-caller": caller} if caller else {})}


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class Hub:
    """`vf up` with Kick and Sumsub sources and two environments. Use as a context manager."""

    def __init__(self, *, lake="none", extra=None, directory=None):
        self.own_directory = None if directory else tempfile.TemporaryDirectory(prefix="vf-e2e-")
        self.directory = pathlib.Path(directory or self.own_directory.name)
        self.key = RsaKey(self.directory)
        self.sumsub_secret, self.admin_token = secrets.token_hex(16), secrets.token_hex(16)
        self.secrets = {"stage": new_secret(), "production": new_secret()}
        ports = free_ports(4)
        self.ports = dict(zip(("ingest", "admin", "stage", "production"), ports))
        self.config = {
            "data_dir": str(self.directory / "data"),
            "ingest": {"listen": self.address("ingest"), "lake": lake},
            "admin": {"listen": self.address("admin"), "token": self.admin_token},
            "sources": {
                "kick": {"mode": "live", "public_keys": ["file:" + str(self.key.public_pem),
                                                         "file:" + str(FIXTURES / "kick-real/kick-public-key.pem")]},
                "sumsub": {"mode": "live", "webhook_secrets": [self.sumsub_secret]},
            },
            "targets": {name: {"url": self.url(name, "/internal/events"), "secret": secret}
                        for name, secret in self.secrets.items()},
            "environments": {name: {"listen": self.address(name), "secrets": [secret]}
                             for name, secret in self.secrets.items()},
        }
        merge(self.config, extra or {})
        self.data, self.file = pathlib.Path(self.config["data_dir"]), self.directory / "vf.yaml"
        self.process, self.log = None, self.directory / "hub.log"
        self.variables = {}  # of the environment of spawned processes, besides ours

    def address(self, role):
        return f"127.0.0.1:{self.ports[role]}"

    def url(self, role, path=""):
        return f"http://{self.address(role)}{path}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        if self.own_directory:
            self.own_directory.cleanup()

    def start(self, *arguments):
        self.process = self.spawn("up", *arguments)
        wait_until("the hub is ready", self.ready)
        return self

    def spawn(self, *words, **options):
        """Starts a command that keeps running, with the present configuration; does not wait for it. `options` are those
        of subprocess.Popen."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(self.config))  # YAML 1.2 holds JSON
        draft.replace(self.file)  # whole at any moment: others may be reading it
        with open(self.log, "ab") as log:
            return subprocess.Popen([BINARY, *words, "--config", str(self.file)], stdout=log, stderr=log,
                                    cwd=self.directory, env={**os.environ, **self.variables}, **options)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the hub ended with {self.process.returncode}:\n{self.log.read_text()}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return request(self.url("admin", "/readyz"))[0] == 200
        return False

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=TIMEOUT_S)

    def vf(self, *words, check=True):
        done = subprocess.run([BINARY, *words, "--config", str(self.file)], capture_output=True, text=True,
                              timeout=TIMEOUT_S, cwd=self.directory)
        if check and done.returncode != 0:
            raise AssertionError(f"vf {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done

    def kick_headers(self, body, *, kind="chat.message.sent", message_id=None, timestamp=None):
        """The headers of one delivery as Kick signs it."""
        message_id, timestamp = message_id or ulid(), timestamp or utc()
        signature = self.key.sign(f"{message_id}.{timestamp}.".encode() + body)
        return {"Kick-Event-Message-Id": message_id, "Kick-Event-Message-Timestamp": timestamp,
                "Kick-Event-Subscription-Id": ulid(), "Kick-Event-Type": kind, "Kick-Event-Version": "1",
                "Kick-Event-Signature": base64.b64encode(signature).decode()}

    def kick(self, body, **signed):
        """Posts one signed Kick delivery; (status, headers, parsed body)."""
        return parsed(request(self.url("ingest", "/webhooks/kick"), "POST", body, self.kick_headers(body, **signed)))

    def sumsub_headers(self, body, algorithm="sha256"):
        digest = hmac.new(self.sumsub_secret.encode(), body, algorithm).hexdigest()
        return {"X-Payload-Digest": digest, "X-Payload-Digest-Alg": f"HMAC_{algorithm.upper()}_HEX"}

    def sumsub(self, body, algorithm="sha256"):
        headers = self.sumsub_headers(body, algorithm)
        return parsed(request(self.url("ingest", "/webhooks/sumsub"), "POST", body, headers))

    def events(self, environment, envelopes, *, secret=None, at=None):
        """Posts envelopes to an environment as the hub does; bytes go as they are."""
        body = envelopes if isinstance(envelopes, bytes) else json.dumps(envelopes).encode()
        headers = sign_standard(secret or self.secrets[environment], body, "batch_" + secrets.token_hex(8), at)
        return parsed(request(self.url(environment, "/internal/events"), "POST", body, headers))

    def admin(self, path, method="GET", body=None):
        headers = {"Authorization": "Bearer " + self.admin_token}
        return parsed(request(self.url("admin", "/admin/v1/" + path), method, body, headers))

    def rows(self, database, sql, *values):
        path = self.data / f"{database}.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=TIMEOUT_S)) as db:
            return db.execute(sql, values).fetchall()

    def wait_for_event(self, environment, event_id):
        return wait_until(f"{event_id} in {environment}", lambda: self.rows(
            environment, "select status from processed_events where event_id = ?", event_id))[0][0]


def merge(into, other):
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def parsed(answer):
    status, headers, body = answer
    with contextlib.suppress(ValueError):
        return status, headers, json.loads(body)
    return status, headers, body


def chat(n=1, content="hello", channel=42, sender=7):
    """A chat message in Kick's shape."""
    user = lambda user_id, name: {"is_anonymous": False, "user_id": user_id, "username": name, "is_verified": False,
                                  "profile_picture": "", "channel_slug": name.lower(), "identity": None}
    sender_user = {**user(sender, f"Viewer{sender}"), "identity": {"username_color": "#FF5733", "badges": []}}
    return json.dumps({"message_id": f"00000000-0000-4000-8000-{n:012d}", "replies_to": None,
                       "broadcaster": user(channel, f"Streamer{channel}"), "sender": sender_user, "content": content,
                       "emotes": None, "created_at": utc()}, ensure_ascii=False).encode()
