"""The kill-anywhere drill: providers send, processes of the hub are killed with SIGKILL at any moment and started
again, and in the end the ledger must balance. A seed chooses the victims and the moments, not how far each had come."""
import argparse
import contextlib
import http.client
import pathlib
import random
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import raw_log
from balance import ENVIRONMENTS, Records, balance
from hub import BINARY, Hub, free_ports, request, wait_until

CATCH_UP_S = 120
PROVIDERS_S = 300  # the longest pause between two attempts is two minutes


class DrilledHub(Hub):
    """A hub whose processes are killed. `shape`: "up" for one process, "roles" for one each."""

    def __init__(self, shape, lake):
        quick = {"retry": {"first": "50ms", "longest": "500ms"}, "sandbox": "include", "start": "earliest"}
        super().__init__(lake="chdb:lake" if lake else "none", extra={"targets": dict.fromkeys(ENVIRONMENTS, quick)})
        self.has_lake = lake
        self.commands, self.admins, self.processes = {}, {}, {}
        if shape == "up":
            self.commands["hub"] = ["up"]
        else:
            self.commands["ingest"] = ["ingest"]
            for name, port in zip(ENVIRONMENTS, free_ports(len(ENVIRONMENTS))):
                self.commands[name] = ["api", "--env", name, "--set", f"admin.listen=127.0.0.1:{port}"]
                self.admins[name] = f"http://127.0.0.1:{port}"

    def start(self):
        self.data.mkdir(exist_ok=True)  # separate roles expect it
        for name in self.commands:
            self.spawn_one(name)
        wait_until("every process is ready", self.ready)
        return self

    def spawn_one(self, name):
        self.processes[name] = self.spawn(*self.commands[name])

    def check_alive(self):
        """Fails if a process has ended by itself."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise AssertionError(f"{name} ended with {process.returncode}:\n{self.log.read_text()[-3000:]}")

    def ready(self):
        self.check_alive()
        for name in self.processes:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if request(self.admins.get(name, self.url("admin")) + "/readyz")[0] == 200:
                    continue
            return False
        return True

    def strike(self, victims):
        """Kills all of them before it starts one again."""
        for name in victims:
            self.processes[name].kill()
        for name in victims:
            self.processes[name].wait()
            self.spawn_one(name)

    def kill(self):
        for process in self.processes.values():
            process.kill()
            process.wait()

    def end(self):
        for process in self.processes.values():
            process.terminate()
        for name, process in self.processes.items():
            if process.wait(timeout=CATCH_UP_S) != 0:
                raise AssertionError(f"{name} ended with {process.returncode}:\n{self.log.read_text()[-3000:]}")

    def accepted(self):
        """Events accepted since ingest was started; 0 while it does not answer."""
        self.check_alive()
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, _, answer = self.admin("sources")
            if status == 200:
                return sum(source["accepted"] for source in answer["sources"])
        return 0

    def is_caught_up(self):
        """Everything committed has been delivered, and is in the raw log."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, _, answer = self.admin("overview")
            waiting = [target["backlog"] + target["waiting"] for target in answer["targets"]] + [answer["lake"].get("backlog", 0)]
            return status == 200 and not any(waiting)
        return False


class Providers:
    """`vf sim` in rounds: each sends events for a while, then repeats those that are not acknowledged, and ends when all
    are. While kills are left the next round begins when one has sent its events, so that the load never pauses."""

    def __init__(self, hub, options):
        self.hub, self.options = hub, options
        self.records, self.processes, self.next_round = [], [], 0

    def keep_sending(self):
        if time.monotonic() < self.next_round:
            return
        self.next_round = time.monotonic() + self.options.seconds
        number = len(self.records)
        self.records.append(self.hub.directory / f"record-{number}.ndjson")
        words = {"hub": self.hub.url("ingest"), "listen": "127.0.0.1:0", "key": self.hub.key.private_pem,
                 "sumsub-secret": self.hub.sumsub_secret, "record": self.records[-1], "rate": self.options.rate,
                 "seconds": self.options.seconds, "repeat": 2, "second-id": 2, "tampered": 2, "late": 1,
                 "seed": self.options.seed + number}
        with open(self.hub.directory / "sim.log", "ab") as log:
            self.processes.append(subprocess.Popen(
                [BINARY, "sim", *(f"--{name}={value}" for name, value in words.items())], stdout=log, stderr=log))

    def finish(self):
        for process in self.processes:
            if process.wait(timeout=PROVIDERS_S) != 0:
                raise AssertionError(f"vf sim failed:\n{(self.hub.directory / 'sim.log').read_text()}")

    def kill(self):
        for process in self.processes:
            process.kill()
            process.wait()


def choose_victims(rng, names):
    """Mostly one of them; sometimes all at once."""
    return list(names) if rng.random() < 0.25 else [rng.choice(list(names))]


def run_kills(hub, providers, options):
    rng = random.Random(options.seed)
    for number in range(options.kills):
        is_first = number == 0  # it strikes all amid deliveries: by chance alone, none of a few kills might
        if not is_first and rng.random() < 0.25:
            time.sleep(rng.uniform(0, 0.5))  # the moment of the kill: perhaps during a start
        else:
            wanted = hub.accepted() + rng.randint(1, int(options.rate))
            wait_until("more is accepted", lambda: providers.keep_sending() or hub.accepted() >= wanted)
        hub.strike(hub.commands if is_first else choose_victims(rng, hub.commands))
    wait_until("every process is ready", hub.ready)


def drill(options):
    """Runs the drill; returns the hub (stopped, with its files) and the provider's records."""
    hub = DrilledHub(options.shape, options.lake)
    providers = Providers(hub, options)
    try:
        hub.start()
        run_kills(hub, providers, options)
        providers.finish()
        wait_until("all is delivered", hub.is_caught_up, CATCH_UP_S)
        hub.end()
    except BaseException:
        hub.__exit__()
        raise
    finally:
        providers.kill()
    return hub, Records(providers.records)


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--shape", choices=("up", "roles"), default="roles", help="one process, or one a role")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--rate", type=float, default=100, help="events a second")
    parser.add_argument("--seconds", type=float, default=10, help="that a round of sending lasts")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--lake", action=argparse.BooleanOptionalAction, default=raw_log.library() is not None)
    return parser.parse_args(words)


def line(options, counts):
    places = "acknowledged = outbox = ledger = stage = production" + (" = raw log" if options.lake else "")
    counted = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"seed {options.seed}, {options.shape}: {options.kills} kills; {places}: {counted}"


def main(words):
    options = parse(words)
    hub, records = drill(options)
    try:
        print(line(options, balance(hub, records)))
    finally:
        hub.__exit__()


if __name__ == "__main__":
    main(sys.argv[1:])
