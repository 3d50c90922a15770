/* vssrestore.c - main(): the verbs, and nothing else. It and its neighbours see include/ only. */
#include "console.h"
#include "line.h"
#include "mapped.h"
#include "metrics.h"
#include "verbs.h"

#include "vssrestore/vssrestore.h"

#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {
    &verb_pack,   &verb_inspect, &verb_plan,    &verb_explain, &verb_run, &verb_resume,
    &verb_verify, &verb_reindex, &verb_pending, &verb_report,  &verb_ctl, NULL,
};

static void help_print(void)
{
    (void)printf("vssrestore %s - restore what a Windows server backed up under VSS\n\n"
                 "usage: vssrestore VERB ...\n\n",
                 vsr_version());
    for (size_t i = 0; verbs[i] != NULL; i++) {
        (void)printf("  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    (void)printf(
        "\nvssrestore VERB --help tells a verb's options, vssrestore --version the version; "
        "vssrestore --describe\nall of it as one JSON object.\n\nexit codes:\n");
    for (const struct exit_meaning *e = exit_meanings; e->code != NULL; e++) {
        (void)printf("  %-8s %s\n", e->code, e->text);
    }
}

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; verbs[i] != NULL; i++) {
        if (strcmp(verbs[i]->name, name) == 0) {
            return verbs[i];
        }
    }
    return NULL;
}

/* What stands in a verb's place and is none. False: it is one, or nothing that we know. */
static bool answered(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        help_print();
    } else if (strcmp(word, "--version") == 0) {
        (void)printf("vssrestore %s\n", vsr_version());
    } else if (strcmp(word, "--describe") == 0) {
        args_describe(verbs);
    } else {
        return false;
    }
    return true;
}

static int verb_call(const struct verb *verb, int argc, char **argv)
{
    struct call call = {0};
    int code = EXIT_USAGE;
    if (!args_read(verb, argc, argv, &call)) {
        if (verb->has_events) {
            console_summary_without_run(EXIT_USAGE);
        }
    } else if (call.help) {
        args_help(verb);
        code = 0;
    } else {
        code = verb->run(&call);
    }
    args_free(&call);
    return code;
}

/* Whoever wants events is told by one, all the same. */
static int no_verb(int argc, char **argv)
{
    struct call asked = {0};
    args_scan_events(argc - 1, argv + 1, &asked);
    line_tell("vssrestore: no verb \"%s\"; see: vssrestore --help", argv[1]);
    if (!console_open(&asked)) {
        return EXIT_USAGE;
    }
    console_summary_without_run(EXIT_USAGE);
    return console_close(EXIT_USAGE);
}

int main(int argc, char **argv)
{
    mapped_watch();
    if (argc < 2) {
        help_print();
        return EXIT_USAGE;
    }
    if (answered(argv[1])) {
        return 0;
    }
    const struct verb *verb = verb_find(argv[1]);
    if (verb == NULL) {
        return no_verb(argc, argv);
    }
    struct call asked = {0};
    args_scan_events(argc - 2, argv + 2, &asked);
    if (verb->has_events && !console_open(&asked)) {
        return EXIT_USAGE;
    }
    const int code = verb_call(verb, argc - 2, argv + 2);
    if (verb->has_events) {
        metrics_end(code);
    }
    return verb->has_events ? console_close(code) : code;
}
