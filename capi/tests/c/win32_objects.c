/* Creations and openings of all kinds: names, flags, last errors (E25-E29, M26-M31, SE1-SE17, T23, N14-N20). */
#include "win32_check.h"

/* The calls of one kind, each with arguments that are good but for the name, flags and access. */
struct kind {
    const char *what;
    HANDLE (*create_a)(SECURITY_ATTRIBUTES *, const char *);
    HANDLE (*create_w)(SECURITY_ATTRIBUTES *, const WCHAR *);
    HANDLE (*create_ex_a)(const char *, DWORD flags, DWORD access);
    HANDLE (*create_ex_w)(const WCHAR *, DWORD flags, DWORD access);
    HANDLE (*open_a)(DWORD access, BOOL inherit, LPCSTR);
    HANDLE (*open_w)(DWORD access, BOOL inherit, LPCWSTR);
    DWORD good_flags;
};

static HANDLE event_a(SECURITY_ATTRIBUTES *s, const char *n) { return CreateEventA(s, TRUE, FALSE, n); }
static HANDLE event_w(SECURITY_ATTRIBUTES *s, const WCHAR *n) { return CreateEventW(s, TRUE, FALSE, n); }
static HANDLE event_ex_a(const char *n, DWORD f, DWORD a) { return CreateEventExA(NULL, n, f, a); }
static HANDLE event_ex_w(const WCHAR *n, DWORD f, DWORD a) { return CreateEventExW(NULL, n, f, a); }
static HANDLE mutex_a(SECURITY_ATTRIBUTES *s, const char *n) { return CreateMutexA(s, FALSE, n); }
static HANDLE mutex_w(SECURITY_ATTRIBUTES *s, const WCHAR *n) { return CreateMutexW(s, FALSE, n); }
static HANDLE mutex_ex_a(const char *n, DWORD f, DWORD a) { return CreateMutexExA(NULL, n, f, a); }
static HANDLE mutex_ex_w(const WCHAR *n, DWORD f, DWORD a) { return CreateMutexExW(NULL, n, f, a); }
static HANDLE semaphore_a(SECURITY_ATTRIBUTES *s, const char *n) { return CreateSemaphoreA(s, 0, 1, n); }
static HANDLE semaphore_w(SECURITY_ATTRIBUTES *s, const WCHAR *n) { return CreateSemaphoreW(s, 0, 1, n); }
static HANDLE semaphore_ex_a(const char *n, DWORD f, DWORD a) { return CreateSemaphoreExA(NULL, 0, 1, n, f, a); }
static HANDLE semaphore_ex_w(const WCHAR *n, DWORD f, DWORD a) { return CreateSemaphoreExW(NULL, 0, 1, n, f, a); }
static HANDLE timer_a(SECURITY_ATTRIBUTES *s, const char *n) { return CreateWaitableTimerA(s, TRUE, n); }
static HANDLE timer_w(SECURITY_ATTRIBUTES *s, const WCHAR *n) { return CreateWaitableTimerW(s, TRUE, n); }
static HANDLE timer_ex_a(const char *n, DWORD f, DWORD a) { return CreateWaitableTimerExA(NULL, n, f, a); }
static HANDLE timer_ex_w(const WCHAR *n, DWORD f, DWORD a) { return CreateWaitableTimerExW(NULL, n, f, a); }

static const struct kind kinds[] = {
    {"event", event_a, event_w, event_ex_a, event_ex_w, OpenEventA, OpenEventW, 3},
    {"mutex", mutex_a, mutex_w, mutex_ex_a, mutex_ex_w, OpenMutexA, OpenMutexW, 1},
    {"semaphore", semaphore_a, semaphore_w, semaphore_ex_a, semaphore_ex_w, OpenSemaphoreA, OpenSemaphoreW, 0},
    {"timer", timer_a, timer_w, timer_ex_a, timer_ex_w, OpenWaitableTimerA, OpenWaitableTimerW, 3},
};

static void same(HANDLE first, HANDLE second) {
    LEAVES(CompareObjectHandles(first, second), TRUE);
    CHECK(first != second); /* N20 */
    EQUAL(CloseHandle(second), TRUE);
}

