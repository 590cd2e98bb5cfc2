// Resolving: environment variables and files put in the place of their references. Internal to src/config. Thread safe.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "config/load.h"

namespace vf::config {

/// `text` with every ${NAME} replaced ("$${" stands for "${"), or what is wrong.
std::expected<std::string, std::string> expand(std::string_view text, const Lookup& lookup);

/// Does `text` need expand()?
bool has_variables(std::string_view text);

inline constexpr std::string_view kFilePrefix = "file:";

/// Is there surely no file? What cannot be looked at is not missing: reading it will say why.
bool is_missing(const std::filesystem::path& path);

struct FileSecret {
  std::string text;  // without the newline at its end
  bool readable_by_others = false;
};
/// The content of a file of at most 64 KiB, or what is wrong; never quotes the content.
std::expected<FileSecret, std::string> read_secret_file(const std::filesystem::path& path);

}  // namespace vf::config
