"""`./dev bench --compare BINARY`: the intake and whole-path scenarios with two vf binaries in turn. A is BINARY, B
this tree's. Both run in every round, back to back, and the order alternates from round to round, so that the drift of a
shared machine cancels in the median of the rounds' ratios B/A."""
import argparse
import functools
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time

from harness import RELEASE, WORK, BenchHub, cpu_seconds_of_others, known_keys, say
from scenarios import intake, whole_path

NOISE = (0.97, 1.03)  # a median ratio in this range is no difference

CPU = ("hub CPU, µs an event", lambda result: result["cpu_us_per_event"])
MEMORY = ("hub memory, high water, MiB", lambda result: result["rss_mib"])
FIGURES = {
    "intake": (("events/s", lambda result: result["per_second"]), CPU,
               ("answer p99, ms", lambda result: result["p99_ms"]), MEMORY),
    "intake at half load": (CPU, ("answer p99, ms", lambda result: result["p99_ms"])),
    "whole path": (("events/s", lambda result: result["per_second_projected"]), CPU, MEMORY),
    "whole path at 5,000/s": (CPU, ("request to row p99, ms", lambda result: max(
        environment["p99"] for environment in result["request_to_row_ms"].values()))),
}


def vf_binary(text):
    """The path that `text` names, for argparse."""
    path = pathlib.Path(text).resolve()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {path}")
    if not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f"{path} is not executable")
    try:
        known_keys(path)
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, KeyError):
        raise argparse.ArgumentTypeError(f"{path} is not a vf binary: `config keys --json` failed") from None
    return path


def copied(binary, side):
    """A copy for this run: a build that replaces the original does not disturb it, and both find the same libchdb."""
    copy = WORK / f"compare-{side}" / "vf"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.unlink(missing_ok=True)
    return pathlib.Path(shutil.copy(binary, copy))


def compare(options, key, corpus, lake):
    sources = {"A": options.compare, "B": RELEASE / "vf"}
    binaries = {side: copied(source, side) for side, source in sources.items()}
    key_sets = {side: known_keys(binary) for side, binary in binaries.items()}
    if differing := sorted(key_sets["A"] ^ key_sets["B"]):
        say("keys that only one binary knows, which are not configured: " + ", ".join(differing))

    def hub_of(side, **more):
        return functools.partial(BenchHub, key, binary=binaries[side], key_sets=tuple(key_sets.values()), **more)

    results = {}

    def rounds_of(scenario, measure):
        results[scenario] = in_turn(scenario, options.rounds, measure)

    seconds = options.seconds
    begun, others = time.monotonic(), cpu_seconds_of_others()
    try:
        rounds_of("intake", lambda side: intake(hub_of(side), corpus, seconds=seconds))
        half = min(median_of(results["intake"], side, "per_second") for side in sources) / 2
        rounds_of("intake at half load", lambda side: intake(hub_of(side), corpus, seconds=seconds, rate=half))
        rounds_of("whole path", lambda side: whole_path(hub_of(side, lake=lake), corpus, seconds=seconds))
        rounds_of("whole path at 5,000/s",
                  lambda side: whole_path(hub_of(side, lake=lake), corpus, seconds=seconds, rate=5000))
    except (AssertionError, subprocess.SubprocessError, sqlite3.Error) as error:
        sys.exit(f"bench: a measure failed: {error} {getattr(error, 'stderr', None) or ''}")
    others = (cpu_seconds_of_others() - others) / (time.monotonic() - begun)
    (WORK / "result-compare.json").write_text(json.dumps(results, indent=1))
    print(f"\nA is {sources['A']}, B is {sources['B']}: {options.rounds} rounds, loads of {seconds} s, lake {lake}, "
          f"half load {half:,.0f}/s.")
    if len({hashlib.sha256(binary.read_bytes()).digest() for binary in binaries.values()}) == 1:
        print("A and B are the same program, so the ratios show the noise of this machine.")
    print(f"Other programs and the kernel used {others:.2f} of the machine's {os.cpu_count()} cores.")
    report(results)


def in_turn(scenario, rounds, measure):
    """The results of both sides in each round."""
    pairs = []
    for number in range(rounds):
        pair = {}
        for side in ("A", "B") if number % 2 == 0 else ("B", "A"):
            say(f"{scenario}, round {number + 1} of {rounds}, {side}")
            pair[side] = measure(side)
        pairs.append(pair)
    return pairs


def median_of(pairs, side, field):
    return statistics.median(pair[side][field] for pair in pairs)


def report(results):
    outside = []
    print("\n| scenario | figure | A | B | B/A, median (range) | |\n|---|---|---|---|---|---|")
    for scenario, pairs in results.items():
        for name, read in FIGURES[scenario]:
            a, b = [read(pair["A"]) for pair in pairs], [read(pair["B"]) for pair in pairs]
            ratios = [y / x for x, y in zip(a, b)]
            ratio = statistics.median(ratios)
            print(f"| {scenario} | {name} | {short(statistics.median(a))} | {short(statistics.median(b))} "
                  f"| {ratio:.3f} ({min(ratios):.3f}–{max(ratios):.3f}) | {verdict(ratios)} |")
            if not within_noise(ratio):
                outside.append(f"{scenario}, {name} ({ratio:.3f})")
    low, high = NOISE
    print(f"\nThese median ratios lie outside {low}–{high}: {'; '.join(outside)}." if outside else
          f"\nEvery median ratio lies within {low}–{high}: within noise.")
    for side in ("A", "B"):
        failed = sum(pair[side]["refused"] + pair[side]["broken"] for pairs in results.values() for pair in pairs)
        if failed:
            print(f"{failed} deliveries to {side} were refused or broken off; they do not count as events.")


def within_noise(ratio):
    return NOISE[0] <= ratio <= NOISE[1]


def verdict(ratios):
    if within_noise(statistics.median(ratios)):
        return "within noise"
    return "outside; the rounds disagree" if min(ratios) < 1 < max(ratios) else "outside"


def short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
