/* pack.c - the conduct of `pack`: documents, volumes, what is wanted; then walk, number, write.
 *
 * Reads as the table of contents of this module. Whatever can be wrong with what was typed or
 * with the documents shows before the first file is read and before the output exists. */
#include "pack/pack.h"

#include "base/bug.h"
#include "base/thread.h"
#include "media/set_write.h"
#include "pack/parent.h"
#include "pack/pipeline.h"

#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct packing {
    const struct pack_options *options;
    struct pack_result *result;
    struct arena arena;
    struct notices notices;
    struct documents documents;
    struct sources sources;
    struct demands demands;
    struct scan scan;
    struct index_build build;
    struct catalogue catalogue;
    struct set_description description;
    struct set_writer *writer;
    uint32_t worker_count;
};

/* As many as asked for or as there are cores, but no more than can have their directories open. */
static uint32_t worker_count(uint32_t asked)
{
    struct rlimit files;
    uint32_t count = asked != 0 ? asked : thread_cores();
    count = count > WORKERS_MAX ? WORKERS_MAX : count;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < RLIM_INFINITY) {
        const rlim_t fit = files.rlim_cur / (DIR_CHAIN_FDS_MIN + DIR_CHAIN_FDS_BESIDE) / 2;
        count = count > fit ? (uint32_t)fit : count;
    }
    return count < 1 ? 1 : count;
}

/* What the documents' reader and the selection had to say: foreign files passed over, writers
 * without a document, spellings. */
static void warnings_pass(struct packing *packing, const struct view *warnings, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        notice_add(&packing->notices, false, "%.*s", VIEW_ARG(warnings[i]));
    }
}

