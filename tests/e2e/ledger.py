"""Balances the ledger of hubs on PostgreSQL: the answers to providers against the contents of the
databases, which are read without the hub's code."""
import collections

from fleet import ENVIRONMENTS

TABLES = """select table_name, string_agg(quote_ident(column_name), ',' order by ordinal_position)
  from information_schema.columns where table_schema = 'public' and table_name !~ '^_'
  and table_name !~ '^(processed|quarantined)_events' and column_name !~ '(event_id|^message_id|^received_at|^updated_at)$'
  and table_name in (select tablename from pg_tables where schemaname = 'public') group by 1 order by 1"""


def expect_same(what, wanted, found):
    """Both are lists of event ids, or of anything that compares."""
    missing, extra = collections.Counter(wanted), collections.Counter(found)
    missing, extra = missing - extra, extra - missing
    if missing or extra:
        raise AssertionError(f"{what}: {missing.total()} missing {sorted(missing)[:5]}, "
                             f"{extra.total()} too many or unknown {sorted(extra)[:5]}")


def contents(fleet, environment):
    """{projected table: digest of its rows}, without the columns that depend on which delivery arrived."""
    parts = [f"select '{name}', count(*), md5(string_agg(row({columns})::text, ';' order by row({columns})::text))"
             f" from {name}" for name, columns in fleet.rows(environment, TABLES)]
    return {name: (count, digest) for name, count, digest in fleet.rows(environment, " union all ".join(parts))}


def check_cursor(fleet, target, events):
    """Its batches follow each other without a gap, and none counts an event twice. Events that waited for another
    attempt with a row of their own are in no batch's count."""
    rows = fleet.rows("dm", "select from_position, to_position, count from ingest.ingest_outbox_batch "
                            f"where target = '{target}' order by batch")
    for (_, reached, _), (begun, _, _) in zip(rows, rows[1:]):
        if reached != begun:
            raise AssertionError(f"the cursor of {target} reached {reached} and went on from {begun}")
    delivered = sum(int(count) for _, _, count in rows)
    if delivered > events:
        raise AssertionError(f"the batches of {target} count {delivered} events delivered, of {events}")


def balance(fleet, acknowledged, environments=ENVIRONMENTS):
    """Raises AssertionError with the missing and the surplus ids. `acknowledged`: the ids in the answers to providers;
    each delivery was repeated until it had one."""
    outbox = fleet.ids("dm", "ingest.ingest_outbox")
    expect_same("outbox against what was acknowledged", set(acknowledged), outbox)
    expect_same("ledger against the outbox", outbox, fleet.ids("dm", "ingest.processed_webhooks"))
    expect_same("dead letters and retries", [], fleet.ids("dm", "ingest.ingest_outbox_delivery"))
    for name in environments:
        expect_same(f"processed_events of {name} against the outbox", outbox, fleet.ids(name, "processed_events"))
        expect_same(f"quarantined in {name}", [], fleet.ids(name, "quarantined_events"))
        check_cursor(fleet, name, len(outbox))
    one, *others = (contents(fleet, name) for name in environments)
    for other in others:
        expect_same("tables of one environment against another's", one.items(), other.items())
