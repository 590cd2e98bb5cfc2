#include "config/url.h"

#include <gtest/gtest.h>

namespace vf::config {
namespace {

TEST(Url, PasswordIsHiddenWhereverItStands) {
  EXPECT_EQ(without_password("postgresql://u:p:@@h/db"), "postgresql://u:***@h/db");
  EXPECT_EQ(without_password("postgresql://u@h:5432/db"), "postgresql://u@h:5432/db");
  EXPECT_EQ(without_password("postgresql://h/db?user=u&password=p&sslpassword=q&sslmode=require"),
            "postgresql://h/db?user=u&password=***&sslpassword=***&sslmode=require");
  EXPECT_EQ(without_password("/data/stage.db"), "/data/stage.db");
}

TEST(Url, AuthorityIsWithoutUserAndPath) {
  EXPECT_EQ(authority("postgresql://u:p@h1,h2:5433/db?x=y"), "h1,h2:5433");
  EXPECT_EQ(authority("http://[::1]:8080"), "[::1]:8080");
}

TEST(Url, HostsAreChecked) {
  EXPECT_EQ(check_hosts("h1,h2:5433,[::1]:1"), std::nullopt);
  EXPECT_EQ(check_hosts("h1,"), "has no host");
  EXPECT_EQ(check_hosts("h:65536"), "has a port that is not from 0 to 65535");
  EXPECT_EQ(check_host_and_port("h", true), "has no port");
  EXPECT_EQ(check_host_and_port("[::1", false), "has '[' without ']'");
}

}  // namespace
}  // namespace vf::config
