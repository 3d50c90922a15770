/* journal_content.c - one pass over the records; each type has a row in a table.
 *
 * Decides nothing: what is trusted, and what is taken back, is run/resume.h's. */
#include "run/journal_content_inside.h"

#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* What is wrong with the record, or NULL. */
typedef const char *take(struct reading *r, struct view payload);

const char journal_content_too_short[] = "a record has another length than it must";
const char journal_content_no_such[] = "a record names what the plan does not have";

static const char *take_begin(struct reading *r, struct view payload)
{
    struct journal_begin *begin = &r->out->begin;
    if (payload.n != sizeof *begin) {
        return "it is of another version";
    }
    memcpy(begin, payload.p, sizeof *begin);
    if (begin->version != JOURNAL_VERSION) {
        return "it is of another version";
    }
    if (begin->file_count != r->plan->file_count || begin->unit_count != r->plan->unit_count ||
        memcmp(begin->plan_xxh3, r->plan_xxh3, sizeof begin->plan_xxh3) != 0 ||
        memcmp(begin->set_uuid, r->plan->set_uuid.bytes, sizeof begin->set_uuid) != 0) {
        return "it was written for another plan";
    }
    return NULL;
}

static const char *take_call(struct reading *r, struct view payload)
{
    buffer_add_view(&r->out->call, payload);
    return NULL;
}

static const char *take_session(struct reading *r, struct view payload)
{
    struct journal_session session;
    if (payload.n != sizeof session) {
        return journal_content_too_short;
    }
    memcpy(&session, payload.p, sizeof session);
    r->out->same_boot = session.boot_id[0] != '\0' &&
                        memcmp(session.boot_id, r->out->boot_id, sizeof session.boot_id) == 0;
    r->out->sessions++;
    r->out->committing_count = 0;
    r->out->folder_next_count = 0;
    r->out->base_next_count = 0;
    r->out->ended = false;
    r->out->rows_told = false;
    for (uint32_t u = 0; r->out->ready && u < r->plan->unit_count; u++) {
        r->out->units[u].refusal_next = REFUSAL_NONE;
    }
    return NULL;
}

static bool same_folder(const struct stage_identity *a, const struct stage_identity *b)
{
    return a->inode == b->inode && a->birth_s == b->birth_s && a->birth_ns == b->birth_ns &&
           a->fs_type == b->fs_type && memcmp(a->fs_uuid, b->fs_uuid, sizeof a->fs_uuid) == 0;
}

static struct stage_identity *folder_find(const struct journal_content *out,
                                          const struct stage_identity *folder)
{
    for (uint32_t i = 0; i < out->folder_count; i++) {
        if (same_folder(&out->folders[i], folder)) {
            return &out->folders[i];
        }
    }
    return NULL;
}

static const char *take_mount(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    struct journal_mount mount;
    if (payload.n != sizeof mount) {
        return journal_content_too_short;
    }
    memcpy(&mount, payload.p, sizeof mount);
    struct stage_identity folder = {.mount_id = mount.mount_id,
                                    .device = mount.device,
                                    .inode = mount.inode,
                                    .birth_s = mount.birth_s,
                                    .birth_ns = mount.birth_ns,
                                    .fs_type = mount.fs_type,
                                    .same_boot = out->same_boot};
    memcpy(folder.fs_uuid, mount.fs_uuid, sizeof folder.fs_uuid);
    if (folder_find(out, &folder) == NULL) {
        out->folders =
            heap_grow(out->folders, out->folder_count, &out->folder_capacity, sizeof *out->folders);
        out->folders[out->folder_count++] = folder;
        return NULL;
    }
    /* intents of before speak of its device as it was called then */
    out->folders_next = heap_grow(out->folders_next, out->folder_next_count,
                                  &out->folder_next_capacity, sizeof *out->folders_next);
    out->folders_next[out->folder_next_count++] = folder;
    return NULL;
}

