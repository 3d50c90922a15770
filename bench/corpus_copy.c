/* corpus_copy.c - copy a tree without what a Windows volume cannot hold: names with one of
 * \ / : * ? " < > | or a control character, a trailing dot or blank, device names, and of names
 * equal but for case all but the first. Hard links, symbolic links and times are kept; devices and
 * sockets are left out. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

int corpus_copy(const char *source, const char *target);

enum { PATH_BYTES = 4096 };

static bool name_is_device(const char *name)
{
    static const char *const plain[] = {"con", "prn", "aux", "nul"};
    const size_t stem = strcspn(name, ".");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (stem == 3 && strncasecmp(name, plain[i], 3) == 0) {
            return true;
        }
    }
    return stem == 4 && (strncasecmp(name, "com", 3) == 0 || strncasecmp(name, "lpt", 3) == 0) &&
           isdigit((unsigned char)name[3]);
}

static bool name_fits_windows(const char *name)
{
    const size_t bytes = strlen(name);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)name[i] < 0x20 || strchr("\\/:*?\"<>|", name[i]) != NULL) {
            return false;
        }
    }
    return name[bytes - 1] != '.' && name[bytes - 1] != ' ' && !name_is_device(name);
}

/* First names of files with several, by "device-inode". */
static const char *link_first(const struct stat *st, const char *path)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%llu-%llu", (unsigned long long)st->st_dev,
                   (unsigned long long)st->st_ino);
    const ENTRY find = {key, NULL};
    ENTRY *found = NULL;
    static struct hsearch_data table;
    static bool made;
    if (!made) {
        made = hcreate_r(1 << 20, &table) != 0;
    }
    if (hsearch_r(find, FIND, &found, &table) != 0) {
        return found->data;
    }
    const ENTRY add = {strdup(key), strdup(path)};
    (void)hsearch_r(add, ENTER, &found, &table);
    return NULL;
}

static int file_copy(int from_fd, const char *name, const char *to, const struct stat *st)
{
    static char bytes[1 << 20];
    const int in = openat(from_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 0777);
    ssize_t got = in < 0 || out < 0 ? -1 : 0;
    while (got >= 0 && (got = read(in, bytes, sizeof bytes)) > 0) {
        got = write(out, bytes, (size_t)got) == got ? got : -1;
    }
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    if (got == 0 && futimens(out, times) != 0) {
        got = -1;
    }
    (void)close(in);
    (void)close(out);
    return got == 0 ? 0 : -1;
}

static int tree_copy(const char *from, const char *to);

static int entry_copy(int from_fd, const char *name, const char *from, const char *to)
{
    struct stat st;
    if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return -1;
    }
    if (S_ISDIR(st.st_mode)) {
        return mkdir(to, 0755) == 0 ? tree_copy(from, to) : -1;
    }
    if (S_ISLNK(st.st_mode)) {
        char text[PATH_BYTES];
        const ssize_t got = readlinkat(from_fd, name, text, sizeof text - 1);
        if (got < 0) {
            return -1;
        }
        text[got] = '\0';
        return symlink(text, to);
    }
    if (!S_ISREG(st.st_mode)) {
        return 0;
    }
    const char *first = st.st_nlink > 1 ? link_first(&st, to) : NULL;
    return first != NULL ? link(first, to) : file_copy(from_fd, name, to, &st);
}

/* Names sorted without regard to case, so that "the first" of two is always the same. */
static int name_order(const struct dirent **a, const struct dirent **b)
{
    const int folded = strcasecmp((*a)->d_name, (*b)->d_name);
    return folded != 0 ? folded : strcmp((*a)->d_name, (*b)->d_name);
}

static int tree_copy(const char *from, const char *to)
{
    struct dirent **names = NULL;
    const int count = scandir(from, &names, NULL, name_order);
    const int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = count < 0 || from_fd < 0 ? -1 : 0;
    const char *last = "";
    for (int i = 0; i < count && rc == 0; i++) {
        const char *name = names[i]->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !name_fits_windows(name) ||
            strcasecmp(name, last) == 0) {
            continue;
        }
        last = name;
        char *from_path = NULL;
        char *to_path = NULL;
        if (asprintf(&from_path, "%s/%s", from, name) < 0 ||
            asprintf(&to_path, "%s/%s", to, name) < 0) {
            return -1;
        }
        rc = entry_copy(from_fd, name, from_path, to_path);
        if (rc != 0) {
            (void)fprintf(stderr, "make_corpus: cannot copy %s: %s\n", from_path, strerror(errno));
        }
        free(from_path);
        free(to_path);
    }
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    (void)close(from_fd);
    return rc;
}

int corpus_copy(const char *source, const char *target)
{
    return tree_copy(source, target) == 0 ? 0 : 1;
}
