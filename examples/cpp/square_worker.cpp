// A worker that squares numbers. Start one on each core: `powerhose run -- ./square-worker`.
#include <powerhose.hpp>

#include <charconv>
#include <iostream>

class Squares : public powerhose::Worker {
public:
    Squares() { pool("square"); }

    std::string execute(const Job &job) override {
        std::string_view text = job.payload();
        long long number = 0, square = 0;
        auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (problem != std::errc() || end != text.data() + text.size()) {
            throw powerhose::Failure("not_a_number", "the payload is no number");
        }
        if (__builtin_mul_overflow(number, number, &square)) throw powerhose::Failure("too_large", "the square is too large");
        return std::to_string(square);
    }
};

int main() {
    try {
        powerhose::log_to_stderr();
        Squares().run();
        return 0;
    } catch (const powerhose::Error &error) {
        std::cerr << "square-worker: " << error.what() << '\n';
        return 1;
    }
}
