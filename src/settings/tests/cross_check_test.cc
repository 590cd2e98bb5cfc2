// Values that are valid by themselves and wrong together. Oracle: the contract and the problems' texts.
#include <gmock/gmock.h>

#include "settings/load.h"
#include "settings/tests/scratch_test.h"

namespace vf::settings {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

using CrossCheck = Scratch;

TEST_F(CrossCheck, DefaultMaxAgeFollowsSchemeOrLedger) {
  const Settings c = settings(params(Role::ingest, R"(
ingest: {retention: {ledger: 20d}}
sources:
  kick:
  a: {scheme: stripe, secrets: x}
  b: {scheme: twitch, secrets: x}
  c: {scheme: hmac, secrets: x}
  d: {scheme: github, secrets: x}
)"));
  EXPECT_EQ(c.sources.kick->max_age, 19 * 24h);
  EXPECT_EQ(c.sources.generic.at("a").max_age, 5min);
  EXPECT_EQ(c.sources.generic.at("b").max_age, 10min);
  EXPECT_EQ(c.sources.generic.at("c").max_age, 19 * 24h);
  EXPECT_EQ(c.sources.generic.at("d").max_age, std::nullopt);
}

TEST_F(CrossCheck, MaxAgeBeyondTheLedgerIsAWarning) {
  write("vf-data/admin-token", "t");
  const auto with = [&](const std::string& age) {
    return warnings(params(Role::ingest, "sources: {kick: {max_age: " + age + "}}"));
  };
  EXPECT_EQ(with("29d"), "");
  const std::string warning =
      "vf.yaml:1: sources.kick.max_age: is longer than ingest.retention.ledger less a day (29d): a captured "
      "delivery could be accepted a second time\n";
  EXPECT_EQ(with("2505600001ms"), warning);
  EXPECT_EQ(with("none"), warning);
  const auto tolerating = [&](const std::string& age) {
    return warnings(params(Role::ingest, "sources: {a: {scheme: hmac, secrets: x, tolerance: " + age + "}}"));
  };
  EXPECT_EQ(tolerating("29d"), "");
  EXPECT_THAT(tolerating("30d"), HasSubstr("vf.yaml:1: sources.a.tolerance: is longer than ingest.retention.ledger"));
  EXPECT_THAT(tolerating("none"), HasSubstr("vf.yaml:1: sources.a.tolerance: is longer than ingest.retention.ledger"));
}

TEST_F(CrossCheck, ReplayGuardIsNotLongerThanTheLedger) {
  write("vf-data/admin-token", "t");
  const auto with = [&](const std::string& guard) {
    return params(Role::ingest, "sources: {a: {scheme: github, secrets: x, replay_guard: " + guard + "}}");
  };
  EXPECT_EQ(problems(with("30d")), "");
  EXPECT_EQ(settings(with("30d")).sources.generic.at("a").replay_guard, 30 * 24h);
  EXPECT_EQ(settings(with("none")).sources.generic.at("a").replay_guard, std::nullopt);
  EXPECT_EQ(
      settings(params(Role::ingest, "sources: {a: {scheme: github, secrets: x}}")).sources.generic.at("a").replay_guard,
      std::nullopt);
  EXPECT_EQ(problems(with("2592000001ms")),
            "vf.yaml:1: sources.a.replay_guard: must not be longer than ingest.retention.ledger (30d), which keeps the "
            "bodies' digests\n");
  EXPECT_THAT(problems(with("0s")), HasSubstr("sources.a.replay_guard"));
}

TEST_F(CrossCheck, LedgerIsKeptAsLongAsTheOutbox) {
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {retention: {outbox: 7d, ledger: 7d}}")), "");
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {retention: {outbox: 8d, ledger: 7d}}")),
            "vf.yaml:1: ingest.retention.ledger: must not be shorter than ingest.retention.outbox (8d)\n");
}

TEST_F(CrossCheck, ListenersAndStoresDoNotShareAnAddress) {
  write("vf-data/a.secret", kWebhookSecret);
  write("vf-data/b.secret", kWebhookSecret);
  EXPECT_EQ(problems(params(Role::up, R"(
admin: {listen: 127.0.0.1:8080}
environments: {a: {listen: 127.0.0.1:0}, b: {listen: 127.0.0.1:0, store: sqlite:dm.db}}
)")),
            "vf.yaml:2: admin.listen: is the same as ingest.listen; give each its own\n"
            "vf.yaml:3: environments.b.store: is the same database as ingest.store; give each its own\n");
}

TEST_F(CrossCheck, EnvironmentsDoNotShareADatabase) {
  const auto with = [&](const std::string& production, const std::string& stage) {
    LoadParams p = params(Role::migrate_env,
                          "ingest: {store: postgresql://h/dm}\nenvironments: {production: {listen: 'h:1', store: '" +
                              production + "'}, stage: {listen: 'h:2', store: '" + stage + "'}}");
    p.environment.clear();
    return problems(p);
  };
  const std::string refused =
      "vf.yaml:2: environments.stage.store: is the same database as environments.production.store; give each its own\n";
  EXPECT_EQ(with("sqlite:a.db", "sqlite:x/.././a.db"), refused);
  EXPECT_EQ(with("sqlite:a.db", "sqlite:" + (dir_ / "vf-data/a.db").string()), refused);
  EXPECT_EQ(with("sqlite:a.db", "sqlite:b.db"), "");
  write("vf-data/a.db", "");
  std::filesystem::create_symlink("a.db", dir_ / "vf-data/link.db");
  EXPECT_EQ(with("sqlite:a.db", "sqlite:link.db"), refused);
  std::filesystem::create_symlink("later.db", dir_ / "vf-data/dangling.db");
  EXPECT_EQ(with("sqlite:later.db", "sqlite:dangling.db"), refused);
  EXPECT_EQ(with("postgresql://h/a", "postgresql://u:p%40@H:5432/a?sslmode=require"), refused);
  EXPECT_EQ(with("postgresql://u@h1,h2:6432/a", "postgresql://v@h2:6432,h1:5432/a"), refused);
  EXPECT_EQ(with("postgresql://[::1]/a", "postgresql://[::1]:5432/a"), refused);
  EXPECT_EQ(with("postgresql://h/a", "postgresql://h/b"), "");
  EXPECT_EQ(with("postgresql://h/a", "postgresql://h:5433/a"), "");
  EXPECT_EQ(with("postgresql://h/a", "postgresql://i/a"), "");
  EXPECT_EQ(with("postgresql://h/dm", "postgresql://h/b"), "");  // beside the shared store, in a schema of its own
}

TEST_F(CrossCheck, StoreIsComparedWithThoseSpelledOut) {
  write("vf-data/stage.secret", kWebhookSecret);
  const auto with = [&](const std::string& production, const std::string& rest) {
    return problems(params(Role::api, "environments: {production: {listen: 'h:1', store: '" + production +
                                          "'}, stage: {listen: 'h:2', store: '${STORE}'}}\n" + rest));
  };
  variables_ = {{"STORE", "sqlite:a.db"}};
  EXPECT_EQ(with("sqlite:./a.db", ""),
            "vf.yaml:1: environments.stage.store: is the same database as environments.production.store; give each its "
            "own\n");
  EXPECT_EQ(with("${STORE}", ""), "");  // another process may have another value
  EXPECT_EQ(with("sqlite:${NAME}.db'}, qa: {listen: 'h:3', store: 'sqlite:${NAME}.db", ""), "");
  EXPECT_EQ(with("sqlite:b.db", "ingest: {store: 'sqlite:a.db'}"),
            "vf.yaml:1: environments.stage.store: is the same database as ingest.store; give each its own\n");
  variables_ = {{"STORE", "sqlite:dm.db"}};
  EXPECT_EQ(with("sqlite:b.db", ""), "");
}

TEST_F(CrossCheck, UnknownSourceOfATargetIsAWarning) {
  write("vf-data/admin-token", "t");
  EXPECT_EQ(warnings(params(Role::ingest, "sources: {kick: }\ntargets: {a: {url: 'http://h', secret: " +
                                              kWebhookSecret + ", sources: [kik]}}")),
            "vf.yaml:2: targets.a.sources: no source is named kik; did you mean kick?\n");
}

TEST_F(CrossCheck, ATokenStandsForOneName) {
  const auto with = [this](const std::string& admin) {
    return problems(params(Role::worker, "admin: {" + admin + "}"));
  };
  EXPECT_EQ(with("token: a, read_token: b, tokens: {ops: {token: c, may: read}, dev: {token: d, may: [read]}}"), "");
  EXPECT_EQ(with("token: a, read_token: a"),
            "vf.yaml:1: admin.read_token: is the same token as admin.token; give each its own\n");
  EXPECT_EQ(with("token: a, tokens: {ops: {token: b, may: read}, dev: {token: b, may: read}}"),
            "vf.yaml:1: admin.tokens.ops.token: is the same token as admin.tokens.dev.token; give each its own\n");
  EXPECT_EQ(with("token: a, tokens: {ops: {token: '', may: read}}"), "vf.yaml:1: admin.tokens.ops.token: is empty\n");
  EXPECT_THAT(with("token: a, tokens: {ops: {token: \"b\\nc\", may: read}}"), HasSubstr("contains a line break"));
}

TEST_F(CrossCheck, ATokenHasRightsThatAreKnown) {
  const auto with = [this](const std::string& ops) {
    return problems(params(Role::ingest, "admin: {token: a, tokens: {" + ops + "}}"));
  };
  EXPECT_THAT(with("ops: {token: b}"), HasSubstr("vf.yaml:1: admin.tokens.ops.may: is required"));
  EXPECT_THAT(with("ops: {token: b, may: []}"), HasSubstr("vf.yaml:1: admin.tokens.ops.may: is an empty list"));
  EXPECT_THAT(with("ops: {may: read}"), HasSubstr("vf.yaml:1: admin.tokens.ops.token: is required"));
  EXPECT_THAT(with("ops: {token: b, may: [read, write]}"), HasSubstr("admin.tokens.ops.may: "));
  EXPECT_THAT(with("ops: {token: b, may: read, mayy: read}"), HasSubstr("did you mean admin.tokens.ops.may?"));
  EXPECT_THAT(with("Ops: {token: b, may: read}"), HasSubstr("vf.yaml:1: admin.tokens.Ops: a name is up to 63 of"));
  for (const char* taken : {"admin", "reader"}) {
    EXPECT_THAT(with(std::string(taken) + ": {token: b, may: read}"), HasSubstr("is reserved: the audit log calls"));
  }
}

TEST_F(CrossCheck, AHubThatNoTokenMayOperateIsAWarning) {
  EXPECT_EQ(warnings(params(Role::ingest, "admin: {tokens: {ops: {token: b, may: operate}}}")), "");
  EXPECT_EQ(warnings(params(Role::ingest, "admin: {tokens: {ops: {token: b, may: read}}}")),
            "default: admin.token: no token may operate: the admin API refuses every operation\n");
  EXPECT_EQ(warnings(params(Role::worker, "")), "");
}

}  // namespace
}  // namespace vf::settings
