/* chain_rest.c - words in hexadecimal, with blanks between: a path may be any bytes. */
#include "chain_rest.h"

#include "memory.h"

#include "vssrestore/vssrestore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static const char HEAD[] = "chain 2";

void chain_rest_add(struct text_list *list, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = memory_resize(NULL, bytes);
    memcpy(copy, text, bytes);
    list->items =
        memory_resize((void *)(size_t)list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = copy;
}

void chain_rest_add_code(struct text_list *list, int code)
{
    char digits[16];
    (void)snprintf(digits, sizeof digits, "%d", code);
    chain_rest_add(list, digits);
}

void chain_rest_id(char out[CHAIN_ID_BYTES])
{
    uint64_t parts[2] = {0};
    if (getrandom(parts, sizeof parts, GRND_NONBLOCK) != (ssize_t)sizeof parts) {
        struct timespec now = {0};
        (void)clock_gettime(CLOCK_REALTIME, &now);
        parts[0] = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
        parts[1] = (uint64_t)getpid();
    }
    (void)snprintf(out, CHAIN_ID_BYTES, "%016llx%016llx", (unsigned long long)parts[0],
                   (unsigned long long)parts[1]);
}

/* --- writing --- */

struct out {
    char *text;
    size_t n;
};

static void out_add(struct out *out, const char *text)
{
    const size_t bytes = strlen(text);
    out->text = memory_resize(out->text, out->n + bytes + 1);
    memcpy(out->text + out->n, text, bytes + 1);
    out->n += bytes;
}

static void out_number(struct out *out, size_t number)
{
    char digits[32];
    (void)snprintf(digits, sizeof digits, " %zu", number);
    out_add(out, digits);
}

static void out_word(struct out *out, const char *word)
{
    static const char digits[] = "0123456789abcdef";
    const size_t bytes = strlen(word);
    out_add(out, " x"); /* an empty word is one, too */
    out->text = memory_resize(out->text, out->n + 2 * bytes + 1);
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)word[i];
        out->text[out->n++] = digits[byte >> 4];
        out->text[out->n++] = digits[byte & 15];
    }
    out->text[out->n] = '\0';
}

static void out_list(struct out *out, const struct text_list *list)
{
    out_number(out, list->count);
    for (size_t i = 0; i < list->count; i++) {
        out_word(out, list->items[i]);
    }
}

char *chain_rest_render(const struct chain_rest *rest)
{
    struct out out = {0};
    out_add(&out, HEAD);
    out_number(&out, rest->step);
    out_number(&out, rest->steps);
    out_word(&out, rest->id);
    out_word(&out, rest->folder);
    out_list(&out, &rest->run_dirs);
    out_list(&out, &rest->codes);
    out_list(&out, &rest->words);
    return out.text;
}

/* --- reading --- */

static bool number_read(const char **at, size_t *out)
{
    char *end = NULL;
    *out = strtoul(*at, &end, 10);
    const bool read = end != *at && *out < 1000000;
    *at = end;
    return read;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: none stands there. The caller's. */
static char *word_read(const char **at)
{
    const char *from = *at;
    if (from[0] != ' ' || from[1] != 'x') {
        return NULL;
    }
    from += 2;
    char *word = memory_resize(NULL, strlen(from) / 2 + 1);
    size_t n = 0;
    while (digit_of(from[0]) >= 0 && digit_of(from[1]) >= 0) {
        word[n++] = (char)(digit_of(from[0]) << 4 | digit_of(from[1]));
        from += 2;
    }
    word[n] = '\0';
    *at = from;
    return word;
}

static bool list_read(const char **at, struct text_list *list)
{
    size_t count = 0;
    bool right = number_read(at, &count);
    for (size_t i = 0; i < count && right; i++) {
        char *word = word_read(at);
        right = word != NULL;
        if (right) {
            chain_rest_add(list, word);
        }
        free(word);
    }
    return right;
}

static bool id_read(const char **at, char out[CHAIN_ID_BYTES])
{
    char *word = word_read(at);
    const bool read = word != NULL && strlen(word) < CHAIN_ID_BYTES;
    (void)snprintf(out, CHAIN_ID_BYTES, "%s", read ? word : "");
    free(word);
    return read;
}

bool chain_rest_parse(struct chain_rest *out, const char *text)
{
    *out = (struct chain_rest){0};
    if (strncmp(text, HEAD, sizeof HEAD - 1) != 0) {
        return false;
    }
    text += sizeof HEAD - 1;
    if (!number_read(&text, &out->step) || !number_read(&text, &out->steps) ||
        !id_read(&text, out->id)) {
        return false;
    }
    out->folder = word_read(&text);
    return out->folder != NULL && list_read(&text, &out->run_dirs) &&
           list_read(&text, &out->codes) && list_read(&text, &out->words) && *text == '\0' &&
           out->run_dirs.count == out->step && out->codes.count == out->step;
}

static void list_free(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free((void *)(size_t)list->items[i]);
    }
    free((void *)(size_t)list->items);
}

