// What the client makes of answers that do not end, or not where they should: past its limits of bytes and time, reset,
// closed early, malformed. Double: a scripted peer. Oracle: the comments of client.h, RFC 9110 and RFC 9112. Scope: the
// client; what its readers make of a cut answer is tested with each of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/eventually_test.h"
#include "http/client.h"
#include "http/tests/scripted_peer_test.h"

namespace vf::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using Then = Script::Then;

constexpr size_t kLimit = 1000;

std::string chunk(std::string_view bytes) {
  char length[20];
  const auto end = std::to_chars(length, length + sizeof length, bytes.size(), 16).ptr;
  return std::string(length, end) + "\r\n" + std::string(bytes) + "\r\n";
}

// A body of `size` bytes in each of the three framings of HTTP/1.1, after the head of an answer.
struct Framing {
  const char* name;
  std::string head;
  Script script(size_t size) const {
    const std::string body(size, 'x');
    if (name == std::string_view("chunked")) return {head + "\r\n" + chunk(body) + "0\r\n\r\n"};
    if (name == std::string_view("length")) {
      return {head + "Content-Length: " + std::to_string(size) + "\r\n\r\n" + body};
    }
    return {head + "\r\n" + body, Then::close};
  }
  /// The first `sent` bytes of a longer body, then what `then` says.
  Script part(size_t sent, Then then) const {
    const std::string body(sent, 'x');
    if (name == std::string_view("chunked")) {
      return {head + "\r\n" + (sent > 0 ? chunk(body) : ""), then, chunk(std::string(100, 'y'))};
    }
    if (name == std::string_view("length")) {
      return {head + "Content-Length: 99999999999\r\n\r\n" + body, then, std::string(100, 'y')};
    }
    return {head + "\r\n" + body, then, std::string(100, 'y')};
  }
};

Framing framing_of(const std::string& name, const std::string& status) {
  const std::string head = "HTTP/1.1 " + status + "\r\nRetry-After: 7\r\nContent-Type: text/plain\r\n";
  if (name == "chunked") return {"chunked", head + "Transfer-Encoding: chunked\r\n"};
  return {name == "length" ? "length" : "close", head};
}

Result<Response> ask(const ScriptedPeer& peer, const ClientParams& params = {.body_bytes_max = kLimit},
                     std::chrono::milliseconds timeout = 30s) {
  return Client::create(params)->call({.url = peer.url(), .body = "{}", .timeout = timeout});
}

// Parameters: the framing, and the status line's rest.
struct CutBody : testing::TestWithParam<std::tuple<std::string, std::string>> {
  Framing framing() const { return framing_of(std::get<0>(GetParam()), std::get<1>(GetParam())); }
  void expect_answer(const Result<Response>& answer) const {
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(std::to_string(answer->status), std::get<1>(GetParam()).substr(0, 3));
    EXPECT_EQ(header(*answer, "Retry-After"), "7");
    EXPECT_EQ(answer->content_type, "text/plain");
  }
  void expect_cut(const Result<Response>& answer, Cut::By by, std::string_view reason = "") const {
    expect_answer(answer);
    if (!answer) return;
    ASSERT_TRUE(answer->cut);
    EXPECT_EQ(answer->cut->by, by) << answer->cut->reason;
    EXPECT_THAT(answer->cut->reason, HasSubstr(reason));
    EXPECT_NE(answer->cut->reason, "");
  }
};

TEST_P(CutBody, ABodyAtTheLimitIsWholeAndOneByteMoreIsCut) {
  for (const size_t size : {size_t{0}, kLimit - 1, kLimit}) {
    const ScriptedPeer peer({framing().script(size)});
    const auto whole = ask(peer);
    expect_answer(whole);
    EXPECT_FALSE(whole->cut) << whole->cut->reason;
    EXPECT_EQ(whole->body, std::string(size, 'x'));
  }
  const ScriptedPeer peer({framing().script(kLimit + 1)});
  const auto cut = ask(peer);
  expect_cut(cut, Cut::By::size_limit, "longer than 1000 bytes");
  EXPECT_EQ(cut->body, std::string(kLimit, 'x'));
}

