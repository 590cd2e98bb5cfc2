// Library: libchdb.so, found and loaded once a process, never unloaded (its threads outlive every connection). The C
// API (chdb.h of chDB 26.7) is declared here, as the engine is a choice of the user's machine, not of the build. Thread
// safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace vf::lake::chdb {

// Opaque to us. A connection is a pointer to such a handle, and chdb_connect answers a pointer to that pointer.
struct Handle;
struct Answer;
struct InsertStream;

struct Library {
  const char* (*version)();
  void (*set_signal_handlers_enabled)(int enabled);
  Handle** (*connect)(int argc, char** argv);
  void (*close)(Handle** connection);
  Answer* (*query)(Handle* connection, const char* sql, size_t sql_size, const char* format, size_t format_size);
  const char* (*answer_bytes)(Answer* answer);
  size_t (*answer_size)(Answer* answer);
  const char* (*answer_error)(Answer* answer);  // nullptr: none
  void (*answer_free)(Answer* answer);
  InsertStream* (*insert_begin)(Handle* connection, const char* sql, size_t sql_size, const char* format,
                                size_t format_size);
  int (*insert_append)(InsertStream* stream, const void* bytes, size_t size);  // 0: taken (copied)
  Answer* (*insert_done)(InsertStream* stream);
  const char* (*insert_error)(InsertStream* stream);  // nullptr: none
  void (*insert_free)(InsertStream* stream);          // cancels what is not done

  /// The library of this process; opens it the first time. `file` names it; empty: candidates() in order.
  static Result<const Library*> load(const std::string& file);

  /// Loads the first of `files` that is there, with the engine's signal handlers switched off. Error `not_found`: none
  /// is, or it is too old; the sentence says how to get one.
  static Result<Library> open(const std::vector<std::string>& files);

  /// Where it is looked for: `environment` ($VF_LIBCHDB) alone when it is set; else beside the program, under
  /// libchdb/ of the folders above it, and on the loader's own path.
  static std::vector<std::string> candidates(const char* environment, const std::filesystem::path& program_folder);
};

}  // namespace vf::lake::chdb
