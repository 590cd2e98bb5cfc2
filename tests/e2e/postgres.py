"""A PostgreSQL server of a test's own: its own directory and port, loopback only, defaults (fsync on). As the user
postgres when we are root, for it refuses root. Debian's postgresql-15, or the server in $VF_POSTGRES_BIN. Standard
library only."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from hub import free_ports, wait_until


CHOSEN = os.environ.get("VF_POSTGRES_BIN")  # a folder of a server's programs; clients that it lacks are Debian's


def path_of(program):
    folders = [pathlib.Path(CHOSEN)] if CHOSEN else []
    folders += sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = [folder / program for folder in folders if (folder / program).exists()]
    if not found:
        raise FileNotFoundError(f"PostgreSQL's {program} is not installed")
    return found[0]


def can_be_dumped():
    """Debian's pg_dump refuses a server newer than itself, and the package of the newer one has no clients."""
    return not CHOSEN


def copy_if_there(source, target):
    """A running server removes files meanwhile; its log then says so to who reads it."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


UNSYNCED = ("fsync=off",)  # for tests in which no machine fails: a killed server loses nothing by it


class Postgres:
    """Started by the constructor. Use as a context manager; the superuser is `postgres`, trusted on loopback."""

    INITDB = ("-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    host = "127.0.0.1"  # where the superuser connects

    def __init__(self, *, settings=(), standby_of=None, under=None):
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vf-pg-", dir=under))
        if self.prefix:
            shutil.chown(self.folder, "postgres")
        self.folder.chmod(0o700)
        self.data, self.port = self.folder / "data", free_ports(1)[0]
        if standby_of:
            self.copy(standby_of)
        else:
            self.run("initdb", "-D", self.data, "-U", "postgres", *self.INITDB, "--no-sync")
            self.bootstrap()
        with open(self.data / "postgresql.conf", "a") as file:
            for line in (f"port={self.port}", f"unix_socket_directories='{self.folder}'", "listen_addresses='127.0.0.1'",
                         *settings):
                file.write(line + "\n")
        self.start()

    def bootstrap(self):
        """Changes what initdb has made, before the server starts."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_running():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *words, check=True, as_owner=True):
        """As the server's owner where its files are concerned; clients need not."""
        prefix = self.prefix if as_owner else []
        done = subprocess.run([*prefix, str(path_of(program)), *map(str, words)], cwd="/", capture_output=True,
                              text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"{program}: exit {done.returncode}: {done.stderr}")
        return done

    def copy(self, primary):
        """Makes this server a standby. Not by pg_basebackup, which refuses a server newer than itself."""
        with Session(primary, "postgres") as session:
            session.run("select pg_backup_start('standby', true)")
            shutil.copytree(primary.data, self.data, copy_function=copy_if_there, ignore=shutil.ignore_patterns(
                "postmaster.*", "pg_wal", "pg_replslot", "pg_stat_tmp", "pgsql_tmp*"))
            (self.data / "pg_replslot").mkdir()
            label = session.run("copy (select labelfile from pg_backup_stop(false)) to stdout")[0]
        (self.data / "backup_label").write_text(label.replace("\\n", "\n"))
        shutil.copytree(primary.data / "pg_wal", self.data / "pg_wal")
        (self.data / "standby.signal").touch()
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.write(f"primary_conninfo='host={primary.host} port={primary.port} user=postgres application_name=standby'\n")
        self.give(".", *self.data.rglob("*"))

    def give(self, *paths):
        """Gives files of the data directory to the server's user."""
        for path in paths if self.prefix else ():
            shutil.chown(self.data / path, "postgres", "postgres")

    def client(self, program, *words):
        """A program of PostgreSQL's that connects, as the superuser."""
        return self.run(program, "-h", self.host, "-p", self.port, "-U", "postgres", *words, as_owner=False)

    def start(self):
        # pg_ctl's output goes nowhere: the server keeps its files open.
        words = [*self.prefix, path_of("pg_ctl"), "-D", self.data, "-w", "-t", "60", "-l", self.folder / "log", "start"]
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
        words = ["-X", "-q", "-A", "-t", "-h", str(server.host), "-p", str(server.port), "-U", "postgres", "-d", database]
        self.process = subprocess.Popen([path_of("psql"), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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
