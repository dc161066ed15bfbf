// Claims: reading them, checking those with a meaning, writing them as ASCII JSON.
#pragma once

#include "keyring.hpp"

#include <algorithm>
#include <cmath>

namespace token {

constexpr std::size_t payload_bytes_max = 8 * 1024;
constexpr int depth_max = 64;
/// JSON readers stop somewhere: the service's own here.
constexpr int reading_depth_max = 127;

/// Levels of arrays and objects in a value, 0 for a number or a text.
inline int depth(const Json &value) {
    int deepest = 0;
    if (!value.is_structured()) return 0;
    for (const auto &inner : value) deepest = std::max(deepest, depth(inner));
    return deepest + 1;
}

/// Reads JSON; nothing if it is none, or too deep.
inline std::optional<Json> read(std::string_view text) {
    bool is_too_deep = false;
    auto look = [&](int level, Json::parse_event_t event, const Json &) {
        bool begins = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
        is_too_deep = is_too_deep || (begins && level >= reading_depth_max);
        return !is_too_deep;
    };
    Json value = Json::parse(text.begin(), text.end(), look, false);
    if (is_too_deep || value.is_discarded()) return std::nullopt;
    return value;
}

/// In ASCII: every other character is written as \uXXXX.
inline std::string write(const Json &value) { return value.dump(-1, ' ', true); }

[[noreturn]] inline void bad_claim(const std::string &name, const std::string &expected) {
    throw Reason("bad_claim", "the claim \"" + name + "\" must be " + expected);
}

/// The claim in seconds, where it must be there and a finite number.
inline double seconds(const Json &claims, const std::string &name) {
    auto claim = claims.find(name);
    if (claim == claims.end() || !claim->is_number() || !std::isfinite(claim->get<double>())) {
        bad_claim(name, "a finite number of seconds since 1970");
    }
    return claim->get<double>();
}

/// Puts the expiry there unless the claims bring one, which is then checked.
inline Json settle_expiry(Json &claims, const std::string &name, double now, const Keyring &keyring) {
    auto given = claims.find(name);
    if (given == claims.end()) return claims[name] = static_cast<std::uint64_t>(now) + keyring.default_seconds;
    if (!given->is_number() || !std::isfinite(given->get<double>()) || given->get<double>() < 0) {
        bad_claim(name, "a finite number of seconds since 1970, not negative");
    }
    if (given->get<double>() > now + static_cast<double>(keyring.longest_seconds)) {
        throw Reason("lifetime_too_long", "the claims ask for an expiry further ahead than the " +
                                              std::to_string(keyring.longest_seconds) + " seconds that are granted");
    }
    return *given;
}

/// The claims as a token's payload, what stands under `private` sealed.
inline Bytes sealed_payload(Json &claims, const Secret &secret) {
    auto open = claims.find("private");
    if (open != claims.end()) *open = seal(secret, write(*open));
    Bytes payload = write(claims);
    if (payload.size() > payload_bytes_max) {
        throw Reason("claims_too_large", "the claims take " + std::to_string(payload.size()) + " bytes, a token carries at most " +
                                             std::to_string(payload_bytes_max));
    }
    return payload;
}

/// Opens what stands under `private`, with the first of the secrets that fits.
inline void open_sealed(Json &claims, const std::vector<const Secret *> &secrets) {
    auto sealed = claims.find("private");
    if (sealed == claims.end()) return;
    try {
        Bytes bytes = decode_padded(sealed->is_string() ? sealed->get_ref<const std::string &>() : "!");
        for (const Secret *secret : secrets) {
            auto text = open(*secret, bytes);
            auto value = text ? read(*text) : std::nullopt;
            if (value) {
                *sealed = *value;
                return;
            }
        }
    } catch (const Reason &) {
        // It is no base64: nothing of ours.
    }
    throw Reason("seal_broken", "the sealed part does not open with any loaded secret");
}

} // namespace token
