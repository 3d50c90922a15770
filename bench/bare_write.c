/* bare_write.c - the floor under a restore: create and write the same files, and nothing else.
 *
 *     bare_write TREE TARGET [THREADS]
 *
 * Takes names and sizes of TREE before the clock starts, then makes the folders and, folder by
 * folder by THREADS threads, opens, writes, sets the time of and closes each file relative to its
 * folder's descriptor; holes stay holes, symbolic links are made, and the further names of a file
 * are linked when all else is there. The bytes come from one buffer: no reading, no decoding.
 * Prints seconds. Needs nothing of the library. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <search.h>
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

enum { THREADS_MAX = 256 };

struct tree_entry {
    char *path; /* below TREE */
    char *link; /* of a symbolic link: its text; of a further name: the first one; else NULL */
    uint64_t size;
    struct timespec modify;
    bool has_holes;
    struct extent *data; /* if it has */
    size_t extent_count;
};

/* A file with several names. */
struct linked {
    dev_t device;
    ino_t inode;
    char *path; /* the first one */
};

static struct tree_entry *folders, *files, *names; /* names: further ones */
static size_t folder_count, file_count, name_count, folder_room, file_room, name_room;
static size_t *folder_first; /* first file of each folder; files are sorted by folder */
static size_t tree_bytes;
static int target_fd;
static atomic_size_t next_folder;
static char bytes[1 << 20];

static void add(struct tree_entry **list, size_t *count, size_t *room, const char *path,
                const struct stat *st)
{
    if (*count == *room) {
        *room = *room == 0 ? 1024 : *room * 2;
        *list = realloc(*list, *room * sizeof **list);
        if (*list == NULL) {
            abort();
        }
    }
    (*list)[(*count)++] = (struct tree_entry){.path = strdup(path),
                                              .size = (uint64_t)st->st_size,
                                              .modify = st->st_mtim};
}

/* Where a file with holes has data, as the file system tells. */
static void add_extents(struct tree_entry *file, const char *path)
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

static int linked_order(const void *a, const void *b)
{
    const struct linked *x = a, *y = b;
    return x->device != y->device ? (x->device > y->device) - (x->device < y->device)
                                  : (x->inode > y->inode) - (x->inode < y->inode);
}

/* The name under which this file was found first; NULL: it is found now. */
static char *first_name(const char *path, const struct stat *st)
{
    static void *known;
    struct linked *one = malloc(sizeof *one);
    if (one == NULL) {
        abort();
    }
    *one = (struct linked){st->st_dev, st->st_ino, NULL};
    struct linked **found = tsearch(one, &known, linked_order);
    if (found == NULL) {
        abort();
    }
    if (*found != one) {
        free(one);
        return (*found)->path;
    }
    one->path = strdup(path);
    return NULL;
}

static char *link_text(const char *path)
{
    static char text[4096];
    const ssize_t got = readlink(path, text, sizeof text - 1);
    text[got < 0 ? 0 : got] = '\0';
    return strdup(text);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)at;
    const char *below = path + tree_bytes;
    while (*below == '/') {
        below++;
    }
    char *first = type == FTW_F && st->st_nlink > 1 ? first_name(below, st) : NULL;
    if (type == FTW_D) {
        add(&folders, &folder_count, &folder_room, *below == '\0' ? "." : below, st);
    } else if (type == FTW_SL) {
        add(&files, &file_count, &file_room, below, st);
        files[file_count - 1].link = link_text(path);
    } else if (first != NULL) {
        add(&names, &name_count, &name_room, below, st);
        names[name_count - 1].link = first;
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
    const char *pa = ((const struct tree_entry *)a)->path;
    const char *pb = ((const struct tree_entry *)b)->path;
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

static bool data_write(int fd, const struct tree_entry *file)
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

static bool file_make(int dir_fd, const struct tree_entry *file)
{
    const char *slash = strrchr(file->path, '/');
    const char *name = slash == NULL ? file->path : slash + 1;
    const struct timespec times[2] = {file->modify, file->modify};
    if (file->link != NULL) {
        return symlinkat(file->link, dir_fd, name) == 0 &&
               utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) == 0;
    }
    const int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd >= 0 && data_write(fd, file) && futimens(fd, times) == 0 && close(fd) == 0;
}

static void fail(const char *path)
{
    (void)fprintf(stderr, "bare_write: %s: %s\n", path, strerror(errno));
    _exit(1);
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
        const struct tree_entry *first = &files[folder_first[run]];
        (void)snprintf(folder, sizeof folder, "%.*s", (int)folder_bytes(first->path), first->path);
        const int dir_fd =
            openat(target_fd, folder[0] == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (size_t i = folder_first[run]; i < folder_first[run + 1]; i++) {
            if (!file_make(dir_fd, &files[i])) {
                fail(files[i].path);
            }
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

static void tree_write(size_t threads)
{
    pthread_t ids[THREADS_MAX];
    for (size_t i = 0; i < folder_count; i++) {
        if (mkdirat(target_fd, folders[i].path, 0755) != 0 && errno != EEXIST) {
            fail(folders[i].path);
        }
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_create(&ids[i], NULL, worker, NULL);
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
    }
    for (size_t i = 0; i < name_count; i++) {
        if (linkat(target_fd, names[i].link, target_fd, names[i].path, 0) != 0) {
            fail(names[i].path);
        }
    }
}

int main(int argc, char **argv)
{
    const size_t threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 2;
    if (argc < 3 || threads == 0 || threads > THREADS_MAX) {
        (void)fprintf(stderr, "usage: bare_write TREE TARGET [THREADS]\n");
        return 2;
    }
    tree_bytes = strlen(argv[1]);
    memset(bytes, 0x5A, sizeof bytes);
    if (nftw(argv[1], visit, 64, FTW_PHYS) != 0 || (mkdir(argv[2], 0755) != 0 && errno != EEXIST) ||
        (target_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        fail(argv[1]);
    }
    qsort(files, file_count, sizeof *files, file_order);
    runs_cut(threads);
    struct timespec from, to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    tree_write(threads);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    (void)printf("%.6f\n",
                 (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
