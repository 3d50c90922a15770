/* run_folder.c - make the folder hidden, fill it, show it. What goes into the journal is
 * journal.c's business, what the rows say the engine's. */
#include "run/run_folder.h"

#include "base/hash_map.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/json.h"
#include "base/own.h"
#include "run/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char WHERE[] = "run/folder";
static const char PLAN[] = "plan.bin";
static const char JOURNAL[] = "journal";

/* Split path into the folder that holds it and its last name; open the former. */
static vsr_code parent_open(const char *path, int *parent_fd, const char **name, vsr_error *error)
{
    char parent[4096];
    const char *slash = strrchr(path, '/');
    *name = slash == NULL ? path : slash + 1;
    if (slash == NULL) {
        parent[0] = '.';
        parent[1] = '\0';
    } else {
        const size_t bytes = slash == path ? 1 : (size_t)(slash - path);
        memcpy(parent, path, bytes);
        parent[bytes] = '\0';
    }
    if (**name == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
        return err_set(error, VSR_ERR_USAGE, WHERE,
                       "cannot make run folder %s: it has no name of its own", path);
    }
    *parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*parent_fd < 0) {
        return err_sys(error, err_place_code(errno), WHERE,
                       "cannot open %s to make the run folder in", parent);
    }
    return VSR_OK;
}

/* rows_fd is open, of the right size. */
static vsr_code rows_map(struct run_folder *folder, size_t count, bool to_change, vsr_error *error)
{
    const int protection = to_change ? PROT_READ | PROT_WRITE : PROT_READ;
    void *rows = mmap(NULL, folder->rows_bytes, protection, MAP_SHARED, folder->rows_fd, 0);
    if (rows == MAP_FAILED) {
        return err_sys(error, VSR_ERR_MEMORY, WHERE, "cannot map rows.bin of %s", folder->path);
    }
    folder->rows = rows;
    folder->epochs = (void *)(folder->rows + count);
    return VSR_OK;
}

static size_t rows_size(struct run_folder *folder, uint32_t file_count)
{
    const size_t count = file_count == 0 ? 1 : file_count;
    folder->rows_bytes = count * (sizeof *folder->rows + sizeof *folder->epochs);
    return count;
}

static vsr_code rows_make(struct run_folder *folder, uint32_t file_count, vsr_error *error)
{
    const size_t count = rows_size(folder, file_count);
    folder->rows_fd =
        openat(folder->dir_fd, "rows.bin", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (folder->rows_fd < 0) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot create rows.bin in %s",
                       folder->path);
    }
    /* Allocated now: a full disk must not become a SIGBUS in the middle of the run. */
    const int rc = posix_fallocate(folder->rows_fd, 0, (off_t)folder->rows_bytes);
    if (rc != 0) {
        errno = rc;
        return err_sys(error, err_dest_code(rc), WHERE,
                       "cannot reserve %zu bytes for rows.bin in %s", folder->rows_bytes,
                       folder->path);
    }
    return rows_map(folder, count, true, error);
}

vsr_code run_folder_map(struct run_folder *folder, uint32_t file_count, bool to_change,
                        vsr_error *error)
{
    struct stat facts;
    const size_t count = rows_size(folder, file_count);
    folder->rows_fd = openat(folder->dir_fd, "rows.bin",
                             (to_change ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (folder->rows_fd < 0 && errno != ENOENT && errno != ELOOP) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot open rows.bin in %s",
                       folder->path);
    }
    if (folder->rows_fd < 0 || fstat(folder->rows_fd, &facts) != 0 || !S_ISREG(facts.st_mode) ||
        (uint64_t)facts.st_size != folder->rows_bytes) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, WHERE,
                       "rows.bin in %s is not that of the plan beside it", folder->path);
    }
    return rows_map(folder, count, to_change, error);
}

vsr_code run_folder_plan_hash(const struct run_folder *folder, uint8_t out[16], vsr_error *error)
{
    enum { HASH_BYTES = 16 };
    struct stat facts;
    OWN(fd) fd = openat(folder->dir_fd, PLAN, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT && errno != ELOOP) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot open the plan in %s",
                       folder->path);
    }
    if (fd < 0 || fstat(fd, &facts) != 0 || facts.st_size < HASH_BYTES) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, WHERE, "there is no plan in %s", folder->path);
    }
    return io_pread(fd, out, HASH_BYTES, (uint64_t)facts.st_size - HASH_BYTES, PLAN,
                    VSR_ERR_RUN_FOREIGN, VSR_ERR_RUN_FOREIGN, error);
}

uint64_t run_folder_seed(const struct run_folder *folder)
{
    return hash_bytes(folder->run.bytes, sizeof folder->run.bytes);
}

