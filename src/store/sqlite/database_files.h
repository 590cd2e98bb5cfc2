// The files of a database on disk: they are private to their owner, and OpenFiles finds out whether the files that a
// process has open are still the ones at their paths. SQLite in WAL mode does not: it goes on writing into a file that
// was deleted. OpenFiles is immutable, hence thread safe.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <array>
#include <optional>
#include <string>

#include "base/result.h"

namespace vf::store::sqlite {

/// A file regardless of its names.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};

/// Creates the database's file with mode 0600 if it is missing, whatever the umask is; SQLite gives its log and the
/// log's index the same mode. Takes the rights of group and others away from files that exist, but from no device. A
/// failure is ignored: SQLite reports a file that cannot be created, and `vf doctor` one that others can read.
void make_private(const std::string& path);

/// Checks that the file has one name. SQLite keeps the log beside the name by which the file was opened, so a second
/// name (a hard link) would hide the log, and the events in it, after a crash. Error `conflict`: it has several names.
Result<void> check_single_name(const std::string& path);

class OpenFiles {
 public:
  struct Paths {
    std::string configured;  // of the database: relative, or a symbolic link
    std::string database;    // the file that SQLite has opened, without symbolic links
    std::string log;         // "-wal", beside that file
    std::string index;       // "-shm"
  };
  /// Records the files at these paths. Call it when SQLite has opened them all. Error `unavailable`: one is not there.
  static Result<OpenFiles> record(Paths paths);

  enum class Kind { database, log, index };
  /// The path of the log, "-wal".
  const std::string& log() const { return files_[2].path; }
  struct Lost {
    Kind kind;
    bool is_replaced;     // another file has its name; false: no file has it, or it cannot be seen
    std::string message;  // names the file, what happened to it and the remedy
  };
  /// Returns the first of the files that is no longer at its path; nothing if all are. A symbolic link in the place of
  /// a file is another file, wherever it leads: SQLite would look for the log beside the file that it leads to. Costs
  /// four stat() calls.
  std::optional<Lost> find_lost() const;

 private:
  struct File {
    Kind kind;
    std::string path;
    bool follows_links = false;
    FileId id = {};
    bool read(struct ::stat& status) const;
  };
  explicit OpenFiles(std::array<File, 4> files) : files_(std::move(files)) {}

  std::array<File, 4> files_;
};

}  // namespace vf::store::sqlite
