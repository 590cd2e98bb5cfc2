// Tokens: whose token a request carries. Scope: the header; what a caller may do is in service_test.cc.
#include "api/tokens.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace vf::api {
namespace {

http::Request carrying(const std::string& authorization) {
  http::Request request;
  if (!authorization.empty()) request.headers.add("authorization", authorization);
  return request;
}

std::string caller(const Tokens& tokens, const std::string& authorization) {
  const auto found = tokens.caller_of(carrying(authorization));
  return found ? found->token + ": " + found->may.text() : "";
}

TEST(Tokens, NameTheCallerAndItsRights) {
  const Tokens tokens({{.name = "ops", .secret = "boss", .may = {Right::operate, Right::read}},
                       {.name = "eyes", .secret = "guest", .may = {Right::read}},
                       {.name = "all", .secret = "root", .may = {Right::erase, Right::reveal, Right::operate}}});
  EXPECT_EQ(caller(tokens, "Bearer boss"), "ops: read, operate");
  EXPECT_EQ(caller(tokens, "bearer  boss "), "ops: read, operate");
  EXPECT_EQ(caller(tokens, "Bearer guest"), "eyes: read");
  EXPECT_EQ(caller(tokens, "Bearer root"), "all: operate, reveal, erase");
}

TEST(Tokens, UnknownAndMalformedOnesNameNoCaller) {
  const Tokens tokens({{.name = "ops", .secret = "boss", .may = {Right::read}}});
  for (const auto* header :
       {"", "Bearer", "Bearer ", "Bearer bos", "Bearer bossy", "Basic boss", "boss", "Bearer ops"}) {
    EXPECT_EQ(caller(tokens, header), "") << header;
  }
}

TEST(Tokens, AnEmptyTokenIsLeftOut) {
  const Tokens tokens({{.name = "ops", .secret = "", .may = {Right::read}}});
  EXPECT_EQ(caller(tokens, "Bearer "), "");
  EXPECT_EQ(caller(tokens, "Bearer x"), "");
}

TEST(Tokens, ARepeatedHeaderNamesNoCaller) {
  const Tokens tokens({{.name = "ops", .secret = "boss", .may = {Right::read}}});
  auto request = carrying("Bearer boss");
  request.headers.add("Authorization", "Bearer boss");
  EXPECT_FALSE(tokens.caller_of(request));
}

TEST(Tokens, ReplaceTakesAllTokensAtOnce) {
  Tokens tokens({{.name = "ops", .secret = "old", .may = {Right::read}}});
  tokens.replace({{.name = "ops", .secret = "new", .may = {Right::operate}}});
  EXPECT_EQ(caller(tokens, "Bearer old"), "");
  EXPECT_EQ(caller(tokens, "Bearer new"), "ops: operate");
}

TEST(Tokens, ATokenOfBothSetsIsNeverRefusedWhileTheyAreReplaced) {
  const Token kept{.name = "kept", .secret = "kept", .may = {Right::read}};
  Tokens tokens({kept});
  std::atomic<bool> stop{false};
  std::atomic<int> asked{0}, refused{0};
  std::jthread asks([&] {
    for (; !stop; ++asked) refused += caller(tokens, "Bearer kept") == "kept: read" ? 0 : 1;
  });
  for (int i = 0; i < 1'000 || asked < 100; ++i) {
    tokens.replace({{.name = "other", .secret = std::to_string(i), .may = {Right::read}}, kept});
  }
  stop = true;
  asks.join();
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace vf::api
