/*
 * ntwait/nt.h: the native calls of Windows NT, Nt* and Rtl*, for C11 and C++17 on 64-bit Linux.
 *
 * A function has its Windows name in the source and a symbol that begins with ntw_, so it meets no other Windows layer
 * in the process. Types, constants and layouts are those of Windows x64: LONG and DWORD have 32 bits, WCHAR has 16.
 *
 * Callers. Any thread of the process, whoever made it, may call any function, and so may the library's callbacks,
 * static constructors and destructors: nothing has to be initialised, the first call does that. A signal handler must
 * call none: it may have interrupted a thread inside the library. Each group below says what else holds for it.
 *
 * Callbacks use the platform's C convention. They hold no lock of the library. No C++ exception may leave one.
 *
 * Handles and names belong to this process; other processes do not see them. In the child of a fork all handles of the
 * parent are closed: each call answers STATUS_INVALID_HANDLE for them, and the child makes its own. The ids of the
 * process and of its thread are others there, so the child asks for them again.
 *
 * A thread that the library did not make may still run code after the library has ended its object: destructors of C++
 * thread_local objects and of pthread keys. There a call that needs the calling thread's object, such as one that takes
 * a mutant or names the current thread, fails with STATUS_THREAD_IS_TERMINATING, in Win32 ERROR_ACCESS_DENIED. Events,
 * semaphores, timers without a routine and locks can be used as ever.
 *
 * Times are LARGE_INTEGERs in units of 100 ns. As a time-out: a null pointer is for ever, 0 only looks, a negative
 * number is relative to the moment of the call and does not move when the system's clock is set, a positive one is an
 * absolute UTC time since 1601 and follows that clock.
 *
 * Results are NTSTATUS values; NT_SUCCESS tells the good ones. For every function that takes them:
 *   STATUS_INVALID_HANDLE          the handle is closed, or never was one
 *   STATUS_OBJECT_TYPE_MISMATCH    the handle names an object of another kind
 *   STATUS_ACCESS_DENIED           the handle lacks the right that the group names
 *   STATUS_ACCESS_VIOLATION        a pointer is null where something is required, or leads to no memory
 *   STATUS_DATATYPE_MISALIGNMENT   a pointer is not aligned for its type
 *   STATUS_NO_MEMORY, STATUS_INSUFFICIENT_RESOURCES   there is no memory, no thread, no descriptor, no handle left
 * A call that fails has changed nothing, unless its group says otherwise. Memory that a call is given must stay as it
 * is until the call has returned.
 */
#ifndef NTWAIT_NT_H
#define NTWAIT_NT_H

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <uchar.h> /* char16_t */
#endif

#if !defined(__linux__) || !defined(__LP64__)
#error "ntwait is for 64-bit Linux"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Binds a declaration to the library's symbol. */
#define NTWAIT_SYM(name) __asm__("ntw_" #name)

/* Calling conventions: there is one, the platform's. */
#ifndef WINAPI
#define WINAPI
#endif
#ifndef NTAPI
#define NTAPI
#endif
#ifndef CALLBACK
#define CALLBACK
#endif
#ifndef APIENTRY
#define APIENTRY
#endif
#ifndef CONST
#define CONST const
#endif

/* ---- Basic types ----------------------------------------------------------------------------------------------------
 * Wide text is char16_t, so literals are written u"name"; L"name" has 32 bits for each character and does not fit.
 */
typedef void VOID;
typedef void *PVOID, *LPVOID;
typedef const void *LPCVOID, *PCVOID;
typedef char CHAR, *PCHAR, *PSTR, *LPSTR;
typedef const char *PCSTR, *LPCSTR;
typedef char16_t WCHAR;
typedef WCHAR *PWCHAR, *PWSTR, *LPWSTR;
typedef const WCHAR *PCWSTR, *LPCWSTR;
typedef uint8_t BYTE, *PBYTE, *LPBYTE, UCHAR, *PUCHAR, BOOLEAN, *PBOOLEAN;
typedef int16_t SHORT, *PSHORT;
typedef uint16_t USHORT, *PUSHORT, WORD, *PWORD, *LPWORD;
typedef int BOOL, *PBOOL, *LPBOOL;
typedef int INT, *PINT;
typedef unsigned int UINT, *PUINT;
typedef int32_t LONG, *PLONG, *LPLONG;
typedef uint32_t ULONG, *PULONG, DWORD, *PDWORD, *LPDWORD, LOGICAL;
typedef int32_t INT32, LONG32;
typedef uint32_t UINT32, ULONG32, DWORD32;
typedef int64_t LONGLONG, *PLONGLONG, LONG64, *PLONG64, INT64;
typedef uint64_t ULONGLONG, *PULONGLONG, ULONG64, *PULONG64, DWORD64, *PDWORD64, UINT64, DWORDLONG;
typedef intptr_t LONG_PTR, *PLONG_PTR, INT_PTR;
typedef uintptr_t ULONG_PTR, *PULONG_PTR, UINT_PTR, DWORD_PTR, *PDWORD_PTR, KAFFINITY;
typedef size_t SIZE_T, *PSIZE_T;
typedef void *HANDLE, **PHANDLE, **LPHANDLE;
typedef int32_t NTSTATUS, *PNTSTATUS, HRESULT, KPRIORITY;
typedef uint32_t ACCESS_MASK, *PACCESS_MASK;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

