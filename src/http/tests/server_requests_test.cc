// What the server makes of requests: well formed, odd, malformed, hostile; and how answers are framed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server.h"
#include "http/tests/raw_peer_test.h"

namespace vf::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

class ServerRequests : public testing::Test {
 protected:
  static void echo(Request request, Respond respond) {
    Response response;
    response.content_type = "text/plain";
    response.body = request.method + "|" + request.target + "|" + request.body + "|" + request.peer;
    if (const auto value = request.headers.unique("X-Echo")) response.headers.emplace_back("X-Echo", *value);
    response.close = request.path() == "/close";
    if (request.path() == "/empty") response.status = 204;
    respond(std::move(response));
  }

  std::unique_ptr<Server> server_ = std::move(*Server::start("test", {}, echo));
  RawPeer peer_{server_->port()};
};

TEST_F(ServerRequests, GivesMethodTargetHeadersBodyAndPeer) {
  peer_.send("PUT /a?b=c HTTP/1.1\r\nHost: h\r\nx-eCHO:  v v \r\nContent-Length: 3\r\n\r\nxyz");
  const auto answer = peer_.read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "PUT|/a?b=c|xyz|127.0.0.1");
  EXPECT_THAT(answer.head, HasSubstr("X-Echo: v v\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(answer.head, Not(HasSubstr("Connection:")));
}

TEST_F(ServerRequests, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab";
  }
  peer_.send(requests);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(peer_.read().body, "POST|/" + std::to_string(i) + "|ab|127.0.0.1");
}

TEST_F(ServerRequests, ReadsARequestThatComesByteByByte) {
  const std::string request =
      "\r\nPOST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (int round = 0; round < 2; ++round) {
    for (const char c : request) peer_.send({&c, 1});
    EXPECT_EQ(peer_.read().body, "POST|/|abcde|127.0.0.1");
  }
}

TEST_F(ServerRequests, PassesABodyOfAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 256 * 400; ++i) bytes += static_cast<char>(i);
  peer_.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" + bytes);
  EXPECT_EQ(peer_.read().body, "POST|/|" + bytes + "|127.0.0.1");
}

TEST_F(ServerRequests, AnswersHeadWithoutABodyButWithItsLength) {
  peer_.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer_.read(true).head, HasSubstr("Content-Length: 18\r\n"));
  EXPECT_EQ(peer_.read().body, "GET|/y||127.0.0.1");
}

