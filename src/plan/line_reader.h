/* line_reader.h - JSON lines that somebody else may have written, one record at a time, each
 * member asked for by name and type.
 *
 * The first fault counts; after it every call gives nothing. Pure; one thread at a time. */
#ifndef PLAN_LINE_READER_H
#define PLAN_LINE_READER_H

#include "base/arena.h"

struct line_reader {
    struct view rest;    /* what was not read yet */
    const char *path;    /* of the file, for messages */
    const char *what;    /* "the report"; NULL: "the plan" */
    uint64_t line;       /* of the record in hand, from 1 */
    struct json_t *json; /* the record in hand, or NULL */
    struct arena arena;  /* of its texts: rewound with each record */
    struct arena_mark empty;
    vsr_code rc; /* OK, or RUN_FOREIGN after the first fault */
    vsr_error *error;
};

/* An object inside the record, or the record itself: as jansson has it. */
typedef const struct json_t line_object;

/* The next record; NULL at the end or after a fault. It, and texts taken from it, are good until
 * the next call. */
line_object *line_next(struct line_reader *reader);

/* Frees what the reader holds; bytes and path are the caller's. */
void line_end(struct line_reader *reader);

/* "cannot use the plan FILE, line N: what", and for a plan where to look. Always RUN_FOREIGN. */
VSR_PRINTF(2, 3)
vsr_code line_fault(struct line_reader *reader, const char *format, ...);

bool line_has(line_object *object, const char *key);     /* present and not null */
bool line_is_null(line_object *object, const char *key); /* present, and null    */

/* A member of the type; without it, a fault. Texts have a NUL behind them and none inside. */
struct view line_text(struct line_reader *reader, line_object *object, const char *key);
uint64_t line_number(struct line_reader *reader, line_object *object, const char *key,
                     uint64_t value_max);
bool line_bool(struct line_reader *reader, line_object *object, const char *key);

/* A number that may be below zero. */
int64_t line_signed(struct line_reader *reader, line_object *object, const char *key);

/* A fault for the first member that is not among the names, a NULL behind them: of a form in which
 * what is not known would be done wrong. */
void line_only(struct line_reader *reader, line_object *object, const char *const *names);

/* A path: KEY_b64 has the exact bytes where they are no text (contract, section 4). */
struct view line_path(struct line_reader *reader, line_object *object, const char *key);

/* One of the words that text() gives for 0, 1, ... until NULL: its number. */
unsigned line_word(struct line_reader *reader, line_object *object, const char *key,
                   const char *(*text)(unsigned number));

/* An array: its length, and each element, which must be an object (or a text, line_item_text()). */
uint32_t line_array(struct line_reader *reader, line_object *object, const char *key,
                    uint32_t count_max);
line_object *line_item(struct line_reader *reader, line_object *object, const char *key,
                       uint32_t number);
struct view line_item_text(struct line_reader *reader, line_object *object, const char *key,
                           uint32_t number);

#endif
