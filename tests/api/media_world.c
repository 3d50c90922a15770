/* media_world.c - the set is made once for each test, and loaded. What the functions do wrong is
 * told by store.trouble, and is always the same for the same reads. */
#include "media_world.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WRITER   "11111111-1111-1111-1111-111111111111"
#define INSTANCE "22222222-2222-2222-2222-222222222222"

static const char bcd[] =
    "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "
    "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" backupType=\"full\" "
    "partialFileSupport=\"no\"><WRITER_COMPONENTS instanceId=\"" INSTANCE "\" writerId=\"" WRITER
    "\" backupSchema=\"0\"><COMPONENT componentName=\"db\" componentType=\"filegroup\"/>"
    "</WRITER_COMPONENTS></BACKUP_COMPONENTS>";
static const char wmd[] =
    "<WRITER_METADATA xmlns=\"x-schema:#VssWriterMetadataInfo\" version=\"1.2\">"
    "<IDENTIFICATION writerId=\"" WRITER "\" instanceId=\"" INSTANCE "\" friendlyName=\"Ledger\" "
    "usage=\"USER_DATA\" dataSource=\"OTHER\"/><RESTORE_METHOD method=\"RESTORE_IF_NOT_THERE\" "
    "writerRestore=\"never\" rebootRequired=\"no\"/><BACKUP_LOCATIONS>"
    "<FILE_GROUP componentName=\"db\" selectable=\"yes\" selectableForRestore=\"no\">"
    "<FILE_LIST path=\"C:\\db\" filespec=\"*\" recursive=\"yes\"/></FILE_GROUP></BACKUP_LOCATIONS>"
    "</WRITER_METADATA>";

/* --- the functions --- */

static struct part *part_find(struct store *store, const char *name)
{
    for (uint32_t i = 0; i < store->part_count; i++) {
        if (strcmp(store->parts[i].name, name) == 0) {
            return &store->parts[i];
        }
    }
    return NULL;
}

static void thread_note(struct store *store)
{
    if (!pthread_equal(store->home, pthread_self())) {
        (void)atomic_fetch_add(&store->elsewhere, 1);
    }
}

/* Is the trouble with this part? */
static bool is_troubled(const struct store *store, const char *name)
{
    return store->trouble >= TROUBLE_INDEX_LONGER && store->trouble <= TROUBLE_INDEX_SHORT
               ? strcmp(name, "index.bin") == 0
               : strcmp(name, "packs/pack-000002.tar.lz4") == 0;
}

static int64_t part_read(struct store *store, const struct part *part, uint64_t offset, void *bytes,
                         size_t count)
{
    const bool troubled = is_troubled(store, part->name);
    const bool cut =
        troubled && (store->trouble == TROUBLE_TRUNCATED || store->trouble == TROUBLE_INDEX_SHORT);
    const uint64_t end = cut ? part->count / 2 : part->count;
    const uint64_t left = offset < end ? end - offset : 0;
    size_t some = left < count ? (size_t)left : count;
    if (store->trouble == TROUBLE_SHORT) {
        some = some > 977 ? 977 : some;
    }
    memcpy(bytes, part->bytes + (offset < end ? offset : 0), some);
    const uint64_t wrong_at = part->count / 2;
    if (troubled && offset <= wrong_at && wrong_at < offset + some &&
        (store->trouble == TROUBLE_WRONG_BYTES || store->trouble == TROUBLE_INDEX_WRONG)) {
        ((char *)bytes)[wrong_at - offset] ^= 0x20;
    }
    return (int64_t)some;
}

/* On a worker, once the run is told to end: until it has been stopped, so that what is left is
 * never read behind its back. It is stopped between two times that progress is told: the first of
 * them may have been on its way. */
static void stop_await(struct store *store)
{
    const struct timespec slice = {.tv_nsec = 2000000};
    if (pthread_equal(store->home, pthread_self()) ||
        __atomic_load_n(&store->cancel, __ATOMIC_RELAXED) == 0) {
        return;
    }
    const uint32_t told = atomic_load(&store->told);
    while (atomic_load(&store->told) < told + 2) {
        (void)nanosleep(&slice, NULL);
    }
}

