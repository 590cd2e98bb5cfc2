// The command families: each has one file and one line in the table below. A family is a function add_<name>(root) that
// adds its commands under `root`; it runs once, before the arguments are parsed. One thread. An example:
//
//   // channels.cc: vf channels list [--limit N]
//   void add_channels(const Command& root) {
//     const Command family = root.add_group("channels", "The channels that the hub serves");
//     auto limit = std::make_shared<int>(50);                         // shared: lives as long as the command
//     const Command list = family.add({"list", "Channels, newest first", [limit](Session& session) {
//       const auto config = session.load(session.load_params(settings::Role::client));
//       if (!config) return kWrongUsage;
//       const auto found = ask(*config, *limit);
//       if (!found) return session.fail(found.error());
//       session.out() << (session.json ? to_json(*found) : to_table(*found));
//       return kDone;
//     }});
//     list.option("--limit", *limit, "At most this many").between(1, 1000);
//   }
#pragma once

#include "cli/command.h"
#include "cli/session.h"

namespace vf::cli {

// clang-format off
/// The table of families, in the order of --help.
#define VF_COMMAND_FAMILIES(family) \
  family(roles) \
  family(migrate) \
  family(events) \
  family(targets) \
  family(dead) \
  family(quarantine) \
  family(jobs) \
  family(runs) \
  family(lake) \
  family(probe) \
  family(doctor) \
  family(sim) \
  family(config) \
  family(completion)
// clang-format on

#define VF_DECLARE_FAMILY(name) void add_##name(const Command& root);
VF_COMMAND_FAMILIES(VF_DECLARE_FAMILY)
#undef VF_DECLARE_FAMILY

}  // namespace vf::cli
