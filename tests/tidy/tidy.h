/* tidy.h - what the parts of the house-rule checker share: a tree under check, one file of it
 * in memory, and the rules by name.
 *
 * Single-threaded, nothing freed before the end of a file. The checker reads the tree and
 * writes findings; it changes nothing and knows nothing of git or of the build directory. */
#ifndef TIDY_TIDY_H
#define TIDY_TIDY_H

#include <stdbool.h>
#include <stddef.h>

enum rule {
    RULE_INCLUDE_DIRECTION,
    RULE_HEADER_HOME,
    RULE_COLUMNS,
    RULE_FUNCTION_LINES,
    RULE_FILE_LINES,
    RULE_BANNED_CALL,
    RULE_TAB,
    RULE_TRAILING_BLANK,
    RULE_LINE_END,
    RULE_NON_ASCII,
    RULE_WORKPLACE_WORD,
    RULE_OPENING_COMMENT,
    RULE_HEADER_GUARD,
    RULE_DEAD_SOURCE,
    RULE_COUNT,
};

/* The rule's name: in brackets after each finding, and in should-fail-<name>. */
const char *rule_name(enum rule rule);

/* One tree under check, and what was found in it. */
struct tidy {
    const char *root; /* borrowed */
    bool quiet;       /* count only: the self-test's trees are meant to fail */
    size_t file_count;
    size_t unreadable_count; /* folders and files that could not be looked into; each was said */
    size_t found[RULE_COUNT];
};

/* What a byte of a C file belongs to. */
enum text_class { TEXT_CODE, TEXT_COMMENT, TEXT_STRING };

/* One text file. path is relative to the tree's root, with '/' between its parts. */
struct source {
    const char *path;
    char *text;           /* byte_count bytes and a NUL */
    unsigned char *class; /* an enum text_class for each byte; NULL unless is_c */
    size_t *line_starts;  /* line_count + 1 of them: the last one is byte_count */
    size_t byte_count;
    size_t line_count;
    bool is_c; /* *.c or *.h */
    bool is_header;
};

/* Report one finding; line counts from 1. */
__attribute__((format(printf, 5, 6))) void tidy_find(struct tidy *tidy, const struct source *source,
                                                     size_t line, enum rule rule,
                                                     const char *format, ...);

bool source_exists(const char *root, const char *path);

/* Read root/path. False: it cannot be read (said on standard error), is larger than any
 * source, or is no text. On true the caller ends with source_fini(). path is borrowed. */
bool source_init(struct source *source, const char *root, const char *path);
void source_fini(struct source *source);

/* The bytes of a line (counted from 0) without its newline; *byte_count gets their number. */
const char *source_line(const struct source *source, size_t line, size_t *byte_count);

/* The class of a byte of the file. */
enum text_class source_class(const struct source *source, const char *byte);

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_word_byte(char c); /* may it stand in an identifier? */

/* Does a list of words between blanks hold this one, of so many bytes? */
bool text_list_has(const char *list, const char *word, size_t byte_count);

/* The rules, each over one file. */
void tidy_layout(struct tidy *tidy, const struct source *source);  /* rules_layout.c  */
void tidy_words(struct tidy *tidy, const struct source *source);   /* rules_words.c   */
void tidy_include(struct tidy *tidy, const struct source *source); /* rules_include.c */
void tidy_calls(struct tidy *tidy, const struct source *source);   /* rules_calls.c   */
void tidy_build(struct tidy *tidy, const struct source *source);   /* rules_build.c   */

#endif
