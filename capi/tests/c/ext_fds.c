/* Descriptors of objects, and objects of descriptors. */
#include "ntwait/ext.h"
#include "ntwait/win32.h"
#include "check.h"
#include <errno.h>
#include <poll.h>

static int is_readable(int fd) {
    struct pollfd poll_of = {.fd = fd, .events = POLLIN};
    return poll(&poll_of, 1, 0) == 1;
}

static void exported(void) {
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    int fd = 77;
    EQUAL(ntw_export_fd(event, &fd), 0);
    CHECK(fd >= 0 && !is_readable(fd));
    EQUAL(SetEvent(event), TRUE);
    CHECK(is_readable(fd));
    EQUAL(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    CHECK(!is_readable(fd));
    EQUAL(CloseHandle(event), TRUE);
    EQUAL(close(fd), 0);
}

static void imported(void) {
    HANDLE object = NULL;
    int ends[2];
    EQUAL(pipe(ends), 0);
    EQUAL(ntw_import_fd(ends[0], POLLIN, &object), 0);
    EQUAL(WaitForSingleObject(object, 0), WAIT_TIMEOUT);
    EQUAL(write(ends[1], "!", 1), 1);
    EQUAL(WaitForSingleObject(object, INFINITE), WAIT_OBJECT_0);
    EQUAL(WaitForSingleObject(object, 0), WAIT_OBJECT_0);
    char byte;
    EQUAL(read(ends[0], &byte, 1), 1);
    EQUAL(WaitForSingleObject(object, 0), WAIT_TIMEOUT);
    EQUAL(close(ends[0]), 0);
    EQUAL(close(ends[1]), 0);
    EQUAL(WaitForSingleObject(object, INFINITE), WAIT_OBJECT_0); /* a hang-up counts */
    EQUAL(CloseHandle(object), TRUE);
}

static void refused(void) {
    struct bad_pages bad = bad_pages();
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), only_query, object = (HANDLE)77;
    int fd = 77, ends[2];
    EQUAL(pipe(ends), 0);
    EQUAL(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &only_query, EVENT_MODIFY_STATE, FALSE, 0), TRUE);
    EQUAL(ntw_export_fd(NULL, &fd), -EBADF);
    EQUAL(fd, -1);
    EQUAL(ntw_export_fd(only_query, &fd), -EACCES);
    EQUAL(ntw_export_fd(event, NULL), -EFAULT);
    EQUAL(ntw_export_fd(event, (int *)(void *)bad.read_only), -EFAULT);
    EQUAL(ntw_import_fd(-1, POLLIN, &object), STATUS_INVALID_HANDLE);
    CHECK(object == NULL);
    EQUAL(ntw_import_fd(1 << 20, POLLIN, &object), STATUS_INVALID_HANDLE);
    EQUAL(ntw_import_fd(ends[0], 0, &object), STATUS_INVALID_PARAMETER);
    EQUAL(ntw_import_fd(ends[0], -1, &object), STATUS_INVALID_PARAMETER);
    EQUAL(ntw_import_fd(ends[0], POLLIN, NULL), STATUS_ACCESS_VIOLATION);
    EQUAL(ntw_import_fd(ends[0], POLLIN, (HANDLE *)(void *)bad.none), STATUS_ACCESS_VIOLATION);
    EQUAL(ntw_open_process(0, &object), STATUS_INVALID_CID);
    EQUAL(ntw_open_process(UINT32_MAX, &object), STATUS_INVALID_CID);
    CHECK(object == NULL);
}

int main(void) {
    exported();
    imported();
    refused();
    return RESULT();
}
