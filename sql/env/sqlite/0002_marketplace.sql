-- The projected tables: what the marketplace reads. src/projections/tables.cc declares the same columns with the rule
-- by which two values of each merge; docs/projections.md says what they mean. Times are RFC 3339 text in UTC with
-- milliseconds, booleans 0 and 1. Columns that depend on which delivery arrived are named event_id, *_event_id or
-- updated_at, and no others are.

CREATE TABLE applicant_reviews (
  sandbox           INTEGER NOT NULL,
  applicant_id      TEXT NOT NULL,
  level             TEXT NOT NULL,
  told_at           TEXT,
  green_at          TEXT,
  not_green_at      TEXT,
  review_answer     TEXT,
  reject_labels     TEXT,
  reject_type       TEXT,
  reviewed_at       TEXT,
  reviewed_event_id TEXT,
  PRIMARY KEY (sandbox, applicant_id, level)
) STRICT, WITHOUT ROWID;

CREATE TABLE applicants (
  sandbox                INTEGER NOT NULL,
  applicant_id           TEXT NOT NULL,
  external_user_id       TEXT,
  external_user_at       TEXT,
  external_user_event_id TEXT,
  status                 TEXT,
  status_at              TEXT,
  status_event_id        TEXT,
  level                  TEXT,
  level_at               TEXT,
  level_event_id         TEXT,
  active                 INTEGER,
  active_at              TEXT,
  active_event_id        TEXT,
  deleted_at             TEXT,
  cleared_at             TEXT,
  PRIMARY KEY (sandbox, applicant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX applicants_external_user ON applicants (external_user_id);

CREATE TABLE bans (
  channel_id   INTEGER NOT NULL,
  user_id      INTEGER NOT NULL,
  created_at   TEXT NOT NULL,
  expires_at   TEXT,
  reason       TEXT,
  moderator_id INTEGER,
  updated_at   TEXT,
  event_id     TEXT,
  PRIMARY KEY (channel_id, user_id, created_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel_followers (
  channel_id    INTEGER NOT NULL,
  follower_id   INTEGER NOT NULL,
  first_seen_at TEXT,
  updated_at    TEXT,
  PRIMARY KEY (channel_id, follower_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE channels (
  channel_id    INTEGER PRIMARY KEY NOT NULL,
  slug          TEXT,
  title         TEXT,
  category_id   INTEGER,
  category_name TEXT,
  language      TEXT,
  updated_at    TEXT,
  event_id      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_activity (
  channel_id       INTEGER NOT NULL,
  sender_id        INTEGER NOT NULL,
  day              TEXT NOT NULL,
  first_message_at TEXT,
  last_message_at  TEXT,
  sender_name      TEXT,
  updated_at       TEXT,
  event_id         TEXT,
  PRIMARY KEY (channel_id, sender_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE gifted_subscriptions (
  channel_id  INTEGER NOT NULL,
  gifter_id   INTEGER NOT NULL,
  giftee_id   INTEGER NOT NULL,
  created_at  TEXT NOT NULL,
  expires_at  TEXT,
  gifter_name TEXT,
  giftee_name TEXT,
  updated_at  TEXT,
  event_id    TEXT,
  PRIMARY KEY (channel_id, gifter_id, giftee_id, created_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE kicks_gifts (
  channel_id     INTEGER NOT NULL,
  sender_id      INTEGER NOT NULL,
  created_at     TEXT NOT NULL,
  type           TEXT NOT NULL,
  amount         INTEGER NOT NULL,
  name           TEXT,
  tier           TEXT,
  message        TEXT,
  sender_name    TEXT,
  pinned_seconds INTEGER,
  updated_at     TEXT,
  event_id       TEXT,
  PRIMARY KEY (channel_id, sender_id, created_at, type, amount)
) STRICT, WITHOUT ROWID;

CREATE TABLE livestreams (
  channel_id     INTEGER NOT NULL,
  started_at     TEXT NOT NULL,
  title          TEXT,
  title_at       TEXT,
  title_event_id TEXT,
  ended_at       TEXT,
  ended_rank     INTEGER,
  ended_told_at  TEXT,
  ended_event_id TEXT,
  seen_live_at   TEXT,
  PRIMARY KEY (channel_id, started_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE reward_redemptions (
  redemption_id    TEXT PRIMARY KEY NOT NULL,
  channel_id       INTEGER,
  redeemer_id      INTEGER,
  reward_id        TEXT,
  reward_title     TEXT,
  cost             INTEGER,
  redeemed_at      TEXT,
  details_at       TEXT,
  details_event_id TEXT,
  status           TEXT,
  status_rank      INTEGER,
  updated_at       TEXT,
  event_id         TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
  channel_id    INTEGER NOT NULL,
  subscriber_id INTEGER NOT NULL,
  kind          TEXT NOT NULL,
  created_at    TEXT NOT NULL,
  duration      INTEGER NOT NULL,
  expires_at    TEXT,
  PRIMARY KEY (channel_id, subscriber_id, kind, created_at, duration)
) STRICT, WITHOUT ROWID;

CREATE TABLE viewer_samples (
  channel_id        INTEGER NOT NULL,
  minute            TEXT NOT NULL,
  viewer_count      INTEGER,
  live              INTEGER,
  stream_started_at TEXT,
  category_id       INTEGER,
  category_name     TEXT,
  language          TEXT,
  sampled_at        TEXT,
  event_id          TEXT,
  PRIMARY KEY (channel_id, minute)
) STRICT, WITHOUT ROWID;

CREATE TABLE x_follower_samples (
  user_id         TEXT NOT NULL,
  minute          TEXT NOT NULL,
  username        TEXT,
  followers_count INTEGER,
  sampled_at      TEXT,
  event_id        TEXT,
  PRIMARY KEY (user_id, minute)
) STRICT, WITHOUT ROWID;

-- Whose identity is verified: GREEN at the current level, later than every other outcome at that level and than every
-- reset, deactivation and deletion. The current level is the one told last. Two at one time are a tie: not verified.
CREATE VIEW verified_applicants AS
SELECT a.sandbox, a.applicant_id, a.external_user_id, r.level, r.green_at AS verified_at
FROM applicants a
JOIN applicant_reviews r ON r.sandbox = a.sandbox AND r.applicant_id = a.applicant_id
WHERE r.green_at > coalesce(r.not_green_at, '')
  AND r.green_at > coalesce(a.cleared_at, '')
  AND NOT EXISTS (
    SELECT 1 FROM applicant_reviews o
    WHERE o.sandbox = r.sandbox AND o.applicant_id = r.applicant_id AND o.level <> r.level AND o.told_at >= r.told_at
  );

-- Channels that are live: the newest start has no end, and no poll since has found the channel offline.
CREATE VIEW current_livestreams AS
SELECT l.channel_id, l.started_at, l.title, l.seen_live_at
FROM livestreams l
WHERE l.ended_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM livestreams n WHERE n.channel_id = l.channel_id AND n.started_at > l.started_at)
  AND NOT EXISTS (
    SELECT 1 FROM viewer_samples v
    WHERE v.channel_id = l.channel_id AND v.live = 0 AND v.minute > l.started_at
  );

-- The latest ban of each user in each channel. Whether it still holds is a question of expires_at and of now.
CREATE VIEW current_bans AS
SELECT b.*
FROM bans b
WHERE NOT EXISTS (
  SELECT 1 FROM bans n WHERE n.channel_id = b.channel_id AND n.user_id = b.user_id AND n.created_at > b.created_at
);
