/* The list of calls, and the filter that is made of it. */
#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine_calls.h"

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define MACHINE AUDIT_ARCH_ARM
#endif

#ifdef MACHINE

#define X32_BIT 0x40000000u /* calls of x86-64's other interface have it; on other machines no call has a number so large */
#define THREAD_FLAG 0x00010000u /* CLONE_THREAD, linux/sched.h */
#define NO_CLONE3 ENOSYS /* its flags lie in memory where no filter sees them; the C library then takes clone */

typedef struct {
    struct sock_filter *at;
} program;

static void emit(program *p, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
    *p->at++ = (struct sock_filter){code, if_true, if_false, k};
}

static void load(program *p, size_t offset)
{
    emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(program *p, uint32_t what)
{
    emit(p, BPF_RET | BPF_K, what, 0, 0);
}

/* Answer all calls of a list alike. */
static void answer_each(program *p, const uint32_t *calls, size_t count, uint32_t what)
{
    for (size_t i = 0; i < count; i++) {
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
        answer(p, what);
    }
}

static size_t low_word(unsigned argument)
{
    size_t at = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    at += sizeof(uint32_t);
#endif
    return at;
}

/* Allow a call if its argument, under `mask`, is `wanted`; else EPERM. */
static void allow_if(program *p, uint32_t call, unsigned argument, uint32_t mask, uint32_t wanted)
{
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 5);
    load(p, low_word(argument));
    emit(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, wanted, 0, 1);
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, SECCOMP_RET_ERRNO | EPERM);
}

/* Refuse memory that is made writable and executable, or executable later: code comes from files only. */
static void allow_unless(program *p, uint32_t call, unsigned argument, uint32_t mask, uint32_t unwanted)
{
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 5);
    load(p, low_word(argument));
    emit(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, unwanted, 1, 0);
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, SECCOMP_RET_ERRNO | EPERM);
}

/* Sockets of the internet and of this machine's files; no raw ones of the link layer, no netlink. */
static void allow_sockets(program *p)
{
    static const uint32_t families[] = {AF_INET, AF_INET6, AF_UNIX};
    const unsigned count = sizeof families / sizeof families[0];
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 2 + 2 * count);
    load(p, low_word(0));
    for (unsigned i = 0; i < count; i++) {
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, families[i], 0, 1);
        answer(p, SECCOMP_RET_ALLOW);
    }
    answer(p, SECCOMP_RET_ERRNO | EPERM);
}

static void allow_some(program *p)
{
    allow_sockets(p);
    allow_if(p, __NR_clone, 0, THREAD_FLAG, THREAD_FLAG);
    allow_unless(p, __NR_mprotect, 2, PROT_EXEC, PROT_EXEC);
#ifdef __NR_mmap2
    allow_unless(p, __NR_mmap2, 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC);
#else
    allow_unless(p, __NR_mmap, 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC);
#endif
    allow_if(p, __NR_prctl, 0, UINT32_MAX, PR_SET_NAME);
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1);
    answer(p, SECCOMP_RET_ERRNO | NO_CLONE3);
}

unsigned weir_confine_write(struct sock_filter *file)
{
    program p = {file};
    load(&p, offsetof(struct seccomp_data, arch));
    emit(&p, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
    answer(&p, SECCOMP_RET_KILL_PROCESS);
    load(&p, offsetof(struct seccomp_data, nr));
    emit(&p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    answer(&p, SECCOMP_RET_KILL_PROCESS);
    answer_each(&p, allowed, sizeof allowed / sizeof allowed[0], SECCOMP_RET_ALLOW);
    answer_each(&p, deadly, sizeof deadly / sizeof deadly[0], SECCOMP_RET_KILL_PROCESS);
    allow_some(&p);
    answer(&p, SECCOMP_RET_ERRNO | EPERM);
    return (unsigned)(p.at - file);
}

static int apply(const struct sock_fprog *filter, unsigned flags)
{
    long outcome = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);
    if (outcome > 0) /* the number of a thread that has a filter of its own */
        return EBUSY;
    return outcome == 0 ? 0 : errno;
}

int weir_confine(void)
{
    struct sock_filter instructions[WEIR_CONFINE_MOST];
    struct sock_fprog filter = {.filter = instructions};
    filter.len = (unsigned short)weir_confine_write(instructions);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return errno;
    int error = apply(&filter, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG);
    if (error == EINVAL) /* before Linux 4.14: nothing is logged */
        error = apply(&filter, SECCOMP_FILTER_FLAG_TSYNC);
    return error;
}

#else

unsigned weir_confine_write(struct sock_filter *file)
{
    (void)file;
    return 0;
}

int weir_confine(void)
{
    return ENOSYS;
}

#endif
