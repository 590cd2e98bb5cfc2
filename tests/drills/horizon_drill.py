"""A transaction is left open under load, for a chosen time. First a reader, with a snapshot in each of
the hub's databases: the server may remove no dead row. Then a writer in another database, whose transaction id stands
before all later ones: what is committed meanwhile reaches no target. At each interval the intake must have gone on, and
where rows are only inserted there must be no dead ones; in the end the ledger must balance."""
import argparse
import contextlib
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from fleet import ENVIRONMENTS, Fleet
from hub import request, wait_until
from ledger import balance
from load import Load
from postgres import UNSYNCED, Postgres, Session

TIMEOUT_S = 120
ANSWER_S = 30            # an answer that takes longer counts as none
REPLICAS = ("ingest", "ingest-b", *ENVIRONMENTS)
REPORTED_AFTER_S = 60    # /readyz names the holder from then on
RATE_KEPT = 0.5          # of the intake's first intervals in the last ones, where a phase lasts minutes
DEAD_MAX = 10            # where nothing is updated; the server's statistics may count one twice while it vacuums
LEASE_WRITES_PER_S = 0.5
READER, WRITER = "vf-drill reader", "vf-drill writer"
INSERT_ONLY = "ingest_outbox_[0-9]|processed_webhooks|ingest_outbox_batch|processed_events"
DEAD = ("select regexp_replace(relname, '_([0-9]{8}|timeless|old|future)$', ''), sum(n_dead_tup) "
        "from pg_stat_user_tables group by 1 having sum(n_dead_tup) > 0 order by 1")
CHANGES = ("select relname, n_tup_upd, n_tup_del, n_dead_tup from pg_stat_user_tables "
           f"where relname ~ '^({INSERT_ONLY})'")


