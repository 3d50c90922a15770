/* asking.c - the first folder of a run that asks. What is said to whom is the dialogue's; what a
 * process that finds it does is run/step_anew.c's. */
#include "run/asking.h"

#include "run/row_check.h"
#include "run/run_call.h"

enum { SIGNAL_EXIT_CODE = 128 }; /* of a run that a signal ended: this, and its number */

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
    rc = rc == VSR_OK ? journal_asking(&out->journal, ASKING_BEGUN, 0, VIEW_NONE, error) : rc;
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
    return service == NULL
               ? journal_asking(&asking->journal, ASKING_WRITER, writer, VIEW_NONE, error)
               : journal_asking(&asking->journal, ASKING_SERVICE, 0, view_of(service), error);
}

void asking_end(struct asking *asking, int signal)
{
    if (asking->folder.dir_fd >= 0) {
        asking->folder.stays = asking->folder.stays || signal != 0;
    }
    if (asking->folder.stays) {
        (void)journal_asking(&asking->journal, ASKING_TOLD, 0, VIEW_NONE, NULL);
    }
    if (asking->folder.stays && signal != 0) {
        (void)journal_end(&asking->journal, SIGNAL_EXIT_CODE + signal, true, asking->rows_check,
                          NULL);
    }
    run_folder_end(&asking->folder);
}
