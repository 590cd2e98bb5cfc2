#include "cli/cli.h"

#include <cerrno>
#include <cstring>

#include "cli/families.h"
#include "cli/printable.h"

namespace vf::cli {
namespace {

void add_global_flags(const Command& root, Session& session) {
  root.option("--config", session.config_file, "Configuration file").from_environment("VF_CONFIG").placeholder("FILE");
  root.option("--set", session.sets, "Override a configuration key for this run; repeatable")
      .placeholder("KEY=VALUE")
      .repeatable();
  root.flag("--json", session.json, "Answer in JSON");
}

int run_command(const std::vector<std::string>& arguments, Session& session) {
  const CommandLine line({.name = "vf",
                          .description =
                              "Verifluence's event hub: receives webhooks, verifies and stores them, delivers "
                              "them to environments",
                          .version = std::string("vf ") + kVersion,
                          .footer = "--config, --set and --json may stand anywhere. Exit codes: 0 done, 1 a negative "
                                    "answer or failure, 2 wrong usage or configuration."});
  add_global_flags(line.root(), session);
#define VF_ADD_FAMILY(name) add_##name(line.root());
  VF_COMMAND_FAMILIES(VF_ADD_FAMILY)
#undef VF_ADD_FAMILY
  const auto meaning = line.parse(arguments);
  if (!meaning.mistake.empty()) return session.misuse(meaning.mistake);
  if (meaning.run) return meaning.run(session);
  session.out() << meaning.text;
  return kDone;
}

}  // namespace

// What a command has done although its output was lost stays done; the exit code says that the output is not whole. A
// reader that has closed the pipe (`| head`) has what it wants.
int run(const std::vector<std::string>& arguments, Streams streams) {
  PrintableStream out(streams.out), err(streams.err);
  Session session{.streams = {out, err}, .plain_err = &streams.err};
  const int code = run_command(arguments, session);
  const int failure = out.finish();
  if (failure == 0 || failure == EPIPE) return code;
  session.fail(unavailable(std::string("the output could not be written (") + std::strerror(failure) +
                           "): make room where the standard output goes, or send it elsewhere"));
  return code == kDone ? kFailed : code;
}

}  // namespace vf::cli
