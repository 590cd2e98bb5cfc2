// Json: the hub's answers as commands read them, and the JSON that commands print themselves. Hides nlohmann/json,
// whose header takes seconds to parse. A value: copies share their content until one is changed. One thread.
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
  /// nullopt: not JSON.
  static std::optional<Json> parse(std::string_view text);

  bool has(std::string_view name) const;  // a field of this name, even a null
  /// A field of an object; null if there is none.
  Json operator[](std::string_view name) const;
  /// Elements of an array; none of anything else.
  std::vector<Json> items() const;
  /// Fields of an object; none of anything else.
  std::vector<std::pair<std::string, Json>> fields() const;

  bool is_null() const;
  bool is_object() const;
  bool is_text() const;
  bool is_true() const;
  std::string text() const;                 // empty if it is no text
  int64_t integer() const;                  // 0 if it is no number
  std::optional<double> number() const;     // nullopt if it is none
  std::string shown() const;                // for people: a text without quotes, "-" for null, else JSON
  std::string dump(int indent = -1) const;  // JSON; -1: on one line. Invalid UTF-8 is replaced

  /// Each makes this an object or an array if it was null.
  Json& set(std::string_view name, const Json& value);
  Json& add(const Json& value);

 private:
  explicit Json(std::shared_ptr<nlohmann::json> value) : value_(std::move(value)) {}
  static Json from_integer(int64_t number);
  nlohmann::json& own();

  std::shared_ptr<nlohmann::json> value_;  // of a part of an answer: shares the whole answer; never null
};

}  // namespace vf::cli
