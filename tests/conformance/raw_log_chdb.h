// Shared by tests of the raw log on chDB: a host that keeps each log in a temporary folder, and the check whether the
// library is installed.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "lake/chdb/chdb_raw_log.h"
#include "lake/chdb/library.h"
#include "raw_log_suite.h"

namespace vf::lake::conformance {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "vf-lake-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Returns why chDB cannot run on this machine; empty when it can run.
inline std::string chdb_missing() {
  const auto library = chdb::Library::load("");
  return library ? "" : library.error().message;
}

class ChdbHost final : public RawLogHost {
 public:
  Result<std::unique_ptr<RawLog>> open() override {
    chdb::ChdbParams params;
    params.path = folder_.path();
    return chdb::open_chdb(params, clock_);
  }

 private:
  TemporaryFolder folder_;
  SystemClock clock_;
};

}  // namespace vf::lake::conformance
