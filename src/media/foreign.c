/* foreign.c - the stored files of another front end's plan, looked at once.
 *
 * What is not there, or shorter than the plan says, stops nothing here: its files fail when they
 * are read, and no others. */
#include "media/foreign.h"

#include "base/heap.h"
#include "media/part.h"

#include <stdlib.h>
#include <sys/stat.h>

const char *foreign_codec_text(unsigned codec)
{
    static const char *const texts[] = {
        [FOREIGN_NONE] = "none",
        [FOREIGN_LZ4_FRAME] = "lz4-frame",
        [FOREIGN_LZ4_BLOCK] = "lz4-block",
    };
    return codec < sizeof texts / sizeof *texts ? texts[codec] : NULL;
}

static uint64_t identity_hash(uint64_t device, uint64_t inode)
{
    const uint64_t key[2] = {device, inode};
    return hash_bytes(key, sizeof key);
}

bool foreign_is_stored(const struct foreign_media *foreign, uint64_t device, uint64_t inode)
{
    size_t step = 0;
    uint32_t found = MARK_NONE;
    const uint64_t hash = identity_hash(device, inode);
    if (foreign != NULL && foreign->plan_device == device && foreign->plan_inode == inode) {
        return true;
    }
    while (foreign != NULL && (found = hash_map_next(&foreign->stored, hash, &step)) != MARK_NONE) {
        const struct foreign_source *source = &foreign->sources[found];
        if (source->device == device && source->inode == inode) {
            return true;
        }
    }
    return false;
}

static void source_examine(struct foreign_media *foreign, uint32_t number)
{
    struct foreign_source *source = &foreign->sources[number];
    struct stat facts;
    if (stat(source->path.p, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return;
    }
    source->is_there = true;
    source->device = facts.st_dev;
    source->inode = facts.st_ino;
    source->size = (uint64_t)facts.st_size;
    source->modify_s = facts.st_mtim.tv_sec;
    source->modify_ns = (uint32_t)facts.st_mtim.tv_nsec;
    hash_map_add(&foreign->stored, identity_hash(source->device, source->inode), number);
}

void foreign_examine(struct media_set *set)
{
    struct foreign_media *foreign = set->foreign;
    struct buffer bound = {0};
    struct stat own;
    if (stat(set->path.p, &own) == 0) {
        foreign->plan_device = own.st_dev;
        foreign->plan_inode = own.st_ino;
    }
    buffer_add(&bound, foreign->plan_xxh3, sizeof foreign->plan_xxh3);
    for (uint32_t i = 0; i < foreign->source_count; i++) {
        source_examine(foreign, i);
        const struct foreign_source *source = &foreign->sources[i];
        const uint64_t facts[4] = {source->is_there, source->size, (uint64_t)source->modify_s,
                                   source->modify_ns};
        buffer_add(&bound, facts, sizeof facts);
    }
    memcpy(set->description.uuid.bytes, foreign->plan_xxh3, sizeof set->description.uuid.bytes);
    part_hash_bytes(bound.p, bound.n, set->description.index.xxh3_128);
    buffer_free(&bound);
}

void foreign_free(struct foreign_media *foreign)
{
    if (foreign == NULL) {
        return;
    }
    free(foreign->chunks);
    free(foreign->sources);
    free(foreign->units);
    free(foreign->records);
    free(foreign->volumes);
    free(foreign->index_volumes);
    free(foreign->index_entries);
    free(foreign->index_chunks);
    free(foreign->index_ranges);
    free(foreign->index_blobs);
    hash_map_free(&foreign->stored);
    arena_free(&foreign->arena);
    free(foreign);
}
