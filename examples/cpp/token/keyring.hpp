// What tokens are signed and checked with, as the service hands it over, and what is done with it, by Crypto++.
#pragma once

#include "encoding.hpp"

#include <cryptopp/aes.h>
#include <cryptopp/eccrypto.h>
#include <cryptopp/gcm.h>
#include <cryptopp/hmac.h>
#include <cryptopp/oids.h>
#include <cryptopp/queue.h>
#include <cryptopp/rsa.h>
#include <cryptopp/xed25519.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace token {

using Json = nlohmann::json;

/// A secret, and the key that signs tokenlib tokens.
struct Secret {
    explicit Secret(Bytes secret)
        : bytes(std::move(secret)), signing(derive(bytes, {}, "services.mozilla.com/tokenlib/v1/signing")) {}

    Bytes sign(std::string_view message) const {
        CryptoPP::HMAC<CryptoPP::SHA256> hmac(raw(signing), signing.size());
        Bytes signature(hmac.DigestSize(), '\0');
        hmac.CalculateDigest(raw(signature), raw(message), message.size());
        return signature;
    }
    bool verifies(std::string_view message, std::string_view signature) const {
        Bytes own = sign(message);
        return own.size() == signature.size() && CryptoPP::VerifyBufsEqual(raw(own), raw(signature), own.size());
    }

    Bytes bytes;
    Bytes signing;
};

/// A private key for JWTs, of one algorithm.
class Key {
public:
    explicit Key(const Bytes &pkcs8) {
        using namespace std::string_literals;
        auto names = [&](const std::string &identifier) { return std::string_view(pkcs8).substr(0, 40).find(identifier) != Bytes::npos; };
        if (names("\x06\x03\x2b\x65\x70"s)) {
            // The seed is an OCTET STRING within an OCTET STRING.
            auto place = pkcs8.find("\x04\x22\x04\x20");
            if (place == Bytes::npos || place + 36 > pkcs8.size()) throw std::runtime_error("no Ed25519 key");
            CryptoPP::ed25519::Signer signer(raw(std::string_view(pkcs8).substr(place + 4)));
            take("EdDSA", signer, CryptoPP::ed25519::Verifier(signer));
        } else if (names("\x2a\x86\x48\xce\x3d\x02\x01"s)) {
            using Scheme = CryptoPP::ECDSA<CryptoPP::ECP, CryptoPP::SHA256>;
            Scheme::PrivateKey key;
            load(key, pkcs8);
            Scheme::PublicKey open;
            key.MakePublicKey(open);
            take("ES256", Scheme::Signer(key), Scheme::Verifier(open));
        } else {
            using Scheme = CryptoPP::RSASS<CryptoPP::PKCS1v15, CryptoPP::SHA256>;
            CryptoPP::RSA::PrivateKey key;
            load(key, pkcs8);
            take("RS256", Scheme::Signer(key), Scheme::Verifier(CryptoPP::RSA::PublicKey(key)));
        }
    }

    const std::string &algorithm() const { return algorithm_; }

    Bytes sign(std::string_view message) const {
        CryptoPP::AutoSeededRandomPool pool;
        Bytes signature(signer_->MaxSignatureLength(), '\0');
        signature.resize(signer_->SignMessage(pool, raw(message), message.size(), raw(signature)));
        return signature;
    }
    bool verifies(std::string_view message, std::string_view signature) const {
        return signature.size() == verifier_->SignatureLength() &&
               verifier_->VerifyMessage(raw(message), message.size(), raw(signature), signature.size());
    }

private:
    template <class PrivateKey>
    static void load(PrivateKey &key, const Bytes &pkcs8) {
        CryptoPP::ByteQueue queue;
        queue.Put(raw(std::string_view(pkcs8)), pkcs8.size());
        key.Load(queue);
    }
    template <class Signer, class Verifier>
    void take(std::string algorithm, const Signer &signer, const Verifier &verifier) {
        algorithm_ = std::move(algorithm);
        signer_ = std::make_shared<Signer>(signer);
        verifier_ = std::make_shared<Verifier>(verifier);
    }

    std::string algorithm_;
    std::shared_ptr<const CryptoPP::PK_Signer> signer_;
    std::shared_ptr<const CryptoPP::PK_Verifier> verifier_;
};

/// What the service hands over.
struct Keyring {
    explicit Keyring(const Json &written)
        : default_seconds(written.at("default_seconds")), longest_seconds(written.at("longest_seconds")) {
        for (const std::string secret : written.at("secrets")) secrets.emplace_back(decode_padded(secret));
        for (const std::string key : written.at("keys")) keys.emplace_back(decode_padded(key));
        if (secrets.empty()) throw std::runtime_error("a keyring needs at least one secret");
    }

    std::vector<Secret> secrets;
    std::vector<Key> keys;
    std::uint64_t default_seconds;
    std::uint64_t longest_seconds;
};

/// Encrypts with AES-256-GCM under a key of its own: salt (16 bytes), nonce (12), ciphertext, tag (16), in base64.
inline std::string seal(const Secret &secret, std::string_view text) {
    Bytes salt = random_bytes(16), nonce = random_bytes(12), key = derive(secret.bytes, salt, "powerhose/token/seal/v1");
    CryptoPP::GCM<CryptoPP::AES>::Encryption cipher;
    cipher.SetKeyWithIV(raw(key), key.size(), raw(nonce), nonce.size());
    Bytes sealed(text.size() + 16, '\0');
    cipher.EncryptAndAuthenticate(raw(sealed), raw(sealed) + text.size(), 16, raw(nonce), 12, nullptr, 0, raw(text), text.size());
    return encode_padded(salt + nonce + sealed);
}

/// Opens what one secret has sealed; nothing if it has not.
inline std::optional<Bytes> open(const Secret &secret, std::string_view sealed) {
    if (sealed.size() < 16 + 12 + 16) return std::nullopt;
    Bytes salt(sealed.substr(0, 16)), nonce(sealed.substr(16, 12)), key = derive(secret.bytes, salt, "powerhose/token/seal/v1");
    std::string_view rest = sealed.substr(28);
    CryptoPP::GCM<CryptoPP::AES>::Decryption cipher;
    cipher.SetKeyWithIV(raw(key), key.size(), raw(nonce), nonce.size());
    Bytes text(rest.size() - 16, '\0');
    bool is_good = cipher.DecryptAndVerify(raw(text), raw(rest) + text.size(), 16, raw(nonce), 12, nullptr, 0, raw(rest), text.size());
    return is_good ? std::optional(text) : std::nullopt;
}

} // namespace token
