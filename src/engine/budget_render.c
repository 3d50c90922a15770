/* budget_render.c - the numbers of a run, told: each with where it comes from, and why.
 *
 * The end of `inspect --system`. Every number is one struct line, which is rendered as text or as
 * JSON; nothing is decided here (budget.c). */
#include "engine/budget.h"

#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_REASON_BYTES = 256, LINE_VALUE_BYTES = 32 };

enum origin { ORIGIN_ASKED, ORIGIN_CHOSEN, ORIGIN_CUT, ORIGIN_FOLLOWS };

struct line {
    const char *name;
    const char *unit;             /* behind a number, in text: " bytes"; "" */
    char value[LINE_VALUE_BYTES]; /* digits, or a word */
    bool is_number;
    enum origin origin;
    uint64_t cut_from; /* ORIGIN_CUT */
    bool cut_was_asked;
    char reason[LINE_REASON_BYTES];
};

enum { LINES_MAX = 9 };

struct telling {
    struct line lines[LINES_MAX];
    size_t count;
};

static struct line *line_add(struct telling *telling, const char *name, enum origin origin)
{
    struct line *line = &telling->lines[telling->count++];
    *line = (struct line){.name = name, .unit = "", .origin = origin};
    return line;
}

static void line_number(struct line *line, uint64_t value, const char *unit)
{
    (void)snprintf(line->value, sizeof line->value, "%llu", (unsigned long long)value);
    line->is_number = true;
    line->unit = unit;
}

static void line_word(struct line *line, const char *word)
{
    (void)snprintf(line->value, sizeof line->value, "%s", word);
}

__attribute__((format(printf, 2, 3))) static void line_reason(struct line *line, const char *format,
                                                              ...)
{
    const size_t used = strlen(line->reason);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line->reason + used, sizeof line->reason - used, format, arguments);
    va_end(arguments);
}

static enum origin asked_or_chosen(bool asked)
{
    return asked ? ORIGIN_ASKED : ORIGIN_CHOSEN;
}

static void tell_workers(struct telling *telling, const struct budget *budget,
                         const struct machine_facts *machine)
{
    const bool asked = budget->asked.workers != 0;
    const bool cut = budget->workers < budget->workers_wanted;
    struct line *line = line_add(telling, "workers", cut ? ORIGIN_CUT : asked_or_chosen(asked));
    line_number(line, budget->workers, "");
    line->cut_from = budget->workers_wanted;
    line->cut_was_asked = asked;
    if (cut) {
        line_reason(line, "no more fit into %llu bytes of memory, with one frame each",
                    (unsigned long long)budget->memory_limit_bytes);
        return;
    }
    line_reason(line,
                line->origin == ORIGIN_ASKED        ? "this process may use %u cores"
                : budget->workers == machine->cores ? "one for each of %u cores"
                                                    : "as many as a run can have, of %u cores",
                machine->cores);
}

static void tell_depth(struct telling *telling, const struct budget *budget)
{
    const bool asked = budget->asked.queue_depth != 0;
    const bool cut = budget->slots < budget->slots_wanted;
    struct line *line = line_add(telling, "queue depth", cut ? ORIGIN_CUT : asked_or_chosen(asked));
    line_number(line, budget->queue_depth, "");
    line->cut_from = budget->slots_wanted;
    line->cut_was_asked = asked;
    if (cut) {
        line_reason(line, "no more fit into %llu bytes of memory",
                    (unsigned long long)budget->memory_limit_bytes);
    } else if (asked) {
        line_reason(line, "frames read, decoded or written at once by each worker");
    } else {
        line_reason(line, "so many frames for each worker let reads and writes go on while it "
                          "decodes");
    }
    line = line_add(telling, "slots", ORIGIN_FOLLOWS);
    line_number(line, budget->slots, "");
    line_reason(line, "of each worker, one for each frame of the queue depth");
    line = line_add(telling, "buffers", ORIGIN_FOLLOWS);
    line_number(line, (uint64_t)budget->stored_bytes_max + budget->plain_bytes_max, " bytes");
    line_reason(line, "of each slot, for the largest frame: %u stored, %u plain",
                budget->stored_bytes_max, budget->plain_bytes_max);
}

static void tell_memory(struct telling *telling, const struct budget *budget)
{
    struct line *line = line_add(telling, "memory", ORIGIN_FOLLOWS);
    line_number(line, budget->total_bytes, " bytes");
    line_reason(line,
                "%u workers of %llu in slots and %llu beside them, %llu of the control thread, ",
                budget->workers, (unsigned long long)budget->slab_bytes,
                (unsigned long long)BUDGET_WORKER_BYTES, (unsigned long long)BUDGET_CONTROL_BYTES);
    if (budget->table_bytes > 0) {
        line_reason(line, "%llu in tables of planned files",
                    (unsigned long long)budget->table_bytes);
    } else {
        line_reason(line, "and %llu more for each file of a plan",
                    (unsigned long long)BUDGET_FILE_BYTES);
    }
    const bool asked = budget->asked.memory_bytes != 0;
    line = line_add(telling, "memory limit", asked_or_chosen(asked));
    if (asked) {
        line_number(line, budget->memory_limit_bytes, " bytes");
        line_reason(line, "the queue depth is cut until all of memory fits, then the workers "
                          "that nobody asked for; what is left over is not used");
    } else if (budget->memory_limit_bytes == UINT64_MAX) {
        line_word(line, "none");
        line_reason(line, "the machine does not tell how much memory it has");
    } else {
        line_number(line, budget->memory_limit_bytes, " bytes");
        line_reason(line, "half of the machine's memory; by default a run takes the least that "
                          "reaches full speed, memory above, and never more than this");
    }
}

