"""The scenarios on embedded stores, which `bench/run` reports and `bench/compare.py` runs with two binaries. `make_hub`
is called without arguments and gives a BenchHub that is not started; `options` are those of the load generator. The
scenarios read /proc, the databases and the load generator's result, and no metric, whose name may differ by version."""
import datetime
import time

from harness import cpu_seconds, e2e, load, memory_mib

ENVIRONMENTS = ("stage", "production")


def intake(make_hub, corpus, **options):
    """Intake alone, without targets and without a lake. The answers are checked against the committed rows."""
    hub = make_hub()
    hub.config["targets"], hub.config["environments"] = {}, {}
    with hub:
        before = cpu_seconds(hub.process.pid)
        result = load(corpus, hub.ports["ingest"], **options)
        assert result["ok"], "the hub accepted no delivery"
        result["cpu_us_per_event"] = (cpu_seconds(hub.process.pid) - before) / result["ok"] * 1e6
        result["rss_mib"] = memory_mib(hub.process.pid, "VmHWM")
        committed = hub.rows("dm", "select count(*) from ingest_outbox")[0][0]
        assert committed == result["ok"], f"answered {result['ok']}, committed {committed}"
        return result


def projected(hub, environment):
    return hub.rows(environment, "select count(*) from processed_events")[0][0]


def whole_path(make_hub, corpus, **options):
    """Intake, the raw log where the hub has one, and the projections of two environments. The rate is the number of
    events over the time until the last of them is projected in both."""
    with make_hub() as hub:
        before, begun = cpu_seconds(hub.process.pid), time.monotonic()
        sent = hub.directory / "sent"
        result = load(corpus, hub.ports["ingest"], sent=sent, **options)
        assert result["ok"], "the hub accepted no delivery"
        loaded = time.monotonic()
        e2e.wait_until("everything is projected", lambda: all(
            projected(hub, name) >= result["ok"] for name in ENVIRONMENTS), 180)
        done = time.monotonic()
        result["per_second_projected"] = result["ok"] / (done - begun)
        result["drain_seconds"] = done - loaded
        result["cpu_us_per_event"] = (cpu_seconds(hub.process.pid) - before) / result["ok"] * 1e6
        result["rss_mib"] = memory_mib(hub.process.pid, "VmHWM")
        result["request_to_row_ms"] = {name: row_latency(hub, name, sent) for name in ENVIRONMENTS}
        for name in ENVIRONMENTS:
            assert projected(hub, name) == result["ok"]
        return result


def row_latency(hub, environment, sent):
    """Milliseconds from the first byte sent of a request to the environment's commit."""
    sent_at = dict(line.split() for line in sent.read_text().splitlines())
    waits = []
    for event_id, received in hub.rows(environment, "select event_id, received_at from processed_events"):
        at = datetime.datetime.fromisoformat(received.replace("Z", "+00:00")).timestamp() * 1000
        waits.append(at - float(sent_at[event_id]))
    waits.sort()
    return {"p50": waits[len(waits) // 2], "p99": waits[int(len(waits) * 0.99)], "max": waits[-1]}
