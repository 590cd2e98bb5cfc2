"""Jobs and runs from outside: lists, requests, environments, rights; a run that is stopped; a run that is killed with its
process goes on, and retries every dead letter once."""
import concurrent.futures
import http.server
import json
import os
import signal
import socket
import sqlite3
import threading
import time
import unittest

from hub import TIMEOUT_S, Hub, request, wait_until

# How many dead letters the bulk retry has. The full number is 100000: VF_DEAD_LETTERS=100000 takes some minutes.
LETTERS = int(os.environ.get("VF_DEAD_LETTERS", "3000"))
BULK_TIMEOUT_S = TIMEOUT_S + LETTERS / 100
TICK_S = 60  # of retention
JOB = {"name", "schedule", "leased", "here", "last", "next", "late", "failing"}


def jobs(hub, *words):
    """{name: job} as `vf jobs list --json` shows them."""
    return {job["name"]: job for job in json.loads(hub.vf("jobs", "list", "--json", *words).stdout)["jobs"]}


def run_of(hub, run_id):
    status, _, run = hub.admin(f"runs/{run_id}")
    return run if status == 200 else {}


def wait_for_end(hub, run_id):
    return wait_until("the run ends", lambda: (run := run_of(hub, run_id)) and run["ended"] and run, BULK_TIMEOUT_S)


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(extra={"admin": {"read_token": "only-to-read"}}).__enter__()
        cls.addClassCleanup(cls.hub.__exit__)

    def test_list_shows_the_jobs_of_the_hub_and_of_the_process(self):
        found = jobs(self.hub)
        self.assertEqual(set(found), {"retention", "dead-retry", "dead-drop", "heap-trim", "health-log"})
        self.assertEqual({frozenset(job) for job in found.values()}, {frozenset(JOB)})
        self.assertEqual([found["retention"][key] for key in ("schedule", "leased", "here", "late")],
                         ["every 1m", True, True, False])
        self.assertEqual([found["heap-trim"][key] for key in ("schedule", "leased", "here")], ["every 2s", False, True])
        self.assertEqual((found["dead-retry"]["schedule"], found["dead-retry"]["next"]), ("on demand", None))
        wait_for_end(self.hub, json.loads(self.hub.vf("jobs", "run", "retention", "--json").stdout)["id"])
        last = jobs(self.hub)["retention"]["last"]
        self.assertEqual(set(last), {"started", "ended", "outcome", "counts", "error"})
        self.assertEqual((last["outcome"], last["error"], found["retention"]["failing"]), ("done", None, None))
        self.assertRegex(self.hub.vf("jobs", "list").stdout, r"(?m)^JOB .*\n(.*\n)*retention +every 1m +20")

    def test_list_shows_the_jobs_of_an_environment(self):
        found = jobs(self.hub, "--env", "stage")
        self.assertEqual(set(found), {"purge", "retry-quarantine", "drop-quarantine"})
        refused = self.hub.vf("jobs", "list", "--env", "sateg", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, r"^vf: there is no environment sateg; .*stage")

    def test_run_is_made_and_shown(self):
        run_id = json.loads(self.hub.vf("jobs", "run", "retention", "--json").stdout)["id"]
        run = wait_for_end(self.hub, run_id)
        self.assertEqual((run["job"], run["state"], run["due"]), ("retention", "done", None))
        self.assertRegex(run["asked_by"], r"^token admin from 127\.0\.0\.1$")
        self.assertIn(run_id, self.hub.vf("runs", "list").stdout)
        self.assertRegex(self.hub.vf("runs", "show", run_id).stdout, r"(?m)^state +done$")
        listed = json.loads(self.hub.vf("runs", "list", "--job", "retention", "--json").stdout)["runs"]
        self.assertIn(run_id, [one["id"] for one in listed])
        scheduled = lambda: any(one["due"] for one in json.loads(
            self.hub.vf("runs", "list", "--all", "--job", "retention", "--json").stdout)["runs"])
        wait_until("a tick has passed", scheduled, TICK_S + TIMEOUT_S)

    def test_run_of_an_environment_is_made_there(self):
        before = self.hub.rows("stage", "select count(*) from _job_runs where job = 'retry-quarantine' and state = 'done'")
        self.hub.vf("jobs", "run", "retry-quarantine", "--env", "stage")
        wait_until("it is done", lambda: self.hub.rows(
            "stage", "select count(*) from _job_runs where job = 'retry-quarantine' and state = 'done' and due is null"
        ) > before or None)

    def test_unknown_names_are_refused_in_one_line(self):
        for words, message in (
                (("jobs", "run", "retentoin"), "there is no job retentoin; the jobs here are: "),
                (("jobs", "run", "retention", "--env", "stage"), "there is no job retention; the jobs here are: purge"),
                (("runs", "show", "00000000-0000-4000-8000-000000000000"), "there is no run 00000000"),
                (("runs", "stop", "00000000-0000-4000-8000-000000000000"), "there is no run 00000000")):
            refused = self.hub.vf(*words, check=False)
            self.assertEqual((refused.returncode, refused.stderr.count("\n")), (1, 1), words)
            self.assertIn(message, refused.stderr)
        self.assertEqual(self.hub.vf("runs", "show", "not-an-id", check=False).returncode, 2)

    def test_run_that_has_ended_cannot_be_stopped(self):
        run_id = json.loads(self.hub.vf("jobs", "run", "retention", "--json").stdout)["id"]
        wait_for_end(self.hub, run_id)
        self.assertEqual(self.hub.admin(f"runs/{run_id}/stop", "POST")[0], 409)

    def test_token_that_may_only_read_runs_and_stops_nothing(self):
        headers = {"Authorization": "Bearer only-to-read"}
        call = lambda path, method="GET": request(self.hub.url("admin", "/admin/v1/" + path), method, None, headers)[0]
        self.assertEqual([call("jobs"), call("runs"), call("jobs?environment=stage")], [200] * 3)
        for path in ("jobs/retention/run", "jobs/purge/run?environment=stage",
                     "runs/00000000-0000-4000-8000-000000000000/stop"):
            self.assertEqual(call(path, "POST"), 403, path)

    def test_filter_is_required_for_many_dead_letters(self):
        refused = self.hub.vf("dead", "retry", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--all", refused.stderr)
        for words, message in ((("--before", "yesterday"), "before is a time"),
                               (("--all", "--target", "stage"), "all stands alone")):
            refused = self.hub.vf("dead", "retry", *words, check=False)
            self.assertEqual((refused.returncode, message in refused.stderr), (2, True), refused.stderr)
        self.assertEqual(self.hub.vf("dead", "retry", "--target", "sateg", check=False).returncode, 1)


class IngestAlone(Hub):
    """`vf ingest`; its environments run in processes of their own, or do not."""

    def start(self, *arguments):
        self.process = self.spawn("ingest", *arguments)
        wait_until("the hub is ready", self.ready)
        return self


class Page(http.server.BaseHTTPRequestHandler):
    """What a proxy may answer: 200 with a page to GET, 404 with escapes in its detail to POST."""

    def do_GET(self):
        self.answer(200, "text/html", b"<html>\x1b[2J</html>")

    def do_POST(self):
        problem = {"status": 404, "detail": "no \x1b[2J such \u202e path"}
        self.answer(404, "application/problem+json", json.dumps(problem).encode())

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class EnvironmentElsewhere(unittest.TestCase):
    """The hub asks an environment that runs in a process of its own, or what stands at its address instead."""

    def setUp(self):
        self.hub = self.enterContext(IngestAlone())

    def test_jobs_and_runs_are_reached_through_the_hub(self):
        api = self.hub.spawn("api", "--env", "stage", "--set", "admin.listen=127.0.0.1:0")
        self.addCleanup(api.wait)
        self.addCleanup(api.kill)
        wait_until("it answers", lambda: self.hub.admin("jobs?environment=stage")[0] == 200)
        self.assertEqual(set(jobs(self.hub, "--env", "stage")), {"purge", "retry-quarantine", "drop-quarantine"})
        run_id = json.loads(self.hub.vf("jobs", "run", "purge", "--env", "stage", "--json").stdout)["id"]
        listed = json.loads(self.hub.vf("runs", "list", "--env", "stage", "--json").stdout)
        self.assertEqual(([run["id"] for run in listed["runs"]], listed["next"]), ([run_id], None))
        run = json.loads(self.hub.vf("runs", "show", run_id, "--env", "stage", "--json").stdout)
        self.assertEqual((run["job"], run["state"], run["asked_by"]),
                         ("purge", "waiting", "token admin from 127.0.0.1 through the hub at 127.0.0.1"))
        self.assertEqual(self.hub.vf("runs", "show", run_id, check=False).returncode, 1)
        self.assertEqual(self.hub.vf("runs", "stop", run_id, "--env", "stage").stdout, "done\n")
        again = self.hub.vf("runs", "stop", run_id, "--env", "stage", check=False)
        self.assertEqual(again.returncode, 1)
        self.assertRegex(again.stderr, r"\Avf: environment stage: .*stopped.*\n\Z")
        unknown = self.hub.vf("jobs", "run", "purg", "--env", "stage", check=False)
        self.assertRegex(unknown.stderr, r"\Avf: environment stage: there is no job purg; the jobs here are: purge, .*\n\Z")
        entry = wait_until("it is in the audit", lambda: next(
            (row for row in self.hub.admin("audit")[2]["audit"] if row["detail"].startswith("done: ")), None))
        self.assertEqual((entry["actor"], entry["action"], entry["detail"]),
                         ("token admin from 127.0.0.1", "POST /admin/v1/jobs/purge/run?environment=stage {}",
                          'done: {"id":"%s","job":"purge"}' % run_id))

    def test_one_that_hangs_holds_up_no_other_call(self):
        with socket.create_server(("127.0.0.1", self.hub.ports["stage"])), \
                concurrent.futures.ThreadPoolExecutor(16) as pool:  # connections are made, and never answered
            hung = [pool.submit(self.hub.admin, path) for path in ["jobs?environment=stage", "runs?environment=stage"] * 6]
            hung += [pool.submit(self.hub.admin, "jobs/purge/run?environment=stage", "POST") for _ in range(2)]
            for path in ("targets", "jobs", "audit", "events"):
                self.assertEqual(self.hub.admin(path)[0], 200, path)
            self.assertEqual(self.hub.admin("jobs/retention/run", "POST")[0], 200)
            answers = [one.result() for one in hung]
        for status, _, answer in answers:
            self.assertEqual(status, 503)
            self.assertRegex(answer["detail"], "environment stage does not answer|8 calls of environment stage are under way")

    def test_what_no_environment_answers_is_an_error(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.hub.ports["stage"]), Page)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for words in (("jobs", "list"), ("runs", "list"), ("runs", "show", "00000000-0000-4000-8000-000000000000")):
            refused = self.hub.vf(*words, "--env", "stage", check=False)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""), words)
            self.assertRegex(refused.stderr, r"\Avf: the environment stage answered 200, but not as an environment does")
        refused = self.hub.vf("jobs", "run", "purge", "--env", "stage", check=False)
        self.assertEqual((refused.returncode, refused.stderr),
                         (1, "vf: environment stage: no \\u001b[2J such \\u202e path\n"))


