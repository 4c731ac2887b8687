/* The two calls of sched_setattr(2), for which older C libraries have no function. */
#include "turns.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct sched_attr in its first version: 48 bytes, known to all kernels that have the calls. */
typedef struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
} attributes;

_Static_assert(sizeof(attributes) == 48, "as the kernel has it");

int weir_short_turns(void)
{
    attributes wanted = {0};
    if (syscall(SYS_sched_getattr, 0, &wanted, (unsigned)sizeof wanted, 0u) != 0)
        return errno;
    if (wanted.policy != SCHED_OTHER)
        return 0;
    wanted.size = sizeof wanted;
    wanted.runtime = WEIR_TURN_NS;
    return syscall(SYS_sched_setattr, 0, &wanted, 0u) == 0 ? 0 : errno;
}

unsigned long long weir_turn(void)
{
    attributes now = {0};
    return syscall(SYS_sched_getattr, 0, &now, (unsigned)sizeof now, 0u) == 0 ? now.runtime : 0;
}
