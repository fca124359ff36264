// What a C++ library does in threads: exceptions, and a thread_local with a destructor.
#include <stdexcept>
#include <string>

namespace {
struct Counts {
    int *drops = nullptr;
    ~Counts() {
        if (drops) ++*drops;
    }
};
thread_local Counts counts;
} // namespace

extern "C" int cxx_throw(int v) {
    try {
        if (v > 0) throw std::runtime_error("x" + std::to_string(v));
    } catch (std::exception &e) {
        return static_cast<int>(std::string(e.what()).size());
    }
    return -1;
}

// 1: the variable was fresh.
extern "C" int cxx_thread_local(int *drops) {
    int fresh = counts.drops == nullptr;
    counts.drops = drops;
    return fresh;
}
