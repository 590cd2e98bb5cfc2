// Attributes: which texts of a provider may become attributes of an event. They obey the type String of CloudEvents 1.0
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#type-system). Pure functions.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace vf {

inline constexpr size_t kAttributeBytesMax = 255;
inline constexpr std::string_view kUnrecognised = "unrecognised";

/// Returns whether `text` can be an attribute unchanged: 1 to kAttributeBytesMax bytes of UTF-8 without control
/// characters (U+0000 to U+001F, U+007F to U+009F) and without noncharacters (U+FDD0 to U+FDEF, U+FFFE, U+1FFFE, …).
bool is_attribute(std::string_view text);
/// Returns `text` if it can be an attribute.
std::optional<std::string> attribute(std::optional<std::string> text);

/// Joins the parts of a fact key or a subject with '/'. Returns nullopt when a part is missing, because the key would
/// not identify the fact.
std::optional<std::string> join_key(std::initializer_list<std::optional<std::string>> parts);

/// Returns "<source>.<provider_type>", the provider's text as it stands; "<source>.unrecognised" when the provider
/// names no type, or one that cannot be an attribute.
std::string event_type(std::string_view source, std::string_view provider_type);
/// Returns whether `type` is "<source>.unrecognised".
bool is_unrecognised(std::string_view source, std::string_view type);

}  // namespace vf
