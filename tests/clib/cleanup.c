/* Cleanup handlers of C without exceptions, in frames that are never returned to. */
#include <pthread.h>

static int calls;

static void handler(void *argument) {
    (void)argument;
    ++calls;
}

int cleanup_calls(void) { return calls; }

/* Calls what ends the thread, with a handler pushed. */
void cleanup_around(void (*then)(void)) {
    pthread_cleanup_push(handler, 0);
    then();
    pthread_cleanup_pop(0);
}
