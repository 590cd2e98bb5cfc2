// For the tests of this folder: sources that must build, requests, and signatures made as each provider makes them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "sources/generic/generic_source.h"

namespace vf::sources::generic {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

inline std::unique_ptr<Source> make_source(Params params) {
  auto source = make_generic_source(std::move(params));
  if (!source) {
    ADD_FAILURE() << source.error().message;
    return nullptr;
  }
  return std::move(*source);
}

/// A source named "shop".
inline std::unique_ptr<Source> source_of(std::string scheme, std::string secret, Description options = {}) {
  return make_source(
      {.name = "shop", .scheme = std::move(scheme), .secrets = {std::move(secret)}, .options = std::move(options)});
}

inline http::Request request_of(HeaderList headers, std::string body) {
  http::Request request{
      .method = "POST", .target = "/webhooks/shop", .headers = {}, .body = std::move(body), .peer = "127.0.0.1"};
  for (auto& [name, value] : headers) request.headers.add(std::move(name), std::move(value));
  return request;
}

inline std::string hmac_bytes(crypto::Hash hash, std::string_view key, std::string_view text) {
  return crypto::Hmac(hash, key).sign(text);
}
inline std::string hmac_hex(std::string_view key, std::string_view text) {
  return to_hex(hmac_bytes(crypto::Hash::sha256, key, text));
}

/// Why it was refused; empty when it was not.
inline std::string refusal(const Verification& verification) {
  const auto* refused = std::get_if<Refusal>(&verification);
  return refused == nullptr ? "" : std::string(refused->reason);
}

inline Delivery delivered(Verification verification) {
  EXPECT_EQ(refusal(verification), "");
  auto* delivery = std::get_if<Delivery>(&verification);
  EXPECT_NE(delivery, nullptr) << "no delivery";
  return delivery == nullptr ? Delivery{} : std::move(*delivery);
}

inline std::optional<http::Response> handshake(const Verification& verification) {
  const auto* answered = std::get_if<Handshake>(&verification);
  return answered == nullptr ? std::nullopt : std::optional(answered->answer);
}

inline Instant at_second(int64_t unix_seconds) { return Instant{std::chrono::seconds{unix_seconds}}; }

}  // namespace vf::sources::generic
