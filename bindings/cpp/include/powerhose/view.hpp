// Bytes that somebody else owns. Part of powerhose.hpp.
#ifndef POWERHOSE_VIEW_HPP
#define POWERHOSE_VIEW_HPP

#include <powerhose.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#if __cplusplus >= 202002L
#include <span>
#endif

namespace powerhose {

using Milliseconds = std::chrono::milliseconds;

/// The version of the library that is linked.
inline std::string version() { return powerhose_version(); }

/// Whether the library that is there has the interface of these headers: for a program that may meet another one than it was built with.
inline bool is_compatible() { return powerhose_abi_version() == POWERHOSE_ABI_VERSION; }

/// A job's id as the logs have it.
inline std::string job_id_text(std::uint64_t job) {
    char text[POWERHOSE_JOB_ID_SIZE];
    powerhose_job_id_text(job, text);
    return text;
}

/// Bytes that somebody else owns.
class View {
public:
    View() = default;
    View(const void *data, std::size_t size) : data_(static_cast<const unsigned char *>(data)), size_(size) {}
    View(std::string_view text) : View(text.data(), text.size()) {}
    View(const std::string &text) : View(text.data(), text.size()) {}
    View(const char *text) : View(std::string_view(text)) {}
    View(powerhose_bytes bytes) : View(bytes.data, bytes.size) {}

    const unsigned char *data() const { return data_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const unsigned char *begin() const { return data_; }
    const unsigned char *end() const { return data_ + size_; }
    unsigned char operator[](std::size_t place) const { return data_[place]; }

    operator std::string_view() const { return {reinterpret_cast<const char *>(data_), size_}; }
    std::string str() const { return std::string(std::string_view(*this)); }
#if __cplusplus >= 202002L
    operator std::span<const std::byte>() const { return {reinterpret_cast<const std::byte *>(data_), size_}; }
#endif

private:
    const unsigned char *data_ = nullptr;
    std::size_t size_ = 0;
};

inline bool operator==(View one, View other) { return std::string_view(one) == std::string_view(other); }
inline bool operator!=(View one, View other) { return !(one == other); }

} // namespace powerhose

#endif
