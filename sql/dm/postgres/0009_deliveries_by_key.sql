-- runs with: 0004

-- The planner would read all kept events for a few exceptions: it is left one way, from each exception to its event.
ALTER FUNCTION ingest.end_deliveries(text) SET enable_hashjoin = off SET enable_mergejoin = off
  SET enable_seqscan = off SET jit = off;
