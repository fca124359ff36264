/* No thread-locals at all. */
int answer(void) { return 42; }
