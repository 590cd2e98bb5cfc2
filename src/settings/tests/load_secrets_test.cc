// Secrets and keys, in the configuration file and in files of their own: when they are read, and the problems that
// wrong ones cause.
#include <gmock/gmock.h>

#include "settings/first_start.h"
#include "settings/load.h"
#include "settings/tests/scratch_test.h"

namespace vf::settings {
namespace {

using testing::HasSubstr;

using LoadSecrets = Scratch;

TEST_F(LoadSecrets, ProblemOfASecretFileNamesIt) {
  write("vf-data/empty", "\n");
  write("vf-data/most", std::string(64 << 10, 'x'));
  write("vf-data/large", std::string((64 << 10) + 1, 'x'));
  std::filesystem::create_directory(dir_ / "vf-data/folder");
  const auto with = [&](const std::string& reference) {
    return problems(params(Role::ingest, "admin: {token: '" + reference + "'}"));
  };
  const std::string prefix = "vf.yaml:1: admin.token: cannot take the value from its file: vf-data/";
  EXPECT_EQ(with("file:absent"), prefix + "absent: No such file or directory\n");
  EXPECT_EQ(with("file:empty"), prefix + "empty is empty\n");
  EXPECT_EQ(with("file:folder"), prefix + "folder is not a file\n");
  EXPECT_EQ(with("file:large"), prefix + "large is larger than 64 KiB\n");
  EXPECT_EQ(with("file:most"), "");
  EXPECT_EQ(with("file:" + (dir_ / "vf-data/most").string()), "");
}

TEST_F(LoadSecrets, WhiteSpaceAroundASecretIsNoPartOfIt) {
  for (const std::string& text : {"s3cret\n", "s3cret\r\n", " \ts3cret \n\n", "\xef\xbb\xbfs3cret", "s3cret"}) {
    write("vf-data/given", text);
    variables_ = {{"GIVEN", text}, {"REFERENCE", "file:given\n"}};
    for (const std::string written : {"file:given", "${GIVEN}", "${REFERENCE}"}) {
      const Settings c =
          settings(params(Role::ingest, "admin: {token: '" + written + "'}\nsources: {sumsub: {webhook_secrets: ['" +
                                            written + "']}, orders: {scheme: hmac, secrets: '" + written + "'}}"));
      EXPECT_EQ(c.admin.token.reveal(), "s3cret") << written;
      EXPECT_EQ(c.sources.sumsub->webhook_secrets[0].reveal(), "s3cret") << written;
      EXPECT_EQ(c.sources.generic.at("orders").secrets[0].reveal(), "s3cret") << written;
    }
  }
  EXPECT_EQ(settings(params(Role::ingest, "admin: {token: \" s3cret\\n\"}")).admin.token.reveal(), "s3cret");
  variables_ = {{"GIVEN", " \n"}};
  EXPECT_EQ(problems(params(Role::ingest, "admin: {token: '${GIVEN}'}")), "vf.yaml:1: admin.token: is empty\n");
}

TEST_F(LoadSecrets, KeyWithoutLineEndsSaysSo) {
  EXPECT_THAT(problems(params(Role::ingest, "sources: {kick: {public_keys: '-----BEGIN PUBLIC KEY-----\\nMIIB'}}")),
              HasSubstr("sources.kick.public_keys: has \\n as two characters where a line must end"));
}

TEST_F(LoadSecrets, SecretThatOthersCanReadIsAWarning) {
  const auto path = write("vf-data/admin-token", "t");
  EXPECT_EQ(warnings(params(Role::ingest, "")), "");
  std::filesystem::permissions(path, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  EXPECT_EQ(warnings(params(Role::ingest, "")),
            "default: admin.token: others can read it; chmod 600 vf-data/admin-token\n");
}

TEST_F(LoadSecrets, WebhookSecretsAndPublicKeysAreCheckedWhenRead) {
  EXPECT_THAT(problems(params(Role::ingest, "targets: {a: {url: 'http://h/', secret: whsec_c2hvcnQ=}}")),
              HasSubstr("targets.a.secret: a webhook secret holds 24 to 64 bytes"));
  EXPECT_THAT(problems(params(Role::ingest, "sources: {kick: {public_keys: nonsense}}")),
              HasSubstr("vf.yaml:1: sources.kick.public_keys: "));
  std::filesystem::create_directory(dir_ / "vf-data");
  std::filesystem::copy_file(VF_FIXTURES "/kick-real/kick-public-key.pem", dir_ / "vf-data/kick.pem");
  const Settings c = settings(params(Role::ingest, "sources: {kick: {public_keys: [file:kick.pem]}}"));
  EXPECT_THAT(c.sources.kick->public_keys[0].text, HasSubstr("BEGIN PUBLIC KEY"));
}

TEST_F(LoadSecrets, SourceThatIsOffNeedsNoSecret) {
  EXPECT_EQ(
      problems(params(Role::ingest, "sources: {sumsub: {mode: off}, kick: {mode: off, public_keys: '${ABSENT}'}}")),
      "");
  EXPECT_EQ(problems(params(Role::ingest, "sources: {sumsub: {mode: live}}")),
            "vf.yaml:1: sources.sumsub.webhook_secrets: is required; set it, for example to "
            "[\"${SUMSUB_WEBHOOK_SECRET}\"]\n");
}

TEST_F(LoadSecrets, PathTooLongIsAProblem) {
  LoadParams p = bare(Role::ingest);
  p.sets = {"data_dir=" + std::string(5000, 'x')};
  EXPECT_THAT(problems(p), HasSubstr("default: admin.token: cannot take the value from its file: "));
  p.role = Role::up;
  ASSERT_FALSE(first_start(p));
  EXPECT_THAT(lines(first_start(p).error()), HasSubstr("cannot be created: File name too long"));
}

}  // namespace
}  // namespace vf::settings
