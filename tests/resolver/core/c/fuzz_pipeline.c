/* Needs: builder.c sets.c writer.c secret_writer.c
 *
 * Any packets, in batches, under a small state with lists, rules, safe search and a cache whose bytes the
 * input damages too, and what would be handed over shed: nothing is read or written out of bounds, and every
 * outcome is one of the four, within its room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline.h"
#include "shed.h"
#include "tables_writer.h"
#include "builder.h"
#include "writer.h"

#define CACHE_BYTES (4 * WEIR_CACHE_PAGE)
#define TABLES_BYTES (1u << 20)
#define NOW_MS 5000u
#define LATE_MS 300000u /* the kept answers have become stale */
#define UNIX_MS 1700000000000u

static const uint8_t key[WEIR_KEY_BYTES] = {1, 2, 3};
static weir_state state;
static weir_core core;
static weir_cache cache;
static _Alignas(64) uint8_t cache_bytes[CACHE_BYTES], sound_cache[CACHE_BYTES], table_bytes[TABLES_BYTES];

static void check(int holds)
{
    if (!holds)
        abort();
}

static void list_name(weir_builder *builder, const char *name)
{
    weir_label labels[WEIR_MAX_LABELS];
    uint8_t padded[WEIR_MAX_TEXT + WEIR_PAD] = {0};
    memcpy(padded, name, strlen(name));
    int count = weir_split_text(padded, strlen(name), labels);
    check(count > 0);
    check(weir_builder_add(builder, weir_hash_name(&builder->key, padded, labels, (unsigned)count), 1) >= 0);
    weir_builder_note_labels(builder, (unsigned)count);
}

/* One class: bit 0 at a listed name and below. */
static void make_lists(void)
{
    static uint8_t classes[2 * 72];
    weir_builder builder;
    uint64_t size;
    uint16_t class_of_set[8] = {0, 1, 1, 1, 1, 1, 1, 1};
    classes[72] = classes[72 + 32] = 1;
    check(weir_builder_init(&builder, key, 16) == 0);
    list_name(&builder, "bets.test");
    FILE *file = tmpfile();
    check(file != NULL);
    weir_content content = {class_of_set, classes, 2, (const uint8_t *)"-", 1, 1, NULL, NULL};
    check(weir_write(&builder, &content, fileno(file), &size) == 0);
    uint8_t *bytes = malloc(size);
    check(bytes != NULL && pread(fileno(file), bytes, size, 0) == (ssize_t)size);
    fclose(file);
    weir_builder_free(&builder);
    check(weir_table_open(&state.lists, bytes, size, 1) == NULL);
}

static void make_tables(void)
{
    static const uint8_t rules[] = "\1\x0b\4free\4test", rewrites[] = "\x0d\6search\4test\0\x0b\4safe\4test";
    weir_tables_room room = {16, 16, 4096, 4096};
    weir_tables_origin origin = {.created = 1};
    weir_policy policy = {.block = {1}, .flags = WEIR_POLICY_RULES | WEIR_POLICY_REWRITES};
    weir_prefix served = {.client = {.address = {127}, .family = 4}, .length = 8};
    weir_writer writer;
    uint32_t number;
    uint64_t size = weir_tables_size(&room);
    check(size > 0 && size <= TABLES_BYTES);
    check(weir_tables_format(table_bytes, size, &room, &origin) == WEIR_WRITE_DONE);
    check(weir_writer_open(&writer, table_bytes, size) == NULL);
    check(weir_writer_rules(&writer, rules, sizeof rules, &policy.rules) == WEIR_WRITE_DONE);
    check(weir_writer_rewrites(&writer, rewrites, sizeof rewrites, &policy.rewrites) == WEIR_WRITE_DONE);
    check(weir_writer_policy(&writer, &policy, &number) == WEIR_WRITE_DONE);
    check(weir_writer_served(&writer, &served) == WEIR_WRITE_DONE);
    check(weir_writer_default(&writer, number) == WEIR_WRITE_DONE);
    check(weir_tables_open(&state.tables, table_bytes, size, 1) == NULL);
}

