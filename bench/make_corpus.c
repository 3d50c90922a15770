/* make_corpus.c - the corpora of the benchmarks: a volume tree and VSS documents that name it.
 *
 *     make_corpus S|T|L|Z OUT [SEED] [SHARE]
 *     make_corpus F OUT SEED COUNT SIZE
 *     make_corpus M OUT SOURCE
 *
 * S: 100,000 files of 1-16 KiB (log-uniform) in 1,000 folders. T: 1,000,000 files of 0-2 KiB in
 * 10,000 folders. L: 4 files of 1.5 GiB, like databases. Z: 4 files of 2 GiB, like disks of virtual
 * machines: three quarters of each are holes. F: COUNT files of SIZE bytes, 100 a folder.
 * M: a copy of SOURCE (/usr) without what a Windows volume cannot hold; hard and symbolic links are
 * kept. SHARE (default 1) makes all but F and M smaller by that divisor. OUT/volume is drive C:,
 * OUT/documents the documents. Needs nothing of the library: its peers get the same tree. */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int corpus_copy(const char *source, const char *target); /* corpus_copy.c */

static int fail(const char *what, const char *on, int os_errno)
{
    (void)fprintf(stderr, "make_corpus: cannot %s %s: %s\n", what, on, strerror(os_errno));
    return 1;
}

enum { FILES_IN_FOLDER = 100 };

typedef uint64_t size_of_file(struct content_rng *rng, uint64_t size_max);

static uint64_t size_log_uniform(struct content_rng *rng, uint64_t size_max)
{
    return content_log_uniform(rng, 1024, size_max);
}

static uint64_t size_uniform(struct content_rng *rng, uint64_t size_max)
{
    return content_below(rng, size_max + 1);
}

static uint64_t size_fixed(struct content_rng *rng, uint64_t size_max)
{
    (void)rng;
    return size_max;
}

