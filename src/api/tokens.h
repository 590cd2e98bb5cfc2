// Tokens: the bearer tokens of one listener and what each of them allows. Keeps digests of the tokens, never the
// tokens. Thread safe: replace() may be called while requests are served; each request is checked against one whole
// set.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/rights.h"
#include "concurrency/replaceable.h"
#include "http/message.h"

namespace vf::api {

struct Token {
  std::string name;    // appears in the audit log
  std::string secret;  // what the caller sends; empty: the token is left out
  Rights may;
};

/// Whose token a request carries.
struct Caller {
  std::string token;  // its name
  Rights may;
};

class Tokens {
 public:
  explicit Tokens(const std::vector<Token>& tokens = {}) { replace(tokens); }

  /// Takes these tokens in place of all earlier ones, for the requests that arrive from now on.
  void replace(const std::vector<Token>& tokens);
  /// Returns the caller that the Authorization header names; nullopt when the header is missing, repeated or malformed,
  /// or its token is unknown. Takes the same time for every token.
  std::optional<Caller> caller_of(const http::Request& request) const;

 private:
  struct Known {
    std::string digest;  // SHA-256
    Caller caller;
  };
  using Set = std::vector<Known>;

  concurrency::Replaceable<const Set> set_;
};

}  // namespace vf::api
