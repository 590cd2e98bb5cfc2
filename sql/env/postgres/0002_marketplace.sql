-- The projected tables: what the marketplace reads, table for table and column for column what sql/env/sqlite makes.
-- src/projections/tables.cc declares the columns with the rule by which two values of each merge; docs/projections.md
-- says what they mean. Columns that depend on which delivery arrived are named event_id, *_event_id or updated_at, and
-- no others are.

CREATE TABLE public.applicant_reviews (
  sandbox           boolean NOT NULL,
  applicant_id      text COLLATE "C" NOT NULL,
  level             text COLLATE "C" NOT NULL,
  told_at           timestamptz(3),
  green_at          timestamptz(3),
  not_green_at      timestamptz(3),
  review_answer     text COLLATE "C",
  reject_labels     text COLLATE "C",
  reject_type       text COLLATE "C",
  reviewed_at       timestamptz(3),
  reviewed_event_id uuid,
  PRIMARY KEY (sandbox, applicant_id, level)
);

CREATE TABLE public.applicants (
  sandbox                boolean NOT NULL,
  applicant_id           text COLLATE "C" NOT NULL,
  external_user_id       text COLLATE "C",
  external_user_at       timestamptz(3),
  external_user_event_id uuid,
  status                 text COLLATE "C",
  status_at              timestamptz(3),
  status_event_id        uuid,
  level                  text COLLATE "C",
  level_at               timestamptz(3),
  level_event_id         uuid,
  active                 boolean,
  active_at              timestamptz(3),
  active_event_id        uuid,
  deleted_at             timestamptz(3),
  cleared_at             timestamptz(3),
  PRIMARY KEY (sandbox, applicant_id)
);
CREATE INDEX applicants_external_user ON public.applicants (external_user_id);

CREATE TABLE public.bans (
  channel_id   bigint NOT NULL,
  user_id      bigint NOT NULL,
  created_at   timestamptz(3) NOT NULL,
  expires_at   timestamptz(3),
  reason       text COLLATE "C",
  moderator_id bigint,
  updated_at   timestamptz(3),
  event_id     uuid,
  PRIMARY KEY (channel_id, user_id, created_at)
);

CREATE TABLE public.channel_followers (
  channel_id    bigint NOT NULL,
  follower_id   bigint NOT NULL,
  first_seen_at timestamptz(3),
  updated_at    timestamptz(3),
  PRIMARY KEY (channel_id, follower_id)
);

CREATE TABLE public.channels (
  channel_id    bigint PRIMARY KEY,
  slug          text COLLATE "C",
  title         text COLLATE "C",
  category_id   bigint,
  category_name text COLLATE "C",
  language      text COLLATE "C",
  updated_at    timestamptz(3),
  event_id      uuid
);

CREATE TABLE public.chat_activity (
  channel_id       bigint NOT NULL,
  sender_id        bigint NOT NULL,
  day              text COLLATE "C" NOT NULL,
  first_message_at timestamptz(3),
  last_message_at  timestamptz(3),
  sender_name      text COLLATE "C",
  updated_at       timestamptz(3),
  event_id         uuid,
  PRIMARY KEY (channel_id, sender_id, day)
);

CREATE TABLE public.gifted_subscriptions (
  channel_id  bigint NOT NULL,
  gifter_id   bigint NOT NULL,
  giftee_id   bigint NOT NULL,
  created_at  timestamptz(3) NOT NULL,
  expires_at  timestamptz(3),
  gifter_name text COLLATE "C",
  giftee_name text COLLATE "C",
  updated_at  timestamptz(3),
  event_id    uuid,
  PRIMARY KEY (channel_id, gifter_id, giftee_id, created_at)
);

CREATE TABLE public.kicks_gifts (
  channel_id     bigint NOT NULL,
  sender_id      bigint NOT NULL,
  created_at     timestamptz(3) NOT NULL,
  type           text COLLATE "C" NOT NULL,
  amount         bigint NOT NULL,
  name           text COLLATE "C",
  tier           text COLLATE "C",
  message        text COLLATE "C",
  sender_name    text COLLATE "C",
  pinned_seconds bigint,
  updated_at     timestamptz(3),
  event_id       uuid,
  PRIMARY KEY (channel_id, sender_id, created_at, type, amount)
);

