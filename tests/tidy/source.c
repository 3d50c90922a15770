/* source.c - one file in memory: its lines, and which of its bytes are code.
 *
 * A lexer of comments, strings and character constants, nothing more: macros are not expanded
 * and branches of #if are all read. It lets the rules tell a banned call from a sentence about
 * it. */
#include "tidy.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than any text that people wrote; generated test data may be larger and is passed over. */
#define SOURCE_BYTES_MAX ((size_t)4 << 20)

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    const size_t text_bytes = strlen(text);
    const size_t suffix_bytes = strlen(suffix);
    return text_bytes >= suffix_bytes && strcmp(text + text_bytes - suffix_bytes, suffix) == 0;
}

bool text_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool text_list_has(const char *list, const char *word, size_t byte_count)
{
    while (*list != '\0') {
        const size_t n = strcspn(list, " ");
        if (n == byte_count && memcmp(list, word, n) == 0) {
            return true;
        }
        list += n;
        list += strspn(list, " ");
    }
    return false;
}

static void *memory(size_t count, size_t size)
{
    void *got = calloc(count + 1, size);
    if (got == NULL) {
        (void)fprintf(stderr, "tidy: out of memory\n");
        exit(2);
    }
    return got;
}

/* The first byte after a comment that begins at i. */
static size_t comment_end(const char *text, size_t byte_count, size_t i)
{
    const bool one_line = text[i + 1] == '/';
    for (i += 2; i < byte_count; i++) {
        if (one_line && text[i] == '\n') {
            return i;
        }
        if (!one_line && text[i - 1] == '*' && text[i] == '/') {
            return i + 1;
        }
    }
    return byte_count;
}

/* The first byte after a string or character constant that begins at i. An end of line ends it
 * too: an apostrophe in an #error line must not swallow the file. */
static size_t string_end(const char *text, size_t byte_count, size_t i)
{
    const char quote = text[i];
    for (i++; i < byte_count && text[i] != '\n'; i++) {
        if (text[i] == '\\') {
            i++;
        } else if (text[i] == quote) {
            return i + 1;
        }
    }
    return i < byte_count ? i : byte_count;
}

static void source_classify(struct source *source)
{
    const char *text = source->text;
    source->class = memory(source->byte_count, 1);
    size_t i = 0;
    while (i < source->byte_count) {
        size_t end = i + 1;
        enum text_class class = TEXT_CODE;
        if (text[i] == '/' && (text[i + 1] == '*' || text[i + 1] == '/')) {
            end = comment_end(text, source->byte_count, i);
            class = TEXT_COMMENT;
        } else if (text[i] == '"' || text[i] == '\'') {
            end = string_end(text, source->byte_count, i);
            class = TEXT_STRING;
        }
        memset(source->class + i, (int)class, end - i);
        i = end;
    }
}

static void source_split(struct source *source)
{
    size_t newlines = 0;
    for (size_t i = 0; i < source->byte_count; i++) {
        newlines += source->text[i] == '\n';
    }
    source->line_starts = memory(newlines + 2, sizeof *source->line_starts);
    size_t start = 0;
    while (start < source->byte_count) {
        source->line_starts[source->line_count++] = start;
        const char *end = memchr(source->text + start, '\n', source->byte_count - start);
        start = end != NULL ? (size_t)(end - source->text) + 1 : source->byte_count;
    }
    source->line_starts[source->line_count] = source->byte_count;
}

/* The whole file, or NULL: unreadable (said), or beyond what is checked (not said). */
static char *file_read(const char *path, size_t *byte_count)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "tidy: cannot open %s: %s\n", path, strerror(errno));
        return NULL;
    }
    char *text = memory(SOURCE_BYTES_MAX, 1);
    *byte_count = fread(text, 1, SOURCE_BYTES_MAX, file);
    (void)fclose(file);
    if (*byte_count == SOURCE_BYTES_MAX || memchr(text, '\0', *byte_count) != NULL) {
        free(text);
        return NULL;
    }
    return text;
}

static bool path_join(char full[PATH_MAX], const char *root, const char *path)
{
    const int n = snprintf(full, PATH_MAX, "%s/%s", root, path);
    return n > 0 && n < PATH_MAX;
}

bool source_exists(const char *root, const char *path)
{
    char full[PATH_MAX];
    return path_join(full, root, path) && access(full, R_OK) == 0;
}

bool source_init(struct source *source, const char *root, const char *path)
{
    *source = (struct source){.path = path};
    char full[PATH_MAX];
    if (!path_join(full, root, path)) {
        (void)fprintf(stderr, "tidy: %s: the path is too long\n", path);
        return false;
    }
    source->text = file_read(full, &source->byte_count);
    if (source->text == NULL) {
        return false;
    }
    source->is_header = text_ends(path, ".h");
    source->is_c = source->is_header || text_ends(path, ".c");
    if (source->is_c) {
        source_classify(source);
    }
    source_split(source);
    return true;
}

void source_fini(struct source *source)
{
    free(source->text);
    free(source->class);
    free(source->line_starts);
    *source = (struct source){0};
}

const char *source_line(const struct source *source, size_t line, size_t *byte_count)
{
    const size_t start = source->line_starts[line];
    const size_t next = source->line_starts[line + 1];
    const bool ended = next > start && source->text[next - 1] == '\n';
    *byte_count = next - start - ended;
    return source->text + start;
}

enum text_class source_class(const struct source *source, const char *byte)
{
    return (enum text_class)source->class[byte - source->text];
}
