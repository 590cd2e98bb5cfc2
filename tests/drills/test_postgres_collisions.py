"""Hubs that collide with each other: both ingests take each delivery at the same moment, two targets deliver everything
to two replicas of one environment, and they do so whatever isolation the databases have by default, and while any
transaction may be refused as a collision (40001, 40P01), at any of its statements or as late as its COMMIT. The ledger
balances."""
import collections
import concurrent.futures
import http.client
import itertools
import unittest

from test_postgres_faults import ALL_REPLICAS, TIMEOUT_S, Faults  # first: it sets the path of the other modules

from fleet import ENVIRONMENTS, Fleet
from hub import wait_until
from ledger import balance, check_cursor
from load import Load
from postgres import UNSYNCED, Postgres

REPLICAS = (*ALL_REPLICAS, "stage-b")
RIVAL = "stage-again"  # a target; it delivers to stage-b what "stage" delivers to stage
EVENTS = 400           # acknowledged before the load ends
WRITES_MIN = 50        # statements to the tables below, of each database, meanwhile
REFUSED_MIN = 20       # transactions of each database
REFUSALS_MAX = 0.1     # of deliveries, by both: each tries five times, and half of the attempts fail
ANSWER_S = 30          # an answer that takes longer counts as none
AT_A_STATEMENT, AT_A_COMMIT = 0.3, 0.3  # probabilities
WRITTEN = {
    "dm": ("ingest.ingest_outbox", "ingest.processed_webhooks", "ingest.ingest_outbox_batch", "ingest.ingest_lease"),
    **dict.fromkeys(ENVIRONMENTS, ("public.processed_events", "public.chat_activity", "public.applicants")),
}
AT_COMMIT = {"dm": "ingest.ingest_outbox_batch", **dict.fromkeys(ENVIRONMENTS, "public.chat_activity")}
# A sequence keeps its count when the transaction is rolled back.
GUARD = """
create sequence public.vf_guarded;
create function public.vf_guard() returns trigger language plpgsql security definer as $$ begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'guard: % is written in %', tg_table_name, current_setting('transaction_isolation');
  end if;
  perform nextval('public.vf_guarded');
  return null;
end $$;"""
COLLIDE = """
create sequence public.vf_refused;
create function public.vf_collide() returns trigger language plpgsql security definer as $$ begin
  if random() < tg_argv[0]::float then
    perform nextval('public.vf_refused');
    raise exception 'could not serialize access to % %', tg_table_name, tg_when
      using errcode = case when random() < 0.5 then '40001' else '40P01' end;
  end if;
  return null;
end $$;"""


class Rivals(Load):
    """Sends each delivery to every replica at once, until one has taken it."""

    def __init__(self, fleet, *replicas):
        super().__init__(fleet, *replicas, timeout_s=ANSWER_S)
        self.pool = concurrent.futures.ThreadPoolExecutor(len(self.threads) * len(replicas))
        self.outcomes = collections.Counter()  # statuses in the 200 answers

    def attempt(self, delivery):
        answers = list(self.pool.map(lambda name: self.attempt_at(name, delivery), self.replicas))
        taken = [answer for status, answer in answers if status == 200]
        with self.lock:
            self.outcomes[tuple(sorted(answer["status"] for answer in taken))] += 1
        if not taken:
            return next((status for status, _ in answers if status), None), None
        if len({answer["event_id"] for answer in taken}) > 1:
            self.problems.append(answers)
        return 200, taken[0]["event_id"]

    def attempt_at(self, name, delivery):
        try:
            status, _, answer = self.fleet.post(name, delivery, self.timeout_s)
        except (OSError, http.client.HTTPException):
            return None, None
        return status, answer


