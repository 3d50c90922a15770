/* check.c - `verify SET`: the conduct of it.
 *
 * Description, documents and index are checked here, on the caller's thread; then workers go
 * through the packs (check_pack.c, check_frame.c); then all findings are told in order. A fault
 * never ends the check, so that one run tells all. Memory: two frames for each worker, a bit for
 * each entry, and at most CHECK_FINDINGS_MAX findings. */
#include "media/check.h"

#include "base/bug.h"
#include "base/confine.h"
#include "base/heap.h"
#include "base/thread.h"
#include "media/check_index.h"
#include "media/check_pack.h"
#include "media/trailer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

static void check_documents(struct check_run *run)
{
    struct buffer bytes = {0};
    for (uint32_t i = 0; i < run->set->description.document_count; i++) {
        vsr_error error = {0};
        bytes.n = 0;
        if (set_read_document(run->set, i, &bytes, &error) != VSR_OK) {
            findings_add_error(&run->findings, FOUND_DOCUMENT, i, 0, &error);
        }
    }
    buffer_free(&bytes);
}

static void check_index(struct check_run *run, struct media_set *set)
{
    vsr_error error = {0};
    if (set_open_index(set, &error) == VSR_OK) {
        run->index = &set->index;
        run->findings.entry_count = set->index.entry_count;
        run->findings.damaged = heap_alloc((size_t)set->index.entry_count / 8 + 1, 1);
        return;
    }
    uint64_t offset = 0;
    if (error.code == VSR_ERR_MEDIA && check_index_locate(run, &offset)) {
        vsr_error placed = {0};
        (void)err_set(&placed, VSR_ERR_MEDIA, "media/check",
                      "index.bin is damaged at byte %llu; 'reindex' rebuilds it",
                      (unsigned long long)offset);
        error = placed;
    }
    findings_add_error(&run->findings, FOUND_INDEX, 0, offset, &error);
}

static void check_pack_found(struct check_run *run, uint32_t pack, uint64_t offset,
                             const vsr_error *error)
{
    findings_add_error(&run->findings, FOUND_PACK, pack, offset, error);
}

/* Is the pack as long as set.json says? Tell it, if not. */
static void check_pack_size(struct check_run *run, uint32_t number, uint64_t bytes)
{
    struct check_pack *pack = &run->packs[number];
    if (bytes == pack->bytes) {
        return;
    }
    vsr_error error = {0};
    (void)err_set(&error, VSR_ERR_MEDIA, "media/check",
                  bytes < pack->bytes ? "packs/%s is cut short: it has %llu bytes of %llu"
                                      : "packs/%s has bytes behind its end: %llu instead of %llu",
                  pack->name, (unsigned long long)bytes, (unsigned long long)pack->bytes);
    pack->lost = bytes < pack->bytes;
    pack->there = bytes;
    check_pack_found(run, number, bytes < pack->bytes ? bytes : pack->bytes, &error);
}

