/* The filter's program, run by hand as the kernel would: no jump leaves it, and calls get what their list
 * says. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "check.h"
#include "confine.h"

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define MACHINE AUDIT_ARCH_ARM
#else
#error "no filter for this processor"
#endif

#ifdef __NR_mmap2
#define MMAP __NR_mmap2
#else
#define MMAP __NR_mmap
#endif

static struct sock_filter program[WEIR_CONFINE_MOST];
static unsigned length;

static uint32_t word_at(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t word;
    CHECK(offset % 4 == 0 && offset + 4 <= sizeof *data);
    memcpy(&word, (const char *)data + offset, sizeof word);
    return word;
}

static uint32_t run(const struct seccomp_data *data)
{
    uint32_t a = 0;
    for (unsigned at = 0; at < length; at++) {
        const struct sock_filter *i = &program[at];
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            a = word_at(data, i->k);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= i->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += a == i->k ? i->jt : i->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            at += a >= i->k ? i->jt : i->jf;
            break;
        case BPF_RET | BPF_K:
            return i->k;
        default:
            CHECK(!"an instruction that is not known");
        }
    }
    CHECK(!"the program ends without an answer");
    return 0;
}

static uint32_t call(int number, uint64_t first, uint64_t third)
{
    struct seccomp_data data = {.nr = number, .arch = MACHINE, .args = {first, 0, third}};
    return run(&data);
}

#define ALLOWED SECCOMP_RET_ALLOW
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)
#define DEADLY SECCOMP_RET_KILL_PROCESS

static void serving_is_allowed(void)
{
    static const int calls[] = {__NR_recvmmsg, __NR_sendmmsg, __NR_futex, __NR_epoll_pwait, __NR_openat, __NR_exit_group,
                                __NR_getrandom, __NR_close, __NR_read, __NR_write, __NR_munmap, __NR_tgkill};
    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++)
        CHECK(call(calls[i], 0, 0) == ALLOWED);
}

static void attacks_are_deadly(void)
{
    static const int calls[] = {__NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev,
                                __NR_mount, __NR_setns, __NR_unshare, __NR_bpf, __NR_init_module, __NR_kexec_load,
                                __NR_reboot, __NR_setuid};
    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++)
        CHECK(call(calls[i], 0, 0) == DEADLY);
}

static void the_rest_is_refused(void)
{
    static const int calls[] = {__NR_kill, __NR_mkdirat, __NR_symlinkat, __NR_mknodat, __NR_setsid, __NR_personality};
    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++)
        CHECK(call(calls[i], 0, 0) == REFUSED);
    for (int number = 2000; number < 3000; number++) /* calls of kernels to come */
        CHECK(call(number, 0, 0) == REFUSED);
}

static void arguments_count(void)
{
    CHECK(call(__NR_socket, AF_INET, 0) == ALLOWED && call(__NR_socket, AF_INET6, 0) == ALLOWED);
    CHECK(call(__NR_socket, AF_UNIX, 0) == ALLOWED);
    CHECK(call(__NR_socket, AF_PACKET, 0) == REFUSED && call(__NR_socket, AF_NETLINK, 0) == REFUSED);
    CHECK(call(__NR_clone, 0x3d0f00, 0) == ALLOWED); /* what pthread_create asks for */
    CHECK(call(__NR_clone, 0x1200011, 0) == REFUSED); /* what fork asks for */
    CHECK(call(__NR_clone3, 0, 0) == (SECCOMP_RET_ERRNO | ENOSYS));
    CHECK(call(MMAP, 0, PROT_READ | PROT_WRITE) == ALLOWED && call(MMAP, 0, PROT_READ | PROT_EXEC) == ALLOWED);
    CHECK(call(MMAP, 0, PROT_READ | PROT_WRITE | PROT_EXEC) == REFUSED);
    CHECK(call(__NR_mprotect, 0, PROT_READ) == ALLOWED && call(__NR_mprotect, 0, PROT_READ | PROT_EXEC) == REFUSED);
    CHECK(call(__NR_prctl, PR_SET_NAME, 0) == ALLOWED && call(__NR_prctl, PR_SET_DUMPABLE, 0) == REFUSED);
}

static void another_interface_of_the_kernel_is_deadly(void)
{
    struct seccomp_data other = {.nr = __NR_read, .arch = MACHINE ^ 1};
    CHECK(run(&other) == DEADLY);
    CHECK(call(__NR_read | 0x40000000, 0, 0) == DEADLY);
}

int main(void)
{
    length = weir_confine_write(program);
    CHECK(length > 100 && length < WEIR_CONFINE_MOST);
    serving_is_allowed();
    attacks_are_deadly();
    the_rest_is_refused();
    arguments_count();
    another_interface_of_the_kernel_is_deadly();
    return 0;
}
