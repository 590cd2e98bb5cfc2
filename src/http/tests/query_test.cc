// Queries: what is read of them, what is refused, and what is written. Oracle: RFC 3986, section 2.
#include "http/query.h"

#include <gtest/gtest.h>

namespace vf::http {
namespace {

std::string refusal(const std::string& target) {
  Request request;
  request.target = target;
  const auto response = refuse_unclear_parameters(request);
  return response ? std::to_string(response->status) + response->body : "";
}

TEST(Query, ParametersComeInOrderWithDecodedNames) {
  const auto found = parameters("a=1&&l%69mit+x=%20&c");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name + "=" + std::string(found[0].value), "a=1");
  EXPECT_EQ(found[1].name + "=" + std::string(found[1].value), "limit x=%20");
  EXPECT_EQ(found[2].name + "=" + std::string(found[2].value), "c=");
}

TEST(Query, RepeatedOrEmptyParameterIsNamed) {
  for (const char* clear : {"/a", "/a?", "/a?limit=1&from=2", "/a?limit=0&&x==", "/a?%2B=1&+=2"}) {
    EXPECT_EQ(refusal(clear), "") << clear;
  }
  EXPECT_NE(refusal("/a?limit=1&from=2&l%69mit=1").find("'limit' is given more than once"), std::string::npos);
  for (const char* empty : {"/a?from=", "/a?from", "/a?limit=1&from=&x=1"}) {
    EXPECT_NE(refusal(empty).find("'from' has no value"), std::string::npos) << empty;
  }
  EXPECT_EQ(refusal("/a?from=").substr(0, 3), "400");
}

TEST(Query, EncodedTextIsDecodedToItself) {
  EXPECT_EQ(percent_encoded("a b/c?d=%&+\xC3\xA9"), "a%20b%2Fc%3Fd%3D%25%26%2B%C3%A9");
  EXPECT_EQ(percent_encoded("AZaz09-._~"), "AZaz09-._~");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
}

}  // namespace
}  // namespace vf::http
