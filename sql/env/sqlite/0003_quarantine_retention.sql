-- Retention of quarantined_events asks for the oldest by the time of their quarantine, which a retry does not change.
-- runs with: 0002
CREATE INDEX quarantined_events_received ON quarantined_events (quarantined_at);
