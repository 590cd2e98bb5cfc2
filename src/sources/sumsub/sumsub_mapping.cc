#include "sources/sumsub/sumsub_mapping.h"

#include "base/bytes.h"
#include "crypto/digest.h"
#include "event/attributes.h"
#include "event/identity.h"
#include "event/json_fields.h"

namespace vf::sources::sumsub {
namespace {

using Part = std::optional<std::string>;

Part name(const JsonFields& body, std::string_view pointer) { return attribute(body.at(pointer).text()); }

std::string subject_of(const JsonFields& body) {
  const auto named = [&](std::string_view kind, std::string_view pointer) {
    return attribute(join_key({Part(kind), name(body, pointer)}));
  };
  if (auto subject = named("applicant", "/externalUserId")) return *std::move(subject);
  if (auto subject = named("applicant-id", "/applicantId")) return *std::move(subject);
  return named("case", "/kytCaseId").value_or("");
}

// Older samples have only createdAt, in whole seconds; others have only createdAtMs.
std::optional<Instant> happened(const JsonFields& body) {
  const auto exact = body.at("/createdAtMs").time();
  return exact ? exact : body.at("/createdAt").time();
}

// Several events of one operation share a correlationId.
Part fact_of(const JsonFields& body) {
  const auto id = [&](std::string_view pointer) { return Part(name(body, pointer).value_or("-")); };
  const auto time = happened(body);
  if (!time || !name(body, "/type")) return std::nullopt;
  return join_key({id("/type"), id("/applicantId"), id("/applicantActionId"), id("/kytTxnId"), id("/kytCaseId"),
                   std::to_string(unix_millis(*time)), id("/correlationId")});
}

}  // namespace

Event map_delivery(std::string_view source, std::string_view body, Instant now) {
  const JsonFields fields(body);
  const auto time = happened(fields);
  Event event;
  event.message_id = "body/" + to_hex(crypto::sha256(body));
  event.id = event_id(source, event.message_id, time);
  event.source = source;
  event.type = event_type(source, fields.at("/type").text().value_or(""));
  event.subject = subject_of(fields);
  event.time = time.value_or(now);
  event.fact_key = fact_of(fields).value_or("");
  event.sandbox = fields.at("/sandboxMode").boolean() == true;
  event.is_json = fields.is_plain();
  event.body = body;
  return event;
}

}  // namespace vf::sources::sumsub
