// Speech: makes the texts that people write in chat, in several scripts, with emoji and Kick's emote tokens
// ("[emote:37226:KEKW]"). Pure functions of the random source.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "fake_providers/people.h"

namespace vf::fake_providers {

struct EmoteUse {
  std::string emote_id;
  size_t first = 0;  // indexes of its first and last code point in the content
  size_t last = 0;
};

struct Line {
  std::string content;  // UTF-8, 1 to 500 code points
  std::vector<EmoteUse> emotes;
};

Line make_line(Script script, Random& random);

/// Returns a line of an excited chat, mostly emotes.
Line make_shout(Random& random);

/// Returns a title for a stream.
std::string make_title(Script script, Random& random);

}  // namespace vf::fake_providers
