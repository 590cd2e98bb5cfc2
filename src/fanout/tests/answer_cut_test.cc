// Classes of answers that are cut. Oracle: the comments of answer.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <span>

#include "fanout/answer.h"

namespace vf::fanout {
namespace {

using testing::HasSubstr;

constexpr std::array kTwo{Uuid{{1}}, Uuid{{2}}};
const std::string kTwoResults = R"({"results":[{"id":")" + kTwo[0].to_string() + R"(","status":"applied"},{"id":")" +
                                kTwo[1].to_string() + R"(","status":"ignored"}]})";

Answer cut(int status, std::string body, std::optional<std::span<const Uuid>> sent) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = "application/problem+json";
  response.headers.emplace_back("Retry-After", "7");
  response.cut = http::Cut{.by = http::Cut::By::size_limit, .reason = "the body is longer than 9 bytes"};
  return classify(response, from_unix_millis(1'795'000'000'000), sent);
}

TEST(CutAnswer, StatusDecidesForAForeignReceiver) {
  for (int status = 200; status < 600; ++status) {
    EXPECT_EQ(cut(status, "", std::nullopt).delivered, status < 300) << status;
  }
}

TEST(CutAnswer, RefusalKeepsItsRetryAfterAndWhatIsReadableOfItsDetail) {
  const Answer answer = cut(429, R"({"title":"Slow down","detail":"ten a sec)", std::nullopt);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.retry_after, std::chrono::seconds{7});
  EXPECT_EQ(answer.detail, "Slow down");
}

TEST(CutAnswer, SuccessOfOurReceiverIsAFailureEvenWithAResultForEachEvent) {
  for (const int status : {200, 202, 299}) {
    for (const std::string& body : {std::string(), std::string(R"({"results":[{"id":"a",)"), kTwoResults}) {
      const Answer answer = cut(status, body, kTwo);
      EXPECT_FALSE(answer.delivered) << status << body;
      EXPECT_EQ(answer.quarantined, 0);
      EXPECT_THAT(answer.reason, HasSubstr("incomplete results: the body is longer than 9 bytes"));
    }
  }
}

TEST(CutAnswer, FailureOfOurReceiverStaysAFailure) {
  for (const int status : {300, 400, 410, 422, 500, 503})
    EXPECT_FALSE(cut(status, kTwoResults, kTwo).delivered) << status;
}

}  // namespace
}  // namespace vf::fanout
