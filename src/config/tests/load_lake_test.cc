// The keys of a raw log on ClickHouse servers, as load() reads them. Oracle: the text of the configuration.
#include "config/tests/scratch_test.h"

namespace vf::config {
namespace {

using LoadLake = Scratch;

TEST_F(LoadLake, ALakeOnServersHasSeveralAddressesAndItsPasswordApart) {
  write("vf-data/lake-password", "hunter2\n");
  const Config c = config(params(Role::ingest, R"(
ingest: {lake: "https://vf@h1:8443,[::1]:8443,h3/vf", lake_password: "file:lake-password", lake_cluster: vf}
)"));
  EXPECT_EQ(c.ingest.lake.kind, StoreUrl::Kind::clickhouse);
  EXPECT_EQ(c.ingest.lake.location, "https://vf@h1:8443,[::1]:8443,h3/vf");
  EXPECT_EQ(c.ingest.lake_password.reveal(), "hunter2");
  EXPECT_EQ(c.ingest.lake_cluster, "vf");
  EXPECT_EQ(c.ingest.lake_compression, Compression::zstd);
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {lake: \"http://vf:hunter2@h/vf\"}")),
            "vf.yaml:1: ingest.lake: has a password; put it into ingest.lake_password, as file:PATH or ${NAME}\n");
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {lake: \"http://h1,h2:x/vf\"}")),
            "vf.yaml:1: ingest.lake: has a port that is not from 0 to 65535\n");
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {lake: \"http://h1,/vf\"}")),
            "vf.yaml:1: ingest.lake: has no host\n");
}

}  // namespace
}  // namespace vf::config