/* A 64-bit number: a time in units of 100 ns, a count of ticks. */
typedef union _LARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        DWORD HighPart;
    };
    struct {
        DWORD LowPart;
        DWORD HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

/* A text with a length in bytes, which need not end with a zero. Longer than 65,532 bytes is no name. */
typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

/*
 * What an object is called and how its handle behaves. A null pointer to it is an object without a name. Fill it with
 * InitializeObjectAttributes. SecurityDescriptor and SecurityQualityOfService are not looked at.
 */
typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
typedef const OBJECT_ATTRIBUTES *PCOBJECT_ATTRIBUTES;

#define InitializeObjectAttributes(p, n, a, r, s)          \
    do {                                                   \
        (p)->Length = (ULONG)sizeof(OBJECT_ATTRIBUTES);    \
        (p)->RootDirectory = (r);                          \
        (p)->Attributes = (a);                             \
        (p)->ObjectName = (n);                             \
        (p)->SecurityDescriptor = (s);                     \
        (p)->SecurityQualityOfService = NULL;              \
    } while (0)

#define OBJ_PROTECT_CLOSE 0x00000001
#define OBJ_INHERIT 0x00000002
#define OBJ_AUDIT_OBJECT_CLOSE 0x00000004
#define OBJ_PERMANENT 0x00000010
#define OBJ_EXCLUSIVE 0x00000020
#define OBJ_CASE_INSENSITIVE 0x00000040
#define OBJ_OPENIF 0x00000080
#define OBJ_OPENLINK 0x00000100
#define OBJ_KERNEL_HANDLE 0x00000200
#define OBJ_FORCE_ACCESS_CHECK 0x00000400
#define OBJ_VALID_ATTRIBUTES 0x00001FF2

/* Which thread: ids as numbers, in fields of a handle's size. */
typedef struct _CLIENT_ID {
    HANDLE UniqueProcess;
    HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

/* What the generic rights stand for with one kind of object. */
typedef struct _GENERIC_MAPPING {
    ACCESS_MASK GenericRead;
    ACCESS_MASK GenericWrite;
    ACCESS_MASK GenericExecute;
    ACCESS_MASK GenericAll;
} GENERIC_MAPPING, *PGENERIC_MAPPING;

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

/* Handles that are always there and need no closing. The process is this one; the thread is whichever calls. */
#define NtCurrentProcess() ((HANDLE)(LONG_PTR)-1)
#define NtCurrentThread() ((HANDLE)(LONG_PTR)-2)
#define ZwCurrentProcess() NtCurrentProcess()
#define ZwCurrentThread() NtCurrentThread()

/* ---- Access rights --------------------------------------------------------------------------------------------------
 * A creation is granted what it asks for, as an unnamed object has no security here; a wait needs SYNCHRONIZE. An open
 * that asks for nothing is STATUS_ACCESS_DENIED.
 */
#define DELETE 0x00010000
#define READ_CONTROL 0x00020000
#define WRITE_DAC 0x00040000
#define WRITE_OWNER 0x00080000
#define SYNCHRONIZE 0x00100000
#define STANDARD_RIGHTS_REQUIRED 0x000F0000
#define STANDARD_RIGHTS_READ READ_CONTROL
#define STANDARD_RIGHTS_WRITE READ_CONTROL
#define STANDARD_RIGHTS_EXECUTE READ_CONTROL
#define STANDARD_RIGHTS_ALL 0x001F0000
#define SPECIFIC_RIGHTS_ALL 0x0000FFFF
#define ACCESS_SYSTEM_SECURITY 0x01000000
#define MAXIMUM_ALLOWED 0x02000000
#define GENERIC_READ 0x80000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_ALL 0x10000000u

#define EVENT_QUERY_STATE 0x0001
#define EVENT_MODIFY_STATE 0x0002
#define EVENT_ALL_ACCESS 0x001F0003
#define MUTANT_QUERY_STATE 0x0001
#define MUTANT_ALL_ACCESS 0x001F0001
#define SEMAPHORE_QUERY_STATE 0x0001
#define SEMAPHORE_MODIFY_STATE 0x0002
#define SEMAPHORE_ALL_ACCESS 0x001F0003
#define TIMER_QUERY_STATE 0x0001
#define TIMER_MODIFY_STATE 0x0002
#define TIMER_ALL_ACCESS 0x001F0003
#define KEYEDEVENT_WAIT 0x0001
#define KEYEDEVENT_WAKE 0x0002
#define KEYEDEVENT_ALL_ACCESS 0x000F0003
#define THREAD_TERMINATE 0x0001
#define THREAD_SUSPEND_RESUME 0x0002
#define THREAD_ALERT 0x0004
#define THREAD_GET_CONTEXT 0x0008
#define THREAD_SET_CONTEXT 0x0010
#define THREAD_SET_INFORMATION 0x0020
#define THREAD_QUERY_INFORMATION 0x0040
#define THREAD_SET_THREAD_TOKEN 0x0080
#define THREAD_IMPERSONATE 0x0100
#define THREAD_DIRECT_IMPERSONATION 0x0200
#define THREAD_SET_LIMITED_INFORMATION 0x0400
#define THREAD_QUERY_LIMITED_INFORMATION 0x0800
#define THREAD_RESUME 0x1000
#define THREAD_ALL_ACCESS 0x001FFFFF
#define PROCESS_TERMINATE 0x0001
#define PROCESS_CREATE_THREAD 0x0002
#define PROCESS_DUP_HANDLE 0x0040
#define PROCESS_QUERY_INFORMATION 0x0400
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000
#define PROCESS_ALL_ACCESS 0x001FFFFF

/* ---- Status codes ------------------------------------------------------------------------------------------------ */
#define NT_SUCCESS(s) (((NTSTATUS)(s)) >= 0)
#define NT_INFORMATION(s) ((((ULONG)(s)) >> 30) == 1)
#define NT_WARNING(s) ((((ULONG)(s)) >> 30) == 2)
#define NT_ERROR(s) ((((ULONG)(s)) >> 30) == 3)

#define STATUS_SUCCESS ((NTSTATUS)0x00000000)
#define STATUS_WAIT_0 ((NTSTATUS)0x00000000)
#define STATUS_WAIT_1 ((NTSTATUS)0x00000001)
#define STATUS_WAIT_2 ((NTSTATUS)0x00000002)
#define STATUS_WAIT_3 ((NTSTATUS)0x00000003)
#define STATUS_WAIT_63 ((NTSTATUS)0x0000003F)
#define STATUS_ABANDONED ((NTSTATUS)0x00000080)
#define STATUS_ABANDONED_WAIT_0 ((NTSTATUS)0x00000080)
#define STATUS_ABANDONED_WAIT_63 ((NTSTATUS)0x000000BF)
#define STATUS_USER_APC ((NTSTATUS)0x000000C0)
#define STATUS_KERNEL_APC ((NTSTATUS)0x00000100)
#define STATUS_ALERTED ((NTSTATUS)0x00000101)
#define STATUS_TIMEOUT ((NTSTATUS)0x00000102)
#define STATUS_PENDING ((NTSTATUS)0x00000103)
#define STATUS_OBJECT_NAME_EXISTS ((NTSTATUS)0x40000000)
#define STATUS_NO_YIELD_PERFORMED ((NTSTATUS)0x40000024)
#define STATUS_TIMER_RESUME_IGNORED ((NTSTATUS)0x40000025)
#define STATUS_DATATYPE_MISALIGNMENT ((NTSTATUS)0x80000002u)
#define STATUS_BUFFER_OVERFLOW ((NTSTATUS)0x80000005u)
#define STATUS_NO_MORE_ENTRIES ((NTSTATUS)0x8000001Au)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001u)
#define STATUS_NOT_IMPLEMENTED ((NTSTATUS)0xC0000002u)
#define STATUS_INVALID_INFO_CLASS ((NTSTATUS)0xC0000003u)
#define STATUS_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004u)
#define STATUS_ACCESS_VIOLATION ((NTSTATUS)0xC0000005u)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008u)
#define STATUS_INVALID_CID ((NTSTATUS)0xC000000Bu)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000Du)
#define STATUS_NO_MEMORY ((NTSTATUS)0xC0000017u)
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022u)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023u)
#define STATUS_OBJECT_TYPE_MISMATCH ((NTSTATUS)0xC0000024u)
#define STATUS_INVALID_PARAMETER_MIX ((NTSTATUS)0xC0000030u)
#define STATUS_OBJECT_NAME_INVALID ((NTSTATUS)0xC0000033u)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034u)
#define STATUS_OBJECT_NAME_COLLISION ((NTSTATUS)0xC0000035u)
#define STATUS_OBJECT_PATH_INVALID ((NTSTATUS)0xC0000039u)
#define STATUS_OBJECT_PATH_NOT_FOUND ((NTSTATUS)0xC000003Au)
#define STATUS_OBJECT_PATH_SYNTAX_BAD ((NTSTATUS)0xC000003Bu)
#define STATUS_MUTANT_NOT_OWNED ((NTSTATUS)0xC0000046u)
#define STATUS_SEMAPHORE_LIMIT_EXCEEDED ((NTSTATUS)0xC0000047u)
#define STATUS_SUSPEND_COUNT_EXCEEDED ((NTSTATUS)0xC000004Au)
#define STATUS_THREAD_IS_TERMINATING ((NTSTATUS)0xC000004Bu)
#define STATUS_PRIVILEGE_NOT_HELD ((NTSTATUS)0xC0000061u)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009Au)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BBu)
#define STATUS_CANT_TERMINATE_SELF ((NTSTATUS)0xC00000DBu)
#define STATUS_INVALID_PARAMETER_1 ((NTSTATUS)0xC00000EFu)
#define STATUS_INVALID_PARAMETER_2 ((NTSTATUS)0xC00000F0u)
#define STATUS_INVALID_PARAMETER_3 ((NTSTATUS)0xC00000F1u)
#define STATUS_INVALID_PARAMETER_4 ((NTSTATUS)0xC00000F2u)
#define STATUS_INVALID_PARAMETER_5 ((NTSTATUS)0xC00000F3u)
#define STATUS_INVALID_PARAMETER_6 ((NTSTATUS)0xC00000F4u)
#define STATUS_PROCESS_IS_TERMINATING ((NTSTATUS)0xC000010Au)
#define STATUS_TOO_MANY_OPENED_FILES ((NTSTATUS)0xC000011Fu)
#define STATUS_MUTANT_LIMIT_EXCEEDED ((NTSTATUS)0xC0000191u)
#define STATUS_POSSIBLE_DEADLOCK ((NTSTATUS)0xC0000194u)
#define STATUS_NOT_SAME_OBJECT ((NTSTATUS)0xC00001ACu)
#define STATUS_HANDLE_NOT_CLOSABLE ((NTSTATUS)0xC0000235u)
#define STATUS_TIMER_RESOLUTION_NOT_SET ((NTSTATUS)0xC0000245u)
#define STATUS_RESOURCE_NOT_OWNED ((NTSTATUS)0xC0000264u)

