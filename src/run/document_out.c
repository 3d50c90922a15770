/* document_out.c - what a restore writes into the document: the marks of an earlier restore go,
 * each unit with a writer to tell gets its selection, status and used mappings; all else stays as
 * it was, byte for byte where nothing changed. */
#include "run/document_out.h"

#include "base/io.h"

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

static vsr_code rendered_write(int dir_fd, const char *path, struct view bytes, vsr_error *error)
{
    if (path == NULL) {
        return io_replace_file(dir_fd, "backup-components.xml", bytes, VSR_ERR_DEST_IO, error);
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    struct buffer parent = {0};
    buffer_printf(&parent, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                  slash == NULL ? "." : path);
    const int parent_fd = open(parent.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    vsr_code rc;
    if (parent_fd < 0) {
        rc = err_sys(error, VSR_ERR_DEST_IO, "run/document_out", "cannot open the folder of %s",
                     path);
    } else {
        rc = io_replace_file(parent_fd, name, bytes, VSR_ERR_DEST_IO, error);
        (void)close(parent_fd);
    }
    buffer_free(&parent);
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
    rc = bcd_document_render(document, &bytes, error);
    if (rc == VSR_OK) {
        rc = rendered_write(dir_fd, path, buffer_view(&bytes), error);
    }
    buffer_free(&bytes);
    bcd_document_free(document);
    return rc;
}
