/* Loads a plugin, has it work, and unloads it, from threads that were there before it. */
#include "check.h"
#include <dlfcn.h>

static void *rounds(void *plugin) {
    for (int i = 0; i < 20; ++i) {
        void *handle = dlopen(plugin, RTLD_NOW);
        CHECK(handle != NULL);
        if (handle == NULL) return NULL;
        void *symbol = dlsym(handle, "work");
        int (*work)(void);
        memcpy(&work, &symbol, sizeof work);
        EQUAL(work(), 1);
        CHECK(dlclose(handle) == 0);
    }
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t threads[3];
    if (count != 2) return 2;
    for (size_t i = 0; i < COUNT(threads); ++i) CHECK(pthread_create(&threads[i], NULL, rounds, arguments[1]) == 0);
    for (size_t i = 0; i < COUNT(threads); ++i) CHECK(pthread_join(threads[i], NULL) == 0);
    return RESULT();
}
