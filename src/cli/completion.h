// Shell completion: generates scripts from the tree of commands, so that they always agree with it. Pure functions.
#pragma once

#include <string>

#include "cli/command.h"

namespace vf::cli {

/// Each returns a script that the shell sources: `source <(vf completion bash)`.
std::string bash_completion(const Command& root);
std::string zsh_completion(const Command& root);
std::string fish_completion(const Command& root);

}  // namespace vf::cli
