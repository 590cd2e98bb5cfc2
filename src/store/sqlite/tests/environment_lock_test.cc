// A database belongs to one environment, whatever name and process reaches it; several processes may use it for that
// one. Oracle: a child process that opens it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "store/sqlite/environment.h"
#include "store/sqlite/file_lock.h"
#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr Instant kNow{Millis{1'790'000'000'000}};

Result<std::unique_ptr<EnvironmentStore>> open(const std::string& path, const std::string& environment) {
  return open_environment({.path = path, .environment = environment, .tables = {}, .now = kNow, .readers = 1});
}

std::string code_of(const auto& opened) {
  return opened ? "opened" : opened.error().code == Code::conflict ? "conflict" : opened.error().message;
}

/// A child process that opens a store when it is asked to. Make it before a store is opened here: a child inherits the
/// locks that its parent has.
class OtherProcess {
 public:
  template <class Open>
  explicit OtherProcess(Open open) {
    EXPECT_EQ(pipe(go_), 0);
    child_ = fork();
    if (child_ != 0) return;
    char byte = 0;
    if (read(go_[0], &byte, 1) != 1) _exit(kNotAsked);
    const auto opened = open();
    _exit(opened ? kOpened : opened.error().code == Code::conflict ? kConflict : kFailed);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() {
    close(go_[0]);
    close(go_[1]);
  }
  std::string answer() const {
    EXPECT_EQ(write(go_[1], "x", 1), 1);
    int status = 0;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
    return code == kOpened ? "opened" : code == kConflict ? "conflict" : "failed";
  }

 private:
  enum : int { kOpened = 0, kConflict = 1, kFailed = 2, kNotAsked = 3 };
  int go_[2] = {-1, -1};
  pid_t child_ = -1;
};

class LockOfAnEnvironment : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("stage.db");
};

TEST_F(LockOfAnEnvironment, IsSharedByStoresAndProcessesOfThatOne) {
  const OtherProcess same([&] { return open(path_, "stage"); });
  const OtherProcess another([&] { return open(path_, "production"); });
  auto first = open(path_, "stage");
  ASSERT_TRUE(first);
  EXPECT_EQ(same.answer(), "opened");
  EXPECT_EQ(code_of(open(path_, "stage")), "opened");
  EXPECT_EQ(another.answer(), "conflict") << "the first store still has it";
  EXPECT_TRUE((*first)->ping());
}

TEST_F(LockOfAnEnvironment, RefusesAnotherEnvironmentByWhateverName) {
  fs::create_symlink("stage.db", folder_.file("production.db"));
  fs::create_directory_symlink(folder_.file(""), folder_.file("folder"));
  for (const std::string name : {"stage.db", "production.db", "folder/stage.db"}) {
    const OtherProcess another([&] { return open(folder_.file(name), "production"); });
    const auto stage = open(folder_.file("production.db"), "stage");
    ASSERT_TRUE(stage) << stage.error().message;
    EXPECT_EQ(code_of(open(folder_.file(name), "production")), "conflict") << name;
    EXPECT_EQ(another.answer(), "conflict") << name;
  }
}

TEST_F(LockOfAnEnvironment, RefusesASharedStoreAndTheOtherWayRound) {
  const std::string shared = folder_.file("dm.db");
  const auto as_outbox = [&] { return open_outbox({.path = path_, .now = kNow}); };
  const auto as_stage = [&] { return open(shared, "stage"); };
  const OtherProcess outbox_there(as_outbox), stage_there(as_stage);
  const auto stage = open(path_, "stage");
  const auto outbox = open_outbox({.path = shared, .now = kNow});
  ASSERT_TRUE(stage && outbox);
  EXPECT_EQ(code_of(as_outbox()), "conflict");
  EXPECT_EQ(code_of(as_stage()), "conflict");
  EXPECT_EQ(outbox_there.answer(), "conflict");
  EXPECT_EQ(stage_there.answer(), "conflict");
}

TEST_F(LockOfAnEnvironment, EndsWithItsStores) {
  const OtherProcess another([&] { return open(path_, "production"); });
  open(path_, "stage")->reset();
  EXPECT_EQ(another.answer(), "opened");
  EXPECT_EQ(code_of(open(path_, "production")), "opened");
}

}  // namespace
}  // namespace vf::store::sqlite
