/* tidy.c - the house rules that a compiler does not know, held by a test.
 *
 *     tidy ROOT               check the tree; a line `file:line: message [rule]` for each finding
 *     tidy --self-test DIR    check the checker on DIR/should-fail-RULE... and DIR/should-pass...
 *
 * Exit 0: nothing found; 1: something found; 2: cannot look. Here: the walk over the tree, who
 * is asked which rules, and the self-test. The rules stand in tests/tidy/rules_*.c, each a
 * table with its reasons. */
#include "tidy/tidy.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 32, PATH_BYTES_MAX = 1024 };

static const char *const rule_names[RULE_COUNT] = {
    [RULE_INCLUDE_DIRECTION] = "include-direction",
    [RULE_HEADER_HOME] = "header-home",
    [RULE_COLUMNS] = "columns",
    [RULE_FUNCTION_LINES] = "function-lines",
    [RULE_FILE_LINES] = "file-lines",
    [RULE_BANNED_CALL] = "banned-call",
    [RULE_TAB] = "tab",
    [RULE_TRAILING_BLANK] = "trailing-blank",
    [RULE_LINE_END] = "line-end",
    [RULE_NON_ASCII] = "non-ascii",
    [RULE_WORKPLACE_WORD] = "workplace-word",
    [RULE_OPENING_COMMENT] = "opening-comment",
    [RULE_HEADER_GUARD] = "header-guard",
    [RULE_DEAD_SOURCE] = "dead-source",
};

/* Where C of ours lives. */
static const char *const c_folders[] = {"src/", "include/", "tools/", "tests/", "bench/"};

const char *rule_name(enum rule rule)
{
    return rule_names[rule];
}

void tidy_find(struct tidy *tidy, const struct source *source, size_t line, enum rule rule,
               const char *format, ...)
{
    tidy->found[rule]++;
    if (tidy->quiet) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)printf("%s:%zu: ", source->path, line);
    (void)vprintf(format, args);
    (void)printf(" [%s]\n", rule_name(rule));
    va_end(args);
}

static size_t found_total(const struct tidy *tidy)
{
    size_t total = 0;
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        total += tidy->found[rule];
    }
    return total;
}

static void file_check(struct tidy *tidy, const char *path)
{
    struct source source;
    if (!source_init(&source, tidy->root, path)) {
        if (!source_exists(tidy->root, path)) {
            tidy->unreadable_count++;
        } else if (text_ends(path, ".c") || text_ends(path, ".h")) {
            tidy_find(tidy, &source, 1, RULE_NON_ASCII, "a C file that is no text");
        }
        return; /* data */
    }
    tidy->file_count++;
    tidy_words(tidy, &source);
    bool ours = !source.is_c;
    for (size_t i = 0; source.is_c && i < sizeof c_folders / sizeof *c_folders; i++) {
        ours = ours || text_starts(path, c_folders[i]);
    }
    if (ours) {
        tidy_layout(tidy, &source);
    }
    if (ours && source.is_c) {
        tidy_include(tidy, &source);
        tidy_calls(tidy, &source);
        tidy_build(tidy, &source);
    }
    source_fini(&source);
}

/* Names that are no part of the tree: what .gitignore lists, git's own, and the trees that are
 * made to fail. */
static bool is_passed_over(const char *path, const char *name)
{
    const bool at_top = path == name;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, ".git") == 0 ||
           strcmp(name, "__pycache__") == 0 ||
           (at_top && (text_starts(name, "build") || text_starts(name, "vssrestore-run-"))) ||
           text_starts(path, "tests/tidy/should-");
}

