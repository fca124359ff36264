/*
 * ntwait/ext.h: what Windows does not have, for C11 and C++17 on 64-bit Linux.
 *
 * Callers: any thread, callbacks, static constructors; never a signal handler. See the head of ntwait/nt.h.
 */
#ifndef NTWAIT_EXT_H
#define NTWAIT_EXT_H

#include "nt.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A wait for any number of objects up to 1,048,576, not alertable. The time-out is as in the native calls: units of 100
 * ns, null for ever, 0 only looks, negative relative, positive since 1601.
 *
 *   STATUS_WAIT_0                  WaitAny: the object at *index was taken; WaitAll: all were, in one step, *index is 0
 *   STATUS_ABANDONED_WAIT_0        the same; that object, or one of all, is a mutant whose owner has ended
 *   STATUS_TIMEOUT                 nothing was taken
 *   STATUS_INVALID_PARAMETER_1     no object, or too many
 *   STATUS_INVALID_PARAMETER_3     a type other than WaitAll and WaitAny
 *   STATUS_INVALID_PARAMETER_MIX   WaitAll: an object is listed twice, through whichever handles
 *   STATUS_INVALID_HANDLE, STATUS_ACCESS_DENIED   of the first handle that is not good; pseudo handles are not
 *   STATUS_ACCESS_VIOLATION, STATUS_DATATYPE_MISALIGNMENT   a pointer leads to no memory, or is not aligned
 *   STATUS_MUTANT_LIMIT_EXCEEDED, STATUS_NO_MEMORY
 *
 * The array is read where it is as long as the wait lasts: it must stay as it is until then.
 * index may be null. It is written only with the first two. Unless all are to be taken, an object may be listed twice.
 */
NTSTATUS ntw_wait_for_objects(size_t count, const HANDLE *objects, WAIT_TYPE type, PLARGE_INTEGER timeout,
                              size_t *index);

/*
 * A descriptor that polls readable exactly while the object is signalled, for poll, epoll, io_uring and event loops. It
 * is the caller's to close. Readable means: try a wait with time-out 0, as another may be quicker. Reading it is never
 * needed. 0, or a negative errno; *fd is -1 then, if it can be written:
 *
 *   -EBADF    no such handle              -EACCES   the handle does not permit SYNCHRONIZE
 *   -EFAULT   fd leads to no memory       -EMFILE   there can be no further descriptor
 *   -ENOMEM   no memory
 */
int ntw_export_fd(HANDLE object, int *fd);

/*
 * An object that is signalled while the descriptor is ready for these events of poll(2): POLLIN, POLLPRI, POLLOUT;
 * errors and hang-ups count. A wait takes nothing. The descriptor is duplicated and may be closed.
 *
 * ntw_open_process: the process to which Linux gave this number, signalled when it has ended. NtOpenProcess takes four
 * times the number.
 *
 *   STATUS_INVALID_PARAMETER     no events, or others
 *   STATUS_INVALID_HANDLE        no such descriptor
 *   STATUS_INVALID_CID           no such process
 *   STATUS_ACCESS_DENIED         the system does not permit it
 *   STATUS_NOT_SUPPORTED         what is always ready, like a file on a disk; a process, with Linux before 5.3
 *   STATUS_TOO_MANY_OPENED_FILES, STATUS_INSUFFICIENT_RESOURCES
 *   STATUS_ACCESS_VIOLATION, STATUS_DATATYPE_MISALIGNMENT   object leads to no memory, or is not aligned
 */
NTSTATUS ntw_import_fd(int fd, short events, HANDLE *object);
NTSTATUS ntw_open_process(uint32_t pid, HANDLE *object);

/*
 * Who waits for what and who owns it, and the deadlocks there are (an array, mostly empty): JSON that ends with a zero,
 * to be freed with ntw_free. Null: there is no memory for the text; without memory to look around the process is aborted.
 *
 * A deadlock is a cycle of threads that nothing but each other can let go on. One in which a thread waits with a time-out or
 * alertably is none, nor one with a lock that is held shared; the wait graph shows all of them.
 */
char *ntw_wait_graph(void);
char *ntw_deadlocks(void);

/*
 * Frees what the library has allocated for the caller: the text of GetThreadDescription, as LocalFree does, and the
 * JSON of the calls above. Null is nothing.
 */
void ntw_free(void *p);

/*
 * The address of a call for code of the Windows x64 calling convention, such as that of a PE image: for instance
 * ntw_win64_export("kernel32.dll", "CreateEventW"). Callbacks that are handed to such a call are called in that
 * convention.
 *
 * The thread's environment block (TEB) is the caller's business: the library neither makes nor looks at one, and
 * tells a null PS_ATTRIBUTE_TEB_ADDRESS. Start routines run on threads of the library, and so do the callbacks of
 * registered waits. A loader whose code expects a TEB there hands in routines of its own that set it up and then call
 * that code.
 *
 * The name of the DLL is compared without case, with or without ".dll"; api-ms-win-core-* names are known. Null: there
 * is no such DLL or call, or the processor is no x86-64. The addresses stay good as long as the process lives.
 */
void *ntw_win64_export(const char *dll, const char *name);

/* The version of the library that is in use, as "0.1.0". It is not to be freed. */
const char *ntw_version(void);

#ifdef __cplusplus
}
#endif
#endif
