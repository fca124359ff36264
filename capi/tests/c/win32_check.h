/* What the programs of the Win32 calls share: what a call does to the last error, and threads that are known to sleep. */
#ifndef WIN32_CHECK_H
#define WIN32_CHECK_H

#include "ntwait/win32.h"
#include "check.h"
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>

/* No call sets this last error. */
#define MARK 0xDEADBEEFu

/* What the call is, and the last error after it. */
#define LAST(call, expected, error)     \
    do {                                \
        SetLastError(MARK);             \
        EQUAL(call, expected);          \
        EQUAL(GetLastError(), error);   \
    } while (0)

/* A call that succeeds and leaves the last error as it is. */
#define LEAVES(call, expected) LAST(call, expected, MARK)

/* A BOOL call that fails. */
#define REFUSED(call, error) LAST(call, FALSE, error)

/* A creation or opening that fails. */
#define NONE(call, error) LAST(call, NULL, error)

/* A wait that fails. */
#define WAIT_REFUSED(call, error) LAST(call, WAIT_FAILED, error)

/* A handle value that was never issued. */
#define GARBAGE ((HANDLE)(ULONG_PTR)0x00ABCDE0)

/* Longer than anything here takes, in milliseconds. */
#define LONG_ENOUGH 30000

static inline int kernel_id(void) { return (int)syscall(SYS_gettid); }

/* Until a thread of this kernel id, which is put there by the thread, sleeps in the kernel. */
static inline void until_it_sleeps(const int *id) {
    char path[64], text[512], state = 0;
    while (__atomic_load_n(id, __ATOMIC_ACQUIRE) == 0) sched_yield();
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", *id);
    while (state != 'S') {
        FILE *file = fopen(path, "r");
        if (file == NULL) return; /* it has ended */
        size_t length = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[length] = 0;
        const char *rest = strrchr(text, ')');
        state = rest != NULL ? rest[2] : 0;
        if (state != 'S') sched_yield();
    }
}

/* A thread that does one thing, and the result of that. */
struct worker {
    DWORD (*work)(void *);
    void *argument;
    int id; /* of the kernel */
    HANDLE thread;
};

static DWORD WINAPI worker_runs(void *argument) {
    struct worker *worker = argument;
    __atomic_store_n(&worker->id, kernel_id(), __ATOMIC_RELEASE);
    return worker->work(worker->argument);
}

static inline void worker_start(struct worker *worker) {
    worker->id = 0;
    worker->thread = CreateThread(NULL, 0, worker_runs, worker, 0, NULL);
    CHECK(worker->thread != NULL);
}

/* Starts it and waits until it sleeps in the call that it makes. */
static inline void worker_block(struct worker *worker) {
    worker_start(worker);
    until_it_sleeps(&worker->id);
}

/* What it returned. */
static inline DWORD worker_join(struct worker *worker) {
    DWORD code = MARK;
    EQUAL(WaitForSingleObject(worker->thread, LONG_ENOUGH), WAIT_OBJECT_0);
    EQUAL(GetExitCodeThread(worker->thread, &code), TRUE);
    EQUAL(CloseHandle(worker->thread), TRUE);
    return code;
}

#endif
