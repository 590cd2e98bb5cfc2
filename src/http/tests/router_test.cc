// Router: which handler a request reaches, and the answer when it reaches none.
#include "http/router.h"

#include <gtest/gtest.h>

#include "http/client.h"

namespace vf::http {
namespace {

struct RouterTest : testing::Test {
  Router router;
  std::string reached;

  RouterTest() {
    router.add("GET", "/", [this](Request, PathValues, Respond respond) { reached = "root", respond({}); });
    router.add("GET", "/a/{id}",
               [this](Request, PathValues values, Respond respond) { reached = "get " + values[0], respond({}); });
    router.add("POST", "/a/{id}/go",
               [this](Request, PathValues values, Respond respond) { reached = "go " + values[0], respond({}); });
    router.add("DELETE", "/a/{id}", [this](Request, PathValues, Respond respond) { reached = "delete", respond({}); });
  }
  Response send(std::string method, std::string target) {
    Response response;
    router.handle({.method = std::move(method), .target = std::move(target), .headers = {}, .body = {}, .peer = {}},
                  [&response](Response r) { response = std::move(r); });
    return response;
  }
};

TEST_F(RouterTest, FindsByMethodAndPathWithoutTheQuery) {
  EXPECT_EQ(send("GET", "/a/7?x=/b").status, 200);
  EXPECT_EQ(reached, "get 7");
  send("POST", "/a/x/go");
  EXPECT_EQ(reached, "go x");
  send("GET", "/");
  EXPECT_EQ(reached, "root");
  send("HEAD", "/a/8");
  EXPECT_EQ(reached, "get 8");
}

TEST_F(RouterTest, UnknownPathsAre404AndUnknownMethods405WithAllow) {
  for (const auto* target : {"/b", "/a", "/a/", "/a/1/", "/a/1/go/on", "//a/1"})
    EXPECT_EQ(send("GET", target).status, 404) << target;
  const auto response = send("PUT", "/a/1");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header(response, "Allow"), "GET, DELETE");
}

}  // namespace
}  // namespace vf::http
