#include "sources/json_fields.h"

#include <simdjson.h>

#include <algorithm>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::sources {

struct JsonFields::Document {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  bool is_json = false;

  simdjson::simdjson_result<simdjson::dom::element> at(std::string_view pointer) const {
    if (!is_json) return simdjson::NO_SUCH_FIELD;
    return root.at_pointer(pointer);
  }
};

namespace {

// A parser's buffers are several times as large as its largest body: only those of ordinary bodies are kept.
constexpr size_t kKeptCapacityMax = 64 * 1024;

template <class T>
std::optional<T> value_of(simdjson::simdjson_result<simdjson::dom::element> element) {
  T value{};
  if (element.get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '\x7f'; }

}  // namespace

std::unique_ptr<JsonFields::Document>& JsonFields::spare() {
  thread_local std::unique_ptr<Document> kept;
  return kept;
}

JsonFields::JsonFields(std::string_view body) : document_(std::move(spare())) {
  if (!document_) document_ = std::make_unique<Document>();
  document_->is_json = document_->parser.parse(body.data(), body.size()).get(document_->root) == simdjson::SUCCESS;
}

JsonFields::~JsonFields() {
  if (document_->parser.capacity() <= kKeptCapacityMax) spare() = std::move(document_);
}

JsonFields::Kind JsonFields::kind(std::string_view pointer) const {
  const auto element = document_->at(pointer);
  if (element.error() != simdjson::SUCCESS) return Kind::missing;
  switch (element.type().value_unsafe()) {
    case simdjson::dom::element_type::NULL_VALUE:
      return Kind::null;
    case simdjson::dom::element_type::BOOL:
      return Kind::boolean;
    case simdjson::dom::element_type::STRING:
      return Kind::string;
    case simdjson::dom::element_type::ARRAY:
      return Kind::array;
    case simdjson::dom::element_type::OBJECT:
      return Kind::object;
    default:
      return Kind::number;
  }
}

std::optional<std::string_view> JsonFields::text(std::string_view pointer) const {
  return value_of<std::string_view>(document_->at(pointer));
}

std::optional<std::string_view> JsonFields::name(std::string_view pointer) const {
  constexpr size_t kNameBytesMax = 256;
  const auto value = text(pointer);
  if (!value || value->empty() || value->size() > kNameBytesMax || std::ranges::any_of(*value, is_control)) {
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> JsonFields::integer(std::string_view pointer) const {
  return value_of<int64_t>(document_->at(pointer));
}

std::optional<bool> JsonFields::boolean(std::string_view pointer) const {
  return value_of<bool>(document_->at(pointer));
}

std::optional<Instant> JsonFields::time(std::string_view pointer) const {
  const auto value = text(pointer);
  return value ? parse_time(*value) : std::nullopt;
}

std::vector<int64_t> JsonFields::integers(std::string_view array, std::string_view pointer) const {
  std::vector<int64_t> out;
  const auto elements = value_of<simdjson::dom::array>(document_->at(array));
  if (!elements) return out;
  for (const auto element : *elements) {
    if (const auto value = value_of<int64_t>(element.at_pointer(pointer))) out.push_back(*value);
  }
  return out;
}

std::optional<std::string> join_key(std::initializer_list<std::optional<std::string>> parts) {
  std::string out;
  for (const auto& part : parts) {
    if (!part) return std::nullopt;
    if (!out.empty()) out += '/';
    out += *part;
  }
  return out;
}

std::string body_key(std::string_view body) { return "body/" + to_hex(crypto::sha256(body)); }

}  // namespace vf::sources
