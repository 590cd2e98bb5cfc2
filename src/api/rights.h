// Rights: what a token allows. A token has each right that it lists and no other: the right to operate does not include
// the right to read. Values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace vf::api {

enum class Right : uint8_t {
  read,     // to look, at everything that needs no other right
  operate,  // to change how the hub works: modes, dead letters, jobs
  reveal,   // to read what is hidden from the others: bodies of sensitive sources
  erase,    // to remove a person for good
};
inline constexpr Right kRights[] = {Right::read, Right::operate, Right::reveal, Right::erase};
std::string_view to_string(Right right);

/// A set of rights.
class Rights {
 public:
  constexpr Rights() = default;
  constexpr Rights(std::initializer_list<Right> rights) {
    for (const Right right : rights) add(right);
  }
  explicit Rights(const std::vector<Right>& rights) {
    for (const Right right : rights) add(right);
  }
  constexpr void add(Right right) { bits_ |= bit(right); }
  constexpr bool have(Right right) const { return (bits_ & bit(right)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  /// Returns the rights for people: "read, operate"; "nothing" for the empty set.
  std::string text() const;

 private:
  static constexpr unsigned bit(Right right) { return 1u << static_cast<unsigned>(right); }
  unsigned bits_ = 0;
};

}  // namespace vf::api