/* Everything under root/folder; folder is "" or ends with '/'. */
static void folder_check(struct tidy *tidy, const char *folder, int depth)
{
    char full[2 * PATH_BYTES_MAX];
    (void)snprintf(full, sizeof full, "%s/%s", tidy->root, folder);
    struct dirent **entries = NULL;
    const int count = depth < DEPTH_MAX ? scandir(full, &entries, NULL, alphasort) : -1;
    if (count < 0) {
        (void)fprintf(stderr, "tidy: cannot list %s\n", full);
        tidy->unreadable_count++;
        return;
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES_MAX];
        const int n = snprintf(path, sizeof path - 1, "%s%s", folder, entries[i]->d_name);
        const bool fits = n > 0 && (size_t)n < sizeof path - 1;
        struct stat stat_of;
        (void)snprintf(full, sizeof full, "%s/%s", tidy->root, path);
        if (fits && !is_passed_over(path, path + strlen(folder)) && lstat(full, &stat_of) == 0) {
            if (S_ISDIR(stat_of.st_mode)) {
                memcpy(path + n, "/", 2);
                folder_check(tidy, path, depth + 1);
            } else if (S_ISREG(stat_of.st_mode)) {
                file_check(tidy, path);
            }
        }
        free(entries[i]);
    }
    free(entries);
}

/* --- the self-test: each rule bites, alone, where it should --- */

/* The rule of "should-fail-RULE" or "should-fail-RULE-variant"; RULE_COUNT: of none. */
static int rule_of_tree(const char *name)
{
    const char *rest = name + strlen("should-fail-");
    int best = RULE_COUNT;
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const size_t n = strlen(rule_names[rule]);
        if (text_starts(rest, rule_names[rule]) && (rest[n] == '\0' || rest[n] == '-')) {
            best = rule;
        }
    }
    return best;
}

/* Check one tree of the corpus; true: it came out as its name says. */
static bool tree_test(const char *corpus, const char *name, bool covered[RULE_COUNT])
{
    char root[PATH_BYTES_MAX];
    (void)snprintf(root, sizeof root, "%s/%s", corpus, name);
    struct tidy tidy = {.root = root, .quiet = true};
    folder_check(&tidy, "", 0);
    const size_t total = found_total(&tidy);
    bool good = tidy.file_count > 0 && total == 0;
    if (text_starts(name, "should-fail-")) {
        const int rule = rule_of_tree(name);
        good = rule < RULE_COUNT && total > 0 && tidy.found[rule] == total;
        if (good) {
            covered[rule] = true;
        }
    }
    (void)printf("%s %s\n", good ? "ok    " : "WRONG ", name);
    for (int rule = 0; !good && rule < RULE_COUNT; rule++) {
        if (tidy.found[rule] > 0) {
            (void)printf("       %zu of %s\n", tidy.found[rule], rule_names[rule]);
        }
    }
    return good;
}

static int self_test(const char *corpus)
{
    bool covered[RULE_COUNT] = {false};
    struct dirent **entries = NULL;
    const int count = scandir(corpus, &entries, NULL, alphasort);
    if (count < 0) {
        (void)fprintf(stderr, "tidy: cannot list %s\n", corpus);
        return 2;
    }
    bool good = true;
    for (int i = 0; i < count; i++) {
        if (text_starts(entries[i]->d_name, "should-")) {
            good = tree_test(corpus, entries[i]->d_name, covered) && good;
        }
        free(entries[i]);
    }
    free(entries);
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (!covered[rule]) {
            (void)printf("WRONG  no should-fail-%s shows that the rule bites\n", rule_names[rule]);
            good = false;
        }
    }
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--self-test") == 0) {
        return self_test(argv[2]);
    }
    if (argc != 2 || argv[1][0] == '-') {
        (void)fprintf(stderr, "usage: tidy ROOT | tidy --self-test DIR\n");
        return 2;
    }
    struct tidy tidy = {.root = argv[1]};
    folder_check(&tidy, "", 0);
    const size_t total = found_total(&tidy);
    (void)printf("%zu files, %zu findings\n", tidy.file_count, total);
    if (tidy.file_count == 0 || tidy.unreadable_count > 0) {
        (void)fprintf(stderr, "tidy: not everything under %s could be read\n", argv[1]);
        return 2;
    }
    return total == 0 ? 0 : 1;
}
