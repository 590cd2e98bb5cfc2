// Value<T>: says how a configured value of type T is described, read from its text, and written as a default.
// src/settings specialises it for types of its own, and kWords for its enumerations. Pure functions.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "config/key.h"
#include "config/values.h"

namespace vf::config {

/// These functions return a bound as it is written in messages and in the documentation.
std::string number_bound(int64_t number);
std::string duration_bound(int64_t ms);
std::string size_bound(int64_t bytes);

/// Returns the text of an address without what may be secret in it.
std::string shown_address(const std::string& text);

/// Each specialisation has
///   static constexpr Type kType;
///   static Complaint read(const std::string& text, const Row& rules, T& out);
/// It also has `static Plain plain(T)` if a member of a plainer type may hold the value, and
/// `static std::string text(T)` if a default may be taken from a member.
template <class T>
struct Value;

template <>
struct Value<std::string> {
  static constexpr Type kType{.name = "text"};
  static Complaint read(const std::string& text, const Row& rules, std::string& out);
};
template <>
struct Value<std::filesystem::path> {
  static constexpr Type kType{.name = "path"};
  static Complaint read(const std::string& text, const Row& rules, std::filesystem::path& out);
};
template <>
struct Value<FileText> {
  static constexpr Type kType{.name = "text or file:", .from_file = true};
  static Complaint read(const std::string& text, const Row& rules, FileText& out);
  static std::string plain(FileText file) { return std::move(file.text); }
};
template <>
struct Value<Secret> {
  static constexpr Type kType{.name = "secret", .hidden = true, .from_file = true};
  static Complaint read(const std::string& text, const Row& rules, Secret& out);
  static std::string plain(const Secret& secret) { return secret.reveal(); }
};
template <>
struct Value<bool> {
  static constexpr Type kType{.name = "true or false"};
  static Complaint read(const std::string& text, const Row& rules, bool& out);
  static std::string text(bool value) { return value ? "true" : "false"; }
};
template <>
struct Value<int64_t> {
  static constexpr Type kType{.name = "number", .bound = number_bound};
  static Complaint read(const std::string& text, const Row& rules, int64_t& out);
  static std::string text(int64_t value) { return std::to_string(value); }
};
template <>
struct Value<int> {
  static constexpr Type kType = Value<int64_t>::kType;
  static Complaint read(const std::string& text, const Row& rules, int& out);
  static std::string text(int value) { return std::to_string(value); }
};
template <>
struct Value<size_t> {
  static constexpr Type kType = Value<int64_t>::kType;
  static Complaint read(const std::string& text, const Row& rules, size_t& out);
  static std::string text(size_t value) { return std::to_string(value); }
};
template <>
struct Value<Millis> {
  static constexpr Type kType{.name = "duration", .bound = duration_bound};
  static Complaint read(const std::string& text, const Row& rules, Millis& out);
  static std::string text(Millis value);
};
/// The text "none" is read as nullopt.
template <>
struct Value<std::optional<Millis>> {
  static constexpr Type kType{.name = "duration or none", .bound = duration_bound};
  static Complaint read(const std::string& text, const Row& rules, std::optional<Millis>& out);
};
template <>
struct Value<Size> {
  static constexpr Type kType{.name = "size", .bound = size_bound};
  static Complaint read(const std::string& text, const Row& rules, Size& out);
  static size_t plain(Size size) { return static_cast<size_t>(size.bytes); }
  static std::string text(Size size);
};
template <>
struct Value<Listen> {
  static constexpr Type kType{.name = "address:port"};
  static Complaint read(const std::string& text, const Row& rules, Listen& out);
  static std::string plain(Listen listen) { return std::move(listen.address); }
};
/// http:// or https://; slashes at the end are cut.
template <>
struct Value<Address> {
  static constexpr Type kType{.name = "URL", .shown = shown_address};
  static Complaint read(const std::string& text, const Row& rules, Address& out);
};

inline constexpr Type kWordType{.name = "word", .is_word = true};

template <class E>
struct Word {
  std::string_view text;
  E value;
};

/// The words of an enumeration. src/settings specialises it as a std::array of Word<E>.
template <class E>
inline constexpr std::nullptr_t kWords = nullptr;

/// Complains when `text` is not one of the row's words.
Complaint check_word(const std::string& text, const Row& rules);

template <class E>
  requires std::is_enum_v<E>
struct Value<E> {
  static constexpr Type kType = kWordType;

  static std::vector<std::string> words() {
    std::vector<std::string> out;
    for (const Word<E>& word : kWords<E>) out.emplace_back(word.text);
    return out;
  }
  static Complaint read(const std::string& text, const Row& rules, E& out) {
    if (auto wrong = check_word(text, rules)) return wrong;
    out = std::ranges::find(kWords<E>, text, &Word<E>::text)->value;
    return std::nullopt;
  }
  static std::string text(E value) { return std::string(std::ranges::find(kWords<E>, value, &Word<E>::value)->text); }
};

}  // namespace vf::config
