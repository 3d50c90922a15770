/* set_json.c - set.json's text into struct set_description.
 *
 * Read first of all when a set is opened (set.c). What it does not hold in the right type refuses
 * the set; keys that this program does not know are passed over (a later program's additions).
 * Writing is set_json_write.c's: base/json.h and jansson.h both have a json_null(), so no file
 * can include the two. */
#include "media/set_json.h"

#include "base/limits.h"
#include "media/part.h"

#include <jansson.h>

enum { SEAL_BYTES = PART_HASH_DIGITS + 1 }; /* the hash's digits and a newline */

struct set_reader {
    struct arena *arena;
    vsr_error *error;
    vsr_code rc;          /* the first fault; later reads do nothing */
    uint32_t mount_count; /* of all volumes so far */
};

static void reader_fault(struct set_reader *reader, const char *key, const char *fault)
{
    if (reader->rc == VSR_OK) {
        reader->rc = err_set(reader->error, VSR_ERR_MEDIA, "media/set_json",
                             "set.json is damaged: \"%s\" %s", key, fault);
    }
}

/* The member of object, of this type; NULL: absent or null, which is a fault if required. */
static const json_t *reader_member(struct set_reader *reader, const json_t *object, const char *key,
                                   json_type type, bool required)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value)) {
        if (required) {
            reader_fault(reader, key, "is missing");
        }
        return NULL;
    }
    if (json_typeof(value) != type) {
        reader_fault(reader, key, "is of the wrong type");
        return NULL;
    }
    return value;
}

static struct view reader_string(struct set_reader *reader, const char *key, const json_t *value)
{
    const struct view text = {json_string_value(value), json_string_length(value)};
    if (memchr(text.p, 0, text.n) != NULL) {
        reader_fault(reader, key, "holds a NUL");
    }
    return arena_copy(reader->arena, text);
}

static struct view reader_text(struct set_reader *reader, const json_t *object, const char *key,
                               bool required)
{
    const json_t *value = reader_member(reader, object, key, JSON_STRING, required);
    return value != NULL ? reader_string(reader, key, value) : VIEW_NONE;
}

static uint64_t reader_u64(struct set_reader *reader, const json_t *object, const char *key)
{
    const json_t *value = reader_member(reader, object, key, JSON_INTEGER, true);
    const json_int_t number = value != NULL ? json_integer_value(value) : 0;
    if (number < 0) {
        reader_fault(reader, key, "is negative");
        return 0;
    }
    return (uint64_t)number;
}

static bool reader_bool(struct set_reader *reader, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL || !json_is_boolean(value)) {
        reader_fault(reader, key, "is not true or false");
        return false;
    }
    return json_is_true(value);
}

/* An array of at most count_max; *count 0 when it is not there or wrong. */
static const json_t *reader_array(struct set_reader *reader, const json_t *object, const char *key,
                                  uint32_t count_max, uint32_t *count)
{
    const json_t *array = reader_member(reader, object, key, JSON_ARRAY, true);
    const size_t size = array != NULL ? json_array_size(array) : 0;
    *count = size <= count_max ? (uint32_t)size : 0;
    if (size > count_max) {
        reader_fault(reader, key, "has too many elements");
    }
    return array;
}

static struct uuid reader_uuid(struct set_reader *reader, const json_t *object, const char *key,
                               bool required)
{
    struct uuid uuid = {0};
    const struct view text = reader_text(reader, object, key, required);
    if (view_present(text) && !uuid_parse(text, &uuid)) {
        reader_fault(reader, key, "is no uuid");
    }
    return uuid;
}

static struct set_part reader_part(struct set_reader *reader, const json_t *object, bool named)
{
    struct set_part part = {.name = VIEW(INDEX_NAME)};
    if (named) {
        part.name = reader_text(reader, object, "name", true);
        if (!part_name_is_plain(part.name)) {
            reader_fault(reader, "name", "is no plain file name");
        }
    }
    part.size = reader_u64(reader, object, "size");
    if (!part_hash_parse(reader_text(reader, object, "xxh3_128", true), part.xxh3_128)) {
        reader_fault(reader, "xxh3_128", "is no hash of 32 digits");
    }
    return part;
}

static struct set_part *reader_parts(struct set_reader *reader, const json_t *object,
                                     const char *key, uint32_t count_max, uint32_t *count)
{
    const json_t *array = reader_array(reader, object, key, count_max, count);
    struct set_part *parts = ARENA_ARRAY(reader->arena, struct set_part, *count);
    for (uint32_t i = 0; i < *count && reader->rc == VSR_OK; i++) {
        parts[i] = reader_part(reader, json_array_get(array, i), true);
    }
    return parts;
}

static void reader_volume(struct set_reader *reader, const json_t *object, struct set_volume *out)
{
    out->letter = reader_text(reader, object, "letter", false);
    out->guid = reader_text(reader, object, "guid", false);
    out->unc = reader_text(reader, object, "unc", false);
    out->label = reader_text(reader, object, "label", false);
    out->case_sensitive = reader_bool(reader, object, "case_sensitive");
    out->prefix = reader_text(reader, object, "prefix", true);
    const json_t *mounts = reader_array(reader, object, "mounts",
                                        SET_MOUNTS_MAX - reader->mount_count, &out->mount_count);
    reader->mount_count += out->mount_count;
    out->mounts = ARENA_ARRAY(reader->arena, struct view, out->mount_count);
    for (uint32_t i = 0; i < out->mount_count; i++) {
        const json_t *mount = json_array_get(mounts, i);
        if (json_is_string(mount)) {
            out->mounts[i] = reader_string(reader, "mounts", mount);
        } else {
            reader_fault(reader, "mounts", "holds what is no text");
        }
    }
}

