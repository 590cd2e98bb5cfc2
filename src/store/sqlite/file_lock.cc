#include "store/sqlite/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/bytes.h"

namespace vf::store::sqlite {
namespace {

std::string holder(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string_view pid = trim({text.data(), static_cast<size_t>(size > 0 ? size : 0)});
  return pid.empty() ? "another process" : fmt::format("process {}", pid);
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& path) {
  const std::string file = path + ".lock";
  FileLock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.descriptor_ < 0) {
    return unavailable(fmt::format("{} cannot be created ({}): check that its directory exists and is writable", file,
                                   std::strerror(errno)));
  }
  if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return unavailable(fmt::format("{} cannot be locked: {}", file, std::strerror(errno)));
    return conflict(
        fmt::format("{} is in use by {}: stop it first, or choose another file", path, holder(lock.descriptor_)));
  }
  // The process id is only information for an operator, so a failed write is ignored: a full disk must not keep the hub
  // from starting.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.descriptor_, 0) == 0) (void)!::pwrite(lock.descriptor_, pid.data(), pid.size(), 0);
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace vf::store::sqlite
