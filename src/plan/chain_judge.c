/* chain_judge.c - what a chain means for each component in it: will it be restored again, and can
 * this chain restore it at all.
 *
 * A component that cannot be is turned away in every step: what was asked for is the state of the
 * last one, and half of a chain is not it. Whether a step before has failed is no matter of
 * documents (earlier.h). */
#include "plan/chain.h"

#include "base/heap.h"
#include "base/limits.h"
#include "vss/winpath.h"

/* --- restored again? (7.2; T68) --- */

static void judge_more(struct chain *chain, struct chain_component *component)
{
    uint32_t last = chain->keys[component->key].steps_below;
    for (uint32_t key = component->key; key != MARK_NONE; key = chain->keys[key].above) {
        last = chain->keys[key].steps_itself > last ? chain->keys[key].steps_itself : last;
    }
    component->more = last > component->step + 1;
}

/* --- stamps (7.3) --- */

/* What the component's part of its step adds to: a differential one to the full one, an
 * incremental one to what was saved before that is none of the former. */
static const struct chain_component *base_of(const struct chain *chain,
                                             const struct chain_component *component)
{
    const enum vss_backup_type type = chain->steps[component->step].type;
    uint32_t at = component->before;
    while (at != MARK_NONE) {
        const enum vss_backup_type before = chain->steps[chain->components[at].step].type;
        if (type == BACKUP_DIFFERENTIAL
                ? before == BACKUP_FULL
                : type != BACKUP_INCREMENTAL || before != BACKUP_DIFFERENTIAL) {
            return &chain->components[at];
        }
        at = chain->components[at].before;
    }
    return NULL;
}

static void warn(struct chain *chain, struct view sentence)
{
    chain->warnings = heap_grow(chain->warnings, chain->warning_count, &chain->warning_capacity,
                                sizeof *chain->warnings);
    chain->warnings[chain->warning_count++] = sentence;
}

static void judge_stamps(struct chain *chain, const struct chain_component *component, bool strict)
{
    const struct chain_component *base = base_of(chain, component);
    if (base == NULL || base->stamp.n == 0 || component->previous_stamp.n == 0 ||
        chain->steps[component->step].type == BACKUP_FULL ||
        view_equal(base->stamp, component->previous_stamp)) {
        return;
    }
    const struct chain_step *step = &chain->steps[component->step];
    struct chain_key *key = &chain->keys[component->key];
    const struct view sentence = arena_printf(
        &chain->arena,
        "%.*s: %.*s in %.*s says that it adds to the backup '%.*s', but that in %.*s is '%.*s'",
        VIEW_ARG(step->writers[component->writer].name), VIEW_ARG(key->full_name),
        VIEW_ARG(step->name), VIEW_ARG(component->previous_stamp),
        VIEW_ARG(chain->steps[base->step].name), VIEW_ARG(base->stamp));
    if (!strict) {
        warn(chain, arena_printf(&chain->arena, "rule 7.3: %.*s", VIEW_ARG(sentence)));
    } else if (!view_present(key->invalid)) {
        key->invalid = sentence;
        key->rule = "7.3";
    }
}

/* --- writers that do not mix (7.1) --- */

struct mixing { /* a writer over the steps */
    const struct chain_writer *writer;
    bool incremental, differential, exclusive;
};

static bool writer_is(const struct chain_writer *writer, const struct uuid *id,
                      struct view instance_name)
{
    return uuid_equal(&writer->id, id) && win_fold_equal(writer->instance_name, instance_name);
}

/* The writer's entry in list, added where it is new. */
static struct mixing *mixing_of(struct mixing *list, uint32_t *count,
                                const struct chain_writer *writer)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (writer_is(list[i].writer, &writer->id, writer->instance_name)) {
            return &list[i];
        }
    }
    list[*count] = (struct mixing){.writer = writer};
    return &list[(*count)++];
}

static void mixing_refuse(struct chain *chain, const struct mixing *mixing)
{
    for (uint32_t i = 0; i < chain->key_count; i++) {
        struct chain_key *key = &chain->keys[i];
        if (writer_is(mixing->writer, &key->writer_id, key->instance_name)) {
            key->rule = "7.1";
            key->invalid =
                arena_printf(&chain->arena,
                             "writer %.*s does not let incremental and differential backups mix in "
                             "one chain (EXCLUSIVE), and this one has both",
                             VIEW_ARG(mixing->writer->name));
        }
    }
}

static void judge_mixing(struct chain *chain)
{
    size_t writers = 0;
    for (uint32_t s = 0; s < chain->step_count; s++) {
        writers += chain->steps[s].writer_count;
    }
    struct mixing *list = ARENA_ARRAY(&chain->arena, struct mixing, writers);
    uint32_t count = 0;
    for (uint32_t s = 0; s < chain->step_count; s++) {
        const struct chain_step *step = &chain->steps[s];
        for (uint32_t w = 0; w < step->writer_count; w++) {
            struct mixing *mixing = mixing_of(list, &count, &step->writers[w]);
            mixing->incremental |= step->type == BACKUP_INCREMENTAL;
            mixing->differential |= step->type == BACKUP_DIFFERENTIAL;
            mixing->exclusive |= (step->writers[w].schema & SCHEMA_EXCLUSIVE) != 0;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].incremental && list[i].differential && list[i].exclusive) {
            mixing_refuse(chain, &list[i]);
        }
    }
}

void chain_judge(struct chain *chain, bool strict)
{
    chain->strict = strict;
    judge_mixing(chain);
    for (uint32_t i = 0; i < chain->component_count; i++) {
        judge_more(chain, &chain->components[i]);
        judge_stamps(chain, &chain->components[i], strict);
    }
    for (uint32_t i = 0; i < chain->component_count; i++) {
        const struct chain_key *key = &chain->keys[chain->components[i].key];
        chain->components[i].invalid = key->invalid;
        chain->components[i].rule = key->rule;
    }
}
