#include "sources/generic/json_body.h"

#include <simdjson.h>

namespace vf::sources::generic {

struct JsonBody::Document {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

JsonBody::JsonBody(std::string_view body) : document_(std::make_unique<Document>()) {
  if (document_->parser.parse(body.data(), body.size()).get(document_->root) != simdjson::SUCCESS) document_.reset();
}

JsonBody::~JsonBody() = default;

std::optional<std::string> JsonBody::text(std::string_view pointer) const {
  simdjson::dom::element value;
  if (!document_ || document_->root.at_pointer(pointer).get(value) != simdjson::SUCCESS) return std::nullopt;
  std::string_view string;
  int64_t integer = 0;
  uint64_t large = 0;
  bool truth = false;
  if (value.get(string) == simdjson::SUCCESS) return string.empty() ? std::nullopt : std::optional(std::string(string));
  if (value.get(integer) == simdjson::SUCCESS) return std::to_string(integer);
  if (value.get(large) == simdjson::SUCCESS) return std::to_string(large);
  if (value.get(truth) == simdjson::SUCCESS) return truth ? "true" : "false";
  return std::nullopt;
}

bool JsonBody::has(std::string_view pointer) const {
  return document_ && document_->root.at_pointer(pointer).error() == simdjson::SUCCESS;
}

}  // namespace vf::sources::generic
