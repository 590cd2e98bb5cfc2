// The table of configuration keys, continued: sources.
#include "config/section.h"
#include "config/table.h"
#include "crypto/public_key.h"

namespace vf::config {

template <>
std::vector<std::string> words_of<SourceMode>() {
  return {"live", "dry-run", "off"};
}
template <>
std::vector<std::string> words_of<crypto::Hash>() {
  return {"sha1", "sha256", "sha512"};
}

namespace {

Complaint rsa_public_key(std::string_view text) {
  const auto key = crypto::PublicKey::rsa_from_pem(text);
  return key ? std::nullopt : Complaint(key.error().message);
}

void add_kick(std::vector<Key>& keys) {
  Section<KickSource> s(keys, "sources.kick", kHub, [](Config& c, const std::string&) -> KickSource& {
    return c.sources.kick ? *c.sources.kick : c.sources.kick.emplace();
  });
  s.key("mode", &KickSource::mode, {.fallback = "live", .doc = "live; dry-run: kept raw, never fanned out; off: 404."});
  s.key("public_keys", &KickSource::public_keys,
        {.fallback_doc = "Kick's published key, refreshed from api_base",
         .check = rsa_public_key,
         .doc = "The keys that deliveries are proved against, PEM.",
         .example = "[file:kick.pem]"});
  s.key("api_base", &KickSource::api_base,
        {.fallback = "https://api.kick.com",
         .doc = "Kick's API: its key is fetched from there when it seems to have changed."});
  s.key("auth_base", &KickSource::auth_base,
        {.fallback = "https://id.kick.com", .doc = "Kick's OAuth server. Not used yet."});
  s.key("client_id", &KickSource::client_id,
        {.doc = "The Kick app's id, for polls and subscriptions. Not used yet.", .example = "${KICK_CLIENT_ID}"});
  s.key("client_secret", &KickSource::client_secret,
        {.doc = "The Kick app's secret. Not used yet.", .example = "${KICK_CLIENT_SECRET}"});
  s.key("max_age", &KickSource::max_age,
        {.fallback_doc = "ingest.retention.ledger less a day",
         .min = kSecond,
         .doc = "A delivery signed longer ago is refused. Longer than the default, or none, lets an old capture enter "
                "again once the ledger has forgotten it: allowed, warned about.",
         .example = "none"});
  s.key("viewer_poll.every", &KickSource::viewer_poll_every,
        {.fallback = "1m",
         .min = 10 * kSecond,
         .max = kHour,
         .doc = "How often viewers of known channels are sampled. Not used yet: nothing is polled."});
}

void add_sumsub(std::vector<Key>& keys) {
  Section<SumsubSource> s(keys, "sources.sumsub", kHub, [](Config& c, const std::string&) -> SumsubSource& {
    return c.sources.sumsub ? *c.sources.sumsub : c.sources.sumsub.emplace();
  });
  s.key("mode", &SumsubSource::mode,
        {.fallback = "live", .doc = "live; dry-run: kept raw, never fanned out; off: 404."});
  s.key("webhook_secrets", &SumsubSource::webhook_secrets,
        {.required = true,
         .generate = Generate::token,
         .roles = kHub | only(Role::probe),
         .doc = "Secrets of Sumsub's webhook manager; several while one rotates.",
         .example = "[\"${SUMSUB_WEBHOOK_SECRET}\"]"});
  s.key("algorithms", &SumsubSource::algorithms,
        {.fallback = "[sha1, sha256, sha512]", .doc = "Digests that are accepted.", .example = "[sha256]"});
}

void add_x(std::vector<Key>& keys) {
  Section<XSource> s(keys, "sources.x", kHub, [](Config& c, const std::string&) -> XSource& {
    return c.sources.x ? *c.sources.x : c.sources.x.emplace();
  });
  s.key("mode", &XSource::mode,
        {.fallback = "live",
         .doc = "live; dry-run: kept raw, never fanned out; off: not polled. Not used yet, as all of this section: "
                "nothing is polled."});
  s.key("api_base", &XSource::api_base, {.fallback = "https://api.x.com", .doc = "X's API. Not used yet."});
  s.key("bearer_token", &XSource::bearer_token,
        {.doc = "The X app's token, for polls. Not used yet.", .example = "${X_BEARER_TOKEN}"});
  s.key("follower_poll.every", &XSource::follower_poll_every,
        {.fallback = "1h",
         .min = kMinute,
         .max = 7 * kDay,
         .doc = "How often follower counts are sampled. Not used yet."});
}

GenericSource& generic_source(Config& config, const std::string& name) { return config.sources.generic[name]; }

void add_generic(std::vector<Key>& keys) {
  Section<GenericSource> s(keys, "sources.*", kHub, generic_source);
  s.key("mode", &GenericSource::mode,
        {.fallback = "live", .doc = "live; dry-run: kept raw, never fanned out; off: 404."});
  s.key("scheme", &GenericSource::scheme,
        {.required = true,
         .words = {"standard-webhooks", "github", "stripe", "slack", "shopify", "twitch", "discord", "hmac"},
         .roles = kHub | only(Role::probe),
         .doc = "How the provider signs. Deliveries arrive at POST /webhooks/<name>.",
         .example = "standard-webhooks"});
  s.key("secrets", &GenericSource::secrets,
        {.required = true,
         .roles = kHub | only(Role::probe),
         .doc = "Every one is accepted. Discord: the application's public key, hex.",
         .example = "[file:orders.secret]"});
  s.key("max_age", &GenericSource::max_age,
        {.fallback_doc =
             "5m; twitch 10m; discord, hmac: ingest.retention.ledger less a day; github, shopify sign no time",
         .min = kSecond,
         .doc = "A delivery signed longer ago is refused."});
}

// How a delivery is read: all of it for scheme hmac, for the other schemes only where attributes stand. What the texts
// mean, and what is wrong with them, src/sources/generic says.
void add_generic_options(std::vector<Key>& keys) {
  Section<GenericSource> s(keys, "sources.*", kHub | only(Role::probe), generic_source);
  const auto option = [&s](const char* name, Row row) {
    s.add<std::string>(name, std::move(row), [name](Config& c, const std::string& source) -> std::string& {
      return c.sources.generic[source].options[name];
    });
  };
  option("header", {.doc = "The header that holds the signature; spellings by comma.", .example = "X-Signature"});
  option("split", {.doc = "How signatures stand in it: plain, prefix TEXT, fields NAME, list VERSION.",
                   .example = "prefix sha256="});
  option("encoding", {.words = {"hex", "base64"}, .doc = "Of the signature; hex if not given.", .example = "hex"});
  option("algorithm", {.words = {"hmac-sha1", "hmac-sha256", "hmac-sha512", "ed25519"},
                       .doc = "hmac-sha256 if not given.",
                       .example = "hmac-sha256"});
  option("key", {.doc = "How a secret is written: text, hex or base64, each perhaps with: after PREFIX.",
                 .example = "base64 after whsec_"});
  option("template", {.doc = "The signed bytes; {body} if not given.", .example = "\"{header:X-Timestamp}.{body}\""});
  option("timestamp",
         {.doc = "The signed time: unix or rfc3339, and its place.", .example = "unix header:X-Timestamp"});
  option("tolerance", {.doc = "How far the signed time may be off, or none; wins over max_age.", .example = "5m"});
  option("id", {.doc = "Where the message id stands; body: its digest.", .example = "header:X-Request-Id"});
  option("id_time",
         {.doc = "A time in the body that every attempt repeats, for ids that sort.", .example = "/created_at"});
  option("type", {.doc = "Where the event's type stands; /type if not given.", .example = "header:X-Event | /event"});
  option("time", {.doc = "Where it says when it happened.", .example = "/created_at"});
  option("subject", {.doc = "Where it says whom it is about.", .example = "order/{/order/id}"});
  option("fact_key", {.doc = "What two messages share that say the same thing.", .example = "/order/id"});
  option("version", {.doc = "Where the payload's version stands.", .example = "header:X-Version"});
  option("sandbox", {.doc = "When an event is the provider's test: PLACE = VALUE.", .example = "/livemode = false"});
  option("keep", {.doc = "Further headers to keep with the event.", .example = "X-Shop,X-Region"});
}

}  // namespace

void add_sources(std::vector<Key>& keys) {
  add_kick(keys);
  add_sumsub(keys);
  add_x(keys);
  add_generic(keys);
  add_generic_options(keys);
}

}  // namespace vf::config
