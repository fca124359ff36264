// Threads that own themselves, handles that close themselves, and events with the API of pevents in the same waits.
//
//   c++ -std=c++17 workers.cpp $(pkg-config --cflags --libs ntwait) -o workers

#include <ntwait/pevents.h>
#include <ntwait/win32.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// Closes its handle.
class Handle {
public:
    explicit Handle(HANDLE handle) : handle(handle) {
        if (handle == nullptr) {
            throw std::runtime_error("error " + std::to_string(GetLastError()));
        }
    }
    Handle(Handle &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    Handle &operator=(Handle &&other) noexcept {
        std::swap(handle, other.handle);
        return *this;
    }
    ~Handle() {
        if (handle != nullptr) {
            CloseHandle(handle);
        }
    }

    HANDLE get() const { return handle; }

private:
    HANDLE handle;
};

// A thread with a closure. No exception may leave it.
Handle start(std::function<unsigned()> body) {
    auto boxed = std::make_unique<std::function<unsigned()>>(std::move(body));
    const auto run = [](LPVOID parameter) -> DWORD {
        const std::unique_ptr<std::function<unsigned()>> owned(static_cast<std::function<unsigned()> *>(parameter));
        return (*owned)();
    };
    Handle thread(CreateThread(nullptr, 0, run, boxed.get(), 0, nullptr));
    boxed.release(); // the thread's
    return thread;
}

unsigned exit_code(const Handle &thread) {
    DWORD code = 0;
    WaitForSingleObject(thread.get(), INFINITE);
    GetExitCodeThread(thread.get(), &code);
    return code;
}

int main() {
    const unsigned WORKERS = 100; // more than the 64 of Windows
    const neosmart::neosmart_event_t go = neosmart::CreateEvent(true);
    const neosmart::neosmart_event_t never = neosmart::CreateEvent();

    std::vector<Handle> workers;
    std::vector<HANDLE> objects;
    for (unsigned worker = 0; worker < WORKERS; ++worker) {
        workers.push_back(start([=] {
            neosmart::WaitForEvent(go);
            return worker * worker;
        }));
        objects.push_back(workers.back().get());
    }

    // One wait for events and threads.
    const HANDLE any[] = {never, objects[7]};
    int index = 0;
    if (neosmart::WaitForMultipleEvents(any, 2, false, 5) == WAIT_TIMEOUT) {
        std::printf("nobody has ended\n");
    }
    neosmart::SetEvent(go);
    if (neosmart::WaitForMultipleEvents(any, 2, false, neosmart::WAIT_INFINITE, index) == 0) {
        std::printf("object %d has ended with %u\n", index, exit_code(workers[7]));
    }
    if (neosmart::WaitForMultipleEvents(objects.data(), static_cast<int>(objects.size()), true, 5000) == 0) {
        unsigned sum = 0;
        for (const Handle &worker : workers) {
            sum += exit_code(worker);
        }
        std::printf("all %u have ended, sum %u\n", WORKERS, sum);
    }
    neosmart::DestroyEvent(go);
    neosmart::DestroyEvent(never);
    return 0;
}
