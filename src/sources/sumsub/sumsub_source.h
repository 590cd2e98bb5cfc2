// SumsubSource: verifies Sumsub's webhooks (an HMAC of the body in hex) and maps them to events.
// https://docs.sumsub.com/docs/webhook-manager. A delivery has no id and no signed time: its message id is the digest
// of its body, which is the same in every attempt. Thread safe.
#pragma once

#include <string>
#include <vector>

#include "crypto/digest.h"
#include "sources/source.h"

namespace vf::sources::sumsub {

class SumsubSource final : public Source {
 public:
  struct Params {
    std::string name = "sumsub";
    std::vector<std::string> secrets;  // the key is the text's bytes; a delivery may be signed with any secret
    /// The algorithms that the header of a delivery may choose.
    std::vector<crypto::Hash> algorithms{crypto::Hash::sha1, crypto::Hash::sha256, crypto::Hash::sha512};
  };
  explicit SumsubSource(const Params& params);

  const std::string& name() const override { return name_; }
  Verification verify(const http::Request& request, Instant now) const override;

 private:
  struct Algorithm {
    std::string_view header;         // its name in X-Payload-Digest-Alg
    std::vector<crypto::Hmac> keys;  // one for each secret
  };
  std::string name_;
  std::vector<Algorithm> algorithms_;
};

}  // namespace vf::sources::sumsub
