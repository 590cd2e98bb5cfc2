// JsonIndex: where the values of one JSON text are. JsonFields (json_fields.h) reads through it. One pass through the
// text fills it; a reused instance allocates nothing unless the text is larger than the ones before. Used by one
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vf {

enum class JsonKind : uint8_t { missing, null, boolean, number, string, array, object, malformed };

/// One value. The nodes are in the order of the text: a container's first element is the node after it, and `next` is
/// the node after the value and all it contains.
struct JsonNode {
  uint32_t begin = 0, end = 0;          // the value's bytes in the text
  uint32_t key_begin = 0, key_end = 0;  // the key's bytes, without its quotes; for members of objects
  uint32_t next = 0;
  JsonKind kind = JsonKind::malformed;  // of a string: its escapes and its UTF-8 are not checked
  bool key_has_escapes = false;
};

class JsonIndex {
 public:
  /// Indexes `text`, which must outlive the reading of nodes.
  void build(std::string_view text);

  std::string_view text() const { return text_; }
  /// Empty unless the structure is sound (json_fields.h).
  const std::vector<JsonNode>& nodes() const { return nodes_; }
  /// Returns whether every scalar and key is portable JSON (JsonScanner::is_portable) and the depth is within
  /// kBodyDepthMax. UTF-8 is not checked.
  bool is_portable() const { return portable_; }

 private:
  struct Key {
    uint32_t begin = 0, end = 0;
    bool has_escapes = false;
  };
  bool read_all();
  bool descend(Key& key);
  void open(const Key& key);
  void close();
  bool read_key(Key& key);
  bool read_scalar(const Key& key);
  JsonKind kind_of_bare(std::string_view token);
  bool skip_string(bool& is_plain);
  bool check(std::string_view scalar);
  JsonNode* add(size_t begin, const Key& key);
  void skip_space();
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string_view text_;
  size_t at_ = 0;
  bool portable_ = false;
  std::vector<JsonNode> nodes_;
  std::vector<uint32_t> open_;  // the nodes of the containers around the current place, up to kBodyDepthMax
  std::string closers_;         // one for each container around the current place, at any depth
};

}  // namespace vf
