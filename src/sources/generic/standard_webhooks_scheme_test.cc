// What the scheme of Standard Webhooks reads from a delivery, and which headers it needs.
#include <gmock/gmock.h>

#include "event/identity.h"
#include "sources/generic/named_schemes_test.h"
#include "sources/generic/request_test.h"

namespace vf::sources::generic {
namespace {

class StandardWebhooksScheme : public testing::Test {
 protected:
  Event event(const std::string& id, const std::string& body, const std::string& time = kTime) const {
    const auto signature = hmac_bytes(crypto::Hash::sha256, key_, id + "." + time + "." + body);
    auto delivery = delivered(source_->verify(
        request_of(
            {{"webhook-id", id}, {"webhook-timestamp", time}, {"webhook-signature", "v1," + to_base64(signature)}},
            body),
        at_second(std::stoll(time))));
    EXPECT_FALSE(delivery.body_key) << "the id is signed";
    return delivery.event;
  }
  const std::string key_ = std::string(24, 'k');
  const std::unique_ptr<Source> source_ = source_of("standard-webhooks", "whsec_" + to_base64(key_));
};

TEST_F(StandardWebhooksScheme, Describes) {
  const auto e = event("msg_1", R"({"type":"order.paid","timestamp":"2023-11-14T20:00:00.5Z","data":{"id":"o-7"}})");
  EXPECT_EQ(e.message_id, "msg_1");
  EXPECT_EQ(e.type, "shop.order.paid");
  EXPECT_EQ(e.subject, "o-7");
  EXPECT_EQ(to_rfc3339(e.time), "2023-11-14T20:00:00.500Z");
  EXPECT_EQ(leading_millis(e.id), unix_millis(e.time));
  EXPECT_EQ(e.fact_key, "msg_1");
  EXPECT_TRUE(e.is_json);
  EXPECT_FALSE(e.sandbox);
}

TEST_F(StandardWebhooksScheme, AnEmptyHeaderIsMissing) {
  const std::string time = kTime;
  const auto signature = "v1," + to_base64(hmac_bytes(crypto::Hash::sha256, key_, "." + time + ".{}"));
  const auto refused = [&](const std::string& id, const std::string& at, const std::string& given) {
    const auto request =
        request_of({{"webhook-id", id}, {"webhook-timestamp", at}, {"webhook-signature", given}}, "{}");
    return refusal(source_->verify(request, at_second(std::stoll(time))));
  };
  EXPECT_EQ(refused("", time, signature), "missing header");
  EXPECT_EQ(refused("msg_1", "", signature), "missing header");
  EXPECT_EQ(refused("msg_1", time, ""), "missing header");
}

TEST_F(StandardWebhooksScheme, TheIdIsTheSameInEveryAttempt) {
  const std::string body = R"({"type":"a"})";
  const auto first = event("msg_1", body), retry = event("msg_1", body, "1700009999");
  EXPECT_EQ(first.id, retry.id);
  EXPECT_EQ(leading_millis(first.id), 0) << "no time but the attempt's";
  EXPECT_EQ(first.time, kNow) << "for want of a better";
  EXPECT_NE(event("msg_2", body).id, first.id);
}

TEST_F(StandardWebhooksScheme, AnIdBehindAPrefixLendsItsTime) {
  const auto e = event("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", R"({"type":"a","timestamp":"2023-11-14T20:00:00Z"})");
  EXPECT_EQ(leading_millis(e.id), unix_millis(*time_inside("2KWPBgLlAfxdpx2AI54pPJ85f4W")));
}

TEST_F(StandardWebhooksScheme, TypesAreKeptAsTheyStand) {
  const auto type = [&](const std::string& text) { return event("m", R"({"type":")" + text + "\"}").type; };
  for (const std::string text :
       {"a/b", "repo:push", "v2.core.account[requirements].updated", "a b", "café", "A-b_9.c"}) {
    EXPECT_EQ(type(text), "shop." + text);
  }
  EXPECT_EQ(type(std::string(255, 'a')), "shop." + std::string(255, 'a'));
  EXPECT_EQ(type(std::string(256, 'a')), "shop.unrecognised");
  for (const auto* odd : {"", "a\\nb", "\\u0000", "\\u0085", "\\ufdd0", "\\uffff", "\\ud83d", "\xff"}) {
    EXPECT_EQ(type(odd), "shop.unrecognised") << odd;
  }
  EXPECT_EQ(event("m", R"({"type":{}})").type, "shop.unrecognised");
  EXPECT_EQ(event("m", "not json").type, "shop.unrecognised");
}

TEST_F(StandardWebhooksScheme, AnyBodyIsKept) {
  for (const std::string& body : {std::string(), std::string("\0\xff", 2), std::string(100'000, '[')}) {
    const auto e = event("m", body);
    EXPECT_EQ(e.body, body);
    EXPECT_FALSE(e.is_json);
    EXPECT_EQ(e.message_id, "m");
  }
  for (const std::string& body : {std::string("{}\n"), std::string("\xef\xbb\xbf{}")}) {
    const auto e = event("m", body);
    EXPECT_EQ(e.body, body) << "with the padding, which is not part of the envelope's data";
    EXPECT_TRUE(e.is_json);
  }
}

TEST_F(StandardWebhooksScheme, AttributesThatNoStoreTakesAreReplaced) {
  const auto e = event("caf\xe9", R"({"type":"a","data":{"id":"x\u0000y"}})");
  EXPECT_EQ(e.message_id, body_digest("caf\xe9"));
  EXPECT_EQ(e.subject, "");
  EXPECT_EQ(event(std::string(255, 'i'), "{}").message_id, std::string(255, 'i'));
  EXPECT_EQ(event(std::string(256, 'i'), "{}").message_id, body_digest(std::string(256, 'i')));
}

TEST_F(StandardWebhooksScheme, KeepsTheHeadersOfTheSignature) {
  auto request = request_of(
      {{"WEBHOOK-ID", "m"}, {"webhook-timestamp", kTime}, {"Content-Type", "application/json"}, {"Cookie", "c"}}, "{}");
  const auto signature = "v1," + to_base64(hmac_bytes(crypto::Hash::sha256, key_, "m." + kTime + ".{}"));
  request.headers.add("webhook-signature", signature);
  EXPECT_EQ(delivered(source_->verify(request, kNow)).event.headers,
            R"({"webhook-signature":")" + signature +
                R"(","webhook-id":"m","webhook-timestamp":"1700000000","Content-Type":"application/json"})");
}

}  // namespace
}  // namespace vf::sources::generic
