// The types of configured values beside numbers, texts and enumerations. Values, free of I/O.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace vf::config {

/// A resolved secret. Has no conversion and no operator<<, so that it cannot slip into a log.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

struct Listen {
  std::string address;  // "127.0.0.1:8080", "[::1]:0"
};
struct Url {
  std::string text;  // http:// or https://, without a slash at the end
};
/// Text that may be kept in a file but is no secret: a public key, a client id.
struct FileText {
  std::string text;
};
struct Size {
  int64_t bytes = 0;
};

}  // namespace vf::config
