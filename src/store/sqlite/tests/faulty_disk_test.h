// Test double: a disk that fails on demand. It is a SQLite VFS around the real VFS, and the default VFS while the
// object lives. Oracle: the real files behind it. A process may have one FaultyDisk at a time; any thread may set
// faults.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <string>

namespace vf::store::sqlite {

class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// From now on writes fail with this code; SQLITE_OK: writes succeed again.
  void fail_writes(int code) { write_code_ = code; }
  /// From now on fsync fails with this code.
  void fail_syncs(int code) { sync_code_ = code; }
  /// From now on reads fail with this code.
  void fail_reads(int code) { read_code_ = code; }

 private:
  struct File;
  struct Methods;

  sqlite3_vfs* real_;
  sqlite3_vfs shim_;
  std::atomic<int> write_code_ = SQLITE_OK;
  std::atomic<int> sync_code_ = SQLITE_OK;
  std::atomic<int> read_code_ = SQLITE_OK;
};

}  // namespace vf::store::sqlite