static void check_pack_open(struct check_run *run, uint32_t number)
{
    struct check_pack *pack = &run->packs[number];
    const struct set_part *part = &run->set->description.packs[number];
    *pack =
        (struct check_pack){.name = part->name.p, .bytes = part->size, .frames_end = part->size};
    char name[SET_PACK_NAME_BYTES];
    vsr_error error = {0};
    uint64_t bytes = 0;
    set_pack_part(number, name);
    if (set_open_part(run->set, name, STORE_WORKERS, &pack->source, &bytes, &error) != VSR_OK) {
        pack->lost = true;
        pack->fault = error.code;
        check_pack_found(run, number, 0, &error);
        return;
    }
    if (source_has_fd(&pack->source)) {
        (void)posix_fadvise(pack->source.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    check_pack_size(run, number, bytes);
    if (pack->lost) {
        return;
    }
    struct trailer trailer;
    if (trailer_open(&trailer, &pack->source, pack->name, pack->bytes, number,
                     run->set->description.uuid.bytes, &error) != VSR_OK) {
        check_pack_found(run, number, trailer.at, &error);
        return;
    }
    if (trailer.head.plain_bytes > run->set->description.index.size) {
        (void)err_set(&error, VSR_ERR_MEDIA, "media/check",
                      "packs/%s has a trailer that claims more than the whole index", pack->name);
        check_pack_found(run, number, trailer.begin, &error);
        return;
    }
    pack->has_trailer = true;
    pack->frames_end = trailer.begin;
}

static void check_open_packs(struct check_run *run)
{
    run->pack_count = run->set->description.pack_count;
    run->packs = heap_alloc(run->pack_count, sizeof *run->packs);
    for (uint32_t i = 0; i < run->pack_count; i++) {
        check_pack_open(run, i);
    }
}

/* A pack whose hash alone is wrong: told now, because any other fault makes it wrong, too. */
static void check_close_packs(struct check_run *run)
{
    for (uint32_t i = 0; i < run->pack_count; i++) {
        struct check_pack *pack = &run->packs[i];
        if (pack->hash_wrong && findings_of_pack(&run->findings, i) == 0) {
            vsr_error error = {0};
            (void)err_set(&error, VSR_ERR_MEDIA, "media/check",
                          "packs/%s is not the pack that set.json describes: its hash is wrong",
                          pack->name);
            check_pack_found(run, i, 0, &error);
        }
        source_close(&pack->source);
    }
    free(run->packs);
}

static uint32_t check_worker_count(uint32_t workers)
{
    const uint32_t count = workers != 0 ? workers : thread_cores();
    return count < WORKERS_MAX ? count : WORKERS_MAX;
}

/* One of ours: it reads, and changes nothing by name. */
static void *check_worker_begin(void *context)
{
    (void)confine_thread(NULL);
    return check_worker(context);
}

/* A worker whose reads this thread does; it wakes it when it ends. */
static void *check_worker_served(void *context)
{
    struct check_run *run = context;
    (void)check_worker_begin(run);
    (void)atomic_fetch_sub_explicit(&run->served_count, 1, memory_order_release);
    desk_ring(set_desk(run->set));
    return NULL;
}

static void check_serve(struct check_run *run)
{
    struct desk *desk = set_desk(run->set);
    while (atomic_load_explicit(&run->served_count, memory_order_acquire) > 0) {
        struct pollfd event = {.fd = desk_descriptor(desk), .events = POLLIN};
        (void)poll(&event, 1, -1);
        desk_serve(desk);
    }
}

/* How many threads run body(run). */
static uint32_t check_start(struct check_run *run, pthread_t *threads, uint32_t wanted,
                            void *(*body)(void *context))
{
    uint32_t started = 0;
    atomic_store_explicit(&run->served_count, wanted, memory_order_relaxed);
    while (started < wanted && thread_start(&threads[started], "vsr-check", body, run) == 0) {
        started++;
    }
    (void)atomic_fetch_sub_explicit(&run->served_count, wanted - started, memory_order_relaxed);
    return started;
}

/* The caller's thread is a worker, too, with all its rights, or does what only it may do: reading
 * by functions. A worker that cannot be started is done without. */
static void check_workers(struct check_run *run, uint32_t workers)
{
    pthread_t threads[WORKERS_MAX];
    struct desk *desk = set_desk(run->set);
    if (desk != NULL) {
        desk_open(desk);
    }
    const uint32_t started = desk != NULL
                                 ? check_start(run, threads, workers, check_worker_served)
                                 : check_start(run, threads, workers - 1, check_worker_begin);
    if (desk != NULL && started > 0) {
        check_serve(run);
    } else {
        (void)check_worker(run);
    }
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    if (desk != NULL) {
        desk_close(desk);
    }
}

static void check_run_init(struct check_run *run, const struct media_set *set)
{
    *run = (struct check_run){.set = set};
    VSR_REQUIRE(pthread_mutex_init(&run->findings.lock, NULL) == 0);
    VSR_REQUIRE(pthread_mutex_init(&run->claim_lock, NULL) == 0);
    turnstile_init(&run->stored_turn);
    turnstile_init(&run->plain_turn);
    run->pack_hash = XXH3_createState();
    run->file_hash = XXH3_createState();
    heap_require(run->pack_hash);
    heap_require(run->file_hash);
}

static void check_run_fini(struct check_run *run)
{
    (void)XXH3_freeState(run->pack_hash);
    (void)XXH3_freeState(run->file_hash);
    turnstile_fini(&run->stored_turn);
    turnstile_fini(&run->plain_turn);
    (void)pthread_mutex_destroy(&run->claim_lock);
    findings_fini(&run->findings);
}

static vsr_code check_verdict(const struct check_run *run, vsr_error *error)
{
    const struct findings *findings = &run->findings;
    if (findings->total == 0) {
        return VSR_OK;
    }
    return err_set(error, findings->media ? VSR_ERR_MEDIA : VSR_ERR_MEDIA_UNREADABLE, "media/check",
                   "%llu faults in the set %.*s, %llu files are damaged",
                   (unsigned long long)findings->total, VIEW_ARG(run->set->path),
                   (unsigned long long)findings->damaged_files);
}

/* set.json is wrong: nothing else can be found without it. */
static vsr_code check_no_description(vsr_code rc, check_report *report, void *context,
                                     struct check_totals *totals, const vsr_error *error)
{
    if (rc != VSR_ERR_MEDIA && rc != VSR_ERR_MEDIA_UNREADABLE) {
        return rc;
    }
    totals->findings = 1;
    if (report != NULL) {
        report(context, &(struct check_finding){.code = rc,
                                                .structure = VIEW(SET_JSON_NAME),
                                                .what = view_of(error->what)});
    }
    return rc;
}

/* A set that was opened without its index. */
static vsr_code check_opened(struct media_set *set, uint32_t workers, check_report *report,
                             void *context, struct check_totals *totals, vsr_error *error)
{
    struct check_run run;
    check_run_init(&run, set);
    check_documents(&run);
    check_open_packs(&run);
    check_index(&run, set);
    check_workers(&run, check_worker_count(workers));
    check_close_packs(&run);
    findings_report(&run.findings, set, report, context);
    *totals = (struct check_totals){.files = set->description.files,
                                    .bytes = set->description.bytes,
                                    .frames = run.frame_count,
                                    .damaged_files = run.findings.damaged_files,
                                    .findings = run.findings.total};
    const vsr_code rc = check_verdict(&run, error);
    check_run_fini(&run);
    set_close(set);
    return rc;
}

static vsr_code check_begin(struct media_set *set, vsr_code opened, const vsr_error *opening,
                            uint32_t workers, check_report *report, void *context,
                            struct check_totals *totals, vsr_error *error)
{
    *totals = (struct check_totals){0};
    if (opened != VSR_OK) {
        (void)err_set(error, opened, opening->where, "%s", opening->what);
        return check_no_description(opened, report, context, totals, opening);
    }
    return check_opened(set, workers, report, context, totals, error);
}

vsr_code set_check(const char *path, uint32_t workers, check_report *report, void *context,
                   struct check_totals *totals, vsr_error *error)
{
    struct media_set set;
    vsr_error opening = {0};
    const vsr_code rc = set_open_description(&set, path, &opening);
    return check_begin(&set, rc, &opening, workers, report, context, totals, error);
}

vsr_code set_check_by(const struct set_access *access, uint32_t workers, check_report *report,
                      void *context, struct check_totals *totals, vsr_error *error)
{
    struct media_set set;
    vsr_error opening = {0};
    const vsr_code rc = set_open_description_by(&set, access, &opening);
    return check_begin(&set, rc, &opening, workers, report, context, totals, error);
}
