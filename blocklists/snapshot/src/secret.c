#include "secret.h"

#include "bytes.h"
#include "layout.h"
#include "match.h"
#include "place.h"

/* The first octet of what is hashed beside names, which begin with the length of a label: 1 to 63. */
#define TAG_ADDRESS 0xffu
#define TAG_CHECK 0xfeu

static const char *check_head(const weir_secret *secret, uint64_t size)
{
    uint64_t v6 = secret->v6_lengths[2];
    if (size != weir_secret_bytes(secret->line_count))
        return "its secret lists' table has another size than its lines call for";
    if (secret->line_count == 0 || secret->probes == 0 || secret->probes > WEIR_MAX_SECRET_PROBES ||
        secret->probes > secret->line_count)
        return "its secret lists' table has an impossible shape";
    if (secret->min_labels == 0 || (secret->min_labels != 255 && secret->min_labels > secret->max_labels) ||
        secret->max_labels > WEIR_MAX_LABELS || secret->v4_lengths >> 33 != 0 || v6 >> 1 != 0)
        return "its secret lists' table lists impossible names or prefixes";
    return NULL;
}

/* Entries in a line; UINT32_MAX if a lane or the line's last word is not what a writer makes. */
static uint32_t count_lanes(const weir_secret *secret, const uint8_t *line)
{
    uint32_t entries = 0;
    for (unsigned lane = 0; lane < WEIR_LANES; lane++) {
        uint32_t word = weir_load32(line + 4 * lane);
        if (word == 0)
            continue;
        if ((word & 0xffff) == 0 || (word & 0xffff) >= secret->class_count)
            return UINT32_MAX;
        entries++;
    }
    return weir_load32(line + WEIR_META_LANE) == 0 ? entries : UINT32_MAX;
}

const char *weir_secret_verify(const weir_secret *secret)
{
    uint64_t entries = 0;
    for (uint32_t at = 0; at < secret->line_count; at++) {
        uint32_t here = count_lanes(secret, secret->lines + (size_t)at * WEIR_LINE_BYTES);
        if (here == UINT32_MAX)
            return "an entry of a secret list names a class that does not exist";
        entries += here;
    }
    return entries == secret->entries ? NULL : "its number of secret entries is not the one in its head";
}

const char *weir_secret_read(weir_secret *secret, const uint8_t *bytes, uint64_t size, const uint8_t *classes,
                             uint32_t class_count)
{
    *secret = (weir_secret){.classes = classes, .class_count = class_count, .min_labels = 255};
    if (size == 0)
        return NULL;
    if (size < WEIR_SECRET_HEAD || bytes[WEIR_SECRET_RESERVED] != 0)
        return "its secret lists' table is not of this version";
    secret->head = bytes;
    secret->entries = weir_load64(bytes + WEIR_SECRET_ENTRIES);
    secret->line_count = weir_load32(bytes + WEIR_SECRET_LINES);
    secret->probes = bytes[WEIR_SECRET_PROBES];
    secret->min_labels = bytes[WEIR_SECRET_MIN_LABELS];
    secret->max_labels = bytes[WEIR_SECRET_MAX_LABELS];
    secret->v4_lengths = weir_load64(bytes + WEIR_SECRET_V4_LENGTHS);
    for (unsigned i = 0; i < 3; i++)
        secret->v6_lengths[i] = weir_load64(bytes + WEIR_SECRET_V6_LENGTHS + 8 * i);
    const char *wrong = check_head(secret, size);
    if (wrong != NULL)
        return wrong;
    secret->lines = bytes + WEIR_SECRET_HEAD;
    secret->digests = secret->lines + (size_t)secret->line_count * WEIR_LINE_BYTES;
    return NULL;
}

weir_hash weir_secret_check(const weir_sip_key *key)
{
    static const uint8_t text[15 + WEIR_PAD] = "\xfeweir index key";
    return weir_sip(key, text, 15);
}

