/* Thread-locals in a block that is made at their first use: general-dynamic. */
__thread int value = 77;
__thread char large[4000];

int tls_get(void) { return value + large[100]; }

void tls_set(int v) {
    value = v;
    large[100] = 1;
}
