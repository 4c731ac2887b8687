/* The table of secret lists: published vectors of the digest, every scope of look-up, the key's check, and heads and
 * lanes that no writer made.
 * Needs: builder.c sets.c secret_writer.c writer.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "check.h"
#include "layout.h"
#include "table.h"
#include "writer.h"

static const uint8_t key[WEIR_SIP_KEY_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t other_key[WEIR_SIP_KEY_BYTES] = {1};

/* vectors_sip128 of the reference implementation: inputs 00 01 02 .. of so many octets. */
static const struct {
    unsigned length;
    const char *digest;
} vectors[] = {
    {0, "a3817f04ba25a8e66df67214c7550293"},  {1, "da87c1d86b99af44347659119b22fc45"},
    {2, "8177228da4a45dc7fca38bdef60affe4"},  {3, "9c70b60c5267a94e5f33b6b02985ed51"},
    {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},  {8, "3b62a9ba6258f5610f83e264f31497b4"},
    {15, "5493e99933b0a8117e08ec0f97cfc3d9"}, {16, "6ee2a4ca67b054bbfd3315bf85230577"},
    {63, "5150d1772f50834a503e069a973fbd7c"},
};

static void test_vectors(void)
{
    weir_sip_key loaded;
    weir_sip_key_load(&loaded, key);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t input[64 + WEIR_PAD], digest[16];
        char text[33];
        for (unsigned n = 0; n < sizeof input; n++)
            input[n] = n < vectors[i].length ? (uint8_t)n : 0xAA; /* what lies behind does not matter */
        weir_hash hash = weir_sip(&loaded, input, vectors[i].length);
        weir_store64(digest, hash.h1);
        weir_store64(digest + 8, hash.h2);
        for (unsigned n = 0; n < 16; n++)
            snprintf(text + 2 * n, 3, "%02x", digest[n]);
        CHECK(strcmp(text, vectors[i].digest) == 0);
    }
}

#define CLASSES 4u /* only the last one is more than a number: it ends a look-up */

/* A compiled file in memory. */
typedef struct {
    uint8_t *bytes;
    size_t size;
} file;

static void add(weir_builder *builder, const char *name, uint32_t class_id)
{
    weir_label labels[WEIR_MAX_LABELS];
    uint8_t text[WEIR_MAX_TEXT + WEIR_PAD] = {0};
    memcpy(text, name, strlen(name));
    int count = weir_split_text(text, strlen(name), labels);
    CHECK(count > 0);
    CHECK(weir_builder_add(builder, weir_builder_hash_name(builder, text, labels, (unsigned)count), class_id) >= 0);
    weir_builder_note_labels(builder, (unsigned)count);
}

static void add_prefix(weir_builder *builder, const uint8_t *address, unsigned size, unsigned prefix, uint32_t class_id)
{
    CHECK(weir_builder_add(builder, weir_builder_hash_address(builder, address, size, prefix), class_id) >= 0);
    weir_builder_note_prefix(builder, size, prefix);
}

/* A token is a class here. */
static file write_file(const weir_builder *public, const weir_builder *secret)
{
    uint8_t classes[CLASSES * WEIR_CLASS_BYTES] = {0};
    uint16_t ids[CLASSES] = {0}, secret_ids[CLASSES] = {0};
    classes[3 * WEIR_CLASS_BYTES + WEIR_CLASS_FLAGS] = WEIR_FLAG_STOP;
    for (uint32_t set = 1; set < public->sets.count; set++)
        ids[set] = (uint16_t)*weir_sets_tokens(&public->sets, set, &(uint32_t){0});
    for (uint32_t set = 1; set < secret->sets.count; set++)
        secret_ids[set] = (uint16_t)*weir_sets_tokens(&secret->sets, set, &(uint32_t){0});
    weir_content content = {ids, classes, CLASSES, classes, 0, 1, secret, secret_ids};
    FILE *stream = tmpfile();
    uint64_t size = 0;
    CHECK(stream != NULL && weir_write(public, &content, fileno(stream), &size) == 0);
    file made = {malloc((size_t)size), (size_t)size};
    rewind(stream);
    CHECK(made.bytes != NULL && fread(made.bytes, 1, made.size, stream) == made.size);
    fclose(stream);
    return made;
}

static const uint8_t v4[4] = {192, 0, 2, 7}, v6[16] = {0x20, 1, 0x0d, 0xb8};

static file example(int with_secret)
{
    weir_builder public, secret;
    CHECK(weir_builder_init(&public, (const uint8_t[WEIR_KEY_BYTES]){1}, 0) == 0);
    CHECK(weir_builder_init_secret(&secret, key, 0) == 0);
    add(&public, "both.example", 1);
    add(&public, "stop.both.example", 3);
    add_prefix(&public, v4, 4, 24, 1);
    if (with_secret) {
        add(&secret, "both.example", 2);
        add(&secret, "hidden.example", 1);
        add(&secret, "end.hidden.example", 3);
        add_prefix(&secret, v4, 4, 32, 1);
        add_prefix(&secret, v6, 16, 32, 2);
    }
    file made = write_file(&public, &secret);
    weir_builder_free(&public);
    weir_builder_free(&secret);
    return made;
}

static void print_hits(const char *about, const weir_hit *hits, unsigned found)
{
    printf("%s:", about);
    for (unsigned i = 0; i < found; i++)
        printf(" %u=%u", hits[i].labels, hits[i].class_id);
    puts("");
}

