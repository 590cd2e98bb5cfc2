// A YAML document as a tree of texts with their line numbers. Anchors and merge keys ("<<") are resolved. Scalars are
// not converted to types, so `off` and 007 stay as written. Hides libfyaml. Values and one pure function.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace vf::config {

struct YamlMember;

struct YamlValue {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  int line = 0;      // from 1
  std::string text;  // the text of a scalar
  std::vector<YamlValue> items;
  std::vector<YamlMember> members;  // in the order written
};

struct YamlMember {
  std::string name;
  int line = 0;
  YamlValue value;
};

struct YamlError {
  int line = 0;
  std::string what;
};

/// What a text stands for: a whole configuration has keys; any other value may be a word.
enum class YamlRoot { any, keys };

/// Parses at most 1 MiB of text, 64 levels, and 100,000 values after anchors are resolved; more is an error, and so are
/// a second document, bytes that are not UTF-8, control characters, and a word without ':' where a key is expected. An
/// empty text is a null. Takes time in proportion to the text. Errors are printable.
std::expected<YamlValue, YamlError> parse_yaml(const std::string& text, YamlRoot root = YamlRoot::any);

}  // namespace vf::config
