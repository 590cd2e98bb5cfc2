// FileLock: makes one process the owner of a database. The lock file beside it holds the owner's process id; the lock
// is the kernel's (flock), so it ends with the process, however that ends. Held while the object lives.
#pragma once

#include <string>

#include "base/result.h"

namespace vf::store::sqlite {

class FileLock {
 public:
  /// Locks "<path>.lock". Error `conflict` names the owner; `unavailable` when the lock file cannot be created.
  static Result<FileLock> take(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace vf::store::sqlite