/* E26: 0 for what is new; E25, M31, SE16, T23: 183 for what was there. */
static void created_and_existing(const struct kind *kind) {
    HANDLE object;
    LAST((object = kind->create_w(NULL, NULL)) != NULL, 1, ERROR_SUCCESS);
    EQUAL(CloseHandle(object), TRUE);
    LAST((object = kind->create_w(NULL, u"")) != NULL, 1, ERROR_SUCCESS); /* N12 */
    EQUAL(CloseHandle(object), TRUE);
    LAST((object = kind->create_w(NULL, u"thing")) != NULL, 1, ERROR_SUCCESS);
    HANDLE again;
    LAST((again = kind->create_w(NULL, u"thing")) != NULL, 1, ERROR_ALREADY_EXISTS);
    same(object, again);
    LAST((again = kind->create_a(NULL, "thing")) != NULL, 1, ERROR_ALREADY_EXISTS);
    same(object, again);
    LAST((again = kind->create_ex_w(u"thing", 0, SYNCHRONIZE)) != NULL, 1, ERROR_ALREADY_EXISTS);
    same(object, again);
    LAST((again = kind->open_w(SYNCHRONIZE, FALSE, u"thing")) != NULL, 1, MARK);
    same(object, again);
    NONE(kind->open_w(0, FALSE, u"thing"), ERROR_ACCESS_DENIED); /* M28, H30 */
    NONE(kind->create_ex_w(u"thing", 0, 0), ERROR_ACCESS_DENIED);
    NONE(kind->open_w(SYNCHRONIZE, FALSE, u"Thing"), ERROR_FILE_NOT_FOUND); /* N14 */
    NONE(kind->open_w(SYNCHRONIZE, FALSE, u"none"), ERROR_FILE_NOT_FOUND); /* E29 */
    NONE(kind->open_w(SYNCHRONIZE, FALSE, NULL), ERROR_INVALID_PARAMETER); /* N19 */
    NONE(kind->open_w(SYNCHRONIZE, FALSE, u""), ERROR_INVALID_NAME);
    NONE(kind->open_w(ACCESS_SYSTEM_SECURITY, FALSE, u"thing"), ERROR_PRIVILEGE_NOT_HELD); /* M30 */
    EQUAL(CloseHandle(object), TRUE);
    NONE(kind->open_w(SYNCHRONIZE, FALSE, u"thing"), ERROR_FILE_NOT_FOUND); /* H9 */
}

/* E28: flags that there are, and others. H30: a new object may have a handle without rights. */
static void flags_of_creations(const struct kind *kind) {
    for (DWORD flag = 1; flag != 0; flag <<= 1) {
        int is_good = (kind->good_flags & flag) != 0;
        HANDLE object;
        LAST((object = kind->create_ex_w(NULL, flag, SYNCHRONIZE)) != NULL, is_good, is_good ? ERROR_SUCCESS : ERROR_INVALID_PARAMETER);
        if (object != NULL) EQUAL(CloseHandle(object), TRUE);
        LAST((object = kind->create_ex_a(NULL, flag, SYNCHRONIZE)) != NULL, is_good, is_good ? ERROR_SUCCESS : ERROR_INVALID_PARAMETER);
        if (object != NULL) EQUAL(CloseHandle(object), TRUE);
    }
    HANDLE powerless = kind->create_ex_w(NULL, 0, 0);
    WAIT_REFUSED(WaitForSingleObject(powerless, 0), ERROR_ACCESS_DENIED); /* W33 */
    EQUAL(CloseHandle(powerless), TRUE);
}

