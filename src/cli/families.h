// The command families: one file and one line each. A family is a function add_<name>(root, session) that hangs its
// commands under `root`; it runs once, before the arguments are read. One thread.
//
//   // channels.cc: vf channels list [--limit N]
//   void add_channels(CLI::App& root, Session& session) {
//     CLI::App& family = add_group(root, "channels", "The channels that the hub serves");
//     auto limit = std::make_shared<int>(50);                         // lives as long as the command
//     CLI::App& list = add_command(family, session, {"list", "Channels, newest first", [limit](Session& s) {
//       const auto config = s.load(s.load_params(settings::Role::client));
//       if (!config) return kWrongUsage;
//       const auto found = ask(*config, *limit);
//       if (!found) return s.fail(found.error());
//       s.out() << (s.json ? to_json(*found) : to_table(*found));
//       return kDone;
//     }});
//     list.add_option("--limit", *limit, "At most this many")->check(CLI::Range(1, 1000));
//   }
#pragma once

#include <functional>
#include <string>

#include "cli/session.h"

namespace CLI {
class App;
}

namespace vf::cli {

// clang-format off
/// The table. In the order of --help.
#define VF_COMMAND_FAMILIES(family) \
  family(roles) \
  family(migrate) \
  family(events) \
  family(targets) \
  family(dead) \
  family(lake) \
  family(probe) \
  family(doctor) \
  family(sim) \
  family(config) \
  family(completion)
// clang-format on

#define VF_DECLARE_FAMILY(name) void add_##name(CLI::App& root, Session& session);
VF_COMMAND_FAMILIES(VF_DECLARE_FAMILY)
#undef VF_DECLARE_FAMILY

struct CommandParams {
  std::string name;
  std::string description;               // one line, no full stop
  std::function<int(Session&)> command;  // returns the exit code
};

/// A command under `parent`. Add its options to what is returned.
CLI::App& add_command(CLI::App& parent, Session& session, CommandParams params);
/// A name that only holds commands.
CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description);

}  // namespace vf::cli
