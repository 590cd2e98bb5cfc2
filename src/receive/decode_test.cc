// Tests the contract of the environment listener, as far as it needs no store.
#include "receive/decode.h"

#include <gtest/gtest.h>

#include "receive/decoded_test.h"

namespace vf::receive {
namespace {

/// Returns the status of the refusal; 0 when the request is accepted.
int refusal(const http::Request& request, const Limits& limits = {}) {
  const auto result = decoded(request, limits);
  const auto* response = std::get_if<http::Response>(&result);
  return response == nullptr ? 0 : response->status;
}

std::string detail(const http::Request& request) {
  const auto result = decoded(request);
  const auto* response = std::get_if<http::Response>(&result);
  return response == nullptr ? "" : response->body;
}

std::optional<std::string> header(const http::Request& request, std::string_view name) {
  const auto result = decoded(request);
  for (const auto& [key, value] : std::get<http::Response>(result).headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

ApplyEvents taken(const http::Request& request) {
  auto result = decoded(request);
  auto* operation = std::get_if<Operation>(&result);
  EXPECT_NE(operation, nullptr) << std::get<http::Response>(result).body;
  return operation == nullptr ? ApplyEvents{} : std::move(std::get<ApplyEvents>(*operation));
}

http::Request raw(std::string body) { return signed_request("POST", "/internal/events", std::move(body)); }

constexpr const char* kSmallest =
    R"({"specversion":"1.0","id":"0194650A-0000-4000-8000-000000000001","source":"orders","type":"orders.paid"})";

TEST(Decode, RetiredRoutesAre410AndNameTheirSuccessor) {
  for (const auto& [path, successor] :
       {std::pair{"/wh/kick", "/webhooks/kick"}, std::pair{"/wh/sumsub", "/webhooks/sumsub"},
        std::pair{"/api/kyc/hook?x=1", "/webhooks/sumsub"}}) {
    for (const char* method : {"POST", "GET"}) {
      http::Request request;
      request.method = method;
      request.target = path;
      EXPECT_EQ(refusal(request), 410) << path;
      EXPECT_NE(detail(request).find(successor), std::string::npos) << path;
      EXPECT_NE(header(request, "Link")->find(successor), std::string::npos) << path;
    }
  }
}

TEST(Decode, UnknownPathsAre404AndWrongMethods405) {
  EXPECT_EQ(refusal(signed_request("POST", "/", "")), 404);
  EXPECT_EQ(refusal(signed_request("POST", "/internal/eventsx", "")), 404);
  EXPECT_EQ(refusal(signed_request("POST", "/internal/events/", "")), 404);
  EXPECT_EQ(refusal(signed_request("POST", "/wh/kick/x", "")), 404);
  EXPECT_EQ(refusal(signed_request("GET", "/internal/events", "")), 405);
  EXPECT_EQ(header(signed_request("GET", "/internal/events", ""), "Allow"), "POST");
  EXPECT_EQ(refusal(signed_request("DELETE", "/internal/events/" + follow(1).id.to_string(), "")), 405);
  EXPECT_EQ(header(signed_request("POST", "/internal/events/x", ""), "Allow"), "GET");
  EXPECT_EQ(refusal(signed_request("GET", "/internal/quarantine/retry", "")), 405);
}

TEST(Decode, UnverifiedIs401) {
  for (const char* missing : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    auto request = post_events({follow(1)});
    http::Headers headers;
    for (const auto& [name, value] : request.headers.items()) {
      if (name != missing) headers.add(name, value);
    }
    request.headers = headers;
    EXPECT_EQ(refusal(request), 401) << missing;
  }
  auto repeated = post_events({follow(1)});
  repeated.headers.add("Webhook-Id", "msg_1");
  EXPECT_EQ(refusal(repeated), 401);
  auto tampered = post_events({follow(1)});
  tampered.body.back() = ' ';
  EXPECT_EQ(refusal(tampered), 401);
  EXPECT_NE(detail(tampered).find("bad signature"), std::string::npos);
  const std::string stranger = "whsec_" + std::string(43, 'A') + "=";
  EXPECT_EQ(refusal(signed_request("POST", "/internal/events", "[]", {.secret = stranger})), 401);
}

TEST(Decode, TimestampMoreThanFiveMinutesOffIs401) {
  const auto signed_at = [](Millis off) {
    return signed_request("POST", "/internal/events", "[]", {.at = kNow + off});
  };
  EXPECT_EQ(refusal(signed_at(-std::chrono::minutes{5} + std::chrono::seconds{1})), 0);
  EXPECT_EQ(refusal(signed_at(-std::chrono::minutes{5} - std::chrono::seconds{1})), 401);
  EXPECT_EQ(refusal(signed_at(std::chrono::minutes{5})), 0);
  EXPECT_EQ(refusal(signed_at(std::chrono::minutes{5} + std::chrono::seconds{1})), 401);
}

TEST(Decode, EverySecretIsAcceptedWhileOneRotates) {
  EXPECT_EQ(refusal(signed_request("POST", "/internal/events", "[]", {.secret = kSecret})), 0);
  EXPECT_EQ(refusal(signed_request("POST", "/internal/events", "[]", {.secret = kOldSecret})), 0);
}

TEST(Decode, SignatureIsCheckedBeforeTheEnvelope) {
  auto request = raw("not an envelope");
  EXPECT_EQ(refusal(request), 400);
  request.body += "!";
  EXPECT_EQ(refusal(request), 401);
}

TEST(Decode, ShowAndRetryTakeNoParameters) {
  const std::string event = "/internal/events/" + follow(1).id.to_string();
  EXPECT_EQ(refusal(signed_request("GET", event + "?a=1", "")), 400);
  EXPECT_NE(detail(signed_request("GET", event + "?a=1", "")).find("'a'; this path takes none"), std::string::npos);
  EXPECT_EQ(refusal(signed_request("POST", "/internal/quarantine/retry?limit=1", "")), 400);
  EXPECT_EQ(refusal(signed_request("POST", "/internal/events?tag=1", "[]")), 0)
      << "a sender's URL may carry parameters of its own";
}

TEST(Decode, MalformedEnvelopeIs400) {
  const std::string batch = write_batch(std::vector{follow(1)});
  for (const std::string& body : {std::string(),
                                  std::string("null"),
                                  std::string("7"),
                                  std::string("[[]]"),
                                  std::string("{}"),
                                  std::string("[{}]"),
                                  std::string("\xff"),
                                  std::string("\0", 1),
                                  std::string(100'000, '['),
                                  std::string(100'000, '[') + std::string(100'000, ']'),
                                  batch.substr(0, batch.size() - 1),
                                  batch + "]",
                                  projections::replaced(kSmallest, "\"1.0\"", "\"0.3\""),
                                  projections::replaced(kSmallest, "\"1.0\"", "1"),
                                  projections::replaced(kSmallest, "0194650A-0000", "not-a-uuid"),
                                  projections::replaced(kSmallest, "specversion", "version"),
                                  projections::replaced(kSmallest, "\"id\"", "\"ID\""),
                                  projections::replaced(kSmallest, "\"source\"", "\"from\""),
                                  projections::replaced(kSmallest, "\"type\"", "\"kind\""),
                                  "[" + std::string(kSmallest) + ",{}]"}) {
    EXPECT_EQ(refusal(raw(body)), 400) << body.substr(0, 60);
  }
}

TEST(Decode, OnlyFourAttributesAreNeeded) {
  const auto apply = taken(raw(kSmallest));
  ASSERT_EQ(apply.events.size(), 1u);
  EXPECT_EQ(apply.projections.at(0).event_id.to_string(), "0194650a-0000-4000-8000-000000000001");
  EXPECT_EQ(apply.projections.at(0).status, store::Applied::ignored);
}

TEST(Decode, OneEnvelopeOrABatchIsProjectedInOrder) {
  std::string one;
  append_envelope(one, follow(1));
  EXPECT_EQ(taken(raw(one)).projections.size(), 1u);
  EXPECT_TRUE(taken(raw("[]")).projections.empty());
  const auto apply = taken(post_events({poison(3), follow(2), unwanted(1)}));
  ASSERT_EQ(apply.projections.size(), 3u);
  EXPECT_EQ(apply.projections[0].status, store::Applied::quarantined);
  EXPECT_EQ(apply.projections[0].reason, "/broadcaster/user_id: missing");
  EXPECT_EQ(apply.projections[1].status, store::Applied::applied);
  EXPECT_EQ(apply.projections[1].event_id, follow(2).id);
  EXPECT_EQ(apply.projections[2].status, store::Applied::ignored);
}

TEST(Decode, UnprojectableBodyQuarantinesItsEventAlone) {
  Event torn = follow(1);
  torn.body = "\xff{";
  torn.is_json = false;
  const auto apply = taken(post_events({torn, follow(2)}));
  EXPECT_EQ(apply.projections.at(0).status, store::Applied::quarantined);
  EXPECT_EQ(apply.projections.at(1).status, store::Applied::applied);
}

TEST(Decode, AnEnvelopeThatCannotBeUsedQuarantinesItsEventAlone) {
  std::string good;
  append_envelope(good, follow(1));
  std::string odd;
  append_envelope(odd, follow(2));
  odd = projections::replaced(odd, "{", R"({"sandbox":"perhaps",)");
  const std::string ignored = projections::replaced(kSmallest, "{", R"({"sandbox":"perhaps",)");
  const auto apply = taken(raw("[" + good + "," + odd + "," + ignored + "]"));
  ASSERT_EQ(apply.projections.size(), 3u);
  EXPECT_EQ(apply.projections[0].status, store::Applied::applied);
  EXPECT_EQ(apply.projections[1].status, store::Applied::quarantined);
  EXPECT_EQ(apply.projections[1].reason, "sandbox: neither true nor false");
  EXPECT_EQ(apply.projections[1].envelope, odd);
  EXPECT_TRUE(apply.projections[1].rows.empty());
  EXPECT_EQ(apply.projections[2].status, store::Applied::ignored) << "no projector wants it in any case";
}

TEST(Decode, TooLargeIs413) {
  const auto request = raw(write_batch(std::vector{unwanted(1), unwanted(2)}));
  EXPECT_EQ(refusal(request, {.body_bytes_max = request.body.size(), .events_max = 2}), 0);
  EXPECT_EQ(refusal(request, {.body_bytes_max = request.body.size() - 1, .events_max = 2}), 413);
  EXPECT_EQ(refusal(request, {.body_bytes_max = request.body.size(), .events_max = 1}), 413);
  const auto endless = raw(write_batch(std::vector{unwanted(1), unwanted(2), unwanted(3)}) + "garbage");
  EXPECT_EQ(refusal(endless, {.events_max = 1}), 413) << "nothing after the first event too many is read";
  EXPECT_EQ(refusal(endless, {.events_max = 3}), 400);
}

TEST(Decode, ShowNeedsASignature) {
  const std::string path = "/internal/events/" + follow(1).id.to_string();
  const auto result = decoded(signed_request("GET", path, ""));
  EXPECT_EQ(std::get<ShowEvent>(std::get<Operation>(result)).id, follow(1).id);
  http::Request unsigned_one;
  unsigned_one.method = "GET";
  unsigned_one.target = path;
  EXPECT_EQ(refusal(unsigned_one), 401);
  EXPECT_EQ(refusal(signed_request("GET", "/internal/events/7", "")), 404);
}

TEST(Decode, RetryNeedsASignature) {
  const auto result = decoded(signed_request("POST", "/internal/quarantine/retry", ""));
  EXPECT_TRUE(std::holds_alternative<RetryQuarantined>(std::get<Operation>(result)));
  EXPECT_EQ(refusal(signed_request("POST", "/internal/quarantine/retry", "", {.at = kNow - std::chrono::hours{1}})),
            401);
}

}  // namespace
}  // namespace vf::receive
