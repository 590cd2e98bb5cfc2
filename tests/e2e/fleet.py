"""The roles as workloads: `vf ingest`, `vf api` and `vf worker`, any number of each, every one a process with listeners
of its own, on one PostgreSQL server. Standard library only."""
import contextlib
import http.client
import itertools
import json
import secrets
import signal
import subprocess

from hub import BINARY, TIMEOUT_S, Hub, chat, free_ports, merge, parsed, request, sign_standard, ulid, wait_until

ENVIRONMENTS = ("stage", "production")
QUICK = {"first": "20ms", "longest": "250ms", "attempts": 1}  # an event may be dead after 15 s and ten counted attempts
SUPERUSER = "postgres"


class Fleet(Hub):
    """Databases of its own on `servers` (the first is the primary; more than one: all are named in the address).
    Replicas are called by role, "ingest", "stage", "production", and those beside the first "ingest-b", "stage-b"; an
    environment's worker "worker-stage". Use as a context manager: migrates on entering, kills all processes on leaving."""

    migrator = SUPERUSER  # the role by which `vf migrate` connects

    def __init__(self, *servers, environments=ENVIRONMENTS, extra=None):
        super().__init__()
        self.servers, self.servers_of, self.processes, self.replicas = list(servers), {}, {}, {}
        self.ways = {}  # replica: the port by which it reaches the server, when it is not the server's own
        mark = secrets.token_hex(4)
        self.databases = {name: f"{name}_{mark}" for name in ("dm", *ENVIRONMENTS)}
        merge(self.config, {"targets": {name: {"retry": dict(QUICK)} for name in ENVIRONMENTS}})
        merge(self.config, extra or {})
        self.absent = {name: {kind: self.config[kind].pop(name) for kind in ("targets", "environments")}
                       for name in set(ENVIRONMENTS) - set(environments)}
        self.replicas.update(ingest=(self.ports["ingest"], self.ports["admin"]))
        for name, port in zip(ENVIRONMENTS, free_ports(len(ENVIRONMENTS))):
            self.replicas[name] = (self.ports[name], port)
        self.numbers = itertools.count(1)

    def server(self, database="dm"):
        """The one that holds it; the first of several."""
        return self.servers_of.get(database, self.servers)[0]

    def store(self, database, user="vfapp"):
        servers = self.servers_of.get(database, self.servers)
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
        only_primary = "?target_session_attrs=read-write" if len(servers) > 1 else ""
        return f"postgresql://{user}@{hosts}/{self.databases[database]}{only_primary}"

    def set_stores(self):
        for name in self.databases:
            part = self.config["ingest"] if name == "dm" else self.config["environments"].get(name, {})
            part.update(store=self.store(name), migrate_store=self.store(name, self.migrator))
        self.file.write_text(json.dumps(self.config))

    def move(self, database, *servers):
        """Its address leads to these from now on."""
        self.servers_of[database] = list(servers)
        self.set_stores()

    def add(self, environment, **target):
        """Configures an environment, and its target, that was not there at first."""
        for kind, configured in self.absent.pop(environment).items():
            self.config[kind][environment] = configured
        self.config["targets"][environment].update(target)
        self.set_stores()

    def prepare(self):
        """Empty databases and the configuration."""
        self.data.mkdir()
        self.set_stores()
        for role in ("vfmigrator", "vfapp"):
            self.server().create_role(role)
        self.server().create(*self.databases.values())

    def __enter__(self):
        self.prepare()
        self.vf("migrate", "all")
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        super().__exit__()

    # Processes.

    def words(self, name):
        """The command line of a replica."""
        role, _, which = name.partition("-")
        listener, admin = self.ports_of(name)
        if role == "worker":
            return ["worker", "--env", which, "--set", f"environments.{which}.store={self.store(which)}", "--set",
                    f"admin.listen=127.0.0.1:{admin}"]
        key = "ingest" if role == "ingest" else f"environments.{role}"
        words = ["ingest"] if role == "ingest" else ["api", "--env", role]
        store = self.store("dm", self.user(name)) if role == "ingest" else self.store(role)
        if name in self.ways:
            store = store.replace(f":{self.server().port}/", f":{self.ways[name]}/")
        settings = {f"{key}.store": store, f"{key}.listen": f"127.0.0.1:{listener}", "admin.listen": f"127.0.0.1:{admin}"}
        return words + [word for setting in settings.items() for word in ("--set", "=".join(setting))]

    def ports_of(self, name):
        """(listener, admin)"""
        if name not in self.replicas:
            self.replicas[name] = tuple(free_ports(2))
        return self.replicas[name]

    def user(self, name):
        """Each ingest has a role of its own in the database, so that its connections can be distinguished."""
        user = "vf_" + name.replace("-", "_")
        self.server().create_role(user, "login in role vfapp")
        return user

    def launch(self, *names):
        for name in names:
            self.processes[name] = self.spawn(*self.words(name))

    def start(self, *names):
        self.launch(*names)
        for name in names:
            self.wait_ready(name)
        return self

    def wait_ready(self, name, timeout_s=TIMEOUT_S):
        wait_until(f"{name} is ready", lambda: self.readiness(name) == 200, timeout_s)

    def readiness(self, name):
        """The status of /readyz, 0 if there is no answer. Fails if the process has ended."""
        if self.processes[name].poll() is not None:
            raise AssertionError(f"{name} ended with {self.processes[name].returncode}:\n{self.log.read_text()[-3000:]}")
        return self.answered_readiness(name)

    def answered_readiness(self, name):
        """The same, 0 also if the process has ended."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return request(self.admin_url(name) + "/readyz", timeout_s=10)[0]
        return 0

    def stop(self, *names, how=signal.SIGTERM):
        """Exit codes, in order."""
        for name in names:
            self.processes[name].send_signal(how)
        return [self.processes[name].wait(timeout=TIMEOUT_S) for name in names]

    def signal(self, name, what):
        self.processes[name].send_signal(what)

    # Requests to a replica.

    def admin_url(self, name):
        return f"http://127.0.0.1:{self.replicas[name][1]}"

    def url_of(self, name, path=""):
        return f"http://127.0.0.1:{self.replicas[name][0]}{path}"

    def post(self, name, delivery, timeout_s=TIMEOUT_S):
        """Posts a delivery (see kick_chat) to a replica; (status, headers, parsed body)."""
        path, body, headers = delivery
        return parsed(request(self.url_of(name, path), "POST", body, headers, timeout_s))

    def events_at(self, name, envelopes):
        """Posts envelopes to a replica of an environment, as the hub does."""
        body = json.dumps(envelopes).encode()
        signed = sign_standard(self.secrets[name.partition("-")[0]], body, "batch_" + secrets.token_hex(8))
        return self.post(name, ("/internal/events", body, signed))

    def kick_chat(self):
        body = chat(next(self.numbers))
        return "/webhooks/kick", body, self.kick_headers(body, message_id=ulid())

    def applicant(self):
        body = json.dumps({"applicantId": f"applicant-{next(self.numbers)}", "externalUserId": "user-1",
                           "levelName": "basic", "type": "applicantCreated", "reviewStatus": "init",
                           "createdAtMs": "2026-01-01 00:00:00.000"}).encode()
        return "/webhooks/sumsub", body, self.sumsub_headers(body)

    def admin_of(self, name, path):
        headers = {"Authorization": "Bearer " + self.admin_token}
        return parsed(request(self.admin_url(name) + "/admin/v1/" + path, headers=headers))[2]

    def targets(self, name="ingest"):
        """{target: its row in `targets` at a replica}."""
        return {row["name"]: row for row in self.admin_of(name, "targets")["targets"]}

    def vf_at(self, name, *words, check=True):
        """A command that speaks to a replica's admin listener."""
        return self.vf(*words, "--set", f"admin.listen=127.0.0.1:{self.replicas[name][1]}", check=check)

    # Contents of the databases.

    def rows(self, database, sql):
        return self.server(database).sql(sql, self.databases[database])

    def ids(self, database, table):
        return [row[0] for row in self.rows(database, f"select event_id from {table}")]

    def leases(self):
        """{consumer: the replica that holds its lease now}; "?" for an unknown process."""
        names = {str(process.pid): name for name, process in self.processes.items()}
        rows = self.rows("dm", "select name, split_part(holder, '/', 2) from ingest.ingest_lease where expires_at > now()")
        return {consumer: names.get(pid, "?") for consumer, pid in rows}

    def nothing_waits(self, *replica):
        """Has every target got every event, those included that failed and wait for another attempt?"""
        return not any(row["backlog"] or row["waiting"] for row in self.targets(*replica).values())

    def wait_delivered(self, count, *environments, timeout_s=TIMEOUT_S):
        for name in environments or ENVIRONMENTS:
            wait_until(f"{count} events in {name}", lambda: self.count(name) >= count, timeout_s)

    def count(self, environment):
        return int(self.rows(environment, "select count(*) from processed_events")[0][0])

    def refused(self, name):
        """The error of a replica that must refuse to start with exit code 1."""
        done = subprocess.run([BINARY, *self.words(name), "--config", str(self.file)], capture_output=True, text=True,
                              timeout=TIMEOUT_S, cwd=self.directory)
        if done.returncode != 1:
            raise AssertionError(f"{name}: exit {done.returncode}: {done.stderr}")
        return done.stderr.splitlines()[-1]