/* The most objects of one NtWaitForMultipleObjects; ntw_wait_for_objects (ntwait/ext.h) takes 1,048,576. */
#define MAXIMUM_WAIT_OBJECTS 64
/* The most that a thread can be suspended. */
#define MAXIMUM_SUSPEND_COUNT 0x7F

/* ---- Kinds and information classes ------------------------------------------------------------------------------- */

/* Notification: stays signalled, for everybody (manual reset). Synchronization: each wait takes it (auto reset). */
typedef enum _EVENT_TYPE { NotificationEvent = 0, SynchronizationEvent = 1 } EVENT_TYPE;
typedef enum _TIMER_TYPE { NotificationTimer = 0, SynchronizationTimer = 1 } TIMER_TYPE;
typedef enum _WAIT_TYPE { WaitAll = 0, WaitAny = 1 } WAIT_TYPE;

/* NtQueryEvent: the type, and 1 while the event is set. */
typedef enum _EVENT_INFORMATION_CLASS { EventBasicInformation = 0 } EVENT_INFORMATION_CLASS;
typedef struct _EVENT_BASIC_INFORMATION {
    EVENT_TYPE EventType;
    LONG EventState;
} EVENT_BASIC_INFORMATION, *PEVENT_BASIC_INFORMATION;

/*
 * NtQueryMutant. The count is 1 for a free mutant, 0 when it was acquired once, -1 twice. Owned is meant of the calling
 * thread. Abandoned: its owner has ended, and nobody has acquired it since. The owner information is 0, 0 for a free
 * one.
 */
typedef enum _MUTANT_INFORMATION_CLASS {
    MutantBasicInformation = 0,
    MutantOwnerInformation = 1
} MUTANT_INFORMATION_CLASS;
typedef struct _MUTANT_BASIC_INFORMATION {
    LONG CurrentCount;
    BOOLEAN OwnedByCaller;
    BOOLEAN AbandonedState;
} MUTANT_BASIC_INFORMATION, *PMUTANT_BASIC_INFORMATION;
typedef struct _MUTANT_OWNER_INFORMATION {
    CLIENT_ID ClientId;
} MUTANT_OWNER_INFORMATION, *PMUTANT_OWNER_INFORMATION;

/* NtQuerySemaphore. */
typedef enum _SEMAPHORE_INFORMATION_CLASS { SemaphoreBasicInformation = 0 } SEMAPHORE_INFORMATION_CLASS;
typedef struct _SEMAPHORE_BASIC_INFORMATION {
    LONG CurrentCount;
    LONG MaximumCount;
} SEMAPHORE_BASIC_INFORMATION, *PSEMAPHORE_BASIC_INFORMATION;

/* NtQueryTimer. The time until it is due, negative when that has passed; whether it is signalled. */
typedef enum _TIMER_INFORMATION_CLASS { TimerBasicInformation = 0 } TIMER_INFORMATION_CLASS;
typedef struct _TIMER_BASIC_INFORMATION {
    LARGE_INTEGER RemainingTime;
    BOOLEAN TimerState;
} TIMER_BASIC_INFORMATION, *PTIMER_BASIC_INFORMATION;

/* NtQueryObject: classes 0, 1, 2 and 4. NtSetInformationObject: class 4. Class 3 is STATUS_INVALID_INFO_CLASS. */
typedef enum _OBJECT_INFORMATION_CLASS {
    ObjectBasicInformation = 0,
    ObjectNameInformation = 1,
    ObjectTypeInformation = 2,
    ObjectTypesInformation = 3,
    ObjectHandleFlagInformation = 4
} OBJECT_INFORMATION_CLASS;
typedef struct _OBJECT_BASIC_INFORMATION {
    ULONG Attributes;
    ACCESS_MASK GrantedAccess;
    ULONG HandleCount;
    ULONG PointerCount;
    ULONG PagedPoolCharge;
    ULONG NonPagedPoolCharge;
    ULONG Reserved[3];
    ULONG NameInfoSize;
    ULONG TypeInfoSize;
    ULONG SecurityDescriptorSize;
    LARGE_INTEGER CreationTime;
} OBJECT_BASIC_INFORMATION, *POBJECT_BASIC_INFORMATION;
/* The full path; its text lies behind the structure. Length 0 and no buffer: the object has no name. */
typedef struct _OBJECT_NAME_INFORMATION {
    UNICODE_STRING Name;
} OBJECT_NAME_INFORMATION, *POBJECT_NAME_INFORMATION;
typedef struct _OBJECT_TYPE_INFORMATION {
    UNICODE_STRING TypeName;
    ULONG TotalNumberOfObjects;
    ULONG TotalNumberOfHandles;
    ULONG TotalPagedPoolUsage;
    ULONG TotalNonPagedPoolUsage;
    ULONG TotalNamePoolUsage;
    ULONG TotalHandleTableUsage;
    ULONG HighWaterNumberOfObjects;
    ULONG HighWaterNumberOfHandles;
    ULONG HighWaterPagedPoolUsage;
    ULONG HighWaterNonPagedPoolUsage;
    ULONG HighWaterNamePoolUsage;
    ULONG HighWaterHandleTableUsage;
    ULONG InvalidAttributes;
    GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    BOOLEAN SecurityRequired;
    BOOLEAN MaintainHandleCount;
    UCHAR TypeIndex;
    CHAR ReservedByte;
    ULONG PoolType;
    ULONG DefaultPagedPoolCharge;
    ULONG DefaultNonPagedPoolCharge;
} OBJECT_TYPE_INFORMATION, *POBJECT_TYPE_INFORMATION;
typedef struct _OBJECT_HANDLE_FLAG_INFORMATION {
    BOOLEAN Inherit;
    BOOLEAN ProtectFromClose;
} OBJECT_HANDLE_FLAG_INFORMATION, *POBJECT_HANDLE_FLAG_INFORMATION;

