"""What the benchmarks share: a corpus, hubs and servers of their own, the load generator, and how results read."""
import contextlib
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
e2e.BINARY = str(RELEASE / "vf")
TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def run(*words, **more):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True, **more).stdout


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid, field="VmRSS"):
    return int(re.search(rf"{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


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
    return json.loads(run(*words))


class BenchHub(e2e.Hub):
    """A hub of its own for each measure, so that every id is fresh."""

    def __init__(self, key, **extra):
        super().__init__(lake=extra.pop("lake", "none"), extra=extra, directory=tempfile.mkdtemp(dir=WORK))
        self.config["sources"]["kick"]["public_keys"] = ["file:" + str(key.public_pem)]

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.directory)


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
    """Of PublicKey and of OpenSSL alone, in turns."""
    return [json.loads(line) for line in run(RELEASE / "bench/bench_verify_bench", 4).splitlines()]


def node_peers(peer, key, corpus, seconds, server=None):
    """Each peer over the same corpus, on `server` or on one of their own."""
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
