// A test program in libtest's manner: one line for each test, a sum at the end, and no test hangs.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            std::printf("%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition);  \
            std::fflush(stdout);                                                             \
            std::_Exit(1);                                                                   \
        }                                                                                    \
    } while (0)

namespace check {
    // The program ends with a signal if the tests last longer, in seconds.
    const unsigned LIMIT = 120;

    struct Test {
        const char *name;
        void (*body)();
    };

    template <size_t COUNT> int run(const Test (&tests)[COUNT]) {
        alarm(LIMIT);
        for (const Test &test : tests) {
            std::printf("test %s ... ", test.name);
            std::fflush(stdout);
            test.body();
            std::printf("ok\n");
        }
        std::printf("test result: ok. %zu passed; 0 failed\n", COUNT);
        return 0;
    }

    // A thread that is known to sleep in a futex: the kernel says so twice, a moment apart.
    class Blocked {
    public:
        template <typename Body> explicit Blocked(Body body) {
            int ends[2];
            CHECK(pipe(ends) == 0);
            thread = std::thread([body, ends] {
                const pid_t id = static_cast<pid_t>(syscall(SYS_gettid));
                CHECK(write(ends[1], &id, sizeof id) == sizeof id);
                body();
            });
            CHECK(read(ends[0], &id, sizeof id) == sizeof id);
            close(ends[0]);
            close(ends[1]);
            std::string call;
            do {
                call = sleeping_call();
                usleep(200);
            } while (call.empty() || call != sleeping_call());
        }

        void join() { thread.join(); }

    private:
        std::thread thread;
        pid_t id = 0;

        // The futex call in which the thread sleeps, with its arguments; empty while it does not.
        std::string sleeping_call() const {
            const std::string task = "/proc/self/task/" + std::to_string(id);
            std::string stat, call;
            std::getline(std::ifstream(task + "/stat"), stat);
            std::getline(std::ifstream(task + "/syscall"), call);
            const size_t state = stat.rfind(") ");
            const bool sleeps = state != std::string::npos && stat[state + 2] == 'S';
            const bool in_futex = call.compare(0, call.find(' '), std::to_string(SYS_futex)) == 0;
            return sleeps && in_futex ? call : std::string();
        }
    };
} // namespace check

#endif