/*
 * NtQueryInformationThread and NtSetInformationThread.
 *
 *   class                               bytes  query  set
 *   ThreadBasicInformation              48     yes
 *   ThreadTimes                         32     yes
 *   ThreadPriority                      4             1 to 15; from 16 on STATUS_PRIVILEGE_NOT_HELD
 *   ThreadBasePriority                  4             -2 to 2; 15 or 16 time critical; -15 or -16 idle
 *   ThreadAffinityMask                  8             a bit for each processor; all ones is all
 *   ThreadQuerySetWin32StartAddress     8      yes
 *   ThreadZeroTlsCell                   4             a TLS index, of the calling thread only: NULL in all threads
 *   ThreadAmILastThread                 4      yes
 *   ThreadPriorityBoost                 4      yes    1 disables; remembered, without effect
 *   ThreadIsIoPending                   4      always 0
 *   ThreadHideFromDebugger              1, 0   yes    with length 0, for ever; remembered, without effect
 *   ThreadIsTerminated                  4      yes
 *   ThreadSuspendCount                  4      yes
 *   ThreadNameInformation               16     yes    the text lies behind the structure
 */
typedef enum _THREADINFOCLASS {
    ThreadBasicInformation = 0,
    ThreadTimes = 1,
    ThreadPriority = 2,
    ThreadBasePriority = 3,
    ThreadAffinityMask = 4,
    ThreadQuerySetWin32StartAddress = 9,
    ThreadZeroTlsCell = 10,
    ThreadAmILastThread = 12,
    ThreadPriorityBoost = 14,
    ThreadIsIoPending = 16,
    ThreadHideFromDebugger = 17,
    ThreadIsTerminated = 20,
    ThreadSuspendCount = 35,
    ThreadNameInformation = 38
} THREADINFOCLASS;
/* ExitStatus is 259 (STATUS_PENDING) until the thread has ended. TebBaseAddress: what an embedder keeps there, or 0. */
typedef struct _THREAD_BASIC_INFORMATION {
    NTSTATUS ExitStatus;
    PVOID TebBaseAddress;
    CLIENT_ID ClientId;
    ULONG_PTR AffinityMask;
    KPRIORITY Priority;
    KPRIORITY BasePriority;
} THREAD_BASIC_INFORMATION, *PTHREAD_BASIC_INFORMATION;
/* NtQueryInformationProcess. */
typedef enum _PROCESSINFOCLASS { ProcessBasicInformation = 0 } PROCESSINFOCLASS;
/*
 * ExitStatus is 259 (STATUS_PENDING) until the process has ended; then its exit code, or 128 and the number of the
 * signal that ended it. Ids are four times those of Linux. There is no PEB, and no affinity is told: both are 0.
 */
typedef struct _PROCESS_BASIC_INFORMATION {
    NTSTATUS ExitStatus;
    PVOID PebBaseAddress;
    ULONG_PTR AffinityMask;
    KPRIORITY BasePriority;
    ULONG_PTR UniqueProcessId;
    ULONG_PTR InheritedFromUniqueProcessId;
} PROCESS_BASIC_INFORMATION, *PPROCESS_BASIC_INFORMATION;

/* Units of 100 ns: when it was made and ended, since 1601 (0: it lives); what it has used of a processor. */
typedef struct _KERNEL_USER_TIMES {
    LARGE_INTEGER CreateTime;
    LARGE_INTEGER ExitTime;
    LARGE_INTEGER KernelTime;
    LARGE_INTEGER UserTime;
} KERNEL_USER_TIMES, *PKERNEL_USER_TIMES;
typedef struct _THREAD_NAME_INFORMATION {
    UNICODE_STRING ThreadName;
} THREAD_NAME_INFORMATION, *PTHREAD_NAME_INFORMATION;

#define THREAD_CREATE_FLAGS_NONE 0x00000000
#define THREAD_CREATE_FLAGS_CREATE_SUSPENDED 0x00000001
#define THREAD_CREATE_FLAGS_SKIP_THREAD_ATTACH 0x00000002
#define THREAD_CREATE_FLAGS_HIDE_FROM_DEBUGGER 0x00000004

#define DUPLICATE_CLOSE_SOURCE 0x00000001
#define DUPLICATE_SAME_ACCESS 0x00000002
#define DUPLICATE_SAME_ATTRIBUTES 0x00000004

/* ---- Callbacks --------------------------------------------------------------------------------------------------- */

/* A timer's: in the thread that has set it, in an alertable wait. The numbers are when it was due, since 1601. */
typedef VOID (NTAPI *PTIMER_APC_ROUTINE)(PVOID TimerContext, ULONG TimerLowValue, LONG TimerHighValue);
/* An APC's: in the thread that it was queued to, in an alertable wait, or before the thread's start routine. */
typedef VOID (NTAPI *PPS_APC_ROUTINE)(PVOID ApcArgument1, PVOID ApcArgument2, PVOID ApcArgument3);
/* A thread's: what it returns is the exit code. */
typedef NTSTATUS (NTAPI *PUSER_THREAD_START_ROUTINE)(PVOID ThreadParameter);

/*
 * What else a creation of a thread is to tell: its ids (a CLIENT_ID), its TEB (a PVOID, which is null), in Size bytes
 * at ValuePtr. The length goes to ReturnLength, if that is not null. Others are STATUS_INVALID_PARAMETER.
 */
#define PS_ATTRIBUTE_CLIENT_ID 0x00010003u
#define PS_ATTRIBUTE_TEB_ADDRESS 0x00010004u
typedef struct _PS_ATTRIBUTE {
    ULONG_PTR Attribute;
    SIZE_T Size;
    union {
        ULONG_PTR Value;
        PVOID ValuePtr;
    } u;
    PSIZE_T ReturnLength;
} PS_ATTRIBUTE, *PPS_ATTRIBUTE;
typedef struct _PS_ATTRIBUTE_LIST {
    SIZE_T TotalLength;
    PS_ATTRIBUTE Attributes[1];
} PS_ATTRIBUTE_LIST, *PPS_ATTRIBUTE_LIST;

/* ---- Structures in the program's own memory -------------------------------------------------------------------------
 * All of their state lies in their bytes, without a handle. They may lie in static memory, on the heap or inside other
 * structures, must be aligned, must not be moved or copied while in use, and need no end but where a function for it is
 * named. They belong to this process, in shared memory too. A null or misaligned pointer to one is told by the status,
 * or by FALSE; a function without a result does nothing then. Windows faults.
 */

/* Nothing is recorded there: DebugInfo of a section is -1. */
typedef struct _RTL_CRITICAL_SECTION_DEBUG {
    WORD Type;
    WORD CreatorBackTraceIndex;
    struct _RTL_CRITICAL_SECTION *CriticalSection;
    LIST_ENTRY ProcessLocksList;
    DWORD EntryCount;
    DWORD ContentionCount;
    DWORD Flags;
    WORD CreatorBackTraceIndexHigh;
    WORD Identifier;
} RTL_CRITICAL_SECTION_DEBUG, *PRTL_CRITICAL_SECTION_DEBUG;
/* A recursive lock with an owner. LockCount: -1 free, -2 owned, 4 less for each waiter. */
typedef struct _RTL_CRITICAL_SECTION {
    PRTL_CRITICAL_SECTION_DEBUG DebugInfo;
    LONG LockCount;
    LONG RecursionCount;
    HANDLE OwningThread;
    HANDLE LockSemaphore;
    ULONG_PTR SpinCount;
} RTL_CRITICAL_SECTION, *PRTL_CRITICAL_SECTION;

/* A lock for many readers or one writer. Zeroes are a free one. Held exclusively it is odd, with its owner above bit 3, so
 * that the wait graph knows him (Windows: 1). */
