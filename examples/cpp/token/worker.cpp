// A token worker in C++: what examples/token's own workers do, signed and derived by Crypto++. The service starts it as
// `token-worker worker --keyring PATH`.
#include "claims.hpp"

#include <powerhose.hpp>

#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace token {

constexpr std::size_t token_characters_max = 16 * 1024;

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char byte) { return byte < 128; });
}

/// A tokenlib payload's salt.
std::string salt_of(const Json &claims) {
    auto salt = claims.find("salt");
    if (salt == claims.end() || !salt->is_string() || !is_ascii(salt->get_ref<const std::string &>())) {
        bad_claim("salt", "a string of ASCII characters");
    }
    return *salt;
}

std::string derived_secret(const Secret &secret, const std::string &salt, const std::string &token) {
    return encode_padded(derive(secret.bytes, salt, "services.mozilla.com/tokenlib/v1/derive/" + token));
}

Json sign_tokenlib(Json claims, const Keyring &keyring, double now) {
    const Secret &secret = keyring.secrets.front();
    Json expires = settle_expiry(claims, "expires", now, keyring);
    if (!claims.contains("salt")) claims["salt"] = hexadecimal(random_bytes(3));
    std::string salt = salt_of(claims);
    Bytes payload = sealed_payload(claims, secret);
    std::string token = encode_padded(payload + secret.sign(payload));
    return {{"token", token}, {"secret", derived_secret(secret, salt, token)}, {"expires", expires}};
}

/// Checks the claims of a JWT that have a meaning, `exp` apart.
void check_types(const Json &claims) {
    for (const char *name : {"iat", "nbf"}) {
        if (claims.contains(name)) seconds(claims, name);
    }
    if (claims.contains("jti") && !claims["jti"].is_string()) bad_claim("jti", "a string");
}

Json sign_jwt(Json claims, const Key &key, const Keyring &keyring, double now) {
    Json expires = settle_expiry(claims, "exp", now, keyring);
    if (!claims.contains("iat")) claims["iat"] = static_cast<std::uint64_t>(now);
    if (!claims.contains("jti")) claims["jti"] = hexadecimal(random_bytes(16));
    check_types(claims);
    Bytes payload = sealed_payload(claims, keyring.secrets.front());
    std::string header = R"({"alg":")" + key.algorithm() + R"(","typ":"JWT"})";
    std::string token = encode_unpadded(header) + "." + encode_unpadded(payload);
    return {{"token", token + "." + encode_unpadded(key.sign(token))}, {"expires", expires}};
}

Json sign(const Json &claims, const std::optional<std::string> &algorithm, const Keyring &keyring, double now) {
    if (algorithm && *algorithm != "EdDSA" && *algorithm != "ES256" && *algorithm != "RS256") {
        throw Reason("unknown_algorithm",
                     "unknown algorithm, expected EdDSA, ES256 or RS256 (or none given, for a tokenlib token)");
    }
    if (depth(claims) > depth_max) {
        throw Reason("claims_too_deep", "the claims are nested more than " + std::to_string(depth_max) + " levels deep");
    }
    if (!claims.is_object()) throw Reason("not_an_object", "the claims must be a JSON object");
    if (!algorithm) return sign_tokenlib(claims, keyring, now);
    for (const Key &key : keyring.keys) {
        if (key.algorithm() == *algorithm) return sign_jwt(claims, key, keyring, now);
    }
    throw Reason("no_key", "no key for " + *algorithm + " is loaded");
}

Json payload_object(std::string_view payload) {
    auto claims = read(payload);
    if (!claims || !claims->is_object()) throw Reason("bad_payload", "correctly signed, but the payload is not a JSON object");
    return *claims;
}

void check_expiry(const Json &claims, const std::string &name, double now) {
    if (seconds(claims, name) <= now) throw Reason("expired", "the token has expired");
}

Json verify_tokenlib(const std::string &token, const Keyring &keyring, double now) {
    Bytes bytes = decode_padded(token);
    if (bytes.size() < 2 + 32) throw Reason("truncated", "too short to hold claims and a signature");
    std::string_view payload = std::string_view(bytes).substr(0, bytes.size() - 32);
    std::string_view signature = std::string_view(bytes).substr(payload.size());
    auto signer = std::find_if(keyring.secrets.begin(), keyring.secrets.end(),
                               [&](const Secret &secret) { return secret.verifies(payload, signature); });
    if (signer == keyring.secrets.end()) throw Reason("tampered", "the signature does not belong to these bytes");
    if (!is_ascii(payload)) throw Reason("bad_payload", "correctly signed, but the payload is not ASCII");
    Json claims = payload_object(payload);
    std::string salt = salt_of(claims);
    check_expiry(claims, "expires", now);
    open_sealed(claims, {&*signer});
    return {{"claims", claims}, {"secret", derived_secret(*signer, salt, token)}};
}

[[noreturn]] void malformed(const std::string &why) { throw Reason("malformed", "not built like a token: " + why); }

