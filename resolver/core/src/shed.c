/* Stand-in. */
#include "shed.h"

#include <string.h>

void weir_shed(const weir_state *state, weir_packet *packet)
{
    packet->outcome = WEIR_SILENT;
    if (packet->length < 12 || packet->room < 12)
        return;
    memcpy(packet->out, packet->bytes, 12);
    packet->out[2] |= 0x80;
    packet->out[3] = 0x82;
    memset(packet->out + 4, 0, 8);
    packet->out_length = 12;
    packet->outcome = WEIR_ANSWERED;
}
