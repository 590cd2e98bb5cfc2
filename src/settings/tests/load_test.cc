#include "settings/load.h"

#include <gmock/gmock.h>

#include "settings/tests/scratch_test.h"

namespace vf::settings {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

using Load = Scratch;

constexpr const char* kWhole = R"(
data_dir: ./data
ingest:
  listen: 0.0.0.0:80
  max_body: 64KiB
  retention: {outbox: 2d, ledger: 10d, raw_events: {default: 100d, kick: 30d}}
sources:
  kick: {mode: dry-run, api_base: "${KICK_API}"}
  sumsub: {webhook_secrets: ["${SUMSUB_SECRET}", plain], algorithms: [sha256]}
  orders: {scheme: standard-webhooks, secrets: whsec_x, subject: /id}
targets:
  stage:
    url: http://127.0.0.1:8082/internal/events/
    types: ["kick.*", sumsub.applicantReviewed]
    sandbox: include
environments:
  stage: {listen: "[::1]:8082", store: "sqlite:tables/stage.db"}
)";

TEST_F(Load, FillsSettingsFromFilesVariablesAndDefaults) {
  variables_ = {{"KICK_API", "http://kick"}, {"SUMSUB_SECRET", "s"}};
  write("data/stage.secret", kWebhookSecret + "\n");
  write("data/admin-token", "t\r\n");
  const Settings c = settings(params(Role::up, kWhole));
  EXPECT_EQ(c.data_dir, dir_ / "data");
  EXPECT_EQ(c.ingest.webhooks.listen, "0.0.0.0:80");
  EXPECT_EQ(c.ingest.store.kind, StoreUrl::Kind::sqlite);
  EXPECT_EQ(c.ingest.store.path, (dir_ / "data/dm.db").string());
  EXPECT_EQ(c.ingest.lake.path, (dir_ / "data/lake").string());
  EXPECT_EQ(c.ingest.webhooks.body_bytes_max, 65536u);
  EXPECT_EQ(c.ingest.answer_timeout, 4s);
  EXPECT_EQ(c.ingest.ledger_retention, 240h);
  EXPECT_THAT(c.ingest.raw_retention,
              ElementsAre(std::pair("default", 2400h), std::pair("kick", 720h), std::pair("sumsub", 2160h)));
  EXPECT_EQ(c.admin.token.reveal(), "t");
  EXPECT_TRUE(c.admin.read_token.empty());
  ASSERT_TRUE(c.sources.kick && c.sources.sumsub);
  EXPECT_EQ(c.sources.kick->mode, SourceMode::dry_run);
  EXPECT_EQ(c.sources.kick->api_base.reveal(), "http://kick");
  EXPECT_EQ(c.sources.sumsub->webhook_secrets[0].reveal(), "s");
  EXPECT_EQ(c.sources.sumsub->webhook_secrets[1].reveal(), "plain");
  EXPECT_THAT(c.sources.sumsub->algorithms, ElementsAre(crypto::Hash::sha256));
  const GenericSource& orders = c.sources.generic.at("orders");
  EXPECT_EQ(orders.scheme, "standard-webhooks");
  EXPECT_EQ(orders.secrets.size(), 1u);
  EXPECT_THAT(orders.options, ElementsAre(std::pair("subject", "/id")));
  const fanout::Target& target = c.targets.at("stage").target;
  EXPECT_EQ(target.name, "stage");
  EXPECT_EQ(target.url.reveal(), "http://127.0.0.1:8082/internal/events");
  EXPECT_EQ(target.secrets[0], kWebhookSecret);
  EXPECT_THAT(target.types, ElementsAre("kick.*", "sumsub.applicantReviewed"));
  EXPECT_EQ(target.sandbox, fanout::Sandbox::include);
  EXPECT_EQ(target.mode, fanout::Mode::live);
  const Environment& stage = c.environments.at("stage");
  EXPECT_EQ(stage.listener.listen, "[::1]:8082");
  EXPECT_EQ(stage.store.path, (dir_ / "data/tables/stage.db").string());
  EXPECT_EQ(stage.secrets[0].reveal(), kWebhookSecret);
}

