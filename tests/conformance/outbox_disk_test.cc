// The SQLite outbox on a real disk that is full or read-only: a small tmpfs in a mount namespace of this process.
// Skipped where mounting is not allowed. src/store/sqlite/tests/disk_faults_test.cc tests faults of single calls.
#include <sched.h>
#include <sys/mount.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "outbox_suite.h"
#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::conformance {
namespace {

class SmallDisk : public testing::Test {
 protected:
  void SetUp() override {
    mounted_ = mount_tmpfs();
    if (!mounted_) GTEST_SKIP() << "cannot mount a tmpfs: " << std::strerror(errno);
  }
  void TearDown() override {
    store_.reset();
    if (mounted_) umount2(folder_.file("").c_str(), MNT_DETACH);
  }
  /// Mounts a file system that only this process sees and that ends with the process.
  bool mount_tmpfs() {
    if (unshare(CLONE_NEWNS) != 0) return false;
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    return mount("tmpfs", folder_.file("").c_str(), "tmpfs", 0, "size=8m") == 0;
  }
  bool remount(unsigned long flags) {
    return mount("tmpfs", folder_.file("").c_str(), "tmpfs", MS_REMOUNT | flags, "size=8m") == 0;
  }
  Result<std::unique_ptr<OutboxStore>> open() {
    return sqlite::open_outbox({.path = folder_.file("dm.db"), .now = kStart, .readers = 1});
  }
  Result<std::vector<WriteResult>> add(uint32_t n) {
    Event event = event_numbered(n);
    event.body.assign(50'000, 'x');
    const Write write = adding(std::move(event));
    return store_->write(std::span(&write, 1), kStart, nullptr);
  }

  TemporaryFolder folder_;
  bool mounted_ = false;
  std::unique_ptr<OutboxStore> store_;
};

TEST_F(SmallDisk, WhenFullRefusesLosesNothingAndRecovers) {
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = std::move(*opened);
  const std::string ballast = folder_.file("ballast");
  std::ofstream(ballast) << std::string(3 << 20, 'b');
  uint32_t acknowledged = 0;
  auto last = add(1);
  while (last && acknowledged < 1000) last = add(++acknowledged + 1);
  ASSERT_FALSE(last) << "the disk never fills up";
  EXPECT_EQ(last.error().code, Code::unavailable);
  EXPECT_THAT(last.error().message, testing::HasSubstr("dm.db"));
  EXPECT_GT(acknowledged, 5u);
  EXPECT_FALSE(store_->ping());
  for (uint32_t n = 1; n <= acknowledged; ++n) EXPECT_TRUE(store_->find(id_numbered(n))->has_value()) << n;
  EXPECT_FALSE(store_->find(id_numbered(acknowledged + 1))->has_value());

  std::filesystem::remove(ballast);
  EXPECT_TRUE(store_->ping());
  EXPECT_TRUE(add(acknowledged + 1)) << "no restart is needed";
  store_.reset();
  opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = std::move(*opened);
  for (uint32_t n = 1; n <= acknowledged + 1; ++n) EXPECT_TRUE(store_->find(id_numbered(n))->has_value()) << n;
}

TEST_F(SmallDisk, OpeningOnAReadOnlyDiskFails) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(remount(MS_RDONLY)) << std::strerror(errno);
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("dm.db"));
  ASSERT_TRUE(remount(0));
  EXPECT_TRUE(open());
}

}  // namespace
}  // namespace vf::store::conformance
