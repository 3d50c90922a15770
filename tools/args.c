/* args.c - reading a command line by tables. What the values mean is the library's business. */
#include "args.h"

#include "line.h"
#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct arg_option *option_find(const struct verb *verb, const char *text,
                                            size_t name_bytes)
{
    for (size_t t = 0; verb->tables[t] != NULL; t++) {
        for (const struct arg_option *o = verb->tables[t]->options; o->name != NULL; o++) {
            if (strlen(o->name) == name_bytes && strncmp(o->name, text, name_bytes) == 0) {
                return o;
            }
            if (o->brief != NULL && strlen(o->brief) == name_bytes &&
                strncmp(o->brief, text, name_bytes) == 0) {
                return o;
            }
        }
    }
    return NULL;
}

static void list_add(struct text_list *list, const char *item)
{
    list->items = memory_resize(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = item;
}

/* What a number of bytes is multiplied by: "", "K" and "KiB" by a power of 1024, "KB" of 1000, and
 * so M, G, T; tail stands behind it, if anything does. 0: that is no unit. */
static uint64_t unit_parse(const char *text, const char *tail)
{
    static const char letters[] = "KMGTkmgt";
    const char *letter = *text != '\0' ? strchr(letters, *text) : NULL;
    uint64_t base = 1024, unit = 1;
    if (letter != NULL) {
        text++;
        base = text[0] == 'B' ? 1000 : 1024;
        text += text[0] == 'B' ? 1 : text[0] == 'i' && text[1] == 'B' ? 2 : 0;
        for (ptrdiff_t power = (letter - letters) % 4; power >= 0; power--) {
            unit *= base;
        }
    }
    return *text == '\0' || strcmp(text, tail) == 0 ? unit : 0;
}

/* 0 is none: in struct call it means "not said". tail: of unit_parse(); NULL: a number without. */
static bool number_parse(const char *text, const char *tail, uint64_t *out)
{
    char *end = NULL;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    const uint64_t unit = tail != NULL ? unit_parse(end, tail) : *end == '\0' ? 1 : 0;
    if (errno != 0 || unit == 0 || value == 0 ||
        value > (tail != NULL ? UINT64_MAX : UINT32_MAX) / unit) {
        return false;
    }
    *out = (uint64_t)value * unit;
    return true;
}

bool args_rate(const char *text, uint64_t *bytes_per_s)
{
    return number_parse(text, "/s", bytes_per_s);
}

/* The number (from 1) of text in "a|b|c", or 0. */
static int choice_parse(const char *choices, const char *text)
{
    const size_t bytes = strlen(text);
    int number = 1;
    for (const char *at = choices;; number++) {
        const size_t one = strcspn(at, "|");
        if (one == bytes && strncmp(at, text, one) == 0) {
            return number;
        }
        if (at[one] == '\0') {
            return 0;
        }
        at += one + 1;
    }
}

static bool option_store(const struct arg_option *option, const char *value, struct call *call)
{
    void *place = (char *)call + option->offset;
    switch (option->kind) {
    case ARG_FLAG:
        *(bool *)place = true;
        return true;
    case ARG_TEXT:
        *(const char **)place = value;
        return true;
    case ARG_LIST:
        list_add(place, value);
        return true;
    case ARG_NUMBER:
    case ARG_SIZE:
        return number_parse(value,
                            option->kind == ARG_NUMBER                 ? NULL
                            : strcmp(option->value, RATE_OPERAND) == 0 ? "/s"
                                                                       : "",
                            place);
    case ARG_CHOICE:
        *(int *)place = choice_parse(option->value, value);
        return *(int *)place != 0;
    }
    return false;
}

static const char *option_allowed(const struct arg_option *option)
{
    return option->kind == ARG_NUMBER ? "a number from 1 to 4294967295"
           : option->kind == ARG_SIZE ? "a number of bytes from 1 up, or of K, M, G, T, KiB, KB ..."
                                      : option->value;
}

static bool usage_error(const struct verb *verb, const char *what, const char *text)
{
    line_tell("vssrestore %s: %s%s%s", verb->name, what, text != NULL ? ": " : "",
              text != NULL ? text : "");
    line_tell("see: vssrestore %s --help", verb->name);
    return false;
}

/* One option at argv[*at]; *at is moved past its value. */
static bool option_read(const struct verb *verb, int argc, char **argv, int *at, struct call *call)
{
    const char *text = argv[*at];
    const char *equals = strncmp(text, "--", 2) == 0 ? strchr(text, '=') : NULL;
    const size_t name_bytes = equals != NULL ? (size_t)(equals - text) : strlen(text);
    const struct arg_option *option = option_find(verb, text, name_bytes);
    if (option == NULL) {
        return usage_error(verb, "no such option here", text);
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (option->kind == ARG_FLAG) {
        if (value != NULL) {
            return usage_error(verb, "this option takes no value", text);
        }
    } else if (value == NULL) {
        if (*at + 1 >= argc) {
            return usage_error(verb, "this option needs a value", text);
        }
        value = argv[++*at];
    }
    if (!option_store(option, value, call)) {
        line_tell("vssrestore %s: %s: \"%s\" is not allowed; allowed: %s", verb->name, option->name,
                  value != NULL ? value : "", option_allowed(option));
        return false;
    }
    return true;
}

bool args_read(const struct verb *verb, int argc, char **argv, struct call *call)
{
    bool options_over = false;
    for (int at = 0; at < argc; at++) {
        list_add(&call->words, argv[at]);
    }
    for (int at = 0; at < argc; at++) {
        const char *text = argv[at];
        if (!options_over && strcmp(text, "--") == 0) {
            options_over = true;
        } else if (!options_over && text[0] == '-' && text[1] != '\0') {
            if (!option_read(verb, argc, argv, &at, call)) {
                return false;
            }
        } else {
            list_add(&call->positional, text);
        }
    }
    if (call->help) {
        return true;
    }
    if (call->positional.count < verb->positional_min) {
        return usage_error(verb, "something is missing", verb->synopsis);
    }
    if (call->positional.count > verb->positional_max) {
        return usage_error(verb, "one argument too many",
                           call->positional.items[verb->positional_max]);
    }
    return true;
}

void args_scan_events(int argc, char **argv, struct call *call)
{
    static const char fd[] = "--events-fd";
    for (int at = 0; at < argc && strcmp(argv[at], "--") != 0; at++) {
        const char *text = argv[at];
        call->json = call->json || strcmp(text, "--json") == 0;
        call->quiet = call->quiet || strcmp(text, "--quiet") == 0 || strcmp(text, "-q") == 0;
        if (strncmp(text, fd, sizeof fd - 1) != 0) {
            continue;
        }
        const char *value = text[sizeof fd - 1] == '='                     ? text + sizeof fd
                            : text[sizeof fd - 1] == '\0' && at + 1 < argc ? argv[at + 1]
                                                                           : "";
        (void)number_parse(value, NULL, &call->events_fd);
    }
}

void args_free(struct call *call)
{
    struct text_list *const lists[] = {
        &call->words,
        &call->positional,
        &call->documents,
        &call->volumes,
        &call->environment,
        &call->components,
        &call->exclude_components,
        &call->files,
        &call->new_targets,
        &call->restore_targets,
        &call->after,
        &call->sets,
        &call->restore_options,
        &call->writers,
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        free(lists[i]->items);
    }
    *call = (struct call){0};
}

bool args_choose(const struct call *call)
{
    return call->volumes.count + call->environment.count + call->components.count +
                   call->exclude_components.count + call->files.count + call->new_targets.count +
                   call->restore_targets.count + call->restore_options.count + call->writers.count +
                   call->after.count + call->sets.count >
               0 ||
           call->strict_chain || call->additional_restores != 0 || call->root != NULL ||
           call->private_dir != NULL || call->widen || call->files_not_to_backup != NULL ||
           call->force_mandatory || call->force_failed_backup || call->unprotected ||
           call->cross_mounts || call->in_place || call->dependencies != 0 ||
           call->alm_overwrite != 0 || call->tree != 0 || call->in_use != 0 || call->overwrite != 0;
}

void args_help(const struct verb *verb)
{
    (void)printf("usage: vssrestore %s %s\n%s\n", verb->name, verb->synopsis, verb->summary);
    for (size_t t = 0; verb->tables[t] != NULL; t++) {
        (void)printf("\n%s:\n", verb->tables[t]->title);
        for (const struct arg_option *o = verb->tables[t]->options; o->name != NULL; o++) {
            char left[96];
            (void)snprintf(left, sizeof left, "%s%s%s %s", o->brief != NULL ? o->brief : "",
                           o->brief != NULL ? ", " : "", o->name,
                           o->kind == ARG_FLAG ? "" : o->value);
            (void)printf("  %-46s %s\n", left, o->help);
        }
    }
}
