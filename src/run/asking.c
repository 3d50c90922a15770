/* asking.c - the first folder of a run that asks. What is said to whom is the dialogue's; what a
 * process that finds it does is run/step_anew.c's. */
#include "run/asking.h"

#include "base/heap.h"
#include "run/row_check.h"
#include "run/run_call.h"

#include <stdlib.h>

vsr_code asking_debts(struct journal *journal, enum journal_asked first,
                      const struct dialogue *dialogue, vsr_error *error)
{
    const uint32_t writers = dialogue != NULL ? dialogue->options.documents->bcd.writer_count : 0;
    const uint32_t services = dialogue != NULL ? dialogue->service_count : 0;
    struct journal_asked_one *items = heap_alloc((size_t)writers + services + 1, sizeof *items);
    uint32_t count = 1;
    items[0].what = first;
    for (uint32_t w = 0; w < writers; w++) {
        if (dialogue->writers[w].asked && !dialogue->writers[w].told) {
            items[count++] = (struct journal_asked_one){.what = ASKING_WRITER, .writer = w};
        }
    }
    for (uint32_t i = 0; i < services; i++) {
        if (dialogue->services[i].stopped) {
            items[count++] = (struct journal_asked_one){.what = ASKING_SERVICE,
                                                        .service = dialogue->services[i].name};
        }
    }
    const vsr_code rc = journal_asking(journal, items, count, error);
    free(items);
    return rc;
}

vsr_code asking_begin(struct asking *out, const struct conduct_options *options,
                      const struct dialogue *dialogue, const struct plan *plan,
                      const struct media_set *set, vsr_error *error)
{
    uint8_t hash[16];
    struct buffer call = {0};
    vsr_code rc = run_folder_begin(&out->folder, options->run_dir, &options->run, plan, set,
                                   RUN_FOLDER_ASKING, error);
    rc = rc == VSR_OK ? run_folder_plan_hash(&out->folder, hash, error) : rc;
    if (rc == VSR_OK) {
        run_call_render(options, dialogue, &call);
        rc = journal_begin(&out->journal, out->folder.journal_fd, out->folder.path,
                           &out->folder.run, plan, hash, buffer_view(&call), error);
    }
    rc = rc == VSR_OK ? asking_debts(&out->journal, ASKING_BEGUN, NULL, error) : rc;
    buffer_free(&call);
    rc = rc == VSR_OK ? run_folder_show(&out->folder, NULL, error) : rc;
    if (rc != VSR_OK) {
        run_folder_end(&out->folder);
        return rc;
    }
    out->rows_check = row_check_all(plan, out->folder.rows);
    return VSR_OK;
}

vsr_code asking_note(void *context, uint32_t writer, const char *service, vsr_error *error)
{
    struct asking *asking = context;
    if (asking->folder.dir_fd < 0) {
        return VSR_OK;
    }
    const struct journal_asked_one one = {
        .what = service == NULL ? ASKING_WRITER : ASKING_SERVICE,
        .writer = writer,
        .service = service != NULL ? view_of(service) : VIEW_NONE,
    };
    return journal_asking(&asking->journal, &one, 1, error);
}

void asking_strike(void *context, const char *service)
{
    struct asking *asking = context;
    const struct journal_asked_one one = {.what = ASKING_NOT_STOPPED, .service = view_of(service)};
    if (asking->folder.dir_fd >= 0) {
        (void)journal_asking(&asking->journal, &one, 1, NULL);
    }
}

vsr_code asking_note_service(void *context, uint32_t writer, const char *service, vsr_error *error)
{
    const struct journal_asked_one one = {.what = ASKING_SERVICE, .service = view_of(service)};
    (void)writer;
    return journal_asking(context, &one, 1, error);
}

void asking_strike_service(void *context, const char *service)
{
    const struct journal_asked_one one = {.what = ASKING_NOT_STOPPED, .service = view_of(service)};
    (void)journal_asking(context, &one, 1, NULL);
}

void asking_end(struct asking *asking, const struct dialogue *dialogue, int signal)
{
    if (asking->folder.dir_fd >= 0) {
        asking->folder.stays = asking->folder.stays || signal != 0;
    }
    asking->journal.hurried = asking->journal.hurried || signal != 0;
    if (asking->folder.stays) {
        (void)asking_debts(&asking->journal, ASKING_TOLD, dialogue, NULL);
    }
    if (asking->folder.stays && signal != 0) {
        (void)journal_end(&asking->journal, SIGNAL_EXIT_CODE + signal, true, asking->rows_check,
                          NULL);
    }
    run_folder_end(&asking->folder);
}
