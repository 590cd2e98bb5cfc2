"""Any number of each role on one PostgreSQL server: an event is kept and applied once whichever replica receives it, each
consumer is run by one process, and when that process fails another takes over."""
import concurrent.futures
import contextlib
import json
import signal
import unittest

from balancer import Balancer
from fleet import ENVIRONMENTS, QUICK, Fleet
from foreign import Foreign
from hub import new_secret, request, ulid, utc, wait_until
from ledger import balance, expect_same
from load import Load
from postgres import UNSYNCED, Postgres

INGESTS = ("ingest", "ingest-b")


def setUpModule():
    global server
    server = Postgres(settings=UNSYNCED)


def tearDownModule():
    server.__exit__()


def wait_delivered(fleet, count):
    fleet.wait_delivered(count)
    wait_until("nothing waits", lambda: fleet.nothing_waits("ingest-b"))


def other(name):
    return INGESTS[1 - INGESTS.index(name)]


class TwoIngests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet, cls.ids = Fleet(server).__enter__(), []
        cls.addClassCleanup(cls.fleet.__exit__)
        cls.fleet.start(*INGESTS, *ENVIRONMENTS)

    def check_balance(self):
        wait_delivered(self.fleet, len(self.ids))
        balance(self.fleet, self.ids)

    def wait_for_leases(self, *consumers):
        wanted = consumers or ENVIRONMENTS
        return wait_until("every consumer has a holder", lambda: (held := self.fleet.leases()) and all(
            held.get(name) in INGESTS for name in wanted) and held)

    def test_a_message_posted_to_both_at_once_is_one_event(self):
        ids = self.ids
        before = len(ids)
        for _ in range(30):
            delivery = self.fleet.kick_chat()
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda name: self.fleet.post(name, delivery), INGESTS * 2))
            self.assertEqual({status for status, _, _ in answers}, {200})
            self.assertEqual(sorted(answer["status"] for _, _, answer in answers), ["accepted"] + ["duplicate"] * 3)
            same, = {answer["event_id"] for _, _, answer in answers}
            ids.append(same)
        deliveries = [self.fleet.applicant() for _ in range(150)]
        calls = [(name, delivery) for delivery in deliveries for name in INGESTS]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = [answer for _, _, answer in pool.map(lambda call: self.fleet.post(*call), calls)]
        self.assertEqual(sum(answer["status"] == "accepted" for answer in answers), len(deliveries))
        ids += {answer["event_id"] for answer in answers}
        self.assertEqual(len(ids), before + 180)
        self.check_balance()

    def test_each_consumer_is_run_by_one_replica_and_both_say_which(self):
        held = self.wait_for_leases()
        for target in ENVIRONMENTS:
            holder = held[target]
            wait_until("the holder works", lambda: self.fleet.targets(holder)[target]["worked_by"] is None)
            wait_until("the other names the holder", lambda: f"/{self.fleet.processes[holder].pid}/" in (
                self.fleet.targets(other(holder))[target]["worked_by"] or ""))
            listed = self.fleet.vf_at(other(holder), "targets", "list").stdout
            self.assertRegex(listed, rf"{target}\b.*worked by \S+/{self.fleet.processes[holder].pid}/\S+: ask there")
        # A replica that ends gives its leases back, so the other need not wait for their end.
        self.assertEqual(self.fleet.stop("ingest"), [0])
        self.assertNotIn("ingest", self.fleet.leases().values())
        wait_until("the other holds everything", lambda: set(self.wait_for_leases().values()) == {"ingest-b"})
        self.ids.append(self.fleet.post("ingest-b", self.fleet.kick_chat())[2]["event_id"])
        self.check_balance()
        self.fleet.start("ingest")

    def test_pause_and_resume_work_at_the_replica_without_the_lease(self):
        asked = other(self.wait_for_leases("stage")["stage"])
        self.fleet.vf_at(asked, "targets", "pause", "stage")
        wait_until("both show it", lambda: {self.fleet.targets(name)["stage"]["mode"] for name in INGESTS} == {"paused"})
        before = self.fleet.count("stage")
        new = [self.fleet.post(name, self.fleet.applicant())[2]["event_id"] for name in INGESTS * 5]
        self.ids += new
        self.fleet.wait_delivered(len(self.ids), "production")
        self.assertEqual([self.fleet.targets(name)["stage"]["backlog"] for name in INGESTS], [len(new)] * 2)
        self.assertEqual(self.fleet.count("stage"), before)
        self.fleet.vf_at(asked, "targets", "resume", "stage")
        self.check_balance()


