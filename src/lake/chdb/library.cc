#include "lake/chdb/library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <signal.h>

#include <cstdlib>
#include <mutex>
#include <optional>

namespace vf::lake::chdb {
namespace {

constexpr std::string_view kHowToGetIt = "run ./dev fetch-libchdb, or set ingest.lake: none";

// The engine's own allocator passes foreign memory to libc's free() instead of the sanitizer's.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// Returns the first symbol that is missing, or nullptr.
const char* bind_all(void* library, Library& api) {
  const char* missing = nullptr;
  const auto bind = [&]<class Function>(const char* symbol, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, symbol));
    if (!function && !missing) missing = symbol;
  };
  bind("chdb_version", api.version);
  bind("chdb_set_signal_handlers_enabled", api.set_signal_handlers_enabled);
  bind("chdb_connect", api.connect);
  bind("chdb_close_conn", api.close);
  bind("chdb_query_n", api.query);
  bind("chdb_result_buffer", api.answer_bytes);
  bind("chdb_result_length", api.answer_size);
  bind("chdb_result_error", api.answer_error);
  bind("chdb_destroy_query_result", api.answer_free);
  bind("chdb_stream_insert_n", api.insert_begin);
  bind("chdb_stream_append", api.insert_append);
  bind("chdb_stream_done", api.insert_done);
  bind("chdb_stream_insert_error", api.insert_error);
  bind("chdb_destroy_insert_stream", api.insert_free);
  return missing;
}

Result<void*> open_first(const std::vector<std::string>& files) {
  std::string why;
  for (const auto& file : files) {
    if (void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    // Report a file that exists but does not load rather than one that is missing.
    if (file.find('/') == std::string::npos || std::filesystem::exists(file)) why = dlerror();
  }
  return not_found(fmt::format("lake: chdb needs libchdb.so: {} ({})", kHowToGetIt,
                               why.empty() ? files.front() + " does not exist" : why));
}

}  // namespace

std::vector<std::string> Library::candidates(const char* environment, const std::filesystem::path& program_folder) {
  if (environment && *environment) return {environment};
  std::vector<std::string> files{program_folder / "libchdb.so"};
  // In this way build/release/vf and build/dev/tests/…/vf_test find build/libchdb/libchdb.so.
  auto folder = program_folder;
  for (int depth = 0; depth < 4 && folder.has_relative_path(); ++depth) {
    folder = folder.parent_path();
    files.push_back(folder / "libchdb" / "libchdb.so");
  }
  files.emplace_back("libchdb.so");
  return files;
}

Result<Library> Library::open(const std::vector<std::string>& files) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  auto library = open_first(files);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);  // loading the library blocks SIGPIPE in this thread and its children
  if (!library) return library.error();
  Library api{};
  if (const char* missing = bind_all(*library, api)) {
    return not_found(fmt::format("lake: this libchdb.so is too old (it has no {}): {}", missing, kHowToGetIt));
  }
  api.set_signal_handlers_enabled(0);  // before the first connect, or the engine takes SIGSEGV and others for itself
  return api;
}

Result<const Library*> Library::load(const std::string& file) {
  static std::mutex mutex;
  static std::optional<Library> loaded;
  const std::lock_guard lock(mutex);
  if (kSanitized)
    return not_found("lake: the chDB engine cannot run in a build with sanitizers: set ingest.lake: none");
  if (!loaded) {
    std::error_code ignored;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    auto library =
        open(file.empty() ? candidates(std::getenv("VF_LIBCHDB"), program.parent_path()) : std::vector{file});
    if (!library) return library.error();
    loaded = *library;
  }
  return &*loaded;
}

}  // namespace vf::lake::chdb
