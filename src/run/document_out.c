/* document_out.c - what a restore writes into the document: the marks of an earlier restore go,
 * what the caller asked for is told, each unit with a writer to tell gets its selection, status and
 * used mappings; all else stays as it was, byte for byte where nothing changed. */
#include "run/document_out.h"

#include "base/heap.h"
#include "base/io.h"
#include "base/own.h"
#include "plan/replay.h"
#include "plan/select.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct document_out {
    struct arena arena;
    const struct documents *documents;
    struct bcd_document *document;
    bool silent;
    bool **selected; /* of each writer, of each component; NULL: nothing was selected yet */
};

vsr_code document_out_open(struct document_out **out, const struct documents *documents,
                           bool silent, vsr_error *error)
{
    const struct document_file *file = &documents->files[documents->bcd_file];
    char name[256];
    (void)snprintf(name, sizeof name, "%.*s", VIEW_ARG(file->name));
    struct document_out *opened = heap_alloc(1, sizeof *opened);
    opened->documents = documents;
    opened->silent = silent;
    const vsr_code rc = bcd_document_open(&opened->document, file->bytes, name, error);
    if (rc != VSR_OK) {
        document_out_close(opened);
        opened = NULL;
    }
    *out = opened;
    return rc;
}

/* Which components are selected in it. False: it is not the document of these. */
static bool selected_recall(struct document_out *out, const struct bcd *saved)
{
    const struct bcd *bcd = &out->documents->bcd;
    if (saved->writer_count != bcd->writer_count) {
        return false;
    }
    out->selected = ARENA_ARRAY(&out->arena, bool *, bcd->writer_count);
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        const uint32_t count = bcd->writers[w].component_count;
        if (saved->writers[w].component_count != count) {
            return false;
        }
        out->selected[w] = ARENA_ARRAY(&out->arena, bool, count);
        for (uint32_t c = 0; c < count; c++) {
            out->selected[w][c] = saved->writers[w].components[c].selected_for_restore == FLAG_YES;
        }
    }
    return true;
}

vsr_code document_out_reopen(struct document_out **out, const struct documents *documents,
                             bool silent, struct view bytes, vsr_error *error)
{
    struct bcd saved;
    struct document_out *opened = heap_alloc(1, sizeof *opened);
    opened->documents = documents;
    opened->silent = silent;
    vsr_code rc = bcd_document_open(&opened->document, bytes, DOCUMENT_PRE_RESTORE, error);
    if (rc == VSR_OK) {
        rc = bcd_parse(&saved, &opened->arena, bytes, DOCUMENT_PRE_RESTORE, NULL, error);
    }
    if (rc == VSR_OK && !selected_recall(opened, &saved)) {
        rc = err_set(error, VSR_ERR_RUN_FOREIGN, "run/document_out",
                     "%s in the run folder is not the document of this set", DOCUMENT_PRE_RESTORE);
    }
    if (rc != VSR_OK) {
        document_out_close(opened);
        opened = NULL;
    }
    *out = opened;
    return rc;
}

void document_out_close(struct document_out *out)
{
    if (out != NULL) {
        bcd_document_free(out->document);
        arena_free(&out->arena);
        free(out);
    }
}

struct bcd_document *document_out_inside(struct document_out *out)
{
    return out->document;
}

/* --- before the copy --- */

/* A loaded plan's numbers are held against the documents before they index. */
static const struct bcd_component *component_of(const struct document_out *out,
                                                const struct plan_unit *unit)
{
    const struct bcd *bcd = &out->documents->bcd;
    return unit->writer < bcd->writer_count &&
                   unit->bcd_component < bcd->writers[unit->writer].component_count
               ? &bcd->writers[unit->writer].components[unit->bcd_component]
               : NULL;
}

/* Ruling 35: selection marks that an earlier restore left are nobody's now. */
static void marks_clear(struct bcd_document *document, const struct bcd *bcd)
{
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        for (uint32_t c = 0; c < bcd->writers[w].component_count; c++) {
            const struct bcd_component *component = &bcd->writers[w].components[c];
            if (component->selected_for_restore != FLAG_ABSENT) {
                bcd_document_set(document, w, c, BCD_SELECTED_FOR_RESTORE, VIEW_NONE);
            }
            if (component->subcomponent_count > 0) {
                bcd_document_remove(document, w, c, BCD_RESTORE_SUBCOMPONENT);
            }
        }
    }
}

