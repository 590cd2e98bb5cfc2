"""The files of a running hub's databases are deleted, moved, replaced or overwritten. What is acknowledged is kept, everything else
gets 503, /readyz and `vf doctor` name the file; a second hub does not get at an open database by another name; and what
the process inherits (umask, limits, locale, variables) changes none of it."""
import contextlib
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import tempfile
import unittest

from hub import BINARY, TIMEOUT_S, Hub, chat, request, ulid, wait_until

FILES = ("", "-wal", "-shm")


def readiness(hub):
    return request(hub.url("admin", "/readyz"))


class HubWithFiles(unittest.TestCase):
    def expect_lost(self, hub, path, check="store"):
        """/readyz, `vf doctor` and the log name the file."""
        status, _, body = readiness(hub)
        self.assertEqual(status, 503)
        self.assertIn(str(path), body.decode())
        self.assertEqual(request(hub.url("admin", "/healthz"))[0], 200)
        report = hub.vf("doctor", check=False)
        self.assertEqual(report.returncode, 1)
        lines = [line for line in report.stdout.splitlines() if line.startswith(f"running: {check} ")]
        self.assertIn("PROBLEM", lines[0])
        self.assertIn(str(path), lines[0])
        wait_until("the log names it", lambda: str(path) in hub.log.read_text())

    def expect_lost_environment(self, hub, path):
        """The environment stage applies nothing; the hub and the other environment go on. Returns what they take."""
        envelope = {"specversion": "1.0", "id": "00000000-0000-8000-8000-000000000001", "source": "kick",
                    "type": "kick.unknown"}
        self.assertEqual([hub.events("stage", [envelope])[0] for _ in range(20)], [503] * 20)
        self.expect_lost(hub, path, "environment stage")
        meanwhile = []
        self.assertEqual(self.send(hub, meanwhile, 3), [200] * 3)
        for event_id in meanwhile:
            hub.wait_for_event("production", event_id)
        return meanwhile

    def send(self, hub, kept, count=20):
        """Posts `count` deliveries; notes those that are acknowledged. Returns the statuses."""
        statuses = []
        for _ in range(count):
            status, headers, answer = hub.kick(chat(content=ulid()))
            statuses.append(status)
            if status == 200:
                kept.append(answer["event_id"])
            else:
                self.assertEqual((status, "Retry-After" in headers), (503, True))
        return statuses

    def expect_kept(self, hub, kept):
        found = {row[0] for row in hub.rows("dm", "select event_id from ingest_outbox")}
        self.assertEqual(set(kept) - found, set())


