"""The stand-in for a ClickHouse server (tests/clickhouse) as a process of its own for a test, with the user vf. A test
may start it late, kill it, and start it again at the same address with the same folder. Standard library only."""
import contextlib
import http.client
import os
import pathlib
import subprocess
import tempfile
import unittest

from hub import ROOT, free_ports, request

SERVER = os.environ.get("VF_CLICKHOUSE_TEST_SERVER",
                        str(ROOT / "build/dev/tests/clickhouse/vf_clickhouse_test_server"))
PASSWORD = "it's secret"


class LakeServer:
    """Use as a context manager, which does not start the server."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="vf-e2e-lake-")
        self.port, self.process = free_ports(1)[0], None
        self.address = f"127.0.0.1:{self.port}"
        secret = pathlib.Path(self.folder.name) / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        self.ingest = {"lake": f"http://vf@{self.address}/vf", "lake_password": f"file:{secret}"}  # configuration

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.folder.cleanup()

    def start(self):
        """Skips the test without libchdb. Any other reason not to start is an error."""
        data = pathlib.Path(self.folder.name) / "data"
        data.mkdir(exist_ok=True)
        self.process = subprocess.Popen([SERVER, str(data), str(self.port), "vf", PASSWORD], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            reason = self.process.stderr.read()
            raise unittest.SkipTest(reason) if "fetch-libchdb" in reason else AssertionError(reason)
        return self

    def kill(self):
        """SIGKILL; from then on connections are refused."""
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def lose_answer_of_next_insert(self):
        """The server stores the rows of the next insert and drops the connection before it answers."""
        self.control("fault?kind=drop_after&match=INSERT%20INTO%20vf.raw_events&code=0")

    def answers_lost(self):
        """Answers that the server has dropped since its start."""
        with contextlib.suppress(OSError, http.client.HTTPException):  # it drops every connection, perhaps this one
            return int(self.control("lost"))
        return 0

    def control(self, words):
        return request(f"http://{self.address}/control/{words}")[2]

    def query(self, sql):
        headers = {"X-ClickHouse-User": "vf", "X-ClickHouse-Key": PASSWORD}
        status, _, body = request(f"http://{self.address}/", "POST", sql.encode(), headers)
        if status != 200:
            raise AssertionError(body)
        return body

    def ids(self):
        """event_id of each row of the raw log, repeated ones included."""
        # RowBinary: a length in one byte, then the text.
        answer = self.query("SELECT toString(event_id) FROM vf.raw_events")
        return [answer[at + 1:at + 37].decode() for at in range(0, len(answer), 37)]
