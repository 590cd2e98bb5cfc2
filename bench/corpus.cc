// corpus: writes signed Kick deliveries, every one distinct, as the requests that load.cc sends.
//   corpus KEY.pem OUT COUNT [--seed N] [--path /webhooks/kick] [--begin UNIX_MS]
// A record is eight digits (length of the request), then the raw HTTP/1.1 request. The signature is Kick's: base64 of
// RSA-PKCS1v15-SHA256 over id "." timestamp "." body. Ids are ULIDs with a rising time (a millisecond per eight).
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/public_key.h"

namespace {

using vf::SeededRandom;

struct Options {
  std::string key_file, out, path = "/webhooks/kick";
  size_t count = 0;
  uint64_t seed = 1;
  int64_t begin_ms = vf::unix_millis(vf::SystemClock().now());
};

std::string ulid(int64_t ms, SeededRandom& random) {
  static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string id(26, '0');
  for (size_t i = 10; i-- > 0; ms >>= 5) id[i] = kAlphabet[static_cast<size_t>(ms & 31)];
  for (size_t i = 10; i < 26; ++i) id[i] = kAlphabet[random.next() & 31];
  return id;
}

std::string user(uint64_t id, std::string_view role, std::string_view identity) {
  return fmt::format(
      R"({{"is_anonymous":false,"user_id":{0},"username":"{1}_{0}","is_verified":false,"profile_picture":)"
      R"("https://files.kick.com/images/user/{0}/profile_image/conversion/{2:016x}-fullsize.webp",)"
      R"("channel_slug":"{1}-{0}","identity":{3}}})",
      id, role, (id + 1) * 0x9e3779b97f4a7c15ull, identity);
}

std::string chat(SeededRandom& random, const std::string& when) {
  static constexpr std::string_view kWords[] = {
      "lol",  "gg",     "KEKW", "that", "was",   "insane", "omg",  "hello",
      "chat", "stream", "so",   "good", "today", "bro",    "nice", "[emote:37226:KEKW]"};
  const uint64_t channel = 100'000 + random.below(40);
  // Few senders write most messages.
  const uint64_t sender = random.below(1'000'000) * random.below(1'000'000) / 20'000'000;
  std::string content;
  for (uint64_t words = 10 + random.below(30); words > 0; --words)
    content.append(content.empty() ? "" : " ").append(kWords[random.below(16)]);
  const auto identity =
      fmt::format(R"({{"username_color":"#{:06x}","badges":[{{"text":"Subscriber","type":"subscriber","count":{}}}]}})",
                  sender * 2654435761u & 0xffffff, random.below(36));
  return fmt::format(
      R"({{"message_id":"{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}","replies_to":null,"broadcaster":{},"sender":{},)"
      R"("content":"{}","emotes":null,"created_at":"{}"}})",
      random.next() & 0xffffffff, random.next() & 0xffff, random.next() & 0xfff, random.next() & 0xfff,
      random.next() & 0xffffffffffff, user(channel, "broadcaster", "null"), user(sender, "sender", identity), content,
      when);
}

std::string record(const vf::crypto::PrivateKey& key, const Options& options, size_t index) {
  SeededRandom random(options.seed * 0x9e3779b97f4a7c15ull ^ (index + 1) * 0xd1b54a32d192ed03ull);
  const int64_t ms = options.begin_ms + static_cast<int64_t>(index / 8);
  const auto when = vf::to_rfc3339(vf::from_unix_millis(ms)).substr(0, 19) + "Z";
  const auto id = ulid(ms, random);
  const auto body = chat(random, when);
  const auto signature = vf::to_base64(key.sign(id + "." + when + ".", body));
  const auto request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nKick-Event-Message-Id: {}\r\n"
      "Kick-Event-Subscription-Id: {}\r\nKick-Event-Signature: {}\r\nKick-Event-Message-Timestamp: {}\r\n"
      "Kick-Event-Type: chat.message.sent\r\nKick-Event-Version: 1\r\nContent-Length: {}\r\n\r\n{}",
      options.path, id, ulid(options.begin_ms, random), signature, when, body.size(), body);
  return fmt::format("{:08}{}", request.size(), request);
}

Options parse(int argc, char** argv) {
  Options options{.key_file = argv[1], .out = argv[2], .count = std::strtoul(argv[3], nullptr, 10)};
  for (int i = 4; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--seed") options.seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--path") options.path = argv[i + 1];
    if (name == "--begin") options.begin_ms = std::atoll(argv[i + 1]);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: corpus KEY.pem OUT COUNT [--seed N] [--path P] [--begin UNIX_MS]\n");
    return 2;
  }
  const Options options = parse(argc, argv);
  std::stringstream pem;
  pem << std::ifstream(options.key_file).rdbuf();
  const auto key = vf::crypto::PrivateKey::rsa_from_pem(pem.str());
  if (!key) {
    std::fprintf(stderr, "corpus: %s: %s\n", options.key_file.c_str(), key.error().message.c_str());
    return 1;
  }
  std::vector<std::string> records(options.count);
  std::atomic<size_t> next{0};
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < std::thread::hardware_concurrency(); ++t) {
    threads.emplace_back([&] {
      for (size_t i = next++; i < options.count; i = next++) records[i] = record(*key, options, i);
    });
  }
  threads.clear();
  std::ofstream out(options.out, std::ios::binary);
  for (const auto& one : records) out << one;
  return out.flush() ? 0 : 1;
}
