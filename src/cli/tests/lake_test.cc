// vf lake verify against a fake admin API. Oracle: the command's contract.
#include <gmock/gmock.h>

#include <sstream>

#include "cli/cli.h"
#include "http/server.h"

namespace vf::cli {
namespace {

TEST(LakeVerify, ErrorWithoutARawLogNamesTheKeyToSet) {
  const auto hub = http::Server::start("test", {}, [](http::Request, http::Respond respond) {
    respond(http::problem(404, "there is no raw log here"));
  });
  ASSERT_TRUE(hub) << hub.error().message;
  std::ostringstream out, err;
  EXPECT_EQ(run({"lake", "verify", "--set", "admin.url=" + (*hub)->url(), "--set", "admin.token=t"}, {out, err}), 1);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(err.str(),
            "vf: there is no raw log here; a hub keeps one when ingest.lake is not none: set it to chdb:lake (which "
            "needs libchdb.so), or to http://user@host:8123/vf for a ClickHouse server\n");
}

}  // namespace
}  // namespace vf::cli
