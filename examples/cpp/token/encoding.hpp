// Bytes and texts of tokens: URL-safe base64 in its one correct spelling, keys derived with HKDF, random bytes.
#pragma once

#include <cryptopp/hkdf.h>
#include <cryptopp/osrng.h>
#include <cryptopp/sha.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace token {

using Bytes = std::string;

inline const CryptoPP::byte *raw(std::string_view bytes) { return reinterpret_cast<const CryptoPP::byte *>(bytes.data()); }
inline CryptoPP::byte *raw(std::string &bytes) { return reinterpret_cast<CryptoPP::byte *>(bytes.data()); }

/// Why a token is not believed, or claims are not signed: a name for programs, a text for people.
struct Reason : std::runtime_error {
    Reason(std::string reason, const std::string &text) : std::runtime_error(text), name(std::move(reason)) {}
    std::string name;
};

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

inline std::string encode_unpadded(std::string_view bytes) {
    std::string text;
    unsigned bits = 0, held = 0;
    for (unsigned char byte : bytes) {
        bits = bits << 8 | byte;
        for (held += 8; held >= 6; held -= 6) text += alphabet[bits >> (held - 6) & 63];
    }
    if (held > 0) text += alphabet[bits << (6 - held) & 63];
    return text;
}

inline std::string encode_padded(std::string_view bytes) {
    std::string text = encode_unpadded(bytes);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

/// Reads it whatever its padding, and compares with what we would have written: then no text has two spellings.
template <class Encode>
Bytes decode(std::string_view text, Encode encode) {
    std::string_view digits = text.substr(0, text.find_last_not_of('=') + 1);
    if (digits.size() % 4 == 1 || text.size() - digits.size() > 2) throw Reason("bad_base64", "not URL-safe base64");
    Bytes bytes;
    unsigned bits = 0, held = 0;
    for (char digit : digits) {
        auto value = alphabet.find(digit);
        if (value == alphabet.npos) throw Reason("bad_base64", "not URL-safe base64");
        bits = bits << 6 | static_cast<unsigned>(value);
        held += 6;
        if (held >= 8) bytes += static_cast<char>(bits >> (held -= 8) & 255);
    }
    if (encode(bytes) != text) throw Reason("not_canonical", "base64 that is not in its one correct spelling");
    return bytes;
}

inline Bytes decode_padded(std::string_view text) { return decode(text, encode_padded); }
inline Bytes decode_unpadded(std::string_view text) { return decode(text, encode_unpadded); }

inline Bytes derive(std::string_view secret, std::string_view salt, std::string_view info) {
    Bytes key(32, '\0');
    CryptoPP::HKDF<CryptoPP::SHA256>().DeriveKey(raw(key), key.size(), raw(secret), secret.size(), raw(salt), salt.size(),
                                                 raw(info), info.size());
    return key;
}

inline Bytes random_bytes(std::size_t count) {
    static thread_local CryptoPP::AutoSeededRandomPool pool;
    Bytes bytes(count, '\0');
    pool.GenerateBlock(raw(bytes), bytes.size());
    return bytes;
}

inline std::string hexadecimal(std::string_view bytes) {
    std::string text;
    for (unsigned char byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

} // namespace token