/* It names programs that are run and volumes that are written to: nobody else may have made it. */
static vsr_code owner_check(const struct run_folder *folder, vsr_error *error)
{
    struct stat facts;
    if (fstat(folder->dir_fd, &facts) != 0) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot look at the run folder %s",
                       folder->path);
    }
    if ((facts.st_uid != geteuid() && facts.st_uid != 0) || (facts.st_mode & 0022) != 0) {
        return err_set(
            error, VSR_ERR_RUN_FOREIGN, WHERE,
            "the run folder %s belongs to user %u, or others may write in it: nothing in "
            "it is trusted",
            folder->path, facts.st_uid);
    }
    return VSR_OK;
}

static vsr_code journal_lock(struct run_folder *folder, bool lock, vsr_error *error)
{
    struct stat facts;
    const int flags =
        (lock ? O_RDWR | O_APPEND : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    folder->journal_fd = openat(folder->dir_fd, JOURNAL, flags);
    if (folder->journal_fd < 0) {
        return errno == ENOENT
                   ? err_set(error, VSR_ERR_SELECTION, WHERE,
                             "%s is no run folder: there is no journal in it", folder->path)
                   : err_sys(error, err_dest_code(errno), WHERE, "cannot open the journal in %s",
                             folder->path);
    }
    if (fstat(folder->journal_fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, WHERE,
                       "the journal in %s is no regular file: nothing in it is trusted",
                       folder->path);
    }
    if (lock && io_lock(folder->journal_fd) != 0) {
        return err_set(error, VSR_ERR_RUN_BUSY, WHERE,
                       "the run folder %s is in use: its run, or a resume of it, is still at work",
                       folder->path);
    }
    return VSR_OK;
}

bool run_folder_is_busy(const struct run_folder *folder)
{
    const bool busy = flock(folder->journal_fd, LOCK_SH | LOCK_NB) != 0;
    (void)flock(folder->journal_fd, LOCK_UN);
    return busy;
}

vsr_code run_folder_adopt(struct run_folder *out, const char *path, bool lock, vsr_error *error)
{
    *out = (struct run_folder){.dir_fd = -1, .journal_fd = -1, .rows_fd = -1};
    vsr_code rc = run_folder_name(path, &out->run, out->path, error);
    if (rc != VSR_OK) {
        return rc;
    }
    out->visible = true;
    out->stays = true;
    out->dir_fd = open(out->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->dir_fd < 0) {
        rc = err_sys(error, err_place_code(errno), WHERE, "cannot open the run folder %s",
                     out->path);
    }
    rc = rc == VSR_OK && lock ? owner_check(out, error) : rc;
    rc = rc == VSR_OK ? journal_lock(out, lock, error) : rc;
    if (rc != VSR_OK) {
        run_folder_end(out);
    }
    return rc;
}

/* The volumes that files are planned on, for runs that go on from this one (past_run.h). */
static void volumes_add(struct json *json, const struct plan *plan)
{
    bool *used = heap_alloc(plan->root_count, sizeof *used);
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        used[plan->directories[i].root] = true;
    }
    json_array_begin(json, "volumes");
    for (uint32_t i = 0; i < plan->root_count; i++) {
        if (used[i]) {
            json_object_begin(json, NULL);
            json_text(json, "spec", plan_text(plan, plan->roots[i].spec));
            json_path(json, "dir", plan_text(plan, plan->roots[i].dir));
            json_object_end(json);
        }
    }
    json_array_end(json);
    free(used);
}

static vsr_code identity_write(const struct run_folder *folder, const struct plan *plan,
                               const struct media_set *set, vsr_error *error)
{
    char run[UUID_TEXT_BYTES];
    char of_set[UUID_TEXT_BYTES];
    uuid_text(&folder->run, run);
    uuid_text(&plan->set_uuid, of_set);
    struct buffer text = {0};
    struct json json = json_into(&text);
    json_object_begin(&json, NULL);
    json_u64(&json, "v", 1);
    json_text(&json, "run", view_of(run));
    json_text(&json, "set", view_of(of_set));
    json_path(&json, "set_path", set_folder(set));
    json_bool(&json, "own_media", set->foreign != NULL);
    json_u64(&json, "units", plan->unit_count);
    json_u64(&json, "files", plan->file_count);
    json_u64(&json, "bytes", plan->bytes);
    volumes_add(&json, plan);
    json_object_end(&json);
    json_line_end(&json);
    const vsr_code rc = io_replace_file(folder->dir_fd, "run.json", buffer_view(&text), IO_SYNCED,
                                        VSR_ERR_DEST_IO, error);
    buffer_free(&text);
    return rc;
}

