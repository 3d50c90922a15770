/* order_links.c - groups of names that share their data, from the media's link groups.
 *
 * Part of order.c's step: once over all files for entries that are planned twice, then a question
 * for each record. It does not know what the engine can link: names on another mount than their
 * owner are the engine's matter. */
#include "plan/order_links.h"

struct link_key {
    uint32_t group;
    uint32_t unit; /* MARK_NONE: all names that are not apart */
    uint32_t where;
};

static uint64_t key_hash(const struct link_key *key)
{
    return hash_bytes(key, sizeof *key);
}

static struct link_key key_apart(const struct draft *draft, uint32_t number)
{
    const struct draft_file *file = &draft->files[number];
    return (struct link_key){draft->index->entries[file->entry].link_group,
                             draft->sets[file->set].unit, file->where};
}

static bool key_equal(const struct link_key *a, const struct link_key *b)
{
    return a->group == b->group && a->unit == b->unit && a->where == b->where;
}

static bool apart_equal(const void *context, const void *key, uint32_t file)
{
    const struct link_key other = key_apart(context, file);
    return key_equal(key, &other);
}

static bool is_apart(const struct order_links *links, const struct link_key *key)
{
    return hash_map_find(&links->apart, key_hash(key), key, apart_equal, links->draft) != MARK_NONE;
}

static struct link_key key_of(const struct order_links *links, uint32_t file)
{
    const struct link_key key = key_apart(links->draft, file);
    return is_apart(links, &key) ? key : (struct link_key){key.group, MARK_NONE, 0};
}

static bool owner_equal(const void *context, const void *key, uint32_t file)
{
    const struct link_key other = key_of(context, file);
    return key_equal(key, &other);
}

static bool copy_equal(const void *context, const void *key, uint32_t file)
{
    const struct draft *draft = context;
    return draft->files[file].entry == *(const uint32_t *)key;
}

/* Is it one of the names that order.c will ask for? */
static bool has_names(const struct draft *draft, uint32_t number)
{
    const struct draft_file *file = &draft->files[number];
    const struct index_entry *entry = &draft->index->entries[file->entry];
    return entry->kind == INDEX_FILE && entry->link_group != MARK_NONE &&
           file->action != ACTION_NONE && draft_is_planned(draft, number) &&
           (file->named == MARK_NONE || draft_goes_by(draft, file, NAMED_DIFFERENCED));
}

void order_links_init(struct order_links *out, const struct draft *draft)
{
    *out = (struct order_links){.draft = draft};
    for (uint32_t i = 0; draft->has_links && i < draft->file_count; i++) {
        if (!has_names(draft, i)) {
            continue;
        }
        const uint32_t entry = draft->files[i].entry;
        const uint64_t hash = hash_bytes(&entry, sizeof entry);
        const uint32_t first = hash_map_find(&out->copies, hash, &entry, copy_equal, draft);
        const struct link_key key = key_apart(draft, i);
        if (first == MARK_NONE) {
            hash_map_add(&out->copies, hash, i);
        } else if (!is_apart(out, &key)) {
            hash_map_add(&out->apart, key_hash(&key), i);
        }
    }
}

uint32_t order_links_take(struct order_links *links, uint32_t file)
{
    const struct link_key key = key_of(links, file);
    const uint64_t hash = key_hash(&key);
    const uint32_t owner = hash_map_find(&links->owners, hash, &key, owner_equal, links);
    if (owner == MARK_NONE) {
        hash_map_add(&links->owners, hash, file);
    }
    return owner;
}

void order_links_fini(struct order_links *links)
{
    hash_map_free(&links->copies);
    hash_map_free(&links->apart);
    hash_map_free(&links->owners);
}