typedef struct _RTL_SRWLOCK {
    PVOID Ptr;
} RTL_SRWLOCK, *PRTL_SRWLOCK;
/* A place to sleep with either lock. Zeroes are one where nobody sleeps. */
typedef struct _RTL_CONDITION_VARIABLE {
    PVOID Ptr;
} RTL_CONDITION_VARIABLE, *PRTL_CONDITION_VARIABLE;
/* Something that is done once. Zeroes: it was not begun. */
typedef union _RTL_RUN_ONCE {
    PVOID Ptr;
} RTL_RUN_ONCE, *PRTL_RUN_ONCE;
/* A place where so many threads wait for each other. Needs RtlInitBarrier. */
typedef struct _RTL_BARRIER {
    DWORD Reserved1;
    DWORD Reserved2;
    ULONG_PTR Reserved3[2];
    DWORD Reserved4;
    DWORD Reserved5;
} RTL_BARRIER, *PRTL_BARRIER;
/* Does what is to be done once. Not 0: done, and what it left in *Context is for those who come later. */
typedef ULONG (NTAPI *PRTL_RUN_ONCE_INIT_FN)(PRTL_RUN_ONCE RunOnce, PVOID Parameter, PVOID *Context);

#define RTL_SRWLOCK_INIT {0}
#define RTL_CONDITION_VARIABLE_INIT {0}
#define RTL_CONDITION_VARIABLE_LOCKMODE_SHARED 0x1
#define RTL_RUN_ONCE_INIT {0}
#define RTL_RUN_ONCE_CHECK_ONLY 0x00000001
#define RTL_RUN_ONCE_ASYNC 0x00000002
#define RTL_RUN_ONCE_INIT_FAILED 0x00000004
#define RTL_RUN_ONCE_CTX_RESERVED_BITS 2
#define RTL_CRITICAL_SECTION_FLAG_NO_DEBUG_INFO 0x01000000
#define RTL_CRITICAL_SECTION_FLAG_DYNAMIC_SPIN 0x02000000
#define RTL_CRITICAL_SECTION_FLAG_STATIC_INIT 0x04000000
#define RTL_CRITICAL_SECTION_FLAG_RESOURCE_TYPE 0x08000000
#define RTL_CRITICAL_SECTION_FLAG_FORCE_DEBUG_INFO 0x10000000
#define RTL_CRITICAL_SECTION_ALL_FLAG_BITS 0xFF000000u

/* ---- Creations and opens --------------------------------------------------------------------------------------------
 * What holds for every NtCreate* and NtOpen*.
 *
 * Callers: any thread, callbacks, static constructors.
 * The handle is for the caller to close. With a name that exists, a creation answers
 *   STATUS_OBJECT_NAME_EXISTS      with OBJ_OPENIF: a handle to that object, which stays as it is; a success
 *   STATUS_OBJECT_NAME_COLLISION   without
 * and either may answer
 *   STATUS_OBJECT_TYPE_MISMATCH    the name is that of an object of another kind
 *   STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND   there is no such object (open), no such directory
 *   STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_PATH_SYNTAX_BAD    that is no name
 *   STATUS_INVALID_PARAMETER       attributes of the wrong length, unknown ones, an open without attributes
 *   STATUS_PRIVILEGE_NOT_HELD      a right or an attribute that needs a privilege; nobody has any here
 * If it fails, the handle is 0.
 * On Windows names are the machine's. Here they are the process's, in the directories \BaseNamedObjects and
 * \Sessions\1\BaseNamedObjects; the latter is that of the Win32 names.
 */

/* ---- Events ---------------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors.
 * Set, reset, pulse and clear need EVENT_MODIFY_STATE, the query EVENT_QUERY_STATE. PreviousState, if it is not null,
 * gets 0 or 1.
 *   STATUS_INVALID_PARAMETER       an EventType other than the two
 * A set releases one waiter of a synchronization event, in the order in which they came, or all of a notification
 * event. A pulse releases those who wait at this moment and leaves the event clear. A suspended thread does not wait.
 * Whether a pulse completes a wait for all differs between Windows versions: do not rely on it.
 */
NTSTATUS NTAPI NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState) NTWAIT_SYM(NtCreateEvent);
NTSTATUS NTAPI NtOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess,
                           POBJECT_ATTRIBUTES ObjectAttributes) NTWAIT_SYM(NtOpenEvent);
NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, PLONG PreviousState) NTWAIT_SYM(NtSetEvent);
NTSTATUS NTAPI NtResetEvent(HANDLE EventHandle, PLONG PreviousState) NTWAIT_SYM(NtResetEvent);
NTSTATUS NTAPI NtClearEvent(HANDLE EventHandle) NTWAIT_SYM(NtClearEvent);
NTSTATUS NTAPI NtPulseEvent(HANDLE EventHandle, PLONG PreviousState) NTWAIT_SYM(NtPulseEvent);
NTSTATUS NTAPI NtQueryEvent(HANDLE EventHandle, EVENT_INFORMATION_CLASS EventInformationClass, PVOID EventInformation,
                            ULONG EventInformationLength, PULONG ReturnLength) NTWAIT_SYM(NtQueryEvent);

/* ---- Mutants --------------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. The owner is the thread; a release is for the owner alone.
 * A mutant is acquired by a wait, again and again by its owner, and released as often. A release needs no right, the
 * query MUTANT_QUERY_STATE. PreviousCount gets the count as in MUTANT_BASIC_INFORMATION.
 *   STATUS_MUTANT_NOT_OWNED        a release by a thread that is not the owner
 *   STATUS_ABANDONED               the same, of a mutant that was abandoned and not acquired since
 *   STATUS_MUTANT_LIMIT_EXCEEDED   a wait by an owner that has acquired it 2,147,483,649 times
 * When its owner ends in whatever way, a mutant is free, and the next wait for it answers STATUS_ABANDONED_WAIT_0.
 */
NTSTATUS NTAPI NtCreateMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                              BOOLEAN InitialOwner) NTWAIT_SYM(NtCreateMutant);
NTSTATUS NTAPI NtOpenMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess,
                            POBJECT_ATTRIBUTES ObjectAttributes) NTWAIT_SYM(NtOpenMutant);
NTSTATUS NTAPI NtReleaseMutant(HANDLE MutantHandle, PLONG PreviousCount) NTWAIT_SYM(NtReleaseMutant);
NTSTATUS NTAPI NtQueryMutant(HANDLE MutantHandle, MUTANT_INFORMATION_CLASS MutantInformationClass,
                             PVOID MutantInformation, ULONG MutantInformationLength,
                             PULONG ReturnLength) NTWAIT_SYM(NtQueryMutant);

/* ---- Semaphores -----------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. There is no owner: who releases need not have waited.
 * The release needs SEMAPHORE_MODIFY_STATE, the query SEMAPHORE_QUERY_STATE.
 *   STATUS_INVALID_PARAMETER       a maximum below 1, a count below 0 or above the maximum; a release of less than 1
 *   STATUS_SEMAPHORE_LIMIT_EXCEEDED   a release beyond the maximum; the count stays
 */
NTSTATUS NTAPI NtCreateSemaphore(PHANDLE SemaphoreHandle, ACCESS_MASK DesiredAccess,
                                 POBJECT_ATTRIBUTES ObjectAttributes, LONG InitialCount,
                                 LONG MaximumCount) NTWAIT_SYM(NtCreateSemaphore);
NTSTATUS NTAPI NtOpenSemaphore(PHANDLE SemaphoreHandle, ACCESS_MASK DesiredAccess,
                               POBJECT_ATTRIBUTES ObjectAttributes) NTWAIT_SYM(NtOpenSemaphore);
NTSTATUS NTAPI NtReleaseSemaphore(HANDLE SemaphoreHandle, LONG ReleaseCount,
                                  PLONG PreviousCount) NTWAIT_SYM(NtReleaseSemaphore);