class DeadLetters(Hub):
    """A hub whose target `stage` has dead letters."""

    def make(self, count):
        """Sets that many events of the target aside; returns their ids."""
        self.vf("targets", "pause", "stage")
        body = lambda n: json.dumps({"applicantId": f"applicant-{n}", "externalUserId": "user-1", "levelName": "basic",
                                     "type": "applicantCreated", "reviewStatus": "init",
                                     "createdAtMs": "2026-01-01 00:00:00.000"}).encode()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            ids = [answer["event_id"] for _, _, answer in pool.map(lambda n: self.sumsub(body(n)), range(count))]
            list(pool.map(self.set_aside, ids))
        self.vf("targets", "resume", "stage")
        wait_until("the cursor has passed them", lambda: self.stage()["backlog"] == 0, BULK_TIMEOUT_S)
        return ids

    def set_aside(self, event_id):
        def done():
            status, _, answer = self.admin(f"dead/stage/{event_id}", "PUT")
            if status not in (200, 503):  # 503: the store is slow on a busy machine, and asks to be called again
                raise AssertionError(f"{status} {answer}")
            return status == 200

        wait_until(f"{event_id} is set aside", done)

    def stage(self):
        return next(row for row in self.admin("targets")[2]["targets"] if row["name"] == "stage")

    def count(self, state):
        return self.rows("dm", "select count(*) from ingest_outbox_delivery where state = ?", state)[0][0]

    def freeze_amid(self, total):
        """Stops the process while some of `total` dead letters are left. Returns how many are."""
        deadline = time.monotonic() + BULK_TIMEOUT_S
        while time.monotonic() < deadline:
            self.process.send_signal(signal.SIGSTOP)
            left = self.count("dead")
            if left < total:
                return left
            self.process.send_signal(signal.SIGCONT)
            time.sleep(0.002)
        raise AssertionError("the run never began")


