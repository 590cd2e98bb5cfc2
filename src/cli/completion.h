// Shell completion: scripts written from the tree of commands, so that they never lag behind it. Pure functions.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace vf::cli {

/// Each is a script to be sourced: `source <(vf completion bash)`.
std::string bash_completion(const CLI::App& root);
std::string zsh_completion(const CLI::App& root);
std::string fish_completion(const CLI::App& root);

}  // namespace vf::cli
