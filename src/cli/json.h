// Json: a JSON value, as commands read it from the admin API and print it. Hides nlohmann/json, whose header takes
// seconds to compile. Copies share their content until one of them is changed. One thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vf::cli {

class Json {
 public:
  Json();  // null
  Json(std::string_view text);
  Json(const std::string& text) : Json(std::string_view(text)) {}
  Json(const char* text) : Json(std::string_view(text)) {}
  template <std::integral Number>
  Json(Number number) : Json(from_integer(static_cast<int64_t>(number))) {}
  Json(bool flag);
  Json(const std::vector<std::string>& texts);
  static Json object();
  static Json array();
  /// Returns nullopt when `text` is not JSON.
  static std::optional<Json> parse(std::string_view text);

  bool has(std::string_view name) const;  // true also when the field is null
  /// Returns a field of an object; null when this has no such field.
  Json operator[](std::string_view name) const;
  /// Returns the elements of an array; no elements when this is not an array.
  std::vector<Json> items() const;
  /// Returns the fields of an object; no fields when this is not an object.
  std::vector<std::pair<std::string, Json>> fields() const;

  bool is_null() const;
  bool is_array() const;
  bool is_object() const;
  bool is_text() const;
  bool is_true() const;
  std::string text() const;                 // empty when this is not a text
  int64_t integer() const;                  // 0 when this is not a number
  std::optional<double> number() const;     // nullopt when this is not a number
  std::string shown() const;                // for a person: a text on one line without quotes, "-" for null, else JSON
  std::string dump(int indent = -1) const;  // as JSON; -1: on one line. Invalid UTF-8 is replaced

  /// set() adds or replaces a field, add() appends an element. A null becomes an object or an array first.
  Json& set(std::string_view name, const Json& value);
  Json& add(const Json& value);

 private:
  explicit Json(std::shared_ptr<nlohmann::json> value) : value_(std::move(value)) {}
  static Json from_integer(int64_t number);
  nlohmann::json& own();

  std::shared_ptr<nlohmann::json> value_;  // never a null pointer; a part shares ownership of the whole document
};

}  // namespace vf::cli