class DeadLetters(unittest.TestCase):
    def test_retry_works_at_the_replica_without_the_lease(self):
        rejected, fixed = set(), []
        receiver = self.enterContext(Foreign(
            lambda events: 422 if not fixed and rejected & {e["messageid"] for e in events} else 204))
        foreign = {"url": receiver.url, "secret": new_secret(), "retry": QUICK}
        fleet = self.enterContext(Fleet(server, extra={"targets": {"foreign": foreign}}))
        fleet.start(*INGESTS, *ENVIRONMENTS)
        held = wait_until("it is worked on", lambda: fleet.leases().get("foreign"))
        delivery = fleet.kick_chat()
        rejected.add(delivery[2]["Kick-Event-Message-Id"])
        event_id = fleet.post("ingest", delivery)[2]["event_id"]
        dead = lambda: json.loads(fleet.vf_at(other(held), "dead", "list", "--json").stdout)["dead"]

        def others_flow():  # an event becomes a dead letter only while others are delivered
            fleet.post("ingest", fleet.kick_chat())
            return [row["event_id"] for row in dead()] == [event_id]
        wait_until("it is dead", others_flow, 240)
        fixed.append(True)
        fleet.vf_at(other(held), "dead", "retry", "foreign", event_id)
        wait_until("the retried letter arrives", lambda: event_id in receiver.taken())
        wait_until("it is dead no more", lambda: dead() == [])


class FailingHolder(unittest.TestCase):
    """The process that works on both targets fails under load; the other takes over, and nothing is lost or doubled."""

    def setUp(self):
        self.fleet = self.enterContext(Fleet(server))
        self.way = self.enterContext(Balancer([server.port]))
        self.fleet.ways["ingest"] = self.way.port
        self.fleet.start("ingest", *ENVIRONMENTS)
        wait_until("it holds every lease", lambda: len(self.fleet.leases()) == 2)
        self.fleet.start("ingest-b")
        self.load = self.enterContext(Load(self.fleet, *INGESTS))
        wait_until("load flows", lambda: self.load.count() > 20 and self.fleet.count("stage") > 5)

    def wait_for_takeover(self):
        wait_until("the other holds every lease", lambda: (held := self.fleet.leases()) and len(held) == 2 and
                   set(held.values()) == {"ingest-b"})

    def wait_for_more(self, count=20):
        wanted = self.fleet.count("stage") + count
        wait_until("more is delivered", lambda: self.fleet.count("stage") >= wanted)

    def finish(self):
        ids = self.load.finish()
        wait_delivered(self.fleet, len(ids))
        balance(self.fleet, ids)

    def test_killed(self):
        self.fleet.processes["ingest"].kill()
        self.wait_for_takeover()
        self.wait_for_more()
        self.fleet.start("ingest")
        self.finish()

    def test_stopped_for_longer_than_its_lease_and_continued(self):
        self.fleet.signal("ingest", signal.SIGSTOP)
        try:
            self.wait_for_takeover()
            self.wait_for_more()
        finally:
            self.fleet.signal("ingest", signal.SIGCONT)
        self.fleet.wait_ready("ingest")
        self.wait_for_more()
        wait_until("it knows that another works on it", lambda: self.fleet.targets("ingest")["stage"]["worked_by"])
        self.finish()
        self.assertEqual(set(self.fleet.leases().values()), {"ingest-b"})

    def expect_unavailable(self):
        """A delivery that is refused; it may be kept all the same."""
        wait_until("it knows that the store is away", lambda: self.fleet.readiness("ingest") == 503)
        self.assertEqual(request(self.fleet.admin_url("ingest") + "/healthz")[0], 200)
        delivery = self.fleet.applicant()
        status, headers, _ = self.fleet.post("ingest", delivery)
        self.assertEqual((status, "Retry-After" in headers), (503, True))
        return delivery

    def resend(self, delivery):
        """Repeats the delivery, as its provider does."""
        self.load.acknowledged[delivery[1]] = self.fleet.post("ingest", delivery)[2]["event_id"]

    def test_its_network_to_the_database_drops_all_packets(self):
        self.way.freeze()
        try:
            refused = self.expect_unavailable()
            self.wait_for_takeover()
            self.wait_for_more()
        finally:
            self.way.thaw()
        self.fleet.wait_ready("ingest")
        self.resend(refused)
        self.finish()

    def test_cut_off_from_the_database(self):
        user = self.fleet.user("ingest")
        server.sql(f"alter role {user} nologin")
        try:
            def cut():
                server.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{user}'")
                return self.fleet.readiness("ingest") == 503
            wait_until("it knows that the store is away", cut)
            refused = self.expect_unavailable()
            self.wait_for_takeover()
            self.wait_for_more()
        finally:
            server.sql(f"alter role {user} login")
        self.fleet.wait_ready("ingest")
        self.resend(refused)
        self.finish()


