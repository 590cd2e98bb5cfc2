// Which answers are deliveries, and what is known of the others. Oracle: the comments of answer.h, and RFC 9110.
#include "fanout/answer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <span>

namespace vf::fanout {
namespace {

constexpr Uuid kFirst{{1}};
constexpr Uuid kSecond{{2}};
constexpr std::array kTwo{kFirst, kSecond};
constexpr std::span<const Uuid> kOne(&kFirst, 1);

std::string result(Uuid id, std::string_view status) {
  return fmt::format(R"({{"id":"{}","status":"{}"}})", id.to_string(), status);
}
std::string results(const std::string& all) { return R"({"results":[)" + all + "]}"; }

const Instant kNow = from_unix_millis(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110's example

Answer of(int status, std::string body = "", std::string retry_after = "") {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  if (!retry_after.empty()) response.headers.emplace_back("retry-after", retry_after);
  return classify(response, kNow, std::nullopt);
}

TEST(Answer, EveryStatusFrom200To299IsADeliveryToAForeignReceiver) {
  for (int status = 100; status < 600; ++status) {
    EXPECT_EQ(of(status).delivered, status / 100 == 2) << status;
    EXPECT_EQ(of(status).status, status);
    EXPECT_EQ(of(status).reason.empty(), status / 100 == 2) << status;
  }
}

TEST(Answer, NoAnswerIsAFailure) {
  const auto answer = classify(unavailable("connection refused"), kNow, kOne);
  EXPECT_FALSE(answer.delivered);
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.reason, "connection refused");
}

TEST(Answer, RedirectNamesWhereItLeads) {
  const auto reason = [](int status, const std::string& location) {
    http::Response response;
    response.status = status;
    response.headers.emplace_back("location", location);
    return classify(response, kNow, std::nullopt).reason;
  };
  const std::string advice = ": write the final address as url, because none is followed";
  EXPECT_EQ(reason(308, "https://u:p@new.example/hook?token=t"),
            "HTTP 308 Permanent Redirect to https://***@new.example/hook?token=***" + advice);
  EXPECT_EQ(reason(302, "/login?next=secret"), "HTTP 302 Found to /login?next=***" + advice);
  EXPECT_EQ(reason(301, "\x1b[2J"), "HTTP 301 Moved Permanently to ***" + advice);
  EXPECT_LE(reason(301, "/" + std::string(10'000, 'x')).size(), 400U);
  EXPECT_EQ(reason(304, ""), "HTTP 304 Not Modified");
  EXPECT_EQ(reason(503, "/x"), "HTTP 503 Service Unavailable");
}

TEST(Answer, ReasonNamesTheStatusAndQuotesNoBody) {
  for (const int status : {400, 422, 503}) {
    const auto answer = of(status, R"({"title":"echo","detail":"anna@example.org"})");
    EXPECT_TRUE(answer.reason.starts_with(fmt::format("HTTP {}", status)));
    EXPECT_EQ(answer.detail, "") << "not declared a problem document";
  }
}

TEST(Answer, ProblemDetailsOfARefusalAreKept) {
  const auto detail = [](std::string body, int status = 422) {
    http::Response response;
    response.status = status;
    response.content_type = "application/problem+json; charset=utf-8";
    response.body = std::move(body);
    return classify(response, kNow, std::nullopt).detail;
  };
  EXPECT_EQ(detail(R"({"title":"Unprocessable","status":422,"detail":"no channel","echo":"anna"})"),
            "Unprocessable: no channel");
  EXPECT_EQ(detail(R"({"detail":"no\u0001 \u00e9"})"), "no? ??");
  EXPECT_EQ(detail(R"({"title":"only"})"), "only");
  EXPECT_EQ(detail(R"({"title":1,"detail":{"echo":"anna"}})"), "");
  EXPECT_EQ(detail("anna"), "");
  EXPECT_EQ(detail(R"({"detail":")" + std::string(500, 'x') + "\"}").size(), 200u);
  EXPECT_EQ(detail(R"({"detail":"down"})", 503), "") << "a failure of a foreign receiver";
}

TEST(Answer, ProblemDetailsOfOurReceiverAreKept) {
  for (const int status : {500, 503}) {
    EXPECT_EQ(classify(http::problem(status, "a table is missing"), kNow, kOne).detail, "a table is missing");
  }
}

Answer of_two(std::string body) {
  http::Response response;
  response.body = std::move(body);
  return classify(response, kNow, kTwo);
}

TEST(Answer, CountsWhatOurReceiverQuarantined) {
  const auto answer = of_two(results(result(kFirst, "quarantined") + "," + result(kSecond, "quarantined")));
  EXPECT_TRUE(answer.delivered);
  EXPECT_EQ(answer.quarantined, 2);
}

TEST(Answer, SuccessWithoutAResultForEachEventIsAFailure) {
  for (const auto* status : {"applied", "duplicate", "ignored", "quarantined"}) {
    const auto body = " { \"took\" : {\"ms\":[1,2]} , " +
                      results(result(kFirst, status) + " ,\n" + result(kSecond, "applied")).substr(1);
    EXPECT_TRUE(of_two(body).delivered) << body;
  }
  const std::string first = result(kFirst, "applied");
  const std::string second = result(kSecond, "applied");
  for (const std::string& body : std::initializer_list<std::string>{
           "", "{}", "[{},{}]", "<html>Please log in</html>", R"({"results":2})", results(""), results(first),
           results(first + "," + second + "," + second), R"({"results":[{},)", R"({"status":"ok"})",
           R"({"results":"[{},{}]"})", R"({"nested":)" + results(first + "," + second) + "}",
           // Of the right number, but not the results of these events.
           results("{},{}"), results("null,null"), results("1,2"), results(first + "," + first),
           results(second + "," + first), results(result(kFirst, "failed") + "," + second),
           results(result(kFirst, "") + "," + second), results(R"({"error":"database is locked"},)" + second),
           results(R"({"id":"x","status":"applied"},)" + second)}) {
    const auto answer = of_two(body);
    EXPECT_FALSE(answer.delivered) << body;
    EXPECT_EQ(answer.reason, "HTTP 200 without a result for each event: this url does not lead to a vf environment");
  }
}

TEST(Answer, ForeignSuccessNeedsNoBody) {
  EXPECT_TRUE(of(200, "<html>Thank you</html>").delivered);
  EXPECT_TRUE(of(204).delivered);
}

TEST(RetryAfter, ReadsSecondsAndEveryFormOfDate) {
  EXPECT_EQ(parse_retry_after("0", kNow), Millis{0});
  EXPECT_EQ(parse_retry_after(" 120 ", kNow), std::chrono::seconds{120});
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", kNow), std::chrono::seconds{30});
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:07 GMT", kNow), std::chrono::seconds{30});
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:50:07 1994", kNow), std::chrono::seconds{30});
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", kNow), Millis{0});
  EXPECT_EQ(of(503, "", "7").retry_after, std::chrono::seconds{7});
}

TEST(RetryAfter, OtherTextIsIgnored) {
  for (const auto* text : {"", "-1", "1.5", "soon", "12x", "Sun, 06 Nov 1994 08:50:07 CET", "99999999999999999999"}) {
    EXPECT_EQ(parse_retry_after(text, kNow), std::nullopt) << text;
  }
  EXPECT_GT(parse_retry_after("9223372036854775807", kNow), std::chrono::days{300});  // no overflow
}

}  // namespace
}  // namespace vf::fanout
