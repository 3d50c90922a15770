/* dialogue_again.c - a dialogue taken up where another process left it: after PreRestore. Nobody is
 * asked anything again; what is owed at the end is. */
#include "run/dialogue_inside.h"

#include "base/heap.h"

static const char WHERE[] = "run/dialogue";

static bool recall_fits(const struct dialogue *d, const struct dialogue_recall *recall)
{
    const uint32_t writers = d->options.documents->bcd.writer_count;
    bool fits = true;
    for (uint32_t i = 0; i < recall->asked_count; i++) {
        fits = fits && recall->asked[i] < writers;
    }
    for (uint32_t i = 0; i < recall->failed_count; i++) {
        fits = fits && recall->failed[i] < writers;
    }
    return fits;
}

static vsr_code players_check(const struct dialogue *d, const struct dialogue_recall *recall,
                              vsr_error *error)
{
    const struct writer_calls *calls = d->options.calls;
    bool all = recall->service_count == 0 || (calls != NULL && calls->service_stop != NULL);
    for (uint32_t i = 0; i < recall->asked_count; i++) {
        all = all && d->writers[recall->asked[i]].played;
    }
    return all ? VSR_OK
               : err_set(error, VSR_ERR_USAGE, WHERE,
                         "writers or services were played in this run, and are to be told its end: "
                         "nobody plays them now");
}

static void notes_recall(struct dialogue *d, const struct dialogue_recall *recall)
{
    for (uint32_t i = 0; i < recall->note_count; i++) {
        d->notes = heap_grow(d->notes, d->note_count, &d->note_capacity, sizeof *d->notes);
        d->notes[d->note_count++] =
            (struct dialogue_note){arena_copy(&d->arena, recall->notes[i].text),
                                   recall->notes[i].is_loss};
    }
}

vsr_code dialogue_reopen(struct dialogue *out, const struct dialogue_options *options,
                         const struct dialogue_recall *recall, vsr_error *error)
{
    vsr_code rc = dialogue_open(out, options, error);
    if (rc != VSR_OK) {
        return rc;
    }
    rc = recall_fits(out, recall)
             ? players_check(out, recall, error)
             : err_set(error, VSR_ERR_RUN_FOREIGN, WHERE,
                       "the journal names writers that the documents do not have");
    for (uint32_t i = 0; i < recall->asked_count && rc == VSR_OK; i++) {
        out->writers[recall->asked[i]].asked = true;
    }
    for (uint32_t i = 0; i < recall->failed_count && rc == VSR_OK; i++) {
        out->writers[recall->failed[i]].failed = true;
    }
    out->services = ARENA_ARRAY(&out->arena, struct dialogue_service, recall->service_count);
    for (uint32_t i = 0; i < recall->service_count && rc == VSR_OK; i++) {
        out->services[out->service_count++] =
            (struct dialogue_service){.name = arena_copy(&out->arena,
                                                         view_of(recall->services[i].name)),
                                      .stopped = recall->services[i].stopped};
    }
    if (rc == VSR_OK && view_present(recall->document)) {
        document_out_close(out->document);
        rc = document_out_reopen(&out->document, options->documents,
                                 options->choices->private_dir != NULL, recall->document, error);
    }
    if (rc != VSR_OK) {
        dialogue_close(out);
        return rc;
    }
    notes_recall(out, recall);
    return VSR_OK;
}
