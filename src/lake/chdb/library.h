// Library: libchdb.so, found and loaded once a process, never unloaded (its threads outlive every connection). Its C
// API (chdb.h of chDB 26.7) is declared here, because the engine is optional at run time and unknown at build time.
// Thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace vf::lake::chdb {

// Opaque. A connection is a pointer to such a handle, and chdb_connect returns a pointer to that pointer.
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
  int (*insert_append)(InsertStream* stream, const void* bytes, size_t size);  // 0: accepted (copied)
  Answer* (*insert_done)(InsertStream* stream);
  const char* (*insert_error)(InsertStream* stream);  // nullptr: none
  void (*insert_free)(InsertStream* stream);          // cancels an insert that is not done

  /// The library of this process; opens it the first time, from `file` or, when that is empty, from candidates().
  static Result<const Library*> load(const std::string& file);

  /// Loads the first of `files` that exists, with the engine's signal handlers switched off. Error `not_found`: none
  /// exists, or it is too old; the message says how to get one.
  static Result<Library> open(const std::vector<std::string>& files);

  /// Where the library may be: `environment` ($VF_LIBCHDB) alone when it is set; else beside the program, in libchdb/
  /// of the folders above it, and on the loader's path.
  static std::vector<std::string> candidates(const char* environment, const std::filesystem::path& program_folder);
};

}  // namespace vf::lake::chdb
