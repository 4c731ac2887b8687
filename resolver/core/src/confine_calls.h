/* The calls of Linux that a worker makes, and those that nobody but an intruder would make.
 *
 * Processors differ in what they have: ARM's 32 bits know several calls under two names, newer ones lack old
 * forms. */
#ifndef WEIR_CONFINE_CALLS_H
#define WEIR_CONFINE_CALLS_H

#include <stdint.h>
#include <sys/syscall.h>

static const uint32_t allowed[] = {
    /* packets and waiting, the most frequent first */
    __NR_recvmmsg, __NR_sendmmsg, __NR_epoll_pwait, __NR_ppoll, __NR_read, __NR_write, __NR_futex,
    __NR_recvfrom, __NR_sendto, __NR_recvmsg, __NR_sendmsg, __NR_readv, __NR_writev, __NR_pselect6,
    __NR_epoll_ctl, __NR_epoll_create1, __NR_eventfd2,
    /* sockets, upstreams' and clients' */
    __NR_accept, __NR_accept4, __NR_bind, __NR_connect, __NR_listen, __NR_shutdown, __NR_getsockname,
    __NR_getpeername, __NR_getsockopt, __NR_setsockopt, __NR_socketpair,
    /* time */
    __NR_clock_gettime, __NR_clock_getres, __NR_clock_nanosleep, __NR_nanosleep, __NR_gettimeofday,
    __NR_times, __NR_timerfd_create, __NR_timerfd_settime, __NR_timerfd_gettime,
    /* memory */
    __NR_munmap, __NR_mremap, __NR_madvise, __NR_brk, __NR_mlock, __NR_munlock, __NR_msync,
    /* state, generations and counters; what may be reached is the file system's affair */
    __NR_openat, __NR_close, __NR_fstat, __NR_statfs, __NR_fstatfs, __NR_faccessat, __NR_readlinkat,
    __NR_lseek, __NR_getdents64, __NR_getcwd, __NR_pread64, __NR_pwrite64, __NR_preadv, __NR_pwritev,
    __NR_ftruncate, __NR_fallocate, __NR_fsync, __NR_fdatasync, __NR_renameat, __NR_renameat2,
    __NR_unlinkat, __NR_linkat, __NR_flock, __NR_fcntl, __NR_ioctl, __NR_dup, __NR_dup3, __NR_pipe2,
    __NR_umask, __NR_fchmod, __NR_fchmodat,
    /* threads and signals */
    __NR_exit, __NR_exit_group, __NR_set_robust_list, __NR_get_robust_list, __NR_set_tid_address,
    __NR_sched_yield, __NR_sched_getaffinity, __NR_sched_setaffinity, __NR_getcpu, __NR_gettid, __NR_getpid,
    __NR_getppid, __NR_tgkill, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_sigaltstack,
    __NR_rt_sigtimedwait, __NR_restart_syscall,
    /* who and where we are */
    __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_uname, __NR_sysinfo, __NR_getrusage,
    __NR_prlimit64, __NR_getrandom,
#if defined(__x86_64__) || defined(__arm__)
    __NR_epoll_wait, __NR_poll, __NR_epoll_create, __NR_eventfd, __NR_open, __NR_stat, __NR_lstat,
    __NR_access, __NR_readlink, __NR_getdents, __NR_rename, __NR_unlink, __NR_link, __NR_dup2, __NR_pipe,
    __NR_chmod,
#endif
#if defined(__x86_64__) || defined(__aarch64__)
    __NR_newfstatat, __NR_fadvise64, __NR_getrlimit,
#endif
#if defined(__x86_64__)
    __NR_select, __NR_time,
#endif
#if defined(__arm__)
    __NR_recvmmsg_time64, __NR_ppoll_time64, __NR_futex_time64, __NR_recv, __NR_send, __NR__newselect,
    __NR_pselect6_time64, __NR_clock_gettime64, __NR_clock_getres_time64, __NR_clock_nanosleep_time64,
    __NR_timerfd_settime64, __NR_stat64, __NR_fstat64, __NR_lstat64, __NR_fstatat64, __NR_statfs64,
    __NR_fstatfs64, __NR__llseek, __NR_arm_fadvise64_64, __NR_ftruncate64, __NR_fcntl64, __NR_sigreturn,
    __NR_rt_sigtimedwait_time64, __NR_getuid32, __NR_geteuid32, __NR_getgid32, __NR_getegid32,
    __NR_ugetrlimit,
#endif
    /* newer than the oldest headers that this builds with */
#ifdef __NR_epoll_pwait2
    __NR_epoll_pwait2,
#endif
#ifdef __NR_futex_waitv
    __NR_futex_waitv,
#endif
#ifdef __NR_mlock2
    __NR_mlock2,
#endif
#ifdef __NR_membarrier
    __NR_membarrier,
#endif
#ifdef __NR_openat2
    __NR_openat2,
#endif
#ifdef __NR_close_range
    __NR_close_range,
#endif
#ifdef __NR_statx
    __NR_statx,
#endif
#ifdef __NR_faccessat2
    __NR_faccessat2,
#endif
#ifdef __NR_memfd_create
    __NR_memfd_create,
#endif
#ifdef __NR_rseq
    __NR_rseq,
#endif
};

static const uint32_t deadly[] = {
    /* another program, another process */
    __NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp,
    /* the machine */
    __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_setns, __NR_unshare, __NR_swapon,
    __NR_swapoff, __NR_reboot, __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_kexec_load,
    __NR_kexec_file_load, __NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_keyctl, __NR_add_key,
    __NR_request_key, __NR_acct, __NR_quotactl, __NR_settimeofday, __NR_clock_settime, __NR_adjtimex,
    __NR_clock_adjtime, __NR_sethostname, __NR_setdomainname, __NR_syslog,
    /* identities */
    __NR_setuid, __NR_setgid, __NR_setreuid, __NR_setregid, __NR_setresuid, __NR_setresgid, __NR_setgroups,
    __NR_setfsuid, __NR_setfsgid, __NR_capset,
#if defined(__x86_64__)
    __NR_iopl, __NR_ioperm,
#endif
#if defined(__arm__)
    __NR_clock_settime64, __NR_clock_adjtime64, __NR_setuid32, __NR_setgid32, __NR_setreuid32,
    __NR_setregid32, __NR_setresuid32, __NR_setresgid32, __NR_setgroups32, __NR_setfsuid32, __NR_setfsgid32,
#endif
    /* newer than the oldest headers that this builds with */
#ifdef __NR_pidfd_getfd
    __NR_pidfd_getfd,
#endif
#ifdef __NR_move_mount
    __NR_move_mount,
#endif
#ifdef __NR_open_tree
    __NR_open_tree,
#endif
#ifdef __NR_fsopen
    __NR_fsopen,
#endif
#ifdef __NR_fsmount
    __NR_fsmount,
#endif
#ifdef __NR_fsconfig
    __NR_fsconfig,
#endif
};

#endif
