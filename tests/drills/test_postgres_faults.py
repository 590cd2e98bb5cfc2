"""PostgreSQL fails under running hubs: killed, out of connections, deadlocked, lost amid a commit, failed over to its
standby. Meanwhile webhooks get 503; afterwards the same processes go on, and the ledger balances."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal
import socket
import struct
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from balancer import Balancer
from fleet import ENVIRONMENTS, Fleet
from hub import request, utc, wait_until
from ledger import balance
from load import Load
from postgres import UNSYNCED, Postgres, Session
from postgres_drill import drill, parse

TIMEOUT_S = 60
ALL_REPLICAS = ("ingest", "ingest-b", *ENVIRONMENTS)


def setUpModule():
    global server
    server = Postgres(settings=[*UNSYNCED, "max_connections=60"])


def tearDownModule():
    server.__exit__()


class Faults(unittest.TestCase):
    def __init__(self, *words):
        super().__init__(*words)
        self.refused = []  # deliveries that the test itself has sent

    def run_fleet(self, *servers):
        fleet = self.enterContext(Fleet(*servers))
        fleet.start(*ALL_REPLICAS)
        return fleet

    def start_load(self, fleet):
        load = self.enterContext(Load(fleet, "ingest", "ingest-b"))
        self.wait_for_more(fleet, load)
        return load

    def wait_for_more(self, fleet, load):
        acknowledged, delivered = load.count() + 20, fleet.count("stage") + 20
        wait_until("load flows", lambda: load.count() >= acknowledged and fleet.count("stage") >= delivered, TIMEOUT_S)

    def expect_unavailable(self, fleet):
        for name in ALL_REPLICAS:
            wait_until(f"{name} is not ready", lambda: fleet.readiness(name) == 503)
            self.assertEqual(request(fleet.admin_url(name) + "/healthz")[0], 200)
        delivery = fleet.applicant()
        status, headers, _ = fleet.post("ingest", delivery)
        self.assertEqual((status, "Retry-After" in headers), (503, True))
        self.refused.append(delivery)
        status, headers, _ = fleet.events_at("stage", [follow(1)])
        self.assertEqual((status, "Retry-After" in headers), (503, True))

    def expect_recovery(self, fleet, load):
        for name in ALL_REPLICAS:
            fleet.wait_ready(name, TIMEOUT_S)
        self.wait_for_more(fleet, load)

    def wait_delivered(self, fleet, count):
        fleet.wait_delivered(count, timeout_s=TIMEOUT_S)
        wait_until("nothing waits", fleet.nothing_waits, TIMEOUT_S)

    def finish(self, fleet, load):
        for delivery in self.refused:  # as its provider does: 503 leaves open whether it was kept
            load.deliver(delivery)
        ids = load.finish()
        self.assertGreater(load.refusals, 0, "no fault has struck a delivery")
        self.wait_delivered(fleet, len(ids))
        balance(fleet, ids)
        self.assertEqual(fleet.stop(*ALL_REPLICAS), [0] * len(ALL_REPLICAS))


class Killed(Faults):
    def test_amid_load_and_again(self):
        fleet = self.run_fleet(server)
        load = self.start_load(fleet)
        for _ in range(2):  # recovery works more than once
            server.kill()
            self.expect_unavailable(fleet)
            server.start()
            self.expect_recovery(fleet, load)
        self.finish(fleet, load)


class Storm(Faults):
    """Other clients take every connection that the server has."""

    def test_out_of_connections(self):
        fleet = self.run_fleet(server)
        load = self.start_load(fleet)
        mine = ",".join(f"'{name}'" for name in fleet.databases.values())
        # The test's own session is opened before the strangers come: they leave no place for another one.
        with Session(server, "postgres") as session, Strangers(server):
            def blow():
                session.run(f"select pg_terminate_backend(pid) from pg_stat_activity where datname in ({mine})")
                unready = all(fleet.readiness(name) == 503 for name in ALL_REPLICAS)
                left = session.run(f"select count(*) from pg_stat_activity where datname in ({mine})")
                return unready and left == ["0"]
            wait_until("no hub has a connection", blow)
            self.expect_unavailable(fleet)
        self.expect_recovery(fleet, load)
        self.finish(fleet, load)


class Deadlock(Faults):
    """The server looks for a deadlock once, a second after a wait has begun. So the hub's wait begins last: a trigger
    keeps it before its second row until the rival waits for the first."""

    GATE = """create function public.vf_gate() returns trigger language plpgsql as $$ begin
        if new.event_id = '{id}' and current_setting('application_name') = 'vf api' then
          perform pg_advisory_xact_lock(1);
        end if;
        return new;
      end $$;
      create trigger vf_gate before insert on processed_events for each row execute function public.vf_gate()"""
    WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = '{name}'"

    def test_a_batch_that_deadlocks_with_another_client_is_applied(self):
        fleet = self.enterContext(Fleet(server))
        low, high = follow(1), follow(2)
        fleet.rows("stage", self.GATE.format(id=high["id"]))
        fleet.start("stage")
        database = fleet.databases["stage"]
        with Session(server, database) as rival, Session(server, database) as gate, \
                concurrent.futures.ThreadPoolExecutor(2) as pool:
            gate.run("select pg_advisory_lock(1)")
            rival.run("set deadlock_timeout = '1min'", "begin", processed(high))
            answer = pool.submit(fleet.events_at, "stage", [high, low])
            wait_until("the hub is at the gate", lambda: gate.run(self.WAITING.format(name="vf api")) == ["1"])
            crossed = pool.submit(rival.run, processed(low))
            wait_until("the rival waits for the hub", lambda: gate.run(self.WAITING.format(name="psql")) == ["1"])
            gate.run("select pg_advisory_unlock(1)")  # now each waits for the other; the hub's transaction is aborted
            crossed.result()
            rival.run("rollback")
            status, _, body = answer.result()
        self.assertEqual((status, [row["status"] for row in body.get("results", [])]), (200, ["applied"] * 2), body)
        self.assertEqual(fleet.rows("stage", "select count(*) from channel_followers"), [["2"]])
        self.assertIn("deadlock detected", (server.folder / "log").read_text())


class HalfDone(Faults):
    """The network to the server fails amid a commit, and stays away; another replica is asked meanwhile."""

    def setUp(self):
        self.fleet = self.enterContext(Fleet(server))
        self.way = self.enterContext(Balancer([server.port]))
        self.fleet.ways.update(dict.fromkeys(("ingest", "stage"), self.way.port))

    def post_and_freeze(self, *, answered):
        """A delivery whose commit was frozen, so that its provider gets 503."""
        self.fleet.start("ingest", "ingest-b")
        delivery = self.fleet.applicant()
        self.way.freeze_at_commit(json.loads(delivery[1])["applicantId"].encode(), answered=answered)
        status, headers, _ = self.fleet.post("ingest", delivery)
        self.assertEqual((status, "Retry-After" in headers), (503, True))
        return delivery

    def post_until_taken(self, name, delivery):
        def post():
            status, _, answer = self.fleet.post(name, delivery)
            self.assertIn(status, (200, 503))
            return status == 200 and answer
        return wait_until("the delivery is taken", post, TIMEOUT_S)

    def test_a_resend_after_an_unconfirmed_commit_is_a_duplicate(self):
        delivery = self.post_and_freeze(answered=True)
        (event_id,), = self.fleet.rows("dm", "select event_id from ingest.ingest_outbox")
        for name in ("ingest-b", "ingest"):
            if name == "ingest":
                self.way.thaw()
            answer = self.post_until_taken(name, delivery)
            self.assertEqual(answer, {"status": "duplicate", "event_id": event_id}, name)

    def test_a_commit_that_never_arrived_leaves_nothing(self):
        delivery = self.post_and_freeze(answered=False)
        first = self.post_until_taken("ingest-b", delivery)
        self.assertEqual(first["status"], "accepted")
        self.way.thaw()
        self.assertEqual(self.post_until_taken("ingest", delivery), {**first, "status": "duplicate"})
        self.assertEqual(self.fleet.ids("dm", "ingest.ingest_outbox"), [first["event_id"]])

    def test_a_lost_commit_of_an_environment_delays_the_others_for_seconds(self):
        self.fleet.start("stage", "stage-b")
        event = follow(1)
        self.way.freeze_at_commit(b"processed_events", answered=False)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            half_done = pool.submit(self.fleet.events_at, "stage", [event])
            wait_until("it is amid its commit", lambda: not self.way.flowing.is_set())

            def post():
                status, _, answer = self.fleet.events_at("stage-b", [event])
                self.assertIn(status, (200, 503))
                return status == 200 and answer["results"][0]["status"]
            self.assertEqual(wait_until("it is taken", post, TIMEOUT_S), "applied")
            self.way.thaw()
            status, _, answer = half_done.result()
        self.assertTrue(status == 503 or answer["results"][0]["status"] == "duplicate", answer)
        self.assertEqual(self.fleet.ids("stage", "processed_events"), [event["id"]])


class Failover(Faults):
    def fail_over(self, fleet, standby):
        """The primary is gone already."""
        self.expect_unavailable(fleet)
        standby.promote()
        fleet.servers = [standby]  # where the test looks; the hubs' address names both, as before

    def expect_no_new_era(self, fleet):
        self.assertEqual(fleet.rows("dm", "select era from ingest.ingest_era"), [["1"]], "it is the same cluster still")

    def synchronous_pair(self):
        primary = self.enterContext(Postgres(settings=UNSYNCED))
        alone = "synchronous_standby_names=''"  # as an operator sets it who promotes it
        standby = self.enterContext(Postgres(standby_of=primary, settings=[*UNSYNCED, alone]))
        primary.sql("alter system set synchronous_standby_names = 'standby'")
        primary.sql("select pg_reload_conf()")
        replication = "select sync_state from pg_stat_replication"
        wait_until("the standby is synchronous", lambda: primary.sql(replication) == [["sync"]])
        return primary, standby

    def test_a_commit_that_the_standby_did_not_confirm_is_not_acknowledged(self):
        """Whatever the role's defaults are: they can hide the server's warning, or keep commits from waiting."""
        primary, standby = self.synchronous_pair()
        primary.sql("alter role all set client_min_messages = error")
        primary.sql("alter role all set synchronous_commit = local")
        fleet = self.run_fleet(primary, standby)
        self.assertEqual(fleet.post("ingest", fleet.applicant())[0], 200)
        receiver, = standby.sql("select pid from pg_stat_wal_receiver")
        os.kill(int(receiver[0]), signal.SIGSTOP)
        self.addCleanup(os.kill, int(receiver[0]), signal.SIGCONT)  # runs before the servers end
        cancel = "select count(pg_cancel_backend(pid)) from pg_stat_activity where wait_event = 'SyncRep'"
        deliveries = [fleet.applicant() for _ in range(10)]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            for delivery in deliveries * 2:  # the resend is a duplicate of an event that only the primary has
                answer = pool.submit(fleet.post, "ingest", delivery)
                while not answer.done():
                    primary.sql(cancel)
                self.assertEqual(answer.result()[0], 503)
        os.kill(int(receiver[0]), signal.SIGCONT)
        for delivery in deliveries:
            answer = wait_until("it is taken", lambda: (lambda status, _, body: status == 200 and body)(
                *fleet.post("ingest", delivery)), TIMEOUT_S)
            self.assertEqual(answer["status"], "duplicate")
        events = lambda place: place.sql("select event_id from ingest.ingest_outbox order by 1", fleet.databases["dm"])
        self.assertEqual(len(events(primary)), 1 + len(deliveries))
        wait_until("the standby shows what it has", lambda: events(standby) == events(primary))

    def test_to_a_synchronous_standby(self):
        primary, standby = self.synchronous_pair()
        fleet = self.run_fleet(primary, standby)
        load = self.start_load(fleet)
        primary.kill()
        self.fail_over(fleet, standby)
        self.expect_recovery(fleet, load)
        self.finish(fleet, load)
        self.expect_no_new_era(fleet)

    def test_after_failover_to_a_lagging_standby_new_events_are_delivered(self):
        primary = self.enterContext(Postgres(settings=UNSYNCED))
        standby = self.enterContext(Postgres(standby_of=primary, settings=UNSYNCED))
        fleet = self.run_fleet(primary, standby)
        kept = [fleet.post("ingest", fleet.applicant())[2]["event_id"] for _ in range(10)]
        self.wait_delivered(fleet, len(kept))
        caught_up = "select replay_lsn >= pg_current_wal_lsn() from pg_stat_replication"
        wait_until("the standby has caught up", lambda: primary.sql(caught_up) == [["t"]])
        receiver, = standby.sql("select pid from pg_stat_wal_receiver")
        os.kill(int(receiver[0]), signal.SIGSTOP)
        lost = [fleet.post("ingest", fleet.applicant())[2]["event_id"] for _ in range(200)]
        self.wait_delivered(fleet, len(kept + lost))  # the cursors that the hubs know lie far ahead of the standby's
        primary.kill()  # first: a new receiver would fetch what is to be lost
        os.kill(int(receiver[0]), signal.SIGKILL)
        self.fail_over(fleet, standby)
        for name in ALL_REPLICAS:
            fleet.wait_ready(name, TIMEOUT_S)
        self.expect_no_new_era(fleet)
        self.assertEqual(set(lost) & set(fleet.ids("dm", "ingest.ingest_outbox")), set(), "nothing was lost")
        after = [fleet.post("ingest", fleet.applicant())[2]["event_id"] for _ in range(20)]
        for name in ENVIRONMENTS:
            wait_until(f"all is delivered to {name}", lambda: set(after) <= set(fleet.ids(name, "processed_events")))
        self.assertEqual(fleet.readiness("ingest"), 200)


class AnyFault(unittest.TestCase):
    def test_at_any_moment(self):
        options = parse(["--faults", "8"])
        print(f"\n(seed {options.seed})", end=" ", flush=True)
        print(f"\n{drill(options)}", flush=True)


def follow(number):
    return {"specversion": "1.0", "id": f"00000000-0000-8000-8000-{number:012x}", "source": "kick",
            "type": "kick.channel.followed", "time": utc(), "data": {
                "broadcaster": {"user_id": 42, "username": "a", "channel_slug": "a"},
                "follower": {"user_id": number, "username": "b", "channel_slug": "b"}}}


def processed(envelope):
    return ("insert into processed_events values "
            f"('{envelope['id']}', 'kick', 'kick.channel.followed', 'applied', now(), now())")


class Strangers:
    """Take each connection that becomes free, and do nothing with it. Use as a context manager."""

    THREADS = 4
    STARTUP = b"user\0vfapp\0database\0postgres\0\0"

    def __init__(self, server):
        self.port, self.ending, self.connections = server.port, threading.Event(), contextlib.ExitStack()
        self.threads = [threading.Thread(target=self.crowd, daemon=True) for _ in range(self.THREADS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        self.connections.close()

    def crowd(self):
        while not self.ending.is_set():
            stranger = socket.create_connection(("127.0.0.1", self.port))
            stranger.sendall(struct.pack(">ii", len(self.STARTUP) + 8, 3 << 16) + self.STARTUP)
            if stranger.recv(1) == b"R":  # let in
                self.connections.enter_context(stranger)
            else:
                stranger.close()


if __name__ == "__main__":
    unittest.main()
