/* set.c - backup sets behind the public handles: pack, open, inspect, verify, reindex. */
#include "api/media.h"
#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"
#include "media/check.h"
#include "media/content.h"
#include "pack/pack.h"
#include "plan/bare_plan.h"
#include "plan/inspect.h"
#include "plan/set_documents.h"
#include "run/foreign_set.h"

#include <stdlib.h>
#include <unistd.h>

vsr_code vsr_set_pack(const vsr_pack_options *options, vsr_pack_result *result, vsr_error *error)
{
    vsr_pack_options mine;
    vsr_code rc = options_take(&mine, sizeof mine, options, "vsr_pack_options", error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (mine.parent != NULL && mine.parent_set != NULL) {
        return err_set(error, VSR_ERR_USAGE, "api/set",
                       "a set adds to one other: name its folder, or give it open");
    }
    rc = mine.parent_set != NULL ? set_needs_documents(mine.parent_set, error) : VSR_OK;
    if (rc != VSR_OK) {
        return rc;
    }
    const struct pack_options pack = {
        .documents = mine.documents,
        .document_count = (uint32_t)mine.document_count,
        .volumes = mine.volumes,
        .volume_count = (uint32_t)mine.volume_count,
        .environment = mine.environment,
        .environment_count = (uint32_t)mine.environment_count,
        .parent = mine.parent,
        .parent_set = mine.parent_set != NULL ? &mine.parent_set->media : NULL,
        .parent_documents = mine.parent_set != NULL ? &mine.parent_set->documents : NULL,
        .output = mine.output,
        .include_all = mine.include_all != 0,
        .worker_count = mine.workers,
        .on_warning = mine.on_warning,
        .context = mine.context,
    };
    struct pack_result made = {0};
    rc = pack_set(&pack, &made, error);
    if (result != NULL) {
        *result = (vsr_pack_result){.files = made.files,
                                    .bytes = made.bytes,
                                    .stored_bytes = made.stored_bytes,
                                    .warnings = made.warning_count,
                                    .incomplete = made.incomplete_count};
        uuid_text(&made.uuid, result->uuid);
    }
    return rc;
}

/* A set's folder, or what functions read; or a plan of another front end, which stands for the set
 * that it has none of. */
static vsr_code media_open(struct vsr_set *opened, const char *path,
                           const struct set_access *access, vsr_error *error)
{
    if (access == NULL && foreign_set_is_one(path)) {
        return foreign_set_open(&opened->media, &opened->documents, path, error);
    }
    vsr_code rc = access != NULL ? set_open_by(&opened->media, access, error)
                                 : set_open(&opened->media, path, error);
    if (rc != VSR_OK) {
        return rc;
    }
    rc = set_documents_load(&opened->documents, &opened->media, error);
    if (rc != VSR_OK) {
        set_close(&opened->media);
    }
    return rc;
}

vsr_code api_set_open(vsr_set **set, const char *path, const struct set_access *access,
                      vsr_error *error)
{
    struct vsr_set *opened = heap_alloc(1, sizeof *opened);
    const vsr_code rc = media_open(opened, path, access, error);
    if (rc != VSR_OK) {
        free(opened);
        return rc;
    }
    uuid_text(&opened->media.description.uuid, opened->uuid);
    *set = opened;
    return VSR_OK;
}

vsr_code vsr_set_open(vsr_set **set, const char *path, vsr_error *error)
{
    *set = NULL;
    if (path[0] == '\0') {
        return err_set(error, VSR_ERR_USAGE, "api/set", "a set is a folder; no name was given");
    }
    struct buffer absolute = {0};
    char here[4096];
    if (path[0] != '/' && getcwd(here, sizeof here) != NULL) {
        buffer_printf(&absolute, "%s/", here); /* plans name the set and are run from elsewhere */
    }
    buffer_add(&absolute, path, strlen(path) + 1);
    const vsr_code rc = api_set_open(set, absolute.p, NULL, error);
    buffer_free(&absolute);
    return rc;
}

void vsr_set_close(vsr_set *set)
{
    if (set != NULL) {
        documents_free(&set->documents);
        set_close(&set->media);
        free(set);
    }
}

const char *vsr_set_uuid(const vsr_set *set)
{
    return set->uuid;
}

static vsr_code inspect_give(const struct documents *documents, const struct media_set *media,
                             const struct plan *plan, vsr_format format, vsr_sink sink,
                             void *context, vsr_error *error)
{
    struct buffer text = {0};
    if (format == VSR_FORMAT_JSON) {
        inspect_render_json(documents, media, plan, &text);
    } else {
        inspect_render_text(documents, media, plan, &text);
    }
    const vsr_code rc = sink_give(sink, context, buffer_view(&text), error);
    buffer_free(&text);
    return rc;
}

static vsr_code contents_read(const void *context, uint32_t entry, struct buffer *out,
                              vsr_error *error)
{
    return content_read(context, entry, RANGES_FILE_BYTES_MAX, out, error);
}

vsr_code vsr_set_inspect(const vsr_set *set, vsr_format format, vsr_sink sink, void *context,
                         vsr_error *error)
{
    const struct plan_contents contents = {&set->media, contents_read};
    struct plan *plan = NULL;
    const vsr_code fit = set_needs_documents(set, error);
    if (fit != VSR_OK) {
        return fit;
    }
    if (set->media.description.files <= INSPECT_PLANNED_FILES_MAX) {
        vsr_error ignored = {0}; /* what no plan can be made of shows in the documents' faults */
        (void)bare_plan_create(&plan, &set->documents, &set->media, &contents, &ignored);
    }
    const vsr_code rc =
        inspect_give(&set->documents, &set->media, plan, format, sink, context, error);
    plan_free(plan);
    return rc;
}

vsr_code vsr_documents_inspect(const char *const *paths, size_t path_count, vsr_format format,
                               vsr_sink sink, void *context, vsr_error *error)
{
    struct documents documents;
    vsr_code rc = documents_read(&documents, paths, (uint32_t)path_count, error);
    if (rc == VSR_OK) {
        struct plan *plan = NULL;
        vsr_error ignored = {0}; /* as above */
        (void)bare_plan_of_documents(&plan, &documents, &ignored);
        rc = inspect_give(&documents, NULL, plan, format, sink, context, error);
        plan_free(plan);
        documents_free(&documents);
    }
    return rc;
}

struct finding_sink {
    vsr_message on_finding;
    void *context;
};

static void finding_give(void *context, const struct check_finding *finding)
{
    const struct finding_sink *to = context;
    if (to->on_finding == NULL) {
        return;
    }
    struct buffer sentence = {0};
    buffer_add_view(&sentence, finding->what);
    buffer_add_char(&sentence, '\0');
    to->on_finding(to->context, sentence.p);
    buffer_free(&sentence);
}

vsr_code api_set_verify(const char *path, const struct set_access *access, unsigned workers,
                        vsr_message on_finding, void *context, vsr_verify_totals *totals,
                        vsr_error *error)
{
    struct finding_sink to = {on_finding, context};
    struct check_totals counted = {0};
    const vsr_code rc = access != NULL
                            ? set_check_by(access, workers, finding_give, &to, &counted, error)
                            : set_check(path, workers, finding_give, &to, &counted, error);
    if (totals != NULL) {
        *totals = (vsr_verify_totals){counted.files, counted.bytes, counted.frames,
                                      counted.damaged_files, counted.findings};
    }
    return rc;
}

vsr_code vsr_set_verify(const char *path, unsigned workers, vsr_message on_finding, void *context,
                        vsr_verify_totals *totals, vsr_error *error)
{
    return api_set_verify(path, NULL, workers, on_finding, context, totals, error);
}

vsr_code vsr_set_reindex(const char *path, int *rebuilt, vsr_error *error)
{
    bool written = false;
    const vsr_code rc = set_reindex(path, &written, error);
    if (rebuilt != NULL) {
        *rebuilt = written;
    }
    return rc;
}
