#include "store/sqlite/database_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "platform/real_path.h"

namespace vf::store::sqlite {
namespace {

constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

FileId id_of(const struct stat& status) { return {.device = status.st_dev, .inode = status.st_ino}; }

std::string lost_database(const std::string& path, bool is_replaced, bool is_link) {
  if (is_link) {
    return fmt::format(
        "{0} is a symbolic link now, and a restart would look for the log beside the file that it leads to: put the "
        "open file back at {0}, or stop the hub by SIGTERM and start it again",
        path);
  }
  if (is_replaced) {
    return fmt::format(
        "{0} is another file than the one the hub has open, which was moved or deleted: put the open file back at {0}, "
        "or restart the hub to use the new one",
        path);
  }
  return fmt::format(
      "{0} was moved or deleted while the hub has it open: put the file back at {0}, or restart the hub to begin an "
      "empty one",
      path);
}

std::string lost_log(const std::string& path, bool is_replaced) {
  return fmt::format("{} was {} while the hub has it open: put the file back, or restart the hub", path,
                     is_replaced ? "replaced" : "moved or deleted");
}

}  // namespace

// The file is opened only where it is new: closing a descriptor of a file ends all locks that this process has on it,
// SQLite's among them (fcntl(2)).
void make_private(const std::string& path) {
  const std::string target = platform::real_path(path);
  const int file = ::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kPrivate);
  if (file >= 0) {
    (void)::fchmod(file, kPrivate);
    ::close(file);
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string name = target + suffix;
    struct stat status{};
    if (::stat(name.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if ((status.st_mode & kOthers) == 0) continue;
    (void)::chmod(name.c_str(), status.st_mode & ~(kOthers | S_IFMT));
  }
}

Result<void> check_single_name(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || status.st_nlink < 2) return {};
  return conflict(
      fmt::format("{} has {} names (hard links), and SQLite keeps a log of its own for each: remove the others (find / "
                  "-xdev -inum {}), and copy a database with `sqlite3 FILE '.backup COPY'`",
                  path, status.st_nlink, status.st_ino));
}

bool OpenFiles::File::read(struct ::stat& status) const {
  return (follows_links ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status)) == 0;
}

Result<OpenFiles> OpenFiles::record(Paths paths) {
  std::array<File, 4> files{{{.kind = Kind::database, .path = std::move(paths.configured), .follows_links = true},
                             {.kind = Kind::database, .path = std::move(paths.database)},
                             {.kind = Kind::log, .path = std::move(paths.log)},
                             {.kind = Kind::index, .path = std::move(paths.index)}}};
  for (File& file : files) {
    struct stat status{};
    if (!file.read(status)) {
      return unavailable(fmt::format("{} disappeared while the hub opened it ({}): start the hub again", file.path,
                                     std::strerror(errno)));
    }
    file.id = id_of(status);
  }
  return OpenFiles(std::move(files));
}

std::optional<OpenFiles::Lost> OpenFiles::find_lost() const {
  for (const File& file : files_) {
    struct stat status{};
    const bool is_seen = file.read(status);
    if (is_seen && id_of(status) == file.id) continue;
    if (!is_seen && errno != ENOENT && errno != ENOTDIR) {
      return Lost{.kind = file.kind,
                  .is_replaced = false,
                  .message = fmt::format("{} cannot be seen ({}): give the hub back its access to the folder",
                                         file.path, std::strerror(errno))};
    }
    return Lost{.kind = file.kind,
                .is_replaced = is_seen,
                .message = file.kind == Kind::database
                               ? lost_database(file.path, is_seen, is_seen && S_ISLNK(status.st_mode))
                               : lost_log(file.path, is_seen)};
  }
  return std::nullopt;
}

}  // namespace vf::store::sqlite
