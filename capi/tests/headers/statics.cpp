// The library works in static constructors and destructors: nothing has to be initialised before the first call, and
// what was made before main can be used after it.

#include <ntwait/win32.h>

#include <cstdio>
#include <cstdlib>

namespace {
    CRITICAL_SECTION section;

    class Before {
    public:
        Before() : event(CreateEventW(nullptr, FALSE, TRUE, nullptr)) {
            InitializeCriticalSection(&section);
            thread = CreateThread(nullptr, 0, [](LPVOID) -> DWORD { return 7; }, nullptr, 0, nullptr);
        }

        // The status of the program says whether this was reached and all was well.
        ~Before() {
            EnterCriticalSection(&section);
            LeaveCriticalSection(&section);
            const bool good = SetEvent(event) && WaitForSingleObject(event, 0) == WAIT_OBJECT_0 &&
                              CloseHandle(event) && CloseHandle(thread);
            std::printf("after main: %s\n", good ? "good" : "bad");
            std::fflush(stdout);
            std::_Exit(good ? 0 : 1);
        }

        HANDLE event;
        HANDLE thread;
    };

    Before before;
} // namespace

int main() {
    DWORD code = 0;
    const bool good = WaitForSingleObject(before.event, 0) == WAIT_OBJECT_0 &&
                      WaitForSingleObject(before.thread, 5000) == WAIT_OBJECT_0 &&
                      GetExitCodeThread(before.thread, &code) && code == 7;
    if (!good) {
        std::_Exit(1);
    }
    return 2; // unless the destructor says better
}