static vsr_code folder_fill(struct run_folder *folder, const struct plan *plan,
                            const struct media_set *set, vsr_error *error)
{
    vsr_code rc = plan_save(plan, folder->dir_fd, PLAN, error);
    if (rc == VSR_OK) {
        rc = identity_write(folder, plan, set, error);
    }
    if (rc == VSR_OK) {
        rc = rows_make(folder, plan->file_count, error);
    }
    if (rc == VSR_OK) {
        folder->journal_fd = openat(folder->dir_fd, JOURNAL,
                                    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (folder->journal_fd < 0 || flock(folder->journal_fd, LOCK_EX | LOCK_NB) != 0) {
            rc = err_sys(error, err_dest_code(errno), WHERE, "cannot create the journal in %s",
                         folder->path);
        }
    }
    return rc;
}

void run_folder_hidden_name(const struct uuid *run, enum run_folder_sort sort,
                            char out[RUN_FOLDER_HIDDEN_BYTES])
{
    char text[UUID_TEXT_BYTES];
    uuid_text(run, text);
    (void)snprintf(out, RUN_FOLDER_HIDDEN_BYTES, RUN_FOLDER_HIDDEN "%s%s", text,
                   sort == RUN_FOLDER_ASKING ? RUN_FOLDER_ASKED : RUN_FOLDER_PART);
}

vsr_code run_folder_name(const char *path, const struct uuid *run, char out[RUN_FOLDER_PATH_MAX],
                         vsr_error *error)
{
    char text[UUID_TEXT_BYTES];
    uuid_text(run, text);
    const int length = path != NULL ? snprintf(out, RUN_FOLDER_PATH_MAX, "%s", path)
                                    : snprintf(out, RUN_FOLDER_PATH_MAX, "vssrestore-run-%s", text);
    if (length < 0 || length >= RUN_FOLDER_PATH_MAX) {
        return err_set(error, VSR_ERR_USAGE, WHERE, "the run folder's path is too long");
    }
    while (strlen(out) > 1 && out[strlen(out) - 1] == '/') {
        out[strlen(out) - 1] = '\0';
    }
    return VSR_OK;
}

/* Open the folder that path is to stand in; unless it is another's second, it must not exist. */
static vsr_code place_open(const char *path, const struct media_set *set, bool second,
                           int *parent_fd, vsr_error *error)
{
    const char *name = NULL;
    struct stat st;
    const vsr_code rc = parent_open(path, parent_fd, &name, error);
    if (rc == VSR_OK && !second && fstatat(*parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        return err_set(error, VSR_ERR_RUN_BUSY, WHERE,
                       "run folder %s exists already: name another one with --run-dir", path);
    }
    if (rc == VSR_OK && io_folder_is_below(*parent_fd, set->dir_fd)) {
        return err_set(error, VSR_ERR_SELECTION, WHERE,
                       "run folder %s would stand in the backup set, of which nothing is ever "
                       "changed: name another place with --run-dir",
                       path);
    }
    return rc;
}

vsr_code run_folder_check(const char *path, const struct media_set *set, vsr_error *error)
{
    OWN(fd) parent_fd = -1;
    return place_open(path, set, false, &parent_fd, error);
}

vsr_code run_folder_begin(struct run_folder *out, const char *path, const struct uuid *run,
                          const struct plan *plan, const struct media_set *set,
                          enum run_folder_sort sort, vsr_error *error)
{
    *out = (struct run_folder){
        .run = *run, .sort = sort, .dir_fd = -1, .journal_fd = -1, .rows_fd = -1};
    OWN(fd) parent_fd = -1;
    vsr_code rc = run_folder_name(path, run, out->path, error);
    if (rc == VSR_OK) {
        rc = place_open(out->path, set, sort == RUN_FOLDER_SECOND, &parent_fd, error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    run_folder_sweep(parent_fd);
    char hidden[RUN_FOLDER_HIDDEN_BYTES];
    run_folder_hidden_name(&out->run, out->sort, hidden);
    if (sort == RUN_FOLDER_SECOND) { /* left by who was killed when it took the first one's place */
        run_folder_sweep_own(parent_fd, hidden);
    }
    if (mkdirat(parent_fd, hidden, 0700) != 0) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot make the run folder %s",
                       out->path);
    }
    out->dir_fd = openat(parent_fd, hidden, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (out->dir_fd < 0) {
        rc =
            err_sys(error, err_dest_code(errno), WHERE, "cannot open the run folder %s", out->path);
        (void)unlinkat(parent_fd, hidden, AT_REMOVEDIR);
        return rc;
    }
    (void)flock(out->dir_fd, LOCK_EX | LOCK_NB); /* nobody sweeps it away */
    rc = folder_fill(out, plan, set, error);
    if (rc != VSR_OK) {
        run_folder_end(out);
    }
    return rc;
}

/* Where names cannot be exchanged: the only moment without. What cannot be shown leaves the one
 * that stood there. */
static int name_follow(int parent_fd, const char *hidden, const char *name, const char *away)
{
    int fault = run_folder_rename(parent_fd, name, parent_fd, away);
    if (fault == 0) {
        fault = run_folder_rename(parent_fd, hidden, parent_fd, name);
        if (fault != 0) {
            (void)run_folder_rename(parent_fd, away, parent_fd, name);
        }
    }
    return fault;
}

static int name_exchange(int parent_fd, const char *hidden, const char *name,
                         struct run_folder *before)
{
    char away[RUN_FOLDER_HIDDEN_BYTES];
    run_folder_hidden_name(&before->run, before->sort, away);
    const bool exchanged = renameat2(parent_fd, hidden, parent_fd, name, RENAME_EXCHANGE) == 0;
    int fault = exchanged ? 0 : errno;
    if (fault == EINVAL || fault == ENOSYS) {
        fault = name_follow(parent_fd, hidden, name, away);
    }
    if (fault != 0) {
        return fault;
    }
    before->visible = false;
    /* what keeps the name of the one that came is swept later */
    before->stays = exchanged && renameat(parent_fd, hidden, parent_fd, away) != 0;
    return 0;
}

/* The one whose place folder has taken. One of the two is whole whenever the system stops: if that
 * is not certain, it is swept later. */
static vsr_code before_end(const struct run_folder *folder, struct run_folder *before,
                           vsr_code shown, vsr_error *error)
{
    const int fault = run_folder_take_rest(before->dir_fd, folder->dir_fd);
    before->stays = before->stays || shown != VSR_OK || fault != 0;
    run_folder_end(before);
    if (shown != VSR_OK || fault == 0) {
        return shown;
    }
    errno = fault;
    return err_sys(error, err_dest_code(fault), WHERE,
                   "cannot keep what was put into the run folder %s meanwhile", folder->path);
}

vsr_code run_folder_show(struct run_folder *folder, struct run_folder *before, vsr_error *error)
{
    OWN(fd) parent_fd = -1;
    const char *name = NULL;
    vsr_code rc = parent_open(folder->path, &parent_fd, &name, error);
    if (rc != VSR_OK) {
        return rc;
    }
    char hidden[RUN_FOLDER_HIDDEN_BYTES];
    run_folder_hidden_name(&folder->run, folder->sort, hidden);
    if (fsync(folder->journal_fd) != 0 || fsync(folder->dir_fd) != 0) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot sync the run folder %s",
                       folder->path);
    }
    const int fault = before != NULL ? name_exchange(parent_fd, hidden, name, before)
                                     : run_folder_rename(parent_fd, hidden, parent_fd, name);
    if (fault != 0) {
        errno = fault;
        return err_sys(error, fault == EEXIST ? VSR_ERR_RUN_BUSY : err_dest_code(fault), WHERE,
                       "cannot rename the run folder to %s", folder->path);
    }
    folder->visible = true;
    if (fsync(parent_fd) != 0 && errno != EINVAL) {
        rc = err_sys(error, err_dest_code(errno), WHERE, "cannot sync the folder of %s",
                     folder->path);
    }
    return before != NULL ? before_end(folder, before, rc, error) : rc;
}

/* Hidden again first: what is seen is whole. What others put there is seen again. */
static void folder_remove(struct run_folder *folder)
{
    OWN(fd) parent_fd = -1;
    const char *name = NULL;
    char hidden[RUN_FOLDER_HIDDEN_BYTES];
    run_folder_hidden_name(&folder->run, folder->sort, hidden);
    if (parent_open(folder->path, &parent_fd, &name, NULL) != VSR_OK ||
        (folder->visible && run_folder_rename(parent_fd, name, parent_fd, hidden) != 0)) {
        return;
    }
    run_folder_empty(folder->dir_fd);
    if (unlinkat(parent_fd, hidden, AT_REMOVEDIR) != 0 && folder->visible) {
        (void)run_folder_rename(parent_fd, hidden, parent_fd, name);
    }
}

void run_folder_end(struct run_folder *folder)
{
    if (folder->rows != NULL) {
        (void)munmap(folder->rows, folder->rows_bytes);
    }
    if (folder->dir_fd >= 0 && !folder->stays) {
        folder_remove(folder);
    }
    if (folder->journal_fd >= 0) {
        (void)close(folder->journal_fd); /* and the lock with it */
    }
    if (folder->dir_fd >= 0) {
        (void)close(folder->dir_fd);
    }
    own_fd_drop(&folder->rows_fd);
    *folder = (struct run_folder){.dir_fd = -1, .journal_fd = -1, .rows_fd = -1};
}