/* What it said of a component that is restored again is no more; of others it stays (9.3, T10). */
static void results_clear(struct document_out *out, const struct plan_unit *unit)
{
    const struct bcd_component *component = component_of(out, unit);
    if (component == NULL) {
        return;
    }
    if (component->restore_status != RESTORE_STATUS_UNDEFINED) {
        bcd_document_set(out->document, unit->writer, unit->bcd_component, BCD_FILE_RESTORE_STATUS,
                         VIEW_NONE);
    }
    if (component->additional_restores != FLAG_ABSENT) { /* of that restore's chain (7.2) */
        bcd_document_set(out->document, unit->writer, unit->bcd_component, BCD_ADDITIONAL_RESTORES,
                         VIEW_NONE);
    }
    if (component->used_mapping_count > 0) {
        bcd_document_remove(out->document, unit->writer, unit->bcd_component, BCD_USED_MAPPING);
    }
}

/* Ruling 2: is a writer told of this unit? */
static bool unit_is_told(const struct document_out *out, const struct plan_unit *unit)
{
    return unit->involve_writer != 0 && component_of(out, unit) != NULL;
}

/* What the caller asked for stands in the document for every unit, whoever is told; of a file set
 * that had a new target in the document, the caller's takes its place (ruling 40). */
static void requests_mark(struct document_out *out, const struct plan *plan)
{
    struct bcd_document *document = out->document;
    for (uint32_t i = 0; i < plan->restore_option_count; i++) {
        const struct plan_unit *unit = &plan->units[plan->restore_options[i].unit];
        if (component_of(out, unit) != NULL) {
            bcd_document_set(document, unit->writer, unit->bcd_component, BCD_RESTORE_OPTIONS,
                             plan_text(plan, plan->restore_options[i].text));
        }
    }
    for (uint32_t i = 0; i < plan->new_target_count; i++) {
        const struct plan_new_target *target = &plan->new_targets[i];
        const struct plan_unit *unit = &plan->units[target->unit];
        const struct bcd_component *component = component_of(out, unit);
        const struct vss_mapping mapping = {
            .path = plan_text(plan, target->path),
            .filespec = plan_text(plan, target->filespec),
            .recursive = target->recursive != 0,
            .alternate_path = plan_text(plan, target->alternate_path),
        };
        if (component == NULL) {
            continue;
        }
        if (target->instead_of < component->new_target_count) {
            bcd_document_drop(document, unit->writer, unit->bcd_component, BCD_NEW_TARGET,
                              target->instead_of);
        }
        bcd_document_add_mapping(document, unit->writer, unit->bcd_component, BCD_NEW_TARGET,
                                 &mapping);
    }
}

/* The unit of a scope; a plan's units and a selection's scopes stand in the same order. */
static uint32_t unit_of(const struct plan *plan, const struct scope *scope, uint32_t guess)
{
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const uint32_t u = (guess + i) % plan->unit_count;
        if (plan->units[u].writer == scope->writer &&
            plan->units[u].bcd_component == scope->bcd_component) {
            return u;
        }
    }
    return MARK_NONE;
}

static void scope_mark(struct document_out *out, const struct scope *scope,
                       const struct plan_unit *unit)
{
    const uint32_t writer = scope->writer;
    const uint32_t component = scope->bcd_component;
    bcd_document_set(out->document, writer, component, BCD_SELECTED_FOR_RESTORE, VIEW("yes"));
    if (unit->additional_restores != FLAG_ABSENT) {
        bcd_document_set(out->document, writer, component, BCD_ADDITIONAL_RESTORES,
                         unit->additional_restores == FLAG_YES ? VIEW("yes") : VIEW("no"));
    }
    for (uint32_t k = 0; k < scope->subcomponent_count && scope->wmd != MARK_NONE; k++) { /* T06 */
        const struct wmd_component *sub =
            &out->documents->wmds[scope->wmd].components[scope->subcomponents[k]];
        bcd_document_add_subcomponent(out->document, writer, component, sub->logical_path,
                                      sub->name);
    }
    out->selected[writer][component] = true;
}

static void marks_begin(struct document_out *out, const struct plan *plan)
{
    const struct bcd *bcd = &out->documents->bcd;
    out->selected = ARENA_ARRAY(&out->arena, bool *, bcd->writer_count);
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        out->selected[w] = ARENA_ARRAY(&out->arena, bool, bcd->writers[w].component_count);
    }
    marks_clear(out->document, bcd);
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        results_clear(out, &plan->units[u]);
    }
    requests_mark(out, plan);
}