class BulkRetry(unittest.TestCase):
    def setUp(self):
        self.hub = self.enterContext(DeadLetters())

    def test_killed_twice_and_stopped_once_retries_every_letter_once(self):
        ids = self.hub.make(LETTERS)
        self.assertEqual(self.hub.vf("dead", "retry", "--all", "--dry-run").stdout, f"would retry {LETTERS}\n")
        self.assertEqual(self.hub.count("dead"), LETTERS)

        ask = lambda: self.hub.admin("jobs/dead-retry/run", "POST", json.dumps({"all": True}))[2]["id"]
        run_id, left = ask(), LETTERS
        for _ in range(2):
            left = self.hub.freeze_amid(left)
            self.hub.process.kill()
            self.hub.process.wait()
            self.hub.start()
        left = self.hub.freeze_amid(left)
        self.hub.process.send_signal(signal.SIGCONT)
        self.hub.admin(f"runs/{run_id}/stop", "POST")
        run = wait_for_end(self.hub, run_id)
        self.assertIn(run["state"], ("stopped", "done"))  # done: it was quicker than the stop
        run = wait_for_end(self.hub, ask())
        self.assertEqual(run["state"], "done")
        wait_until("every letter is delivered", lambda: self.hub.count("dead") + self.hub.count("retry") == 0,
                   BULK_TIMEOUT_S)
        applied = self.hub.rows("stage", "select event_id from processed_events")
        self.assertEqual(sorted(row[0] for row in applied), sorted(ids))

    def test_each_filter_narrows_and_the_command_reports_the_number(self):
        ids = self.hub.make(6)
        self.hub.vf("targets", "mode", "stage", "paused")
        self.assertEqual(self.hub.vf("dead", "retry", "--reason", "no such reason").stdout, "retried 0\n")
        self.assertEqual(self.hub.vf("dead", "retry", "--type", "kick.*").stdout, "retried 0\n")
        self.assertEqual(self.hub.vf("dead", "drop", "--target", "production").stdout, "dropped 0\n")
        self.assertEqual(self.hub.vf("dead", "retry", "stage", ids[0]).stdout, "done\n")
        found = json.loads(self.hub.vf("dead", "retry", "--type", "sumsub.*", "--reason", "set aside", "--target", "stage",
                                       "--before", "2999-01-01T00:00:00Z", "--json").stdout)
        self.assertEqual((found["state"], found["counts"]), ("done", {"found": 5, "retried": 5, "skipped": 0}))
        self.assertEqual((self.hub.count("dead"), self.hub.count("retry")), (0, 6))

    def test_drop_deletes_the_letters_for_good(self):
        self.hub.make(3)
        self.assertEqual(self.hub.vf("dead", "drop", "--all", "--yes").stdout, "dropped 3\n")
        self.assertEqual(self.hub.count("dead"), 0)
        self.assertEqual(self.hub.rows("stage", "select count(*) from processed_events"), [(0,)])


class Restart(unittest.TestCase):
    def test_run_asked_for_while_the_process_was_down_is_made_after_the_start(self):
        with Hub() as hub:
            wait_for_end(hub, json.loads(hub.vf("jobs", "run", "retention", "--json").stdout)["id"])
            self.assertEqual(hub.stop(), 0)
            with sqlite3.connect(hub.data / "dm.db") as db:
                left = db.execute("select count(*) from job_runs where state = 'running'").fetchone()
                db.execute("insert into job_runs (id, job, parameters, state, holder, asked_by, asked_at, done, counts, "
                           "cursor, error, stop_wanted, idle) select '00000000-0000-7000-8000-000000000001', job, '{}', "
                           "'waiting', '', 'a test', asked_at, 0, '{}', '', '', 0, 0 from job_runs limit 1")
            self.assertEqual(left, (0,))  # an orderly stop leaves no claim behind
            hub.start()
            self.assertEqual(wait_for_end(hub, "00000000-0000-7000-8000-000000000001")["state"], "done")


if __name__ == "__main__":
    unittest.main()
