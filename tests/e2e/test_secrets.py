"""Secrets and bodies are never logged: a hub at log level debug gets inputs that hold both, then its log is searched."""
import base64
import unittest

from foreign import Foreign
from hub import Hub, chat, new_secret, request, wait_until


class Logs(unittest.TestCase):
    def test_contain_neither_secrets_nor_bodies(self):
        word = "unmistakable-content-of-a-body"
        with Hub(extra={"log": {"level": "debug"}}) as hub:
            status, _, accepted = hub.kick(chat(1, content=word))
            self.assertEqual(status, 200)
            self.assertEqual(hub.kick(word.encode(), kind="unknown.type")[0], 200)
            self.assertEqual(request(hub.url("ingest", "/webhooks/kick"), "POST", chat(2, content=word))[0], 401)
            self.assertEqual(hub.sumsub(b'{"type":"' + word.encode() + b'"}')[0], 200)
            self.assertEqual(request(hub.url("stage", "/internal/events"), "POST", word.encode())[0], 401)
            self.assertEqual(hub.admin("events/" + accepted["event_id"])[0], 200)
            self.assertEqual(request(hub.url("admin", "/admin/v1/events"), headers={"Authorization": "Bearer " + word})[0], 401)
            hub.wait_for_event("stage", accepted["event_id"])
            hub.stop()
            log = hub.log.read_text()
            self.assertIn("ready", log)
            for name, secret in {"a body": word, "the admin token": hub.admin_token, "Sumsub's secret": hub.sumsub_secret,
                                 **hub.secrets}.items():
                self.assertNotIn(secret.removeprefix("whsec_"), log, name)


class Credentials(unittest.TestCase):
    def test_of_an_address_are_not_shown_but_sent_to_the_target(self):
        word = "hunter2"
        with Foreign() as receiver:
            url = receiver.url.replace("http://", f"http://{word}:{word}%2F%40@") + f"?token={word}"
            extra = {"admin": {"read_token": "reader"},
                     "targets": {"foreign": {"url": url, "secret": new_secret(), "headers": {"X-Key": word}}}}
            with Hub(extra=extra) as hub:
                event_id = hub.kick(chat())[2]["event_id"]
                wait_until("the event is delivered", lambda: event_id in receiver.taken())
                headers = receiver.requests[0][1]
                self.assertEqual(headers["Authorization"], "Basic " + base64.b64encode(f"{word}:{word}/@".encode()).decode())
                self.assertEqual(headers["X-Key"], word)
                reader = {"Authorization": "Bearer reader"}
                for path in ("targets", "overview", "config"):
                    status, _, body = request(hub.url("admin", "/admin/v1/" + path), headers=reader)
                    self.assertEqual(status, 200)
                    self.assertNotIn(word, body.decode(), path)
                for words in (("config", "print"), ("config", "print", "--json"), ("doctor",), ("targets", "list")):
                    done = hub.vf(*words, check=False)
                    self.assertNotIn(word, done.stdout + done.stderr, words)
                hub.stop()
                self.assertNotIn(word, hub.log.read_text())

    def test_of_an_address_that_cannot_be_read_are_not_shown(self):
        word = "hunter2"
        with Hub() as hub:
            for url in (f"https://u:{word}/x@h/", f"https://u:{word}@x@h/", f"https://u:{word}", f"postgresql://u:{word}/@h/d"):
                for key in ("targets.stage.url", "ingest.store", "admin.url"):
                    for words in (("config", "print"), ("config", "print", "--json"), ("doctor",), ("targets", "list")):
                        done = hub.vf(*words, "--set", f"{key}={url}", check=False)
                        self.assertNotIn(word, done.stdout + done.stderr, (words, key, url))


if __name__ == "__main__":
    unittest.main()
