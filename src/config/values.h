// The types of configured values, besides numbers, texts and enumerations. Values without I/O.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace vf::config {

/// A resolved secret. It has no conversion and no operator<<, so that it cannot get into a log by mistake.
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
/// A text that may be kept in a file of its own but is no secret: a public key, a certificate.
struct FileText {
  std::string text;
};
struct Size {
  int64_t bytes = 0;
};

}  // namespace vf::config