TEST_F(ServerRequests, Sends204WithoutBodyAndLength) {
  peer_.send("GET /empty HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer_.read().head, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(peer_.read().body, "GET|/y||127.0.0.1");
}

TEST_F(ServerRequests, ClosesWhenThePeerOrTheHandlerAsks) {
  peer_.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(peer_.read().head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(peer_.is_closed());
  RawPeer other(server_->port());
  other.send("GET /close HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(other.read().head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(other.is_closed());
}

TEST_F(ServerRequests, ServesHttp10WithAndWithoutKeepAlive) {
  peer_.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(peer_.read().head, HasSubstr("Connection: keep-alive\r\n"));
  peer_.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(peer_.read().head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(peer_.is_closed());
}

TEST_F(ServerRequests, SendsContinueBeforeTheBody) {
  peer_.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer_.read().status, 100);
  peer_.send("ab");
  EXPECT_EQ(peer_.read().body, "POST|/|ab|127.0.0.1");
}

TEST_F(ServerRequests, DoesNotSendContinueToARefusedPeer) {
  peer_.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_EQ(peer_.read().status, 413);
}

TEST_F(ServerRequests, AnswersAPeerThatHasEndedItsSide) {
  peer_.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
  peer_.end_sending();
  EXPECT_EQ(peer_.read().body, "POST|/|ab|127.0.0.1");
  EXPECT_TRUE(peer_.is_closed());
}

TEST_F(ServerRequests, TakesThePathOfAnAbsoluteTarget) {
  peer_.send("GET http://h/a?b HTTP/1.1\r\nHost: h\r\n\r\nGET http://h HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(peer_.read().body, "GET|/a?b||127.0.0.1");
  EXPECT_EQ(peer_.read().body, "GET|/||127.0.0.1");
}

TEST_F(ServerRequests, RefusesARequestThatIsCutShort) {
  peer_.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
  peer_.end_sending();
  EXPECT_EQ(peer_.read().status, 400);
  EXPECT_TRUE(peer_.is_closed());
}

struct Malformed {
  const char* name;
  std::string bytes;
  int status = 400;
};

class MalformedRequests : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedRequests, AreRefusedAndTheConnectionCloses) {
  int handled = 0;
  const auto server = std::move(*Server::start("test", {}, [&](Request, Respond respond) {
    ++handled;
    respond({});
  }));
  RawPeer peer(server->port());
  peer.send(GetParam().bytes);
  const auto answer = peer.read();
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_THAT(answer.head, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("application/problem+json"));
  peer.end_sending();
  EXPECT_TRUE(peer.is_closed());
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(server->stats().malformed, 1u);
  EXPECT_EQ(server->stats().responses_4xx, 1u);
}

std::string head(std::string_view fields, std::string_view line = "POST / HTTP/1.1") {
  return std::string(line) + "\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, MalformedRequests,
    testing::Values(
        Malformed{"NotHttp", "\x16\x03\x01\x02\x00hello\r\n\r\n"s}, Malformed{"NoVersion", head("", "GET /")},
        Malformed{"TwoSpaces", head("", "GET  / HTTP/1.1")}, Malformed{"BadVersion", head("", "GET / HTTP/2.0")},
        Malformed{"LowerCaseVersion", head("", "GET / http/1.1")}, Malformed{"EmptyMethod", head("", " / HTTP/1.1")},
        Malformed{"MethodNotAToken", head("", "G(T / HTTP/1.1")},
        Malformed{"TargetNoPath", head("", "GET example HTTP/1.1")},
        Malformed{"NulInTarget", head("", std::string_view("GET /\0 HTTP/1.1", 15))},
        Malformed{"BareLf", "GET / HTTP/1.1\nHost: h\n\n"},
        Malformed{"BareLfInFields", "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n"},
        Malformed{"BareCr", "GET / HTTP/1.1\r\nHost: h\rA: b\r\n\r\n"},
        Malformed{"NulInValue", head(std::string_view("A: b\0c\r\n", 8))},
        Malformed{"NulInName", head(std::string_view("A\0: b\r\n", 7))},
        Malformed{"SpaceBeforeColon", head("A : b\r\n")}, Malformed{"NoColon", head("A\r\n")},
        Malformed{"EmptyName", head(": b\r\n")}, Malformed{"MissingHost", "GET / HTTP/1.1\r\n\r\n"},
        Malformed{"RepeatedHost", head("Host: h\r\n")},
        Malformed{"RepeatedLength", head("Content-Length: 3\r\nContent-Length: 3\r\n") + "abc"},
        Malformed{"DifferentLengths", head("Content-Length: 3\r\nContent-Length: 4\r\n") + "abcd"},
        Malformed{"ListOfLengths", head("Content-Length: 3, 3\r\n") + "abc"},
        Malformed{"SignedLength", head("Content-Length: +3\r\n") + "abc"},
        Malformed{"NegativeLength", head("Content-Length: -3\r\n") + "abc"},
        Malformed{"HexLength", head("Content-Length: 0x3\r\n") + "abc"},
        Malformed{"EmptyLength", head("Content-Length: \r\n")},
        Malformed{"HugeLength", head("Content-Length: 99999999999999999999999\r\n")},
        Malformed{"LengthAndChunked", head("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
        Malformed{"ChunkedAndLength", head("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "0\r\n\r\n"},
        Malformed{"ChunkedTwice", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
        Malformed{"ChunkedList", head("Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n"},
        Malformed{"OtherCoding", head("Transfer-Encoding: gzip\r\n")},
        Malformed{"CodingWithTab", head("Transfer-Encoding: \x0b"
                                        "chunked\r\n") +
                                       "0\r\n\r\n"},
        Malformed{"ChunkedInHttp10", head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0") + "0\r\n\r\n"},
        Malformed{"ChunkNotHex", head("Transfer-Encoding: chunked\r\n") + "zz\r\nabc\r\n0\r\n\r\n"},
        Malformed{"ChunkTooLong", head("Transfer-Encoding: chunked\r\n") + "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"},
        Malformed{"ChunkWithoutEnd", head("Transfer-Encoding: chunked\r\n") + "3\r\nabcd\r\n0\r\n\r\n"},
        Malformed{"ChunkLineEndless", head("Transfer-Encoding: chunked\r\n") + "3;" + std::string(5000, 'x')},
        Malformed{"TrailersEndless", head("Transfer-Encoding: chunked\r\n") + "0\r\nA: " + std::string(5000, 'x')},
        Malformed{"BadConnection", head("Connection: (x)\r\n")},
        Malformed{"UnknownExpectation", head("Expect: tea\r\n"), 417}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace vf::http
