#include "fake_providers/people.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/random.h"

namespace vf::fake_providers {
namespace {

constexpr std::array kFirst{"Night", "Lucky", "Turbo", "Silent", "Pixel",  "Cosmic", "Mad",   "Frost",
                            "neon",  "dr",    "Real",  "el",     "Mister", "Tiny",   "Gamma", "Velvet"};
constexpr std::array kSecond{"Owl",   "Fox",    "Wizard", "Panda", "Ninja", "Goblin", "Rider", "Tiger",
                             "pilot", "potato", "Queen",  "Bear",  "Hawk",  "Moose",  "Cobra", "Raven"};
constexpr std::array kJoints{"", "", "_", "-"};
constexpr std::array kLanguages{"en", "es", "ru", "ar", "ja", "ko"};

}  // namespace

Person make_person(uint64_t seed, uint32_t number) {
  SeededRandom random(seed ^ (number + 1) * 0xd1b54a32d192ed03ull);
  Person person;
  person.user_id = 1'000'000 + static_cast<int64_t>(number) * 7 + static_cast<int64_t>(random.below(7));
  person.username = fmt::format("{}{}{}{}", kFirst[random.below(kFirst.size())], kJoints[random.below(kJoints.size())],
                                kSecond[random.below(kSecond.size())], number);
  person.slug = to_lower(person.username);
  std::ranges::replace(person.slug, '-', '_');
  if (random.below(8) != 0) {
    person.picture = fmt::format("https://files.kick.com/images/user/{}/profile_image/conversion/{:016x}-fullsize.webp",
                                 person.user_id, random.next());
  }
  person.colour = fmt::format("#{:06X}", random.below(1u << 24));
  person.verified = random.below(20) == 0;
  // Half of all people write English.
  if (random.below(2) == 0) person.script = static_cast<Script>(random.below(kScripts));
  return person;
}

const char* language_code(Script script) { return kLanguages[static_cast<size_t>(script)]; }

}  // namespace vf::fake_providers