/* N17, N18: directories. A and W name the same things: UTF-8 here. */
static void names_of_both_kinds(const struct kind *kind) {
    static const struct {
        const char *narrow;
        const WCHAR *wide;
    } same_names[] = {
        {"plain", u"plain"},
        {"Local\\plain", u"plain"},
        {"plain", u"Local\\plain"},
        {"Global\\plain", u"Global\\plain"},
        {"Gr\xc3\xbc\xc3\x9f" "e", u"Gr\u00fc\u00dfe"},
        {"\xe2\x82\xac", u"\u20ac"},
        {"\xf0\x9f\x94\x92 lock", u"\xd83d\xdd12 lock"},
        {"a b/c:d", u"a b/c:d"},
    };
    for (size_t i = 0; i < COUNT(same_names); ++i) {
        HANDLE object, again;
        LAST((object = kind->create_a(NULL, same_names[i].narrow)) != NULL, 1, ERROR_SUCCESS);
        LAST((again = kind->create_w(NULL, same_names[i].wide)) != NULL, 1, ERROR_ALREADY_EXISTS);
        same(object, again);
        LAST((again = kind->open_w(SYNCHRONIZE, FALSE, same_names[i].wide)) != NULL, 1, MARK);
        same(object, again);
        LAST((again = kind->open_a(SYNCHRONIZE, FALSE, same_names[i].narrow)) != NULL, 1, MARK);
        same(object, again);
        EQUAL(CloseHandle(object), TRUE);
    }
    HANDLE global = kind->create_w(NULL, u"Global\\place"), local;
    LAST((local = kind->create_w(NULL, u"place")) != NULL, 1, ERROR_SUCCESS);
    REFUSED(CompareObjectHandles(global, local), 1656);
    EQUAL(CloseHandle(local), TRUE);
    EQUAL(CloseHandle(global), TRUE);
    NONE(kind->create_w(NULL, u"no\\such"), ERROR_PATH_NOT_FOUND);
    NONE(kind->create_a(NULL, "no\\such"), ERROR_PATH_NOT_FOUND);
    NONE(kind->create_w(NULL, u"\\rooted"), ERROR_BAD_PATHNAME);
    NONE(kind->create_a(NULL, "\xff\xfe"), ERROR_INVALID_NAME);
}

/* Names that are too long or not there. */
static void names_that_are_none(const struct kind *kind) {
    static char narrow[300];
    static WCHAR wide[40000];
    struct bad_pages bad = bad_pages();
    HANDLE object;
    memset(narrow, 'x', 259);
    narrow[259] = 0;
    LAST((object = kind->create_a(NULL, narrow)) != NULL, 1, ERROR_SUCCESS);
    EQUAL(CloseHandle(object), TRUE);
    narrow[259] = 'x';
    NONE(kind->create_a(NULL, narrow), ERROR_FILENAME_EXCED_RANGE);
    for (size_t i = 0; i < 32768; ++i) wide[i] = u'x';
    NONE(kind->create_w(NULL, wide), ERROR_FILENAME_EXCED_RANGE);
    NONE(kind->create_w(NULL, (WCHAR *)bad.none), ERROR_NOACCESS);
    NONE(kind->create_w(NULL, (WCHAR *)((char *)wide + 1)), ERROR_NOACCESS);
    NONE(kind->create_a(NULL, bad.none), ERROR_NOACCESS);
    NONE(kind->open_w(SYNCHRONIZE, FALSE, (WCHAR *)8), ERROR_NOACCESS);
    NONE(kind->create_w((SECURITY_ATTRIBUTES *)bad.none, NULL), ERROR_NOACCESS);
    NONE(kind->create_w((SECURITY_ATTRIBUTES *)1, NULL), ERROR_NOACCESS);
}

/* N15, N3, E27: one name space for all. */
static void names_of_another_kind(void) {
    for (size_t i = 0; i < COUNT(kinds); ++i) {
        HANDLE object = kinds[i].create_w(NULL, u"shared name");
        for (size_t j = 0; j < COUNT(kinds); ++j) {
            if (j == i) continue;
            NONE(kinds[j].create_w(NULL, u"shared name"), ERROR_INVALID_HANDLE);
            NONE(kinds[j].open_w(SYNCHRONIZE, FALSE, u"shared name"), ERROR_INVALID_HANDLE);
        }
        EQUAL(CloseHandle(object), TRUE);
    }
}

