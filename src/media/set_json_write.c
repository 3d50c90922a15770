/* set_json_write.c - struct set_description as set.json's text.
 *
 * Written last of all by set_write.c, key for key what set_json.c reads. Same description, same
 * bytes. */
#include "media/set_json.h"

#include "base/json.h"
#include "media/part.h"

static const char *text_fault(struct view text)
{
    return !view_present(text) || view_is_utf8(text) ? NULL : "is no valid UTF-8";
}

/* JSON cannot say bytes that are no UTF-8, and what is not said exactly is not kept. */
static vsr_code description_check(const struct set_description *d, vsr_error *error)
{
    const char *fault = text_fault(d->host);
    const char *key = "host";
    for (uint32_t i = 0; i < d->volume_count && fault == NULL; i++) {
        const struct set_volume *v = &d->volumes[i];
        const struct view texts[] = {v->letter, v->guid, v->unc, v->label, v->prefix};
        key = "volume";
        for (size_t k = 0; k < sizeof texts / sizeof *texts && fault == NULL; k++) {
            fault = text_fault(texts[k]);
        }
        for (uint32_t k = 0; k < v->mount_count && fault == NULL; k++) {
            fault = text_fault(v->mounts[k]);
        }
    }
    for (uint32_t i = 0; i < d->environment_count && fault == NULL; i++) {
        key = "environment";
        fault = text_fault(d->environment[i][0]);
        fault = fault != NULL ? fault : text_fault(d->environment[i][1]);
    }
    for (uint32_t i = 0; i < d->document_count && fault == NULL; i++) {
        key = "document's name";
        fault = part_name_is_plain(d->documents[i].name) ? text_fault(d->documents[i].name)
                                                         : "is no plain file name";
    }
    return fault == NULL ? VSR_OK
                         : err_set(error, VSR_ERR_USAGE, "media/set_json",
                                   "cannot write set.json: a %s %s", key, fault);
}

static void render_uuid(struct json *json, const char *key, const struct uuid *uuid)
{
    char text[UUID_TEXT_BYTES];
    uuid_text(uuid, text);
    json_text(json, key, uuid_is_null(uuid) ? VIEW_NONE : view_of(text));
}

static void render_part(struct json *json, const char *key, const struct set_part *part, bool named)
{
    char digits[PART_HASH_DIGITS];
    part_hash_text(part->xxh3_128, digits);
    json_object_begin(json, key);
    if (named) {
        json_text(json, "name", part->name);
    }
    json_u64(json, "size", part->size);
    json_text(json, "xxh3_128", (struct view){digits, sizeof digits});
    json_object_end(json);
}

static void render_parts(struct json *json, const char *key, const struct set_part *parts,
                         uint32_t count)
{
    json_array_begin(json, key);
    for (uint32_t i = 0; i < count; i++) {
        render_part(json, NULL, &parts[i], true);
    }
    json_array_end(json);
}

static void render_volume(struct json *json, const struct set_volume *v)
{
    json_object_begin(json, NULL);
    json_text(json, "letter", v->letter);
    json_text(json, "guid", v->guid);
    json_text(json, "unc", v->unc);
    json_array_begin(json, "mounts");
    for (uint32_t i = 0; i < v->mount_count; i++) {
        json_text(json, NULL, v->mounts[i]);
    }
    json_array_end(json);
    json_text(json, "label", v->label);
    json_bool(json, "case_sensitive", v->case_sensitive);
    json_text(json, "prefix", v->prefix);
    json_object_end(json);
}

static void render_environment(struct json *json, const struct set_description *d)
{
    json_object_begin(json, "environment");
    for (uint32_t i = 0; i < d->environment_count; i++) {
        struct buffer name = {0};
        buffer_add_view(&name, d->environment[i][0]);
        buffer_add_char(&name, '\0');
        json_text(json, name.p, d->environment[i][1]);
        buffer_free(&name);
    }
    json_object_end(json);
}

vsr_code set_json_render(struct buffer *out, const struct set_description *d, vsr_error *error)
{
    const vsr_code rc = description_check(d, error);
    if (rc != VSR_OK) {
        return rc;
    }
    const size_t begin = out->n;
    struct json json = json_into(out);
    json_object_begin(&json, NULL);
    json_u64(&json, "format", INDEX_FORMAT);
    render_uuid(&json, "uuid", &d->uuid);
    render_uuid(&json, "parent", &d->parent);
    json_text(&json, "backup_type", d->backup_type);
    json_text(&json, "created", d->created);
    json_text(&json, "host", d->host);
    json_array_begin(&json, "volumes");
    for (uint32_t i = 0; i < d->volume_count; i++) {
        render_volume(&json, &d->volumes[i]);
    }
    json_array_end(&json);
    render_environment(&json, d);
    render_parts(&json, "documents", d->documents, d->document_count);
    render_parts(&json, "packs", d->packs, d->pack_count);
    render_part(&json, "index", &d->index, false);
    json_u64(&json, "files", d->files);
    json_u64(&json, "bytes", d->bytes);
    json_object_end(&json);
    json_line_end(&json);
    uint8_t hash[16];
    char digits[PART_HASH_DIGITS];
    part_hash_bytes(out->p + begin, out->n - begin, hash);
    part_hash_text(hash, digits);
    buffer_add(out, digits, sizeof digits);
    buffer_add_char(out, '\n');
    return VSR_OK;
}