const char *weir_secret_open(weir_secret *secret, const uint8_t key[WEIR_SIP_KEY_BYTES])
{
    weir_sip_key_load(&secret->key, key);
    weir_hash check = weir_secret_check(&secret->key);
    if (secret->head == NULL)
        return NULL;
    if (weir_load64(secret->head + WEIR_SECRET_CHECK) != check.h1 ||
        weir_load64(secret->head + WEIR_SECRET_CHECK + 8) != check.h2)
        return "its secret lists were compiled under another index key";
    secret->is_open = 1;
    return NULL;
}

/* The wire form of a name; `starts` gets where each of its labels begins. Returns its length. */
static size_t write_wire(const uint8_t *bytes, const weir_label *labels, unsigned count,
                         uint8_t wire[WEIR_MAX_WIRE + WEIR_PAD], uint8_t starts[WEIR_MAX_LABELS])
{
    size_t length = 0;
    memset(wire, 0, WEIR_MAX_WIRE + WEIR_PAD);
    for (unsigned i = 0; i < count; i++) {
        starts[i] = (uint8_t)length;
        wire[length++] = labels[i].length;
        memcpy(wire + length, bytes + labels[i].start, labels[i].length);
        length += labels[i].length;
    }
    return length + 1;
}

void weir_secret_hash_suffixes(const weir_sip_key *key, const uint8_t *bytes, const weir_label *labels, unsigned count,
                               unsigned limit, weir_hash *out)
{
    uint8_t wire[WEIR_MAX_WIRE + WEIR_PAD], starts[WEIR_MAX_LABELS];
    size_t length = write_wire(bytes, labels, count, wire, starts);
    for (unsigned n = 1; n <= limit; n++)
        out[n - 1] = weir_sip(key, wire + starts[count - n], length - starts[count - n]);
}

weir_hash weir_secret_hash_name(const weir_sip_key *key, const uint8_t *bytes, const weir_label *labels,
                                unsigned count)
{
    uint8_t wire[WEIR_MAX_WIRE + WEIR_PAD], starts[WEIR_MAX_LABELS];
    return weir_sip(key, wire, write_wire(bytes, labels, count, wire, starts));
}

static void begin_address(const weir_sip_key *key, const uint8_t *address, unsigned size, unsigned prefix,
                          weir_sip_half *digest)
{
    uint8_t form[3 + 16 + WEIR_PAD] = {TAG_ADDRESS, (uint8_t)size, (uint8_t)prefix};
    weir_mask_address(form + 3, address, size, prefix);
    weir_sip_begin(key, form, 3 + size, digest);
}

weir_hash weir_secret_hash_address(const weir_sip_key *key, const uint8_t *address, unsigned size, unsigned prefix)
{
    weir_sip_half half;
    begin_address(key, address, size, prefix, &half);
    weir_hash digest = {half.h1, weir_sip_end(&half)};
    return digest;
}

/* What is known of a digest that was only begun: where it stands. */
static inline weir_hash place_of(const weir_sip_half *digest)
{
    weir_hash hash = {digest->h1, 0};
    return hash;
}

void weir_secret_start(const weir_secret *secret, const uint8_t *wire, size_t length, const weir_label *labels,
                       unsigned count, weir_secret_probe *probe)
{
    probe->shortest = secret->min_labels;
    probe->longest = count < secret->max_labels ? count : secret->max_labels;
    probe->maybe[0] = probe->maybe[1] = UINT64_MAX;
    for (unsigned n = probe->shortest; n <= probe->longest; n++) {
        size_t start = labels[count - n].start - 1u;
        weir_sip_begin(&secret->key, wire + start, length - start, &probe->digest[n - 1]);
        uint32_t at = weir_line_of(place_of(&probe->digest[n - 1]), secret->line_count);
        __builtin_prefetch(secret->lines + (size_t)at * WEIR_LINE_BYTES);
    }
}

/* The last lane is the last to be filled: a line whose last lane is free has pushed nothing on. */
static inline int is_full(const uint8_t *line)
{
    return weir_load32(line + 4 * (WEIR_LANES - 1)) != 0;
}

