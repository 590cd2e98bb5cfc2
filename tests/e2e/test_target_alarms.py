"""What asks for an operator at a target: its dead letters as an amount and as occurrences, and the alarm of a target that
is no longer configured while events wait for it; in the list, in /readyz, in the doctor, in the log and in the metrics."""
import json
import re
import unittest

from foreign import Foreign
from hub import Hub, chat, request, wait_until
from test_targets import flow_until, foreign_target, target


def metric(hub, name, **labels):
    """The value of one series; None: there is none."""
    wanted = name + ("{%s}" % ",".join(f'{key}="{value}"' for key, value in labels.items()) if labels else "")
    text = request(hub.url("admin", "/metrics"))[2].decode()
    found = re.search(rf"(?m)^{re.escape(wanted)} (\S+)$", text)
    return float(found[1]) if found else None


def checks(hub):
    status, _, body = request(hub.url("admin", "/readyz"))
    assert status == 200, body
    return json.loads(body)["checks"]


class DeadLetters(unittest.TestCase):
    SLOW = {"first": "10ms", "longest": "1m", "attempts": 1}  # no event dies within the hour

    def test_the_gauge_is_what_there_is_and_the_counter_what_happened(self):
        receiver = self.enterContext(Foreign(lambda events: 422 if "bad" in {e["messageid"] for e in events} else 204))
        with Hub(extra={"targets": {"foreign": foreign_target(receiver, retry=self.SLOW)}}) as hub:
            amount = lambda: metric(hub, "vf_target_dead_letters", target="foreign")
            occurrences = lambda: metric(hub, "vf_target_events_dead_lettered_total", target="foreign")
            self.assertEqual(amount(), 0)
            faulty = hub.kick(chat(0), message_id="bad")[2]["event_id"]
            flow_until(hub, "it waits with a row",
                       lambda: faulty in hub.vf("dead", "list", "--waiting", "--target", "foreign").stdout)
            hub.vf("dead", "put", "foreign", faulty)
            wait_until("it is counted once", lambda: (amount(), occurrences()) == (1, 1))
            hub.stop()
            hub.start()
            wait_until("the amount is read from the store", lambda: (amount(), occurrences()) == (1, 0))
            self.assertEqual(metric(hub, "vf_target_dead_letters", target="stage"), 0)
            hub.vf("dead", "drop", "foreign", faulty)
            wait_until("there is none any more", lambda: amount() == 0)


class NoLongerConfigured(unittest.TestCase):
    """The hub is started without a target for which events wait."""

    def hub_without(self, receiver, **instead):
        hub = self.enterContext(Hub(extra={"targets": {"partner": foreign_target(receiver)}}))
        hub.kick(chat(0))
        wait_until("it is served", lambda: receiver.taken())
        hub.vf("targets", "pause", "partner")
        for number in range(1, 4):
            hub.kick(chat(number))
        self.assertEqual(target(hub, "partner")["backlog"], 3)
        hub.stop()
        configured = hub.config["targets"].pop("partner")
        hub.config["targets"].update({name: {**configured, **changes} for name, changes in instead.items()})
        return hub.start()

    def test_it_is_an_alarm_wherever_an_operator_looks_and_ends_when_it_is_dismissed(self):
        receiver = self.enterContext(Foreign(lambda events: 204))
        hub = self.hub_without(receiver)
        row = target(hub, "partner")
        self.assertEqual((row["state"], row["mode"], row["backlog"], row["dead"]), ("unconfigured", None, 3, 0))
        self.assertIn("no longer configured; 3 events follow its cursor", row["alarm"])
        self.assertRegex(hub.vf("targets", "list").stdout, r"(?m)^partner +- +unconfigured .*vf targets dismiss partner")
        self.assertEqual(checks(hub)["target partner"], {"ok": False, "reason": row["alarm"]})
        doctor = hub.vf("doctor", "--json", check=False)
        self.assertEqual(doctor.returncode, 1)
        self.assertIn({"check": "running: target partner", "grade": "PROBLEM", "detail": row["alarm"]},
                      json.loads(doctor.stdout)["checks"])
        wait_until("it is logged", lambda: [line for line in hub.log.read_text().splitlines()
                                            if "health check failing" in line and "partner" in line])
        self.assertEqual(hub.vf("targets", "dismiss", "partner").stdout, "done\n")
        self.assertNotIn("partner", hub.vf("targets", "list").stdout)
        self.assertTrue(checks(hub)["target partner"]["ok"])
        again = hub.vf("targets", "dismiss", "partner", check=False)
        self.assertEqual((again.returncode, again.stderr.count("\n")), (1, 1), again.stderr)
        hub.stop()
        hub.start()
        self.assertNotIn("partner", hub.vf("targets", "list").stdout)

    def test_one_that_was_renamed_is_named(self):
        receiver = self.enterContext(Foreign(lambda events: 204))
        hub = self.hub_without(receiver, customer={})
        self.assertIn("customer has its url and filters, and does not get these events",
                      target(hub, "partner")["alarm"])

    def test_under_its_old_name_it_gets_what_waited(self):
        receiver = self.enterContext(Foreign(lambda events: 204))
        hub = self.hub_without(receiver)
        hub.stop()
        hub.config["targets"]["partner"] = foreign_target(receiver)
        hub.start()
        hub.vf("targets", "resume", "partner")
        wait_until("all four are delivered", lambda: len(set(receiver.taken())) == 4)
        self.assertIsNone(target(hub, "partner")["alarm"])


if __name__ == "__main__":
    unittest.main()