static void tell_ring(struct telling *telling, const struct budget *budget,
                      const struct machine_facts *machine)
{
    const bool uring = budget->ring == RING_URING;
    struct line *line = line_add(telling, "ring", asked_or_chosen(budget->asked.ring != RING_AUTO));
    line_word(line, uring ? "io_uring" : "preadv and pwritev");
    line_reason(line, "%s",
                uring                              ? "reads and writes go on while a worker decodes"
                : line->origin == ORIGIN_ASKED     ? "each read and write is waited for"
                : machine->uring_reason[0] != '\0' ? machine->uring_reason
                                                   : "there is no io_uring here");
    line = line_add(telling, "registered buffers", ORIGIN_FOLLOWS);
    line_word(line, budget->registered_buffers ? "yes" : "no");
    if (!uring) {
        line_reason(line, "they are io_uring's, which is not used");
    } else if (machine->locked_memory_bytes == UINT64_MAX) {
        line_reason(line, "no limit on locked memory");
    } else {
        line_reason(line, "%llu bytes may be locked, %llu are wanted",
                    (unsigned long long)machine->locked_memory_bytes,
                    (unsigned long long)(budget->slab_bytes * budget->workers));
    }
}

static void tell_write_mode(struct telling *telling, const struct budget *budget)
{
    static const struct {
        const char *word, *reason;
    } modes[] = {
        [WRITE_DIRECT] = {"direct", "a destination without O_DIRECT is refused"},
        [WRITE_BUFFERED] = {"buffered", "large files stay in the page cache"},
        [WRITE_UNCACHED] = {"uncached", "a destination without RWF_DONTCACHE is refused"},
        [WRITE_AUTO] = {"auto", NULL},
    };
    struct line *line =
        line_add(telling, "write mode", asked_or_chosen(budget->write_mode != WRITE_AUTO));
    line_word(line, modes[budget->write_mode].word);
    const char *reason = modes[budget->write_mode].reason;
    if (reason == NULL) {
        reason = budget->direct_write
                     ? "large files go past the page cache (O_DIRECT) where the destination can, "
                       "else leave it behind them (RWF_DONTCACHE), else stay in it"
                     : "large files leave the page cache behind them (RWF_DONTCACHE) where the "
                       "destination can, else stay in it; O_DIRECT pays with io_uring alone";
    }
    line_reason(line, "%s", reason);
}

static void tell_all(struct telling *telling, const struct budget *budget,
                     const struct machine_facts *machine)
{
    telling->count = 0;
    tell_workers(telling, budget, machine);
    tell_depth(telling, budget);
    tell_memory(telling, budget);
    tell_ring(telling, budget, machine);
    tell_write_mode(telling, budget);
}

static void line_text(const struct line *line, struct buffer *out)
{
    buffer_printf(out, "%s %s%s: ", line->name, line->value, line->unit);
    switch (line->origin) {
    case ORIGIN_ASKED:
        buffer_printf(out, "asked for; ");
        break;
    case ORIGIN_CHOSEN:
        buffer_printf(out, "chosen; ");
        break;
    case ORIGIN_CUT:
        buffer_printf(out, "cut from %llu, which %s; ", (unsigned long long)line->cut_from,
                      line->cut_was_asked ? "was asked for" : "would be chosen");
        break;
    case ORIGIN_FOLLOWS:
        break;
    }
    buffer_printf(out, "%s\n", line->reason);
}

void budget_render(const struct budget *budget, const struct machine_facts *machine,
                   struct buffer *out)
{
    struct telling telling;
    tell_all(&telling, budget, machine);
    buffer_printf(out, "machine: %u cores, %llu bytes of memory, pages of %llu\n", machine->cores,
                  (unsigned long long)machine->memory_bytes,
                  (unsigned long long)machine->page_bytes);
    for (size_t i = 0; i < telling.count; i++) {
        line_text(&telling.lines[i], out);
    }
}

static void line_json(const struct line *line, struct json *json)
{
    static const char *const origins[] = {
        [ORIGIN_ASKED] = "asked",
        [ORIGIN_CHOSEN] = "chosen",
        [ORIGIN_CUT] = "cut",
        [ORIGIN_FOLLOWS] = "follows",
    };
    json_object_begin(json, NULL);
    json_text(json, "name", view_of(line->name));
    if (line->is_number) {
        json_raw(json, "value", view_of(line->value));
    } else {
        json_text(json, "value", view_of(line->value));
    }
    json_text(json, "origin", view_of(origins[line->origin]));
    if (line->origin == ORIGIN_CUT) {
        json_u64(json, "cut_from", line->cut_from);
    } else {
        json_null(json, "cut_from");
    }
    json_text(json, "reason", view_of(line->reason));
    json_object_end(json);
}

void budget_render_json(const struct budget *budget, const struct machine_facts *machine,
                        struct buffer *out)
{
    struct telling telling;
    struct json json = json_into(out);
    tell_all(&telling, budget, machine);
    json_object_begin(&json, NULL);
    json_text(&json, "t", view_of("system"));
    json_u64(&json, "v", 1);
    json_object_begin(&json, "machine");
    json_u64(&json, "cores", machine->cores);
    json_u64(&json, "memory_bytes", machine->memory_bytes);
    json_u64(&json, "page_bytes", machine->page_bytes);
    if (machine->locked_memory_bytes == UINT64_MAX) {
        json_null(&json, "locked_memory_bytes");
    } else {
        json_u64(&json, "locked_memory_bytes", machine->locked_memory_bytes);
    }
    json_bool(&json, "io_uring", machine->uring);
    json_object_end(&json);
    json_array_begin(&json, "numbers");
    for (size_t i = 0; i < telling.count; i++) {
        line_json(&telling.lines[i], &json);
    }
    json_array_end(&json);
    json_object_end(&json);
    json_line_end(&json);
}
