/* Writing records of the sample; tap.h has the rules of what may be in one. */
#include "tap.h"

#include "bytes.h"

#define WORDS (WEIR_TAP_RECORD / 8)
#define HEADER 12u /* octets of a DNS header */
#define NOT_SENT 255u
#define NO_BIT 255u

enum { AT_MAGIC = 0, AT_RECORD_SIZE = 8, AT_RECORDS = 12, AT_ONE_IN = 16 };

_Static_assert(WEIR_TAP_AT_NAME + WEIR_TAP_NAME == WEIR_TAP_RECORD, "the name fills the rest of a record");

/* xorshift64: which queries are taken must not follow a pattern of the traffic, no more. */
static uint64_t next_random(weir_tap *tap)
{
    tap->random ^= tap->random << 13;
    tap->random ^= tap->random >> 7;
    tap->random ^= tap->random << 17;
    return tap->random;
}

/* Uniform in 1 .. 2N - 1, so N on average. */
static uint32_t next_countdown(weir_tap *tap, uint32_t one_in)
{
    return 1 + (uint32_t)(next_random(tap) % (2 * (uint64_t)one_in - 1));
}

void weir_tap_init(weir_tap *tap, uint8_t *bytes, uint64_t seed)
{
    *tap = (weir_tap){.head = bytes, .countdown = 1, .random = seed | 1};
    memcpy(bytes + AT_MAGIC, WEIR_TAP_MAGIC, 8);
    weir_store32(bytes + AT_RECORD_SIZE, WEIR_TAP_RECORD);
    weir_store32(bytes + AT_RECORDS, WEIR_TAP_RECORDS);
    tap->words = (_Atomic uint64_t *)(void *)(bytes + WEIR_TAP_HEAD);
}

void weir_tap_use(weir_tap *tap, uint32_t one_in)
{
    weir_store32(tap->head + AT_ONE_IN, one_in);
    /* relaxed: the number is all that is told */
    atomic_store_explicit(&tap->one_in, one_in < INT32_MAX ? one_in : INT32_MAX, memory_order_relaxed);
}

static uint8_t verdict_of(const weir_tap_event *event)
{
    if (event->path == WEIR_PATH_HANDED_OVER)
        return WEIR_TAP_DECIDED_ELSEWHERE;
    switch (event->packet->verdict) {
    case WEIR_COUNT_BLOCKED_ILLEGAL_VOLUNTARY:
    case WEIR_COUNT_BLOCKED_ILLEGAL_ORDER:
    case WEIR_COUNT_BLOCKED_SECURITY:
        return WEIR_TAP_ILLEGAL_OR_SECURITY;
    case WEIR_COUNT_BLOCKED_CATEGORY:
        return WEIR_TAP_CATEGORY;
    case WEIR_COUNT_BLOCKED_OWN_RULE:
        return WEIR_TAP_OWN_RULE;
    case WEIR_COUNT_BLOCKED_PAUSED:
        return WEIR_TAP_PAUSED;
    case WEIR_COUNT_BLOCKED_ALLOW_ONLY:
        return WEIR_TAP_ALLOW_ONLY;
    default:
        return WEIR_TAP_ALLOWED;
    }
}

/* The octets of the question's name without the root label; -1 if there is none that is whole. `start` gets
 * the places of its labels, `count` their number. */
static int measure_name(const weir_packet *packet, uint16_t start[WEIR_MAX_LABELS], unsigned *count)
{
    unsigned at = HEADER;
    *count = 0;
    while (at < packet->length && packet->bytes[at] != 0) {
        unsigned next = at + 1 + packet->bytes[at];
        if (packet->bytes[at] > WEIR_MAX_LABEL || next - HEADER >= WEIR_MAX_WIRE)
            return -1;
        start[(*count)++] = (uint16_t)at;
        at = next;
    }
    return at < packet->length ? (int)(at - HEADER) : -1;
}

static void write_name(uint8_t *record, const weir_packet *packet, const uint16_t *start, unsigned count, unsigned end)
{
    unsigned first = count > WEIR_TAP_LABELS ? count - WEIR_TAP_LABELS : 0;
    while (first < count && end - start[first] > WEIR_TAP_NAME)
        first++;
    if (first == count)
        return;
    unsigned length = end - start[first];
    record[WEIR_TAP_AT_LENGTH] = (uint8_t)length;
    for (unsigned i = 0; i < length; i++) {
        uint8_t octet = packet->bytes[start[first] + i]; /* octets of length are below 64 and stay as they are */
        record[WEIR_TAP_AT_NAME + i] = octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
    }
}

static void write_question(uint8_t *record, const weir_packet *packet, uint8_t verdict)
{
    uint16_t start[WEIR_MAX_LABELS];
    unsigned count;
    int length = measure_name(packet, start, &count);
    if (length < 0 || HEADER + (unsigned)length + 3 > packet->length)
        return;
    unsigned end = HEADER + (unsigned)length;
    weir_store16(record + WEIR_TAP_AT_QTYPE, (uint16_t)(packet->bytes[end + 1] << 8 | packet->bytes[end + 2]));
    if (packet->nameable == 1 && verdict == WEIR_TAP_ALLOWED)
        write_name(record, packet, start, count, end);
}

/* The sequence is taken back before the record changes and set when it is whole: release in both places, so
 * that no reader sees a new word under an old sequence, nor the new sequence before the last word. */
static void publish(weir_tap *tap, const uint8_t *record)
{
    _Atomic uint64_t *to = tap->words + tap->written % WEIR_TAP_RECORDS * WORDS;
    uint64_t word;
    tap->written++;
    atomic_store_explicit(&to[0], 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (unsigned i = 1; i < WORDS; i++) {
        memcpy(&word, record + 8 * i, sizeof word);
        atomic_store_explicit(&to[i], word, memory_order_relaxed);
    }
    atomic_store_explicit(&to[0], WEIR_LE64(tap->written), memory_order_release);
}

static void write_record(weir_tap *tap, const weir_tap_event *event)
{
    uint8_t record[WEIR_TAP_RECORD] = {0};
    const weir_packet *packet = event->packet;
    uint8_t verdict = verdict_of(event);
    weir_store32(record + WEIR_TAP_AT_SECOND, (uint32_t)(event->unix_ms / 1000));
    record[WEIR_TAP_AT_TRANSPORT] = packet->over_tcp != 0;
    record[WEIR_TAP_AT_RCODE] = packet->out != NULL && packet->out_length > 3 ? packet->out[3] & 0x0F : NOT_SENT;
    record[WEIR_TAP_AT_VERDICT] = verdict;
    record[WEIR_TAP_AT_BIT] = verdict == WEIR_TAP_CATEGORY ? packet->bit : NO_BIT;
    record[WEIR_TAP_AT_LATENCY] = (uint8_t)weir_latency_bucket(event->us);
    record[WEIR_TAP_AT_PATH] = (uint8_t)event->path;
    write_question(record, packet, verdict);
    publish(tap, record);
}

void weir_tap_due(weir_tap *tap, const weir_tap_event *event)
{
    uint32_t one_in = atomic_load_explicit(&tap->one_in, memory_order_relaxed); /* as above */
    if (one_in == 0) {
        tap->countdown = WEIR_TAP_PAUSE;
        return;
    }
    tap->countdown = next_countdown(tap, one_in);
    write_record(tap, event);
}
