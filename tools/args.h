/* args.h - option tables: the command line read into one struct, --help printed from the same
 * rows. A verb names the tables that it takes; an option outside them is a usage error. */
#ifndef TOOLS_ARGS_H
#define TOOLS_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_list { /* of a repeatable option, in the order given */
    const char **items;
    size_t count;
};

struct call {               /* everything that any verb can be told; zero = not said */
    struct text_list words; /* all of them, behind the verb */
    struct text_list positional;
    struct text_list documents, volumes, environment;
    struct text_list components, exclude_components, files;
    struct text_list new_targets, restore_targets, restore_options, writers;
    struct text_list after, sets;
    const char *root, *output, *parent, *private_dir, *run_dir, *bcd_out, *plan_file, *registry;
    const char *files_not_to_backup, *service_command;
    bool all, widen, force_mandatory, force_failed_backup, unprotected, cross_mounts, in_place;
    bool salvage, registered;
    bool json, jsonl, system, quiet, profile, help;
    uint64_t workers, queue_depth, memory_bytes, writer_timeout, events_fd, throttle;
    const char *ionice, *metrics;
    int dependencies, alm_overwrite, tree, in_use,
        overwrite; /* 1 + the place in the choices; 0: not said */
    bool strict_chain;
    int additional_restores;
    int durability, owner, ring, write_mode, sink;
};

enum arg_kind { ARG_FLAG, ARG_TEXT, ARG_LIST, ARG_NUMBER, ARG_SIZE, ARG_CHOICE };

struct arg_option {
    const char *name;  /* "--volume" */
    const char *brief; /* "-o", or NULL */
    enum arg_kind kind;
    size_t offset;     /* in struct call */
    const char *value; /* "SPEC=DIR"; of a choice: "a|b|c", in the order of their numbers */
    const char *help;
};

struct arg_table {
    const char *title;
    const struct arg_option *options; /* ends with name == NULL */
};

extern const struct arg_table args_selection, args_places, args_engine, args_pack, args_output,
    args_inspect, args_pending, args_verify, args_run, args_plan, args_common, args_report,
    args_events, args_control, args_pace;

struct verb {
    const char *name;
    const char *synopsis; /* behind the name */
    const char *summary;
    const char *operands; /* what stands without an option, a word each: "SET", "RUNDIR",
                             "list|apply", ...; the last one may repeat. NULL: nothing does */
    size_t positional_min, positional_max;
    bool has_events; /* --json and --events-fd are a stream of events (console.h) */
    const struct arg_table *const *tables; /* ends with NULL */
    int (*run)(const struct call *call);   /* returns the exit code */
};

/* Read argv (behind the verb) into *call. False: a usage error was printed. Lists are freed by
 * args_free(). */
bool args_read(const struct verb *verb, int argc, char **argv, struct call *call);
void args_free(struct call *call);

/* What an option of a rate takes: "4096", "64K", "16MiB/s" (powers of 1024), "2GB", "2GB/s" (of
 * 1000). False for anything else, and for 0. A size is the same without "/s". */
#define RATE_OPERAND "BYTES/S"
bool args_rate(const char *text, uint64_t *bytes_per_s);

/* What argv says of --json, --events-fd and --quiet, whatever else is wrong with it: a usage error
 * is told there as well. */
void args_scan_events(int argc, char **argv, struct call *call);

/* Was any selection or place given? A plan holds its own. */
bool args_choose(const struct call *call);

/* The help of one verb, from its tables, to standard output. */
void args_help(const struct verb *verb);

/* All verbs, options and exit codes as one JSON object, to standard output: what manuals and
 * completions are made from (tools/manuals). verbs ends with NULL. */
void args_describe(const struct verb *const *verbs);

/* The exit codes (interface contract, section 7). */
struct exit_meaning {
    const char *code; /* "20", "128+N" */
    const char *text;
};
extern const struct exit_meaning exit_meanings[]; /* ends with code == NULL */

#endif
