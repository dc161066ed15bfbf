// Squares the numbers from 1 to its argument on the workers of the master that POWERHOSE_ENDPOINT names.
#include <powerhose.hpp>

#include <cstdlib>
#include <iostream>

int main(int count, char **arguments) {
    try {
        const long last = count > 1 ? std::atol(arguments[1]) : 10;
        auto runner = powerhose::JobRunner::connect();
        long next = 1;
        auto squares = runner.execute_many([&]() -> std::optional<powerhose::Job> {
            if (next > last) return std::nullopt;
            return powerhose::Job(std::to_string(next++)).pool("square");
        });
        for (long number = 1; auto square = squares.next(); number++) {
            std::cout << number << "² = " << square->str() << " (worker " << square->worker() << ")\n";
        }
        return 0;
    } catch (const powerhose::Error &error) {
        std::cerr << "square-client: " << error.what() << '\n';
        return 1;
    }
}
