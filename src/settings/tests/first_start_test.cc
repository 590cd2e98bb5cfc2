#include "settings/first_start.h"

#include <gmock/gmock.h>

#include "settings/tests/scratch_test.h"

namespace vf::settings {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

using FirstStart = Scratch;
namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(FirstStart, CreatesEveryDefaultSecretOnceAndPrivately) {
  LoadParams p = bare(Role::up);
  p.simulated = true;
  const auto created = first_start(p);
  ASSERT_TRUE(created) << lines(created.error());
  const fs::path data = dir_ / "vf-data";
  EXPECT_THAT(*created, UnorderedElementsAre(data / "admin-token", data / "production.secret", data / "stage.secret",
                                             data / "sumsub.secret"));
  for (const fs::path& path : *created) {
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write) << path;
  }
  EXPECT_EQ(fs::status(data).permissions(), fs::perms::owner_all);
  EXPECT_THAT(content(data / "stage.secret"), testing::StartsWith("whsec_"));
  EXPECT_NE(content(data / "stage.secret"), content(data / "production.secret"));

  const Settings c = settings(p);
  EXPECT_EQ(c.environments.size(), 2u);
  EXPECT_EQ(c.environments.at("stage").secrets[0].reveal(), c.targets.at("stage").target.secrets[0]);
  EXPECT_EQ(c.targets.at("production").target.url.reveal(), "http://127.0.0.1:8083/internal/events");
  EXPECT_EQ(c.sources.kick->max_age, std::chrono::days{29});
  EXPECT_TRUE(c.sources.sumsub);
  EXPECT_EQ(warnings(p), "");

  const std::string before = content(data / "stage.secret");
  EXPECT_TRUE(first_start(p)->empty());
  EXPECT_EQ(content(data / "stage.secret"), before);
}

TEST_F(FirstStart, WithoutFakeProvidersThereIsNoSumsub) {
  ASSERT_TRUE(first_start(bare(Role::up)));
  EXPECT_FALSE(fs::exists(dir_ / "vf-data/sumsub.secret"));
  EXPECT_FALSE(settings(bare(Role::up)).sources.sumsub);
}

TEST_F(FirstStart, NeverCreatesAFileThatTheOperatorNamed) {
  const LoadParams p = params(Role::up, "environments: {a: {listen: h:1, secrets: file:named}}\n");
  ASSERT_TRUE(first_start(p));
  EXPECT_FALSE(fs::exists(dir_ / "vf-data/named"));
  EXPECT_TRUE(fs::exists(dir_ / "vf-data/admin-token"));
  EXPECT_THAT(problems(p),
              HasSubstr("environments.a.secrets: cannot take the value from its file: vf-data/named: No such"));
}

TEST_F(FirstStart, DirectoryThatCannotBeCreatedIsAProblem) {
  LoadParams p = bare(Role::up);
  write("file", "");
  p.sets = {"data_dir=file/below"};
  const auto created = first_start(p);
  ASSERT_FALSE(created);
  EXPECT_THAT(lines(created.error()),
              HasSubstr("--set: data_dir: file/below cannot be created: Not a directory; choose another"));
}

TEST_F(FirstStart, KeepsTheModeOfAnExistingDirectory) {
  fs::create_directory(dir_ / "vf-data");
  const fs::perms before = fs::status(dir_ / "vf-data").permissions();
  ASSERT_TRUE(first_start(bare(Role::up)));
  EXPECT_EQ(fs::status(dir_ / "vf-data").permissions(), before);
}

}  // namespace
}  // namespace vf::settings
