/* pack_fixture.c - see pack_fixture.h. */
#include "unit/pack/pack_fixture.h"

#include "media/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITER_ID   "28375c35-c24d-55d7-8569-4689eb6cf5bf"
#define INSTANCE_ID "2c9de688-3207-5a73-aa43-b59bf6acda8a"

void pack_fixture_begin(struct pack_fixture *fixture)
{
    *fixture = (struct pack_fixture){.worker_count = 2};
    fixture_folder(fixture->folder);
    (void)snprintf(fixture->c, sizeof fixture->c, "%s/c", fixture->folder);
    (void)snprintf(fixture->set, sizeof fixture->set, "%s/set", fixture->folder);
    (void)snprintf(fixture->documents, sizeof fixture->documents, "%s/documents", fixture->folder);
    assert_int_equal(mkdir(fixture->c, 0755), 0);
    assert_int_equal(mkdir(fixture->documents, 0755), 0);
    char *spec = malloc(128);
    assert_non_null(spec);
    (void)snprintf(spec, 128, "C:=%s", fixture->c);
    fixture->volumes[fixture->volume_count++] = spec;
}

void pack_fixture_end(struct pack_fixture *fixture)
{
    free((void *)(uintptr_t)fixture->volumes[0]);
    free(fixture->warnings);
    assert_int_equal(shell("chmod -R u+rwX '%s'", fixture->folder), 0);
    fixture_remove(fixture->folder);
}

