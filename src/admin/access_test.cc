// Access: every combination of token and wanted right.
#include "admin/access.h"

#include <gtest/gtest.h>

namespace vf::admin {
namespace {

int status(const Access& access, const std::string& authorization, Right wanted) {
  http::Request request;
  if (!authorization.empty()) request.headers.add("authorization", authorization);
  const auto refusal = access.refuse(request, wanted);
  return refusal ? refusal->status : 200;
}

TEST(Access, ReadingAndOperatingAreSeparateRights) {
  const Access access("boss", "guest");
  EXPECT_EQ(status(access, "Bearer boss", Right::operate), 200);
  EXPECT_EQ(status(access, "bearer boss", Right::read), 200);
  EXPECT_EQ(status(access, "Bearer guest", Right::read), 200);
  EXPECT_EQ(status(access, "Bearer guest", Right::operate), 403);
  for (const auto* header : {"", "Bearer", "Bearer ", "Bearer bos", "Bearer bossy", "Basic boss", "boss"}) {
    EXPECT_EQ(status(access, header, Right::read), 401) << header;
  }
}

TEST(Access, AnEmptyTokenGrantsNothing) {
  const Access access("", "");
  EXPECT_EQ(status(access, "Bearer ", Right::read), 401);
  EXPECT_EQ(status(access, "Bearer x", Right::read), 401);
}

TEST(Access, ARepeatedHeaderIsRefused) {
  const Access access("boss", "");
  http::Request request;
  request.headers.add("Authorization", "Bearer boss");
  request.headers.add("Authorization", "Bearer boss");
  EXPECT_EQ(access.refuse(request, Right::read)->status, 401);
}

}  // namespace
}  // namespace vf::admin
