/* describe.c - the option tables as one JSON object. Manuals, completions and the test that
 * compares them with --help are made from it (tools/manuals/generate.py); nothing else describes an
 * option. */
#include "args.h"

#include "vssrestore/vssrestore.h"

#include <stdio.h>

static void text_print(const char *text)
{
    if (text == NULL) {
        (void)printf("null");
        return;
    }
    (void)putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            (void)putchar('\\');
        }
        (void)putchar(*text);
    }
    (void)putchar('"');
}

static void member_print(const char *key, const char *text, const char *after)
{
    (void)printf("\"%s\":", key);
    text_print(text);
    (void)printf("%s", after);
}

static const char *kind_text(enum arg_kind kind)
{
    static const char *const texts[] = {
        [ARG_FLAG] = "flag",     [ARG_TEXT] = "text", [ARG_LIST] = "list",
        [ARG_NUMBER] = "number", [ARG_SIZE] = "size", [ARG_CHOICE] = "choice",
    };
    return texts[kind];
}

static void options_print(const struct verb *verb)
{
    const char *comma = "";
    for (size_t t = 0; verb->tables[t] != NULL; t++) {
        for (const struct arg_option *o = verb->tables[t]->options; o->name != NULL; o++) {
            (void)printf("%s\n    {", comma);
            member_print("group", verb->tables[t]->title, ",");
            member_print("name", o->name, ",");
            member_print("brief", o->brief, ",");
            member_print("kind", kind_text(o->kind), ",");
            member_print("value", o->value, ",");
            member_print("help", o->help, "}");
            comma = ",";
        }
    }
}

void args_describe(const struct verb *const *verbs)
{
    (void)printf("{");
    member_print("program", "vssrestore", ",");
    member_print("version", vsr_version(), ",\n\"verbs\":[");
    for (size_t v = 0; verbs[v] != NULL; v++) {
        (void)printf("%s\n  {", v > 0 ? "," : "");
        member_print("name", verbs[v]->name, ",");
        member_print("synopsis", verbs[v]->synopsis, ",");
        member_print("summary", verbs[v]->summary, ",");
        member_print("operands", verbs[v]->operands, ",\"options\":[");
        options_print(verbs[v]);
        (void)printf("]}");
    }
    (void)printf("],\n\"exit_codes\":[");
    for (const struct exit_meaning *e = exit_meanings; e->code != NULL; e++) {
        (void)printf("%s\n  {", e > exit_meanings ? "," : "");
        member_print("code", e->code, ",");
        member_print("text", e->text, "}");
    }
    (void)printf("]}\n");
}
