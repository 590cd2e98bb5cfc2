// Section: how the table of keys is written down. A key's type follows from the C++ member it fills, so a row names a
// path, a member and its documentation, and nothing twice. Internal to src/config; used while the table is built.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/key.h"

namespace vf::config {

/// The words of an enumeration, in the order of its values; specialised beside the table.
template <class E>
std::vector<std::string> words_of();

/// Reads one text into `out` within the key's bounds, or says what is wrong.
Complaint read(const std::string& text, const Key& key, std::string& out);
Complaint read(const std::string& text, const Key& key, std::filesystem::path& out);
Complaint read(const std::string& text, const Key& key, FileText& out);
Complaint read(const std::string& text, const Key& key, Secret& out);
Complaint read(const std::string& text, const Key& key, bool& out);
Complaint read(const std::string& text, const Key& key, int64_t& out);
Complaint read(const std::string& text, const Key& key, Millis& out);
Complaint read(const std::string& text, const Key& key, std::optional<Millis>& out);
Complaint read(const std::string& text, const Key& key, Size& out);
Complaint read(const std::string& text, const Key& key, Listen& out);
Complaint read(const std::string& text, const Key& key, Url& out);
Complaint read(const std::string& text, const Key& key, StoreUrl& out);
Complaint check_word(const std::string& text, const Key& key);

template <class E>
  requires std::is_enum_v<E>
Complaint read(const std::string& text, const Key& key, E& out) {
  if (auto wrong = check_word(text, key)) return wrong;
  out = static_cast<E>(std::ranges::find(key.words, text) - key.words.begin());
  return std::nullopt;
}

template <class T>
constexpr Type type_of() {
  if constexpr (std::is_enum_v<T>)
    return Type::word;
  else if constexpr (std::is_same_v<T, std::filesystem::path>)
    return Type::path;
  else if constexpr (std::is_same_v<T, FileText>)
    return Type::file_text;
  else if constexpr (std::is_same_v<T, Secret>)
    return Type::secret;
  else if constexpr (std::is_same_v<T, bool>)
    return Type::boolean;
  else if constexpr (std::is_same_v<T, int64_t>)
    return Type::integer;
  else if constexpr (std::is_same_v<T, Millis>)
    return Type::duration;
  else if constexpr (std::is_same_v<T, std::optional<Millis>>)
    return Type::duration_or_none;
  else if constexpr (std::is_same_v<T, Size>)
    return Type::size;
  else if constexpr (std::is_same_v<T, Listen>)
    return Type::listen;
  else if constexpr (std::is_same_v<T, Url>)
    return Type::url;
  else if constexpr (std::is_same_v<T, StoreUrl>)
    return Type::store;
  else
    return Type::text;
}

template <class T>
struct ItemOf {
  using type = T;
  static constexpr bool list = false;
};
template <class T>
struct ItemOf<std::vector<T>> {
  using type = T;
  static constexpr bool list = true;
};

template <class T>
Complaint store_items(const std::vector<std::string>& items, const Key& key, T& out) {
  if constexpr (ItemOf<T>::list) {
    T values;
    for (const std::string& item : items) {
      if (auto wrong = read(item, key, values.emplace_back())) return wrong;
    }
    out = std::move(values);
    return std::nullopt;
  } else {
    return read(items.front(), key, out);
  }
}

/// The keys under one path. `Struct` is what they fill; `locate` finds it in a Config, making it if need be.
template <class Struct>
class Section {
 public:
  using Locate = Struct& (*)(Config&, const std::string& name);

  Section(std::vector<Key>& keys, std::string path, Roles roles, Locate locate)
      : keys_(keys), path_(std::move(path)), roles_(roles), locate_(locate) {}

  /// A key that fills `member`.
  template <class T>
  void key(const char* name, T Struct::* member, Row row) {
    add<T>(name, std::move(row),
           [locate = locate_, member](Config& c, const std::string& n) -> T& { return locate(c, n).*member; });
  }

  /// A key that fills what `place(Config&, name)` refers to.
  template <class T, class Place>
  void add(const char* name, Row row, Place place) {
    Key key{std::move(row)};
    key.path = path_.empty() ? name : path_ + "." + name;
    key.type = type_of<typename ItemOf<T>::type>();
    key.list = ItemOf<T>::list;
    if (key.roles == 0) key.roles = roles_;
    if (key.type == Type::text && !key.words.empty()) key.type = Type::word;
    if constexpr (std::is_enum_v<typename ItemOf<T>::type>) key.words = words_of<typename ItemOf<T>::type>();
    Key rules = key;
    key.store = [rules = std::move(rules), place](Config& into, const std::string& n,
                                                  const std::vector<std::string>& items) -> Complaint {
      return store_items(items, rules, place(into, n));
    };
    keys_.push_back(std::move(key));
  }

 private:
  std::vector<Key>& keys_;
  std::string path_;
  Roles roles_;
  Locate locate_;
};

}  // namespace vf::config
