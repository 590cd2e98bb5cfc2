"""A PostgreSQL server of a test's own: its own directory and port, loopback only, defaults (fsync on). As the user
postgres when we are root, for it refuses root. Standard library and Debian's postgresql-15 only."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from hub import free_ports, wait_until


def binaries():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed")
    return found[-1]


UNSYNCED = ("fsync=off",)  # for tests in which no machine fails: a killed server loses nothing by it


class Postgres:
    """Started by the constructor. Use as a context manager; the superuser is `postgres`, trusted on loopback."""

    def __init__(self, *, settings=(), standby_of=None, under=None):
        self.bin = binaries()
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vf-pg-", dir=under))
        if self.prefix:
            shutil.chown(self.folder, "postgres")
        self.folder.chmod(0o700)
        self.data, self.port = self.folder / "data", free_ports(1)[0]
        if standby_of:
            self.run("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "--no-sync", "-h", "127.0.0.1", "-p",
                     standby_of.port, "-U", "postgres", "-d", "application_name=standby")
        else:
            self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                     "--no-sync")
        with open(self.data / "postgresql.conf", "a") as file:
            for line in (f"port={self.port}", f"unix_socket_directories='{self.folder}'", "listen_addresses='127.0.0.1'",
                         *settings):
                file.write(line + "\n")
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_running():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *words, check=True, as_owner=True):
        """As the server's owner where its files are concerned; clients need not."""
        prefix = self.prefix if as_owner else []
        done = subprocess.run([*prefix, str(self.bin / program), *map(str, words)], cwd="/", capture_output=True,
                              text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"{program}: exit {done.returncode}: {done.stderr}")
        return done

    def client(self, program, *words):
        """A program of PostgreSQL's that connects, as the superuser."""
        return self.run(program, "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", *words, as_owner=False)

    def start(self):
        # pg_ctl's output goes nowhere: the server keeps its files open.
        words = [*self.prefix, self.bin / "pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", self.folder / "log", "start"]
        subprocess.run([str(w) for w in words], check=True, cwd="/", stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def is_running(self):
        return self.run("pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    def kill(self):
        """SIGKILL to the postmaster: its children end too, nothing is flushed."""
        pid = self.postmaster()
        os.kill(pid, signal.SIGKILL)
        wait_until("the server is gone", lambda: not self.is_running())
        wait_until("its children are gone", lambda: not self.children())

    def children(self):
        """Processes that work in the data directory. While there is one, the server does not start."""
        found = []
        for cwd in pathlib.Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):  # it has just ended, or is of another user
                if cwd.samefile(self.data):
                    found.append(int(cwd.parent.name))
        return found

    def promote(self):
        self.run("pg_ctl", "-D", self.data, "-w", "promote")

    def url(self, database, user="postgres"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def sql(self, text, database="postgres"):
        """The rows of one statement, each a list of texts; NULL is the empty text."""
        out = self.client("psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c",
                          text).stdout
        return [line.split("\t") for line in out.splitlines()]

    def create(self, *databases):
        for name in databases:
            self.sql(f'create database "{name}" encoding \'UTF8\' template template0')

    def create_role(self, name, options="login"):
        """Unless there is one: roles are the server's."""
        self.sql(f"do $$ begin create role {name} {options}; exception when duplicate_object then end $$")

    @property
    def environment(self):
        """For programs that read libpq's variables."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGDATABASE": "postgres"}


class Session:
    """psql on one connection. Use as a context manager."""

    def __init__(self, server, database):
        words = ["-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", database]
        self.process = subprocess.Popen([server.bin / "psql", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()

    def run(self, *statements):
        """Run statements on this connection, wait for their end, and return the lines that they print."""
        self.process.stdin.write("".join(one + ";\n" for one in statements) + "\\echo done\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().strip()) != "done":
            if self.process.poll() is not None:
                raise AssertionError("psql has ended")
            lines.append(line)
        return lines