NTSTATUS NTAPI NtQuerySemaphore(HANDLE SemaphoreHandle, SEMAPHORE_INFORMATION_CLASS SemaphoreInformationClass,
                                PVOID SemaphoreInformation, ULONG SemaphoreInformationLength,
                                PULONG ReturnLength) NTWAIT_SYM(NtQuerySemaphore);

/* ---- Timers ---------------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. The APC is called in the thread that has set the timer, in its
 * alertable waits; the end of that thread cancels the timer.
 * DueTime as for a time-out, but 0 and what has passed are now, and it is required. Period is in milliseconds, 0 for
 * none. Set and cancel need TIMER_MODIFY_STATE, the query TIMER_QUERY_STATE. PreviousState and CurrentState get whether
 * the timer was signalled.
 *   STATUS_INVALID_PARAMETER_4     a TimerType other than the two
 *   STATUS_INVALID_PARAMETER_6     a negative period
 *   STATUS_TIMER_RESUME_IGNORED    ResumeTimer: the timer is set, but wakes no sleeping machine; a success
 * No timer expires early, and none after its cancellation has returned. The first timer starts a thread of the
 * library's, which serves all.
 */
NTSTATUS NTAPI NtCreateTimer(PHANDLE TimerHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             TIMER_TYPE TimerType) NTWAIT_SYM(NtCreateTimer);
NTSTATUS NTAPI NtOpenTimer(PHANDLE TimerHandle, ACCESS_MASK DesiredAccess,
                           POBJECT_ATTRIBUTES ObjectAttributes) NTWAIT_SYM(NtOpenTimer);
NTSTATUS NTAPI NtSetTimer(HANDLE TimerHandle, PLARGE_INTEGER DueTime, PTIMER_APC_ROUTINE TimerApcRoutine,
                          PVOID TimerContext, BOOLEAN ResumeTimer, LONG Period,
                          PBOOLEAN PreviousState) NTWAIT_SYM(NtSetTimer);
NTSTATUS NTAPI NtCancelTimer(HANDLE TimerHandle, PBOOLEAN CurrentState) NTWAIT_SYM(NtCancelTimer);
NTSTATUS NTAPI NtQueryTimer(HANDLE TimerHandle, TIMER_INFORMATION_CLASS TimerInformationClass, PVOID TimerInformation,
                            ULONG TimerInformationLength, PULONG ReturnLength) NTWAIT_SYM(NtQueryTimer);

/* ---- Keyed events ---------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors.
 * A wait for a key and a release of the same key meet; whichever comes first waits for the other, and neither is
 * remembered. A key is an even number. The null handle is a keyed event that is always there. The wait needs
 * KEYEDEVENT_WAIT, the release KEYEDEVENT_WAKE. Answers STATUS_SUCCESS, STATUS_TIMEOUT; if alertable, STATUS_USER_APC,
 * STATUS_ALERTED.
 *   STATUS_INVALID_PARAMETER_1     an odd key
 *   STATUS_INVALID_PARAMETER       a creation with flags
 */
NTSTATUS NTAPI NtCreateKeyedEvent(PHANDLE KeyedEventHandle, ACCESS_MASK DesiredAccess,
                                  POBJECT_ATTRIBUTES ObjectAttributes, ULONG Flags) NTWAIT_SYM(NtCreateKeyedEvent);
NTSTATUS NTAPI NtOpenKeyedEvent(PHANDLE KeyedEventHandle, ACCESS_MASK DesiredAccess,
                                POBJECT_ATTRIBUTES ObjectAttributes) NTWAIT_SYM(NtOpenKeyedEvent);
NTSTATUS NTAPI NtWaitForKeyedEvent(HANDLE KeyedEventHandle, PVOID KeyValue, BOOLEAN Alertable,
                                   PLARGE_INTEGER Timeout) NTWAIT_SYM(NtWaitForKeyedEvent);
NTSTATUS NTAPI NtReleaseKeyedEvent(HANDLE KeyedEventHandle, PVOID KeyValue, BOOLEAN Alertable,
                                   PLARGE_INTEGER Timeout) NTWAIT_SYM(NtReleaseKeyedEvent);

/* ---- Waits ----------------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. A wait in a callback delays what the callback stands for.
 * A wait needs SYNCHRONIZE of each object. It answers
 *   STATUS_WAIT_0 + i              the object was taken; i is its position if it was a wait for any, else 0
 *   STATUS_ABANDONED_WAIT_0 + i    the same of a mutant whose owner has ended
 *   STATUS_TIMEOUT                 nothing was taken
 *   STATUS_USER_APC                alertable: APCs were called; nothing was taken
 *   STATUS_ALERTED                 alertable: the thread was alerted; nothing was taken
 *   STATUS_INVALID_PARAMETER_1     no object, or more than 64
 *   STATUS_INVALID_PARAMETER_3     a WaitType other than the two
 *   STATUS_INVALID_PARAMETER_MIX   a wait for all in which an object is listed twice, through whichever handles
 * WaitAll takes all objects in one step, when all are signalled at one moment, and nothing before. WaitAny takes the
 * first in the list that is signalled. A wait survives the closing of its handles.
 *
 * NtSignalAndWaitForSingleObject sets an event, releases a mutant once or a semaphore by one, and waits, in one step.
 * If it answers an error of the signal (as for the release), nothing was done; the signal is not taken back when the
 * wait fails. NtDelayExecution requires its interval, which is a time-out; 0 gives way to another thread.
 * NtYieldExecution always answers STATUS_SUCCESS: Linux does not say whether another thread was ready.
 */
NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable,
                                     PLARGE_INTEGER Timeout) NTWAIT_SYM(NtWaitForSingleObject);
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG Count, HANDLE Handles[], WAIT_TYPE WaitType, BOOLEAN Alertable,
                                        PLARGE_INTEGER Timeout) NTWAIT_SYM(NtWaitForMultipleObjects);
NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE SignalHandle, HANDLE WaitHandle, BOOLEAN Alertable,
                                              PLARGE_INTEGER Timeout) NTWAIT_SYM(NtSignalAndWaitForSingleObject);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN Alertable, PLARGE_INTEGER DelayInterval) NTWAIT_SYM(NtDelayExecution);
NTSTATUS NTAPI NtYieldExecution(void) NTWAIT_SYM(NtYieldExecution);

/* ---- Alerts and APCs ------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. Routines are called by the thread that they were queued to, when
 * it waits alertably or calls NtTestAlert; one wait calls all that are queued, in their order. A routine may wait
 * itself. The alerts need THREAD_ALERT or THREAD_SUSPEND_RESUME, the resume THREAD_SUSPEND_RESUME, the APC
 * THREAD_SET_CONTEXT.
 *   STATUS_UNSUCCESSFUL            an APC for a thread that has ended
 *   STATUS_THREAD_IS_TERMINATING   an alert for a thread that has ended
 *   STATUS_INVALID_CID             an alert by an id that no thread has
 * An alert that comes before its wait is kept, once. NtTestAlert answers STATUS_ALERTED if there was an alert, and
 * calls the APCs if not. NtWaitForAlertByThreadId answers STATUS_ALERTED or STATUS_TIMEOUT; its address is a hint for
 * debuggers. An alert by id also ends a wait on an address.
 */
