// Symbolic links, also to nothing yet. Oracle: the file that is created at the path, and where it is then.
#include "platform/real_path.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace vf::platform {
namespace {

namespace fs = std::filesystem;

class RealPath : public testing::Test {
 protected:
  RealPath() {
    std::string name = fs::temp_directory_path() / "vf-path-XXXXXX";
    folder_ = fs::canonical(::mkdtemp(name.data()));
  }
  ~RealPath() override { fs::remove_all(folder_); }
  std::string at(const std::string& name) const { return folder_ / name; }

  fs::path folder_;
};

TEST_F(RealPath, IsTheSameBeforeAndAfterTheFileIsMade) {
  fs::create_directory(at("data"));
  fs::create_symlink("data", at("folder"));
  fs::create_symlink("real.db", at("data/one.db"));
  fs::create_symlink("one.db", at("data/two.db"));
  fs::create_symlink(at("folder/two.db"), at("three.db"));
  for (const std::string name : {"data/real.db", "data/one.db", "folder/two.db", "three.db", "data/../folder/one.db"})
    EXPECT_EQ(real_path(at(name)), at("data/real.db")) << name;
  std::ofstream(at("three.db")) << "x";
  EXPECT_TRUE(fs::exists(at("data/real.db")));
  for (const std::string name : {"data/real.db", "data/one.db", "folder/two.db", "three.db"})
    EXPECT_EQ(real_path(at(name)), at("data/real.db")) << name;
}

TEST_F(RealPath, LeadsThroughAFolderThatDoesNotExistYet) {
  fs::create_symlink("later", at("folder"));
  EXPECT_EQ(real_path(at("folder/dm.db")), at("later/dm.db"));
  EXPECT_EQ(real_path(at("absent/dm.db")), at("absent/dm.db"));
}

TEST_F(RealPath, OfALoopIsThePathItself) {
  fs::create_symlink("b", at("a"));
  fs::create_symlink("a", at("b"));
  EXPECT_EQ(real_path(at("a")), at("a"));
}

TEST_F(RealPath, IsAbsolute) { EXPECT_EQ(real_path("absent.db"), fs::current_path() / "absent.db"); }

}  // namespace
}  // namespace vf::platform