class LostFiles(HubWithFiles):
    def test_nothing_is_acknowledged_once_the_database_is_deleted(self):
        with Hub() as hub:
            self.assertEqual(self.send(hub, [], 3), [200] * 3)
            for path in hub.data.glob("dm.db*"):
                path.unlink()
            kept = []
            self.assertEqual(self.send(hub, kept), [503] * 20)
            self.expect_lost(hub, hub.data / "dm.db")
            self.assertEqual(hub.stop(), 0)
            hub.start()
            self.assertEqual(self.send(hub, kept), [200] * 20)
            self.expect_kept(hub, kept)

    def test_a_deleted_database_is_saved_from_the_running_hub(self):
        """As docs/operations.md says."""
        with Hub() as hub:
            kept = []
            self.assertEqual(self.send(hub, kept), [200] * 20)
            for path in hub.data.glob("dm.db*"):
                path.unlink()
            self.assertEqual(self.send(hub, kept), [503] * 20)
            files = pathlib.Path(f"/proc/{hub.process.pid}/fd")
            deleted = [file for file in files.iterdir() if os.readlink(file).endswith("/dm.db (deleted)")]
            shutil.copyfile(deleted[0], hub.data / "dm.db")
            self.assertEqual(hub.stop(), 0)
            hub.start()
            self.expect_kept(hub, kept)
            self.assertEqual(hub.rows("dm", "pragma integrity_check"), [("ok",)])

    def test_a_moved_file_is_used_again_when_it_is_back(self):
        for suffix in FILES:
            with self.subTest(suffix), Hub() as hub:
                kept, path = [], hub.data / f"dm.db{suffix}"
                self.assertEqual(self.send(hub, kept), [200] * 20)
                path.rename(hub.data / "elsewhere")
                self.assertEqual(self.send(hub, kept), [503] * 20)
                self.expect_lost(hub, path)
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()  # `vf doctor` has opened the database, and so made a log
                (hub.data / "elsewhere").rename(path)
                wait_until("ready again", lambda: readiness(hub)[0] == 200)
                self.assertEqual(self.send(hub, kept), [200] * 20)
                self.assertEqual(hub.stop(), 0)
                self.expect_kept(hub, kept)
                self.assertEqual(hub.rows("dm", "pragma integrity_check"), [("ok",)])

    def test_a_deleted_or_replaced_log_loses_nothing(self):
        for suffix in FILES[1:]:
            for replaced in (False, True):
                with self.subTest(suffix, replaced=replaced), Hub() as hub:
                    kept, path = [], hub.data / f"dm.db{suffix}"
                    self.assertEqual(self.send(hub, kept), [200] * 20)
                    if replaced:
                        shutil.copy2(path, hub.data / "copy")
                        (hub.data / "copy").replace(path)
                    else:
                        path.unlink()
                    self.assertEqual(self.send(hub, kept), [503] * 20)
                    self.expect_lost(hub, path)
                    # A log that took the place of the open one would be applied at the next start; SIGTERM removes it.
                    hub.stop(signal.SIGTERM if replaced and suffix == "-wal" else signal.SIGKILL)
                    hub.start()
                    self.assertEqual(self.send(hub, kept), [200] * 20)
                    self.expect_kept(hub, kept)
                    self.assertEqual(hub.rows("dm", "pragma integrity_check"), [("ok",)])

    def test_a_restored_backup_is_used_after_a_restart(self):
        with Hub() as hub:
            before = []
            self.assertEqual(self.send(hub, before, 5), [200] * 5)
            backup = hub.data / "backup.db"
            back_up(hub.data / "dm.db", backup)
            meanwhile = []
            self.assertEqual(self.send(hub, meanwhile), [200] * 20)
            (hub.data / "dm.db").rename(hub.data / "old.db")
            backup.rename(hub.data / "dm.db")
            self.assertEqual(self.send(hub, []), [503] * 20)
            self.expect_lost(hub, hub.data / "dm.db")
            hub.stop(signal.SIGKILL)
            hub.start()
            self.assertEqual(self.send(hub, before), [200] * 20)
            self.expect_kept(hub, before)
            self.assertEqual(hub.rows("dm", "pragma integrity_check"), [("ok",)])
            with contextlib.closing(sqlite3.connect(hub.data / "old.db")) as db:  # what the backup lacks is in the old file
                found = {row[0] for row in db.execute("select event_id from ingest_outbox")}
            self.assertEqual(set(meanwhile) - found, set())

    def test_an_environment_that_lost_its_file_applies_nothing(self):
        with Hub() as hub:
            path = hub.data / "stage.db"
            kept = []
            self.assertEqual(self.send(hub, kept, 3), [200] * 3)
            for event_id in kept:
                hub.wait_for_event("stage", event_id)
            path.rename(hub.data / "elsewhere")
            meanwhile = self.expect_lost_environment(hub, path)
            (hub.data / "elsewhere").rename(path)
            for event_id in kept + meanwhile:
                hub.wait_for_event("stage", event_id)
            wait_until("ready again", lambda: readiness(hub)[0] == 200)

    def test_a_replaced_environment_begins_anew_after_a_restart(self):
        with Hub() as hub:
            path = hub.data / "stage.db"
            path.rename(hub.data / "elsewhere")
            path.touch()
            kept = []
            self.assertEqual(self.send(hub, kept, 3), [200] * 3)
            wait_until("the environment refuses", lambda: readiness(hub)[0] == 503)
            self.expect_lost(hub, path, "environment stage")
            self.assertEqual(hub.stop(), 0)
            hub.start()
            for event_id in kept:
                hub.wait_for_event("stage", event_id)


def back_up(path, copy):
    with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)


