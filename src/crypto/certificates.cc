#include "crypto/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace vf::crypto {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

size_t count_of(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace

Result<void> check_certificates(std::string_view pem) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  size_t read = 0;
  while (const std::unique_ptr<X509, FreeCertificate> one{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)})
    ++read;
  ERR_clear_error();
  if (read == 0) return invalid("holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  if (read != count_of(pem, "-----BEGIN ")) return invalid("holds something besides certificates that can be read");
  return {};
}

}  // namespace vf::crypto