CREATE TABLE public.livestreams (
  channel_id     bigint NOT NULL,
  started_at     timestamptz(3) NOT NULL,
  title          text COLLATE "C",
  title_at       timestamptz(3),
  title_event_id uuid,
  ended_at       timestamptz(3),
  ended_rank     bigint,
  ended_told_at  timestamptz(3),
  ended_event_id uuid,
  seen_live_at   timestamptz(3),
  PRIMARY KEY (channel_id, started_at)
);

CREATE TABLE public.reward_redemptions (
  redemption_id    text COLLATE "C" PRIMARY KEY,
  channel_id       bigint,
  redeemer_id      bigint,
  reward_id        text COLLATE "C",
  reward_title     text COLLATE "C",
  cost             bigint,
  redeemed_at      timestamptz(3),
  details_at       timestamptz(3),
  details_event_id uuid,
  status           text COLLATE "C",
  status_rank      bigint,
  updated_at       timestamptz(3),
  event_id         uuid
);

CREATE TABLE public.subscriptions (
  channel_id    bigint NOT NULL,
  subscriber_id bigint NOT NULL,
  kind          text COLLATE "C" NOT NULL,
  created_at    timestamptz(3) NOT NULL,
  duration      bigint NOT NULL,
  expires_at    timestamptz(3),
  PRIMARY KEY (channel_id, subscriber_id, kind, created_at, duration)
);

CREATE TABLE public.viewer_samples (
  channel_id        bigint NOT NULL,
  minute            timestamptz(3) NOT NULL,
  viewer_count      bigint,
  live              boolean,
  stream_started_at timestamptz(3),
  category_id       bigint,
  category_name     text COLLATE "C",
  language          text COLLATE "C",
  sampled_at        timestamptz(3),
  event_id          uuid,
  PRIMARY KEY (channel_id, minute)
);

CREATE TABLE public.x_follower_samples (
  user_id         text COLLATE "C" NOT NULL,
  minute          timestamptz(3) NOT NULL,
  username        text COLLATE "C",
  followers_count bigint,
  sampled_at      timestamptz(3),
  event_id        uuid,
  PRIMARY KEY (user_id, minute)
);

-- Whose identity is verified: GREEN at the current level, later than every other outcome at that level and than every
-- reset, deactivation and deletion. The current level is the one told last. Two at one time are a tie: not verified.
CREATE VIEW public.verified_applicants AS
SELECT a.sandbox, a.applicant_id, a.external_user_id, r.level, r.green_at AS verified_at
FROM public.applicants a
JOIN public.applicant_reviews r ON r.sandbox = a.sandbox AND r.applicant_id = a.applicant_id
WHERE r.green_at > coalesce(r.not_green_at, '-infinity')
  AND r.green_at > coalesce(a.cleared_at, '-infinity')
  AND NOT EXISTS (
    SELECT 1 FROM public.applicant_reviews o
    WHERE o.sandbox = r.sandbox AND o.applicant_id = r.applicant_id AND o.level <> r.level AND o.told_at >= r.told_at
  );

-- Channels that are live: the newest start has no end, and no poll since has found the channel offline.
CREATE VIEW public.current_livestreams AS
SELECT l.channel_id, l.started_at, l.title, l.seen_live_at
FROM public.livestreams l
WHERE l.ended_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM public.livestreams n WHERE n.channel_id = l.channel_id AND n.started_at > l.started_at)
  AND NOT EXISTS (
    SELECT 1 FROM public.viewer_samples v
    WHERE v.channel_id = l.channel_id AND NOT v.live AND v.minute > l.started_at
  );

-- The latest ban of each user in each channel. Whether it still holds is a question of expires_at and of now.
CREATE VIEW public.current_bans AS
SELECT b.*
FROM public.bans b
WHERE NOT EXISTS (
  SELECT 1 FROM public.bans n WHERE n.channel_id = b.channel_id AND n.user_id = b.user_id AND n.created_at > b.created_at
);
