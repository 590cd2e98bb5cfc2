#include "lake/clickhouse/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::lake::clickhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Endpoints, UserHostsAndPortsAreParsed) {
  const auto one = parse_endpoints("http://vf@clickhouse.internal:9123/vf");
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->user, "vf");
  EXPECT_THAT(one->urls, ElementsAre("http://clickhouse.internal:9123/"));
  const auto several = parse_endpoints("https://a,b:9440,[::1],[::1]:9440/vf");
  ASSERT_TRUE(several);
  EXPECT_EQ(several->user, "default");
  EXPECT_THAT(several->urls,
              ElementsAre("https://a:8443/", "https://b:9440/", "https://[::1]:8443/", "https://[::1]:9440/"));
  EXPECT_THAT(parse_endpoints("http://h")->urls, ElementsAre("http://h:8123/"));
  EXPECT_THAT(parse_endpoints("http://h/")->urls, ElementsAre("http://h:8123/"));
}

TEST(Endpoints, PasswordInTheUrlIsRefusedAndNotQuoted) {
  const auto refused = parse_endpoints("http://vf:hunter2@h:8123/vf");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("ingest.lake_password"));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("hunter2")));
}

TEST(Endpoints, OtherFormsAreRefused) {
  for (const char* wrong : {"", "ftp://h/vf", "http://", "http://@/vf", "http://a,,b/vf", "http://a,/vf",
                            "http://h/other", "http://h/vf?async_insert=1", "http://h /vf"}) {
    const auto refused = parse_endpoints(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, Code::invalid) << wrong;
  }
}

}  // namespace
}  // namespace vf::lake::clickhouse