/* Calls of one kind on objects of another, and without the right. */
static void calls_on_others(void) {
    HANDLE objects[COUNT(kinds)];
    LARGE_INTEGER due = {.QuadPart = -1};
    for (size_t i = 0; i < COUNT(kinds); ++i) objects[i] = kinds[i].create_w(NULL, NULL);
    for (size_t i = 0; i < COUNT(kinds); ++i) {
        if (i != 0) {
            REFUSED(SetEvent(objects[i]), ERROR_INVALID_HANDLE);
            REFUSED(ResetEvent(objects[i]), ERROR_INVALID_HANDLE);
            REFUSED(PulseEvent(objects[i]), ERROR_INVALID_HANDLE);
        }
        if (i != 1) REFUSED(ReleaseMutex(objects[i]), ERROR_INVALID_HANDLE);
        if (i != 2) REFUSED(ReleaseSemaphore(objects[i], 1, NULL), ERROR_INVALID_HANDLE); /* SE17 */
        if (i != 3) {
            REFUSED(SetWaitableTimer(objects[i], &due, 0, NULL, NULL, FALSE), ERROR_INVALID_HANDLE);
            REFUSED(CancelWaitableTimer(objects[i]), ERROR_INVALID_HANDLE);
        }
        EQUAL(CloseHandle(objects[i]), TRUE);
        objects[i] = kinds[i].create_ex_w(NULL, 0, SYNCHRONIZE);
    }
    REFUSED(SetEvent(objects[0]), ERROR_ACCESS_DENIED); /* E17 */
    REFUSED(ReleaseMutex(objects[1]), ERROR_NOT_OWNER); /* M7: needs no right */
    REFUSED(ReleaseSemaphore(objects[2], 1, NULL), ERROR_ACCESS_DENIED); /* SE14 */
    REFUSED(SetWaitableTimer(objects[3], &due, 0, NULL, NULL, FALSE), ERROR_ACCESS_DENIED); /* T22 */
    for (size_t i = 0; i < COUNT(kinds); ++i) EQUAL(CloseHandle(objects[i]), TRUE);
}

