// Resolving: environment variables and files put in the place of their references. Keeps nothing; thread safe.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vf::config {

/// An environment variable's value; nullopt when it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

/// `text` with every ${NAME} replaced ("$${" stands for "${"), or what is wrong.
std::expected<std::string, std::string> expand(std::string_view text, const Lookup& lookup);

/// Does `text` need expand()?
bool has_variables(std::string_view text);

inline constexpr std::string_view kFilePrefix = "file:";

/// Is there certainly no file? A path that cannot be examined is not missing: reading it reports why.
bool is_missing(const std::filesystem::path& path);

struct FileSecret {
  std::string text;  // without the newline at its end
  bool readable_by_others = false;
};
/// The content of a file of at most 64 KiB, or what is wrong; never quotes the content.
std::expected<FileSecret, std::string> read_secret_file(const std::filesystem::path& path);

}  // namespace vf::config
