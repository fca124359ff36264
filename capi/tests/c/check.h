/* Checks of the C programs: each failure is a line, and the program's status. */
#ifndef CHECK_H
#define CHECK_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int check_failures;

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);               \
            __atomic_add_fetch(&check_failures, 1, __ATOMIC_SEQ_CST);                     \
        }                                                                                 \
    } while (0)

static inline int check_equal(const char *file, int line, const char *text, unsigned long long is, unsigned long long expected) {
    if (is == expected) return 1;
    fprintf(stderr, "%s:%d: %s is %#llx, expected %#llx\n", file, line, text, is, expected);
    __atomic_add_fetch(&check_failures, 1, __ATOMIC_SEQ_CST);
    return 0;
}

/* Two numbers or statuses. */
#define EQUAL(is, expected) \
    check_equal(__FILE__, __LINE__, #is, (unsigned long long)(is), (unsigned long long)(expected))

/* The status of a program: 0 if everything held. */
#define RESULT() (__atomic_load_n(&check_failures, __ATOMIC_SEQ_CST) != 0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Some pointers that lead nowhere, for tables of bad arguments. Null is none of them. */
struct bad_pages {
    char *read_only; /* a page that can be read and not written */
    char *none;      /* a page that can be neither */
};

static inline struct bad_pages bad_pages(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct bad_pages bad = {pages, pages + page};
    if (pages == MAP_FAILED || mprotect(bad.none, page, PROT_NONE) != 0) {
        perror("mmap");
        _exit(2);
    }
    return bad;
}

#endif
