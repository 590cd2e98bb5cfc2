// FileLock: makes one process the owner of a database while the object lives. The lock file beside the database
// contains the owner's process id. The kernel keeps the lock (flock), so the lock ends with the process, even after a
// crash.
#pragma once

#include <string>

#include "base/result.h"

namespace vf::store::sqlite {

class FileLock {
 public:
  /// Locks "<path>.lock". Error `conflict`: another process has the lock; the message names it. Error `unavailable`:
  /// the lock file cannot be created.
  static Result<FileLock> take(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace vf::store::sqlite
