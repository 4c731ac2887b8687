/* The memory source: the interface of source.h over two functions, with no system call in between. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    weir_source source;
    weir_memory_ends ends;
    uint8_t query[WEIR_BATCH][WEIR_MAX_QUERY], answer[WEIR_BATCH][WEIR_MAX_UDP];
} memory;

static unsigned memory_receive(weir_source *source, weir_packet *packets, weir_origin *origins, unsigned room)
{
    memory *self = (memory *)source;
    unsigned count = 0;
    for (; count < room && count < WEIR_BATCH; count++) {
        weir_packet *packet = &packets[count];
        uint64_t number = 0;
        memset(&packet->client, 0, sizeof packet->client);
        int length = self->ends.next(self->ends.context, self->query[count], &packet->client, &number);
        if (length < 0)
            break;
        memcpy(origins[count].bytes, &number, sizeof number);
        packet->bytes = self->query[count];
        packet->length = (uint16_t)length;
        packet->over_tcp = 0;
        packet->out = self->answer[count];
        packet->room = WEIR_MAX_UDP;
    }
    return count;
}

static unsigned memory_send(weir_source *source, const weir_packet *packets, const weir_origin *origins, unsigned count)
{
    memory *self = (memory *)source;
    for (unsigned i = 0; i < count; i++) {
        uint64_t number;
        if (!weir_has_answer(&packets[i]) || !packets[i].out_length)
            continue;
        memcpy(&number, origins[i].bytes, sizeof number);
        self->ends.sent(self->ends.context, number, packets[i].out, packets[i].out_length);
    }
    return 0;
}

static int memory_descriptor(const weir_source *source)
{
    return ((const memory *)source)->ends.descriptor;
}

static void memory_close(weir_source *source)
{
    free(source);
}

weir_source *weir_memory_open(const weir_memory_ends *ends)
{
    memory *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->source = (weir_source){memory_receive, memory_send, memory_descriptor, memory_close, 0};
    self->ends = *ends;
    return &self->source;
}
