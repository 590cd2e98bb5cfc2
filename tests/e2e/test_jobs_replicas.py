"""Jobs under two replicas on one PostgreSQL server: one process runs a job at a time, and when it is killed, stopped past
its claim or cut off from the database, the other one goes on with its run. An environment's worker takes requests from
the database, without a listener."""
import concurrent.futures
import json
import signal
import unittest

from balancer import Balancer
from fleet import Fleet
from hub import parsed, request, wait_until
from postgres import UNSYNCED, Postgres

INGESTS = ("ingest", "ingest-b")
LETTERS = 4_000
TIMEOUT_S = 180


def setUpModule():
    global server
    server = Postgres(settings=UNSYNCED)


def tearDownModule():
    server.__exit__()


class Runs(Fleet):
    def post_admin(self, name, path, body=None, method="POST"):
        headers = {"Authorization": "Bearer " + self.admin_token}
        return parsed(request(self.admin_url(name) + "/admin/v1/" + path, method, body, headers))

    def make_dead(self, count):
        """Sets that many events of the target `stage` aside, which stays paused."""
        self.vf_at("ingest-b", "targets", "pause", "stage")
        wait_until("it is paused", lambda: {self.targets(name)["stage"]["mode"] for name in INGESTS} == {"paused"})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda one: self.post("ingest-b", one), [self.applicant() for _ in range(count)]))
        ids = [answer["event_id"] for _, _, answer in answers]
        # By a statement: a call of `vf dead put` for each would take most of the test's time.
        self.rows("dm", "insert into ingest.ingest_outbox_delivery (event_id, target, position, state, attempts, "
                        "next_attempt_at, first_failed_at, reason) select event_id, 'stage', ingest.position_text(era, tx, "
                        "seq), 'dead', 1, now(), now(), 'set aside' from ingest.ingest_outbox")
        if self.dead() != count:
            raise AssertionError(f"{self.dead()} of {count} are dead letters")
        return ids

    def dead(self):
        return int(self.rows("dm", "select count(*) from ingest.ingest_outbox_delivery where state = 'dead'")[0][0])

    def run(self, run_id):
        """(state, the replica that holds it)"""
        names = {str(process.pid): name for name, process in self.processes.items()}
        rows = self.rows("dm", f"select state, split_part(holder, '/', 2) from dm.job_runs where id = '{run_id}'")
        return rows[0][0], names.get(rows[0][1], "?")


class FailingHolder(unittest.TestCase):
    """The process that retries dead letters fails amid its run; the other one goes on with the run."""

    def setUp(self):
        self.fleet = self.enterContext(Runs(server))
        self.way = self.enterContext(Balancer([server.port]))
        self.fleet.ways["ingest"] = self.way.port
        self.fleet.start(*INGESTS, "stage")
        self.ids = self.fleet.make_dead(LETTERS)

    def begin(self):
        """A run in the process "ingest", some of whose letters are left; it is suspended."""
        self.fleet.signal("ingest-b", signal.SIGSTOP)  # so that the other process claims the run
        try:
            self.run_id = self.fleet.post_admin("ingest", "jobs/dead-retry/run", json.dumps({"all": True}))[2]["id"]

            def amid():
                self.fleet.signal("ingest", signal.SIGSTOP)
                if self.fleet.dead() < LETTERS:
                    return True
                self.fleet.signal("ingest", signal.SIGCONT)
                return False

            wait_until("it has begun", amid)
        finally:
            self.fleet.signal("ingest-b", signal.SIGCONT)
        self.assertEqual(self.fleet.run(self.run_id), ("running", "ingest"))

    def finish(self):
        wait_until("the other has done it", lambda: self.fleet.run(self.run_id) == ("done", "ingest-b"), TIMEOUT_S)
        self.assertEqual(self.fleet.dead(), 0)
        self.fleet.vf_at("ingest-b", "targets", "resume", "stage")
        self.fleet.wait_delivered(len(self.ids), "stage", timeout_s=TIMEOUT_S)
        self.assertEqual(sorted(self.fleet.ids("stage", "processed_events")), sorted(self.ids))

    def test_killed(self):
        self.begin()
        self.fleet.processes["ingest"].kill()
        self.finish()

    def test_stopped_for_longer_than_its_claim_and_continued(self):
        self.begin()
        wait_until("the other goes on", lambda: self.fleet.run(self.run_id)[1] == "ingest-b", TIMEOUT_S)
        self.fleet.signal("ingest", signal.SIGCONT)
        self.fleet.wait_ready("ingest")
        self.finish()

    def test_cut_off_from_the_database(self):
        self.begin()
        self.way.freeze()
        try:
            self.fleet.signal("ingest", signal.SIGCONT)
            self.finish()
        finally:
            self.way.thaw()
        self.fleet.wait_ready("ingest")
        self.assertEqual(self.fleet.run(self.run_id), ("done", "ingest-b"))


class OneAtATime(unittest.TestCase):
    def test_one_replica_runs_a_job_and_another_takes_over_when_the_holder_ends(self):
        fleet = self.enterContext(Runs(server))
        fleet.start(*INGESTS, "worker-stage")
        ask = lambda name: fleet.post_admin(name, "jobs/retention/run")[2]["id"]
        asked = [ask(name) for _ in range(10) for name in INGESTS]
        wait_until("all have run", lambda: all(fleet.run(one)[0] == "done" for one in asked))
        self.assertEqual(fleet.rows("dm", "select a.id, b.id from dm.job_runs a join dm.job_runs b on a.job = b.job and "
                                          "a.number < b.number and a.started_at < b.ended_at and b.started_at < a.ended_at"),
                         [], "no two runs of a job overlap")
        fleet.processes["ingest"].kill()
        asked = [ask("ingest-b") for _ in range(3)]
        wait_until("the other one runs it", lambda: [fleet.run(one) for one in asked] == [("done", "ingest-b")] * 3)
        ticks = lambda: [row[0] for row in fleet.rows("dm", "select due from dm.job_runs where job = 'retention' and due is "
                                                            "not null and split_part(holder, '/', 2) = "
                                                            f"'{fleet.processes['ingest-b'].pid}'")]
        wait_until("it runs a tick", ticks, TIMEOUT_S)

        # The worker has no listener that the hub reaches: it finds the request in the environment's database.
        fleet.start("stage")
        status, _, answer = fleet.post_admin("ingest-b", "jobs/purge/run?environment=stage")
        self.assertEqual(status, 200)
        wait_until("the worker has done it", lambda: fleet.rows(
            "stage", f"select 1 from _job_runs where id = '{answer['id']}' and state = 'done'"))
        listed = json.loads(fleet.vf_at("ingest-b", "jobs", "list", "--env", "stage", "--json").stdout)["jobs"]
        self.assertEqual({job["name"]: job["here"] for job in listed}, {"purge": False, "retry-quarantine": False, "drop-quarantine": False})
        own = json.loads(fleet.vf_at("worker-stage", "jobs", "list", "--json").stdout)["jobs"]
        self.assertEqual({job["name"]: job["here"] for job in own},
                         {"purge": True, "retry-quarantine": True, "drop-quarantine": True, "heap-trim": True, "health-log": True})


if __name__ == "__main__":
    unittest.main()
