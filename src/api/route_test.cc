// Which route a request reaches.
#include "api/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::optional<PathValues> values(std::string_view pattern, std::string_view path) {
  return match({.method = "GET", .pattern = pattern, .access = Open{}, .handler = Direct{}}, path);
}

TEST(Route, EachPartInBracesIsOneSegment) {
  EXPECT_THAT(values("/", "/").value(), IsEmpty());
  EXPECT_THAT(values("/a/{id}", "/a/7").value(), ElementsAre("7"));
  EXPECT_THAT(values("/a/{id}/go/{to}", "/a/7/go/8").value(), ElementsAre("7", "8"));
  EXPECT_THAT(values("/a/{id}", "/a/{id}").value(), ElementsAre("{id}"));
  for (const auto* path : {"/a", "/a/", "/a/1/", "//a/1", "/b/1", "/a/1/2", "a/1", "", "/", "/A/1"}) {
    EXPECT_FALSE(values("/a/{id}", path)) << path;
  }
  EXPECT_FALSE(values("/", ""));
  EXPECT_FALSE(values("/", "//"));
}

TEST(Route, ValuesAreDecodedAfterTheSegmentsAreCut) {
  EXPECT_THAT(values("/a/{id}", "/a/x%2Fy%20+%").value(), ElementsAre("x/y +%"));
  EXPECT_FALSE(values("/a/b", "/a/%62")) << "the pattern's own words are taken as they are written";
}

TEST(Route, AGetAnswersHeadAndAnyMethodAnswersAll) {
  const auto takes = [](std::string_view of_route, std::string_view method) {
    return takes_method({.method = of_route, .pattern = "/", .access = Open{}, .handler = Direct{}}, method);
  };
  EXPECT_TRUE(takes("GET", "GET"));
  EXPECT_TRUE(takes("GET", "HEAD"));
  EXPECT_FALSE(takes("POST", "HEAD"));
  EXPECT_FALSE(takes("GET", "POST"));
  EXPECT_FALSE(takes("GET", "get"));
  for (const auto* method : {"GET", "POST", "HEAD", "PATCH"}) EXPECT_TRUE(takes(kAnyMethod, method));
}

}  // namespace
}  // namespace vf::api