static const char *take_places(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    struct stage_place place;
    if (payload.n % sizeof place != 0) {
        return journal_content_too_short;
    }
    for (; payload.n > 0; payload = view_skip(payload, sizeof place)) {
        memcpy(&place, payload.p, sizeof place);
        if (place.directory >= r->plan->directory_count || place.made > WIN_PATH_DEPTH_MAX) {
            return journal_content_no_such;
        }
        if (out->placed[place.directory] != 0) {
            continue;
        }
        out->placed[place.directory] = 1;
        out->places =
            heap_grow(out->places, out->place_count, &out->place_capacity, sizeof *out->places);
        out->places[out->place_count++] = place;
    }
    return NULL;
}

static const char *take_bases(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    struct stage_base base;
    if (payload.n % sizeof base != 0) {
        return journal_content_too_short;
    }
    for (; payload.n > 0; payload = view_skip(payload, sizeof base)) {
        memcpy(&base, payload.p, sizeof base);
        if (base.file >= r->plan->file_count) {
            return journal_content_no_such;
        }
        if (out->base_next_count > 0 &&
            out->bases_next[out->base_next_count - 1].file >= base.file) {
            return "its bases are in disorder";
        }
        out->bases_next = heap_grow(out->bases_next, out->base_next_count, &out->base_next_capacity,
                                    sizeof *out->bases_next);
        out->bases_next[out->base_next_count++] = base;
    }
    return NULL;
}

/* Each process that gets ready has said all that it goes by, has taken back what was in the middle,
 * and has synced that and what was committed (what was, not with durability `none`): from here on
 * the intents before it are needed only where a disk has lost that all the same. */
static const char *take_ready(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    (void)payload;
    out->ready = true;
    for (uint32_t i = 0; i < out->intent_count; i++) {
        out->past = heap_grow(out->past, out->past_count, &out->past_capacity, sizeof *out->past);
        out->past[out->past_count++] = out->intents[i];
    }
    out->intent_count = 0;
    for (uint32_t i = 0; i < out->folder_next_count; i++) {
        struct stage_identity *folder = folder_find(out, &out->folders_next[i]);
        if (folder != NULL) {
            *folder = out->folders_next[i];
        }
    }
    free(out->bases);
    out->bases = out->bases_next;
    out->base_count = out->base_next_count;
    out->bases_next = NULL;
    out->base_next_count = 0;
    out->base_next_capacity = 0;
    out->folder_next_count = 0;
    for (uint32_t u = 0; u < r->plan->unit_count; u++) {
        struct content_unit *unit = &out->units[u];
        unit->refusal = unit->refusal_next;
        unit->detail = unit->detail_next;
        unit->refusal_next = REFUSAL_NONE;
        unit->epoch = 0;
    }
    return NULL;
}

static const char *take_refused(struct reading *r, struct view payload)
{
    struct journal_refused refused;
    if (payload.n < sizeof refused) {
        return journal_content_too_short;
    }
    memcpy(&refused, payload.p, sizeof refused);
    if (refused.unit >= r->plan->unit_count || refused.refusal == REFUSAL_NONE ||
        refused.refusal >= REFUSAL_COUNT) {
        return journal_content_no_such;
    }
    struct content_unit *unit = &r->out->units[refused.unit];
    unit->refusal_next = (uint8_t)refused.refusal;
    unit->detail_next = arena_copy(&r->out->arena, view_skip(payload, sizeof refused));
    return NULL;
}

static const char *take_intent(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    struct publish_intent intent;
    if (payload.n != sizeof intent) {
        return journal_content_too_short;
    }
    memcpy(&intent, payload.p, sizeof intent);
    if (r->group >= r->plan->unit_count || intent.unit >= r->plan->unit_count ||
        (intent.file != MARK_NONE && intent.file >= r->plan->file_count)) {
        return journal_content_no_such;
    }
    out->intents =
        heap_grow(out->intents, out->intent_count, &out->intent_capacity, sizeof *out->intents);
    out->intents[out->intent_count++] = r->at;
    return NULL;
}

static const char *take_fates(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    struct journal_fate fate;
    if (payload.n % sizeof fate != 0) {
        return journal_content_too_short;
    }
    for (; payload.n > 0; payload = view_skip(payload, sizeof fate)) {
        memcpy(&fate, payload.p, sizeof fate);
        if (fate.unit >= r->plan->unit_count) {
            return journal_content_no_such;
        }
        out->committing = heap_grow(out->committing, out->committing_count,
                                    &out->committing_capacity, sizeof *out->committing);
        out->committing[out->committing_count++] = fate.unit;
        out->units[fate.unit].residue_next = fate.residue; /* once its commit stands behind it */
        out->units[fate.unit].published_next = fate.published != 0;
        out->units[fate.unit].rows_told_next = false;
    }
    return NULL;
}

