/* check_index.c - finding the place of a fault in index.bin.
 *
 * A hash says that something is wrong, not where. The packs' trailers hold the same records
 * (reindex.c writes them back), so `verify` compares the two to name a byte. Best effort: with
 * damaged trailers the fault is told without a place. */
#include "media/check_index.h"

#include "base/heap.h"
#include "base/own.h"
#include "media/trailer.h"

struct index_compare {
    struct source source; /* index.bin */
    char *window;
    struct index_header header; /* as it should be */
    uint64_t first;             /* the lowest offset that differs; UINT64_MAX: none */
};

/* Compare what should stand at offset. False: index.bin cannot be read there. */
static bool compare_at(struct index_compare *compare, uint64_t offset, const void *want,
                       size_t count)
{
    if (source_read_all(&compare->source, offset, compare->window, count, INDEX_NAME, NULL) !=
        VSR_OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (compare->window[i] != ((const char *)want)[i]) {
            compare->first = offset + i < compare->first ? offset + i : compare->first;
            break;
        }
    }
    return true;
}

/* trailer_sink: a piece of a slice against its place in the file. */
static vsr_code compare_slice(void *context, enum index_section section, uint64_t offset,
                              const void *bytes, size_t count, vsr_error *error)
{
    struct index_compare *compare = context;
    const struct index_section_place *place = &compare->header.sections[section];
    const uint64_t section_bytes = place->record_count * place->record_bytes;
    if (offset > section_bytes || count > section_bytes - offset ||
        !compare_at(compare, place->offset + offset, bytes, count)) {
        return err_set(error, VSR_ERR_MEDIA, "media/check_index", "not the same index");
    }
    return VSR_OK;
}

static bool compare_layout(const struct check_run *run, struct index_compare *compare)
{
    uint64_t counts[SECTION_COUNT] = {0};
    const struct set_description *d = &run->set->description;
    for (uint32_t i = 0; i < run->pack_count; i++) {
        struct trailer trailer;
        const struct check_pack *pack = &run->packs[i];
        if (!pack->has_trailer || trailer_open(&trailer, &pack->source, pack->name, pack->bytes, i,
                                               d->uuid.bytes, NULL) != VSR_OK) {
            return false;
        }
        for (size_t k = 0; k < SECTION_COUNT; k++) {
            if (trailer.head.slices[k].first != counts[k] || counts[k] > INDEX_BYTES_MAX) {
                return false;
            }
            counts[k] += trailer.head.slices[k].count;
        }
    }
    return index_layout(counts, d->uuid.bytes, &compare->header) &&
           compare->header.file_bytes == d->index.size;
}

static bool compare_all(const struct check_run *run, struct index_compare *compare)
{
    if (!compare_layout(run, compare) ||
        !compare_at(compare, 0, &compare->header, sizeof compare->header)) {
        return false;
    }
    for (uint32_t i = 0; i < run->pack_count; i++) {
        struct trailer trailer;
        const struct check_pack *pack = &run->packs[i];
        if (trailer_open(&trailer, &pack->source, pack->name, pack->bytes, i,
                         run->set->description.uuid.bytes, NULL) != VSR_OK ||
            trailer_stream(&trailer, compare_slice, compare, NULL) != VSR_OK) {
            return false;
        }
    }
    return true;
}

/* What is in no record: zeros between sections, the hash at the end. */
static bool compare_rest(struct index_compare *compare)
{
    static const char zeros[INDEX_ALIGN_BYTES];
    uint64_t end = sizeof compare->header;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        const struct index_section_place *place = &compare->header.sections[i];
        if (!compare_at(compare, end, zeros, (size_t)(place->offset - end))) {
            return false;
        }
        end = place->offset + place->record_count * place->record_bytes;
    }
    if (compare->first == UINT64_MAX) {
        compare->first = end; /* nothing is left but the hash */
    }
    return true;
}

bool check_index_locate(const struct check_run *run, uint64_t *offset)
{
    uint64_t bytes = 0;
    OWN(heap) window = heap_alloc(1, PART_WINDOW_BYTES);
    struct index_compare compare = {.window = window, .first = UINT64_MAX};
    if (set_open_part(run->set, INDEX_NAME, STORE_CALLER, &compare.source, &bytes, NULL) !=
        VSR_OK) {
        return false;
    }
    const bool found = bytes == run->set->description.index.size && compare_all(run, &compare) &&
                       compare_rest(&compare);
    source_close(&compare.source);
    *offset = found ? compare.first : 0;
    return found;
}
