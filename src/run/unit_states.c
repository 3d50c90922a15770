/* unit_states.c - rows judged unit by unit: whole, withdrawn, overtaken, not durable.
 *
 * Stands between the engine's rows and report/verdict.c, which makes statuses of what is left here.
 * It looks at rows alone: what is on disk is dest's, which says it by states and residue. */
#include "run/unit_states.h"

#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void unit_states_init(struct unit_states *out, const struct plan *plan, const struct media_set *set,
                      const enum refusal *refusals)
{
    const uint32_t count = plan->unit_count;
    *out = (struct unit_states){.plan = plan,
                                .set = set,
                                .states = heap_alloc(count, sizeof *out->states),
                                .residue = heap_alloc(count, sizeof *out->residue),
                                .stood = heap_alloc(count, sizeof *out->stood)};
    out->refused =
        (struct space_refusals){heap_alloc(count, sizeof *out->refused.refusals),
                                heap_alloc(count, sizeof *out->refused.details), &out->arena};
    for (uint32_t u = 0; u < count && refusals != NULL; u++) {
        out->refused.refusals[u] = refusals[u];
    }
}

void unit_states_fini(struct unit_states *units)
{
    free(units->states);
    free(units->residue);
    free(units->stood);
    free(units->refused.refusals);
    free(units->refused.details);
    arena_free(&units->arena);
}

void unit_states_recall(struct unit_states *units, uint32_t unit, enum refusal refusal,
                        struct view detail)
{
    units->refused.refusals[unit] = refusal;
    units->refused.details[unit] = arena_copy(&units->arena, detail);
}

void unit_states_recall_end(struct unit_states *units, uint32_t unit, bool published,
                            uint64_t residue)
{
    units->states[unit] = published ? UNIT_PUBLISHED : UNIT_FAILED;
    units->residue[unit] = residue;
}

void unit_states_recall_stood(struct unit_states *units, uint32_t unit)
{
    units->stood[unit] = 1;
}

uint32_t unit_states_count_stood(struct unit_states *units)
{
    uint32_t count = 0;
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        if (units->stood[u] != 0 && units->states[u] != UNIT_PUBLISHED && units->residue[u] == 0) {
            units->residue[u] = 1;
            count++;
        }
    }
    return count;
}

bool unit_is_refused(const struct unit_states *units, uint32_t unit)
{
    return units->plan->units[unit].refusal != REFUSAL_NONE ||
           units->refused.refusals[unit] != REFUSAL_NONE;
}

uint8_t *unit_states_skip(struct unit_states *units, const uint8_t *done)
{
    uint8_t *skip = heap_alloc(units->plan->file_count, 1);
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        const struct plan_unit *unit = &units->plan->units[u];
        if (done != NULL && done[u] != 0) {
            memset(skip + unit->first_file, 1, unit->file_count);
            continue;
        }
        for (uint32_t i = 0; unit_is_refused(units, u) && i < unit->file_count; i++) {
            skip[unit->first_file + i] = 1;
            struct outcome_row *row = &units->rows[unit->first_file + i];
            row->outcome = OUTCOME_REFUSED;
            row->os_errno = units->refused.refusals[u] == REFUSAL_NO_SPACE ? ENOSPC : 0;
        }
    }
    return skip;
}

/* As far as the engine goes. */
static bool row_is_whole(const struct outcome_row *row)
{
    return row->outcome == OUTCOME_RESTORED || row->outcome == OUTCOME_PRESENT ||
           row->outcome == OUTCOME_STAGED;
}

void unit_take_rows(struct unit_states *units, uint32_t number)
{
    const struct plan_unit *unit = &units->plan->units[number];
    bool whole = true;
    for (uint32_t i = 0; i < unit->file_count; i++) {
        whole = whole && row_is_whole(&units->rows[unit->first_file + i]);
    }
    for (uint32_t i = 0; i < unit->shared_count; i++) {
        const struct plan_shared *shared = &units->plan->shared[unit->first_shared + i];
        whole = whole && row_is_whole(&units->rows[shared->file]);
    }
    units->states[number] = whole ? UNIT_STAGED : UNIT_FAILED;
}

/* --- after the last commit --- */

