/* vssrestore.c - main(): the verbs, and nothing else. It and its neighbours see include/ only. */
#include "verbs.h"

#include "vssrestore/vssrestore.h"

#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {
    &verb_pack, &verb_inspect, &verb_plan,    &verb_explain,
    &verb_run,  &verb_verify,  &verb_reindex, &verb_pending,
};

static void help_print(void)
{
    (void)printf("vssrestore %s - restore what a Windows server backed up under VSS\n\n"
                 "usage: vssrestore VERB ...\n\n",
                 vsr_version());
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        (void)printf("  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    (void)printf("\nvssrestore VERB --help tells a verb's options.\n"
                 "exit codes: 0 all restored, 1 with losses, 2 usage, 3 some unit not restored, "
                 "4 some unit damaged,\n5 pending reboot, 10 documents, 11 selection or places, "
                 "20 media damaged, 21 media unreadable,\n30 destination full, 31 not permitted, "
                 "32 destination I/O, 33 path would leave its volume,\n40 run folder in use, "
                 "41 not of this plan, 50 memory budget, 70 a bug, 128+N signal N\n");
}

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i]->name, name) == 0) {
            return verbs[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help_print();
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help_print();
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("vssrestore %s\n", vsr_version());
        return 0;
    }
    const struct verb *verb = verb_find(argv[1]);
    if (verb == NULL) {
        (void)fprintf(stderr, "vssrestore: no verb \"%s\"; see: vssrestore --help\n", argv[1]);
        return EXIT_USAGE;
    }
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            args_help(verb);
            return 0;
        }
    }
    struct call call = {0};
    const int code = args_read(verb, argc - 2, argv + 2, &call) ? verb->run(&call) : EXIT_USAGE;
    args_free(&call);
    return code;
}
