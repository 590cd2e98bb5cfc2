// Writes the documentation of every key of a table, for operators and for programs. Pure functions.
#pragma once

#include <string>

#include "config/table.h"

namespace vf::config {

/// Returns text for a terminal.
std::string keys_text(const Table& table);
/// Returns JSON: [{"key", "type", "default", "required", "secret", "reload", "roles", "doc", …}]
std::string keys_json(const Table& table);

struct MarkdownParams {
  std::string introduction;
  std::string top_heading;  // the heading of the keys that are in no section
};
/// Returns a Markdown page with a table for each section.
std::string keys_markdown(const Table& table, const MarkdownParams& params);

}  // namespace vf::config
