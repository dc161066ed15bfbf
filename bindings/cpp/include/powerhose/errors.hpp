// What calls throw, and how the errors of the library become that. Part of powerhose.hpp.
#ifndef POWERHOSE_ERRORS_HPP
#define POWERHOSE_ERRORS_HPP

#include <powerhose/view.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace powerhose {

/// What went wrong: the fields of `powerhose_error`. `what()` is its message.
class Error : public std::runtime_error {
public:
    explicit Error(const powerhose_error &error)
        : std::runtime_error(error.message), facts_(std::make_shared<const Facts>(error)) {}

    powerhose_status status() const { return facts_->seen.status; }
    /// Its status as a word: `timed_out`.
    std::string status_name() const { return powerhose_status_name(status()); }
    const std::string &code() const { return facts_->code; }
    const std::string &text() const { return facts_->text; }

protected:
    struct Facts {
        explicit Facts(const powerhose_error &error) : seen(error), code(error.code), text(error.text) {
            // The texts are the library's, and freed with its error.
            seen.message = seen.code = seen.text = nullptr;
            seen.texts = nullptr;
        }
        powerhose_error seen;
        std::string code;
        std::string text;
    };
    const powerhose_error &seen() const { return facts_->seen; }

private:
    // Copying an exception must not throw.
    std::shared_ptr<const Facts> facts_;
};

/// Why a job has no reply.
class JobError : public Error {
public:
    using Error::Error;
    /// The job's id; 0 if it never reached a master.
    std::uint64_t job() const { return seen().job; }
    /// The worker that answered or died; 0 if none had it.
    std::uint64_t worker() const { return seen().worker; }
    /// How often it was dispatched.
    std::uint32_t attempts() const { return seen().attempts; }
    /// Whether a worker may have begun it. If not, it can be submitted again whatever it does.
    bool may_have_run() const { return seen().may_have_run; }
    /// Whether the same job may succeed when it is submitted again.
    bool is_retryable() const { return seen().is_retryable; }
    /// Whether there is too much to do, or nobody to do it.
    bool is_overload() const { return seen().is_overload; }
    /// When to come back at the earliest, if the master says so; else 0.
    Milliseconds retry_after() const { return Milliseconds(seen().retry_after_ms); }
    /// The status with which a web service may answer.
    std::uint32_t http_status() const { return seen().http_status; }
    /// The signal that ended the worker with which it was lost; 0 if none did or nobody knows.
    int worker_signal() const { return seen().worker_signal; }
    /// The status with which that worker exited; -1 if it did not or nobody knows.
    int worker_exit_status() const { return seen().worker_exit_status; }
};

/// The handler gave an error: `code()` and `text()` are its own.
class JobFailed : public JobError { using JobError::JobError; };
/// The deadline passed.
class JobTimedOut : public JobError { using JobError::JobError; };
/// It was cancelled.
class JobCancelled : public JobError { using JobError::JobError; };
/// It was lost with its worker or with the master.
class JobLost : public JobError { using JobError::JobError; };
/// It was refused before any worker had it; `code()` says why. Also any call after a fork (`forked`).
class JobRejected : public JobError { using JobError::JobError; };
/// An argument is not what it must be.
class InvalidArgument : public Error { using Error::Error; };
/// The call is not allowed now.
class Misuse : public Error { using Error::Error; };
/// No master answered.
class Unreachable : public Error { using Error::Error; };
/// The master refused this client, worker or order.
class Refused : public Error { using Error::Error; };
/// A master cannot listen there.
class InUse : public Error { using Error::Error; };
/// Too few workers came in time.
class WorkersMissing : public Error { using Error::Error; };
/// Some jobs ended without a reply while the master drained.
class JobsLost : public Error { using Error::Error; };
/// The system refused something.
class SystemError : public Error { using Error::Error; };
/// The library is broken: a bug.
class InternalError : public Error { using Error::Error; };

/// What a handler throws to fail its job: a code for the caller's program, a text for its people.
class Failure : public std::runtime_error {
public:
    Failure(std::string code, const std::string &text) : std::runtime_error(text), code_(std::move(code)) {}
    const std::string &code() const { return code_; }

private:
    std::string code_;
};

namespace detail {

template <auto free>
struct Free {
    template <class T>
    void operator()(T *thing) const { free(thing); }
};
template <class T, auto free>
using Owned = std::unique_ptr<T, Free<free>>;
using OwnedError = Owned<powerhose_error, powerhose_error_free>;

/// Throws the error as the class of its kind, and frees it.
[[noreturn]] inline void raise(powerhose_error *raw) {
    OwnedError error(raw);
    if (!error) throw std::bad_alloc();
    switch (error->status) {
    case POWERHOSE_FAILED: throw JobFailed(*error);
    case POWERHOSE_TIMED_OUT: throw JobTimedOut(*error);
    case POWERHOSE_CANCELLED: throw JobCancelled(*error);
    case POWERHOSE_LOST: throw JobLost(*error);
    case POWERHOSE_REJECTED: throw JobRejected(*error);
    case POWERHOSE_INVALID: throw InvalidArgument(*error);
    case POWERHOSE_MISUSE: throw Misuse(*error);
    case POWERHOSE_UNREACHABLE: throw Unreachable(*error);
    case POWERHOSE_REFUSED: throw Refused(*error);
    case POWERHOSE_IN_USE: throw InUse(*error);
    case POWERHOSE_WORKERS_MISSING: throw WorkersMissing(*error);
    case POWERHOSE_JOBS_LOST: throw JobsLost(*error);
    case POWERHOSE_SYSTEM: throw SystemError(*error);
    default: throw InternalError(*error);
    }
}

/// Calls a function of the library with room for an error, and throws that if it comes.
template <class Call>
auto checked(Call call) {
    powerhose_error *error = nullptr;
    auto result = call(&error);
    if (error) raise(error);
    return result;
}

inline std::uint64_t ms(Milliseconds time) { return time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count()); }

/// Below so many bytes, to copy costs less than to lend.
constexpr std::size_t lent_from = 16384;

/// Lent bytes are not needed any longer.
inline void delete_string(void *string) { delete static_cast<std::string *>(string); }

inline std::string take(char *text) {
    Owned<char, powerhose_string_free> owned(text);
    return owned.get();
}

} // namespace detail

} // namespace powerhose

#endif