class Collisions(Faults):
    def setUp(self):
        self.server = self.enterContext(Postgres(settings=[*UNSYNCED, "max_connections=60"]))
        self.fleet = Fleet(self.server)
        url = f"http://127.0.0.1:{self.fleet.ports_of('stage-b')[0]}/internal/events"
        self.fleet.config["targets"][RIVAL] = {**self.fleet.config["targets"]["stage"], "url": url}
        self.addCleanup(self.fleet.__exit__)
        self.fleet.prepare()

    def send(self, is_enough):
        """Sends with Rivals until is_enough(load); then the ledger must balance."""
        with Rivals(self.fleet, "ingest", "ingest-b") as load:
            wait_until("enough has come", lambda: load.count() >= EVENTS and is_enough(load), TIMEOUT_S)
            ids = load.finish()
        self.wait_delivered(self.fleet, len(ids))
        balance(self.fleet, ids)
        check_cursor(self.fleet, RIVAL, len(ids))
        self.assertIn(("accepted", "duplicate"), load.outcomes)
        self.assertNotIn(("accepted", "accepted"), load.outcomes)
        self.assertEqual(self.fleet.stop(*REPLICAS), [0] * len(REPLICAS))
        return load

    def least(self, sequence):
        """The smallest value of this counter in the databases."""
        count = f"select case when is_called then last_value else 0 end from {sequence}"
        return min(int(self.fleet.rows(name, count)[0][0]) for name in self.fleet.databases)

    def log(self):
        return (self.server.folder / "log").read_text()


class Isolation(Collisions):
    """A database may have any default isolation: the hub sets its own in each transaction."""

    def balance_under(self, isolation):
        for database in self.fleet.databases.values():
            for setting in (f"default_transaction_isolation = '{isolation}'", "default_transaction_read_only = on"):
                self.server.sql(f'alter database "{database}" set {setting}')
        self.fleet.vf("migrate", "all")
        for name in self.fleet.databases:
            self.write(name, GUARD)
            for table in WRITTEN[name]:
                self.write(name, f"create trigger vf_guard after insert or update or delete on {table} "
                                 "execute function public.vf_guard()")
            self.assertEqual(self.fleet.rows(name, "show transaction_isolation"), [[isolation]])
        with self.assertRaisesRegex(AssertionError, f"guard: ingest_lease is written in {isolation}"):
            self.write("dm", "insert into ingest.ingest_lease values ('a', 'b', 1, now())")
        self.fleet.start(*REPLICAS)
        self.send(lambda _: self.least("public.vf_guarded") >= WRITES_MIN)
        self.assertNotIn("could not serialize access", self.log())

    def write(self, name, text):
        self.fleet.rows(name, "set transaction_read_only = off; " + text)

    def test_of_repeatable_read(self):
        self.balance_under("repeatable read")

    def test_of_serializable(self):
        self.balance_under("serializable")


class Refused(Collisions):
    def test_any_transaction_at_any_statement_or_at_its_commit(self):
        self.fleet.vf("migrate", "all")
        self.fleet.start(*REPLICAS)  # before the trigger: a process whose attempts at start are all refused exits with 1
        for name in self.fleet.databases:
            self.fleet.rows(name, COLLIDE)
            for table in WRITTEN[name]:
                self.fleet.rows(name, f"create trigger vf_collide before insert or update or delete on {table} "
                                      f"execute function public.vf_collide({AT_A_STATEMENT})")
            self.fleet.rows(name, "create constraint trigger vf_collide_late after insert or update "
                                  f"on {AT_COMMIT[name]} deferrable initially deferred for each row "
                                  f"execute function public.vf_collide({AT_A_COMMIT})")
        load = self.send(self.everything_collided)
        refusals = load.outcomes[()] / load.outcomes.total()
        self.assertLess(refusals, REFUSALS_MAX, "the hub does not try again")
        for database in self.fleet.databases.values():
            rolled_back = f"select xact_rollback from pg_stat_database where datname = '{database}'"
            wait_until("its statistics are there", lambda: int(self.server.sql(rolled_back)[0][0]) >= REFUSED_MIN)

    def everything_collided(self, load):
        """Collisions happened at each table and at commits, often, and in all attempts of at least one transaction."""
        log = self.log()
        places = [f"{table} BEFORE" for table in itertools.chain(*WRITTEN.values())]
        places += [f"{table} AFTER" for table in AT_COMMIT.values()]
        return (("accepted",) in load.outcomes and self.least("public.vf_refused") >= REFUSED_MIN
                and all(f"could not serialize access to {place.partition('.')[2]}" in log for place in places))


if __name__ == "__main__":
    unittest.main()
