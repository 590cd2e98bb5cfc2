#include "settings/table_sources.h"

#include "crypto/public_key.h"
#include "settings/secrets.h"

namespace vf::settings {
namespace {

config::Complaint check_rsa_public_key(std::string_view text) {
  const auto key = crypto::PublicKey::rsa_from_pem(text);
  return key ? std::nullopt : config::Complaint(key.error().message);
}

void add_kick(Keys& keys) {
  Section<KickSource> s(keys, "sources.kick", kHub, [](Settings& c, const std::string&) -> KickSource& {
    return c.sources.kick ? *c.sources.kick : c.sources.kick.emplace();
  });
  s.takes_effect_at_reload();
  s.key("mode", &KickSource::mode,
        {.fallback = "live", .doc = "live; dry-run: kept in the raw log, never fanned out; off: 404."});
  s.key("public_keys", &KickSource::public_keys,
        {.fallback_doc = "Kick's published key, refreshed from api_base",
         .check = check_rsa_public_key,
         .doc = "The keys that verify deliveries, PEM.",
         .example = "[file:kick.pem]"});
  s.key("api_base", &KickSource::api_base,
        {.fallback = "https://api.kick.com",
         .check = check_reachable,
         .doc = "Kick's API: its key is fetched from there when a signature does not verify."});
  s.key("max_age", &KickSource::max_age,
        {.fallback_doc = "ingest.retention.ledger less a day",
         .min = kSecond,
         .doc = "A delivery signed longer ago is refused. Longer than the default, or none, accepts an old "
                "captured delivery again after its ledger row is removed: allowed, with a warning.",
         .example = "none"});
}

void add_sumsub(Keys& keys) {
  Section<SumsubSource> s(keys, "sources.sumsub", kHub, [](Settings& c, const std::string&) -> SumsubSource& {
    return c.sources.sumsub ? *c.sources.sumsub : c.sources.sumsub.emplace();
  });
  s.takes_effect_at_reload();
  s.key("mode", &SumsubSource::mode,
        {.fallback = "live", .doc = "live; dry-run: kept in the raw log, never fanned out; off: 404."});
  s.key("webhook_secrets", &SumsubSource::webhook_secrets,
        {.required = true,
         .generate = generate_token,
         .roles = kHub | only(Role::probe),
         .doc = "Secrets of Sumsub's webhook manager; several while one rotates.",
         .example = "[\"${SUMSUB_WEBHOOK_SECRET}\"]"});
  s.key("algorithms", &SumsubSource::algorithms,
        {.fallback = "[sha1, sha256, sha512]", .doc = "Digests that are accepted.", .example = "[sha256]"});
}

GenericSource& generic_source(Settings& settings, const std::string& name) { return settings.sources.generic[name]; }

void add_generic(Keys& keys) {
  Section<GenericSource> s(keys, "sources.*", kHub, generic_source);
  s.takes_effect_at_reload();
  s.key("mode", &GenericSource::mode,
        {.fallback = "live", .doc = "live; dry-run: kept in the raw log, never fanned out; off: 404."});
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
  s.key("replay_guard", &GenericSource::replay_guard,
        {.fallback = "none",
         .min = kSecond,
         .doc = "Only where the signature does not cover the message id (github, shopify, hmac): equal bodies within "
                "this span are one event, so a captured body is not accepted under a new id, and neither is a second "
                "event that has the same body. none: the id alone names the event.",
         .example = "10m"});
}

// The options that say how a delivery is read. Scheme hmac accepts all of them, the other schemes only those for the
// event's attributes. src/sources/generic defines and checks the texts.
void add_generic_options(Keys& keys) {
  Section<GenericSource> s(keys, "sources.*", kHub | only(Role::probe), generic_source);
  s.takes_effect_at_reload();
  const auto option = [&s](const char* name, Row row) {
    s.add<std::string>(name, std::move(row), [name](Settings& c, const std::string& source) -> std::string& {
      return c.sources.generic[source].options[name];
    });
  };
  option("header",
         {.doc = "The header with the signature; several spellings with commas between.", .example = "X-Signature"});
  option("split",
         {.doc = "How the header contains signatures: plain, prefix TEXT, fields NAME, list VERSION; the last two with "
                 "by SEPARATOR where it is not ',' or ' '.",
          .example = "prefix sha256="});
  option("encoding", {.words = {"hex", "base64"}, .doc = "Of the signature; without it hex.", .example = "hex"});
  option("algorithm", {.words = {"hmac-sha1", "hmac-sha256", "hmac-sha512", "ed25519"},
                       .doc = "Of the signature; without it hmac-sha256.",
                       .example = "hmac-sha256"});
  option("key", {.doc = "How a secret is written: text, hex or base64, optionally followed by: after PREFIX.",
                 .example = "base64 after whsec_"});
  option("template", {.doc = "The signed bytes; without it {body}.", .example = "\"{header:X-Timestamp}.{body}\""});
  option("timestamp",
         {.doc = "The signed time: unix or rfc3339, and its place.", .example = "unix header:X-Timestamp"});
  option("tolerance", {.doc = "How far the signed time may be off, or none; wins over max_age.", .example = "5m"});
  option("id", {.doc = "The place of the message id; body: the body's digest.", .example = "header:X-Request-Id"});
  option("id_time",
         {.doc = "A time in the body that every attempt repeats, for ids that sort.", .example = "/created_at"});
  option("type", {.doc = "The place of the event's type; without it /type.", .example = "header:X-Event | /event"});
  option("time", {.doc = "The place of the time at which the event happened.", .example = "/created_at"});
  option("subject", {.doc = "The event's subject: text with places in braces.", .example = "order/{/order/id}"});
  option("fact_key",
         {.doc = "The place of a value that is equal in two messages about the same fact.", .example = "/order/id"});
  option("version", {.doc = "The place of the payload's version.", .example = "header:X-Version"});
  option("sandbox", {.doc = "When an event is the provider's test: PLACE = VALUE.", .example = "/livemode = false"});
  option("keep", {.doc = "Further headers to keep with the event.", .example = "X-Shop,X-Region"});
}

}  // namespace

void add_sources(Keys& keys) {
  add_kick(keys);
  add_sumsub(keys);
  add_generic(keys);
  add_generic_options(keys);
}

}  // namespace vf::settings
