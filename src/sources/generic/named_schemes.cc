#include "sources/generic/named_schemes.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace vf::sources::generic {
namespace {

// Each description is written as in the configuration of an hmac source. It follows the provider's documentation:
// https://www.standardwebhooks.com, docs.github.com (validating webhook deliveries), stripe.com/docs/webhooks,
// api.slack.com (verifying requests), shopify.dev (webhooks), dev.twitch.tv/docs/eventsub, discord.com/developers.
using Line = std::pair<std::string_view, std::string_view>;

constexpr Line kStandardWebhooks[] = {
    {"header", "webhook-signature,svix-signature"},
    {"split", "list v1"},
    {"encoding", "base64"},
    {"key", "base64 after whsec_"},
    {"template", "{header:webhook-id,svix-id}.{header:webhook-timestamp,svix-timestamp}.{body}"},
    {"timestamp", "unix header:webhook-timestamp,svix-timestamp"},
    {"tolerance", "5m"},
    {"id", "header:webhook-id,svix-id"},
    {"id_time", "/timestamp"},
    {"time", "/timestamp"},
    {"subject", "/data/id"},
};

constexpr Line kStandardWebhooksV1a[] = {
    {"header", "webhook-signature,svix-signature"},
    {"split", "list v1a"},
    {"encoding", "base64"},
    {"algorithm", "ed25519"},
    {"key", "base64 after whpk_"},
};

constexpr Line kGithub[] = {
    {"header", "X-Hub-Signature-256"},
    {"split", "prefix sha256="},
    {"id", "header:X-GitHub-Delivery"},
    {"type", "{header:X-GitHub-Event}.{/action} | header:X-GitHub-Event"},
    {"time",
     "/workflow_run/updated_at | /check_run/completed_at | /review/submitted_at | /comment/updated_at | "
     "/release/published_at | /pull_request/updated_at | /issue/updated_at | /starred_at | "
     "/head_commit/timestamp"},
    {"subject", "repository/{/repository/full_name} | organization/{/organization/login}"},
    {"keep", "X-GitHub-Hook-ID,X-GitHub-Hook-Installation-Target-Type,X-GitHub-Hook-Installation-Target-ID"},
};

constexpr Line kStripe[] = {
    {"header", "Stripe-Signature"},
    {"split", "fields v1"},
    {"template", "{field:t}.{body}"},
    {"timestamp", "unix field:t"},
    {"tolerance", "5m"},
    {"id", "/id"},
    {"id_time", "/created"},
    {"time", "/created"},
    {"subject", "{/data/object/object}/{/data/object/id} | {/related_object/type}/{/related_object/id}"},
    {"version", "/api_version"},
    {"sandbox", "/livemode = false"},
};

constexpr Line kSlack[] = {
    {"header", "X-Slack-Signature"},
    {"split", "prefix v0="},
    {"template", "v0:{header:X-Slack-Request-Timestamp}:{body}"},
    {"timestamp", "unix header:X-Slack-Request-Timestamp"},
    {"tolerance", "5m"},
    {"id", "/event_id | /trigger_id"},
    {"type", "/event/type | /type"},
    {"id_time", "/event_time"},
    {"time", "/event_time | /action_ts | /actions/0/action_ts"},
    {"subject",
     "channel/{/event/channel} | channel/{/event/channel/id} | channel/{/event/item/channel} | channel/{/channel_id} | "
     "channel/{/channel/id} | user/{/event/user} | user/{/user_id} | user/{/user/id} | team/{/team_id} | "
     "team/{/team/id}"},
    {"keep", "X-Slack-Retry-Num,X-Slack-Retry-Reason"},
};

constexpr Line kShopify[] = {
    {"header", "X-Shopify-Hmac-SHA256,Shopify-Hmac-SHA256"},
    {"encoding", "base64"},
    {"id", "header:X-Shopify-Webhook-Id,Shopify-Webhook-Id"},
    {"type", "header:X-Shopify-Topic,Shopify-Topic"},
    {"time", "/updated_at | /created_at | header:X-Shopify-Triggered-At,Shopify-Triggered-At"},
    {"subject", "/admin_graphql_api_id | shop/{header:X-Shopify-Shop-Domain,Shopify-Shop-Domain}"},
    {"fact_key", "{header:X-Shopify-Event-Id,Shopify-Event-Id}/{header:X-Shopify-Topic,Shopify-Topic}"},
    {"version", "header:X-Shopify-API-Version,Shopify-API-Version"},
};

constexpr Line kTwitch[] = {
    {"header", "Twitch-Eventsub-Message-Signature"},
    {"split", "prefix sha256="},
    {"template", "{header:Twitch-Eventsub-Message-Id}{header:Twitch-Eventsub-Message-Timestamp}{body}"},
    {"timestamp", "rfc3339 header:Twitch-Eventsub-Message-Timestamp"},
    {"tolerance", "10m"},
    {"id", "header:Twitch-Eventsub-Message-Id"},
    {"type", "/subscription/type"},
    {"id_time", "/event/followed_at | /event/redeemed_at"},
    {"time", "/event/followed_at | /event/redeemed_at | header:Twitch-Eventsub-Message-Timestamp"},
    {"subject",
     "channel/{/event/broadcaster_user_id} | channel/{/subscription/condition/broadcaster_user_id} | "
     "user/{/event/user_id} | user/{/subscription/condition/user_id}"},
    {"version", "/subscription/version"},
    {"keep",
     "Twitch-Eventsub-Message-Type,Twitch-Eventsub-Message-Retry,Twitch-Eventsub-Subscription-Type,"
     "Twitch-Eventsub-Subscription-Version"},
};

constexpr Line kDiscord[] = {
    {"header", "X-Signature-Ed25519"},
    {"algorithm", "ed25519"},
    {"key", "hex"},
    {"template", "{header:X-Signature-Timestamp}{body}"},
    {"timestamp", "unix header:X-Signature-Timestamp"},
    {"id", "/id"},
    {"type", "/event/type | /type"},
    {"id_time", "/event/timestamp"},
    {"time", "/event/timestamp"},
    {"subject",
     "guild/{/event/data/guild/id} | user/{/event/data/user/id} | guild/{/guild_id} | user/{/event/data/user_id} | "
     "guild/{/event/data/guild_id}"},
    {"version", "/version"},
};

struct Row {
  std::string_view name;
  Protocol protocol;
  std::span<const Line> description;
};

// A name with two rows has two ways to sign, which differ only in mark, algorithm and key.
constexpr Row kRows[] = {
    {"standard-webhooks", plain_protocol, kStandardWebhooks},
    {"standard-webhooks", plain_protocol, kStandardWebhooksV1a},
    {"github", plain_protocol, kGithub},
    {"stripe", plain_protocol, kStripe},
    {"slack", slack_protocol, kSlack},
    {"shopify", plain_protocol, kShopify},
    {"twitch", twitch_protocol, kTwitch},
    {"discord", discord_protocol, kDiscord},
};

// How a provider signs is fixed; the configuration may override where the attributes are.
constexpr std::array<std::string_view, 9> kAttributeKeys{"id",       "id_time", "type",    "time", "subject",
                                                         "fact_key", "version", "sandbox", "keep"};

Result<NamedScheme> read_row(const Row& row, const Description& configured) {
  Description description(row.description.begin(), row.description.end());
  for (const auto& [key, text] : configured) {
    if (std::ranges::find(kAttributeKeys, key) == kAttributeKeys.end()) {
      return invalid(fmt::format("{}: how scheme {} signs is fixed; scheme hmac takes it", key, row.name));
    }
    description[key] = text;
  }
  VF_ASSIGN(auto scheme, parse_scheme(description));
  return NamedScheme{std::move(scheme), row.protocol};
}

}  // namespace

std::vector<std::string_view> scheme_names() {
  std::vector<std::string_view> names;
  for (const auto& row : kRows) {
    if (std::ranges::find(names, row.name) == names.end()) names.push_back(row.name);
  }
  names.push_back(kHmac);
  return names;
}

Result<NamedScheme> find_scheme(std::string_view name, const Description& configured) {
  if (name == kHmac) {
    VF_ASSIGN(auto scheme, parse_scheme(configured));
    return NamedScheme{std::move(scheme), plain_protocol};
  }
  std::optional<NamedScheme> found;
  for (const auto& row : kRows) {
    if (row.name != name) continue;
    VF_ASSIGN(auto read, read_row(row, configured));
    if (found) {
      found->scheme.methods.push_back(std::move(read.scheme.methods.front()));
    } else {
      found = std::move(read);
    }
  }
  if (!found) return invalid(fmt::format("scheme: '{}' is none of {}", name, fmt::join(scheme_names(), ", ")));
  return std::move(*found);
}

}  // namespace vf::sources::generic
