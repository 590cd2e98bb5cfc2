// Answers: ETags and conditional reads (RFC 9110, section 13), and the problems that errors become.
#include "api/answer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "http/client.h"

namespace vf::api {
namespace {

using nlohmann::json;

bool lists(const std::vector<std::string>& lines, const std::string& etag, bool weak) {
  http::Headers headers;
  for (const auto& line : lines) headers.add("if-match", line);
  return lists_etag(headers, "If-Match", etag, weak);
}

TEST(Etag, IsTheSameForTheSameTextOnly) {
  EXPECT_EQ(etag_of("{}"), etag_of("{}"));
  EXPECT_NE(etag_of("{}"), etag_of("{ }"));
  EXPECT_EQ(etag_of("").size(), 34u);
  EXPECT_EQ(etag_of("").front(), '"');
  EXPECT_EQ(etag_of("").back(), '"');
}

TEST(Etag, IsFoundInAListOfAnyForm) {
  const std::string tag = R"("a,b")";
  EXPECT_TRUE(lists({tag}, tag, false));
  EXPECT_TRUE(lists({R"("x", "a,b")"}, tag, false));
  EXPECT_TRUE(lists({R"("x")", tag}, tag, false)) << "several lines are one list";
  EXPECT_TRUE(lists({"*"}, tag, false));
  EXPECT_TRUE(lists({R"("x" ,W/"y","a,b")"}, tag, false));
  for (const auto* other : {"", "a,b", R"("a")", R"("b")", R"("a,b)", R"("x","y")", R"("*")"}) {
    EXPECT_FALSE(lists({other}, tag, false)) << other;
  }
  EXPECT_FALSE(lists({}, tag, false));
}

TEST(Etag, AWeakOneMatchesOnlyWhereWeakComparisonIsAsked) {
  EXPECT_TRUE(lists({R"(W/"x")"}, R"("x")", true));
  EXPECT_FALSE(lists({R"(W/"x")"}, R"("x")", false));
  EXPECT_TRUE(lists({R"(W/"x", "x")"}, R"("x")", false));
}

TEST(Answer, AReadIsSentOnceUntilItsTextChanges) {
  http::Request request;
  const auto first = fresh_or_not_modified(request, "{}");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "{}");
  EXPECT_EQ(http::header(first, "Cache-Control"), "private, no-cache");
  request.headers.add("If-None-Match", std::string(*http::header(first, "ETag")));
  const auto same = fresh_or_not_modified(request, "{}");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(http::header(same, "ETag"), http::header(first, "ETag"));
  EXPECT_EQ(fresh_or_not_modified(request, "[]").body, "[]");
}

TEST(Answer, EveryCodeIsAProblemWithItsStatus) {
  for (const auto& [code, status] :
       {std::pair(Code::invalid, 400), std::pair(Code::unauthorized, 401), std::pair(Code::not_found, 404),
        std::pair(Code::conflict, 409), std::pair(Code::unavailable, 503), std::pair(Code::internal, 500)}) {
    const auto response = problem({code, "why"});
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(json::parse(response.body)["detail"], "why");
    EXPECT_EQ(http::header(response, "Retry-After").has_value(), code == Code::unavailable);
  }
}

TEST(Answer, AFailedPreconditionShowsTheStateAndItsEtag) {
  const json state = {{"mode", "paused"}};
  const auto response = precondition_failed(state);
  EXPECT_EQ(response.status, 412);
  EXPECT_EQ(json::parse(response.body)["current"], state);
  EXPECT_EQ(json::parse(response.body)["title"], "Precondition Failed");
  EXPECT_EQ(http::header(response, "ETag"), etag_of(to_text(state)));
}

TEST(Answer, BytesThatAreNotUtf8AreReplaced) { EXPECT_EQ(to_text(json("a\xff")), "\"a\xef\xbf\xbd\""); }

}  // namespace
}  // namespace vf::api
