#include "config/resolve.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/bytes.h"

namespace vf::config {
namespace {

constexpr std::streamsize kFileBytesMax = 64 << 10;

bool is_variable_name(std::string_view name) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return !name.empty() && name.find_first_not_of(kLetters) == name.npos && (name[0] < '0' || name[0] > '9');
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

bool has_variables(std::string_view text) { return text.find("${") != text.npos; }

std::expected<std::string, std::string> expand(std::string_view text, const Lookup& lookup) {
  std::string out;
  for (size_t at = text.find("${"); at != text.npos; at = text.find("${")) {
    if (at > 0 && text[at - 1] == '$') {
      out.append(text.substr(0, at)).append("{");
      text.remove_prefix(at + 2);
      continue;
    }
    const size_t end = text.find('}', at);
    if (end == text.npos) return std::unexpected("has ${ without }");
    const std::string name(text.substr(at + 2, end - at - 2));
    // The text is not quoted: it may be a piece of a secret.
    if (!is_variable_name(name)) {
      return std::unexpected("has ${…} without the name of an environment variable in it; $${ is a plain ${");
    }
    const auto value = lookup(name);
    if (!value) return std::unexpected("the environment variable " + name + " is not set");
    out.append(text.substr(0, at)).append(*value);
    text.remove_prefix(end + 1);
  }
  return out.append(text);
}

std::string_view secret_text(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return trim(text);
}

bool is_missing(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found;
}

std::expected<FileSecret, std::string> read_secret_file(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::unexpected(path.string() + ": " + std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return std::unexpected(path.string() + " is not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::unexpected(path.string() + " cannot be read; check its permissions");
  FileSecret secret{std::string(kFileBytesMax + 1, '\0'), (info.st_mode & S_IROTH) != 0};
  in.read(secret.text.data(), kFileBytesMax + 1);
  if (in.gcount() > kFileBytesMax) return std::unexpected(path.string() + " is larger than 64 KiB");
  secret.text.resize(static_cast<size_t>(in.gcount()));
  if (secret_text(secret.text).empty()) return std::unexpected(path.string() + " is empty");
  return secret;
}

}  // namespace vf::config
