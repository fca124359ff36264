/* Threads and processes that end by ExitThread (TH1, TH5, TH7), in threads of the library, of pthreads, and the first. */
#include "win32_check.h"
#include <sys/wait.h>

static DWORD at_the_end; /* what a callback of the thread's end has seen */
static DWORD slot;

static VOID WINAPI at_end(PVOID value) { at_the_end = (DWORD)(ULONG_PTR)value; }

static volatile int stays; /* never: the compiler does not know */

static void exit_below(int levels, DWORD code) {
    volatile char frame[64];
    frame[0] = (char)levels;
    if (levels > 0) exit_below(levels - 1, code);
    else if (!stays) ExitThread(code);
    frame[1] = frame[0];
}

static DWORD WINAPI exit_from_depth(LPVOID code) {
    FlsSetValue(slot, code);
    exit_below(50, (DWORD)(ULONG_PTR)code);
    return 1;
}

static VOID WINAPI exit_in_apc(ULONG_PTR code) { ExitThread((DWORD)code); }

static DWORD exit_by_apc(void *unused) {
    (void)unused;
    SleepEx(INFINITE, TRUE);
    return 1;
}

static void threads_of_the_library(void) {
    static const DWORD codes[] = {0, 7, STILL_ACTIVE, 0xFFFFFFFF};
    for (size_t i = 0; i < COUNT(codes); ++i) {
        DWORD code = MARK;
        at_the_end = 0;
        HANDLE thread = CreateThread(NULL, 0, exit_from_depth, (LPVOID)(ULONG_PTR)codes[i], 0, NULL);
        EQUAL(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
        EQUAL(GetExitCodeThread(thread, &code), TRUE);
        EQUAL(code, codes[i]);
        EQUAL(at_the_end, codes[i]); /* TH7, F19 */
        EQUAL(CloseHandle(thread), TRUE);
    }
    struct worker worker = {.work = exit_by_apc};
    worker_block(&worker);
    EQUAL(QueueUserAPC(exit_in_apc, worker.thread, 66), TRUE);
    EQUAL(worker_join(&worker), 66);
}

struct foreign {
    HANDLE thread, mutex, go;
    int cleaned;
    DWORD code;
};

static void clean(void *argument) { ((struct foreign *)argument)->cleaned = 1; }

static void *exit_foreign(void *argument) {
    struct foreign *foreign = argument;
    HANDLE me = GetCurrentProcess();
    EQUAL(DuplicateHandle(me, GetCurrentThread(), me, &foreign->thread, 0, FALSE, DUPLICATE_SAME_ACCESS), TRUE);
    EQUAL(WaitForSingleObject(foreign->mutex, INFINITE), WAIT_OBJECT_0);
    EQUAL(FlsSetValue(slot, (PVOID)5), TRUE);
    pthread_cleanup_push(clean, foreign);
    EQUAL(SetEvent(foreign->go), TRUE);
    exit_below(50, foreign->code);
    pthread_cleanup_pop(0);
    return NULL;
}

/* One that others made ends as by pthread_exit: its clean-up, its callbacks, its mutexes, its object, its code. */
static void threads_of_others(void) {
    static const DWORD codes[] = {0, 7, 0xFFFFFFFF};
    for (size_t i = 0; i < COUNT(codes); ++i) {
        struct foreign foreign = {.mutex = CreateMutexW(NULL, FALSE, NULL), .go = CreateEventW(NULL, FALSE, FALSE, NULL), .code = codes[i]};
        pthread_t thread;
        void *result = NULL;
        DWORD code = MARK;
        at_the_end = 0;
        EQUAL(pthread_create(&thread, NULL, exit_foreign, &foreign), 0);
        EQUAL(WaitForSingleObject(foreign.go, LONG_ENOUGH), WAIT_OBJECT_0);
        EQUAL(WaitForSingleObject(foreign.thread, LONG_ENOUGH), WAIT_OBJECT_0);
        EQUAL(GetExitCodeThread(foreign.thread, &code), TRUE);
        EQUAL(code, codes[i]);
        EQUAL(WaitForSingleObject(foreign.mutex, 0), WAIT_ABANDONED);
        EQUAL(ReleaseMutex(foreign.mutex), TRUE);
        EQUAL(pthread_join(thread, &result), 0);
        EQUAL(result, codes[i]);
        EQUAL(foreign.cleaned, 1);
        EQUAL(at_the_end, 5);
        CloseHandle(foreign.thread);
        CloseHandle(foreign.mutex);
        CloseHandle(foreign.go);
    }
}

static DWORD WINAPI outlive(LPVOID first) {
    return WaitForSingleObject(first, LONG_ENOUGH) == WAIT_OBJECT_0 ? 33 : 1;
}

/* TH5: the first thread leaves, another goes on, and the last one's code is the process's. */
static void first_thread_leaves(void) {
    HANDLE me = GetCurrentProcess(), first;
    DuplicateHandle(me, GetCurrentThread(), me, &first, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CreateThread(NULL, 0, outlive, first, 0, NULL);
    ExitThread(3);
}

static void only_thread_leaves(void) { ExitThread(44); }

static void before_anything_else(void) { exit_below(3, 45); }

static void in_processes_of_their_own(void) {
    static const struct {
        void (*run)(void);
        int status;
    } table[] = {{first_thread_leaves, 33}, {only_thread_leaves, 44}, {before_anything_else, 45}};
    for (size_t i = 0; i < COUNT(table); ++i) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            table[i].run();
            _exit(1);
        }
        EQUAL(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status));
        EQUAL(WEXITSTATUS(status), table[i].status);
    }
}

int main(void) {
    in_processes_of_their_own(); /* first: children of a process that has not used the library */
    slot = FlsAlloc(at_end);
    threads_of_the_library();
    threads_of_others();
    in_processes_of_their_own();
    return RESULT();
}