void chain_rest_free(struct chain_rest *rest)
{
    free(rest->folder);
    list_free(&rest->run_dirs);
    list_free(&rest->codes);
    list_free(&rest->words);
    *rest = (struct chain_rest){0};
}

/* --- of run folders --- */

struct kept {
    char text[1 << 23]; /* of the longest command line */
    size_t bytes;
};

static int kept_take(void *context, const char *text, size_t bytes)
{
    struct kept *kept = context;
    if (bytes >= sizeof kept->text - kept->bytes) {
        return ENOSPC;
    }
    memcpy(kept->text + kept->bytes, text, bytes);
    kept->bytes += bytes;
    kept->text[kept->bytes] = '\0';
    return 0;
}

bool chain_rest_read(struct chain_rest *out, const char *run_dir)
{
    static struct kept kept;
    vsr_error ignored = {0};
    kept.bytes = 0;
    kept.text[0] = '\0';
    *out = (struct chain_rest){0};
    return vsr_run_kept(run_dir, kept_take, &kept, &ignored) == VSR_OK &&
           chain_rest_parse(out, kept.text);
}

/* Is it of the step behind those of rest, which met the end that the last of these has? */
static bool is_next(const struct chain_rest *rest, const char *run_dir)
{
    struct chain_rest other;
    const size_t before = rest->run_dirs.count;
    const bool is = chain_rest_read(&other, run_dir) && strcmp(other.id, rest->id) == 0 &&
                    other.step == before && before > 0 &&
                    strcmp(other.codes.items[before - 1], rest->codes.items[before - 1]) == 0;
    chain_rest_free(&other);
    return is;
}

static bool next_in(const struct chain_rest *rest, const char *folder, char **out)
{
    static const char prefix[] = "vssrestore-run-";
    DIR *entries = opendir(folder);
    bool found = false;
    if (entries == NULL && errno == ENOMEM) {
        memory_end();
    }
    for (struct dirent *entry; !found && entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0) {
            const size_t bytes = strlen(folder) + strlen(entry->d_name) + 2;
            char *path = memory_resize(NULL, bytes);
            (void)snprintf(path, bytes, "%s/%s", folder, entry->d_name);
            found = is_next(rest, path);
            *out = found ? path : NULL;
            if (!found) {
                free(path);
            }
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    return found;
}

bool chain_rest_next(const struct chain_rest *rest, char **out)
{
    const struct text_list *dirs = &rest->run_dirs;
    const char *last = dirs->count > 0 ? dirs->items[dirs->count - 1] : "";
    const char *slash = strrchr(last, '/');
    bool found = next_in(rest, rest->folder, out);
    if (!found && slash != NULL) { /* they were moved since */
        const int bytes = (int)(slash - last) + 1;
        char *beside = memory_resize(NULL, (size_t)bytes + 1);
        (void)snprintf(beside, (size_t)bytes + 1, "%.*s", bytes, last);
        found = next_in(rest, beside, out);
        free(beside);
    }
    return found;
}

int chain_rest_hold(const char *run_dir)
{
    const int fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        (void)close(fd);
        return -1;
    }
    return fd >= 0 ? fd : open("/dev/null", O_RDONLY | O_CLOEXEC); /* gone: nobody else has it */
}