static void reader_environment(struct set_reader *reader, const json_t *root,
                               struct set_description *out)
{
    const json_t *object = reader_member(reader, root, "environment", JSON_OBJECT, true);
    const size_t count = object != NULL ? json_object_size(object) : 0;
    if (count > SET_ENVIRONMENT_MAX) {
        reader_fault(reader, "environment", "has too many elements");
        return;
    }
    out->environment = arena_alloc(reader->arena, count, sizeof *out->environment);
    const char *name = NULL;
    const json_t *value = NULL;
    json_t *walked = json_object_get(root, "environment"); /* jansson's iterators take no const */
    if (object == NULL) {
        return;
    }
    json_object_foreach(walked, name, value)
    {
        if (!json_is_string(value)) {
            reader_fault(reader, "environment", "holds what is no text");
            return;
        }
        struct view *pair = out->environment[out->environment_count++];
        pair[0] = arena_copy(reader->arena, view_of(name));
        pair[1] = reader_string(reader, name, value);
    }
}

static void reader_description(struct set_reader *reader, const json_t *root,
                               struct set_description *out)
{
    if (reader_u64(reader, root, "format") != INDEX_FORMAT) {
        reader_fault(reader, "format", "is not one that this program knows");
        return;
    }
    out->uuid = reader_uuid(reader, root, "uuid", true);
    out->parent = reader_uuid(reader, root, "parent", false);
    out->backup_type = reader_text(reader, root, "backup_type", true);
    out->created = reader_text(reader, root, "created", true);
    out->host = reader_text(reader, root, "host", false);
    const json_t *volumes =
        reader_array(reader, root, "volumes", SET_VOLUMES_MAX, &out->volume_count);
    out->volumes = ARENA_ARRAY(reader->arena, struct set_volume, out->volume_count);
    for (uint32_t i = 0; i < out->volume_count && reader->rc == VSR_OK; i++) {
        reader_volume(reader, json_array_get(volumes, i), &out->volumes[i]);
    }
    reader_environment(reader, root, out);
    out->documents =
        reader_parts(reader, root, "documents", SET_DOCUMENTS_MAX, &out->document_count);
    out->packs = reader_parts(reader, root, "packs", PACK_COUNT_MAX, &out->pack_count);
    const json_t *index = reader_member(reader, root, "index", JSON_OBJECT, true);
    out->index = reader_part(reader, index, false);
    out->files = reader_u64(reader, root, "files");
    out->bytes = reader_u64(reader, root, "bytes");
}

/* What one key alone cannot tell: packs are numbered, documents' names differ. */
static void reader_parts_check(struct set_reader *reader, const struct set_description *out)
{
    for (uint32_t i = 0; i < out->pack_count && reader->rc == VSR_OK; i++) {
        char want[SET_PACK_NAME_BYTES];
        set_pack_name(i, want);
        if (!view_equal(out->packs[i].name, view_of(want))) {
            reader_fault(reader, "packs", "are not the packs from 000000 on in order");
        }
        if (out->packs[i].size > FILE_BYTES_MAX) {
            reader_fault(reader, "packs", "are larger than files can be");
        }
    }
}

static vsr_code set_json_unseal(struct view *text, vsr_error *error)
{
    uint8_t want[16];
    uint8_t got[16];
    if (text->n < SEAL_BYTES + 2 || text->p[text->n - 1] != '\n' ||
        !part_hash_parse((struct view){text->p + text->n - SEAL_BYTES, PART_HASH_DIGITS}, want)) {
        return err_set(error, VSR_ERR_MEDIA, "media/set_json",
                       "set.json is damaged: it does not end with its hash");
    }
    text->n -= SEAL_BYTES;
    part_hash_bytes(text->p, text->n, got);
    if (memcmp(got, want, sizeof got) != 0) {
        return err_set(error, VSR_ERR_MEDIA, "media/set_json",
                       "set.json is damaged: its bytes 0 to %zu do not match the hash behind them",
                       text->n);
    }
    return VSR_OK;
}

/* No fewer than the values that a tree of it would have: each container's first, and one behind
 * each comma. libjansson takes some hundred bytes for one, and a text can have one in two bytes. */
static size_t values_count(struct view text)
{
    size_t count = 1;
    for (bool quoted = false; text.n > 0; text = view_skip(text, 1)) {
        const char c = text.p[0];
        if (quoted && c == '\\' && text.n > 1) {
            text = view_skip(text, 1);
        } else if (c == '"') {
            quoted = !quoted;
        } else {
            count += !quoted && (c == ',' || c == '[' || c == '{');
        }
    }
    return count;
}

vsr_code set_json_parse(struct arena *arena, struct view text, struct set_description *out,
                        vsr_error *error)
{
    *out = (struct set_description){0};
    vsr_code rc = set_json_unseal(&text, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (values_count(text) > SET_JSON_VALUES_MAX) {
        return err_set(error, VSR_ERR_MEDIA, "media/set_json",
                       "set.json is damaged: it holds more values than a set can have, %u",
                       SET_JSON_VALUES_MAX);
    }
    json_error_t fault;
    json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &fault);
    if (root == NULL || !json_is_object(root)) {
        json_decref(root);
        return err_set(error, VSR_ERR_MEDIA, "media/set_json",
                       "set.json is damaged: at byte %d: %s", fault.position,
                       root == NULL ? fault.text : "it is no object");
    }
    struct set_reader reader = {.arena = arena, .error = error};
    reader_description(&reader, root, out);
    reader_parts_check(&reader, out);
    json_decref(root);
    return reader.rc;
}
