"""The kill-anywhere drill on PostgreSQL: providers send to two ingests, and processes of the hub and the server itself
are killed, stopped for a while, cut off or restarted, at any moment; in the end the ledger must balance. A seed chooses
the faults and the moments, not how far each had come."""
import argparse
import contextlib
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from balancer import Balancer
from fleet import Fleet
from hub import wait_until
from ledger import balance
from load import Load
from postgres import UNSYNCED, Postgres

TIMEOUT_S = 120
REPLICAS = ("ingest", "ingest-b", "stage", "stage-b", "production")
STOPPED_S = (0.1, 9)  # longer than a lease, now and then


class Drill:
    def __init__(self, server, fleet, rng):
        self.server, self.fleet, self.rng = server, fleet, rng

    def kill(self, name):
        self.fleet.processes[name].kill()
        self.fleet.processes[name].wait()
        self.fleet.launch(name)

    def restart(self, name):
        self.wait_ready(name)  # a process that has not finished its start does not drain
        if self.fleet.stop(name) != [0]:
            raise AssertionError(f"{name} did not stop in order")
        self.fleet.launch(name)

    def stand_still(self, name):
        self.fleet.signal(name, signal.SIGSTOP)
        time.sleep(self.rng.uniform(*STOPPED_S))  # the fault itself
        self.fleet.signal(name, signal.SIGCONT)

    def cut_off(self, name):
        role = "vf api" if not name.startswith("ingest") else "vf ingest"
        self.server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = "
                        f"'{role}' and random() < {self.rng.random()}")

    def kill_server(self, _):
        self.server.kill()
        self.server.start()

    def strike(self):
        faults = [self.kill] * 3 + [self.restart, self.stand_still, self.cut_off, self.cut_off, self.kill_server]
        fault, name = self.rng.choice(faults), self.rng.choice(REPLICAS)
        print(f"{fault.__name__} {name}", end=", ", flush=True)
        self.keep_up()
        fault(name)

    def keep_up(self):
        """Starts a process again that exited at its start because the server was away, as a supervisor would."""
        for name, process in self.fleet.processes.items():
            if process.poll() is None:
                continue
            if process.returncode != 1:
                raise AssertionError(f"{name} ended with {process.returncode}:\n{self.fleet.log.read_text()[-3000:]}")
            self.fleet.launch(name)

    def wait_ready(self, name):
        def ready():
            self.keep_up()
            return self.fleet.answered_readiness(name) == 200
        wait_until(f"{name} is ready", ready, TIMEOUT_S)


def drill(options):
    """Runs the drill and balances the ledger; returns the counts."""
    rng = random.Random(options.seed)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Postgres(settings=UNSYNCED))
        fleet = Fleet(server)
        balancer = stack.enter_context(Balancer([fleet.ports_of(name)[0] for name in ("stage", "stage-b")]))
        fleet.config["targets"]["stage"]["url"] = f"http://127.0.0.1:{balancer.port}/internal/events"
        stack.enter_context(fleet)
        fleet.start(*REPLICAS)
        load = stack.enter_context(Load(fleet, "ingest", "ingest-b"))
        run = Drill(server, fleet, rng)
        for _ in range(options.faults):
            wanted = load.count() + rng.randint(1, 60)
            wait_until("more is acknowledged", lambda: run.keep_up() or load.count() >= wanted, TIMEOUT_S)
            run.strike()
        for name in REPLICAS:
            run.wait_ready(name)
        ids = load.finish()
        fleet.wait_delivered(len(ids), timeout_s=TIMEOUT_S)
        wait_until("nothing waits", fleet.nothing_waits, TIMEOUT_S)
        balance(fleet, ids)
        if fleet.stop(*REPLICAS) != [0] * len(REPLICAS):
            raise AssertionError(f"a process did not stop in order:\n{fleet.log.read_text()[-3000:]}")
        return {"events": len(ids), "refusals": load.refusals, "longest retry": f"{load.longest_s:.1f} s"}


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    return parser.parse_args(words)


def main(words):
    options = parse(words)
    print(f"seed {options.seed}:", end=" ", flush=True)
    counts = drill(options)
    print(f"\nacknowledged = outbox = ledger = stage = production: {counts}")


if __name__ == "__main__":
    main(sys.argv[1:])
