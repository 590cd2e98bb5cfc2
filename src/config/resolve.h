// Resolving: replaces references to environment variables by their values, and reads the files of secrets. Keeps no
// state; thread safe.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vf::config {

/// Returns the value of an environment variable; nullopt when it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

/// Returns `text` with every ${NAME} replaced by its value ("$${" becomes "${"), or a sentence that says what is wrong.
std::expected<std::string, std::string> expand(std::string_view text, const Lookup& lookup);

/// Returns whether expand() would change or refuse `text`.
bool has_variables(std::string_view text);

/// Returns the text of a secret as it was given (in the configuration, a variable, a file or an option), without the
/// white space around it and without a byte order mark: editors and shells add these, and no secret has them.
std::string_view secret_text(std::string_view text);

inline constexpr std::string_view kFilePrefix = "file:";

/// Returns true when there is certainly no file at `path`. A path that cannot be examined does not count as missing:
/// the attempt to read it reports the reason.
bool is_missing(const std::filesystem::path& path);

struct FileSecret {
  std::string text;  // the content
  bool readable_by_others = false;
};
/// Returns the content of a file of at most 64 KiB, or a sentence that says what is wrong; it never quotes the content.
std::expected<FileSecret, std::string> read_secret_file(const std::filesystem::path& path);

}  // namespace vf::config
