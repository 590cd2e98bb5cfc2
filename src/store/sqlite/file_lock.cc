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
#include <mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "platform/real_path.h"

namespace vf::store::sqlite {
namespace {

// The byte that is locked. It lies behind every byte that SQLite stores or locks (it locks some after the first GiB).
constexpr off_t kLockByte = off_t{1} << 61;

// From here on, each environment has the byte of its name's digest.
constexpr off_t kFirstNameByte = kLockByte + 1;
constexpr off_t kNameBytes = off_t{1} << 32;

/// The databases that this process has locked. A second store must not open one of them again: closing it would end
/// the locks of SQLite's connections.
class Held {
 public:
  struct Use {
    FileId id;
    std::string environment;  // empty: the shared store
    int file = -1;            // of an environment
    int stores = 1;
  };
  static Held& of_this_process() {
    static Held held;
    return held;
  }
  std::mutex& mutex() { return mutex_; }
  Use* find(FileId id) {
    const auto found = std::ranges::find(uses_, id, &Use::id);
    return found == uses_.end() ? nullptr : &*found;
  }
  void add(Use use) { uses_.push_back(std::move(use)); }
  void remove(FileId id) {
    std::erase_if(uses_, [id](const Use& use) { return use.id == id; });
  }

 private:
  std::mutex mutex_;
  std::vector<Use> uses_;
};

struct flock bytes_of(off_t start, off_t count, short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = count;
  return lock;
}

/// Returns whether another open file has a lock on one of these bytes.
bool is_locked(int file, off_t start, off_t count) {
  if (count == 0) return false;
  struct flock lock = bytes_of(start, count, F_WRLCK);
  return ::fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool is_refused() { return errno == EAGAIN || errno == EACCES; }

off_t name_byte(const std::string& environment) {
  uint32_t digest = 2'166'136'261;  // FNV-1a
  for (const char c : environment) digest = (digest ^ static_cast<uint8_t>(c)) * 16'777'619;
  return kFirstNameByte + digest;
}

std::string holder(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string_view pid = trim({text.data(), static_cast<size_t>(size > 0 ? size : 0)});
  return pid.empty() ? "another process" : fmt::format("process {}", pid);
}

Error in_use(const std::string& path, const std::string& by) {
  return conflict(fmt::format("{} is in use by {}: stop it first, or choose another file", path, by));
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
  lock_path_ = platform::real_path(path) + ".lock";
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
  if (::stat(path.c_str(), &status) == 0 && held.find({status.st_dev, status.st_ino}) != nullptr)
    return in_use(path, fmt::format("process {}", ::getpid()));
  database_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (database_ < 0 || ::fstat(database_, &status) != 0) {
    return unavailable(
        fmt::format("{} cannot be opened ({}): check that it and its directory exist and are writable by this user",
                    path, std::strerror(errno)));
  }
  struct flock byte = bytes_of(kLockByte, 1, F_WRLCK);
  if (::fcntl(database_, F_OFD_SETLK, &byte) != 0) {
    if (is_refused()) return in_use(path, "another process (`fuser` names it)");
    return unavailable(fmt::format("{} cannot be locked: {}", path, std::strerror(errno)));
  }
  id_ = {.device = status.st_dev, .inode = status.st_ino};
  held.add({.id = id_, .environment = {}});
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

namespace {

Error used_for_another(const std::string& path) {
  return conflict(
      fmt::format("{} is in use for another environment, or as a shared store: give each a database of its own", path));
}

/// Locks the byte of the environment. Like it, the byte of the shared store's lock is shared by environments.
Result<void> lock_name(int file, const std::string& path, const std::string& environment) {
  const off_t own = name_byte(environment);
  for (const off_t start : {kLockByte, own}) {
    struct flock byte = bytes_of(start, 1, F_RDLCK);
    if (::fcntl(file, F_OFD_SETLK, &byte) != 0 && is_refused()) return used_for_another(path);
  }
  if (is_locked(file, kFirstNameByte, own - kFirstNameByte) ||
      is_locked(file, own + 1, kFirstNameByte + kNameBytes - own - 1)) {
    return used_for_another(path);
  }
  return {};
}

}  // namespace

Result<EnvironmentLock> EnvironmentLock::take(const std::string& path, const std::string& environment) {
  make_private(path);
  Held& held = Held::of_this_process();
  const std::lock_guard guard(held.mutex());
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return EnvironmentLock(FileId{});
  const FileId id{.device = status.st_dev, .inode = status.st_ino};
  if (Held::Use* use = held.find(id)) {
    if (use->environment != environment) return used_for_another(path);
    ++use->stores;
    return EnvironmentLock(id);
  }
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return EnvironmentLock(FileId{});
  if (auto locked = lock_name(file, path, environment); !locked) {
    ::close(file);
    return locked.error();
  }
  held.add({.id = id, .environment = environment, .file = file});
  return EnvironmentLock(id);
}

EnvironmentLock::~EnvironmentLock() {
  if (id_ == FileId{}) return;
  Held& held = Held::of_this_process();
  const std::lock_guard guard(held.mutex());
  Held::Use* use = held.find(id_);
  if (use == nullptr || --use->stores > 0) return;
  ::close(use->file);
  held.remove(id_);
}

}  // namespace vf::store::sqlite
