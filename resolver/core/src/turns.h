/* How soon a thread that has work gets the processor from one that has had it for longer.
 *
 * Under EEVDF (Linux 6.6 and later) a woken thread waits until the running one has had its turn: 3 ms and up to
 * a tick more, even where that one is far nicer, and all packets of that time wait with it. A thread that asks for
 * short turns (Linux 6.12) gets the processor at once as long as it has had no more than its share. Older kernels
 * heed nothing of it. No thread gets more time by it. */
#ifndef WEIR_TURNS_H
#define WEIR_TURNS_H

/* The kernel's shortest: 100 microseconds. */
#define WEIR_TURN_NS 100000u

/* Ask for short turns for the calling thread, and for those that it starts from now on. Whoever has another policy
 * than the ordinary one (chrt, CPUSchedulingPolicy=) keeps it. 0, or an errno. */
int weir_short_turns(void);

/* The turns that the calling thread has asked for, in nanoseconds; the kernel's own measure where it has not asked.
 * 0 if the kernel does not say. */
unsigned long long weir_turn(void);

#endif
