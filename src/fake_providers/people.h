// People: makes viewers and streamers of the fake providers. A person is a function of a seed and a number, so a
// million viewers take no memory. Pure functions.
#pragma once

#include <cstdint>
#include <string>

namespace vf::fake_providers {

enum class Script { english, spanish, russian, arabic, japanese, korean };
inline constexpr size_t kScripts = 6;

struct Person {
  int64_t user_id = 0;
  std::string username;  // may hold capitals and '-'
  std::string slug;      // lower-case, '_' for '-'
  std::string picture;   // "" for one in eight
  std::string colour;    // "#RRGGBB"
  bool verified = false;
  Script script = Script::english;
};

/// Returns the person of this seed and number, always the same one. Different numbers have different ids and names.
Person make_person(uint64_t seed, uint32_t number);

/// Returns "en", "es", "ru", "ar", "ja" or "ko".
const char* language_code(Script script);

}  // namespace vf::fake_providers