// Operators copy such a file, so it must load.
TEST_F(Load, FileWithEverySectionLoads) {
  variables_ = {{"SUMSUB_WEBHOOK_SECRET", "s"}};
  for (const char* name : {"admin-token", "admin-read-token", "ops-token"}) write("vf-data/" + std::string(name), name);
  write("vf-data/stage.secret", kWebhookSecret);
  std::filesystem::copy_file(VF_FIXTURES "/kick-real/kick-public-key.pem", dir_ / "vf-data/kick.pem");
  const LoadParams p = params(Role::up, R"(data_dir: ./vf-data                 # relative paths are under it
ingest:
  listen: 127.0.0.1:8080            # webhooks only, nothing else
  store: sqlite:dm.db               # or postgresql://user@host/db
  lake: chdb:lake                   # or http(s)://user@host:8123/vf, or none
  max_body: 1MiB
  retention: {outbox: 7d, ledger: 30d, raw_events: {default: 400d, sumsub: 90d}}
admin:
  listen: 127.0.0.1:8081            # dashboard, admin API, /metrics, /healthz, /readyz
  token: file:admin-token           # may operate
  read_token: file:admin-read-token # may only look; optional
  tokens: {ops: {token: file:ops-token, may: [read, operate, reveal, erase]}}
sources:
  kick:
    mode: live                      # live | dry-run | off
    public_keys: [file:kick.pem]    # default: Kick's published key, refreshed from api_base
    api_base: https://api.kick.com
    max_age: 29d                    # none switches the check off
  sumsub: {mode: live, webhook_secrets: ["${SUMSUB_WEBHOOK_SECRET}"]}
  orders:                           # any name: POST /webhooks/orders
    scheme: standard-webhooks       # github stripe slack shopify twitch discord hmac
    secrets: ["whsec_..."]
targets:
  stage:
    url: http://127.0.0.1:8082/internal/events
    secret: file:stage.secret       # whsec_...; a list while rotating
    mode: live                      # live | dry-run | paused
    sources: [kick, sumsub]         # default: all
    types: ["kick.*"]               # default: all
    sandbox: exclude                # exclude | include | only
    delivery: batch                 # batch | single
    start: now                      # now | earliest
    max_backlog: 30d
    allow_private: false
environments:
  stage:
    listen: 127.0.0.1:8082          # /internal/events, /v1/..., retired routes
    store: sqlite:stage.db          # or postgresql://...
    secrets: [file:stage.secret]    # every one is accepted
    retention: {processed_events: 30d}
)");
  EXPECT_EQ(warnings(p), "");
  const Settings c = settings(p);
  EXPECT_EQ(c.admin.read_token.reveal(), "admin-read-token");
  EXPECT_EQ(c.admin.tokens.at("ops").token.reveal(), "ops-token");
  EXPECT_EQ(api::Rights(c.admin.tokens.at("ops").may).text(), "read, operate, reveal, erase");
  EXPECT_EQ(c.sources.generic.at("orders").secrets[0].reveal(), "whsec_...");
}

TEST_F(Load, RoleReadsOnlyItsOwnSecrets) {
  write("data/stage.secret", kWebhookSecret);
  const Settings api = settings(params(Role::api, kWhole));  // no KICK_API, no SUMSUB_SECRET
  EXPECT_EQ(api.environments.at("stage").secrets.size(), 1u);
  EXPECT_FALSE(api.sources.kick || api.sources.sumsub);
  EXPECT_TRUE(api.targets.empty());
  std::filesystem::remove(dir_ / "data/stage.secret");
  EXPECT_EQ(problems(params(Role::worker, kWhole)), "");
  EXPECT_EQ(problems(params(Role::client, kWhole)), "");
  EXPECT_THAT(
      problems(params(Role::ingest, kWhole)),
      AllOf(
          HasSubstr("vf.yaml:8: sources.kick.api_base: the environment variable KICK_API is not set\n"),
          HasSubstr("vf.yaml:9: sources.sumsub.webhook_secrets: the environment variable SUMSUB_SECRET"),
          HasSubstr("default: targets.stage.secret: cannot take the value from its file: data/stage.secret: No such")));
  variables_ = {{"SUMSUB_SECRET", "s"}};
  const Settings probe = settings(params(Role::probe, kWhole));
  EXPECT_EQ(probe.sources.sumsub->webhook_secrets.size(), 2u);
  EXPECT_FALSE(probe.sources.kick);
}