static void unit_withdraw(struct unit_states *units, uint32_t number, bool cancelled)
{
    const struct plan_unit *unit = &units->plan->units[number];
    for (uint32_t i = 0; i < unit->file_count; i++) {
        struct outcome_row *row = &units->rows[unit->first_file + i];
        if (row->outcome == OUTCOME_RESTORED || row->outcome == OUTCOME_STAGED) {
            row->outcome = OUTCOME_WITHDRAWN;
        } else if (row->outcome == OUTCOME_NOT_STARTED && cancelled) {
            row->outcome = OUTCOME_CANCELLED;
        }
    }
}

/* What became of a file between planning and its turn, by the errno of who met it; NULL: nothing
 * that is no fault of the destination. */
static const char *overtaken_text(int fault)
{
    switch (fault) {
    case EEXIST:
        return "came to exist";
    case ENOENT:
        return "vanished";
    case ESTALE:
    case EISDIR:
        return "was changed";
    case EMLINK:
        return "was given further names";
    default:
        return NULL;
    }
}

static void unit_refuse_overtaken(struct unit_states *units, uint32_t file, int fault)
{
    const uint32_t number = units->plan->files[file].unit;
    const bool obstacle =
        fault == EEXIST && units->plan->units[number].method == METHOD_RESTORE_IF_NOT_THERE;
    struct buffer path = {0};
    plan_unix_path(units->plan, units->set, file, &path);
    units->refused.refusals[number] = obstacle ? REFUSAL_PRESENT : REFUSAL_DESTINATION_CHANGED;
    units->refused.details[number] =
        arena_printf(&units->arena, "'%.*s' %s after the plan was made",
                     VIEW_ARG(buffer_view(&path)), overtaken_text(fault));
    buffer_free(&path);
}

void unit_states_take_bases(struct unit_states *units, const struct stage *stage)
{
    for (uint32_t i = 0; i < stage->base_count; i++) {
        const struct stage_base *base = &stage->bases[i];
        if (overtaken_text(base->os_errno) != NULL &&
            !unit_is_refused(units, units->plan->files[base->file].unit)) {
            unit_refuse_overtaken(units, base->file, base->os_errno);
        }
    }
}

/* Is the folder gone that stood above the file's place, or at it, when the plan was made? */
static bool folder_is_gone(const struct unit_states *units, uint32_t file)
{
    const struct plan *plan = units->plan;
    uint32_t directory = plan->files[file].directory;
    uint32_t up = plan->files[file].kind == KIND_DIRECTORY ? 0 : 1; /* names to take off the path */
    struct buffer path = {0};
    struct stat facts;
    while (directory != MARK_NONE && plan->directories[directory].make != 0) {
        directory = plan->directories[directory].parent;
        up++;
    }
    plan_unix_path(plan, units->set, file, &path);
    while (up > 0 && path.n > 1) {
        path.n--;
        up -= path.p[path.n] == '/' ? 1 : 0;
    }
    buffer_add_char(&path, '\0');
    const bool gone = directory != MARK_NONE && stat(path.p, &facts) != 0 &&
                      (errno == ENOENT || errno == ENOTDIR);
    buffer_free(&path);
    return gone;
}

bool unit_states_take_folders(struct unit_states *units, const uint8_t *done)
{
    bool any = false;
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        const struct plan_unit *unit = &units->plan->units[u];
        const bool asks = done == NULL || done[u] == 0;
        uint32_t known = MARK_NONE; /* files come folder by folder */
        for (uint32_t i = unit->first_file;
             asks && i < unit->first_file + unit->file_count && !unit_is_refused(units, u); i++) {
            const bool asked = units->plan->files[i].directory == known;
            known = units->plan->files[i].directory;
            if (!asked && folder_is_gone(units, i)) {
                unit_refuse_overtaken(units, i, ENOENT);
                any = true;
            }
        }
    }
    return any;
}

/* What ranges are laid into was changed while they were copied. */
static bool row_is_overtaken(const struct outcome_row *row)
{
    return (row->outcome == OUTCOME_REFUSED && overtaken_text(row->os_errno) != NULL) ||
           (row->outcome == OUTCOME_DEST_ERROR && row->os_errno == ESTALE);
}

