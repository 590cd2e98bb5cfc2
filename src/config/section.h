// Section: adds keys to a table of keys. Each row names a key, the C++ member that it fills, and its documentation; the
// key's type follows from the member's type. Used while a table is built, by one thread.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/key.h"
#include "config/value_readers.h"

namespace vf::config {

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

/// Reads `text` as an Item and stores it in `out`, which may have a plainer type (a std::string for a Url).
template <class Item, class Out>
Complaint read_item(const std::string& text, const Row& rules, Out& out) {
  if constexpr (std::is_same_v<Item, Out>) {
    return Value<Item>::read(text, rules, out);
  } else {
    Item value{};
    if (auto wrong = Value<Item>::read(text, rules, value)) return wrong;
    out = Value<Item>::plain(std::move(value));
    return std::nullopt;
  }
}

template <class Item, class Out>
Complaint read_items(const Key::Items& items, const Row& rules, Out& out) {
  if constexpr (ItemOf<Out>::list) {
    Out values;
    for (const std::string& item : items) {
      if (auto wrong = read_item<Item>(item, rules, values.emplace_back())) return wrong;
    }
    out = std::move(values);
    return std::nullopt;
  } else {
    return read_item<Item>(items.front(), rules, out);
  }
}

template <class Item, class Out>
Complaint check_items(const Key::Items& items, const Row& rules) {
  Out unused{};
  return read_items<Item>(items, rules, unused);
}

/// Adds the keys under one path, which fill a `Struct`. `locate` returns that struct in the settings, and creates it if
/// need be; its `name` is what '*' stands for in the path. Several sections may share a path.
template <class Settings, class Struct>
class Section {
 public:
  using Locate = Struct& (*)(Settings&, const std::string& name);

  Section(std::vector<Key>& keys, std::string path, Roles roles, Locate locate)
      : keys_(keys), path_(std::move(path)), roles_(roles), locate_(locate) {}

  /// The keys that are added from now on take effect at a reload.
  void takes_effect_at_reload() { reload_ = true; }

  /// Adds a key that fills `member`. Its value is read as an `As` if that is given (for example a Url into a
  /// std::string), otherwise as the member's type.
  template <class As = void, class T>
  void key(const char* name, T Struct::* member, Row row) {
    add<As>(name, std::move(row),
            [locate = locate_, member](Settings& s, const std::string& n) -> T& { return locate(s, n).*member; });
  }

  /// Adds a key whose default is the member's value in a Struct{}.
  template <class T>
  void key_with_own_default(const char* name, T Struct::* member, Row row) {
    row.fallback = Value<T>::text(Struct{}.*member);
    key(name, member, std::move(row));
  }

  /// Adds a key that fills the object to which `place(Settings&, name)` returns a reference.
  template <class As = void, class Place>
  void add(const char* name, Row row, Place place) {
    using Out = std::remove_reference_t<std::invoke_result_t<Place, Settings&, const std::string&>>;
    using Item = std::conditional_t<std::is_void_v<As>, typename ItemOf<Out>::type, As>;
    if (row.roles == 0) row.roles = roles_;
    row.reload = row.reload || reload_;
    if constexpr (std::is_enum_v<Item>) row.words = Value<Item>::words();
    Key key{std::move(row)};
    key.path = path_.empty() ? name : path_ + "." + name;
    key.type = std::is_same_v<Item, std::string> && !key.words.empty() ? kWordType : Value<Item>::kType;
    key.list = ItemOf<Out>::list;
    key.check_items = &check_items<Item, Out>;
    key.store = [rules = Row(key), place](Root& into, const std::string& n, const Key::Items& items) {
      return read_items<Item>(items, rules, place(static_cast<Settings&>(into), n));
    };
    keys_.push_back(std::move(key));
  }

 private:
  std::vector<Key>& keys_;
  std::string path_;
  Roles roles_;
  Locate locate_;
  bool reload_ = false;
};

}  // namespace vf::config