/* E1-E6 as far as Win32 shows them. */
static void events(void) {
    for (int manual = 0; manual < 2; ++manual) {
        HANDLE event = CreateEventW(NULL, manual, TRUE, NULL);
        EQUAL(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
        EQUAL(WaitForSingleObject(event, 0), manual ? WAIT_OBJECT_0 : WAIT_TIMEOUT);
        LEAVES(SetEvent(event), TRUE);
        LEAVES(ResetEvent(event), TRUE);
        EQUAL(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
        EQUAL(SetEvent(event), TRUE);
        LEAVES(PulseEvent(event), TRUE); /* E6 */
        EQUAL(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
        EQUAL(CloseHandle(event), TRUE);
    }
    HANDLE event = CreateEventExW(NULL, NULL, CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET, EVENT_ALL_ACCESS);
    EQUAL(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    EQUAL(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    EQUAL(CloseHandle(event), TRUE);
}

/* SE1-SE8. */
static void semaphores(void) {
    static const LONG bad_counts[][2] = {{0, 0}, {-1, 1}, {2, 1}, {0, -1}, {1, (LONG)0x80000000}};
    for (size_t i = 0; i < COUNT(bad_counts); ++i) {
        NONE(CreateSemaphoreW(NULL, bad_counts[i][0], bad_counts[i][1], NULL), ERROR_INVALID_PARAMETER);
        NONE(CreateSemaphoreA(NULL, bad_counts[i][0], bad_counts[i][1], NULL), ERROR_INVALID_PARAMETER);
    }
    struct bad_pages bad = bad_pages();
    HANDLE semaphore = CreateSemaphoreW(NULL, 1, 3, u"counts");
    NONE(CreateSemaphoreW(NULL, 2, 1, u"counts"), ERROR_INVALID_PARAMETER); /* SE2 */
    LONG previous = 77;
    LEAVES(ReleaseSemaphore(semaphore, 1, &previous), TRUE);
    EQUAL(previous, 1); /* SE7 */
    REFUSED(ReleaseSemaphore(semaphore, 2, &previous), ERROR_TOO_MANY_POSTS); /* SE5 */
    EQUAL(previous, 1);
    REFUSED(ReleaseSemaphore(semaphore, 0x7FFFFFFF, NULL), ERROR_TOO_MANY_POSTS); /* SE6 */
    REFUSED(ReleaseSemaphore(semaphore, 0, NULL), ERROR_INVALID_PARAMETER); /* SE3 */
    REFUSED(ReleaseSemaphore(semaphore, -1, NULL), ERROR_INVALID_PARAMETER);
    REFUSED(ReleaseSemaphore(GARBAGE, 0, NULL), ERROR_INVALID_PARAMETER); /* SE4 */
    REFUSED(ReleaseSemaphore(GARBAGE, 0, (LONG *)bad.read_only), ERROR_NOACCESS);
    REFUSED(ReleaseSemaphore(semaphore, 1, (LONG *)((char *)&previous + 2)), ERROR_NOACCESS);
    LEAVES(ReleaseSemaphore(semaphore, 1, &previous), TRUE);
    EQUAL(previous, 2); /* nothing had changed */
    for (int i = 0; i < 3; ++i) EQUAL(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0); /* SE8 */
    EQUAL(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
    EQUAL(CloseHandle(semaphore), TRUE);
}

static DWORD release(void *mutex) { return ReleaseMutex(mutex) ? 0 : GetLastError(); }
static DWORD take_and_leave(void *mutex) { return WaitForSingleObject(mutex, INFINITE); }

/* M1-M16. */
static void mutexes(void) {
    HANDLE mutex = CreateMutexW(NULL, TRUE, u"mine");
    HANDLE again = CreateMutexW(NULL, TRUE, u"mine"); /* M31: no second level */
    EQUAL(GetLastError(), ERROR_ALREADY_EXISTS);
    struct worker other = {.work = release, .argument = mutex};
    worker_start(&other);
    EQUAL(worker_join(&other), ERROR_NOT_OWNER); /* M4 */
    EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0); /* M8 */
    LEAVES(ReleaseMutex(again), TRUE); /* M33 */
    LEAVES(ReleaseMutex(mutex), TRUE);
    REFUSED(ReleaseMutex(mutex), ERROR_NOT_OWNER);
    EQUAL(CloseHandle(again), TRUE);

    other.work = take_and_leave;
    worker_start(&other);
    EQUAL(worker_join(&other), WAIT_OBJECT_0);
    LEAVES(ReleaseMutex(mutex), TRUE); /* M5: what NT says is a success, and nothing is released */
    LEAVES(WaitForSingleObject(mutex, 0), WAIT_ABANDONED); /* M14, M15 */
    LEAVES(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0); /* M16 */
    EQUAL(ReleaseMutex(mutex), TRUE);
    EQUAL(ReleaseMutex(mutex), TRUE);
    REFUSED(ReleaseMutex(mutex), ERROR_NOT_OWNER);

    /* M26, M27, M29. */
    HANDLE readable = OpenMutexW(GENERIC_READ | GENERIC_WRITE, FALSE, u"mine");
    CHECK(readable != NULL);
    WAIT_REFUSED(WaitForSingleObject(readable, 0), ERROR_ACCESS_DENIED);
    EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    LEAVES(ReleaseMutex(readable), TRUE);
    EQUAL(CloseHandle(readable), TRUE);
    for (DWORD bit = 1; bit != 0; bit <<= 1) {
        static const DWORD valid = 0xF21F0001;
        HANDLE opened;
        DWORD error = valid & bit ? MARK : bit == ACCESS_SYSTEM_SECURITY ? ERROR_PRIVILEGE_NOT_HELD : ERROR_ACCESS_DENIED;
        LAST((opened = OpenMutexW(bit, FALSE, u"mine")) != NULL, (valid & bit) != 0, error);
        if (opened != NULL) EQUAL(CloseHandle(opened), TRUE);
    }
    EQUAL(CloseHandle(mutex), TRUE);
    mutex = CreateMutexExW(NULL, NULL, CREATE_MUTEX_INITIAL_OWNER, 0); /* M7 */
    LEAVES(ReleaseMutex(mutex), TRUE);
    REFUSED(ReleaseMutex(mutex), ERROR_NOT_OWNER);
    EQUAL(CloseHandle(mutex), TRUE);
}

int main(void) {
    for (size_t i = 0; i < COUNT(kinds); ++i) {
        int before = check_failures;
        created_and_existing(&kinds[i]);
        flags_of_creations(&kinds[i]);
        names_of_both_kinds(&kinds[i]);
        names_that_are_none(&kinds[i]);
        if (check_failures != before) fprintf(stderr, "these were of kind %s\n", kinds[i].what);
    }
    names_of_another_kind();
    calls_on_others();
    events();
    semaphores();
    mutexes();
    return RESULT();
}
