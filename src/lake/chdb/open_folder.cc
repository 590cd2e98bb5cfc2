#include "lake/chdb/open_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace vf::lake::chdb {

Result<OpenFolder> OpenFolder::record(const std::string& path) {
  std::array<Entry, 2> entries{{{.path = path}, {.path = path + "/status"}}};
  for (Entry& entry : entries) {
    struct stat status{};
    if (::stat(entry.path.c_str(), &status) != 0)
      return unavailable(fmt::format("lake: {}: {}", entry.path, std::strerror(errno)));
    entry.device = status.st_dev;
    entry.inode = status.st_ino;
  }
  return OpenFolder(std::move(entries));
}

Result<void> OpenFolder::check() const {
  for (const Entry& entry : entries_) {
    struct stat status{};
    const bool is_seen = ::stat(entry.path.c_str(), &status) == 0;
    if (is_seen && status.st_dev == entry.device && status.st_ino == entry.inode) continue;
    return unavailable(
        fmt::format("lake: {} was {} while the hub has it open: put it back, or restart the hub; what is missing then "
                    "is put back from the outbox by `vf lake verify --repair`",
                    entry.path, is_seen ? "replaced" : "moved or deleted"));
  }
  return {};
}

}  // namespace vf::lake::chdb
