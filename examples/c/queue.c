/*
 * A queue of jobs, in Win32 calls: a producer, and a consumer that waits for work, for the tick of a timer and for the
 * order to stop, whichever comes first.
 *
 *   cc -std=c11 queue.c $(pkg-config --cflags --libs ntwait) -o queue
 */
#include <ntwait/win32.h>

#include <stdio.h>
#include <stdlib.h>

enum { JOBS = 10, ROOM = 4, TICKS = 3, TICK_MS = 10 };

/* What the consumer waits for. If several are there, the first in the list is taken: it leaves no job when it stops. */
enum { WORK, TICK, STOP, CAUSES };

static HANDLE causes[CAUSES];
static HANDLE room;   /* a semaphore: free places */
static HANDLE ticked; /* an event: enough ticks were seen */

static CRITICAL_SECTION lock;
static int ring[ROOM];
static unsigned put, taken;

static DWORD WINAPI produce(LPVOID parameter) {
    (void)parameter;
    for (int job = 1; job <= JOBS; ++job) {
        WaitForSingleObject(room, INFINITE);
        EnterCriticalSection(&lock);
        ring[put++ % ROOM] = job;
        LeaveCriticalSection(&lock);
        ReleaseSemaphore(causes[WORK], 1, NULL);
    }
    return JOBS;
}

static int take(void) {
    EnterCriticalSection(&lock);
    const int job = ring[taken++ % ROOM];
    LeaveCriticalSection(&lock);
    ReleaseSemaphore(room, 1, NULL);
    return job;
}

/* Its exit code is the sum of the jobs. */
static DWORD WINAPI consume(LPVOID parameter) {
    int sum = 0, ticks = 0;
    (void)parameter;
    for (;;) {
        switch (WaitForMultipleObjects(CAUSES, causes, FALSE, INFINITE)) {
        case WAIT_OBJECT_0 + WORK:
            sum += take();
            break;
        case WAIT_OBJECT_0 + TICK:
            if (++ticks == TICKS) {
                SetEvent(ticked);
            }
            break;
        case WAIT_OBJECT_0 + STOP:
            return (DWORD)sum;
        default:
            return WAIT_FAILED;
        }
    }
}

static void need(int is_good, const char *what) {
    if (!is_good) {
        fprintf(stderr, "%s: error %u\n", what, (unsigned)GetLastError());
        exit(1);
    }
}

int main(void) {
    InitializeCriticalSection(&lock);
    room = CreateSemaphoreW(NULL, ROOM, ROOM, NULL);
    ticked = CreateEventW(NULL, TRUE, FALSE, NULL);
    causes[WORK] = CreateSemaphoreW(NULL, 0, ROOM, NULL);
    causes[TICK] = CreateWaitableTimerW(NULL, FALSE, NULL);
    causes[STOP] = CreateEventW(NULL, TRUE, FALSE, NULL);
    need(room && ticked && causes[WORK] && causes[TICK] && causes[STOP], "an object");

    LARGE_INTEGER due;
    due.QuadPart = -10000LL * TICK_MS; /* in units of 100 ns, from now */
    need(SetWaitableTimer(causes[TICK], &due, TICK_MS, NULL, NULL, FALSE), "SetWaitableTimer");

    HANDLE producer = CreateThread(NULL, 0, produce, NULL, 0, NULL);
    HANDLE consumer = CreateThread(NULL, 0, consume, NULL, 0, NULL);
    need(producer && consumer, "CreateThread");

    HANDLE both[] = {producer, ticked};
    need(WaitForMultipleObjects(2, both, TRUE, 5000) == WAIT_OBJECT_0, "the producer and the ticks");
    printf("the producer has ended, and the timer has ticked %d times\n", TICKS);
    need(WaitForSingleObject(consumer, 0) == WAIT_TIMEOUT, "the consumer");
    printf("the consumer waits\n");
    need(SetEvent(causes[STOP]), "SetEvent");
    need(WaitForSingleObject(consumer, 5000) == WAIT_OBJECT_0, "the consumer's end");

    DWORD jobs = 0, sum = 0;
    need(GetExitCodeThread(producer, &jobs) && GetExitCodeThread(consumer, &sum), "GetExitCodeThread");
    printf("%u jobs, sum %u\n", (unsigned)jobs, (unsigned)sum);

    HANDLE all[] = {room, ticked, causes[WORK], causes[TICK], causes[STOP], producer, consumer};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
        need(CloseHandle(all[i]), "CloseHandle");
    }
    DeleteCriticalSection(&lock);
    return 0;
}
