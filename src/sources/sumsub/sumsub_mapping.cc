#include "sources/sumsub/sumsub_mapping.h"

#include <algorithm>

#include "event/identity.h"
#include "sources/json_fields.h"

namespace vf::sources::sumsub {
namespace {

using Part = std::optional<std::string>;

bool is_type_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

std::string type_of(const JsonFields& body) {
  constexpr size_t kTypeBytesMax = 64;
  const auto type = body.name("/type");
  const bool usable = type && type->size() <= kTypeBytesMax && std::ranges::all_of(*type, is_type_character);
  return usable ? std::string(*type) : "unrecognised";
}

std::string subject_of(const JsonFields& body) {
  if (const auto id = body.name("/externalUserId")) return std::string("applicant/").append(*id);
  if (const auto id = body.name("/applicantId")) return std::string("applicant-id/").append(*id);
  if (const auto id = body.name("/kytCaseId")) return std::string("case/").append(*id);
  return {};
}

// Older samples have only createdAt, in whole seconds; others have only createdAtMs.
std::optional<Instant> happened(const JsonFields& body) {
  const auto exact = body.time("/createdAtMs");
  return exact ? exact : body.time("/createdAt");
}

// Older samples have sandboxMode as text.
bool is_sandbox(const JsonFields& body) {
  return body.boolean("/sandboxMode") == true || body.text("/sandboxMode") == "true";
}

// Several events of one operation share a correlationId.
Part fact_of(const JsonFields& body) {
  const auto id = [&](std::string_view pointer) { return Part(body.name(pointer).value_or("-")); };
  const auto time = happened(body);
  if (!time || !body.name("/type")) return std::nullopt;
  return join_key({id("/type"), id("/applicantId"), id("/applicantActionId"), id("/kytTxnId"), id("/kytCaseId"),
                   std::to_string(unix_millis(*time)), id("/correlationId")});
}

}  // namespace

Event map_delivery(std::string_view source, std::string_view body, Instant now) {
  const JsonFields fields(body);
  const auto time = happened(fields);
  Event event;
  event.message_id = body_key(body);
  event.id = event_id(source, event.message_id, time);
  event.source = source;
  event.type = std::string(source).append(".").append(type_of(fields));
  event.subject = subject_of(fields);
  event.time = time.value_or(now);
  event.fact_key = fact_of(fields).value_or(event.message_id);
  event.sandbox = is_sandbox(fields);
  event.is_json = is_plain_json(body);
  event.body = body;
  return event;
}

}  // namespace vf::sources::sumsub