Json verify_jwt(const std::string &token, const Keyring &keyring, double now) {
    auto last = token.rfind('.'), first = token.find('.');
    if (first == last || token.find('.', first + 1) != last) malformed("a JWT has three parts");
    std::string message = token.substr(0, last);
    auto header = read(decode_unpadded(token.substr(0, first)));
    if (!header || !header->is_object()) malformed("the header is no JSON object");
    // RFC 7515, 4.1.11: whoever does not understand what is listed here must refuse, and we understand none.
    if (header->contains("crit")) malformed("the header demands an extension");
    auto named = header->find("alg");
    if (named == header->end() || !named->is_string()) malformed("the header names no algorithm");
    const Reason mismatch("algorithm_mismatch", "the token names an algorithm that no loaded key signs with");
    const std::string algorithm = *named;
    if (algorithm != "EdDSA" && algorithm != "ES256" && algorithm != "RS256") throw mismatch;
    Bytes payload = decode_unpadded(token.substr(first + 1, last - first - 1)), signature = decode_unpadded(token.substr(last + 1));
    bool has_key = false, is_good = false;
    for (const Key &key : keyring.keys) {
        if (key.algorithm() != algorithm) continue;
        has_key = true;
        is_good = is_good || key.verifies(message, signature);
    }
    if (!has_key) throw mismatch;
    if (!is_good) throw Reason("tampered", "the signature does not belong to these bytes");
    Json claims = payload_object(payload);
    check_types(claims);
    check_expiry(claims, "exp", now);
    if (claims.contains("nbf") && seconds(claims, "nbf") > now) throw Reason("not_yet_valid", "the token is not valid yet");
    std::vector<const Secret *> secrets;
    for (const Secret &secret : keyring.secrets) secrets.push_back(&secret);
    open_sealed(claims, secrets);
    return {{"claims", claims}, {"alg", algorithm}};
}

Json verify(const std::string &token, const Keyring &keyring, double now) {
    if (token.size() > token_characters_max) {
        throw Reason("too_long", "the token is longer than " + std::to_string(token_characters_max) + " characters");
    }
    bool is_jwt = token.find('.') != std::string::npos;
    Json verified = is_jwt ? verify_jwt(token, keyring, now) : verify_tokenlib(token, keyring, now);
    // Only now are the private claims open; another issuer with our secret may have other bounds.
    for (const auto &claim : verified["claims"]) {
        if (depth(claim) >= depth_max) {
            throw Reason("bad_payload", "correctly signed, but the payload is not free of too deep nesting");
        }
    }
    return verified;
}

/// The worker: a request's bytes in, a reply's bytes out.
class Worker : public powerhose::Worker {
public:
    explicit Worker(Keyring keyring) : keyring_(std::move(keyring)) { pool("default"); }

    std::string execute(const Job &job) override {
        const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
        auto request = read(job.payload());
        const Json *sign_it = part(request, "sign"), *verify_it = part(request, "verify");
        const bool is_sign = sign_it && sign_it->contains("claims") && is_text_or_nothing(*sign_it, "alg");
        const bool is_verify = verify_it && verify_it->contains("token") && (*verify_it)["token"].is_string();
        // Its own bytes are not told: they hold secrets.
        if (!is_sign && !is_verify) throw powerhose::Failure("bad_request", "not a token request");
        try {
            if (is_verify) return Json{{"valid", verify((*verify_it)["token"], keyring_, now)}}.dump();
            std::optional<std::string> algorithm;
            if (sign_it->contains("alg") && !(*sign_it)["alg"].is_null()) algorithm = (*sign_it)["alg"];
            return Json{{"signed", sign((*sign_it)["claims"], algorithm, keyring_, now)}}.dump();
        } catch (const Reason &reason) {
            Json told{{"reason", reason.name}, {"text", reason.what()}};
            return Json{{is_verify ? "invalid" : "refused", told}}.dump();
        } catch (const CryptoPP::Exception &) {
            throw powerhose::Failure("internal", "the cryptography library failed");
        }
    }

private:
    /// What stands under the only name of a request, if it is this one.
    static const Json *part(const std::optional<Json> &request, const char *name) {
        bool is_it = request && request->is_object() && request->size() == 1 && request->contains(name);
        return is_it && (*request)[name].is_object() ? &(*request)[name] : nullptr;
    }
    static bool is_text_or_nothing(const Json &object, const char *name) {
        return !object.contains(name) || object[name].is_null() || object[name].is_string();
    }

    Keyring keyring_;
};

} // namespace token

int main(int count, char **arguments) {
    try {
        if (count != 4 || std::strcmp(arguments[1], "worker") != 0 || std::strcmp(arguments[2], "--keyring") != 0) {
            std::cerr << "usage: token-worker worker --keyring PATH\n";
            return 64;
        }
        powerhose::log_to_stderr();
        std::ifstream file(arguments[3], std::ios::binary);
        if (!file) throw std::runtime_error("cannot read the keyring; has the program that laid it out ended?");
        std::string written{std::istreambuf_iterator<char>(file), {}};
        token::Worker(token::Keyring(token::Json::parse(written))).run();
        return 0;
    } catch (const std::exception &error) {
        std::cerr << "token-worker: " << error.what() << '\n';
        return 1;
    }
}
