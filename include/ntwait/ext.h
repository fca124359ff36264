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
 * Frees what the library has allocated for the caller: the text of GetThreadDescription, as LocalFree does. No function
 * of this header returns such memory. Null is nothing.
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
