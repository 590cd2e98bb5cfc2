// Classes of answers. Oracle: the comments of answer.h, and RFC 9110.
#include "fanout/answer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vf::fanout {
namespace {

const Instant kNow = from_unix_millis(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110's example

Answer of(int status, std::string body = "", std::string retry_after = "") {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  if (!retry_after.empty()) response.headers.emplace_back("retry-after", retry_after);
  return classify(response, kNow, std::nullopt);
}

TEST(Answer, StatusesFallIntoTheirClasses) {
  for (int status = 100; status < 600; ++status) {
    const auto response_class = of(status).response_class;
    const bool refused = status == 400 || status == 413 || status == 422;
    EXPECT_EQ(response_class == ResponseClass::refused, refused) << status;
    EXPECT_EQ(response_class == ResponseClass::delivered, status / 100 == 2) << status;
    const bool gateway = status == 502 || status == 503 || status == 504;
    EXPECT_EQ(response_class == ResponseClass::server_error, status / 100 == 5 && !gateway) << status;
  }
}

TEST(Answer, NoAnswerIsATargetFailure) {
  const auto answer = classify(unavailable("connection refused"), kNow, 1);
  EXPECT_EQ(answer.response_class, ResponseClass::target_failure);
  EXPECT_EQ(answer.reason, "connection refused");
}

TEST(Answer, GoneIsATargetFailureWithAFlag) {
  EXPECT_EQ(of(410).response_class, ResponseClass::target_failure);
  EXPECT_TRUE(of(410).gone);
  EXPECT_FALSE(of(404).gone);
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
    EXPECT_EQ(classify(http::problem(status, "a table is missing"), kNow, 1).detail, "a table is missing");
  }
}

TEST(Answer, CountsWhatOurReceiverQuarantined) {
  const auto answer = of(200, R"({"results":[{"id":"a","status":"applied"},{"id":"b","status":"quarantined"},)"
                              R"({"id":"c","status":"quarantined"}]})");
  EXPECT_EQ(answer.quarantined, 2);
}

TEST(Answer, SuccessWithoutAResultForEachEventIsATargetFailure) {
  const auto class_for_two = [](std::string body) {
    http::Response response;
    response.body = std::move(body);
    return classify(response, kNow, 2).response_class;
  };
  EXPECT_EQ(class_for_two(R"({"results":[{"id":"a","status":"applied"},{"id":"b","status":"ignored"}]})"),
            ResponseClass::delivered);
  EXPECT_EQ(class_for_two(R"( { "took" : {"ms":[1,2]} , "results" : [ {} , {} ] } )"), ResponseClass::delivered);
  for (const auto* body : {"", "{}", "[{},{}]", "<html>Please log in</html>", R"({"results":2})", R"({"results":[]})",
                           R"({"results":[{}]})", R"({"results":[{},{},{}]})", R"({"results":[{},)",
                           R"({"status":"ok"})", R"({"results":"[{},{}]"})", R"({"nested":{"results":[{},{}]}})"}) {
    EXPECT_EQ(class_for_two(body), ResponseClass::target_failure) << body;
  }
}

TEST(Answer, ForeignSuccessNeedsNoBody) {
  EXPECT_EQ(of(200, "<html>Thank you</html>").response_class, ResponseClass::delivered);
  EXPECT_EQ(of(204).response_class, ResponseClass::delivered);
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
