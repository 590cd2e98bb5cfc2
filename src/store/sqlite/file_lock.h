// FileLock: one process owns a database. The lock file beside it holds the owner's process id; the lock itself is the
// kernel's (flock), so it ends with the process, however that ends. Held while the object lives.
#pragma once

#include <string>

#include "base/result.h"

namespace vf::store::sqlite {

class FileLock {
 public:
  /// Locks "<path>.lock". Error `conflict` names the process that holds it; `unavailable` when the file cannot be made.
  static Result<FileLock> take(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace vf::store::sqlite