def envelope(number):
    return {"specversion": "1.0", "id": f"0199{number:04x}-0000-8000-8000-{number:012x}", "source": "kick",
            "type": "kick.channel.followed", "time": utc(), "subject": "channel/42", "messageid": ulid(),
            "datacontenttype": "application/json",
            "data": {"broadcaster": {"user_id": 42, "username": "a", "channel_slug": "a"},
                     "follower": {"user_id": number, "username": f"f{number}", "channel_slug": f"f{number}"}}}


class ManyApis(unittest.TestCase):
    def test_the_same_batches_posted_to_three_at_once_apply_each_event_once(self):
        fleet = self.enterContext(Fleet(server))
        apis = ("stage", "stage-b", "stage-c")
        fleet.start(*apis)
        numbers = list(range(1, 301))
        batches = [numbers[at:at + 30] for at in range(0, 300, 30)]
        calls = []
        for turn, name in enumerate(apis * 2):  # twice each, in another order, and overlapping batches
            for batch in batches[turn:] + batches[:turn] + [numbers[turn * 7:][:90][::-1]]:
                calls.append((name, [envelope(number) for number in batch]))

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda call: fleet.events_at(*call), calls))
        self.assertEqual({status for status, _, _ in answers}, {200})
        results = [row for _, _, answer in answers for row in answer["results"]]
        applied = [row["id"] for row in results if row["status"] == "applied"]
        expect_same("applied, as answered", [envelope(number)["id"] for number in numbers], applied)
        self.assertEqual({row["status"] for row in results}, {"applied", "duplicate"})
        expect_same("processed", applied, fleet.ids("stage", "processed_events"))
        self.assertEqual(fleet.rows("stage", "select count(*) from channel_followers"), [["300"]])


class RollingRestart(unittest.TestCase):
    def test_under_load_nothing_is_lost_and_every_retry_succeeds(self):
        fleet = Fleet(server)
        with contextlib.ExitStack() as stack:
            for name in ENVIRONMENTS:
                ports = [fleet.ports_of(one)[0] for one in (name, name + "-b")]
                balancer = stack.enter_context(Balancer(ports))
                fleet.config["targets"][name]["url"] = f"http://127.0.0.1:{balancer.port}/internal/events"
            stack.enter_context(fleet)
            everything = [one for name in ("ingest", *ENVIRONMENTS) for one in (name, name + "-b")]
            fleet.start(*everything)
            with Load(fleet, *INGESTS) as load:
                for name in everything:
                    wanted = load.count() + 20
                    wait_until("more is acknowledged", lambda: load.count() >= wanted)
                    self.assertEqual(fleet.stop(name), [0], name)
                    fleet.start(name)
                ids = load.finish()
            wait_delivered(fleet, len(ids))
            balance(fleet, ids)
            self.assertEqual(fleet.stop(*everything), [0] * len(everything))


if __name__ == "__main__":
    unittest.main()
