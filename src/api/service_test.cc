// Service: the order in which a request is refused, who may call what, the threads that answer, preconditions and the
// audit log. Scope: the library; the tables are tested where they are.
#include "api/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <mutex>
#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "http/client.h"

namespace vf::api {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kNow = from_unix_millis(1'795'000'000'000);
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

crypto::WebhookSigner signer() { return std::move(crypto::WebhookSigner::create({kSecret}).value()); }

class KeptAudit final : public AuditLog {
 public:
  void add(const Call& call, const std::string& outcome) override {
    const std::lock_guard lock(mutex_);
    entries_.push_back(call.caller + " " + action_of(call) + ": " + outcome);
  }
  std::vector<std::string> entries() {
    const std::lock_guard lock(mutex_);
    return entries_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> entries_;
};

class ServiceTest : public testing::Test {
 protected:
  ~ServiceTest() override { service_.drain(); }

  Routes routes() {
    const auto echo = [](const Call& call, http::Respond respond) {
      http::Response response;
      response.body = call.caller;
      for (const auto& value : call.path) response.body += " " + value;
      respond(std::move(response));
    };
    const auto read = [this](const Call&) -> Result<json> { return read_; };
    const auto state = [this](const Call&) -> Result<json> {
      const std::lock_guard lock(mutex_);
      return json{{"number", number_}};
    };
    const auto change = [this](const Call& call, Done done) {
      if (call.request.body.empty()) return done(invalid("no number"));
      {
        const std::lock_guard lock(mutex_);
        number_ = std::stoi(call.request.body);
      }
      done(call.request.body == "7" ? json{{"id", "run-7"}} : json{{"done", true}});
    };
    const auto hold = [this](const Call&, Done done) { held_ = std::move(done); };
    return {{.method = "GET",
             .pattern = "/open/{a}/{b}",
             .access = Open{},
             .parameters = std::nullopt,
             .handler = Direct{echo}},
            {.method = "POST", .pattern = "/signed", .access = Signed{}, .body_bytes_max = 4, .handler = Direct{echo}},
            {.method = "POST", .pattern = "/signed-call", .access = SignedCall{}, .handler = Change{change}},
            {.method = "GET", .pattern = "/later", .access = Right::read, .handler = AsyncRead{hold}},
            {.method = "GET", .pattern = "/read", .access = Right::read, .parameters = {{"a"}}, .handler = Read{read}},
            {.method = "GET", .pattern = "/erase", .access = Right::erase, .handler = Direct{echo}},
            {.method = "PUT", .pattern = "/number", .access = Right::operate, .handler = Change{change, state}},
            {.method = "POST", .pattern = "/number", .access = Right::operate, .handler = Change{change}},
            {.method = "POST", .pattern = "/hold", .access = Right::operate, .handler = Change{hold}}};
  }

  std::future<http::Response> send(http::Request request) {
    auto answered = std::make_shared<std::promise<http::Response>>();
    auto answer = answered->get_future();
    request.peer = "127.0.0.1";
    service_.handle(std::move(request),
                    [answered](http::Response response) { answered->set_value(std::move(response)); });
    return answer;
  }
  http::Response ask(const std::string& method, const std::string& target, const std::string& token = {},
                     const std::string& body = {}) {
    return send(request(method, target, token, body)).get();
  }
  static http::Request request(const std::string& method, const std::string& target, const std::string& token,
                               const std::string& body = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
    return request;
  }
  http::Response put(const std::string& etag, const std::string& body) {
    auto change = request("PUT", "/number", "boss", body);
    change.headers.add("If-Match", etag);
    return send(std::move(change)).get();
  }
  std::string etag() { return etag_of(to_text(json{{"number", number_}})); }