static void unit_name_overtaken(struct unit_states *units, uint32_t number)
{
    const struct plan_unit *unit = &units->plan->units[number];
    for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count; i++) {
        if (row_is_overtaken(&units->rows[i])) {
            units->rows[i].outcome = OUTCOME_REFUSED;
            unit_refuse_overtaken(units, i, units->rows[i].os_errno);
            return;
        }
    }
}

void unit_states_settle(struct unit_states *units, bool cancelled)
{
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        if (units->states[u] == UNIT_PUBLISHED || units->residue[u] > 0) {
            continue;
        }
        unit_withdraw(units, u, cancelled);
        if (units->states[u] == UNIT_FAILED && !unit_is_refused(units, u)) {
            unit_name_overtaken(units, u);
        }
    }
}

void unit_states_discard(struct unit_states *units, bool cancelled, struct verified_sum *verified)
{
    *verified = (struct verified_sum){0};
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        const struct plan_unit *unit = &units->plan->units[u];
        bool cut_short = false;
        for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count; i++) {
            struct outcome_row *row = &units->rows[i];
            if (row->outcome == OUTCOME_RESTORED || row->outcome == OUTCOME_STAGED) {
                verified->files++;
                verified->bytes += row->bytes;
                *row = (struct outcome_row){.outcome = OUTCOME_NOT_STARTED};
            } else if (row->outcome == OUTCOME_NOT_STARTED && cancelled) {
                row->outcome = OUTCOME_CANCELLED;
            }
            cut_short = cut_short || row->outcome == OUTCOME_CANCELLED;
        }
        units->states[u] = cut_short ? UNIT_STAGED : UNIT_FAILED;
    }
}

bool unit_states_not_durable(struct unit_states *units, const struct stage *stage, uint32_t mount,
                             int os_errno)
{
    const struct plan *plan = units->plan;
    bool any = false;
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct plan_unit *unit = &plan->units[u];
        bool there = false;
        for (uint32_t i = 0; i < unit->file_count && units->states[u] == UNIT_PUBLISHED; i++) {
            const uint32_t file = unit->first_file + i;
            struct outcome_row *row = &units->rows[file];
            if (row->outcome == OUTCOME_RESTORED &&
                stage->directory_mount[plan->files[file].directory] == mount) {
                row->outcome = OUTCOME_DEST_ERROR;
                row->os_errno = os_errno;
                there = true;
            }
        }
        units->residue[u] += there ? 1 : 0;
        units->unsynced += there ? 1 : 0;
        any = any || there;
    }
    return any;
}

void unit_states_as_committed(struct unit_states *units)
{
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        const struct plan_unit *unit = &units->plan->units[u];
        for (uint32_t i = 0; i < unit->file_count && units->states[u] == UNIT_PUBLISHED; i++) {
            struct outcome_row *row = &units->rows[unit->first_file + i];
            if (row->outcome == OUTCOME_DEST_ERROR) { /* of a unit that is whole: only by that */
                row->outcome = OUTCOME_RESTORED;
                row->os_errno = 0;
            }
        }
    }
}

void unit_states_fail(struct unit_states *units, uint32_t file, int os_errno)
{
    unit_states_fail_whole(units, units->plan->files[file].unit);
    units->rows[file] = (struct outcome_row){.outcome = OUTCOME_REFUSED, .os_errno = os_errno};
}

void unit_states_fail_whole(struct unit_states *units, uint32_t unit)
{
    unit_withdraw(units, unit, false);
    units->states[unit] = UNIT_FAILED;
    units->residue[unit]++;
}

/* --- asked of all --- */

bool unit_states_lack_space(const struct unit_states *units)
{
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        if (units->refused.refusals[u] == REFUSAL_NO_SPACE) {
            return true;
        }
    }
    for (uint32_t i = 0; i < units->plan->file_count; i++) {
        if (units->rows[i].outcome == OUTCOME_DEST_FULL) {
            return true;
        }
    }
    return false;
}

bool unit_states_cut_short(const struct unit_states *units)
{
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        if (units->plan->units[u].file_count > 0 && units->states[u] == UNIT_STAGED &&
            !unit_is_refused(units, u)) {
            return true;
        }
    }
    return false;
}

bool unit_states_residue(const struct unit_states *units)
{
    uint64_t sum = 0;
    for (uint32_t u = 0; u < units->plan->unit_count; u++) {
        sum += units->residue[u];
    }
    return sum > units->unsynced;
}
