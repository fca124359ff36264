/* The wait graph and deadlocks, as JSON: two threads that take two mutexes crossed. */
#include "win32_check.h"
#include "ntwait/ext.h"

static HANDLE mutexes[2], taken[2];

static DWORD crossed(void *argument) {
    size_t first = (size_t)argument;
    EQUAL(WaitForSingleObject(mutexes[first], INFINITE), WAIT_OBJECT_0);
    SetEvent(taken[first]);
    EQUAL(WaitForSingleObject(taken[!first], INFINITE), WAIT_OBJECT_0);
    return WaitForSingleObject(mutexes[!first], INFINITE);
}

int main(void) {
    char *text = ntw_deadlocks();
    CHECK(text != NULL && strcmp(text, "[]") == 0);
    ntw_free(text);
    for (size_t i = 0; i < 2; ++i) {
        mutexes[i] = CreateMutexW(NULL, FALSE, i == 0 ? (LPCWSTR)u"first of two" : (LPCWSTR)u"second of two");
        taken[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
    }
    struct worker workers[2] = {{.work = crossed, .argument = (void *)0}, {.work = crossed, .argument = (void *)1}};
    for (size_t i = 0; i < 2; ++i) worker_start(&workers[i]);
    for (text = ntw_deadlocks(); text != NULL && strcmp(text, "[]") == 0; text = ntw_deadlocks()) {
        ntw_free(text);
        sched_yield();
    }
    CHECK(text != NULL && strstr(text, "first of two") != NULL && strstr(text, "second of two") != NULL);
    ntw_free(text);
    text = ntw_wait_graph();
    CHECK(text != NULL && text[0] == '{' && strstr(text, "first of two") != NULL);
    ntw_free(text);
    EQUAL(TerminateThread(workers[0].thread, 7), TRUE);
    EQUAL(worker_join(&workers[0]), 7);
    EQUAL(worker_join(&workers[1]), WAIT_ABANDONED_0);
    text = ntw_deadlocks();
    CHECK(text != NULL && strcmp(text, "[]") == 0);
    ntw_free(text);
    return RESULT();
}