  ManualClock clock_{kNow};
  Tokens tokens_{{{.name = "ops", .secret = "boss", .may = {Right::read, Right::operate}},
                  {.name = "eyes", .secret = "guest", .may = {Right::read}},
                  {.name = "hands", .secret = "robot", .may = {Right::operate}}}};
  const Signatures signatures_{signer()};
  KeptAudit audit_;
  std::mutex mutex_;
  int number_ = 1;
  Result<json> read_ = json{{"a", 1}};
  Done held_;
  Service service_{{.name = "test", .clock = clock_, .tokens = &tokens_, .signatures = &signatures_, .audit = &audit_},
                   routes()};
};

TEST_F(ServiceTest, EachRightIsNeededByItself) {
  const auto status = [this](const std::string& target, const std::string& token) {
    return ask("GET", target, token).status;
  };
  EXPECT_EQ(status("/read", "boss"), 200);
  EXPECT_EQ(status("/read", "guest"), 200);
  EXPECT_EQ(status("/read", "robot"), 403) << "the right to operate does not include the right to read";
  EXPECT_EQ(status("/read", ""), 401);
  EXPECT_EQ(status("/read", "stranger"), 401);
  EXPECT_EQ(status("/erase", "boss"), 403);
  EXPECT_EQ(ask("POST", "/number", "robot", "2").status, 200);
  EXPECT_EQ(ask("POST", "/number", "guest", "3").status, 403);
  EXPECT_EQ(number_, 2);
}

TEST_F(ServiceTest, ARefusalNamesTheRightThatIsMissing) {
  const auto unknown = ask("GET", "/read");
  EXPECT_EQ(http::header(unknown, "WWW-Authenticate"), "Bearer");
  const auto refused = ask("POST", "/number", "guest", "3");
  EXPECT_THAT(refused.body, HasSubstr("this call needs the right to operate; the token eyes may read"));
  EXPECT_THAT(std::string(*http::header(refused, "WWW-Authenticate")), HasSubstr(R"(scope="operate")"));
}

TEST_F(ServiceTest, RefusesInTheDocumentedOrder) {
  EXPECT_EQ(ask("GET", "/nothing?b=1", "stranger").status, 404);
  const auto wrong_method = ask("GET", "/signed", "", "12345");
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(http::header(wrong_method, "Allow"), "POST");
  EXPECT_EQ(http::header(ask("GET", "/number"), "Allow"), "PUT, POST");
  EXPECT_EQ(ask("POST", "/signed?b=1", "", "12345").status, 413) << "before the signature";
  EXPECT_EQ(ask("POST", "/signed?b=1", "", "1234").status, 401) << "before the parameters";
  EXPECT_EQ(ask("GET", "/read?b=1", "stranger").status, 401);
  EXPECT_EQ(ask("GET", "/read?b=1", "robot").status, 403);
  EXPECT_EQ(ask("GET", "/read?b=1", "guest").status, 400);
  EXPECT_EQ(ask("GET", "/read?a=1", "guest").status, 200);
}

TEST_F(ServiceTest, ABodyMayBeAsLongAsItsRouteSays) {
  EXPECT_EQ(ask("POST", "/number", "boss", std::string(kBodyBytesMax - 1, '0') + "7").status, 200);
  const auto beyond = ask("POST", "/number", "boss", std::string(kBodyBytesMax + 1, '0'));
  EXPECT_EQ(beyond.status, 413);
  EXPECT_THAT(beyond.body, HasSubstr("larger than 65536 bytes"));
}

TEST_F(ServiceTest, ASignedRouteNeedsASignatureOfNow) {
  auto signed_one = request("POST", "/signed", "", "{}");
  signed_one.headers.add("webhook-id", "msg_1");
  signed_one.headers.add("webhook-timestamp", std::to_string(unix_millis(kNow) / 1000));
  signed_one.headers.add("webhook-signature", signer().sign("msg_1", kNow, "{}"));
  EXPECT_EQ(send(signed_one).get().status, 200);
  EXPECT_EQ(ask("POST", "/signed", "boss", "{}").status, 401) << "a token is no signature";
  clock_.advance(std::chrono::hours{1});
  EXPECT_EQ(send(signed_one).get().status, 401);
}

TEST_F(ServiceTest, PathValuesAreDecodedAndTheCallerIsNamed) {
  EXPECT_EQ(ask("GET", "/open/a%20b/c%2Fd+e").body, "127.0.0.1 a b c/d+e");
  EXPECT_EQ(ask("GET", "/open/%/%zz?any=1").body, "127.0.0.1 % %zz");
}

TEST_F(ServiceTest, AnErrorOfAReadIsAProblem) {
  read_ = not_found("no such thing");
  const auto response = ask("GET", "/read", "guest");
  EXPECT_EQ(response.status, 404);
  EXPECT_FALSE(http::header(response, "ETag"));
}

TEST_F(ServiceTest, AReadHasAnEtagAndIsNotSentAgain) {
  const auto first = ask("GET", "/read", "guest");
  auto again = request("GET", "/read", "guest");
  again.headers.add("If-None-Match", std::string(*http::header(first, "ETag")));
  EXPECT_EQ(send(again).get().status, 304);
  read_ = json{{"a", 2}};
  EXPECT_EQ(send(again).get().body, R"({"a":2})");
}

TEST_F(ServiceTest, EveryChangeIsInTheAuditWithItsParametersAndOutcome) {
  ask("POST", "/number", "boss", "2");
  ask("POST", "/number", "boss", "7");
  ask("POST", "/number", "robot");
  EXPECT_THAT(audit_.entries(), ElementsAre("token ops from 127.0.0.1 POST /number 2: done",
                                            R"(token ops from 127.0.0.1 POST /number 7: done: {"id":"run-7"})",
                                            "token hands from 127.0.0.1 POST /number: no number"));
}

TEST_F(ServiceTest, ARefusedChangeOfAKnownCallerIsInTheAudit) {
  EXPECT_EQ(ask("POST", "/number", "guest", "3").status, 403);
  EXPECT_EQ(ask("POST", "/number?a=1", "boss", "3").status, 400);
  EXPECT_EQ(ask("POST", "/number", "stranger", "3").status, 401) << "who calls is unknown";
  EXPECT_EQ(ask("GET", "/read", "robot").status, 403) << "it would have changed nothing";
  EXPECT_THAT(
      audit_.entries(),
      ElementsAre("token eyes from 127.0.0.1 POST /number 3: refused: this call needs the right to operate; the "
                  "token eyes may read",
                  "token ops from 127.0.0.1 POST /number?a=1 3: refused: unknown query parameter 'a'; this path "
                  "takes none"));
}

TEST(ActionOf, IsShortAndHasNoControlCharacters) {
  Call call{.request = {.method = "POST", .target = "/a?b=1", .headers = {}, .body = {}, .peer = {}}};
  EXPECT_EQ(action_of(call), "POST /a?b=1");
  call.request.body = "{ \"a\" : \"\xC2\x9B\xE2\x80\xAE\" }";
  EXPECT_EQ(action_of(call), R"(POST /a?b=1 {"a":"\u009b\u202e"})");
  call.request.body = std::string("no JSON\0\x1B\xFF", 10);
  EXPECT_EQ(action_of(call), R"(POST /a?b=1 "no JSON\u0000\u001b\ufffd")");
  call.request.body = std::string(5'000, 'x');
  call.request.target = "/" + std::string(5'000, 'y');
  EXPECT_LT(action_of(call).size(), 2'100u);
}

TEST_F(ServiceTest, ParametersAreGivenOnceAndWithAValue) {
  EXPECT_THAT(ask("GET", "/read?a=1&a=1", "guest").body, HasSubstr("'a' is given more than once"));
  EXPECT_THAT(ask("GET", "/read?a=", "guest").body, HasSubstr("'a' has no value"));
  EXPECT_EQ(ask("GET", "/read?a=1&a=2", "guest").status, 400);
  EXPECT_EQ(ask("GET", "/open/a/b?c=1&c=", "").status, 200) << "the route takes anything";
}

TEST_F(ServiceTest, AReadThatWaitsForAnotherProcessHoldsUpNoOther) {
  auto later = send(request("GET", "/later", "guest"));
  EXPECT_EQ(ask("GET", "/read", "guest").status, 200);
  std::exchange(held_, {})(json{{"late", true}});
  const auto answer = later.get();
  EXPECT_EQ(answer.body, R"({"late":true})");
  auto again = request("GET", "/later", "guest");
  again.headers.add("If-None-Match", std::string(*http::header(answer, "ETag")));
  auto unchanged = send(std::move(again));
  ask("GET", "/read", "guest");
  std::exchange(held_, {})(json{{"late", true}});
  EXPECT_EQ(unchanged.get().status, 304);
}

TEST_F(ServiceTest, ASignedCallNamesWhoAskedForIt) {
  const auto call = [](std::string_view caller) {
    auto signed_one = request("POST", "/signed-call", "", "5");
    const CallToSign to_sign{.id = "c", .method = "POST", .target = "/signed-call", .caller = caller, .body = "5"};
    for (auto& [name, value] : sign_call(signer(), to_sign, kNow)) signed_one.headers.add(name, value);
    return signed_one;
  };
  EXPECT_EQ(send(call("token ops from 10.0.0.7")).get().status, 200);
  EXPECT_EQ(send(call("")).get().status, 200);
  auto other = call("");
  other.body = "6";
  EXPECT_EQ(send(other).get().status, 401);
  EXPECT_THAT(audit_.entries(),
              ElementsAre("token ops from 10.0.0.7 through the hub at 127.0.0.1 POST /signed-call 5: done",
                          "the hub at 127.0.0.1 POST /signed-call 5: done"));
}

TEST_F(ServiceTest, AChangeIsMadeOnlyToTheStateThatItNames) {
  const auto seen = etag();
  EXPECT_EQ(put(seen, "2").status, 200);
  const auto refused = put(seen, "3");
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(json::parse(refused.body)["current"], (json{{"number", 2}}));
  EXPECT_EQ(number_, 2);
  EXPECT_EQ(put(std::string(*http::header(refused, "ETag")), "4").status, 200);
  EXPECT_EQ(put("*", "5").status, 200);
  EXPECT_EQ(put("W/" + etag(), "6").status, 412) << "a weak ETag does not say that the state is the same";
  EXPECT_EQ(number_, 5);
  EXPECT_THAT(audit_.entries(),
              testing::Contains(testing::AllOf(testing::StartsWith("token ops from 127.0.0.1 PUT /number "),
                                               HasSubstr(": If-Match does not hold")))
                  .Times(2));
}

TEST_F(ServiceTest, IfMatchIsRefusedWhereThereIsNoState) {
  auto change = request("POST", "/number", "boss", "2");
  change.headers.add("If-Match", "*");
  EXPECT_EQ(send(std::move(change)).get().status, 400);
  EXPECT_EQ(number_, 1);
}

TEST_F(ServiceTest, OfChangesToTheSameStateOneIsMade) {
  const auto seen = etag();
  std::vector<std::future<http::Response>> answers;
  for (int i = 2; i <= 9; ++i) {
    auto change = request("PUT", "/number", "boss", std::to_string(i));
    change.headers.add("If-Match", seen);
    answers.push_back(send(std::move(change)));
  }
  std::vector<int> statuses;
  for (auto& answer : answers) statuses.push_back(answer.get().status);
  EXPECT_EQ(std::ranges::count(statuses, 200), 1);
  EXPECT_EQ(std::ranges::count(statuses, 412), 7);
}

TEST_F(ServiceTest, AChangeWithAPreconditionWaitsForTheOneUnderWay) {
  auto held = send(request("POST", "/hold", "boss"));
  auto change = request("PUT", "/number", "boss", "2");
  change.headers.add("If-Match", etag());
  auto waits = send(std::move(change));
  EXPECT_EQ(waits.get().status, 503) << "the earlier change does not end";
  std::exchange(held_, {})(json{{"done", true}});
  EXPECT_EQ(held.get().status, 200);
  EXPECT_EQ(put(etag(), "2").status, 200);
}

TEST_F(ServiceTest, ReplacedTokensHoldForTheNextRequest) {
  tokens_.replace({{.name = "new", .secret = "fresh", .may = {Right::read}}});
  EXPECT_EQ(ask("GET", "/read", "guest").status, 401);
  EXPECT_EQ(ask("GET", "/read", "fresh").status, 200);
}

TEST_F(ServiceTest, RequestsAfterTheDrainAre503) {
  service_.drain();
  const auto response = ask("GET", "/read", "guest");
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(http::header(response, "Retry-After"));
  EXPECT_EQ(ask("POST", "/number", "boss", "2").status, 503);
  EXPECT_THAT(audit_.entries(), IsEmpty());
}

}  // namespace
}  // namespace vf::api