NTSTATUS NTAPI NtAlertThread(HANDLE ThreadHandle) NTWAIT_SYM(NtAlertThread);
NTSTATUS NTAPI NtAlertResumeThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount) NTWAIT_SYM(NtAlertResumeThread);
NTSTATUS NTAPI NtTestAlert(void) NTWAIT_SYM(NtTestAlert);
NTSTATUS NTAPI NtQueueApcThread(HANDLE ThreadHandle, PPS_APC_ROUTINE ApcRoutine, PVOID ApcArgument1, PVOID ApcArgument2,
                                PVOID ApcArgument3) NTWAIT_SYM(NtQueueApcThread);
NTSTATUS NTAPI NtWaitForAlertByThreadId(PVOID Address, PLARGE_INTEGER Timeout) NTWAIT_SYM(NtWaitForAlertByThreadId);
NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE ThreadId) NTWAIT_SYM(NtAlertThreadByThreadId);

/* ---- Threads --------------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. Threads that the library did not make take part: they get an
 * object with their first call and can be opened, suspended, terminated and waited for.
 * ProcessHandle is NtCurrentProcess(). Stack sizes are in bytes; the larger counts, 0 is 1 MiB. ZeroBits has no effect.
 * Each call needs the right of its name: THREAD_TERMINATE, THREAD_SUSPEND_RESUME, THREAD_QUERY_INFORMATION or the
 * limited one, THREAD_SET_INFORMATION.
 *   STATUS_INVALID_PARAMETER       no start routine, unknown flags, a name; values that a class does not take
 *   STATUS_INVALID_CID             an id that no thread of this process has
 *   STATUS_INVALID_PARAMETER_MIX   an open without a ClientId, or with a name beside it
 *   STATUS_SUSPEND_COUNT_EXCEEDED  suspended 127 times already
 *   STATUS_THREAD_IS_TERMINATING   suspending a thread that has ended
 *   STATUS_CANT_TERMINATE_SELF     a null thread handle in the last thread of the process
 *   STATUS_INVALID_INFO_CLASS, STATUS_INFO_LENGTH_MISMATCH, STATUS_BUFFER_TOO_SMALL   see the classes
 * A thread that is suspended or terminated by another stops where it is, outside of the library. What it holds of other
 * libraries stays held, malloc's lock above all: as on Windows, terminate threads of your own only, and only if you
 * know what they do. A suspended thread keeps its waits; they go on with their old deadline. The end of a thread frees
 * its mutants and drops its APCs. Priorities become nice values as far as the system permits.
 */
NTSTATUS NTAPI NtCreateThreadEx(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                HANDLE ProcessHandle, PUSER_THREAD_START_ROUTINE StartRoutine, PVOID Argument,
                                ULONG CreateFlags, SIZE_T ZeroBits, SIZE_T StackSize, SIZE_T MaximumStackSize,
                                PPS_ATTRIBUTE_LIST AttributeList) NTWAIT_SYM(NtCreateThreadEx);
NTSTATUS NTAPI NtOpenThread(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PCLIENT_ID ClientId) NTWAIT_SYM(NtOpenThread);
NTSTATUS NTAPI NtTerminateThread(HANDLE ThreadHandle, NTSTATUS ExitStatus) NTWAIT_SYM(NtTerminateThread);
VOID NTAPI RtlExitUserThread(NTSTATUS ExitStatus) NTWAIT_SYM(RtlExitUserThread) __attribute__((noreturn));
NTSTATUS NTAPI NtSuspendThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount) NTWAIT_SYM(NtSuspendThread);
NTSTATUS NTAPI NtResumeThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount) NTWAIT_SYM(NtResumeThread);
NTSTATUS NTAPI NtQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass,
                                        PVOID ThreadInformation, ULONG ThreadInformationLength,
                                        PULONG ReturnLength) NTWAIT_SYM(NtQueryInformationThread);
NTSTATUS NTAPI NtSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass,
                                      PVOID ThreadInformation,
                                      ULONG ThreadInformationLength) NTWAIT_SYM(NtSetInformationThread);

/* ---- Processes ------------------------------------------------------------------------------------------------------
 *
 * NtOpenProcess names any process of the system by four times its number in Linux. The object is signalled when that
 * process has ended, and stays so. UniqueThread is 0, or the id of a thread of this process.
 *
 *   STATUS_INVALID_CID             no such process or thread
 *   STATUS_INVALID_PARAMETER_MIX   a name, or no id
 *   STATUS_NOT_SUPPORTED           Linux before 5.3; queries: it has ended, and the kernel does not tell how
 */
NTSTATUS NTAPI NtOpenProcess(PHANDLE ProcessHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             PCLIENT_ID ClientId) NTWAIT_SYM(NtOpenProcess);
NTSTATUS NTAPI NtQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass,
                                         PVOID ProcessInformation, ULONG ProcessInformationLength,
                                         PULONG ReturnLength) NTWAIT_SYM(NtQueryInformationProcess);

/* ---- Handles --------------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors.
 * Handles are multiples of 4; the two lower bits are ignored. The object lives on while other handles or waits refer to
 * it.
 *   STATUS_HANDLE_NOT_CLOSABLE     a close of a handle that is protected
 *   STATUS_INVALID_PARAMETER       a duplicate without a target process and without DUPLICATE_CLOSE_SOURCE
 *   STATUS_NOT_SAME_OBJECT         the handles name different objects
 *   STATUS_INVALID_INFO_CLASS, STATUS_INFO_LENGTH_MISMATCH   see the classes
 * The process handles name this process; there are no others.
 */
NTSTATUS NTAPI NtClose(HANDLE Handle) NTWAIT_SYM(NtClose);
NTSTATUS NTAPI NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle, HANDLE TargetProcessHandle,
                                 PHANDLE TargetHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes,
                                 ULONG Options) NTWAIT_SYM(NtDuplicateObject);
NTSTATUS NTAPI NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass, PVOID ObjectInformation,
                             ULONG ObjectInformationLength, PULONG ReturnLength) NTWAIT_SYM(NtQueryObject);
NTSTATUS NTAPI NtSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass,
                                      PVOID ObjectInformation,
                                      ULONG ObjectInformationLength) NTWAIT_SYM(NtSetInformationObject);
NTSTATUS NTAPI NtCompareObjects(HANDLE FirstObjectHandle, HANDLE SecondObjectHandle) NTWAIT_SYM(NtCompareObjects);

/* ---- Rtl: statuses and texts ----------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors.
 * RtlNtStatusToDosError gives the Win32 error of a status; 317 if there is none. RtlInitUnicodeString points to the
 * text, which must stay, and counts it up to its zero; more than 65,532 bytes are cut off. Null is an empty one.
 */
ULONG NTAPI RtlNtStatusToDosError(NTSTATUS Status) NTWAIT_SYM(RtlNtStatusToDosError);
VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString,
                                PCWSTR SourceString) NTWAIT_SYM(RtlInitUnicodeString);

/* ---- Rtl: critical sections -----------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. The owner is the thread; leaving is for the owner alone, which
 * is not checked. Initialise before use; a section is deleted when nobody uses it any more.
 * Enter returns when the thread owns the section. The lock is not handed over: a thread that runs may be faster than
 * one that was woken. A thread that is terminated keeps its sections.
 */
NTSTATUS NTAPI RtlInitializeCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
    NTWAIT_SYM(RtlInitializeCriticalSection);
NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(PRTL_CRITICAL_SECTION CriticalSection,
                                                        ULONG SpinCount)
    NTWAIT_SYM(RtlInitializeCriticalSectionAndSpinCount);
NTSTATUS NTAPI RtlInitializeCriticalSectionEx(PRTL_CRITICAL_SECTION CriticalSection, ULONG SpinCount,
                                              ULONG Flags) NTWAIT_SYM(RtlInitializeCriticalSectionEx);
