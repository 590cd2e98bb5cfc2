#include "cli/json.h"

#include <nlohmann/json.hpp>

#include "base/printable.h"

namespace vf::cli {

using nlohmann::json;

Json::Json() : value_(std::make_shared<json>()) {}
Json::Json(std::string_view text) : value_(std::make_shared<json>(text)) {}
Json::Json(bool flag) : value_(std::make_shared<json>(flag)) {}
Json::Json(const std::vector<std::string>& texts) : value_(std::make_shared<json>(texts)) {}
Json Json::from_integer(int64_t number) { return Json(std::make_shared<json>(number)); }
Json Json::object() { return Json(std::make_shared<json>(json::object())); }
Json Json::array() { return Json(std::make_shared<json>(json::array())); }

std::optional<Json> Json::parse(std::string_view text) {
  auto parsed = std::make_shared<json>(json::parse(text, nullptr, false));
  if (parsed->is_discarded()) return std::nullopt;
  return Json(std::move(parsed));
}

bool Json::has(std::string_view name) const { return value_->is_object() && value_->contains(name); }

Json Json::operator[](std::string_view name) const {
  if (!value_->is_object()) return {};
  const auto found = value_->find(name);
  return found == value_->end() ? Json() : Json(std::shared_ptr<json>(value_, &*found));
}

std::vector<Json> Json::items() const {
  std::vector<Json> items;
  if (!value_->is_array()) return items;
  for (json& item : *value_) items.push_back(Json(std::shared_ptr<json>(value_, &item)));
  return items;
}

std::vector<std::pair<std::string, Json>> Json::fields() const {
  std::vector<std::pair<std::string, Json>> fields;
  if (!value_->is_object()) return fields;
  for (auto field = value_->begin(); field != value_->end(); ++field) {
    fields.emplace_back(field.key(), Json(std::shared_ptr<json>(value_, &*field)));
  }
  return fields;
}

bool Json::is_null() const { return value_->is_null(); }
bool Json::is_array() const { return value_->is_array(); }
bool Json::is_object() const { return value_->is_object(); }
bool Json::is_text() const { return value_->is_string(); }
bool Json::is_true() const { return *value_ == true; }
std::string Json::text() const { return is_text() ? value_->get<std::string>() : std::string(); }
int64_t Json::integer() const { return value_->is_number() ? value_->get<int64_t>() : 0; }
std::optional<double> Json::number() const {
  return value_->is_number() ? std::optional(value_->get<double>()) : std::nullopt;
}
std::string Json::shown() const { return is_null() ? "-" : is_text() ? one_line(text()) : dump(); }
std::string Json::dump(int indent) const { return value_->dump(indent, ' ', false, json::error_handler_t::replace); }

json& Json::own() {
  if (value_.use_count() > 1) value_ = std::make_shared<json>(*value_);
  return *value_;
}

Json& Json::set(std::string_view name, const Json& value) {
  own()[std::string(name)] = *value.value_;
  return *this;
}

Json& Json::add(const Json& value) {
  own().push_back(*value.value_);
  return *this;
}

}  // namespace vf::cli
