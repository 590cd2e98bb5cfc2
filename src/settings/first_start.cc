#include "settings/first_start.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "settings/document.h"

namespace vf::settings {
namespace {

namespace fs = std::filesystem;

using config::Problem;

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Writes a draft beside `path` and links it there: link() fails where a file exists already, so no file is
// overwritten, and no process can read half a secret. Returns false, and errno is set, when it fails.
bool create_file(const fs::path& path, std::string_view text) {
  const std::string draft = path.string() + "." + std::to_string(::getpid()) + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return false;
  const bool written = write_all(file, text) && ::fsync(file) == 0;
  const bool closed = ::close(file) == 0;
  const bool linked = written && closed && ::link(draft.c_str(), path.c_str()) == 0;
  const int error = errno;
  ::unlink(draft.c_str());
  errno = error;
  return linked;
}

std::optional<Problem> create_data_dir(const fs::path& path, const config::Document& document) {
  std::error_code error;
  if (fs::create_directories(path, error)) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return std::nullopt;
  return Problem{
      document.find("data_dir")->origin, "data_dir",
      path.string() + " cannot be created: " + error.message() + "; choose another with --set data_dir=PATH"};
}

}  // namespace

std::expected<std::vector<fs::path>, std::vector<Problem>> first_start(const LoadParams& params) {
  const config::Document document = read_document(params);
  const fs::path data_dir = data_dir_of(document, params);
  if (!document.problems.empty()) return std::unexpected(document.problems);
  if (auto problem = create_data_dir(data_dir, document)) return std::unexpected(std::vector{*std::move(problem)});
  std::vector<fs::path> created;
  std::vector<Problem> problems;
  for (const auto& [key, entry] : document.entries) {
    if (entry.origin != config::kDefaultOrigin || !entry.key->generate) continue;
    for (const std::string& item : entry.items) {
      const fs::path path = data_dir / item.substr(config::kFilePrefix.size());
      if (!config::is_missing(path)) continue;
      if (create_file(path, entry.key->generate() + "\n")) {
        created.push_back(path);
      } else if (errno != EEXIST) {
        problems.push_back({entry.origin, key, path.string() + " cannot be created: " + std::strerror(errno)});
      }
    }
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return created;
}

}  // namespace vf::settings
