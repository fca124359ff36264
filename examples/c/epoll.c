/*
 * Windows objects in a loop over epoll, beside a pipe: a semaphore that counts jobs, an event that asks for attention, and
 * the end of the thread that does both.
 *
 *   cc -std=c11 epoll.c $(pkg-config --cflags --libs ntwait) -o epoll
 */
#include <ntwait/ext.h>
#include <ntwait/win32.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { JOBS = 10 };

/* What the loop watches. */
enum { WORK, ATTENTION, END, TEXT, SOURCES };

static HANDLE objects[TEXT];
static int text[2]; /* a pipe */

static void need(int is_good, const char *what) {
    if (!is_good) {
        fprintf(stderr, "%s did not succeed\n", what);
        exit(1);
    }
}

static DWORD WINAPI work(LPVOID parameter) {
    (void)parameter;
    for (int job = 1; job <= JOBS; ++job) {
        ReleaseSemaphore(objects[WORK], 1, NULL);
        if (job == JOBS / 2) {
            SetEvent(objects[ATTENTION]);
            need(write(text[1], "half", 4) == 4, "write");
        }
    }
    return JOBS;
}

static void watch(int epoll, int fd, unsigned source) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

/* Readable means: try. Somebody else may have been quicker, so nothing waits here. */
static int take(unsigned source) { return WaitForSingleObject(objects[source], 0) == WAIT_OBJECT_0; }

static unsigned jobs, calls, letters;

static void serve(unsigned source) {
    char read_from_pipe[8];
    ssize_t length;
    switch (source) {
    case WORK:
        while (take(WORK)) {
            ++jobs;
        }
        break;
    case ATTENTION:
        calls += (unsigned)take(ATTENTION);
        break;
    case TEXT:
        length = read(text[0], read_from_pipe, sizeof read_from_pipe);
        need(length > 0, "read");
        letters += (unsigned)length;
        break;
    }
}

int main(void) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    need(epoll >= 0 && pipe(text) == 0, "a descriptor");
    objects[WORK] = CreateSemaphoreW(NULL, 0, JOBS, NULL);
    objects[ATTENTION] = CreateEventW(NULL, FALSE, FALSE, NULL);
    need(objects[WORK] && objects[ATTENTION], "an object");
    objects[END] = CreateThread(NULL, 0, work, NULL, 0, NULL);
    need(objects[END] != NULL, "CreateThread");

    int fds[SOURCES];
    for (unsigned source = 0; source < TEXT; ++source) {
        need(ntw_export_fd(objects[source], &fds[source]) == 0, "ntw_export_fd");
        watch(epoll, fds[source], source);
    }
    fds[TEXT] = text[0];
    watch(epoll, fds[TEXT], TEXT);

    /* What the thread did before it ended may not have been served when its end is seen. */
    for (int has_ended = 0; !has_ended || jobs < JOBS || calls < 1 || letters < 4;) {
        struct epoll_event ready[SOURCES];
        int count = epoll_wait(epoll, ready, SOURCES, 5000);
        need(count > 0, "epoll_wait");
        while (count-- > 0) {
            const unsigned source = ready[count].data.u32;
            if (source == END) {
                has_ended = 1;
                need(epoll_ctl(epoll, EPOLL_CTL_DEL, fds[END], NULL) == 0, "epoll_ctl"); /* it stays readable */
            } else {
                serve(source);
            }
        }
    }
    DWORD code = 0;
    need(GetExitCodeThread(objects[END], &code), "GetExitCodeThread");
    printf("%u jobs, %u call for attention, %u letters; the thread has ended with %u\n", jobs, calls, letters, (unsigned)code);

    /* The other way round: a wait for a Windows object and for the pipe. */
    HANDLE hung_up;
    need(ntw_import_fd(text[0], POLLIN, &hung_up) == STATUS_SUCCESS, "ntw_import_fd");
    HANDLE both[] = {objects[END], hung_up};
    need(WaitForMultipleObjects(2, both, TRUE, 0) == WAIT_TIMEOUT, "the open pipe");
    need(close(text[1]) == 0, "close");
    need(WaitForMultipleObjects(2, both, TRUE, 5000) == WAIT_OBJECT_0, "the closed pipe");
    printf("the pipe has been hung up\n");

    need(CloseHandle(hung_up) && close(epoll) == 0, "close");
    for (unsigned source = 0; source < SOURCES; ++source) {
        need(close(fds[source]) == 0 && (source == TEXT || CloseHandle(objects[source])), "close");
    }
    return 0;
}
