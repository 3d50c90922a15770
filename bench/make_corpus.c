/* make_corpus.c - the corpora of the benchmarks: a volume tree and VSS documents that name it.
 *
 *     make_corpus S|L OUT [SEED] [SHARE]     make_corpus M OUT SOURCE
 *
 * S: 100,000 files of 1-16 KiB (log-uniform) in 1,000 folders. L: 4 files of 1.5 GiB, like
 * databases. M: a copy of SOURCE (/usr) without what a Windows volume cannot hold; hard and
 * symbolic links are kept. SHARE (default 1) makes S and L smaller by that divisor. OUT/volume is
 * drive C:, OUT/documents the documents. Needs nothing of the library: its peers get the same
 * tree. */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
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

static int make_small(int volume_fd, uint64_t seed, unsigned share)
{
    struct content_rng rng = {seed};
    const unsigned folders = 1000 / share == 0 ? 1 : 1000 / share;
    for (unsigned d = 0; d < folders; d++) {
        char name[64];
        (void)snprintf(name, sizeof name, "Corpus/d%03u", d);
        if (mkdirat(volume_fd, name, 0755) != 0) {
            return fail("make", name, errno);
        }
        const int dir_fd = openat(volume_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0) {
            return fail("open", name, errno);
        }
        for (unsigned f = 0; f < 100; f++) {
            (void)snprintf(name, sizeof name, "file-%03u.dat", f);
            const uint64_t size = content_log_uniform(&rng, 1024, 16384);
            const int rc = content_write(&rng, dir_fd, name, size, NULL, 0);
            if (rc != 0) {
                return fail("write", name, rc);
            }
        }
        (void)close(dir_fd);
    }
    return 0;
}

static int make_large(int volume_fd, uint64_t seed, unsigned share)
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

int main(int argc, char **argv)
{
    if (argc < 3 || strlen(argv[1]) != 1 || strchr("SLM", argv[1][0]) == NULL ||
        (argv[1][0] == 'M' && argc != 4)) {
        (void)fprintf(stderr,
                      "usage: make_corpus S|L OUT [SEED] [SHARE] | make_corpus M OUT SOURCE\n");
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
    const uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    const unsigned share = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1;
    int rc = volume_fd < 0 ? fail("open", "volume", errno) : 0;
    if (rc == 0 && argv[1][0] == 'M') {
        char target[4096];
        (void)snprintf(target, sizeof target, "%s/volume/Corpus", argv[2]);
        rc = corpus_copy(argv[3], target);
    } else if (rc == 0) {
        rc = argv[1][0] == 'S' ? make_small(volume_fd, seed, share == 0 ? 1 : share)
                               : make_large(volume_fd, seed, share == 0 ? 1 : share);
    }
    if (rc == 0) {
        rc = document_write(out_fd, "documents/bcd.xml", bcd);
    }
    return rc == 0 ? document_write(out_fd, "documents/writer.xml", wmd) : rc;
}
