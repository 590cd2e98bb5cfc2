// OpenFolder: finds out whether the folder that the chDB engine has open is still the one at its path. The engine does
// not: it goes on writing into a folder that was deleted or moved. Immutable, hence thread safe.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>

#include "base/result.h"

namespace vf::lake::chdb {

class OpenFolder {
 public:
  /// Records the folder at `path` and the engine's file `status` in it. Call it when the engine has opened the folder.
  /// Error `unavailable`: one of them is not there.
  static Result<OpenFolder> record(const std::string& path);

  /// Error `unavailable`: folder or file are no longer the ones at their paths; the message names the remedy.
  Result<void> check() const;

 private:
  struct Entry {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
  };
  explicit OpenFolder(std::array<Entry, 2> entries) : entries_(std::move(entries)) {}

  std::array<Entry, 2> entries_;
};

}  // namespace vf::lake::chdb
