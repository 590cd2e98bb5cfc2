#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "config/document.h"
#include "config/resolve.h"
#include "crypto/digest.h"
#include "crypto/standard_webhooks.h"

namespace vf::config {
namespace {

namespace fs = std::filesystem;

std::string generated(Generate kind) {
  return kind == Generate::webhook_secret ? crypto::make_webhook_secret() : to_hex(crypto::random_bytes(32));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Written beside its place, then linked there: link() fails where a file stands already, so nothing is overwritten
// and nobody sees half a secret. False with errno.
bool make_file(const fs::path& path, std::string_view text) {
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

std::optional<Problem> make_data_dir(const fs::path& path, const Document& document) {
  std::error_code error;
  if (fs::create_directories(path, error)) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return std::nullopt;
  return Problem{document.find("data_dir")->origin, "data_dir",
                 path.string() + " cannot be made: " + error.message() + "; choose another with --set data_dir=PATH"};
}

}  // namespace

std::expected<std::vector<fs::path>, std::vector<Problem>> first_start(const LoadParams& params) {
  const Document document = read_document(params);
  const fs::path data_dir = data_dir_of(document, params);
  if (!document.problems.empty()) return std::unexpected(document.problems);
  if (auto problem = make_data_dir(data_dir, document)) return std::unexpected(std::vector{*std::move(problem)});
  std::vector<fs::path> made;
  std::vector<Problem> problems;
  for (const auto& [key, entry] : document.entries) {
    if (entry.origin != kDefaultOrigin || entry.key->generate == Generate::none) continue;
    for (const std::string& item : entry.items) {
      const fs::path path = data_dir / item.substr(kFilePrefix.size());
      if (!is_missing(path)) continue;
      if (make_file(path, generated(entry.key->generate) + "\n")) {
        made.push_back(path);
      } else if (errno != EEXIST) {
        problems.push_back({entry.origin, key, path.string() + " cannot be made: " + std::strerror(errno)});
      }
    }
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return made;
}

}  // namespace vf::config