static const char *take_rows(struct reading *r, struct view payload)
{
    struct journal_rows rows;
    if (payload.n % sizeof rows != 0) {
        return journal_content_too_short;
    }
    for (; payload.n > 0; payload = view_skip(payload, sizeof rows)) {
        memcpy(&rows, payload.p, sizeof rows);
        if (rows.unit == MARK_NONE) {
            r->out->rows_check = rows.check;
            r->out->rows_told = true;
        } else if (rows.unit < r->plan->unit_count) {
            r->out->units[rows.unit].rows_check_next = rows.check;
            r->out->units[rows.unit].rows_told_next = true;
        } else {
            return journal_content_no_such;
        }
    }
    return NULL;
}

static const char *take_token(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    if (payload.n != sizeof *out->tokens) {
        return journal_content_too_short;
    }
    out->tokens =
        heap_grow(out->tokens, out->token_count, &out->token_capacity, sizeof *out->tokens);
    memcpy(&out->tokens[out->token_count++], payload.p, sizeof *out->tokens);
    return NULL;
}

static const char *take_commit(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    struct journal_commit commit;
    if (payload.n != sizeof commit) {
        return journal_content_too_short;
    }
    memcpy(&commit, payload.p, sizeof commit);
    for (uint32_t i = 0; i < out->committing_count; i++) {
        struct content_unit *unit = &out->units[out->committing[i]];
        unit->fate = unit->published_next ? FATE_PUBLISHED : FATE_FAILED;
        unit->stood = unit->stood || unit->published_next;
        unit->residue = unit->residue_next;
        unit->rows_check = unit->rows_check_next;
        unit->rows_told = unit->rows_told_next;
        unit->epoch = commit.epoch;
        unit->same_boot = out->same_boot;
    }
    out->committing_count = 0;
    return NULL;
}

static const char *take_uncommit(struct reading *r, struct view payload)
{
    uint32_t unit;
    if (payload.n % sizeof unit != 0) {
        return journal_content_too_short;
    }
    for (; payload.n > 0; payload = view_skip(payload, sizeof unit)) {
        memcpy(&unit, payload.p, sizeof unit);
        if (unit >= r->plan->unit_count) {
            return journal_content_no_such;
        }
        r->out->units[unit].fate = FATE_OPEN;
        r->out->units[unit].residue = 0;
    }
    return NULL;
}

static const char *take_synced(struct reading *r, struct view payload)
{
    (void)payload;
    for (uint32_t u = 0; u < r->plan->unit_count; u++) {
        r->out->units[u].epoch = 0;
    }
    return NULL;
}

static const char *take_end(struct reading *r, struct view payload)
{
    if (payload.n != sizeof r->out->end) {
        return journal_content_too_short;
    }
    memcpy(&r->out->end, payload.p, sizeof r->out->end);
    r->out->ended = true;
    r->out->ended_at = r->at;
    return NULL;
}

static take *const takes[] = {
    [JOURNAL_BEGIN] = take_begin,
    [JOURNAL_MOUNT] = take_mount,
    [JOURNAL_INTENT] = take_intent,
    [JOURNAL_COMMIT] = take_commit,
    [JOURNAL_END] = take_end,
    [JOURNAL_CALL] = take_call,
    [JOURNAL_SESSION] = take_session,
    [JOURNAL_PLACES] = take_places,
    [JOURNAL_BASES] = take_bases,
    [JOURNAL_REFUSED] = take_refused,
    [JOURNAL_READY] = take_ready,
    [JOURNAL_FATES] = take_fates,
    [JOURNAL_UNCOMMIT] = take_uncommit,
    [JOURNAL_SYNCED] = take_synced,
    [JOURNAL_ROWS] = take_rows,
    [JOURNAL_TOKEN] = take_token,
    [JOURNAL_ASKING] = journal_content_take_asking,
};

