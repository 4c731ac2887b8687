/* Prints what a snapshot says of each name: usage look_up SNAPSHOT NAMES, where NAMES holds wire names one
 * after another. test_builds.py compiles it in several ways and compares the output: the answers must not
 * depend on the multiplication, the vector unit or the optimiser. Also prints raw hashes, which the file
 * format fixes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        exit(1);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size + 1);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size)
        exit(1);
    fclose(file);
    return bytes;
}

static void print_name(const weir_table *table, const uint8_t *wire, size_t length)
{
    weir_hit hits[WEIR_MAX_PREFIXES];
    weir_probe probe;
    weir_probe_start(table, wire, length, &probe);
    unsigned found = weir_probe_finish(table, &probe, hits);
    printf("%u:", probe.labels);
    for (unsigned n = probe.shortest; n <= probe.longest; n++)
        printf(" %016" PRIx64 "/%012" PRIx64, probe.hash[n - 1].h1, probe.hash[n - 1].h2);
    for (unsigned i = 0; i < found; i++)
        printf(" %u=%u", hits[i].labels, hits[i].class_id);
    uint8_t address[16] = {0};
    memcpy(address, wire, length < sizeof address ? length : sizeof address);
    found = weir_table_lookup_address(table, address, length < sizeof address ? 4 : 16, hits);
    for (unsigned i = 0; i < found; i++)
        printf(" /%u=%u", hits[i].labels, hits[i].class_id);
    puts("");
}

int main(int count, char **arguments)
{
    size_t size, names_size;
    weir_table table;
    if (count != 3)
        return 2;
    uint8_t *bytes = read_file(arguments[1], &size), *names = read_file(arguments[2], &names_size);
    const char *wrong = weir_table_open(&table, bytes, size, 1);
    if (wrong != NULL) {
        puts(wrong);
        return 1;
    }
    for (size_t start = 0, end = 0; start < names_size; start = ++end) {
        while (names[end] != 0)
            end += 1 + names[end];
        print_name(&table, names + start, end + 1 - start);
    }
    free(bytes);
    free(names);
    return 0;
}
