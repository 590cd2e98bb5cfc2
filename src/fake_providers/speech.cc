#include "fake_providers/speech.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace vf::fake_providers {
namespace {

using Phrases = std::span<const std::string_view>;

constexpr std::string_view kEnglish[] = {"hello chat",
                                         "that was insane",
                                         "no way he hit that",
                                         "W stream",
                                         "first time here",
                                         "what game is this?",
                                         "clip it!!",
                                         "gg",
                                         "lol",
                                         "how long is the stream today",
                                         "<3 love from Texas",
                                         "\"quoted\" \\ back",
                                         "can you play my song?",
                                         "he's so cooked"};
constexpr std::string_view kSpanish[] = {
    "hola a todos", "¡qué jugada!",   "saludos desde México", "jajaja", "¿a qué hora empieza mañana?",
    "vamos crack",  "el mejor, señor"};
constexpr std::string_view kRussian[] = {"всем привет",     "ахахах",    "+лото", "красава", "когда следующий стрим?",
                                         "это было жёстко", "плюс в чат"};
constexpr std::string_view kArabic[] = {"السلام عليكم",     "هههههه",   "ما شاء الله",
                                        "متى البث القادم؟", "لعب رهيب", "تحية من الرياض"};
constexpr std::string_view kJapanese[] = {"こんばんは",       "草",       "すごい!", "ナイス〜",
                                          "今日は何時まで？", "初見です", "8888"};
constexpr std::string_view kKorean[] = {"안녕하세요", "ㅋㅋㅋㅋㅋ", "대박", "오늘 몇 시까지 해요?", "나이스", "ㄷㄷㄷ"};
constexpr std::array<Phrases, kScripts> kPhrases{Phrases(kEnglish), Phrases(kSpanish),  Phrases(kRussian),
                                                 Phrases(kArabic),  Phrases(kJapanese), Phrases(kKorean)};

constexpr std::string_view kEmoji[] = {
    "😂", "🔥", "❤️", "👑", "👨‍👩‍👧‍👦", "🇧🇷", "🤡", "💀", "🧑🏽‍💻"};

struct Emote {
  std::string_view id, name;
};
constexpr Emote kEmotes[] = {
    {"37226", "KEKW"}, {"4148074", "HYPERCLAP"}, {"39265", "EZ"}, {"37232", "PogU"}, {"39277", "Sadge"}};

constexpr std::string_view kTitles[] = {
    "road to top 1", "chill stream",        "subathon day", "no sleep", "new game, first try",
    "IRL",           "ranked with viewers", "drops on",     "24 hours!"};

size_t code_points(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string_view pick(Phrases phrases, Random& random) { return phrases[random.below(phrases.size())]; }

void add_word(Line& line, std::string_view word) {
  if (!line.content.empty()) line.content += ' ';
  line.content += word;
}

void add_emote(Line& line, const Emote& emote) {
  const std::string token = "[emote:" + std::string(emote.id) + ":" + std::string(emote.name) + "]";
  add_word(line, token);
  const size_t end = code_points(line.content);
  line.emotes.push_back({std::string(emote.id), end - token.size(), end - 1});
}

const Emote& any_emote(Random& random) { return kEmotes[random.below(std::size(kEmotes))]; }

}  // namespace

Line make_line(Script script, Random& random) {
  Line line;
  const size_t parts = 1 + random.below(3);
  for (size_t i = 0; i < parts; ++i) add_word(line, pick(kPhrases[static_cast<size_t>(script)], random));
  if (random.below(4) == 0) add_word(line, pick(kEmoji, random));
  if (random.below(3) == 0) add_emote(line, any_emote(random));
  return line;
}

Line make_shout(Random& random) {
  Line line;
  const Emote& emote = any_emote(random);
  const size_t times = 1 + random.below(6);
  for (size_t i = 0; i < times; ++i) add_emote(line, emote);
  return line;
}

std::string make_title(Script script, Random& random) {
  std::string title(pick(kPhrases[static_cast<size_t>(script)], random));
  title += " | ";
  title += pick(kTitles, random);
  return title + " #" + std::to_string(1 + random.below(999));
}

}  // namespace vf::fake_providers
