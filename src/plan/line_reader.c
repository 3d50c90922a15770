/* line_reader.c - jansson behind the few questions that a reader of JSON lines asks. What the
 * members mean is not known here. */
#include "plan/line_reader.h"

#include "base/base64.h"
#include "base/limits.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

static const char WHERE[] = "plan/lines";
#define PLAN_ADVICE "; mend that, or make the plan anew: vssrestore-plan(5) says what it may hold"

vsr_code line_fault(struct line_reader *reader, const char *format, ...)
{
    char what[300];
    va_list args;
    if (reader->rc != VSR_OK) {
        return reader->rc;
    }
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    reader->rc =
        err_set(reader->error, VSR_ERR_RUN_FOREIGN, WHERE, "cannot use %s %s, line %llu: %s%s",
                reader->what != NULL ? reader->what : "the plan", reader->path,
                (unsigned long long)reader->line, what, reader->what != NULL ? "" : PLAN_ADVICE);
    return reader->rc;
}

static void record_drop(struct line_reader *reader)
{
    json_decref(reader->json);
    reader->json = NULL;
    if (reader->empty.block == NULL) { /* its first block stays */
        (void)arena_alloc(&reader->arena, 1, 1);
        reader->empty = arena_mark(&reader->arena);
    }
    arena_rewind(&reader->arena, reader->empty);
}

line_object *line_next(struct line_reader *reader)
{
    record_drop(reader);
    if (reader->rc != VSR_OK || reader->rest.n == 0) {
        return NULL;
    }
    const struct view line = {reader->rest.p, view_find(reader->rest, '\n')};
    json_error_t fault;
    reader->line++;
    reader->rest = view_skip(reader->rest, line.n < reader->rest.n ? line.n + 1 : line.n);
    if (line.n > PLAN_LINE_BYTES_MAX) {
        (void)line_fault(reader, "it is longer than a record can be");
        return NULL;
    }
    reader->json = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &fault);
    if (reader->json == NULL || !json_is_object(reader->json)) {
        (void)line_fault(reader, "it is no JSON object%s%s", reader->json == NULL ? ": " : "",
                         reader->json == NULL ? fault.text : "");
        return NULL;
    }
    return reader->json;
}

void line_end(struct line_reader *reader)
{
    record_drop(reader);
    arena_free(&reader->arena);
}

bool line_has(line_object *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value != NULL && !json_is_null(value);
}

bool line_is_null(line_object *object, const char *key)
{
    return json_is_null(json_object_get(object, key));
}

static const json_t *line_member(struct line_reader *reader, line_object *object, const char *key,
                                 json_type type)
{
    const json_t *value = object != NULL ? json_object_get(object, key) : NULL;
    if (value == NULL || json_typeof(value) != type) {
        (void)line_fault(reader, "\"%s\" is %s", key,
                         value == NULL ? "missing" : "of the wrong type");
        return NULL;
    }
    return value;
}

static struct view text_of(struct line_reader *reader, const char *key, const json_t *value)
{
    const struct view text = {json_string_value(value), json_string_length(value)};
    if (view_find(text, '\0') != text.n) {
        /* GCOVR_EXCL_START: libjansson takes no \\u0000 before that */
        (void)line_fault(reader, "\"%s\" holds a NUL", key);
        return VIEW("");
        /* GCOVR_EXCL_STOP */
    }
    return arena_copy(&reader->arena, text);
}

struct view line_text(struct line_reader *reader, line_object *object, const char *key)
{
    const json_t *value = line_member(reader, object, key, JSON_STRING);
    return value != NULL ? text_of(reader, key, value) : VIEW("");
}

uint64_t line_number(struct line_reader *reader, line_object *object, const char *key,
                     uint64_t value_max)
{
    const json_t *value = line_member(reader, object, key, JSON_INTEGER);
    const json_int_t number = value != NULL ? json_integer_value(value) : 0;
    if (number < 0 || (uint64_t)number > value_max) {
        (void)line_fault(reader, "\"%s\" is out of bounds", key);
        return 0;
    }
    return (uint64_t)number;
}

int64_t line_signed(struct line_reader *reader, line_object *object, const char *key)
{
    const json_t *value = line_member(reader, object, key, JSON_INTEGER);
    return value != NULL ? (int64_t)json_integer_value(value) : 0;
}

static bool name_is_known(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

void line_only(struct line_reader *reader, line_object *object, const char *const *names)
{
    json_t *own = (json_t *)(uintptr_t)object; /* an iterator changes nothing */
    for (void *at = json_object_iter(own); at != NULL; at = json_object_iter_next(own, at)) {
        const char *name = json_object_iter_key(at);
        if (!name_is_known(name, names)) {
            (void)line_fault(reader, "\"%.100s\" is not known here", name);
        }
    }
}

bool line_bool(struct line_reader *reader, line_object *object, const char *key)
{
    const json_t *value = object != NULL ? json_object_get(object, key) : NULL;
    if (value == NULL || !json_is_boolean(value)) {
        (void)line_fault(reader, "\"%s\" is not true or false", key);
        return false;
    }
    return json_is_true(value);
}

struct view line_path(struct line_reader *reader, line_object *object, const char *key)
{
    char beside[64];
    (void)snprintf(beside, sizeof beside, "%s_b64", key);
    if (object == NULL || json_object_get(object, beside) == NULL) {
        return line_text(reader, object, key);
    }
    struct buffer bytes = {0};
    struct view path = VIEW("");
    if (base64_decode(line_text(reader, object, beside), &bytes)) {
        path = arena_copy(&reader->arena, buffer_view(&bytes));
    } else {
        (void)line_fault(reader, "\"%s\" is no path in base64", beside);
    }
    buffer_free(&bytes);
    return path;
}

unsigned line_word(struct line_reader *reader, line_object *object, const char *key,
                   const char *(*text)(unsigned number))
{
    const struct view word = line_text(reader, object, key);
    for (unsigned i = 0; text(i) != NULL; i++) {
        if (view_equal(word, view_of(text(i)))) {
            return i;
        }
    }
    (void)line_fault(reader, "\"%s\" is \"%.*s\", which is not known here", key, VIEW_ARG(word));
    return 0;
}

uint32_t line_array(struct line_reader *reader, line_object *object, const char *key,
                    uint32_t count_max)
{
    const json_t *array = line_member(reader, object, key, JSON_ARRAY);
    const size_t count = array != NULL ? json_array_size(array) : 0;
    if (count > count_max) {
        (void)line_fault(reader, "\"%s\" has too many elements", key);
        return 0;
    }
    return (uint32_t)count;
}

line_object *line_item(struct line_reader *reader, line_object *object, const char *key,
                       uint32_t number)
{
    const json_t *item = json_array_get(json_object_get(object, key), number);
    if (!json_is_object(item)) {
        (void)line_fault(reader, "\"%s\" holds what is no object", key);
        return NULL;
    }
    return item;
}

struct view line_item_text(struct line_reader *reader, line_object *object, const char *key,
                           uint32_t number)
{
    const json_t *item = json_array_get(json_object_get(object, key), number);
    if (!json_is_string(item)) {
        (void)line_fault(reader, "\"%s\" holds what is no text", key);
        return VIEW("");
    }
    return text_of(reader, key, item);
}
