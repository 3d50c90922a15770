/* bare_write.c - the floor under a restore: create and write the same files, and nothing else.
 *
 *     bare_write TREE TARGET [THREADS]
 *
 * Takes names and sizes of TREE before the clock starts, then makes the folders and, folder by
 * folder by THREADS threads, opens, writes, sets the time of and closes each file relative to its
 * folder's descriptor; holes stay holes. The bytes come from one buffer: no reading, no decoding.
 * Prints seconds. Needs nothing of the library. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct extent {
    uint64_t offset, length;
};

struct entry {
    char *path; /* below TREE */
    uint64_t size;
    struct timespec modify;
    bool has_holes;
    struct extent *data; /* if it has */
    size_t extent_count;
};

static struct entry *folders, *files;
static size_t folder_count, file_count, folder_room, file_room;
static size_t *folder_first; /* first file of each folder; files are sorted by folder */
static size_t tree_bytes;
static int target_fd;
static atomic_size_t next_folder;
static char bytes[1 << 20];

static void add(struct entry **list, size_t *count, size_t *room, const char *path,
                const struct stat *st)
{
    if (*count == *room) {
        *room = *room == 0 ? 1024 : *room * 2;
        *list = realloc(*list, *room * sizeof **list);
        if (*list == NULL) {
            abort();
        }
    }
    (*list)[(*count)++] =
        (struct entry){.path = strdup(path), .size = (uint64_t)st->st_size, .modify = st->st_mtim};
}

/* Where a file with holes has data, as the file system tells. */
static void add_extents(struct entry *file, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t at = 0;
    file->has_holes = fd >= 0;
    while (fd >= 0 && (at = lseek(fd, at, SEEK_DATA)) >= 0) {
        const off_t end = lseek(fd, at, SEEK_HOLE);
        file->data = realloc(file->data, (file->extent_count + 1) * sizeof *file->data);
        if (end < 0 || file->data == NULL) {
            abort();
        }
        file->data[file->extent_count++] = (struct extent){(uint64_t)at, (uint64_t)(end - at)};
        at = end;
    }
    (void)close(fd);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)at;
    const char *below = path + tree_bytes;
    while (*below == '/') {
        below++;
    }
    if (type == FTW_D) {
        add(&folders, &folder_count, &folder_room, *below == '\0' ? "." : below, st);
    } else if (type == FTW_F && S_ISREG(st->st_mode)) {
        add(&files, &file_count, &file_room, below, st);
        if ((uint64_t)st->st_blocks * 512 < (uint64_t)st->st_size) {
            add_extents(&files[file_count - 1], path);
        }
    }
    return 0;
}

static size_t folder_bytes(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path);
}

/* By folder, then by name. */
static int file_order(const void *a, const void *b)
{
    const char *pa = ((const struct entry *)a)->path;
    const char *pb = ((const struct entry *)b)->path;
    const size_t na = folder_bytes(pa);
    const size_t nb = folder_bytes(pb);
    const int folder = strncmp(pa, pb, na < nb ? na : nb);
    if (folder != 0 || na != nb) {
        return folder != 0 ? folder : na < nb ? -1 : 1;
    }
    return strcmp(pa, pb);
}

static bool extent_write(int fd, const struct extent *extent)
{
    for (uint64_t done = 0; done < extent->length;) {
        const uint64_t left = extent->length - done;
        const size_t step = left > sizeof bytes ? sizeof bytes : (size_t)left;
        if (pwrite(fd, bytes, step, (off_t)(extent->offset + done)) != (ssize_t)step) {
            return false;
        }
        done += step;
    }
    return true;
}

static bool data_write(int fd, const struct entry *file)
{
    const struct extent all = {0, file->size};
    if (!file->has_holes) {
        return extent_write(fd, &all);
    }
    for (size_t i = 0; i < file->extent_count; i++) {
        if (!extent_write(fd, &file->data[i])) {
            return false;
        }
    }
    return ftruncate(fd, (off_t)file->size) == 0;
}

static void file_write(int dir_fd, const struct entry *file)
{
    const char *slash = strrchr(file->path, '/');
    const int fd = openat(dir_fd, slash == NULL ? file->path : slash + 1,
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    const struct timespec times[2] = {file->modify, file->modify};
    if (fd < 0 || !data_write(fd, file) || futimens(fd, times) != 0 || close(fd) != 0) {
        (void)fprintf(stderr, "bare_write: %s: %s\n", file->path, strerror(errno));
        _exit(1);
    }
}

/* Runs of files in one folder are claimed by one thread; a large folder counts as several. */
static void *worker(void *unused)
{
    (void)unused;
    for (;;) {
        const size_t run = atomic_fetch_add(&next_folder, 1);
        if (folder_first[run] == file_count) {
            return NULL;
        }
        char folder[4096];
        const struct entry *first = &files[folder_first[run]];
        (void)snprintf(folder, sizeof folder, "%.*s", (int)folder_bytes(first->path), first->path);
        const int dir_fd =
            openat(target_fd, folder[0] == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (size_t i = folder_first[run]; i < folder_first[run + 1]; i++) {
            file_write(dir_fd, &files[i]);
        }
        (void)close(dir_fd);
    }
}

static void runs_cut(size_t threads)
{
    folder_first = calloc(file_count + threads + 2, sizeof *folder_first);
    size_t runs = 0;
    uint64_t size = 0;
    for (size_t i = 0; i < file_count; i++) {
        const bool same =
            i > 0 && folder_bytes(files[i].path) == folder_bytes(files[i - 1].path) &&
            strncmp(files[i].path, files[i - 1].path, folder_bytes(files[i].path)) == 0;
        if (i == 0 || !same || size > ((uint64_t)64 << 20)) {
            folder_first[runs++] = i;
            size = 0;
        }
        size += files[i].size;
    }
    for (size_t i = 0; i <= threads; i++) {
        folder_first[runs + i] = file_count;
    }
}

int main(int argc, char **argv)
{
    const size_t threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 2;
    if (argc < 3 || threads == 0 || threads > 64) {
        (void)fprintf(stderr, "usage: bare_write TREE TARGET [THREADS]\n");
        return 2;
    }
    tree_bytes = strlen(argv[1]);
    memset(bytes, 0x5A, sizeof bytes);
    if (nftw(argv[1], visit, 64, FTW_PHYS) != 0 || (mkdir(argv[2], 0755) != 0 && errno != EEXIST) ||
        (target_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        (void)fprintf(stderr, "bare_write: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    qsort(files, file_count, sizeof *files, file_order);
    runs_cut(threads);
    struct timespec from, to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    for (size_t i = 0; i < folder_count; i++) {
        if (mkdirat(target_fd, folders[i].path, 0755) != 0 && errno != EEXIST) {
            (void)fprintf(stderr, "bare_write: %s: %s\n", folders[i].path, strerror(errno));
            return 1;
        }
    }
    pthread_t ids[64];
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_create(&ids[i], NULL, worker, NULL);
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    (void)printf("%.6f\n",
                 (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