void weir_secret_fetch(const weir_secret *secret, weir_secret_probe *probe)
{
    for (unsigned n = probe->shortest; n <= probe->longest; n++) {
        weir_hash digest = place_of(&probe->digest[n - 1]);
        uint32_t at = weir_line_of(digest, secret->line_count);
        const uint8_t *line = secret->lines + (size_t)at * WEIR_LINE_BYTES;
        uint32_t lanes = weir_match(line, weir_fingerprint_of(digest));
        if (lanes != 0)
            __builtin_prefetch(secret->digests + (size_t)at * WEIR_DIGESTS_BYTES +
                               WEIR_DIGEST_BYTES * (unsigned)__builtin_ctz(lanes));
        else if (!is_full(line))
            probe->maybe[(n - 1) / 64] &= ~(UINT64_C(1) << (n - 1) % 64);
    }
}

static inline uint32_t find_in_line(const weir_secret *secret, uint32_t at, const uint8_t *line,
                                    const weir_sip_half *digest)
{
    const uint8_t *digests = secret->digests + (size_t)at * WEIR_DIGESTS_BYTES;
    uint32_t lanes = weir_match(line, weir_fingerprint_of(place_of(digest)));
    for (; lanes != 0; lanes &= lanes - 1) {
        unsigned lane = (unsigned)__builtin_ctz(lanes);
        uint32_t class_id = weir_load16(line + 4 * lane);
        /* An empty lane looks like fingerprint 0; a class beyond the table comes only from a damaged file. */
        if (class_id != 0 && class_id < secret->class_count &&
            weir_load64(digests + WEIR_DIGEST_BYTES * lane) == digest->h1 &&
            weir_load64(digests + WEIR_DIGEST_BYTES * lane + 8) == weir_sip_end(digest))
            return class_id;
    }
    return 0;
}

static uint32_t find(const weir_secret *secret, const weir_sip_half *digest)
{
    uint32_t at = weir_line_of(place_of(digest), secret->line_count);
    for (unsigned i = 0; i < secret->probes; i++) {
        const uint8_t *line = secret->lines + (size_t)at * WEIR_LINE_BYTES;
        uint32_t class_id = find_in_line(secret, at, line, digest);
        if (class_id != 0 || !is_full(line))
            return class_id;
        at = at + 1 == secret->line_count ? 0 : at + 1;
    }
    return 0;
}

static inline int is_stop(const weir_secret *secret, uint32_t class_id)
{
    return secret->classes[(size_t)class_id * WEIR_CLASS_BYTES + WEIR_CLASS_FLAGS] & WEIR_FLAG_STOP;
}

unsigned weir_secret_finish(const weir_secret *secret, const weir_secret_probe *probe, weir_hit *hits)
{
    unsigned found = 0;
    for (unsigned n = probe->longest; n >= probe->shortest; n--) {
        if ((probe->maybe[(n - 1) / 64] >> (n - 1) % 64 & 1) == 0)
            continue;
        uint32_t class_id = find(secret, &probe->digest[n - 1]);
        if (class_id == 0)
            continue;
        hits[found++] = (weir_hit){(uint16_t)n, (uint16_t)class_id};
        if (is_stop(secret, class_id))
            break;
    }
    return found;
}

unsigned weir_secret_address(const weir_secret *secret, const uint8_t *address, unsigned size, weir_hit *hits)
{
    unsigned found = 0;
    for (unsigned prefix = 8 * size + 1; prefix-- > 0;) {
        uint64_t lengths = size == 4 ? secret->v4_lengths : secret->v6_lengths[prefix / 64];
        if ((lengths >> prefix % 64 & 1) == 0)
            continue;
        weir_sip_half digest;
        begin_address(&secret->key, address, size, prefix, &digest);
        uint32_t class_id = find(secret, &digest);
        if (class_id == 0)
            continue;
        hits[found++] = (weir_hit){(uint16_t)prefix, (uint16_t)class_id};
        if (is_stop(secret, class_id))
            break;
    }
    return found;
}
