/* The verdict on what a kept answer leads to: its alias targets and addresses (resolver.answer.decision).
 *
 * Hardly any answer leads to anything that a list speaks about, and what lists say changes rarely. So an
 * entry notes which of its parts is listed and with which bits, under the serial of the lists; only a new
 * serial or several listed parts cost look-ups. */
#ifndef WEIR_JUDGE_H
#define WEIR_JUDGE_H

#include "verdict.h"

/* What the lists say of all parts together, worked out anew. `serial` is weir_table_serial, read before. */
void weir_judge_parts(const weir_state *state, const weir_answer *answer, uint32_t serial,
                      weir_judgement *judgement);

/* Judge every part in order under `asked` (its name, part and bits are set here). Returns the part that is
 * blocked, WEIR_JUDGE_TARGET or WEIR_JUDGE_ADDRESS, with its verdict; else WEIR_JUDGE_QUERY. */
int weir_judge_answer(weir_case *asked, const weir_answer *answer, const weir_judgement *judgement,
                      weir_verdict *verdict);

#endif
