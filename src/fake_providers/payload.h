// Payload: one event of a fake provider, before it is signed and sent.
#pragma once

#include <string>

#include "base/time.h"

namespace vf::fake_providers {

enum class Provider { kick, sumsub };

struct Payload {
  Provider provider = Provider::kick;
  std::string type;             // the provider's name of the type: "chat.message.sent", "applicantReviewed"
  std::string id;               // Kick's message id, a ULID; Sumsub has none
  std::string subscription_id;  // Kick's, a ULID
  std::string body;             // JSON in UTF-8; exactly these bytes are signed
  bool doubled_date = false;    // Kick's odd timestamp header: "2026-04-26T2026-04-26T11:27:44Z"
};

}  // namespace vf::fake_providers