TEST_P(CutBody, ABodyWithoutEndIsCutAndItsConnectionClosed) {
  const ScriptedPeer peer({framing().part(0, Then::repeat), framing().script(2)});
  const auto client = Client::create({.body_bytes_max = kLimit});
  expect_cut(client->call({.url = peer.url()}), Cut::By::size_limit, "longer than 1000 bytes");
  EXPECT_TRUE(eventually([&] { return peer.ended() == 1; })) << "the peer still sends";
  const auto next = client->call({.url = peer.url()});
  expect_answer(next);
  EXPECT_EQ(next->body, "xx") << "the rest of the answer before was taken for the next answer";
  EXPECT_EQ(peer.connections(), 2u);
}

TEST_P(CutBody, AResetInTheBodyIsCutByThePeer) {
  for (const size_t sent : {size_t{0}, size_t{10}}) {
    const ScriptedPeer peer({framing().part(sent, Then::reset)});
    const auto cut = ask(peer);
    expect_cut(cut, Cut::By::peer);
    EXPECT_LE(cut->body.size(), sent);
  }
}

// The request's own time limit is so long that a test which reached it would fail.
TEST_P(CutBody, ABodyThatStallsIsCutAtTheBodysOwnTimeLimit) {
  const ScriptedPeer peer({framing().part(10, Then::keep), framing().script(2)});
  const auto client = Client::create({.body_bytes_max = kLimit, .body_timeout = 50ms});
  const auto cut = client->call({.url = peer.url(), .timeout = 1h});
  expect_cut(cut, Cut::By::time_limit, "50 ms after its headers");
  EXPECT_LE(cut->body.size(), 10u);
  EXPECT_TRUE(eventually([&] { return peer.ended() == 1; })) << "the connection is still open";
  const auto next = client->call({.url = peer.url(), .timeout = 1h});
  EXPECT_EQ(next->body, "xx");
  EXPECT_EQ(peer.connections(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Framings, CutBody,
                         testing::Combine(testing::Values("chunked", "length", "close"),
                                          testing::Values("200 OK", "422 Unprocessable Content", "503 Busy")),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::get<1>(info.param).substr(0, 3);
                         });

TEST(CutAnswer, ABodyThatStallsIsCutAtTheRequestsTimeLimit) {
  const ScriptedPeer peer({{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}});
  const auto cut = ask(peer, {}, 3s);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ(cut->status, 200);
  ASSERT_TRUE(cut->cut);
  EXPECT_EQ(cut->cut->by, Cut::By::time_limit) << cut->cut->reason;
}

TEST(CutAnswer, ACloseBeforeTheEndOfAFramedBodyIsCutByThePeer) {
  for (const char* head : {"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                           "Transfer-Encoding: chunked\r\n\r\n3\r\nab", "Transfer-Encoding: chunked\r\n\r\nbanana"}) {
    const ScriptedPeer peer({{std::string("HTTP/1.1 200 OK\r\n") + head, Then::close}});
    const auto answer = ask(peer);
    ASSERT_TRUE(answer) << head << ": " << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    ASSERT_TRUE(answer->cut) << head;
    EXPECT_EQ(answer->cut->by, Cut::By::peer);
  }
}

TEST(CutAnswer, StatusesWithoutABodyAreWholeWhateverTheHeadersSay) {
  for (const char* head :
       {"204 No Content\r\n\r\n", "204 No Content\r\nContent-Length: 5\r\n\r\n",
        "304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    const ScriptedPeer peer({{std::string("HTTP/1.1 ") + head}});
    const auto answer = ask(peer);
    ASSERT_TRUE(answer) << head << ": " << answer.error().message;
    EXPECT_FALSE(answer->cut) << head;
    EXPECT_EQ(answer->body, "") << head;
  }
}

TEST(CutAnswer, AnAnswerToHeadHasNoBody) {
  const ScriptedPeer peer({{"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"}});
  const auto answer = Client::create({.body_bytes_max = 0})->call({.method = "HEAD", .url = peer.url()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->cut);
}

TEST(CutAnswer, AnAnswerThatBreaksBeforeTheEndOfItsHeadersIsNone) {
  for (const auto then : {Then::close, Then::reset}) {
    for (const char* bytes : {"", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nRetry-After: 7\r\n",
                              "garbage\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"}) {
      const ScriptedPeer peer({{bytes, then}});
      const auto answer = ask(peer);
      ASSERT_FALSE(answer) << bytes << " was taken for an answer: " << answer->status;
      EXPECT_EQ(answer.error().code, Code::unavailable) << bytes;
      EXPECT_NE(answer.error().message, "") << bytes;
    }
  }
}

TEST(CutAnswer, AMalformedHeaderLeavesTheStatusAndEndsTheConnection) {
  const auto nul = [](std::string text) {
    std::ranges::replace(text, '@', '\0');
    return text;
  };
  for (const std::string& bytes :
       {std::string("\r\nContent-Length:\r\n\r\n"), std::string("\r\nContent-Length: -1\r\n\r\n"),
        std::string("\r\nContent-Length: x\r\n\r\n"), std::string("\r\nhello world\r\nContent-Length: 0\r\n\r\n"),
        std::string("\r\n X-A: a\r\nContent-Length: 0\r\n\r\n"), nul("\r\nX-@A: 1\r\n\r\n"), nul(" O@K\r\n\r\n"),
        std::string("\r\nTransfer-Encoding: foo\r\n\r\nabc"), std::string("\r\n: a\r\n\r\n")}) {
    for (const int status : {200, 503}) {
      for (const char* before : {"", "HTTP/1.1 103 Early Hints\r\n\r\n"}) {
        const ScriptedPeer peer({{before + ("HTTP/1.1 " + std::to_string(status)) + bytes, Then::close},
                                 {"HTTP/1.1 204 No Content\r\n\r\n"}});
        const auto client = Client::create({});
        const auto answer = client->call({.url = peer.url(), .timeout = 30s});
        ASSERT_TRUE(answer) << bytes << ": " << answer.error().message;
        EXPECT_EQ(answer->status, status) << bytes;
        ASSERT_TRUE(client->call({.url = peer.url(), .timeout = 30s}));
        EXPECT_EQ(peer.connections(), 2u) << bytes;
      }
    }
  }
}

TEST(CutAnswer, HeadersBeforeAMalformedOneAreKept) {
  const ScriptedPeer peer({{"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nhello world\r\nContent-Length: 0\r\n\r\n"}});
  const auto answer = ask(peer);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(header(*answer, "Retry-After"), "7");
  ASSERT_TRUE(answer->cut);
  EXPECT_EQ(answer->cut->by, Cut::By::peer);
  EXPECT_THAT(answer->cut->reason, HasSubstr("a header is malformed"));
}

TEST(CutAnswer, NoFinalStatusLineWithinTheLimitsIsNoAnswerAndSaysWhy) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", ok = "HTTP/1.1 200 OK\r\n\r\n";
  std::string flood;
  for (int i = 0; i < 50'000; ++i) flood += interim;
  for (const auto& [bytes, why] :
       {std::pair{"HTTP/1.1 200 " + std::string(200'000, 'y') + "\r\n\r\n",
                  "the status line is longer than 102400 bytes"},
        {flood + ok, "the headers of interim answers (1xx) are too long"},
        {"HTTP/1.1 103 E\r\nLink: " + std::string(200'000, 'y') + "\r\n\r\n" + ok, "the headers of interim answers"},
        {"HTTP/1.1 103 E\r\nLink\r\n\r\n" + ok, "Header without colon"}}) {
    const ScriptedPeer peer({{bytes}});
    const auto answer = ask(peer);
    ASSERT_FALSE(answer) << why;
    EXPECT_EQ(answer.error().code, Code::unavailable) << why;
    EXPECT_THAT(answer.error().message, HasSubstr(why));
    EXPECT_THAT(answer.error().message, Not(HasSubstr("HTTP/2")));
  }
}

TEST(CutAnswer, FinalHeadersAfterManyInterimOnesAreAnAnswer) {
  std::string interim;
  for (int i = 0; i < 5'000; ++i) interim += "HTTP/1.1 103 Early Hints\r\nLink: a234567890123\r\n\r\n";
  const ScriptedPeer peer({{interim + "HTTP/1.1 200 OK\r\nX: " + std::string(90'000, 'x') + "\r\n\r\n"}});
  const auto answer = ask(peer);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  ASSERT_TRUE(answer->cut);
  EXPECT_EQ(answer->cut->by, Cut::By::size_limit);
}

TEST(CutAnswer, InterimResponsesAreNoAnswer) {
  for (const auto& [bytes, then] : {std::pair{"HTTP/1.1 103 Early Hints\r\n\r\n", Then::keep},
                                    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Then::close},
                                    {"HTTP/1.1 100 Continue\r\n\r\n", Then::repeat}}) {
    const ScriptedPeer peer({{bytes, then, bytes}});
    const auto answer = ask(peer, {}, 300ms);
    ASSERT_FALSE(answer) << bytes;
    EXPECT_EQ(answer.error().code, Code::unavailable) << bytes;
  }
  const ScriptedPeer peer(
      {{"HTTP/1.1 100 Continue\r\nRetry-After: 1\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After: 7\r\n"
        "Content-Length: 9\r\n\r\nabc",
        Then::reset}});
  const auto answer = ask(peer);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(header(*answer, "Retry-After"), "7");
  EXPECT_TRUE(answer->cut);
}

TEST(CutAnswer, HeadersAtTheirLimitAreWholeAndLongerOnesAreCut) {
  const std::string begin = "HTTP/1.1 200 OK\r\nRetry-After: 7\r\nContent-Length: 0\r\n",
                    line = "X: " + std::string(95, 'x');
  const size_t rest = kResponseHeaderBytesMax - begin.size() - std::string_view("\r\n").size();
  std::string filling;
  for (size_t i = 0; i + 1 < rest / 100; ++i) filling += line + "\r\n";
  const auto fill = [&](size_t bytes) { return "Y: " + std::string(bytes - filling.size() - 5, 'y') + "\r\n"; };

  const ScriptedPeer at({{begin + filling + fill(rest) + "\r\n"}});
  const auto whole = ask(at);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_FALSE(whole->cut) << whole->cut->reason;

  for (const std::string& bytes :
       {begin + filling + fill(rest + 1) + "\r\n", begin + "X: " + std::string(200'000, 'x') + "\r\n\r\n"}) {
    const ScriptedPeer over({{bytes}});
    const auto cut = ask(over);
    ASSERT_TRUE(cut) << cut.error().message;
    EXPECT_EQ(cut->status, 200);
    ASSERT_TRUE(cut->cut);
    EXPECT_EQ(cut->cut->by, Cut::By::size_limit);
    EXPECT_THAT(cut->cut->reason, HasSubstr("65536 bytes"));
    EXPECT_EQ(header(*cut, "Retry-After"), "7");
  }
  const ScriptedPeer endless({{begin, Then::repeat, line + "\r\n"}});
  const auto cut = ask(endless);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ(cut->cut->by, Cut::By::size_limit);
}

TEST(CutAnswer, TrailersAreNoHeadersAndHaveALimit) {
  const std::string head = "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n";
  const ScriptedPeer peer({{head + "Retry-After: 7\r\nHTTP/1.1: 200\r\n\r\n"}});
  const auto whole = ask(peer);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->status, 503);
  EXPECT_EQ(whole->body, "abc");
  EXPECT_EQ(header(*whole, "Retry-After"), std::nullopt);
  EXPECT_EQ(header(*whole, "Transfer-Encoding"), "chunked");
  EXPECT_FALSE(whole->cut);

  const ScriptedPeer endless({{head, Then::repeat, "X: 1\r\n"}});
  const auto cut = ask(endless);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ(cut->status, 503);
  EXPECT_EQ(cut->body, "abc");
  ASSERT_TRUE(cut->cut);
  EXPECT_EQ(cut->cut->by, Cut::By::size_limit);
}

TEST(CutAnswer, AWholeAnswerBeforeTheBodysTimeLimitKeepsItsConnection) {
  const ScriptedPeer peer({{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  const auto client = Client::create({.body_timeout = 1h});
  for (int i = 0; i < 3; ++i) {
    const auto answer = client->call({.url = peer.url()});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_FALSE(answer->cut);
  }
  EXPECT_EQ(peer.connections(), 1u);
}

}  // namespace
}  // namespace vf::http
