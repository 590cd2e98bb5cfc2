// Addresses and paths in a configuration: which are accepted, and what is said about the others.
#include <gmock/gmock.h>

#include "settings/load.h"
#include "settings/tests/scratch_test.h"

namespace vf::settings {
namespace {

using testing::HasSubstr;

using LoadAddresses = Scratch;

TEST_F(LoadAddresses, PostgresqlStoreHasSeveralHosts) {
  const std::string url = "postgresql://vfapp@h1:5432,[::1]:5433,h3/dm?target_session_attrs=read-write";
  EXPECT_EQ(settings(params(Role::ingest, "ingest: {store: \"" + url + "\"}")).ingest.store.address.reveal(), url);
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {store: \"postgresql://u:p@h1,h2:x/dm\"}")),
            "vf.yaml:1: ingest.store: has a port that is not from 0 to 65535\n");
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {store: \"postgresql://u@h1,/dm\"}")),
            "vf.yaml:1: ingest.store: has no host\n");
}

TEST_F(LoadAddresses, PostgresqlIsReachedByASocketAndUnderItsOtherScheme) {
  for (const char* url : {"postgres://vf@h/dm", "postgresql:///dm?host=/run/postgresql", "postgresql:///dm"}) {
    const StoreUrl store = settings(params(Role::ingest, "ingest: {store: \"" + std::string(url) + "\"}")).ingest.store;
    EXPECT_EQ(store.kind, StoreUrl::Kind::postgresql) << url;
    EXPECT_EQ(store.address.reveal(), url);
  }
  const auto databases = [](const char* url) {
    StoreUrl store;
    store.kind = StoreUrl::Kind::postgresql;
    store.address = url;
    return databases_of(store);
  };
  EXPECT_EQ(databases("postgres://a:b@H/dm"), databases("postgresql://h:5432/dm?sslmode=require"));
  EXPECT_EQ(databases("postgresql:///dm?host=/run/pg&port=6"), std::vector<std::string>{"/run/pg:6/dm"});
  EXPECT_EQ(databases("postgresql://%2Frun%2Fpg:6/dm"), databases("postgresql:///dm?host=%2Frun%2Fpg&port=6"));
}

TEST_F(LoadAddresses, AddressToWhichNothingCanConnectIsRefused) {
  const std::pair<const char*, const char*> wrong[] = {
      {"targets: {a: {url: 'http://0.0.0.0:1/', secret: 'file:x'}}", "targets.a.url: names the address 0.0.0.0"},
      {"targets: {a: {url: 'http://0/', secret: 'file:x'}}", "targets.a.url: names the address 0.0.0.0"},
      {"targets: {a: {url: 'http://[::]:1/', secret: 'file:x'}}", "targets.a.url: names the address ::"},
      {"targets: {a: {url: 'http://224.0.0.1/', secret: 'file:x'}}", "targets.a.url: names the address 224.0.0.1"},
      {"targets: {a: {url: 'https://b\xc3\xbc.de/', secret: 'file:x'}}",
       "targets.a.url: has letters that are not ASCII"},
      {"sources: {kick: {api_base: 'http://0.0.0.0'}}", "sources.kick.api_base: names the address"},
      {"ingest: {lake: 'http://vf@0.0.0.0:8123/vf'}", "ingest.lake: names the address"}};
  for (const auto& [yaml, what] : wrong) EXPECT_THAT(problems(params(Role::ingest, yaml)), HasSubstr(what)) << yaml;
}

TEST_F(LoadAddresses, TildeAndStarAreExplained) {
  EXPECT_THAT(problems(params(Role::ingest, "data_dir: ~/vf")), HasSubstr("data_dir: begins with '~'"));
  EXPECT_THAT(problems(params(Role::ingest, "ingest: {store: 'sqlite:~/dm.db', lake: 'chdb:~/lake'}")),
              testing::AllOf(HasSubstr("ingest.store: names a path that begins with '~'"),
                             HasSubstr("ingest.lake: names a path that begins with '~'")));
  EXPECT_THAT(problems(params(Role::ingest, "admin: {token: 'file:~/token'}")),
              HasSubstr("admin.token: the file's path begins with '~'"));
  EXPECT_THAT(problems(params(Role::ingest, "ingest: {listen: '*:8080'}")),
              HasSubstr("ingest.listen: '*:8080' has no address; write 0.0.0.0:8080"));
  EXPECT_THAT(problems(params(Role::ingest, "ingest: {listen: ':8080'}")), HasSubstr("write 0.0.0.0:8080"));
}

TEST_F(LoadAddresses, UrlFitsIntoARequestLine) {
  for (const char* url : {"http://h/a b", "http://h/#x", "http://h/\\r\\nX: y", "http://h/\\t"}) {
    EXPECT_THAT(problems(params(Role::client, std::string("admin: {url: \"") + url + "\"}")),
                testing::HasSubstr("admin.url: contains a blank, a control character or '#'"))
        << url;
  }
  EXPECT_EQ(settings(params(Role::client, "admin: {url: \"http://h/a%20b?c=d\"}")).admin.url.reveal(),
            "http://h/a%20b?c=d");
}

TEST_F(LoadAddresses, TargetHasHeadersAProxyAndCertificates) {
  write("vf-data/key", "from-a-file\n");
  variables_ = {{"KEY", " from-a-variable\n"}};
  const std::string target = "targets: {a: {url: 'https://h/x', secret: " + kWebhookSecret + ", ";
  const Settings c =
      settings(params(Role::ingest, target + "proxy: 'http://u:p@proxy:3128/', connection_max_age: 5m, "
                                             "headers: {X-A: a, X-B: 'file:key', X-C: '${KEY}', X-D: 'a: b'}}}"));
  const auto& a = c.targets.at("a").target;
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(a.headers, testing::ElementsAre(Pair("X-A", "a"), Pair("X-B", "from-a-file"),
                                              Pair("X-C", "from-a-variable"), Pair("X-D", "a: b")));
  EXPECT_EQ(a.proxy.reveal(), "http://u:p@proxy:3128");
  EXPECT_EQ(a.connection_max_age, std::chrono::minutes{5});
  EXPECT_EQ(settings(params(Role::ingest, target + "}}")).targets.at("a").target.connection_max_age,
            std::chrono::minutes{1});
  const std::pair<const char*, const char*> wrong[] = {
      {"headers: {webhook-id: x}", "'webhook-id' is written by the hub"},
      {"headers: {Host: x}", "'Host' is written by the hub"},
      {"headers: {Content-Encoding: x}", "'Content-Encoding' is written by the hub"},
      {"headers: {'a b': x}", "has a name that is no name of a header"},
      {"headers: {X: \"a\\r\\nY: b\"}", "'X' has characters besides printable ASCII"},
      {"headers: {X: ''}", "'X' has no value"},
      {"headers: X", "takes names with values"},
      {"headers: [X]", "takes names with values"},
      {"headers: {X: [a]}", "takes a text for each name"},
      {"ca: nonsense", "holds no certificate in PEM form"},
      {"ca: '-----BEGIN CERTIFICATE-----\\nMIIB'", "has \\n as two characters"},
      {"proxy: 'socks5://h:1'", "must start with http:// or https://"},
      {"proxy: 'http://0.0.0.0:1'", "names the address 0.0.0.0"}};
  for (const auto& [yaml, what] : wrong) {
    EXPECT_THAT(problems(params(Role::ingest, target + yaml + "}}")), HasSubstr(what)) << yaml;
  }
}

}  // namespace
}  // namespace vf::settings
