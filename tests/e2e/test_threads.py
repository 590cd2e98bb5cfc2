"""Threads have names, and the table in ARCHITECTURE.md lists them: each thread of a running hub has its row, and each row
that such a hub should show has its thread."""
import contextlib
import pathlib
import re
import unittest

from hub import ROOT, TIMEOUT_S, Hub, chat, free_ports, wait_until
from lake_server import LakeServer


def table():
    """The table's rows: (pattern of the name, roles, lives)."""
    section = (ROOT / "ARCHITECTURE.md").read_text().split("\n## Threads\n")[1].split("\n## ")[0]
    rows = []
    for line in section.splitlines():
        if line.startswith("| `"):
            name, _, _, roles, lives = (cell.strip() for cell in line.strip("| ").split(" | "))
            rows.append((name.strip("`"), set(re.findall("`([^`]+)`", roles)) or {"all"}, lives))
    return rows


def matches(pattern, name):
    """Does a thread's name fit `target:<target>`, `commit[-<n>]`?"""
    special = {"<n>": r"\d+", "[": "(?:", "]": ")?"}
    parts = re.findall(r"<[^>]+>|.", pattern)
    expression = "".join(special.get(part) or (".+" if part[0] == "<" else re.escape(part)) for part in parts)
    return re.fullmatch(expression, name) is not None


def thread_names(hub):
    names = set()
    for comm in pathlib.Path(f"/proc/{hub.process.pid}/task").glob("*/comm"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the thread has just ended
            names.add(comm.read_text().rstrip("\n"))
    return names


class Threads(unittest.TestCase):
    def expect_table(self, hub, roles, lives):
        """Every row of these roles and lives has a thread. Returns the names that have no row."""
        rows = table()
        expected = [name for name, of, living in rows if living in lives and of & {"all", *roles}]
        self.assertGreater(len(expected), 15)

        def missing():
            names = thread_names(hub)
            return [row for row in expected if not any(matches(row, name) for name in names)]

        try:
            wait_until("each row has its thread", lambda: not missing())
        except AssertionError:
            self.assertEqual(missing(), [])
        return {name for name in thread_names(hub) if not any(matches(row, name) for row, _, _ in rows)}

    def test_up(self):
        with Hub() as hub:
            self.assertEqual(hub.kick(chat())[0], 200)
            self.assertEqual(self.expect_table(hub, ["up"], ["process", "lease"]), set())
            wait_until("a name is cut by Linux", lambda: "target:producti" in thread_names(hub))

    def test_up_with_fake_providers(self):
        hub = Hub(extra={"sim": {"listen": f"127.0.0.1:{free_ports(1)[0]}"}})
        self.addCleanup(hub.__exit__)
        hub.start("--sim")
        self.assertEqual(self.expect_table(hub, ["up", "up --sim"], ["process", "lease"]), set())

    def test_up_with_a_raw_log(self):
        lake = self.enterContext(LakeServer()).start()
        hub = Hub(extra={"ingest": lake.ingest})
        self.addCleanup(hub.__exit__)
        hub.spawn("up").wait(timeout=TIMEOUT_S)  # writes the configuration; ends, as the raw log is not migrated
        hub.vf("migrate", "lake")
        hub.start()
        lives = ["process", "process, with a raw log", "lease", "lease, with a raw log"]
        self.assertEqual(self.expect_table(hub, ["up"], lives), set())


if __name__ == "__main__":
    unittest.main()
