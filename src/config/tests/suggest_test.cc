#include "config/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace vf::config {
namespace {

TEST(Suggest, FindsTheNearestWithinTwoEdits) {
  const std::vector<std::string> known{"listen", "store", "lake", "max_body"};
  EXPECT_EQ(nearest("lissten", known), "listen");
  EXPECT_EQ(nearest("stroe", known), "store");
  EXPECT_EQ(nearest("maxbody", known), "max_body");
  EXPECT_EQ(nearest("lak", known), "lake");
  EXPECT_EQ(nearest("banana", known), "");
  EXPECT_EQ(nearest("xy", known), "");
  EXPECT_EQ(nearest("", known), "");
}

}  // namespace
}  // namespace vf::config