class Drill:
    def __init__(self, options, server, fleet, load):
        self.options, self.server, self.fleet, self.load = options, server, fleet, load
        self.acknowledged, self.delivered, self.rates = 0, 0, []

    def hold(self, what, each):
        """Checks the intake at each interval of a phase, and calls `each(seconds, delivered)`, the events delivered to stage."""
        print(f"{what}:\n{'s':>5} {'acknowledged/s':>15} {'delivered/s':>12} {'horizon s':>10}  dead rows", flush=True)
        begun, self.rates = time.monotonic(), []
        self.acknowledged, self.delivered = self.load.count(), self.fleet.count("stage")
        while (elapsed := time.monotonic() - begun) < self.options.seconds:
            time.sleep(self.options.interval)  # the interval itself
            acknowledged, delivered = self.load.count(), self.fleet.count("stage")
            span = time.monotonic() - begun - elapsed
            self.rates.append((acknowledged - self.acknowledged) / span)
            dead = self.dead_rows()
            print(f"{time.monotonic() - begun:5.0f} {self.rates[-1]:15.0f} {(delivered - self.delivered) / span:12.0f} "
                  f"{self.horizon():10.1f}  {json.dumps(dead)}", flush=True)
            self.check_intake()
            self.check_insert_only()
            each(time.monotonic() - begun, delivered)
            self.acknowledged, self.delivered = acknowledged, delivered
        third = len(self.rates) // 3
        if self.options.seconds >= REPORTED_AFTER_S and sum(self.rates[-third:]) < RATE_KEPT * sum(self.rates[:third]):
            raise AssertionError(f"the intake became slower: {self.rates}")

    def check_intake(self):
        if self.rates[-1] == 0 or self.load.refusals or self.load.problems:
            raise AssertionError(f"the intake: {self.rates[-1]}/s, {self.load.refusals} refusals, {self.load.problems}")

    def check_insert_only(self):
        """Nothing was updated; retention deleted only the rows that had placed the cursors at first."""
        for name in self.fleet.databases:
            for table, *counts in self.fleet.rows(name, CHANGES):
                updated, deleted, dead = map(int, counts)
                if updated or deleted > len(ENVIRONMENTS) or dead > DEAD_MAX:
                    raise AssertionError(f"{table}, insert-only: {updated} updated, {deleted} deleted, {dead} dead")

    def dead_rows(self):
        """{table: dead rows} of the shared store and of stage, summed over partitions."""
        return {table: int(dead) for name in ("dm", "stage") for table, dead in self.fleet.rows(name, DEAD)}

    def leases_left_dead(self):
        """(versions of leases that VACUUM may not remove, leases)."""
        self.fleet.rows("dm", "vacuum ingest.ingest_lease")
        dead = "select n_dead_tup from pg_stat_user_tables where relname = 'ingest_lease'"
        leases = self.fleet.rows("dm", "select count(*) from ingest.ingest_lease")
        return int(self.fleet.rows("dm", dead)[0][0]), int(leases[0][0])

    def horizon(self):
        """Seconds for which committed events have been held back, by the metric of ingest."""
        lines = request(self.fleet.admin_url("ingest") + "/metrics")[2].decode().splitlines()
        return float(next(line for line in lines if line.startswith("vf_outbox_horizon_seconds ")).split()[1])

    def reported(self):
        """The reason of the check "outbox horizon" in /readyz; empty if nothing is held back. It may never be a 503."""
        status, _, body = request(self.fleet.admin_url("ingest") + "/readyz")
        if status != 200:
            raise AssertionError(f"/readyz is {status}: {body}")
        return json.loads(body)["checks"]["outbox horizon"].get("reason", "")

    def reader(self):
        """Deliveries go on; what is updated in place leaves dead versions, at the pace of its updates."""
        with contextlib.ExitStack() as stack:
            for name in self.fleet.databases.values():
                session = stack.enter_context(Session(self.server, name))
                session.run(f"set application_name = '{READER}'", "begin isolation level repeatable read read only",
                            "select count(*) from pg_class")
            begun = time.monotonic()

            def each(_, delivered):
                if delivered <= self.delivered:
                    raise AssertionError(f"nothing was delivered beside a reader: {delivered}")
                if self.reported():
                    raise AssertionError(f"a reader holds nothing back, but: {self.reported()}")
            self.hold("a reader's snapshot in every database", each)
            dead, leases = self.leases_left_dead()
            pace = 2 * LEASE_WRITES_PER_S * leases * (time.monotonic() - begun)
            print(f"after VACUUM: {dead} dead versions of {leases} leases", flush=True)
            if not 0 < dead <= pace:
                raise AssertionError(f"{dead} dead versions of {leases} leases, not 1 to {pace:.0f}")

    def writer(self):
        """Nothing is delivered, the metric grows and the holder is named."""
        with Session(self.server, "postgres") as holder:
            xid, = holder.run(f"set application_name = '{WRITER}'", "begin", "select pg_current_xact_id()")
            wait_until("events are held back", lambda: self.horizon() > 0)
            before = wait_until("all transactions from before have ended", lambda: self.committed_before(xid))
            wait_until("what was committed before is delivered", lambda: self.fleet.count("stage") >= before)
            stood = self.fleet.count("stage")
            if stood != before:
                raise AssertionError(f"{stood - before} events were delivered beyond the horizon")

            def each(elapsed, delivered):
                if delivered != stood:
                    raise AssertionError(f"{delivered - stood} events were delivered beyond the horizon")
                if self.horizon() < elapsed:
                    raise AssertionError(f"the horizon stands for {elapsed} s, not {self.horizon()} s")
                name, = self.fleet.rows("dm", "select holder from ingest.horizon()")
                sentence = name[0] if elapsed <= REPORTED_AFTER_S else self.reported()
                if WRITER not in sentence or "database postgres" not in sentence:
                    raise AssertionError(f"the holder is not named after {elapsed} s: {sentence!r}")
            self.hold("a writer's transaction in another database", each)
        begun, waiting = time.monotonic(), self.load.count() - stood
        self.fleet.wait_delivered(stood + waiting, timeout_s=TIMEOUT_S)
        wait_until("nothing is held back", lambda: self.horizon() == 0 and not self.reported())
        print(f"released: the {waiting} events that waited were delivered within {time.monotonic() - begun:.1f} s")

    def committed_before(self, xid):
        """Events in the outbox whose transaction is older than this one; None while another of those is open."""
        row, = self.fleet.rows("dm", f"select count(*) filter (where tx < '{xid}'), "
                                     f"pg_snapshot_xmin(pg_current_snapshot()) from ingest.ingest_outbox")
        return int(row[0]) if row[1] == xid else None


def drill(options):
    """Runs the drill and balances the ledger; returns the number of events."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Postgres(settings=[*UNSYNCED, "autovacuum_naptime=1s"]))
        fleet = stack.enter_context(Fleet(server))
        fleet.start(*REPLICAS)
        load = stack.enter_context(Load(fleet, "ingest", "ingest-b", timeout_s=ANSWER_S))
        run = Drill(options, server, fleet, load)
        wait_until("load flows", lambda: fleet.count("stage") > 50, TIMEOUT_S)
        run.reader()
        run.writer()
        ids = load.finish()
        fleet.wait_delivered(len(ids), timeout_s=TIMEOUT_S)
        wait_until("nothing waits", fleet.nothing_waits, TIMEOUT_S)
        balance(fleet, ids)
        wait_until("VACUUM leaves no dead lease", lambda: run.leases_left_dead()[0] == 0)
        if fleet.stop(*REPLICAS) != [0] * len(REPLICAS):
            raise AssertionError(f"a process did not stop in order:\n{fleet.log.read_text()[-3000:]}")
        return len(ids)


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180, help="of each of the two phases")
    parser.add_argument("--interval", type=float, default=10, help="seconds between two checks")
    return parser.parse_args(words)


def main(words):
    print(f"acknowledged = outbox = ledger = stage = production: {drill(parse(words))} events")


if __name__ == "__main__":
    main(sys.argv[1:])
