// What each named scheme reads from a delivery: id, type, subject, time, fact key, version, sandbox, headers kept.
#include "sources/generic/named_schemes.h"

#include <gmock/gmock.h>

#include <set>

#include "crypto/public_key.h"
#include "event/identity.h"
#include "sources/generic/named_schemes_test.h"
#include "sources/generic/request_test.h"

namespace vf::sources::generic {
namespace {

using testing::HasSubstr;

class GithubScheme : public testing::Test {
 protected:
  Delivery deliver(HeaderList headers, const std::string& body) const {
    headers.emplace_back("X-Hub-Signature-256", "sha256=" + hmac_hex("secret", body));
    return delivered(source_->verify(request_of(std::move(headers), body), kNow));
  }
  const std::unique_ptr<Source> source_ = source_of("github", "secret");
  const std::string issue_ =
      R"({"action":"opened","issue":{"updated_at":"2023-11-14T20:00:00Z"},"repository":{"full_name":"octo/hello"}})";
};

TEST_F(GithubScheme, Describes) {
  const auto d =
      deliver({{"X-GitHub-Delivery", "g-1"}, {"X-GitHub-Event", "issues"}, {"X-GitHub-Hook-ID", "9"}}, issue_);
  EXPECT_EQ(d.event.message_id, "g-1");
  EXPECT_EQ(d.event.type, "shop.issues.opened");
  EXPECT_EQ(d.event.subject, "repository/octo/hello");
  EXPECT_EQ(to_rfc3339(d.event.time), "2023-11-14T20:00:00.000Z");
  EXPECT_EQ(leading_millis(d.event.id), 0) << "the time of the issue is not the time of the message";
  EXPECT_EQ(d.event.fact_key, "g-1");
  EXPECT_THAT(d.event.headers, HasSubstr(R"("X-GitHub-Hook-ID":"9")"));
}

TEST_F(GithubScheme, WithoutAnIdTheBodyNamesTheMessageButNoFact) {
  const auto without = deliver({}, issue_);
  EXPECT_EQ(without.event.message_id, body_digest(issue_));
  EXPECT_EQ(without.event.fact_key, "");
}

TEST_F(GithubScheme, AddedRemovedAndAddedAgainAreThreeEvents) {
  const std::string added = R"({"action":"added","scope":"team","member":{"login":"octo-cat"}})";
  const std::string removed = R"({"action":"removed","scope":"team","member":{"login":"octo-cat"}})";
  std::set<std::string> ids, facts;
  int number = 0;
  for (const std::string& body : {added, removed, added}) {
    const auto d = deliver({{"X-GitHub-Event", "membership"}, {"X-GitHub-Delivery", std::to_string(++number)}}, body);
    ids.insert(d.event.id.to_string());
    facts.insert(d.event.fact_key);
    EXPECT_FALSE(d.body_key);
  }
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(facts.size(), 3u);
}

TEST_F(GithubScheme, FormsHoldTheirJsonInPayload) {
  const auto d =
      deliver({{"X-GitHub-Event", "issues"}, {"X-GitHub-Delivery", "g-1"}},
              "payload=%7B%22action%22%3A%22opened%22%2C%22repository%22%3A%7B%22full_name%22%3A%22octo%2Fhello"
              "%22%7D%2C%22title%22%3A%22a+b%22%7D");
  EXPECT_EQ(d.event.type, "shop.issues.opened");
  EXPECT_EQ(d.event.subject, "repository/octo/hello");
  EXPECT_EQ(d.event.message_id, "g-1");
  EXPECT_FALSE(d.event.is_json);
  EXPECT_TRUE(d.event.body.starts_with("payload=%7B")) << "kept as it came";
}

TEST_F(GithubScheme, TheEventNeedsNoActionButItsHeader) {
  EXPECT_EQ(deliver({{"X-GitHub-Event", "push"}}, R"({"ref":"x"})").event.type, "shop.push");
  EXPECT_EQ(deliver({{"X-GitHub-Event", "push"}}, "payload=%7B%7D").event.type, "shop.push");
  EXPECT_EQ(deliver({}, issue_).event.type, "shop.unrecognised");
  EXPECT_EQ(deliver({{"X-GitHub-Event", "a"}, {"X-GitHub-Event", "b"}}, issue_).event.type, "shop.unrecognised");
}

class StripeScheme : public testing::Test {
 protected:
  Event event(const std::string& body) const {
    const auto header = "t=" + kTime + ",v1=" + hmac_hex("secret", kTime + "." + body);
    const auto delivery = delivered(source_->verify(request_of({{"Stripe-Signature", header}}, body), kNow));
    EXPECT_FALSE(delivery.body_key);
    return delivery.event;
  }
  const std::unique_ptr<Source> source_ = source_of("stripe", "secret");
};

TEST_F(StripeScheme, Describes) {
  const auto e =
      event(R"({"id":"evt_1","created":1699990000,"type":"charge.failed","api_version":"2024-06-20","livemode":true,)"
            R"("data":{"object":{"object":"charge","id":"ch_1"}}})");
  EXPECT_EQ(e.message_id, "evt_1");
  EXPECT_EQ(e.type, "shop.charge.failed");
  EXPECT_EQ(e.subject, "charge/ch_1");
  EXPECT_EQ(e.version, "2024-06-20");
  EXPECT_EQ(unix_millis(e.time), 1699990000000);
  EXPECT_EQ(leading_millis(e.id), 1699990000000);
  EXPECT_FALSE(e.sandbox);
}

TEST_F(StripeScheme, TestModeIsTheSandbox) {
  EXPECT_TRUE(event(R"({"id":"evt_1","livemode":false})").sandbox);
  EXPECT_FALSE(event(R"({"id":"evt_1"})").sandbox);
}

TEST_F(StripeScheme, WithoutAnIdTheBodyNamesTheMessage) {
  EXPECT_EQ(event(R"({"type":"a"})").message_id, body_digest(R"({"type":"a"})"));
}

TEST_F(StripeScheme, ImpossibleTimesAreIgnored) {
  for (const auto* created : {"0", "-1", "253402300800000", "99999999999999999999", "\"soon\"", "null", "1e-9"}) {
    const auto e = event(std::string(R"({"id":"e","created":)") + created + "}");
    EXPECT_EQ(e.time, kNow) << created;
    EXPECT_EQ(leading_millis(e.id), 0) << created;
  }
  EXPECT_EQ(unix_millis(event(R"({"id":"e","created":253402300799999})").time), 253402300799999) << "milliseconds";
  EXPECT_EQ(unix_millis(event(R"({"id":"e","created":99999999999})").time), 99999999999000) << "seconds";
  EXPECT_EQ(unix_millis(event(R"({"id":"e","created":1699990000.25})").time), 1699990000250) << "with a fraction";
}

class SlackScheme : public testing::Test {
 protected:
  Event event(const std::string& body) const {
    const auto signature = "v0=" + hmac_hex("secret", "v0:" + kTime + ":" + body);
    const auto delivery = delivered(source_->verify(
        request_of({{"X-Slack-Signature", signature}, {"X-Slack-Request-Timestamp", kTime}, {"X-Slack-Retry-Num", "1"}},
                   body),
        kNow));
    EXPECT_FALSE(delivery.body_key);
    return delivery.event;
  }
  const std::unique_ptr<Source> source_ = source_of("slack", "secret");
};

TEST_F(SlackScheme, Describes) {
  const auto e = event(
      R"({"type":"event_callback","team_id":"T1","event_id":"Ev1","event_time":1699990000,"event":{"type":"message","channel":"C1"}})");
  EXPECT_EQ(e.message_id, "Ev1");
  EXPECT_EQ(e.type, "shop.message");
  EXPECT_EQ(e.subject, "channel/C1");
  EXPECT_EQ(leading_millis(e.id), 1699990000000);
  EXPECT_EQ(unix_millis(e.time), 1699990000000);
  EXPECT_THAT(e.headers, HasSubstr(R"("X-Slack-Retry-Num":"1")"));
}

TEST_F(SlackScheme, TakesTheOuterTypeAndLesserSubjects) {
  EXPECT_EQ(event(R"({"type":"app_rate_limited","team_id":"T1"})").type, "shop.app_rate_limited");
  EXPECT_EQ(event(R"({"event":{"channel":{"id":"C2"}}})").subject, "channel/C2");
  EXPECT_EQ(event(R"({"event":{"item":{"channel":"C3"}}})").subject, "channel/C3");
  EXPECT_EQ(event(R"({"event":{"user":"U1"}})").subject, "user/U1");
  EXPECT_EQ(event(R"({"team_id":"T1"})").subject, "team/T1");
}

TEST_F(SlackScheme, SlashCommandsAreForms) {
  const auto e = event(
      "token=t&team_id=T1&channel_id=C9&user_id=U1&command=%2Fweather&text=94070+caf%C3%A9&trigger_id=13345224609."
      "7384");
  EXPECT_EQ(e.type, "shop.slash_commands");
  EXPECT_EQ(e.message_id, "13345224609.7384");
  EXPECT_EQ(e.subject, "channel/C9");
  EXPECT_FALSE(e.is_json);
  const auto no_id = event("command=%2Fwebhook-collect&text=");
  EXPECT_EQ(no_id.type, "shop.slash_commands");
  EXPECT_EQ(no_id.message_id, body_digest(no_id.body));
  EXPECT_EQ(event("text=x").type, "shop.unrecognised");
}

TEST_F(SlackScheme, InteractionsAreFormsWithAPayload) {
  const auto e = event(
      "payload=%7B%22type%22%3A%22block_actions%22%2C%22trigger_id%22%3A%221.2%22%2C%22user%22%3A%7B%22id%22%3A%22U7%"
      "22%7D%2C"
      "%22actions%22%3A%5B%7B%22action_ts%22%3A%221699990000.500%22%7D%5D%7D");
  EXPECT_EQ(e.type, "shop.block_actions");
  EXPECT_EQ(e.message_id, "1.2");
  EXPECT_EQ(e.subject, "user/U7");
  EXPECT_EQ(unix_millis(e.time), 1699990000500);
}

class ShopifyScheme : public testing::Test {
 protected:
  Delivery deliver(const std::string& prefix, const std::string& body) const {
    const auto signature = to_base64(hmac_bytes(crypto::Hash::sha256, "secret", body));
    return delivered(source_->verify(request_of({{prefix + "Shopify-Hmac-SHA256", signature},
                                                 {prefix + "Shopify-Webhook-Id", "w-1"},
                                                 {prefix + "Shopify-Event-Id", "e-1"},
                                                 {prefix + "Shopify-Topic", "orders/create"},
                                                 {prefix + "Shopify-API-Version", "2024-07"},
                                                 {prefix + "Shopify-Shop-Domain", "hush.myshopify.com"},
                                                 {prefix + "Shopify-Triggered-At", "2023-11-14T21:00:00.123456789Z"}},
                                                body),
                                     kNow));
  }
  const std::unique_ptr<Source> source_ = source_of("shopify", "secret");
};

TEST_F(ShopifyScheme, DescribesUnderOldAndNewHeaderNames) {
  const std::string body =
      R"({"admin_graphql_api_id":"gid://shopify/Order/1","updated_at":"2023-11-14T15:00:00-05:00"})";
  for (const auto* prefix : {"X-", ""}) {
    const auto d = deliver(prefix, body);
    EXPECT_EQ(d.event.message_id, "w-1");
    EXPECT_EQ(d.event.type, "shop.orders/create");
    EXPECT_EQ(d.event.subject, "gid://shopify/Order/1");
    EXPECT_EQ(d.event.version, "2024-07");
    EXPECT_EQ(d.event.fact_key, "e-1/orders/create") << "one action of the merchant may send several topics";
    EXPECT_EQ(to_rfc3339(d.event.time), "2023-11-14T20:00:00.000Z");
    EXPECT_EQ(leading_millis(d.event.id), 0);
    EXPECT_FALSE(d.body_key);
  }
}

TEST_F(ShopifyScheme, TwoTopicsAboutOneObjectAreTwoEvents) {
  const auto of = [&](const std::string& topic, const std::string& id) {
    const auto signature = to_base64(hmac_bytes(crypto::Hash::sha256, "secret", "{}"));
    return delivered(source_->verify(request_of({{"X-Shopify-Hmac-SHA256", signature},
                                                 {"X-Shopify-Webhook-Id", id},
                                                 {"X-Shopify-Event-Id", "e-1"},
                                                 {"X-Shopify-Topic", topic}},
                                                "{}"),
                                     kNow))
        .event;
  };
  const auto created = of("orders/create", "w-1"), paid = of("orders/paid", "w-2");
  EXPECT_NE(created.id, paid.id);
  EXPECT_NE(created.fact_key, paid.fact_key);
  EXPECT_EQ(of("orders/create", "w-3").fact_key, created.fact_key) << "another subscription to the same topic";
}

TEST_F(ShopifyScheme, FallsBackToTheHeaders) {
  const auto d = deliver("X-", "{}");
  EXPECT_EQ(d.event.subject, "shop/hush.myshopify.com");
  EXPECT_EQ(to_rfc3339(d.event.time), "2023-11-14T21:00:00.123Z");
}

TEST(TwitchScheme, Describes) {
  const auto source = source_of("twitch", "secret");
  const auto event = [&](const std::string& body) {
    const std::string id = "tw-1", time = "2023-11-14T22:13:20.123456789Z";
    const auto delivery = delivered(source->verify(
        request_of({{"Twitch-Eventsub-Message-Id", id},
                    {"Twitch-Eventsub-Message-Timestamp", time},
                    {"Twitch-Eventsub-Message-Retry", "0"},
                    {"Twitch-Eventsub-Message-Signature", "sha256=" + hmac_hex("secret", id + time + body)}},
                   body),
        kNow));
    EXPECT_FALSE(delivery.body_key);
    return delivery.event;
  };
  const auto chat = event(
      R"({"subscription":{"type":"channel.chat.message","version":"1","condition":{"broadcaster_user_id":"12"}},"event":{}})");
  EXPECT_EQ(chat.message_id, "tw-1");
  EXPECT_EQ(chat.type, "shop.channel.chat.message");
  EXPECT_EQ(chat.version, "1");
  EXPECT_EQ(chat.subject, "channel/12");
  EXPECT_EQ(to_rfc3339(chat.time), "2023-11-14T22:13:20.123Z") << "signed, but of the attempt";
  EXPECT_EQ(leading_millis(chat.id), 0);
  EXPECT_THAT(chat.headers, HasSubstr(R"("Twitch-Eventsub-Message-Retry":"0")"));

  const auto follow = event(R"({"event":{"broadcaster_user_id":"34","followed_at":"2023-11-14T20:00:00Z"}})");
  EXPECT_EQ(follow.subject, "channel/34");
  EXPECT_EQ(leading_millis(follow.id), unix_millis(follow.time));
}

TEST(DiscordScheme, Describes) {
  const auto key = *crypto::PrivateKey::ed25519_from_seed(std::string(32, 's'));
  const auto source = source_of("discord", to_hex(key.public_bytes()));
  const auto event = [&](const std::string& body) {
    const auto delivery = delivered(source->verify(
        request_of({{"X-Signature-Ed25519", to_hex(key.sign(kTime, body))}, {"X-Signature-Timestamp", kTime}}, body),
        kNow));
    EXPECT_FALSE(delivery.body_key);
    return delivery.event;
  };
  const std::string body =
      R"({"version":1,"application_id":"1","type":1,"event":{"type":"APPLICATION_AUTHORIZED","timestamp":"2023-11-14T20:00:00Z","data":{"user":{"id":"5"}}}})";
  const auto e = event(body);
  EXPECT_EQ(e.message_id, body_digest(body)) << "webhook events have no id";
  EXPECT_EQ(e.type, "shop.APPLICATION_AUTHORIZED");
  EXPECT_EQ(e.subject, "user/5");
  EXPECT_EQ(e.version, "1");
  EXPECT_EQ(leading_millis(e.id), unix_millis(e.time));
  EXPECT_EQ(event(R"({"type":2,"id":"99","guild_id":"7"})").message_id, "99");
  const std::string entitlement = R"({"type":1,"event":{"type":"ENTITLEMENT_CREATE","data":{"id":"1","sku_id":"2",)";
  EXPECT_EQ(event(entitlement + R"("user_id":"5","guild_id":"7"}}})").subject, "user/5");
  EXPECT_EQ(event(entitlement + R"("guild_id":"7"}}})").subject, "guild/7");
}

TEST(NamedScheme, ItsAttributesCanBeOverridden) {
  const auto source = source_of("github", "secret", {{"subject", "sender/{/sender/login}"}, {"id", "/delivery"}});
  const std::string body = R"({"delivery":"d-1","sender":{"login":"octo"}})";
  const auto d = delivered(
      source->verify(request_of({{"X-Hub-Signature-256", "sha256=" + hmac_hex("secret", body)}}, body), kNow));
  EXPECT_EQ(d.event.subject, "sender/octo");
  EXPECT_EQ(d.event.message_id, "d-1");
  EXPECT_FALSE(d.body_key);
}

}  // namespace
}  // namespace vf::sources::generic