/* The same hits by all three stages and in one. */
static void look_up(const weir_table *table, const char *about, const uint8_t *wire, size_t length)
{
    weir_hit hits[WEIR_MAX_HITS], staged[WEIR_MAX_HITS];
    weir_probe probe;
    unsigned labels, found = weir_table_lookup(table, wire, length, hits, &labels);
    weir_probe_start(table, wire, length, &probe);
    weir_probe_fetch(table, &probe);
    CHECK(weir_probe_finish(table, &probe, staged) == found);
    CHECK(memcmp(hits, staged, found * sizeof *hits) == 0);
    print_hits(about, hits, found);
}

#define LOOK_UP(table, wire) look_up(table, wire, (const uint8_t *)(wire), sizeof(wire))

static void look_up_all(const weir_table *table)
{
    weir_hit hits[WEIR_MAX_PREFIXES];
    LOOK_UP(table, "\4both\7example");
    LOOK_UP(table, "\1x\4both\7example");
    LOOK_UP(table, "\1x\4stop\4both\7example");
    LOOK_UP(table, "\6hidden\7example");
    LOOK_UP(table, "\1a\3end\6hidden\7example");
    LOOK_UP(table, "\5other\7example");
    LOOK_UP(table, "\7example");
    LOOK_UP(table, "");
    look_up(table, "cut", (const uint8_t *)"\6hidden", 7);
    print_hits("v4", hits, weir_table_lookup_address(table, v4, 4, hits));
    print_hits("v6", hits, weir_table_lookup_address(table, v6, 16, hits));
    CHECK(weir_table_lookup_address(table, v6, 5, hits) == 0);
}

static void test_look_ups(void)
{
    weir_table table;
    file made = example(1);
    CHECK(weir_table_open(&table, made.bytes, made.size, 1) == NULL);
    puts("shut");
    look_up_all(&table);
    CHECK(weir_table_index_open(&table, NULL) != NULL);
    CHECK(weir_table_index_open(&table, other_key) != NULL);
    CHECK(!table.secret.is_open);
    CHECK(weir_table_index_open(&table, key) == NULL);
    puts("open");
    look_up_all(&table);
    free(made.bytes);
}

static void test_without_secret_lists(void)
{
    weir_table table;
    file made = example(0);
    CHECK(weir_table_open(&table, made.bytes, made.size, 1) == NULL);
    CHECK(table.secret.head == NULL && weir_table_index_open(&table, NULL) == NULL);
    CHECK(weir_table_index_open(&table, other_key) == NULL && !table.secret.is_open);
    puts("none");
    look_up_all(&table);
    free(made.bytes);
}

/* Entries beyond one line, so that some go on to the next one. */
static void test_many(void)
{
    char name[32];
    weir_builder public, secret;
    weir_table table;
    CHECK(weir_builder_init(&public, (const uint8_t[WEIR_KEY_BYTES]){1}, 0) == 0);
    CHECK(weir_builder_init_secret(&secret, key, 0) == 0);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        add(&secret, name, 1 + i % 2);
    }
    file made = write_file(&public, &secret);
    CHECK(weir_table_open(&table, made.bytes, made.size, 1) == NULL);
    CHECK(weir_table_index_open(&table, key) == NULL);
    CHECK(table.secret.entries == 5000 && table.entries == 0);
    unsigned wrong = 0;
    for (unsigned i = 0; i < 10000; i++) {
        weir_hit hits[WEIR_MAX_HITS];
        unsigned labels;
        uint8_t wire[40];
        int digits = snprintf(name, sizeof name, "n%u", i);
        wire[0] = (uint8_t)digits;
        memcpy(wire + 1, name, (size_t)digits);
        memcpy(wire + 1 + digits, "\7example", 9);
        unsigned found = weir_table_lookup(&table, wire, (size_t)digits + 10, hits, &labels);
        wrong += i < 5000 ? found != 1 || hits[0].class_id != 1 + i % 2 : found != 0;
    }
    CHECK(wrong == 0);
    printf("probes %u\n", table.secret.probes);
    weir_builder_free(&public);
    weir_builder_free(&secret);
    free(made.bytes);
}

/* One octet of the secret section changed at a time: refused, or look-ups stay inside. */
static void test_damage(void)
{
    file made = example(1);
    weir_table table;
    CHECK(weir_table_open(&table, made.bytes, made.size, 0) == NULL);
    size_t start = (size_t)(table.secret.head - made.bytes);
    unsigned refused = 0;
    for (size_t at = start; at < start + WEIR_SECRET_HEAD + WEIR_LINE_BYTES; at++) {
        for (unsigned value = 0; value < 256; value += 51) {
            uint8_t kept = made.bytes[at];
            weir_hit hits[WEIR_MAX_HITS];
            unsigned labels;
            made.bytes[at] = (uint8_t)value;
            if (weir_table_open(&table, made.bytes, made.size, 0) != NULL) {
                refused++;
            } else {
                weir_table_index_open(&table, key);
                CHECK(weir_table_lookup(&table, (const uint8_t *)"\6hidden\7example", 16, hits, &labels) <= 4);
                CHECK(value == kept || weir_table_open(&table, made.bytes, made.size, 1) != NULL);
            }
            made.bytes[at] = kept;
        }
    }
    CHECK(refused > 0);
    free(made.bytes);
}

int main(void)
{
    test_vectors();
    test_look_ups();
    test_without_secret_lists();
    test_many();
    test_damage();
    return 0;
}
