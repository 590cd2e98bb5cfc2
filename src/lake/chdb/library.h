// Library: the functions of libchdb.so. A process loads it once and never unloads it, for its threads outlive every
// connection. Its C API (chdb.h of chDB 26.7) is declared here, because the engine is optional at run time and unknown
// at build time. Thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace vf::lake::chdb {

// chDB's opaque types. A connection is a Handle*; connect() returns a pointer to that pointer.
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
  const char* (*answer_error)(Answer* answer);  // nullptr: no error
  void (*answer_free)(Answer* answer);
  InsertStream* (*insert_begin)(Handle* connection, const char* sql, size_t sql_size, const char* format,
                                size_t format_size);
  int (*insert_append)(InsertStream* stream, const void* bytes, size_t size);  // 0: bytes copied
  Answer* (*insert_done)(InsertStream* stream);
  const char* (*insert_error)(InsertStream* stream);  // nullptr: no error
  void (*insert_free)(InsertStream* stream);          // cancels an insert that is not done

  /// Returns the library of this process. The first call opens `file` or, when that is empty, one of candidates().
  static Result<const Library*> load(const std::string& file);

  /// Loads the first of `files` that can be loaded, with the engine's signal handlers switched off. Error `not_found`:
  /// the library is missing or too old; the message says how to get it.
  static Result<Library> open(const std::vector<std::string>& files);

  /// Returns the files to try. When `environment` (the value of $VF_LIBCHDB) is set, it is the only one; else they are
  /// libchdb.so beside the program, in libchdb/ of the folders above the program's, and on the loader's path.
  static std::vector<std::string> candidates(const char* environment, const std::filesystem::path& program_folder);
};

}  // namespace vf::lake::chdb