static const char *take_record(struct reading *r, const struct journal_record *record,
                               struct view payload)
{
    if ((record->sequence == 0) != (record->type == JOURNAL_BEGIN)) {
        return "it does not begin as it must";
    }
    if (record->type >= sizeof takes / sizeof *takes || takes[record->type] == NULL) {
        return "a record is of no known type";
    }
    r->group = record->group;
    return takes[record->type](r, payload);
}

/* --- the whole --- */

static int compare_places(const void *left, const void *right)
{
    const struct stage_place *a = left, *b = right;
    return (a->directory > b->directory) - (a->directory < b->directory);
}

/* Intents of groups that were committed after them need nobody. */
static void content_drop_intents(struct journal_content *out, struct view bytes)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < out->intent_count; i++) {
        const struct publish_intent intent = journal_content_intent(out, bytes, i);
        struct journal_record record;
        memcpy(&record, bytes.p + out->intents[i], sizeof record);
        const uint32_t unit = intent.file != MARK_NONE ? intent.unit : record.group;
        if (out->units[unit].fate == FATE_OPEN || out->units[unit].epoch != 0) {
            out->intents[count++] = out->intents[i];
        }
    }
    out->intent_count = count;
}

vsr_code journal_content_read(struct journal_content *out, struct view bytes, int fd,
                              const struct plan *plan, const uint8_t plan_xxh3[16],
                              const char *path, vsr_error *error)
{
    struct reading r = {.out = out, .plan = plan, .plan_xxh3 = plan_xxh3};
    struct journal_cursor cursor = {.bytes = bytes};
    struct journal_record record;
    struct view payload;
    const char *fault = NULL;
    *out = (struct journal_content){0};
    journal_boot_id(out->boot_id);
    out->units = heap_alloc(plan->unit_count + 1u, sizeof *out->units);
    out->placed = heap_alloc(plan->directory_count + 1u, sizeof *out->placed);
    while (fault == NULL && journal_next(&cursor, &record, &payload)) {
        fault = take_record(&r, &record, payload);
        r.at = cursor.at;
    }
    if (fault == NULL && cursor.sequence == 0) {
        fault = "it is empty";
    }
    out->next_sequence = cursor.sequence;
    out->good_bytes = cursor.at;
    out->torn_bytes = fault == NULL ? bytes.n - cursor.at : 0;
    /* what a cut has left of the last write is no record, and none stands behind it */
    if (out->torn_bytes > 0 && journal_holds_record(view_skip(bytes, cursor.at), fd, cursor.at)) {
        fault = cursor.fault != NULL ? cursor.fault : "a record's length is wrong";
    }
    if (fault != NULL) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, "run/journal",
                       "the journal in %s cannot be used, at byte %llu: %s", path,
                       (unsigned long long)out->good_bytes, fault);
    }
    for (uint32_t u = 0; !out->ready && u < plan->unit_count; u++) { /* before it was begun */
        out->units[u].refusal = out->units[u].refusal_next;
        out->units[u].detail = out->units[u].detail_next;
    }
    if (out->place_count > 1) {
        qsort(out->places, out->place_count, sizeof *out->places, compare_places);
    }
    content_drop_intents(out, bytes);
    journal_content_end_asking(out);
    return VSR_OK;
}

static struct publish_intent intent_at(struct view bytes, uint64_t at)
{
    struct publish_intent intent;
    memcpy(&intent, bytes.p + at + sizeof(struct journal_record), sizeof intent);
    return intent;
}

struct publish_intent journal_content_intent(const struct journal_content *content,
                                             struct view bytes, uint32_t number)
{
    return intent_at(bytes, content->intents[number]);
}

struct publish_intent journal_content_past(const struct journal_content *content, struct view bytes,
                                           uint32_t number)
{
    return intent_at(bytes, content->past[number]);
}

void journal_content_free(struct journal_content *content)
{
    arena_free(&content->arena);
    buffer_free(&content->call);
    free(content->asked);
    free(content->stopped);
    free(content->tokens);
    free(content->folders);
    free(content->places);
    free(content->bases);
    free(content->units);
    free(content->intents);
    free(content->past);
    free(content->committing);
    free(content->placed);
    free(content->folders_next);
    free(content->bases_next);
    *content = (struct journal_content){0};
}
