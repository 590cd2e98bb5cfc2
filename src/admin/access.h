// Access: who may look and who may operate, by bearer token. Tokens are kept as digests. Immutable, thread safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace vf::admin {

enum class Right { read, operate };

class Access {
 public:
  /// `operate_token` may do everything; `read_token` may only look (empty: there is none).
  Access(std::string_view operate_token, std::string_view read_token);

  /// nullopt: allowed. Else the answer: 401 without a known token, 403 with one that may only look.
  std::optional<http::Response> refuse(const http::Request& request, Right wanted) const;

 private:
  std::string operate_;  // SHA-256; empty: nobody
  std::string read_;
};

}  // namespace vf::admin
