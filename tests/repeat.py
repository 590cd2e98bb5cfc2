"""Runs each end-to-end test and each drill many times on a busy machine, to find those that fail by chance. The tests
take turns, so that an interrupted sitting has run all of them equally often. Each run is a line of the results file; a
later sitting continues from there. Build first: the tests run build/dev as it is. Standard library only."""
import argparse
import collections
import contextlib
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/dev"
COLUMNS = ("date", "commit", "entry", "seconds", "outcome")
# Ends with the process that started it, even if that one is killed.
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    sum(range(100_000))"


def entries(only):
    """Names of the matching tests, as ctest knows them."""
    words = ["ctest", "--test-dir", str(BUILD), "--show-only=json-v1"]
    tests = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)["tests"]
    return [test["name"] for test in tests
            if test["name"].startswith(("e2e/", "drills/")) and re.search(only, test["name"])]


def commit():
    """The commit's short id, with a plus sign if a file differs from it."""
    git = lambda *words: subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True,
                                        text=True).stdout
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!tests/*.tsv")
    return git("rev-parse", "--short", "HEAD").strip() + ("+" if changed else "")


def passes(results):
    """{entry: its passed runs since the last failure}."""
    counts = collections.Counter()
    for line in results.read_text().splitlines()[1:] if results.exists() else []:
        entry, outcome = line.split("\t")[2::2]
        counts[entry] = counts[entry] + 1 if outcome.startswith("passed") else 0
    return counts


@contextlib.contextmanager
def busy(count):
    words = [sys.executable, "-c", BUSY, str(os.getpid())]
    processes = [subprocess.Popen(words, start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


class Sitting:
    def __init__(self, options):
        self.options, self.failures, self.seconds = options, collections.Counter(), collections.defaultdict(list)
        self.is_over = False
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, self.end)

    def end(self, number, _):
        """After the present run, which so cleans up; at the second signal at once."""
        print("ends after this run", flush=True)
        self.is_over = True
        signal.signal(number, signal.SIG_DFL)

    def run(self):
        names, before = entries(self.options.only), passes(self.options.results)
        for turn in range(self.options.times):
            for name in names:
                if not self.is_over and before[name] + turn < self.options.times:
                    self.run_one(name)
        return names

    def run_one(self, name):
        tested, begun = commit(), time.monotonic()
        # A session of its own: the terminal's Ctrl-C ends the sitting, not the test.
        done = subprocess.run(["ctest", "--test-dir", str(BUILD), "-V", "-R", f"^{re.escape(name)}$"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        seconds, output = time.monotonic() - begun, done.stdout.decode(errors="replace")
        skipped = sum(map(int, re.findall(r"skipped=(\d+)", output)))
        outcome = "failed" if done.returncode else f"passed, {skipped} skipped" if skipped else "passed"
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.record((now, tested, name, f"{seconds:.1f}", outcome))
        self.seconds[name].append(seconds)
        if done.returncode:
            self.failures[name] += 1
            self.keep(f"{name.replace('/', '-')}-{now.replace(':', '')}.log", output)

    def record(self, fields):
        results = self.options.results
        if not results.exists():
            results.write_text("\t".join(COLUMNS) + "\n")
        with open(results, "a") as file:
            file.write("\t".join(fields) + "\n")
        print(*fields, flush=True)

    def keep(self, name, output):
        self.options.outputs.mkdir(parents=True, exist_ok=True)
        (self.options.outputs / name).write_text(output)
        print(f"  output: {self.options.outputs / name}", flush=True)

    def summary(self, names):
        counts = passes(self.options.results)
        print(f"\n{'entry':26} {'runs':>5} {'failed':>7} {'median s':>9} {'longest s':>10} {'passed in a row':>16}")
        for name in names:
            taken = sorted(self.seconds[name]) or [0]
            print(f"{name:26} {len(self.seconds[name]):5} {self.failures[name]:7} {taken[len(taken) // 2]:9.1f} "
                  f"{taken[-1]:10.1f} {counts[name]:16}")


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="passed runs in a row that each test is to reach")
    parser.add_argument("--busy", type=int, default=os.cpu_count(), help="processes that keep the processors busy")
    parser.add_argument("--only", default="", metavar="REGEX", help="the tests whose name matches")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "tests/repeat-results.tsv", metavar="FILE")
    parser.add_argument("--outputs", type=pathlib.Path, default=BUILD / "Testing/repeat", metavar="FOLDER",
                        help="of failed runs")
    return parser.parse_args(words)


def main(words):
    sitting = Sitting(parse(words))
    with busy(sitting.options.busy):
        names = sitting.run()
    sitting.summary(names)
    return 1 if sitting.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
