/* What a worker may ask of the kernel once it serves: a seccomp filter over all its threads.
 *
 * A call that serving needs is allowed. One that would run another program, reach into another process or
 * change the machine kills the process at once: nothing here ever makes it, so an intruder does. Everything
 * else fails with EPERM, because a new C library may try a new call before an old one, and is in the kernel's
 * audit log where there is one.
 *
 * The numbers come from the C library's headers, so they are right on every processor that this is built
 * for. */
#ifndef WEIR_CONFINE_H
#define WEIR_CONFINE_H

#include <linux/filter.h>
#include <stddef.h>

#define WEIR_CONFINE_MOST 512 /* instructions of the filter */

/* Write the filter; returns the number of its instructions. `file` has room for WEIR_CONFINE_MOST. */
unsigned weir_confine_write(struct sock_filter *file);

/* Bind all threads of this process to the filter, for good. 0, or an errno: ENOSYS and EINVAL of a kernel
 * that has no seccomp. Nothing is changed then. */
int weir_confine(void);

#endif