static int make_small(int volume_fd, uint64_t seed, uint64_t files, size_of_file *size_of,
                      uint64_t size_max)
{
    struct content_rng rng = {seed};
    char name[64];
    int dir_fd = -1;
    for (uint64_t f = 0; f < files; f++) {
        if (f % FILES_IN_FOLDER == 0) {
            (void)snprintf(name, sizeof name, "Corpus/d%03u", (unsigned)(f / FILES_IN_FOLDER));
            if (mkdirat(volume_fd, name, 0755) != 0) {
                return fail("make", name, errno);
            }
            if (dir_fd >= 0) {
                (void)close(dir_fd);
            }
            dir_fd = openat(volume_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (dir_fd < 0) {
                return fail("open", name, errno);
            }
        }
        (void)snprintf(name, sizeof name, "file-%03u.dat", (unsigned)(f % FILES_IN_FOLDER));
        const int rc = content_write(&rng, dir_fd, name, size_of(&rng, size_max), NULL, 0);
        if (rc != 0) {
            return fail("write", name, rc);
        }
    }
    if (dir_fd >= 0) {
        (void)close(dir_fd);
    }
    return 0;
}

static int make_large(int volume_fd, uint64_t seed, uint64_t share)
{
    const uint64_t size = ((uint64_t)3 << 29) / share;
    for (unsigned f = 0; f < 4; f++) {
        struct content_rng rng = {seed + f};
        char name[64];
        (void)snprintf(name, sizeof name, "Corpus/database-%u.mdf", f);
        const int rc = content_write(&rng, volume_fd, name, size, NULL, 0);
        if (rc != 0) {
            return fail("write", name, rc);
        }
    }
    return 0;
}

/* Runs of data of 4 KiB to 4 MiB (log-uniform), each followed by a hole that is three times as long
 * as another such run. Returns how many. */
static size_t extents_draw(struct content_rng *rng, uint64_t size, struct content_extent *extents,
                           size_t extents_max)
{
    size_t count = 0;
    for (uint64_t at = 0; at < size && count < extents_max; count++) {
        const uint64_t data = content_log_uniform(rng, 1, 1024) * 4096;
        const uint64_t hole = content_log_uniform(rng, 1, 1024) * 4096 * 3;
        extents[count] = (struct content_extent){at, data < size - at ? data : size - at};
        at += data + hole;
    }
    return count;
}

static int make_sparse(int volume_fd, uint64_t seed, uint64_t share)
{
    enum { EXTENTS_MAX = 1 << 16 };
    static struct content_extent extents[EXTENTS_MAX];
    const uint64_t size = ((uint64_t)2 << 30) / share;
    for (unsigned f = 0; f < 4; f++) {
        struct content_rng rng = {seed + f};
        char name[64];
        (void)snprintf(name, sizeof name, "Corpus/disk-%u.vhd", f);
        const size_t count = extents_draw(&rng, size, extents, EXTENTS_MAX);
        const int rc = content_write(&rng, volume_fd, name, size, extents, count);
        if (rc != 0) {
            return fail("write", name, rc);
        }
    }
    return 0;
}

static const char bcd[] =
    "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "
    "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" backupType=\"full\" "
    "partialFileSupport=\"no\" snapshotSetId=\"6a2f5e1c-7d4b-4f0e-9a51-2b6c8d9e0f11\">"
    "<WRITER_COMPONENTS instanceId=\"0f3c2b1a-5d6e-4f70-8192-a3b4c5d6e7f8\" "
    "writerId=\"c0de0001-1234-4abc-9def-0123456789ab\" backupSchema=\"0\">"
    "<COMPONENT componentName=\"Corpus\" componentType=\"filegroup\"/>"
    "</WRITER_COMPONENTS></BACKUP_COMPONENTS>";
static const char wmd[] =
    "<WRITER_METADATA xmlns=\"x-schema:#VssWriterMetadataInfo\" version=\"1.2\">"
    "<IDENTIFICATION writerId=\"c0de0001-1234-4abc-9def-0123456789ab\" "
    "instanceId=\"0f3c2b1a-5d6e-4f70-8192-a3b4c5d6e7f8\" friendlyName=\"Bench Writer\" "
    "usage=\"USER_DATA\" dataSource=\"OTHER\" majorVersion=\"0\" minorVersion=\"0\"/>"
    "<RESTORE_METHOD method=\"RESTORE_IF_CAN_BE_REPLACED\" writerRestore=\"never\" "
    "rebootRequired=\"no\"/><BACKUP_LOCATIONS>"
    "<FILE_GROUP componentName=\"Corpus\" caption=\"Corpus\" restoreMetadata=\"no\" "
    "notifyOnBackupComplete=\"no\" selectable=\"yes\" selectableForRestore=\"yes\" "
    "componentFlags=\"0\"><FILE_LIST path=\"C:\\Corpus\" filespec=\"*\" recursive=\"yes\" "
    "filespecBackupType=\"3855\"/></FILE_GROUP></BACKUP_LOCATIONS></WRITER_METADATA>";

static int document_write(int out_fd, const char *name, const char *text)
{
    const int fd = openat(out_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0) {
        return fail("write", name, errno);
    }
    return 0;
}

struct call {
    char kind;
    uint64_t seed;
    uint64_t share; /* of F: how many files */
    uint64_t size;  /* of F */
    const char *source;
};

static int make_tree(const struct call *call, const char *out, int volume_fd)
{
    char target[4096];
    switch (call->kind) {
    case 'S':
        return make_small(volume_fd, call->seed, 100000 / call->share, size_log_uniform, 16384);
    case 'T':
        return make_small(volume_fd, call->seed, 1000000 / call->share, size_uniform, 2048);
    case 'F':
        return make_small(volume_fd, call->seed, call->share, size_fixed, call->size);
    case 'L':
        return make_large(volume_fd, call->seed, call->share);
    case 'Z':
        return make_sparse(volume_fd, call->seed, call->share);
    default:
        (void)snprintf(target, sizeof target, "%s/volume/Corpus", out);
        return corpus_copy(call->source, target);
    }
}

static bool call_read(struct call *call, int argc, char **argv)
{
    if (argc < 3 || strlen(argv[1]) != 1 || strchr("STLZFM", argv[1][0]) == NULL) {
        return false;
    }
    *call = (struct call){.kind = argv[1][0], .seed = 1, .share = 1};
    if (call->kind == 'M') {
        call->source = argc == 4 ? argv[3] : NULL;
        return argc == 4;
    }
    uint64_t *const numbers[] = {&call->seed, &call->share, &call->size};
    const int wanted = call->kind == 'F' ? 6 : 5;
    for (int i = 3; i < argc && i < wanted; i++) {
        char *end = NULL;
        *numbers[i - 3] = strtoull(argv[i], &end, 10);
        if (argv[i][0] == '\0' || *end != '\0') {
            return false;
        }
    }
    return argc <= wanted && (call->kind != 'F' || argc == wanted) && call->share > 0;
}

int main(int argc, char **argv)
{
    struct call call;
    if (!call_read(&call, argc, argv)) {
        (void)fputs("usage: make_corpus S|T|L|Z OUT [SEED] [SHARE]\n"
                    "       make_corpus F OUT SEED COUNT SIZE\n"
                    "       make_corpus M OUT SOURCE\n",
                    stderr);
        return 2;
    }
    if (mkdir(argv[2], 0755) != 0) {
        return fail("make", argv[2], errno);
    }
    const int out_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out_fd < 0 || mkdirat(out_fd, "volume", 0755) != 0 ||
        mkdirat(out_fd, "volume/Corpus", 0755) != 0 || mkdirat(out_fd, "documents", 0755) != 0) {
        return fail("make folders in", argv[2], errno);
    }
    const int volume_fd = openat(out_fd, "volume", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = volume_fd < 0 ? fail("open", "volume", errno) : make_tree(&call, argv[2], volume_fd);
    if (rc == 0) {
        rc = document_write(out_fd, "documents/bcd.xml", bcd);
    }
    return rc == 0 ? document_write(out_fd, "documents/writer.xml", wmd) : rc;
}