static int64_t read_part(struct store *store, const char *name, uint64_t offset, void *bytes,
                         size_t count)
{
    const struct part *part = part_find(store, name);
    const bool pack = strncmp(name, "packs/", 6) == 0;
    (void)atomic_fetch_add(&store->reads, 1);
    if (part == NULL) {
        return -ENOENT;
    }
    if (pack && atomic_fetch_add(&store->pack_reads, 1) + 1 == store->cancel_at) {
        if (store->trouble == TROUBLE_KILL) {
            (void)kill(getpid(), SIGKILL);
        }
        __atomic_store_n(&store->cancel, 15, __ATOMIC_RELAXED);
        if (pthread_equal(store->home, pthread_self())) { /* it is who looks, ten times a second */
            const struct timespec pause = {.tv_nsec = 200000000};
            (void)nanosleep(&pause, NULL);
        }
    }
    if (store->trouble == TROUBLE_CANCEL && pack) {
        stop_await(store);
    }
    if (store->trouble == TROUBLE_CANCEL_ABORTS && pack &&
        __atomic_load_n(&store->cancel, __ATOMIC_RELAXED) != 0) {
        return -ECANCELED;
    }
    /* not each third: workers that one thread reads for in turn would give one of them all of it */
    static _Thread_local uint32_t turn;
    turn = turn * 1664525u + 1013904223u;
    if (store->trouble == TROUBLE_SHORT && (turn >> 16) % 3 == 0) {
        return (turn >> 24) % 2 == 0 ? -EINTR : -EAGAIN;
    }
    if (is_troubled(store, name)) {
        if (store->trouble == TROUBLE_STUCK) {
            return -EAGAIN;
        }
        if (store->trouble == TROUBLE_ERRNO) {
            return -EIO;
        }
        if (store->trouble == TROUBLE_GIVEN_UP) {
            return -ECANCELED;
        }
        if (store->trouble == TROUBLE_TOO_MANY) {
            return (int64_t)count + 1;
        }
        if (store->trouble == TROUBLE_NO_NUMBER) {
            return INT64_MIN;
        }
    }
    return part_read(store, part, offset, bytes, count);
}

static int64_t read_at(void *context, const char *name, uint64_t offset, void *bytes, size_t count)
{
    struct store *store = context;
    thread_note(store);
    const uint32_t now = atomic_fetch_add(&store->at_work, 1) + 1;
    uint32_t most = atomic_load(&store->together);
    while (now > most && !atomic_compare_exchange_weak(&store->together, &most, now)) {
    }
    const int64_t got = read_part(store, name, offset, bytes, count);
    (void)atomic_fetch_sub(&store->at_work, 1);
    return got;
}

static int size_of(void *context, const char *name, uint64_t *bytes)
{
    struct store *store = context;
    const struct part *part = part_find(store, name);
    assert_true(pthread_equal(store->home, pthread_self()));
    if (part == NULL || (store->trouble == TROUBLE_NO_JSON && strcmp(name, "set.json") == 0)) {
        return -ENOENT;
    }
    *bytes = part->count;
    if (store->trouble == TROUBLE_SIZE_POSITIVE) {
        return ENOENT;
    }
    if (is_troubled(store, name)) {
        if (store->trouble == TROUBLE_MISSING) {
            return -ENOENT;
        }
        *bytes += store->trouble == TROUBLE_INDEX_LONGER ? 1 : 0;
        *bytes = store->trouble == TROUBLE_HUGE ? UINT64_MAX : *bytes;
    }
    return 0;
}

static void release(void *context, const char *name)
{
    struct store *store = context;
    struct part *part = part_find(store, name);
    assert_true(pthread_equal(store->home, pthread_self()));
    assert_non_null(part);
    (void)atomic_fetch_add(&part->released, 1);
}

/* --- the set, in a folder and in memory --- */

static void part_load(struct store *store, const char *folder, const char *name)
{
    char path[300];
    struct part *part = &store->parts[store->part_count++];
    assert_true(store->part_count <= PARTS_MAX);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(part->name, sizeof part->name, "%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    part->count = (size_t)ftell(file);
    rewind(file);
    part->bytes = malloc(part->count);
    assert_non_null(part->bytes);
    assert_int_equal(fread(part->bytes, 1, part->count, file), part->count);
    assert_int_equal(fclose(file), 0);
}

static void store_load(struct store *store, const char *folder)
{
    static const char *const names[] = {"set.json", "index.bin", "documents/bcd.xml",
                                        "documents/wmd.xml"};
    char path[300];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        part_load(store, folder, names[i]);
    }
    for (uint32_t pack = 0;; pack++) {
        char name[64];
        (void)snprintf(name, sizeof name, "packs/pack-%06u.tar.lz4", pack);
        (void)snprintf(path, sizeof path, "%s/%s", folder, name);
        if (access(path, F_OK) != 0) {
            break;
        }
        part_load(store, folder, name);
    }
    store->home = pthread_self();
}

static const struct fixture_document documents[] = {
    {"bcd.xml", {bcd, sizeof bcd - 1}},
    {"wmd.xml", {wmd, sizeof wmd - 1}},
};

static void set_make(struct world *w)
{
    static char paths[FILES][40];
    struct fixture_file files[FILES] = {0};
    for (size_t i = 0; i < FILES; i++) {
        const size_t bytes = i < SMALL_FILES ? SMALL_BYTES + i : LARGE_BYTES + 7 * i;
        w->contents[i] = fixture_bytes(1000 + i, bytes);
        (void)snprintf(paths[i], sizeof paths[i], "db/%c/%zu", (int)('a' + i % 5), i);
        files[i] = (struct fixture_file){.path = paths[i],
                                         .content = {w->contents[i], bytes},
                                         .modify_s = 1000000000 + (int64_t)i};
    }
    (void)snprintf(w->set_path, sizeof w->set_path, "%s/set", w->folder);
    fixture_write(w->set_path, &(struct fixture){.files = files,
                                                 .file_count = FILES,
                                                 .documents = documents,
                                                 .document_count = COUNT_OF(documents),
                                                 .small_max = PIECE_BYTES,
                                                 .shared_bytes = PIECE_BYTES / 4,
                                                 .piece_bytes = PIECE_BYTES,
                                                 .pack_bytes = PACK_BYTES});
}

