/* foreign_set.c - file to bytes, bytes to media, and documents that say nothing. What the lines
 * mean is plan/foreign_lines.c's. */
#include "run/foreign_set.h"

#include "media/part.h"
#include "plan/bare_plan.h"
#include "plan/foreign_take.h"

#include <sys/stat.h>

/* There are no writers: nobody is asked or told anything, and none of it is written anywhere. */
#define NO_WRITERS                                                                                 \
    "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "                 \
    "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" backupType=\"full\" "               \
    "partialFileSupport=\"no\"/>"

static bool is_file_with_bytes(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0;
}

bool foreign_set_is_one(const char *path)
{
    struct view bytes = VIEW_NONE;
    vsr_error ignored = {0};
    if (!is_file_with_bytes(path) || plan_file_map(path, &bytes, &ignored) != VSR_OK) {
        return false;
    }
    const bool is_one = foreign_lines_are(bytes);
    plan_file_unmap(bytes);
    return is_one;
}

vsr_code foreign_set_open(struct media_set *out, struct documents *documents, const char *path,
                          vsr_error *error)
{
    const struct document_source none = {.name = VIEW("none.xml"), .bytes = VIEW(NO_WRITERS)};
    struct view bytes = VIEW_NONE;
    vsr_code rc = plan_file_map(path, &bytes, error);
    if (rc != VSR_OK) {
        return rc;
    }
    rc = foreign_read_lines(out, bytes, path, error);
    plan_file_unmap(bytes);
    if (rc != VSR_OK) {
        return rc;
    }
    foreign_examine(out);
    rc = documents_parse(documents, &none, 1, error);
    if (rc != VSR_OK) {
        set_close(out); /* GCOVR_EXCL_LINE: it is ours */
    }
    return rc;
}

static vsr_code path_check(const struct media_set *set, const char *path, vsr_error *error)
{
    struct view bytes = VIEW_NONE;
    uint8_t hash[16];
    const vsr_code rc = plan_file_map(path, &bytes, error);
    if (rc != VSR_OK) {
        return rc;
    }
    part_hash_bytes(bytes.p, bytes.n, hash);
    plan_file_unmap(bytes);
    return memcmp(hash, set->foreign->plan_xxh3, sizeof hash) == 0
               ? VSR_OK
               : err_set(error, VSR_ERR_RUN_FOREIGN, "run/foreign_set",
                         "%s is not the plan that was opened as %.*s", path, VIEW_ARG(set->path));
}

vsr_code foreign_set_plan(struct plan **out, const struct media_set *set,
                          const struct documents *documents, const char *path, vsr_error *error)
{
    const struct plan_choices choices = foreign_choices(set);
    const vsr_code rc = path_check(set, path, error);
    return rc == VSR_OK ? bare_plan_choose(out, documents, set, &choices, NULL, error) : rc;
}
