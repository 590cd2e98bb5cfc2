"""Shared by the benchmarks: arguments, the corpus, hubs and servers, the load generator, CPU and memory readings."""
import argparse
import contextlib
import fnmatch
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/e2e"))
import hub as e2e  # noqa: E402
from postgres import Postgres  # noqa: E402

RELEASE = ROOT / "build/release"
WORK = ROOT / "build/bench"
TICKS = os.sysconf("SC_CLK_TCK")


def arguments(command, description):
    """The parser of a benchmark's command line, with the options that every benchmark has."""
    parser = argparse.ArgumentParser(prog=command, description=description, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short runs, whose numbers are not for the docs")
    parser.add_argument("--peer", default=str(ROOT.parent / "shared/bench/node-peer"), help="the Node peer's folder")
    parser.add_argument("--check-arguments", action="store_true",
                        help="check the command line and exit; ./dev does so before it builds")
    return parser


def exit_on_sigterm():
    """SIGTERM unwinds the stack, so that every hub and server of this run is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def say(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def run(*words, **more):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True, **more).stdout


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid, field="VmRSS"):
    return int(re.search(rf"{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def cpu_seconds_of_others():
    """CPU seconds since the boot that neither this process nor a child that has ended used, the kernel's own included."""
    user, nice, system, _, _, irq, softirq, steal = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS - sum(os.times()[:4])


def prepare(count):
    """A key, and a corpus of `count` deliveries signed with it, dated now."""
    WORK.mkdir(parents=True, exist_ok=True)
    key = e2e.RsaKey(WORK)
    corpus = WORK / "corpus.bin"
    say(f"signing {count} deliveries")
    run(RELEASE / "bench/bench_corpus", key.private_pem, corpus, count)
    return key, corpus


def load(corpus, port, **options):
    words = [RELEASE / "bench/bench_load", corpus, f"127.0.0.1:{port}"]
    for name, value in options.items():
        words += [f"--{name}", value]
    return json.loads(run(*words, timeout=options.get("seconds", 10) + 60))


def known_keys(binary):
    """The configuration keys of a vf binary, with `*` for a chosen name: `targets.*.url`."""
    found = json.loads(run(binary, "config", "keys", "--json", timeout=10))
    return {entry["key"] for entry in (found["keys"] if isinstance(found, dict) else found)}  # an older version: a list


def only_known(config, key_sets, above=""):
    """`config` without the keys that one of `key_sets` lacks."""
    kept = {}
    for name, value in config.items():
        key = above + name
        if isinstance(value, dict):
            kept[name] = only_known(value, key_sets, key + ".")
        elif all(any(fnmatch.fnmatchcase(key, pattern) for pattern in keys) for keys in key_sets):
            kept[name] = value
    return kept


class BenchHub(e2e.Hub):
    """A hub of its own for each measure, so that every id is fresh. One is alive at a time. `key_sets`: the known_keys
    of every binary that shall run with the same configuration."""

    def __init__(self, key, *, binary=RELEASE / "vf", key_sets=(), lake="none", **extra):
        e2e.BINARY = str(binary)
        super().__init__(lake=lake, extra=extra, directory=tempfile.mkdtemp(dir=WORK))
        self.config["sources"]["kick"]["public_keys"] = ["file:" + str(key.public_pem)]
        self.config = only_known(self.config, key_sets)

    def start(self, *arguments):
        try:
            return super().start(*arguments)
        except BaseException:
            self.discard()
            raise

    def __exit__(self, *_):
        try:
            if self.process and self.process.poll() is None:
                self.stop()
        finally:
            self.discard()

    def discard(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def verify_limit():
    out = run("openssl", "speed", "-seconds", "2", "rsa2048")
    return float(out.strip().splitlines()[-1].split()[-1])


def for_peer(corpus):
    """The same deliveries, addressed to the peer's path."""
    out = WORK / "corpus-peer.bin"
    data = corpus.read_bytes()
    parts, at = [], 0
    while at < len(data):
        length = int(data[at:at + 8])
        record = data[at + 8:at + 8 + length].replace(b"/webhooks/kick", b"/kick", 1)
        parts.append(b"%08d" % len(record) + record)
        at += 8 + length
    out.write_bytes(b"".join(parts))
    return out


def verify_rates():
    """Verifications a second by PublicKey and by OpenSSL alone, measured in turns."""
    return [json.loads(line) for line in run(RELEASE / "bench/bench_verify_bench", 4).splitlines()]


def node_peers(peer, key, corpus, seconds, server=None):
    """Runs each peer over the same corpus, on `server` or on a server started for them."""
    folder = WORK / "node-peer"
    shutil.copytree(peer, folder, dirs_exist_ok=True)
    for path in folder.iterdir():
        path.chmod(0o755)
    run("npm", "install", "--no-audit", "--no-fund", cwd=folder)
    records, results = for_peer(corpus), {}
    with contextlib.ExitStack() as stack:
        server = server or stack.enter_context(Postgres())
        for name, script in (("one transaction a request", "server.js"), ("group commit", "server-batch.js")):
            port = e2e.free_ports(1)[0]
            process = subprocess.Popen(["node", script], cwd=folder, env={**os.environ, **server.environment, "PORT": str(port),
                                       "PUBLIC_KEY": str(key.public_pem), "NODE_ENV": "production"})
            try:
                e2e.wait_until("the peer listens", lambda: listens(port))
                results[name] = load(records, port, seconds=seconds)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait()
            server.sql("drop table outbox")
    return results


def listens(port):
    with contextlib.suppress(OSError):
        e2e.request(f"http://127.0.0.1:{port}/")
        return True
    return False


def spread(values):
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f})"