void world_other_set(const char *path)
{
    const struct fixture_file file = {.path = "x"};
    fixture_write(path, &(struct fixture){.files = &file,
                                          .file_count = 1,
                                          .uuid = {{9, 9, 9}},
                                          .documents = documents,
                                          .document_count = COUNT_OF(documents)});
}

int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    fixture_folder(w->folder);
    set_make(w);
    store_load(&w->store, w->set_path);
    assert_true(w->store.part_count > 4 + 3);
    *state = w;
    return 0;
}

int world_close(void **state)
{
    struct world *w = *state;
    for (uint32_t i = 0; i < w->store.part_count; i++) {
        free(w->store.parts[i].bytes);
    }
    for (size_t i = 0; i < FILES; i++) {
        free(w->contents[i]);
    }
    fixture_remove(w->folder);
    free(w);
    return 0;
}

/* --- calls --- */

vsr_media world_media(struct world *w, unsigned flags)
{
    return (vsr_media){.size = sizeof(vsr_media),
                       .name = "the store",
                       .flags = flags,
                       .read_at = read_at,
                       .size_of = size_of,
                       .release = release,
                       .context = &w->store};
}

vsr_set *world_set(struct world *w, unsigned flags)
{
    const vsr_media media = world_media(w, flags);
    vsr_error error = {0};
    vsr_set *set = NULL;
    if (vsr_set_open_media(&set, &media, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    return set;
}

static void progress_count(void *context, const vsr_progress *progress)
{
    struct store *store = context;
    (void)progress;
    (void)atomic_fetch_add(&store->told, 1);
}

/* Restore a set below to; the run folder is run-TO. */
vsr_code world_restore(struct world *w, const vsr_set *set, const char *to, vsr_report **report,
                       vsr_error *error)
{
    char root[200];
    char run_dir[200];
    (void)snprintf(root, sizeof root, "%s/%s", w->folder, to);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run-%s", w->folder, to);
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    const vsr_restore_options options = {.size = sizeof options,
                                         .run_dir = run_dir,
                                         .workers = 3,
                                         .durability = VSR_DURABILITY_NONE,
                                         .pending_registry = "",
                                         .on_progress = progress_count,
                                         .context = &w->store,
                                         .cancel = &w->store.cancel};
    return vsr_restore_set(report, set, &choices, &options, error);
}

vsr_summary world_restore_whole(struct world *w, const vsr_set *set, const char *to)
{
    vsr_report *report = NULL;
    vsr_error error = {0};
    vsr_summary summary = {0};
    if (world_restore(w, set, to, &report, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    vsr_report_summary(report, &summary);
    vsr_report_free(report);
    return summary;
}

void assert_same_trees(const struct world *w, const char *one, const char *other)
{
    static const char list[] = "find . -type f -printf '%P %m %s %T@\\n' | sort";
    assert_int_equal(fixture_shell("diff -r '%s/%s' '%s/%s'", w->folder, one, w->folder, other), 0);
    assert_int_equal(
        fixture_shell("test \"$(cd '%s/%s/C/db' && %s)\" = \"$(cd '%s/%s/C/db' && %s)\"", w->folder,
                      one, list, w->folder, other, list),
        0);
}

void world_restore_folder(struct world *w)
{
    vsr_set *set = NULL;
    vsr_error error = {0};
    assert_int_equal(vsr_set_open(&set, w->set_path, &error), VSR_OK);
    const vsr_summary summary = world_restore_whole(w, set, "folder");
    assert_int_equal(summary.exit_code, 0);
    assert_true(summary.restored > FILES);
    vsr_set_close(set);
}

/* How many rows of a run have this outcome? */
unsigned world_rows(const struct world *w, const char *to, const char *outcome)
{
    char path[200];
    char line[4096];
    char word[64];
    unsigned count = 0;
    (void)snprintf(path, sizeof path, "%s/run-%s/report.jsonl", w->folder, to);
    (void)snprintf(word, sizeof word, "\"%s\"", outcome);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        count += strstr(line, word) != NULL;
    }
    assert_int_equal(fclose(file), 0);
    return count;
}

int gather(void *context, const char *text, size_t bytes)
{
    struct gathered *to = context;
    if (bytes >= sizeof to->text - to->n) {
        return ENOSPC;
    }
    memcpy(to->text + to->n, text, bytes);
    to->n += bytes;
    to->text[to->n] = '\0';
    return 0;
}

int world_exit_code(const vsr_report *report)
{
    vsr_summary summary;
    vsr_report_summary(report, &summary);
    return summary.exit_code;
}
