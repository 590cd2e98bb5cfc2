#include "http/message.h"

#include <gtest/gtest.h>

namespace vf::http {
namespace {

TEST(Headers, ComparesNamesWithoutCaseAndRefusesRepeatedOnes) {
  Headers headers;
  headers.add("X-One", "1");
  headers.add("X-Two", "2");
  headers.add("x-two", "2");
  EXPECT_EQ(headers.unique("x-ONE"), "1");
  EXPECT_EQ(headers.unique("X-Two"), std::nullopt);
  EXPECT_EQ(headers.unique("X-Three"), std::nullopt);
  EXPECT_TRUE(headers.has("X-TWO"));
  EXPECT_FALSE(headers.has("X-Three"));
}

TEST(Request, SplitsItsTarget) {
  Request request;
  request.target = "/a/b?x=1&y=a%20b+c%2B&empty=&flag&bad=%zz%4&x=2&n%61me=v";
  EXPECT_EQ(request.path(), "/a/b");
  EXPECT_EQ(request.query_value("x"), "1");
  EXPECT_EQ(request.query_value("y"), "a b c+");
  EXPECT_EQ(request.query_value("empty"), "");
  EXPECT_EQ(request.query_value("flag"), "");
  EXPECT_EQ(request.query_value("bad"), "%zz%4");
  EXPECT_EQ(request.query_value("name"), "v");
  EXPECT_EQ(request.query_value("none"), std::nullopt);
  request.target = "/a";
  EXPECT_EQ(request.query(), "");
  EXPECT_EQ(request.query_value("x"), std::nullopt);
}

TEST(Request, AnUnknownQueryParameterIsNamedWithTheKnownOnes) {
  const std::vector<std::string_view> known{"limit", "from"};
  Request request;
  for (const char* target : {"/a", "/a?", "/a?limit=1&from=", "/a?&l%69mit&"}) {
    request.target = target;
    EXPECT_FALSE(refuse_unknown_parameters(request, known)) << target;
  }
  request.target = "/a?limit=1&l%69mits=2";
  const auto refusal = refuse_unknown_parameters(request, known);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 400);
  EXPECT_NE(refusal->body.find("unknown query parameter 'limits'; this path takes limit, from"), std::string::npos);
  request.target = "/a?=1";
  EXPECT_NE(refuse_unknown_parameters(request, {})->body.find("''; this path takes none"), std::string::npos);
}

TEST(Problem, IsJsonWhateverTheDetail) {
  const Response response = problem(503, "\"quoted\"\n");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"about:blank","title":"Service Unavailable","status":503,"detail":"\"quoted\"\n"})");
}

TEST(Problem, CodeAndStatusAreEachOthersInverse) {
  for (const Code code :
       {Code::invalid, Code::unauthorized, Code::not_found, Code::conflict, Code::unavailable, Code::internal}) {
    EXPECT_EQ(code_of(status_of(code)), code);
  }
  EXPECT_EQ(code_of(403), Code::unauthorized);
  EXPECT_EQ(code_of(502), Code::internal);
  EXPECT_EQ(code_of(418), Code::internal);
}

}  // namespace
}  // namespace vf::http
