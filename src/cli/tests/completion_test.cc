#include <gmock/gmock.h>
#include <stdio.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/cli.h"

namespace vf::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string script(const std::string& shell) {
  std::ostringstream out, err;
  EXPECT_EQ(run({"completion", shell}, {out, err}), 0) << err.str();
  return out.str();
}

// Asks a real bash what it offers for the last of `words`.
std::vector<std::string> offered(const std::string& words) {
  std::string path = testing::TempDir() + "vf-completion-XXXXXX";
  const std::filesystem::path dir = mkdtemp(path.data());
  std::ofstream(dir / "ask.sh")
      << script("bash") << "COMP_WORDS=(" << words
      << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_vf\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  FILE* bash = popen(("bash --norc " + (dir / "ask.sh").string()).c_str(), "r");
  std::vector<std::string> out;
  char line[1024];
  while (fgets(line, sizeof line, bash)) out.push_back(std::string(line, strlen(line) - 1));
  EXPECT_EQ(pclose(bash), 0);
  std::filesystem::remove_all(dir);
  return out;
}

TEST(Completion, BashOffersCommandsAndOptionsOfTheCommandReached) {
  EXPECT_THAT(offered("vf conf"), ElementsAre("config"));
  EXPECT_THAT(offered("vf ''"),
              AllOf(Contains("config"), Contains("completion"), Contains("--help"), Contains("--set")));
  EXPECT_THAT(offered("vf config ''"),
              AllOf(Contains("print"), Contains("keys"), Contains("--json"), Not(Contains("config"))));
  EXPECT_THAT(offered("vf --json config keys --m"), ElementsAre("--markdown"));
  EXPECT_THAT(offered("vf config print --m"), ElementsAre(""));
  EXPECT_THAT(offered("vf completion ''"), AllOf(Contains("bash"), Contains("zsh"), Contains("fish")));
}

TEST(Completion, BashOffersFilesForConfig) { EXPECT_THAT(offered("vf --config /et"), ElementsAre("/etc")); }

TEST(Completion, EveryShellCompletesEveryCommandAndOption) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(script(shell), AllOf(HasSubstr("vf config keys"), HasSubstr("markdown"), HasSubstr("vf completion zsh"),
                                     HasSubstr("json")))
        << shell;
  }
  EXPECT_THAT(script("zsh"), HasSubstr("'print:The values in force and where each comes from, secrets hidden'"));
  EXPECT_THAT(script("fish"), HasSubstr("complete -c vf -n '__vf_at \"vf config\"' -a print -d 'The values in force"));
}

}  // namespace
}  // namespace vf::cli
