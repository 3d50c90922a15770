/* test_upcase.c - our upcase table against the $UpCase of a volume formatted here.
 *
 * Goal: every one of the 65,536 units folds as NTFS itself folds it. Method: mkntfs writes what
 * Windows Vista and later write; ntfscat reads MFT record 10. Where they are missing the test is
 * skipped (exit 77), and test_winfold.c still holds the table to the hash that was proved. */
#include "base/view.h"
#include "vss/upcase.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SKIP = 77, UPCASE_RECORD_BYTES = 2 * 0x10000, VOLUME_BYTES = 4 << 20 };

/* Runs a program with its standard output going to fd; its exit code, or 127. */
static int run(const char *const argv[], int fd)
{
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *environment[] = {path, NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return 127;
    }
    (void)posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    char *args[8] = {NULL};
    for (size_t i = 0; argv[i] != NULL && i < 7; i++) {
        args[i] = strdup(argv[i]);
    }
    pid_t child = 0;
    int status = 127 << 8;
    if (posix_spawnp(&child, args[0], &actions, NULL, args, environment) == 0) {
        (void)waitpid(child, &status, 0);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < 7; i++) {
        free(args[i]);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

/* Formats image and reads its $UpCase into table; 0, EXIT_SKIP or 1. */
static int upcase_read(const char *image, const char *output, unsigned char *table)
{
    const int image_fd = open(image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const int output_fd = open(output, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (image_fd < 0 || output_fd < 0 || null_fd < 0 || ftruncate(image_fd, VOLUME_BYTES) != 0) {
        (void)fprintf(stderr, "cannot make the test's files\n");
        return 1;
    }
    const char *const format[] = {"mkntfs", "-F", "-q", "-T", image, NULL};
    const char *const print[] = {"ntfscat", "-i", "10", image, NULL};
    int code = run(format, null_fd);
    if (code == 0) {
        code = run(print, output_fd);
    }
    if (code == 127) {
        (void)printf("SKIP: mkntfs and ntfscat (ntfs-3g) are not here\n");
        return EXIT_SKIP;
    }
    if (code != 0 || pread(output_fd, table, UPCASE_RECORD_BYTES + 1, 0) != UPCASE_RECORD_BYTES) {
        (void)fprintf(stderr, "mkntfs or ntfscat failed (%d), or $UpCase is not 128 KiB\n", code);
        return 1;
    }
    (void)close(image_fd);
    (void)close(output_fd);
    (void)close(null_fd);
    return 0;
}

int main(void)
{
    const char *parent = getenv("TMPDIR");
    char folder[4096], image[4200], output[4200];
    (void)snprintf(folder, sizeof folder, "%s/vsr-upcase-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(folder) == NULL) {
        perror("mkdtemp");
        return 1;
    }
    (void)snprintf(image, sizeof image, "%s/volume", folder);
    (void)snprintf(output, sizeof output, "%s/upcase", folder);

    static unsigned char table[UPCASE_RECORD_BYTES + 1];
    int code = upcase_read(image, output, table);
    (void)unlink(image);
    (void)unlink(output);
    (void)rmdir(folder);
    if (code != 0) {
        return code;
    }
    for (uint32_t unit = 0; unit < 0x10000; unit++) {
        const unsigned want = table[2 * unit] | (unsigned)table[2 * unit + 1] << 8;
        if (upcase_unit((uint16_t)unit) != want) {
            (void)fprintf(stderr, "U+%04X: ours U+%04X, NTFS's U+%04X\n", unit,
                          (unsigned)upcase_unit((uint16_t)unit), want);
            code = 1;
        }
    }
    return code;
}
