"""An independent consumer and sender: Node with the official standardwebhooks library, which knows nothing of the hub.
The library is installed under build/, at the versions that node/package-lock.json names."""
import base64
import fcntl
import json
import pathlib
import queue
import shutil
import subprocess
import threading
import unittest
import uuid

from hub import FIXTURES, TIMEOUT_S, ROOT, Hub, chat, new_secret, parsed, request

SOURCE = pathlib.Path(__file__).resolve().parent / "node"
PLACE = ROOT / "build/e2e-node"


def setUpModule():
    if not shutil.which("node") or not shutil.which("npm"):
        raise unittest.SkipTest("node and npm are not installed: ./dev test brings them")
    PLACE.mkdir(parents=True, exist_ok=True)
    with open(PLACE / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test may be installing
        wanted = (SOURCE / "package-lock.json").read_bytes()
        installed = PLACE / "installed-lock.json"
        for file in SOURCE.iterdir():
            draft = pathlib.Path(shutil.copy(file, PLACE / (file.name + ".new")))
            draft.replace(PLACE / file.name)  # whole at any moment: another test may be starting it
        if not installed.exists() or installed.read_bytes() != wanted:
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=PLACE, check=True)
            installed.write_bytes(wanted)


class NodeReceiver:
    """A receiver with `secret`. Use as a context manager; `next()` is the next request that it got."""

    def __init__(self, secret):
        self.process = subprocess.Popen(["node", "receiver.mjs", secret], cwd=PLACE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(line) for line in self.process.stdout], daemon=True).start()
        self.url = f"http://127.0.0.1:{int(self.lines.get(timeout=TIMEOUT_S))}/any/path"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def next(self):
        return json.loads(self.lines.get(timeout=TIMEOUT_S))


def foreign(receiver, secret, **more):
    quick = {"first": "20ms", "longest": "100ms"}
    return {"url": receiver.url, "secret": secret, "delivery": "single", "start": "earliest", "retry": quick, **more}


class Consumer(unittest.TestCase):
    def test_single_requests_are_verified_by_the_official_library(self):
        secret = new_secret()
        with NodeReceiver(secret) as receiver, Hub(extra={"targets": {"foreign": foreign(receiver, secret)}}) as hub:
            documented = (FIXTURES / "kick/chat.message.sent.json").read_bytes().strip()
            for body in (chat(1, content="grüß dich 👋"), documented, b"no json \xff"):
                event_id = hub.kick(body)[2]["event_id"]
                got = receiver.next()
                self.assertTrue(got["verified"], got)
                self.assertEqual((got["id"], got["contentType"]), (event_id, "application/cloudevents+json"))
                self.assertEqual((got["payload"]["id"], got["payload"]["specversion"]), (event_id, "1.0"))
                if body.startswith(b"{"):
                    self.assertEqual(got["payload"]["type"], "kick.chat.message.sent")
                    self.assertEqual(got["payload"]["data"], json.loads(body))
                else:
                    self.assertEqual(base64.b64decode(got["payload"]["data_base64"]), body)

    def test_batches_are_verified_too(self):
        secret = new_secret()
        with NodeReceiver(secret) as receiver, \
                Hub(extra={"targets": {"foreign": foreign(receiver, secret, delivery="batch")}}) as hub:
            event_id = hub.kick(chat())[2]["event_id"]
            got = receiver.next()
            self.assertTrue(got["verified"], got)
            self.assertEqual(got["contentType"], "application/cloudevents-batch+json")
            self.assertEqual([event["id"] for event in got["payload"]], [event_id])

    def test_while_a_secret_rotates_the_old_and_the_new_one_verify_and_no_other(self):
        old, new = new_secret(), new_secret()
        with NodeReceiver(old) as one, NodeReceiver(new) as two, NodeReceiver(new_secret()) as stranger:
            targets = {name: foreign(receiver, [new, old])
                       for name, receiver in (("one", one), ("two", two), ("stranger", stranger))}
            with Hub(extra={"targets": targets}) as hub:
                hub.kick(chat())
                self.assertTrue(one.next()["verified"])
                self.assertTrue(two.next()["verified"])
                refused = stranger.next(), stranger.next()  # tried again: a wrong secret is a failure of the target
                self.assertEqual([got["verified"] for got in refused], [False, False])
                self.assertEqual(refused[0]["id"], refused[1]["id"])
                self.assertEqual(hub.admin("dead")[2]["dead"], [])


class Sender(unittest.TestCase):
    def sign(self, secret, body):
        done = subprocess.run(["node", "sign.mjs", secret, "msg_of_the_library"], cwd=PLACE, input=body, check=True,
                              capture_output=True)
        return json.loads(done.stdout)

    def test_a_batch_signed_by_the_official_library_is_accepted(self):
        with Hub() as hub:
            event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "kick", "type": "kick.chat.message.sent",
                     "data": json.loads(chat(content="grüß dich 👋"))}
            body = json.dumps([event], ensure_ascii=False).encode()
            headers = self.sign(hub.secrets["stage"], body)
            status, _, answer = parsed(request(hub.url("stage", "/internal/events"), "POST", body, headers))
            self.assertEqual((status, answer), (200, {"results": [{"id": event["id"], "status": "applied"}]}))
            self.assertEqual(request(hub.url("production", "/internal/events"), "POST", body, headers)[0], 401)

    def test_a_source_of_the_standard_accepts_it_too(self):
        secret = new_secret()
        with Hub(extra={"sources": {"orders": {"scheme": "standard-webhooks", "secrets": [secret]}}}) as hub:
            body = b'{"type":"order.paid"}'
            headers = self.sign(secret, body)
            status, _, answer = parsed(request(hub.url("ingest", "/webhooks/orders"), "POST", body, headers))
            self.assertEqual((status, answer["status"]), (200, "accepted"))
            self.assertEqual(request(hub.url("ingest", "/webhooks/orders"), "POST", body + b" ", headers)[0], 401)


if __name__ == "__main__":
    unittest.main()
