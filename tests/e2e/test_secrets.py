"""Secrets and bodies are never logged: a hub at log level debug gets inputs that hold both, then its log is searched."""
import unittest

from hub import Hub, chat, request


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


if __name__ == "__main__":
    unittest.main()
