/* fuzz_set_json.c - set.json's text, hostile: refused as damaged media, or a description that can
 * be written again and is then the same. The hash behind it is put right. */
#include "fuzz.h"
#include "fuzz_json.h"

#include "media/part.h"
#include "media/set_json.h"

#include <stdlib.h>

void fuzz_prepare(void)
{
    fuzz_json_never_fails();
}

static void add_parts(uint64_t *sum, const struct set_part *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        VSR_REQUIRE(part_name_is_plain(parts[i].name));
        fuzz_add_text(sum, parts[i].name);
        fuzz_add_number(sum, parts[i].size);
        fuzz_add(sum, parts[i].xxh3_128, sizeof parts[i].xxh3_128);
    }
}

static uint64_t description_number(const struct set_description *d)
{
    uint64_t sum = 1;
    fuzz_add(&sum, d->uuid.bytes, sizeof d->uuid.bytes);
    fuzz_add(&sum, d->parent.bytes, sizeof d->parent.bytes);
    fuzz_add_text(&sum, d->backup_type);
    fuzz_add_text(&sum, d->created);
    fuzz_add_text(&sum, d->host);
    for (uint32_t i = 0; i < d->volume_count; i++) {
        const struct set_volume *v = &d->volumes[i];
        fuzz_add_text(&sum, v->letter);
        fuzz_add_text(&sum, v->guid);
        fuzz_add_text(&sum, v->unc);
        fuzz_add_text(&sum, v->label);
        fuzz_add_text(&sum, v->prefix);
        fuzz_add_number(&sum, v->case_sensitive);
        for (uint32_t k = 0; k < v->mount_count; k++) {
            fuzz_add_text(&sum, v->mounts[k]);
        }
    }
    for (uint32_t i = 0; i < d->environment_count; i++) {
        fuzz_add_text(&sum, d->environment[i][0]);
        fuzz_add_text(&sum, d->environment[i][1]);
    }
    add_parts(&sum, d->documents, d->document_count);
    add_parts(&sum, d->packs, d->pack_count);
    add_parts(&sum, &d->index, 1);
    fuzz_add_number(&sum, d->files);
    fuzz_add_number(&sum, d->bytes);
    return sum;
}

/* What was read, written and read again. */
static vsr_code write_again(const struct set_description *d, uint64_t number, vsr_error *error)
{
    struct arena arena = {0};
    struct buffer text = {0};
    struct set_description again;
    vsr_code rc = set_json_render(&text, d, error);
    if (rc == VSR_OK) {
        rc = set_json_parse(&arena, buffer_view(&text), &again, error);
    }
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_MEMORY);
    VSR_REQUIRE(rc != VSR_OK || description_number(&again) == number);
    buffer_free(&text);
    arena_free(&arena);
    return rc;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct set_description description;
    uint8_t hash[16];
    vsr_error error = {0};
    char *text = fuzz_memory(size + PART_HASH_DIGITS + 1);
    if (size > 0) {
        memcpy(text, data, size);
    }
    part_hash_bytes(text, size, hash);
    part_hash_text(hash, text + size);
    text[size + PART_HASH_DIGITS] = '\n';
    const vsr_code rc = set_json_parse(&arena, (struct view){text, size + PART_HASH_DIGITS + 1},
                                       &description, &error);
    uint64_t sum = 0;
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_MEDIA || rc == VSR_ERR_MEMORY);
        sum = fuzz_refused(rc, &error);
    } else {
        sum = description_number(&description);
        sum = write_again(&description, sum, &error) == VSR_OK ? sum : FUZZ_NO_MEMORY;
    }
    arena_free(&arena);
    free(text);
    return sum;
}
