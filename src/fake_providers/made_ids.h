// Identifiers in the forms that providers use, made from a seeded random source. Pure functions.
#pragma once

#include <string>

#include "base/random.h"
#include "base/time.h"

namespace vf::fake_providers {

/// 26 characters of Crockford's base 32: 48 bits of milliseconds, 80 random bits.
std::string make_ulid(Instant at, Random& random);
/// Version 4, lower-case.
std::string make_uuid(Random& random);
/// 24 hex digits, as MongoDB makes them: seconds, then random bits.
std::string make_object_id(Instant at, Random& random);
/// `count` lower-case hex digits.
std::string make_hex(size_t count, Random& random);

}  // namespace vf::fake_providers
