/* A thread-local in the static block: initial-exec. */
static __thread int value __attribute__((tls_model("initial-exec"))) = 42;

int tls_get(void) { return value; }

void tls_set(int v) { value = v; }
