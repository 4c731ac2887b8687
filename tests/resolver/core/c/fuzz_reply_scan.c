/* Whatever an upstream sends: the scan ends, stays inside the message and its room, and what it wrote
 * reads back as itself. The question is the message's own, so that the scan goes past it. */
#include <stdlib.h>
#include <string.h>

#include "reply_scan.h"

static void check(int holds)
{
    if (!holds)
        abort();
}

/* The message's own question, where it has one; flags from the id, which means nothing. */
static int question_of(const uint8_t *message, size_t size, weir_question *question, weir_scan_name *name)
{
    weir_scan_cursor cursor = {message, size, WEIR_MESSAGE_HEAD, WEIR_SCAN_BUDGET, NULL};
    if (size < WEIR_MESSAGE_HEAD || !weir_scan_read_name(&cursor, name))
        return 0;
    question->name = name->lower;
    question->name_length = name->length;
    question->qtype = weir_scan_take16(&cursor);
    question->qclass = weir_scan_take16(&cursor);
    question->dnssec_ok = message[0] & 1;
    return cursor.error == NULL;
}

static void check_bounds(const weir_reply *reply)
{
    const weir_answer *answer = &reply->answer;
    check(answer->wire_length >= WEIR_MESSAGE_HEAD && answer->wire_length <= WEIR_MAX_MESSAGE);
    for (unsigned i = 0; i < answer->ttl_count; i++) {
        check(answer->ttl_offsets[i] + 4u <= answer->wire_length);
        check(i == 0 || answer->ttl_offsets[i - 1] < answer->ttl_offsets[i]);
        check(answer->ttl <= weir_net32(answer->wire + answer->ttl_offsets[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static weir_reply_room room, again_room;
    static weir_scan_name name;
    const weir_ttl_limits limits = {0, 86400, 3600};
    weir_question question;
    weir_reply reply, again;
    uint8_t *message = malloc(size + 1); /* of its own size, so that a read behind it is noticed */
    check(message != NULL);
    memcpy(message, data, size);
    if (question_of(message, size, &question, &name) &&
        weir_scan_reply(message, size, &question, &limits, &reply, &room) == NULL && reply.answers) {
        check_bounds(&reply);
        const char *error = weir_scan_reply(reply.answer.wire, reply.answer.wire_length, &question,
                                            &limits, &again,
                                            &again_room);
        check(error == NULL && again.answers && again.answer.wire_length == reply.answer.wire_length);
        check(memcmp(again.answer.wire, reply.answer.wire, reply.answer.wire_length) == 0);
        check(again.answer.target_count == reply.answer.target_count);
        check(again.answer.address_count == reply.answer.address_count);
    }
    free(message);
    return 0;
}