NTSTATUS NTAPI RtlEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection) NTWAIT_SYM(RtlEnterCriticalSection);
LOGICAL NTAPI RtlTryEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection) NTWAIT_SYM(RtlTryEnterCriticalSection);
NTSTATUS NTAPI RtlLeaveCriticalSection(PRTL_CRITICAL_SECTION CriticalSection) NTWAIT_SYM(RtlLeaveCriticalSection);
NTSTATUS NTAPI RtlDeleteCriticalSection(PRTL_CRITICAL_SECTION CriticalSection) NTWAIT_SYM(RtlDeleteCriticalSection);

/* ---- Rtl: SRW locks -------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. There is no owner: another thread may release.
 * Not recursive. A queued exclusive acquirer keeps new shared ones out. The release of a lock that is not held in this
 * mode does nothing, where Windows raises STATUS_RESOURCE_NOT_OWNED.
 */
VOID NTAPI RtlInitializeSRWLock(PRTL_SRWLOCK SRWLock) NTWAIT_SYM(RtlInitializeSRWLock);
VOID NTAPI RtlAcquireSRWLockExclusive(PRTL_SRWLOCK SRWLock) NTWAIT_SYM(RtlAcquireSRWLockExclusive);
VOID NTAPI RtlAcquireSRWLockShared(PRTL_SRWLOCK SRWLock) NTWAIT_SYM(RtlAcquireSRWLockShared);
BOOLEAN NTAPI RtlTryAcquireSRWLockExclusive(PRTL_SRWLOCK SRWLock) NTWAIT_SYM(RtlTryAcquireSRWLockExclusive);
BOOLEAN NTAPI RtlTryAcquireSRWLockShared(PRTL_SRWLOCK SRWLock) NTWAIT_SYM(RtlTryAcquireSRWLockShared);
VOID NTAPI RtlReleaseSRWLockExclusive(PRTL_SRWLOCK SRWLock) NTWAIT_SYM(RtlReleaseSRWLockExclusive);
VOID NTAPI RtlReleaseSRWLockShared(PRTL_SRWLOCK SRWLock) NTWAIT_SYM(RtlReleaseSRWLockShared);

/* ---- Rtl: condition variables ---------------------------------------------------------------------------------------
 * Callers: a sleep is for the thread that holds the lock; a wake for any thread, with the lock or without.
 * A sleep lets go of the lock, sleeps and acquires it again in the same mode; Flags is 0 or
 * RTL_CONDITION_VARIABLE_LOCKMODE_SHARED. A critical section must be entered once, not more. Sleeps may end for no
 * reason: look again. A wake without a sleeper is not remembered.
 *   STATUS_TIMEOUT                 the time was up; the lock is held
 *   STATUS_INVALID_PARAMETER       unknown flags
 *   STATUS_RESOURCE_NOT_OWNED      nobody holds the SRW lock in that mode
 */
VOID NTAPI RtlInitializeConditionVariable(PRTL_CONDITION_VARIABLE ConditionVariable)
    NTWAIT_SYM(RtlInitializeConditionVariable);
NTSTATUS NTAPI RtlSleepConditionVariableCS(PRTL_CONDITION_VARIABLE ConditionVariable,
                                           PRTL_CRITICAL_SECTION CriticalSection,
                                           PLARGE_INTEGER Timeout) NTWAIT_SYM(RtlSleepConditionVariableCS);
NTSTATUS NTAPI RtlSleepConditionVariableSRW(PRTL_CONDITION_VARIABLE ConditionVariable, PRTL_SRWLOCK SRWLock,
                                            PLARGE_INTEGER Timeout,
                                            ULONG Flags) NTWAIT_SYM(RtlSleepConditionVariableSRW);
VOID NTAPI RtlWakeConditionVariable(PRTL_CONDITION_VARIABLE ConditionVariable) NTWAIT_SYM(RtlWakeConditionVariable);
VOID NTAPI RtlWakeAllConditionVariable(PRTL_CONDITION_VARIABLE ConditionVariable)
    NTWAIT_SYM(RtlWakeAllConditionVariable);

/* ---- Rtl: run once --------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors. The initialiser must not begin the same block.
 * Begin answers STATUS_PENDING to the thread that is to do it and then calls complete; others wait, then get
 * STATUS_SUCCESS and the context, whose two lower bits are 0.
 *   STATUS_INVALID_PARAMETER       flags that exclude each other or the mode that was begun in, a context with lower
 * bits
 *   STATUS_UNSUCCESSFUL            CHECK_ONLY and not done; a complete of what is not begun or done; the initialiser
 * failed
 */
VOID NTAPI RtlRunOnceInitialize(PRTL_RUN_ONCE RunOnce) NTWAIT_SYM(RtlRunOnceInitialize);
NTSTATUS NTAPI RtlRunOnceBeginInitialize(PRTL_RUN_ONCE RunOnce, ULONG Flags,
                                         PVOID *Context) NTWAIT_SYM(RtlRunOnceBeginInitialize);
NTSTATUS NTAPI RtlRunOnceComplete(PRTL_RUN_ONCE RunOnce, ULONG Flags, PVOID Context) NTWAIT_SYM(RtlRunOnceComplete);
NTSTATUS NTAPI RtlRunOnceExecuteOnce(PRTL_RUN_ONCE RunOnce, PRTL_RUN_ONCE_INIT_FN InitFn, PVOID Parameter,
                                     PVOID *Context) NTWAIT_SYM(RtlRunOnceExecuteOnce);

/* ---- Rtl: barriers --------------------------------------------------------------------------------------------------
 * Callers: any thread, callbacks. No more threads than the barrier is for.
 * RtlBarrier returns when TotalThreads have come, and TRUE to the last of them. SpinCount is how often to look before
 * sleeping, -1 the default. RtlDeleteBarrier waits for those who are leaving. Unknown flags: FALSE, the thread has not
 * entered; Windows raises an exception.
 *   STATUS_INVALID_PARAMETER       a null barrier
 */
NTSTATUS NTAPI RtlInitBarrier(PRTL_BARRIER Barrier, ULONG TotalThreads, ULONG SpinCount) NTWAIT_SYM(RtlInitBarrier);
BOOLEAN NTAPI RtlBarrier(PRTL_BARRIER Barrier, ULONG Flags) NTWAIT_SYM(RtlBarrier);
NTSTATUS NTAPI RtlDeleteBarrier(PRTL_BARRIER Barrier) NTWAIT_SYM(RtlDeleteBarrier);

/* ---- Rtl: waits on addresses ----------------------------------------------------------------------------------------
 * Callers: any thread, callbacks, static constructors.
 * A wait sleeps while AddressSize bytes (1, 2, 4 or 8) at Address are those at CompareAddress, until the address is
 * woken. It may end for no reason: look again. A wake does not look at the memory, and is not remembered.
 *   STATUS_TIMEOUT                 the time was up
 *   STATUS_INVALID_PARAMETER       another size
 */
NTSTATUS NTAPI RtlWaitOnAddress(volatile VOID *Address, PVOID CompareAddress, SIZE_T AddressSize,
                                PLARGE_INTEGER Timeout) NTWAIT_SYM(RtlWaitOnAddress);
VOID NTAPI RtlWakeAddressSingle(PVOID Address) NTWAIT_SYM(RtlWakeAddressSingle);
VOID NTAPI RtlWakeAddressAll(PVOID Address) NTWAIT_SYM(RtlWakeAddressAll);

#ifdef __cplusplus
}
#endif
#endif
