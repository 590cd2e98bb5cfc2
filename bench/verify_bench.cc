// verify_bench: how fast one thread verifies Kick's signature over 1 KiB, hashing included, by PublicKey and by OpenSSL
// alone with its key and context reused. The two take turns, so that a busy machine slows both. It prints a line of
// JSON for each.
//   bench_verify_bench [SECONDS]
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "crypto/digest.h"
#include "crypto/public_key.h"

namespace {

using Steady = std::chrono::steady_clock;

struct Timing {
  size_t verified = 0;
  double seconds = 0;
};

template <class Verify>
void spend(std::chrono::milliseconds span, Timing& timing, Verify verify) {
  const auto begun = Steady::now();
  while (Steady::now() - begun < span) {
    for (int i = 0; i < 64; ++i) {
      if (!verify()) std::abort();
    }
    timing.verified += 64;
  }
  timing.seconds += std::chrono::duration<double>(Steady::now() - begun).count();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace vf;
  const double seconds = argc > 1 ? std::stod(argv[1]) : 2;
  const auto key = crypto::PrivateKey::make_rsa(2048);
  const auto ours = crypto::PublicKey::rsa_from_pem(key.public_pem()).value();
  const std::string body(1024, 'x'), signature = key.sign("", body), pem = key.public_pem();
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* theirs = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(theirs, nullptr);
  EVP_PKEY_verify_init(context);
  EVP_PKEY_CTX_set_signature_md(context, EVP_sha256());

  Timing quick, openssl;
  for (double spent = 0; spent < seconds; spent += 0.1) {
    spend(std::chrono::milliseconds(50), quick, [&] { return ours.verify("", body, signature); });
    spend(std::chrono::milliseconds(50), openssl, [&] {
      const auto digest = crypto::Sha256().update(body).finish();
      return EVP_PKEY_verify(context, reinterpret_cast<const uint8_t*>(signature.data()), signature.size(),
                             digest.data(), digest.size()) == 1;
    });
  }
  for (const auto& [name, timing] : {std::pair("PublicKey", quick), std::pair("OpenSSL", openssl)}) {
    fmt::print("{{\"measure\":\"verify, {}\",\"per_second\":{:.0f},\"us\":{:.2f}}}\n", name,
               static_cast<double>(timing.verified) / timing.seconds,
               timing.seconds * 1e6 / static_cast<double>(timing.verified));
  }
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(theirs);
  BIO_free(bio);
}
