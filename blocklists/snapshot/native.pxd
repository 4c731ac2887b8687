# What native.pyx uses of src/. The headers say what it means.

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "hash.h" nogil:
    enum:
        WEIR_KEY_BYTES
        WEIR_MAX_LABELS
        WEIR_MAX_TEXT
        WEIR_PAD
    ctypedef struct weir_key:
        pass
    ctypedef struct weir_hash:
        uint64_t h1
        uint64_t h2
    ctypedef struct weir_label:
        pass
    int weir_split_text(const uint8_t *text, size_t length, weir_label *labels)
    weir_hash weir_hash_name(const weir_key *key, const uint8_t *data, const weir_label *labels,
                             unsigned count)
    weir_hash weir_hash_address(const weir_key *key, const uint8_t *address, unsigned size, unsigned prefix)

cdef extern from "sip.h" nogil:
    enum:
        WEIR_SIP_KEY_BYTES

cdef extern from "layout.h" nogil:
    enum:
        WEIR_CLASS_BYTES
        WEIR_VERSION

cdef extern from "sets.h" nogil:
    ctypedef struct weir_sets:
        uint32_t count
    int weir_sets_intern(weir_sets *sets, const uint32_t *tokens, size_t count, uint32_t *set)
    const uint32_t *weir_sets_tokens(const weir_sets *sets, uint32_t set, uint32_t *count)

cdef extern from "builder.h" nogil:
    enum:
        WEIR_SLOT_MARKED
        WEIR_NO_MEMORY
        WEIR_ADDED
    ctypedef struct weir_slot:
        uint16_t flags
        uint32_t set
    ctypedef struct weir_builder:
        weir_key key
        weir_slot *slots
        uint32_t size
        weir_sets sets
        int is_secret
        uint8_t min_labels
        uint8_t max_labels
    int weir_builder_init(weir_builder *builder, const uint8_t *key, uint32_t expected)
    int weir_builder_init_secret(weir_builder *builder, const uint8_t *key, uint32_t expected)
    weir_hash weir_builder_hash_name(const weir_builder *builder, const uint8_t *data, const weir_label *labels,
                                     unsigned count)
    weir_hash weir_builder_hash_address(const weir_builder *builder, const uint8_t *address, unsigned size,
                                        unsigned prefix)
    void weir_builder_free(weir_builder *builder)
    weir_slot *weir_builder_find(const weir_builder *builder, weir_hash hash)
    weir_slot *weir_builder_slot(weir_builder *builder, weir_hash hash)
    int weir_builder_add(weir_builder *builder, weir_hash hash, uint32_t token)
    int weir_builder_merge(weir_builder *into, const weir_builder *from_, const uint32_t *tokens)
    void weir_builder_note_labels(weir_builder *builder, unsigned labels)
    void weir_builder_note_prefix(weir_builder *builder, unsigned size, unsigned prefix)
    weir_hash weir_slot_hash(const weir_slot *slot)

cdef extern from "scan.h" nogil:
    enum:
        WEIR_DOMAINS
        WEIR_HOSTS
        WEIR_ADBLOCK
        WEIR_DNSMASQ
        WEIR_SYNTAXES
        WEIR_SCAN_END
    ctypedef struct weir_name:
        uint8_t *text
        unsigned length
    ctypedef struct weir_lines:
        uint64_t number
        size_t start
        size_t end
    ctypedef struct weir_passed:
        uint64_t names
        uint64_t blank
        uint64_t comment
        uint64_t odd
    ctypedef struct weir_pending:
        uint64_t number
        size_t start
        size_t end
    ctypedef struct weir_scan:
        weir_lines lines
        uint64_t accepted
        uint64_t duplicate
        uint64_t blank
        uint64_t comment
        uint64_t idn
        weir_pending odd
    void weir_lines_init(weir_lines *lines, const uint8_t *data, size_t length, int syntax)
    void weir_scan_init(weir_scan *scan, weir_builder *builder, const uint8_t *data, size_t length,
                        int syntax, uint32_t token, int refuse_marked)
    int weir_scan_next(weir_scan *scan)
    int weir_below_next(weir_lines *lines, const weir_builder *wanted, weir_name *name)
    int weir_naming_next(weir_lines *lines, const weir_builder *wanted, weir_passed *passed)