static void keep_answer(const uint8_t *names, uint16_t length, uint16_t asked)
{
    static const uint8_t rest[] = {0, 1, 0, 1, 0xC0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 1};
    static const uint8_t targets[] = "\4bets\4test\0\4free\4test", addresses[] = {4, 192, 0, 2, 1};
    static const uint8_t ede[] = {0, 22, 0, 2, 'n', 'o'};
    uint8_t wire[128] = {0, 0, 0x81, 0x80, 0, 1, 0, 1};
    uint16_t ttl_at = (uint16_t)(12 + asked + 10);
    memcpy(wire + 12, names, asked);
    memcpy(wire + 12 + asked, rest, sizeof rest);
    weir_cache_key of = {names, length, 1, 1, 0};
    weir_answer answer = {
        .wire = wire, .wire_length = 12u + asked + sizeof rest, .ttl_offsets = &ttl_at, .ttl_count = 1,
        .targets = targets, .targets_length = sizeof targets, .target_count = 2, .addresses = addresses,
        .addresses_length = sizeof addresses, .address_count = 1, .ede = ede, .ede_length = sizeof ede,
        .stored_ms = NOW_MS, .ttl = 256,
    };
    check(weir_cache_put(&cache, &of, weir_cache_hash(&cache, &of), &answer, NOW_MS) >= 0);
}

static void make_world(void)
{
    static const uint8_t asked[] = "\4free\4test", searched[] = "\6search\4test\0\4safe\4test";
    static const uint8_t boot[16], apex[] = "\4demo\4test";
    make_lists();
    make_tables();
    state.udp_payload = 1232;
    state.stale_ms = 86400000;
    state.cookies = (weir_cookie_secrets){.secret = {{1}}, .count = 1};
    state.limits = (weir_limit_settings){1000000, 1, 24, 56, 2};
    check(weir_state_add_apex(&state, apex, sizeof apex));
    check(weir_cache_format(cache_bytes, CACHE_BYTES, key, boot) == 0);
    check(weir_cache_open(&cache, cache_bytes, CACHE_BYTES, boot, 0) == NULL);
    keep_answer(asked, sizeof asked, sizeof asked);
    keep_answer(searched, sizeof searched, 13);
    memcpy(sound_cache, cache_bytes, CACHE_BYTES);
    core.cache = &cache;
    core.stats = calloc(1, sizeof *core.stats);
    core.limiter = malloc(sizeof *core.limiter);
    check(core.stats != NULL && core.limiter != NULL);
    weir_limit_init(core.limiter, key);
}

/* Three octets a stroke: where, and what to write there. */
static size_t damage_cache(const uint8_t *data, size_t size)
{
    size_t strokes = size > 0 ? data[0] % 8 : 0, used = 1;
    memcpy(cache_bytes, sound_cache, CACHE_BYTES);
    for (; strokes > 0 && used + 3 <= size; strokes--, used += 3)
        cache_bytes[(data[used] << 8 | data[used + 1]) % CACHE_BYTES] = data[used + 2];
    return used < size ? used : size;
}

/* A packet: how it came, its length, its octets, in memory of just that length. */
static size_t take_packet(const uint8_t *data, size_t size, weir_packet *packet)
{
    size_t length = data[1] < size - 2 ? data[1] : size - 2;
    uint8_t *bytes = malloc(length + 1);
    *packet = (weir_packet){.over_tcp = data[0] & 1, .length = (uint16_t)length};
    packet->client = (weir_client){.address = {data[0] & 2 ? 192 : 127, 0, 0, 1}, .family = data[0] & 4 ? 6 : 4};
    packet->room = packet->over_tcp ? 65535 : WEIR_MAX_UDP;
    packet->out = malloc(packet->room);
    check(bytes != NULL && packet->out != NULL);
    memcpy(bytes + 1, data + 2, length);
    packet->bytes = bytes + 1;
    return 2 + length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_packet packets[WEIR_BATCH];
    unsigned count = 0;
    if (core.cache == NULL)
        make_world();
    for (size_t at = damage_cache(data, size); at + 2 <= size && count < WEIR_BATCH;)
        at += take_packet(data + at, size - at, &packets[count++]);
    weir_pipeline_run(&core, &state, packets, count, NOW_MS + 1000, UNIX_MS);
    for (unsigned i = 0; i < count; i++) {
        check(packets[i].outcome <= WEIR_ANSWERED_PREFETCH && packets[i].out_length <= packets[i].room);
        if (packets[i].outcome == WEIR_HAND_OVER)
            weir_shed(&core, &state, &packets[i], NOW_MS + LATE_MS, UNIX_MS);
        check(packets[i].outcome != WEIR_HAND_OVER && packets[i].out_length <= packets[i].room);
        check(packets[i].outcome == WEIR_SILENT || packets[i].out_length >= 12);
        free((uint8_t *)(uintptr_t)(packets[i].bytes - 1));
        free(packets[i].out);
    }
    return 0;
}
