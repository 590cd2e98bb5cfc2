"""The disk under PostgreSQL fills up amid load, and has room again: the server says so, 503 meanwhile, the same processes
go on, and the ledger balances. The server may have ended itself for want of room for its log: its supervisor starts it
again."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from test_postgres_faults import ALL_REPLICAS, TIMEOUT_S, Faults  # first: it sets the path of the other modules

from hub import wait_until
from postgres import Postgres

DISK_MIB = 320


@unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
class SmallDisk(Faults):
    def setUp(self):
        self.disk = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vf-disk-")))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=755", "vf-drill", self.disk],
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest(f"cannot mount a tmpfs: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.disk.chmod(0o755)
        self.logs = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vf-disk-log-")))  # it has room
        shutil.chown(self.logs, "postgres")

    def times_said(self):
        """How often the server has logged that there is no space."""
        return (self.logs / "log").read_text().count("No space left on device")

    def fill(self):
        with open(self.disk / "filler", "ab", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(65536)):
                pass

    def supervise(self, server):
        """It may end only now, on its last attempt to recover without room."""
        if not server.is_running():
            server.start()

    def test_full_amid_load_and_again(self):
        server = self.enterContext(Postgres(
            under=self.disk, settings=["max_connections=60", "max_wal_size=64MB", "min_wal_size=32MB",
                                       "logging_collector=on", f"log_directory='{self.logs}'", "log_filename='log'"]))
        fleet = self.run_fleet(server)
        load = self.start_load(fleet)
        for _ in range(2):  # recovery works more than once
            refused, said = load.refusals, self.times_said()
            self.fill()
            wait_until("deliveries are refused", lambda: load.refusals > refused + 20, TIMEOUT_S)
            wait_until("the server has said why", lambda: self.times_said() > said)
            (self.disk / "filler").unlink()
            for name in ALL_REPLICAS:
                wait_until(f"{name} is ready", lambda: self.supervise(server) or fleet.readiness(name) == 200, TIMEOUT_S)
            self.expect_recovery(fleet, load)
        self.finish(fleet, load)


if __name__ == "__main__":
    unittest.main()
