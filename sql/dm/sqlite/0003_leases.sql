-- Who does a consumer's work. Every new holder gets a greater epoch, which its writes name; an expired row stays, so
-- that an epoch never comes back.
CREATE TABLE ingest_lease (
  name       TEXT PRIMARY KEY,            -- the consumer's
  holder     TEXT NOT NULL,               -- empty: given back
  epoch      INTEGER NOT NULL,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
