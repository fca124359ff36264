/*
 * Memory that was there when a call was given it, and is not there, or read-only, at the next call: of a coroutine's stack,
 * of what lies above a thread's stack, of static variables. The call says so, and no signal ends the program.
 */
#include "nt_check.h"
#include <ucontext.h>

#define STACK_SIZE ((size_t)1 << 20)

static HANDLE event;

static char *memory(size_t size) {
    char *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) {
        perror("mmap");
        _exit(2);
    }
    return place;
}

/* Twice: what the first call learns of the page must not outlive the page. */
static void refused(LONG *previous) {
    EQUAL(NtSetEvent(event, previous), STATUS_ACCESS_VIOLATION);
    EQUAL(NtSetEvent(event, previous), STATUS_ACCESS_VIOLATION);
}

static ucontext_t outside, coroutine;
static LONG *of_coroutine;

static void runs_as_coroutine(void) {
    LONG previous = -1;
    of_coroutine = &previous;
    EQUAL(NtSetEvent(event, &previous), STATUS_SUCCESS);
    EQUAL(NtSetEvent(event, &previous), STATUS_SUCCESS);
    EQUAL(previous, 1);
    swapcontext(&coroutine, &outside);
}

static void coroutine_that_is_gone(void) {
    char *stack = memory(STACK_SIZE);
    EQUAL(getcontext(&coroutine), 0);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = STACK_SIZE;
    coroutine.uc_link = &outside;
    makecontext(&coroutine, runs_as_coroutine, 0);
    swapcontext(&outside, &coroutine);
    EQUAL(munmap(stack, STACK_SIZE), 0);
    refused(of_coroutine);
}

static void *runs_below_page(void *page) {
    LONG *above = page, here = -1;
    EQUAL(NtSetEvent(event, &here), STATUS_SUCCESS);
    EQUAL(NtSetEvent(event, above), STATUS_SUCCESS);
    EQUAL(mprotect(page, (size_t)sysconf(_SC_PAGESIZE), PROT_READ), 0);
    refused(above);
    EQUAL(munmap(page, (size_t)sysconf(_SC_PAGESIZE)), 0);
    refused(above);
    EQUAL(NtSetEvent(event, &here), STATUS_SUCCESS);
    return NULL;
}

static void page_above_a_stack(void) {
    char *stack = memory(STACK_SIZE + (size_t)sysconf(_SC_PAGESIZE));
    pthread_attr_t attributes;
    pthread_t thread;
    EQUAL(pthread_attr_init(&attributes), 0);
    EQUAL(pthread_attr_setstack(&attributes, stack, STACK_SIZE), 0);
    EQUAL(pthread_create(&thread, &attributes, runs_below_page, stack + STACK_SIZE), 0);
    EQUAL(pthread_join(thread, NULL), 0);
    EQUAL(pthread_attr_destroy(&attributes), 0);
    EQUAL(munmap(stack, STACK_SIZE), 0);
}

static void static_page_that_is_protected(void) {
    static _Alignas(65536) LONG page[65536 / sizeof(LONG)] = {1};
    EQUAL(NtSetEvent(event, page), STATUS_SUCCESS);
    EQUAL(mprotect(page, sizeof page, PROT_READ), 0);
    refused(page);
    EQUAL(mprotect(page, sizeof page, PROT_NONE), 0);
    refused(page);
    EQUAL(mprotect(page, sizeof page, PROT_READ | PROT_WRITE), 0);
    EQUAL(NtSetEvent(event, page), STATUS_SUCCESS);
}

static void all(void) {
    coroutine_that_is_gone();
    page_above_a_stack();
    static_page_that_is_protected();
}

static NTSTATUS NTAPI runs_in_thread(PVOID nothing) {
    (void)nothing;
    all();
    return STATUS_SUCCESS;
}

int main(void) {
    HANDLE thread;
    EQUAL(NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, TRUE), STATUS_SUCCESS);
    all();
    EQUAL(NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, NtCurrentProcess(), runs_in_thread, NULL, 0, 0, 0, 0, NULL),
          STATUS_SUCCESS);
    EQUAL(NtWaitForSingleObject(thread, FALSE, NULL), STATUS_SUCCESS);
    return RESULT();
}