class OverwrittenFiles(HubWithFiles):
    """Another program writes into the file, which stays the same file."""

    def expect_nothing_acknowledged(self, hub):
        self.assertEqual(self.send(hub, []), [503] * 20)
        self.expect_lost(hub, hub.data / "dm.db")

    def test_an_older_copy_is_used_unharmed_after_a_restart(self):
        for stop in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(stop.name), Hub() as hub:
                before, path, backup = [], hub.data / "dm.db", hub.data / "backup.db"
                self.assertEqual(self.send(hub, before, 5), [200] * 5)
                back_up(path, backup)
                self.assertEqual(self.send(hub, []), [200] * 20)
                self.assertEqual(hub.stop(), 0)  # a checkpoint: now the backup is older than the file
                hub.start()
                self.assertEqual(self.send(hub, []), [200] * 20)
                subprocess.run(["cp", backup, path], check=True)
                self.expect_nothing_acknowledged(hub)
                self.assertTrue((hub.data / "dm.db-wal.kept").exists())
                self.assertIn("dm.db-wal.kept", readiness(hub)[2].decode())
                hub.stop(stop)
                hub.start()
                self.assertEqual(self.send(hub, before, 5), [200] * 5)
                self.expect_kept(hub, before)
                self.assertEqual(hub.rows("dm", "pragma integrity_check"), [("ok",)])

    def test_a_copy_that_the_log_completes_loses_nothing(self):
        for stop in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(stop.name), Hub() as hub:
                kept, path, backup = [], hub.data / "dm.db", hub.data / "backup.db"
                self.assertEqual(self.send(hub, kept, 5), [200] * 5)
                back_up(path, backup)
                self.assertEqual(self.send(hub, kept), [200] * 20)
                subprocess.run(["cp", backup, path], check=True)
                self.expect_nothing_acknowledged(hub)
                hub.stop(stop)
                hub.start()
                self.expect_kept(hub, kept)
                self.assertEqual(hub.rows("dm", "pragma integrity_check"), [("ok",)])

    def test_a_cut_or_emptied_file_is_found(self):
        for name, change in {"half": lambda size: size // 2, "empty": lambda size: 0}.items():
            with self.subTest(name), Hub() as hub:
                self.assertEqual(self.send(hub, [], 3), [200] * 3)
                os.truncate(hub.data / "dm.db", change((hub.data / "dm.db").stat().st_size))
                self.expect_nothing_acknowledged(hub)

    def test_a_file_filled_with_zeros_is_found(self):
        with Hub() as hub:
            self.assertEqual(self.send(hub, [], 3), [200] * 3)
            with open(hub.data / "dm.db", "r+b") as file:
                file.write(bytes(os.fstat(file.fileno()).st_size))
            self.expect_nothing_acknowledged(hub)

    def test_an_environment_that_was_overwritten_applies_nothing(self):
        with Hub() as hub:
            path = hub.data / "stage.db"
            os.truncate(path, 0)
            self.expect_lost_environment(hub, path)

    def test_a_cut_index_ends_the_process_with_a_line_and_loses_nothing(self):
        for name in ("dm", "stage"):
            with self.subTest(name), Hub() as hub:
                kept = []
                self.assertEqual(self.send(hub, kept), [200] * 20)
                os.truncate(hub.data / f"{name}.db-shm", 0)
                self.assertEqual(hub.process.wait(timeout=TIMEOUT_S), -signal.SIGBUS)
                self.assertIn("vf: bus error: ", hub.log.read_text())
                hub.start()
                self.assertEqual(self.send(hub, kept), [200] * 20)
                self.expect_kept(hub, kept)
                self.assertEqual(hub.rows(name, "pragma integrity_check"), [("ok",)])
                for event_id in kept:
                    hub.wait_for_event("stage", event_id)

    def test_what_other_programs_may_do_raises_no_alarm(self):
        with Hub() as hub:
            path = hub.data / "dm.db"
            for change in ("pragma wal_checkpoint(truncate)", "vacuum", "pragma wal_checkpoint(restart)"):
                with contextlib.closing(sqlite3.connect(path, timeout=TIMEOUT_S)) as db:
                    db.execute(change)
                self.assertEqual(self.send(hub, [], 3), [200] * 3, change)
            path.chmod(0o640)
            path.touch()
            back_up(path, hub.data / "backup.db")
            self.assertEqual(self.send(hub, [], 3), [200] * 3)
            self.assertEqual(readiness(hub)[0], 200)
            self.assertEqual(hub.vf("doctor", check=False).stdout.count("PROBLEM"), 0)


class Locks(unittest.TestCase):
    def expect_refused(self, hub, location):
        anywhere = "127.0.0.1:0"
        done = hub.vf("ingest", "--set", f"ingest.store=sqlite:{location}", "--set", f"ingest.listen={anywhere}", "--set",
                      f"admin.listen={anywhere}", check=False)
        self.assertEqual(done.returncode, 1, location)
        self.assertIn("in use by", done.stderr, location)

    def test_a_second_hub_is_refused_by_every_name(self):
        with Hub() as hub:
            path, links = hub.data / "dm.db", hub.directory / "links"
            links.mkdir()
            (links / "symbolic.db").symlink_to(path)
            (links / "folder").symlink_to(hub.data)
            (links / "hard.db").hardlink_to(path)
            for location in (path, links / "symbolic.db", links / "folder/dm.db", links / "hard.db",
                             f"{links}/../data/dm.db"):
                self.expect_refused(hub, location)
            self.assertEqual(hub.kick(chat())[0], 200)
            (links / "hard.db").unlink()
            path.rename(links / "moved.db")
            self.expect_refused(hub, links / "moved.db")

    def test_two_environments_are_refused_on_one_file_that_does_not_exist_yet(self):
        hub = Hub()
        hub.data.mkdir()
        (hub.data / "production.db").symlink_to("stage.db")
        process = hub.spawn("up")
        self.assertEqual(process.wait(timeout=TIMEOUT_S), 2)
        self.assertIn("is the same database as", hub.log.read_text())
        hub.kill()

    def test_an_environments_file_is_refused_to_every_other_use(self):
        with Hub() as hub:
            link = hub.directory / "link.db"
            link.symlink_to(hub.data / "stage.db")
            self.expect_refused(hub, hub.data / "stage.db")
            hub.config["environments"]["stage"]["store"] = "sqlite:another.db"  # the running process has its own
            process = hub.spawn("api", "--env", "production", "--set", f"environments.production.store=sqlite:{link}",
                                "--set", "environments.production.listen=127.0.0.1:0", "--set",
                                "admin.listen=127.0.0.1:0")
            self.assertEqual(process.wait(timeout=TIMEOUT_S), 1)
            self.assertIn("is in use for another environment", hub.log.read_text())

    def test_a_second_name_is_reported_before_the_next_start_is_refused(self):
        for name, check in {"dm": "store", "stage": "environment stage"}.items():
            with self.subTest(name), Hub() as hub:
                path, copy = hub.data / f"{name}.db", hub.directory / "copy.db"
                copy.hardlink_to(path)  # as `cp -al` makes it
                wait_until("/readyz has a note", lambda: "has 2 names" in request(
                    hub.url("admin", "/readyz"))[2].decode())
                self.assertEqual(request(hub.url("admin", "/readyz"))[0], 200)
                report = hub.vf("doctor", check=False).stdout.splitlines()
                warnings = [line for line in report if line.startswith(f"{check} ") and "warning" in line]
                self.assertIn(f"{path} has 2 names", warnings[0])
                copy.unlink()
                self.assertNotIn("has 2 names", hub.vf("doctor", check=False).stdout)

    @unittest.skipUnless(os.geteuid() == 0, "a bind mount needs root")
    def test_a_second_hub_is_refused_by_a_bind_mount(self):
        mount = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vf-mount-")))
        with Hub() as hub:
            mounted = subprocess.run(["mount", "--bind", hub.data, mount], capture_output=True)
            if mounted.returncode != 0:
                self.skipTest(f"cannot mount: {mounted.stderr.decode().strip()}")
            self.addCleanup(subprocess.run, ["umount", "-l", mount], check=True)
            self.expect_refused(hub, mount / "dm.db")


class Inherited(unittest.TestCase):
    """What the process takes over from the shell or service that starts it."""

    def test_files_are_private_whoever_made_the_folder_and_whatever_the_umask(self):
        for mask in (0o000, 0o022, 0o077):
            with self.subTest(oct(mask)):
                hub = Hub(lake="chdb:lake" if has_chdb() else "none")
                hub.data.mkdir()
                hub.data.chmod(0o755)
                self.addCleanup(os.umask, os.umask(mask))
                with hub:
                    self.assertEqual(hub.kick(chat())[0], 200)
                    entries = list(hub.data.iterdir())
                    self.assertIn(hub.data / "dm.db-wal", entries)
                    for entry in entries:
                        self.assertEqual(stat.S_IMODE(entry.stat().st_mode) & 0o077, 0, entry)

    def test_a_limit_on_file_sizes_refuses_and_does_not_kill(self):
        with Hub() as hub:
            kept = [hub.kick(chat(n))[2]["event_id"] for n in range(3)]
            size = max((hub.data / f"dm.db{suffix}").stat().st_size for suffix in FILES) + 100_000
            resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            wait_until("the limit is reached", lambda: hub.kick(chat(content="x" * 20_000))[0] == 503)
            self.assertIn(b"ulimit -f", readiness(hub)[2])
            self.assertIsNone(hub.process.poll())
            resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            wait_until("ready again", lambda: readiness(hub)[0] == 200)
            self.assertEqual(hub.kick(chat())[0], 200)
            for event_id in kept:
                self.assertEqual(hub.wait_for_event("stage", event_id), "applied")

    def test_a_limit_on_memory_lets_it_serve_or_end_with_one_line(self):
        for kibibytes in (200_000, 250_000, 300_000, 600_000):
            with self.subTest(kibibytes), Hub() as hub:
                self.assertEqual(hub.stop(), 0)
                hub.log.write_text("")
                hub.process = hub.spawn("up", preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_AS, (kibibytes * 1024, kibibytes * 1024)))
                try:
                    wait_until("ready or ended", hub.ready)
                    continue
                except AssertionError:
                    self.assertIsNotNone(hub.process.poll())
                lines = hub.log.read_text().splitlines()
                self.assertEqual(hub.process.returncode, 1, lines)
                self.assertTrue([line for line in lines if line.startswith("vf: ") and "ulimit -v" in line], lines)

    def test_a_log_reader_that_stops_reading_stops_nothing_else(self):
        hub = Hub()
        hub.log = hub.directory / "log"
        os.mkfifo(hub.log)
        reader = os.open(hub.log, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        with hub:
            self.fill(hub.log)
            for n in range(5):
                forged = request(hub.url("ingest", "/webhooks/kick"), "POST", chat(n))
                self.assertEqual(forged[0], 401)  # which is logged
                self.assertEqual(hub.kick(chat(n))[0], 200)
            self.assertEqual(readiness(hub)[0], 200)
            read = bytearray()

            def written():
                with contextlib.suppress(BlockingIOError):
                    read.extend(os.read(reader, 1 << 20))
                return read.count(b"webhook refused") >= 5

            wait_until("the lines that have waited are written", written)
            self.fill(hub.log)
            self.assertEqual(hub.stop(), 0)

    def fill(self, pipe):
        """Leaves no room in the pipe, as a reader that has stopped does."""
        writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        for piece in (b"x" * 4096, b"x"):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, piece)
        os.close(writer)

    def test_locale_zone_proxies_and_temporary_folder_do_not_matter(self):
        odd = {"LANG": "de_DE.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kolkata", "RES_OPTIONS": "ndots:15 timeout:1",
               "http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1",
               "https_proxy": "http://127.0.0.1:1", "TMPDIR": "/nowhere", "SQLITE_TMPDIR": "/nowhere",
               "PGOPTIONS": "-c client_min_messages=error", "PGTZ": "Asia/Kolkata", "CURL_HOME": "/nowhere"}
        before = dict(os.environ)
        os.environ.update(odd)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        with Hub() as hub:
            answer = hub.kick(chat())[2]
            for environment in ("stage", "production"):
                self.assertEqual(hub.wait_for_event(environment, answer["event_id"]), "applied")


def has_chdb():
    return any((folder / "libchdb/libchdb.so").exists() for folder in pathlib.Path(BINARY).resolve().parents)


if __name__ == "__main__":
    unittest.main()
