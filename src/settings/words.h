// The words by which a configuration names the values of enumerations. Used while the table of keys is built.
#pragma once

#include <array>

#include "config/value_readers.h"
#include "settings/settings.h"

namespace vf::config {

template <>
inline constexpr auto kWords<obs::Format> =
    std::to_array<Word<obs::Format>>({{"human", obs::Format::human}, {"json", obs::Format::json}});

template <>
inline constexpr auto kWords<obs::Level> = std::to_array<Word<obs::Level>>({{"debug", obs::Level::debug},
                                                                            {"info", obs::Level::info},
                                                                            {"warn", obs::Level::warn},
                                                                            {"error", obs::Level::error}});

template <>
inline constexpr auto kWords<api::Right> = std::to_array<Word<api::Right>>({{"read", api::Right::read},
                                                                            {"operate", api::Right::operate},
                                                                            {"reveal", api::Right::reveal},
                                                                            {"erase", api::Right::erase}});

template <>
inline constexpr auto kWords<lake::clickhouse::Compression> =
    std::to_array<Word<lake::clickhouse::Compression>>({{"zstd", lake::clickhouse::Compression::zstd},
                                                        {"gzip", lake::clickhouse::Compression::gzip},
                                                        {"none", lake::clickhouse::Compression::none}});

template <>
inline constexpr auto kWords<settings::SourceMode> =
    std::to_array<Word<settings::SourceMode>>({{"live", settings::SourceMode::live},
                                               {"dry-run", settings::SourceMode::dry_run},
                                               {"off", settings::SourceMode::off}});

template <>
inline constexpr auto kWords<crypto::Hash> = std::to_array<Word<crypto::Hash>>(
    {{"sha1", crypto::Hash::sha1}, {"sha256", crypto::Hash::sha256}, {"sha512", crypto::Hash::sha512}});

/// The modes that a configuration may name. `detached` is not among them: a target enters it by itself.
template <>
inline constexpr auto kWords<fanout::Mode> = std::to_array<Word<fanout::Mode>>(
    {{"live", fanout::Mode::live}, {"dry-run", fanout::Mode::dry_run}, {"paused", fanout::Mode::paused}});

template <>
inline constexpr auto kWords<fanout::Sandbox> = std::to_array<Word<fanout::Sandbox>>(
    {{"exclude", fanout::Sandbox::exclude}, {"include", fanout::Sandbox::include}, {"only", fanout::Sandbox::only}});

template <>
inline constexpr auto kWords<fanout::Delivery> =
    std::to_array<Word<fanout::Delivery>>({{"batch", fanout::Delivery::batch}, {"single", fanout::Delivery::single}});

template <>
inline constexpr auto kWords<fanout::Start> =
    std::to_array<Word<fanout::Start>>({{"now", fanout::Start::now}, {"earliest", fanout::Start::earliest}});

}  // namespace vf::config