cdef extern from "writer.h" nogil:
    ctypedef struct weir_content:
        const uint16_t *class_of_set
        const uint8_t *classes
        uint32_t class_count
        const uint8_t *meta
        uint64_t meta_bytes
        uint64_t created
        const weir_builder *secret
        const uint16_t *secret_class_of_set
    int weir_write(const weir_builder *builder, const weir_content *content, int file, uint64_t *size)

cdef extern from "table.h" nogil:
    enum:
        WEIR_MAX_HITS
        WEIR_MAX_PREFIXES
    ctypedef struct weir_secret:
        const uint8_t *head
        uint64_t entries
    ctypedef struct weir_table:
        weir_secret secret
        const uint8_t *classes
        const uint8_t *meta
        uint64_t entries
        uint64_t created
        uint64_t meta_bytes
        uint64_t checksum
        weir_key key
        const uint8_t *overlay
        uint32_t class_count
    ctypedef struct weir_hit:
        uint16_t labels
        uint16_t class_id
    const char *weir_table_open(weir_table *table, const uint8_t *data, size_t size, int verify)
    const char *weir_table_index_open(weir_table *table, const uint8_t *key)
    const char *weir_table_overlay_open(weir_table *table, const uint8_t *data, size_t size)
    uint32_t weir_table_serial(const weir_table *table)
    const uint8_t *weir_table_class(const weir_table *table, uint16_t class_id)
    unsigned weir_table_lookup(const weir_table *table, const uint8_t *wire, size_t length, weir_hit *hits,
                               unsigned *labels)
    unsigned weir_table_lookup_address(const weir_table *table, const uint8_t *address, size_t size,
                                       weir_hit *hits)

cdef extern from "overlay.h" nogil:
    enum:
        WEIR_OVERLAY_CLASS_BYTES
        WEIR_OVERLAY_LISTS
        WEIR_FLAG_LISTS
    uint32_t weir_overlay_class_room(uint32_t base_classes)
    size_t weir_overlay_bytes(uint32_t class_room)
    uint64_t weir_overlay_used(const weir_table *table)
    int weir_overlay_find(const weir_table *table, weir_hash hash, uint32_t *class_id)
    uint32_t weir_table_base_find(const weir_table *table, weir_hash hash)

cdef extern from "overlay_writer.h" nogil:
    void weir_overlay_format(const weir_table *table, uint8_t *data)
    uint32_t weir_overlay_class(const weir_table *table, uint8_t *data, const uint8_t *record)
    int weir_overlay_put_name(const weir_table *table, uint8_t *data, weir_hash hash, unsigned labels,
                              uint32_t class_id)
    int weir_overlay_put_prefix(const weir_table *table, uint8_t *data, weir_hash hash, unsigned size,
                                unsigned prefix, uint32_t class_id)
    void weir_overlay_raise(uint8_t *data)

cdef extern from "release.h" nogil:
    void weir_keep_little_memory()
    void weir_release_memory()

cdef extern from "timing.h" nogil:
    enum:
        WEIR_MAX_TIMED_BATCH
    double weir_time_lookups(const weir_table *table, const uint8_t *wires, const size_t *ends, size_t count,
                             unsigned rounds, unsigned batch)
    int weir_time_memory(size_t size, size_t reads, double *dependent, double *independent)

cdef extern from "absent.h" nogil:
    ctypedef struct weir_line_set:
        pass
    ctypedef struct weir_line:
        size_t start
        size_t end
    ctypedef struct weir_absent:
        const uint8_t *text
        size_t length
    int weir_line_set_init(weir_line_set *set, const uint8_t *key, const uint8_t *text, size_t length)
    void weir_line_set_free(weir_line_set *set)
    int weir_absent_next(const weir_line_set *set, weir_absent *search, weir_line *found)


cdef extern from "names.h" nogil:
    ctypedef struct weir_names:
        weir_lines lines
    int weir_names_init(weir_names *names, const uint8_t *data, size_t length, int syntax)
    void weir_names_free(weir_names *names)
    int weir_names_next(weir_names *names)
    int weir_names_sort(weir_names *names)
    size_t weir_names_size(const weir_names *names, size_t word_length)
    void weir_names_write(const weir_names *names, const uint8_t *word, size_t word_length, uint8_t *out)


cdef extern from "merge.h" nogil:
    ctypedef struct weir_sorted_lines:
        const uint8_t *data
        size_t length
    size_t weir_merge_lines(weir_sorted_lines text, weir_sorted_lines gone, weir_sorted_lines come, uint8_t *out)
    void weir_count_changes(weir_sorted_lines before, weir_sorted_lines after, size_t *gone, size_t *come)