TEST_F(Load, RoleOfAnEnvironmentReadsOnlyThatOne) {
  const std::string two = "environments:\n  stage: {listen: :1}\n  production: {listen: 127.0.0.1:2}\n";
  EXPECT_THAT(problems(params(Role::api, two)), HasSubstr("vf.yaml:2: environments.stage.listen: ':1' has no address"));
  LoadParams production = params(Role::worker, "environments:\n  stage: {listen: h:1}\n  production: {listen: h:2}\n");
  production.environment = "production";
  EXPECT_EQ(settings(production).environments.size(), 1u);
  production.environment = "prod";
  EXPECT_EQ(problems(production), "--env: environments.prod: is not configured; configured are: production, stage\n");
}

TEST_F(Load, RoleWithNothingConfiguredLoads) {
  for (const Role role : {Role::ingest, Role::api, Role::worker, Role::client, Role::probe})
    EXPECT_EQ(problems(bare(role)), "");
  EXPECT_EQ(problems(params(Role::up, "")), "");
  EXPECT_EQ(problems(params(Role::up, "sources:\ntargets:\nenvironments:\n")), "");
  EXPECT_THAT(warnings(bare(Role::ingest)), HasSubstr("default: admin.token: no token may operate"));
}

TEST_F(Load, ReportsAllProblemsWithFileLineAndKey) {
  EXPECT_EQ(
      problems(params(Role::ingest, R"(ingest:
  lissten: 127.0.0.1:1
  listen: nowhere
  max_body: 1MB
  queue: 0
  retention: 7d
sources:
  kick:
    mode: dryrun
    scheme: github
  Orders: {}
targets:
  stage:
    sources: []
    secret: [[a]]
    window: {a: 1}
    allow_private: yes
banana: 1
)")),
      "vf.yaml:2: ingest.lissten: unknown key; did you mean ingest.listen?\n"
      "vf.yaml:6: ingest.retention: holds further keys; write them indented under it\n"
      "vf.yaml:10: sources.kick.scheme: unknown key; 'vf config keys' lists all\n"
      "vf.yaml:11: sources.Orders: a name is up to 63 of a-z, 0-9, '-' and '_'\n"
      "vf.yaml:14: targets.stage.sources: is an empty list; leave the key out instead\n"
      "vf.yaml:15: targets.stage.secret: takes a list of plain values\n"
      "vf.yaml:16: targets.stage.window: takes a value, not further keys\n"
      "vf.yaml:18: banana: unknown key; 'vf config keys' lists all\n"
      "vf.yaml:3: ingest.listen: 'nowhere' has no port; write address:port, such as 127.0.0.1:8080 or [::1]:8080\n"
      "vf.yaml:4: ingest.max_body: '1MB' must be a size such as 512B, 64KiB, 1MiB or 2GiB\n"
      "vf.yaml:5: ingest.queue: must be from 1 to 1000000\n"
      "vf.yaml:9: sources.kick.mode: 'dryrun' must be one of live, dry-run, off; did you mean dry-run?\n"
      "vf.yaml:17: targets.stage.allow_private: 'yes' must be true or false\n"
      "default: targets.stage.secret: cannot take the value from its file: vf-data/stage.secret: No such file or "
      "directory; the first start of 'vf up' creates it\n"
      "vf.yaml:13: targets.stage.url: is required; set it, for example to http://127.0.0.1:8082/internal/events\n");
}

TEST_F(Load, KeysOfOtherRolesAreCheckedWhereSpelledOut) {
  EXPECT_EQ(problems(params(Role::api, "targets: {stage: {url: nowhere, mode: '${MODE}', secret: short}}")),
            "vf.yaml:1: targets.stage.secret: a webhook secret is whsec_ and base64; this one is not\n"
            "vf.yaml:1: targets.stage.url: must start with http:// or https://\n");
}

TEST_F(Load, SetOverridesTheFile) {
  LoadParams p = params(Role::up, "admin: {listen: h:1}\nlog: {level: warn}\n");
  p.sets = {"admin.listen=127.0.0.1:9001", "log.level=",
            "sources.kick.max_age=none",   "sources.a.scheme=github",
            "sources.a.secrets=[x, y]",    "sources.b={scheme: slack, secrets: z}"};
  const Settings c = settings(p);
  EXPECT_EQ(c.admin.listen.address, "127.0.0.1:9001");
  EXPECT_EQ(c.log.level, obs::Level::info);
  ASSERT_TRUE(c.sources.kick);
  EXPECT_EQ(c.sources.kick->max_age, std::nullopt);
  EXPECT_EQ(c.sources.generic.at("a").secrets.size(), 2u);
  EXPECT_EQ(c.sources.generic.at("b").scheme, "slack");
}

TEST_F(Load, WrongSetNamesItsCorrection) {
  LoadParams p = bare(Role::ingest);
  p.sets = {"admin.listen", "admin.lisen=h:1", "admin.listen=h", "ingest.queue=[1]", "log.level=[", "=x"};
  EXPECT_EQ(problems(p),
            "--set: admin.listen: write key=value, such as admin.listen=127.0.0.1:9001\n"
            "--set: admin.lisen: unknown key; did you mean admin.listen?\n"
            "--set: ingest.queue: takes one value, not a list\n"
            "--set: log.level: the value is not YAML: flow sequence without a closing bracket; quote it\n"
            "--set: write key=value, such as admin.listen=127.0.0.1:9001\n"
            "--set: admin.listen: 'h' has no port; write address:port, such as 127.0.0.1:8080 or [::1]:8080\n");
}

TEST_F(Load, SuggestionCorrectsSectionAndKey) {
  LoadParams p = bare(Role::ingest);
  p.sets = {"ingest.retnetion.outbox=7d", "ingst.retention.outbx=7d", "banana.outbox=7d", "targets.a.retry.frist=1s",
            "ingest.listen.port=1"};
  EXPECT_EQ(problems(p),
            "--set: ingest.retnetion.outbox: unknown key; did you mean ingest.retention.outbox?\n"
            "--set: ingst.retention.outbx: unknown key; did you mean ingest.retention.outbox?\n"
            "--set: banana.outbox: unknown key; 'vf config keys' lists all\n"
            "--set: targets.a.retry.frist: unknown key; did you mean targets.a.retry.first?\n"
            "--set: ingest.listen.port: unknown key; ingest.listen takes a value, not further keys\n");
}

TEST_F(Load, UnreadableFileIsOneProblem) {
  LoadParams p = bare(Role::up);
  p.file = dir_ / "absent.yaml";
  EXPECT_EQ(problems(p), "absent.yaml: cannot be read; check --config and the file's permissions\n");
  p.file = dir_;
  EXPECT_THAT(problems(p), HasSubstr("cannot be read"));
  EXPECT_EQ(problems(params(Role::up, "log: {\n\n")),
            "vf.yaml:3: not YAML: a value is expected here, or a bracket or brace above is not closed\n");
}

TEST_F(Load, VariablesAreReplacedInsideLongerTexts) {
  variables_ = {{"HOST", "db"}, {"PASSWORD", "p:%40"}, {"PORT", "9"}};
  const Settings c = settings(params(Role::ingest, R"(
ingest: {listen: "127.0.0.1:${PORT}", store: "postgresql://u:${PASSWORD}@${HOST}/dm"}
sources: {orders: {scheme: hmac, secrets: "$${HOST}", template: "a$b"}}
)"));
  EXPECT_EQ(c.ingest.webhooks.listen, "127.0.0.1:9");
  EXPECT_EQ(c.ingest.store.kind, StoreUrl::Kind::postgresql);
  EXPECT_EQ(c.ingest.store.address.reveal(), "postgresql://u:p:%40@db/dm");
  EXPECT_EQ(c.sources.generic.at("orders").secrets[0].reveal(), "${HOST}");
  EXPECT_EQ(c.sources.generic.at("orders").options.at("template"), "a$b");
  EXPECT_EQ(problems(params(Role::ingest, "ingest: {listen: \"${HOST\", store: \"${a-b}\"}")),
            "vf.yaml:1: ingest.listen: has ${ without }\n"
            "vf.yaml:1: ingest.store: has ${…} without the name of an environment variable in it; $${ is a plain ${\n");
}

TEST_F(Load, ClientsFindTheAdminApi) {
  const auto url = [&](const std::string& admin) {
    return admin_url(settings(params(Role::client, "admin: " + admin)).admin).reveal();
  };
  EXPECT_EQ(url(""), "http://127.0.0.1:8081");
  EXPECT_EQ(url("{listen: 0.0.0.0:1}"), "http://127.0.0.1:1");
  EXPECT_EQ(url("{listen: '[::]:1'}"), "http://[::1]:1");
  EXPECT_EQ(url("{listen: 'h:1', url: 'https://hub.internal/'}"), "https://hub.internal");
}

TEST_F(Load, NumberOfNamedSectionsIsBounded) {
  const auto named = [&](const std::string& parent, int count, const std::string& keys) {
    std::string yaml = parent + ":\n";
    for (int i = 0; i < count; ++i) yaml += "  n" + std::to_string(i) + ": {" + keys + "}\n";
    return params(parent == "environments" ? Role::up : Role::ingest, yaml);
  };
  const std::string target = "url: 'http://h', secret: " + kWebhookSecret;
  const std::string environment = "listen: 'h:0', secrets: " + kWebhookSecret;
  const std::string source = "scheme: github, secrets: x";
  EXPECT_EQ(settings(named("targets", 256, target)).targets.size(), 256u);
  EXPECT_EQ(settings(named("environments", 64, environment)).environments.size(), 64u);
  EXPECT_EQ(settings(named("sources", 256, source)).sources.generic.size(), 256u);
  const std::string end = "; remove some, or run another hub for them\n";
  EXPECT_EQ(problems(named("targets", 257, target)), "vf.yaml: targets: there are 257, at most 256 are allowed" + end);
  EXPECT_EQ(problems(named("environments", 65, environment)),
            "vf.yaml: environments: there are 65, at most 64 are allowed" + end);
  LoadParams one_more = named("sources", 256, source);
  one_more.sets = {"sources.kick.mode=off"};
  EXPECT_EQ(problems(one_more), "vf.yaml: sources: there are 257, at most 256 are allowed" + end);
}

TEST_F(Load, RenamedKeyNamesItsNewName) {
  LoadParams p = params(Role::ingest, "ingest: {patience: 5s}\n");
  p.sets = {"ingest.patience=5s"};
  const std::string what = ": ingest.patience: was renamed; write ingest.answer_timeout\n";
  EXPECT_EQ(problems(p), "vf.yaml:1" + what + "--set" + what);
  EXPECT_EQ(settings(params(Role::ingest, "ingest: {answer_timeout: 5s}\n")).ingest.answer_timeout, 5s);
}

TEST_F(Load, TargetFillsTheFanOutsOwnStructs) {
  write("vf-data/plain.secret", kWebhookSecret);
  const Settings s = settings(params(Role::ingest, R"(
targets:
  plain: {url: http://h}
  tuned:
    url: http://h
    secret: )" + kWebhookSecret + R"(
    mode: dry-run
    sandbox: only
    delivery: single
    start: earliest
    window: 9
    batch_events: 7
    batch_bytes: 2KiB
    timeout: 9s
    retry: {first: 1s, longest: 2s, attempts: 3}
)"));
  const auto& [target, tuning] = s.targets.at("tuned");
  EXPECT_EQ(target.mode, fanout::Mode::dry_run);
  EXPECT_EQ(target.sandbox, fanout::Sandbox::only);
  EXPECT_EQ(target.delivery, fanout::Delivery::single);
  EXPECT_EQ(target.start, fanout::Start::earliest);
  EXPECT_EQ(target.timeout, 9s);
  EXPECT_EQ(tuning.retry.window_max, 9u);
  EXPECT_EQ(tuning.batches.events_max, 7u);
  EXPECT_EQ(tuning.batches.bytes_max, 2048u);
  EXPECT_EQ(tuning.retry.first, 1s);
  EXPECT_EQ(tuning.retry.longest, 2s);
  EXPECT_EQ(tuning.retry.attempts, 3);
  const fanout::Tuning& plain = s.targets.at("plain").tuning;
  EXPECT_EQ(plain.batches.bytes_max, fanout::Tuning{}.batches.bytes_max);
  EXPECT_EQ(plain.retry.longest, fanout::Tuning{}.retry.longest);
}

TEST_F(Load, ReservedNamesAreRefused) {
  EXPECT_THAT(
      problems(params(Role::ingest, "targets: {raw-log: {}}")),
      HasSubstr("vf.yaml:1: targets.raw-log: 'raw-log' is reserved: it is the raw log's consumer of the outbox"));
  EXPECT_THAT(problems(params(Role::ingest, "sources: {default: {}}")),
              HasSubstr("'default' is reserved: it sets the retention of sources not named; choose another name"));
  EXPECT_THAT(problems(params(Role::ingest, "sources:\n  x: {mode: live}\n")),
              HasSubstr("vf.yaml:2: sources.x: 'x' is reserved: it is the provider X, which this version does not poll "
                        "(remove the section)"));
  EXPECT_EQ(problems(params(Role::api, "targets: {" + std::string(63, 'a') + ": {url: 'http://h'}}")), "");
  EXPECT_THAT(problems(params(Role::api, "targets: {" + std::string(64, 'a') + ": {}}")), HasSubstr("up to 63"));
}

}  // namespace
}  // namespace vf::settings
