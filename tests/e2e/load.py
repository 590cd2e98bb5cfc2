"""Providers that keep sending: each delivery is repeated, to any replica, until it is acknowledged, as providers do."""
import http.client
import itertools
import threading
import time

SENDERS = 4
PAUSE_S = 0.02         # between one sender's deliveries
ATTEMPT_TIMEOUT_S = 1   # shorter than many a provider's, and than ingest.answer_timeout: some time out that are kept
RETRY_S = 0.1
GIVE_UP_S = 300


class Load:
    """Sends on threads of its own until finish(). Use as a context manager."""

    def __init__(self, fleet, *replicas, timeout_s=ATTEMPT_TIMEOUT_S):
        self.fleet, self.replicas, self.timeout_s = fleet, replicas or ("ingest",), timeout_s
        self.acknowledged, self.problems, self.refusals, self.longest_s = {}, [], 0, 0.0
        self.turns, self.lock, self.ending = itertools.cycle(self.replicas), threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.send, daemon=True) for _ in range(SENDERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def finish(self):
        """Begins nothing new and waits until everything begun is acknowledged; the ids, one a delivery."""
        self.__exit__()
        if self.problems:
            raise AssertionError(f"{len(self.problems)} deliveries went wrong: {self.problems[:3]}")
        return list(self.acknowledged.values())

    def count(self):
        return len(self.acknowledged)

    def send(self):
        for number in itertools.count():
            if self.ending.wait(PAUSE_S):
                return
            with self.lock:
                delivery = self.fleet.kick_chat() if number % 5 == 0 else self.fleet.applicant()
            self.deliver(delivery)

    def deliver(self, delivery):
        begun = time.monotonic()
        answers = []
        while time.monotonic() < begun + GIVE_UP_S:
            status, event_id = self.attempt(delivery)
            answers.append(status)
            if status == 200:
                with self.lock:
                    self.acknowledged[delivery[1]] = event_id
                    self.longest_s = max(self.longest_s, time.monotonic() - begun)
                return
            if status not in (None, 503):
                break
            self.refusals += 1
            time.sleep(RETRY_S)
        self.problems.append(answers)

    def attempt(self, delivery):
        with self.lock:
            replica = next(self.turns)
        try:
            status, _, answer = self.fleet.post(replica, delivery, self.timeout_s)
        except (OSError, http.client.HTTPException):
            return None, None
        return status, answer["event_id"] if status == 200 else None
