/* What the programs of the native calls share. */
#ifndef NT_CHECK_H
#define NT_CHECK_H

#include "check.h"
#include "ntwait/nt.h"

/* Two statuses, of which one may be a plain number. */
#define STATUS(is, expected) check_equal(__FILE__, __LINE__, #is, (unsigned)(is), (unsigned)(expected))

/* Runs a function in a thread of its own, and waits for its end. */
static inline void in_a_thread(void *(*function)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, function, argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

struct bad_pointer {
    void *pointer;
    NTSTATUS status;
};

#define BAD_POINTERS 5

/* Pointers to which nothing of eight bytes can be written, and what a native call says of them. The first can be read. */
static inline void bad_pointers(struct bad_pointer table[BAD_POINTERS]) {
    static long long place[2];
    struct bad_pages bad = bad_pages();
    struct bad_pointer rows[BAD_POINTERS] = {
        {bad.read_only, STATUS_ACCESS_VIOLATION},
        {bad.none, STATUS_ACCESS_VIOLATION},
        {(void *)8, STATUS_ACCESS_VIOLATION},
        {(void *)0x8000000000000000, STATUS_ACCESS_VIOLATION},
        {(char *)place + 1, STATUS_DATATYPE_MISALIGNMENT},
    };
    memcpy(table, rows, sizeof rows);
}

#endif