/* What set.json says beside what the writer knows. */
static void description_make(struct packing *packing)
{
    const struct pack_options *options = packing->options;
    struct set_description *description = &packing->description;
    struct arena *arena = &packing->arena;
    const struct bcd *bcd = &packing->documents.bcd;
    char text[HOST_NAME_MAX + 64] = "";
    const time_t now = time(NULL);
    struct tm utc;
    description->uuid = uuid_is_null(&options->uuid) ? uuid_random() : options->uuid;
    packing->result->uuid = description->uuid;
    description->backup_type = view_of(vss_backup_type_text(bcd->backup_type));
    if (gmtime_r(&now, &utc) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    description->created =
        options->created != NULL ? view_of(options->created) : arena_copy(arena, view_of(text));
    struct view unknown;
    if (!win_env_expand(arena, &packing->demands.env, VIEW("%COMPUTERNAME%"), &description->host,
                        &unknown)) { /* the machine that was backed up, where it is told */
        (void)gethostname(text, sizeof text - 1);
        description->host = arena_copy(arena, view_of(text));
    }
    description->volumes = ARENA_ARRAY(arena, struct set_volume, packing->sources.volume_count);
    description->volume_count = packing->sources.volume_count;
    for (uint32_t i = 0; i < description->volume_count; i++) {
        description->volumes[i] = packing->sources.volumes[i].named;
    }
    description->environment = packing->demands.env.names;
    description->environment_count = packing->demands.env.count;
}

/* Everything that can refuse the call. */
static vsr_code inputs_open(struct packing *packing, vsr_error *error)
{
    const struct pack_options *options = packing->options;
    if (options->output == NULL || options->document_count == 0) {
        return err_set(error, VSR_ERR_USAGE, "pack/pack",
                       "a set needs --documents to obey and a folder to be made in");
    }
    vsr_code rc =
        documents_read(&packing->documents, options->documents, options->document_count, error);
    if (rc == VSR_OK) {
        warnings_pass(packing, packing->documents.warnings, packing->documents.warning_count);
        rc = sources_open(&packing->sources, &packing->arena, options->volumes,
                          options->volume_count, error);
    }
    if (rc == VSR_OK) {
        rc = demands_collect(&packing->demands, &packing->documents, &packing->sources,
                             options->environment, options->environment_count, &packing->notices,
                             error);
    }
    if (rc == VSR_OK && options->parent_set != NULL) {
        rc = parent_check(options->parent_set, options->parent_documents, &packing->documents,
                          &packing->notices, &packing->description.parent, error);
    } else if (rc == VSR_OK && options->parent != NULL) {
        rc = parent_find(options->parent, &packing->documents, &packing->notices,
                         &packing->description.parent, error);
    }
    return rc;
}

static bool document_name_taken(const struct packing *packing, uint32_t before, struct view name)
{
    for (uint32_t i = 0; i < before; i++) {
        if (packing->documents.files[i].kind != DOCUMENT_FOREIGN &&
            view_equal_ascii(packing->documents.files[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Documents keep their names; a name that another folder used, too, gets a number in front. */
static vsr_code documents_write(struct packing *packing, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < packing->documents.file_count && rc == VSR_OK; i++) {
        const struct document_file *file = &packing->documents.files[i];
        struct view name = file->name;
        if (file->kind == DOCUMENT_FOREIGN) {
            continue;
        }
        if (document_name_taken(packing, i, name) || !view_is_utf8(name)) {
            name = view_is_utf8(name) ? arena_printf(&packing->arena, "%u-%.*s", i, VIEW_ARG(name))
                                      : arena_printf(&packing->arena, "document-%u.xml", i);
        }
        rc = set_writer_document(packing->writer, name, file->bytes, error);
    }
    return rc;
}

static vsr_code output_begin(struct packing *packing, vsr_error *error)
{
    struct stat stat;
    const char *output = packing->options->output;
    vsr_code rc = set_writer_begin(&packing->writer, output, &packing->description.uuid, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (lstat(output, &stat) == 0) { /* should it lie in a volume that is packed whole */
        packing->scan.skip_device = stat.st_dev;
        packing->scan.skip_inode = stat.st_ino;
    }
    return documents_write(packing, error);
}

/* Walk and number. */
static vsr_code sources_read(struct packing *packing, vsr_error *error)
{
    packing->scan.demands = &packing->demands;
    packing->scan.sources = &packing->sources;
    packing->scan.notices = &packing->notices;
    packing->scan.include_all = packing->options->include_all;
    if (packing->demands.count == 0 && !packing->options->include_all) {
        notice_add(&packing->notices, false,
                   "the documents ask for no file: without --all the set will be empty");
    }
    demands_read_ranges(&packing->demands, &packing->notices);
    scan_run(&packing->scan, packing->worker_count);
    const vsr_code rc = catalogue_make(&packing->catalogue, &packing->scan, &packing->build, error);
    demands_warn_missing(&packing->demands, &packing->notices);
    notices_tell(&packing->notices, NOTICE_ORDER_TEXT);
    return rc;
}

static vsr_code packs_write(struct packing *packing, vsr_error *error)
{
    const struct pack_options *options = packing->options;
    struct cut cut;
    struct gather gather;
    cut_init(&cut, &packing->catalogue, &packing->build, &packing->sources,
             options->pack_bytes_target > 0 ? options->pack_bytes_target : PACK_BYTES_TARGET);
    gather_init(&gather, &packing->catalogue, &packing->scan, &packing->build, packing->writer);
    const vsr_code rc = pipeline_run(
        &(struct pipeline_parts){
            .catalogue = &packing->catalogue,
            .sources = &packing->sources,
            .set_uuid = &packing->description.uuid,
            .cut = &cut,
            .gather = &gather,
            .notices = &packing->notices,
            .worker_count = packing->worker_count,
        },
        error);
    packing->result->stored_bytes = gather.stored_bytes;
    gather_fini(&gather);
    cut_fini(&cut);
    return rc;
}

static vsr_code set_make(struct packing *packing, vsr_error *error)
{
    vsr_code rc = inputs_open(packing, error);
    if (rc == VSR_OK) {
        description_make(packing);
        rc = output_begin(packing, error);
    }
    if (rc == VSR_OK) {
        rc = sources_read(packing, error);
    }
    if (rc == VSR_OK) {
        rc = packs_write(packing, error);
    }
    if (rc == VSR_OK) {
        struct set_writer *writer = packing->writer;
        packing->writer = NULL; /* freed in any case */
        rc = set_writer_end(writer, &packing->build, &packing->description, error);
        packing->result->files = packing->description.files;
        packing->result->bytes = packing->description.bytes;
    }
    return rc;
}

vsr_code pack_set(const struct pack_options *options, struct pack_result *result, vsr_error *error)
{
    struct packing packing = {.options = options,
                              .result = result,
                              .worker_count = worker_count(options->worker_count)};
    *result = (struct pack_result){0};
    notices_init(&packing.notices, options->on_warning, options->context);
    const vsr_code rc = set_make(&packing, error);
    if (rc == VSR_OK) {
        notices_tell(&packing.notices, NOTICE_ORDER_ADDED);
    }
    result->warning_count = packing.notices.told_count;
    result->incomplete_count = packing.notices.incomplete_count;
    set_writer_abandon(packing.writer);
    index_build_free(&packing.build);
    scan_free(&packing.scan);
    catalogue_free(&packing.catalogue);
    demands_free(&packing.demands);
    sources_close(&packing.sources);
    documents_free(&packing.documents);
    notices_fini(&packing.notices);
    arena_free(&packing.arena);
    return rc;
}
