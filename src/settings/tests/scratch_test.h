// A directory of a test's own, removed at its end, and loading a configuration text inside it with chosen variables.
// Test support; one thread.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "settings/load.h"

namespace vf::settings {

class Scratch : public testing::Test {
 protected:
  Scratch() {
    std::string path = testing::TempDir() + "vf-settings-XXXXXX";
    dir_ = mkdtemp(path.data());
  }
  ~Scratch() override { std::filesystem::remove_all(dir_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    const auto path = dir_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }

  LoadParams params(Role role, const std::string& yaml) {
    LoadParams out = bare(role);
    out.file = write("vf.yaml", yaml);
    return out;
  }
  LoadParams bare(Role role) {
    LoadParams out;
    out.role = role;
    out.environment = "stage";
    out.working_dir = dir_;
    out.lookup = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    return out;
  }

  /// Every problem on a line, the directory cut off; "" when there is none.
  std::string problems(const LoadParams& params) {
    const auto loaded = load(params);
    return loaded ? "" : lines(loaded.error());
  }
  std::string warnings(const LoadParams& params) {
    const auto loaded = load(params);
    return loaded ? lines(loaded->warnings) : "failed: " + lines(loaded.error());
  }
  Settings settings(const LoadParams& params) {
    auto loaded = load(params);
    EXPECT_TRUE(loaded) << lines(loaded.error());
    return loaded ? std::move(loaded->settings) : Settings{};
  }

  std::string lines(const std::vector<config::Problem>& problems) const {
    std::string out;
    for (const config::Problem& problem : problems) out += problem.text() + "\n";
    const std::string prefix = dir_.string() + "/";
    for (size_t at = out.find(prefix); at != std::string::npos; at = out.find(prefix)) out.erase(at, prefix.size());
    return out;
  }

  std::filesystem::path dir_;
  std::map<std::string, std::string> variables_;
};

inline const std::string kWebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

}  // namespace vf::settings
