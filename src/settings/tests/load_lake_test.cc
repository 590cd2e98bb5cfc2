// The keys of a raw log on ClickHouse servers, as load() reads them. Oracle: the text of the configuration.
#include "settings/tests/scratch_test.h"

namespace vf::settings {
namespace {

using LoadLake = Scratch;

TEST_F(LoadLake, ServersHaveSeveralAddressesAndASeparatePassword) {
  write("vf-data/lake-password", "hunter2\n");
  const Settings c = settings(params(Role::ingest, R"(
ingest: {lake: "https://vf@h1:8443,[::1]:8443,h3/vf", lake_password: "file:lake-password", lake_cluster: vf}
)"));
  EXPECT_EQ(c.ingest.lake.kind, StoreUrl::Kind::clickhouse);
  EXPECT_EQ(c.ingest.lake.address.reveal(), "https://vf@h1:8443,[::1]:8443,h3/vf");
  EXPECT_EQ(c.ingest.clickhouse.password, "hunter2");
  EXPECT_EQ(c.ingest.clickhouse.cluster, "vf");
  EXPECT_EQ(c.ingest.clickhouse.compression, lake::clickhouse::Compression::zstd);
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {lake: \"http://vf:hunter2@h/vf\"}")),
            "vf.yaml:1: ingest.lake: has a password; put it into ingest.lake_password, as file:PATH or ${NAME}\n");
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {lake: \"http://h1,h2:x/vf\"}")),
            "vf.yaml:1: ingest.lake: has a port that is not from 0 to 65535\n");
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {lake: \"http://h1,/vf\"}")),
            "vf.yaml:1: ingest.lake: has no host\n");
}

TEST_F(LoadLake, WrongAddressNamesTheAcceptedForms) {
  const std::string expected = "vf.yaml:1: ingest.lake: must be 'none' or start with chdb:, http:// or https://\n";
  for (const char* wrong : {"nonesuch", "clickhouse://h/vf", "sqlite:lake.db", "http:/h/vf"}) {
    EXPECT_EQ(problems(params(Role::ingest, std::string("ingest: {lake: \"") + wrong + "\"}")), expected) << wrong;
  }
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {store: 'chdb:lake'}")),
            "vf.yaml:1: ingest.store: must start with sqlite: or postgresql://\n");
  EXPECT_EQ(settings(params(Role::ingest, "ingest: {lake: none}")).ingest.lake.kind, StoreUrl::Kind::none);
}

}  // namespace
}  // namespace vf::settings