vsr_code document_out_select(struct document_out *out, const struct plan *plan,
                             const bool *left_out, vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices choices;
    struct selection selection = {0};
    if (out->silent) {
        return VSR_OK;
    }
    if (out->selected == NULL) {
        marks_begin(out, plan);
    }
    vsr_code rc = plan_replay(&arena, plan, &choices, error);
    if (rc == VSR_OK) {
        rc = select_components(&arena, out->documents, &choices, &selection, error);
    }
    for (uint32_t i = 0; rc == VSR_OK && i < selection.scope_count; i++) {
        const struct scope *scope = &selection.scopes[i];
        const uint32_t unit = unit_of(plan, scope, i);
        if (unit != MARK_NONE && unit_is_told(out, &plan->units[unit]) &&
            (left_out == NULL || !left_out[unit]) &&
            !out->selected[scope->writer][scope->bcd_component]) {
            scope_mark(out, scope, &plan->units[unit]);
        }
    }
    arena_free(&arena);
    return rc;
}

/* --- after the copy --- */

static void used_mappings_mark(struct document_out *out, const struct plan *plan,
                               const struct report *report)
{
    for (uint32_t i = 0; i < plan->used_mapping_count; i++) {
        const struct plan_used_mapping *used = &plan->used_mappings[i];
        const struct plan_unit *unit = &plan->units[used->unit];
        const struct vss_mapping mapping = {
            .path = plan_text(plan, used->path),
            .filespec = plan_text(plan, used->filespec),
            .recursive = used->recursive != 0,
            .alternate_path = plan_text(plan, used->alternate_path),
        };
        if (unit_is_told(out, unit) && report->units[used->unit].status == RESTORE_STATUS_ALL) {
            bcd_document_add_mapping(out->document, unit->writer, unit->bcd_component,
                                     BCD_USED_MAPPING, &mapping);
        }
    }
}

/* Ranges files that stand elsewhere (6.10, T61): the path takes the place of the ranges. */
static void ranges_paths_mark(struct document_out *out, const struct plan *plan,
                              const struct report *report)
{
    for (uint32_t i = 0; i < plan->ranges_path_count; i++) {
        const struct plan_ranges_path *path = &plan->ranges_paths[i];
        const struct plan_unit *unit = &plan->units[path->unit];
        if (unit_is_told(out, unit) &&
            path->partial_file < component_of(out, unit)->partial_file_count &&
            report->units[path->unit].status == RESTORE_STATUS_ALL) {
            bcd_document_set_ranges(out->document, unit->writer, unit->bcd_component,
                                    path->partial_file, plan_text(plan, path->path));
        }
    }
}

vsr_code document_out_result(struct document_out *out, const struct plan *plan,
                             const struct report *report, vsr_error *error)
{
    const vsr_code rc = document_out_select(out, plan, NULL, error);
    if (rc != VSR_OK || out->silent) {
        return rc;
    }
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct plan_unit *unit = &plan->units[u];
        const enum vss_restore_status status =
            report != NULL ? report->units[u].status : RESTORE_STATUS_NONE;
        if (unit_is_told(out, unit)) {
            bcd_document_set(out->document, unit->writer, unit->bcd_component,
                             BCD_FILE_RESTORE_STATUS, view_of(vss_restore_status_text(status)));
        }
    }
    if (report != NULL) {
        used_mappings_mark(out, plan, report);
        ranges_paths_mark(out, plan, report);
    }
    return VSR_OK;
}

/* --- writing --- */

vsr_code document_out_check(const char *path, const struct media_set *set, vsr_error *error)
{
    OWN(fd) parent_fd = -1;
    const char *name = NULL;
    if (path == NULL) {
        return VSR_OK;
    }
    vsr_code rc = io_open_folder_of(path, &parent_fd, &name, error);
    if (rc == VSR_OK && io_folder_is_below(parent_fd, set->dir_fd)) {
        rc = err_set(error, VSR_ERR_SELECTION, "run/document_out",
                     "--bcd-out %s is in the backup set, of which nothing is ever changed: name "
                     "another place",
                     path);
    }
    return rc != VSR_OK ? rc : io_check_replaceable(parent_fd, name, VSR_ERR_SELECTION, error);
}

vsr_code document_out_write(const struct document_out *out, int dir_fd, const char *name,
                            const char *path, bool durable, vsr_error *error)
{
    OWN(fd) parent_fd = -1;
    struct buffer bytes = {0};
    vsr_code rc = bcd_document_render(out->document, &bytes, error);
    if (rc == VSR_OK && path != NULL) {
        rc = io_open_folder_of(path, &parent_fd, &name, error);
        rc = rc == VSR_ERR_SELECTION ? VSR_ERR_DEST_IO : rc; /* it was there when the run began */
        dir_fd = parent_fd;
    }
    if (rc == VSR_OK) {
        rc = io_replace_file(dir_fd, name, buffer_view(&bytes), durable ? IO_SYNCED : IO_UNSYNCED,
                             VSR_ERR_DEST_IO, error);
    }
    buffer_free(&bytes);
    return rc;
}
