"""Balances the ledger after a drill: the answers to providers against the contents of every store. Reads
the files of a stopped hub without the hub's code."""
import collections
import contextlib
import hashlib
import json
import re
import sqlite3

import raw_log
from ledger import expect_same

ENVIRONMENTS = ("stage", "production")


class Records:
    """The provider's view: every delivery that was accepted or given up, from the files of `vf sim --record`."""

    def __init__(self, files):
        rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        self.forged = {row["body_sha256"] for row in rows if row["kind"] == "tampered"}
        self.by_outcome = collections.Counter(row["outcome"] for row in rows)
        answered = [row for row in rows if row["status"] == 200]
        self.acknowledged = {row["event_id"] for row in answered}
        self.authentic = {row["body_sha256"] for row in answered}
        self.retried = sum(row["attempts"] > 1 for row in rows)


def rows(hub, database, sql):
    path = hub.data / f"{database}.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def tables(hub, environment):
    """{table: its rows}, without columns that depend on which delivery arrived, and without bookkeeping tables."""
    found = {}
    with contextlib.closing(sqlite3.connect(hub.data / f"{environment}.db")) as db:
        for name, in db.execute("select name from sqlite_master where type = 'table' order by name").fetchall():
            if name.startswith(("_", "sqlite_")) or name in ("processed_events", "quarantined_events"):
                continue
            columns = [row[1] for row in db.execute(f"pragma table_info({name})")]
            kept = [c for c in columns if not re.fullmatch(r".*event_id|message_id|received_at|updated_at", c)]
            found[name] = sorted(map(repr, db.execute(f"select {', '.join(kept)} from {name}")))
    return found


def balance(hub, records):
    """Raises AssertionError with the missing and the surplus ids; returns the counts."""
    if records.by_outcome["forgery-accepted"] or records.by_outcome["given-up"]:
        raise AssertionError(f"the provider's view: {dict(records.by_outcome)}")
    outbox = rows(hub, "dm", "select event_id, cast(body as blob) from ingest_outbox")
    ids = [event_id for event_id, _ in outbox]
    expect_same("outbox against acknowledged ids", records.acknowledged, ids)
    ledger = rows(hub, "dm", "select event_id from processed_webhooks")
    expect_same("ledger against the outbox", ids, [row[0] for row in ledger])
    bodies = {hashlib.sha256(body).hexdigest() for _, body in outbox}
    expect_same("bodies in the outbox against signed bodies", records.authentic, bodies)
    if bodies & records.forged:
        raise AssertionError(f"forged bodies in the outbox: {bodies & records.forged}")
    for environment in ENVIRONMENTS:
        processed = rows(hub, environment, "select event_id, status from processed_events")
        expect_same(f"processed_events of {environment} against the outbox", ids, [row[0] for row in processed])
        expect_same(f"quarantined in {environment}", [], [row[0] for row in processed if row[1] == "quarantined"])
    expect_same("dead letters", [], [row[0] for row in rows(hub, "dm", "select event_id from ingest_outbox_delivery")])
    one, other = (tables(hub, environment) for environment in ENVIRONMENTS)
    for name in one:
        expect_same(f"table {name} of production against stage", one[name], other[name])
    if hub.has_lake:
        found = raw_log.query(hub.data / "lake", "select event_id, hex(SHA256(body)) from vf.raw_events")
        expect_same("raw log against the outbox", ids, [row[0] for row in found])
        expect_same("bodies in the raw log", bodies, {row[1].lower() for row in found})
    return {"events": len(ids), "rows": sum(map(len, one.values())), **records.by_outcome, "retried": records.retried}
