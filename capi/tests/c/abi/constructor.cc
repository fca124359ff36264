// The library in objects of static storage, and in exceptions that pass the frames around its calls.
#include "ntwait/win32.h"

#include <cstdlib>
#include <stdexcept>

namespace {

void require(bool condition) {
    if (!condition) throw std::runtime_error("it does not hold");
}

struct Event {
    HANDLE handle = CreateEventW(nullptr, FALSE, FALSE, nullptr);

    Event() { require(handle != nullptr && SetEvent(handle)); }
    ~Event() {
        if (WaitForSingleObject(handle, 0) != WAIT_TIMEOUT || !CloseHandle(handle)) std::_Exit(1);
    }
};

Event early;
const DWORD first_wait = WaitForSingleObject(early.handle, 0);

struct Thread {
    HANDLE handle = CreateThread(nullptr, 0, [](LPVOID) -> DWORD { return GetCurrentThreadId(); }, nullptr, 0, &id);
    DWORD id;
};

Thread thread;

} // namespace

int main() {
    require(first_wait == WAIT_OBJECT_0);
    DWORD code = 0;
    require(WaitForSingleObject(thread.handle, INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(thread.handle, &code));
    require(code == thread.id);
    try {
        require(WaitForSingleObject(early.handle, 0) == WAIT_OBJECT_0);
        return 1;
    } catch (const std::runtime_error &) {
        return 0;
    }
}
