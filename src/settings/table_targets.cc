#include "settings/table_targets.h"

#include "crypto/standard_webhooks.h"
#include "settings/request_headers.h"
#include "settings/secrets.h"

namespace vf::settings {
namespace {

constexpr const char* kPath = "targets.*";

Target& target(Settings& settings, const std::string& name) {
  Target& target = settings.targets[name];
  target.target.name = name;
  return target;
}

void add_filters(Section<fanout::Target>& s) {
  using fanout::Target;
  s.key_with_own_default(
      "mode", &Target::mode,
      {.doc = "live; dry-run: events are skipped, and not sent later either; paused: the backlog is kept. A mode that "
              "`vf targets` has ordered wins until `vf targets resume`."});
  s.key("sources", &Target::sources,
        {.fallback_doc = "all", .doc = "Only events of these sources.", .example = "[kick, sumsub]"});
  s.key(
      "types", &Target::types,
      {.fallback_doc = "all", .doc = "Only events of these types; * stands for any text.", .example = "[\"kick.*\"]"});
  s.key_with_own_default("sandbox", &Target::sandbox, {.doc = "A provider's test events, such as Sumsub's sandbox."});
  s.key_with_own_default("start", &Target::start,
                         {.doc = "Where a new target begins: now, or at the earliest event kept."});
  s.key_with_own_default(
      "max_backlog", &Target::max_backlog,
      {.min = kMinute,
       .doc =
           "A target further behind is detached: older events are not sent to it any more. Alarm from 80 %. The time "
           "for which it is paused does not count."});
}

void add_target(Keys& keys) {
  using fanout::Target;
  Section<Target> s(keys, kPath, kHub,
                    [](Settings& c, const std::string& name) -> Target& { return target(c, name).target; });
  s.takes_effect_at_reload();
  s.key("url", &Target::url,
        {.required = true,
         .check = check_reachable,
         .doc = "Where events are sent.",
         .example = "http://127.0.0.1:8082/internal/events"});
  s.key<Secret>("secret", &Target::secrets,
                {.fallback = "file:*.secret",
                 .generate = crypto::make_webhook_secret,
                 .check = check_webhook_secret,
                 .doc = "whsec_…; a list while one rotates: every one signs."});
  add_filters(s);
  s.key_with_own_default("delivery", &Target::delivery,
                         {.doc = "single: one event per request, for foreign receivers."});
  s.key_with_own_default("allow_private", &Target::allow_private,
                         {.doc = "Allow private addresses. Loopback is always allowed."});
}

// How requests reach the target.
void add_connection(Keys& keys) {
  using fanout::Target;
  Section<Target> s(keys, kPath, kHub,
                    [](Settings& c, const std::string& name) -> Target& { return target(c, name).target; });
  s.takes_effect_at_reload();
  s.key<FileText>("ca", &Target::ca_pem,
                  {.fallback_doc = "the system's",
                   .check = check_certificates,
                   .doc = "Certificates, PEM, that an https url is trusted by, besides the system's.",
                   .example = "file:stage-ca.pem"});
  s.key("proxy", &Target::proxy,
        {.fallback_doc = "none",
         .check = check_reachable,
         .doc = "The HTTP proxy that requests go through. Its own address may be private; allow_private says nothing "
                "about the addresses to which it connects.",
         .example = "http://proxy.internal:3128"});
  s.key<RequestHeader>("headers", &Target::headers,
                       {.fallback_doc = "none",
                        .doc = "Further headers of every request, as name: value; the values are hidden. Not Host, "
                               "Content-… and webhook-…, which the hub writes.",
                        .example = "{X-Api-Key: \"${STAGE_KEY}\"}"});
  s.key_with_own_default("connection_max_age", &Target::connection_max_age,
                         {.min = kSecond,
                          .max = kDay,
                          .doc = "A kept connection that is older is replaced by a new one, so that a change in the "
                                 "DNS is followed."});
}

void add_batches(Keys& keys) {
  using Batches = fanout::Batches::Params;
  Section<Batches> s(keys, kPath, kHub,
                     [](Settings& c, const std::string& name) -> Batches& { return target(c, name).tuning.batches; });
  s.takes_effect_at_reload();
  s.key_with_own_default(
      "batch_events", &Batches::events_max,
      {.min = 1, .max = 5'000, .doc = "At most this many events per request; a receiver takes no more than 5,000."});
  s.key<Size>("batch_bytes", &Batches::bytes_max,
              {.fallback = config::Value<Size>::text({static_cast<int64_t>(Batches{}.bytes_max)}),
               .min = kKiB,
               .max = 64 * kMiB,
               .doc = "About this many bytes per request; an event that is larger is sent alone."});
}

void add_timeouts(Keys& keys) {
  using fanout::Target;
  Section<Target> s(keys, kPath, kHub,
                    [](Settings& c, const std::string& name) -> Target& { return target(c, name).target; });
  s.takes_effect_at_reload();
  s.key_with_own_default("connect_timeout", &Target::connect_timeout,
                         {.min = 100, .max = kMinute, .doc = "For a connection."});
  s.key_with_own_default("timeout", &Target::timeout, {.min = 100, .max = 10 * kMinute, .doc = "For a whole request."});
}

Section<retry::Params> retry_section(Keys& keys) {
  Section<retry::Params> s(keys, kPath, kHub, [](Settings& c, const std::string& name) -> retry::Params& {
    return target(c, name).tuning.retry;
  });
  s.takes_effect_at_reload();
  return s;
}

void add_window(Keys& keys) {
  retry_section(keys).key_with_own_default(
      "window", &retry::Params::window_max,
      {.min = 1,
       .max = 256,
       .doc = "Requests in flight at once. Slow ones give their places to others, up to three more windows."});
}

void add_retry(Keys& keys) {
  auto s = retry_section(keys);
  s.key_with_own_default("retry.first", &retry::Params::first,
                         {.min = 10,
                          .max = kHour,
                          .doc = "The first delay after a failure, of the target and of a single event; it doubles, "
                                 "with jitter."});
  s.key_with_own_default(
      "retry.longest", &retry::Params::longest,
      {.min = 10,
       .max = kDay,
       .doc = "The longest delay that the hub chooses, until an event has ten counted attempts; a target's Retry-After "
              "may ask for more, up to an hour, and is tested with another event after this. No event becomes a dead "
              "letter before 60 times this has passed since "
              "its first failure, a day at most."});
  s.key_with_own_default("retry.attempts", &retry::Params::attempts,
                         {.min = 1,
                          .max = 1'000,
                          .doc = "Counted attempts at one event before it is a dead letter; ten at least, twenty while "
                                 "the target answers 503. Attempts count only while other events are delivered."});
}

}  // namespace

void add_targets(Keys& keys) {
  add_target(keys);
  add_connection(keys);
  add_batches(keys);
  add_window(keys);
  add_timeouts(keys);
  add_retry(keys);
}

}  // namespace vf::settings
