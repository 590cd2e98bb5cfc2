"""Metrics are a contract: the table of docs/metrics.md names each metric of a running hub, and nothing else."""
import contextlib
import re
import shutil
import subprocess
import unittest

from hub import ROOT, TIMEOUT_S, Hub, chat, request, wait_until
from lake_server import LakeServer


def documented():
    """name → (type, label names, meaning), of the metrics that a hub with a raw log on SQLite has."""
    metrics = {}
    for line in (ROOT / "docs/metrics.md").read_text().splitlines():
        if line.startswith("| `vf_"):
            name, kind, labels, where, meaning = (cell.strip() for cell in line.strip("|").split("|"))
            if "PostgreSQL" not in where:
                metrics[name.strip("`")] = (kind, frozenset(re.findall("`([^`]+)`", labels)), meaning)
    return metrics


def shown(text):
    """The same, of what /metrics answers."""
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.M))
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    labels = {}
    for name, braces in re.findall(r"^(vf_\w+)(\{[^}]*\})? ", text, re.M):
        name = name if name in kinds else re.sub("_(bucket|sum|count)$", "", name)
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', braces))
    return {name: (kind, frozenset(labels.get(name, set()) - {"le"}), helps[name]) for name, kind in kinds.items()}


class Metrics(unittest.TestCase):
    maxDiff = None

    def test_the_table_is_what_a_hub_shows(self):
        lake = self.enterContext(LakeServer()).start()
        hub = Hub(extra={"ingest": lake.ingest})
        self.addCleanup(hub.__exit__)
        hub.spawn("up").wait(timeout=TIMEOUT_S)  # writes the configuration; ends, as the raw log is not migrated
        hub.vf("migrate", "lake")
        hub.start()
        event_id = hub.kick(chat())[2]["event_id"]
        self.assertEqual(request(hub.url("ingest", "/webhooks/kick"), "POST", b"{}")[0], 401)
        hub.wait_for_event("stage", event_id)
        found = lambda: shown(request(hub.url("admin", "/metrics"))[2].decode())
        with contextlib.suppress(AssertionError):  # the last ones come once the target's worker has its answer
            wait_until("all metrics are there", lambda: found().keys() >= documented().keys())
        self.assertEqual(found(), documented())
        if promtool := shutil.which("promtool"):  # of Debian's package prometheus
            done = subprocess.run([promtool, "check", "metrics"], input=request(hub.url("admin", "/metrics"))[2],
                                  capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_names_follow_the_rules_of_prometheus(self):
        for name, (kind, _, meaning) in documented().items():
            with self.subTest(name):
                self.assertEqual(kind == "counter", name.endswith("_total"))
                self.assertNotRegex(name, "_(counter|gauge|histogram|summary|count|sum|bucket|info)($|_)")
                self.assertNotRegex(name, "(_|^)(ms|milliseconds|minutes?|hours?|days?|s|kib|mib|kb|mb|percent)($|_)")
                self.assertNotEqual(meaning, "")


if __name__ == "__main__":
    unittest.main()
