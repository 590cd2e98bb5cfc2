#include "store/sqlite/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace vf::store::sqlite {
namespace {

// The byte that is locked. It lies behind every byte that SQLite stores or locks (it locks some after the first GiB).
constexpr off_t kLockByte = off_t{1} << 61;

/// The databases that this process has locked. A second take() must not open one of them again: closing it would end
/// the locks of SQLite's connections.
class Held {
 public:
  static Held& of_this_process() {
    static Held held;
    return held;
  }
  std::mutex& mutex() { return mutex_; }
  bool has(FileId id) const { return std::ranges::find(ids_, id) != ids_.end(); }
  void add(FileId id) { ids_.push_back(id); }
  void remove(FileId id) { std::erase(ids_, id); }

 private:
  std::mutex mutex_;
  std::vector<FileId> ids_;
};

std::string holder(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string_view pid = trim({text.data(), static_cast<size_t>(size > 0 ? size : 0)});
  return pid.empty() ? "another process" : fmt::format("process {}", pid);
}

Error in_use(const std::string& path, const std::string& by) {
  return conflict(fmt::format("{} is in use by {}: stop it first, or choose another file", path, by));
}

/// The path without symbolic links, so that two paths to one folder have one lock file.
std::string resolved(const std::string& path) {
  std::error_code failed;
  const auto canonical = std::filesystem::weakly_canonical(path, failed);
  return failed ? path : canonical.string();
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& path) {
  FileLock lock;
  VF_TRY(lock.lock_beside(path));
  make_private(path);
  VF_TRY(lock.lock_database(path));
  VF_TRY(check_single_name(path));
  return lock;
}

Result<void> FileLock::lock_beside(const std::string& path) {
  lock_path_ = resolved(path) + ".lock";
  lock_file_ = ::open(lock_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock_file_ < 0) {
    return unavailable(fmt::format("{} cannot be created ({}): check that its directory exists and is writable",
                                   lock_path_, std::strerror(errno)));
  }
  (void)::fchmod(lock_file_, S_IRUSR | S_IWUSR);  // older hubs created it for every reader
  if (::flock(lock_file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return unavailable(fmt::format("{} cannot be locked: {}", lock_path_, std::strerror(errno)));
    return in_use(path, holder(lock_file_));
  }
  return {};
}

// The lock is of the open file description: unlike the locks of fcntl's F_SETLK it does not end when another descriptor
// of the file is closed.
Result<void> FileLock::lock_database(const std::string& path) {
  Held& held = Held::of_this_process();
  const std::lock_guard guard(held.mutex());
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && held.has({status.st_dev, status.st_ino}))
    return in_use(path, fmt::format("process {}", ::getpid()));
  database_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (database_ < 0 || ::fstat(database_, &status) != 0) {
    return unavailable(
        fmt::format("{} cannot be opened ({}): check that it and its directory exist and are writable by this user",
                    path, std::strerror(errno)));
  }
  struct flock byte{};
  byte.l_type = F_WRLCK;
  byte.l_whence = SEEK_SET;
  byte.l_start = kLockByte;
  byte.l_len = 1;
  if (::fcntl(database_, F_OFD_SETLK, &byte) != 0) {
    if (errno == EAGAIN || errno == EACCES) return in_use(path, "another process (`fuser` names it)");
    return unavailable(fmt::format("{} cannot be locked: {}", path, std::strerror(errno)));
  }
  id_ = {.device = status.st_dev, .inode = status.st_ino};
  held.add(id_);
  // The process id is only information for an operator, so a failed write is ignored: a full disk must not keep the hub
  // from starting.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_file_, 0) == 0) (void)!::pwrite(lock_file_, pid.data(), pid.size(), 0);
  return {};
}

FileLock::FileLock(FileLock&& other) noexcept
    : lock_path_(std::move(other.lock_path_)),
      lock_file_(std::exchange(other.lock_file_, -1)),
      database_(std::exchange(other.database_, -1)),
      id_(std::exchange(other.id_, {})) {}

FileLock::~FileLock() {
  if (database_ >= 0) {
    Held& held = Held::of_this_process();
    const std::lock_guard guard(held.mutex());
    if (id_ != FileId{}) held.remove(id_);
    ::close(database_);
  }
  if (lock_file_ >= 0) ::close(lock_file_);
}

}  // namespace vf::store::sqlite