static void file_put(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

void pack_fixture_documents(struct pack_fixture *fixture, const char *backup_type,
                            const char *component, const char *wmd)
{
    char path[160];
    char text[8192];
    (void)snprintf(text, sizeof text,
                   "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "
                   "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" backupType=\"%s\" "
                   "partialFileSupport=\"yes\" "
                   "snapshotSetId=\"0de378c2-e686-5c02-9d88-089d6faacda6\">"
                   "<WRITER_COMPONENTS instanceId=\"" INSTANCE_ID "\" writerId=\"" WRITER_ID
                   "\" backupSchema=\"371\"><COMPONENT componentName=\"Main\" "
                   "componentType=\"filegroup\" backupSucceeded=\"yes\">%s</COMPONENT>"
                   "</WRITER_COMPONENTS></BACKUP_COMPONENTS>",
                   backup_type, component);
    (void)snprintf(path, sizeof path, "%s/backup.xml", fixture->documents);
    file_put(path, text, strlen(text));
    (void)snprintf(text, sizeof text,
                   "<WRITER_METADATA xmlns=\"x-schema:#VssWriterMetadataInfo\" version=\"1.2\" "
                   "backupSchema=\"371\"><IDENTIFICATION writerId=\"" WRITER_ID
                   "\" instanceId=\"" INSTANCE_ID "\" friendlyName=\"Test\" usage=\"USER_DATA\" "
                   "dataSource=\"OTHER\"/><RESTORE_METHOD method=\"RESTORE_IF_CAN_BE_REPLACED\" "
                   "writerRestore=\"always\" rebootRequired=\"no\"/>"
                   "<BACKUP_LOCATIONS>%s</BACKUP_LOCATIONS></WRITER_METADATA>",
                   wmd);
    (void)snprintf(path, sizeof path, "%s/writer.xml", fixture->documents);
    file_put(path, text, strlen(text));
}

void pack_fixture_sets(struct pack_fixture *fixture, const char *sets, const char *excludes)
{
    char wmd[4096];
    (void)snprintf(wmd, sizeof wmd,
                   "%s<FILE_GROUP componentName=\"Main\" caption=\"\" restoreMetadata=\"no\" "
                   "notifyOnBackupComplete=\"no\" selectable=\"yes\" selectableForRestore=\"yes\" "
                   "componentFlags=\"0\">%s</FILE_GROUP>",
                   excludes, sets);
    pack_fixture_documents(fixture, "full", "", wmd);
}

/* --- the tree --- */

static void tree_path(const struct pack_fixture *fixture, const char *path, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/%s", fixture->c, path);
}

static void parents_make(const char *path)
{
    char parent[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", path);
    for (char *at = strchr(parent + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(parent, 0755) != 0) {
            assert_int_equal(errno, EEXIST);
        }
        *at = '/';
    }
}

void tree_directory(const struct pack_fixture *fixture, const char *path)
{
    char full[PATH_MAX];
    tree_path(fixture, path, full);
    parents_make(full);
    assert_int_equal(mkdir(full, 0755), 0);
}

void tree_file(const struct pack_fixture *fixture, const char *path, const void *bytes,
               size_t count)
{
    char full[PATH_MAX];
    tree_path(fixture, path, full);
    parents_make(full);
    file_put(full, bytes, count);
}

void tree_text(const struct pack_fixture *fixture, const char *path, const char *text)
{
    tree_file(fixture, path, text, strlen(text));
}

void tree_random(const struct pack_fixture *fixture, const char *path, size_t count)
{
    unsigned char *bytes = malloc(count + 1);
    assert_non_null(bytes);
    uint64_t state = count * 2654435761u + strlen(path);
    for (size_t i = 0; i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        bytes[i] = (i / 32) % 2 == 0 ? (unsigned char)(state >> 56) : 'x';
    }
    tree_file(fixture, path, bytes, count);
    free(bytes);
}

void tree_time(const struct pack_fixture *fixture, const char *path, int64_t seconds, long ns)
{
    char full[PATH_MAX];
    const struct timespec times[2] = {{seconds, ns}, {seconds, ns}};
    tree_path(fixture, path, full);
    assert_int_equal(utimensat(AT_FDCWD, full, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* --- packing --- */

static void warning_keep(void *context, const char *sentence)
{
    struct pack_fixture *fixture = context;
    const size_t more = strlen(sentence);
    if (fixture->warnings == NULL && fixture->between != NULL) {
        fixture->between(fixture);
    }
    fixture->warnings = realloc(fixture->warnings, fixture->warnings_bytes + more + 2);
    assert_non_null(fixture->warnings);
    memcpy(fixture->warnings + fixture->warnings_bytes, sentence, more);
    fixture->warnings_bytes += more;
    fixture->warnings[fixture->warnings_bytes++] = '\n';
    fixture->warnings[fixture->warnings_bytes] = '\0';
}

vsr_code pack_fixture_pack(struct pack_fixture *fixture)
{
    const char *documents = fixture->documents;
    const struct pack_options options = {
        .documents = &documents,
        .document_count = 1,
        .volumes = fixture->volumes,
        .volume_count = fixture->volume_count,
        .environment = fixture->environment,
        .environment_count = fixture->environment_count,
        .parent = fixture->parent,
        .output = fixture->set,
        .include_all = fixture->include_all,
        .worker_count = fixture->worker_count,
        .on_warning = warning_keep,
        .context = fixture,
        .uuid = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
        .created = "2024-01-02T03:04:05Z",
        .pack_bytes_target = fixture->pack_bytes_target,
    };
    free(fixture->warnings);
    fixture->warnings = NULL;
    fixture->warnings_bytes = 0;
    fixture->error = (vsr_error){0};
    return pack_set(&options, &fixture->result, &fixture->error);
}

bool pack_fixture_warned(const struct pack_fixture *fixture, const char *text)
{
    return fixture->warnings != NULL && strstr(fixture->warnings, text) != NULL;
}

static void finding_print(void *context, const struct check_finding *finding)
{
    (void)context;
    print_message("%.*s at %llu: %.*s\n", VIEW_ARG(finding->structure),
                  (unsigned long long)finding->offset, VIEW_ARG(finding->what));
}

void pack_fixture_pack_and_verify(struct pack_fixture *fixture)
{
    struct check_totals totals;
    if (pack_fixture_pack(fixture) != VSR_OK) {
        fail_msg("pack: %s: %s", fixture->error.where, fixture->error.what);
    }
    vsr_error error = {0};
    if (set_check(fixture->set, 1, finding_print, NULL, &totals, &error) != VSR_OK) {
        fail_msg("the set is not right: %s", error.what);
    }
}

void pack_fixture_extract(struct pack_fixture *fixture, char out[96])
{
    (void)snprintf(out, 96, "%s/out", fixture->folder);
    assert_int_equal(mkdir(out, 0755), 0);
    assert_int_equal(shell("cat %s/packs/*.lz4 | lz4 -dc | tar -x --ignore-zeros -C %s",
                           fixture->set, out),
                     0);
}

void pack_fixture_open(struct pack_fixture *fixture, struct media_set *set)
{
    vsr_error error = {0};
    if (set_open(set, fixture->set, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
}

uint32_t set_entry(const struct media_set *set, const char *path)
{
    uint32_t entry = set->index.volumes[0].root_entry;
    struct view rest = view_of(path);
    while (rest.n > 0 && entry != MARK_NONE) {
        const size_t slash = view_find(rest, '/');
        entry = index_child(&set->index, entry, (struct view){rest.p, slash});
        rest = view_skip(rest, slash < rest.n ? slash + 1 : slash);
    }
    return entry;
}

/* --- comparing trees --- */

static char *file_get(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct stat stat;
    assert_int_equal(fstat(fileno(file), &stat), 0);
    char *bytes = malloc((size_t)stat.st_size + 1);
    assert_non_null(bytes);
    *count = fread(bytes, 1, (size_t)stat.st_size, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

void assert_files_equal(const char *want, const char *got)
{
    size_t want_count, got_count;
    char *want_bytes = file_get(want, &want_count);
    char *got_bytes = file_get(got, &got_count);
    if (want_count != got_count || memcmp(want_bytes, got_bytes, want_count) != 0) {
        fail_msg("%s and %s differ", want, got);
    }
    free(want_bytes);
    free(got_bytes);
}

static void assert_links_equal(const char *want, const char *got)
{
    char want_text[PATH_MAX] = "", got_text[PATH_MAX] = "";
    assert_true(readlink(want, want_text, sizeof want_text - 1) > 0);
    assert_true(readlink(got, got_text, sizeof got_text - 1) > 0);
    assert_string_equal(want_text, got_text);
}

static uint32_t names_in(const char *path)
{
    uint32_t count = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    (void)closedir(dir);
    return count;
}

static void assert_nodes_equal(const char *want, const char *got)
{
    struct stat a, b;
    assert_int_equal(lstat(want, &a), 0);
    if (lstat(got, &b) != 0) {
        fail_msg("%s is missing", got);
    }
    if ((a.st_mode & S_IFMT) != (b.st_mode & S_IFMT) || a.st_mtim.tv_sec != b.st_mtim.tv_sec ||
        a.st_mtim.tv_nsec != b.st_mtim.tv_nsec) {
        fail_msg("%s: kind or modify time differs", got);
    }
    if (S_ISDIR(a.st_mode)) {
        assert_trees_equal(want, got);
    } else if (S_ISLNK(a.st_mode)) {
        assert_links_equal(want, got);
    } else {
        assert_int_equal(a.st_nlink, b.st_nlink);
        assert_files_equal(want, got);
    }
}

void assert_trees_equal(const char *want, const char *got)
{
    assert_int_equal(names_in(want), names_in(got));
    DIR *dir = opendir(want);
    assert_non_null(dir);
    for (const struct dirent *item = readdir(dir); item != NULL; item = readdir(dir)) {
        char a[PATH_MAX], b[PATH_MAX];
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
            (void)snprintf(a, sizeof a, "%s/%s", want, item->d_name);
            (void)snprintf(b, sizeof b, "%s/%s", got, item->d_name);
            assert_nodes_equal(a, b);
        }
    }
    (void)closedir(dir);
}
