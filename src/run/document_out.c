/* document_out.c - what a restore writes into the document: the marks of an earlier restore go,
 * each unit with a writer to tell gets its selection, status and used mappings; all else stays as
 * it was, byte for byte where nothing changed. */
#include "run/document_out.h"

#include "base/io.h"
#include "base/own.h"
#include "plan/replay.h"
#include "plan/select.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Ruling 35: marks that an earlier restore left. */
static void marks_clear(struct bcd_document *document, const struct bcd *bcd)
{
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        for (uint32_t c = 0; c < bcd->writers[w].component_count; c++) {
            const struct bcd_component *component = &bcd->writers[w].components[c];
            if (component->selected_for_restore != FLAG_ABSENT) {
                bcd_document_set(document, w, c, BCD_SELECTED_FOR_RESTORE, VIEW_NONE);
            }
            if (component->restore_status != RESTORE_STATUS_UNDEFINED) {
                bcd_document_set(document, w, c, BCD_FILE_RESTORE_STATUS, VIEW_NONE);
            }
            if (component->subcomponent_count > 0) {
                bcd_document_remove(document, w, c, BCD_RESTORE_SUBCOMPONENT);
            }
            if (component->used_mapping_count > 0) {
                bcd_document_remove(document, w, c, BCD_USED_MAPPING);
            }
        }
    }
}

static void unit_mark(struct bcd_document *document, const struct plan *plan, uint32_t number,
                      enum vss_restore_status status)
{
    const struct plan_unit *unit = &plan->units[number];
    if (unit->involve_writer == 0 || unit->writer == MARK_NONE) {
        return; /* ruling 2 */
    }
    bcd_document_set(document, unit->writer, unit->bcd_component, BCD_SELECTED_FOR_RESTORE,
                     VIEW("yes"));
    bcd_document_set(document, unit->writer, unit->bcd_component, BCD_FILE_RESTORE_STATUS,
                     view_of(vss_restore_status_text(status)));
    if (unit->additional_restores != FLAG_ABSENT) {
        bcd_document_set(document, unit->writer, unit->bcd_component, BCD_ADDITIONAL_RESTORES,
                         unit->additional_restores == FLAG_YES ? VIEW("yes") : VIEW("no"));
    }
    for (uint32_t i = 0; status == RESTORE_STATUS_ALL && i < plan->used_mapping_count; i++) {
        const struct plan_used_mapping *used = &plan->used_mappings[i];
        if (used->unit == number) {
            const struct vss_mapping mapping = {
                .path = plan_text(plan, used->path),
                .filespec = plan_text(plan, used->filespec),
                .recursive = used->recursive != 0,
                .alternate_path = plan_text(plan, used->alternate_path),
            };
            bcd_document_add_mapping(document, unit->writer, unit->bcd_component, BCD_USED_MAPPING,
                                     &mapping);
        }
    }
}

/* The folder that path stands in; *name is its last part. */
static vsr_code parent_open(const char *path, int *parent_fd, const char **name, vsr_error *error)
{
    const char *slash = strrchr(path, '/');
    struct buffer parent = {0};
    buffer_printf(&parent, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                  slash == NULL ? "." : path);
    *name = slash == NULL ? path : slash + 1;
    *parent_fd = open(parent.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    buffer_free(&parent);
    return *parent_fd >= 0 ? VSR_OK
                           : err_sys(error, VSR_ERR_DEST_IO, "run/document_out",
                                     "cannot open the folder of %s", path);
}

vsr_code document_out_check(const char *path, vsr_error *error)
{
    OWN(fd) parent_fd = -1;
    const char *name = NULL;
    if (path == NULL) {
        return VSR_OK;
    }
    const vsr_code rc = parent_open(path, &parent_fd, &name, error);
    return rc != VSR_OK ? rc : io_check_replaceable(parent_fd, name, VSR_ERR_DEST_IO, error);
}

static vsr_code rendered_write(int dir_fd, const char *path, struct view bytes, vsr_error *error)
{
    OWN(fd) parent_fd = -1;
    const char *name = NULL;
    if (path == NULL) {
        return io_replace_file(dir_fd, "backup-components.xml", bytes, VSR_ERR_DEST_IO, error);
    }
    const vsr_code rc = parent_open(path, &parent_fd, &name, error);
    return rc != VSR_OK ? rc : io_replace_file(parent_fd, name, bytes, VSR_ERR_DEST_IO, error);
}

static bool unit_has_writer(const struct plan *plan, const struct scope *scope)
{
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        if (plan->units[u].writer == scope->writer &&
            plan->units[u].bcd_component == scope->bcd_component) {
            return plan->units[u].involve_writer != 0;
        }
    }
    return false;
}

/* Chosen subcomponents under their root (ruling 2; T06): the plan's own call, selected again. */
static vsr_code subcomponents_mark(struct bcd_document *document, const struct documents *documents,
                                   const struct plan *plan, vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices choices;
    struct selection selection = {0};
    vsr_code rc = plan_replay(&arena, plan, &choices, error);
    if (rc == VSR_OK) {
        rc = select_components(&arena, documents, &choices, &selection, error);
    }
    for (uint32_t i = 0; rc == VSR_OK && i < selection.scope_count; i++) {
        const struct scope *scope = &selection.scopes[i];
        for (uint32_t k = 0; k < scope->subcomponent_count && scope->wmd != MARK_NONE &&
                             unit_has_writer(plan, scope);
             k++) {
            const struct wmd_component *sub =
                &documents->wmds[scope->wmd].components[scope->subcomponents[k]];
            bcd_document_add_subcomponent(document, scope->writer, scope->bcd_component,
                                          sub->logical_path, sub->name);
        }
    }
    arena_free(&arena);
    return rc;
}

vsr_code document_out_write(const struct documents *documents, const struct plan *plan,
                            const struct report *report, int dir_fd, const char *path,
                            vsr_error *error)
{
    const struct document_file *file = &documents->files[documents->bcd_file];
    struct bcd_document *document = NULL;
    char name[256];
    (void)snprintf(name, sizeof name, "%.*s", VIEW_ARG(file->name));
    vsr_code rc = bcd_document_open(&document, file->bytes, name, error);
    if (rc != VSR_OK) {
        return rc;
    }
    marks_clear(document, &documents->bcd);
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        unit_mark(document, plan, u, report->units[u].status);
    }
    struct buffer bytes = {0};
    rc = subcomponents_mark(document, documents, plan, error);
    if (rc == VSR_OK) {
        rc = bcd_document_render(document, &bytes, error);
    }
    if (rc == VSR_OK) {
        rc = rendered_write(dir_fd, path, buffer_view(&bytes), error);
    }
    buffer_free(&bytes);
    bcd_document_free(document);
    return rc;
}
